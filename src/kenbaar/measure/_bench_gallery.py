"""How long it takes to open a gallery, and to leave it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class GalleryBench:
    """open_s: unwrapping, opening and checking every template, to one matrix. withdraw_s: one of them, whole."""

    n: int
    open_s: float
    withdraw_s: float


def bench_gallery(
    n: int, open_gallery: Callable[[], object], withdraw: Callable[[int], object], rounds: int = 3
) -> GalleryBench:
    """Medians over a few rounds. withdraw(i): the i-th of the people made for this leaves."""
    opened, left = [], []
    for i in range(rounds):
        begin = time.perf_counter()
        open_gallery()
        opened.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        withdraw(i)
        left.append(time.perf_counter() - begin)
    return GalleryBench(n, median(opened), median(left))
