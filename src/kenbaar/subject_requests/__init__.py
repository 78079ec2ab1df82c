"""What people may ask for by law (GDPR art. 15 to 21): received, answered within a month, and never lost sight of.

Rules: the clock is the calendar's, and begins the day a request comes; it is put off once, for a reason that the person
is told; each step is in the ledger; who never enrolled gives no more than they wish to; half a year after the answer a
request is gone.

    asked = archive.subject_requests.receive(actor, "access", subject=ada, words="All of it, please.")
    assert asked.is_open and asked.days_left(asked.received_at.date()) >= 28
    done = archive.subject_requests.answer(actor, asked.id, "Sent today.")
    assert done.state == "answered"
"""

from kenbaar.subject_requests._due import months_later
from kenbaar.subject_requests._records import RequestKind, RequestState, RequestStore, SubjectRequest
from kenbaar.subject_requests._subject_requests import KEPT_DAYS, SubjectRequests

__all__ = [
    "KEPT_DAYS",
    "RequestKind",
    "RequestState",
    "RequestStore",
    "SubjectRequest",
    "SubjectRequests",
    "months_later",
]
