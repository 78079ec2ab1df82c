"""The local engine: a process per core, one inference thread each; a photo that kills its worker is one failure."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from kenbaar.collections import EmbeddingPermit
from kenbaar.errors import KenbaarError, Unusable
from kenbaar.gallery import ConsentedGallery
from kenbaar.media import PhotoLimits
from kenbaar.modelpack import ModelPack
from kenbaar.search import Threshold
from kenbaar.sweep._again import look_again
from kenbaar.sweep._look import Barred, KnownFaces, Look, look_at

WAITING_PER_WORKER = 3  # enough that no worker idles; few, so that memory is flat and a withdrawal is near
_worker: _Worker | KenbaarError | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One photo to look at. barred: who said of it "not me". gone: who withdrew since the workers started.

    known: its faces, where they were found before in the content that it had then. new: the subjects of the gallery
    that those were not compared with, where they were with all others and at this threshold; empty: not known.
    """

    key: str
    path: Path
    barred: tuple[Barred, ...] = ()
    gone: frozenset[str] = frozenset()
    known: KnownFaces | None = None
    new: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a photo could not be looked at: a sentence for the report."""

    why: str
    do: str


@dataclass(slots=True)
class _Worker:
    """What a worker process holds for the whole sweep."""

    pack: ModelPack
    limits: PhotoLimits
    permit: EmbeddingPermit
    gallery: ConsentedGallery
    threshold: Threshold


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What each worker is given at its start. The gallery travels through a pipe, never through a file."""

    pack_folder: Path
    limits: PhotoLimits
    permit: EmbeddingPermit
    gallery: ConsentedGallery
    threshold: Threshold


def run_looks(
    tasks: Iterable[Task], setup: WorkerSetup, workers: int
) -> Generator[tuple[Task, Look | Failure], None, None]:
    """Looks at every photo, in `workers` processes; results come as they are ready. Stop early by closing the iterator.

    A photo that takes its worker down (a decoder's crash, out of memory) is tried once more alone, then reported.
    """
    pending: dict[Future[Look | Failure], Task] = {}
    queue = iter(tasks)
    pool = _pool(setup, workers)
    try:
        exhausted = False
        while True:
            while not exhausted and len(pending) < workers * WAITING_PER_WORKER:
                task = next(queue, None)
                if task is None:
                    exhausted = True
                    break
                pending[_submitted(pool, task)] = task
            if not pending:
                return
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            try:
                for future in done:
                    result = future.result()
                    yield pending.pop(future), result
            except BrokenProcessPool:
                suspects = list(pending.values())
                pending.clear()
                pool.shutdown(wait=False, cancel_futures=True)
                yield from _one_by_one(suspects, setup)
                pool = _pool(setup, workers)
    finally:
        for future in pending:
            future.cancel()
        pool.shutdown(wait=True, cancel_futures=True)


def _submitted(pool: ProcessPoolExecutor, task: Task) -> Future[Look | Failure]:
    """The task's future; where the pool broke before it was asked, one that says so, like those of the others in it."""
    try:
        return pool.submit(_look, task)
    except BrokenProcessPool as err:
        broken: Future[Look | Failure] = Future()
        broken.set_exception(err)
        return broken


def _one_by_one(suspects: Sequence[Task], setup: WorkerSetup) -> Iterator[tuple[Task, Look | Failure]]:
    """Finds out which photo took the worker down, by giving each a worker of its own."""
    pool = _started(setup)
    for task in suspects:
        try:
            yield task, pool.submit(_look, task).result()
        except BrokenProcessPool:
            pool.shutdown(wait=False)
            yield (
                task,
                Failure("This photo brought the reader down.", "Leave it out, or save it anew with another program."),
            )
            pool = _started(setup)
    pool.shutdown(wait=True)


def _started(setup: WorkerSetup) -> ProcessPoolExecutor:
    """One worker that has answered: what breaks from now on, a photo broke. Unusable where none can be started."""
    pool = _pool(setup, 1)
    try:
        pool.submit(os.getpid).result()
    except BrokenProcessPool as err:
        pool.shutdown(wait=False)
        raise Unusable(
            "No worker process can be started.", "Free some memory, or use fewer --workers; then sweep again to go on."
        ) from err
    return pool


def _pool(setup: WorkerSetup, workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), initializer=_start, initargs=(setup, os.getpid())
    )


def _start(setup: WorkerSetup, parent: int) -> None:
    """In the worker: no core dumps, one thread, the pack opened once; Ctrl-C is the parent's business.

    Failures come back as values, so stderr is closed: what a C decoder prints about a damaged photo is no one's news.
    """
    from kenbaar.keys import disable_core_dumps
    from kenbaar.modelpack import load_pack

    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with(parent)
    disable_core_dumps()
    if not os.environ.get("KENBAAR_DEBUG"):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    with contextlib.suppress(ImportError):
        import cv2

        cv2.setNumThreads(1)
    try:
        pack = load_pack(setup.pack_folder, threads=1)
    except KenbaarError as err:
        _worker = err  # told with the first photo: raised here, it would look as if that photo had done it
        return
    _worker = _Worker(pack, setup.limits, setup.permit, setup.gallery, setup.threshold)


def _die_with(parent: int) -> None:
    """A worker whose parent was killed ends too: it holds people's vectors (Linux: PR_SET_PDEATHSIG)."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _look(task: Task) -> Look | Failure:
    """In the worker: one photo. Failures come back as values, so that one photo never ends a sweep."""
    worker = _worker
    if isinstance(worker, KenbaarError):
        raise worker
    assert worker is not None
    if task.gone & frozenset(worker.gallery.subjects):
        worker.gallery = worker.gallery.without(task.gone)
    try:
        pack, gallery, threshold = worker.pack, worker.gallery, worker.threshold
        side = pack.manifest.detector.long_side
        again = None
        if task.known is not None and task.new and not task.gone and not task.barred:
            again = look_again(
                task.path, worker.limits, pack, gallery, threshold, task.known, task.new, detail_side=side
            )
        return again or look_at(
            task.path,
            worker.limits,
            pack,
            worker.permit,
            gallery,
            threshold,
            task.barred,
            detail_side=side,
            known=task.known,
        )
    except KenbaarError as err:
        if err.exit_code == 6:
            raise
        return Failure(err.what, err.do)
    except MemoryError:
        return Failure("This photo needs more memory than there is.", "Make it smaller, or leave it out.")
    except Exception as err:  # noqa: BLE001  # one photo's failure is recorded and the sweep goes on; the report counts it
        return Failure(f"This photo could not be looked at ({type(err).__name__}).", "Leave it out, and tell us.")
