"""A face through time is a track; a photo's face is a track of one moment; what a person said goes before a match."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenbaar.collections import (
    Appearance,
    Certainty,
    How,
    Item,
    ItemAnalysis,
    Moment,
    Rejection,
    Track,
    merge_known,
    replaced_by,
)
from kenbaar.faces import Box

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
HERE, THERE = Box(0, 0, 40, 40), Box(200, 0, 240, 40)


def photo_track(n: int, box: Box) -> Track:
    return Track("i-1", n, Moment(box))


def video_track(n: int, box: Box, start: float, end: float) -> Track:
    return Track("i-1", n, Moment(box, None, start), start, end)


def on(track: Track, subject: str, how: How = "recognised", band: Certainty = "strong") -> Appearance:
    return Appearance(subject, track, band, how, NOW)


def analysis(*tracks: Track, seen: tuple[Appearance, ...] = (), compared: tuple[str, ...] = ()) -> ItemAnalysis:
    item = Item("i-1", "c", "a.jpg", 1, 1, "present", digest="sha256:aa")
    return ItemAnalysis(item, tracks, seen, frozenset(compared))


def test_two_faces_of_one_photo_are_there_at_the_same_moment() -> None:
    assert photo_track(0, HERE).meets(photo_track(1, THERE))
    assert photo_track(0, HERE).start_s is None and photo_track(0, HERE).is_there(None)


def test_a_track_is_there_from_its_start_until_before_its_end() -> None:
    track = video_track(0, HERE, 2.0, 5.0)
    assert [track.is_there(at) for at in (1.9, 2.0, 4.9, 5.0, None)] == [False, True, True, False, False]
    assert track.meets(video_track(1, THERE, 4.9, 9.0)) and not track.meets(video_track(1, THERE, 5.0, 9.0))


@pytest.mark.parametrize(
    ("start", "end", "at"), [(2.0, 5.0, 5.0), (2.0, 5.0, None), (None, None, 1.0), (5.0, 2.0, 3.0)]
)
def test_times_that_contradict_each_other_are_a_mistake(
    start: float | None, end: float | None, at: float | None
) -> None:
    with pytest.raises(ValueError, match="moment"):
        Track("i-1", 0, Moment(HERE, None, at), start, end)


def test_somebody_who_comes_back_in_a_video_has_an_appearance_for_each_time() -> None:
    first, again = video_track(0, HERE, 0.0, 2.0), video_track(1, HERE, 8.0, 9.0)
    seen = (on(first, "s-ada"), on(again, "s-ada"))
    _, people = merge_known(analysis(first, again, seen=seen, compared=("s-ada",)), [])
    assert [(a.subject, a.start_s, a.end_s) for a in people] == [("s-ada", 0.0, 2.0), ("s-ada", 8.0, 9.0)]


def test_somebody_is_on_one_face_of_a_photo_and_their_own_word_goes_first() -> None:
    mine, other = photo_track(0, HERE), photo_track(1, THERE)
    _, people = merge_known(analysis(mine, other, seen=(on(other, "s-ada"),)), [on(mine, "s-ada", "claimed")])
    assert [(a.n, a.how) for a in people] == [(0, "claimed")]


def test_a_face_that_a_person_pointed_at_stays_one_where_no_detector_finds_it() -> None:
    drawn = Track("i-1", 0, Moment(THERE), by_hand=True)
    tracks, people = merge_known(analysis(photo_track(0, HERE)), [on(drawn, "s-ada", "by hand", "by hand")])
    assert [(t.n, t.box, t.by_hand) for t in tracks] == [(0, HERE, False), (1, THERE, True)]
    assert [(a.subject, a.n) for a in people] == [("s-ada", 1)]


def test_whom_a_sweep_compared_and_did_not_find_is_not_there_any_more() -> None:
    known = [on(photo_track(0, HERE), "s-ada"), on(photo_track(1, THERE), "s-bob")]
    _, people = merge_known(analysis(photo_track(0, HERE), photo_track(1, THERE), compared=("s-ada",)), known)
    assert [a.subject for a in people] == ["s-bob"]  # who was not compared stays where their face is


def test_whoever_says_it_is_them_takes_the_place_of_who_was_there_and_leaves_their_own_of_that_moment() -> None:
    here, there = photo_track(0, HERE), photo_track(1, THERE)
    before = [on(here, "s-bob"), on(there, "s-ada")]
    assert replaced_by(on(here, "s-ada", "claimed"), before) == before
    early, late = video_track(0, HERE, 0.0, 2.0), video_track(1, HERE, 8.0, 9.0)
    assert replaced_by(on(late, "s-ada", "claimed"), [on(early, "s-ada")]) == []  # another moment is another matter


@given(st.floats(0, 100), st.floats(0.1, 100), st.floats(0, 200))
def test_a_rejection_is_of_the_face_that_was_there_at_its_moment(start: float, length: float, at: float) -> None:
    track = video_track(0, HERE, start, start + length)
    rejection = Rejection("sha256:aa", "s-ada", HERE, NOW, at)
    assert rejection.is_of(track) == (start <= at < start + length)
    assert not Rejection("sha256:aa", "s-ada", HERE, NOW).is_of(track)  # of a photo
    assert not Rejection("sha256:aa", "s-ada", THERE, NOW, at).is_of(track)
