"""Every kind of video file that Kenbaar opens: one row each, with all that follows from it. Adding one is adding a row.

FFmpeg (in PyAV) reads many more; what is not in this table is refused before FFmpeg sees it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """One kind of file.

    name: as VideoInfo.format tells it. suffixes: how such files' names end, in lower case; the content decides.
    demuxer: FFmpeg's, the only one that may open it. muxer: how its copies are written.
    codec: FFmpeg's encoder of copies. sound: FFmpeg's names of sound that may be kept in that file, untouched.
    is_it: whether a file begins like one.
    """

    name: str
    suffixes: tuple[str, ...]
    demuxer: str
    muxer: str
    codec: str
    sound: frozenset[str]
    is_it: Callable[[bytes], bool]


_OF_MP4 = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})
_OF_MATROSKA = _OF_MP4 | {"vorbis", "pcm_s16le", "pcm_s24le", "dts"}
_STILLS = {b"heic", b"heix", b"mif1", b"avif", b"avis", b"msf1", b"hevc", b"hevx"}


def _is_iso(data: bytes) -> bool:
    return data[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip") and data[8:12] not in _STILLS


_ROWS = (
    VideoFormat(
        "MOV", (".mov", ".qt"), "mov", "mov", "libx264", _OF_MP4 | {"pcm_s16le", "pcm_s16be", "pcm_s24le"},
        lambda data: _is_iso(data) and (data[4:8] != b"ftyp" or data[8:12] == b"qt  "),
    ),  # before MP4, of which it is the older sister
    VideoFormat("MP4", (".mp4", ".m4v"), "mov", "mp4", "libx264", _OF_MP4, _is_iso),
    VideoFormat(
        "WEBM", (".webm",), "matroska", "webm", "libvpx-vp9", frozenset({"opus", "vorbis"}),
        lambda data: data.startswith(b"\x1aE\xdf\xa3") and b"webm" in data[:64],
    ),
    VideoFormat(
        "MKV", (".mkv",), "matroska", "matroska", "libx264", _OF_MATROSKA,
        lambda data: data.startswith(b"\x1aE\xdf\xa3"),
    ),
)  # fmt: skip
VIDEO_FORMATS = {row.name: row for row in _ROWS}
VIDEO_SUFFIXES = frozenset(suffix for row in _ROWS for suffix in row.suffixes)


def video_format_of(head: bytes) -> VideoFormat | None:
    """The kind of a file that begins with these bytes (64 or more); None where it is none of ours."""
    return next((row for row in _ROWS if row.is_it(head)), None)
