"""A full disk, and two commands at once: nothing half-done, nothing lost, nobody exposed."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.actors import OFFICER
from tests.e2e.club import Club
from tests.e2e.driver import COMMAND, Kenbaar
from tests.e2e.mortal import fill, small_disk, with_files_of_at_most


def on_a_small_disk(club: Club, place: Path) -> Club:
    import shutil

    club.kenbaar.whole = False  # it is checked before the disk is taken away
    shutil.copytree(club.home, place / "home")
    club.kenbaar.home = place / "home"
    return club


@pytest.mark.parametrize("leave_kb", [0, 8, 60])
def test_on_a_full_disk_every_act_is_refused_or_done_and_goes_on_when_there_is_room(
    party: Club, tmp_path: Path, leave_kb: int
) -> None:
    token = party.invite("Dov", "find")
    party.photo("new.jpg", "Ada", "Dov")
    with small_disk(tmp_path / "disk", 8_000_000) as disk:
        on_a_small_disk(party, disk)
        filler = fill(disk, leave_kb * 1024)
        k = party.kenbaar
        for call in (
            ("invite", "Eva", "--purpose", "find"),
            ("enrol", token, party.portrait("Dov")),
            ("sweep", "party"),
            ("publish", "party", party.out, "--channel", "web"),
            ("find", party.ids["Bob"]),
            ("keys", "rotate"),
            ("publish", "party", disk / "out", "--channel", "web"),
            ("withdraw", party.ids["Cas"]),
        ):
            answer = k.answer(*call)
            assert answer.code in (0, 3, 4, 5), (call, answer)
        filler.unlink()
        party.sweep()
        assert "new.jpg" in party.found("Ada")
        if k.answer("enrol", token, party.portrait("Dov")).code == 0:
            party.sweep()
        assert k.answer("withdraw", party.ids["Cas"]).code in (0, 3)
        k.refused("find", party.ids["Cas"], code=3)
        party.publish()
        assert not party.sees("cas.jpg", 0) and party.sees("both.jpg", 0) and not party.sees("both.jpg", 1)
        if party.ids["Dov"] in [s["subject"] for s in k("subjects")["subjects"] if s["state"] == "enrolled"]:
            assert party.found("Dov") == ["new.jpg"]
        assert not list(party.out.rglob("*.part")) and not list((disk / "out").rglob("*.part"))
        k.whole = True
        k.expect_whole()
        k.whole = False


def test_a_copy_that_does_not_fit_leaves_no_half_file(party: Club) -> None:
    k = Kenbaar(party.home, party.kenbaar.pack, party.kenbaar.cache, True, preexec=with_files_of_at_most(4096))
    answer = k.answer("publish", "party", party.out, "--channel", "web")
    assert answer.code == 4 and "disk" in answer.data["error"]["what"]
    assert list(party.out.rglob("*.jpg")) == [] and list(party.out.rglob(".*")) == []
    assert party.publish()["published"] == 4


@pytest.mark.parametrize("size", [1, 20_000, 100_000])
def test_files_that_cannot_grow_are_a_full_disk_too(party: Club, size: int) -> None:
    token = party.invite("Dov", "find")
    k = Kenbaar(party.home, party.kenbaar.pack, party.kenbaar.cache, True, preexec=with_files_of_at_most(size))
    for call in (("enrol", token, party.portrait("Dov")), ("find", party.ids["Ada"]), ("withdraw", party.ids["Cas"])):
        assert k.answer(*call).code in (0, 3, 4), call
    assert party.found("Ada") == ["ada.jpg", "both.jpg"]
    if party.kenbaar.answer("enrol", token, party.portrait("Dov")).code == 3:
        assert {s["subject"]: s["state"] for s in party.kenbaar("subjects")["subjects"]}[party.ids["Dov"]] == "enrolled"


def test_a_full_disk_does_not_swallow_a_recovery_code(club: Club, tmp_path: Path) -> None:
    token = club.invite("Dov", "find", options=("--holder", "subject"))
    nowhere = tmp_path / "a file"
    nowhere.write_text("")
    answer = club.kenbaar.answer("enrol", token, club.portrait("Dov"), "--receipt", nowhere / "receipt.jws")
    assert answer.code == 0 and answer.data["code"] and answer.data["receipt"] is None
    assert "receipt print" in answer.words
    assert len(club.kenbaar("receipt", "print", club.ids["Dov"])["receipts"]) == 1


def started(club: Club, *arguments: object) -> subprocess.Popen[bytes]:
    """A command on its way in a process of its own."""
    return subprocess.Popen(
        [COMMAND, *map(str, arguments), "--json"],
        env=club.kenbaar.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def many_photos(club: Club, count: int = 64) -> None:
    """Enough photos, large enough, that a sweep takes some seconds."""
    import shutil

    from PIL import Image

    first = club.photo("000.jpg", "Ada")
    with Image.open(first) as picture:
        picture.resize((picture.width * 5, picture.height * 5)).save(first, quality=95)
    for n in range(1, count):
        shutil.copy(first, club.photos / f"{n:03}.jpg")


def swept_some(club: Club, sweeping: subprocess.Popen[bytes]) -> bool:
    """Waits until the sweep has written something; False where it ended before."""
    import sqlite3

    while sweeping.poll() is None:
        with sqlite3.connect(f"file:{club.home}/archive.db?mode=ro", uri=True, timeout=30) as db:
            count = db.execute("SELECT count(*) FROM appearances").fetchone()[0]
        db.close()
        if count:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.slow
def test_the_second_sweep_of_a_collection_is_refused_while_the_first_runs(club: Club) -> None:
    many_photos(club)
    club.collect()
    first = started(club, "sweep", "party", "--workers", 1)
    assert swept_some(club, first)
    refused = club.kenbaar.refused("sweep", "party", code=3)
    assert "being swept" in refused
    _out, err = first.communicate(timeout=120)
    assert first.returncode == 0 and b"Traceback" not in err
    assert len(club.found("Ada")) == 64


@pytest.mark.slow
def test_a_withdrawal_reaches_a_running_sweep_and_nothing_is_written_of_that_person_after(club: Club) -> None:
    many_photos(club)
    club.collect()
    sweeping = started(club, "sweep", "party", "--workers", 1)
    assert swept_some(club, sweeping)
    club.kenbaar("withdraw", club.ids["Ada"])
    still_running = sweeping.poll() is None
    assert not any(f["known"] for i in club.items().values() for f in i["faces"])  # all 64 are Ada's
    _out, err = sweeping.communicate(timeout=120)
    assert sweeping.returncode == 0 and still_running, err
    assert [f["known"] for i in club.items().values() for f in i["faces"]] == [False] * 64


@pytest.mark.slow
def test_a_roster_sweep_stops_when_somebody_on_it_withdraws(club: Club) -> None:
    many_photos(club)
    club.collect("roster", roster=club.ids["Ada"], officer="J. Smit")
    sweeping = started(club, "sweep", "party", "--workers", 1)
    assert swept_some(club, sweeping)
    club.kenbaar("withdraw", club.ids["Ada"])
    _, err = sweeping.communicate(timeout=120)
    assert sweeping.returncode == 3 and b"Traceback" not in err
    assert not any(f["known"] for i in club.items().values() for f in i["faces"])


@pytest.mark.slow
def test_other_commands_go_on_while_a_sweep_runs(club: Club) -> None:
    many_photos(club)
    club.collect()
    sweeping = started(club, "sweep", "party", "--workers", 1)
    assert swept_some(club, sweeping)
    club.enrol("Dov", "find")
    club.kenbaar("keys", "rotate")
    club.kenbaar("find", club.ids["Ada"])
    _, err = sweeping.communicate(timeout=120)
    assert sweeping.returncode == 0, err
    assert len(club.found("Ada")) == 64


@pytest.mark.slow
def test_a_withdrawal_during_a_publication_leaves_no_copy_unaccounted_for(party: Club) -> None:
    for n in range(40):
        party.photo(f"more-{n:02}.jpg", "Ada", "Stranger")
    party.sweep()
    publishing = started(party, "publish", "party", party.out, "--channel", "web")
    while not list(party.out.glob("*.jpg")) and publishing.poll() is None:
        time.sleep(0.02)
    listed = {Path(c["path"]).name for c in party.kenbaar("withdraw", party.ids["Ada"])["copies"]}
    publishing.communicate(timeout=120)
    assert publishing.returncode in (0, 5)
    visible = {
        p.name for p in party.out.glob("*.jpg") if p.name not in ("cas.jpg", "nobody.jpg") and party.sees(p.name, 0)
    }
    assert visible <= listed
    party.publish()
    assert not any(party.sees(p.name, 0) for p in party.out.glob("more-*.jpg"))


@pytest.mark.slow
def test_two_people_enrolling_at_once_both_do_and_one_token_used_twice_at_once_works_once(club: Club) -> None:
    tokens = [club.invite("Dov", "find"), club.invite("Eva", "find")]
    dov, eva = club.portrait("Dov"), club.portrait("Eva")
    running = [
        started(club, "enrol", tokens[0], dov),
        started(club, "enrol", tokens[1], eva),
        started(club, "enrol", tokens[0], dov),
    ]
    for process in running:
        process.communicate(timeout=120)
    assert sorted(p.returncode for p in running) == [0, 0, 3]
    states = [s["state"] for s in club.kenbaar("subjects")["subjects"]]
    assert states == ["enrolled"] * 5


def test_many_readers_and_writers_in_threads_do_not_trip_over_each_other(party: Club) -> None:
    problems: list[object] = []

    def act(n: int) -> None:
        try:
            with party.open() as archive:
                from kenbaar.consent import Purpose, Sessions

                for _ in range(3):
                    archive.consents.invite(OFFICER, f"X{n}", [Purpose("find")])
                    archive.requests.find(OFFICER, party.ids["Ada"], Sessions())
        except Exception as err:  # noqa: BLE001  # whatever it is, the test shows it
            problems.append(err)

    threads = [threading.Thread(target=act, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(party.kenbaar("subjects")["subjects"]) == 3 + 12
