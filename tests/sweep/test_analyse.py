"""One photo: what is embedded is what the permit says, and what nobody consented to is overwritten."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kenbaar.collections import EmbeddingPermit
from kenbaar.faces import Face, Template
from kenbaar.gallery import ConsentedGallery
from kenbaar.matching import Threshold
from kenbaar.media import PhotoLimits
from kenbaar.modelpack import ModelPack, PhotoPixels, WrappedPack, load_pack
from kenbaar.sweep import Barred, PhotoAnalysis, analyse_photo
from tests.modelpack.tiny_pack import blank_photo, draw_face


class RememberingPack(WrappedPack):
    """The tiny pack, keeping hold of every template it made."""

    def __init__(self, pack: ModelPack) -> None:
        super().__init__(pack)
        self.made: list[Template] = []

    def make_templates(self, photo: PhotoPixels, faces: Sequence[Face]) -> list[Template]:
        self.made = self._pack.make_templates(photo, faces)
        self.as_made = [t.vector.copy() for t in self.made]
        return self.made


@pytest.fixture
def pack(tiny_pack_folder: Path) -> RememberingPack:
    return RememberingPack(load_pack(tiny_pack_folder))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    pixels = blank_photo(480, 320)
    draw_face(pixels, 40, 96, 3, 96)
    draw_face(pixels, 240, 96, 40, 96)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def gallery(pack: RememberingPack, photo: Path, empty: bool = False) -> ConsentedGallery:
    from kenbaar.media import open_photo

    opened = open_photo(photo)
    row = pack.make_templates(opened, pack.detect_faces(opened))[0].vector.copy()
    pack.made = []
    rows = np.zeros((0, len(row)), np.float32) if empty else row[None]
    return ConsentedGallery.of(
        pack=pack.digest, purposes=("find",), opened_at=datetime.now(UTC), subjects=[] if empty else ["s-3"],
        rows=np.ascontiguousarray(rows), stricter=frozenset(),
    )  # fmt: skip


def look(
    pack: RememberingPack, photo: Path, opened: ConsentedGallery, scope: str = "all", *barred: Barred
) -> PhotoAnalysis:
    permit = EmbeddingPermit("party", "transient", scope)  # type: ignore[arg-type]
    threshold = Threshold(pack=pack.digest, accept=0.7, strong=0.9, margin=0.05, fpir=0.001, n=20, per_decade=0.02)
    return analyse_photo(photo, PhotoLimits(), pack, permit, opened, threshold, barred)


def test_every_vector_is_overwritten_once_it_was_compared(pack: RememberingPack, photo: Path) -> None:
    found = look(pack, photo, gallery(pack, photo))
    assert [s.subject for s in found.recognised] == ["s-3"] and found.unknown == 1
    assert len(pack.made) == 2 and all(not t.vector.any() for t in pack.made)
    assert all(v.any() for v in pack.as_made)


@pytest.mark.parametrize("scope", ["none", "claimed"])
def test_without_a_permit_for_all_no_template_is_made(pack: RememberingPack, photo: Path, scope: str) -> None:
    found = look(pack, photo, gallery(pack, photo), scope)
    assert pack.made == [] and len(found.faces) == 2 and found.recognised == ()


def test_with_nobody_to_look_for_no_template_is_made(pack: RememberingPack, photo: Path) -> None:
    assert look(pack, photo, gallery(pack, photo, empty=True)).recognised == ()
    assert pack.made == []


def test_somebody_who_said_not_me_is_not_matched_in_that_content_and_is_in_another(
    pack: RememberingPack, photo: Path
) -> None:
    opened = gallery(pack, photo)
    digest = look(pack, photo, opened).digest
    assert look(pack, photo, opened, "all", Barred("s-3", digest)).recognised == ()
    assert len(look(pack, photo, opened, "all", Barred("s-3", "sha256:other")).recognised) == 1
