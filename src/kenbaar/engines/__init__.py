"""Where work runs: a task type says what is done with one task, an engine does it with many, in order.

Rules: results come in the order of the tasks; what fails is a `Failure`, a row like any other, and never ends the run;
what ends it is a record or a pack that is not whole. What a worker needs for all tasks is the task type itself, sent to
it once, through a pipe. What travels is picklable or handed over by path, and holds no template of anybody who did not
agree: neither a task, nor a result, nor an exception does.

    InProcessEngine().map(doubling, [1, 2], on_result=say, cancelled=never)
    LocalEngine(workers=2).map(doubling, [1, 2], say, never)                 # the same, in processes
    assert said == [(1, 2), (2, 4)] * 2                                      # in the order of the tasks
"""

from kenbaar.engines._engine import Engine, Failure, TaskType, never
from kenbaar.engines._here import InProcessEngine
from kenbaar.engines._local import LocalEngine

__all__ = ["Engine", "Failure", "InProcessEngine", "LocalEngine", "TaskType", "never"]
