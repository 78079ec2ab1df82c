"""docs/how-to/add-an-engine.md, followed: a new engine runs a sweep and a publication."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from kenbaar.consent import Sessions
from kenbaar.engines import Failure, InProcessEngine, TaskType
from tests.actors import OFFICER
from tests.rights.party import a_party

Task = TypeVar("Task")
Result = TypeVar("Result")


class CountingEngine:
    """A new engine: the in-process one, counting what it did."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def map(
        self,
        task_type: TaskType[Task, Result],
        tasks: Iterable[Task],
        on_result: Callable[[Task, Result | Failure], None],
        cancelled: Callable[[], bool],
    ) -> None:
        def told(task: Task, result: Result | Failure) -> None:
            self.done.append(task_type.verb)
            on_result(task, result)

        InProcessEngine().map(task_type, tasks, told, cancelled)


def test_a_new_engine_runs_a_sweep_and_a_publication(tmp_path: Path, tiny_pack_folder: Path) -> None:
    engine = CountingEngine()
    with a_party(tmp_path, tiny_pack_folder) as p:
        p.enrol("Ada", 1, ("find", "show:web"))
        p.photo("a.jpg", 1)
        p.photo("b.jpg", 2)
        p.add()
        archive = p.archive
        report = archive.sweeps.sweep(
            OFFICER, "party", archive.packs.in_use(), sessions=Sessions(), engine=engine, limits=archive.limits,
            say=lambda _: None,
        )  # fmt: skip
        assert (report.photos, report.appearances) == (2, 1)
        archive.publisher.publish(
            OFFICER, "party", p.folder / "public", "web", archive.pack, archive.limits, say=lambda *_: None,
            engine=engine,
        )  # fmt: skip
    assert engine.done == ["analysed", "analysed", "copied", "copied"]
