"""Finding faces thoroughly: more than one pass of a model pack's detector over one photo.

- For a sweep and a question: one pass, finer ones where a crowd hints at faces too small for it, and turned ones where
  nobody stands (`detect_closely`); small faces' landmarks again (`with_fine_landmarks`).
- For masking: the whole photo, tiles of it, and once more wherever in doubt (`detect_all`), with one schedule for
  deciding what to mask and another for judging the finished copy.

    faces = detect_closely(lambda side: photo, pack, side=640)               # list[Face], sorted by box
    boxes = detect_all(photo, pack, PUBLISH)                                 # list[Box], sorted
    assert len(faces) == len(boxes) == 2
    detect_all(photo, pack, RECHECK, hidden=lambda box: box.y_max < 100)     # no closer look at what is masked there
"""

from kenbaar.detection._crowds import detect_closely
from kenbaar.detection._small import with_fine_landmarks
from kenbaar.detection._thorough import PUBLISH, RECHECK, DetectionSchedule, detect_all

__all__ = [
    "PUBLISH",
    "RECHECK",
    "DetectionSchedule",
    "detect_all",
    "detect_closely",
    "with_fine_landmarks",
]
