"""Vectors in raw bytes: floats of every width and order, and int8, at every alignment."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kenbaar.errors import BadTemplate

_BATCH = 4096
"""Windows looked at together: at most 4096 x dim float32, and as many products as there are vectors to look for."""

_MOST_CELLS = 1 << 21
"""Products held at a time, 8 MB."""


class Hit(NamedTuple):
    """Something at this byte of what was scanned. extent: bytes that it was recognised by."""

    offset: int
    encoding: str
    why: str
    extent: int


STRANGER = "a stranger's vector"
IN_THE_CLEAR = "a template lies in the clear"


@dataclass(frozen=True, eq=False)
class Probe:
    """What to look for, and what it can look like, so that most bytes are dismissed before anything is multiplied.

    parts:      float32 (width, M), unit columns: runs of `width` numbers of the strangers' vectors.
    peaked:     at most this share of a window's weight is in few numbers: sum of x^4 over (sum of x^2)^2.
    least, most: sum of squares of an int8 window: the least of all, and the most for each column, in falling order.
    negatives:  negative numbers in a window, least and most.

    cosine: the level a window has to exceed. 0.9 (docs/decisions/0013-how-check-looks.md), or
    higher where width is so small that chance would reach it: for random directions
    P(cos > c) < (1 - c^2)^((w - 1) / 2), kept under 1e-13 a comparison.
    """

    dim: int
    width: int
    cosine: float
    parts: NDArray[np.float32]
    vectors: int
    peaked: float
    least: float
    most: NDArray[np.float64]
    negatives: tuple[int, int]

    @classmethod
    def of(cls, strangers: NDArray[np.float32] | None, dim: int) -> Probe:
        """strangers: float (n, dim), of any norm but 0. Raises BadTemplate for NaN, infinity, zeros, another dim."""
        if dim < 2:
            raise BadTemplate(f"A vector of {dim} numbers is no template.", "Give the model pack's dimension.")
        vectors = np.empty((0, dim)) if strangers is None else np.asarray(strangers, np.float64)
        norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
        if vectors.ndim != 2 or vectors.shape[1] != dim or not bool((np.isfinite(norms) & (norms > 0)).all()):
            raise BadTemplate(
                f"The vectors to look for have shape {vectors.shape} or are not finite, and should be (n, {dim}).",
                "Derive them again with the collection's model pack.",
            )
        width = dim if dim < 32 else min(64, 1 << (int(math.log2(dim)) - 1))
        parts, peaked, least, most, negatives = _parts(vectors / norms, width)
        cosine = max(0.9, math.sqrt(1 - 1e-13 ** (2 / (width - 1))))
        return cls(dim, width, cosine, parts, len(vectors), peaked, least, most, negatives)

    def points_at_stranger(self, windows: NDArray[np.float32], columns: int | None = None) -> NDArray[np.bool_]:
        """Which of the windows (n, width), of any scale, point where something looked for does. columns: the first."""
        parts = self.parts[:, :columns]
        found = np.zeros(len(windows), np.bool_)
        squares = np.square(windows)
        energy = squares.sum(axis=1)
        norms = np.sqrt(energy)
        some = np.flatnonzero((norms > 1e-12) & (np.square(squares).sum(axis=1) <= self.peaked * energy**2))
        step = max(1, min(_BATCH, _MOST_CELLS // max(1, parts.shape[1])))
        for start in range(0, len(some), step):
            at = some[start : start + step]
            found[at] = (windows[at] @ parts).max(axis=1) > self.cosine * norms[at]
        return found


_Looks = tuple[NDArray[np.float32], float, float, NDArray[np.float64], tuple[int, int]]


def _parts(unit: NDArray[np.float64], width: int) -> _Looks:
    """The runs to look for, and what windows of them can be like: Probe's other fields, in order.

    A run in which fewer than a quarter of the numbers carry the weight is left out: many things that are no vector at
    all look like "one number among zeros". An embedding has no such run.
    """
    starts = range(0, unit.shape[1] - width + 1, width)
    cut = np.concatenate([unit[:, s : s + width] for s in starts]) if len(unit) else np.empty((0, width))
    peak = np.tile(np.abs(unit).max(axis=1), len(starts)) if len(unit) else np.empty(0)
    energy = (cut**2).sum(axis=1)
    peaked = (cut**4).sum(axis=1) / np.maximum(energy**2, 1e-300)
    spread = (energy > 0) & (peaked < 4 / width)
    if not spread.any() or width < 32:  # where a run is the whole of a short vector, it may be as peaked as it likes
        spread = (energy > 0) & (width < 32)
    cut, peak, energy, peaked = cut[spread], peak[spread], energy[spread], peaked[spread]
    if not len(cut):
        return np.empty((width, 0), np.float32), 0.0, 0.0, np.empty(0), (0, 0)
    negatives = (cut < 0).sum(axis=1)
    # int8 from 127 times the unit vector, truncated, to the largest number at 128. Rounding moves the sum by little;
    # the slack decides how much ciphertext has to be multiplied.
    least, most = float(energy.min()) * 127**2 * 0.7, energy / peak**2 * 128**2 * 1.06
    order = np.argsort(-most)
    few, many = int(negatives.min() * 0.6), min(width, int(negatives.max() * 1.1) + 2)  # -0.4 truncates to 0: no sign
    parts = np.ascontiguousarray((cut / np.sqrt(energy)[:, None])[order].T, np.float32)
    return parts, min(1.0, 2 * float(peaked.max())), least, most[order], (max(1, few), many)


class _Layout(NamedTuple):
    name: str
    dtype: np.dtype[np.floating]
    top: int  # which byte of a number holds the sign and the top of the exponent


class _Family(NamedTuple):
    stride: int
    plausible: bytes  # 256 flags for that byte
    layouts: tuple[_Layout, ...]
    tolerance: float  # how far from 1 the norm of a unit vector may be, rounded to this many bits


def _flags(low: int, high: int) -> bytes:
    """1 for top bytes of a number of either sign whose exponent's first seven bits are low..high, or that is zero."""
    return bytes(int(b & 0x7F == 0 or low <= b & 0x7F <= high) for b in range(256))


