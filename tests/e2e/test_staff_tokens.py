"""Tokens of programs: part of what the account may, until a day, no longer than the account, kept nowhere."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime, timedelta

import pytest

from kenbaar.errors import ArchiveBroken, SignInRefused
from kenbaar.policy import TOKEN_SCOPES
from tests.e2e.club import Club
from tests.e2e.test_asking import UNTIL, Desk


@pytest.fixture
def desk(club: Club) -> Desk:
    desk = Desk(club)
    desk.join("Eddy", "editor")
    desk.join("Rik", "reviewer")
    return desk


def make(desk: Desk, *scopes: str, by: str = "Eddy", until: str = UNTIL, code: int = 0) -> dict[str, str]:
    asked = [word for scope in scopes for word in ("--scope", scope)]
    made: dict[str, str] = desk.club.kenbaar("staff", "token", *asked, "--until", until, *desk.by(by), code=code)
    return made


def opens(desk: Desk, token: str, after: timedelta = timedelta()) -> bool:
    with desk.club.open(after) as archive:
        try:
            archive.tokens.open(token)
        except SignInRefused:
            return False
    return True


def test_a_token_acts_with_its_account_in_its_scopes_until_its_day(desk: Desk) -> None:
    made = make(desk, "read", "collect")
    with desk.club.open() as archive:
        row, actor = archive.tokens.open(made["token"])
        assert (row.scopes, actor.name, actor.role) == (("collect", "read"), desk.accounts["Eddy"][0], "editor")
        with pytest.raises(SignInRefused):
            archive.tokens.open(made["token"] + "x")
        with pytest.raises(SignInRefused):
            archive.tokens.open("")
    days = date.fromisoformat(UNTIL) - datetime.now(UTC).date()
    assert not opens(desk, make(desk, "read")["token"], days + timedelta(days=1))


def test_the_token_itself_lies_nowhere(desk: Desk) -> None:
    token = make(desk, "read")["token"].encode()
    assert not [p for p in desk.club.home.rglob("*") if p.is_file() and token in p.read_bytes()]


def test_no_token_may_what_its_account_may_not_nor_what_is_no_programs_to_do(desk: Desk) -> None:
    for scope in ("search", "collect", "publish", "speak for", "staff", "set up", "review", "confirm", "nonsense", ""):
        make(desk, scope, by="Rik", code=2)
    for scope in ("publish", "speak for", "review", "confirm"):
        make(desk, scope, code=2)
        assert scope not in TOKEN_SCOPES
    make(desk, "read", until="2020-01-01", code=2)
    make(desk, "read", until="2099-01-01", code=2)
    assert desk.club.kenbaar("staff", "tokens")["tokens"] == []


def test_a_token_belongs_to_an_account_and_ends_with_it(desk: Desk) -> None:
    desk.club.kenbaar("staff", "token", "--scope", "read", "--until", UNTIL, code=3)  # the shell has no account
    token = make(desk, "read")["token"]
    desk.club.kenbaar("staff", "end", desk.accounts["Eddy"][0])
    assert not opens(desk, token)
    assert [row["state"] for row in desk.club.kenbaar("staff", "tokens")["tokens"]] == ["ended"]


def test_it_is_ended_by_its_account_or_an_officer_and_by_nobody_else(desk: Desk) -> None:
    first, second = make(desk, "read"), make(desk, "read")
    desk.club.kenbaar("staff", "token-end", first["id"], *desk.by("Rik"), code=4)
    assert desk.club.kenbaar("staff", "tokens", *desk.by("Rik"))["tokens"] == []
    desk.club.kenbaar("staff", "token-end", first["id"], *desk.by("Eddy"))
    desk.club.kenbaar("staff", "token-end", first["id"], *desk.by("Eddy"), code=4)
    desk.club.kenbaar("staff", "token-end", second["id"])
    assert not opens(desk, first["token"]) and not opens(desk, second["token"])
    events = [row["event"] for row in desk.club.kenbaar("ledger", "show")["acts"]]
    assert (events.count("staff-token"), events.count("token-end")) == (2, 2)


def test_an_ended_token_stays_so_when_older_records_are_put_back(desk: Desk) -> None:
    made = make(desk, "read")
    before = desk.club.backup()
    desk.club.kenbaar("staff", "token-end", made["id"], *desk.by("Eddy"))
    desk.club.restored_from(before, "archive.db")
    assert not opens(desk, made["token"])


def test_a_row_put_back_by_itself_ends_again(desk: Desk) -> None:
    made = make(desk, "read")
    with sqlite3.connect(desk.club.home / "archive.db") as db:
        row = db.execute("SELECT * FROM staff_tokens").fetchone()
    desk.club.kenbaar("staff", "token-end", made["id"], *desk.by("Eddy"))
    with sqlite3.connect(desk.club.home / "archive.db") as db:
        db.execute("DELETE FROM staff_tokens")
        db.execute(f"INSERT INTO staff_tokens VALUES ({', '.join('?' * len(row))})", row)
    db.close()
    assert not opens(desk, made["token"])


@pytest.mark.parametrize(
    "change", ["scopes = 'collect read search'", "until = '2099-01-01 00:00:00'", "account = 'a-x'"]
)
def test_a_token_that_was_edited_opens_nothing_and_check_says_so(desk: Desk, change: str) -> None:
    made = make(desk, "read")
    with sqlite3.connect(desk.club.home / "archive.db") as db:
        db.execute(f"UPDATE staff_tokens SET {change}")
    with desk.club.open() as archive, pytest.raises(ArchiveBroken):
        archive.tokens.open(made["token"])
    found = desk.club.kenbaar("check", code=6)["findings"]
    assert any(made["id"] in str(finding) for finding in found)
    with sqlite3.connect(desk.club.home / "archive.db") as db:
        db.execute("DELETE FROM staff_tokens")  # so that the archive is whole again
    db.close()
