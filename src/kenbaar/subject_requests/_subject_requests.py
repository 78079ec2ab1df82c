"""Requests received, put off with a reason, answered; each step in the ledger, each with a clock."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import get_args

from kenbaar.consent import Consents
from kenbaar.errors import NotFound, Refused, UsageError
from kenbaar.keys import CROCKFORD
from kenbaar.ledger import Journal, require_permission
from kenbaar.policy import Actor, Event
from kenbaar.subject_requests._due import AT_MOST, TO_ANSWER, months_later
from kenbaar.subject_requests._records import RequestKind, RequestStore, SubjectRequest

KEPT_DAYS = 183  # after the answer: as long as somebody may want to come back to it
MOST_OPEN = 1_000  # of people who never enrolled: beyond, a letter reaches somebody, and a flood does not
_LONGEST_WORDS, _LONGEST_CONTACT = 4_000, 300


class SubjectRequests:
    """The requests of one archive."""

    def __init__(self, store: RequestStore, consents: Consents, journal: Journal) -> None:
        self.store, self._consents, self._journal = store, consents, journal

    def receive(
        self,
        actor: Actor,
        kind: RequestKind,
        *,
        subject: str | None = None,
        contact: str = "",
        words: str = "",
        item: str | None = None,
        digest: str | None = None,
        point: tuple[int, int] | None = None,
    ) -> SubjectRequest:
        """A new request; its clock begins today. Raises UsageError, NotFound, Refused where too many wait."""
        require_permission(Event.REQUEST, actor, subject)
        if kind not in get_args(RequestKind):
            raise UsageError("There is no such kind of request.", f"Use {', '.join(get_args(RequestKind))}.")
        words, contact = words.strip(), contact.strip()
        if len(words) > _LONGEST_WORDS or len(contact) > _LONGEST_CONTACT or "\n" in contact:
            raise UsageError("That is longer than a request may be.", f"Use {_LONGEST_WORDS} characters at most.")
        if subject is not None:
            self._consents.subject(subject)
        elif sum(r.is_open and r.subject is None for r in self.store.all()) >= MOST_OPEN:
            raise Refused("Too many requests wait for an answer.", "Write to the organisation instead.")
        now = self._journal.now()
        made = SubjectRequest(
            id="q-" + "".join(secrets.choice(CROCKFORD) for _ in range(8)),
            kind=kind, received_at=now, due=months_later(now.date(), TO_ANSWER), subject=subject, contact=contact,
            words=words, item=item, digest=digest, x=point[0] if point else None, y=point[1] if point else None,
        )  # fmt: skip
        with self._journal.writing():
            self._journal.record(Event.REQUEST, actor, subject=subject, request=made.id, kind=kind, state="open")
            self.store.put(made)
            self._drop_old()
        return made

    def get(self, request: str) -> SubjectRequest:
        """One by its id. Raises NotFound."""
        found = self.store.get(request)
        if found is None:
            raise NotFound("There is no such request.", "See `kenbaar requests list`.")
        return found

    def extend(self, actor: Actor, request: str, reason: str) -> SubjectRequest:
        """Two months more, where it is complex; the person is told why. Raises UsageError, Refused, NotFound."""
        found, reason = self._open(request), reason.strip()
        if not reason or len(reason) > _LONGEST_WORDS:
            raise UsageError("It takes a reason, which the person is told.", "Say why it takes longer.")
        if found.state == "extended":
            raise Refused("This request was put off already.", "It cannot be put off twice: answer it.")
        if found.days_left(self._journal.now().date()) < 0:
            raise Refused("Its month is over, so it cannot be put off any more.", "Answer it now.")
        due = months_later(found.received_at.date(), AT_MOST)
        return self._changed(actor, replace(found, state="extended", reason=reason, due=due))

    def answer(self, actor: Actor, request: str, answer: str, *, refused: bool = False) -> SubjectRequest:
        """Its answer: what was done, or why not. Raises UsageError, Refused where it was answered, NotFound."""
        found, answer = self._open(request), answer.strip()
        if not answer or len(answer) > _LONGEST_WORDS:
            raise UsageError("It takes an answer, which the person is told.", "Say what was done, or why not.")
        state, now = "refused" if refused else "answered", self._journal.now()
        by = actor.account_name
        return self._changed(actor, replace(found, state=state, answer=answer, closed_at=now, closed_by=by))  # type: ignore[arg-type]

    def of(self, subject: str) -> list[SubjectRequest]:
        """All of one person."""
        return [r for r in self.store.all() if r.subject == subject]

    def _open(self, request: str) -> SubjectRequest:
        found = self.get(request)
        if not found.is_open:
            raise Refused("This request was answered already.", "See its answer.")
        return found

    def _changed(self, actor: Actor, request: SubjectRequest) -> SubjectRequest:
        require_permission(Event.REQUEST, actor, None)
        with self._journal.writing():
            self._open(request.id)  # again: nobody else answered it meanwhile
            self._journal.record(
                Event.REQUEST,
                actor,
                subject=request.subject,
                request=request.id,
                kind=request.kind,
                state=request.state,
            )
            self.store.put(request)
            self._drop_old()
        return request

    def _drop_old(self) -> None:
        before = self._journal.now() - timedelta(days=KEPT_DAYS)
        self.store.delete([r.id for r in self.store.all() if r.closed_at is not None and r.closed_at < before])
