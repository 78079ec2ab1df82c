"""`kenbaar evaluate` end to end, on drawn people: what it answers, writes, refuses and adopts."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kenbaar.errors import PackBroken
from kenbaar.measure import evaluate, read_people
from kenbaar.measure._adopt import pack_default
from kenbaar.measure._samples import measure_people
from kenbaar.media import PhotoLimits
from kenbaar.modelpack import ModelPack, load_pack
from tests.e2e.driver import Kenbaar
from tests.measure.volunteers import draw_photo, draw_volunteers
from tests.modelpack.tiny_pack import blank_photo, build_tiny_pack, draw_face, tiny_detector, tiny_manifest, write_pack

PEOPLE, PHOTOS = 16, 4


@pytest.fixture(scope="session")
def volunteers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen people with four photos each; 1 looks like 0. Read only."""
    root = draw_volunteers(tmp_path_factory.mktemp("measured") / "choir", PEOPLE, PHOTOS, spread=0.4)
    for n in range(PHOTOS):
        draw_photo(root / "person-001" / f"{n}.png", 1, mixed_with=0, share=0.42 + 0.02 * n, seed=n)
    return root


@pytest.fixture
def kenbaar(tmp_path: Path, tiny_pack_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Kenbaar:
    monkeypatch.chdir(tmp_path)
    return Kenbaar(tmp_path / "home", tiny_pack_folder, tmp_path / "cache")


@pytest.fixture
def archive(kenbaar: Kenbaar) -> Iterator[Kenbaar]:
    kenbaar("init", "--jurisdiction", "us")
    yield kenbaar
    kenbaar.expect_whole()


AGREED = ("--consent", "A. Jansen: all signed", "--name-duplicates")


@pytest.fixture
def some(volunteers: Path, tmp_path: Path) -> Path:
    """Ten of the people, to be changed."""
    root = tmp_path / "some"
    for person in range(10):
        shutil.copytree(volunteers / f"person-{person:03d}", root / f"person-{person:03d}")
    return root


def measured(kenbaar: Kenbaar, folder: Path, *options: object) -> dict[str, Any]:
    return kenbaar("evaluate", folder, *AGREED, "--splits", 8, *options)


def test_without_an_archive_it_measures_the_pack_and_answers_the_contract(kenbaar: Kenbaar, volunteers: Path) -> None:
    answer = measured(kenbaar, volunteers)
    assert (answer["people"], answer["photos"]) == (PEOPLE, PEOPLE * PHOTOS)
    assert 0 <= answer["failure_to_enrol"] <= 1 and 0 <= answer["eer"] <= 1
    assert answer["groups"] == {}
    assert Path(answer["report"]).is_file()
    points = answer["operating_points"]
    assert {p["n"] for p in points} == {8, 100, 1000, 10000}
    assert {p["fpir_target"] for p in points} == {0.01, 0.003, 0.001, 0.0001}
    assert {p["enrolment_photos"] for p in points} == {1, 3}  # four photos: none left to search with after five
    for point in points:
        for name in ("fnir", "fpir"):
            rate = point[name]
            assert rate["low"] <= rate["value"] <= rate["high"] and rate["searches"] > 0
        assert point["extrapolated"] or point["n"] == 8
        if point["n"] == 8:
            assert not point["carried"] and point["people_missing"] == round(3 / point["fpir_target"]) - PEOPLE
    assert not kenbaar.home.exists()  # no archive was made on the way


def test_a_stricter_target_has_a_higher_threshold_and_misses_no_fewer(kenbaar: Kenbaar, volunteers: Path) -> None:
    points = [p for p in measured(kenbaar, volunteers)["operating_points"] if p["n"] == 8]
    for k in (1, 3):
        own = sorted((p for p in points if p["enrolment_photos"] == k), key=lambda p: -p["fpir_target"])
        assert [p["threshold"] for p in own] == sorted(p["threshold"] for p in own)
        assert [p["fnir"]["value"] for p in own] == sorted(p["fnir"]["value"] for p in own)
        for point in own:
            assert point["fpir"]["value"] <= point["fpir_target"]


def test_the_three_files_hold_the_same_figures_and_no_name(kenbaar: Kenbaar, volunteers: Path, tmp_path: Path) -> None:
    answer = measured(kenbaar, volunteers, "--out", tmp_path / "out", "--name", "a choir")
    files = {p.name: p.read_text("utf-8") for p in (tmp_path / "out").iterdir()}
    assert set(files) == {"report.html", "report.json", "report.csv"}
    assert json.loads(files["report.json"]) == {**answer, "report": "report.html"}
    for text in files.values():
        assert "person-0" not in text and str(volunteers) not in text and "data:image" not in text
    rows = list(csv.DictReader(io.StringIO(files["report.csv"])))
    point = next(p for p in answer["operating_points"] if p["n"] == 8 and p["enrolment_photos"] == 3)
    row = next(
        r for r in rows if r["measure"] == "FPIR rank 1" and r["n"] == "8" and r["fpir_target"] == "0.01"
        and r["enrolment_photos"] == "3"
    )  # fmt: skip
    assert float(row["value"]) == point["fpir"]["value"] and float(row["threshold"]) == point["threshold"]
    for row in rows:  # a rate never travels alone
        assert all(row[c] for c in ("value", "low", "high", "searches", "people", "interval", "data", "pack")), row
        assert row["data"] == "a choir" and row["pack"] == answer["pack"]["digest"]


def test_the_page_loads_nothing_runs_nothing_and_has_a_table_beside_each_chart(
    kenbaar: Kenbaar, volunteers: Path, tmp_path: Path
) -> None:
    html = unescape(Path(measured(kenbaar, volunteers, "--out", tmp_path / "out")["report"]).read_text("utf-8"))
    assert "default-src 'none'" in html and "<script" not in html and " style=" not in html
    assert not re.findall(r"(?:src|href|action)\s*=\s*[\"'](?!#|data:)", html)
    assert "http://" not in html and "https://" not in html
    charts = re.findall(r'<svg [^>]*role="img"[^>]*>', html)
    assert len(charts) == 2 and all("aria-labelledby" in c for c in charts)
    assert html.count("<title id=") == html.count("<desc id=") == 2
    assert "The curve as a table" in html and "The scores as a table" in html
    assert "not to be claimed" in html and "Bring 284 more" in html  # 300 people carry 1 %; sixteen do not


def test_names_of_files_are_said_in_the_terminal_alone(kenbaar: Kenbaar, volunteers: Path) -> None:
    answer = kenbaar.answer("evaluate", volunteers, *AGREED, "--splits", 8)
    assert "person-0" in answer.words and "person-0" not in json.dumps(answer.data)
    assert "person-0" not in kenbaar.answer("evaluate", volunteers, *AGREED[:2], "--splits", 8).words


def test_with_examples_the_page_shows_the_worst_faces_and_is_the_owners_alone(
    kenbaar: Kenbaar, volunteers: Path, tmp_path: Path
) -> None:
    page = Path(measured(kenbaar, volunteers, "--out", tmp_path / "out", "--examples")["report"])
    html = page.read_text("utf-8")
    assert html.count("data:image/jpeg;base64,") >= 4 and "person-0" in html
    assert "For the person measuring alone" in html
    assert page.stat().st_mode & 0o077 == 0
    assert "person-0" not in (page.parent / "report.json").read_text() + (page.parent / "report.csv").read_text()


def test_group_rates_are_not_shown_while_they_would_tell_of_few_people(kenbaar: Kenbaar, some: Path) -> None:
    (some / "groups.csv").write_text("person,group\nperson-000,left\nperson-001,left\nperson-002,right\n")
    answer = measured(kenbaar, some)
    assert set(answer["groups"]) == {"left", "right"}
    for group in answer["groups"].values():
        assert group["fnir"] is None and group["fpir"] is None
        assert "people; shown from 10" in group["fnir_suppressed"]
    assert answer["group_differences"]["gini"] == {"fnir": None, "fpir": None}
    assert answer["group_differences"]["unlabelled"] == 7
    assert "not shown" in Path(answer["report"]).read_text("utf-8")


def test_people_said_to_look_alike_are_told_apart_or_not(kenbaar: Kenbaar, some: Path) -> None:
    (some / "pairs.csv").write_text("person-000,person-001\n")
    found = measured(kenbaar, some, "--splits", 30)["look_alikes"]
    assert (found["pairs"], found["seen"]) == (1, 1)
    assert found["named_as_the_other"]["searches"] > 0


# -- what is left out, and said ------------------------------------------------------------------------------------


def test_unreadable_files_crowds_and_doubles_are_counted_and_said(kenbaar: Kenbaar, some: Path) -> None:
    (some / "person-000" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a photo")
    (some / "person-000" / "empty.png").touch()
    shutil.copy(some / "person-001" / "0.png", some / "person-001" / "again.png")
    shutil.copy(some / "person-002" / "0.png", some / "person-003" / "borrowed.png")
    pixels = blank_photo(420, 192)
    draw_face(pixels, 40, 40, 4, 96)
    draw_face(pixels, 260, 40, 90, 96)
    Image.fromarray(pixels).save(some / "person-004" / "with-somebody.png")
    Image.fromarray(blank_photo(192, 192)).save(some / "person-005" / "nobody.png")
    answer = kenbaar.answer("evaluate", some, *AGREED, "--splits", 8)
    expected = {"unreadable": 2, "twice_in_a_folder": 1, "in_two_folders": 2, "several_faces": 1, "no_face": 1}
    assert {name: answer.data["data"][name] for name in expected} == expected
    assert answer.data["rates"]["failure_to_acquire"]["errors"] == 1
    for words in ("could not be read", "two people's folders", "more than one face", "twice in one folder"):
        assert words in answer.words


def test_folders_that_share_files_and_files_that_are_no_photos_are_named_in_the_terminal_alone(
    kenbaar: Kenbaar, some: Path
) -> None:
    shutil.copytree(some / "person-005", some / "zoe")
    for n in range(22):
        (some / "person-000" / f"broken-{n:02d}.jpg").write_bytes(bytes([n]))
    answer = kenbaar.answer("evaluate", some, *AGREED, "--splits", 8)
    assert "One person under two names? person-005 and zoe (4 files lie in both)" in answer.words
    assert answer.words.count("Could not be read: person-000/broken-") == 20
    assert "and 2 more like this" in answer.words
    assert answer.data["rates"]["failure_to_enrol"]["people"] == 9  # of person-005 and zoe nothing is known
    assert answer.data["rates"]["failure_to_enrol"]["errors"] == 0
    for words in ("broken-", "person-0", "zoe"):
        assert words not in json.dumps(answer.data)


def test_one_of_a_thing_is_told_as_one_and_each_count_says_of_what(kenbaar: Kenbaar, some: Path) -> None:
    (some / "person-000" / "broken.jpg").write_bytes(b"no photo")
    shutil.copy(some / "person-001" / "0.png", some / "person-001" / "again.png")
    shutil.copy(some / "person-002" / "0.png", some / "beside.png")
    answer = kenbaar.answer("evaluate", some, *AGREED, "--splits", 8)
    for sentence in (
        "1 file could not be read and was left out.",
        "1 file lies twice in one folder",
        "1 photo lies beside the folders and was left out",
    ):
        assert any(note.startswith(sentence) for note in answer.data["notes"]), sentence
    searches = answer.data["in_force"]["fnir"]["searches"]
    assert f"{searches:,} searches, 10 people" in answer.words
    assert "40 photos, 10 people" in answer.words  # failure to acquire: all but the broken and the doubled one


def test_the_same_face_under_two_names_is_warned_of_and_still_measured(kenbaar: Kenbaar, some: Path) -> None:
    for n in range(4):
        draw_photo(some / "somebody-else" / f"{n}.png", 3, mixed_with=50 + n, share=0.2, seed=900 + n)
    answer = kenbaar.answer("evaluate", some, *AGREED, "--splits", 8)
    assert "One person under two names? person-003 and somebody-else" in answer.words
    assert any(note.startswith("1 pair of folders is as alike as") for note in answer.data["notes"])
    assert answer.data["people"] == 11
    clean = kenbaar.answer("evaluate", some.parent / "some", *AGREED, "--splits", 8)
    assert clean.words.count("One person under two names?") == 1


def test_bystanders_are_never_embedded(some: Path, tiny_pack_folder: Path) -> None:
    pixels = blank_photo(420, 192)
    draw_face(pixels, 40, 40, 4, 96)
    draw_face(pixels, 260, 40, 90, 96)
    Image.fromarray(pixels).save(some / "person-004" / "with-somebody.png")
    pack = _Watched(load_pack(tiny_pack_folder))
    people = read_people(some)
    threshold = pack_default(pack.pack.manifest)
    measure_people(people, pack, threshold, 0.6, PhotoLimits(), detail_side=640, say=lambda *_: None)
    assert pack.asked == [1] * (people.count - 1)  # every photo of one person once, the other not at all


class _Watched:
    """A pack that notes how many faces it was asked to embed."""

    def __init__(self, pack: ModelPack) -> None:
        self.pack, self.asked = pack, list[int]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.pack, name)

    def make_templates(self, photo: Any, faces: Any) -> Any:
        self.asked.append(len(faces))
        return self.pack.make_templates(photo, faces)


def test_a_large_photo_is_read_as_a_sweep_reads_it_and_as_an_enrolment_does(some: Path, tiny_pack_folder: Path) -> None:
    large = blank_photo(2000, 1600)
    draw_face(large, 600, 400, 5, 800)
    Image.fromarray(large).save(some / "person-005" / "large.jpg", quality=92)
    pack = load_pack(tiny_pack_folder)
    people = read_people(some)
    samples = measure_people(people, pack, pack_default(pack.manifest), 0.6, PhotoLimits(), detail_side=640, say=_quiet)
    index = [p for photos in people.photos for p in photos].index(some / "person-005" / "large.jpg")
    assert samples.state[index] == "used" and samples.can_enrol[index]
    assert not np.array_equal(samples.probe[index], samples.portrait[index])  # decoded at 1/2 and at full size
    assert float(samples.probe[index] @ samples.portrait[index]) > 0.95
    samples.wipe()
    assert not samples.probe.any() and not samples.portrait.any()


def _quiet(*_: object) -> None:
    pass


# -- refusals ------------------------------------------------------------------------------------------------------


def test_one_person_nobody_and_one_photo_each_are_refused(kenbaar: Kenbaar, some: Path, tmp_path: Path) -> None:
    assert "no such folder" in kenbaar.refused("evaluate", tmp_path / "nowhere", *AGREED, code=4)
    (tmp_path / "empty").mkdir()
    assert "no photo of anybody" in kenbaar.refused("evaluate", tmp_path / "empty", *AGREED, code=4)
    alone = shutil.copytree(some / "person-000", tmp_path / "alone" / "person-000").parent
    assert "one person only" in kenbaar.refused("evaluate", alone, *AGREED, code=4)
    for person in some.iterdir():
        for photo in sorted(person.iterdir())[1:]:
            photo.unlink()
    assert "Nobody has two usable photos" in kenbaar.refused("evaluate", some, *AGREED, code=4)
    for person in some.iterdir():
        (person / "0.png").write_bytes(b"nothing")
    assert "None of these files could be read" in kenbaar.refused("evaluate", some, *AGREED, code=4)


def test_photos_that_are_all_in_two_peoples_folders_are_refused_for_that(
    kenbaar: Kenbaar, some: Path, tmp_path: Path
) -> None:
    for name in ("ada", "bob", *(f"p{n}" for n in range(8))):
        shutil.copytree(some / "person-000", tmp_path / "two" / name)
    sentence = kenbaar.refused("evaluate", tmp_path / "two", *AGREED, code=4)
    assert sentence.startswith("Every usable photo lies in two people's folders, so whose they are is not known.")
    assert "out of the other's folder" in sentence
    shutil.copy(some / "person-001" / "0.png", tmp_path / "two" / "bob" / "own.png")
    sentence = kenbaar.refused("evaluate", tmp_path / "two", *AGREED, code=4)
    assert sentence.startswith("But for one person, every usable photo lies in two people's folders")


def test_groups_nobody_is_in_are_refused_by_line(kenbaar: Kenbaar, some: Path) -> None:
    (some / "groups.csv").write_text("person,group\nperson-000,left\nperson-900,right\n")
    sentence = kenbaar.refused("evaluate", some, *AGREED, code=4)
    assert "line 3" in sentence and "person-900" not in sentence


def test_a_report_that_cannot_be_written_is_refused_before_anything_is_measured(
    kenbaar: Kenbaar, some: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    assert "cannot be written" in kenbaar.refused("evaluate", some, *AGREED, "--out", tmp_path / "file", code=4)


def test_a_refused_run_leaves_no_empty_folder_and_no_folder_of_others_is_taken_away(
    kenbaar: Kenbaar, some: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for photo in some.glob("*/*.png"):
        photo.write_bytes(b"nothing")
    (here := tmp_path / "here").mkdir()
    monkeypatch.chdir(here)
    for out in ((), ("--out", here / "new")):
        kenbaar.refused("evaluate", some, *AGREED, *out, code=4)
        assert list(here.iterdir()) == []
    (here / "mine").mkdir()
    kenbaar.refused("evaluate", some, *AGREED, "--out", here / "mine", code=4)
    assert (here / "mine").is_dir()


def test_a_report_is_never_written_over(kenbaar: Kenbaar, some: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.json").write_text("{}")
    sentence = kenbaar.refused("evaluate", some, *AGREED, "--out", tmp_path / "out", code=4)
    assert "holds a report already" in sentence
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["report.json"]
    assert (tmp_path / "out" / "report.json").read_text() == "{}"


def test_a_pack_that_answers_nan_is_broken_and_not_a_bad_photo(kenbaar: Kenbaar, some: Path, tmp_path: Path) -> None:
    folder = nan_pack(tmp_path / "nan")
    assert "no numbers" in kenbaar.refused("evaluate", some, *AGREED, "--pack", folder, code=6)


def nan_pack(folder: Path) -> Path:
    import onnx
    from onnx import numpy_helper

    from tests.modelpack.tiny_pack import tiny_embedder

    model = onnx.load_from_string(tiny_embedder(16, 32, 0))
    last = next(w for w in model.graph.initializer if numpy_helper.to_array(w).shape == (16, 16))
    last.CopyFrom(numpy_helper.from_array(np.full((16, 16), np.nan, np.float32), last.name))
    embedder, detector = bytes(model.SerializeToString()), tiny_detector()
    return write_pack(folder, tiny_manifest(detector, embedder), detector, embedder)


def test_a_pack_that_takes_everybody_for_one_person_is_measured_and_drawn(
    kenbaar: Kenbaar, some: Path, tmp_path: Path
) -> None:
    answer = measured(kenbaar, some, "--pack", one_vector_pack(tmp_path / "one"))
    assert answer["eer"] == 0.5
    assert answer["rates"]["failure_to_enrol"]["errors"] == 0
    assert Path(answer["report"]).read_text("utf-8").count('role="img"') == 2


def one_vector_pack(folder: Path) -> Path:
    """A pack that answers the same vector for every face."""
    import onnx
    from onnx import helper, numpy_helper

    from tests.modelpack.tiny_pack import tiny_embedder

    model = onnx.load_from_string(tiny_embedder(16, 32, 0))
    last = next(w for w in model.graph.initializer if numpy_helper.to_array(w).shape == (16, 16))
    last.CopyFrom(numpy_helper.from_array(np.zeros((16, 16), np.float32), last.name))
    model.graph.initializer.append(numpy_helper.from_array(np.eye(1, 16, dtype=np.float32), "one"))
    model.graph.node[-1].output[0] = "nothing"
    model.graph.node.append(helper.make_node("Add", ["nothing", "one"], ["embeddings"]))
    embedder, detector = bytes(model.SerializeToString()), tiny_detector()
    return write_pack(folder, tiny_manifest(detector, embedder), detector, embedder)


def test_a_pack_that_changed_meanwhile_is_refused(some: Path, tmp_path: Path) -> None:
    folder = build_tiny_pack(tmp_path / "pack")
    pack = load_pack(folder)

    def say(step: str, done: int, total: int, seconds: float) -> None:
        if step == "photos" and done == 3:
            build_tiny_pack(folder, seed=9)

    with pytest.raises(PackBroken, match="changed while"):
        evaluate(
            read_people(some), pack, pack_default(pack.manifest), PhotoLimits(), pack_name="tiny", detail_side=640,
            on_disk=lambda: load_pack(folder).digest, say=say, splits=4,
        )  # fmt: skip


def test_a_threshold_of_another_pack_is_refused(some: Path, tiny_pack_folder: Path, tmp_path: Path) -> None:
    from kenbaar.errors import WrongModelPack

    pack = load_pack(tiny_pack_folder)
    other = pack_default(load_pack(build_tiny_pack(tmp_path / "other", seed=3)).manifest)
    with pytest.raises(WrongModelPack, match="another pack"):
        evaluate(
            read_people(some), pack, other, PhotoLimits(), pack_name="tiny", detail_side=640,
            on_disk=lambda: pack.digest, say=_quiet, splits=4,
        )  # fmt: skip


def test_vectors_are_overwritten_however_it_ends(
    some: Path, tiny_pack_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kenbaar.measure import _evaluate

    pack = load_pack(tiny_pack_folder)
    made: list[Any] = []
    real = vars(_evaluate)["measure_people"]

    def watched(*args: Any, **kwargs: Any) -> Any:
        made.append(real(*args, **kwargs))
        assert made[-1].probe.any()
        return made[-1]

    monkeypatch.setattr(_evaluate, "measure_people", watched)

    def run(say: Any) -> None:
        evaluate(
            read_people(some), pack, pack_default(pack.manifest), PhotoLimits(), pack_name="tiny", detail_side=640,
            on_disk=lambda: pack.digest, say=say, splits=4,
        )  # fmt: skip

    def stop(step: str, *_: object) -> None:
        if step != "photos":
            raise KeyboardInterrupt

    run(_quiet)
    with pytest.raises(KeyboardInterrupt):
        run(stop)
    assert len(made) == 2 and not any(s.probe.any() or s.portrait.any() for s in made)


# -- adopting ------------------------------------------------------------------------------------------------------


def _adopted_events(kenbaar: Kenbaar) -> list[dict[str, Any]]:
    return [a["facts"] for a in kenbaar("ledger", "show")["acts"] if a["event"] == "adopt"]


def test_an_adopted_threshold_is_the_archives_own_and_in_the_ledger(
    archive: Kenbaar, volunteers: Path, tiny_pack_folder: Path
) -> None:
    from kenbaar.archive import open_archive
    from kenbaar.settings import Settings

    answer = measured(archive, volunteers, "--adopt", 0.25)  # sixteen people carry 3/16
    adopted = answer["adopted"]
    assert adopted["carried"] and adopted["fpir_target"] == 0.25
    (event,) = _adopted_events(archive)
    assert event["pack"] == answer["pack"]["digest"] and event["fpir"] == "0.25" and event["n"] == 8
    with open_archive(Settings(archive.home, archive.cache, pack=str(tiny_pack_folder))) as opened:
        threshold = opened.threshold
        assert threshold.accept == adopted["threshold"] and threshold.n == 8 and threshold.fpir == 0.25
        assert threshold.for_gallery(80).accept == pytest.approx(threshold.accept + threshold.per_decade)
    assert measured(archive, volunteers)["in_force"]["accept"] == adopted["threshold"]


def test_a_claim_the_people_cannot_carry_is_adopted_only_where_it_is_stricter_than_the_default(
    archive: Kenbaar, volunteers: Path
) -> None:
    loose = archive.answer("evaluate", volunteers, *AGREED, "--splits", 8, "--adopt", 0.1)
    assert loose.code == 4
    assert "needs searches by 30 independent strangers" in loose.data["error"]["what"]
    assert "there are 16" in loose.data["error"]["what"] and "Bring 14 more people" in loose.data["error"]["do"]
    assert _adopted_events(archive) == []
    strict = archive.answer("evaluate", volunteers, *AGREED, "--splits", 8, "--adopt", 0.005)
    assert strict.code == 0, strict.words
    assert strict.data["adopted"]["threshold"] >= strict.data["in_force"]["accept"]
    assert not strict.data["adopted"]["carried"] and "cannot carry that claim" in strict.words
    assert len(_adopted_events(archive)) == 1


def test_a_point_looser_than_the_one_adopted_before_says_so(archive: Kenbaar, volunteers: Path) -> None:
    def adopt(fpir: float) -> tuple[float, str]:
        answer = archive.answer("evaluate", volunteers, *AGREED, "--splits", 8, "--adopt", fpir)
        return answer.data["adopted"]["threshold"], answer.words

    strict, words = adopt(0.2)
    assert "Before" not in words
    loose, words = adopt(0.5)
    assert loose < strict and f"Before, names began at {strict:.4f}: this is looser." in words
    assert "Before" not in adopt(0.2)[1]  # back again: stricter


def test_a_threshold_that_would_name_nobody_is_not_adopted(archive: Kenbaar, volunteers: Path) -> None:
    sentence = archive.refused("evaluate", volunteers, *AGREED, "--splits", 8, "--adopt", 1e-9, code=4)
    assert "nobody would be named at all" in sentence
    assert _adopted_events(archive) == []


def test_nothing_is_adopted_without_an_archive_or_with_another_pack(
    kenbaar: Kenbaar, volunteers: Path, tmp_path: Path
) -> None:
    assert "no archive" in kenbaar.refused("evaluate", volunteers, *AGREED, "--adopt", 0.25, code=4)
    kenbaar("init", "--jurisdiction", "us")
    other = build_tiny_pack(tmp_path / "other", seed=5)
    sentence = kenbaar.refused("evaluate", volunteers, *AGREED, "--pack", other, "--adopt", 0.25, code=4)
    assert "another pack" in sentence
    for wrong in (0, 1, -0.1, "much", "nan", "-nan", "inf", "-inf"):
        kenbaar.refused("evaluate", volunteers, *AGREED, "--adopt", wrong, code=2)
    assert _adopted_events(kenbaar) == []


def test_with_another_pack_the_adopted_point_rests_and_a_sweep_says_so(
    archive: Kenbaar, volunteers: Path, tmp_path: Path
) -> None:
    measured(archive, volunteers, "--adopt", 0.25)
    (tmp_path / "photos").mkdir()
    archive("collection", "add", "party", tmp_path / "photos", "--mode", "transient", "--reason", "a test")
    assert "operating point" not in archive.answer("sweep", "party", "--workers", 1).words
    archive.pack = build_tiny_pack(tmp_path / "other", seed=5)
    words = archive.answer("sweep", "party", "--workers", 1).words
    assert "belongs to another model pack than the one in use" in words
    assert "the pack's own is used for people enrolled with it" in words
    assert measured(archive, volunteers)["in_force"]["accept"] == 0.7  # the pack's own


def test_back_with_an_earlier_pack_its_own_adopted_point_holds_and_nothing_is_warned_of() -> None:
    from datetime import UTC, datetime

    from kenbaar.matching import Threshold
    from kenbaar.measure import Adopted, doubling_warning, looser, threshold_in_force

    class Kept(dict[str, str]):
        def note(self, name: str) -> str | None:
            return self.get(name)

        def set_notes(self, **notes: str) -> None:
            self.update(notes)

    def point(pack: str, accept: float, per_decade: float = 0.01) -> Threshold:
        return Threshold(
            pack=pack, accept=accept, strong=accept + 0.1, margin=0.01, fpir=0.1, n=8, per_decade=per_decade
        )

    def adopted(threshold: Threshold) -> str:
        return Adopted(threshold, datetime(2026, 1, 1, tzinfo=UTC), 100, 16, True).text()

    kept = Kept({"operating_point": adopted(point("b", 0.8)), "operating_point a": adopted(point("a", 0.7))})
    assert threshold_in_force(kept, point("a", 0.6)) == point("a", 0.7)
    assert doubling_warning(kept, 8, point("a", 0.7)) is None
    assert "measured with 8" in str(doubling_warning(kept, 16, point("a", 0.7)))
    assert "another model pack" in str(doubling_warning(kept, 8, point("c", 0.6)))
    assert looser(point("a", 0.7), point("a", 0.7)) is None
    assert "names began at 0.7000" in str(looser(point("a", 0.69), point("a", 0.7)))
    assert "rose by 0.0200" in str(looser(point("a", 0.71), point("a", 0.7, per_decade=0.02)))


def test_a_sweep_warns_when_twice_as_many_can_be_found_as_were_measured(
    archive: Kenbaar, volunteers: Path, tmp_path: Path
) -> None:
    few = tmp_path / "few"
    for person in range(10):
        shutil.copytree(volunteers / f"person-{person:03d}", few / str(person))
    measured(archive, few, "--adopt", 0.9)
    (tmp_path / "photos").mkdir()
    archive("collection", "add", "party", tmp_path / "photos", "--mode", "transient", "--reason", "a test")
    for person in range(10):
        assert "Measure again" not in archive.answer("sweep", "party", "--workers", 1).words
        portrait = draw_photo(tmp_path / f"{person}.png", 20 + person, side=128)
        token = archive("invite", f"P{person}", "--purpose", "find")["token"]
        archive("enrol", token, portrait)
    words = archive.answer("sweep", "party", "--workers", 1).words
    assert "10 people can be found now; the operating point was measured with 5" in words
    assert "Measure again" in words


# -- the real thing ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_real_volunteers_give_a_whole_report(default_pack_folder: Path, tmp_path: Path) -> None:
    """Structure and sanity on photographs of 15 people; the figures are in docs/evaluate.md."""
    folder = Path(__file__).parents[3] / "shared" / "data" / "yale"
    if not folder.is_dir():
        pytest.skip("the pictures of the 15 volunteers are not on this machine, and not ours to fetch")
    kenbaar = Kenbaar(tmp_path / "home", default_pack_folder, tmp_path / "cache")
    answer = kenbaar("evaluate", folder, *AGREED, "--splits", 20, "--out", tmp_path / "out", "--name", "15 volunteers")
    assert answer["people"] == 15 and answer["failure_to_enrol"] < 0.2 and answer["eer"] < 0.05
    assert {p["enrolment_photos"] for p in answer["operating_points"]} == {1, 3, 5}
    by_photos = {c["enrolment_photos"]: c["points"] for c in answer["curves"]}
    assert all(len(points) > 10 for points in by_photos.values())
    at_one_percent = {
        p["enrolment_photos"]: p["fnir"]["value"]
        for p in answer["operating_points"] if p["n"] == answer["n"] and p["fpir_target"] == 0.01
    }  # fmt: skip
    assert at_one_percent[5] <= at_one_percent[1]  # more photos, fewer misses
    assert not any(p["carried"] for p in answer["operating_points"])


# -- consent, and what is told of whom --------------------------------------------------------------------------------


def test_nothing_is_measured_until_somebody_declares_that_the_people_agreed(kenbaar: Kenbaar, some: Path) -> None:
    for words in ((), ("--consent", ""), ("--consent", "  ")):
        assert "agreed to be measured" in kenbaar.refused("evaluate", some, *words, code=2)
    report = measured(kenbaar, some, "--out", some.parent / "out")
    assert report["data"]["consent"] == "A. Jansen: all signed"
    assert "A. Jansen: all signed" in (some.parent / "out" / "report.html").read_text("utf-8")


def test_two_folders_of_strangers_are_not_compared(kenbaar: Kenbaar, some: Path) -> None:
    for person in range(2, 10):
        shutil.rmtree(some / f"person-{person:03d}")
    assert "at least 10 people" in kenbaar.refused("evaluate", some, "--consent", "me", code=4)


def test_that_two_folders_may_be_one_person_is_told_without_saying_which(kenbaar: Kenbaar, some: Path) -> None:
    for n in range(4):
        draw_photo(some / "somebody-else" / f"{n}.png", 3, mixed_with=50 + n, share=0.2, seed=900 + n)
    told = kenbaar.answer("evaluate", some, "--consent", "me", "--splits", 8)
    assert "Two folders of this set may be one person" in told.words
    for name in ("person-0", "somebody-else"):
        assert name not in told.words and name not in json.dumps(told.data)
