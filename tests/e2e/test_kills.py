"""SIGKILL at random moments of every act that changes something: the archive opens, verifies, and can go on.

KENBAAR_KILLS sets how many moments for each command (10 unless set; 50 is thorough).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.club import Club
from tests.e2e.nursery import Killed, Nursery, moments, nursery

pytestmark = pytest.mark.slow
KILLS = int(os.environ.get("KENBAAR_KILLS", "10"))
LONG_NAME = "Adelheid van Kenmerksteyn"  # long enough not to turn up by chance among random bytes


@pytest.fixture(scope="module")
def born() -> Iterator[Nursery]:
    with nursery() as ready:
        yield ready


@pytest.fixture
def scene(club: Club) -> Club:
    """The club, with Adelheid who looks like Dov, and a dozen photos of everybody."""
    club.kenbaar.whole = False  # each copy of it is checked after its own kill
    adelheid = club.kenbaar("invite", LONG_NAME, "--purpose", "find", "--purpose", "show:web")
    club.ids["Dov"] = adelheid["subject"]
    club.kenbaar("enrol", adelheid["token"], club.portrait("Dov"))
    for n in range(12):
        club.photo(f"{n:02}.jpg", "Dov", "Bob") if n % 2 else club.photo(f"{n:02}.jpg", "Ada", "Stranger")
    club.collect()
    return club


def killed_at_random(born: Nursery, scene: Club, *arguments: object) -> Iterator[tuple[Club, Killed]]:
    """A fresh copy of the scene for each moment, with the command killed in it (or ended just before)."""
    command = str(arguments[0])
    took = []
    for n in range(3):  # the first is slower: its files are not in the cache
        whole = scene.copied_to(scene.folder / f"whole-{n}")
        done = born.run([*_in(whole, arguments), "--json"], whole.kenbaar.env, whole.folder / "said")
        assert done.code in (0, 5) and done.left_behind == 0, done
        took.append(done.seconds)
    early = 0
    for n, moment in enumerate(moments(f"kill {command}", KILLS, min(took))):
        club = scene.copied_to(scene.folder / f"kill-{n}")
        killed = born.run(
            [*_in(club, arguments), "--json"], club.kenbaar.env, club.folder / "said", kill_after_s=moment
        )
        assert killed.code in (-9, 0, 5), killed
        assert killed.left_behind == 0, (
            f"{killed.left_behind} processes outlived a {command} killed after {moment:.3f} s"
        )
        if killed.code != -9:  # Python's own worker start may complain when its parent is shot in the middle of it
            assert "Traceback" not in killed.said
        early += killed.code == -9
        yield club, killed
        expect_whole(club)
        shutil.rmtree(club.folder)
    assert early >= KILLS // 4, "most kills came too late to say anything"


def _in(club: Club, arguments: tuple[object, ...]) -> list[object]:
    return [club.folder / "out" if a == "OUT" else a for a in arguments]


def expect_whole(club: Club) -> None:
    """Nothing of strangers, no contradiction, a whole ledger, and no key or template that nobody's consent carries."""
    with club.open() as archive:
        carried = set(archive.consents.store.unended_keys())
        assert {*archive.keys.ids("purpose"), *archive.keys.ids("share")} == carried
        with_consent = set(archive.consents.store.unended_keys().values())
        assert archive.consents.templates.subjects() == with_consent
        people = archive.consents.store.subjects()
        gone = [p.log_key for p in people if p.left_at is not None and p.log_key]
        assert archive.keys.alive(gone) == set()
    club.kenbaar.whole = True
    club.kenbaar.expect_whole()
    assert not [p for p in club.home.rglob("*.new")]


def test_a_killed_sweep_goes_on_without_doubles(born: Nursery, scene: Club) -> None:
    for club, _ in killed_at_random(born, scene, "sweep", "party", "--workers", "2"):
        report = club.sweep()
        assert (report["photos"], report["faces"], report["appearances"]) == (12, 24, 18)
        assert report["unreadable"] == []
        for name, photos in (("Ada", range(0, 12, 2)), ("Dov", range(1, 12, 2)), ("Bob", range(1, 12, 2))):
            assert club.found(name) == [f"{n:02}.jpg" for n in photos]
        assert club.sweep()["looked"] == 0


def test_a_killed_publication_shows_nobody_it_should_not_and_leaves_no_half_file(born: Nursery, scene: Club) -> None:
    scene.sweep()
    scene.kenbaar("withdraw", scene.ids["Dov"])
    for club, killed in killed_at_random(born, scene, "publish", "party", "OUT", "--channel", "web"):
        for copy in club.out.glob("*.jpg"):
            with Image.open(copy) as picture:
                picture.load()  # whole
            assert not club.sees(copy.name, 1)  # neither Bob, who agreed to find alone, nor the stranger
            assert club.sees(copy.name, 0) == (int(copy.stem) % 2 == 0)  # Ada, and not Adelheid, who left
        report = club.publish()
        assert (report["published"], report["visible"], report["held"]) == (12, 6, [])
        if killed.code == 0:
            assert report["unchanged"] == 12
        assert {p.name for p in club.out.iterdir()} == {f"{n:02}.jpg" for n in range(12)} | {"manifest.json"}
        assert club.kenbaar("receipt", "verify", club.out / "manifest.json")["trusted"] is True


