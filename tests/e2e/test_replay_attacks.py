from __future__ import annotations

from typing import Any

from tests.e2e.club import Club
from tests.e2e.test_restored_records import item, rows


def _notes(club: Club) -> dict[str, Any]:
    return {r[0]: r for r in rows(club, "SELECT name, value, seal FROM meta")}


def _put(club: Club, row: Any) -> None:
    rows(club, "DELETE FROM meta WHERE name = ?", row[0])
    rows(club, "INSERT INTO meta (name, value, seal) VALUES (?, ?, ?)", *row)


def _rejected_stays(club: Club) -> None:
    answer = club.kenbaar.answer("publish", "party", club.out, "--channel", "web")
    club.kenbaar.whole = answer.code == 0
    assert answer.code == 6 or not club.sees("both.jpg", 0), "the rejected face was published"


def test_only_todays_ledger_size_with_its_seal_in_yesterdays_records(party: Club) -> None:
    yesterday = party.backup()
    party.kenbaar("reject", party.ids["Ada"], item(party, "both.jpg"))
    today = _notes(party)
    party.restored_from(yesterday, "archive.db")
    _put(party, today["ledger_size"])
    _rejected_stays(party)


def test_the_same_for_mode_off(party: Club) -> None:
    yesterday = party.backup()
    party.kenbaar("collection", "set", "party", "--mode", "off")
    today = _notes(party)
    party.restored_from(yesterday, "archive.db")
    _put(party, today["ledger_size"])
    party.photo("new.jpg", "Ada")
    a = party.kenbaar.answer("sweep", "party", "--workers", 1)
    party.kenbaar.whole = a.code == 0
    assert a.code != 0 or "new.jpg" not in party.found("Ada"), "recognised in a collection that is off"


def test_rejection_and_the_protecting_note_deleted(party: Club) -> None:
    party.publish()
    yesterday = party.backup()
    party.kenbaar("reject", party.ids["Ada"], item(party, "both.jpg"))
    today = _notes(party)
    party.restored_from(yesterday, "archive.db")
    _put(party, today["ledger_size"])
    rows(party, "DELETE FROM meta WHERE name = 'protecting'")
    _rejected_stays(party)


def test_rejection_row_and_protecting_note_deleted_then_a_sweep(party: Club) -> None:
    party.kenbaar("reject", party.ids["Ada"], item(party, "both.jpg"))
    rows(party, "DELETE FROM rejections")
    rows(party, "DELETE FROM meta WHERE name = 'protecting'")
    rows(party, "UPDATE items SET compared_with = NULL")
    a = party.kenbaar.answer("sweep", "party", "--workers", 1)
    party.kenbaar.whole = a.code == 0
    assert a.code != 0 or party.found("Ada") == ["ada.jpg"]


def test_roster_row_added_back_with_protecting_deleted(party: Club) -> None:
    ada, bob = party.ids["Ada"], party.ids["Bob"]
    party.kenbaar(
        "collection", "set", "party", "--mode", "roster", "--officer", "Eva", "--roster", ada, "--roster", bob
    )
    yesterday = party.backup()
    party.kenbaar("collection", "set", "party", "--mode", "roster", "--officer", "Eva", "--roster", bob)
    today = _notes(party)
    party.restored_from(yesterday, "archive.db")
    _put(party, today["ledger_size"])
    party.photo("new.jpg", "Ada", "Bob")
    a = party.kenbaar.answer("sweep", "party", "--workers", 1)
    party.kenbaar.whole = a.code == 0
    assert a.code != 0 or "new.jpg" not in party.found("Ada")


def _table(club: Club, name: str) -> tuple[list[str], list[Any]]:
    return [r[1] for r in rows(club, f"PRAGMA table_info({name})")], rows(club, f"SELECT * FROM {name}")


def _put_table(club: Club, name: str, table: tuple[list[str], list[Any]]) -> None:
    rows(club, f"DELETE FROM {name}")
    for row in table[1]:
        rows(club, f"INSERT INTO {name} ({', '.join(table[0])}) VALUES ({', '.join('?' * len(row))})", *row)


def test_yesterdays_appearances_with_their_seals_put_back_after_a_rejection(party: Club) -> None:
    old = _table(party, "appearances")
    party.kenbaar("reject", party.ids["Ada"], item(party, "both.jpg"))
    _put_table(party, "appearances", old)
    _rejected_stays(party)


def test_yesterdays_records_with_todays_rejections(party: Club) -> None:
    yesterday = party.backup()
    party.kenbaar("reject", party.ids["Ada"], item(party, "both.jpg"))
    today = _table(party, "rejections")
    party.restored_from(yesterday, "archive.db")
    _put_table(party, "rejections", today)
    _rejected_stays(party)


def test_a_reader_does_not_go_on_with_edited_rows_while_somebody_holds_the_lock(party: Club) -> None:
    import fcntl
    import subprocess

    party.kenbaar.in_a_process = True
    yesterday = party.backup()
    party.kenbaar("reject", party.ids["Ada"], item(party, "both.jpg"))
    today = _notes(party)
    party.restored_from(yesterday, "archive.db")
    _put(party, today["ledger_size"])
    from tests.e2e.driver import COMMAND

    with (party.home / "lock").open("r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        going = subprocess.Popen(
            [COMMAND, "collection", "show", "party", "--json"],
            env=party.kenbaar.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            out, _ = going.communicate(timeout=8)
        except subprocess.TimeoutExpired:
            out = b""
        fcntl.flock(lock, fcntl.LOCK_UN)
        going.kill()
        going.wait()
    party.kenbaar.whole = False
    assert going.returncode != 0 or not out, out[:200]


def test_killed_at_every_step_of_a_replay(party: Club) -> None:
    """kill -9 before and after every change the replay makes; then `publish`."""
    import os
    import subprocess
    import sys

    yesterday = party.backup()
    party.kenbaar("reject", party.ids["Ada"], item(party, "both.jpg"))
    party.kenbaar("withdraw", party.ids["Ada"], "--purpose", "show:web")
    party.kenbaar("collection", "set", "party", "--mode", "off")
    party.restored_from(yesterday, "archive.db", "templates.db")
    kill = """
import os, signal, sys
at = int(sys.argv[1]); n = 0
from kenbaar.storage import _database
from contextlib import contextmanager
old = _database.Database.write
@contextmanager
def write(self, *a, **k):
    global n
    n += 1
    if n == at: os.kill(os.getpid(), 9)
    with old(self, *a, **k) as c:
        yield c
    n += 1
    if n == at: os.kill(os.getpid(), 9)
_database.Database.write = write
from kenbaar.cli._run import run
code = run(["collection", "list", "--json"])
print("steps", n, file=sys.stderr)
sys.exit(code)
"""
    killed = 0
    for at in range(1, 200):
        club = party.copied_to(party.folder / f"k{at}")
        env = {**club.kenbaar.env, "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
        done = subprocess.run([sys.executable, "-c", kill, str(at)], env=env, capture_output=True, timeout=60)
        if done.returncode != -9:
            assert done.returncode == 0, done.stderr
            break
        killed += 1
        assert club.kenbaar("collection", "list")["collections"][0]["mode"] == "off"
        assert "both.jpg" not in club.found("Ada")
        assert len(rows(club, "SELECT * FROM rejections")) == 1
        club.kenbaar.expect_whole()
    assert killed > 5, killed
    print("KILLED", killed)
