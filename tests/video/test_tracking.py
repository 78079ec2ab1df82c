"""Faces become tracks by place and motion alone, and a track never passes from one person to another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kenbaar.faces import Box
from kenbaar.video import Seen, Track, Tracker

STEP_S = 0.2


def box(x: int, y: int = 50, side: int = 40) -> Box:
    return Box(x, y, x + side, y + side)


def tracked(*looks: list[tuple[int, Box]], cuts: set[int] = frozenset(), sure: bool = True) -> list[Track[int]]:  # type: ignore[assignment]
    """looks: of each moment, faces with a number that says whose they are."""
    tracker: Tracker[int] = Tracker()
    for n, faces in enumerate(looks):
        seen = [Seen(n, n * STEP_S, where, sure, who) for who, where in faces]
        tracker.add(n * STEP_S, seen, begins_shot=n in cuts)
    tracker.end()
    return tracker.take()


def test_a_face_that_moves_is_one_track() -> None:
    (track,) = tracked(*[[(1, box(10 + 12 * n))] for n in range(20)])
    assert len(track.seen) == 20


def test_two_faces_side_by_side_are_two_tracks() -> None:
    tracks = tracked(*[[(1, box(10 + 5 * n)), (2, box(300 - 5 * n))] for n in range(10)])
    assert sorted(len(t.seen) for t in tracks) == [10, 10]
    assert all(len({s.payload for s in t.seen}) == 1 for t in tracks)


def test_a_cut_ends_every_track() -> None:
    tracks = tracked(*[[(1, box(50))] for _ in range(10)], cuts={5})
    assert [(t.seen[0].n, t.last.n) for t in tracks] == [(0, 4), (5, 9)]


def test_a_face_that_is_missed_for_a_moment_goes_on() -> None:
    looks = [[(1, box(50))] if n not in (4, 5) else [] for n in range(10)]
    assert len(tracked(*looks)) == 1


def test_a_face_that_is_gone_for_long_comes_back_as_another_track() -> None:
    looks = [[(1, box(50))] if not 4 <= n <= 11 else [] for n in range(16)]
    assert len(tracked(*looks)) == 2


def test_faces_that_cross_end_there() -> None:
    looks = [[(1, box(20 + 16 * n)), (2, box(340 - 16 * n, 58))] for n in range(20)]
    tracks = tracked(*looks)
    assert all(len({s.payload for s in t.seen}) == 1 for t in tracks), "nobody is followed onto another's face"


def test_what_is_doubtful_begins_no_track_and_continues_one() -> None:
    assert tracked(*[[(1, box(50))] for _ in range(5)], sure=False) == []
    tracker: Tracker[int] = Tracker()
    for n in range(10):
        tracker.add(n * STEP_S, [Seen(n, n * STEP_S, box(50), n in (0, 1, 2, 9), 1)], begins_shot=False)
    tracker.end()
    assert [len(t.seen) for t in tracker.take()] == [10]


@given(st.lists(st.lists(st.integers(0, 500), max_size=4), max_size=12))
def test_every_face_that_is_sure_is_on_exactly_one_track(looks: list[list[int]]) -> None:
    looks_ = [[(i, box(x)) for i, x in enumerate(xs)] for xs in looks]
    tracks = tracked(*looks_)
    on = [(s.n, s.payload) for t in tracks for s in t.seen]
    assert sorted(on, key=str) == sorted(((n, i) for n, xs in enumerate(looks) for i in range(len(xs))), key=str)
    assert all(a.n < b.n for t in tracks for a, b in zip(t.seen, t.seen[1:], strict=False))
