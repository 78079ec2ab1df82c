"""Copies made side by side: a process per core, one inference thread each; what kills its worker is held, not shown.

Who is revealed, what is recorded and which file gets its name is decided in the process that publishes. A worker gets a
path and boxes, and answers with the bytes of a copy and what its check says.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from kenbaar.detection import FaceFinder
from kenbaar.errors import KenbaarError, PackBroken, Unusable
from kenbaar.faces import Box
from kenbaar.media import PhotoLimits
from kenbaar.modelpack import load_pack
from kenbaar.publish._render import Rendered, make_copy
from kenbaar.workers import begin_worker, end_broken

WORTH_PROCESSES = 8
"""So many copies are made before a second process would have started: importing and opening the pack take a second."""
_WAITING_PER_WORKER = 3  # enough that no worker idles while copies are put in place; few, so that a withdrawal is near
_worker: tuple[FaceFinder, PhotoLimits] | KenbaarError | None = None
Tag = TypeVar("Tag")


class Detector(FaceFinder, Protocol):
    """What publishing needs of a model pack."""

    @property
    def digest(self) -> str:
        """Which pack this is."""


@dataclass(frozen=True, slots=True)
class Workers:
    """How many processes make copies, each with the pack in that folder."""

    count: int
    pack_folder: Path


@dataclass(frozen=True, slots=True)
class _Setup:
    """What each worker is given at its start. pack: the digest of the one to be found in the folder."""

    limits: PhotoLimits
    pack_folder: Path
    pack: str


@dataclass(frozen=True, slots=True)
class CopyTask(Generic[Tag]):
    """One copy to make (make_copy's arguments). tag: what the caller knows it by; it stays in the caller's process."""

    tag: Tag
    source: Path
    digest: str
    known: tuple[Box, ...]
    reveals: tuple[Box, ...]
    mask_doubtful: bool


@dataclass(frozen=True, slots=True)
class NoCopy:
    """Why there is no copy: a sentence for the report."""

    why: str


def make_copies(
    tasks: Iterable[CopyTask[Tag]], pack: Detector, limits: PhotoLimits, workers: Workers | None
) -> Generator[tuple[CopyTask[Tag], Rendered | NoCopy], None, None]:
    """Every task with its copy, in order. Few of them, or one worker: here. Stop early by closing the iterator.

    A photo that takes its worker down (a decoder's crash, out of memory) is tried once more alone, then it has no copy.
    Raises PackBroken and PackUnavailable, and Unusable where no process can be started.
    """
    queue = iter(tasks)
    first = list(islice(queue, WORTH_PROCESSES + 1)) if workers and workers.count > 1 else []
    everything = chain(first, queue)
    if workers is None or len(first) <= WORTH_PROCESSES:
        for task in everything:
            yield task, _made(task, pack, limits)
    else:
        yield from _in_processes(everything, _Setup(limits, workers.pack_folder, pack.digest), workers.count)


def _in_processes(
    tasks: Iterator[CopyTask[Tag]], setup: _Setup, workers: int
) -> Generator[tuple[CopyTask[Tag], Rendered | NoCopy], None, None]:
    pending: deque[tuple[CopyTask[Tag], Future[Rendered | NoCopy]]] = deque()
    pool = _pool(setup, workers)
    try:
        while True:
            pending += (
                (task, _submitted(pool, task)) for task in islice(tasks, workers * _WAITING_PER_WORKER - len(pending))
            )
            if not pending:
                return
            task, future = pending[0]
            try:
                made = future.result()
            except BrokenProcessPool:
                end_broken(pool)
                suspects = [task for task, _ in pending]
                pending.clear()
                yield from _one_by_one(suspects, setup)
                pool = _pool(setup, workers)
                continue
            pending.popleft()
            yield task, made
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _one_by_one(
    suspects: Iterable[CopyTask[Tag]], setup: _Setup
) -> Generator[tuple[CopyTask[Tag], Rendered | NoCopy], None, None]:
    """Finds out which photo took the worker down, by giving each a worker that is known to have started."""
    pool = _started(setup)
    try:
        for task in suspects:
            try:
                made = _submitted(pool, task).result()
            except BrokenProcessPool:
                end_broken(pool)
                made = NoCopy("this photo brought the reader down; leave it out, or save it anew with another program")
                pool = _started(setup)
            yield task, made
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _started(setup: _Setup) -> ProcessPoolExecutor:
    pool = _pool(setup, 1)
    try:
        pool.submit(os.getpid).result()
    except BrokenProcessPool as err:
        end_broken(pool)
        raise Unusable(
            "No worker process can be started.", "Free some memory, or use fewer --workers; then publish again."
        ) from err
    return pool


def _submitted(pool: ProcessPoolExecutor, task: CopyTask[Tag]) -> Future[Rendered | NoCopy]:
    """The task's future; where the pool broke before it was asked, one that says so."""
    try:
        return pool.submit(_make, _untagged(task))
    except BrokenProcessPool as err:
        broken: Future[Rendered | NoCopy] = Future()
        broken.set_exception(err)
        return broken


def _untagged(task: CopyTask[Tag]) -> CopyTask[None]:
    return CopyTask(None, task.source, task.digest, task.known, task.reveals, task.mask_doubtful)


def _pool(setup: _Setup, count: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, context, initializer=_start, initargs=(setup, os.getpid()))


def _start(setup: _Setup, parent: int) -> None:
    """In the worker, once: the pack opened, with all else that every photo needs."""
    global _worker
    begin_worker(parent)
    try:
        pack = load_pack(setup.pack_folder, threads=1)
        if pack.digest != setup.pack:
            raise PackBroken("The pack was replaced since this publication began.", "Publish again.")
        _worker = pack, setup.limits
    except KenbaarError as err:
        _worker = err  # told with the first photo: raised here, it would look as if that photo had done it


def _make(task: CopyTask[None]) -> Rendered | NoCopy:
    """In the worker: one copy."""
    if isinstance(_worker, KenbaarError):
        raise _worker
    assert _worker is not None
    return _made(task, *_worker)


def _made(task: CopyTask[Tag], finder: FaceFinder, limits: PhotoLimits) -> Rendered | NoCopy:
    """One copy, or why there is none: one photo's failure holds that photo and never ends a publication."""
    try:
        return make_copy(
            task.source, task.digest, limits, finder,
            known=task.known, reveals=task.reveals, mask_doubtful=task.mask_doubtful,
        )  # fmt: skip
    except KenbaarError as err:
        if err.exit_code == 6:
            raise
        return NoCopy(f"{err.what} {err.do}")
    except MemoryError:
        return NoCopy("this photo needs more memory than there is; make it smaller, or leave it out")
    except Exception as err:  # noqa: BLE001  # one photo's failure is held and told, and the others go on
        return NoCopy(f"this photo could not be copied ({type(err).__name__}); leave it out, and tell us")
