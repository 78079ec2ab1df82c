"""What people may ask: their pictures, a correction, everything held, to leave; and the proof that nobody else is kept.

Rules: every answer is in the ledger before it is given; where the person holds the key, none is given without them;
whoever else is in a picture is painted over, and is in no file of an answer by name, id or face; leaving destroys keys
first and then everything derived; a "this is not me" is final.

    requests, store = archive.requests, archive.collections.store
    pictures = requests.find(actor, ada, sessions)
    write_contact_sheet(pictures, store, folder / "mine.html", limits, archive.detect_everybody)
    requests.claim(actor, ada, item, 0, sessions, lambda: pack, lambda: threshold, limits)   # "this box is me"
    requests.reject(actor, ada, item, sessions)              # "this is not me": never matched there again
    archive.exporter.export(actor, ada, folder / "mine.zip", sessions)       # everything, to read and to import
    assert archive.leaving.withdraw(actor, ada).copies == ()                 # published files that still show her
    assert archive.check(actor, say=say).clean               # no stranger in any byte of home
"""

from kenbaar.rights._case_sheet import CaseSheets
from kenbaar.rights._check import CheckReport, check_archive
from kenbaar.rights._export import Exporter, ExportReport
from kenbaar.rights._leaving import Departure, Leaving
from kenbaar.rights._on_screen import OwnPicture, ScreenPictures
from kenbaar.rights._requests import Picture, Requests
from kenbaar.rights._residue import Finding, ResidueReport, scan_home
from kenbaar.rights._sheet import write_collection_sheet, write_contact_sheet, write_sheet_of_somebody_here
from kenbaar.rights._transparency import FORMAT as TRANSPARENCY
from kenbaar.rights._transparency import KIND_WORDS, Transparency, count_acts, transparency_page
from kenbaar.rights._who_looked import Looks

__all__ = [
    "KIND_WORDS",
    "TRANSPARENCY",
    "CaseSheets",
    "CheckReport",
    "Departure",
    "ExportReport",
    "Exporter",
    "Finding",
    "Leaving",
    "Looks",
    "OwnPicture",
    "Picture",
    "Requests",
    "ResidueReport",
    "ScreenPictures",
    "Transparency",
    "check_archive",
    "count_acts",
    "scan_home",
    "transparency_page",
    "write_collection_sheet",
    "write_contact_sheet",
    "write_sheet_of_somebody_here",
]
