"""What people, cameras and networks hand in: a sentence, the right exit code, nothing lost, nobody exposed."""

from __future__ import annotations

import io
import os
import shutil
import struct
import threading
import time
import zipfile
import zlib
from pathlib import Path

import pytest
from PIL import Image

from kenbaar.media._raw import AT_HAND as RAW_AT_HAND
from tests.e2e.club import Club, draw_people, new_club
from tests.e2e.driver import Kenbaar
from tests.e2e.mortal import as_a_mere_mortal

HEIC = Path(__file__).parents[1] / "media" / "data" / "quarters.heic"


def png_bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes whose header promises that many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(10_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def bad_files(club: Club) -> dict[str, bytes]:
    """Files that are no photos, by name, and a polyglot that is one and something else as well."""
    good = club.portrait("Eva").read_bytes()
    whole = io.BytesIO()
    Image.open(io.BytesIO(good)).save(whole, "JPEG")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as z:
        z.writestr("x.txt", "hello")
    return {
        "empty.jpg": b"",
        "one-byte.jpg": b"\xff",
        "truncated.jpg": whole.getvalue()[: len(whole.getvalue()) // 3],
        "truncated.png": good[: len(good) // 2],
        "text.jpg": b"this is not a photo\n" * 100,
        "page.png": b"<html><script>alert(1)</script></html>",
        "vector.webp": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "bomb.png": png_bomb(60_000, 60_000),
        "zip.tif": archive.getvalue(),
        "zeros.heic": bytes(5000),
    }


def test_bad_files_are_counted_with_a_reason_and_the_sweep_goes_on(club: Club) -> None:
    club.photo("good.jpg", "Ada")
    bad = bad_files(club)
    for name, data in bad.items():
        (club.photos / name).write_bytes(data)
    club.collect()
    report = club.sweep()
    assert report["photos"] == 1 and report["appearances"] == 1
    assert sorted(u["path"] for u in report["unreadable"]) == sorted(bad)
    assert all(u["why"].endswith(".") and "Traceback" not in u["why"] for u in report["unreadable"])
    published = club.publish(code=5)
    assert sorted(h["path"] for h in published["held"]) == sorted(bad)
    assert all(h["why"].startswith("the sweep could not read it. This photo ") for h in published["held"])
    assert published["published"] == 1 and sorted(p.name for p in club.out.iterdir()) == ["good.jpg", "manifest.json"]


def test_a_photo_that_became_unreadable_is_held_and_its_older_copy_taken_away(party: Club) -> None:
    party.publish()
    assert (party.out / "ada.jpg").exists()
    (party.photos / "ada.jpg").write_bytes(b"this is not a photo")
    party.sweep()
    held = party.publish(code=5)["held"]
    assert [h["path"] for h in held] == ["ada.jpg"] and not (party.out / "ada.jpg").exists()


def test_files_that_are_not_opened_are_counted_by_kind_with_a_line_each(club: Club) -> None:
    club.photo("good.jpg", "Ada")
    for n in range(30):
        (club.photos / f"IMG_{n}.{'X3F' if n % 3 else 'pef'}").write_bytes(b"II*\0")
    for name in ("clip.avi", "IMG_0001", ".DS_Store", "notes.pdf", "what.isthat"):
        (club.photos / name).write_bytes(b"?")
    club.collect()
    answer = club.kenbaar.answer("sweep", "party", "--workers", 1)
    assert answer.code == 0 and answer.data["photos"] == 1 and answer.data["unreadable"] == []
    counted = {row["kind"]: (row["files"], row["endings"]) for row in answer.data["passed_over"]}
    assert counted == {
        "raw": (30, ["PEF", "X3F"]), "video": (1, ["AVI"]), "document": (1, ["PDF"]), "no_ending": (1, []),
        "other": (1, ["ISTHAT"]), "hidden": (1, []),
    }  # fmt: skip
    assert "Passed over: 30 RAW files (PEF, X3F). Install kenbaar[raw]" in answer.words
    assert answer.words.count("Passed over: ") == 6
    assert club.sweep()["passed_over"] == answer.data["passed_over"], "the second sweep says the same"


def test_what_could_not_be_read_shows_in_the_exit_code_and_the_last_line(club: Club) -> None:
    club.photo("good.jpg", "Ada")
    (club.photos / "bad.jpg").write_bytes(b"this is not a photo")
    club.collect()
    swept = club.kenbaar.answer("sweep", "party", "--workers", 1)
    assert swept.code == 5 and "1 file or folder could not be read" in swept.words.splitlines()[-1]
    published = club.kenbaar.answer("publish", "party", club.out, "--channel", "web")
    assert published.code == 5 and "1 photo has no copy" in published.words.splitlines()[-1]


def test_nobody_is_enrolled_with_a_bad_file(club: Club) -> None:
    token = club.invite("Eva", "find")
    for name, data in bad_files(club).items():
        file = club.folder / name
        file.write_bytes(data)
        club.kenbaar.refused("enrol", token, file, code=4)
    club.kenbaar.refused("enrol", token, club.folder / "not there.jpg", code=4)
    club.kenbaar.refused("enrol", token, club.folder, code=4)
    club.kenbaar.refused("enrol", token, club.folder / ("x" * 300), code=4)
    club.kenbaar.refused("enrol", token, "/dev/zero", code=4)
    assert [s["state"] for s in club.kenbaar("subjects")["subjects"]].count("invited") == 1
    club.kenbaar("enrol", token, club.portrait("Eva"))


def test_a_mislabelled_photo_is_read_for_what_it_is(club: Club) -> None:
    draw_people(club.photo("x.png", "Ada"), "Ada")
    (club.photos / "x.png").rename(club.photos / "really-a-png.jpg")
    club.collect()
    club.sweep()
    assert club.found("Ada") == ["really-a-png.jpg"]


def test_of_a_polyglot_only_the_picture_is_published(club: Club) -> None:
    file = club.photo("poly.jpg", "Ada", "Stranger")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as z:
        z.writestr("secret.txt", "the stranger's address")
    file.write_bytes(file.read_bytes() + archive.getvalue() + file.read_bytes())
    club.collect()
    club.sweep()
    answer = club.kenbaar.answer("publish", "party", club.out, "--channel", "web")
    assert answer.code in (0, 5)
    if answer.data["published"]:
        data = (club.out / "poly.jpg").read_bytes()
        assert b"secret.txt" not in data and data.count(b"\xff\xd8\xff") == 1
        assert club.sees("poly.jpg", 0) and not club.sees("poly.jpg", 1)


NAMES = [
    "line\nbreak.jpg",
    "quote\"s and 'apostrophes' `and` $(more).jpg",
    "emoji 🎉 and 𝒻𝑜𝓊𝓇.jpg",
    "-starts-with-a-dash.jpg",
    "back\\slash \\x41 \\u{41}.jpg",
    "<img src=x onerror=alert(1)>.jpg",
    "tab\tand\rreturn.jpg",
    "%s {0} %00.jpg",
    "é" * 125 + ".jpg",  # 254 bytes
    "x" * 251 + ".jpg",
    "\u202efdp.gpj.jpg",
    "a..jpg.jpg",
    os.fsdecode(b"not-\xff-utf8-\xfe.jpg"),
]


def test_names_of_every_kind_are_swept_found_published_and_listed(club: Club, tmp_path: Path) -> None:
    inner = club.photos / "fold\ner 🎉 'x'"
    inner.mkdir(parents=True)
    picture = club.folder / "picture.jpg"
    draw_people(picture, "Ada", "Stranger")
    for n, name in enumerate(NAMES):
        target = (club.photos if n % 2 else inner) / name
        shutil.copy(picture, target)
    (club.photos / ".hidden.jpg").write_bytes(picture.read_bytes())
    club.collect()
    report = club.sweep()
    assert (report["photos"], report["unreadable"]) == (len(NAMES), [])
    assert len(club.kenbaar("find", club.ids["Ada"])["appearances"]) == len(NAMES)
    assert len(club.items()) == len(NAMES)
    sheet = club.folder / "sheet.html"
    club.kenbaar("find", club.ids["Ada"], "--sheet", sheet)
    assert "<img src=x" not in sheet.read_text("utf-8")
    published = club.publish()
    assert published["published"] == len(NAMES)
    again = club.publish()
    assert (again["written"], again["unchanged"]) == (0, len(NAMES))
    club.kenbaar("withdraw", club.ids["Ada"])
    assert club.publish()["replaced"] == len(NAMES)


def test_the_installed_command_takes_and_prints_such_names(club: Club) -> None:
    shutil.copy(club.portrait("Eva"), club.folder / NAMES[0])
    name = os.fsdecode(b"not-\xff-utf8.png")
    shutil.copy(club.portrait("Dov"), club.folder / name)
    k = Kenbaar(club.home, club.kenbaar.pack, club.kenbaar.cache, in_a_process=True)
    k("enrol", club.invite("Eva", "find"), club.folder / NAMES[0])
    k("enrol", club.invite("Dov", "find"), club.folder / name)
    club.photos.mkdir()
    k.refused("collection", "add", os.fsdecode(b"bad-\xff"), club.photos, code=2)
    k.refused("find", os.fsdecode(b"\xff"), code=2)
    k.in_a_process = False
    k.refused("collection", "add", "x\ny", club.photos, code=2)
    k.refused("collection", "add", "x", club.folder / os.fsdecode(b"\xff"), code=2)
    k.refused("collection", "add", "x", club.folder / ("y" * 300), code=4)
    odd = "🎉 party of 'Jan' & \"Piet\" %s"
    k("collection", "add", odd, club.photos)
    assert k("sweep", odd)["photos"] == 0
    assert k("publish", odd, club.out, "--channel", "web")["published"] == 0


def test_a_loop_of_links_ends_and_links_to_nowhere_are_told(club: Club) -> None:
    club.photo("album/ada.jpg", "Ada")
    (club.photos / "album" / "back").symlink_to(club.photos)
    (club.photos / "self").symlink_to(club.photos / "self")
    (club.photos / "loop.jpg").symlink_to(club.photos / "loop.jpg")
    (club.photos / "nowhere.jpg").symlink_to("/does/not/exist.jpg")
    (club.photos / "linked.jpg").symlink_to(club.photos / "album" / "ada.jpg")
    club.collect()
    report = club.sweep()
    assert [u["path"] for u in report["unreadable"]] == ["loop.jpg"]
    assert report["links"] == 1  # nowhere.jpg, which would lead out of the folder
    assert club.found("Ada") == ["album/ada.jpg", "linked.jpg"]


def test_a_pipe_or_a_device_among_the_photos_does_not_stop_a_sweep(club: Club) -> None:
    club.photo("ada.jpg", "Ada")
    os.mkfifo(club.photos / "pipe.jpg")
    (club.photos / "zero.jpg").symlink_to("/dev/zero")
    (club.photos / "folder.jpg").mkdir()
    club.collect()
    report = club.sweep()
    assert (report["appearances"], report["links"]) == (1, 1)
    assert [u["path"] for u in report["unreadable"]] == ["pipe.jpg"]
    club.kenbaar("collection", "set", "party", "--mode", "transient", "--reason", "a test", "--follow-links")
    report = club.sweep()
    assert (report["appearances"], report["links"]) == (1, 0)
    assert sorted(u["path"] for u in report["unreadable"]) == ["pipe.jpg", "zero.jpg"]


def test_the_same_photo_twice_is_two_items_and_no_double_anywhere(club: Club) -> None:
    first = club.photo("a.jpg", "Ada")
    shutil.copy(first, club.photos / "b.jpg")
    os.link(first, club.photos / "c.jpg")
    club.collect()
    for _ in range(2):
        assert club.sweep()["appearances"] == 3
    assert club.found("Ada") == ["a.jpg", "b.jpg", "c.jpg"]
    assert club.publish()["visible"] == 3


def test_moved_and_renamed_photos_are_recognised_and_keep_what_was_said_of_them(club: Club) -> None:
    club.photo("a.jpg", "Ada")
    club.photo("b.jpg", "Bob")
    club.collect("off")
    club.sweep()
    items = club.items()
    club.kenbaar("claim", club.ids["Ada"], items["a.jpg"]["item"], "--box", 0)
    (club.photos / "sub").mkdir()
    (club.photos / "a.jpg").rename(club.photos / "sub" / "z.jpg")
    report = club.sweep()
    assert (report["moved"], report["missing"], report["photos"]) == (1, 0, 2)
    assert club.found("Ada") == ["sub/z.jpg"]
    assert club.items()["sub/z.jpg"]["item"] == items["a.jpg"]["item"]


def test_deleted_photos_are_noticed_and_come_back_when_they_do(party: Club) -> None:
    file = party.photos / "ada.jpg"
    aside = party.folder / "aside.jpg"
    file.rename(aside)
    report = party.sweep()
    assert (report["missing"], report["photos"]) == (1, 3)
    assert party.found("Ada") == ["both.jpg"]
    aside.rename(file)
    party.sweep()
    assert party.found("Ada") == ["ada.jpg", "both.jpg"]


def test_a_photo_replaced_by_another_is_looked_at_anew(party: Club) -> None:
    party.photo("ada.jpg", "Stranger", "Bob")
    party.sweep()
    assert party.found("Ada") == ["both.jpg"] and party.found("Bob") == ["ada.jpg", "both.jpg"]


def test_a_source_folder_that_is_gone_marks_nothing_missing(party: Club) -> None:
    party.publish()
    party.photos.rename(party.folder / "unmounted")
    assert "not there" in party.kenbaar.refused("sweep", "party", code=4)
    assert all(i["state"] == "present" for i in party.items().values())
    assert len(party.found("Ada")) == 2
    assert party.publish()["unchanged"] == 4  # nobody's consent changed, so the copies are what they should be
    party.kenbaar("withdraw", party.ids["Ada"])
    answer = party.publish(code=5)
    assert [h["path"] for h in answer["held"]] == ["ada.jpg", "both.jpg"] and answer["removed"] == 2
    assert not (party.out / "ada.jpg").exists()
    (party.folder / "unmounted").rename(party.photos)
    assert party.sweep()["photos"] == 4
    assert party.publish()["published"] == 4


def test_an_empty_source_folder_is_a_collection_of_nothing(club: Club) -> None:
    club.collect()
    assert club.sweep()["photos"] == 0
    assert club.publish()["published"] == 0
    assert club.kenbaar("receipt", "verify", club.out / "manifest.json")["payload"]["files"] == []


def test_an_unreadable_folder_hides_nothing_and_loses_nothing(party: Club) -> None:
    party.photo("closed/in.jpg", "Ada")
    party.photo("closed/file.jpg", "Ada")
    party.sweep()
    assert len(party.found("Ada")) == 4
    closed = party.photos / "closed"
    party.kenbaar.in_a_process, party.kenbaar.preexec = True, as_a_mere_mortal
    closed.chmod(0)
    try:
        report = party.kenbaar("sweep", "party", "--workers", 1, code=5)
        assert [u["path"] for u in report["unreadable"]] == ["closed"]
        assert report["missing"] == 0
    finally:
        closed.chmod(0o755)
    (closed / "file.jpg").chmod(0)
    party.photo("new.jpg", "Ada")
    report = party.kenbaar("sweep", "party", "--workers", 1)
    party.kenbaar.in_a_process, party.kenbaar.preexec = False, None
    assert "new.jpg" in party.found("Ada")
    (closed / "file.jpg").chmod(0o644)
    party.sweep()
    assert party.found("Ada") == ["ada.jpg", "both.jpg", "closed/file.jpg", "closed/in.jpg", "new.jpg"]


def test_a_source_that_may_not_be_opened_is_refused(club: Club) -> None:
    outer = club.folder / "outer"
    (outer / "inner").mkdir(parents=True)
    k = Kenbaar(club.home, club.kenbaar.pack, club.kenbaar.cache, True, preexec=as_a_mere_mortal)
    k("collection", "add", "kept", outer / "inner")
    outer.chmod(0)
    try:
        k.refused("collection", "add", "x", outer / "inner", code=4)
        k.refused("sweep", "kept", code=4)
        k.refused("enrol", club.invite("Dov", "find"), outer / "inner" / "x.jpg", code=4)
        k.refused("publish", "kept", outer / "out", "--channel", "web", code=4)
    finally:
        outer.chmod(0o755)


def test_a_home_that_may_not_be_written_is_refused_and_whole_afterwards(party: Club) -> None:
    k = Kenbaar(party.home, party.kenbaar.pack, party.kenbaar.cache, True, preexec=as_a_mere_mortal)
    files = [party.home, *party.home.rglob("*")]
    modes = {f: f.stat().st_mode for f in files}
    for file in files:
        file.chmod(0o500 if file.is_dir() else 0o400)
    try:
        for call in (
            ("subjects",),
            ("find", party.ids["Ada"]),
            ("sweep", "party"),
            ("withdraw", party.ids["Ada"]),
            ("keys", "rotate"),
        ):
            answer = k.answer(*call)
            assert answer.code in (0, 4, 6) and answer.code != 1, (call, answer)
            assert call == ("subjects",) or answer.code == 4, (call, answer)
    finally:
        for file, mode in modes.items():
            file.chmod(mode)
    assert party.found("Ada") == ["ada.jpg", "both.jpg"]


def test_a_home_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    for home in (tmp_path / "file", tmp_path / "file" / "below", tmp_path / ("x" * 300), closed / "home"):
        needs_a_mortal = home.parent == closed
        k = Kenbaar(home, None, tmp_path / "cache", needs_a_mortal, preexec=as_a_mere_mortal)
        k.refused("init", code=4)
        k.refused("subjects", code=4)


@pytest.mark.parametrize(
    "text",
    [
        b"max_megapixels = ",
        b"\xff\xfe",
        b"max_megapixel = 40",
        b"max_megapixels = -1",
        b"max_megapixels = 'many'",
        b"max_megapixels = true",
        b"[table]\nx = 1",
        b"archive_url = 3",
    ],
)
def test_broken_settings_are_neither_ignored_nor_overwritten(party: Club, text: bytes) -> None:
    file = party.home / "settings.toml"
    file.write_bytes(text)
    for call in (("subjects",), ("sweep", "party"), ("settings",), ("init",)):
        party.kenbaar.refused(*call, code=4)
    assert file.read_bytes() == text
    file.unlink()


def test_settings_from_the_file_are_used_and_the_environment_wins(party: Club) -> None:
    (party.home / "settings.toml").write_text("max_megapixels = 0\ninvitation_days = 3\n")
    party.photo("new.jpg", "Ada")
    assert [u["path"] for u in party.sweep()["unreadable"]] == ["new.jpg"]
    shown = {s["name"]: s["value"] for s in party.kenbaar("settings")["settings"]}
    assert shown["invitation_days"] == 3
    (party.home / "settings.toml").unlink()
    party.sweep()
    assert "new.jpg" in party.found("Ada")


def test_photos_that_vanish_and_change_during_a_sweep_end_nowhere_half_known(club: Club) -> None:
    names = [f"{n:02}.jpg" for n in range(40)]
    for n, name in enumerate(names):
        club.photo(name, "Ada" if n % 2 else "Bob", "Stranger")
    club.collect()
    stop = threading.Event()
    other = club.folder / "other.jpg"
    draw_people(other, "Cas")

    def disturb() -> None:
        n = 0
        while not stop.is_set():
            file = club.photos / names[n % len(names)]
            if n % 3 == 0:
                file.unlink(missing_ok=True)
            elif n % 3 == 1:
                shutil.copy(other, file)
            else:
                with file.open("r+b") if file.exists() else file.open("wb") as half:
                    half.truncate(900)
            n += 7
            time.sleep(0.01)

    disturber = threading.Thread(target=disturb)
    disturber.start()
    try:
        report = club.sweep()
    finally:
        stop.set()
        disturber.join()
    assert report["photos"] + len(report["unreadable"]) <= len(names)
    for n, name in enumerate(names):
        club.photo(name, "Ada" if n % 2 else "Bob", "Stranger")
        os.utime(club.photos / name, (1_800_000_000 + n, 1_800_000_000 + n))
    report = club.sweep()
    assert (report["photos"], report["appearances"], report["unreadable"]) == (40, 40, [])
    assert club.found("Ada") == names[1::2] and club.found("Bob") == names[::2]
    assert club.found("Bob") == names[::2]
    published = club.publish()
    assert (published["published"], published["visible"]) == (40, 20)


def test_a_photo_changed_after_the_sweep_is_held_and_its_older_copy_goes(party: Club) -> None:
    party.publish()
    party.photo("ada.jpg", "Stranger")
    assert party.publish()["unchanged"] == 4  # the copy shows what was swept, and nothing in it is wrong
    party.kenbaar("withdraw", party.ids["Ada"], "--purpose", "show:web")
    answer = party.publish(code=5)
    assert [h["path"] for h in answer["held"]] == ["ada.jpg"] and answer["removed"] == 1
    assert not (party.out / "ada.jpg").exists()
    party.sweep()
    assert party.publish()["published"] == 4 and not party.sees("ada.jpg", 0)


def test_a_copy_whose_original_is_gone_goes_when_somebody_in_it_says_not_me(party: Club) -> None:
    party.publish()
    item = party.items()["ada.jpg"]["item"]
    shutil.copy(party.photos / "ada.jpg", party.photos / "twin.jpg")
    (party.photos / "cas.jpg").unlink()
    party.sweep()
    assert party.publish()["published"] == 5  # the copy of a deleted original stays while nothing in it is wrong
    party.kenbaar("reject", party.ids["Ada"], item)
    (party.photos / "ada.jpg").unlink()
    party.sweep()
    party.publish()
    assert not (party.out / "ada.jpg").exists() and party.sees("cas.jpg", 0) and not party.sees("twin.jpg", 0)


def test_a_copy_somebody_changed_or_deleted_is_made_anew(party: Club) -> None:
    party.publish()
    (party.out / "ada.jpg").write_bytes((party.photos / "cas.jpg").read_bytes())
    (party.out / "both.jpg").unlink()
    assert party.publish()["written"] == 2
    assert party.sees("ada.jpg", 0) and not party.sees("both.jpg", 1)


def test_a_file_of_the_users_own_is_not_overwritten_by_a_copy(party: Club) -> None:
    party.out.mkdir()
    own = (party.photos / "nobody.jpg").read_bytes() + b"mine"
    (party.out / "ada.jpg").write_bytes(own)
    answer = party.publish(code=5)
    assert [h["path"] for h in answer["held"]] == ["ada.jpg"]
    assert (party.out / "ada.jpg").read_bytes() == own


def test_copies_of_another_collection_in_the_same_folder_are_kept(party: Club) -> None:
    party.publish()
    second = party.folder / "second"
    second.mkdir()
    draw_people(second / "ada.jpg", "Stranger")
    draw_people(second / "own.jpg", "Stranger")
    party.kenbaar("collection", "add", "second", second)
    party.kenbaar("sweep", "second")
    answer = party.kenbaar("publish", "second", party.out, "--channel", "web", code=5)
    assert [h["path"] for h in answer["held"]] == ["ada.jpg"]
    assert party.sees("ada.jpg", 0)
    files = party.kenbaar("receipt", "verify", party.out / "manifest.json")["payload"]["files"]
    assert {f["file"] for f in files} == {"ada.jpg", "both.jpg", "cas.jpg", "nobody.jpg", "own.jpg"}
    withdrawn = party.kenbaar("withdraw", party.ids["Ada"])
    assert len(withdrawn["copies"]) == 2


def test_two_archives_do_not_know_each_others_people(party: Club, tmp_path: Path) -> None:
    other = new_club(tmp_path / "other", Path(str(party.kenbaar.pack)))
    other.kenbaar.refused("find", party.ids["Ada"], code=4)


@pytest.mark.skipif(RAW_AT_HAND, reason="RAW files are opened where the extra `raw` is installed")
def test_a_folder_with_a_file_of_every_kind_is_accounted_for_to_the_last(club: Club) -> None:
    for name in ("a.jpg", "b.png", "c.webp", "d.tif", "e.avif", "f.jp2", "g.gif", "h.bmp"):
        club.photo("one.png", "Ada")
        with Image.open(club.photos / "one.png") as picture:
            picture.save(club.photos / name)
    (club.photos / "one.png").unlink()
    shutil.copy(HEIC, club.photos / "i.heic")
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")]
    for name in ("moves.gif", "moves.webp", "moves.avif"):
        frames[0].save(club.photos / name, save_all=True, append_images=frames[1:])
    others = [
        "x.cr2",
        "x.cr3",
        "x.nef",
        "x.arw",
        "x.dng",
        "x.jxl",
        "x.ppm",
        "x.tga",
        "x.ico",
        "x.pdf",
        "x.svg",
        "x.heics",
    ]
    for name in (*others, "x.avi", "x.mp4", "x"):
        (club.photos / name).write_bytes(b"something")
    club.collect()
    swept = club.sweep()
    assert swept["photos"] == 9 and swept["appearances"] >= 6  # a GIF has few colours, a HEIC of four colours nobody
    assert [u["path"] for u in swept["unreadable"]] == ["moves.avif", "moves.gif", "moves.webp", "x.mp4"]
    assert all("several frames" in u["why"] for u in swept["unreadable"][:3])
    assert sum(row["files"] for row in swept["passed_over"]) == len(others) + 2
    published = club.publish(code=5)
    assert published["published"] + len(published["held"]) == 13
