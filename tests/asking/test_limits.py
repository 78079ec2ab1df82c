"""How much one account may ask in a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kenbaar.asking._limits import (
    MOST_PEOPLE,
    MOST_PHOTOS,
    PER_DAY,
    SAME_PERSON,
    SAME_PHOTO,
    GalleryWalk,
    SamePersonAgain,
    SamePhotoAgain,
    TooManyPhotos,
    picture_mark,
    probe_mark,
    refuse_answer,
    refuse_too_much,
)
from kenbaar.ledger import Act
from kenbaar.media import Photo
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


def ended(*pictures: str, by: str = "a-eddy") -> Act:
    return act(Event.SEARCH_END, by, pictures=list(pictures))


def test_an_answer_up_to_the_limits_is_given() -> None:
    day = [ended("x")] * (SAME_PHOTO - 1) + [shown("s-0")] * (SAME_PERSON - 1)
    refuse_answer("a-eddy", ["x"], [f"s-{n}" for n in range(MOST_PEOPLE)], day)


@pytest.mark.parametrize(
    ("day", "pictures", "people", "refusal"),
    [
        ([], ["m"], [f"s-{n}" for n in range(MOST_PEOPLE + 1)], GalleryWalk),
        ([shown(f"s-{n}") for n in range(MOST_PEOPLE)], ["m"], ["s-new"], GalleryWalk),
        ([shown("s-a")] * SAME_PERSON, ["m"], ["s-a"], SamePersonAgain),
        ([ended("m")] * SAME_PHOTO, ["m"], [], SamePhotoAgain),
        ([], ["m"] * (SAME_PHOTO + 1), [], SamePhotoAgain),
    ],
)
def test_an_answer_beyond_a_limit_is_not_given(
    day: list[Act], pictures: list[str], people: list[str], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal) as told:
        refuse_answer("a-eddy", pictures, people, day)
    assert str(told.value).startswith("This account has asked as much as one may in a day.")


def test_answers_of_others_count_for_nobody_else() -> None:
    day = [ended("m", by="a-rik")] * 9 + [shown("s-a", by="a-rik")] * 9 + [shown(f"s-{n}", "a-rik") for n in range(40)]
    refuse_answer("a-eddy", ["m"], ["s-a"], day)


def test_people_who_were_shown_before_are_no_more_people() -> None:
    day = [shown(f"s-{n}") for n in range(MOST_PEOPLE)]
    refuse_answer("a-eddy", [], ["s-0", "s-1"], day)


def test_an_act_of_before_that_names_no_pictures_counts_none() -> None:
    refuse_answer("a-eddy", ["m"], [], [act(Event.SEARCH_END, faces=1)])


def seen(pixels: NDArray[np.uint8], digest: str = "sha256:a") -> Photo:
    return Photo(pixels, 1, pixels.shape[1], pixels.shape[0], digest, "PNG")


def test_a_picture_has_one_mark_whatever_its_file_and_another_when_a_pixel_or_its_shape_is_another() -> None:
    pixels = np.zeros((4, 6, 3), np.uint8)
    one, same = seen(pixels), seen(pixels.copy(), "sha256:b")
    dot = pixels.copy()
    dot[0, 0, 0] = 1
    marks = {picture_mark("a-eddy", p) for p in (one, seen(dot), seen(pixels.reshape(6, 4, 3)))}
    assert picture_mark("a-eddy", same) == picture_mark("a-eddy", one) != picture_mark("a-rik", one)
    assert len(marks) == 3 and {len(mark) for mark in marks} == {16}, "64 bits: nothing of the photo"


def test_the_mark_of_a_photo_tells_neither_the_photo_nor_that_two_accounts_asked_about_it() -> None:
    digest = "sha256:" + "ab" * 32
    assert probe_mark("a-eddy", digest) == probe_mark("a-eddy", digest) != probe_mark("a-rik", digest)
    assert "ab" * 8 not in probe_mark("a-eddy", digest) and len(probe_mark("a-eddy", digest)) == 16


def test_the_limits_are_those_that_people_are_told() -> None:
    assert (MOST_PHOTOS, SAME_PHOTO, SAME_PERSON, MOST_PEOPLE) == (50, 3, 5, 30)
    assert timedelta(days=1) == PER_DAY
