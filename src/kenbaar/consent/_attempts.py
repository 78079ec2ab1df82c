"""Misses stand in the ledger as hits do: what was tried in somebody's name, and refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from kenbaar.consent._in_force import Code, ConsentsInForce, Sessions
from kenbaar.errors import IntegrityBroken, KenbaarError, NoSpace
from kenbaar.keys import CodeSession, RecoveryCode
from kenbaar.policy import Actor, Event


@contextmanager
def attempted(consents: ConsentsInForce, act: Event, actor: Actor, subject: str | None) -> Iterator[None]:
    """Whatever is refused inside is in the ledger before it is told: who tried which act, and what stood in the way.

    It is sealed under the person's own key to the ledger while there is one. An id that nobody has (a name may have
    been typed instead), or of somebody who left, is not written down: then the entry says what was tried, and no more.
    """
    try:
        yield
    except KenbaarError as err:
        if not isinstance(err, (NoSpace, IntegrityBroken)):
            record_refusal(consents, str(act), actor, subject, err)
        raise


def record_refusal(consents: ConsentsInForce, act: str, actor: Actor, subject: str | None, why: KenbaarError) -> None:
    """Enters that this act was asked for and refused; as in `attempted`."""
    person = consents.store.subject(subject) if subject else None
    known = person.id if person is not None and person.left_at is None else None
    with consents.journal.writing(in_doubt=True):
        consents.journal.record(Event.REFUSED, actor, subject=known, act=act, why=type(why).__name__)


def open_sessions(
    consents: ConsentsInForce, codes: Iterable[Code], act: Event, actor: Actor, subject: str | None = None
) -> Sessions:
    """A session for each recovery code; a wrong one is in the ledger, for the person whose code it says it is.

    subject: whom the act is about; for a code that cannot be read. Raises WrongCode and its kin.
    """
    opened: dict[str, Sessions] = {}
    for text in codes:
        whose = subject
        with suppress(KenbaarError):
            whose = text.subject if isinstance(text, CodeSession) else RecoveryCode.parse(text).subject
        with attempted(consents, act, actor, whose):
            opened[whose or ""] = consents.sessions([text])
    return Sessions({s: session for one in opened.values() for s, session in one.by_subject.items()})
