"""Walking a collection and finding who in it agreed to be found.

Rules: templates of faces are made only as far as the collection's permit goes, and never leave the worker that made
them; the same content, pack and grants are analysed once; a withdrawal is heard at the next batch (32 photos or a
second); one unreadable photo is counted and the sweep goes on; memory does not grow with the number of photos.

    in_use, engine = archive.packs.in_use(), LocalEngine(1)
    report = archive.sweeps.sweep(actor, "party", in_use, sessions=sessions, engine=engine, limits=limits, say=say)
    assert (report.photos, report.skipped) == (1, 1)                         # it was analysed before
    analysis = analyse_photo(file, limits, pack, permit, gallery, threshold) # one photo, in this process
    assert [r.subject for r in analysis.recognised] == [ada]                 # who agreed and is in it
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
from kenbaar.sweep._plan import PassedOverCount
from kenbaar.sweep._present import PresentReport, PresentSearches, SeenHere
from kenbaar.sweep._reanalyse import reanalyse_photo, steady_threshold
from kenbaar.sweep._run import SweepProgress, SweepReport, Sweeps, Unreadable
from kenbaar.sweep._tasks import AnalysePhotos, AnalysisTask, OlderPack
from kenbaar.sweep._video import VideoAnalysis, analyse_video

__all__ = [
    "AnalysePhotos",
    "AnalysisTask",
    "Barred",
    "Comparison",
    "KnownFaces",
    "OlderPack",
    "PackInUse",
    "PassedOverCount",
    "PhotoAnalysis",
    "PresentReport",
    "PresentSearches",
    "Recognised",
    "SeenHere",
    "SweepProgress",
    "SweepReport",
    "Sweeps",
    "Unreadable",
    "VideoAnalysis",
    "analyse_photo",
    "analyse_video",
    "merge_decisions",
    "reanalyse_photo",
    "steady_threshold",
]
