"""In the process that decodes: a video file becomes frames with exact, rising time stamps. Imports PyAV.

Time stamps that are missing or run backward are put right here, in one way, so that whoever decodes the file twice
counts the same frames at the same times.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from statistics import median
from typing import Any, BinaryIO

import av
import numpy as np
from av.sidedata.sidedata import Type
from numpy.typing import NDArray

from kenbaar.media import VideoFormat, video_format_of
from kenbaar.video._limits import DO_CONVERT, UnfitVideo, VideoLimits
from kenbaar.video._tone import tone_mapped
from kenbaar.video._turn import Turn

_HEAD_BYTES = 4096
_HDR_TRANSFERS = (16, 18)  # ITU-T H.273: PQ (SMPTE ST 2084) and HLG (ARIB STD-B67)
_PLANAR = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray", "yuva420p"})
_THUMB_ROWS, _THUMB_COLUMNS = 27, 48
_CUT, _CUT_TIMES = 22.0, 4.0  # mean change of brightness, levels of 255: of a cut, and as often as of frames before it
_READ_BYTES = 1 << 18


class Video:
    """One opened file."""

    def __init__(self, file: BinaryIO, limits: VideoLimits, threads: int) -> None:
        """Raises UnfitVideo."""
        head = file.read(_HEAD_BYTES)
        file.seek(0)
        form = video_format_of(head)
        if form is None:
            raise UnfitVideo("is not a video in a known format", DO_CONVERT)
        self.form: VideoFormat = form
        try:
            self.container = av.open(
                file, "r", format=form.demuxer, metadata_errors="ignore", buffer_size=_READ_BYTES,
                options={"enable_drefs": "0", "use_absolute_path": "0"} if form.demuxer == "mov" else {},
            )  # fmt: skip
            stream = self.container.streams.best("video")
        except (av.error.FFmpegError, ValueError, OverflowError) as err:
            raise UnfitVideo("is damaged: nothing in it can be read") from err
        if stream is None or stream.disposition & av.stream.Disposition.attached_pic:
            raise UnfitVideo("holds no moving picture", "Leave it out; sound alone is not looked at.")
        self.stream: Any = stream
        self.limits = limits
        context: Any = stream.codec_context
        context.thread_type, context.thread_count = "AUTO", threads
        self.check_size(context.width, context.height)
        self.tick_s = Fraction(stream.time_base or Fraction(1, 90_000))
        self.start_s = Fraction(self.container.start_time or 0, av.time_base)
        rate = Fraction(stream.average_rate or stream.guessed_rate or 25)
        self.step = max(1, round(1 / (rate * self.tick_s))) if rate > 0 else 1
        self.hdr = int(getattr(stream.codec_context, "color_trc", 0) or 0) in _HDR_TRANSFERS
        self.turn = Turn()
        self.size = (0, 0)  # of the first coded frame
        self.frames = self.corrupt = self.failed = self.resized = self.untimed = 0
        self.first_pts = self.last_pts = self.end_pts = 0
        self.take_sound: Callable[[Any], None] | None = None
        """Is given each packet of the first sound, where somebody wants it, between the frames."""

    def check_size(self, width: int, height: int) -> None:
        """Raises UnfitVideo where a frame of this size is not to be converted."""
        most = self.limits
        if width * height > most.max_pixels or max(width, height) > most.max_side:
            raise UnfitVideo(
                f"has frames of {width} x {height} pixels, more than is looked at "
                f"({most.max_pixels // 1_000_000} megapixels, {most.max_side} a side)",
                "Save it smaller and use that.",
            )

    def seek(self, at_s: float) -> None:
        """Goes to a key frame at or before that moment, if the file knows one: else it is read from its start."""
        pts = int((Fraction(at_s).limit_denominator(1_000_000) + self.start_s) / self.tick_s)
        with suppress(av.error.FFmpegError):
            self.container.seek(pts, stream=self.stream)

    @property
    def duration_s(self) -> float | None:
        """What the header promises: of the moving picture, or of the whole file."""
        if self.stream.duration:
            return float(self.stream.duration * self.tick_s)
        return float(self.container.duration / av.time_base) if self.container.duration else None

    @property
    def sound(self) -> Any:
        """The first stream of sound, or None."""
        return next(iter(self.container.streams.audio), None)

    def coded_frames(self) -> Iterator[tuple[int, Any]]:
        """(time stamp, frame) of every frame, in the order they are shown. Raises UnfitVideo, for size alone.

        What does not decode is counted and passed over.
        """
        first = True
        for frame in self._decoded():
            self.check_size(frame.width, frame.height)
            if first:
                first, self.size = False, (frame.width, frame.height)
                self.first_pts = frame.pts or 0
                self.turn = _turn_of(frame)
            pts = frame.pts
            if pts is None or (self.frames and pts <= self.last_pts):
                self.untimed += 1
                pts = self.last_pts + self.step if self.frames else 0
            self.corrupt += bool(frame.is_corrupt)
            if (frame.width, frame.height) != self.size:
                self.resized += 1
                frame = frame.reformat(*self.size)
                frame.pts = pts
            self.last_pts, self.end_pts = pts, pts + max(1, getattr(frame, "duration", 0) or self.step)
            self.frames += 1
            yield pts, frame

    def _decoded(self) -> Iterator[Any]:
        wanted = [self.stream] if self.take_sound is None else [self.stream, self.sound]
        packets = self.container.demux(wanted)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.error.FFmpegError, ValueError):
                self.failed += 1
                return
            if packet.stream is not self.stream:
                if self.take_sound is not None:
                    self.take_sound(packet)
                continue
            try:
                yield from packet.decode()
            except (av.error.FFmpegError, ValueError):
                self.failed += 1

    def problems(self) -> list[str]:
        """What is wrong with the file, a clause each, once all frames were read."""
        found = []
        if not self.frames:
            return ["none of its frames decodes"]
        promised = self.duration_s
        seen_s = float((self.end_pts - self.first_pts) * self.tick_s) if self.frames else 0.0
        if promised is not None and seen_s < 0.97 * promised - 1.0:
            found.append(f"it ends after {seen_s:.1f} of {promised:.1f} promised seconds")
        if self.corrupt:
            found.append(f"{self.corrupt} of its {self.frames} frames are damaged")
        if self.failed:
            found.append("parts of it do not decode")
        return found

    def upright_rgb(self, frame: Any) -> NDArray[np.uint8]:
        """The frame as it is shown: sRGB uint8 (rows, columns, 3); a view."""
        coded = tone_mapped(frame) if self.hdr else frame.to_ndarray(format="rgb24")
        return self.turn.upright(coded)


class Cuts:
    """Tells where one shot ends and the next begins, and how much has changed since the last frame handed out."""

    def __init__(self) -> None:
        self._last: NDArray[np.int16] | None = None
        self._marked: NDArray[np.int16] | None = None
        self._recent: deque[float] = deque(maxlen=12)

    def is_cut(self, frame: Any) -> bool:
        """Whether this frame, after the one before, is another shot's first."""
        thumb = _thumb(frame)
        last, self._last = self._last, thumb
        if last is None:
            return False
        change = float(np.abs(thumb - last).mean())
        usual = median(self._recent) if self._recent else 0.0
        self._recent.append(change)
        return change >= _CUT and change >= _CUT_TIMES * usual

    def mark(self) -> None:
        """The frame that was_cut was asked of last is handed out."""
        self._marked = self._last

    def changed(self) -> float:
        """How much the picture changed since the marked frame, levels: where it changed most (a ninth of it)."""
        if self._last is None or self._marked is None:
            return 255.0
        change = np.abs(self._last - self._marked).astype(np.float32)
        return float(change.reshape(3, 9, 3, 16).mean(axis=(1, 3)).max())


def _thumb(frame: Any) -> NDArray[np.int16]:
    """Brightness of a frame in 27 x 48 points; nothing is scaled."""
    if frame.format.name in _PLANAR:
        plane = frame.planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
    else:
        rows = frame.reformat(width=96, height=54, format="gray", interpolation="POINT").to_ndarray()
    down = np.linspace(0, rows.shape[0] - 1, _THUMB_ROWS).astype(int)
    across = np.linspace(0, rows.shape[1] - 1, _THUMB_COLUMNS).astype(int)
    thumb: NDArray[np.int16] = rows[np.ix_(down, across)].astype(np.int16)
    return thumb


def _turn_of(frame: Any) -> Turn:
    """Raises UnfitVideo for a turn that is not by quarters."""
    for data in frame.side_data:
        if data.type == Type.DISPLAYMATRIX:
            turn = Turn.of_matrix(np.frombuffer(bytes(data), "<i4").tolist())
            if turn is None:
                raise UnfitVideo("is turned by an angle that is not a quarter", DO_CONVERT)
            return turn
    return Turn()
