"""Packs of the user's own: the manifests of docs/packs.md, with networks of the same inputs and outputs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from kenbaar.errors import PackBroken, PackUnavailable
from kenbaar.modelpack import find_pack, load_pack, read_manifest
from kenbaar.packmaking import add_pack, filled_manifest
from tests.modelpack.tiny_pack import SimplePhoto, blank_photo, build_tiny_pack, draw_face, tiny_detector

PAGE = Path(__file__).parent.parent.parent / "docs" / "packs.md"
WORKED = {m["name"]: m for m in map(json.loads, re.findall(r"```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))}


def stand_in(dim: int, batch: int | str, *, twist: str = "") -> bytes:
    """A network with a published embedder's input and output: means of 4 x 4 blocks through a fixed matrix.

    twist: "nan", "empty", "same" (for every picture) or "mixed" (each face's answer depends on the others).
    """
    rng = np.random.default_rng(2)
    weights = {
        "matrix": rng.normal(size=(3 * 16, dim)).astype(np.float32),
        "zero": np.zeros(1, np.float32),
        "tenth": np.full(1, 0.1, np.float32),
    }
    nodes = [
        helper.make_node("AveragePool", ["data"], ["blocks"], kernel_shape=[28, 28], strides=[28, 28]),
        helper.make_node("Flatten", ["blocks"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["plain"]),
    ]
    if twist == "nan":
        nodes.append(helper.make_node("Div", ["zero", "zero"], ["no"]))
        nodes.append(helper.make_node("Add", ["plain", "no"], ["fc1"]))
    elif twist == "empty":
        nodes.append(helper.make_node("Mul", ["plain", "zero"], ["fc1"]))
    elif twist == "same":
        nodes.append(helper.make_node("Mul", ["plain", "zero"], ["none"]))
        nodes.append(helper.make_node("Add", ["none", "tenth"], ["fc1"]))
    elif twist == "mixed":
        nodes.append(helper.make_node("ReduceMean", ["plain"], ["mean"], axes=[0], keepdims=1))
        nodes.append(helper.make_node("Mul", ["mean", "tenth"], ["less"]))
        nodes.append(helper.make_node("Sub", ["plain", "mean"], ["rest"]))
        nodes.append(helper.make_node("Add", ["rest", "less"], ["fc1"]))
    else:
        nodes.append(helper.make_node("Identity", ["plain"], ["fc1"]))
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, [batch, 3, 112, 112])],
        [helper.make_tensor_value_info("fc1", TensorProto.FLOAT, [batch, dim])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()
    )


def brought(folder: Path, name: str, embedder: bytes, **changes: Any) -> Path:
    """A folder as docs/packs.md tells to make it: the worked manifest, without digests, and the two files."""
    manifest = json.loads(json.dumps(WORKED[name]))
    manifest["embedder"].update(changes)
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    (folder / manifest["detector"]["file"]["name"]).write_bytes(tiny_detector())
    (folder / manifest["embedder"]["file"]["name"]).write_bytes(embedder)
    return folder


def fill(folder: Path) -> None:
    (folder / "manifest.json").write_text(filled_manifest(folder).text(), "utf-8")


@pytest.mark.parametrize(("name", "dim", "batch"), [("sface", 128, 1), ("auraface", 512, "n")])
def test_the_worked_manifests_of_the_page_make_packs_that_work(tmp_path: Path, name: str, dim: int, batch: int) -> None:
    folder = brought(tmp_path / "mine", name, stand_in(dim, batch))
    fill(folder)
    place = add_pack(folder, tmp_path / "cache")
    assert place == find_pack(tmp_path / "cache", name) == tmp_path / "cache" / "packs" / f"{name}-1"
    pack = load_pack(place)
    pixels = blank_photo(640, 480)
    draw_face(pixels, 60, 80, identity=3, side=128)
    draw_face(pixels, 400, 80, identity=4, side=128)
    photo = SimplePhoto(pixels)
    faces = pack.detect_faces(photo)
    together = pack.make_templates(photo, faces)
    assert len(faces) == 2 and pack.dim == dim
    for face, template in zip(faces, together, strict=True):
        alone = pack.make_template(photo, face)
        assert template.pack == pack.digest and np.allclose(alone.vector, template.vector, atol=1e-5)


def test_the_two_worked_packs_are_fed_as_their_makers_feed_them() -> None:
    arcface = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])  # fmt: skip  # noqa: E501
    for manifest in WORKED.values():
        assert np.allclose(manifest["embedder"]["points"], arcface + 0.5)  # from the corner, not the middle of a px
    sface, auraface = (WORKED[name]["embedder"] for name in ("sface", "auraface"))
    white, black = np.full(3, 255), np.zeros(3)
    assert [((v - sface["mean"]) * sface["scale"]).tolist() for v in (black, white)] == [[0] * 3, [255] * 3]
    assert np.allclose([(v - auraface["mean"]) * auraface["scale"] for v in (black, white)], [[-1] * 3, [1] * 3])


def test_colours_arrive_in_the_order_the_manifest_says(tmp_path: Path) -> None:
    """A network that answers with the mean of each channel, fed a red face."""
    pack = {}
    for colour in ("RGB", "BGR"):
        folder = brought(tmp_path / colour, "sface", stand_in(128, 1), colour=colour, mirrored=False)
        graph = onnx.load_from_string((folder / "face_recognition_sface_2021dec.onnx").read_bytes()).graph
        matrix = np.kron(np.eye(3), np.ones((16, 1))).astype(np.float32) / 16
        (folder / "face_recognition_sface_2021dec.onnx").write_bytes(
            _with_matrix(graph, np.pad(matrix, ((0, 0), (0, 125))))
        )
        fill(folder)
        pack[colour] = load_pack(folder)
    pixels = blank_photo(640, 480)
    draw_face(pixels, 60, 80, identity=3, side=128)
    (face,) = pack["RGB"].detect_faces(SimplePhoto(pixels))
    pixels[:] = (200, 100, 50)
    red = {colour: p.make_template(SimplePhoto(pixels), face).vector for colour, p in pack.items()}
    assert red["RGB"][0] > red["RGB"][1] > red["RGB"][2] > 0
    assert red["BGR"][2] > red["BGR"][1] > red["BGR"][0] > 0


def _with_matrix(graph: onnx.GraphProto, matrix: np.ndarray) -> bytes:
    kept = [t for t in graph.initializer if t.name != "matrix"]
    kept.append(numpy_helper.from_array(np.ascontiguousarray(matrix, np.float32), "matrix"))
    changed = helper.make_graph(list(graph.node), "changed", list(graph.input), list(graph.output), kept)
    return bytes(
        helper.make_model(changed, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()
    )


@pytest.mark.parametrize(
    ("twist", "word"), [("nan", "no numbers"), ("empty", "empty"), ("same", "same vector"), ("mixed", "beside another")]
)
def test_a_network_that_answers_nonsense_is_not_added(tmp_path: Path, twist: str, word: str) -> None:
    folder = brought(tmp_path / "mine", "auraface", stand_in(512, "n", twist=twist))
    fill(folder)
    with pytest.raises(PackBroken, match=word):
        add_pack(folder, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_file_that_is_no_network_is_not_added(tmp_path: Path) -> None:
    folder = brought(tmp_path / "mine", "sface", b"<html>moved</html>")
    fill(folder)
    with pytest.raises(PackBroken, match="embedder is not a network"):
        add_pack(folder, tmp_path / "cache")


def test_a_missing_file_or_manifest_is_told(tmp_path: Path) -> None:
    folder = brought(tmp_path / "mine", "sface", stand_in(128, 1))
    (folder / "detector.onnx").unlink()
    with pytest.raises(PackBroken, match=r"detector\.onnx is not there"):
        filled_manifest(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(PackUnavailable, match=r"docs/packs\.md"):
        filled_manifest(folder)


@pytest.mark.parametrize("text", ["[]", "{", '{"detector": 3}', '{"detector": {"file": {"name": "../x"}}}'])
def test_a_manifest_that_cannot_be_filled_in_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text, "utf-8")
    with pytest.raises(PackBroken):
        filled_manifest(tmp_path)


def test_filling_in_a_manifest_twice_changes_nothing_and_strictness_stays(tmp_path: Path) -> None:
    folder = build_tiny_pack(tmp_path / "tiny")
    assert filled_manifest(folder) == read_manifest(folder)
    value = json.loads((folder / "manifest.json").read_text("utf-8"))
    value["embedder"]["colours"] = "RGB"
    (folder / "manifest.json").write_text(json.dumps(value), "utf-8")
    with pytest.raises(PackBroken, match="colours"):
        filled_manifest(folder)


def test_how_far_half_a_template_may_be_believed_is_the_packs_own(tmp_path: Path) -> None:
    plain = load_pack(build_tiny_pack(tmp_path / "plain"))
    mirrored = load_pack(build_tiny_pack(tmp_path / "mirrored", mirrored=True))
    assert plain.rough_within < 0.001  # without a mirror image, half a template is the template
    assert mirrored.rough_within == float("inf")  # nobody measured it
    value = json.loads((tmp_path / "mirrored" / "manifest.json").read_text("utf-8"))
    value["embedder"]["rough_within"] = 0.05
    (tmp_path / "mirrored" / "manifest.json").write_text(json.dumps(value), "utf-8")
    measured = load_pack(tmp_path / "mirrored")
    assert measured.rough_within == 0.05 and measured.digest != mirrored.digest
