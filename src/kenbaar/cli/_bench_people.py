"""`kenbaar bench match` and `bench search`: comparing with many people."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from kenbaar.cli._app import Out, common
from kenbaar.cli._bench_ground import machine

if TYPE_CHECKING:
    from kenbaar.measure import MatchBench


@click.command("match")
@click.option("--people", default=100_000, show_default=True, type=click.IntRange(1), help="Templates in the gallery.")
@click.option("--probes", default=1000, show_default=True, type=click.IntRange(1), help="Faces in one call.")
@click.option("--dim", default=512, show_default=True, type=click.IntRange(2), help="Numbers in a template.")
@click.option("--compact", is_flag=True, help="In whole numbers, at a quarter of the memory; and in float32, in turns.")
@common
def bench_match_command(out: Out, people: int, probes: int, dim: int, compact: bool) -> None:
    """Matching faces against many templates, against the machine's own matrix product."""
    from kenbaar.measure import bench_compact_match, bench_match

    out.say(machine())
    if not compact:
        floats = bench_match(people, probes, dim)
        _tell_match(out, "", floats)
        out.answer(_match_answer(floats))
        return
    both = bench_compact_match(people, probes, dim)
    _tell_match(out, "float32: ", both.floats)
    _tell_match(out, "compact: ", both.compact)
    out.say("All decisions were the same." if both.identical else "THE DECISIONS DIFFER: this is a bug.")
    out.answer(
        {**_match_answer(both.compact), "float32": _match_answer(both.floats), "identical_decisions": both.identical}
    )


@click.command("search")
@click.option("--people", default=100_000, show_default=True, type=click.IntRange(1), help="Who agreed to be asked.")
@click.option("--searches", default=200, show_default=True, type=click.IntRange(2), help="Questions of one face each.")
@common
def bench_search_command(out: Out, people: int, searches: int) -> None:
    """Asking "who is this?" of many people, on one core, beyond the model's own time."""
    from kenbaar.measure import bench_search

    out.say(machine())
    result = bench_search(people, searches)
    out.say(
        f"one face against {result.n:,} people: {result.median_ms:.0f} ms, 95 % of {result.searches} within "
        f"{result.p95_ms:.0f} ms, the first {result.first_ms:.0f} ms"
    )
    form = "in whole numbers" if result.compact else "float32"
    out.say(f"  gallery {result.gallery_mb:.0f} MB in memory ({form}); {result.memory_mb:.1f} MB beside it")
    out.answer({name: _rounded(value) for name, value in dataclasses.asdict(result).items()})


def _rounded(value: object) -> object:
    return round(value, 3) if isinstance(value, float) else value


def _tell_match(out: Out, form: str, result: MatchBench) -> None:
    out.say(f"{form}{result.probes} faces against {result.n:,} x {result.dim}: {result.ms_per_probe:.3f} ms a face")
    out.say(
        f"  {result.gemm_share:.0%} of this machine's float32 matrix product; "
        f"one face takes {result.read_ratio:.2f} times reading a float32 matrix of them"
    )
    out.say(
        f"  gallery {result.gallery_mb:.0f} MB in memory, {result.sealed_mb:.0f} MB sealed on disk; "
        f"{result.memory_mb:.0f} MB beside it"
    )


def _match_answer(result: MatchBench) -> dict[str, float]:
    return {
        "n": result.n,
        "dim": result.dim,
        "probes": result.probes,
        "ms_per_probe": round(result.ms_per_probe, 4),
        "read_ratio": round(result.read_ratio, 3),
        "gemm_share": round(result.gemm_share, 3),
        "memory_mb": round(result.memory_mb, 1),
        "gallery_mb": round(result.gallery_mb, 1),
        "sealed_mb": round(result.sealed_mb, 1),
    }
