"""The transparency report: true by counting again, and nothing of few people can be worked out of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kenbaar.ledger import Act
from kenbaar.policy import Event
from kenbaar.rights._transparency import LEAST, count_acts, figures, told

AT = datetime(2026, 11, 27, 9, tzinfo=UTC)
DAY = AT.date()
Said = tuple[Event, dict[str, Any] | None]


def acts(*said: Said) -> list[Act]:
    return [Act(n, str(event), None, AT, facts) for n, (event, facts) in enumerate(said)]


def search(basis: str = "archive") -> Said:
    return Event.SEARCH, {"photos": 1, "basis": basis}


@given(st.dictionaries(st.sampled_from("abcde"), st.integers(0, 40), max_size=5))
def test_no_count_under_ten_can_be_worked_out_of_a_group(counts: dict[str, int]) -> None:
    """For each part that is not told, another count under ten fits everything that is told as well."""
    said = figures(counts)
    for name, count in counts.items():
        if count < LEAST:
            other = {**counts, name: (count + 1) % LEAST}
            assert figures(other) == said
        else:
            assert said.parts[name] == count
    if said.total is not None:
        assert said.total == sum(counts.values()) and None not in said.parts.values()


def test_a_count_is_told_from_ten_on() -> None:
    assert [told(n) for n in (0, 9, 10)] == [None, None, 10]


def test_questions_and_what_came_of_them_are_counted() -> None:
    asked: list[Said] = [search(), (Event.SEARCH_END, {"faces": 3}), (Event.CANDIDATE, None), (Event.NAMED, None)]
    said = count_acts(acts(*asked * 12, search("consent")), DAY, DAY, 1000)
    assert (said.searches.parts, said.searches.total) == ({"archive": 12, "consent": None}, None)
    assert (said.photos, said.candidates) == (13, 12)
    assert (said.faces.parts, said.faces.total) == ({"named": 12, "not named": 24}, 36)


def test_accounts_are_counted_by_role_and_those_at_the_end_are_the_living() -> None:
    until = (AT + timedelta(days=90)).isoformat()
    made: list[Said] = [
        (Event.STAFF_INVITE, {"staff": f"a-{n}", "role_given": "editor", "until": until}) for n in range(13)
    ]
    taken: list[Said] = [(Event.STAFF_ACCEPT, {"staff": f"a-{n}"}) for n in range(12)]
    ended: list[Said] = [(Event.STAFF_END, {"staff": "a-0"})]
    said = count_acts(acts(*made, *taken, *ended), DAY, DAY, 1000)
    assert said.accounts_invited.parts == {"editor": 13} and said.accounts_accepted.parts == {"editor": 12}
    assert said.accounts_living.parts == {"editor": 11} and said.accounts_ended.parts == {"editor": None}
    later = count_acts(acts(*made, *taken), DAY + timedelta(days=100), DAY + timedelta(days=101), 1000)
    assert later.accounts_living.parts == {} and later.accounts_invited.parts == {"editor": None}


def test_other_days_and_later_entries_do_not_count() -> None:
    here = acts(*[(Event.SWEEP, {})] * 12)
    assert count_acts(here, DAY, DAY, 12).acts.parts == {"sweep": 12}
    assert count_acts(here, DAY, DAY, 11).acts.parts == {"sweep": 11}
    for first, last in ((date(2026, 1, 1), DAY - timedelta(days=1)), (DAY + timedelta(days=1), date(2027, 1, 1))):
        assert count_acts(here, first, last, 12).acts.parts == {}


def test_what_people_who_left_did_is_counted_as_before() -> None:
    told_then = count_acts(acts(*[(Event.WITHDRAW, {"reason": "withdrawn"})] * 11), DAY, DAY, 11)
    assert count_acts(acts(*[(Event.WITHDRAW, None)] * 11), DAY, DAY, 11) == told_then
