"""One more enrolment: faces found before are embedded again, not searched for, and the answers are a full look's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kenbaar.collections import EmbeddingPermit
from kenbaar.faces import Face, Landmarks, Template
from kenbaar.gallery import ConsentedGallery
from kenbaar.matching import Threshold
from kenbaar.media import PhotoLimits, open_photo
from kenbaar.modelpack import ModelPack, PhotoPixels, WrappedPack, load_pack
from kenbaar.sweep import KnownFaces, PhotoAnalysis, analyse_photo, reanalyse_photo, steady_threshold
from tests.modelpack.tiny_pack import blank_photo, draw_face

THRESHOLD = Threshold("sha256:tiny", accept=0.7, strong=0.9, margin=0.05, fpir=0.001, n=20, per_decade=0.02)


class WatchedPack(WrappedPack):
    """The pack, counting how often it searched for faces, and keeping copies of what it embedded."""

    def __init__(self, pack: ModelPack) -> None:
        super().__init__(pack)
        self.unmeasured = False
        self.searches = 0
        self.made: list[Template] = []
        self.as_made: list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = []

    @property
    def rough_within(self) -> float:
        return float("inf") if self.unmeasured else super().rough_within

    def detect_faces(self, photo: PhotoPixels, **how: Any) -> list[Face]:
        self.searches += 1
        return self._pack.detect_faces(photo, **how)

    def detect_with_hints(self, photo: PhotoPixels, **how: Any) -> tuple[list[Face], list[Face]]:
        self.searches += 1
        return self._pack.detect_with_hints(photo, **how)

    def refine_landmarks(self, photo: PhotoPixels, faces: Sequence[Face]) -> list[Face]:
        self.searches += 1
        return self._pack.refine_landmarks(photo, faces)

    def make_templates(self, photo: PhotoPixels, faces: Sequence[Face]) -> list[Template]:
        self.made = self._pack.make_templates(photo, faces)
        self.as_made = [t.vector.copy() for t in self.made]
        return self.made

    def make_rough_templates(self, photo: PhotoPixels, faces: Sequence[Face]) -> list[Template]:
        self.roughly_made = self._pack.make_rough_templates(photo, faces)
        assert all(t.vector.any() for t in self.roughly_made)
        return self.roughly_made


@pytest.fixture
def pack(tiny_pack_folder: Path) -> WatchedPack:
    return WatchedPack(load_pack(tiny_pack_folder))


def gallery_of(pack: WatchedPack, row: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> ConsentedGallery:
    return ConsentedGallery.of(
        pack=pack.digest, purposes=("find",), opened_at=datetime.now(UTC), subjects=["s-3"], rows=row[None].copy(),
        stricter=frozenset(),
    )  # fmt: skip


def photo_of(file: Path, width: int, height: int, faces: Sequence[tuple[int, int, int, int]]) -> Path:
    """A photo with (x, y, identity, side) drawn."""
    pixels = blank_photo(width, height)
    for x, y, identity, side in faces:
        draw_face(pixels, x, y, identity, side)
    options: dict[str, Any] = {"quality": 95} if file.suffix == ".jpg" else {}
    Image.fromarray(pixels).save(file, **options)
    return file


def look(pack: WatchedPack, photo: Path, known: KnownFaces | None = None, scope: str = "all") -> PhotoAnalysis:
    opened = open_photo(photo)
    face = max(pack._pack.detect_faces(opened), key=lambda f: f.box.area)
    gallery = gallery_of(pack, pack._pack.make_template(opened, face).vector)
    permit = EmbeddingPermit("party", "transient", scope)  # type: ignore[arg-type]
    threshold = replace(THRESHOLD, pack=pack.digest)
    return analyse_photo(photo, PhotoLimits(), pack, permit, gallery, threshold, detail_side=640, known=known)


def known_from(look: PhotoAnalysis) -> KnownFaces:
    return KnownFaces(look.digest, look.width, look.height, look.faces, look.landmarks)


@pytest.mark.parametrize(
    ("name", "width", "height", "faces"),
    [
        ("small.png", 480, 320, [(40, 96, 3, 96), (240, 96, 40, 96)]),
        ("large.jpg", 2560, 1440, [(200, 300, 3, 320), (1200, 500, 40, 256)]),
        ("crowd.jpg", 2560, 1440, [(200, 300, 3, 320), (1200, 500, 40, 64), (1600, 500, 41, 28)]),
        ("huge.jpg", 5200, 2400, [(200, 300, 3, 640), (3000, 500, 40, 320)]),
    ],
)
def test_faces_found_before_are_embedded_to_the_last_bit_as_in_a_full_look_and_not_searched_for(
    pack: WatchedPack, tmp_path: Path, name: str, width: int, height: int, faces: list[tuple[int, int, int, int]]
) -> None:
    photo = photo_of(tmp_path / name, width, height, faces)
    full = look(pack, photo)
    assert len(full.faces) == len(full.landmarks) == len(faces) and [s.subject for s in full.recognised] == ["s-3"]
    vectors, pack.searches = pack.as_made, 0
    again = look(pack, photo, known_from(full))
    assert again == full and pack.searches == 0
    assert all((a == b).all() for a, b in zip(vectors, pack.as_made, strict=True))


def test_vectors_of_known_faces_are_overwritten_too(pack: WatchedPack, tmp_path: Path) -> None:
    photo = photo_of(tmp_path / "photo.png", 480, 320, [(40, 96, 3, 96), (240, 96, 40, 96)])
    look(pack, photo, known_from(look(pack, photo)))
    assert len(pack.made) == 2 and all(not t.vector.any() for t in pack.made)


def test_a_file_that_changed_is_searched_anew_whatever_was_known_of_it(pack: WatchedPack, tmp_path: Path) -> None:
    photo = photo_of(tmp_path / "photo.jpg", 1280, 720, [(40, 96, 40, 128), (640, 96, 3, 160)])
    known = known_from(look(pack, photo))
    photo_of(photo, 1280, 720, [(640, 396, 40, 128), (140, 96, 3, 160)])
    pack.searches = 0
    after = look(pack, photo, known)
    assert pack.searches == 1 and after == look(pack, photo) and after.digest != known.digest


@pytest.mark.parametrize("scope", ["none", "claimed"])
def test_where_nothing_is_compared_no_landmarks_leave_the_worker(pack: WatchedPack, tmp_path: Path, scope: str) -> None:
    photo = photo_of(tmp_path / "photo.png", 480, 320, [(40, 96, 3, 96)])
    found = look(pack, photo, scope=scope)
    assert len(found.faces) == 1 and found.landmarks == () and pack.made == []


def test_landmarks_come_back_to_the_last_bit_and_nothing_else_is_taken_for_some() -> None:
    points = np.random.default_rng(3).uniform(-20, 9000, (5, 2)).astype(np.float32)
    assert (Landmarks.unpacked(Landmarks(points).packed()).points == points).all()
    for bad in (b"", b"x" * 39, b"\xff" * 40):
        with pytest.raises(ValueError):
            Landmarks.unpacked(bad)


def again(pack: WatchedPack, photo: Path, whom: Path, *, look_alike: bool = False) -> PhotoAnalysis | None:
    """A second look at a photo whose faces are known, now that who is on `whom` agreed too."""
    opened = open_photo(whom)
    row = pack._pack.make_template(opened, pack._pack.detect_faces(opened)[0]).vector[None]
    gallery = ConsentedGallery.of(
        pack=pack.digest, purposes=("find",), opened_at=datetime.now(UTC), subjects=["s-new"], rows=row.copy(),
        stricter={"s-new"} if look_alike else set(),
    )  # fmt: skip
    known = known_from(look(pack, photo))
    pack.made, pack.searches = [], 0
    return reanalyse_photo(photo, PhotoLimits(), pack, gallery, THRESHOLD, known, {"s-new"}, detail_side=640)


@pytest.fixture
def three(tmp_path: Path) -> Path:
    return photo_of(tmp_path / "three.png", 640, 320, [(40, 96, 3, 96), (240, 96, 40, 96), (440, 96, 41, 96)])


def portrait(tmp_path: Path, identity: int, mixed_with: int | None = None, share: float = 0.0) -> Path:
    pixels = blank_photo(320, 320, identity)
    draw_face(pixels, 100, 100, identity, 128, mixed_with=mixed_with, share=share)
    Image.fromarray(pixels).save(tmp_path / f"{identity}.png")
    return tmp_path / f"{identity}.png"


def test_a_photo_with_nobody_new_in_it_needs_neither_a_search_nor_a_whole_template(
    pack: WatchedPack, tmp_path: Path, three: Path
) -> None:
    found = again(pack, three, portrait(tmp_path, 7))
    assert found is not None and found.only == frozenset({"s-new"}) and found.recognised == () and len(found.faces) == 3
    assert pack.searches == 0 and pack.made == []
    assert len(pack.roughly_made) == 3 and not any(t.vector.any() for t in pack.roughly_made)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.4])
def test_a_photo_with_a_face_near_somebody_new_is_looked_at_in_full(
    pack: WatchedPack, tmp_path: Path, three: Path, share: float
) -> None:
    assert again(pack, three, portrait(tmp_path, 40, mixed_with=9, share=share)) is None


def test_somebody_new_with_a_look_alike_has_every_photo_looked_at_in_full(
    pack: WatchedPack, tmp_path: Path, three: Path
) -> None:
    assert again(pack, three, portrait(tmp_path, 7), look_alike=True) is None


def test_a_pack_nobody_measured_half_templates_of_has_every_photo_looked_at_in_full(
    pack: WatchedPack, tmp_path: Path, three: Path
) -> None:
    pack.unmeasured = True
    assert again(pack, three, portrait(tmp_path, 7)) is None and pack.made == []


def test_a_file_that_changed_is_not_judged_by_what_was_known_of_it(
    pack: WatchedPack, tmp_path: Path, three: Path
) -> None:
    known = known_from(look(pack, three))
    photo_of(three, 640, 320, [(40, 96, 7, 96)])
    opened = open_photo(three)
    gallery = gallery_of(pack, pack._pack.make_template(opened, pack._pack.detect_faces(opened)[0]).vector)
    assert reanalyse_photo(three, PhotoLimits(), pack, gallery, THRESHOLD, known, {"s-3"}, detail_side=640) is None


@given(st.integers(1, 200_000))
def test_a_threshold_stays_while_a_few_more_agree_and_is_never_looser_than_asked(people: int) -> None:
    base = Threshold("sha256:x", accept=0.95, strong=0.963, margin=0.006, fpir=0.001, n=20, per_decade=0.0065)
    steady, asked = steady_threshold(base, people), base.for_gallery(people)
    assert asked.accept <= steady.accept <= asked.accept + 0.0007
    assert steady.for_gallery(people) == steady
    assert people > 20 or steady == base


def test_a_few_more_people_leave_the_threshold_as_it_is() -> None:
    base = Threshold("sha256:x", accept=0.95, strong=0.963, margin=0.006, fpir=0.001, n=20, per_decade=0.0065)
    assert len({steady_threshold(base, n) for n in range(1, 1001)}) < 20


@pytest.mark.slow
def test_the_real_pack_decides_by_known_faces_as_by_a_full_look(
    default_pack_folder: Path, demo_photos: Path, tmp_path: Path
) -> None:
    from kenbaar.measure import compose_photos

    portraits = [demo_photos / n for n in ("astronaut.png", "biden.jpg", "obama.jpg", "obama2.jpg")]
    compose_photos(portraits, demo_photos / "coffee.png", tmp_path / "photos", 6)
    pack = WatchedPack(load_pack(default_pack_folder))
    enrolled = [open_photo(demo_photos / name) for name in ("obama3.jpg", "biden.jpg")]
    rows = np.stack([pack._pack.make_template(p, pack._pack.detect_faces(p)[0]).vector for p in enrolled])
    point = pack._pack.operating_point
    threshold = Threshold(pack.digest, point.accept, point.strong, point.margin, point.fpir, point.n, point.per_decade)
    gallery = ConsentedGallery.of(
        pack=pack.digest, purposes=("find",), opened_at=datetime.now(UTC), subjects=["s-o", "s-b"], rows=rows,
        stricter=frozenset(),
    )  # fmt: skip
    permit = EmbeddingPermit("party", "transient", "all")
    found = 0
    for photo in sorted((tmp_path / "photos").iterdir()):
        full = analyse_photo(photo, PhotoLimits(), pack, permit, gallery, threshold, detail_side=640)
        vectors = pack.as_made
        known = known_from(full)
        again = analyse_photo(photo, PhotoLimits(), pack, permit, gallery, threshold, detail_side=640, known=known)
        assert again == full
        assert all((a == b).all() for a, b in zip(vectors, pack.as_made, strict=True))
        found += len(full.recognised)
    assert found >= 6
