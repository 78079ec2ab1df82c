"""A masked copy: covered where it is told, at the times of the original, and with nothing else in the file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from kenbaar.errors import NoSpace, VideoUnreadable
from kenbaar.faces import Box
from kenbaar.video import looking, render_video
from tests.video.clips import EVERY, all_frames, packets, plain, streams, with_square, write_clip

GREY = (64, 64, 64)


def pts_of(path: Path) -> list[int]:
    with looking(path, EVERY) as video:
        for _ in video.frames():
            pass
    return video.pts


def rendered(path: Path, *masks: tuple[int, int, Box], sound: bool = False, pts: list[int] | None = None) -> Path:
    out = path.with_name("out" + path.suffix)
    with out.open("w+b") as file:
        render_video(path, file.fileno(), masks, pts_of(path) if pts is None else pts, keep_sound=sound)
    return out


def is_grey(pixels: np.ndarray) -> bool:
    return bool(np.abs(pixels.astype(int) - GREY).max() <= 12)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.webm"])
def test_a_box_is_covered_in_these_frames_and_no_other(tmp_path: Path, name: str) -> None:
    path = write_clip(tmp_path / name, [with_square(60)] * 20)
    box = Box(48, 32, 96, 80)
    _, frames, end = all_frames(rendered(path, (5, 9, box)))
    assert end.frames == 20
    for frame in frames:
        inside = frame.pixels[36:76, 52:92]
        assert is_grey(inside) == (5 <= frame.n <= 9), frame.n


@pytest.mark.parametrize(("rotation", "hflip"), [(0, False), (90, False), (-90, False), (180, False), (90, True)])
def test_a_turned_video_is_covered_where_it_is_seen(tmp_path: Path, rotation: int, hflip: bool) -> None:
    path = write_clip(tmp_path / "r.mp4", [plain(160, 96)] * 4, rotation=rotation, hflip=hflip)
    info, _, _ = all_frames(path)
    box = Box(16, 32, 48, 80)
    shown, frames, _ = all_frames(rendered(path, (0, 3, box)))
    assert (shown.width, shown.height) == (info.width, info.height)
    covered = np.abs(frames[1].pixels.astype(int) - GREY).max(axis=2) <= 12
    expected = np.zeros(covered.shape, bool)
    expected[box.y_min : box.y_max, box.x_min : box.x_max] = True
    assert (covered == expected).mean() > 0.98 and covered[40:70, 20:44].all()


def test_a_frame_that_nobody_looked_at_is_covered_whole(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", [with_square(60)] * 10)
    pts = pts_of(path)
    _, frames, _ = all_frames(rendered(path, pts=[*pts[:4], pts[4] + 1, *pts[5:8]]))
    assert [is_grey(f.pixels) for f in frames] == [n in (4, 8, 9) for n in range(10)]


@pytest.mark.parametrize("rate", [Fraction(30_000, 1001), 24, 60])
def test_times_and_sound_are_those_of_the_original(tmp_path: Path, rate: Fraction | int) -> None:
    path = write_clip(tmp_path / "a.mp4", [with_square(n) for n in range(48)], rate=rate, sound_s=1.5)
    out = rendered(path, sound=True)
    assert sorted(t for t, _ in packets(out, "video")) == sorted(t for t, _ in packets(path, "video"))
    assert packets(out, "audio") == packets(path, "audio")


def test_a_variable_frame_rate_stays_one(tmp_path: Path) -> None:
    times = [0, 10, 11, 40, 100, 101, 300]
    path = write_clip(
        tmp_path / "v.mkv", [with_square(9 * n) for n in range(7)], times=times, tick=Fraction(1, 1000), rate=1000
    )
    _, frames, _ = all_frames(rendered(path))
    assert [round(1000 * f.at_s) for f in frames] == times


def test_sound_is_left_out_unless_it_is_asked_for(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", [plain()] * 10, sound_s=0.4)
    assert streams(path) == ["video", "audio"] and streams(rendered(path)) == ["video"]


def test_nothing_else_of_the_file_is_taken_along(tmp_path: Path) -> None:
    tags = {"title": "Ada Lovelace", "location": "+52.09+005.12/", "comment": "secret"}
    path = write_clip(tmp_path / "a.mp4", [plain()] * 5, tags=tags, cover=plain(64, 64, 200))
    out = rendered(path)
    assert streams(out) == ["video"]
    data = out.read_bytes()
    assert not any(value.encode() in data for value in tags.values())


def test_odd_sizes_are_written(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "odd.mp4", [plain(161, 121)] * 3, pix_fmt="yuv444p")
    info, frames, _ = all_frames(rendered(path, (0, 2, Box(0, 0, 161, 60))))
    assert (info.width, info.height) == (161, 121) and is_grey(frames[0].pixels[4:56, 4:150])


def test_a_copy_of_video_for_bright_screens_is_an_ordinary_one(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "hdr.mp4", [with_square(60)] * 5, codec="libx265", pix_fmt="yuv420p10le")
    before = all_frames(path)[1][2].pixels.astype(int)
    info, frames, _ = all_frames(rendered(path, (0, 4, Box(0, 0, 48, 48))))
    assert not info.hdr and is_grey(frames[2].pixels[4:44, 4:44])
    assert np.abs(frames[2].pixels[60:, 60:].astype(int) - before[60:, 60:]).mean() < 8, "the same colours"


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", [with_square(n) for n in range(10)])
    with Path("/dev/full").open("r+b", buffering=0) as full, pytest.raises((NoSpace, VideoUnreadable)):
        render_video(path, full.fileno(), [], pts_of(path), keep_sound=False)
