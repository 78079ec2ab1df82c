"""What outsiders hand in is decoded in a process of its own, and neither its crash nor its lies come home."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from kenbaar.errors import PhotoTooLarge, PhotoUnreadable
from kenbaar.media import PhotoLimits, encode_photo, open_photo, open_untrusted_bytes, open_untrusted_photo
from tests.media.photo_samples import exif, png_promising, quarters, saved

HEIC = Path(__file__).parent / "data" / "turned.heic"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "HEIF"])
def test_an_untrusted_photo_is_the_same_photo(tmp_path: Path, kind: str) -> None:
    path = HEIC if kind == "HEIF" else tmp_path / "x"
    if kind != "HEIF":
        path.write_bytes(saved(quarters(), kind, exif=exif(6, t132="2024:01:02 03:04:05")))
    there, here = open_untrusted_photo(path), open_photo(path)
    assert np.array_equal(there.pixels, here.pixels) and not there.pixels.flags.writeable
    for field in ("scale", "width", "height", "digest", "format", "taken_at", "block_px"):
        assert getattr(there, field) == getattr(here, field)


def test_its_refusals_are_the_same_sentences(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PhotoUnreadable, match=r"^Photo 3 is a PDF document\.") as refused:
        open_untrusted_bytes(b"%PDF-1.4", "Photo 3")
    assert "PNG" in refused.value.do
    with pytest.raises(PhotoTooLarge, match="megapixels"):
        open_untrusted_bytes(png_promising(60_000, 60_000))
    with pytest.raises(PhotoTooLarge):
        open_untrusted_bytes(saved(quarters(), "PNG"), limits=PhotoLimits(max_pixels=100))
    with pytest.raises(PhotoUnreadable, match="cut short"):
        open_untrusted_bytes(saved(quarters(), "JPEG")[:-9])
    assert capfd.readouterr() == ("", "")


def test_too_little_memory_or_time_is_a_refusal(capfd: pytest.CaptureFixture[str]) -> None:
    large = encode_photo(np.random.default_rng(0).integers(0, 255, (3000, 4000, 3), dtype=np.uint8), "JPEG")
    for limits in ({"memory_bytes": 250_000_000}, {"memory_bytes": 40_000_000}, {"timeout_s": 0.15}):
        with pytest.raises(PhotoUnreadable, match=r"safely|memory"):
            open_untrusted_bytes(large, **limits)
    assert capfd.readouterr() == ("", "")


def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str) -> None:
    """Another program in the interpreter's place: what a decoder that has been taken over might do."""
    path = tmp_path / "reader"
    path.write_text(f"#!{sys.executable}\n{program}")
    path.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(path))


def answer(**head: object) -> str:
    honest = {"scale": 1, "width": 2, "height": 2, "format": "PNG", "taken_at": None, "block_px": 16}
    line = json.dumps({**honest, **head}).encode() + b"\n"
    return f"import sys; sys.stdin.buffer.read(); sys.stdout.buffer.write({line!r}"


def test_the_stand_in_of_these_tests_can_answer_honestly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in(monkeypatch, tmp_path, answer() + " + bytes(12))")
    assert open_untrusted_bytes(b"x").pixels.shape == (2, 2, 3)


@pytest.mark.parametrize(
    "program",
    [
        "import os; os.abort()",
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        "raise SystemExit(0)",
        "print('not json')",
        "print('[' * 3000)",
        "print('[]')",
        "print('{}')",
        "import sys; sys.stdout.buffer.write(b'x' * 100_000_000)",
        answer() + " + bytes(11))",
        answer() + " + bytes(13))",
        answer(width=0) + ")",
        answer(width=-2, height=-2) + " + bytes(12))",
        answer(width=10**9, height=10**9) + ")",
        answer(scale=0) + " + bytes(12))",
        answer(scale=3) + " + bytes(3))",
        answer(format="../../x") + " + bytes(12))",
        answer(block_px=0) + " + bytes(12))",
        answer(taken_at="yesterday") + " + bytes(12))",
        answer(taken_at="2024-01-01T00:00:00") + " + bytes(12))",
        answer(why="x" * 400, do="y", too_large=False) + ")",
        answer(why="a\nb", do="y", too_large=False) + ")",
        answer(why=["a"], do="y", too_large=False) + ")",
        answer(why="a") + ")",
    ],
)
def test_a_reader_that_crashes_or_lies_is_a_refusal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str], program: str
) -> None:
    stand_in(monkeypatch, tmp_path, program)
    with pytest.raises(PhotoUnreadable, match="could not be read safely"):
        open_untrusted_bytes(b"x" * 200_000, limits=PhotoLimits(max_pixels=1_000_000), timeout_s=10)
    assert capfd.readouterr().out == ""


def test_a_reader_that_hangs_or_never_listens_is_stopped_in_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in(monkeypatch, tmp_path, "import time; time.sleep(60)")
    began = time.monotonic()
    with pytest.raises(PhotoUnreadable, match="too long"):
        open_untrusted_bytes(bytes(1_000_000), timeout_s=0.5)
    assert time.monotonic() - began < 5


def test_a_reader_that_closes_its_answer_and_stays_is_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in(monkeypatch, tmp_path, "import os, time; os.close(1); time.sleep(60)")
    with pytest.raises(PhotoUnreadable, match="too long"):
        open_untrusted_bytes(b"x", timeout_s=10)


def test_the_reader_inherits_no_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KENBAAR_MASTER_KEY", "secret")
    told = "{'why': ','.join(os.environ), 'do': os.getcwd(), 'too_large': False}"
    stand_in(monkeypatch, tmp_path, f"import os, json; print(json.dumps({told}))")
    with pytest.raises(PhotoUnreadable) as refused:
        open_untrusted_bytes(b"x")
    assert "OPENBLAS" in refused.value.what and refused.value.do == "/"
    assert "KENBAAR" not in refused.value.what and ",PATH" not in refused.value.what


def test_the_reader_may_not_write_a_file_dump_core_grow_or_run_on() -> None:
    program = (
        "import sys, resource; sys.argv = ['x', '2000000000', '5', '10', '10', '0']\n"
        "from kenbaar.media import _reader; _reader.main()\n"
        "names = ('CORE', 'FSIZE', 'NOFILE', 'CPU', 'AS')\n"
        "print([resource.getrlimit(getattr(resource, 'RLIMIT_' + n)) for n in names], file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", program], input=b"", capture_output=True)
    assert ran.stderr.decode().strip() == str([(0, 0), (0, 0), (32, 32), (5, 5), (2_000_000_000,) * 2])
