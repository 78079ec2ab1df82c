"""How much one account may ask in a day."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from kenbaar.asking._limits import (
    MOST_PEOPLE,
    SAME_PERSON,
    SAME_PHOTO,
    GalleryWalk,
    SamePersonAgain,
    SamePhotoAgain,
    TooManyPhotos,
    probe_mark,
    refuse_too_much,
)
from kenbaar.ledger import Act
from kenbaar.policy import Event

AT = datetime(2026, 11, 27, 9, tzinfo=UTC)


def act(event: Event, by: str = "a-eddy", **said: Any) -> Act:
    return Act(0, str(event), "ask", AT, {"by": by, **said})


def asked(*marks: str, by: str = "a-eddy") -> Act:
    return act(Event.SEARCH, by, photos=len(marks), probes=list(marks))


def shown(subject: str, by: str = "a-eddy") -> Act:
    return act(Event.CANDIDATE, by, subject=subject)


def test_what_is_within_all_limits_may_be_asked() -> None:
    day = [asked("x")] * (SAME_PHOTO - 1) + [shown("s-a")] * (SAME_PERSON - 1)
    refuse_too_much("a-eddy", ["x", "y"], day, photos_a_day=SAME_PHOTO + 1)


@pytest.mark.parametrize(
    ("day", "refusal"),
    [
        ([asked("x", "y", "z")] * 2, TooManyPhotos),
        ([asked("m")] * SAME_PHOTO, SamePhotoAgain),
        ([shown("s-a")] * SAME_PERSON, SamePersonAgain),
        ([shown(f"s-{n}") for n in range(MOST_PEOPLE)], GalleryWalk),
    ],
)
def test_beyond_each_limit_it_is_refused_in_one_sentence(day: list[Act], refusal: type[Exception]) -> None:
    with pytest.raises(refusal) as told:
        refuse_too_much("a-eddy", ["m"], day, photos_a_day=6)
    assert str(told.value).startswith("This account has asked as much as one may in a day.")


def test_what_others_asked_counts_for_nobody_else() -> None:
    day = [asked("m", by="a-rik")] * 9 + [shown("s-a", by="a-rik")] * 9 + [shown(f"s-{n}", "a-rik") for n in range(40)]
    refuse_too_much("a-eddy", ["m"], day, photos_a_day=1)


def test_one_photo_handed_in_often_at_once_counts_as_often() -> None:
    with pytest.raises(SamePhotoAgain):
        refuse_too_much("a-eddy", ["m"] * (SAME_PHOTO + 1), [], photos_a_day=50)


def test_the_mark_of_a_photo_tells_neither_the_photo_nor_that_two_accounts_asked_about_it() -> None:
    digest = "sha256:" + "ab" * 32
    assert probe_mark("a-eddy", digest) == probe_mark("a-eddy", digest) != probe_mark("a-rik", digest)
    assert "ab" * 8 not in probe_mark("a-eddy", digest)
