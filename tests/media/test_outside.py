"""Photos are read in another process: what becomes of it, and what it holds."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kenbaar.errors import PhotoTooLarge, PhotoUnreadable, ReaderUnavailable
from kenbaar.media import (
    PhotoLimits,
    begin_reading,
    end_reading,
    open_own_bytes,
    open_photo,
    open_photo_bytes,
)
from kenbaar.media import _opening as opening
from kenbaar.media import _outside as outside
from tests import deadly
from tests.media.photo_samples import exif, quarters, saved
from tests.memory import holds

JPEG = saved(quarters(), "JPEG")
HEIC = (Path(__file__).parent / "data" / "turned.heic").read_bytes()
QUICK = PhotoLimits(max_seconds=1)


@pytest.fixture(autouse=True)
def no_reader_left() -> Iterator[None]:
    begin = outside.BEGIN
    yield
    deadly.end_deadly(begin)


@pytest.fixture
def faults() -> None:
    deadly.begin_deadly()


def reader_pid() -> int:
    begin_reading()
    assert opening._reader is not None
    return opening._reader.pid


def shared_memory(pid: int) -> Path:
    return next(fd for fd in Path(f"/proc/{pid}/fd").iterdir() if "memfd" in str(fd.readlink()))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])
def test_what_another_process_reads_is_what_this_one_would(kind: str) -> None:
    block = exif(6, t132="2024:01:02 03:04:05", t8298="(c) Ada", t13B="Bob")
    data = HEIC if kind == "HEIF" else saved(quarters(), kind, exif=block)
    there, here = open_photo_bytes(data, rights=True), open_own_bytes(data)
    assert np.array_equal(there.pixels, here.pixels) and not there.pixels.flags.writeable
    for field in ("scale", "width", "height", "digest", "format", "taken_at", "block_px"):
        assert getattr(there, field) == getattr(here, field)
    if kind != "HEIF":
        assert (there.rights.copyright, there.rights.credit) == ("(c) Ada", "Bob")


def test_one_process_reads_many_photos_and_keeps_no_pixels_of_the_last() -> None:
    pid = reader_pid()
    first = open_photo_bytes(JPEG)
    before = first.pixels.copy()
    for kind in ("PNG", "WEBP", "TIFF", "JPEG"):
        open_photo_bytes(saved(quarters()[::-1].copy(), kind))
    with pytest.raises(PhotoUnreadable, match="PDF"):
        open_photo_bytes(b"%PDF-1.4")
    assert reader_pid() == pid and np.array_equal(first.pixels, before)


@pytest.mark.usefixtures("faults")
@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        (deadly.SEGFAULT, PhotoUnreadable, "safely .its decoder was stopped"),
        (deadly.SWELL, PhotoTooLarge, "needs more memory than a photo of its size"),
        (deadly.SPIN, PhotoUnreadable, "safely .it took too long"),
        (deadly.LIE, PhotoUnreadable, "safely .its decoder'?s? (answer made no sense|said too much)"),
    ],
)
def test_a_photo_that_ends_its_reader_is_one_refusal_and_the_next_one_opens(
    fault: bytes, kind: type[Exception], says: str
) -> None:
    open_photo_bytes(JPEG)
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    with pytest.raises(kind, match=says):
        open_photo_bytes(JPEG + fault, limits=QUICK)
    assert time.monotonic() - began < 15
    assert open_photo_bytes(JPEG).width == 80
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - largest < 50_000


@pytest.mark.usefixtures("faults")
def test_a_photo_is_not_refused_for_what_the_one_before_it_did_to_the_reader() -> None:
    assert open_photo_bytes(JPEG + deadly.LATE).width == 80
    assert open_photo_bytes(JPEG).width == 80


def test_a_reader_that_was_killed_meanwhile_costs_no_photo() -> None:
    open_photo_bytes(JPEG)
    os.kill(reader_pid(), 9)
    assert open_photo_bytes(JPEG).width == 80


def test_a_reader_that_was_left_in_the_middle_is_asked_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    pid = reader_pid()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(outside, "digest_bytes", interrupted)
        with pytest.raises(KeyboardInterrupt):
            open_photo_bytes(JPEG)
    assert open_photo_bytes(saved(quarters()[::-1].copy(), "PNG")).format == "PNG"
    assert reader_pid() != pid


def test_a_reader_that_cannot_be_started_is_told_and_is_no_photos_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    end_reading()
    monkeypatch.setattr(outside, "BEGIN", "raise SystemExit(1)")
    with pytest.raises(ReaderUnavailable, match="cannot be started"):
        open_photo_bytes(JPEG)


def test_where_not_even_memory_can_be_shared_that_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    end_reading()
    begun = resource.getrlimit(resource.RLIMIT_NOFILE)
    in_use = max(int(fd.name) for fd in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (in_use, begun[1]))
    held: list[int] = []
    try:
        while True:
            try:
                held.append(os.dup(0))
            except OSError:
                break
        with pytest.raises(ReaderUnavailable, match="cannot be started"):
            open_photo_bytes(JPEG)
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, begun)
    assert open_photo_bytes(JPEG).width == 80


def test_the_reader_holds_pipes_and_shared_memory_and_no_file_of_ours(tmp_path: Path) -> None:
    key = tmp_path / "master.key"
    key.write_bytes(os.urandom(32))
    held = os.open(key, os.O_RDWR)
    os.set_inheritable(held, True)
    secret = np.random.default_rng(5).bytes(64)
    try:
        open_photo_bytes(JPEG)
        proc = Path(f"/proc/{reader_pid()}")
        kinds = {str(fd.readlink()) for fd in (proc / "fd").iterdir()}
        others = {k for k in kinds if not k.startswith(("pipe:", "/memfd:photo", "/dev/null", "/proc/"))}
        assert others == set() and len(kinds) <= 6
        maps = (proc / "maps").read_text()
        assert "master.key" not in maps and str(tmp_path) not in maps
        assert (proc / "environ").read_bytes().count(b"=") == len(outside.ENVIRONMENT)
        assert b"KENBAAR" not in (proc / "environ").read_bytes()
        assert not holds(proc, secret), "nothing of this process's memory is in it"
        assert holds(Path("/proc/self"), secret), "which the search would have found"
    finally:
        os.close(held)


def test_a_decoder_that_was_taken_over_opens_no_file_and_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    end_reading()
    monkeypatch.setattr(
        outside,
        "BEGIN",
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from kenbaar.media import _read, _reader\n"
        "import os, socket\n"
        "from kenbaar.media._limits import Unfit\n"
        "def read_header(data, limits):\n"
        "    told = []\n"
        "    for act in (lambda: os.open('/etc/hostname', os.O_RDONLY), socket.socket, os.pipe, lambda: os.dup(0),\n"
        "                lambda: os.open('/proc/%d/mem' % os.getppid(), os.O_RDWR), lambda: os.listdir('/')):\n"
        "        try:\n"
        "            act(); told.append('could')\n"
        "        except OSError as err:\n"
        "            told.append(str(err.errno))\n"
        "    raise Unfit(' '.join(told), 'x')\n"
        "_read.read_header = read_header\n"
        "sys.exit(_reader.main())\n",
    )
    with pytest.raises(PhotoUnreadable) as refused:
        open_photo_bytes(JPEG)
    assert refused.value.what == "This photo 24 24 24 22 24 24."  # EMFILE: no descriptor left; of dup, EINVAL says so


def test_limits_that_were_set_before_hold_for_the_reader_too(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(JPEG)
    program = (
        "import pathlib, resource\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000,) * 2)\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (30, 30))\n"
        "from kenbaar.media import open_photo, _opening\n"
        f"print(open_photo(pathlib.Path({str(tmp_path / 'x.jpg')!r})).width)\n"
        "pid = _opening._reader.pid\n"
        "print(resource.prlimit(pid, resource.RLIMIT_AS)[1], *resource.prlimit(pid, resource.RLIMIT_CPU))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    width, most, cpu_s, most_cpu_s = ran.stdout.split()
    assert (width, most, most_cpu_s) == ("80", "1500000000", "30") and 20 <= int(cpu_s) <= 23, ran.stderr


def test_a_reader_cannot_cut_the_memory_it_shares() -> None:
    open_photo_bytes(JPEG)
    at = shared_memory(reader_pid())
    descriptor = os.open(at, os.O_RDWR)
    try:
        for size in (0, 1 << 40):
            with pytest.raises(PermissionError):
                os.ftruncate(descriptor, size)
    finally:
        os.close(descriptor)


def test_a_photo_of_another_content_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    end_reading()
    path = tmp_path / "x.jpg"
    path.write_bytes(JPEG)
    digest = open_photo(path).digest
    end_reading()
    path.write_bytes(JPEG + b"!")
    with pytest.raises(PhotoUnreadable, match="changed since it was swept"):
        open_photo(path, digest=digest)
    assert opening._reader is None, "nobody was asked to read it"


def test_what_a_large_photo_used_of_the_shared_memory_is_given_back() -> None:
    large = saved(np.zeros((4000, 4000, 3), np.uint8), "PNG")
    open_photo_bytes(large)
    assert shared_memory(reader_pid()).stat().st_blocks * 512 < 8_000_000


def test_the_reader_ends_with_whoever_started_it(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(JPEG)
    program = (
        "import sys, pathlib, os; from kenbaar.media import open_photo, _opening\n"
        f"open_photo(pathlib.Path({str(tmp_path / 'x.jpg')!r}))\n"
        "print(_opening._reader.pid, flush=True); sys.stdin.read()"
    )
    asker = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert asker.stdout and asker.stdin
    pid = int(asker.stdout.readline())
    asker.kill()
    asker.wait()
    asker.stdin.close(), asker.stdout.close()
    end = time.monotonic() + 10
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
        assert time.monotonic() < end, "it goes on without anybody"
        time.sleep(0.02)
