"""One organisation's archive: opened, wired, recovered after a kill. Every act goes through it.

Rules: whoever opens it recovers what a kill left; one writer at a time; an act is in the ledger before it is done.

    with open_archive(settings) as archive:
        invited = archive.consents.invite(actor, "Ada", [Purpose.parse("find")])
        subject, invitation, notice = archive.consents.offer(invited.token)
        assert archive.check(actor, say=say).clean
"""

from kenbaar.archive._archive import Archive, open_archive
from kenbaar.archive._clock import Doubt
from kenbaar.archive._create import create_archive
from kenbaar.archive._enrolments import Enrolments
from kenbaar.archive._limits import photo_limits
from kenbaar.archive._packs import Packs, note_of
from kenbaar.archive._seal import CollectionToSeal, ConsentToSeal, ToSeal, seal_archive
from kenbaar.archive._verify import verify_ledger_of

__all__ = [
    "Archive",
    "CollectionToSeal",
    "ConsentToSeal",
    "Doubt",
    "Enrolments",
    "Packs",
    "ToSeal",
    "create_archive",
    "note_of",
    "open_archive",
    "photo_limits",
    "seal_archive",
    "verify_ledger_of",
]
