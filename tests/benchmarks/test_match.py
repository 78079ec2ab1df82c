"""The match benchmark tells ratios of the same round, and whether the same people were found."""

from __future__ import annotations

from typing import Any

from benchmarks.match.run import OURS, table


def result(same: bool) -> dict[str, Any]:
    contenders = {
        OURS: {"probes": 10, "seconds": [9.0, 9.0, 9.0], "cpu": [1.0, 2.0, 1.0]},
        "faiss flat": {"probes": 10, "seconds": [9.0, 9.0, 9.0], "cpu": [3.0, 4.0, 5.0]},
        "usearch exact": {"probes": 5, "seconds": [9.0], "cpu": [5.0]},
    }
    case = {
        "probes": 10,
        "contenders": contenders,
        "forms_decide_the_same": same,
        "named": 3,
        "peers_rank_them_first": {"faiss flat": [3, 3], "usearch exact": [1, 2]},
    }
    return {"machine": "a machine", "runs": [{"people": 1000, "threads": 1, "cases": [case]}]}


def test_ratios_are_of_the_same_round_and_a_face() -> None:
    lines = table(result(same=True)).splitlines()
    assert "| 1,000 | 10 | 1 | faiss flat | 3.00 (2.00-5.00) | 400 | 3 of 3 |" in lines
    assert "| 1,000 | 10 | 1 | usearch exact | 10.00 (10.00-10.00) | 1e+03 | 1 of 2 |" in lines


def test_forms_that_decide_otherwise_are_told_loudly() -> None:
    assert "float32 decides the same" in table(result(same=True))
    assert "FLOAT32 DIFFERS" in table(result(same=False))


def test_two_threads_are_told_by_the_clock() -> None:
    two = result(same=True)
    two["runs"][0]["threads"] = 2
    assert "| faiss flat | 1.00 (1.00-1.00) | 900 | 3 of 3 |" in table(two)
