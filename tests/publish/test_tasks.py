"""Copies made side by side: the same as made alone; a worker's death holds one photo at most."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from kenbaar.engines import Failure, LocalEngine, never
from kenbaar.errors import PackBroken
from kenbaar.faces import Box
from kenbaar.media import FileBelow, PhotoLimits, digest_bytes
from kenbaar.modelpack import ModelPack, load_pack
from kenbaar.publish import CopyTask, MadeCopy, MakeCopies
from kenbaar.publish._tasks import WORTH_PROCESSES
from tests.modelpack.tiny_pack import blank_photo, build_tiny_pack, draw_face

PHOTOS = WORTH_PROCESSES + 4


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """A dozen photos of one and the same face, on other backgrounds."""
    paths = []
    for n in range(PHOTOS):
        pixels = blank_photo(480, 320, n)
        draw_face(pixels, 40, 96, 3, 96)
        paths.append(tmp_path / f"{n:02}.png")
        Image.fromarray(pixels).save(paths[-1], compress_level=1)
    return paths


@pytest.fixture
def pack(tiny_pack_folder: Path) -> ModelPack:
    return load_pack(tiny_pack_folder)


def tasks(photos: list[Path]) -> Iterator[CopyTask]:
    for n, path in enumerate(photos):
        digest = digest_bytes(path.read_bytes()) if path.exists() else "gone"
        yield CopyTask(n, FileBelow(path.parent, path.name), digest, (Box(40, 96, 136, 192),), (), False)


def made_from(
    tasks: Iterable[CopyTask], pack: ModelPack, workers: int, folder: Path | None = None
) -> list[MadeCopy | Failure]:
    """The copies in order. folder: where workers look for the pack, if not where it was opened."""
    keys: list[int] = []
    made: list[MadeCopy | Failure] = []

    def put(task: CopyTask, copy: MadeCopy | Failure) -> None:
        keys.append(task.key)
        made.append(copy)

    work = MakeCopies(PhotoLimits(), folder or pack.folder, pack.digest, pack)
    LocalEngine(workers).map(work, tasks, put, never)
    assert keys == list(range(len(keys)))
    return made


def workers_of_this_process() -> Iterator[int]:
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            with suppress(FileNotFoundError):  # it ended meanwhile
                if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                    yield int(child)


def none_is_left(seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not list(workers_of_this_process()):
            return True
        time.sleep(0.05)
    return False


def test_two_workers_make_the_same_copies_in_the_same_order(photos: list[Path], pack: ModelPack) -> None:
    alone, together = made_from(tasks(photos), pack, 1), made_from(tasks(photos), pack, 2)
    assert alone == together and len(alone) == PHOTOS
    assert all(isinstance(copy, MadeCopy) and copy.masked for copy in together)


def test_a_few_copies_start_no_process(photos: list[Path], pack: ModelPack) -> None:
    made = made_from(tasks(photos[:WORTH_PROCESSES]), pack, 2, Path("/nowhere"))
    assert all(isinstance(copy, MadeCopy) for copy in made)


def test_a_photo_that_cannot_be_read_or_has_changed_is_held_and_the_others_go_on(
    photos: list[Path], pack: ModelPack
) -> None:
    def changed() -> Iterator[CopyTask]:
        for task in tasks(photos):
            if task.key == 5:
                photos[5].write_bytes(photos[6].read_bytes())
            yield task

    photos[2].write_bytes(b"no photo")
    photos[3].unlink()
    made = made_from(changed(), pack, 2)
    assert {n for n, copy in enumerate(made) if isinstance(copy, Failure)} == {2, 3, 5}
    assert len(made) == PHOTOS


def test_a_worker_that_is_killed_costs_no_photo_and_none_is_told_twice(photos: list[Path], pack: ModelPack) -> None:
    done = threading.Event()

    def kill_one() -> None:
        while not done.is_set():
            for pid in workers_of_this_process():
                os.kill(pid, signal.SIGKILL)
                return
            time.sleep(0.01)

    killer = threading.Thread(target=kill_one)
    killer.start()
    made = made_from(tasks(photos), pack, 2)
    done.set()
    killer.join()
    assert len(made) == PHOTOS and all(isinstance(copy, MadeCopy) for copy in made)
    assert none_is_left()  # the killed worker's fellow is ended too, a moment later


def test_a_pack_that_was_replaced_ends_the_publication_and_blames_no_photo(
    photos: list[Path], pack: ModelPack, tmp_path: Path
) -> None:
    other = build_tiny_pack(tmp_path / "other", seed=5)
    with pytest.raises(PackBroken, match="since this publication began"):
        made_from(tasks(photos), pack, 2, other)


def test_what_a_worker_is_sent_is_where_the_pack_lies_and_not_the_pack(pack: ModelPack) -> None:
    import pickle

    sent = pickle.dumps(MakeCopies(PhotoLimits(), pack.folder, pack.digest, pack))
    assert len(sent) < 1000
    assert pickle.loads(sent).pack is None
