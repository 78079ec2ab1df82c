"""RENDERER stands for everything that a plan's pixels depend on: change one of those, and copies are made again."""

from __future__ import annotations

import hashlib
import io
import json

import numpy as np
import pytest
from PIL import Image

from kenbaar.faces import Box
from kenbaar.media import Rights, encode_photo
from kenbaar.publish import _mask, mask, plan_masks
from kenbaar.publish._plan import RENDERER

FACES = [Box(30, 40, 90, 120), Box(200, 60, 230, 100), Box(300, 150, 318, 172), Box(420, 40, 900, 560)]  # one large
REVEALED = [Box(200, 60, 230, 100)]

# RENDERER -> what it stands for. After a change on purpose: raise RENDERER, and add a line with what this test says.
MADE = {"2": "c5d90fec2433959d", "3": "c5d90fec2433959d"}  # 3: faces are looked for in every direction


def what_it_stands_for() -> str:
    """A digest of the masks of a fixed plan, their pixels, and how a JPEG of them is coded."""
    pixels = np.random.default_rng(7).integers(0, 256, (640, 960, 3), np.uint8)
    facts: list[object] = []
    for block_px in (8, 16):
        plan = plan_masks(FACES, REVEALED, 960, 640, block_px=block_px)
        facts += [[b.as_list() for b in plan.masks], [b.as_list() for b in plan.reveals]]
        facts.append(hashlib.sha256(mask(pixels, plan.masks).tobytes()).hexdigest())
    with Image.open(io.BytesIO(encode_photo(pixels, "JPEG", Rights()))) as coded:
        facts += [{str(k): v for k, v in coded.quantization.items()}, [c[1:3] for c in coded.layer]]  # type: ignore[attr-defined]
    smooth = np.add.outer(np.arange(64), 2 * np.arange(64)).astype(np.uint8)
    coded_as = {quality: encode_photo(np.dstack([smooth] * 3), "WEBP", quality=quality) for quality in range(80, 100)}
    default = encode_photo(np.dstack([smooth] * 3), "WEBP")
    facts.append([quality for quality, data in coded_as.items() if data == default])  # which quality is meant
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def test_the_renderer_has_its_number_for_what_it_makes() -> None:
    assert MADE.get(RENDERER) == what_it_stands_for(), "other pixels than before: raise RENDERER, and add it to MADE"


@pytest.mark.parametrize(
    ("name", "value"), [("MASK_COLOUR", (1, 2, 3)), ("GRID_PX", 24), ("LARGE_FACE_MARGIN", 40)]
)  # what such a change looks like
def test_another_mask_is_noticed(monkeypatch: pytest.MonkeyPatch, name: str, value: object) -> None:
    before = what_it_stands_for()
    monkeypatch.setattr(_mask, name, value)
    assert what_it_stands_for() != before


def test_another_quality_of_a_webp_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from kenbaar.media import _encode

    before = what_it_stands_for()
    monkeypatch.setattr(_encode, "WEBP_QUALITY", 85)
    assert what_it_stands_for() != before
