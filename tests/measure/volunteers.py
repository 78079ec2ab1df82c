"""People who agreed to be measured, drawn (tests/modelpack/tiny_pack.py): a folder each, and photos that differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.modelpack.tiny_pack import IDENTITIES, blank_photo, draw_face

SIDE = 96
FRAME = 192


def draw_photo(
    file: Path,
    identity: int,
    *,
    mixed_with: int | None = None,
    share: float = 0.0,
    side: int = SIDE,
    seed: int = 0,
    light: float = 1.0,
) -> Path:
    """One photo with one drawn face in it."""
    pixels = blank_photo(FRAME, FRAME, seed)
    at = (FRAME - side) // 2
    draw_face(pixels, at, at, identity, side, mixed_with=mixed_with, share=share, light=light)
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(file)
    return file


def draw_volunteers(folder: Path, people: int, photos: int, *, spread: float = 0.2, seed: int = 0) -> Path:
    """So many people with so many photos each; in every photo they look a little like somebody else, up to `spread`."""
    rng = np.random.default_rng(seed)
    for person in range(people):
        for n in range(photos):
            other = int((person + 1 + rng.integers(IDENTITIES - 1)) % IDENTITIES)
            draw_photo(
                folder / f"person-{person:03d}" / f"{n}.png",
                person,
                mixed_with=other,
                share=float(rng.uniform(0, spread)),
                seed=person * 100 + n,
            )
    return folder
