"""Links: a collection ends at its folder, and copies stay in theirs, whoever plants a link there."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import zipfile
from pathlib import Path

import pytest

from tests.e2e.club import Club, draw_people, face_visible


@pytest.fixture
def private(club: Club) -> Path:
    """Somebody's private photos, elsewhere on the same disk."""
    (club.folder / "private").mkdir()
    draw_people(club.folder / "private" / "secret.jpg", "Ada")
    draw_people(club.folder / "private" / "ada.jpg", "Ada", "Stranger")
    return club.folder / "private"


def follow(club: Club, *options: str) -> None:
    club.kenbaar("collection", "set", "party", "--mode", "transient", "--reason", "a test", *options)


def test_a_collection_ends_at_its_folder_unless_it_says_that_links_may_lead_out(club: Club, private: Path) -> None:
    club.photo("ada.jpg", "Ada")
    (club.photos / "all").symlink_to(private)
    (club.photos / "one.jpg").symlink_to(private / "secret.jpg")
    (club.photos / "again.jpg").symlink_to("ada.jpg")
    club.collect()
    report = club.sweep()
    assert (report["photos"], report["links"]) == (2, 2)
    assert club.found("Ada") == ["ada.jpg", "again.jpg"]
    assert club.publish()["published"] == 2
    follow(club, "--follow-links")
    report = club.sweep()
    assert (report["photos"], report["links"]) == (5, 0)
    assert club.publish()["published"] == 5 and club.sees("one.jpg", 0)
    shown = club.kenbaar("ledger", "show")["acts"]
    assert [a["facts"]["follow_links"] for a in shown if a["event"] == "collection"] == [False, True]
    assert club.kenbaar("collection", "list")["collections"][0]["follow_links"] is True


def test_when_links_may_not_lead_out_any_more_the_copies_go_too(club: Club, private: Path) -> None:
    club.photo("ada.jpg", "Ada")
    (club.photos / "all").symlink_to(private)
    club.collect()
    follow(club, "--follow-links")
    club.sweep()
    assert club.publish()["published"] == 3
    follow(club, "--no-follow-links")
    assert club.publish(code=5)["held"][0]["path"] == "all/ada.jpg"  # before any sweep has noticed
    assert not (club.out / "all" / "secret.jpg").exists()
    assert (club.sweep()["links"], club.publish()["published"]) == (1, 1)
    assert club.found("Ada") == ["ada.jpg"]


def test_saying_anew_who_is_in_a_collection_leaves_its_links_as_they_are(club: Club, private: Path) -> None:
    club.photo("ada.jpg", "Ada")
    club.collect()
    for options, follows in (((), False), (("--follow-links",), True), ((), True), (("--no-follow-links",), False)):
        follow(club, *options)
        assert club.kenbaar("collection", "list")["collections"][0]["follow_links"] is follows
    follow(club)
    assert club.kenbaar("collection", "list")["collections"][0]["follow_links"] is False


def test_copies_of_what_an_older_version_found_behind_links_are_taken_away(club: Club, private: Path) -> None:
    club.photo("ada.jpg", "Ada")
    (club.photos / "one.jpg").symlink_to(private / "secret.jpg")
    club.collect()
    follow(club, "--follow-links")
    club.sweep()
    assert club.publish()["published"] == 2
    follow(club, "--no-follow-links")
    club.sweep()
    report = club.publish()
    assert report["published"] == 1 and not (club.out / "one.jpg").exists()


@pytest.mark.parametrize("what", ["the file", "its folder"])
def test_a_photo_replaced_by_a_link_after_the_sweep_is_held_and_shown_nowhere(
    club: Club, private: Path, what: str
) -> None:
    """The link leads to the very same bytes: nothing but the link tells that they are not the collection's."""
    shutil.copy2(club.photo("sub/ada.jpg", "Ada"), private / "ada.jpg")
    club.collect()
    club.sweep()
    assert club.publish()["published"] == 1
    (item,) = club.kenbaar("collection", "show", "party")["items"]
    photo, target = club.photos / "sub" / "ada.jpg", private / "ada.jpg"
    if what == "the file":
        photo.unlink()
        photo.symlink_to(target)
    else:
        shutil.rmtree(photo.parent)
        photo.parent.symlink_to(private)
    shutil.rmtree(club.out)
    report = club.publish(code=5)
    assert report["published"] == 0 and not (club.out / "sub" / "ada.jpg").exists()
    assert "out of the collection's folder" in report["held"][0]["why"]
    refused = club.kenbaar.refused("claim", club.ids["Ada"], item["item"], "--box", 0, code=4)
    assert "leads out of the collection's folder" in refused
    for sheet, command in {
        club.folder / "mine.html": ("find", club.ids["Ada"], "--sheet"),
        club.folder / "all.html": ("collection", "show", "party", "--sheet"),
    }.items():
        club.kenbaar(*command, sheet)
        page = sheet.read_text()
        assert "data:image/jpeg" not in page and "leads out of the collection" in page
    club.kenbaar("export", club.ids["Ada"], club.folder / "ada.zip")
    with zipfile.ZipFile(club.folder / "ada.zip") as zipped:
        assert not [n for n in zipped.namelist() if n.startswith("pictures/")]
    assert club.kenbaar("check")["findings"] == []


