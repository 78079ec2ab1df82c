"""Tests that can fail: breaks a module in one place at a time, and runs tests that should notice.

    python benchmarks/mutants/run.py src/kenbaar/matching/_decide.py tests/matching [--most 60] [--seed 1]

A mutant is one change of the syntax tree: a comparison turned or moved by its edge, `and` for `or`, `not` left out, a
number one larger, a plus for a minus, a condition always or never true, a returned value gone. What survives is
printed; each is a test that is missing, or a change that changes nothing. The module is put back as it was, whatever
happens.
"""

from __future__ import annotations

import argparse
import ast
import copy
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip


def changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What can be put in the place of this node, each with a word for it."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARISONS:
        other = copy.deepcopy(node)
        other.ops[0] = COMPARISONS[type(node.ops[0])]()
        yield "comparison", other
    elif isinstance(node, ast.BoolOp):
        other_bool = copy.deepcopy(node)
        other_bool.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "and/or", other_bool
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not", node.operand
    elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        other_op = copy.deepcopy(node)
        other_op.op = ARITHMETIC[type(node.op)]()
        yield "arithmetic", other_op
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield "number", ast.Constant(node.value + 1)
    elif isinstance(node, (ast.If, ast.IfExp)):
        for value in (True, False):
            always = copy.deepcopy(node)
            always.test = ast.Constant(value)
            yield f"always {value}", always
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield "return None", ast.Return(ast.Constant(None))


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


class _Replacing(ast.NodeTransformer):
    def __init__(self, which: int, new: ast.AST) -> None:
        self.left, self.new = which, new

    def visit(self, node: ast.AST) -> ast.AST:
        self.left -= 1
        return ast.copy_location(self.new, node) if self.left == -1 else self.generic_visit(node)


def mutants(source: str) -> list[tuple[int, str, str]]:
    """(line, what was changed, the module's text) of every mutant. Docstrings and annotations are left alone."""
    tree, made = ast.parse(source), []
    still = _annotations(tree)
    for which, node in enumerate(_in_visiting_order(tree)):
        for word, new in changes(node) if id(node) not in still else ():
            text = ast.unparse(ast.fix_missing_locations(_Replacing(which, new).visit(copy.deepcopy(tree))))
            made.append((getattr(node, "lineno", 0), f"{word}: {ast.unparse(node)[:90]}", text))
    return made


def _annotations(tree: ast.AST) -> set[int]:
    """The ids of all nodes that stand in an annotation: nothing runs there."""
    found: set[int] = set()
    for node in ast.walk(tree):
        for part in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if isinstance(part, ast.AST):
                found |= {id(each) for each in ast.walk(part)}
    return found


def _in_visiting_order(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _in_visiting_order(child)


def main() -> int:
    """Runs the mutants; prints survivors and a figure. 1 where any survived."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("module", type=Path)
    ask.add_argument("tests", nargs="+")
    ask.add_argument("--most", type=int, default=60)
    ask.add_argument("--seed", type=int, default=1)
    asked = ask.parse_args()
    source = asked.module.read_text("utf-8")
    made = mutants(source)
    chosen = sorted(random.Random(asked.seed).sample(made, min(asked.most, len(made))))  # noqa: S311  # a sample
    run = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "not slow", *asked.tests]
    survived = []
    try:
        for line, what, text in chosen:
            asked.module.write_text(text, "utf-8")
            try:
                noticed = subprocess.run(run, capture_output=True, timeout=300).returncode != 0  # noqa: S603
            except subprocess.TimeoutExpired:
                noticed = True
            if not noticed:
                survived.append((line, what))
                sys.stdout.write(f"survived  {asked.module}:{line}  {what}\n")
                sys.stdout.flush()
    finally:
        asked.module.write_text(source, "utf-8")
    sys.stdout.write(f"{len(chosen) - len(survived)} of {len(chosen)} noticed ({len(made)} possible)\n")
    return bool(survived)


if __name__ == "__main__":
    sys.exit(main())
