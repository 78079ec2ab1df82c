"""Walking a collection and finding who in it agreed to be found.

Rules: templates of faces are made only as far as the collection's permit goes, and never leave the worker that made
them; the same content, pack and grants are looked at once; a withdrawal is heard at the next batch (32 photos or a
second); one unreadable photo is counted and the sweep goes on; memory does not grow with the number of photos.

    sweeps = Sweeps(consents, collections, journal, locks)
    report = sweeps.sweep(actor, "party", pack, sessions=Sessions(), workers=2, limits=PhotoLimits(), say=print)
    report.photos, report.appearances, report.unreadable
    look_at(path, limits, pack, permit, gallery, threshold)   # one photo, in this process
    Look(...).seen                                            # who agreed and is in it
    run_looks(tasks, WorkerSetup(...), workers=2)             # many photos, a process each: (task, Look or Failure)
"""

from kenbaar.sweep._again import look_again, steady_threshold
from kenbaar.sweep._compared import PackInUse
from kenbaar.sweep._local import Failure, OlderPack, Task, WorkerSetup, run_looks
from kenbaar.sweep._look import Barred, Comparison, FaceFinder, KnownFaces, Look, Seen, look_at
from kenbaar.sweep._run import SweepProgress, SweepReport, Sweeps, Unreadable

__all__ = [
    "Barred",
    "Comparison",
    "FaceFinder",
    "Failure",
    "KnownFaces",
    "Look",
    "OlderPack",
    "PackInUse",
    "Seen",
    "SweepProgress",
    "SweepReport",
    "Sweeps",
    "Task",
    "Unreadable",
    "WorkerSetup",
    "look_again",
    "look_at",
    "run_looks",
    "steady_threshold",
]
