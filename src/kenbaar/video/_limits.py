"""How large a video may be, and the refusal that never leaves this room."""

from __future__ import annotations

from dataclasses import dataclass

DO_AGAIN = "Copy it again from where it came from; if it stays like this, leave it out."
DO_CONVERT = "Open it in a player; if it plays there, save it as MP4 (H.264) and use that."


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """How large a video may be. Refused from the header and again from every frame, before a pixel is converted.

    max_pixels: of a frame; 8K has 33 million. max_side: px. max_bytes: of the file. max_hours: of its promised length.
    memory_bytes: address space of the process that decodes. quiet_s: seconds by the clock without an answer from it.
    """

    max_pixels: int = 36_000_000
    max_side: int = 8_192
    max_bytes: int = 200_000_000_000
    max_hours: int = 24
    memory_bytes: int = 3_000_000_000
    quiet_s: float = 120.0


DEFAULT_VIDEO_LIMITS = VideoLimits()


class UnfitVideo(Exception):
    """Why these bytes are no video: a clause that follows "This video", and advice. Becomes VideoUnreadable at the edge
    of the room."""

    def __init__(self, why: str, do: str = DO_AGAIN) -> None:
        super().__init__(why, do)
        self.why, self.do = why, do
