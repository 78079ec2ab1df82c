"""Who agreed to what, the keys that say so, and the gallery that opens with them.

Rules: nothing is ticked for the person; a grant has an end date, always; only this room makes a ConsentedGallery; there
is no flag to skip consent and no default purpose; no consents means an empty gallery.

    consents = archive.consents
    invited = consents.invite(actor, "Bob", [Purpose.parse("find"), Purpose.parse("show:web")], holder="subject")
    subject, invitation, notice = consents.offer(invited.token)
    vectors = read_portraits(portraits, pack, same_person=0.7)
    enrolled = consents.enrol(actor, invited.token, vectors, pack.digest, agreed=invitation.purposes)
    gallery = consents.open_gallery(RECOGNISING, pack.digest, consents.sessions([enrolled.code]))
    gallery.recorded(archive.journal.record(Event.SWEEP, actor, collection="party", mode="transient"))  # first
    assert set(gallery.subjects) == {ada, subject.id}                        # without his code: ada alone
"""

from kenbaar.consent._attempts import attempted, open_sessions, record_refusal
from kenbaar.consent._consents import Consents, Enrolled, refuse_portrait_unasked
from kenbaar.consent._facts import grant_facts, grant_facts_utc
from kenbaar.consent._in_force import SOMEBODY_HERE, Code, Sessions
from kenbaar.consent._invite import Invited
from kenbaar.consent._notice import NOTICES, last_day, notice_digest, notice_text
from kenbaar.consent._portraits import LOOSER_DECADES, read_live, read_portraits, read_reference
from kenbaar.consent._purpose import ASKED, COMPARING, ENGLISH, FINDING, RECOGNISING, SHOWING, Purpose
from kenbaar.consent._receipt import (
    ConsentFacts,
    DestructionFacts,
    VerifiedReceipt,
    describe_receipt,
    make_consent_receipt,
    make_destruction_receipt,
    verify_receipt,
)
from kenbaar.consent._records import (
    ConsentStore,
    Grant,
    GrantKey,
    Holder,
    Invitation,
    PortraitStore,
    SealedTemplate,
    Subject,
    TemplateStore,
)
from kenbaar.consent._signed import Signed, sign_manifest, verify_manifest

__all__ = [
    "ASKED",
    "COMPARING",
    "ENGLISH",
    "FINDING",
    "LOOSER_DECADES",
    "NOTICES",
    "RECOGNISING",
    "SHOWING",
    "SOMEBODY_HERE",
    "Code",
    "ConsentFacts",
    "ConsentStore",
    "Consents",
    "DestructionFacts",
    "Enrolled",
    "Grant",
    "GrantKey",
    "Holder",
    "Invitation",
    "Invited",
    "PortraitStore",
    "Purpose",
    "SealedTemplate",
    "Sessions",
    "Signed",
    "Subject",
    "TemplateStore",
    "VerifiedReceipt",
    "attempted",
    "describe_receipt",
    "grant_facts",
    "grant_facts_utc",
    "last_day",
    "make_consent_receipt",
    "make_destruction_receipt",
    "notice_digest",
    "notice_text",
    "open_sessions",
    "read_live",
    "read_portraits",
    "read_reference",
    "record_refusal",
    "refuse_portrait_unasked",
    "sign_manifest",
    "verify_manifest",
    "verify_receipt",
]
