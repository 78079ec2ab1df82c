"""A clock that jumped ahead ends nobody's consent: it is in doubt until somebody says that it is right."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pytest

import kenbaar.archive._archive
from kenbaar.consent import verify_receipt
from kenbaar.errors import ClockInDoubt
from tests.actors import OFFICER
from tests.e2e.club import Club, sweep_with


class Ahead(datetime):
    """datetime, of a machine whose clock is wrong."""

    by = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        return datetime.now(tz) + cls.by


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Ahead]]:
    """The clock of the machine that commands run on."""
    monkeypatch.setattr(kenbaar.archive._archive, "datetime", Ahead)
    yield Ahead
    Ahead.by = timedelta()


IN_2099 = datetime(2099, 1, 1, tzinfo=UTC) - datetime.now(UTC)


def ledger_of(club: Club) -> dict[str, Any]:
    shown = club.kenbaar("ledger", "show")["acts"]
    return {"entries": len(shown), "last": shown[-1]["at"]}


def test_one_opening_in_2099_ends_nothing(party: Club, machine: type[Ahead]) -> None:
    """The attack of the issue: one opening with the clock in 2099 ended every consent for good."""
    before = ledger_of(party)
    found = party.found("Ada")
    machine.by = IN_2099
    party.kenbaar("subjects")
    party.kenbaar("collection", "list")
    machine.by = timedelta()
    assert ledger_of(party)["entries"] == before["entries"] + 1  # the find
    assert party.found("Ada") == found
    assert party.publish()["visible"] > 0


def test_what_would_be_recorded_is_refused_with_both_times_in_words(party: Club, machine: type[Ahead]) -> None:
    token = party.invite("Dov", "find")
    item = party.items()["ada.jpg"]["item"]
    before = ledger_of(party)
    machine.by = IN_2099
    ada = party.ids["Ada"]
    for command in (
        ("invite", "Eva", "--purpose", "find"),
        ("renew", ada),
        ("sweep", "party"),
        ("publish", "party", party.out, "--channel", "web"),
        ("collection", "add", "more", party.photos),
        ("collection", "set", "party"),
        ("keys", "rotate"),
        ("check",),
    ):
        refused = party.kenbaar.refused(*command, code=3)
        assert "2099" in refused and before["last"][:4] in refused and "kenbaar clock --confirm" in refused, command
    for asked in (("find", ada), ("claim", ada, item, "--box", 0), ("enrol", token, party.portrait("Dov"))):
        party.kenbaar.refused(*asked, code=3)  # by that clock their date has passed: so they are told
    assert not party.out.exists() or not list(party.out.rglob("*.jpg"))
    for read in (("subjects",), ("collection", "show", "party"), ("ledger", "verify"), ("settings",)):
        party.kenbaar(*read)
    assert "2099" in party.kenbaar.answer("subjects").words
    machine.by = timedelta()
    after = party.kenbaar("ledger", "show")["acts"]
    assert {a["event"] for a in after[before["entries"] :]} <= {"refused"}
    assert all(a["at"] <= (datetime.now(UTC) + timedelta(hours=1)).isoformat() for a in after)
    assert party.found("Ada") == ["ada.jpg", "both.jpg"]


def test_whose_date_may_have_passed_is_not_shown_and_keeps_their_key(party: Club, machine: type[Ahead]) -> None:
    with party.open(after=IN_2099, confirm=False) as archive:
        assert archive.consents.recognisable() == {} and not archive.consents.may_show("web")
        with pytest.raises(ClockInDoubt):
            sweep_with(archive)
        assert archive.overdue() == 4
    with party.open() as archive:
        assert len(archive.consents.recognisable()) == 3


def test_somebody_who_answers_for_the_archive_says_that_the_time_is_right(party: Club, machine: type[Ahead]) -> None:
    party.kenbaar.whole = False  # the ledger is in 2099 from here on
    machine.by = IN_2099
    told = party.kenbaar("clock")
    assert (
        told["in_doubt"] is True and told["machine"].startswith("2099") and (told["overdue"], told["ended"]) == (4, 0)
    )
    told = party.kenbaar("clock", "--confirm")
    assert told["in_doubt"] is False and (told["overdue"], told["ended"]) == (0, 4)
    shown = party.kenbaar("ledger", "show")["acts"]
    (said,) = [a for a in shown if a["event"] == "clock"]
    assert said["facts"]["machine"].startswith("2099") and said["facts"]["last"] < "2099" and said["facts"]["by"]
    assert [a["event"] for a in shown[shown.index(said) + 1 :]] == ["withdraw"] * 3
    assert party.kenbaar("subjects")["subjects"] is not None
    assert party.sweep()["appearances"] == 0
    assert party.kenbaar("clock", "--confirm")["ended"] == 0


@pytest.mark.parametrize("away", [timedelta(hours=46), timedelta(days=9)])
def test_a_nightly_sweep_goes_on_after_a_weekend_and_waits_after_the_holidays(
    party: Club, machine: type[Ahead], away: timedelta
) -> None:
    party.kenbaar.whole = False
    machine.by = away
    if away > timedelta(hours=48):
        refused = party.kenbaar.refused("sweep", "party", code=3)
        assert "9 days" in refused
        assert party.kenbaar("clock", "--confirm")["ended"] == 0  # nobody's date has passed
    assert party.sweep()["appearances"] == 4
    assert party.found("Ada") == ["ada.jpg", "both.jpg"]


def test_people_take_back_and_reject_while_the_clock_is_in_doubt(party: Club, machine: type[Ahead]) -> None:
    before = ledger_of(party)
    item = party.items()["both.jpg"]["item"]
    machine.by = IN_2099
    party.kenbaar("reject", party.ids["Bob"], item)
    answer = party.kenbaar("withdraw", party.ids["Ada"])
    assert answer["left"] is True and answer["keys_destroyed"] == 2
    receipt = verify_receipt(open(answer["receipt"]).read(), None)  # noqa: SIM115, PTH123
    assert "2099" not in str(receipt.payload)
    machine.by = timedelta()
    acts = party.kenbaar("ledger", "show")["acts"][before["entries"] :]
    assert [a["event"] for a in acts] == ["reject", "withdraw"]
    assert all(a["at"] <= (datetime.now(UTC) + timedelta(hours=1)).isoformat() for a in acts)
    party.kenbaar.refused("find", party.ids["Ada"], code=3)
    assert party.found("Bob") == []


def test_a_clock_that_jumps_while_the_archive_is_open_is_in_doubt_and_a_long_run_is_not(party: Club) -> None:
    from kenbaar.archive import open_archive

    ahead = [timedelta()]
    with open_archive(party.settings, lambda: datetime.now(UTC) + ahead[0]) as archive:
        assert archive.journal.clock.doubt() is None
        ahead[0] = timedelta(hours=49)
        assert archive.journal.clock.doubt() is not None
        with pytest.raises(ClockInDoubt):
            archive.rotate_keys(OFFICER)


def test_a_run_of_days_is_not_in_doubt(party: Club, monkeypatch: pytest.MonkeyPatch) -> None:
    from kenbaar.archive import open_archive

    lived = [0.0]
    monkeypatch.setattr("kenbaar.archive._clock.time.monotonic", lambda: lived[0])
    with open_archive(party.settings, lambda: datetime.now(UTC) + timedelta(seconds=lived[0])) as archive:
        for _ in range(10):
            lived[0] += 40_000
            assert archive.journal.clock.doubt() is None
        lived[0] += 3 * 86_400
        assert archive.journal.clock.doubt() is None


def test_after_a_kill_nothing_ends_by_a_clock_in_doubt(party: Club, machine: type[Ahead]) -> None:
    (party.home / "lock").write_bytes(b"writing\n")
    machine.by = IN_2099
    party.kenbaar("subjects")
    machine.by = timedelta()
    assert party.found("Ada") == ["ada.jpg", "both.jpg"]


def test_an_older_home_put_back_after_a_week_waits_too(party: Club, machine: type[Ahead]) -> None:
    backup = party.backup()
    machine.by = timedelta(hours=47)
    party.kenbaar("find", party.ids["Bob"])
    shutil.rmtree(party.home)
    shutil.copytree(backup, party.home)
    machine.by = timedelta(hours=94)
    party.kenbaar.refused("find", party.ids["Bob"], code=3)
    party.kenbaar.whole = False
