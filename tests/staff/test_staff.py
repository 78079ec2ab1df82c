"""Accounts at the room's door: what ends, what waits, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from kenbaar.errors import NotFound, SignInRefused, StaffRefused, TokenRefused, UsageError
from kenbaar.policy import Actor, Event
from kenbaar.staff import LONGEST_TRIAL, LONGEST_WAIT, MOST_MISSES, Staff, wait_after
from tests.actors import OFFICER
from tests.rights.party import Party, a_party

UNTIL = date(2026, 6, 30)  # the party's clock stands in March of that year
RIGHT, WRONG = "four words that fit", "four words that don't"
WEB = Actor("system", "web")
SECOND = timedelta(seconds=1)


@pytest.fixture
def party(tmp_path: Path, tiny_pack_folder: Path) -> Iterator[Party]:
    with a_party(tmp_path, tiny_pack_folder) as p:
        yield p


@pytest.fixture
def staff(party: Party) -> Staff:
    return party.archive.staff


@pytest.fixture
def mina(staff: Staff) -> str:
    invited = staff.invite(OFFICER, "Mina", "reviewer", UNTIL)
    return staff.accept(invited.token, RIGHT).id


def in_ledger(staff: Staff, account: str, times: int, through: Actor = OFFICER) -> None:
    """Misses as the ledger tells them; to try takes 0.3 s each."""
    for _ in range(times):
        staff._journal.record(Event.REFUSED, through, act=f"sign in {account}", why=SignInRefused.__name__)


def misses(staff: Staff, account: str, times: int = 1, through: Actor = OFFICER) -> None:
    """Wrong passphrases, of which the last one is tried."""
    in_ledger(staff, account, times - 1, through)
    with pytest.raises(SignInRefused):
        staff.sign_in(through, account, WRONG)


def test_the_wait_doubles_with_each_miss_from_the_fifth_on_and_never_exceeds_two_minutes() -> None:
    waits = [wait_after(misses).total_seconds() for misses in range(4, 12)]
    assert waits == [0, 8, 16, 32, 64, 120, 120, 120]
    assert wait_after(10_000) == LONGEST_WAIT == timedelta(minutes=2)


def test_four_misses_cost_nothing(staff: Staff, mina: str) -> None:
    misses(staff, mina, MOST_MISSES - 1)
    assert staff.sign_in(OFFICER, mina, RIGHT).name == mina


@pytest.mark.parametrize("more", [0, 1, 5])
def test_after_five_misses_the_right_passphrase_opens_when_the_wait_is_over_and_no_earlier(
    party: Party, staff: Staff, mina: str, more: int
) -> None:
    in_ledger(staff, mina, MOST_MISSES + more)
    party.clock.at += wait_after(MOST_MISSES + more) - SECOND
    with pytest.raises(SignInRefused):
        staff.sign_in(OFFICER, mina, RIGHT)
    party.clock.at += 2 * SECOND
    assert staff.sign_in(OFFICER, mina, RIGHT).name == mina


def test_what_is_tried_during_a_wait_makes_it_no_longer(party: Party, staff: Staff, mina: str) -> None:
    misses(staff, mina, MOST_MISSES)
    until = party.clock.at + wait_after(MOST_MISSES)
    for _ in range(3):
        party.clock.at += SECOND
        misses(staff, mina)
    party.clock.at = until + SECOND
    assert staff.sign_in(OFFICER, mina, RIGHT).name == mina
    told = [(act.payload or {})["why"] for act in party.archive.journal.recent(until - LONGEST_WAIT, REFUSED)]
    assert (told.count("SignInRefused"), told.count("SignInWaits")) == (MOST_MISSES, 3)


def test_misses_on_the_web_keep_nobody_at_the_machine_out(staff: Staff, mina: str) -> None:
    misses(staff, mina, MOST_MISSES, through=WEB)
    with pytest.raises(SignInRefused):
        staff.sign_in(WEB, mina, RIGHT)
    assert staff.sign_in(OFFICER, mina, RIGHT).name == mina


def test_misses_of_one_account_keep_no_other_out(staff: Staff, mina: str) -> None:
    tom = staff.accept(staff.invite(OFFICER, "Tom", "editor", UNTIL).token, RIGHT).id
    misses(staff, mina, MOST_MISSES)
    assert staff.sign_in(OFFICER, tom, RIGHT).role == "editor"


def test_misses_are_forgotten_after_a_quarter_of_an_hour(party: Party, staff: Staff, mina: str) -> None:
    misses(staff, mina, MOST_MISSES)
    party.clock.at += timedelta(minutes=15)
    misses(staff, mina)
    assert staff.sign_in(OFFICER, mina, RIGHT)


def test_an_account_ends_with_its_last_day_and_not_before(party: Party, staff: Staff, mina: str) -> None:
    end = staff.all()[0].until
    assert (end.hour, end.date()) == (0, UNTIL + timedelta(days=1))
    account = staff.all()[0]
    assert account.is_living(end - SECOND) and not account.is_living(end)
    assert [account.state(at) for at in (end - SECOND, end)] == ["active", "ended"]


def test_today_is_an_end_date_and_yesterday_is_none(party: Party, staff: Staff) -> None:
    today = party.clock.at.date()
    assert staff.invite(OFFICER, "Tom", "editor", today).until.date() == today + timedelta(days=1)
    for day in (today - timedelta(days=1), today + timedelta(days=366)):
        with pytest.raises(UsageError):
            staff.invite(OFFICER, "Eva", "editor", day)
    assert staff.invite(OFFICER, "Eva", "editor", today + timedelta(days=365))


def test_after_its_last_day_the_right_passphrase_opens_nothing(party: Party, staff: Staff) -> None:
    day = staff.invite(OFFICER, "Tim", "editor", party.clock.at.date())
    staff.accept(day.token, RIGHT)
    party.clock.at = day.until - SECOND
    assert staff.sign_in(OFFICER, day.account, RIGHT)
    party.clock.at = day.until
    with pytest.raises(SignInRefused):
        staff.sign_in(OFFICER, day.account, RIGHT)


def test_a_passphrase_of_eleven_characters_is_refused_and_one_of_twelve_is_not(staff: Staff) -> None:
    token = staff.invite(OFFICER, "Tim", "editor", UNTIL).token
    with pytest.raises(UsageError):
        staff.accept(token, "eleven char")
    assert staff.accept(token, "twelve chars")


def test_a_trial_ends_after_14_days_or_on_its_date_where_that_is_earlier(party: Party, staff: Staff) -> None:
    long = staff.invite(OFFICER, "Tim", "editor", UNTIL, trial=True)
    short = staff.invite(OFFICER, "Tom", "editor", party.clock.at.date(), trial=True)
    known = {account.id: account for account in staff.all()}
    assert long.until == known[long.account].invited_at + LONGEST_TRIAL and known[long.account].trial
    assert short.until.date() == party.clock.at.date() + timedelta(days=1)


def test_a_token_is_good_for_thirty_days_and_once(party: Party, staff: Staff) -> None:
    early, late = (staff.invite(OFFICER, name, "editor", UNTIL) for name in ("Tim", "Eva"))
    party.clock.at = staff.all()[0].invited_at + timedelta(days=30) - SECOND
    party.archive.journal.confirm_clock(OFFICER)
    assert staff.accept(early.token, RIGHT).state(party.clock.at) == "active"
    with pytest.raises(TokenRefused):
        staff.accept(early.token, RIGHT)
    party.clock.at += 2 * SECOND
    with pytest.raises(TokenRefused):
        staff.accept(late.token, RIGHT)


def test_a_token_of_an_account_that_was_ended_opens_nothing(staff: Staff) -> None:
    invited = staff.invite(OFFICER, "Tim", "editor", UNTIL)
    staff.end(OFFICER, invited.account)
    with pytest.raises(TokenRefused):
        staff.accept(invited.token, RIGHT)


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\x00b", "a\u202eb", "a\u200bb"])
def test_a_name_that_is_none_is_refused(staff: Staff, name: str) -> None:
    with pytest.raises(UsageError):
        staff.invite(OFFICER, name, "editor", UNTIL)
    assert staff.all() == []


def test_a_long_name_is_one(staff: Staff) -> None:
    assert staff.invite(OFFICER, "x" * 200, "editor", UNTIL)


def test_a_role_that_is_none_and_a_person_who_is_not_enrolled_are_refused(staff: Staff) -> None:
    with pytest.raises(UsageError):
        staff.invite(OFFICER, "Tim", "king", UNTIL)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        staff.invite(OFFICER, "Tim", "editor", UNTIL, subject="s-nobody")


def test_a_second_account_is_refused_while_the_first_lives_under_any_look_alike_name(staff: Staff, mina: str) -> None:
    for name in ("Mina", "MINA", "Mına", "Мina", "Míná"):
        with pytest.raises(StaffRefused, match=mina):
            staff.invite(OFFICER, name, "reviewer", UNTIL)
    staff.end(OFFICER, mina)
    assert staff.invite(OFFICER, "Mına", "reviewer", UNTIL)


def test_people_who_are_not_enrolled_have_an_account_each(staff: Staff, mina: str) -> None:
    assert staff.invite(OFFICER, "Tom", "reviewer", UNTIL)


def test_one_enrolled_person_has_one_account_whatever_its_name(party: Party, staff: Staff) -> None:
    ada = party.enrol("Ada", 1).subject
    staff.invite(OFFICER, "A", "reviewer", UNTIL, subject=ada)
    with pytest.raises(StaffRefused):
        staff.invite(OFFICER, "B", "reviewer", UNTIL, subject=ada)


def test_an_account_that_is_over_is_not_ended_again(staff: Staff, mina: str) -> None:
    ended = staff.end(OFFICER, mina)
    assert ended.ended_at and not ended.verifier and not ended.salt and staff.colleague(mina) == ended
    for account in (mina, "a-00000000"):
        with pytest.raises(NotFound):
            staff.end(OFFICER, account)


def test_an_end_that_only_the_ledger_knows_is_brought_back_once(party: Party, staff: Staff, mina: str) -> None:
    at = party.clock()
    staff.replay(mina, at)
    staff.replay(mina, at + SECOND)
    staff.replay("a-00000000", at)
    (account,) = staff.all()
    assert account.ended_at == at


REFUSED = frozenset({Event.REFUSED})
