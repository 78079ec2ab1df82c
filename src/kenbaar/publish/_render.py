"""One photo on its way out: everybody found, masked but for the revealed, and the result looked at again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kenbaar.detection import PUBLISH, RECHECK, FaceFinder, find_all_faces
from kenbaar.errors import PhotoUnreadable
from kenbaar.faces import Box
from kenbaar.media import PhotoLimits, digest_bytes, open_photo_bytes, read_photo_bytes, read_rights
from kenbaar.publish._copy import check_copy, render_copy
from kenbaar.publish._mask import CopyPlan, plan_masks
from kenbaar.publish._recheck import find_exposed

MOST_ROUNDS = 3  # masking what the last look doubts can show a new doubt; after so many rounds a person decides


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished copy in memory. revealed: boxes left visible; problems: why it must be held, empty where it may go."""

    data: bytes = field(repr=False)
    digest: str
    masked: int
    revealed: tuple[Box, ...]
    problems: tuple[str, ...]


def make_copy(
    source: Path,
    digest: str,
    limits: PhotoLimits,
    finder: FaceFinder,
    *,
    known: Sequence[Box],
    reveals: Sequence[Box],
    mask_doubtful: bool,
) -> Rendered:
    """The copy of one photo, and what its check says.

    digest: of the content the reveals were found in; another content raises PhotoUnreadable. known: faces the sweep
    found; more are looked for here, since masking must miss nobody. mask_doubtful: mask what the check doubts, too.
    """
    original = read_photo_bytes(source, limits)
    photo = open_photo_bytes(original, limits=limits)
    if photo.digest != digest:
        raise PhotoUnreadable("This photo changed since it was swept.", "Run `kenbaar sweep` again.")
    faces = _together(find_all_faces(photo, finder, PUBLISH), known)
    rights = read_rights(original)
    for _ in range(MOST_ROUNDS if mask_doubtful else 1):
        plan = plan_masks(faces, reveals, photo.width, photo.height, block_px=photo.block_px)
        data = render_copy(photo, plan, rights)
        problems = check_copy(data, plan, finder)
        if not (mask_doubtful and problems and (more := _exposed(data, plan, finder, limits))):
            break
        faces = _together(faces, more)
    return Rendered(data, digest_bytes(data), len(plan.masks), plan.reveals, problems)


def _together(faces: Sequence[Box], more: Sequence[Box]) -> list[Box]:
    """All these faces, sorted, each once: of one that both lists tell, the box around both."""
    together = list(faces)
    for box in more:
        if (same := box.nearest(together)) is None:
            together.append(box)
        else:
            together[same] = together[same].around(box)
    return sorted(together)


def _exposed(data: bytes, plan: CopyPlan, finder: FaceFinder, limits: PhotoLimits) -> list[Box]:
    return find_exposed(open_photo_bytes(data, limits=limits), finder, plan, RECHECK)
