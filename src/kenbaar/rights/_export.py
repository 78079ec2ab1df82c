"""Everything held about one person, as a zip: a page to read, data to import, pictures with everybody else covered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from kenbaar.collections import (
    Appearance,
    Collections,
    Item,
    still_of,
)
from kenbaar.consent import Consents, Grant, Sessions, Subject, attempted
from kenbaar.disk import writing_atomically
from kenbaar.errors import KenbaarError, PackUnavailable, PhotoUnreadable, ReaderUnavailable, UsageError
from kenbaar.faces import Box
from kenbaar.ledger import Act, Journal
from kenbaar.matching import Threshold
from kenbaar.media import COPY_SUFFIXES, FileBelow, PhotoLimits, Rights, copy_format, encode_photo
from kenbaar.policy import Actor, Event
from kenbaar.publish import Copy, CopyStore
from kenbaar.rights._account import (
    FORMAT,
    Account,
    ConsentRow,
    CopyRow,
    Person,
    PictureRow,
    ReceiptRow,
    RejectionRow,
    TemplateRow,
)
from kenbaar.rights._covered import DetectAgain, Thumbnail, open_covered, thumbnail
from kenbaar.rights._other_names import LEFT_OUT, OtherNames
from kenbaar.rights._own_template import OwnTemplate, open_own_template
from kenbaar.rights._pages import page
from kenbaar.rights._sheet import Leaf, own_frame
from kenbaar.rights._who_looked import acts_about
from kenbaar.rights._zip import ZipOut

PICTURES_A_PAGE = 100  # thumbnails held in memory, twice at most: some 3 MB each
SCHEMA = "export.schema.json"


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What the zip holds. pictures: photos in it; left_out: photos told in words alone, for they cannot be shown."""

    pictures: int
    acts: int
    receipts: int
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class PictureCard:
    """One photo on the page: what is told of it, the thumbnail (None: `why` says why not), and the frame on it."""

    row: PictureRow
    thumbnail: Thumbnail | None
    own: Box | None


class Exporter:
    """Writes exports, for one archive."""

    def __init__(
        self,
        consents: Consents,
        collections: Collections,
        copies: CopyStore,
        journal: Journal,
        *,
        acts: Callable[[], Iterator[Act]],
        checkpoint: Callable[[], str],
        detect_again: DetectAgain,
        threshold: Callable[[], Threshold],
        limits: PhotoLimits,
        home: Path,
        pictures_a_page: int = PICTURES_A_PAGE,
    ) -> None:
        """acts: the whole ledger, opened; checkpoint: its signed head. threshold: of the pack in use.

        detect_again: finds the faces in a photo once more, for a face the sweep missed would be shown.
        home: where no export may lie.
        """
        self.consents, self.collections, self.copies, self.journal = consents, collections, copies, journal
        self.acts, self.checkpoint, self.detect_again, self.threshold = acts, checkpoint, detect_again, threshold
        self.limits, self.home, self.pictures_a_page = limits, home, pictures_a_page

    def export(
        self,
        actor: Actor,
        subject: str,
        out_zip: Path,
        sessions: Sessions,
        *,
        say: Callable[[int, int, float], None] = lambda done, total, seconds: None,
    ) -> ExportReport:
        """Writes everything held about one person to out_zip, whole or not at all. In the ledger before it is made.

        Other people are covered in the pictures and left out of the rest. say: (photos done, of how many, seconds).
        Raises NotFound, ConsentWithdrawn, WrongCode where they hold the key and did not open it, UsageError, NoSpace.
        """
        actor = sessions.actor(actor, subject)
        with attempted(self.consents, Event.EXPORT, actor, subject):
            person = self.consents.subject(subject)
            if person.enrolled_at is not None:  # before that there is no key, hence no code to ask for
                self.consents.require_session(person, sessions)
            if out_zip.parent.resolve().is_relative_to(self.home.resolve()):
                raise UsageError(
                    "An export is for its person and never lies in the home folder.", "Give a path elsewhere."
                )
        with self.journal.writing():
            self.journal.record(Event.EXPORT, actor, subject=subject)
        with writing_atomically(out_zip) as file, ZipOut(file, self.journal.now()) as zip_out:
            report = _Run(self, person, sessions, zip_out).go(say)
            self.consents.subject(subject)  # gone meanwhile: then nothing is handed out any more
        return report


