"""What a run says: a table for the terminal and for docs/performance.md, and the chart docs/benchmarks.svg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from benchmarks.figures import Ratio, Tally
from benchmarks.rows import REFERENCE, TITLES, Row, Task

BEGIN, END = "<!-- benchmarks:begin -->", "<!-- benchmarks:end -->"


@dataclass(slots=True)
class Result:
    """One row's outcome. refused: why it has no figures. masked, groups: (masked, of how many faces)."""

    row: Row
    refused: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    cpu_ms: float = 0.0
    wall_ms: float = 0.0
    cpu: Ratio | None = None
    wall: Ratio | None = None
    tally: Tally | None = None
    masked: tuple[int, int] = (0, 0)
    groups: tuple[int, int] = (0, 0)
    held: int = 0


def ratio_words(ratio: Ratio | None) -> str:
    """The ratio with its spread: "18 (17-21)"."""
    if ratio is None:
        return "-"
    return f"{_short(ratio.middle)} ({_short(ratio.least)}-{_short(ratio.most)})"


def tables(results: Sequence[Result], conditions: str, quoted: Sequence[dict[str, str]]) -> str:
    """The whole section for docs/performance.md, markers not included. conditions: a sentence on machine and run."""
    lines = ["## Against others: `python benchmarks/run.py`", "", conditions, ""]
    for task in TITLES:
        if not (of_task := [r for r in results if r.row.task == task]):
            continue
        reference = next((r for r in of_task if r.row.id == REFERENCE[task]), of_task[0])
        lines += [f"### {TITLES[task]}", "", *_head(task, reference.row.label)]
        lines += [_line(r) for r in of_task if not r.refused]
        lines += ["", *(f"- {r.row.label}: not run. {r.refused}" for r in of_task if r.refused), ""]
    lines += ["![Times as long as Kenbaar, with spread](benchmarks.svg)", ""]
    lines += ["### Published figures, quoted: other machines, other pictures", "", "| who | what they say | where |"]
    lines += ["| --- | --- | --- |"]
    lines += [f"| {_cell(q['who'])} | {_cell(q['figure'])} | {_cell(q['source'])} |" for q in quoted]
    text = "\n".join(lines)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.strip() + "\n"


def write_section(page: Path, section: str) -> None:
    """Puts the section between its markers in that page; at its end, with markers, where there are none.

    Raises ValueError, and leaves the page as it is, where only one of the markers is there or they stand crosswise.
    """
    text = page.read_text("utf-8") if page.exists() else ""
    block = f"{BEGIN}\n{section}{END}"
    if text.count(BEGIN) == text.count(END) == 0:
        text = f"{text.rstrip()}\n\n{block}\n" if text.strip() else f"{block}\n"
    else:
        start, stop = text.find(BEGIN), text.find(END)
        if text.count(BEGIN) != 1 or text.count(END) != 1 or stop < start:
            raise ValueError(f"{page.name} has broken markers. Mend them, or take both away: {BEGIN} and {END}.")
        text = text[:start] + block + text[stop + len(END) :]
    page.write_text(text, "utf-8")


def chart(results: Sequence[Result]) -> str:
    """The chart as SVG: a bar for each row's median ratio by CPU time, a whisker from least to most; Kenbaar is 1."""
    groups = [(task, [r for r in results if r.row.task == task and r.cpu is not None]) for task in TITLES]
    left, right, bar, gap, head = 270, 130, 18, 10, 44
    room = 860 - left - right
    body: list[str] = []
    y = 16
    for task, shown in groups:
        if not shown:
            continue
        most = max(r.cpu.most for r in shown if r.cpu)
        body.append(f'<text class="title" x="16" y="{y + 16}">{escape(TITLES[task])}</text>')
        body.append(
            f'<text class="note" x="{left}" y="{y + 16}">times as long, CPU time; least and most by round</text>'
        )
        y += head - 16
        one = left + room / most
        body.append(
            f'<line class="one" x1="{one:.1f}" y1="{y - 4}" x2="{one:.1f}" y2="{y + len(shown) * (bar + gap)}"/>'
        )
        for r in shown:
            assert r.cpu is not None  # as chosen above
            middle, least, end = (room * v / most for v in (r.cpu.middle, r.cpu.least, r.cpu.most))
            kind = "ours" if r.row.folder == "kenbaar" else "other"
            half = y + bar / 2
            body += [
                f'<text x="{left - 10}" y="{half + 4:.1f}" text-anchor="end">{escape(r.row.label)}</text>',
                f'<rect class="{kind}" x="{left}" y="{y}" width="{middle:.1f}" height="{bar}" rx="2"/>',
                f'<path class="whisker" d="M{left + least:.1f} {half}H{left + end:.1f}'
                f'M{left + least:.1f} {half - 4}v8M{left + end:.1f} {half - 4}v8"/>',
                f'<text x="{left + end + 8:.1f}" y="{half + 4:.1f}">{escape(ratio_words(r.cpu))}</text>',
            ]
            y += bar + gap
        y += 18
    words = "; ".join(f"{r.row.label} {ratio_words(r.cpu)}" for _, shown in groups for r in shown)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 {y}" role="img" aria-label="{escape(words)}">\n'
        f"<title>How many times as long as Kenbaar</title>\n<style>{_STYLE}</style>\n" + "\n".join(body) + "\n</svg>\n"
    )


_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#24292f}.title{font-weight:600}.note{fill:#57606a;font-size:12px}"
    ".ours{fill:#1a7f64}.other{fill:#8c959f}.whisker{stroke:#24292f;stroke-width:1.5;fill:none}"
    ".one{stroke:#1a7f64;stroke-dasharray:3 3}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.note{fill:#9198a1}.ours{fill:#3fb68b}.other{fill:#656c76}"
    ".whisker{stroke:#e6edf3}.one{stroke:#3fb68b}}"
)


def _head(task: Task, reference: str) -> list[str]:
    last = ["faces found", "named rightly", "named wrongly", "false boxes"]
    if task == "mask":
        last = ["faces masked", "in groups of 2 to 30", "held back"]
    cells = ["", f"times {reference}, CPU time (least-most)", "the same by the clock", "ms CPU a photo", *last]
    return ["| " + " | ".join(cells) + " |", "| --- " * len(cells) + "|"]


def _line(r: Result) -> str:
    cells = [_cell(r.row.label), ratio_words(r.cpu), ratio_words(r.wall), f"{r.cpu_ms:.0f}"]
    if r.row.task == "mask":
        cells += [_of(*r.masked), _of(*r.groups), str(r.held)]
    elif r.tally is not None:
        t = r.tally
        cells += [_of(t.found, t.faces), _of(t.named, t.faces), str(t.wrong), str(t.false)]
    return "| " + " | ".join(cells) + " |"


def _of(n: int, whole: int) -> str:
    return f"{n} of {whole}"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.995 else f"{value:.2f}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
