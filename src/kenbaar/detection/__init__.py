"""Finding faces thoroughly: more than one pass of a model pack's detector over one photo.

- For a sweep: one pass, and finer ones where a crowd hints at faces too small for it (`find_faces_closely`).
- For masking: the whole photo, tiles of it, and once more wherever in doubt (`find_all_faces`), with one schedule for
  deciding what to mask and another for judging the finished copy.

    faces = find_faces_closely(open_at, pack, side=640)              # list[Face], sorted by box
    boxes = find_all_faces(photo, pack, PUBLISH)                     # list[Box], sorted
    boxes = find_all_faces(copy, pack, RECHECK, hidden=is_masked)
"""

from kenbaar.detection._crowds import CloseFinder, find_faces_closely
from kenbaar.detection._thorough import PUBLISH, RECHECK, DetectionSchedule, FaceFinder, find_all_faces

__all__ = [
    "PUBLISH",
    "RECHECK",
    "CloseFinder",
    "DetectionSchedule",
    "FaceFinder",
    "find_all_faces",
    "find_faces_closely",
]
