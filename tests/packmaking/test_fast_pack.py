"""The fast pack, made from the default one. What it is measured at: decision 0022."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest

from kenbaar.errors import PackBroken
from kenbaar.modelpack import ModelPack, load_pack, model_card, read_manifest
from kenbaar.packmaking import Progress, fetch_fast_pack
from kenbaar.packmaking._fast import FLOAT_FIRST, check_fast_answers, make_fast, read_ranges
from kenbaar.packmaking._quantise import needed_ranges
from tests.modelpack.tiny_pack import SimplePhoto
from tests.packmaking.test_default_pack import PEOPLE, only_face, opened

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cache(default_pack_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the default pack in it, and no way to fetch anything."""
    cache = tmp_path_factory.mktemp("cache")
    shutil.copytree(default_pack_folder, cache / "packs" / default_pack_folder.name)
    return cache


@pytest.fixture(scope="module")
def folder(cache: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        return fetch_fast_pack(cache, lambda _: None)


@pytest.fixture(scope="module")
def pack(folder: Path) -> ModelPack:
    return load_pack(folder)


def test_the_fast_pack_is_the_same_on_every_machine(pack: ModelPack) -> None:
    # Templates are bound to this digest. Whatever changes it must also change VERSION in _fast.py.
    assert pack.digest == "sha256:eaeb88d2e0b5b5352f2315390acf3379e16ac3f59ee5498eeeec244809fb3c71"
    assert (pack.name, pack.dim) == ("fast", 128)


def test_it_is_made_once_and_a_damaged_one_is_made_anew(cache: Path, folder: Path) -> None:
    told: list[Progress] = []
    assert fetch_fast_pack(cache, told.append) == folder and told == []
    whole = (folder / "embedder.onnx").read_bytes()
    (folder / "embedder.onnx").write_bytes(b"damaged")
    assert fetch_fast_pack(cache, told.append) == folder and told
    assert (folder / "embedder.onnx").read_bytes() == whole
    assert not [p for p in (cache / "packs").iterdir() if p.name.startswith(".making")]


def test_one_whose_manifest_was_edited_is_made_anew(cache: Path, folder: Path) -> None:
    whole = (folder / "manifest.json").read_bytes()
    (folder / "manifest.json").write_bytes(whole.replace(b"scraped", b"taken"))
    told: list[Progress] = []
    assert fetch_fast_pack(cache, told.append) == folder and told
    assert (folder / "manifest.json").read_bytes() == whole


def test_an_interrupted_run_leaves_nothing_visible_and_the_next_one_finishes(cache: Path, folder: Path) -> None:
    shutil.rmtree(folder)

    class Killed(BaseException):
        pass

    def die(progress: Progress) -> None:
        if progress.step == "quantise" and progress.done == 2:
            aside = cache / "packs" / ".making-fast-1" / "pack"
            aside.mkdir(parents=True)
            (aside / "detector.onnx").write_bytes(b"half")
            raise Killed

    with pytest.raises(Killed):
        fetch_fast_pack(cache, die)
    assert not folder.exists()
    assert fetch_fast_pack(cache, lambda _: None) == folder
    assert sorted(p.name for p in folder.iterdir()) == [
        "MODEL_CARD.md",
        "detector.onnx",
        "embedder.onnx",
        "manifest.json",
    ]


def test_the_ranges_kept_beside_the_code_are_those_of_these_very_networks(default_pack_folder: Path) -> None:
    ranges = read_ranges()
    for part, first in (("detector", FLOAT_FIRST), ("embedder", 0)):
        data = (default_pack_folder / f"{part}.onnx").read_bytes()
        assert list(ranges[part]) == needed_ranges(data, float_first=first)


def test_it_sees_the_same_faces_as_the_default_pack_and_nearly_the_same_vectors(
    pack: ModelPack, default_pack_folder: Path, demo_photos: Path
) -> None:
    default = load_pack(default_pack_folder)
    for name in PEOPLE:
        (a, one), (b, other) = (only_face(p, opened(demo_photos / name)) for p in (default, pack))
        assert a.box.iou(b.box) > 0.85
        assert float(one.vector @ other.vector) > 0.98
    for name in ("coffee.png", "chelsea.png"):
        assert pack.detect_faces(SimplePhoto(opened(demo_photos / name))) == []


def test_one_person_scores_above_accept_and_two_people_below_in_the_fast_pack(
    pack: ModelPack, demo_photos: Path
) -> None:
    vectors = {name: only_face(pack, opened(demo_photos / name))[1].vector for name in PEOPLE}
    enrolled = vectors["obama.jpg"] + vectors["obama2.jpg"]
    enrolled /= np.linalg.norm(enrolled)
    assert float(enrolled @ vectors["obama3.jpg"]) >= pack.operating_point.accept
    for name in ("biden.jpg", "astronaut.png"):
        assert float(enrolled @ vectors[name]) < pack.operating_point.accept - 0.03


def test_other_networks_do_not_give_the_fast_packs_known_answers(folder: Path, default_pack_folder: Path) -> None:
    manifest = read_manifest(folder)
    parts = [(folder / f"{part}.onnx").read_bytes() for part in ("detector", "embedder")]
    check_fast_answers(parts[0], parts[1], manifest.embedder.mean)
    for detector, embedder in (
        (folder / "detector.onnx", default_pack_folder / "embedder.onnx"),
        (folder / "embedder.onnx", folder / "detector.onnx"),
    ):
        with pytest.raises(PackBroken):
            check_fast_answers(detector.read_bytes(), embedder.read_bytes(), manifest.embedder.mean)


def test_most_of_it_is_computed_in_whole_numbers(folder: Path, default_pack_folder: Path) -> None:
    parts = [(default_pack_folder / f"{part}.onnx").read_bytes() for part in ("detector", "embedder")]
    for data, first in zip(make_fast(*parts), (FLOAT_FIRST, 0), strict=True):
        assert data in ((folder / "detector.onnx").read_bytes(), (folder / "embedder.onnx").read_bytes())
        convolutions = [n for n in onnx.load_from_string(data).graph.node if n.op_type == "Conv"]
        assert [n.input[1].endswith("_back") for n in convolutions] == [False] * first + [True] * (
            len(convolutions) - first
        )


def test_its_card_has_its_own_rates_beside_those_of_the_default_pack(folder: Path) -> None:
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert card == model_card(read_manifest(folder))
    for words in ("scraped from the web", "quantised", "the default pack, same command", "AT&T", "Yale"):
        assert words in card
