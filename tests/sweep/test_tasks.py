"""Analysing photos on the local engine: any number of workers gives the same, and a death is one failure at most."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kenbaar.collections import EmbeddingPermit
from kenbaar.engines import Failure, LocalEngine, never
from kenbaar.errors import PackBroken
from kenbaar.gallery import CompactRows, ConsentedGallery
from kenbaar.keys import Safe
from kenbaar.matching import Threshold
from kenbaar.media import FileBelow, PhotoLimits, open_photo
from kenbaar.modelpack import load_pack, read_manifest
from kenbaar.sweep import AnalysePhotos, AnalysisTask, PhotoAnalysis, VideoAnalysis
from tests.modelpack.tiny_pack import blank_photo, build_tiny_pack, draw_face

COMPARES = EmbeddingPermit("party", "transient", "all")


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Ten photos: the even ones of identity 3 and a stranger, the odd ones of nobody."""
    paths = []
    for n in range(10):
        pixels = blank_photo(480, 320, n)
        if n % 2 == 0:
            draw_face(pixels, 40, 96, 3, 96)
            draw_face(pixels, 240, 96, 40, 96)
        paths.append(tmp_path / f"{n}.png")
        Image.fromarray(pixels).save(paths[-1])
    return paths


@pytest.fixture
def setup(tiny_pack_folder: Path, photos: list[Path]) -> AnalysePhotos:
    """One person enrolled: s-3, from the first photo."""
    pack = load_pack(tiny_pack_folder)
    photo = open_photo(photos[0])
    row = pack.make_template(photo, pack.detect_faces(photo)[0]).vector[None]
    point = read_manifest(tiny_pack_folder).operating_point
    threshold = Threshold(
        pack=pack.digest, accept=point.accept, strong=point.strong, margin=point.margin, fpir=point.fpir, n=point.n,
        per_decade=point.per_decade,
    )  # fmt: skip
    return AnalysePhotos(tiny_pack_folder, PhotoLimits(), COMPARES, _gallery(pack.digest, row), threshold)


