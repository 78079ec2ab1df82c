from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from kenbaar.errors import PackBroken, PackUnavailable
from kenbaar.modelpack import describe_pack, model_card, parse_manifest, read_manifest
from tests.modelpack.tiny_pack import tiny_detector, tiny_embedder, tiny_manifest


@pytest.fixture(scope="module")
def good() -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(tiny_manifest(tiny_detector(), tiny_embedder(16, 32, 0)).text())
    return manifest


def parsed(value: object) -> Any:
    return parse_manifest(json.dumps(value).encode())


def altered(value: dict[str, Any], path: str, new: object) -> dict[str, Any]:
    value = copy.deepcopy(value)
    *folders, last = path.split(".")
    inner = value
    for name in folders:
        inner = inner[name]
    inner[last] = new
    return value


def test_a_manifest_comes_back_from_its_text(good: dict[str, Any]) -> None:
    manifest = parsed(good)
    assert parse_manifest(manifest.text().encode()) == manifest


def test_the_digest_does_not_depend_on_spaces_or_the_order_of_fields(good: dict[str, Any]) -> None:
    turned = json.dumps(dict(reversed(good.items())), indent=7).encode()
    assert parse_manifest(turned).digest == parsed(good).digest


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("name", "other"),
        ("detector.min_score", 0.6),
        ("detector.file.sha256", "0" * 64),
        ("embedder.colour", "RGB"),
        ("embedder.mirrored", True),
        ("embedder.mean", [1, 2, 3]),
        ("operating_point.accept", 0.71),
        ("notice", "?"),
    ],
)
def test_whatever_changes_the_pack_changes_its_digest(good: dict[str, Any], path: str, new: object) -> None:
    assert parsed(altered(good, path, new)).digest != parsed(good).digest


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("surprise", 1),
        ("detector.surprise", 1),
        ("embedder.file.surprise", 1),
        ("format", "kenbaar-pack/2"),
        ("name", 7),
        ("name", "A Name"),
        ("detector", []),
        ("detector.decode", "yolo"),
        ("detector.colour", "GREY"),
        ("detector.long_side", 640.0),
        ("detector.long_side", True),
        ("detector.long_side", 31),
        ("detector.long_side", 10**9),
        ("detector.min_score", "0.5"),
        ("detector.min_score", 0),
        ("detector.scale", 0),
        ("detector.mean", [1, 2]),
        ("detector.mean", [1, 2, None]),
        ("detector.file", "detector.onnx"),
        ("embedder.file.name", "../detector.onnx"),
        ("embedder.file.name", "/etc/passwd"),
        ("embedder.file.name", "a/b.onnx"),
        ("embedder.file.name", ".."),
        ("embedder.file.name", "a\nb"),
        ("embedder.file.name", ""),
        ("embedder.file.sha256", "F" * 64),
        ("embedder.file.sha256", "0" * 63),
        ("embedder.points", [[1, 2]] * 4),
        ("embedder.points", [[1, 2]] * 5),
        ("embedder.points", [[1, 2, 3]] * 5),
        ("embedder.mirrored", 1),
        ("embedder.dim", 1),
        ("operating_point.accept", -0.5),
        ("operating_point.accept", True),
        ("operating_point.strong", 0.1),
        ("operating_point.margin", 0.9),
        ("operating_point.fpir", 0),
        ("operating_point.n", 0),
        ("measured", {}),
        ("measured", [{"what": "x", "value": "high", "conditions": ""}]),
        ("provenance", [{}]),
        ("notice", None),
        ("notice", "x" * 5000),
    ],
)
def test_a_field_that_is_off_is_refused_by_name(good: dict[str, Any], path: str, new: object) -> None:
    with pytest.raises(PackBroken) as refusal:
        parsed(altered(good, path, new))
    assert path.split(".")[0] in refusal.value.what


def test_a_missing_field_is_refused_by_name(good: dict[str, Any]) -> None:
    for part in (None, "detector", "embedder", "operating_point"):
        for name in good if part is None else good[part]:
            less = copy.deepcopy(good)
            del (less if part is None else less[part])[name]
            with pytest.raises(PackBroken, match=name):
                parsed(less)


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xfe", b"{", b"[]", b"null", b"7", b"[" * 200_000, b'{"a": 1, "a": 2}', b" " * 2_000_000],
    ids=["empty", "not text", "cut", "list", "null", "number", "deep", "twice", "large"],
)
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(PackBroken):
        parse_manifest(data)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(good: dict[str, Any], number: str) -> None:
    text = json.dumps(altered(good, "detector.scale", 123456.5)).replace("123456.5", number)
    with pytest.raises(PackBroken, match=r"no number|out of range"):
        parse_manifest(text.encode())


def test_an_empty_folder_is_no_pack_and_the_refusal_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(PackUnavailable, match="kenbaar pack fetch"):
        read_manifest(tmp_path)


def test_the_card_opens_with_the_sentence_about_consent(good: dict[str, Any]) -> None:
    manifest = parsed(good)
    card = model_card(manifest)
    assert card.index(manifest.notice) < card.index("## Parts")
    assert manifest.digest in card
    assert f"{manifest.operating_point.accept:g}" in card


def test_a_pack_is_described_from_its_manifest(tiny_pack_folder: Path) -> None:
    text = describe_pack(tiny_pack_folder)
    assert read_manifest(tiny_pack_folder).digest in text
    assert "32x32 px BGR, 16 numbers" in text
