"""Boxes, landmarks, faces and templates: values and their geometry. Knows no person, no file, no model.

All coordinates are pixels of the upright photo at full size, origin top left. "Left" is left in the image.

    box = Box(40, 30, 120, 130)
    assert box.padded(16).snapped(16).clipped(1920, 1080) == Box(16, 0, 144, 160)
    assert box.iou(box) == 1
    ada, other = pack.detect_faces(photo)                                  # each a Face: box, landmarks, score
    assert ada.landmarks.inter_eye_px > 16
    assert probes[0].pack == pack.digest                                     # each a Template: vector, pack
"""

from kenbaar.faces._box import Box
from kenbaar.faces._boxes import Boxes
from kenbaar.faces._face import Face, Landmarks
from kenbaar.faces._template import Template

__all__ = ["Box", "Boxes", "Face", "Landmarks", "Template"]
