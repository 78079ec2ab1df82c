"""What it would take at scale, and how often it would be wrong: `python benchmarks/scale/run.py REPORT.json`.

REPORT.json is what `kenbaar evaluate` wrote of people who agreed to be measured; costs.json holds what `kenbaar bench`
measured. Prints the tables of docs/scale.md; with --write, puts them there. Needs numpy.

The simulation draws searches. A stranger's best score among N people comes from the measured curve and, beyond what
was seen, from the report's exponential tail: F_N = F_n^(N / n). A subject's own score comes from the measured FNIR
curve. Who scores highest above the threshold is named. Runner-up margins and several faces in one picture are left
out: both name fewer.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "scale.md"
BEGIN, END = "<!-- scale:begin -->", "<!-- scale:end -->"
PEOPLE = (20, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
PHOTOS = (1_000_000, 1_000_000_000, 10_000_000_000)
STRANGERS = 0.9  # of the faces in an archive; the rest are of people who agreed
DRAWS = 1_000_000


@dataclass(frozen=True)
class Scores:
    """Measured curves. thresholds rise; fnir and fpir belong to them, with n people and k photos each."""

    n: int
    k: int
    accept: float
    per_decade: float
    thresholds: np.ndarray
    fnir: np.ndarray
    fpir: np.ndarray
    tail: float  # score per decade of strangers named
    people: int

    @classmethod
    def of(cls, report: dict[str, Any]) -> Scores:
        """The curve for the report's usual number of enrolment photos. Raises ValueError where it has none."""
        force, k = report["in_force"], report["enrolment_photos"]
        curve = next((c for c in report["curves"] if c["enrolment_photos"] == k), None)
        points = sorted((curve or {}).get("points", ()), key=lambda p: p["threshold"])
        points = [p for p in points if p["fnir"]["value"] is not None and p["fpir"]["value"] is not None]
        if len(points) < 10 or not report["tail"]["per_decade"]:
            raise ValueError("The report has no DET curve of both rates; measure with more people.")
        columns = ([p["threshold"] for p in points], *([p[r]["value"] for p in points] for r in ("fnir", "fpir")))
        arrays = [np.array(c, np.float64) for c in columns]
        usual, tail = (report["n"], k, force["accept"], force["per_decade"]), report["tail"]["per_decade"]
        return cls(*usual, *arrays, tail, report["people"])

    def share(self, threshold: np.ndarray) -> np.ndarray:
        """The share of strangers whose best score among n reaches each threshold; by the tail where under 1 % do."""
        seen = np.interp(threshold, self.thresholds, self.fpir)
        rare = self.fpir < 0.01
        u = self.thresholds[rare][0] if rare.any() else self.thresholds[-1]
        q = float(np.interp(u, self.thresholds, self.fpir))
        return np.where(threshold > u, q * 10 ** (-(threshold - u) / self.tail), seen)

    def strangers(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """The best scores of DRAWS strangers among n people."""
        grid = np.linspace(self.thresholds[0] - 0.1, 1.2, 20_000)
        falls = self.share(grid)
        wanted = -np.expm1(np.log(rng.random(DRAWS)) * (self.n / n))  # 1 - U^(n/N): the share that reaches the best
        return np.interp(-wanted, -falls, grid)

    def mates(self, rng: np.random.Generator) -> np.ndarray:
        """The scores of DRAWS searches of subjects with their own template."""
        order = np.maximum.accumulate(self.fnir)
        return np.interp(rng.random(DRAWS), order, self.thresholds, left=self.thresholds[0], right=self.thresholds[-1])

    def missed(self, threshold: float, own: np.ndarray) -> str:
        """The share of these scores below a threshold, in words; past the measured curve, only that it is more."""
        if threshold > self.thresholds[-1]:
            return f"over {_percent(float(self.fnir.max()))}"
        return _percent(float((own < threshold).mean()))

    def level(self, n: int, fpir: float) -> float:
        """The threshold at which this share of strangers is named among n people; above 1 there is none."""
        wanted = -math.expm1(math.log1p(-fpir) * self.n / n)
        grid = np.linspace(self.thresholds[0] - 0.1, 1.5, 50_000)
        return float(np.interp(-wanted, -self.share(grid), grid))


def errors(scores: Scores) -> list[str]:
    """A table: what is named wrongly and what is missed, by how many are enrolled."""
    rng = np.random.default_rng(20261122)
    rows = [
        "| enrolled | threshold, as it tightens by itself | strangers named | wrong names in a million photos "
        "| subjects missed | subjects named as another | strangers named if it did not tighten "
        "| threshold for 0.1 % of strangers | subjects it misses |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for n in PEOPLE:
        level = scores.accept + scores.per_decade * max(0.0, math.log10(n / scores.n))
        strangers, others, own = scores.strangers(n, rng), scores.strangers(n, rng), scores.mates(rng)
        named = float((strangers >= level).mean())
        wrong = float(((others >= level) & (others > own)).mean())
        missed = scores.missed(level, own)
        loose = float((strangers >= scores.accept).mean())
        strict = scores.level(n, 0.001)
        faces = 1e6 * COSTS["faces_per_photo"]
        names = faces * (STRANGERS * named + (1 - STRANGERS) * wrong)
        strict_words = f"{strict:.4f} | {scores.missed(strict, own)}" if strict <= 1 else "none below 1 | all"
        rows.append(
            f"| {n:,} | {level:.4f} | {_percent(named)} | {_count(names)} | {missed} | {_percent(wrong)} | "
            f"{_percent(loose)} | {strict_words} |"
        )
    return rows


def work() -> list[str]:
    """A table: core-hours, memory and bytes, by photos and by people."""
    rows = ["| photos | sweep, core-hours | days on 16 cores | on 1,000 cores | matching 10,000 people | 1 million | "
            "100 million | records |", "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]  # fmt: skip
    per_million = COSTS["match_core_ms_per_million"] / 1e3 * COSTS["faces_per_photo"]
    for photos in PHOTOS:
        hours = photos * COSTS["photo_core_s"]["default"] / 3600
        matching = [_hours(photos * per_million * people / 1e6 / 3600) for people in (10_000, 1_000_000, 100_000_000)]
        stored = photos * (COSTS["bytes_per_photo"] + COSTS["faces_per_photo"] * COSTS["bytes_per_face"])
        rows.append(
            f"| {photos:,} | {_hours(hours)} | {hours / 16 / 24:,.1f} | {hours / 1000 / 24:,.2f} | {matching[0]} | "
            f"{matching[1]} | {matching[2]} | {_bytes(stored)} |"
        )
    rows += ["", "| enrolled | sealed templates, grants, keys | gallery, float32 | gallery, int8 |",
             "| ---: | ---: | ---: | ---: |"]  # fmt: skip
    for people in (10_000, 1_000_000, 10_000_000, 100_000_000):
        form = COSTS["gallery_bytes_per_person"]
        rows.append(
            f"| {people:,} | {_bytes(people * COSTS['bytes_per_person'])} | {_bytes(people * form['float32'])} | "
            f"{_bytes(people * form['int8'])} |"
        )
    return rows


def _percent(share: float) -> str:
    return f"under {100 * 3 / DRAWS:.4f} %" if share == 0 else f"{100 * share:.3g} %"


def _count(number: float) -> str:
    return f"{number:,.0f}" if number < 1e6 else f"{number / 1e6:,.1f} million"


def _hours(hours: float) -> str:
    return f"{hours:,.1f}" if hours < 100 else f"{hours:,.0f}"


def _bytes(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.0f} PB"


def main() -> int:
    """0; 2 where the report cannot be used."""
    parser = argparse.ArgumentParser(description="Tables of docs/scale.md, simulated from measured scores and costs.")
    parser.add_argument("report", type=Path, help="report.json, as `kenbaar evaluate` wrote it")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/scale.md")
    asked = parser.parse_args()
    try:
        report = json.loads(asked.report.read_text("utf-8"))
        scores = Scores.of(report)
    except (OSError, ValueError, KeyError, TypeError) as err:
        sys.stderr.write(f"That report cannot be used ({err}). Give the report.json of `kenbaar evaluate`.\n")
        return 2
    table = [
        f"Scores: {scores.people} people, {report['photos']} photos (`{report['data']['digest'][:19]}`), pack "
        f"`{report['pack']['digest'][:19]}`, measured with {scores.n} enrolled, {scores.k} photos each; "
        f"{DRAWS:,} searches drawn for each line. {COSTS['faces_per_photo']} faces a photo, "
        f"{STRANGERS:.0%} of them strangers.", "", *errors(scores), "", f"Costs: {COSTS['how']}.", "", *work(),
    ]  # fmt: skip
    sys.stdout.write("\n".join(table) + "\n")
    if asked.write:
        before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text("\n".join([before + BEGIN, *table, END + after]), "utf-8")
    return 0


COSTS: dict[str, Any] = json.loads((HERE / "costs.json").read_text("utf-8"))

if __name__ == "__main__":
    sys.exit(main())
