"""What is written is there whole or not at all; a lock ends with its process; a full disk is one sentence."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import kenbaar
from kenbaar.disk import (
    cut,
    is_full,
    leftover_parts,
    lock_file,
    lock_folder,
    opened,
    overwrite,
    put_in_place,
    remove,
    remove_below,
    tells_full,
    write_atomically,
    write_new,
    write_synced,
    writing_atomically,
    written_below,
    written_beside,
)
from kenbaar.errors import Unusable

SOURCE = Path(kenbaar.__file__).parent


def elsewhere(lines: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs these lines in a process of their own."""
    start = "import os, resource, signal, sys\nfrom pathlib import Path\nfrom kenbaar.disk import *\n"
    return subprocess.run(
        [sys.executable, "-c", start + lines, *map(str, arguments)], capture_output=True, text=True, timeout=60
    )


def with_files_of_at_most(size_bytes: int) -> str:
    return (
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size_bytes}, {size_bytes}))\n"
    )


@pytest.mark.parametrize("word", [r"\bfcntl\b", r"\bflock\b", "ENOSPC", "EDQUOT", "EFBIG", r"errno == 28"])
def test_locks_and_full_disks_are_known_to_the_disk_room_alone(word: str) -> None:
    knows = {
        file.relative_to(SOURCE).parts[0] for file in SOURCE.rglob("*.py") if re.search(word, file.read_text("utf-8"))
    }
    assert knows <= {"disk"}


def test_a_written_file_replaces_what_was_there_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "told.json"
    write_atomically(target, b"old")
    write_atomically(target, b"new")
    assert target.read_bytes() == b"new" and list(tmp_path.iterdir()) == [target]


def test_what_was_checked_and_found_wrong_never_gets_its_name(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), written_beside(b"wrong", tmp_path) as part:
        assert leftover_parts(tmp_path) == [part]
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with written_beside(b"right", tmp_path) as part:
        put_in_place(part, tmp_path / "right")
    assert (tmp_path / "right").read_bytes() == b"right"


def test_a_file_written_piece_by_piece_is_its_owners_alone_and_whole_or_not_there(tmp_path: Path) -> None:
    with writing_atomically(tmp_path / "mine") as file:
        file.write(b"one ")
        assert not (tmp_path / "mine").exists()
        file.write(b"two")
    assert (tmp_path / "mine").read_bytes() == b"one two"
    assert (tmp_path / "mine").stat().st_mode & 0o777 == 0o600
    with pytest.raises(KeyError), writing_atomically(tmp_path / "not") as file:
        raise KeyError
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine"]


@pytest.mark.parametrize(
    "write",
    [
        "write_atomically(Path(sys.argv[1]), bytes(5000))",
        "with writing_atomically(Path(sys.argv[1])) as file: file.write(bytes(5000))",
    ],
)
def test_a_full_disk_is_one_sentence_and_the_old_file_stays(tmp_path: Path, write: str) -> None:
    target = tmp_path / "kept"
    target.write_bytes(b"old")
    done = elsewhere(with_files_of_at_most(1000) + write, target)
    assert "NoSpace: The disk is full" in done.stderr
    assert target.read_bytes() == b"old" and list(tmp_path.iterdir()) == [target]


def test_a_full_disk_while_a_name_is_given_is_told_as_one() -> None:
    for number in (28, 122, 27):  # ENOSPC, EDQUOT, EFBIG of Linux
        assert is_full(OSError(number, "no room"))
    assert not is_full(OSError(13, "not allowed"))
    assert not is_full(OSError("without a number"))


def test_another_programs_word_for_a_full_disk_is_understood() -> None:
    assert tells_full("npm error code ENOSPC") and tells_full("EDQUOT: quota exceeded")
    assert not tells_full("npm error code E404")


def test_a_folder_that_is_not_there_or_closed_is_told_with_the_errors_name(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="ENOENT"):
        write_atomically(tmp_path / "gone" / "file", b"x")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unusable, match="ENOTDIR"):
        write_atomically(tmp_path / "file" / "file", b"x")


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    elsewhere_file = tmp_path / "somebody's"
    elsewhere_file.write_bytes(b"theirs")
    (tmp_path / "link").symlink_to(elsewhere_file)
    with pytest.raises(OSError, match="exists"):
        write_new(tmp_path / "link", b"x")
    with pytest.raises(OSError, match="symbolic"):
        write_synced(tmp_path / "link", b"x")
    with pytest.raises(OSError, match="symbolic"):
        overwrite(tmp_path / "link")
    with pytest.raises(OSError, match="symbolic"), lock_file(tmp_path / "link"):
        pass
    assert elsewhere_file.read_bytes() == b"theirs"
    write_atomically(tmp_path / "link", b"ours")  # the link itself is replaced, not what it leads to
    assert elsewhere_file.read_bytes() == b"theirs" and not (tmp_path / "link").is_symlink()


