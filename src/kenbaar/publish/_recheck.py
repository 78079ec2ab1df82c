"""A second opinion on the finished copy: is everybody hidden, but those who are meant to be seen?"""

from __future__ import annotations

import numpy as np

from kenbaar.detection import DetectionSchedule, detect_all
from kenbaar.faces import Box, Boxes
from kenbaar.modelpack import FaceDetector, PhotoPixels
from kenbaar.publish._mask import MASK_COLOUR, CopyPlan, covered

HIDDEN_SHARE = 0.75
"""A face found again in a copy counts as masked when this much of its box is under masks."""
_EDGE_PX = 2  # the decoder's interpolation of colour reaches this far into a mask, from outside
_MOST_OFF = 24  # what JPEG and WebP change in a flat area, levels; a face differs by far more


def find_exposed(photo: PhotoPixels, finder: FaceDetector, plan: CopyPlan, schedule: DetectionSchedule) -> list[Box]:
    """What in a finished copy is neither hidden nor meant to be seen, sorted; publish holds the copy if anything is.

    photo: decoded from the bytes of the finished file, at full size.
    1. A mask that is not one opaque colour there: it hides nothing.
    2. A face that is not hidden (HIDDEN_SHARE of its box under masks) and not one of the revealed (Boxes.nearest).
    """
    exposed = {box for box in plan.masks if not _is_opaque(photo, box)}
    masks, reveals = Boxes(plan.masks), Boxes(plan.reveals)

    def hidden(box: Box) -> bool:
        return covered(box, masks.touching(box)) >= HIDDEN_SHARE

    for box in detect_all(photo, finder, schedule, hidden=hidden):
        if not hidden(box) and reveals.nearest(box) is None:
            exposed.add(box)
    return sorted(exposed)


def _is_opaque(photo: PhotoPixels, box: Box) -> bool:
    inside = box.padded(-_EDGE_PX).clipped(photo.width, photo.height)
    under = photo.pixels[inside.y_min : inside.y_max, inside.x_min : inside.x_max].astype(np.int16)
    return bool((np.abs(under - np.array(MASK_COLOUR, np.int16)) <= _MOST_OFF).all())
