"""What is read of a video: upright frames at exact times, in a process of its own, and a sentence where it is unfit."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from kenbaar.errors import VideoUnreadable
from kenbaar.video import Pace, VideoLimits, looking, open_moment
from kenbaar.video._outside import digest_video
from tests.video.clips import all_frames, plain, with_square, write_clip


def clip(folder: Path, frames: int = 30, name: str = "a.mp4", **options: object) -> Path:
    return write_clip(folder / name, [with_square(2 * n) for n in range(frames)], **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.webm"])
def test_every_frame_of_each_format_is_read(tmp_path: Path, name: str) -> None:
    info, frames, end = all_frames(clip(tmp_path, name=name))
    assert (info.format.lower(), info.width, info.height) == (name[2:], 160, 120)
    assert [f.n for f in frames] == list(range(30)) and end.problems == ()
    square = frames[20].pixels[45:60, 42:60]
    assert square[..., 0].mean() > 200 and square[..., 1].mean() < 90


def test_times_of_ntsc_video_are_exact(tmp_path: Path) -> None:
    info, frames, _ = all_frames(clip(tmp_path, rate=Fraction(30_000, 1001)))
    assert [p * info.tick_s for f in frames for p in f.pts] == [n * Fraction(1001, 30_000) for n in range(30)]


def test_a_variable_frame_rate_keeps_its_times(tmp_path: Path) -> None:
    times = [0, 10, 11, 40, 100, 101, 300]
    path = write_clip(
        tmp_path / "vfr.mp4", [with_square(9 * n) for n in range(7)], times=times, tick=Fraction(1, 1000), rate=1000
    )
    info, frames, _ = all_frames(path)
    assert [round(1000 * f.at_s) for f in frames] == times and info.seconds(frames[-1].pts[-1]) == frames[-1].at_s


@pytest.mark.parametrize(("rotation", "hflip"), [(90, False), (-90, False), (180, False), (0, True), (90, True)])
def test_frames_are_upright_whatever_way_the_camera_was_held(tmp_path: Path, rotation: int, hflip: bool) -> None:
    corner = plain(160, 120)
    corner[:30, :40] = (250, 30, 30)  # top left, as it is coded
    info, frames, _ = all_frames(write_clip(tmp_path / "r.mp4", [corner] * 3, rotation=rotation, hflip=hflip))
    expected = np.rot90(corner, rotation // 90)
    expected = expected[:, ::-1] if hflip else expected  # FFmpeg mirrors last
    assert (info.height, info.width) == expected.shape[:2]
    assert np.abs(frames[0].pixels.astype(int) - expected).mean() < 8


def test_a_cut_begins_a_shot(tmp_path: Path) -> None:
    frames = [plain(shade=40)] * 12 + [plain(shade=180)] * 12
    _, seen, _ = all_frames(write_clip(tmp_path / "cut.mp4", frames))
    assert [f.n for f in seen if f.begins_shot] == [12]


def test_where_nothing_moves_fewer_frames_are_looked_at(tmp_path: Path) -> None:
    pace = Pace(every_s=0.2, moving_s=0.04, still_s=0.6)
    counts = []
    for name, step in (("still.mp4", 0), ("moving.mp4", 2)):
        path = write_clip(tmp_path / name, [with_square(10 + step * n) for n in range(50)])
        with looking(path, pace) as video:
            counts.append(sum(1 for _ in video.frames()))
            assert video.end is not None and video.end.frames == len(video.pts) == 50
    assert counts[0] <= 6 and counts[1] >= 2 * counts[0]


def test_one_moment_is_that_frame(tmp_path: Path) -> None:
    path = clip(tmp_path, 60, gop=12)
    photo = open_moment(path, 1.6, digest=digest_video(path))
    assert (photo.width, photo.height, photo.scale) == (160, 120, 1)
    assert photo.pixels[45:60, 82:100, 0].mean() > 200, "frame 40"


def test_one_moment_of_another_content_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VideoUnreadable, match="changed since"):
        open_moment(clip(tmp_path), 0.5, digest="sha256:0")


def test_cover_art_is_not_taken_for_the_video(tmp_path: Path) -> None:
    info, frames, _ = all_frames(clip(tmp_path, cover=plain(64, 64, 200)))
    assert (info.width, len(frames), info.other_streams) == (160, 30, 1)


def test_odd_sizes_and_alpha_are_read(tmp_path: Path) -> None:
    odd = write_clip(tmp_path / "odd.mp4", [plain(161, 121)] * 3, pix_fmt="yuv444p")
    assert all_frames(odd)[0].width == 161
    clear = write_clip(tmp_path / "clear.webm", [plain()] * 3, pix_fmt="yuva420p")
    assert all_frames(clear)[1][0].pixels.shape == (120, 160, 3)


def test_video_for_bright_screens_is_brought_to_ordinary_range_and_told(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "hdr.mp4", [with_square(40)] * 5, codec="libx265", pix_fmt="yuv420p10le")
    info, frames, _ = all_frames(path)
    assert info.hdr
    square, back = frames[2].pixels[45:60, 44:60].mean(axis=(0, 1)), frames[2].pixels[5:30].mean(axis=(0, 1))
    assert square[0] > 1.5 * square[1] and 20 < back.mean() < 200


# -- what is unfit -----------------------------------------------------------------------------------------------------


def refusal(path: Path, limits: VideoLimits = VideoLimits()) -> str:  # noqa: B008
    with pytest.raises(VideoUnreadable) as caught, looking(path, Pace(0.1, 0.1, 0.1), limits) as video:
        list(video.frames())
    assert str(path.parent) not in str(caught.value)
    return caught.value.what


def test_a_file_that_is_no_video_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    for content, why in (
        (b"", "is not a video"),
        (b"%PDF-1.7 and so on", "is not a video"),
        (b"\0\0\0\x18ftypisom" + bytes(4000), "is damaged"),
        (b"\x1aE\xdf\xa3" + bytes(100), "is damaged"),
        (os.urandom(5000), "is not a video"),
    ):
        path.write_bytes(content)
        assert why in refusal(path), content[:12]


def test_a_file_with_sound_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48_000, layout="mono")
        for at in range(0, 48_000, 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.rate, frame.pts = 48_000, at
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert "holds no moving picture" in refusal(path)


def test_a_playlist_or_a_script_dressed_as_video_opens_nothing_else(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("not yours")
    for content in (
        f"#EXTM3U\n#EXTINF:1,\nfile://{secret}\n",
        f"ffconcat version 1.0\nfile '{secret}'\n",
    ):
        path = tmp_path / "a.mp4"
        path.write_text(content)
        assert "is not a video" in refusal(path)


def test_frames_larger_than_the_limit_are_refused_before_they_are_converted(tmp_path: Path) -> None:
    assert "160 x 120 pixels" in refusal(clip(tmp_path), VideoLimits(max_pixels=10_000))
    assert "pixels" in refusal(clip(tmp_path), VideoLimits(max_side=100))


def test_a_file_larger_than_the_limit_is_refused_unread(tmp_path: Path) -> None:
    assert "has more than 0 GB" in refusal(clip(tmp_path), VideoLimits(max_bytes=1000))


def test_a_truncated_file_is_read_as_far_as_it_goes_and_says_so(tmp_path: Path) -> None:
    path = clip(tmp_path, 200, name="t.mkv")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    _, frames, end = all_frames(path)
    assert 10 < len(frames) < 190
    assert any("promised" in problem or "damaged" in problem or "decode" in problem for problem in end.problems)


def test_a_damaged_middle_is_noticed(tmp_path: Path) -> None:
    path = clip(tmp_path, 120, name="d.mp4")
    data = bytearray(path.read_bytes())
    at = data.find(b"mdat") + 2000
    for n in range(at, at + 1500, 3):
        data[n] ^= 0x5A
    path.write_bytes(data)
    _, _, end = all_frames(path)
    assert end.problems


def test_one_frame_is_a_video(tmp_path: Path) -> None:
    _, frames, end = all_frames(clip(tmp_path, 1))
    assert len(frames) == 1 and end.problems == ()


def test_a_link_out_of_the_folder_leads_nowhere(tmp_path: Path) -> None:
    from kenbaar.errors import PhotoUnreadable
    from kenbaar.media import FileBelow

    (tmp_path / "in").mkdir()
    clip(tmp_path)
    (tmp_path / "in" / "b.mp4").symlink_to(tmp_path / "a.mp4")
    with pytest.raises(PhotoUnreadable, match="leads out"), looking(FileBelow(tmp_path / "in", "b.mp4")):
        pass


def test_the_decoder_ends_with_whoever_asked(tmp_path: Path) -> None:
    with looking(clip(tmp_path, 100), Pace(0.04, 0.04, 0.04)) as video:
        next(iter(video.frames()))
        pid = video._child._process.pid
        assert Path(f"/proc/{pid}").exists()
    assert not Path(f"/proc/{pid}").exists()


def test_the_decoder_can_open_no_other_file(tmp_path: Path) -> None:
    with looking(clip(tmp_path, 100), Pace(0.04, 0.04, 0.04)) as video:
        next(iter(video.frames()))
        limits = Path(f"/proc/{video._child._process.pid}/limits").read_text()
    (line,) = [row for row in limits.splitlines() if row.startswith("Max open files")]
    assert line.split()[3:5] == ["0", "0"]
    (line,) = [row for row in limits.splitlines() if row.startswith("Max file size")]
    assert line.split()[3:5] == ["0", "0"]
