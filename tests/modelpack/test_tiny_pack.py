"""The stand-in pack keeps its word, or every other room's fast tests are worth nothing."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from kenbaar.modelpack import ModelPack, load_pack
from tests.modelpack.tiny_pack import IDENTITIES, SimplePhoto, blank_photo, build_tiny_pack, draw_face


@pytest.fixture(scope="module")
def pack(tiny_pack_folder: Path) -> ModelPack:
    return load_pack(tiny_pack_folder)


def test_a_landscape_has_no_faces(pack: ModelPack) -> None:
    assert pack.detect_faces(SimplePhoto(blank_photo(640, 480))) == []


def test_every_marker_is_found_where_it_was_drawn(pack: ModelPack) -> None:
    pixels = blank_photo(1280, 720)
    places = [(100, 80, 96), (500, 90, 160), (900, 400, 192), (60, 500, 64)]
    for identity, (x, y, side) in enumerate(places):
        draw_face(pixels, x, y, identity, side)
    found = [face.box.as_list() for face in pack.detect_faces(SimplePhoto(pixels))]
    assert np.abs(np.array(found) - [[x, y, x + side, y + side] for x, y, side in sorted(places)]).max() <= 3


def test_no_two_identities_are_alike_and_each_is_like_itself(pack: ModelPack) -> None:
    def vectors(x: int, y: int, side: int) -> np.ndarray:
        rows = []
        for identity in range(IDENTITIES):
            pixels = blank_photo(320, 240, seed=identity)
            draw_face(pixels, x, y, identity, side)
            photo = SimplePhoto(pixels)
            (face,) = pack.detect_faces(photo)
            rows.append(pack.make_template(photo, face).vector)
        return np.array(rows)

    scores = vectors(40, 50, 64) @ vectors(130, 60, 96).T
    assert scores.diagonal().min() > 0.95
    assert (scores - np.diag(scores.diagonal())).max() < 0.35


@pytest.mark.parametrize("quality", [50, 75, 95])
def test_markers_survive_jpeg(pack: ModelPack, quality: int) -> None:
    pixels = blank_photo(640, 480)
    draw_face(pixels, 61, 83, 5)
    photo = SimplePhoto(pixels)
    coded = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    assert decoded is not None
    again = SimplePhoto(np.ascontiguousarray(decoded[:, :, ::-1]))
    one, other = (pack.make_template(p, pack.detect_faces(p)[0]).vector for p in (photo, again))
    assert float(one @ other) > 0.98


def test_somebody_who_looks_like_two_people_scores_with_both(pack: ModelPack) -> None:
    pixels = blank_photo(640, 480)
    draw_face(pixels, 40, 40, 3)
    draw_face(pixels, 240, 40, 3, mixed_with=4, share=0.5)
    draw_face(pixels, 440, 40, 4)
    photo = SimplePhoto(pixels)
    three, both, four = (t.vector for t in pack.make_templates(photo, pack.detect_faces(photo)))
    assert abs(float(both @ three) - float(both @ four)) < 0.05
    assert float(both @ three) > 0.6


def test_another_seed_is_another_pack(tmp_path: Path) -> None:
    one, other = (load_pack(build_tiny_pack(tmp_path / str(seed), seed=seed)) for seed in (0, 1))
    assert one.digest != other.digest


@pytest.mark.parametrize(("dim", "size"), [(8, 32), (16, 48), (64, 64)])
def test_packs_of_other_sizes_work_alike(tmp_path: Path, dim: int, size: int) -> None:
    pack = load_pack(build_tiny_pack(tmp_path / "p", dim=dim, size=size))
    pixels = blank_photo(640, 480)
    draw_face(pixels, 40, 40, 3)
    draw_face(pixels, 240, 240, 3, 96)
    photo = SimplePhoto(pixels)
    one, other = (t.vector for t in pack.make_templates(photo, pack.detect_faces(photo)))
    assert one.shape == (dim,)
    assert float(one @ other) > 0.95
