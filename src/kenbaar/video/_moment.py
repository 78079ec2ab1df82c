"""One frame of a video as a photo."""

from __future__ import annotations

from pathlib import Path

from kenbaar.errors import VideoUnreadable
from kenbaar.media import FileBelow, Photo
from kenbaar.video._limits import DEFAULT_VIDEO_LIMITS, VideoLimits
from kenbaar.video._outside import digest_video, looking


def open_moment(
    source: Path | FileBelow, at_s: float, limits: VideoLimits = DEFAULT_VIDEO_LIMITS, *, digest: str
) -> Photo:
    """The frame that is shown at_s seconds from the start, upright, as a photo. Raises VideoUnreadable.

    digest: of the content it must have.
    """
    if digest_video(source) != digest:
        raise VideoUnreadable("This video changed since it was swept.", "Run `kenbaar sweep` again.")
    with looking(source, limits=limits, at_s=at_s) as video:
        for frame in video.frames():
            pixels = frame.pixels.copy()
            return Photo(pixels, 1, frame.width, frame.height, digest, "JPEG", video.info.taken_at)
    raise VideoUnreadable("This video has no such moment.", "Run `kenbaar sweep` again.")
