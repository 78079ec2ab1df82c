"""Two people decide, the second without knowing what the first said; only then somebody is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from kenbaar.asking._cases import Cases, no_such_case
from kenbaar.asking._records import NOBODY, Case, CaseFace, Review, Shown
from kenbaar.collections import Appearance, Collections, Item, Rejection
from kenbaar.consent import Consents, Sessions, attempted
from kenbaar.errors import CaseRefused, ConsentMissing, NotFound
from kenbaar.ledger import Journal, require_permission
from kenbaar.policy import ROLES, Actor, Event, Permission
from kenbaar.staff import is_same_name


class Colleague(Protocol):
    """Who has an account. subject: who they are themselves, where they enrolled."""

    @property
    def name(self) -> str:
        """As the account was made for."""

    @property
    def subject(self) -> str | None:
        """Their id as somebody enrolled."""


@dataclass(frozen=True, slots=True)
class Named:
    """Whom two people chose, and the pictures that are known of them. Nobody is told this earlier."""

    face: int
    subject: str
    name: str = field(repr=False)
    appearances: tuple[tuple[Item, Appearance], ...] = ()


class Reviews:
    """Reviewing, looking at and closing cases, for one archive."""

    def __init__(
        self,
        consents: Consents,
        collections: Collections,
        cases: Cases,
        journal: Journal,
        colleague: Callable[[str], Colleague | None],
    ) -> None:
        """colleague: whose an account is, by its id."""
        self._consents, self._collections, self.cases = consents, collections, cases
        self._journal, self._colleague = journal, colleague

    def review(self, actor: Actor, case_id: str, n: int, choice: str) -> Case:
        """What one account says of one face: a candidate's letter, or NOBODY. Raises CaseRefused, NotFound.

        After the second word it is decided, and whoever was a candidate reads what came of it.
        """
        with attempted(self._consents, Event.REVIEW, actor, None):
            require_permission(Event.REVIEW, actor, None)
            self._reviewed(actor, case_id, n, choice)
        with self._journal.writing():
            case, face = self._reviewed(actor, case_id, n, choice)  # again: nobody else writes now
            self._journal.record(Event.REVIEW, actor, case=case.id, face=n)
            self._tell(actor, case, face)
            case = case.with_face(face)
            self.cases.keep(case)
        return case

    def _reviewed(self, actor: Actor, case_id: str, n: int, choice: str) -> tuple[Case, CaseFace]:
        """The case, and its face with one answer more, if that account may give it."""
        case = self.cases.open(case_id)
        if actor.kind != "staff" or self.asked(actor, case) or self._is_candidate(actor, case):
            raise no_such_case(case_id)
        face = case.face(n)
        if face is None:
            raise NotFound(f"Case {case.id} has no face {n}.", "See `kenbaar case show`.")
        if self.answered(actor, face):
            raise CaseRefused(
                "This account has said already who that face is.", "Somebody else gives the second answer."
            )
        if face.decided:
            raise CaseRefused(f"Of face {n} everything is said.", "See `kenbaar case show`.")
        if choice != NOBODY and choice not in {shown.letter for shown in face.candidates}:
            raise NotFound(f"Face {n} has no candidate {choice}.", "Say a letter of `kenbaar case show`, or --nobody.")
        return case, replace(face, reviews=(*face.reviews, Review(actor.name, choice)))

    def show(self, actor: Actor, case_id: str) -> tuple[Case, tuple[Named, ...]]:
        """A case, and who is named in it. Each look at an answer is in the ledger, for whom it names."""
        case = self.open_for(actor, case_id)
        named = [self._named(case, face) for face in case.faces if face.agreed]
        if named:
            with self._journal.writing():
                for one in named:
                    self._journal.record(Event.CASE_SEEN, actor, subject=one.subject, case=case.id)
        return case, tuple(named)

    def open_for(self, actor: Actor, case_id: str) -> Case:
        """A case that this account may look at: who asked, and whoever may review it. Raises CaseRefused."""
        with attempted(self._consents, Event.REVIEW, actor, None):
            case = self.cases.open(case_id)
            if not self._may_see(actor, case):
                raise no_such_case(case_id)
        return case

    def may_compare(self, actor: Actor, case: Case) -> bool:
        """Whether this account may see what candidates look like: a reviewer; who asked never does."""
        return not self.asked(actor, case) and self._may_see(actor, case)

    def asked(self, actor: Actor, case: Case) -> bool:
        """Whether this account asked, or its owner did by an earlier one."""
        return self._is_same_person(actor.name, case.searcher)

    def answered(self, actor: Actor, face: CaseFace) -> bool:
        """Whether this account said already who that face is, or its owner did by an earlier one."""
        return any(self._is_same_person(actor.name, review.account) for review in face.reviews)

    def compared(self, actor: Actor, case: Case, subject: str, *, portrait: bool) -> None:
        """Enters that a reviewer looked at somebody's portrait, or at their pictures; before it is shown."""
        with self._journal.writing():
            self._journal.record(Event.CASE_SEEN, actor, subject=subject, case=case.id, portrait=portrait)

    def all_for(self, actor: Actor) -> list[Case]:
        """The open cases that this account may work on."""
        return [case for case in self.cases.all() if self._may_see(actor, case)]

    def close(self, actor: Actor, case_id: str) -> None:
        """Ends a case: who asked, or whoever sets up the archive. Its photos are gone then, and what was said."""
        with attempted(self._consents, Event.CASE_END, actor, None):
            case = self.cases.open(case_id)
            if not self.may_close(actor, case):
                raise no_such_case(case_id)
        self.cases.end(actor, case.id, "closed")

    def may_close(self, actor: Actor, case: Case) -> bool:
        """Whether this account may end it: who asked, or whoever sets up the archive."""
        officer = actor.role is not None and Permission.SET_UP in ROLES[actor.role].may
        return actor.name == case.searcher or officer

    def reject(self, actor: Actor, subject: str, case_id: str, sessions: Sessions) -> Rejection:
        """ "That was not me": they are no candidate for that photo any more, in this case and in any later one.

        Raises NotFound; WrongCode where they hold their key themselves and brought no code.
        """
        actor = sessions.actor(actor, subject)
        with attempted(self._consents, Event.REJECT, actor, subject):
            require_permission(Event.REJECT, actor, subject)
            self._consents.require_session(self._consents.subject(subject), sessions)
            case = next((c for c in self.cases.all() if c.id == case_id and c.concerns(subject)), None)
            if case is None or (actor.kind == "staff" and self.asked(actor, case)):  # who asked would learn who it is
                raise NotFound(
                    f"Subject {subject} is no candidate in an open case {case_id}, or this account asked it.",
                    "`kenbaar export` tells in which cases they were shown; a colleague of who asked says it for them.",
                )
        now = self._journal.act_time()
        faces = [face for face in case.faces if any(shown.subject == subject for shown in face.candidates)]
        rejections = [Rejection(case.photos[face.photo].digest, subject, face.box, now) for face in faces]
        with self._journal.writing(in_doubt=True):
            for said in rejections:
                self._journal.record(
                    Event.REJECT, actor, subject=subject, item=case.id, content=said.digest, faces=[said.face]
                )
            self._collections.store.reject(rejections, case.id)
            self.cases.keep(self.cases.open(case.id).without(subject))
        return rejections[0]

    def _tell(self, actor: Actor, case: Case, face: CaseFace) -> None:
        """What came of it, to everybody who was a candidate for this face, once it is decided."""
        if not face.decided:
            return
        for shown in face.candidates:
            event = Event.NAMED if shown is face.agreed else Event.NOT_NAMED
            self._journal.record(event, actor, subject=shown.subject, case=case.id)

    def _named(self, case: Case, face: CaseFace) -> Named:
        shown = face.agreed
        assert shown is not None
        found = self._collections.store.appearances_of(shown.subject)
        there = [one for one in found if case.collection in (None, one[0].collection)]
        return Named(face.n, shown.subject, self._consents.subject(shown.subject).name, tuple(there))

    def _may_see(self, actor: Actor, case: Case) -> bool:
        if actor.kind != "staff" or actor.role is None:
            return False
        reviews = Permission.REVIEW in ROLES[actor.role].may and not self._is_candidate(actor, case)
        return actor.name == case.searcher or reviews

    def _is_same_person(self, account: str, other: str) -> bool:
        """Whether two accounts are one person's: one ended, another made. Also where nobody knows whose they are."""
        if account == other:
            return True
        one, two = self._colleague(account), self._colleague(other)
        if one is None or two is None:
            return True
        return is_same_name(one.name, two.name) or (one.subject is not None and one.subject == two.subject)

    def _is_candidate(self, actor: Actor, case: Case) -> bool:
        """Whether the account is of somebody who may be the answer: by who they are, or by their name."""
        colleague = self._colleague(actor.name)
        if colleague is None:
            return True  # nobody knows who that is
        return any(self._is(shown, colleague) for face in case.faces for shown in face.candidates)

    def _is(self, shown: Shown, colleague: Colleague) -> bool:
        try:
            person = self._consents.subject(shown.subject)
        except ConsentMissing:
            return False
        return shown.subject == colleague.subject or is_same_name(person.name, colleague.name)