# Numbers of an embedding, normalised or raw, lie between 2^-24 and 2^10 in size, or are 0. IEEE 754 bit layouts.
_TOP16, _TOP32, _TOP64 = _flags(0x00, 0x4B), _flags(0x33, 0x44), _flags(0x3E, 0x40)


def _both(bits: int) -> tuple[_Layout, ...]:
    size = bits // 8
    return (
        _Layout(f"float{bits} little-endian", np.dtype(f"<f{size}"), size - 1),
        _Layout(f"float{bits} big-endian", np.dtype(f">f{size}"), 0),
    )


_FAMILIES = (
    _Family(4, _TOP32, _both(32), 5e-6),
    _Family(2, _TOP16, _both(16), 1e-3),
    _Family(8, _TOP64, _both(64), 5e-6),
    # A tag byte before each big-endian number: CBOR and MessagePack 32-bit; those and pickle's 'G', 64-bit.
    _Family(5, _TOP32, (_Layout("tagged float32", np.dtype(">f4"), 0),), 5e-6),
    _Family(9, _TOP64, (_Layout("tagged float64", np.dtype(">f8"), 0),), 5e-6),
)


def scan_numbers(data: bytes, probe: Probe) -> Iterator[Hit]:
    """Every window of these bytes that is a stranger's, or a template in the clear. May tell of one vector twice."""
    raw = np.frombuffer(data, np.uint8)
    for family in _FAMILIES:
        yield from _scan_floats(data, raw, probe, family)
    if probe.parts.shape[1]:
        yield from _scan_int8(raw, probe)


