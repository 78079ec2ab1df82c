"""What Kenbaar's own numbers are: how often wrong, and how fast. Measured in the run that prints them.

- Error rates are measured on people who agreed to it, along the product's own path: analyse_photo, read_portraits,
  combine, the gallery, the rules of matching. Nothing of them is kept: vectors are overwritten at the end, the
  report is numbers.
- A rate never travels alone: threshold, N, searches, interval, data set, pack. What the people at hand cannot carry is
  not claimed.
- A speed is told against the machine's own, measured in the same process in turns; never alone.

    people = read_people(volunteers)                                         # a folder for each person who agreed
    told = evaluate(
        people, pack, pack_default(pack.manifest), limits, pack_name="tiny", detail_side=640,
        on_disk=lambda: pack.digest, say=say, splits=2,
    )
    told.now.fpir                                                            # Rate: value, low, high, errors, searches
    with report_folder(folder / "report", now) as target:
        write_report(told, target)                                           # report.html, report.json, report.csv
"""

from kenbaar.measure._adopt import (
    Adopted,
    adopt,
    adopted_for,
    doubling_warning,
    keep_adopted,
    looser,
    pack_default,
    read_adopted,
    threshold_in_force,
)
from kenbaar.measure._bench_cores import machine_speedup
from kenbaar.measure._bench_detect import DetectBench, FoundOfSize, bench_detect
from kenbaar.measure._bench_gallery import GalleryBench, bench_gallery
from kenbaar.measure._bench_leaks import LeakRow, bench_leaks
from kenbaar.measure._bench_match import MatchBench, MatchComparison, bench_compact_match, bench_match
from kenbaar.measure._bench_search import SearchBench, bench_search
from kenbaar.measure._bench_sweep import SweepBench, bench_sweep, steady_rate, time_in_turns
from kenbaar.measure._evaluate import evaluate
from kenbaar.measure._figures import Evaluation, Point
from kenbaar.measure._leak_clips import CLIP_CONDITIONS, ClipCondition, ClipLeaks, compose_clip, count_leaks, is_visible
from kenbaar.measure._leak_pictures import CONDITIONS, Head, Pixels, Truth, cut_head
from kenbaar.measure._people import MeasuredPeople, read_people
from kenbaar.measure._pictures import Composed, compose_crowds, compose_photos
from kenbaar.measure._rates import Rate
from kenbaar.measure._report import picture_examples, report_folder, write_report
from kenbaar.measure._report_data import report_data
from kenbaar.measure._report_rows import Report
from kenbaar.measure._words import aim, plural
from kenbaar.measure._words import told as rate_words

__all__ = [
    "CLIP_CONDITIONS",
    "CONDITIONS",
    "Adopted",
    "ClipCondition",
    "ClipLeaks",
    "Composed",
    "DetectBench",
    "Evaluation",
    "FoundOfSize",
    "GalleryBench",
    "Head",
    "LeakRow",
    "MatchBench",
    "MatchComparison",
    "MeasuredPeople",
    "Pixels",
    "Point",
    "Rate",
    "Report",
    "SearchBench",
    "SweepBench",
    "Truth",
    "adopt",
    "adopted_for",
    "aim",
    "bench_compact_match",
    "bench_detect",
    "bench_gallery",
    "bench_leaks",
    "bench_match",
    "bench_search",
    "bench_sweep",
    "compose_clip",
    "compose_crowds",
    "compose_photos",
    "count_leaks",
    "cut_head",
    "doubling_warning",
    "evaluate",
    "is_visible",
    "keep_adopted",
    "looser",
    "machine_speedup",
    "pack_default",
    "picture_examples",
    "plural",
    "rate_words",
    "read_adopted",
    "read_people",
    "report_data",
    "report_folder",
    "steady_rate",
    "threshold_in_force",
    "time_in_turns",
    "write_report",
]
