"""The local engine: a process per core, one inference thread each; a photo that kills its worker is one failure."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Lock
from pathlib import Path

from kenbaar.collections import EmbeddingPermit
from kenbaar.errors import KenbaarError, PackBroken, Unusable
from kenbaar.gallery import ConsentedGallery
from kenbaar.matching import Threshold
from kenbaar.media import PhotoLimits
from kenbaar.modelpack import ModelPack
from kenbaar.sweep._again import look_again
from kenbaar.sweep._look import Barred, Comparison, KnownFaces, Look, look_at
from kenbaar.workers import begin_worker, end_broken

_BLAS_THREADS = "OPENBLAS_NUM_THREADS"  # read once, by the process that loads NumPy
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
    older: tuple[Comparison, ...]
    subjects: frozenset[str]
    gone: frozenset[str] = frozenset()

    def forget(self, gone: frozenset[str]) -> None:
        """Nobody of these is compared any more."""
        if newly := gone - self.gone:
            self.gone |= newly
            self.gallery = self.gallery.without(newly)
            self.older = tuple(replace(c, gallery=c.gallery.without(newly)) for c in self.older)


@dataclass(frozen=True, slots=True)
class OlderPack:
    """A pack that is no longer the one in use, and the people who enrolled with it and have not renewed."""

    folder: Path
    gallery: ConsentedGallery
    threshold: Threshold


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What each worker is given at its start. The galleries travel through a pipe, never through a file."""

    pack_folder: Path
    limits: PhotoLimits
    permit: EmbeddingPermit
    gallery: ConsentedGallery
    threshold: Threshold
    older: tuple[OlderPack, ...] = ()


def run_looks(
    tasks: Iterable[Task], setup: WorkerSetup, workers: int
) -> Generator[tuple[Task, Look | Failure], None, None]:
    """Looks at every photo, in `workers` processes; results come as they are ready. Stop early by closing the iterator.

    A photo that takes its worker down (a decoder's crash, out of memory) is tried once more alone, then reported.
    """
    pending: dict[Future[Look | Failure], Task] = {}
    queue = iter(tasks)
    pool = _Pool(setup, workers)
    try:
        exhausted = False
        while True:
            while not exhausted and len(pending) < workers * WAITING_PER_WORKER:
                task = next(queue, None)
                if task is None:
                    exhausted = True
                    break
                pending[pool.submit(task)] = task
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
                pool.shutdown(wait=False)
                yield from _one_by_one(suspects, setup)
                pool = _Pool(setup, workers)
    finally:
        for future in pending:
            future.cancel()
        pool.shutdown()


class _Pool:
    """Worker processes, started when they are needed, all at once.

    Each takes its setup out of one pipe, into which a thread puts it: handed over with the start itself, a large
    gallery would make every worker's start wait for the one before.
    """

    def __init__(self, setup: WorkerSetup, workers: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._there, here = context.Pipe(duplex=False)
        initargs = (self._there, context.Lock(), os.getpid())
        self._processes = ProcessPoolExecutor(workers, context, initializer=_start, initargs=initargs)
        threading.Thread(target=_hand_out, args=(here, setup, workers), daemon=True).start()

    def submit(self, task: Task) -> Future[Look | Failure]:
        """The look's future; where the pool broke before it was asked, one that says so, like those of the others."""
        try:
            with _one_thread_each():
                return self._processes.submit(_look, task)
        except BrokenProcessPool as err:
            broken: Future[Look | Failure] = Future()
            broken.set_exception(err)
            return broken

    def answers(self) -> bool:
        """Whether a worker could be started."""
        try:
            with _one_thread_each():
                started = self._processes.submit(os.getpid)
            started.result()
        except BrokenProcessPool:
            return False
        return True

    def shutdown(self, *, wait: bool = True) -> None:
        """Ends the workers; what was not begun is not done. With wait, none is left on return."""
        if wait:
            self._processes.shutdown(wait=True, cancel_futures=True)
        else:
            end_broken(self._processes)
        self._there.close()  # with it goes the last reader: a setup that nobody took is dropped


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """What is started now multiplies matrices in one thread: with more, workers wait for each other's (0026)."""
    before = os.environ.get(_BLAS_THREADS)
    os.environ[_BLAS_THREADS] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_BLAS_THREADS]
        else:
            os.environ[_BLAS_THREADS] = before


def _hand_out(pipe: Connection, setup: WorkerSetup, workers: int) -> None:
    with contextlib.suppress(OSError), pipe:  # a worker that died takes nothing; that is found out elsewhere
        for _ in range(workers):
            pipe.send(setup)


def _one_by_one(suspects: Sequence[Task], setup: WorkerSetup) -> Iterator[tuple[Task, Look | Failure]]:
    """Finds out which photo took the worker down, by giving each a worker of its own."""
    pool = _started(setup)
    for task in suspects:
        try:
            yield task, pool.submit(task).result()
        except BrokenProcessPool:
            pool.shutdown(wait=False)
            yield (
                task,
                Failure("This photo brought the reader down.", "Leave it out, or save it anew with another program."),
            )
            pool = _started(setup)
    pool.shutdown()


def _started(setup: WorkerSetup) -> _Pool:
    """One worker that has answered: what breaks from now on, a photo broke. Unusable where none can be started."""
    pool = _Pool(setup, 1)
    if not pool.answers():
        pool.shutdown(wait=False)
        raise Unusable(
            "No worker process can be started.", "Free some memory, or use fewer --workers; then sweep again to go on."
        )
    return pool


def _start(pipe: Connection, turn: Lock, parent: int) -> None:
    """In the worker, once: the pack opened, with all else that every photo needs."""
    from kenbaar.modelpack import load_pack

    global _worker
    begin_worker(parent)
    with turn:
        setup: WorkerSetup = pipe.recv()
    pipe.close()

    def opened(folder: Path, gallery: ConsentedGallery) -> ModelPack:
        pack = load_pack(folder, threads=1)
        if pack.digest != gallery.pack:
            raise PackBroken(
                "The model pack was changed since this sweep began.",
                "See that the pack is the one people enrolled with, then sweep again: what was found so far stays.",
            )
        return pack

    try:
        older = tuple(Comparison(opened(o.folder, o.gallery), o.gallery, o.threshold) for o in setup.older)
        pack = opened(setup.pack_folder, setup.gallery)
    except KenbaarError as err:
        _worker = err  # told with the first photo: raised here, it would look as if that photo had done it
        return
    subjects = frozenset(setup.gallery.subjects)
    _worker = _Worker(pack, setup.limits, setup.permit, setup.gallery, setup.threshold, older, subjects)


def _look(task: Task) -> Look | Failure:
    """In the worker: one photo. Failures come back as values, so that one photo never ends a sweep."""
    worker = _worker
    if isinstance(worker, KenbaarError):
        raise worker
    assert worker is not None
    worker.forget(task.gone)
    try:
        pack, gallery, threshold = worker.pack, worker.gallery, worker.threshold
        side = pack.manifest.detector.long_side
        again = None
        if task.known is not None and task.new and not task.gone and not task.barred and task.new <= worker.subjects:
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
            older=worker.older,
        )
    except KenbaarError as err:
        if err.exit_code == 6:
            raise
        return Failure(err.what, err.do)
    except MemoryError:
        return Failure("This photo needs more memory than there is.", "Make it smaller, or leave it out.")
    except Exception as err:  # noqa: BLE001  # one photo's failure is recorded and the sweep goes on; the report counts it
        return Failure(f"This photo could not be looked at ({type(err).__name__}).", "Leave it out, and tell us.")