def _scan_floats(data: bytes, raw: NDArray[np.uint8], probe: Probe, family: _Family) -> Iterator[Hit]:
    width, stride = probe.width, family.stride
    if len(raw) < stride * (width - 1) + 2:
        return
    plausible = np.frombuffer(data.translate(family.plausible), np.uint8)
    full = run_all(plausible, width, stride)
    if not full.any():
        return
    # Text, counters and pages of zeros are plausible numbers too, of one sign. A direction has both.
    negatives = run_count((raw >= 128).view(np.uint8), width, stride)
    few, many = probe.negatives if probe.parts.shape[1] else (width, 0)
    tops = np.flatnonzero(
        full & (negatives >= min(few, max(1, width // 10))) & (negatives <= max(many, width * 9 // 10))
    )
    for layout in family.layouts:
        size = layout.dtype.itemsize
        starts = tops - layout.top
        starts = starts[(starts >= 0) & (starts + (width - 1) * stride + size <= len(raw))]
        for first in range(0, len(starts), _BATCH):
            some = starts[first : first + _BATCH]
            windows = _numbers(raw, some, width, stride, layout.dtype)
            if probe.parts.shape[1]:
                for at in some[probe.points_at_stranger(windows.astype(np.float32))].tolist():
                    yield Hit(at, layout.name, STRANGER, width * stride)
        yield from _scan_unit(raw, full, starts, probe, family, layout)


def _scan_unit(
    raw: NDArray[np.uint8],
    full: NDArray[np.uint8],
    starts: NDArray[np.intp],
    probe: Probe,
    family: _Family,
    layout: _Layout,
) -> Iterator[Hit]:
    """Unit vectors: alone between numbers that are none, or stacked; a lucky window of a longer series is neither.

    Fewer than 32 numbers of 16 bits are no evidence: random bytes (a database's salts) look like that now and then.
    """
    dim, stride, width = probe.dim, family.stride, probe.width
    if dim < 32 and layout.dtype.itemsize == 2:
        return
    span = dim * stride
    starts = starts[starts + span - stride + layout.dtype.itemsize <= len(raw)]
    for skip in sorted({*range(0, dim - width, width), dim - width}):
        starts = starts[full[starts + layout.top + skip * stride] > 0]
    found: list[int] = []
    for first in range(0, len(starts), _BATCH):
        some = starts[first : first + _BATCH]
        windows = _numbers(raw, some, dim, stride, layout.dtype).astype(np.float64)
        found += some[looks_like_template(windows, family.tolerance)].tolist()
    units = set(found)
    for at in found:
        top = at + layout.top
        before = top >= width * stride and bool(full[top - width * stride])
        after = top + span < len(full) and bool(full[top + span])
        if not (before or after) or at - span in units or at + span in units:
            yield Hit(at, layout.name, IN_THE_CLEAR, span)


def looks_like_template(windows: NDArray[np.float64], tolerance: float) -> NDArray[np.bool_]:
    """Norm 1 within tolerance, and spread over its numbers with both signs, as embeddings are and counters are not."""
    dim = windows.shape[1]
    squares = windows**2
    unit = np.abs(squares.sum(axis=1) - 1) <= 2 * tolerance
    spread = (squares**2).sum(axis=1) <= 12 / dim  # 3/dim for a Gaussian direction, 1 for one number among zeros
    # A direction has both signs; by chance fewer than a fifth of 32 or more numbers have one of them 1 time in 4,000.
    negative = (windows < 0).mean(axis=1)
    signs = (negative >= 0.2) & (negative <= 0.8)
    first = windows[:, :1]
    varied = (np.abs(windows - first) > 1e-6 * np.abs(first)).mean(axis=1) > 0.75
    is_template: NDArray[np.bool_] = unit & spread & signs & varied
    # Sound, pictures and counters are like themselves a few numbers on; in an embedding each number is its own.
    for lag in range(1, min(9, dim)):
        likely = windows[is_template]
        alike = np.abs((likely[:, lag:] * likely[:, :-lag]).sum(axis=1)) > max(0.5, 4 / dim**0.5)
        is_template[np.flatnonzero(is_template)[alike]] = False
    return is_template


def _numbers(
    raw: NDArray[np.uint8], starts: NDArray[np.intp], count: int, stride: int, dtype: np.dtype[np.floating]
) -> NDArray[np.floating]:
    """`count` numbers from each start, (n, count). What overflows in a wrong reading is no vector and becomes 0."""
    size = dtype.itemsize
    every = np.lib.stride_tricks.as_strided(
        raw, (len(raw) - (count - 1) * stride - size + 1, count, size), (1, stride, 1), writeable=False
    )
    read = np.ascontiguousarray(every[starts]).view(dtype)[..., 0].astype(dtype.newbyteorder("="))
    return np.where(np.abs(read) < 4096, read, 0)  # NaN and infinity too: a comparison with them is False


def _scan_int8(raw: NDArray[np.uint8], probe: Probe) -> Iterator[Hit]:
    """int8 has no implausible bytes, so windows are chosen by what these vectors' own would be: signs, then energy."""
    width = probe.width
    if len(raw) < width:
        return
    negatives = run_count((raw >= 128).view(np.uint8), width, 1)[: len(raw) - width + 1]
    few, many = probe.negatives
    starts = np.flatnonzero((negatives >= few) & (negatives <= many))
    if not len(starts):
        return
    numbers = raw.view(np.int8)
    sums = np.zeros(len(raw) + 1, np.uint32)  # wraps round; differences over one window do not
    np.cumsum(np.square(numbers, dtype=np.int16), dtype=np.uint32, out=sums[1:])
    energy = sums[starts + width] - sums[starts]
    fitting = (energy >= probe.least) & (energy <= probe.most[0])
    starts, energy = starts[fitting], energy[fitting]
    # Loudest first: ciphertext is louder than most vectors can be, so it meets only the few columns that reach so far.
    order = np.argsort(energy)[::-1]
    every = np.lib.stride_tricks.sliding_window_view(numbers, width)
    for first in range(0, len(starts), _BATCH):
        some = order[first : first + _BATCH]
        columns = int(np.searchsorted(-probe.most, -float(energy[some[-1]]), side="right"))
        windows = every[starts[some]].astype(np.float32)
        for at in starts[some[probe.points_at_stranger(windows, columns)]].tolist():
            yield Hit(at, "int8", STRANGER, width)


def run_all(flags: NDArray[np.uint8], count: int, stride: int) -> NDArray[np.uint8]:
    """At i: 1 where all of flags[i], flags[i + stride], ... (`count` of them) are. In about log2(count) passes."""
    return _run(flags, count, stride, np.bitwise_and)


def run_count(flags: NDArray[np.uint8], count: int, stride: int) -> NDArray[np.uint8]:
    """At i: how many of flags[i], flags[i + stride], ... (`count` of them, at most 255) are 1."""
    return _run(flags, count, stride, np.add)


def _run(flags: NDArray[np.uint8], count: int, stride: int, join: np.ufunc) -> NDArray[np.uint8]:
    total: NDArray[np.uint8] | None = None  # over the first `done` numbers
    done, power, doubled = 0, 1, flags  # doubled: over `power` numbers
    while True:
        if count & power:
            total = doubled if total is None else _joined(total, doubled, done * stride, join)
            done += power
        power *= 2
        if power > count:
            assert total is not None
            return total
        doubled = _joined(doubled, doubled, power // 2 * stride, join)


def _joined(left: NDArray[np.uint8], right: NDArray[np.uint8], shift: int, join: np.ufunc) -> NDArray[np.uint8]:
    """join(left[i], right[i + shift]); 0 where that is beyond the end. Never in place: numpy would copy anyway."""
    out = np.zeros_like(left)
    if shift < len(left):
        join(left[: len(left) - shift], right[shift:], out=out[: len(left) - shift])
    return out
