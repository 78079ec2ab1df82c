"""How a worker process begins, and how what is left of a broken pool ends."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker

from kenbaar.keys import disable_core_dumps

_TO_ALL = {signal.SIGINT, signal.SIGHUP}  # what a terminal sends to every process of a command
_BLAS_THREADS = "OPENBLAS_NUM_THREADS"  # read once, by the process that loads NumPy


def begin_worker(parent: int) -> None:
    """In the worker, first: no core dumps, one thread for pictures, an end with its parent.

    Ctrl-C and a closed terminal, which reach all processes of a command, are the parent's.

    Failures come back as values, so stderr is closed: what a C decoder prints about a damaged photo is no one's news.
    parent: the process id of who started it.
    """
    for number in _TO_ALL:
        signal.signal(number, signal.SIG_IGN)
    _die_with(parent)
    disable_core_dumps()
    if not os.environ.get("KENBAAR_DEBUG"):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    with contextlib.suppress(ImportError):
        import cv2

        cv2.setNumThreads(1)


def end_broken(pool: ProcessPoolExecutor) -> None:
    """Ends what is left of a pool of which a worker died. One that was being started at that moment would be forgotten
    by the pool itself, and wait for ever with what it was handed."""
    left = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in left:
        with contextlib.suppress(ValueError):  # closed by the pool meanwhile
            process.kill()


@contextmanager
def one_thread_each() -> Iterator[None]:
    """What is started now multiplies matrices in one thread: with more, workers wait for each other's
    (docs/decisions: large galleries in whole numbers)."""
    before = os.environ.get(_BLAS_THREADS)
    os.environ[_BLAS_THREADS] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_BLAS_THREADS]
        else:
            os.environ[_BLAS_THREADS] = before


@contextmanager
def no_interrupt() -> Iterator[None]:
    """What is started now never hears Ctrl-C, not even before it can say so (begin_worker); this thread does, later.
    Nor does it hear that the terminal was closed."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        resource_tracker.ensure_running()  # it would lift the block of Ctrl-C on its way
        signal.pthread_sigmask(signal.SIG_BLOCK, _TO_ALL)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _die_with(parent: int) -> None:
    """A worker whose parent was killed ends too: it holds people's vectors (Linux: PR_SET_PDEATHSIG)."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
