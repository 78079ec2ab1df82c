"""What is on record, held against the acts it must come of: a row that no act in the ledger made was made up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from kenbaar.collections import Appearance, CollectionStore, Item
from kenbaar.consent import Grant
from kenbaar.ledger import Act
from kenbaar.policy import EVENTS, Event
from kenbaar.publish import Copy

_AGREED = (Event.ENROL, Event.RENEW)


class Acts:
    """What the acts in a ledger made possible, by what it made possible."""

    def __init__(self, acts: Iterable[Act]) -> None:
        """Reads them once. Those about people who left say nothing any more; nothing of them is on record."""
        self.agreed: set[tuple[str, str]] = set()
        self.claimed: set[tuple[str, str]] = set()
        self.swept: dict[str, datetime] = {}
        self.published: set[tuple[str, str]] = set()
        for act in acts:
            event, said = EVENTS.get(act.event), act.payload
            if said is None:
                continue
            if event in _AGREED:
                self.agreed |= {(str(said["subject"]), str(purpose)) for purpose in said["purposes"]}
            elif event is Event.CLAIM:
                self.claimed.add((str(said["subject"]), str(said["item"])))
            elif event is Event.SWEEP:
                self.swept.setdefault(str(said["collection"]), act.at)
            elif event is Event.PUBLISH:
                self.published.add((str(said["collection"]), str(said["channel"])))

    def made(self, appearance: Appearance, item: Item) -> bool:
        """Whether an act made this appearance: its person's claim, or a sweep of its collection before it."""
        if appearance.how != "recognised":
            return (appearance.subject, item.id) in self.claimed
        first = self.swept.get(item.collection)
        return first is not None and first <= appearance.seen_at


def against_ledger(
    acts: Iterable[Act], grants: Sequence[Grant], items: CollectionStore, copies: Sequence[Copy]
) -> Iterator[str]:
    """A sentence for each consent, appearance and copy on record that no act made."""
    known = Acts(acts)
    for grant in grants:
        if (grant.subject, str(grant.purpose)) not in known.agreed:
            yield f"The consent of {grant.subject} to {grant.purpose} is on record, and the ledger knows of none."
    for subject in sorted(items.people()):
        for item, appearance in items.appearances_of(subject):
            if not known.made(appearance, item):
                yield (
                    f"{subject} is on record on face {appearance.n} of item {item.id}, "
                    "and no sweep and no claim in the ledger says so."
                )
    for copy in copies:
        if (copy.collection, copy.channel) not in known.published:
            yield f"A copy of collection {copy.collection!r} is on record, and the ledger knows of no publication."
