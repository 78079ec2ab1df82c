"""A safe: records on disk that only this process can open, under a key that is in no file and dies with it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from multiprocessing.reduction import DupFd, ForkingPickler
from pathlib import Path
from typing import Any, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kenbaar.disk import is_full, write_all
from kenbaar.errors import ConsentMissing, KenbaarError, NoSpace, SealBroken, Unusable, UsageError
from kenbaar.keys._memory import wipe
from kenbaar.keys._sealing import new_data_key

_TAG_BYTES = 16
_ERASED = b"erased"
_ROOMY = Path("/var/tmp")  # noqa: S108  # /tmp lies in memory on many systems, and memory is what a safe is to spare


class Safe:
    """Records of one size, numbered from 0 in the order they were put, sealed one by one (AES-256-GCM).

    The file has no name: it is nobody's to open, and gone with the last process that holds it. The nonce is the
    record's number, so that a record moved is a record that does not open; each number is sealed once, under a key
    made for this safe alone. A worker process that is handed a safe shares the file and the key: what one of them
    erases is erased for all.
    """

    def __init__(self, record_bytes: int, folder: Path | None = None) -> None:
        """An empty one. folder: where the file lies; None: where TMPDIR says, otherwise on the system's disk.

        Raises Unusable where no file can be made there.
        """
        self.record_bytes = record_bytes
        self._folder = folder or _default_folder()
        try:
            with tempfile.TemporaryFile(dir=self._folder) as file:
                self._fd = os.dup(file.fileno())
        except OSError as err:
            raise _told(err, self._folder) from err
        self._key = bytearray(new_data_key())
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"<Safe: {self._count} records of {self.record_bytes} bytes{'' if self._key else ', closed'}>"

    @property
    def size_bytes(self) -> int:
        """What they take on the disk."""
        return self._count * self._slot

    def put(self, records: bytes | bytearray | memoryview) -> None:
        """Seals any number of records that lie one after another. NoSpace where the disk is full: all is let go."""
        size, seal = self.record_bytes, self._cipher().encrypt
        view = memoryview(records).cast("B")
        if len(view) % size:
            raise UsageError(f"{len(view)} bytes are no whole number of records of {size}.", "Put whole records.")
        more = len(view) // size
        numbers = range(self._count, self._count + more)
        sealed = b"".join([seal(_nonce(n), view[i * size : (i + 1) * size], None) for i, n in enumerate(numbers)])
        try:
            write_all(self._fd, sealed, self._count * self._slot)
        except OSError as err:
            self.close()
            raise _told(err, self._folder) from err
        self._count += more

    def open(self, numbers: Sequence[int]) -> list[bytes]:
        """The records of these numbers; one that was erased is all zeros. SealBroken where the file was changed."""
        size, slot, cipher = self.record_bytes, self._slot, self._cipher()
        found = []
        for number in numbers:
            sealed = os.pread(self._fd, slot, number * slot)
            try:
                found.append(cipher.decrypt(_nonce(number), sealed, None))
            except InvalidTag:
                if sealed != self._erased(cipher, number):
                    raise SealBroken(
                        "A sealed record of an opened gallery was changed on the disk.",
                        f"Find out who can write to the disk below {self._folder}; then do it again.",
                    ) from None
                found.append(bytes(size))
        return found

    def erase(self, numbers: Iterable[int]) -> None:
        """Overwrites these records, for every process that shares the file. There is no way back."""
        cipher = self._cipher()
        for number in numbers:
            write_all(self._fd, self._erased(cipher, number), number * self._slot)

    def close(self) -> None:
        """Overwrites the key and lets the file go. From then on every use is refused. Closing twice is fine."""
        if self._key:
            wipe(self._key)
            self._key = bytearray()
            os.close(self._fd)

    def __del__(self) -> None:
        if getattr(self, "_key", None):  # not where __init__ was refused
            self.close()

    def __reduce__(self) -> NoReturn:
        raise UsageError("A safe cannot be kept.", "Hand it to a worker process of this one, through multiprocessing.")

    @property
    def _slot(self) -> int:
        return self.record_bytes + _TAG_BYTES

    def _cipher(self) -> AESGCM:
        if not self._key:
            raise ConsentMissing("This gallery was closed and overwritten.", "Open it again; consents are read anew.")
        return AESGCM(self._key)

    def _erased(self, cipher: AESGCM, number: int) -> bytes:
        """What an erased record looks like: zeros, and a tag that only the key's holders can have put there."""
        return bytes(self.record_bytes) + cipher.encrypt(_nonce(number, erased=True), b"", _ERASED)


def _nonce(number: int, *, erased: bool = False) -> bytes:
    """96 bits, each used once (NIST SP 800-38D 8.2.1): the record's number, and whether it is the word that it is gone.

    That word is the same each time, so saying it twice tells nothing.
    """
    return number.to_bytes(8, "big") + (b"gone" if erased else b"here")


def _default_folder() -> Path:
    named = "TMPDIR" in os.environ or not os.access(_ROOMY, os.W_OK)
    return Path(tempfile.gettempdir()) if named else _ROOMY


def _told(err: OSError, folder: Path) -> KenbaarError:
    if is_full(err):
        return NoSpace(
            f"There is no room left below {folder} for the sealed rows of a large gallery.",
            "Free some space there, or name another folder in TMPDIR.",
        )
    return Unusable(
        f"No temporary file can be written below {folder} ({os.strerror(err.errno or 0)}).",
        "Make the folder writable, or name another in TMPDIR.",
    )


def _carried(safe: Safe) -> tuple[Callable[..., Safe], tuple[Any, ...]]:
    """To a worker process goes a handle of the open file, and the key, through the same pipe as the gallery."""
    safe._cipher()  # refuses a closed one
    return _arrived, (safe.record_bytes, safe._folder, len(safe), bytes(safe._key), DupFd(safe._fd))


def _arrived(record_bytes: int, folder: Path, count: int, key: bytes, handle: Any) -> Safe:
    safe = Safe.__new__(Safe)
    safe.record_bytes, safe._folder, safe._count = record_bytes, folder, count
    safe._fd, safe._key = handle.detach(), bytearray(key)
    return safe


ForkingPickler.register(Safe, _carried)