class _Run:
    """One export under way."""

    def __init__(self, room: Exporter, person: Subject, sessions: Sessions, zip_out: ZipOut) -> None:
        self.room, self.person, self.sessions, self.zip = room, person, sessions, zip_out
        self.made_at = room.journal.now()
        self.names = OtherNames(room.consents.store.subjects(), person.id)
        self.first_cards: list[PictureCard] = []

    def go(self, say: Callable[[int, int, float], None]) -> ExportReport:
        """Pictures first, one at a time; what is told of them comes after, and the page to open comes last."""
        found = self.room.collections.store.appearances_of(self.person.id)
        leaf = Leaf(1, _page_names(len(found), self.room.pictures_a_page), len(found), "What is held about you")
        rows = self._put_pictures(found, leaf, say)
        account = self._account(rows)
        self.zip.put_json("data.json", account)
        self.zip.put(SCHEMA, resources.files("kenbaar.rights").joinpath("schemas", SCHEMA).read_bytes())
        self.zip.put_pieces(
            "index.html", page("export.html", leaf=leaf, account=account, cards=self.first_cards, left_out=LEFT_OUT)
        )
        shown = sum(row.file is not None for row in rows)
        return ExportReport(shown, len(account.acts), len(account.receipts), len(rows) - shown)

    # -- pictures --------------------------------------------------------------------------------------------------

    def _put_pictures(
        self, found: list[tuple[Item, Appearance]], leaf: Leaf, say: Callable[[int, int, float], None]
    ) -> list[PictureRow]:
        """The photos, and every page of thumbnails but the first, which the index shows."""
        started, a_page = time.monotonic(), self.room.pictures_a_page
        rows: list[PictureRow] = []
        cards: list[PictureCard] = []
        collections = {c.name: c for c in self.room.collections.store.all()}
        for number, (item, appearance) in enumerate(found, start=1):
            card = self._put_picture(number, item, appearance, collections[item.collection].file(item.path))
            rows.append(card.row)
            cards.append(card)
            if number % a_page == 0 or number == len(found):
                k = (number - 1) // a_page + 1
                if k == 1:
                    self.first_cards = cards
                else:
                    self.zip.put_pieces(
                        leaf.files[k - 1], page("export_pictures.html", leaf=replace(leaf, number=k), cards=cards)
                    )
                cards = []
            say(number, len(found), time.monotonic() - started)
        return rows

    def _put_picture(self, number: int, item: Item, appearance: Appearance, file: FileBelow) -> PictureCard:
        row = self._picture_row(item, appearance)
        try:
            still = still_of(self.room.collections.store, item, appearance.n)
            if still.faces[appearance.n : appearance.n + 1] != (
                appearance.box,
            ):  # swept anew just now: its number is another's
                raise PhotoUnreadable("What is known about this photo changed just now.", "Export again.")
            covered = open_covered(
                file, item.digest, self.room.limits, still.faces, at_s=still.at_s,
                shown=appearance.n if appearance.certain_enough_to_show else None, detect_again=self.room.detect_again,
            )  # fmt: skip
            # A face that is only possibly theirs may be somebody else's: covered, until they say that it is them.
        except (PackUnavailable, ReaderUnavailable):
            raise  # without a second look nobody knows whether everybody is covered; unread, none can be shown
        except KenbaarError as err:
            return PictureCard(replace(row, why=err.what), None, None)
        form = copy_format(covered.format)
        row = replace(row, file=f"pictures/{number:05d}-{item.id}{COPY_SUFFIXES[form]}")
        assert row.file is not None
        self.zip.put(row.file, encode_photo(covered.pixels, form, self._rights(covered.rights)), packed=False)
        small = thumbnail(covered)
        return PictureCard(row, small, own_frame(appearance.box, small))

    def _picture_row(self, item: Item, a: Appearance) -> PictureRow:
        return PictureRow(
            item=item.id,
            collection=self.names.without(item.collection),
            path=self.names.without(item.path),
            taken_at=item.taken_at,
            width=item.width,
            height=item.height,
            digest=item.digest,
            face=a.n,
            box=_corners(a.box),
            band=a.band,
            how=a.how,
            seen_at=a.seen_at,
            file=None,
            why=None,
        )

    def _rights(self, rights: Rights) -> Rights:
        """Whose picture it is stays with it, unless that names somebody else who is enrolled here."""

        def kept(text: str | None) -> str | None:
            return text if text is not None and self.names.without(text) == text else None

        return Rights(kept(rights.copyright), kept(rights.credit))

    # -- what is told ----------------------------------------------------------------------------------------------

    def _account(self, pictures: list[PictureRow]) -> Account:
        room, person, consents = self.room, self.person, self.room.consents
        grants = consents.store.grants_of(person.id)
        living = {g.id for g in consents.living_grants(person.id)}
        templates = open_own_template(consents, person.id, self.sessions)
        acts = tuple(
            acts_about(
                person, room.acts(), grants, dict(room.collections.store.galleries()), self.names,
                has_template=bool(consents.templates.packs_of(person.id)),
            )
        )  # fmt: skip
        decision = None
        with suppress(PackUnavailable):
            decision = room.threshold()
        rejected = {str(a.facts["item"]) for a in acts if a.event == str(Event.REJECT) and "item" in a.facts}
        return Account(
            format=FORMAT,
            made_at=self.made_at,
            organisation=consents.organisation,
            jurisdiction=consents.jurisdiction,
            subject=Person(
                person.id,
                person.name,
                person.guardian,
                person.holder,
                person.invited_at,
                person.enrolled_at,
            ),
            consents=tuple(_consent_row(g, in_force=g.id in living) for g in grants),
            template=self._put_template(templates),
            portrait=self._put_portrait(),
            pictures=tuple(pictures),
            rejections=tuple(self._rejections(rejected)),
            rosters=tuple(self.names.without(c.name) for c in room.collections.store.all() if person.id in c.roster),
            acts=acts,
            copies=tuple(self._copy_row(copy) for copy in room.copies.showing(person.id)),
            receipts=tuple(self._put_receipts()),
            decision=decision,
            checkpoint=room.checkpoint(),
        )

    def _put_template(self, templates: list[OwnTemplate]) -> TemplateRow | None:
        if not templates:
            return None
        plain = [{"pack": t.pack, "version": t.version, "vectors": t.vectors.tolist()} for t in templates]
        self.zip.put_json(
            "template.json", {"format": "kenbaar-template/1", "subject": self.person.id, "templates": plain}
        )
        return TemplateRow("template.json", tuple(t.pack for t in templates), sum(len(t.vectors) for t in templates))

    def _put_portrait(self) -> str | None:
        jpeg = self.room.consents.open_portrait(self.person.id, self.sessions.of(self.person.id))
        if jpeg is None:
            return None
        self.zip.put("portrait.jpg", jpeg, packed=False)
        return "portrait.jpg"

    def _put_receipts(self) -> Iterator[ReceiptRow]:
        for number, (kind, at, jws) in enumerate(self.room.consents.store.receipts_of(self.person.id), start=1):
            file = f"receipts/{number:03d}-{kind}.jws"
            self.zip.put(file, jws.encode("ascii") + b"\n")
            yield ReceiptRow(file, kind, at)

    def _rejections(self, items: set[str]) -> Iterator[RejectionRow]:
        store = self.room.collections.store
        for item_id in sorted(items):
            item = store.item(item_id)
            for r in store.rejections(item.digest) if item is not None and item.digest else ():
                if r.subject == self.person.id:
                    yield RejectionRow(item_id, _corners(r.box), r.rejected_at)

    def _copy_row(self, copy: Copy) -> CopyRow:
        below = (
            Path(copy.path).relative_to(copy.folder)
            if Path(copy.path).is_relative_to(copy.folder)
            else Path(copy.path).name
        )
        return CopyRow(
            self.names.without(str(below)), self.names.without(copy.channel), self.names.without(copy.collection),
            copy.item, copy.made_at, copy.copy_digest,
        )  # fmt: skip


def _consent_row(grant: Grant, *, in_force: bool) -> ConsentRow:
    return ConsentRow(
        purpose=str(grant.purpose),
        meaning=grant.purpose.short,
        given_at=grant.given_at,
        until=grant.until,
        state="in force" if in_force else "ended",
        ended_at=grant.ended_at,
        end_reason=grant.end_reason,
    )


def _corners(box: Box) -> tuple[int, int, int, int]:
    return box.x_min, box.y_min, box.x_max, box.y_max


def _page_names(pictures: int, a_page: int) -> tuple[str, ...]:
    pages = max(1, -(-pictures // a_page))
    return ("index.html", *(f"pictures-{k}.html" for k in range(2, pages + 1)))
