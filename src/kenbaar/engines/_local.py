"""The local engine: processes of this machine, one inference thread each; what kills its worker is one failure."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Lock
from typing import Any, Generic

from kenbaar.engines._engine import Failure, Result, Task, TaskType, done
from kenbaar.engines._here import InProcessEngine
from kenbaar.engines._process import begin_worker, end_broken, no_interrupt, one_thread_each
from kenbaar.errors import KenbaarError, Unusable

log = logging.getLogger(__name__)

WAITING_PER_WORKER = 3  # tasks begun or waiting: enough that no worker idles; few, so that a withdrawal is near
DONE_PER_WORKER = 8  # results that may wait for a slower one before them: enough that one large photo stops nobody
_LET_GO_S = 3.0  # s: how long a task may go on after a cancel
_ASK_S = 0.5  # s: how often `cancelled` is asked while nothing is done


class LocalEngine:
    """Worker processes, started when they are needed, at most `workers` of them."""

    def __init__(self, workers: int) -> None:
        self.workers = max(1, workers)

    def map(
        self,
        task_type: TaskType[Task, Result],
        tasks: Iterable[Task],
        on_result: Callable[[Task, Result | Failure], None],
        cancelled: Callable[[], bool],
    ) -> None:
        """As Engine.map."""
        queue = iter(tasks)
        if task_type.few:
            first = list(islice(queue, task_type.few + 1))
            queue = chain(first, queue)
            if self.workers == 1 or len(first) <= task_type.few:
                InProcessEngine().map(task_type, queue, on_result, cancelled)
                return
        _Mapping(task_type, self.workers, on_result, cancelled).run(queue)


@dataclass(slots=True)
class _Begun(Generic[Task, Result]):
    """A task that was handed to a worker."""

    task: Task
    future: Future[Result | Failure]

    @property
    def result(self) -> Result | Failure | None:
        """What came of it; None where its worker died before it was done. Raises what ends the run."""
        try:
            return self.future.result(timeout=0)
        except (BrokenProcessPool, TimeoutError):
            return None


class _Mapping(Generic[Task, Result]):
    """One call of map under way."""

    def __init__(
        self,
        task_type: TaskType[Task, Result],
        workers: int,
        on_result: Callable[[Task, Result | Failure], None],
        cancelled: Callable[[], bool],
    ) -> None:
        self.task_type, self.workers, self.on_result, self.cancelled = task_type, workers, on_result, cancelled
        self.begun: deque[_Begun[Task, Result]] = deque()

    def run(self, queue: Iterator[Task]) -> None:
        pool: _Pool[Task, Result] = _Pool(self.task_type, self.workers)
        try:
            while not self.cancelled():
                self._begin_more(queue, pool)
                if not self.begun:
                    return
                if not self.begun[0].future.done():
                    running = [b.future for b in self.begun if not b.future.done()]
                    wait(running, timeout=_ASK_S, return_when=FIRST_COMPLETED)
                    continue
                if (result := self.begun[0].result) is None:
                    log.warning("a worker died; what it had is tried again, one by one")
                    pool.end()
                    self._one_by_one()
                    pool = _Pool(self.task_type, self.workers)
                    continue
                self.on_result(self.begun.popleft().task, result)
            self._let_go(pool)
        except KeyboardInterrupt:  # whoever did not want to wait for `cancelled`: what is in hand is not waited for
            pool.end()
            raise
        finally:
            pool.close()

    def _let_go(self, pool: _Pool[Task, Result]) -> None:
        """After a cancel: what is nearly done is waited for; a long video is not, and its worker ends."""
        running = [b.future for b in self.begun if b.future.running()]
        if running and wait(running, timeout=_LET_GO_S).not_done:
            pool.end()

    def _begin_more(self, queue: Iterator[Task], pool: _Pool[Task, Result]) -> None:
        while (
            len(self.begun) < self.workers * DONE_PER_WORKER
            and sum(not b.future.done() for b in self.begun) < self.workers * WAITING_PER_WORKER
        ):
            task = next(queue, None)
            if task is None:
                return
            self.begun.append(_Begun(task, pool.submit(task)))

    def _one_by_one(self) -> None:
        """Finds out which task took the worker down, by giving each that was not done a worker of its own."""
        alone: _Pool[Task, Result] | None = None
        try:
            while self.begun and not self.cancelled():
                begun = self.begun[0]
                result = begun.result
                if result is None:
                    alone = alone or self._started()
                    retried = _Begun(begun.task, alone.submit(begun.task))
                    while not wait([retried.future], timeout=_ASK_S).done:
                        if self.cancelled():
                            return
                    result = retried.result
                if result is None:
                    assert alone is not None
                    alone.end()
                    alone = None
                    result = Failure(
                        "This photo brought the reader down.", "Leave it out, or save it anew with another program."
                    )
                self.begun.popleft()
                self.on_result(begun.task, result)
        finally:
            if alone is not None:
                alone.close()

    def _started(self) -> _Pool[Task, Result]:
        """One worker that has answered: what breaks from now on, a task broke. Unusable where none can be started."""
        pool: _Pool[Task, Result] = _Pool(self.task_type, 1)
        if not pool.answers():
            pool.end()
            raise Unusable(
                "No worker process can be started.",
                "Free some memory, or use fewer --workers; then start again to go on: what was done stays.",
            )
        return pool


class _Pool(Generic[Task, Result]):
    """Worker processes of one task type.

    Each takes the task type out of one pipe, into which a thread puts it: handed over with the start itself, a large
    gallery would make every worker's start wait for the one before.
    """

    def __init__(self, task_type: TaskType[Task, Result], workers: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._there, here = context.Pipe(duplex=False)
        with no_interrupt():  # the first lock starts the process that keeps track of locks
            turn = context.Lock()
        initargs = (self._there, turn, os.getpid())
        self._processes = ProcessPoolExecutor(workers, context, initializer=_start, initargs=initargs)
        threading.Thread(target=_hand_out, args=(here, task_type, workers), daemon=True).start()

    def submit(self, task: Task) -> Future[Result | Failure]:
        """The result's future; where the pool broke before it was asked, one that says so, like those of the others."""
        return self._submitted(_work, task)

    def answers(self) -> bool:
        """Whether a worker could be started."""
        try:
            self._submitted(os.getpid).result()
        except BrokenProcessPool:
            return False
        return True

    def _submitted(self, call: Callable[..., Any], *args: object) -> Future[Any]:
        try:
            with one_thread_each(), no_interrupt():
                return self._processes.submit(call, *args)
        except (BrokenProcessPool, OSError) as err:  # OSError: its own pipe is closed while it finds that it is broken
            broken: Future[Any] = Future()
            broken.set_exception(err if isinstance(err, BrokenProcessPool) else BrokenProcessPool(str(err)))
            return broken

    def close(self) -> None:
        """Ends the workers; what was not begun is not done. None is left on return.

        Its own thread drops what waits: a future that another thread drops while a worker dies ends that thread loudly.
        """
        try:
            self._processes.shutdown(wait=True, cancel_futures=True)
        except KeyboardInterrupt:
            self.end()  # left as it is, Python might wait at its end for workers that nobody told to go
            raise
        self._there.close()  # with it goes the last reader: a task type that nobody took is dropped

    def end(self) -> None:
        """Ends what is left of a pool that broke."""
        end_broken(self._processes)
        self._there.close()


def _hand_out(pipe: Connection, task_type: object, workers: int) -> None:
    with contextlib.suppress(OSError), pipe:  # a worker that died takes nothing; that is found out elsewhere
        for _ in range(workers):
            pipe.send(task_type)


_worker: tuple[Callable[[Any], Any], str] | KenbaarError | None = None  # in a worker: what does a task, and its verb


def _start(pipe: Connection, turn: Lock, parent: int) -> None:
    """In the worker, once: opens what every task needs."""
    global _worker
    begin_worker(parent)
    with turn:
        task_type: TaskType[Any, Any] = pipe.recv()
    pipe.close()
    try:
        _worker = task_type.open(), task_type.verb
    except KenbaarError as err:
        _worker = err  # told with the first task: raised here, it would look as if that task had done it


def _work(task: Any) -> Any:
    """In the worker: one task."""
    if isinstance(_worker, KenbaarError):
        raise _worker
    assert _worker is not None
    return done(_worker[0], task, _worker[1])
