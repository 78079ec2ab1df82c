from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.pictures import judge, truth_of
from benchmarks.run import main
from kenbaar.measure import compose_photos

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "nobody"], "There is no peer 'nobody'."),
        (["--rounds", "0"], "counted from 1"),
        (["--photos", "-3"], "counted from 1"),
    ],
)
def test_bad_usage_gets_a_sentence_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main([*words, "--work", str(tmp_path / "work")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "work").exists()


def test_a_work_folder_that_is_a_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_text("mine", "utf-8")
    assert main(["--work", str(file)]) == 2
    assert "is no folder" in capsys.readouterr().err
    assert file.read_text("utf-8") == "mine"


def test_the_command_is_usable_from_anywhere_with_the_standard_library_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", str(ROOT / "benchmarks" / "run.py"), "--help"]
    assert "--rounds" in subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout


def test_the_truth_is_where_the_faces_are_in_the_composed_photos(tmp_path: Path) -> None:
    from PIL import Image

    sizes, colours = [(512, 512), (970, 2204), (626, 1200)], [(250, 0, 0), (0, 250, 0), (0, 0, 250)]
    portraits = []
    for n, (size, colour) in enumerate(zip(sizes, colours, strict=True)):
        face = (size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2)
        picture = Image.new("RGB", size, (128, 128, 128))
        picture.paste(colour, face)
        picture.save(tmp_path / f"{n}.png")
        portraits.append((str(n), size, face))
    compose_photos([tmp_path / f"{n}.png" for n in range(3)], None, tmp_path / "photos", 7)
    for n in range(7):
        photo = Image.open(tmp_path / "photos" / f"{n:06d}.jpg")
        for true in truth_of(portraits, n):
            x0, y0, x1, y1 = true["box"]
            wanted = colours[int(true["name"])]
            for x, y in ((x0 + 5, y0 + 5), (x1 - 5, y1 - 5)):
                seen = photo.getpixel((round(x), round(y)))
                assert isinstance(seen, tuple)
                assert max(abs(a - b) for a, b in zip(seen, wanted, strict=True)) < 30
            assert photo.getpixel((round(x0 - 6), round(y0))) != wanted


def test_copies_are_judged_by_their_pixels(tmp_path: Path) -> None:
    from PIL import Image

    picture = Image.new("RGB", (400, 300), (200, 150, 120))
    picture.paste((64, 64, 64), (50, 50, 150, 150))
    picture.save(tmp_path / "copy.jpg", quality=80)
    faces = [[60, 60, 140, 140], [60, 60, 140, 230], [200, 60, 280, 140]]
    told = [{"copy": str(tmp_path / "copy.jpg"), "colour": [64, 64, 64], "faces": faces}]
    assert judge(told) == [[True, False, False]]  # hidden; half hidden; not hidden
    assert judge([{**told[0], "colour": [0, 0, 0]}]) == [[False, False, False]]


def test_quoted_figures_all_say_where_they_are_from() -> None:
    quoted = json.loads((ROOT / "benchmarks" / "quoted.json").read_text("utf-8"))
    assert {"CompreFace", "Immich"} <= {q["who"] for q in quoted}
    assert all(q["source"] and q["figure"] and set(q) == {"who", "figure", "source"} for q in quoted)
