"""What goes to a worker and comes back holds no template, and no room but engines knows a pool of processes."""

from __future__ import annotations

import ast
import dataclasses
import types
import typing
from pathlib import Path

import pytest

import kenbaar
from kenbaar.engines import Failure
from kenbaar.faces import Template
from kenbaar.publish import CopyTask, MadeCopy
from kenbaar.sweep import AnalysisTask, PhotoAnalysis

# bytes that may travel: geometry (five points a face), and the file of a finished, masked copy
GEOMETRY_AND_COPIES = {("PhotoAnalysis", "landmarks"), ("KnownFaces", "landmarks"), ("MadeCopy", "data")}


def what_could_hold_a_vector(kind: object, place: tuple[str, str]) -> list[str]:
    """Every field, however deep, in whose type an array, a template or bytes could stand."""
    if typing.get_origin(kind) is typing.Literal:
        return []
    if typing.get_origin(kind) is not None:
        return [w for arg in typing.get_args(kind) for w in what_could_hold_a_vector(arg, place)]
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        if kind is Template:
            return [f"{place} is a template"]
        hints = typing.get_type_hints(kind)
        return [
            what
            for field in dataclasses.fields(kind)
            for what in what_could_hold_a_vector(hints[field.name], (kind.__name__, field.name))
        ]
    plain = (str, int, float, bool, types.NoneType, Path, *_dates())
    if kind is Ellipsis or kind in plain or (kind is bytes and place in GEOMETRY_AND_COPIES):
        return []
    return [f"{place} is {kind}"]


def _dates() -> tuple[type, ...]:
    from datetime import datetime

    return (datetime,)


@pytest.mark.parametrize("kind", [AnalysisTask, PhotoAnalysis, CopyTask, MadeCopy, Failure], ids=lambda k: k.__name__)
def test_no_task_and_no_result_has_a_place_for_a_template(kind: type) -> None:
    assert what_could_hold_a_vector(kind, ("", "")) == []


def test_that_test_finds_a_place_for_one() -> None:
    import numpy as np
    from numpy.typing import NDArray

    @dataclasses.dataclass
    class Told:
        vector: NDArray[np.float32]
        seal: bytes

    Told.__annotations__ = {"vector": NDArray[np.float32], "seal": bytes}
    assert len(what_could_hold_a_vector(Told, ("", ""))) >= 2


def test_only_engines_and_the_reader_of_strangers_files_start_processes() -> None:
    source = Path(kenbaar.__file__).parent
    knows = set()
    for file in source.rglob("*.py"):
        if names_of_pools(ast.parse(file.read_text("utf-8"))):
            knows.add(str(file.relative_to(source)))
    # _bench_cores measures what a bare process costs, without an engine; its name says what it is
    assert {file for file in knows if not file.startswith("engines/")} <= {"measure/_bench_cores.py"}


POOLS = {"ProcessPoolExecutor", "Process", "Pool", "get_context", "fork", "forkpty", "posix_spawn"}


def names_of_pools(tree: ast.AST) -> set[str]:
    """Whatever in a module starts processes of Python: imported by name, or reached through a module's attribute."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = {alias.name for alias in node.names}
            found |= names & POOLS
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            found |= {name for name in (*names, module) if name.startswith("concurrent.futures")}
        elif isinstance(node, ast.Attribute) and node.attr in POOLS:
            found.add(node.attr)
    return found


@pytest.mark.parametrize(
    "lines",
    [
        "import multiprocessing\nmultiprocessing.get_context('spawn').Pool()",
        "from concurrent.futures import ProcessPoolExecutor",
        "import concurrent.futures",
        "from multiprocessing import Process",
        "import os\nos.fork()",
    ],
)
def test_that_test_finds_a_pool(lines: str) -> None:
    assert names_of_pools(ast.parse(lines))
