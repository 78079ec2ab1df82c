"""Videos end to end: who agreed is found, and when; in what is published everybody else is covered, in every frame."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.e2e.club import FACES, SIDE, Club
from tests.modelpack.tiny_pack import blank_photo, draw_face
from tests.video.clips import all_frames, streams, write_clip

RATE = 12


def film(club: Club, path: str, *shots: tuple[Sequence[str], float], sound_s: float = 0.0, rate: int = RATE) -> Path:
    """A clip of shots: who is in it, in a row, for how many seconds. Everybody moves a little."""
    frames: list[NDArray[np.uint8]] = []
    for number, (names, seconds) in enumerate(shots):
        back = blank_photo(480, 320, seed=10 + number) // (1 + number % 2)
        for n in range(round(seconds * rate)):
            frame = back.copy()
            for place, name in enumerate(names):
                draw_face(frame, 40 + 200 * place + n // 2, 96 + n // 3, FACES[name], SIDE)
            frames.append(frame)
    file = club.photos / path
    file.parent.mkdir(parents=True, exist_ok=True)
    return write_clip(file, frames, rate=rate, sound_s=sound_s)


def shown(file: Path, place: int, *, first: int = 0, rate: int = RATE) -> list[bool]:
    """Of each frame, whether the face at that place shows: its magenta frame does, and a mask is grey."""
    _, frames, _ = all_frames(file)
    seen = []
    for frame in frames[first:]:
        n = frame.n - first
        x, y = 40 + 200 * place + n // 2, 96 + n // 3
        edge = frame.pixels[y + 40 : y + 56, x + 1 : x + 7].astype(int).reshape(-1, 3).mean(axis=0)
        seen.append(bool(edge[0] - edge[1] > 60))
    return seen


@pytest.fixture
def clips(club: Club) -> Club:
    """The club with one clip: Ada and a stranger for two seconds, then Bob alone for one."""
    film(club, "clip.mp4", (("Ada", "Stranger"), 2.0), (("Bob",), 1.0))
    club.collect()
    return club


def test_who_agreed_is_found_with_the_time(clips: Club) -> None:
    report = clips.sweep()
    assert (report["photos"], report["videos"], report["faces"], report["appearances"]) == (0, 1, 3, 2)
    assert report["unknown"] == 1 and report["unreadable"] == []
    (ada,) = clips.kenbaar("find", clips.ids["Ada"])["appearances"]
    assert ada["path"].endswith("clip.mp4") and ada["band"] == "strong"
    assert ada["start_s"] == 0 and 1.7 < ada["end_s"] <= 2.2
    (bob,) = clips.kenbaar("find", clips.ids["Bob"])["appearances"]
    assert bob["start_s"] == pytest.approx(2.0, abs=0.05) and 2.7 < bob["end_s"] <= 3.2


def test_a_second_sweep_has_nothing_to_do(clips: Club) -> None:
    clips.sweep()
    assert clips.sweep()["looked"] == 0


def test_everybody_else_is_covered_in_every_frame(clips: Club) -> None:
    clips.sweep()
    report = clips.publish()
    assert (report["published"], report["visible"], report["held"]) == (1, 1, [])
    copy = clips.out / "clip.mp4"
    assert all(shown(copy, 0)[: 2 * RATE]), "Ada agreed to be seen on the web"
    assert not any(shown(copy, 1)[: 2 * RATE]), "the stranger did not"
    assert not any(shown(copy, 0, first=2 * RATE)), "and Bob agreed to find alone"
    _, frames, _ = all_frames(copy)
    assert len(frames) == 3 * RATE
    manifest = json.loads((clips.out / "manifest.json").read_text())
    assert "clip.mp4" in json.dumps(manifest)


def test_after_a_withdrawal_the_copy_must_come_down_and_is_made_again_without_them(clips: Club) -> None:
    clips.sweep()
    clips.publish()
    gone = clips.kenbaar("withdraw", clips.ids["Ada"])
    assert [Path(c["path"] if isinstance(c, dict) else c).name for c in gone["copies"]] == ["clip.mp4"]
    report = clips.publish()
    assert (report["published"], report["visible"], report["replaced"]) == (1, 0, 1)
    assert not any(shown(clips.out / "clip.mp4", 0)[: 2 * RATE])


def test_a_copy_that_needs_no_change_is_left_as_it_is(clips: Club) -> None:
    clips.sweep()
    clips.publish()
    before = (clips.out / "clip.mp4").stat().st_mtime_ns
    assert clips.publish()["unchanged"] == 1
    assert (clips.out / "clip.mp4").stat().st_mtime_ns == before


def test_where_the_mode_is_off_everybody_is_covered_and_nobody_compared(club: Club) -> None:
    film(club, "clip.mp4", (("Ada", "Stranger"), 1.5))
    club.collect("off")
    report = club.sweep()
    assert (report["faces"], report["appearances"], report["unknown"]) == (2, 0, 0)
    assert club.publish()["visible"] == 0
    assert not any(shown(club.out / "clip.mp4", 0)) and not any(shown(club.out / "clip.mp4", 1))


def test_two_who_change_places_behind_a_cut_are_not_taken_for_each_other(club: Club) -> None:
    film(club, "clip.mp4", (("Ada", "Stranger"), 1.5), (("Stranger", "Ada"), 1.5))
    club.collect()
    club.sweep()
    assert club.publish()["visible"] == 2
    copy = club.out / "clip.mp4"
    first, second = shown(copy, 0), shown(copy, 1)
    half = round(1.5 * RATE)
    assert all(first[:half]) and not any(second[:half])
    assert not any(shown(copy, 0, first=half)) and all(shown(copy, 1, first=half)[1:])


def test_sound_is_muted_kept_or_refused(club: Club) -> None:
    film(club, "clip.mp4", (("Ada",), 1.0), sound_s=1.0)
    club.collect()
    club.sweep()
    club.publish()
    assert streams(club.out / "clip.mp4") == ["video"]
    club.publish("--sound", "keep")
    assert streams(club.out / "clip.mp4") == ["video", "audio"]
    held = club.publish("--sound", "refuse", code=5)["held"]
    assert "sound" in held[0]["why"] and not (club.out / "clip.mp4").exists()


def test_a_video_that_decodes_in_part_is_looked_at_so_far_and_held(club: Club) -> None:
    file = film(club, "clip.mkv", (("Ada",), 6.0))
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) * 8 // 10])
    club.collect()
    report = club.sweep()
    assert report["videos"] == 1 and "as far as it decodes" in report["unreadable"][0]["why"]
    held = club.publish(code=5)["held"]
    assert "not all of it could be looked at" in held[0]["why"] and list(club.out.glob("*.mkv")) == []


def test_a_file_that_is_no_video_is_unreadable_and_held(club: Club) -> None:
    club.photo("ada.jpg", "Ada")
    (club.photos / "clip.mp4").write_bytes(b"not a video at all" * 50)
    club.collect()
    report = club.sweep()
    assert (report["photos"], report["videos"]) == (1, 0) and "not a video" in report["unreadable"][0]["why"]
    assert club.publish(code=5)["published"] == 1


def test_a_video_that_changed_since_it_was_swept_is_held(clips: Club) -> None:
    clips.sweep()
    film(clips, "clip.mp4", (("Stranger", "Ada"), 2.0))
    held = clips.publish(code=5)["held"]
    assert "changed since it was swept" in held[0]["why"]


def test_not_me_of_a_video_is_final(clips: Club) -> None:
    clips.sweep()
    (ada,) = clips.kenbaar("find", clips.ids["Ada"])["appearances"]
    clips.kenbaar("reject", clips.ids["Ada"], ada["item"])
    assert clips.found("Ada") == []
    clips.sweep()
    assert clips.found("Ada") == [] and clips.publish()["visible"] == 0


def test_an_edited_path_shows_nobody(clips: Club) -> None:
    """An operator moves Ada's track to where the stranger is: the seal no longer holds, and nobody is shown."""
    import sqlite3

    clips.sweep()
    with sqlite3.connect(clips.home / "archive.db") as db:
        rows = db.execute("SELECT n, steps, path_digest FROM tracks ORDER BY n").fetchall()
        (ada_n,) = db.execute("SELECT n FROM appearances WHERE subject = ?", (clips.ids["Ada"],)).fetchone()
        stranger = next(row for row in rows if row[0] != ada_n)
        db.execute("UPDATE tracks SET steps = ?, path_digest = ? WHERE n = ?", (stranger[1], stranger[2], ada_n))
    db.close()
    assert clips.publish()["visible"] == 0
    found = clips.kenbaar.answer("check")
    assert found.code == 6
    with sqlite3.connect(clips.home / "archive.db") as db:
        for n, steps, digest in rows:
            db.execute("UPDATE tracks SET steps = ?, path_digest = ? WHERE n = ?", (steps, digest, n))
    db.close()


def test_a_sheet_and_an_export_show_the_moment_with_everybody_else_covered(clips: Club, tmp_path: Path) -> None:
    clips.sweep()
    sheet = tmp_path / "sheet.html"
    clips.kenbaar("find", clips.ids["Ada"], "--sheet", sheet)
    assert "data:image/jpeg" in sheet.read_text()
    out = tmp_path / "ada.zip"
    clips.kenbaar("export", clips.ids["Ada"], out)
    assert out.exists()


def test_a_kill_while_a_copy_is_made_leaves_no_file_with_its_name(clips: Club) -> None:
    """What a killed publication left beside the copies goes with the next one."""
    clips.sweep()
    clips.out.mkdir()
    part = clips.out / ".kenbaar-0123456789abcdef.part"
    part.write_bytes(b"half a video")
    assert clips.publish()["published"] == 1
    assert sorted(p.name for p in clips.out.iterdir()) == ["clip.mp4", "manifest.json"]
