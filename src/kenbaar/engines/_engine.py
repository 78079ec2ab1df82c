"""What an engine promises, and what a kind of work must say to run on one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from kenbaar.errors import KenbaarError, ReaderUnavailable

Task = TypeVar("Task")
Result = TypeVar("Result")
TaskIn = TypeVar("TaskIn", contravariant=True)
ResultOut = TypeVar("ResultOut", covariant=True)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one task has no result: a sentence that says what, and one that says what to do."""

    what: str
    do: str


class TaskType(Protocol[TaskIn, ResultOut]):
    """One kind of work, with what every task of it needs. It is picklable, and sent to each worker once."""

    @property
    def verb(self) -> str:
        """What is done with a photo, as in "could not be analysed"."""

    @property
    def few(self) -> int:
        """So many tasks are done in the calling process before a second one would have started. 0: none ever is."""

    def open(self) -> Callable[[TaskIn], ResultOut]:
        """In the worker, once: opens what the tasks need, and returns what does one task.

        A KenbaarError raised here ends the run, with the first task. One raised by a task is that task's Failure,
        unless it says that a record or a pack is not whole (exit code 6) or that no photo can be read at all
        (ReaderUnavailable): that ends the run too.
        """


class Engine(Protocol):
    """Runs tasks: in this process, in several, or elsewhere."""

    def map(
        self,
        task_type: TaskType[Task, Result],
        tasks: Iterable[Task],
        on_result: Callable[[Task, Result | Failure], None],
        cancelled: Callable[[], bool],
    ) -> None:
        """Does every task, and calls on_result with it and its result, in the order of the tasks, in this thread.

        tasks: taken one by one as workers become free, a few ahead: what a task says about who withdrew is true then.
        cancelled: asked between results; once it says yes, nothing more is begun, and map returns.
        A task that takes its worker down (a decoder's crash, out of memory) is tried once more alone, then a Failure.
        However it ends, no worker is left. Raises KenbaarError of exit code 6, Unusable where no worker can be started,
        and whatever on_result or tasks raise.
        """


def never() -> bool:
    """Nobody cancels."""
    return False


def done(do: Callable[[Task], Result], task: Task, verb: str) -> Result | Failure:
    """One task's result, or its failure as a value. Raises what ends the run."""
    try:
        return do(task)
    except ReaderUnavailable:
        raise  # no photo can be opened: that is no photo's failure
    except KenbaarError as err:
        if err.exit_code == 6:
            raise
        return Failure(err.what, err.do)
    except MemoryError:
        return Failure("This photo needs more memory than there is.", "Make it smaller, or leave it out.")
    except Exception as err:  # noqa: BLE001  # one task's failure is a row and the others go on; the report counts it
        return Failure(f"This photo could not be {verb} ({type(err).__name__}).", "Leave it out, and tell us.")
