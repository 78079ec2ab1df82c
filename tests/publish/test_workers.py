"""Copies made side by side: the same as made alone; a worker's death holds one photo at most."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from PIL import Image

from kenbaar.errors import PackBroken
from kenbaar.faces import Box
from kenbaar.media import PhotoLimits, digest_bytes
from kenbaar.modelpack import ModelPack, load_pack
from kenbaar.publish import Workers
from kenbaar.publish._render import Rendered
from kenbaar.publish._workers import WORTH_PROCESSES, CopyTask, NoCopy, make_copies
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
        Image.fromarray(pixels).save(paths[-1])
    return paths


@pytest.fixture
def pack(tiny_pack_folder: Path) -> ModelPack:
    return load_pack(tiny_pack_folder)


def tasks(photos: list[Path]) -> Iterator[CopyTask[str]]:
    for path in photos:
        digest = digest_bytes(path.read_bytes()) if path.exists() else "gone"
        yield CopyTask(path.name, path, digest, (Box(40, 96, 136, 192),), (), False)


def copies(photos: list[Path], pack: ModelPack, workers: Workers | None) -> dict[str, Rendered | NoCopy]:
    with closing(make_copies(tasks(photos), pack, PhotoLimits(), workers)) as made:
        return {task.tag: copy for task, copy in made}


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


def test_two_workers_make_the_same_copies_in_the_same_order(photos, pack, tiny_pack_folder) -> None:
    alone, together = copies(photos, pack, None), copies(photos, pack, Workers(2, tiny_pack_folder))
    assert alone == together and list(together) == [p.name for p in photos]
    assert all(isinstance(copy, Rendered) and copy.masked for copy in together.values())


def test_a_few_copies_start_no_process(photos, pack) -> None:
    nowhere = Workers(2, Path("/nowhere"))
    made = copies(photos[:WORTH_PROCESSES], pack, nowhere)
    assert all(isinstance(copy, Rendered) for copy in made.values())


def test_a_photo_that_cannot_be_read_or_has_changed_is_held_and_the_others_go_on(
    photos, pack, tiny_pack_folder
) -> None:
    def changed() -> Iterator[CopyTask[str]]:
        for task in tasks(photos):
            if task.tag == "05.png":
                photos[5].write_bytes(photos[6].read_bytes())
            yield task

    photos[2].write_bytes(b"no photo")
    photos[3].unlink()
    with closing(make_copies(changed(), pack, PhotoLimits(), Workers(2, tiny_pack_folder))) as made:
        answers = {task.tag: copy for task, copy in made}
    assert {name for name, copy in answers.items() if isinstance(copy, NoCopy)} == {"02.png", "03.png", "05.png"}
    assert len(answers) == PHOTOS


def test_a_worker_that_is_killed_costs_no_photo_and_none_is_told_twice(photos, pack, tiny_pack_folder) -> None:
    done = threading.Event()

    def kill_one() -> None:
        while not done.is_set():
            for pid in workers_of_this_process():
                os.kill(pid, signal.SIGKILL)
                return
            time.sleep(0.01)

    killer = threading.Thread(target=kill_one)
    killer.start()
    with closing(make_copies(tasks(photos), pack, PhotoLimits(), Workers(2, tiny_pack_folder))) as made:
        answers = [(task.tag, copy) for task, copy in made]
    done.set()
    killer.join()
    assert [name for name, _ in answers] == [p.name for p in photos]
    assert all(isinstance(copy, Rendered) for _, copy in answers)
    assert none_is_left()  # the killed worker's fellow is ended too, a moment later


def test_stopping_early_leaves_no_worker(photos, pack, tiny_pack_folder) -> None:
    made = make_copies(tasks(photos), pack, PhotoLimits(), Workers(2, tiny_pack_folder))
    next(made)
    made.close()
    assert list(workers_of_this_process()) == []


def test_a_pack_that_was_replaced_ends_the_publication_and_blames_no_photo(photos, pack, tmp_path) -> None:
    other = build_tiny_pack(tmp_path / "other", seed=5)
    with pytest.raises(PackBroken, match="since this publication began"):
        copies(photos, pack, Workers(2, other))


def test_what_a_worker_is_sent_tells_nobody(photos) -> None:
    """The tag, which knows the item and the people in it, stays at home."""
    import pickle

    from kenbaar.publish._workers import _untagged

    (task, *_) = tasks(photos)
    assert b"00.png" not in pickle.dumps(_untagged(CopyTask("00.png", Path("a"), task.digest, (), (), False)))
