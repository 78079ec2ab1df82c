"""How large a photo may be, and the refusal that never leaves this room."""

from __future__ import annotations

from dataclasses import dataclass

DO_CHECK = "Open it in a viewer; if it looks right there, save it as JPEG and hand in that."
DO_AGAIN = "Copy it again from where it came from; if it stays like this, leave it out."


@dataclass(frozen=True, slots=True)
class PhotoLimits:
    """How large a photo may be, and how long it may take. Pixels are refused from the header, before any is decoded.

    max_pixels: width x height. OWASP ASVS 5.0, 5.2.6 asks for a limit; 50 million is ours: in RGB that takes 150 MB.
    max_bytes:  of the file.
    max_seconds: of processor time, for one photo; three times as many by the clock.
    """

    max_pixels: int = 50_000_000
    max_bytes: int = 200_000_000
    max_seconds: int = 20


DEFAULT_LIMITS = PhotoLimits()


class Unfit(Exception):
    """Why these bytes are no photo: a clause that follows "This photo", and advice. Becomes PhotoUnreadable at the edge
    of the room, which alone knows what the caller calls the photo."""

    def __init__(self, why: str, do: str = DO_AGAIN, *, too_large: bool = False) -> None:
        super().__init__(why, do)
        self.why, self.do, self.too_large = why, do, too_large
