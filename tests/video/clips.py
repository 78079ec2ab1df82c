"""Small real video files, written by FFmpeg for a test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from kenbaar.video import Frame, VideoEnd, VideoInfo, looking
from kenbaar.video._outside import Pace

EVERY = Pace(every_s=0.0, moving_s=0.0, still_s=0.0)


def plain(width: int = 160, height: int = 120, shade: int = 90) -> NDArray[np.uint8]:
    """A picture without anybody, and not the same everywhere."""
    pixels = np.full((height, width, 3), shade, np.uint8)
    pixels[:, ::8] += 20
    return pixels


def with_square(at: int, width: int = 160, height: int = 120, side: int = 24) -> NDArray[np.uint8]:
    """A bright square whose left side is at px `at`."""
    pixels = plain(width, height)
    pixels[40 : 40 + side, at : at + side] = (250, 40, 30)
    return pixels


def write_clip(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    *,
    rate: Fraction | int = 25,
    times: Sequence[int] | None = None,
    tick: Fraction | None = None,
    codec: str | None = None,
    pix_fmt: str = "yuv420p",
    sound_s: float = 0.0,
    rotation: int = 0,
    hflip: bool = False,
    tags: dict[str, str] | None = None,
    cover: NDArray[np.uint8] | None = None,
    gop: int | None = None,
) -> Path:
    """Writes them. times: of each frame in ticks, where they are not one after the other. cover: a second stream."""
    codec = codec or ("libvpx-vp9" if path.suffix == ".webm" else "libx264")
    with av.open(str(path), "w") as container:
        container.metadata.update(tags or {})
        stream: Any = None
        sound: Any = None
        art: Any = None
        for n, pixels in enumerate(frames):
            if stream is None:
                stream = container.add_stream(codec, rate=rate)
                stream.width, stream.height, stream.pix_fmt = pixels.shape[1], pixels.shape[0], pix_fmt
                hdr = "log-level=none:transfer=smpte2084:colorprim=bt2020:colormatrix=bt2020nc"
                options = {
                    "libx264": {"crf": "16"},
                    "libx265": {"x265-params": hdr},
                    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
                }
                stream.options = options.get(codec, {})
                if gop:
                    stream.codec_context.gop_size = gop
                if tick:
                    stream.codec_context.time_base = tick
                if rotation or hflip:
                    stream.set_display_rotation(rotation, hflip=hflip)
                if sound_s:
                    sound_codec = "libopus" if path.suffix in (".webm", ".mkv") else "aac"
                    sound = container.add_stream(sound_codec, rate=48_000, layout="mono")
                if cover is not None:
                    art = container.add_stream("mjpeg", rate=1)
                    art.width, art.height, art.pix_fmt = cover.shape[1], cover.shape[0], "yuvj420p"
                    art.disposition = av.stream.Disposition.attached_pic
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = times[n], tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if art is not None and cover is not None:
            container.mux(art.encode(av.VideoFrame.from_ndarray(cover, format="rgb24")))
            container.mux(art.encode())
        if sound is not None:
            _hum(container, sound, sound_s)
    return path


def _hum(container: Any, stream: Any, seconds: float) -> None:
    size = stream.codec_context.frame_size or 960
    layout = "fltp" if stream.codec_context.name == "aac" else "flt"
    for at in range(0, int(48_000 * seconds), size):
        wave = (0.2 * np.sin(2 * np.pi * 440 * (at + np.arange(size)) / 48_000)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(wave[None], format=layout, layout="mono")
        frame.rate, frame.pts, frame.time_base = 48_000, at, Fraction(1, 48_000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def all_frames(path: Path) -> tuple[VideoInfo, list[Frame], VideoEnd]:
    """Every frame of a file, as Kenbaar reads it; pixels copied."""
    kept = []
    with looking(path, EVERY) as video:
        for frame in video.frames():
            kept.append(Frame(frame.pixels.copy(), frame.n, frame.at_s, frame.begins_shot, frame.pts))
    assert video.end is not None
    return video.info, kept, video.end


def streams(path: Path) -> list[str]:
    """What streams a file has, as FFmpeg says."""
    with av.open(str(path)) as container:
        return [stream.type for stream in container.streams]


def packets(path: Path, kind: str) -> list[tuple[Fraction, bytes]]:
    """Time and bytes of every packet of the first stream of that kind."""
    with av.open(str(path)) as container:
        stream = next(s for s in container.streams if s.type == kind)
        found = []
        for packet in container.demux(stream):
            if packet.pts is not None:
                found.append((packet.pts * Fraction(packet.time_base or 1), bytes(packet)))
        return found
