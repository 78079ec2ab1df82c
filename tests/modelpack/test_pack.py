from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from kenbaar.errors import PackBroken, PackUnavailable
from kenbaar.faces import Box, Face, Landmarks
from kenbaar.modelpack import ModelPack, load_pack
from tests.modelpack.tiny_pack import (
    SimplePhoto,
    blank_photo,
    build_tiny_pack,
    draw_face,
    tiny_detector,
    tiny_embedder,
    tiny_manifest,
    write_pack,
)


@pytest.fixture(scope="module")
def pack(tiny_pack_folder: Path) -> ModelPack:
    return load_pack(tiny_pack_folder)


def group(width: int = 960, height: int = 640) -> np.ndarray:
    pixels = blank_photo(width, height)
    for k, (x, y) in enumerate([(60, 60), (400, 70), (700, 380)]):
        draw_face(pixels, x, y, identity=10 + k, side=96)
    return pixels


# What a pack promises


def test_one_batch_gives_what_one_by_one_gives(pack: ModelPack) -> None:
    photo = SimplePhoto(group())
    faces = pack.detect_faces(photo)
    together = pack.make_templates(photo, faces)
    for face, template in zip(faces, together, strict=True):
        assert np.allclose(pack.make_template(photo, face).vector, template.vector, atol=1e-6)


def test_templates_are_unit_vectors_of_this_pack(pack: ModelPack) -> None:
    photo = SimplePhoto(group())
    for template in pack.make_templates(photo, pack.detect_faces(photo)):
        assert template.pack == pack.digest
        assert template.vector.shape == (pack.dim,)
        assert abs(float(np.linalg.norm(template.vector)) - 1) < 1e-6


def test_no_faces_make_no_templates(pack: ModelPack) -> None:
    assert pack.make_templates(SimplePhoto(group()), []) == []


def test_more_faces_than_a_batch_keep_their_order(pack: ModelPack) -> None:
    photo = SimplePhoto(group())
    faces = pack.detect_faces(photo)
    many = faces * 15
    vectors = [t.vector for t in pack.make_templates(photo, many)]
    assert len(vectors) == 45
    for k, vector in enumerate(vectors):
        assert np.allclose(vector, vectors[k % 3], atol=1e-6)


def test_faces_come_in_the_order_of_their_boxes(pack: ModelPack) -> None:
    boxes = [face.box for face in pack.detect_faces(SimplePhoto(group()))]
    assert boxes == sorted(boxes)


@pytest.mark.parametrize("scale", [2, 4])
def test_a_photo_decoded_smaller_gives_the_same_places(pack: ModelPack, scale: int) -> None:
    pixels = group(1920, 1280)
    small = np.asarray(cv2.resize(pixels, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA), np.uint8)
    whole, reduced = pack.detect_faces(SimplePhoto(pixels)), pack.detect_faces(SimplePhoto(small, scale))
    assert len(whole) == len(reduced) == 3
    for one, other in zip(whole, reduced, strict=True):
        assert one.box.iou(other.box) > 0.9
        assert np.abs(one.landmarks.points - other.landmarks.points).max() < 3
        a = pack.make_template(SimplePhoto(pixels), one).vector
        assert float(a @ pack.make_template(SimplePhoto(small, scale), other).vector) > 0.95


@pytest.mark.parametrize("long_side", [320, 480, 640, 960])
def test_the_size_the_detector_looks_at_does_not_move_the_faces(pack: ModelPack, long_side: int) -> None:
    photo = SimplePhoto(group())
    found = pack.detect_faces(photo, long_side=long_side)
    for face, box in zip(found, [Box(60, 60, 156, 156), Box(400, 70, 496, 166), Box(700, 380, 796, 476)], strict=True):
        assert face.box.iou(box) > 0.9


