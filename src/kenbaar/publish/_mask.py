"""What of a photo is covered, and how: opaque, one colour, and far enough that nothing of the face is left outside.

Blur and mosaic are undone by machines (McPherson et al. 2016, arXiv 1609.00408; Revelio 2025, arXiv 2506.12344).
Here a copy depends on where a face is and not on the face: two originals that differ only inside the box give
the same copy, byte for byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kenbaar.faces import Box, Boxes

GRID_PX = 16
"""The grid that copies' JPEG blocks lie on (4:2:0), so that a mask ends where a block ends."""

LARGE_FACE_MARGIN = 20  # a twentieth of the side

MASK_COLOUR = (64, 64, 64)  # dark grey: visible on light and dark pictures, and not the black of a missing picture


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """What a copy covers and whom it shows.

    masks:   the boxes that are painted over, sorted.
    reveals: the boxes of faces that may stay, sorted. A mask that reaches over one of them still covers it there.
    """

    masks: tuple[Box, ...]
    reveals: tuple[Box, ...]


def mask_box(box: Box, width: int, height: int, *, block_px: int = GRID_PX) -> Box:
    """The part of a photo (width x height px) to cover for a face in this box.

    Padded by block_px, snapped outward to the 16 px grid, cut to the photo. Why that far: a JPEG source codes 4:2:0
    colour in blocks of 16 px, so a pixel of the face changes up to 15 px around it, and the decoder's interpolation of
    colour carries it 1 px into the next block: 16 in all, wherever the source's grid lies, hence for turned and
    mirrored photos too. Exact boxes left 3,102 differing pixels, this leaves none
    (docs/experiments/pixels-beside-a-mask.md).
    block_px: Photo.block_px, which is 32 for 4:1:1 sources. Above 320 px the padding is 1/20 of the box's longer side:
    where the detector draws a box varies with the face's size, by up to 5 % in 99 of 100 (decision 0005).
    """
    margin_px = max(block_px, -(-max(box.width, box.height) // LARGE_FACE_MARGIN))
    return box.padded(margin_px).snapped(GRID_PX).clipped(width, height)


def mask(pixels: NDArray[np.uint8], boxes: Sequence[Box]) -> NDArray[np.uint8]:
    """New pixels with every box painted in one opaque colour; uint8 (H, W, 3) in and out. Boxes may overlap."""
    masked = pixels.copy()
    for box in boxes:
        inside = box.clipped(pixels.shape[1], pixels.shape[0])
        masked[inside.y_min : inside.y_max, inside.x_min : inside.x_max] = MASK_COLOUR
    return masked


def plan_masks(
    faces: Sequence[Box], revealed: Sequence[Box], width: int, height: int, *, block_px: int = GRID_PX
) -> CopyPlan:
    """Everybody is masked but the revealed; where a mask and a revealed face overlap, the mask wins.

    faces: all faces found in the photo, in any number of passes. revealed: boxes of faces whose people agreed to be
    seen in this copy. A face is spared where its box is one (Boxes.nearest) with a revealed one; the others are
    masked.
    """
    shown = Boxes(revealed)
    masks = {mask_box(face, width, height, block_px=block_px) for face in faces if shown.nearest(face) is None}
    return CopyPlan(tuple(sorted(box for box in masks if box.area)), tuple(sorted(set(revealed))))


def covered(box: Box, masks: Sequence[Box]) -> float:
    """The share of a box that lies under masks, 0..1; overlapping masks count once. 1 for an empty box."""
    if not box.area:
        return 1.0
    under = np.zeros((box.height, box.width), np.bool_)
    for each in masks:
        shared = box.intersection(each)
        under[
            shared.y_min - box.y_min : shared.y_max - box.y_min, shared.x_min - box.x_min : shared.x_max - box.x_min
        ] = True
    return float(under.mean())