# -- where copies go -----------------------------------------------------------------------------------------------


def swept(club: Club) -> None:
    club.photo("ada.jpg", "Ada")
    club.photo("sub/deep/ada.jpg", "Ada")
    club.collect()
    club.sweep()


def test_a_link_planted_where_a_copy_goes_is_not_written_through(club: Club) -> None:
    swept(club)
    theirs = club.folder / "bashrc"
    theirs.write_bytes(b"theirs")
    club.out.mkdir()
    (club.out / "ada.jpg").symlink_to(theirs)
    assert club.publish(code=5)["held"][0]["path"] == "ada.jpg"
    (club.out / "ada.jpg").unlink()
    club.publish()
    copy = (club.out / "ada.jpg").read_bytes()
    theirs.write_bytes(copy)  # as if it were the copy, so that it looks unchanged
    (club.out / "ada.jpg").unlink()
    (club.out / "ada.jpg").symlink_to(theirs)
    report = club.publish()
    assert (report["written"], report["unchanged"]) == (1, 1)
    assert not (club.out / "ada.jpg").is_symlink() and theirs.read_bytes() == copy


@pytest.mark.parametrize("where", ["sub", "sub/deep"])
def test_a_folder_replaced_by_a_link_takes_no_copy_and_loses_no_file(club: Club, where: str) -> None:
    swept(club)
    elsewhere = club.folder / "elsewhere"
    elsewhere.mkdir()
    (club.out / where).parent.mkdir(parents=True)
    (club.out / where).symlink_to(elsewhere)
    report = club.publish(code=5)
    assert [h["path"] for h in report["held"]] == ["sub/deep/ada.jpg"] and "link" in report["held"][0]["why"]
    assert [p for p in elsewhere.rglob("*") if p.is_file()] == []
    files = [elsewhere / name for name in ("ada.jpg", "deep/ada.jpg", ".kenbaar-0123456789abcdef.part")]
    (elsewhere / "deep").mkdir(exist_ok=True)
    for file in files:
        file.write_bytes(b"theirs")
    (club.out / where).unlink()
    assert club.publish()["published"] == 2
    shutil.rmtree(club.out / where)
    (club.out / where).symlink_to(elsewhere)
    club.kenbaar("withdraw", club.ids["Ada"], "--purpose", "show:web")
    club.publish(code=5)
    assert all(file.read_bytes() == b"theirs" for file in files)
    assert sorted(p for p in elsewhere.rglob("*") if p.is_file()) == sorted(files)


def test_copies_can_go_to_a_folder_that_is_given_by_a_link(club: Club) -> None:
    swept(club)
    (club.folder / "site").mkdir()
    club.out.symlink_to(club.folder / "site")
    assert club.publish()["published"] == 2
    assert face_visible(club.folder / "site" / "ada.jpg", 0) and json.loads(
        (club.folder / "site" / "manifest.json").read_bytes()
    )


@pytest.mark.parametrize("target", ["/dev/zero", "somebody's", "pipe"])
def test_a_link_or_a_pipe_in_the_manifests_place_is_not_ours(club: Club, target: str) -> None:
    swept(club)
    club.out.mkdir()
    theirs = club.folder / "theirs"
    theirs.write_bytes(b"{}")
    if target == "pipe":
        os.mkfifo(club.out / "manifest.json")
    else:
        (club.out / "manifest.json").symlink_to(theirs if target == "somebody's" else target)
    club.kenbaar.refused("publish", "party", club.out, "--channel", "web", code=4)
    assert theirs.read_bytes() == b"{}" and not (club.out / "ada.jpg").exists()


def test_sheets_and_exports_replace_a_link_and_are_not_written_through_it(club: Club) -> None:
    swept(club)
    theirs = club.folder / "bashrc"
    theirs.write_bytes(b"theirs")
    for command, name in {
        ("find", club.ids["Ada"], "--sheet"): "mine.html",
        ("collection", "show", "party", "--sheet"): "all.html",
        ("export", club.ids["Ada"]): "ada.zip",
        ("ledger", "checkpoint", "--out"): "head.txt",
    }.items():
        (club.folder / name).symlink_to(theirs)
        club.kenbaar(*command, club.folder / name)
        assert theirs.read_bytes() == b"theirs", command
        assert not (club.folder / name).is_symlink()


def test_a_record_edited_to_let_links_lead_out_is_refused(club: Club, private: Path) -> None:
    club.photo("ada.jpg", "Ada")
    (club.photos / "all").symlink_to(private)
    club.collect()
    with sqlite3.connect(club.home / "archive.db") as db:
        db.execute("UPDATE collections SET follow_links = 1")
    db.close()
    club.kenbaar.refused("sweep", "party", code=6)
    with sqlite3.connect(club.home / "archive.db") as db:
        db.execute("UPDATE collections SET follow_links = 0")
    db.close()