def test_a_killed_republication_accounts_for_every_copy_that_still_shows_somebody(born: Nursery, scene: Club) -> None:
    """In one and the same folder, killed again and again, between the copies with Adelheid and those without."""
    scene.sweep()
    took = born.run(
        ["publish", "party", scene.out, "--channel", "web", "--json"], scene.kenbaar.env, scene.folder / "said"
    ).seconds
    for n, moment in enumerate(moments("kill republish", KILLS, took)):
        channel = "web" if n % 2 else "print"  # what one shows, the other masks: every copy is made anew each time
        killed = born.run(
            ["publish", "party", scene.out, "--channel", channel, "--json"],
            scene.kenbaar.env,
            scene.folder / "said",
            kill_after_s=moment,
        )
        assert killed.code in (-9, 0), killed
        with scene.open() as archive:
            listed = {Path(c.path).name for c in archive.publisher.copies.showing(scene.ids["Dov"])}
        shown = {p.name for p in scene.out.glob("*.jpg") if int(p.stem) % 2 and scene.sees(p.name, 0)}
        assert shown <= listed, "a withdrawal would not be told of every copy that shows the person"
    copies = {Path(c["path"]).name for c in scene.kenbaar("withdraw", scene.ids["Dov"])["copies"]}
    assert {p.name for p in scene.out.glob("*.jpg") if int(p.stem) % 2 and scene.sees(p.name, 0)} <= copies
    report = scene.publish()
    assert report["visible"] == 6 and not any(scene.sees(f"{n:02}.jpg", 0) for n in range(1, 12, 2))
    assert not list(scene.out.glob(".*"))
    expect_whole(scene)


def test_a_killed_enrolment_is_whole_or_not_at_all(born: Nursery, scene: Club) -> None:
    token = scene.invite("Eva", "find", "show:web")
    scene.photo("eva.jpg", "Eva")
    portrait = scene.portrait("Eva")
    for club, killed in killed_at_random(born, scene, "enrol", token, portrait):
        listed = {s["subject"]: s for s in club.kenbaar("subjects")["subjects"]}
        enrolled = listed[club.ids["Eva"]]["state"] == "enrolled"
        assert enrolled or killed.code == -9
        assert club.kenbaar.answer("enrol", token, portrait).code == (3 if enrolled else 0)
        assert club.kenbaar("subjects")["subjects"][0]["state"]
        assert len(club.kenbaar("receipt", "print", club.ids["Eva"])["receipts"]) <= 1
        with club.open() as archive:
            assert len(archive.consents.living_grants(club.ids["Eva"])) == 2
            assert archive.consents.recognisable().keys() >= {club.ids["Eva"]}


def test_a_killed_withdrawal_never_comes_undone_and_can_be_finished(born: Nursery, scene: Club) -> None:
    scene.sweep()
    subject = scene.ids["Dov"]
    with scene.open() as archive:
        log_key = archive.consents.subject(subject).log_key
    for club, killed in killed_at_random(born, scene, "withdraw", subject):
        with club.open() as archive:
            living = len(archive.consents.living_grants(subject))
            assert living == 0 or killed.code == -9
            assert living in (0, 2), "half of a withdrawal is none"
        again = club.kenbaar.answer("withdraw", subject)
        assert again.code == (0 if living else 3)
        club.kenbaar.refused("find", subject, code=3)
        assert club.sweep()["appearances"] == 12
        with club.open() as archive:
            assert archive.keys.alive([str(log_key)]) == set()
            receipts = archive.consents.store.receipts_of(subject)
            assert [kind for kind, _, _ in receipts].count("destruction") >= 1
        for file in (p for p in club.home.rglob("*") if p.is_file()):
            assert LONG_NAME.encode() not in file.read_bytes(), file


def test_a_killed_rotation_leaves_one_master_key_that_opens_everything(born: Nursery, scene: Club) -> None:
    scene.sweep()
    for club, killed in killed_at_random(born, scene, "keys", "rotate"):
        assert len(club.found("Dov")) == 6
        assert club.kenbaar("keys", "rotate")["living"] > 6
        assert club.sweep()["appearances"] == 18
        if killed.code == 0:
            now = club.backup()
            club.restored_from(scene.home, "keys")
            club.kenbaar.refused("find", club.ids["Dov"], code=6)
            club.restored_from(now, "keys")
        with club.open() as archive:
            assert len(archive.consents.recognisable()) == 4
