"""What this machine's cores are worth together: bare inference in several processes, against the same in one.

Cores share caches and memory, and on rented machines the neighbours': two of them seldom do twice the work of one. A
sweep's speed-up is told beside this one, which no program can exceed.
"""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from kenbaar.media import PhotoLimits, open_photo
from kenbaar.modelpack import load_pack

_SECONDS = 5.0  # of counting; at 20 photos a second the count is good to a percent
_START_S = 4.0  # for opening the pack, before all begin at once
_FACES = 3


def machine_speedup(pack_folder: Path, photo: Path, workers: int) -> float:
    """Rounds of bare inference in `workers` processes over those in one, in the same time. 1.0 with one."""
    if workers < 2:
        return 1.0
    before, together, after = (_rounds(pack_folder, photo, n) for n in (1, workers, 1))
    return 2 * together / (before + after)


def _rounds(pack_folder: Path, photo: Path, workers: int) -> int:
    start = time.monotonic() + _START_S
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as processes:
        return sum(processes.map(_count, *zip(*[(pack_folder, photo, start)] * workers, strict=True)))


def _count(pack_folder: Path, photo: Path, start: float) -> int:
    """In a process of its own: how often both networks ran on that photo's input in _SECONDS from `start`."""
    import cv2

    cv2.setNumThreads(1)
    pack = load_pack(pack_folder, threads=1)
    opened = open_photo(photo, PhotoLimits(), detail_side=pack.manifest.detector.long_side)
    detector, embedder = pack.networks_alone(opened, _FACES)
    detector(), embedder()
    time.sleep(max(0.0, start - time.monotonic()))
    end, rounds = time.monotonic() + _SECONDS, 0
    while time.monotonic() < end:
        detector(), embedder()
        rounds += 1
    return rounds
