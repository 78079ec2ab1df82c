"""The open cases of an archive: each sealed under a key of its own, which changes with every word said in it.

So an older state of a case that is put back opens nothing, and neither does a closed one, nor another archive's.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from kenbaar.asking._records import Case, CaseStore, SealedCase
from kenbaar.consent import ASKED, Consents
from kenbaar.errors import CaseRefused, KenbaarError, SealBroken
from kenbaar.keys import CROCKFORD, canonical, new_data_key, seal, unseal
from kenbaar.ledger import Journal
from kenbaar.policy import SYSTEM, Actor, Event

_CASE = "c-"
LONGEST_OPEN = timedelta(days=30)


class Cases:
    """Opens, keeps and ends cases. Every step can be repeated, so that a kill in between leaves the case before it."""

    def __init__(self, store: CaseStore, consents: Consents, journal: Journal) -> None:
        self.store, self._consents, self._journal = store, consents, journal

    def begin(self, case: Case, photos: Sequence[bytes]) -> None:
        """Keeps a new case with its photos (JPEG); all of them or none."""
        case = replace(case, kept=bool(photos))
        sealed = [seal(case.photo_key, photo, _photo_of(case.id, n)) for n, photo in enumerate(photos)]
        self.store.add(self._sealed(case), sealed)

    def open(self, case_id: str) -> Case:
        """One open case, without whoever may not be asked about any more. Raises CaseRefused."""
        found = self.store.get(case_id)
        case = self._opened(found) if found else None
        if case is None:
            raise no_such_case(case_id)
        return case

    def all(self) -> list[Case]:
        """Every open case, oldest first."""
        return [case for case in map(self._opened, self.store.all()) if case is not None]

    def keep(self, case: Case) -> None:
        """The case as it is now. 1. a new key and what it opens are kept  2. the key of before is destroyed"""
        before = self.store.get(case.id)
        self.store.replace(self._sealed(case))
        if before is not None:
            self._consents.keys.destroy([before.key_id], at=self._journal.act_time())

    def photo(self, case: Case, n: int) -> bytes | None:
        """One of its photos (JPEG); None where none is kept. SealBroken where it is another's or was altered."""
        sealed = self.store.photo(case.id, n)
        return None if sealed is None else unseal(case.photo_key, sealed, _photo_of(case.id, n))

    def end(self, actor: Actor, case_id: str, why: str) -> None:
        """Ends a case: nothing of it opens any more. 1. the ledger  2. the key  3. the records"""
        with self._journal.writing(in_doubt=True):
            self._journal.record(Event.CASE_END, actor, case=case_id, why=why)
            self._destroyed(case_id)

    def forget(self, subject: str) -> None:
        """That person is no candidate any more, in any case, and in no older copy of one either."""
        for case in self._stored():
            if case.concerns(subject):
                self.keep(case.without(subject))

    def recover(self, *, whole: bool) -> None:
        """What the calendar or a kill left to do; run by whoever holds the writing lock.

        Always: cases past their last day end. whole: keys that no case claims go, and cases whose key is gone.
        """
        now = self._journal.act_time()
        there = self.store.all()
        for case in there:
            if case.expires_at <= now:
                self.end(SYSTEM, case.id, "date")
        if whole:
            claimed = {case.key_id: case.id for case in there}
            keys = self._consents.keys
            keys.destroy([k for k in keys.ids("case") if k not in claimed], at=now)
            alive = keys.alive(claimed)
            for key_id, case_id in claimed.items():
                if key_id not in alive:
                    self.store.remove(case_id)

    def edited(self) -> list[str]:
        """What was edited in the records of cases, one sentence each.

        A case that nothing opens, and photos of one that were taken away, added, or put in another's place.
        """
        found = []
        for sealed in self.store.all():
            case = self._unsealed(sealed)
            if case is None:
                found.append(f"What is on record about the case {sealed.id} was edited: nothing of it opens.")
            else:
                found += self._edited_photos(case)
        return found

    def _edited_photos(self, case: Case) -> Iterator[str]:
        there, kept = set(self.store.photo_numbers(case.id)), set(range(len(case.photos) if case.kept else 0))
        for n in sorted(there | kept):
            if n not in kept:
                yield f"Photo {n} of the case {case.id} was never kept, and is on record: the record was edited."
            elif n not in there:
                yield f"Photo {n} of the case {case.id} is gone from the records: the record was edited."
            elif not self._opens(case, n):
                yield f"Photo {n} of the case {case.id} is another one, or was altered: it does not open."

    def _opens(self, case: Case, n: int) -> bool:
        try:
            return self.photo(case, n) is not None
        except SealBroken:
            return False

    def _destroyed(self, case_id: str) -> None:
        if (found := self.store.get(case_id)) is not None:
            self._consents.keys.destroy([found.key_id], at=self._journal.act_time())
            self.store.remove(case_id)

    def _sealed(self, case: Case) -> SealedCase:
        facts = _facts(case.id, case.opened_at, case.expires_at)
        key_id, key = self._consents.keys.add("case", at=self._journal.act_time(), facts=facts)
        return SealedCase(case.id, case.opened_at, case.expires_at, key_id, seal(key, case.packed(), facts))

    def _stored(self) -> list[Case]:
        """Every case whose key opens, as it is kept."""
        return [case for case in map(self._unsealed, self.store.all()) if case is not None]

    def _opened(self, found: SealedCase) -> Case | None:
        """The case as it may be seen now; None where it is over, or nothing opens it."""
        case = self._unsealed(found) if found.expires_at > self._journal.now() else None
        if case is None:
            return None
        for subject in {shown.subject for face in case.faces for shown in face.candidates}:
            asked = {g.id for g in self._consents.living_grants(subject) if g.purpose.kind in ASKED}
            if not all(s.grant in asked for f in case.faces for s in f.candidates if s.subject == subject):
                case = case.without(subject)
        return case

    def _unsealed(self, found: SealedCase) -> Case | None:
        facts = _facts(found.id, found.opened_at, found.expires_at)
        key = self._consents.keys.open_for([(found.key_id, facts)]).get(found.key_id)
        if key is None:
            return None
        try:
            packed = unseal(key, found.sealed, facts)
        except SealBroken:
            return None  # another case's, or edited: nothing opens it
        return Case.unpacked(packed, found.id, found.opened_at, found.expires_at)


def no_such_case(case_id: str) -> KenbaarError:
    """One sentence for whatever the reason is: unknown, closed, over, another archive's, or not this account's."""
    return CaseRefused(
        f"There is no open case {case_id} that this account may work on.",
        "See `kenbaar case list`; a closed case is asked anew with `kenbaar search`.",
    )


def is_case(id_: str) -> bool:
    """Whether an id is a case's, and not an item's."""
    return id_.startswith(_CASE)


def new_case(
    searcher: str, reason: str, basis: str, collection: str | None, now: datetime, longest: timedelta = LONGEST_OPEN
) -> Case:
    """A case with a new id and a new key for its photos; nothing is kept yet."""
    id_ = _CASE + "".join(secrets.choice(CROCKFORD) for _ in range(8))
    return Case(id_, searcher, reason, basis, collection, now, now + longest, new_data_key())


def _facts(case_id: str, opened_at: datetime, expires_at: datetime) -> bytes:
    """What a case's key is for: a case whose days were edited does not open."""
    return canonical("case 1", case_id, opened_at, expires_at)


def _photo_of(case_id: str, n: int) -> bytes:
    return canonical("case photo 1", case_id, n)
