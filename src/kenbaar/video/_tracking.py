"""From faces in single frames to tracks: the same face through time, within one shot, by where it is and moves alone.

- A track ends at a cut, where the face is not seen for GAP_S, and where two faces come so close that they could be
  mistaken for each other: what follows is another track. A swap is worse than a track too many.
- What is too doubtful to be a face by itself still continues one that is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from kenbaar.faces import Box

GAP_S = 1.0
_REACH = 1.2  # of the face's side a second: how far from where it was expected it may be
_LEAST_IOU = 0.15
_CROSSING_IOU = 0.25  # two faces that overlap so far could be taken for each other
_SIZE_RATIO = 1.8

Payload = TypeVar("Payload")


@dataclass(frozen=True, slots=True)
class Seen(Generic[Payload]):
    """A face in one frame. n: the frame's number. sure: it is a face by itself, and not only as part of a track.

    payload: whatever the caller wants back with it.
    """

    n: int
    at_s: float
    box: Box
    sure: bool = True
    payload: Payload | None = None


@dataclass(slots=True)
class Track(Generic[Payload]):
    """One face through time, within one shot. seen: in order of time."""

    seen: list[Seen[Payload]] = field(default_factory=list)

    @property
    def last(self) -> Seen[Payload]:
        """Where it was seen last."""
        return self.seen[-1]

    def expected(self, at_s: float) -> Box:
        """Where it would be at that moment if it went on as it did."""
        last = self.last
        if len(self.seen) < 2:
            return last.box
        before = self.seen[max(0, len(self.seen) - 4)]
        took = last.at_s - before.at_s
        if took <= 0:
            return last.box
        ahead = min(at_s - last.at_s, GAP_S / 2) / took
        dx = round((_middle(last.box)[0] - _middle(before.box)[0]) * ahead)
        dy = round((_middle(last.box)[1] - _middle(before.box)[1]) * ahead)
        return Box(last.box.x_min + dx, last.box.y_min + dy, last.box.x_max + dx, last.box.y_max + dy)


class Tracker(Generic[Payload]):
    """Links faces to tracks, frame by frame. done: tracks that have ended and were not taken yet."""

    def __init__(self) -> None:
        self.open: list[Track[Payload]] = []
        self.done: list[Track[Payload]] = []

    def add(self, at_s: float, faces: Sequence[Seen[Payload]], *, begins_shot: bool) -> None:
        """The faces of the next frame looked at, best first."""
        if begins_shot:
            self.end()
        self._end_where(lambda track: at_s - track.last.at_s > GAP_S)
        free = list(faces)
        for track, face in self._pairs(at_s, free):
            track.seen.append(face)
            free.remove(face)
        self.open += [Track([face]) for face in free if face.sure]
        self._end_crossing()

    def end(self) -> None:
        """The shot is over: all tracks end."""
        self._end_where(lambda _: True)

    def take(self) -> list[Track[Payload]]:
        """The tracks that have ended since this was asked last."""
        done, self.done = self.done, []
        return done

    def _pairs(self, at_s: float, faces: list[Seen[Payload]]) -> list[tuple[Track[Payload], Seen[Payload]]]:
        """Which face goes on which track: the best of all assignments. A face not sure goes on no face's place."""
        from scipy.optimize import linear_sum_assignment

        if not self.open or not faces:
            return []
        score = np.array([[_closeness(t, f, at_s) for f in faces] for t in self.open])
        rows, columns = linear_sum_assignment(score, maximize=True)
        return [(self.open[r], faces[c]) for r, c in zip(rows, columns, strict=True) if score[r, c] > 0]

    def _end_crossing(self) -> None:
        """Two tracks whose faces lie over each other both end here: nobody can say which is which afterwards."""
        boxes = [t.last.box for t in self.open]
        crossing = {
            n
            for n, box in enumerate(boxes)
            for m, other in enumerate(boxes)
            if n != m and box.iou(other) > _CROSSING_IOU
        }
        ending = [self.open[n] for n in sorted(crossing)]
        self.done += ending
        self.open = [t for t in self.open if t not in ending]

    def _end_where(self, is_over: object) -> None:
        assert callable(is_over)
        self.done += [t for t in self.open if is_over(t)]
        self.open = [t for t in self.open if not is_over(t)]


def _closeness(track: Track[Payload], face: Seen[Payload], at_s: float) -> float:
    """0: not the same face; more is closer."""
    expected, last = track.expected(at_s), track.last
    box, waited_s = face.box, at_s - last.at_s
    side = max(1, (last.box.width + last.box.height) / 2)
    sizes = (box.width + box.height) / max(1, last.box.width + last.box.height)
    if not 1 / _SIZE_RATIO <= sizes <= _SIZE_RATIO:
        return 0.0
    overlap = max(expected.iou(box), last.box.iou(box))
    (x, y), (u, v) = _middle(expected), _middle(box)
    off = float(np.hypot(x - u, y - v)) / side
    near = 1 - off / (0.5 + _REACH * waited_s)
    if face.sure:
        return max(overlap if overlap >= _LEAST_IOU else 0.0, 0.1 * near)
    return overlap if overlap >= 2 * _LEAST_IOU else 0.0


def _middle(box: Box) -> tuple[float, float]:
    return (box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2
