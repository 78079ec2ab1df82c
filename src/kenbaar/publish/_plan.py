"""The plan of one copy: who may be visible in it, where it goes, and the key to all that its pixels depend on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kenbaar.collections import Appearance, Item
from kenbaar.faces import Box
from kenbaar.media import PhotoLimits

RENDERER = "3"  # raised whenever the same plan gives other pixels or more is found: copies made before are made again


@dataclass(frozen=True, slots=True)
class Planned:
    """One item on its way out: who may be visible, where it goes, and the key to everything its pixels depend on."""

    item: Item
    target: Path
    reveals: tuple[tuple[Box, str], ...]
    faces: tuple[Box, ...]
    render_key: str


def plan_copy(
    item: Item,
    target: Path,
    faces: tuple[Box, ...],
    appearing: Iterable[Appearance],
    may_show: frozenset[str],
    pack: str,
    mask_doubtful: bool,
    limits: PhotoLimits,
) -> Planned:
    """What the copy of an item is to be. faces, appearing: what a sweep found in it. pack: the digest of the pack."""
    shown = [a for a in appearing if a.subject in may_show and a.certain_enough_to_show]
    reveals = tuple(sorted((a.box, a.subject) for a in shown))
    depends_on = [
        RENDERER, item.digest, pack, mask_doubtful,
        [b.as_list() for b in faces], [(b.as_list(), s) for b, s in reveals],
    ]  # fmt: skip
    if is_reduced(item, limits):
        depends_on.append(str(limits.max_full_pixels))
    key = hashlib.sha256(json.dumps(depends_on).encode()).hexdigest()
    return Planned(item, target, reveals, faces, key)


def is_reduced(item: Item, limits: PhotoLimits) -> bool:
    """Whether its copy is made at reduced size."""
    return (item.width or 0) * (item.height or 0) > limits.max_full_pixels
