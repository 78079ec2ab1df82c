"""One photo on its way out: found, masked, written, read back, and looked at again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kenbaar.publish._scan import scan_copy

from kenbaar.errors import PhotoUnreadable
from kenbaar.faces import Box
from kenbaar.media import (
    PhotoLimits,
    copy_format,
    digest_bytes,
    encode_photo,
    open_photo_bytes,
    read_photo_bytes,
    read_rights,
)
from kenbaar.publish._mask import CopyPlan, mask, plan_masks
from kenbaar.publish._recheck import PUBLISH_LOOKS, RECHECK_LOOKS, FindFaces, find_all_faces, find_exposed

MOST_ROUNDS = 3  # masking what the last look doubts can itself show a new doubt; after so many rounds a person decides


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished copy in memory. revealed: the boxes left visible; problems: why it must be held, empty where it may go."""

    data: bytes = field(repr=False)
    digest: str
    masked: int
    revealed: tuple[Box, ...]
    problems: tuple[str, ...]


def render_copy(
    source: Path,
    digest: str,
    limits: PhotoLimits,
    find: FindFaces,
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
    faces = sorted({*known, *find_all_faces(photo, find, PUBLISH_LOOKS)})
    plan = plan_masks(faces, reveals, photo.width, photo.height, block_px=photo.block_px)
    rights, form = read_rights(original), copy_format(photo.format)
    for _ in range(MOST_ROUNDS if mask_doubtful else 1):
        data = encode_photo(mask(photo.pixels, plan.masks), form, rights)
        exposed = find_exposed(open_photo_bytes(data, limits=limits), find, plan, RECHECK_LOOKS)
        if not exposed or not mask_doubtful:
            break
        wider = plan_masks([*faces, *exposed], reveals, photo.width, photo.height, block_px=photo.block_px)
        plan = CopyPlan(wider.masks, plan.reveals)
        faces = [*faces, *exposed]
    problems = [f"a face at {box.as_list()} is neither masked nor allowed" for box in exposed]
    problems += [f"the finished file holds {what}" for what in scan_copy(data)]
    return Rendered(data, digest_bytes(data), len(plan.masks), plan.reveals, tuple(problems))
