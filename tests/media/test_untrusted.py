"""What outsiders hand in is decoded in a process of its own, and neither its crash nor its lies come home."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from kenbaar.errors import PhotoTooLarge, PhotoUnreadable
from kenbaar.media import PhotoLimits, encode_photo, open_photo, open_untrusted_bytes, open_untrusted_photo
from kenbaar.media._outside import OutsideReader
from kenbaar.media._reader import REQUEST
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


def says(line: str) -> str:
    return f"import sys; print('ready', flush=True); sys.stdin.buffer.read({REQUEST.size}); print({line}, flush=True)"


def answer(**head: object) -> str:
    honest = {"scale": 1, "width": 2, "height": 2, "format": "PNG", "taken_at": None, "block_px": 16, "dpi": 0}
    return says(repr(json.dumps({**honest, "rights": [None, "Ada", None], **head})))


def test_the_stand_in_of_these_tests_can_answer_honestly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in(monkeypatch, tmp_path, answer())
    photo = open_untrusted_bytes(b"x")
    assert photo.pixels.shape == (2, 2, 3) and photo.rights.credit == "Ada"


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
        says("'not json'"),
        says("'[' * 3000"),
        says("'[]'"),
        says("'{}'"),
        says("'1' * 6000"),
        says("'x' * 100_000_000"),
        says("b''.join([b'a'] * 9)") + "; import os; os.abort()",
        says(repr("{}\nand more")),
        answer(width=0),
        answer(width=-2, height=-2),
        answer(width=10**9, height=10**9),
        answer(width=float("inf")),
        answer(width=[2]),
        answer(scale=0),
        answer(scale=3),
        answer(format="../../x"),
        answer(format=["PNG"]),
        answer(block_px=0),
        answer(dpi=-1),
        answer(dpi=10**6),
        answer(taken_at="yesterday"),
        answer(taken_at="2024-01-01T00:00:00"),
        answer(taken_at=7),
        answer(rights=None),
        answer(rights=["x"]),
        answer(rights=["x", None]),
        answer(rights=["x" * 600, None, None]),
        answer(rights=["a\nb", None, None]),
        answer(rights=[None, None, "a\nb"]),
        answer(rights=[["a"], None, None]),
        answer(why="x" * 400, do="y", too_large=False),
        answer(why="a\nb", do="y", too_large=False),
        answer(why=["a"], do="y", too_large=False),
        answer(why="a"),
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
    stand_in(monkeypatch, tmp_path, "import os, json; " + says(f"json.dumps({told})"))
    with pytest.raises(PhotoUnreadable) as refused:
        open_untrusted_bytes(b"x")
    assert "OPENBLAS" in refused.value.what and refused.value.do == "/"
    assert "KENBAAR" not in refused.value.what and ",PATH" not in refused.value.what


def test_the_reader_may_not_write_a_file_open_one_dump_core_grow_or_run_on() -> None:
    limits = PhotoLimits(10_000, 1 << 16)
    reader = OutsideReader(limits, 2_000_000_000)
    try:
        reader.read(saved(quarters(), "JPEG"), limits, None, rights=False, timeout_s=30, cpu_s=5)
        held = resource.prlimit
        for name in ("CORE", "FSIZE", "NOFILE"):
            assert held(reader.pid, getattr(resource, f"RLIMIT_{name}")) == (0, 0)
        assert 5 <= held(reader.pid, resource.RLIMIT_CPU)[0] <= 8
        now, most = held(reader.pid, resource.RLIMIT_AS)
        assert most == 2_000_000_000 + (1 << 16) + 30_000
        assert now < 800_000_000, "for a small photo there is little room"
    finally:
        reader.close()
