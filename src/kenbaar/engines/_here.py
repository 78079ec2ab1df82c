"""The engine that needs no other process."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kenbaar.engines._engine import Failure, Result, Task, TaskType, done


class InProcessEngine:
    """Does every task in the calling process, one after the other. A decoder that crashes takes that process down."""

    def map(
        self,
        task_type: TaskType[Task, Result],
        tasks: Iterable[Task],
        on_result: Callable[[Task, Result | Failure], None],
        cancelled: Callable[[], bool],
    ) -> None:
        """As Engine.map."""
        do: Callable[[Task], Result] | None = None
        for task in tasks:
            if cancelled():
                return
            do = do or task_type.open()
            on_result(task, done(do, task, task_type.verb))
