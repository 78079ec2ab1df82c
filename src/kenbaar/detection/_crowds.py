"""Finer passes over crowds, where the first hints at faces too small for it and the photo has more detail; and over
photos turned, where nobody stands.

Measured, with what it costs and finds: docs/decisions/0018-a-closer-look-at-crowds.md and
docs/decisions/0038-lying-photos-in-sweeps.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

import numpy as np

from kenbaar.detection._lying import (
    LEANS_SCORE,
    STANDS_SCORE,
    TURNED_SCORE,
    Finder,
    TurnedFinder,
    look_turned,
    stands,
    which_way,
    with_turned,
)
from kenbaar.detection._tiles import BORDER_PX, SAME_IOU, WORTH_IT, View, is_cut_off, tiles
from kenbaar.faces import Box, Face, Landmarks
from kenbaar.media import Photo
from kenbaar.modelpack import HINT_SCORE, FaceDetector

SMALL_PX = 32  # of a pass: below, one face in ten is missed, and half of those under 24
WORTH_PX = 20  # of the photo: smaller faces cannot be recognised (8 px between the eyes), so finding them gains nothing
STEP, MOST_STEPS = 2, 2  # each finer pass is twice as fine and costs four times as much
_TILE_PX, _OVERLAP_PX = 1280, 160  # of a pass: the detector's memory grows with what it sees at once
_PART = 0.75  # a finding with this share in a large face is a part of it: an eye, an ear


def detect_closely(open_at: Callable[[int], Photo], pack: FaceDetector, side: int) -> list[Face]:
    """The faces in a photo, sorted by box, in px of the full photo.

    open_at: the photo, its long side at that many px or more where it has them. side: px, the pack's own pass.

    1. The pack's own pass.
    2. Where it found or hinted at a face under SMALL_PX and the photo has more detail: a pass twice as fine, over the
       tiles of it that have such a face, believed about small faces alone. Then once more.
    3. Where no face stands surely: the photo turned by quarters, at the pack's own size. Where one of them shows
       clearly more, 1 and 2 once more that way, believed where a face is sure then.
    4. What leans among those who stand, close up and turned.
    """
    photo = open_at(side)
    long_side = max(photo.width, photo.height)
    seen = pack.detect_with_hints(photo, hint_score=LEANS_SCORE)
    faces = _finer_passes(open_at, pack, side, long_side, *_plain(*seen))
    if not any(face.score >= STANDS_SCORE and stands(face) for face in faces):
        quarters = which_way(photo, pack, side, [*seen[0], *seen[1]])
        if quarters:
            way = TurnedFinder(pack, quarters)
            lying = _finer_passes(open_at, way, side, long_side, *way.detect_with_hints(photo))
            if any(face.score >= TURNED_SCORE for face in lying):  # or textures would be faces from one of four sides
                faces = with_turned(faces, lying)
    if leaning := [face for face in (*seen[0], *seen[1]) if not stands(face) and not _is_told_better(face, faces)]:
        faces = with_turned(faces, look_turned(photo, pack, leaning))
    return faces


def _plain(faces: list[Face], hints: list[Face]) -> tuple[list[Face], list[Face]]:
    return faces, [hint for hint in hints if hint.score >= HINT_SCORE]


def _is_told_better(face: Face, faces: Sequence[Face]) -> bool:
    return any(
        other is not face and (stands(other) or other.score > face.score) and face.box.iou(other.box) >= SAME_IOU
        for other in faces
    )


def _finer_passes(
    open_at: Callable[[int], Photo], pack: Finder, side: int, long_side: int, faces: list[Face], hints: list[Face]
) -> list[Face]:
    """The faces that the pass at this side found, and those of finer ones. long_side: of the full photo, px."""
    fresh = faces
    for _ in range(MOST_STEPS):
        finer, px = min(STEP * side, long_side), long_side / side  # px: of the photo for one of the pass
        small = [face.box for face in (*fresh, *hints) if WORTH_PX <= _size(face.box) < SMALL_PX * px]
        if not small or finer < WORTH_IT * side:
            break
        fresh, hints = _finer_pass(open_at(finer), pack, finer, small)
        faces, side = _joined(faces, fresh, most_px=STEP * SMALL_PX * px), finer
    return faces


def _size(box: Box) -> int:
    return max(box.width, box.height)


def _finer_pass(photo: Photo, pack: Finder, side: int, where: Sequence[Box]) -> tuple[list[Face], list[Face]]:
    """Faces and hints of a pass at this long side, in the tiles that hold the middle of one of these boxes."""
    rows, columns = photo.pixels.shape[:2]
    step = max(rows, columns) / side  # px of pixels per px of the pass
    faces: list[Face] = []
    hints: list[Face] = []
    for area in tiles(rows, columns, _how_many(rows, step), _how_many(columns, step)):
        if not any(_holds_middle(area, box, photo.scale) for box in where):
            continue
        pixels = np.ascontiguousarray(photo.pixels[area.y_min : area.y_max, area.x_min : area.x_max])
        found = pack.detect_with_hints(View.of(pixels), long_side=round(max(pixels.shape[:2]) / step))
        for into, some in zip((faces, hints), found, strict=True):
            into += [_moved(face, area, photo) for face in some if not _is_cut_off(face.box, area, photo, step)]
    return faces, hints


def _how_many(length: int, step: float) -> tuple[int, float]:
    """How many tiles, and how long, px: at most _TILE_PX of the pass, overlapping by _OVERLAP_PX or more."""
    tile, overlap = _TILE_PX * step, _OVERLAP_PX * step
    return (1, length) if length <= tile else (ceil((length - overlap) / (tile - overlap)), tile)


def _holds_middle(area: Box, box: Box, scale: int) -> bool:
    x, y = (box.x_min + box.x_max) / 2 / scale, (box.y_min + box.y_max) / 2 / scale
    return area.x_min <= x < area.x_max and area.y_min <= y < area.y_max


def _is_cut_off(box: Box, area: Box, photo: Photo, step: float) -> bool:
    """Whether a border between tiles cuts off what was found there, in px of the tile."""
    edges = (area.x_min + box.x_min, area.y_min + box.y_min, area.x_min + box.x_max, area.y_min + box.y_max)
    rows, columns = photo.pixels.shape[:2]
    return is_cut_off(edges, area, (columns, rows), (BORDER_PX * step, BORDER_PX * step))


def _moved(face: Face, area: Box, photo: Photo) -> Face:
    """A face told in px of a tile, in px of the full photo."""
    k, box = photo.scale, face.box
    full = Box(
        k * (area.x_min + box.x_min),
        k * (area.y_min + box.y_min),
        k * (area.x_min + box.x_max),
        k * (area.y_min + box.y_max),
    )
    origin = np.array([area.x_min, area.y_min], np.float32)
    points = np.asarray((face.landmarks.points + origin) * np.float32(k), np.float32)
    return Face(full.clipped(photo.width, photo.height), Landmarks(points), face.score)


def _joined(known: Sequence[Face], fresh: Sequence[Face], most_px: float) -> list[Face]:
    """Both passes' faces, each once. Of a small face the finer pass counts, whose landmarks are finer; of one over
    most_px the one before: finer passes see faces in large hands and clothes."""
    large = [face for face in known if _size(face.box) >= most_px]
    joined = list(large)
    believed = (face for face in sorted(fresh, key=lambda f: (-f.score, f.box)) if _size(face.box) < most_px)
    for face in (*believed, *(face for face in known if _size(face.box) < most_px)):
        part = any(face.box.intersection(other.box).area >= _PART * face.box.area for other in large)
        if not part and all(face.box.iou(other.box) < SAME_IOU for other in joined):
            joined.append(face)
    return sorted(joined, key=lambda face: face.box)
