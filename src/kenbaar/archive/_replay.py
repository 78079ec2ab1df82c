"""What narrows is replayed from the ledger where the records are older: a backup put back, or rows put back one by one.

Every event whose row says that it narrows has its replay here. Each can be done again and changes nothing then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from kenbaar.collections import Collection, CollectionStore, Cover, Hidden, Mode, Rejection
from kenbaar.consent import ConsentStore
from kenbaar.errors import ArchiveBroken
from kenbaar.ledger import Act
from kenbaar.measure import keep_adopted
from kenbaar.policy import EVENTS, Event
from kenbaar.rights import Leaving
from kenbaar.staff import Staff, Tokens


@dataclass(frozen=True, slots=True)
class Replay:
    """The records that are brought up to the ledger."""

    records: ConsentStore
    items: CollectionStore
    leaving: Leaving
    staff: Staff
    tokens: Tokens

    def replay(self, acts: Iterable[Act]) -> None:
        """These acts, oldest first; of what is said about one collection the newest alone: no earlier mode holds in
        between. One without payload is about somebody who left: nothing is left to protect.
        """
        told = [act for act in acts if act.payload is not None and EVENTS.get(act.event) in REPLAYS]
        newest = {str((act.payload or {})["collection"]): act.index for act in told if _is_about_collection(act)}
        for act in told:
            said = act.payload or {}
            if not _is_about_collection(act) or newest[str(said["collection"])] == act.index:
                REPLAYS[EVENTS[act.event]](self, act, said)

    def _withdraw(self, act: Act, said: Mapping[str, Any]) -> None:
        self.leaving.replay(str(said["subject"]), set(said["purposes"]), act.at)

    def _reject(self, act: Act, said: Mapping[str, Any]) -> None:
        subject, item_id = str(said["subject"]), str(said["item"])
        person = self.records.subject(subject)
        if person is None or person.left_at is not None:
            return
        faces = [Rejection.read_face(text) for text in said.get("faces", ())]
        rejected = [Rejection(str(said["content"]), subject, box, act.at, at_s) for box, at_s in faces]
        rejected = rejected or self._rejected_before(subject, item_id, act)
        there = self.items.rejections(*{r.digest for r in rejected})
        known = {(r.digest, r.box, r.at_s) for r in there if r.subject == subject}
        if missing := [r for r in rejected if (r.digest, r.box, r.at_s) not in known]:
            self.items.reject(missing, item_id)

    def _hide(self, act: Act, said: Mapping[str, Any]) -> None:
        subject, digest = str(said["subject"]), str(said["content"])
        person = self.records.subject(subject)
        if person is None or person.left_at is not None:
            return
        if said["hidden"]:
            self.items.hide(Hidden(digest, subject, act.at))
        else:
            self.items.show_again(digest, subject)

    def _cover(self, act: Act, said: Mapping[str, Any]) -> None:
        box, at_s = Rejection.read_face(str(said["face"]))
        self.items.cover(Cover(str(said["content"]), box, act.at, at_s))

    def _rejected_before(self, subject: str, item_id: str, act: Act) -> list[Rejection]:
        """An act of Kenbaar before 0.4 names the item alone: whatever they are on there."""
        item = self.items.item(item_id)
        if item is None or item.digest is None:
            return []
        on = [a for a in self.items.appearances_in(item_id) if a.subject == subject and a.seen_at <= act.at]
        return [Rejection(item.digest, subject, a.box, act.at, a.track.key.at_s) for a in on]

    def _collection(self, act: Act, said: Mapping[str, Any]) -> None:
        try:
            known = self.items.get(str(said["collection"]))
        except ArchiveBroken:
            return  # edited: it is refused, and `check` names it
        if known is None:
            return
        after = Collection(
            known.name,
            known.source,
            cast(Mode, said["mode"]),
            known.added_at,
            said.get("reason"),
            said.get("officer"),
            tuple(said.get("roster", ())),
            bool(said.get("follow_links", False)),
        )
        if after != known:
            self.items.change(after)
        if after.mode != known.mode:
            self.items.drop_by_hand(known.name)

    def _end_account(self, act: Act, said: Mapping[str, Any]) -> None:
        self.staff.replay(str(said["staff"]), act.at)

    def _end_token(self, act: Act, said: Mapping[str, Any]) -> None:
        self.tokens.replay(str(said["token"]), act.at)

    def _adopt(self, act: Act, said: Mapping[str, Any]) -> None:
        if "point" in said:
            keep_adopted(str(said["point"]), self.records)


def _is_about_collection(act: Act) -> bool:
    return EVENTS.get(act.event) is Event.COLLECTION


REPLAYS: dict[Event, Callable[[Replay, Act, Mapping[str, Any]], None]] = {
    Event.WITHDRAW: Replay._withdraw,
    Event.REJECT: Replay._reject,
    Event.HIDE: Replay._hide,
    Event.COVER: Replay._cover,
    Event.COLLECTION: Replay._collection,
    Event.STAFF_END: Replay._end_account,
    Event.STAFF_TOKEN_END: Replay._end_token,
    Event.ADOPT: Replay._adopt,
}
