"""Small faces: the landmarks that a pass over a whole photo gives them are rough, and are found again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kenbaar.faces import Face
from kenbaar.media import Photo
from kenbaar.modelpack import FaceDetector

ROUGH_LANDMARKS_PX = 36  # of what the pack's detector sees: smaller faces' are rough (docs/decisions/0024)


def with_fine_landmarks(
    open_finely: Callable[[], Photo], pack: FaceDetector, faces: Sequence[Face], long_side: int, side: int
) -> list[Face]:
    """The same faces in order; the landmarks of those that were small for the detector are found again.

    open_finely: the photo, as finely as templates are cut from it; asked where there is a small face. long_side: of the
    full photo, px; side: that of the pack's own pass.
    """
    small = [n for n, face in enumerate(faces) if _is_small(face, long_side, side)]
    if not small:
        return list(faces)
    again = dict(zip(small, pack.refine_landmarks(open_finely(), [faces[n] for n in small]), strict=True))
    return [again.get(n, face) for n, face in enumerate(faces)]


def _is_small(face: Face, long_side: int, side: int) -> bool:
    return max(face.box.width, face.box.height) * side < ROUGH_LANDMARKS_PX * long_side
