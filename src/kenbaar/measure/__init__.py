"""What Kenbaar's own numbers are: how fast, and (later) how often wrong. Measured in the run that prints them.

A speed is told against the machine's own, measured in the same process in turns; never alone.

    bench = bench_match(people=100_000, probes=1_000)
    bench.ms_per_probe                        # of one call with all of them
    bench.gemm_share                          # of what a bare matrix product reaches here; 1 is the machine
    bench.read_ratio                          # one probe, against reading the gallery once
    bench.memory_mb                           # beyond the gallery itself
    bench_match(1_000_000, 1, dim=512)        # another size
"""

from kenbaar.measure._bench_gallery import GalleryBench, bench_gallery
from kenbaar.measure._bench_match import MatchBench, bench_match
from kenbaar.measure._bench_sweep import SweepBench, bench_sweep, steady_rate, time_in_turns
from kenbaar.measure._pictures import compose_photos

__all__ = [
    "GalleryBench",
    "MatchBench",
    "SweepBench",
    "bench_gallery",
    "bench_match",
    "bench_sweep",
    "compose_photos",
    "steady_rate",
    "time_in_turns",
]