def test_a_higher_score_finds_no_more_faces(pack: ModelPack) -> None:
    photo = SimplePhoto(group())
    assert len(pack.detect_faces(photo, min_score=0.5)) == 3
    assert pack.detect_faces(photo, min_score=0.95) == []


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 700),
    st.integers(1, 700),
    st.lists(st.tuples(st.floats(-0.3, 1), st.floats(-0.3, 1), st.integers(20, 400)), max_size=4),
    st.sampled_from([1, 2, 4, 8]),
)
def test_every_box_is_whole_pixels_inside_the_photo_and_not_empty(
    pack: ModelPack, width: int, height: int, marks: list[tuple[float, float, int]], scale: int
) -> None:
    wide = blank_photo(width + 800, height + 800)
    for x, y, side in marks:
        draw_face(wide, 400 + int(x * width) - side // 4, 400 + int(y * height) - side // 4, 1, side)
    photo = SimplePhoto(np.ascontiguousarray(wide[400 : 400 + height, 400 : 400 + width]), scale)
    faces = pack.detect_faces(photo)
    for face in faces:
        assert all(type(side) is int for side in face.box.as_list())
        assert Box(0, 0, photo.width, photo.height).contains(face.box)
        assert face.box.area > 0
        assert face.landmarks.points.dtype == np.float32
        assert 0 <= face.score <= 1
    assert len(pack.make_templates(photo, faces)) == len(faces)


def test_a_face_as_large_as_the_photo_is_found(pack: ModelPack) -> None:
    pixels = blank_photo(1000, 1000)
    draw_face(pixels, 20, 20, 5, 960)
    (face,) = pack.detect_faces(SimplePhoto(pixels))
    assert face.box.iou(Box(20, 20, 980, 980)) > 0.9


def test_pixels_of_another_kind_are_a_mistake_in_the_program(pack: ModelPack) -> None:
    with pytest.raises(ValueError, match="uint8"):
        pack.detect_faces(SimplePhoto(np.zeros((20, 20, 3), np.float32)))


# Bring your own


def test_mirrored_packs_do_not_mind_which_way_a_face_looks(tmp_path: Path) -> None:
    pack = load_pack(build_tiny_pack(tmp_path / "p", mirrored=True))
    pixels = group()
    left, right = SimplePhoto(pixels), SimplePhoto(np.ascontiguousarray(pixels[:, ::-1]))
    one = [t.vector for t in pack.make_templates(left, pack.detect_faces(left))]
    other = [t.vector for t in pack.make_templates(right, pack.detect_faces(right))]
    scores = np.array(one) @ np.array(other).T
    assert scores.max(axis=1).min() > 0.98


def one_channel_embedder(channel: int) -> bytes:
    """The mean of the chip's channel in the first number, 1 in the second: what it is fed can be read off."""
    weights = np.zeros((3, 2), np.float32)
    weights[channel, 0] = 1
    nodes = [
        helper.make_node("GlobalAveragePool", ["chips"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w", "b"], ["out"]),
    ]
    initial = [
        numpy_helper.from_array(weights, "w"),
        numpy_helper.from_array(np.array([0, 1], np.float32), "b"),
    ]
    return saved(nodes, initial, ["n", 3, 32, 32], ["n", 2])


def saved(
    nodes: list[onnx.NodeProto],
    initial: list[onnx.TensorProto],
    shape: list[str | int | None],
    out: list[str | int | None],
) -> bytes:
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "g", [value("chips", TensorProto.FLOAT, shape)], [value("out", TensorProto.FLOAT, out)], initial
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return bytes(model.SerializeToString())


def with_embedder(folder: Path, embedder: bytes, *, dim: int = 2, size: int = 32, **changes: object) -> Path:
    detector = tiny_detector()
    manifest = tiny_manifest(detector, embedder, dim=dim, size=size)
    manifest = replace(manifest, embedder=replace(manifest.embedder, **changes))  # type: ignore[arg-type]
    return write_pack(folder, manifest, detector, embedder)


FIVE = Landmarks(np.array([(40, 40), (80, 40), (60, 60), (45, 80), (75, 80)], np.float32))


@pytest.mark.parametrize(("colour", "expected"), [("RGB", (200, 100, 50)), ("BGR", (50, 100, 200))])
def test_chips_are_fed_in_the_stated_colour_order_mean_and_scale(
    tmp_path: Path, colour: str, expected: tuple[int, int, int]
) -> None:
    mean, scale = (10.0, 20.0, 30.0), 0.01
    pixels = np.empty((120, 120, 3), np.uint8)
    pixels[:] = (200, 100, 50)
    face = Face(Box(20, 20, 100, 100), FIVE, 0.9)
    for channel in range(3):
        folder = with_embedder(
            tmp_path / f"{channel}", one_channel_embedder(channel), colour=colour, mean=mean, scale=scale
        )
        x, one = load_pack(folder).make_template(SimplePhoto(pixels), face).vector
        assert x / one == pytest.approx((expected[channel] - mean[channel]) * scale, abs=1e-4)


@pytest.mark.parametrize(("colour", "red"), [("RGB", True), ("BGR", False)])
def test_the_detector_is_fed_in_the_stated_colour_order(tmp_path: Path, colour: str, red: bool) -> None:
    """Red and blue are alike to the tiny detector, so one of them is lifted to full by its mean."""
    detector, embedder = tiny_detector(), tiny_embedder(16, 32, 0)
    manifest = tiny_manifest(detector, embedder)
    # The third channel is always full: a frame is found by the first alone, and the order says which one that is.
    spec = replace(manifest.detector, colour=colour, mean=(0.0, 0.0, -255.0))
    pack = load_pack(write_pack(tmp_path, replace(manifest, detector=spec), detector, embedder))
    pixels = np.zeros((320, 320, 3), np.uint8)
    draw_face(pixels, 100, 100, 3)
    pixels[..., 2 if red else 0] = 0  # the frame is pure red, or pure blue, and black elsewhere
    assert len(pack.detect_faces(SimplePhoto(pixels))) == 1
    assert pack.detect_faces(SimplePhoto(np.ascontiguousarray(pixels[..., ::-1]))) == []


def test_a_pack_with_another_alignment_cuts_another_chip(tmp_path: Path) -> None:
    plain = load_pack(build_tiny_pack(tmp_path / "plain"))
    points = tuple((x * 0.5 + 8, y * 0.5 + 8) for x, y in plain.manifest.embedder.points)
    folder = with_embedder(tmp_path / "wide", tiny_embedder(16, 32, 0), dim=16, points=points)
    photo = SimplePhoto(group())
    face = plain.detect_faces(photo)[0]
    near, far = (p.make_template(photo, face).vector for p in (plain, load_pack(folder)))
    assert float(near @ far) < 0.8


# Broken packs


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    folder = build_tiny_pack(tmp_path / "p")
    for name in ("detector.onnx", "embedder.onnx"):
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(PackBroken, match=name) as refusal:
            load_pack(folder)
        assert refusal.value.exit_code == 6
        (folder / name).write_bytes(whole)
    load_pack(folder)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    folder = build_tiny_pack(tmp_path / "p")
    (folder / "embedder.onnx").unlink()
    with pytest.raises(PackBroken, match=r"embedder\.onnx"):
        load_pack(folder)


def test_no_pack_at_all_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(PackUnavailable):
        load_pack(tmp_path / "nothing")


def test_a_file_with_the_right_digest_that_is_no_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackBroken, match="network"):
        load_pack(with_embedder(tmp_path, b"not a network"))


def test_a_detector_without_the_expected_outputs_is_refused(tmp_path: Path) -> None:
    embedder = tiny_embedder(16, 32, 0)
    with pytest.raises(PackBroken, match="detector"):
        load_pack(write_pack(tmp_path, tiny_manifest(embedder, embedder), embedder, embedder))


def answers(value: float) -> bytes:
    """An embedder that answers `value` twice, whatever it is shown."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["chips"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("Clip", ["flat", "zero", "zero"], ["nothing"]),
        helper.make_node("Gemm", ["nothing", "w", "b"], ["out"]),
    ]
    initial = [
        numpy_helper.from_array(np.zeros((3, 2), np.float32), "w"),
        numpy_helper.from_array(np.full(2, value, np.float32), "b"),
        numpy_helper.from_array(np.asarray(0, np.float32), "zero"),
    ]
    return saved(nodes, initial, ["n", 3, 32, 32], ["n", 2])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0, 1e-30], ids=["nan", "inf", "zero", "nearly zero"])
def test_an_embedder_that_answers_with_no_direction_is_a_broken_pack(tmp_path: Path, value: float) -> None:
    pack = load_pack(with_embedder(tmp_path, answers(value)))
    face = Face(Box(20, 20, 100, 100), FIVE, 0.9)
    with pytest.raises(PackBroken):
        pack.make_template(SimplePhoto(blank_photo(120, 120)), face)


def test_an_embedder_of_another_dimension_than_stated_is_a_broken_pack(tmp_path: Path) -> None:
    pack = load_pack(with_embedder(tmp_path, answers(1.0), dim=3))
    with pytest.raises(PackBroken, match="shape"):
        pack.make_template(SimplePhoto(blank_photo(120, 120)), Face(Box(20, 20, 100, 100), FIVE, 0.9))


def test_an_embedder_for_another_chip_size_than_stated_is_a_broken_pack(tmp_path: Path) -> None:
    pack = load_pack(with_embedder(tmp_path, answers(1.0), size=48))
    with pytest.raises(PackBroken, match="cannot be run"):
        pack.make_template(SimplePhoto(blank_photo(120, 120)), Face(Box(20, 20, 100, 100), FIVE, 0.9))


def test_a_manifest_written_by_hand_works_like_the_one_written_by_us(tmp_path: Path) -> None:
    folder = build_tiny_pack(tmp_path / "p")
    digest = load_pack(folder).digest
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()), separators=(",", ":"), sort_keys=True))
    assert load_pack(folder).digest == digest
