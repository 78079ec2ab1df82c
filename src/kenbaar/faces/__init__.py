"""Boxes, landmarks, faces and templates: values and their geometry. Knows no person, no file, no model.

All coordinates are pixels of the upright photo at full size, origin top left. "Left" is left in the image.

    box = Box(40, 30, 120, 130)
    box.padded(16).snapped(16).clipped(1920, 1080)
    box.iou(other)
    face = Face(box, Landmarks(points), score=0.93)
    face.landmarks.inter_eye_px
    Template(vector, pack="sha256:...")
"""

from kenbaar.faces._box import Box
from kenbaar.faces._face import Face, Landmarks
from kenbaar.faces._template import Template

__all__ = ["Box", "Face", "Landmarks", "Template"]
