"""A collection's file is reached through no link that leads out of its folder, whatever is swapped meanwhile."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from kenbaar.errors import PhotoUnreadable
from kenbaar.media import FileBelow, digest_bytes, digest_file, encode_name, read_photo_bytes

OURS, PRIVATE = b"ours", b"private"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in" / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "private.jpg").write_bytes(PRIVATE)
    for name in ("a.jpg", "sub/b.jpg", "sub/deep/c.jpg"):
        (tmp_path / "in" / name).write_bytes(OURS)
    return tmp_path / "in"


@pytest.mark.parametrize("name", ["a.jpg", "sub/b.jpg", "sub/deep/c.jpg"])
def test_a_file_is_read_and_its_digest_told(folder: Path, name: str) -> None:
    assert read_photo_bytes(FileBelow(folder, name)) == OURS
    assert digest_file(FileBelow(folder, name)) == digest_bytes(OURS)


def test_links_from_inside_to_inside_and_a_linked_source_are_followed(folder: Path) -> None:
    (folder / "link.jpg").symlink_to("sub/b.jpg")
    (folder / "absolute.jpg").symlink_to(folder / "sub" / "b.jpg")
    (folder / "way").symlink_to("sub/../sub/deep")
    (folder.parent / "door").symlink_to("in")
    for source in (folder, folder.parent / "door"):
        for name in ("link.jpg", "absolute.jpg", "way/c.jpg"):
            assert read_photo_bytes(FileBelow(source, name)) == OURS


@pytest.mark.parametrize("target", ["../out/private.jpg", "sub/../../out/private.jpg", "absolute", "chain.jpg"])
def test_a_link_to_a_file_outside_is_refused_unless_links_are_followed(folder: Path, target: str) -> None:
    outside = folder.parent / "out" / "private.jpg"
    (folder / "chain.jpg").symlink_to(outside)
    (folder / "x.jpg").symlink_to(outside if target == "absolute" else target)
    with pytest.raises(PhotoUnreadable, match="leads out of the collection's folder"):
        read_photo_bytes(FileBelow(folder, "x.jpg"))
    with pytest.raises(PhotoUnreadable, match="leads out"):
        digest_file(FileBelow(folder, "x.jpg"))
    assert read_photo_bytes(FileBelow(folder, "x.jpg", follow_links=True)) == PRIVATE


def test_a_linked_folder_on_the_way_out_is_refused(folder: Path) -> None:
    (folder / "sub" / "away").symlink_to("../../out")
    with pytest.raises(PhotoUnreadable, match="leads out"):
        read_photo_bytes(FileBelow(folder, "sub/away/private.jpg"))
    assert read_photo_bytes(FileBelow(folder, "sub/away/private.jpg", follow_links=True)) == PRIVATE


@pytest.mark.parametrize("follow", [False, True])
@pytest.mark.parametrize(
    "relative",
    ["../out/private.jpg", "sub/../../out/private.jpg", "/absolute", "", ".", "sub//b.jpg", "..", "..\\u{2f}out"],
)
def test_a_record_that_names_a_place_outside_opens_nothing(folder: Path, relative: str, follow: bool) -> None:
    with pytest.raises(PhotoUnreadable, match="no place in its folder"):
        read_photo_bytes(FileBelow(folder, relative, follow))


def test_what_is_no_file_or_not_there_is_told_as_before(folder: Path) -> None:
    (folder / "self.jpg").symlink_to("self.jpg")
    (folder / "whole").symlink_to(".")
    (folder / "device.jpg").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.jpg")
    for name, why in {
        "gone.jpg": "no longer there",
        "a.jpg/b.jpg": "no longer there",
        "sub": "not a file",
        "whole": "not a file",
        "pipe.jpg": "not a file",
        "self.jpg": "leads back to itself",
        "device.jpg": "leads out",
        "x\\u{0}.jpg": "bad name",
    }.items():
        with pytest.raises(PhotoUnreadable, match=why):
            read_photo_bytes(FileBelow(folder, name))


def test_odd_names_are_opened_by_their_stored_form(folder: Path) -> None:
    name = "new\nline \udcff\\x41.jpg"
    (folder / name).write_bytes(OURS)
    assert read_photo_bytes(FileBelow(folder, encode_name(name))) == OURS


@pytest.fixture
def passable(folder: Path) -> Path:
    (folder / "sub").chmod(0o711)
    return Path("in")


@pytest.mark.skipif(not hasattr(os, "O_PATH"), reason="this system opens no folder that may not be listed")
def test_a_folder_that_may_be_passed_but_not_listed_is_passed(passable: Path, as_nobody: Path) -> None:
    assert read_photo_bytes(FileBelow(as_nobody / passable, "sub/b.jpg")) == OURS


@pytest.mark.parametrize("what", ["file", "folder"])
def test_swapping_it_for_a_link_again_and_again_never_leads_out(folder: Path, what: str) -> None:
    """An attacker who may write in the source swaps a file, or a folder above it, as fast as they can."""
    (folder.parent / "out" / "b.jpg").write_bytes(PRIVATE)
    swapped = folder / "sub" / "b.jpg" if what == "file" else folder / "sub"
    aside, link = folder / "aside", folder / "link"
    target = folder.parent / "out" / "b.jpg" if what == "file" else folder.parent / "out"
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            link.symlink_to(target)
            swapped.rename(aside)
            link.rename(swapped)
            swapped.unlink()
            aside.rename(swapped)

    attacker = threading.Thread(target=swap)
    attacker.start()
    seen: set[bytes] = set()
    tries = refused = 0
    until = time.monotonic() + 30
    try:
        while tries < 3000 or ((not seen or not refused) and time.monotonic() < until):
            tries += 1
            try:
                seen.add(read_photo_bytes(FileBelow(folder, "sub/b.jpg")))
            except PhotoUnreadable:
                refused += 1
    finally:
        stop.set()
        attacker.join()
    assert seen == {OURS} and refused
