"""The transparency report: true by counting again, and nothing of few people can be worked out of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kenbaar.ledger import Act
from kenbaar.policy import Event
from kenbaar.rights._transparency import LEAST, Transparency, count_acts, figures, told

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
    said = count_acts(acts(*asked * 12), DAY, DAY, 1000)
    assert (said.searches.parts, said.searches.total) == ({"archive": 12}, 12)
    assert (said.photos, said.candidates) == (12, 12)
    assert (said.faces.parts, said.faces.total) == ({"named": 12, "not named": 24}, 36)


def test_photos_less_questions_do_not_give_back_a_basis_that_is_not_told() -> None:
    """Thirteen photos, twelve questions for one basis: the other could only have been one."""
    asked: list[Said] = [
        search(),
        (Event.SEARCH_END, {"faces": 3}),
        (Event.CANDIDATE, None),
        (Event.NAMED, None),
        (Event.CASE_END, {}),
    ]
    said = count_acts(acts(*asked * 12, search("consent")), DAY, DAY, 1000)
    assert (said.searches.parts, said.searches.total) == ({"archive": 12, "consent": None}, None)
    assert (said.photos, said.candidates, said.acts.parts) == (None, None, {"case-end": None})
    assert (said.faces.parts, said.faces.total) == ({"named": None, "not named": None}, None)


@given(st.lists(st.integers(1, 25), min_size=1, max_size=3), st.integers(0, 60), st.integers(0, 60), st.data())
def test_another_history_of_asking_fits_whatever_is_told_of_it(
    bases: list[int], named: int, more: int, data: st.DataObject
) -> None:
    """A count under ten can be another one, with all that hangs on it, and the report is the same to the letter."""
    extra = data.draw(st.integers(0, 2), label="faces more in each question")

    def report(bases: list[int], named: int, more: int) -> Transparency:
        one: list[Said] = [(Event.SEARCH_END, {"faces": 1 + extra}), (Event.CASE_END, {})]
        said = [act for n, count in enumerate(bases) for act in (search("abc"[n]), *one) * count]
        said += [(Event.SEARCH_END, {"faces": named + more})] + [(Event.CANDIDATE, None), (Event.NAMED, None)] * named
        return count_acts(acts(*said), DAY, DAY, 10_000)

    told_of = report(bases, named, more)
    for n, count in enumerate(bases):
        if count < LEAST:
            other = [*bases[:n], count % (LEAST - 1) + 1, *bases[n + 1 :]]
            assert report(other, named, more) == told_of
    if named < LEAST:
        assert report(bases, named - 1 if named else 1, more) == told_of


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_another_history_of_accounts_fits_whatever_is_told_of_them(waiting: int, there: int, ended: int) -> None:
    def report(waiting: int, there: int, ended: int) -> Transparency:
        until = (AT + timedelta(days=90)).isoformat()
        said: list[Said] = []
        for n in range(waiting + there + ended):
            said.append((Event.STAFF_INVITE, {"staff": f"a-{n}", "role_given": "editor", "until": until}))
            if n >= waiting:
                said.append((Event.STAFF_ACCEPT, {"staff": f"a-{n}"}))
            if n >= waiting + there:
                said.append((Event.STAFF_END, {"staff": f"a-{n}"}))
        return count_acts(acts(*said), DAY, DAY, 10_000)

    told_of = report(waiting, there, ended)
    if waiting + there + ended > 0 and ended < LEAST:
        assert report(waiting + 1, there, (ended + 1) % LEAST) == told_of
    if waiting + there + ended > 0 and there < LEAST:
        assert report(waiting + 1, (there + 1) % LEAST, ended) == told_of


def test_accounts_are_counted_by_role_and_those_at_the_end_are_the_living() -> None:
    until = (AT + timedelta(days=90)).isoformat()
    made: list[Said] = [
        (Event.STAFF_INVITE, {"staff": f"a-{n}", "role_given": "editor", "until": until}) for n in range(13)
    ]
    taken: list[Said] = [(Event.STAFF_ACCEPT, {"staff": f"a-{n}"}) for n in range(12)]
    ended: list[Said] = [(Event.STAFF_END, {"staff": "a-0"})]
    said = count_acts(acts(*made, *taken, *ended), DAY, DAY, 1000)
    assert said.accounts_living.parts == {"editor": 11}
    hidden = (said.accounts_invited, said.accounts_accepted, said.accounts_ended)
    assert [group.parts for group in hidden] == [{"editor": None}] * 3, "twelve less eleven would tell who was ended"
    more: list[Said] = [
        *[(Event.STAFF_INVITE, {"staff": f"b-{n}", "role_given": "editor", "until": until}) for n in range(11)],
        *[(Event.STAFF_ACCEPT, {"staff": f"b-{n}"}) for n in range(11)],
        *[(Event.STAFF_END, {"staff": f"b-{n}"}) for n in range(11)],
    ]
    whole = count_acts(acts(*made, *taken, *more), DAY, DAY, 1000)
    groups = (whole.accounts_invited, whole.accounts_accepted, whole.accounts_ended, whole.accounts_living)
    assert [group.parts["editor"] for group in groups] == [24, 23, 11, 12]
    later = count_acts(acts(*made, *taken), DAY + timedelta(days=100), DAY + timedelta(days=101), 1000)
    assert later.accounts_living.parts == {"editor": None} and later.accounts_invited.parts == {"editor": None}


def test_other_days_and_later_entries_do_not_count() -> None:
    here = acts(*[(Event.SWEEP, {})] * 12)
    assert count_acts(here, DAY, DAY, 12).acts.parts == {"sweep": 12}
    assert count_acts(here, DAY, DAY, 11).acts.parts == {"sweep": 11}
    for first, last in ((date(2026, 1, 1), DAY - timedelta(days=1)), (DAY + timedelta(days=1), date(2027, 1, 1))):
        assert count_acts(here, first, last, 12).acts.parts == {}


def test_what_people_who_left_did_is_counted_as_before() -> None:
    told_then = count_acts(acts(*[(Event.WITHDRAW, {"reason": "withdrawn"})] * 11), DAY, DAY, 11)
    assert count_acts(acts(*[(Event.WITHDRAW, None)] * 11), DAY, DAY, 11) == told_then
