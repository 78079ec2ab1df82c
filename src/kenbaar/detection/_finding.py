"""What may be a face: a box and a score, in px of the pixels searched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor

from kenbaar.detection._tiles import BORDER_PX, SAME_IOU, is_cut_off
from kenbaar.faces import Box, Boxes


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that may be a face, in px of the pixels searched."""

    box: Box
    score: float


def in_pixels(box: Box, score: float, area: Box, size: tuple[int, int], rows: int, columns: int) -> Finding | None:
    """What was seen in an area shown at this size, in px of the photo's pixels.

    None where the border of the area cuts it off: a small face that is cut off lies whole in the next tile, a large
    one belongs to a coarser pass.
    """
    across, down = area.width / size[0], area.height / size[1]
    x_min, x_max = area.x_min + box.x_min * across, area.x_min + box.x_max * across
    y_min, y_max = area.y_min + box.y_min * down, area.y_min + box.y_max * down
    near = (BORDER_PX * across, BORDER_PX * down)
    if is_cut_off((x_min, y_min, x_max, y_max), area, (columns, rows), near):
        return None
    inside = Box(floor(x_min), floor(y_min), ceil(x_max), ceil(y_max)).clipped(columns, rows)
    return Finding(inside, score) if inside.area else None


def best_first(findings: Iterable[Finding]) -> list[Finding]:
    """By score, then by box."""
    return sorted(findings, key=lambda f: (-f.score, f.box))


def distinct(doubtful: Iterable[Finding], sure: Sequence[Finding]) -> list[Finding]:
    """What is doubtful and not told already, best first."""
    told = Boxes(each.box for each in sure)
    kept: list[Finding] = []
    for each in best_first(doubtful):
        if not len(told) or told.iou(each.box).max() < SAME_IOU:
            kept.append(each)
            told.add(each.box)
    return kept


def merged(found: Iterable[Finding]) -> list[Box]:
    """One box per face: findings that are the same face join the best-scored one, and the box holds them all."""
    best, around = Boxes(), list[Box]()
    for each in best_first(found):
        if (same := best.nearest(each.box)) is None:
            best.add(each.box)
            around.append(each.box)
        else:
            around[same] = around[same].around(each.box)
    return sorted(around)
