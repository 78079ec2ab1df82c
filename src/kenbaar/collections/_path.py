"""Where a track's face is at each moment it was looked at: kept beside the track, known by its digest."""

from __future__ import annotations

import hashlib
import struct
import zlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from kenbaar.faces import Box

_STEP = struct.Struct("<dHHHH")  # seconds; x_min, y_min, x_max, y_max, px (a side has 8,192 at most)
_MOST_BYTES = 1 << 26


@dataclass(frozen=True, slots=True)
class TrackPath:
    """steps: (seconds from the start, box) of every look, in order of time; one at least."""

    steps: tuple[tuple[float, Box], ...]

    def packed(self) -> bytes:
        """As it is kept."""
        return zlib.compress(b"".join(_STEP.pack(at_s, *box.as_list()) for at_s, box in self.steps), 6)

    @classmethod
    def unpacked(cls, kept: bytes) -> TrackPath:
        """The path that packed() wrote. ValueError for anything else."""
        try:
            inflater = zlib.decompressobj()
            steps = [(at_s, Box(*sides)) for at_s, *sides in _STEP.iter_unpack(inflater.decompress(kept, _MOST_BYTES))]
        except (zlib.error, struct.error) as err:
            raise ValueError("no path") from err
        if not steps or any(a[0] >= b[0] for a, b in pairwise(steps)):
            raise ValueError("no path")
        return cls(tuple(steps))

    @property
    def digest(self) -> str:
        """ "sha256:<hex>" of its steps."""
        plain = b"".join(_STEP.pack(at_s, *box.as_list()) for at_s, box in self.steps)
        return f"sha256:{hashlib.sha256(plain).hexdigest()}"

    def box_at(self, at_s: float) -> Box:
        """Where it is at that moment: between two looks part of the way, before the first and after the last there."""
        times = [t for t, _ in self.steps]
        after = bisect_right(times, at_s)
        if after == 0 or after == len(times):
            return self.steps[min(after, len(times) - 1)][1]
        (t, a), (u, b) = self.steps[after - 1], self.steps[after]
        share = (at_s - t) / (u - t)
        sides: Sequence[tuple[int, int]] = list(zip(a.as_list(), b.as_list(), strict=True))
        return Box(*(round(p + share * (q - p)) for p, q in sides))
