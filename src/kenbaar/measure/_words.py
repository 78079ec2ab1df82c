"""Figures as people read them, the same on the terminal and on paper."""

from __future__ import annotations

from kenbaar.measure._rates import Rate


def percent(share: float | None) -> str:
    """Two digits that say something: "12 %", "2.7 %", "0.014 %"; a dash for nothing."""
    if share is None:
        return "–"
    value = share * 100
    if value == 0:
        return "0 %"
    if value >= 99.95 and value < 100:
        return f"{value:.2f} %"
    if value >= 9.95:
        return f"{value:.0f} %" if value < 90 else f"{value:.1f} %".replace(".0 %", " %")
    digits = 1
    small = value
    while small < 0.995 and digits < 5:
        small, digits = small * 10, digits + 1
    return f"{value:.{digits}f} %"


def told(rate: Rate | None) -> str:
    """A rate with its interval: "2.7 % (0.4 % to 6.1 %)"."""
    if rate is None:
        return "not measured"
    return f"{percent(rate.value)} ({span(rate)}){'†' if rate.shaky else ''}"


def span(rate: Rate | None) -> str:
    """The interval alone."""
    return "–" if rate is None else f"{percent(rate.low)} to {percent(rate.high)}"


def plural(n: int, one: str, many: str | None = None) -> str:
    """A number of things: "1 file", "1,177 searches"."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def aim(target: float | None) -> str:
    """A rate somebody chose, as they chose it: "0.1 %"."""
    return "–" if target is None else f"{target * 100:g} %"
