"""In the process that decodes: every frame painted over where the plan says, encoded, and nothing else taken along."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import chain
from typing import Any, BinaryIO

import av
import numpy as np
from numpy.typing import NDArray

from kenbaar.faces import Box
from kenbaar.video._decode import Video
from kenbaar.video._limits import UnfitVideo

_GREY = 64  # publish.MASK_COLOUR; in Y'CbCr of limited range 71
_GREY_LIMITED, _NEUTRAL = 71, 128
_OPTIONS = {
    "libx264": {"preset": "veryfast", "crf": "22", "profile": "high"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "32", "b": "0", "row-mt": "1"},
}
_KEY_EVERY_S = 2
_SMPTE_170M = 6  # ITU-T H.273
_PACKETS_A_S = {"aac": 100, "mp3": 60, "opus": 60}


class MaskTable:
    """Which boxes are painted over in which frames. Rows: first frame, last frame, x_min, y_min, x_max, y_max."""

    def __init__(self, rows: NDArray[np.int32], pts: NDArray[np.int64]) -> None:
        """pts: the time stamp of every frame; a frame with another is painted over whole."""
        self._rows, self._pts = rows[np.argsort(rows[:, 0], kind="stable")] if len(rows) else rows, pts
        self._next = 0
        self._open: list[NDArray[np.int32]] = []

    def __len__(self) -> int:
        """Frames it was made for."""
        return len(self._pts)

    def boxes(self, n: int, pts: int) -> list[Box] | None:
        """Of frame n (asked in order); None: the frame is none that was looked at, and all of it is covered."""
        if n >= len(self._pts) or self._pts[n] != pts:
            return None
        while self._next < len(self._rows) and self._rows[self._next, 0] <= n:
            self._open.append(self._rows[self._next])
            self._next += 1
        self._open = [row for row in self._open if row[1] >= n]
        return [Box(*map(int, row[2:])) for row in self._open]


def render(video: Video, out: BinaryIO, table: MaskTable, *, keep_sound: bool) -> Iterator[int]:
    """Writes the masked video; yields how many frames are done, now and then. Raises UnfitVideo, OSError."""
    form = video.form
    sound = video.sound if keep_sound else None
    if sound is not None and sound.codec_context.name not in form.sound:
        raise UnfitVideo(
            f"has sound that cannot be kept as it is ({sound.codec_context.name})", "Publish it without sound."
        )
    waiting: list[Any] = []
    if sound is not None:
        video.take_sound = waiting.append
    frames = video.coded_frames()
    first = next(frames, None)
    if first is None:
        raise UnfitVideo("holds no frame that decodes")
    options = {"fflags": "+bitexact", **_index_first(video, len(table), sound)}
    with av.open(out, "w", format=form.muxer, options=options) as container:
        encoder = _encoder(container, video, first[1])
        kept = container.add_stream_from_template(sound) if sound is not None else None
        if video.turn.quarters or video.turn.mirrored:
            quarters = -video.turn.quarters if video.turn.mirrored else video.turn.quarters  # FFmpeg mirrors last
            encoder.set_display_rotation(90 * quarters, hflip=video.turn.mirrored)
        painter = _Painter(encoder, video)
        for n, (pts, frame) in enumerate(chain([first], frames)):
            painted = painter.painted(frame, table.boxes(n, pts))
            painted.pts, painted.time_base = pts, video.tick_s
            painted.pict_type = av.video.frame.PictureType.NONE
            container.mux(encoder.encode(painted))
            _mux_sound(container, waiting, kept)
            if n % 16 == 0:
                yield n
        container.mux(encoder.encode())
        _mux_sound(container, waiting, kept)
        yield video.frames


def _index_first(video: Video, frames: int, sound: Any) -> dict[str, str]:
    """Room for an MP4's index before the pictures, so that a browser can begin to play at once: FFmpeg's own way
    (faststart) opens the file a second time, which this process cannot. Bytes a frame and a packet: measured, twice."""
    if video.form.muxer not in ("mp4", "mov") or (sound is not None and sound.codec_context.name not in _PACKETS_A_S):
        return {}
    packets = 0 if sound is None else round((video.duration_s or frames / 10) * _PACKETS_A_S[sound.codec_context.name])
    return {"moov_size": str(16_384 + 40 * frames + 20 * packets)}


def _mux_sound(container: Any, waiting: list[Any], kept: Any) -> None:
    """The sound's packets as they are."""
    for packet in waiting:
        if packet.dts is not None:
            packet.stream = kept
            container.mux(packet)
    waiting.clear()


def _encoder(container: Any, video: Video, frame: Any) -> Any:
    width, height = frame.width, frame.height
    even = width % 2 == 0 and height % 2 == 0
    rate = video.stream.average_rate or Fraction(25)
    encoder = container.add_stream(video.form.codec, rate=rate if 0 < rate < 1000 else 25)
    encoder.width, encoder.height = width, height
    options = dict(_OPTIONS[video.form.codec])
    encoder.pix_fmt = "yuv420p" if even else "yuv444p"
    if not even:
        options.pop("profile", None)
    context = encoder.codec_context
    context.thread_type, context.thread_count = "AUTO", 2
    context.gop_size = max(1, round(_KEY_EVERY_S * float(rate))) if 0 < rate < 1000 else 50
    context.time_base = video.tick_s
    if ratio := video.stream.sample_aspect_ratio:
        context.sample_aspect_ratio = ratio
    if video.hdr:
        context.colorspace = _SMPTE_170M  # as FFmpeg makes Y'CbCr of RGB
    else:
        source = video.stream.codec_context
        for name in ("color_range", "colorspace", "color_primaries", "color_trc"):
            if value := int(getattr(source, name, 0) or 0):
                setattr(context, name, value)
    encoder.options = options
    return encoder


class _Painter:
    """Copies a frame and paints boxes over it, plane by plane: no colour is converted on the way."""

    def __init__(self, encoder: Any, video: Video) -> None:
        self._format, self._video = encoder.pix_fmt, video
        full = int(video.stream.codec_context.color_range or 0) == 2 and not video.hdr
        self._luma = _GREY if full else _GREY_LIMITED

    def painted(self, frame: Any, boxes: Sequence[Box] | None) -> Any:
        """boxes: of the upright frame; None: all of it."""
        video = self._video
        width, height = frame.width, frame.height
        if video.hdr:
            from kenbaar.video._tone import tone_mapped

            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(tone_mapped(frame)), format="rgb24")
        planes = frame.to_ndarray(format=self._format)
        whole = Box(0, 0, width, height)
        for upright in [None] if boxes is None else boxes:
            box = whole if upright is None else video.turn.coded_box(upright, width, height).clipped(width, height)
            if box.area:
                self._paint(planes, box, width, height)
        return av.VideoFrame.from_ndarray(planes, format=self._format)

    def _paint(self, planes: NDArray[np.uint8], box: Box, width: int, height: int) -> None:
        if self._format == "yuv444p":  # (3, rows, columns)
            area = (slice(box.y_min, box.y_max), slice(box.x_min, box.x_max))
            planes[0][area], planes[1][area], planes[2][area] = self._luma, _NEUTRAL, _NEUTRAL
            return
        even = box.snapped(2)
        planes[even.y_min : even.y_max, even.x_min : even.x_max] = self._luma
        quarter = width * height // 4
        flat = planes.reshape(-1)
        for n in range(2):
            at = width * height + n * quarter
            colour = flat[at : at + quarter].reshape(height // 2, width // 2)
            colour[even.y_min // 2 : even.y_max // 2, even.x_min // 2 : even.x_max // 2] = _NEUTRAL
