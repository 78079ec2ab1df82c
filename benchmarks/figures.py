"""From what the peers answered to figures: ratios with their spread, faces found, people named, faces masked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.protocol import Answer, Found

Corners = Sequence[float]
Truth = Sequence[dict[str, Any]]
"""The faces really in a photo: {"box": [x_min, y_min, x_max, y_max], "name": whose}."""

LIKE_IN_SIZE = (
    4.0  # detectors draw boxes from the brows or from the hair: up to twice as large each way is the same face
)


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as long as the reference, over the rounds: median, least, most."""

    middle: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Tally:
    """Of one row, over all rounds. false: boxes where no face is; wrong: faces named as somebody else."""

    faces: int
    found: int
    false: int
    named: int
    wrong: int


def ratios(times: Sequence[float], reference: Sequence[float]) -> Ratio | None:
    """Round by round, so that both sides of each ratio were taken within seconds.

    Rounds that either missed are left out; None where no round has both. Times must be positive.
    """
    each = [own / other for own, other in zip(times, reference, strict=False)]
    return Ratio(median(each), min(each), max(each)) if each else None


def per_photo(rounds: Sequence[Sequence[Answer]], clock: str) -> list[float]:
    """Seconds a photo, of each round: its median photo. clock: "cpu_s" or "wall_s"."""
    return [median(getattr(answer, clock) for answer in answers) for answers in rounds if answers]


def is_found(face: Corners, box: Corners) -> bool:
    """Whether a detector's box is this face: each holds the other's middle, and neither is far larger."""
    sizes = (_area(face), _area(box))
    return _holds(face, box) and _holds(box, face) and max(sizes) <= LIKE_IN_SIZE * min(sizes)


def tally(answers: Sequence[tuple[Answer, Truth]]) -> Tally:
    """What was found and named of what is there. Each face counts once, each box for one face."""
    faces = found = false = named = wrong = 0
    for answer, truth in answers:
        left: list[Found] = list(answer.faces)
        faces += len(truth)
        for face in truth:
            box = next((b for b in left if is_found(face["box"], b.box)), None)
            if box is None:
                continue
            left.remove(box)
            found += 1
            named += box.name is not None and box.name == face["name"]
            wrong += box.name is not None and box.name != face["name"]
        false += len(left)
        wrong += sum(box.name is not None for box in left)
    return Tally(faces, found, false, named, wrong)


def _holds(outer: Corners, inner: Corners) -> bool:
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _area(box: Corners) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])
