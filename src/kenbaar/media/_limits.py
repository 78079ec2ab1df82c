"""How large a photo may be, and the refusal that never leaves this room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

DO_CHECK = "Open it in a viewer; if it looks right there, save it as JPEG and hand in that."
DO_AGAIN = "Copy it again from where it came from; if it stays like this, leave it out."


@dataclass(frozen=True, slots=True)
class PhotoLimits:
    """How large a photo may be, and how long it may take. Pixels are refused from the header, before any is decoded.

    max_pixels: width x height. OWASP ASVS 5.0, 5.2.6 asks for a limit; 220 million is ours: phones have 200.
    max_bytes:  of the file.
    max_seconds: of processor time, for one photo; three times as many by the clock.
    max_full_pixels: more are never decoded: a larger photo is reduced while it is decoded, where its format can (JPEG)
                and who opens it says with detail_side that it may; else it is refused. In RGB 64 million take 192 MB.
                What is reduced is reduced to half of that: so a JPEG of 200 megapixels takes less than 1 GB.
    max_side:   px. JPEG, as which copies go out, ends there; longer pictures are strips for programs, not photos.
    max_ratio:  long side : short side, of pictures longer than RATIO_FROM_PX: looks at thinner ones are enlarged until
                they fill the memory. Panoramas have up to 12.
    """

    max_pixels: int = 220_000_000
    max_bytes: int = 200_000_000
    max_seconds: int = 20
    max_full_pixels: int = 64_000_000
    max_side: int = 65_500
    max_ratio: int = 50


RATIO_FROM_PX = 4_096

DEFAULT_LIMITS = PhotoLimits()


class Unfit(Exception):
    """Why these bytes are no photo: a clause that follows "This photo", and advice. Becomes PhotoUnreadable at the edge
    of the room, which alone knows what the caller calls the photo."""

    def __init__(self, why: str, do: str = DO_AGAIN, *, too_large: bool = False) -> None:
        super().__init__(why, do)
        self.why, self.do, self.too_large = why, do, too_large


@contextmanager
def pillow_takes(pixels: int) -> Iterator[None]:
    """Pillow's own limit, of 89 megapixels, is this one where it is larger: ours was asked before."""
    from PIL import Image

    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = max(before or 0, pixels)
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before
