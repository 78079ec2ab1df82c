"""What every engine promises: order, failures as rows, an end that leaves nobody behind."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from kenbaar.engines import Engine, Failure, InProcessEngine, LocalEngine, never
from kenbaar.errors import IntegrityBroken, PackBroken
from tests.contracts.toy_tasks import (
    BROKEN,
    DEADLY,
    HOURS,
    OUT_OF_MEMORY,
    REFUSED,
    SLOW,
    SURPRISED,
    Doubling,
    Unopenable,
)

ENGINES: dict[str, Callable[[], Engine]] = {
    "in this process": InProcessEngine,
    "one worker": lambda: LocalEngine(1),
    "two workers": lambda: LocalEngine(2),
}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    return ENGINES[request.param]()


@pytest.fixture
def doubling(tmp_path: Path) -> Doubling:
    return Doubling(tmp_path)


def results_of(
    engine: Engine, task_type: Doubling, tasks: Iterable[int], cancelled: Callable[[], bool] = never
) -> list[tuple[int, int | Failure]]:
    found: list[tuple[int, int | Failure]] = []
    engine.map(task_type, tasks, lambda task, result: found.append((task, result)), cancelled)
    return found


def workers_of_this_process() -> Iterator[int]:
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError):
            for child in (task / "children").read_text().split():
                with suppress(FileNotFoundError):  # it ended meanwhile
                    if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                        yield int(child)


def nobody_is_left(seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while list(workers_of_this_process()):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_every_task_has_its_result_in_the_order_of_the_tasks(engine: Engine, doubling: Doubling) -> None:
    assert results_of(engine, doubling, range(40)) == [(n, 2 * n) for n in range(40)]
    assert nobody_is_left()


def test_a_slow_task_holds_back_no_other_and_is_told_in_its_place(engine: Engine, doubling: Doubling) -> None:
    assert [task for task, _ in results_of(engine, doubling, [SLOW, *range(10)])] == [SLOW, *range(10)]


def test_no_task_is_no_work(engine: Engine, doubling: Doubling) -> None:
    assert results_of(engine, doubling, []) == []
    assert nobody_is_left()


def test_a_failure_is_a_row_and_the_others_go_on(engine: Engine, doubling: Doubling) -> None:
    found = dict(results_of(engine, doubling, [1, REFUSED, SURPRISED, OUT_OF_MEMORY, 2]))
    assert (found[1], found[2]) == (2, 4)
    assert found[REFUSED] == Failure("This is no photo.", "Leave it out.")
    assert found[OUT_OF_MEMORY] == Failure(
        "This photo needs more memory than there is.", "Make it smaller, or leave it out."
    )
    surprise = found[SURPRISED]
    assert isinstance(surprise, Failure) and "could not be doubled (RuntimeError)" in surprise.what
    assert "0.1" not in str(surprise), "what an exception says may be somebody's vector: its kind alone is told"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_takes_its_worker_down_is_one_failure_and_none_is_told_twice(
    workers: int, doubling: Doubling
) -> None:
    tasks = [1, 2, DEADLY, 3, 4, DEADLY, *range(5, 12)]
    found = results_of(LocalEngine(workers), doubling, tasks)
    assert [task for task, _ in found] == tasks
    assert [task for task, result in found if isinstance(result, Failure)] == [DEADLY, DEADLY]
    assert nobody_is_left()


def test_a_record_that_is_not_whole_ends_the_run(engine: Engine, doubling: Doubling) -> None:
    with pytest.raises(IntegrityBroken):
        results_of(engine, doubling, [1, BROKEN, 2])
    assert nobody_is_left()


def test_a_setup_that_is_refused_ends_the_run_and_blames_no_task(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(PackBroken):
        results_of(engine, Unopenable(tmp_path), [1, 2])
    assert nobody_is_left()


def test_after_a_cancel_nothing_more_is_told(engine: Engine, doubling: Doubling) -> None:
    found: list[int] = []
    engine.map(doubling, range(10_000), lambda task, _: found.append(task), lambda: len(found) >= 5)
    assert found == [0, 1, 2, 3, 4]
    assert nobody_is_left()


def test_a_cancel_is_heard_while_a_task_is_slow(doubling: Doubling) -> None:
    asked: list[float] = []

    def cancelled() -> bool:
        asked.append(time.monotonic())
        return len(asked) > 3

    assert len(results_of(LocalEngine(1), doubling, [SLOW] * 50, cancelled)) <= 3


def test_a_cancel_does_not_wait_for_a_task_of_an_hour(doubling: Doubling) -> None:
    """A long video, for example: its worker ends."""
    begun = time.monotonic()
    assert results_of(LocalEngine(2), doubling, [1, HOURS, HOURS], lambda: time.monotonic() > begun + 3) == [(1, 2)]
    assert nobody_is_left()


def test_tasks_are_taken_a_few_ahead_so_that_what_they_say_is_true(engine: Engine, doubling: Doubling) -> None:
    done: list[int] = []
    most_ahead = 0

    def tasks() -> Iterator[int]:
        nonlocal most_ahead
        for n in range(90):
            most_ahead = max(most_ahead, n - len(done))
            yield n

    engine.map(doubling, tasks(), lambda task, _: done.append(task), never)
    assert len(done) == 90 and most_ahead <= 2 * 8


def test_what_a_caller_raises_ends_the_run_and_leaves_nobody(engine: Engine, doubling: Doubling) -> None:
    def put(task: int, _: object) -> None:
        if task == 3:
            raise KeyError(task)

    with pytest.raises(KeyError):
        engine.map(doubling, range(100), put, never)
    assert nobody_is_left()


def test_a_worker_is_given_its_setup_once(tmp_path: Path) -> None:
    results_of(LocalEngine(2), Doubling(tmp_path, ballast=bytes(20_000_000)), range(60))
    assert 1 <= len(list(tmp_path.iterdir())) <= 2


def test_a_few_tasks_begin_no_process_where_they_may_be_done_here(tmp_path: Path) -> None:
    import os

    results_of(LocalEngine(2), Doubling(tmp_path, few=8), range(8))
    (opened,) = tmp_path.iterdir()
    assert opened.name.startswith(f"{os.getpid()}-")
    results_of(LocalEngine(2), Doubling(tmp_path, few=8), range(9))
    assert any(not file.name.startswith(f"{os.getpid()}-") for file in tmp_path.iterdir())


def test_every_task_type_of_the_product_travels(tiny_pack_folder: Path) -> None:
    from kenbaar.media import PhotoLimits
    from kenbaar.publish import MakeCopies

    work = MakeCopies(PhotoLimits(), tiny_pack_folder, "sha256:aa")
    assert pickle.loads(pickle.dumps(work)) == work