def _gallery(pack: str, rows: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> ConsentedGallery:
    from datetime import UTC, datetime

    return ConsentedGallery.of(
        pack=pack,
        purposes=("find",),
        opened_at=datetime.now(UTC),
        subjects=["s-3"],
        rows=rows.copy(),
        stricter=frozenset(),
    )


def looked(photos: list[Path], setup: AnalysePhotos, workers: int) -> dict[str, PhotoAnalysis | Failure]:
    return results_of([AnalysisTask(p.name, FileBelow(p.parent, p.name)) for p in photos], setup, workers)


def results_of(tasks: list[AnalysisTask], setup: AnalysePhotos, workers: int) -> dict[str, PhotoAnalysis | Failure]:
    results: dict[str, PhotoAnalysis | Failure] = {}

    def put(task: AnalysisTask, result: PhotoAnalysis | VideoAnalysis | Failure) -> None:
        assert task.key not in results and not isinstance(result, VideoAnalysis)
        results[task.key] = result

    LocalEngine(workers).map(setup, tasks, put, never)
    return results


def test_one_worker_and_two_give_the_same(photos: list[Path], setup: AnalysePhotos) -> None:
    one, two = looked(photos, setup, 1), looked(photos, setup, 2)
    assert one == two and len(one) == 10
    for n, photo in enumerate(photos):
        look = one[photo.name]
        assert isinstance(look, PhotoAnalysis)
        assert [s.subject for s in look.recognised] == (["s-3"] if n % 2 == 0 else [])
        assert look.unknown == (1 if n % 2 == 0 else 0)


def workers_of_this_process() -> Iterator[int]:
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            with suppress(FileNotFoundError):  # it ended meanwhile
                if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                    yield int(child)


def test_a_compact_gallery_travels_to_every_worker_and_forgets_who_left(
    photos: list[Path], setup: AnalysePhotos
) -> None:
    compact = CompactRows.of([setup.gallery.rows.copy()], setup.gallery.dim, Safe(4 * setup.gallery.dim))
    gallery = ConsentedGallery.of(
        pack=setup.gallery.pack,
        purposes=("find",),
        opened_at=setup.gallery.opened_at,
        subjects=setup.gallery.subjects,
        rows=compact,
    )
    on_floats = looked(photos, setup, 1)
    with_compact = replace(setup, gallery=gallery)
    assert looked(photos, with_compact, 2) == on_floats
    gone = [AnalysisTask(p.name, FileBelow(p.parent, p.name), gone=frozenset({"s-3"})) for p in photos]
    found = results_of(gone, with_compact, 2)
    assert len(found) == 10
    assert all(isinstance(look, PhotoAnalysis) and not look.recognised for look in found.values())


def test_a_worker_that_is_killed_costs_no_photo(photos: list[Path], setup: AnalysePhotos) -> None:
    killed = threading.Event()

    def kill_one() -> None:
        while not killed.is_set():
            for pid in workers_of_this_process():
                os.kill(pid, signal.SIGKILL)
                killed.set()
                return
            time.sleep(0.01)

    killer = threading.Thread(target=kill_one)
    killer.start()
    results = looked(photos, setup, 1)
    killed.set()
    killer.join()
    assert len(results) == 10 and not any(isinstance(r, Failure) for r in results.values())


def test_stopping_early_leaves_no_worker(photos: list[Path], setup: AnalysePhotos) -> None:
    done: list[str] = []
    tasks = (AnalysisTask(p.name, FileBelow(p.parent, p.name)) for p in photos)
    LocalEngine(2).map(setup, tasks, lambda task, _: done.append(task.key), lambda: len(done) > 0)
    assert done == [photos[0].name]
    assert list(workers_of_this_process()) == []


def test_a_failure_is_a_value_and_the_others_go_on(photos: list[Path], setup: AnalysePhotos) -> None:
    photos[3].write_bytes(b"no photo")
    photos[5].unlink()
    results = looked(photos, setup, 1)
    assert {k for k, r in results.items() if isinstance(r, Failure)} == {"3.png", "5.png"}
    assert all(r.what and r.do for r in results.values() if isinstance(r, Failure))


def test_a_pack_that_is_not_what_it_says_ends_the_sweep_and_blames_no_photo(
    photos: list[Path], setup: AnalysePhotos, tmp_path: Path
) -> None:
    from dataclasses import replace

    broken = build_tiny_pack(tmp_path / "broken")
    (broken / "embedder.onnx").write_bytes(b"something else")
    with pytest.raises(PackBroken):
        looked(photos, replace(setup, pack_folder=broken), 1)


def test_a_pack_that_was_replaced_while_the_workers_started_ends_the_sweep(
    photos: list[Path], setup: AnalysePhotos, tmp_path: Path
) -> None:
    from dataclasses import replace

    with pytest.raises(PackBroken, match="since this sweep began"):
        looked(photos, replace(setup, pack_folder=build_tiny_pack(tmp_path / "other", seed=5)), 1)


def test_somebody_who_left_is_not_matched_by_a_worker_that_was_told(photos: list[Path], setup: AnalysePhotos) -> None:
    files = [FileBelow(p.parent, p.name) for p in photos]
    gone = [frozenset({"s-3"}) if n >= 4 else frozenset[str]() for n in range(len(files))]
    tasks = [AnalysisTask(f.relative, f, gone=left) for f, left in zip(files, gone, strict=True)]
    results = results_of(tasks, setup, 1)
    seen = {key: [s.subject for s in r.recognised] for key, r in results.items() if isinstance(r, PhotoAnalysis)}
    assert seen["0.png"] == seen["2.png"] == ["s-3"]
    assert seen["4.png"] == seen["6.png"] == seen["8.png"] == []


def test_what_leaves_a_worker_holds_no_vector(photos: list[Path], setup: AnalysePhotos) -> None:
    import pickle

    pack = load_pack(setup.pack_folder)
    photo = open_photo(photos[0])
    result = looked(photos[:1], setup, 1)["0.png"]
    sent = pickle.dumps(result)
    for template in pack.make_templates(photo, pack.detect_faces(photo)):
        for start in range(0, template.vector.size, 4):
            assert template.vector[start : start + 4].tobytes() not in sent
