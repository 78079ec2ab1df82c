"""Requests have a month by the calendar, are put off once, and are never lost sight of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from kenbaar.errors import ArchiveBroken, NotFound, Refused, RoleRefused, UsageError
from kenbaar.policy import Actor, subject_actor
from kenbaar.subject_requests import SubjectRequests, months_later
from tests.actors import OFFICER
from tests.rights.party import Party, a_party


@pytest.fixture
def party(tmp_path: Path, tiny_pack_folder: Path) -> Iterator[Party]:
    with a_party(tmp_path, tiny_pack_folder) as party:
        party.enrol("Ada", 3)
        party.enrol("Bob", 4)
        yield party


@pytest.fixture
def requests(party: Party) -> SubjectRequests:
    return party.archive.subject_requests


@pytest.mark.parametrize(
    ("came", "due"),
    [
        ("2026-01-31", "2026-02-28"),
        ("2028-01-31", "2028-02-29"),
        ("2026-02-28", "2026-03-28"),
        ("2026-12-05", "2027-01-05"),
        ("2026-08-31", "2026-09-30"),
    ],
)
def test_a_month_is_the_calendars(came: str, due: str) -> None:
    assert months_later(date.fromisoformat(came), 1) == date.fromisoformat(due)


@given(st.dates(date(2020, 1, 1), date(2090, 1, 1)), st.integers(1, 3))
def test_a_month_is_never_shorter_than_its_days_nor_longer(day: date, months: int) -> None:
    gone = (months_later(day, months) - day).days
    assert 28 * months <= gone <= 31 * months


def test_what_a_person_asks_is_theirs_to_see_with_its_last_day(party: Party, requests: SubjectRequests) -> None:
    ada = party.people["Ada"].subject
    made = requests.receive(subject_actor(ada), "access", subject=ada, words=" All of it, please. ")
    assert made.words == "All of it, please." and made.due == months_later(made.received_at.date(), 1)
    assert requests.of(ada) == [made] and requests.of(party.people["Bob"].subject) == []


def test_nobody_asks_in_anothers_name(party: Party, requests: SubjectRequests) -> None:
    with pytest.raises(RoleRefused):
        requests.receive(subject_actor(party.people["Bob"].subject), "erasure", subject=party.people["Ada"].subject)
    with pytest.raises(RoleRefused):
        requests.answer(Actor("staff", "a-1", "auditor"), requests.receive(OFFICER, "access").id, "Done.")


def test_it_is_put_off_once_for_a_reason(requests: SubjectRequests) -> None:
    made = requests.receive(OFFICER, "access", contact="by letter")
    with pytest.raises(UsageError, match="reason"):
        requests.extend(OFFICER, made.id, "  ")
    later = requests.extend(OFFICER, made.id, "Ten thousand pictures.")
    assert later.due == months_later(made.received_at.date(), 3) and later.state == "extended"
    with pytest.raises(Refused, match="already"):
        requests.extend(OFFICER, made.id, "More.")


def test_after_its_month_it_is_not_put_off_any_more(party: Party, requests: SubjectRequests) -> None:
    made = requests.receive(OFFICER, "access")
    party.clock.at += timedelta(days=32)
    party.archive.confirm_clock(OFFICER)
    assert requests.get(made.id).days_left(party.clock.at.date()) < 0
    with pytest.raises(Refused, match="month is over"):
        requests.extend(OFFICER, made.id, "Busy.")
    assert requests.answer(OFFICER, made.id, "Late, sorry.").state == "answered"


def test_it_is_answered_once(requests: SubjectRequests) -> None:
    made = requests.receive(OFFICER, "objection", words="Not me.")
    assert requests.answer(OFFICER, made.id, "No.", refused=True).state == "refused"
    with pytest.raises(Refused, match="answered already"):
        requests.answer(OFFICER, made.id, "Yes.")
    with pytest.raises(NotFound):
        requests.answer(OFFICER, "q-00000000", "Yes.")


def test_half_a_year_after_its_answer_it_is_gone(party: Party, requests: SubjectRequests) -> None:
    old = requests.receive(OFFICER, "access", contact="ada@example.org")
    waits = requests.receive(OFFICER, "access")
    requests.answer(OFFICER, old.id, "Sent.")
    party.clock.at += timedelta(days=184)
    party.archive.confirm_clock(OFFICER)
    requests.receive(OFFICER, "erasure")
    ids = {r.id for r in requests.store.all()}
    assert old.id not in ids and waits.id in ids, "what waits is kept, however late"


def test_those_of_somebody_who_left_go_with_them(party: Party, requests: SubjectRequests) -> None:
    ada = party.people["Ada"].subject
    requests.receive(subject_actor(ada), "access", subject=ada, words="Everything.")
    party.archive.leaving.withdraw(OFFICER, ada)
    assert requests.store.all() == []


def test_a_flood_of_strangers_ends_and_people_who_enrolled_are_heard(
    party: Party, requests: SubjectRequests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kenbaar.subject_requests._subject_requests.MOST_OPEN", 3)
    for _ in range(3):
        requests.receive(OFFICER, "objection", words="x")
    with pytest.raises(Refused, match="Too many"):
        requests.receive(OFFICER, "objection", words="x")
    ada = party.people["Ada"].subject
    assert requests.receive(subject_actor(ada), "access", subject=ada).is_open


@pytest.mark.parametrize(
    "wrong", [{"words": "x" * 4001}, {"contact": "x" * 301}, {"contact": "a\nb"}, {"kind": "gift"}]
)
def test_what_is_too_long_or_no_request_is_refused(requests: SubjectRequests, wrong: dict[str, str]) -> None:
    kind = wrong.pop("kind", "access")
    with pytest.raises(UsageError):
        requests.receive(OFFICER, kind, **wrong)  # type: ignore[arg-type]


def test_a_row_that_was_edited_is_named(party: Party, requests: SubjectRequests) -> None:
    made = requests.receive(OFFICER, "access")
    with party.archive._databases[0].write() as c:
        c.execute(sa.text("UPDATE subject_requests SET due = '2099-01-01'"))
    with pytest.raises(ArchiveBroken):
        requests.get(made.id)
    assert any(made.id in problem for problem in party.archive.check(OFFICER, say=lambda *_: None).problems)
