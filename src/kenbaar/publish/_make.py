"""One photo on its way out: everybody found, masked but for the revealed, and the result checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kenbaar.detection import PUBLISH, detect_all
from kenbaar.faces import Box, Boxes
from kenbaar.media import ALL_DETAIL, FileBelow, PhotoLimits, digest_bytes, open_photo
from kenbaar.modelpack import FaceDetector
from kenbaar.publish._copy import CopyCheck, check_copy, render_copy
from kenbaar.publish._mask import mask_box, plan_masks

MOST_ROUNDS = 3  # masking what the check doubts can show a new doubt; after so many rounds a person decides


@dataclass(frozen=True, slots=True)
class MadeCopy:
    """A finished copy. data: its bytes; of a video empty, and part the file that holds it.

    revealed: boxes left visible, in px of the original; check: what was found in the finished bytes; scale: the
    original's size / the copy's, 1 but for the largest JPEGs (PhotoLimits).
    """

    data: bytes = field(repr=False)
    digest: str
    masked: int
    revealed: tuple[Box, ...]
    check: CopyCheck
    scale: int = 1
    part: Path | None = None


def make_copy(
    source: Path | FileBelow,
    digest: str,
    limits: PhotoLimits,
    finder: FaceDetector,
    *,
    known: Sequence[Box],
    reveals: Sequence[Box],
    mask_doubtful: bool,
) -> MadeCopy:
    """The copy of one photo, and what its check says.

    digest: of the content the reveals were found in; another content raises PhotoUnreadable. known: faces the sweep
    found; more are looked for here, since masking must miss nobody. mask_doubtful: mask what the check doubts, too.
    """
    opened = open_photo(source, limits, digest=digest, rights=True, detail_side=ALL_DETAIL)
    scale, photo = opened.scale, opened.as_decoded()
    shown = [box.reduced(scale) for box in reveals]
    may_stay = Boxes(shown)

    def mask_of(face: Box) -> Box | None:
        if may_stay.touching(face):
            return None  # it may turn out to be the one shown: what lies there is looked at all the same
        return mask_box(face, photo.width, photo.height, block_px=photo.block_px)

    found = detect_all(photo, finder, PUBLISH, mask_of=mask_of)
    faces = merge_boxes(found, [box.reduced(scale) for box in known])
    for _ in range(MOST_ROUNDS if mask_doubtful else 1):
        plan = plan_masks(faces, shown, photo.width, photo.height, block_px=photo.block_px)
        data = render_copy(photo, plan, photo.rights)
        check = check_copy(data, plan, finder)
        if not (mask_doubtful and check.exposed):
            break
        faces = merge_boxes(faces, check.exposed)
    revealed = tuple(sorted({box for box in reveals if box.reduced(scale) in plan.reveals}))
    return MadeCopy(data, digest_bytes(data), len(plan.masks), revealed, check, scale)


def merge_boxes(faces: Sequence[Box], more: Sequence[Box]) -> list[Box]:
    """All these faces, sorted, each once: of one that both lists tell, the box around both."""
    merged = Boxes(faces)
    for box in more:
        if (same := merged.nearest(box)) is None:
            merged.add(box)
        else:
            merged.replace(same, merged[same].around(box))
    return sorted(merged)
