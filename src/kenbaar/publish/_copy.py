"""The copy itself: painted, encoded, and judged from its finished bytes."""

from __future__ import annotations

from dataclasses import dataclass

from kenbaar.detection import RECHECK, DetectionSchedule
from kenbaar.errors import PhotoUnreadable
from kenbaar.faces import Box
from kenbaar.media import (
    Photo,
    PhotoLimits,
    Rights,
    copy_format,
    encode_photo,
    find_leftovers,
    open_own_bytes,
)
from kenbaar.modelpack import FaceDetector
from kenbaar.publish._mask import CopyPlan, mask
from kenbaar.publish._recheck import find_exposed

_ANY_SIZE = PhotoLimits(2**31, 2**31, max_full_pixels=2**31, max_side=2**31, max_ratio=2**31)
"""It is our own file: its source was within the limits."""


def render_copy(photo: Photo, plan: CopyPlan, rights: Rights) -> bytes:
    """The bytes of the masked copy, in the photo's own format (JPEG for TIFF and HEIF). photo: decoded at full size."""
    if photo.scale != 1:
        raise ValueError("a copy is made from the full-size photo")
    return encode_photo(mask(photo.pixels, plan.masks), copy_format(photo.format), rights, dpi=photo.dpi)


@dataclass(frozen=True, slots=True)
class CopyCheck:
    """What the check of a finished copy found.

    leftovers: what the file holds that it must not, a noun phrase each. unreadable: why it does not open, a clause;
    None where it does. exposed: what is neither hidden nor meant to be seen, sorted.
    """

    leftovers: tuple[str, ...] = ()
    unreadable: str | None = None
    exposed: tuple[Box, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether the copy may go out."""
        return not (self.leftovers or self.unreadable or self.exposed)

    def problems(self) -> list[str]:
        """Why it must not, a clause each; [] where it may."""
        return [
            *(f"the finished file holds {what}" for what in self.leftovers),
            *([self.unreadable] if self.unreadable else []),
            *(f"a face at {box.as_list()} is neither masked nor allowed" for box in self.exposed),
        ]


def scan_copy(data: bytes) -> list[str]:
    """What a finished file holds that it must not, a noun phrase each; [] for a clean one.

    Any EXIF (places, thumbnails), profiles, comments, texts, second pictures, data after the end, XMP that states more
    than rights, and files that are not whole.
    """
    return find_leftovers(data)


def check_copy(data: bytes, plan: CopyPlan, finder: FaceDetector, schedule: DetectionSchedule = RECHECK) -> CopyCheck:
    """Whether the copy in these bytes may go out, and what stands against it. finder: a ModelPack.

    1. It holds a picture and rights, and nothing else. 2. It opens. 3. Its masks are opaque, and nobody is exposed.
    """
    leftovers = tuple(scan_copy(data))
    try:
        copy = open_own_bytes(data, "the finished file", _ANY_SIZE)
    except PhotoUnreadable as err:
        return CopyCheck(leftovers, err.what.rstrip("."))
    return CopyCheck(leftovers, exposed=tuple(find_exposed(copy, finder, plan, schedule)))
