"""What is told of a video: what it is, its frames one by one, and what was wrong with it at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a video is, before its frames are seen.

    format: a row's name in media/_video_formats.py. width, height: of an upright frame, px. duration_s: promised by the
    header; None where it promises nothing. codec: FFmpeg's name. sound: FFmpeg's name of the first sound, or None.
    hdr: it is for bright screens, and is tone-mapped here. other_streams: cover art, subtitles, data: how many.
    tags: names of the texts the file carries. taken_at: when it was made, as the file says, aware UTC.
    tick_s: what time stamps count. start_s: what players show as 0.
    """

    format: str
    width: int
    height: int
    duration_s: float | None
    codec: str
    sound: str | None = None
    hdr: bool = False
    other_streams: int = 0
    tags: tuple[str, ...] = ()
    taken_at: datetime | None = None
    tick_s: Fraction = Fraction(1, 90_000)
    start_s: Fraction = Fraction(0)

    def seconds(self, pts: int) -> float:
        """The moment of a frame's time stamp, seconds from the start of the file."""
        return float(pts * self.tick_s - self.start_s)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame, upright; has what a model pack asks of a photo.

    pixels: sRGB uint8 (height, width, 3), read-only, valid until the next frame is asked for. n: its number among all
    frames that decode, from 0. at_s: seconds from the start of the file, as players count. begins_shot: the picture
    changed abruptly between the last frame that was handed out and this one. pts: time stamps of all frames since that
    one, this one's last.
    """

    pixels: NDArray[np.uint8] = field(repr=False)
    n: int
    at_s: float
    begins_shot: bool
    pts: tuple[int, ...] = field(repr=False)
    scale: int = 1

    @property
    def width(self) -> int:
        """Columns, px."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows, px."""
        return int(self.pixels.shape[0])


@dataclass(frozen=True, slots=True)
class VideoEnd:
    """What was learned at the end. frames: that decoded. end_s: when the last one is over.

    problems: what is wrong with the file, a clause each; [] where all of it decoded.
    """

    frames: int
    end_s: float
    problems: tuple[str, ...] = ()
