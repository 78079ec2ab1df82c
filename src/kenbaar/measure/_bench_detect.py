"""How many faces of which size a sweep finds, on composed pictures with known truth, and what finding them costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import mean

from kenbaar.faces import Box
from kenbaar.measure._pictures import Composed

BANDS_PX = (16, 24, 32, 48, 64, 96, 128, 192, 6000)
"""Borders between sizes: the longer side of a face, px of the photo. Recognition begins at about 37
(docs/experiments/the-default-pack-as-first-measured.md)."""
FOUND_IOU = 0.4  # of the found box and the true one; and a found box that overlaps no true one by 0.2 is a false find
_FALSE_IOU = 0.2


@dataclass(frozen=True, slots=True)
class FoundOfSize:
    """Of `faces` faces of from_px to below to_px (longer side), how many one look finds, and how many a sweep."""

    from_px: int
    to_px: int
    faces: int
    one_look: int
    sweep: int


@dataclass(frozen=True, slots=True)
class DetectBench:
    """What is found in composed pictures. false_*: found boxes where no face is.

    ms: kind of picture -> (one look, as a sweep does), mean ms a photo from the file on, taken in turns.
    """

    photos: int
    faces: int
    sizes: tuple[FoundOfSize, ...]
    false_one_look: int
    false_sweep: int
    ms: dict[str, tuple[float, float]]


def bench_detect(
    pictures: Sequence[Composed],
    one_look: Callable[[Path], Sequence[Box]],
    sweep: Callable[[Path], Sequence[Box]],
    say: Callable[[int, int], None] = lambda done, total: None,
) -> DetectBench:
    """Looks at every picture both ways, in turns. one_look, sweep: the boxes of all faces found in a file."""
    counts = {px: [0, 0, 0] for px in BANDS_PX[:-1]}
    false = [0, 0]
    ms: dict[str, list[tuple[float, float]]] = {}
    for done, picture in enumerate(pictures):
        found, took = [], []
        for look in (one_look, sweep):
            begin = time.perf_counter()
            found.append(look(picture.path))
            took.append((time.perf_counter() - begin) * 1e3)
        ms.setdefault(picture.kind, []).append((took[0], took[1]))
        for face in picture.faces:
            size = max(face.width, face.height)
            band = counts[max(px for px in counts if px <= max(size, BANDS_PX[0]))]
            band[0] += 1
            for way, boxes in enumerate(found, 1):
                band[way] += any(box.iou(face) >= FOUND_IOU for box in boxes)
        for way, boxes in enumerate(found):
            false[way] += sum(all(box.iou(face) < _FALSE_IOU for face in picture.faces) for box in boxes)
        say(done + 1, len(pictures))
    upper = dict(pairwise(BANDS_PX))
    return DetectBench(
        photos=len(pictures),
        faces=sum(len(p.faces) for p in pictures),
        sizes=tuple(FoundOfSize(px, upper[px], *n) for px, n in counts.items()),
        false_one_look=false[0],
        false_sweep=false[1],
        ms={kind: (mean(t[0] for t in times), mean(t[1] for t in times)) for kind, times in ms.items()},
    )
