"""Charts drawn by hand as inline SVG: no script, no style attribute; colours by class, for print and for dark pages.

Every chart stands beside a table of the same figures; screen readers get its title and description.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from kenbaar.measure._figures import Curve, Histogram
from kenbaar.measure._rates import Rate
from kenbaar.measure._words import aim

_TICKS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001, 0.00005, 0.00002, 0.00001)
_WIDTH, _HEIGHT = 720, 460
_LEFT, _RIGHT, _TOP, _BOTTOM = 88, 20, 20, 62
_APART = 46  # px between figures on an axis


class _Frame:
    """A plot with two axes of 0..1, and the marks drawn so far."""

    def __init__(self, height: int = _HEIGHT) -> None:
        self.height, self.marks = height, list[str]()

    def x(self, share: float) -> float:
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(self, share: float) -> float:
        return self.height - _BOTTOM - share * (self.height - _TOP - _BOTTOM)

    def line(self, x1: float, y1: float, x2: float, y2: float, cls: str) -> None:
        self.marks.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{cls}"/>')

    def text(self, x: float, y: float, words: str, cls: str, anchor: str = "middle", turn: bool = False) -> None:
        turned = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turn else ""
        self.marks.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{cls}"{turned}>{escape(words)}</text>'
        )

    def path(self, points: Sequence[tuple[float, float]], cls: str, close: bool = False) -> None:
        if points:
            d = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + ("Z" if close else "")
            self.marks.append(f'<path d="{d}" class="{cls}"/>')

    def dot(self, x: float, y: float, cls: str) -> None:
        self.marks.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" class="{cls}"/>')

    def titles(self, across: str, up: str) -> None:
        self.text(self.x(0.5), self.height - 14, across, "axis")
        self.text(18, self.y(0.5), up, "axis", turn=True)

    def svg(self, ident: str, title: str, description: str) -> str:
        return (
            f'<svg viewBox="0 0 {_WIDTH} {self.height}" role="img" aria-labelledby="{ident}-t {ident}-d" class="chart">'
            f'<title id="{ident}-t">{escape(title)}</title><desc id="{ident}-d">{escape(description)}</desc>'
            f"{''.join(self.marks)}</svg>"
        )


class _Log:
    """A logarithmic axis from `least` to `most`."""

    def __init__(self, least: float, most: float) -> None:
        self.least, self.most = least, most

    def at(self, value: float) -> float:
        value = min(max(value, self.least), self.most)
        return math.log(value / self.least) / math.log(self.most / self.least)

    def ticks(self) -> list[float]:
        return [t for t in _TICKS if self.least * 0.999 <= t <= self.most * 1.001]

    def told(self, length: float, apart: float) -> set[float]:
        """The ticks that get a figure: decades first, then those that have room between them."""
        chosen: list[float] = []
        for tick in sorted(self.ticks(), key=lambda t: (round(math.log10(t) % 1, 6) not in (0, 1), -t)):
            if all(abs(self.at(tick) - self.at(other)) * length >= apart for other in chosen):
                chosen.append(tick)
        return set(chosen)


def det_chart(curves: Sequence[Curve], usual: int, now: tuple[float, float] | None, ident: str = "det") -> str:
    """FNIR against FPIR, both logarithmic, a line for each number of enrolment photos, a band for the usual one.

    now: (FPIR, FNIR) of the threshold in force. A rate of 0 is drawn on the edge.
    """
    seen = [r.value for c in curves for p in c.points for r in (p.fpir, p.fnir) if r.value > 0]
    least = min(0.1, max(1e-5, 10 ** math.floor(math.log10(min(seen))))) if seen else 0.001  # an axis has a length
    axis = _Log(least, 1.0)
    frame = _Frame()
    across, up = axis.told(frame.x(1) - frame.x(0), _APART), axis.told(frame.y(0) - frame.y(1), _APART / 2)
    for tick in axis.ticks():
        x, y = frame.x(axis.at(tick)), frame.y(axis.at(tick))
        frame.line(x, frame.y(0), x, frame.y(1), "grid")
        frame.line(frame.x(0), y, frame.x(1), y, "grid")
        words = aim(tick).replace(" ", "\u2009")  # a thin space
        if tick in across:
            frame.text(x, frame.y(0) + 18, words, "tick")
        if tick in up:
            frame.text(frame.x(0) - 8, y + 4, words, "tick", "end")
    frame.line(frame.x(0), frame.y(0), frame.x(1), frame.y(0), "edge")
    frame.line(frame.x(0), frame.y(0), frame.x(0), frame.y(1), "edge")
    for curve in curves:
        if curve.enrolment_photos == usual:
            upper = [(frame.x(axis.at(p.fpir.value)), frame.y(axis.at(p.fnir.high))) for p in curve.points]
            lower = [(frame.x(axis.at(p.fpir.value)), frame.y(axis.at(p.fnir.low))) for p in curve.points]
            frame.path(upper + lower[::-1], "band", close=True)
    for number, curve in enumerate(curves):
        points = [(frame.x(axis.at(p.fpir.value)), frame.y(axis.at(p.fnir.value))) for p in curve.points]
        frame.path(points, f"curve c{number}")
    if now is not None:
        frame.dot(frame.x(axis.at(now[0])), frame.y(axis.at(now[1])), "now")
    frame.titles("FPIR: share of strangers' searches that name somebody", "FNIR: share of mated searches that miss")
    words = ", ".join(f"{c.enrolment_photos} enrolment photo{'s' * (c.enrolment_photos > 1)}" for c in curves)
    return frame.svg(
        ident, "DET curve", f"FNIR against FPIR on logarithmic axes, for {words}. The table has the figures."
    )


def score_chart(histogram: Histogram, marks: Sequence[tuple[float, str]], ident: str = "scores") -> str:
    """How scores of mated and other comparisons are spread; each is scaled to its own largest bin.

    marks: (score, word), drawn as upright lines.
    """
    frame = _Frame(340)
    least, most = histogram.edges[0], histogram.edges[-1]

    def x(score: float) -> float:
        return frame.x(min(1.0, max(0.0, (score - least) / (most - least))))

    for counts, cls in ((histogram.non_mated, "others"), (histogram.mated, "mates")):
        top = max(max(counts), 1)
        outline = [(x(least), frame.y(0))]
        for i, count in enumerate(counts):
            height = frame.y(count / top * 0.94)
            outline += [(x(histogram.edges[i]), height), (x(histogram.edges[i + 1]), height)]
        frame.path([*outline, (x(most), frame.y(0))], f"area {cls}", close=True)
    step = _step((most - least) / 6)
    tick = math.ceil(least / step) * step
    while tick <= most:
        frame.line(x(tick), frame.y(0), x(tick), frame.y(0) + 5, "edge")
        frame.text(x(tick), frame.y(0) + 20, f"{tick:g}" if step >= 0.01 else f"{tick:.3f}", "tick")
        tick = round(tick + step, 9)
    frame.line(frame.x(0), frame.y(0), frame.x(1), frame.y(0), "edge")
    for score, _ in marks:
        frame.line(x(score), frame.y(0), x(score), frame.y(1) - 4, "mark")
    for i, (score, word) in enumerate(sorted(marks)):  # words last: their outline keeps them readable over the lines
        left = x(score) > frame.x(0.7)
        place = x(score) + (-6 if left else 6)
        frame.text(place, frame.y(1) + 10 + 17 * i, f"{word} {score:.4f}", "note", "end" if left else "start")
    frame.titles("Score (cosine; higher is more alike)", "Share of comparisons")
    return frame.svg(
        ident, "Scores", "How scores of mated and of non-mated comparisons are spread. The table has the counts."
    )


def _step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return min((m * power for m in (1, 2, 5, 10)), key=lambda s: abs(s - rough))


def whisker(rate: Rate | None, most: float, cls: str) -> str:
    """One rate with its interval on a line from 0 to `most`; decoration beside the figure, so hidden from readers."""
    if rate is None or most <= 0:
        return ""
    low, value, high = (4 + min(1.0, v / most) * 152 for v in (rate.low, rate.value, rate.high))
    return (
        f'<svg viewBox="0 0 160 16" class="whisker {cls}" aria-hidden="true">'
        '<line x1="4" y1="8" x2="156" y2="8" class="rail"/>'
        f'<line x1="{low:.1f}" y1="8" x2="{max(high, low + 1):.1f}" y2="8" class="span"/>'
        f'<circle cx="{value:.1f}" cy="8" r="4" class="dot"/></svg>'
    )
