"""A file becomes a Photo: read once into memory, so that the digest is of exactly the bytes that were decoded."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from kenbaar.errors import PhotoTooLarge, PhotoUnreadable
from kenbaar.media._below import FileBelow, open_file
from kenbaar.media._decode import Pixels
from kenbaar.media._header import JPEG_BLOCK_PX
from kenbaar.media._limits import DEFAULT_LIMITS, DO_CHECK, PhotoLimits, Unfit
from kenbaar.media._read import decode, read_header, scale_for, too_many_bytes
from kenbaar.media._rights import NO_RIGHTS, Rights

THIS_PHOTO = "This photo"
_WHY = {
    errno.ENOENT: "is no longer there",
    errno.ENOTDIR: "is no longer there",
    errno.EACCES: "may not be read by this user",
    errno.EPERM: "may not be read by this user",
    errno.ELOOP: "is a link that leads back to itself",
    errno.ENAMETOOLONG: "has a name that is too long for this file system",
    errno.ENXIO: "is not a file",
    errno.EISDIR: "is not a file",
    errno.EIO: "lies on a damaged disk",
}


@dataclass(frozen=True, slots=True, eq=False)  # eq=False: comparing arrays with == is a trap
class Photo:
    """One photo, upright.

    pixels:        sRGB, uint8, shape (ceil(height / scale), ceil(width / scale), 3), contiguous, read-only.
    scale:         1, 2, 4 or 8: full size / size of pixels. Pixel (x, y) covers full-size pixels from scale * x and
                   scale * y on, within scale px.
    width, height: of the full-size upright photo, px. Boxes and landmarks are told in these.
    digest:        "sha256:<hex>" of the file's bytes.
    format:        a row's name in media/_formats.py ("JPEG", ...), by content, never by the file's name.
    taken_at:      from EXIF, aware UTC; a camera that states no offset is read as if its clock showed UTC.
    block_px:      how far a coded block of the source reaches, px (16; 24 or 32 in rare JPEGs): masks are padded by it.
    rights:        what the file states, where they were asked for.
    dpi:           pixels an inch, for printing; 0 where the file does not say.
    """

    pixels: Pixels = field(repr=False)
    scale: int
    width: int
    height: int
    digest: str
    format: str
    taken_at: datetime | None = None
    block_px: int = JPEG_BLOCK_PX
    rights: Rights = NO_RIGHTS
    dpi: int = 0

    def __post_init__(self) -> None:
        expected = (-(-self.height // self.scale), -(-self.width // self.scale), 3)
        if self.pixels.dtype != "uint8" or self.pixels.shape != expected or not self.pixels.flags["C_CONTIGUOUS"]:
            raise ValueError(f"pixels are contiguous uint8 {expected}, not {self.pixels.dtype} {self.pixels.shape}")
        self.pixels.setflags(write=False)

    def as_decoded(self) -> Photo:
        """The photo that these pixels are, of their own size: scale 1."""
        rows, columns = self.pixels.shape[:2]
        return replace(self, scale=1, width=columns, height=rows, dpi=self.dpi // self.scale)


def open_own_bytes(data: bytes, name: str = THIS_PHOTO, limits: PhotoLimits = DEFAULT_LIMITS) -> Photo:
    """The photo in bytes that this process has encoded itself, decoded in this process: nobody else's bytes.

    Raises PhotoUnreadable, PhotoTooLarge.
    """
    with refusals(name):
        return read_photo(data, limits, None)


def digest_bytes(data: bytes) -> str:
    """ "sha256:<hex>" of these bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def digest_file(path: Path | FileBelow) -> str:
    """ "sha256:<hex>" of a file's bytes, in flat memory. Raises PhotoUnreadable."""
    with refusals(THIS_PHOTO), _opened(path) as descriptor:
        digest = hashlib.sha256()
        while chunk := os.read(descriptor, 1 << 20):
            digest.update(chunk)
        return f"sha256:{digest.hexdigest()}"


@contextmanager
def opened_file(path: Path | FileBelow, name: str = "This file") -> Iterator[int]:
    """A descriptor of a regular file, for who hands it on unread. name begins the sentence of PhotoUnreadable."""
    with refusals(name), _opened(path) as descriptor:
        yield descriptor


def read_file(path: Path | FileBelow, limits: PhotoLimits) -> bytes:
    """All bytes of a regular file of at most max_bytes. Never waits for a pipe or device. Raises Unfit."""
    with _opened(path) as descriptor:
        size = os.fstat(descriptor).st_size
        if size > limits.max_bytes:
            raise too_many_bytes(limits)
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(size + 1)  # not max_bytes: that much room would be made first, for half a millisecond
            if len(data) > size:  # it grew since
                data += file.read(limits.max_bytes + 1 - len(data))
        if len(data) > limits.max_bytes:
            raise too_many_bytes(limits)
        return data


@contextmanager
def refusals(name: str) -> Iterator[None]:
    """Turns Unfit, which knows no names, into the errors the house speaks."""
    try:
        yield
    except Unfit as unfit:
        kind = PhotoTooLarge if unfit.too_large else PhotoUnreadable
        raise kind(f"{name} {unfit.why}.", unfit.do) from unfit


def read_photo(data: bytes, limits: PhotoLimits, detail_side: int | None) -> Photo:
    """Decoded here and now. Raises Unfit."""
    header = read_header(data, limits)
    scale = scale_for(header, detail_side, limits)
    pixels = decode(data, header, scale)
    return Photo(
        pixels, scale, header.width, header.height, digest_bytes(data), header.format, header.taken_at, header.block_px,
        dpi=header.dpi,
    )  # fmt: skip


@contextmanager
def _opened(path: Path | FileBelow) -> Iterator[int]:
    """A descriptor of a regular file, closed afterwards. Raises Unfit."""
    try:
        descriptor = open_file(path)
    except (OSError, ValueError) as err:  # ValueError: a null byte in the name
        raise _unfit_file(err) from err
    try:
        yield descriptor
    except OSError as err:
        raise _unfit_file(err) from err
    finally:
        os.close(descriptor)


def _unfit_file(err: OSError | ValueError) -> Unfit:
    number = err.errno if isinstance(err, OSError) and err.errno else 0
    why = _WHY.get(number, f"could not be read ({errno.errorcode.get(number, 'bad name')})")
    return Unfit(why, DO_CHECK if number == errno.EIO else "Check the file and its permissions, then try again.")
