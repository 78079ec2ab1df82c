"""Composed pictures hold what they say they hold, and what is found in them is counted by size."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from kenbaar.faces import Box
from kenbaar.measure import Composed, DetectBench, bench_detect, compose_crowds

FACE = Box(60, 60, 140, 160)


def edges(box: Box) -> tuple[int, int, int, int]:
    return box.x_min, box.y_min, box.x_max, box.y_max


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    """A green photo with a red face."""
    picture = Image.new("RGB", (220, 260), (0, 160, 0))
    picture.paste((220, 0, 0), edges(FACE))
    picture.save(tmp_path / "portrait.png")
    return tmp_path / "portrait.png"


@pytest.fixture
def background(tmp_path: Path) -> Path:
    Image.new("RGB", (60, 40), (0, 0, 150)).save(tmp_path / "background.png")
    return tmp_path / "background.png"


def test_faces_lie_where_the_truth_says_and_nowhere_else(portrait: Path, background: Path, tmp_path: Path) -> None:
    composed = compose_crowds([(portrait, FACE)], [background], tmp_path / "out", 24)
    assert {c.kind for c in composed} == {"group", "large faces", "nobody"}
    assert {len(c.faces) for c in composed if c.kind == "group"} >= {2, 5, 12}
    for c in composed[::5]:
        with Image.open(c.path) as picture:
            assert picture.size == (c.width, c.height)
            red = picture.getchannel("R").point([255 * (v > 90) for v in range(256)])
            inside = sum(red.crop(edges(f)).histogram()[255] / f.area for f in c.faces)
            assert inside >= 0.8 * len(c.faces)
            for face in c.faces:
                red.paste(0, edges(face.padded(4)))
            assert red.histogram()[255] < 1e-4 * c.width * c.height
        sizes = [max(f.width, f.height) for f in c.faces]
        assert all(s >= (0.11 * c.width if c.kind == "large faces" else 15) for s in sizes)


def test_the_same_seed_gives_the_same_pictures_and_another_gives_others(
    portrait: Path, background: Path, tmp_path: Path
) -> None:
    def faces(name: str, seed: int) -> list[tuple[Box, ...]]:
        made = compose_crowds([(portrait, FACE)], [background], tmp_path / name, 4, seed=seed)
        return [c.faces for c in made]

    assert faces("a", 1) == faces("b", 1) != faces("c", 2)


def counted(found_by_one_look: list[Box], found_by_sweep: list[Box], truth: tuple[Box, ...]) -> DetectBench:
    picture = Composed(Path("1.jpg"), 1920, 1080, "group", truth)
    return bench_detect([picture], lambda _: found_by_one_look, lambda _: found_by_sweep)


def test_each_face_counts_in_its_size_and_once(tmp_path: Path) -> None:
    small, large = Box(0, 0, 30, 40), Box(100, 100, 250, 300)
    bench = counted([large], [large, large, Box(2, 2, 31, 42)], (small, large))
    told = {s.from_px: (s.faces, s.one_look, s.sweep) for s in bench.sizes if s.faces}
    assert told == {32: (1, 0, 1), 192: (1, 1, 1)}
    assert (bench.photos, bench.faces, bench.false_one_look, bench.false_sweep) == (1, 2, 0, 0)


def test_what_is_found_where_no_face_is_counts_as_false() -> None:
    bench = counted([], [Box(500, 500, 540, 540)], (Box(0, 0, 30, 40),))
    assert (bench.false_one_look, bench.false_sweep) == (0, 1)
    assert sum(s.sweep for s in bench.sizes) == 0


def test_times_are_told_by_kind_of_picture() -> None:
    assert set(counted([], [], ()).ms) == {"group"}
