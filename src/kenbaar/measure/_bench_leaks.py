"""How many faces stay visible in copies: composed pictures are published, and each face is judged by its own pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from kenbaar.faces import Box
from kenbaar.measure._leak_pictures import Condition, Head, LeakPicture, Pixels, Truth, compose
from kenbaar.measure._rates import clopper_pearson

HIDDEN_SHARE = 0.75
"""A face counts as hidden where this much of its own pixels is covered: what is left shows an ear, not who it is."""

_MOST_OFF = 24  # levels by which compression changes a flat area
_LEAST_MASK_PX = 16  # a smaller flat patch of the masks' colour is the picture's own
_FILLED = 0.9
_AT_A_TIME = 24  # pictures held in memory

Publish = Callable[[Sequence[Pixels]], Sequence[Pixels | None]]
"""Pictures in, their copies' pixels out, in order; None: that one is held."""


@dataclass(frozen=True, slots=True)
class LeakRow:
    """One condition. visible: faces in published copies that are not hidden, of `faces`; upper: of their share, with
    95 % certainty. held: photos that are not published, of `photos`; false_masks: masks that touch no face."""

    condition: str
    faces: int
    visible: int
    photos: int
    held: int
    false_masks: int

    @property
    def upper(self) -> float:
        """The upper end of the exact interval of the share visible (Clopper and Pearson 1934)."""
        return clopper_pearson(self.visible, self.faces)[1]


def bench_leaks(
    conditions: Sequence[Condition],
    heads: Sequence[Head],
    backgrounds: Sequence[Pixels],
    publish: Publish,
    *,
    colour: tuple[int, int, int],
    faces: int,
    seed: int,
    say: Callable[[int, int], None],
) -> list[LeakRow]:
    """A row for each condition. colour: what masks are painted in. faces: for each row. The same seed, the same set."""
    rows = []
    for n, condition in enumerate(conditions):
        say(n, len(conditions))
        count = LeakRow(condition.name, 0, 0, 0, 0, 0)
        for pictures in _batches(compose(condition, heads, backgrounds, faces, seed)):
            copies = publish([picture.pixels for picture in pictures])
            for picture, copy in zip(pictures, copies, strict=True):
                count = _counted(count, picture, copy, colour)
        rows.append(count)
    say(len(conditions), len(conditions))
    return rows


def _batches(pictures: Iterable[LeakPicture]) -> Iterator[list[LeakPicture]]:
    each = iter(pictures)
    while some := list(islice(each, _AT_A_TIME)):
        yield some


def _counted(row: LeakRow, picture: LeakPicture, copy: Pixels | None, colour: tuple[int, int, int]) -> LeakRow:
    if copy is None:
        return LeakRow(
            row.condition, row.faces + len(picture.faces), row.visible, row.photos + 1, row.held + 1, row.false_masks
        )
    covered = np.asarray((np.abs(copy.astype(np.int16) - np.array(colour, np.int16)) <= _MOST_OFF).all(axis=2))
    return LeakRow(
        row.condition,
        row.faces + len(picture.faces),
        row.visible + sum(not is_hidden(face, covered) for face in picture.faces),
        row.photos + 1,
        row.held,
        row.false_masks + false_masks(covered, picture.faces),
    )


def is_hidden(face: Truth, covered: NDArray[np.bool_]) -> bool:
    """Whether enough of a face's own pixels is covered. covered: bool (rows, columns) of the copy."""
    under = covered[face.box.y_min : face.box.y_max, face.box.x_min : face.box.x_max]
    return bool((under & face.pixels).sum() >= HIDDEN_SHARE * face.pixels.sum())


def false_masks(covered: NDArray[np.bool_], faces: Sequence[Truth]) -> int:
    """How many rectangles of the masks' colour lie beside every face by half its width or more."""
    import cv2

    count, _, stats, _ = cv2.connectedComponentsWithStats(covered.astype(np.uint8))
    found = 0
    for x, y, width, height, area in stats[1:count].tolist():
        box = Box(x, y, x + width, y + height)
        if min(width, height) < _LEAST_MASK_PX or area < _FILLED * box.area:
            continue
        near = (face.box.padded(face.box.width // 2) for face in faces)
        found += not any(box.intersection(each).area for each in near)
    return found
