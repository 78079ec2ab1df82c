"""What a person may ask of their pictures: find them, say "this is me", say "this is not me"."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from kenbaar.collections import (
    Appearance,
    Certainty,
    Collection,
    Collections,
    Hidden,
    How,
    Item,
    Rejection,
    Track,
)
from kenbaar.consent import FINDING, RECOGNISING, Consents, Sessions, Subject, attempted
from kenbaar.errors import ClaimRefused, ConsentMissing, NotFound
from kenbaar.faces import Box
from kenbaar.ledger import Journal, require_permission
from kenbaar.matching import Band, Threshold, compare_one
from kenbaar.media import ALL_DETAIL, FileBelow, PhotoLimits, open_photo
from kenbaar.modelpack import ModelPack
from kenbaar.policy import Actor, Event
from kenbaar.video import open_moment


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture somebody is in. file: the original. n: of their track. when: from the photo, or None.

    start_s, end_s: they are in it from start_s until before end_s, seconds; None for photos.
    """

    item: str
    collection: str
    file: FileBelow
    n: int
    box: Box
    band: Certainty
    when: datetime | None
    start_s: float | None
    end_s: float | None

    @property
    def path(self) -> Path:
        """Where the original lies."""
        return self.file.path


class Requests:
    """Finding, claiming and rejecting, for one archive."""

    def __init__(
        self,
        consents: Consents,
        collections: Collections,
        journal: Journal,
    ) -> None:
        self.consents, self.collections = consents, collections
        self.journal, self.items = journal, collections.store

    def find(self, actor: Actor, subject: str, sessions: Sessions, *, reason: str | None = None) -> list[Picture]:
        """The pictures somebody is in, by collection and path. In the ledger before it is answered.

        Raises ConsentMissing and its kin without a `find` grant in force, WrongCode where they hold the key themselves.
        """
        actor = sessions.actor(actor, subject)
        with self._attempted(Event.FIND, actor, subject):
            self.consents.require(subject, FINDING)
            self.consents.require_session(self.consents.subject(subject), sessions)
        found = self.items.appearances_of(subject)
        collections = {c.name: c for c in self.collections.store.all()}
        with self.journal.writing():
            self.journal.record(Event.FIND, actor, subject=subject, pictures=len(found), reason=reason)
        return [_picture(item, a, collections[item.collection]) for item, a in found]

    def claim(
        self,
        actor: Actor,
        subject: str,
        item_id: str,
        n: int,
        sessions: Sessions,
        pack: Callable[[], ModelPack],
        threshold: Callable[[], Threshold],
        limits: PhotoLimits,
    ) -> Appearance:
        """ "This box is me." The face must match the claimer's own template, 1:1. Who has none says it by hand, in mode
        off alone, and it shows nobody until somebody else confirms it (`confirm`). Raises ClaimRefused, ConsentMissing,
        NotFound.
        """
        actor = sessions.actor(actor, subject)
        with self._attempted(Event.CLAIM, actor, subject):
            appearance = self._claimed(actor, subject, item_id, n, sessions, pack, threshold, limits)
            if appearance.how == "by hand":
                appearance = replace(appearance, said_by=actor.account_name)
        with self.journal.writing():
            self._recognisable(subject)  # again: they may have withdrawn while the face was compared
            self.journal.record(Event.CLAIM, actor, subject=subject, item=item_id, how=appearance.how)
            self.items.put_appearance(appearance)
        return appearance

    def _claimed(
        self,
        actor: Actor,
        subject: str,
        item_id: str,
        n: int,
        sessions: Sessions,
        pack: Callable[[], ModelPack],
        threshold: Callable[[], Threshold],
        limits: PhotoLimits,
    ) -> Appearance:
        """The appearance a claim leads to, if it may."""
        self.consents.require_session(self._recognisable(subject), sessions)
        item = self._item(item_id)
        tracks = self.items.tracks(item_id)
        if not 0 <= n < len(tracks):
            raise NotFound(
                f"Item {item_id} has {len(tracks)} faces, numbered from 0; there is no box {n}.",
                "See `kenbaar collection show`.",
            )
        if any(r.subject == subject and r.is_of(tracks[n]) for r in self._rejections(item)):
            raise ClaimRefused(
                f"Subject {subject} said of this face that it is not them.", "That is final for this face."
            )
        collection = self.collections.get(item.collection)
        band: Certainty = "by hand"
        if collection.mode != "off" or self.consents.templates.packs_of(subject):
            band = self._compare(actor, subject, item, tracks[n], sessions, pack(), threshold(), limits)
        if any(a.n == n and a.subject != subject for a in self.items.appearances_in(item_id)):
            raise ClaimRefused(
                "Somebody else who agreed is known to be on this face.",
                "If that is wrong, they say so themselves, with `kenbaar reject`.",
            )
        how: How = "by hand" if band == "by hand" else "claimed"
        return Appearance(subject, tracks[n], band, how, self.journal.now())

    def confirm(
        self, actor: Actor, subject: str, item_id: str, look: Callable[[Picture, str], None], seen: str | None
    ) -> Appearance:
        """The second person's word about what somebody said by hand: only then it can show them.

        look: shows the face and a number, on a page. seen: that number, by whoever looked; None: they look now, and
        nothing is confirmed. Raises NotFound; ClaimRefused where it is the account of the first, or another number.
        """
        with self._attempted(Event.CONFIRM, actor, subject):
            item = self._item(item_id)
            self._recognisable(subject)
            said = next(
                (a for a in self.items.appearances_in(item_id) if a.subject == subject and a.how == "by hand"), None
            )
            if said is None:
                raise NotFound(f"Nothing was said by hand of {subject} in item {item_id}.", "See `kenbaar claim`.")
            number = self._number(said)
            if seen is None:
                look(_picture(item, said, self.collections.get(item.collection)), number)
                return said
            if said.said_by is None or said.said_by == actor.account_name:
                raise ClaimRefused(
                    "Who confirms must be somebody else than who said it, with an account of their own.",
                    "Ask a colleague to look, and to confirm it from their account.",
                )
            if seen.strip() != number:
                raise ClaimRefused(
                    "That is not the number on the page for this face as it is known now.",
                    "Look at the page again: kenbaar confirm SUBJECT ITEM --sheet FILE.",
                )
        confirmed = replace(said, confirmed_by=actor.account_name)
        with self.journal.writing():
            self._recognisable(subject)
            self.journal.record(Event.CONFIRM, actor, subject=subject, item=item_id)
            self.items.put_appearance(confirmed)
        return confirmed

    def _number(self, said: Appearance) -> str:
        """Six digits that only the page with this face tells."""
        what = f"kenbaar look v1\n{said.subject}\n{said.item}\n{said.n}\n{said.box.as_list()}\n{said.seen_at}"
        return f"{int.from_bytes(self.consents.signer.sign(what.encode())[:8]) % 1_000_000:06d}"

    def _recognisable(self, subject: str) -> Subject:
        """The person, if a grant in force lets their face be compared or pointed out."""
        person = self.consents.subject(subject)
        if subject not in self.consents.recognisable():
            raise ConsentMissing(f"Subject {subject} agreed neither to find nor to show.", "Invite them for it first.")
        return person

    @contextmanager
    def _attempted(self, act: Event, actor: Actor, subject: str) -> Iterator[None]:
        with attempted(self.consents, act, actor, subject):
            require_permission(act, actor, subject)
            yield

    def reject(self, actor: Actor, subject: str, item_id: str, sessions: Sessions) -> Rejection:
        """ "This is not me": never matched there again, in no copy of that photo either. Final for that content.

        Raises NotFound; WrongCode where they hold their key themselves and brought no code, before anything is looked
        up: whoever asks in their name does not learn from it whether they are in that picture.
        """
        actor = sessions.actor(actor, subject)
        with self._attempted(Event.REJECT, actor, subject):
            self.consents.require_session(self.consents.subject(subject), sessions)
            item = self._item(item_id)
            mine = [a for a in self.items.appearances_in(item_id) if a.subject == subject]
            if not mine or item.digest is None:
                raise NotFound(
                    f"Subject {subject} does not appear in item {item_id}.", "See `kenbaar find` for where they do."
                )
        now = self.journal.act_time()
        rejections = [Rejection(item.digest, subject, a.box, now, a.track.key.at_s) for a in mine]
        with self.journal.writing(in_doubt=True):
            faces = [r.face for r in rejections]
            self.journal.record(
                Event.REJECT, actor, subject=subject, item=item_id, content=rejections[0].digest, faces=faces
            )
            self.items.reject(rejections, item_id)
        return rejections[0]

    def hide(self, actor: Actor, subject: str, item_id: str, sessions: Sessions, *, hidden: bool) -> Item:
        """ "Do not show me here": visible in no copy of that content from now on, or (hidden=False) again as agreed to.

        Raises NotFound where they are not in it; WrongCode as reject does.
        """
        actor = sessions.actor(actor, subject)
        with self._attempted(Event.HIDE, actor, subject):
            self.consents.require_session(self.consents.subject(subject), sessions)
            item = self._item(item_id)
            if item.digest is None or not any(a.subject == subject for a in self.items.appearances_in(item_id)):
                raise NotFound(
                    f"Subject {subject} does not appear in item {item_id}.", "See `kenbaar find` for where they do."
                )
        with self.journal.writing(in_doubt=hidden):
            self.journal.record(Event.HIDE, actor, subject=subject, item=item_id, content=item.digest, hidden=hidden)
            if hidden:
                self.items.hide(Hidden(item.digest, subject, self.journal.act_time()))
            else:
                self.items.show_again(item.digest, subject)
        return item

    def _compare(
        self,
        actor: Actor,
        subject: str,
        item: Item,
        track: Track,
        sessions: Sessions,
        pack: ModelPack,
        threshold: Threshold,
        limits: PhotoLimits,
    ) -> Band:
        """1:1 against the claimer's own template, and nobody else's; recorded before it is done."""
        box, digest = track.box, item.digest or ""
        if track.key.at_s is not None:
            photo = open_moment(self._file(item), track.key.at_s, digest=digest)
        else:
            photo = open_photo(self._file(item), limits, digest=digest, detail_side=ALL_DETAIL)
        face = max(pack.detect_faces(photo), key=lambda f: f.box.iou(box), default=None)
        if face is None or not face.box.is_same_face(box):
            raise ClaimRefused("No face is found at that box now.", "Sweep the collection again.")
        gallery = self.consents.open_gallery(RECOGNISING, pack.digest, sessions, only={subject})
        try:
            if subject not in gallery.subjects:
                raise ConsentMissing(
                    f"Subject {subject} has no template that opens here.", "Enrol them with photos, or use mode off."
                )
            with self.journal.writing():
                gallery.recorded(self.journal.record(Event.COMPARE, actor, subject=subject, item=item.id))
            decision = compare_one(pack.make_template(photo, face), gallery, subject, threshold)
        finally:
            gallery.wipe()
        if decision.band is None:
            raise ClaimRefused(
                "This face does not match the claimer's own template.", "Claim another box, or ask an editor."
            )
        return decision.band

    def _item(self, item_id: str) -> Item:
        item = self.items.item(item_id)
        if item is None or item.state != "present":
            raise NotFound(
                f"There is no item {item_id}.", "Item ids are printed by `kenbaar find` and `kenbaar collection show`."
            )
        return item

    def _rejections(self, item: Item) -> list[Rejection]:
        return self.items.rejections(item.digest) if item.digest else []

    def _file(self, item: Item) -> FileBelow:
        return self.collections.get(item.collection).file(item.path)


def _picture(item: Item, a: Appearance, collection: Collection) -> Picture:
    file = collection.file(item.path)
    return Picture(item.id, item.collection, file, a.n, a.box, a.band, item.taken_at, a.start_s, a.end_s)
