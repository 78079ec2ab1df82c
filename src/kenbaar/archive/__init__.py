"""One organisation's archive: opened, wired, recovered after a kill. Every act goes through it.

with open_archive(settings) as archive:
    invited = archive.consents.invite(actor, "Ada", [Purpose.parse("find")])
    archive.sweeps.sweep(actor, "party", archive.packs.in_use(), ...)
"""

from kenbaar.archive._archive import Archive, create_archive, open_archive, verify_ledger_of
from kenbaar.archive._enrolments import Enrolments
from kenbaar.archive._packs import Packs, note_of

__all__ = ["Archive", "Enrolments", "Packs", "create_archive", "note_of", "open_archive", "verify_ledger_of"]