def test_a_new_file_replaces_none_and_a_half_one_is_taken_away(tmp_path: Path) -> None:
    write_new(tmp_path / "key", b"secret")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "key", b"another")
    done = elsewhere(with_files_of_at_most(100) + "write_new(Path(sys.argv[1]), bytes(5000))", tmp_path / "half")
    assert done.returncode != 0 and not (tmp_path / "half").exists()


def test_what_is_appended_and_cut_is_as_it_was(tmp_path: Path) -> None:
    write_synced(tmp_path / "log", b"one\n")
    write_synced(tmp_path / "log", b"two\n", 4)
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"
    cut(tmp_path / "log", 4)
    cut(tmp_path / "log", 400)  # nothing lies beyond
    assert (tmp_path / "log").read_bytes() == b"one\n"


def test_what_is_removed_was_overwritten_and_may_be_gone_already(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"secret")
    with opened(tmp_path / "key", os.O_RDONLY) as fd:
        remove(tmp_path / "key")
        assert os.pread(fd, 100, 0) == bytes(6)
    remove(tmp_path / "key")
    assert list(tmp_path.iterdir()) == []


def test_a_lock_keeps_other_processes_and_threads_out_until_it_is_let_go(tmp_path: Path) -> None:
    ask = "with lock_file(Path(sys.argv[1]), wait=False): print('ours')"
    with lock_file(tmp_path / "lock"):
        assert "BlockingIOError" in elsewhere(ask, tmp_path / "lock").stderr
        refused = []

        def in_a_thread() -> None:
            try:
                with lock_file(tmp_path / "lock", wait=False):
                    pass
            except BlockingIOError:
                refused.append(True)

        thread = threading.Thread(target=in_a_thread)
        thread.start()
        thread.join()
        assert refused == [True]
    assert elsewhere(ask, tmp_path / "lock").stdout == "ours\n"


def test_a_lock_dies_with_its_process(tmp_path: Path) -> None:
    done = elsewhere("with lock_file(Path(sys.argv[1])): os.kill(os.getpid(), 9)", tmp_path / "lock")
    assert done.returncode == -9
    with lock_file(tmp_path / "lock", wait=False):
        pass


def test_readers_share_a_lock_and_keep_a_writer_out(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    with (
        lock_file(tmp_path / "lock", shared=True),
        lock_file(tmp_path / "lock", shared=True, create=False, wait=False),
        pytest.raises(BlockingIOError),
        lock_file(tmp_path / "lock", wait=False),
    ):
        pass


def test_a_folder_is_locked_without_a_file_in_it(tmp_path: Path) -> None:
    with lock_folder(tmp_path), pytest.raises(BlockingIOError), lock_folder(tmp_path, wait=False):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_file_below_a_folder_is_written_and_removed_through_no_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_bytes(b"theirs")
    (tmp_path / "root" / "real").mkdir(parents=True)
    root = tmp_path / "door"
    root.symlink_to("root")  # the folder itself may be a link
    with written_below(b"ours", root, "made/deep/file") as put:
        assert not (root / "made" / "deep" / "file").exists()
        put()
    assert (root / "made" / "deep" / "file").read_bytes() == b"ours"
    (root / "real" / "file").symlink_to(tmp_path / "elsewhere" / "file")
    with written_below(b"ours", root, "real/file") as put:
        put()
    assert (root / "real" / "file").read_bytes() == b"ours" and not (root / "real" / "file").is_symlink()
    (root / "away").symlink_to(tmp_path / "elsewhere")
    for way in ("away/file", "real/file/file"):
        with pytest.raises(NotADirectoryError), written_below(b"ours", root, way):
            pass
        remove_below(root, way)
    remove_below(root, "gone/file")
    remove_below(root, "real/file")
    assert {p.name for p in root.rglob("*")} == {"made", "real", "away", "deep", "file"}
    assert [(p.name, p.read_bytes()) for p in (tmp_path / "elsewhere").iterdir()] == [("file", b"theirs")]


def test_a_folder_swapped_for_a_link_while_a_file_is_made_gets_nothing(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "root" / "sub").mkdir(parents=True)
    with written_below(b"ours", tmp_path / "root", "sub/file") as put:
        (tmp_path / "root" / "sub").rename(tmp_path / "root" / "aside")
        (tmp_path / "root" / "sub").symlink_to(tmp_path / "elsewhere")
        put()
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert (tmp_path / "root" / "aside" / "file").read_bytes() == b"ours"
