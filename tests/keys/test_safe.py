"""A safe: sealed records in a file without a name, whose key is in no file."""

from __future__ import annotations

import errno
import os
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenbaar.errors import ConsentMissing, NoSpace, SealBroken, Unusable, UsageError
from kenbaar.keys import Safe


def filled(count: int = 5, size: int = 32) -> tuple[Safe, list[bytes]]:
    records = [os.urandom(size) for _ in range(count)]
    safe = Safe(size)
    safe.put(b"".join(records[:2]))
    safe.put(b"".join(records[2:]))
    return safe, records


def file_of(safe: Safe) -> bytes:
    return os.pread(safe._fd, 1 << 20, 0)


@settings(deadline=None)
@given(st.lists(st.binary(min_size=24, max_size=24), max_size=9), st.data())
def test_what_is_put_comes_back_in_any_order(records: list[bytes], data: st.DataObject) -> None:
    safe = Safe(24)
    safe.put(b"".join(records))
    wanted = data.draw(st.lists(st.sampled_from(range(len(records))))) if records else []
    assert len(safe) == len(records) and safe.open(wanted) == [records[i] for i in wanted]
    safe.close()


def test_nothing_readable_is_on_the_disk_and_the_file_has_no_name(tmp_path: Path) -> None:
    safe = Safe(64, tmp_path)
    safe.put(b"x" * 64 + b"y" * 64)
    assert list(tmp_path.iterdir()) == [] and os.fstat(safe._fd).st_nlink == 0
    data = file_of(safe)
    assert len(data) == 2 * 80 and b"xxxx" not in data and b"yyyy" not in data
    assert bytes(safe._key) not in data and safe._key.hex() not in repr(safe)


def test_the_same_record_twice_looks_different(tmp_path: Path) -> None:
    safe = Safe(16, tmp_path)
    safe.put(bytes(32))
    assert file_of(safe)[:32] != file_of(safe)[32:]


def test_an_erased_record_is_zeros_and_its_neighbours_stay() -> None:
    safe, records = filled()
    sealed = file_of(safe)[3 * 48 : 4 * 48]
    safe.erase([3])
    safe.erase([3])
    assert safe.open([2, 3, 4]) == [records[2], bytes(32), records[4]]
    assert file_of(safe)[3 * 48 : 3 * 48 + 32] == bytes(32) and sealed not in file_of(safe)


@pytest.mark.parametrize("at", [0, 31, 32, 47])
def test_any_changed_byte_is_refused(at: int) -> None:
    safe, _ = filled()
    byte = os.pread(safe._fd, 1, 48 + at)[0] ^ 1
    os.pwrite(safe._fd, bytes([byte]), 48 + at)
    with pytest.raises(SealBroken):
        safe.open([1])
    safe.open([0, 2])


def test_zeros_written_by_somebody_else_are_no_erasure_and_moved_records_do_not_open() -> None:
    safe, _ = filled()
    os.pwrite(safe._fd, bytes(48), 0)
    os.pwrite(safe._fd, os.pread(safe._fd, 48, 48), 2 * 48)
    for number in (0, 2):
        with pytest.raises(SealBroken):
            safe.open([number])


def test_a_closed_safe_refuses_every_use_and_lets_its_file_go() -> None:
    safe, _ = filled()
    fd = safe._fd
    safe.close()
    safe.close()
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(fd)
    uses: list[Callable[[], object]] = [
        lambda: safe.open([0]),
        lambda: safe.put(bytes(32)),
        lambda: safe.erase([0]),
    ]
    for use in uses:
        with pytest.raises(ConsentMissing):
            use()
    assert "closed" in repr(safe)


def test_half_a_record_is_refused() -> None:
    with pytest.raises(UsageError):
        Safe(32).put(bytes(33))


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="TMPDIR"):
        Safe(32, tmp_path / "nowhere")


def test_a_full_disk_is_refused_and_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    safe, _ = filled()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(NoSpace):
        safe.put(bytes(32))
    with pytest.raises(ConsentMissing):
        safe.open([0])


def test_a_safe_lies_where_tmpdir_says_and_otherwise_not_in_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert Safe(8)._folder == tmp_path
    monkeypatch.delenv("TMPDIR")
    assert Safe(8)._folder == Path("/var/tmp")


def test_a_safe_cannot_be_pickled_into_a_file() -> None:
    with pytest.raises(UsageError):
        pickle.dumps(filled()[0])


def test_a_worker_shares_the_file_and_what_it_erases_is_erased_for_all() -> None:
    safe, records = filled()
    with ProcessPoolExecutor(1, get_context("spawn")) as workers:
        assert workers.submit(Safe.open, safe, [4]).result(60) == [records[4]]
        workers.submit(Safe.erase, safe, [1]).result(60)
    assert safe.open([0, 1]) == [records[0], bytes(32)]
