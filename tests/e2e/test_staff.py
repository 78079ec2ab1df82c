"""Accounts: approved by somebody, used by their owner alone, in their role, until their end."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.club import Club
from tests.e2e.test_asking import UNTIL, Desk


@pytest.fixture
def desk(club: Club) -> Desk:
    return Desk(club)


def test_an_account_says_who_approved_it_and_acts_in_its_role(desk: Desk) -> None:
    account = desk.join("Eddy", "editor")
    (row,) = desk.club.kenbaar("staff", "list")["staff"]
    assert (row["account"], row["role"], row["state"], row["until"]) == (account, "editor", "active", UNTIL)
    assert row["approved_by"]
    desk.club.photo("a.jpg", "Ada")
    desk.club.collect()
    desk.club.kenbaar("sweep", "party", "--workers", 1, *desk.by("Eddy"))
    last = desk.club.kenbaar("ledger", "show")["acts"][-1]
    assert (last["facts"]["actor"], last["facts"]["by"], last["facts"]["role"]) == ("staff", account, "editor")


def test_an_auditor_who_tries_to_act_is_refused_and_it_is_in_the_ledger(desk: Desk) -> None:
    desk.join("Arie", "auditor")
    desk.club.photo("a.jpg", "Ada")
    desk.club.collect()
    for words in (
        ("sweep", "party"),
        ("publish", "party", desk.club.out, "--channel", "web"),
        ("invite", "Zoe", "--purpose", "find"),
        ("withdraw", desk.club.ids["Ada"]),
        ("staff", "invite", "Zoe", "--role", "officer", "--until", UNTIL),
        ("find", desk.club.ids["Ada"]),
    ):
        desk.club.kenbaar(*words, *desk.by("Arie"), code=3)
        last = desk.club.kenbaar("ledger", "show", "--limit", 1, *desk.by("Arie"))["acts"][-1]
        assert last["event"] == "refused" and last["facts"]["actor"] == "staff"
    assert desk.club.kenbaar("check", *desk.by("Arie"))["findings"] == []


def test_signing_in_is_refused_in_one_sentence_and_each_miss_is_in_the_ledger(desk: Desk) -> None:
    account = desk.join("Eddy", "editor")
    over = desk.join("Olga", "officer")
    desk.club.kenbaar("staff", "end", over)
    wrong = desk.club.folder / "wrong"
    wrong.write_text("not the passphrase at all")
    invited = desk.club.kenbaar("staff", "invite", "New", "--role", "editor", "--until", UNTIL)["account"]
    tries = ((account, wrong), (over, desk.accounts["Olga"][1]), ("a-00000000", wrong), (invited, wrong))
    told = {desk.club.kenbaar.refused("subjects", "--as", a, "--passphrase-file", f, code=3) for a, f in tries}
    assert len(told) == 1
    misses = [e for e in desk.club.kenbaar("ledger", "show")["acts"] if e["event"] == "refused"]
    assert len(misses) == len(tries)


def test_after_five_misses_the_account_waits_a_little(desk: Desk) -> None:
    account = desk.join("Eddy", "editor")
    wrong = desk.club.folder / "wrong"
    wrong.write_text("not the passphrase at all")
    for _ in range(5):
        desk.club.kenbaar("subjects", "--as", account, "--passphrase-file", wrong, code=3)
    desk.club.kenbaar("subjects", *desk.by("Eddy"), code=3)
    assert desk.join("Rik", "reviewer")
    desk.club.kenbaar("subjects", *desk.by("Rik"))
    with desk.club.open(after=timedelta(minutes=3)) as archive:
        from tests.actors import OFFICER

        assert archive.staff.sign_in(OFFICER, account, desk.accounts["Eddy"][1].read_text().strip())
    desk.club.kenbaar.whole = False  # the ledger's last entry may lie ahead of this machine's clock now


def test_a_token_works_once_and_a_person_has_one_account(desk: Desk) -> None:
    desk.join("Eddy  van  Dam", "editor")
    token = desk.club.folder / "token"
    passphrase = desk.accounts["Eddy  van  Dam"][1]
    desk.club.kenbaar("staff", "accept", "--token-file", token, "--passphrase-file", passphrase, code=3)
    for name in ("Eddy van Dam", "eddy VAN dam", "Ｅddy van Dam", "Eddy van Däm", "Eddу van Dam", "Eddy vanDam"):
        desk.club.kenbaar("staff", "invite", name, "--role", "reviewer", "--until", UNTIL, code=3)
    ada = desk.club.ids["Ada"]
    desk.club.kenbaar("staff", "invite", "A", "--role", "reviewer", "--until", UNTIL, "--subject", ada)
    desk.club.kenbaar("staff", "invite", "B", "--role", "reviewer", "--until", UNTIL, "--subject", ada, code=3)


@pytest.mark.parametrize("days", [-1, 400])
def test_an_account_ends_within_a_year(desk: Desk, days: int) -> None:
    until = (datetime.now(UTC) + timedelta(days=days)).date().isoformat()
    for day in (until, "0001-01-01", "9999-12-31"):
        desk.club.kenbaar("staff", "invite", "Eddy", "--role", "editor", "--until", day, code=2)


def test_a_trial_is_over_after_14_days_and_an_account_past_its_date_cannot_be_used(desk: Desk) -> None:
    trial = desk.join("Tim", "editor", "--trial")
    (row,) = [r for r in desk.club.kenbaar("staff", "list")["staff"] if r["account"] == trial]
    assert row["trial"] and row["until"] <= (datetime.now(UTC) + timedelta(days=14)).date().isoformat()
    with desk.club.open() as archive:
        passphrase = desk.accounts["Tim"][1].read_text().strip()
        from kenbaar.errors import SignInRefused
        from tests.actors import OFFICER

        assert archive.staff.sign_in(OFFICER, trial, passphrase).role == "editor"
    with desk.club.open(after=timedelta(hours=47), confirm=False) as archive:
        assert archive.staff.sign_in(OFFICER, trial, passphrase)
    copy = desk.club.copied_to(desk.club.folder / "later")
    with copy.open(after=timedelta(days=15)) as archive, pytest.raises(SignInRefused):
        archive.staff.sign_in(OFFICER, trial, passphrase)


def test_a_short_passphrase_is_refused_and_the_token_still_works(desk: Desk) -> None:
    invited = desk.club.kenbaar("staff", "invite", "Eddy", "--role", "editor", "--until", UNTIL)
    token, short = desk.club.folder / "token", desk.club.folder / "short"
    token.write_text(invited["token"])
    short.write_text("eleven char")
    desk.club.kenbaar("staff", "accept", "--token-file", token, "--passphrase-file", short, code=2)
    short.write_text("twelve chars")
    assert desk.club.kenbaar("staff", "accept", "--token-file", token, "--passphrase-file", short)


def test_a_role_edited_in_its_row_acts_for_nobody(desk: Desk) -> None:
    account = desk.join("Rik", "reviewer")
    with sqlite3.connect(desk.club.home / "archive.db") as db:
        db.execute("UPDATE staff SET role = 'officer'")
    desk.club.kenbaar("sweep", "party", *desk.by("Rik"), code=6)
    found = desk.club.kenbaar("check", code=6)["findings"]
    assert any(account in finding["why"] for finding in found)
    desk.club.kenbaar.whole = False


def test_an_account_that_was_ended_stays_so_when_yesterdays_records_are_put_back(desk: Desk) -> None:
    account = desk.join("Rik", "reviewer")
    before = desk.club.backup()
    desk.club.kenbaar("staff", "end", account)
    desk.club.restored_from(before, "archive.db")
    desk.club.kenbaar("subjects", *desk.by("Rik"), code=3)
    with sqlite3.connect(before / "archive.db") as db:
        row = db.execute("SELECT * FROM staff").fetchone()
    with sqlite3.connect(desk.club.home / "archive.db") as db:
        db.execute("DELETE FROM staff")
        db.execute(f"INSERT INTO staff VALUES ({','.join('?' * len(row))})", row)
    desk.club.kenbaar("subjects", *desk.by("Rik"), code=3)


def test_a_passphrase_without_an_account_is_a_slip_of_the_user(desk: Desk) -> None:
    desk.join("Rik", "reviewer")
    desk.club.kenbaar("subjects", "--passphrase-file", desk.accounts["Rik"][1], code=2)
    desk.club.kenbaar("subjects", "--as", desk.accounts["Rik"][0], code=2)
