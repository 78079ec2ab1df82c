"""SIGKILL at random moments of a question, an answer and an end: the case is whole, the one before, or not there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.club import Club
from tests.e2e.nursery import Nursery, nursery
from tests.e2e.test_asking import WHY, Desk
from tests.e2e.test_kills import killed_at_random

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("true_codes")]  # killed processes take passphrases


@pytest.fixture(scope="module")
def born() -> Iterator[Nursery]:
    with nursery() as ready:
        yield ready


@pytest.fixture
def desk(club: Club) -> Desk:
    club.kenbaar.whole = False  # each copy of it is checked after its own kill
    club.enrol("Dov", "ask")
    desk = Desk(club)
    for name, role in (("Eddy", "editor"), ("Rik", "reviewer"), ("Rosa", "reviewer")):
        desk.join(name, role)
    return desk


def one_key_for_each_case(club: Club) -> list[str]:
    with club.open() as archive:
        cases = archive.cases.store.all()
        assert set(archive.keys.ids("case")) == {case.key_id for case in cases}
        assert [case.id for case in archive.cases.all()] == [case.id for case in cases]
        return [case.id for case in cases]


def test_a_killed_question_leaves_a_whole_case_or_none_and_can_be_asked_again(born: Nursery, desk: Desk) -> None:
    probe = desk.probe("Dov", "Stranger")
    for club, _ in killed_at_random(born, desk.club, "search", probe, *WHY, *desk.by("Eddy")):
        before = one_key_for_each_case(club)
        again = Desk(club, desk.accounts)
        case = again.ask(probe)["case"]
        assert len(again.show(case, "Rik")["faces"][0]["candidates"]) == 1
        assert one_key_for_each_case(club) == [*before, case]


def test_a_killed_answer_counts_once_or_not_at_all(born: Nursery, desk: Desk) -> None:
    case = desk.ask(desk.probe("Dov"))["case"]
    words = ("case", "review", case, "--face", 0, "--is", "A")
    desk.club.kenbaar(*words, *desk.by("Rosa"))
    for club, _ in killed_at_random(born, desk.club, *words, *desk.by("Rik")):
        assert one_key_for_each_case(club) == [case]
        again = Desk(club, desk.accounts)
        shown = again.show(case, "Eddy")
        if shown["faces"][0]["reviews"] == 1:
            assert "outcome" not in shown
            again.review(case, "Rik", "A")
        assert again.show(case, "Eddy")["outcome"]["name"] == "Dov"


def test_a_killed_end_leaves_the_case_or_nothing_of_it(born: Nursery, desk: Desk) -> None:
    case = desk.ask(desk.probe("Dov"))["case"]
    for club, _ in killed_at_random(born, desk.club, "case", "close", case, *desk.by("Eddy")):
        if one_key_for_each_case(club):
            club.kenbaar("case", "close", case, *desk.by("Eddy"))
        assert one_key_for_each_case(club) == []
        club.kenbaar("case", "show", case, *desk.by("Eddy"), code=3)
