"""The ledger's size and root, remembered beside the keys: a ledger cut or exchanged does not fit what is remembered."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from kenbaar.disk import is_full, sync_folder
from kenbaar.errors import KenbaarError, LedgerBroken, NoSpace
from kenbaar.keys import RecordSeal

_PLACE_BYTES = 512  # one disk sector: written whole, or not at all
_SAID = struct.Struct(">QQ32s32s")  # turn, size, root, seal


class KeyWitness:
    """ledger.Witness in a file of the keys' folder, sealed under the archive's seal of records.

    Two places are written in turn, so that a crash leaves the one or the other.
    """

    def __init__(self, path: Path, seal: RecordSeal) -> None:
        self._path, self._seal = path, seal

    def last(self) -> tuple[int, bytes]:
        """The newest size and root. LedgerBroken where nothing sound is remembered."""
        found = self._newest()
        if found is None:
            raise LedgerBroken(
                f"What is remembered of the ledger beside the keys ({self._path.name}) is missing or was altered.",
                "Put the keys/ folder back from its own backup, the newest.",
            )
        return found[1], found[2]

    def remembers(self) -> bool:
        """Whether it saw any entry."""
        found = self._newest()
        return found is not None and found[1] > 0

    def saw(self, size: int, root: bytes) -> None:
        """Remembers this, on the disk when it returns."""
        found = self._newest()
        turn = 1 if found is None else found[0] + 1
        said = _SAID.pack(turn, size, root, self._seal.seal("ledger", turn, size, root))
        try:
            new = not self._path.exists()
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                os.pwrite(fd, said.ljust(_PLACE_BYTES, b"\0"), _PLACE_BYTES * (turn % 2))
                os.fdatasync(fd)
            finally:
                os.close(fd)
            if new:
                sync_folder(self._path.parent)
        except OSError as err:
            raise _told(err) from err

    def _newest(self) -> tuple[int, int, bytes] | None:
        """(turn, size, root) of the newer sound place; None where there is none."""
        try:
            raw = self._path.read_bytes()[: 2 * _PLACE_BYTES]
        except FileNotFoundError:
            return None
        except OSError as err:
            raise _told(err) from err
        sound = []
        for at in range(0, len(raw), _PLACE_BYTES):
            place = raw[at : at + _SAID.size]
            if len(place) == _SAID.size:
                turn, size, root, seal = _SAID.unpack(place)
                if self._seal.holds(seal, "ledger", turn, size, root):
                    sound.append((turn, size, root))
        return max(sound, default=None)


def _told(err: OSError) -> KenbaarError:
    if is_full(err):
        return NoSpace("The disk is full, so the ledger took nothing down.", "Make room, then do it again.")
    return LedgerBroken(
        f"What is remembered of the ledger beside the keys cannot be used ({os.strerror(err.errno or 0)}).",
        "Make the keys/ folder and its files writable for this user; until then nothing is done.",
    )
