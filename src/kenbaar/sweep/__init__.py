"""Walking a collection and finding who in it agreed to be found.

Rules: templates of faces are made only as far as the collection's permit goes, and never leave the worker that made
them; the same content, pack and grants are analysed once; a withdrawal is heard at the next batch (32 photos or a
second); one unreadable photo is counted and the sweep goes on; memory does not grow with the number of photos.

    sweeps = Sweeps(consents, collections, journal, locks)
    report = sweeps.sweep(actor, "party", pack, sessions=Sessions(), engine=LocalEngine(2), limits=limits, say=print)
    report.photos, report.appearances, report.unreadable
    analysis = analyse_photo(path, limits, pack, permit, gallery, threshold)   # one photo, in this process
    analysis.recognised                                       # who agreed and is in it
    engine.map(AnalysePhotos(...), tasks, on_result, never)   # many photos
"""

from kenbaar.sweep._analyse import (
    Barred,
    Comparison,
    KnownFaces,
    PhotoAnalysis,
    Recognised,
    analyse_photo,
    merge_decisions,
)
from kenbaar.sweep._compared import PackInUse
from kenbaar.sweep._reanalyse import reanalyse_photo, steady_threshold
from kenbaar.sweep._run import SweepProgress, SweepReport, Sweeps, Unreadable
from kenbaar.sweep._tasks import AnalysePhotos, AnalysisTask, OlderPack

__all__ = [
    "AnalysePhotos",
    "AnalysisTask",
    "Barred",
    "Comparison",
    "KnownFaces",
    "OlderPack",
    "PackInUse",
    "PhotoAnalysis",
    "Recognised",
    "SweepProgress",
    "SweepReport",
    "Sweeps",
    "Unreadable",
    "analyse_photo",
    "merge_decisions",
    "reanalyse_photo",
    "steady_threshold",
]
