"""Folders are walked whole, in one order, without loops, and what could not be looked at is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenbaar.media import (
    PASSED_OVER_KINDS,
    PHOTO_SUFFIXES,
    LinkPassedOver,
    PassedOver,
    PhotoFile,
    UnreadableFolder,
    decode_name,
    encode_name,
    looks_like_photo,
    walk_photos,
)


def touched(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode("utf-8", "surrogateescape"))


def relatives(folder: Path, *, follow_links: bool = False) -> list[str]:
    walked = walk_photos(folder, follow_links=follow_links)
    return [found.relative for found in walked if not isinstance(found, PassedOver)]


def test_photos_come_sorted_within_their_folder_and_nothing_else_comes(tmp_path: Path) -> None:
    names = ["b.jpg", "a.JPEG", "c.heic", "sub/z.png", "sub/y.tif", "a sub/x.webp", "sub/deep/w.jpg"]
    touched(tmp_path, *names, ".hidden.jpg", "._b.jpg", "b.xmp", "b.aae", "clip.mp4", ".trash/t.jpg", "@eaDir/t.jpg")
    assert relatives(tmp_path) == [
        *("a.JPEG", "b.jpg", "c.heic"),
        *("a sub/x.webp", "sub/y.tif", "sub/z.png", "sub/deep/w.jpg"),
    ]
    first = next(found for found in walk_photos(tmp_path) if isinstance(found, PhotoFile))
    status = first.path.stat()
    assert (first.size_bytes, first.mtime_ns) == (status.st_size, status.st_mtime_ns)


def test_loops_end_and_links_are_included(tmp_path: Path) -> None:
    touched(tmp_path / "in", "real.jpg", "sub/other.jpg")
    touched(tmp_path / "out", "linked.jpg")
    inside = tmp_path / "in"
    (inside / "again").symlink_to(inside)
    (inside / "sub" / "up").symlink_to("..")
    (inside / "self").symlink_to("self")
    (inside / "elsewhere").symlink_to(tmp_path / "out")
    (inside / "elsewhere2").symlink_to(tmp_path / "out")
    (inside / "link.jpg").symlink_to("real.jpg")
    (inside / "broken.jpg").symlink_to("gone.jpg")
    followed = relatives(inside, follow_links=True)
    assert followed == ["broken.jpg", "link.jpg", "real.jpg", "elsewhere/linked.jpg", "sub/other.jpg"]


def test_links_that_lead_out_are_passed_over_and_told(tmp_path: Path) -> None:
    touched(tmp_path / "in", "real.jpg", "sub/other.jpg")
    touched(tmp_path / "out", "private.jpg")
    touched(tmp_path / "in-other", "private.jpg")  # its name begins as the folder's does
    inside = tmp_path / "in"
    outward: dict[str, str | Path] = {
        "all.jpg": "/",
        "away": tmp_path / "out",
        "beside": "../in-other",
        "gone.jpg": "../gone.jpg",
        "one.jpg": "../out/private.jpg",
        "sub/two.jpg": "../again/../../out/private.jpg",
        "up": "..",
        "via": "away",
    }
    for name, target in outward.items():
        (inside / name).symlink_to(target)
    (inside / "again").symlink_to(inside)
    (inside / "notes.txt").symlink_to("../out/private.jpg")
    (inside / "within.jpg").symlink_to(inside / "sub" / "other.jpg")
    (tmp_path / "door").symlink_to(inside)  # the folder itself may be a link
    for folder in (inside, tmp_path / "door"):
        found = list(walk_photos(folder))
        assert {f.relative for f in found if isinstance(f, LinkPassedOver)} == outward.keys()
        assert [f.relative for f in found if isinstance(f, PhotoFile)] == ["real.jpg", "within.jpg", "sub/other.jpg"]


def test_a_folder_that_cannot_be_looked_into_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert list(walk_photos(gone)) == [UnreadableFolder(".", "is gone or damaged")]
    touched(tmp_path, "a/1.jpg", "b/2.jpg", "c/3.jpg")
    walked = walk_photos(tmp_path)
    assert next(walked).relative == "a/1.jpg"
    (tmp_path / "b" / "2.jpg").unlink()
    (tmp_path / "b").rmdir()
    assert [f.relative for f in walked] == ["b", "c/3.jpg"]


@pytest.fixture
def locked(tmp_path: Path) -> str:
    (tmp_path / "locked").mkdir(mode=0)
    return "locked"


def test_a_folder_without_permission_is_told(locked: str, as_nobody: Path) -> None:
    assert list(walk_photos(as_nobody)) == [UnreadableFolder(locked, "may not be opened")]


@pytest.mark.parametrize(
    "name", ["new\nline.jpg", "bad\udcff\udc80.jpg", "back\\slash.jpg", "\\x41.jpg", "𝓯 é ' \".jpg"]
)
def test_odd_names_survive_storing(tmp_path: Path, name: str) -> None:
    touched(tmp_path, name)
    (found,) = walk_photos(tmp_path)
    assert found.relative.isprintable() and found.relative.encode()
    assert (tmp_path / decode_name(found.relative)).read_bytes() == os.fsencode(name)


@given(st.binary(min_size=1, max_size=40))
def test_every_name_comes_back_from_its_storable_form(raw: bytes) -> None:
    name = os.fsdecode(raw)
    stored = encode_name(name)
    assert os.fsencode(decode_name(stored)) == raw and stored.isprintable()
    stored.encode("utf-8")


@given(st.text(alphabet="ab\\x{}u0123456789 \n", max_size=20), st.text(alphabet="ab\\x{}u0123456789 \n", max_size=20))
def test_two_names_never_share_a_storable_form(one: str, other: str) -> None:
    assert (encode_name(one) == encode_name(other)) == (one == other)


def test_ordinary_names_stay_as_they_are() -> None:
    assert encode_name("Zomerfeest 2026 (één).jpg") == "Zomerfeest 2026 (één).jpg"
    assert looks_like_photo(Path("A.HEIC")) and not looks_like_photo(Path(".kenbaar-0123456789abcdef.part"))


def test_whatever_is_no_photo_is_told_with_its_kind_and_nothing_is_left_out(tmp_path: Path) -> None:
    names = {
        "IMG_1.X3F": ("raw", "X3F"), "a.pef": ("raw", "PEF"), "clip.MOV": ("video", "MOV"), "b.xmp": ("sidecar", "XMP"),
        "page.pdf": ("document", "PDF"), "drawn.svg": ("document", "SVG"), "b.psd": ("picture", "PSD"),
        "p.zip": ("archive", "ZIP"), "memo.wav": ("audio", "WAV"), "IMG_0001": ("no_ending", ""),
        "dot.": ("no_ending", ""), "x.qqq": ("other", "QQQ"), "letter.to ada lovelace": ("other", ""),
        ".hidden.jpg": ("hidden", ""), "@eaDir/t.jpg": ("server", ""),
    }  # fmt: skip
    touched(tmp_path, *names, "sub/.trash/t.jpg", "photo.jpg")
    walked = list(walk_photos(tmp_path))
    told = {found.relative: (found.kind.name, found.ending) for found in walked if isinstance(found, PassedOver)}
    assert told == {name.removesuffix("/t.jpg"): kind for name, kind in names.items()} | {"sub/.trash": ("hidden", "")}
    assert [found.relative for found in walked if isinstance(found, PhotoFile)] == ["photo.jpg"]


def test_every_kind_says_what_to_do_and_no_ending_is_of_two_kinds_or_a_photos() -> None:
    endings = [suffix for kind in PASSED_OVER_KINDS.values() for suffix in kind.suffixes]
    assert len(endings) == len(set(endings))
    assert PHOTO_SUFFIXES & set(endings) <= PASSED_OVER_KINDS["raw"].suffixes  # where the extra `raw` is installed
    for kind in PASSED_OVER_KINDS.values():
        assert kind.one and kind.many and kind.do.endswith(".")
