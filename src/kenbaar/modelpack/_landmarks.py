"""Landmarks of small faces, found again: a pass made for a whole photo places them too roughly for a template.

Each face is cut out and shown once more, 64 px large, as it is and mirrored; the mean of what the three passes say
counts. Measured (docs/decisions/0024): the template of a face of 55 to 100 px in a photo of 1080p comes nearer to that
of the portrait it was made from (cosine 0.991 to 0.993), and of 40 volunteers' mated searches half as many and fewer
fail. Of faces that the first pass sees large it gains nothing: whoever calls this chooses the small ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kenbaar.faces import Face, Landmarks
from kenbaar.modelpack._align import cut_chip, inverted, moved
from kenbaar.modelpack._detect import Detector, PhotoPixels

_FACE_PX, _CUT_PX = 64, 128  # the detector places points best on faces of this size: at 112 px and more it does worse
_OF_POINTS = 1.9  # a face's longer side, in extents of its five points (median of Yale's boxes)
_NEAR_PX = 16  # of the cut: what has its middle farther off is a neighbour's face
_MIN_SCORE = 0.3  # that there is a face is known; the question is where its points lie
_AT_ONCE = 4  # faces: the cuts of so many take about 50 MB in the network
_MIRRORED = [1, 0, 2, 4, 3]  # left and right eye and mouth corner change places


def refine_landmarks(detector: Detector, photo: PhotoPixels, faces: Sequence[Face]) -> list[Face]:
    """The same faces in order, with better landmarks; those where nothing is found again as they were."""
    again: list[Face] = []
    for at in range(0, len(faces), _AT_ONCE):
        again += _some(detector, photo, faces[at : at + _AT_ONCE])
    return again


def _some(detector: Detector, photo: PhotoPixels, faces: Sequence[Face]) -> list[Face]:
    points = [np.asarray(face.landmarks.points / np.float32(photo.scale), np.float64) for face in faces]
    into = [_to_cut(five) for five in points]
    cuts = [cut_chip(photo.pixels, transform, _CUT_PX, _CUT_PX) for transform in into]
    seen = detector.detect_in_batch([*cuts, *(np.ascontiguousarray(cut[:, ::-1]) for cut in cuts)], _MIN_SCORE)
    again = []
    for i, face in enumerate(faces):
        plain = [np.asarray(other.landmarks.points, np.float64) for other in seen[i]]
        turned = [_unmirrored(other.landmarks.points) for other in seen[i + len(faces)]]
        expected = moved(points[i], into[i])
        told = [expected, *_nearest(plain, expected), *_nearest(turned, expected)]
        mean = moved(np.mean(told, axis=0), inverted(into[i])) * photo.scale
        again.append(face if len(told) == 1 else replace(face, landmarks=Landmarks(mean.astype(np.float32))))
    return again


def _to_cut(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The (2, 3) transform from photo px to a cut that has the face in its middle, _FACE_PX large, and turned by
    quarters so that it stands: the detector sees no landmarks of faces that lie."""
    low, high = points.min(axis=0), points.max(axis=0)
    k = _FACE_PX / max(_OF_POINTS * float((high - low).max()), 1e-6)
    across, down = (points[3] + points[4] - points[0] - points[1]).tolist()  # from the eyes to the mouth
    if abs(across) <= abs(down):
        a, b = (k, 0.0) if down >= 0 else (-k, 0.0)
    else:
        a, b = (0.0, k) if across >= 0 else (0.0, -k)
    x, y = (low + high) / 2
    return np.array([[a, -b, _CUT_PX / 2 - (a * x - b * y)], [b, a, _CUT_PX / 2 - (b * x + a * y)]])


def _unmirrored(points: NDArray[np.float32]) -> NDArray[np.float64]:
    back = points[_MIRRORED].astype(np.float64)
    back[:, 0] = _CUT_PX - back[:, 0]
    return back


def _nearest(found: Sequence[NDArray[np.float64]], expected: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """The points whose middle lies nearest to where it is expected; [] where none lies near."""
    off = [float(np.linalg.norm((points - expected).mean(axis=0))) for points in found]
    best = int(np.argmin(off)) if off else -1
    return [found[best]] if off and off[best] <= _NEAR_PX else []
