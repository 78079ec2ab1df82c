"""Adding collections, and saying what may be embedded in them: the four modes, which a sweep obeys."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from kenbaar.collections._records import Collection, CollectionStore, Mode
from kenbaar.errors import ModeRefused, NotFound, Unusable, UsageError
from kenbaar.ledger import Journal
from kenbaar.policy import JURISDICTIONS, Actor, Event


@dataclass(frozen=True, slots=True)
class EmbeddingPermit:
    """What may be turned into templates in one collection, now. Only `Collections.permit` makes one.

    scope: "none": faces are found and masked. "claimed": one box at a time, when its owner says so. "all": all faces.
    only: in roster mode, the people who may be recognised; None: everybody with a grant.
    """

    collection: str
    mode: Mode
    scope: Literal["none", "claimed", "all"]
    only: frozenset[str] | None = None


def item_id(collection: str, path: str) -> str:
    """The id of the file first found at that path: "i-" and 12 hex digits."""
    return "i-" + hashlib.sha256(f"{collection}\0{path}".encode("utf-8", "surrogatepass")).hexdigest()[:12]


class Collections:
    """The collections of one archive."""

    def __init__(
        self,
        store: CollectionStore,
        journal: Journal,
        *,
        jurisdiction: Callable[[], str],
        recognisable: Callable[[], Mapping[str, frozenset[str]]],
    ) -> None:
        self.store, self.journal = store, journal
        self.jurisdiction, self.recognisable = jurisdiction, recognisable

    def add(
        self,
        actor: Actor,
        name: str,
        source: Path,
        *,
        mode: Mode = "off",
        reason: str | None = None,
        roster: Sequence[str] = (),
        officer: str | None = None,
        follow_links: bool = False,
    ) -> Collection:
        """Adds a folder the organisation controls. Originals stay there. Raises ModeRefused."""
        if not name or len(name) > 100 or any(unicodedata.category(c)[0] == "C" for c in name):
            raise UsageError("A collection's name has 1 to 100 printable characters.", "Choose another name.")
        if any("\ud800" <= c <= "\udfff" for c in str(source)):
            raise UsageError(
                "The name of the source folder is not valid UTF-8.", "Rename the folder, or give a link to it."
            )
        if not os.path.isdir(source):  # noqa: PTH112  # Path.is_dir raises where a folder above may not be opened
            raise Unusable(
                f"The source {str(source)!r} is not a folder that can be opened.", "Give the folder the photos lie in."
            )
        collection = Collection(
            name,
            str(source.absolute()),
            mode,
            self.journal.now(),
            reason,
            officer,
            tuple(sorted(set(roster))),
            follow_links,
        )
        self._check(collection)
        with self.journal.writing():
            if self.store.get(name) is not None:
                raise UsageError(
                    f"There is a collection named {name!r} already.",
                    "Choose another name, or `kenbaar collection set`.",
                )
            self._record(actor, collection)
            self.store.add(collection)
        return collection

    def set_mode(
        self,
        actor: Actor,
        name: str,
        mode: Mode,
        *,
        reason: str | None = None,
        roster: Sequence[str] = (),
        officer: str | None = None,
        follow_links: bool | None = None,
    ) -> Collection:
        """Says anew who is in a collection, and whether links lead out of it; None: as it was.

        What an earlier mode recognised stays with the people it was found for;
        what was said by hand ends with the mode it was said in.
        """
        before, on = self.get(name), tuple(sorted(set(roster)))
        follow = before.follow_links if follow_links is None else follow_links
        after = Collection(name, before.source, mode, before.added_at, reason, officer, on, follow)
        self._check(after)
        with self.journal.writing():
            self._record(actor, after)
            self.store.change(after)
            if after.mode != before.mode:
                self.store.drop_by_hand(name)
        return after

    def get(self, name: str) -> Collection:
        """One collection. Raises NotFound."""
        found = self.store.get(name)
        if found is None:
            raise NotFound(f"There is no collection named {name!r}.", "See `kenbaar collection list`.")
        return found

    def permit(self, collection: Collection) -> EmbeddingPermit:
        """What may be embedded in this collection now. Raises ModeRefused where its conditions no longer hold."""
        self._check(collection)
        if collection.mode == "roster":
            return EmbeddingPermit(collection.name, "roster", "all", frozenset(collection.roster))
        scope: Literal["none", "claimed", "all"] = {"off": "none", "claimed": "claimed", "transient": "all"}[
            collection.mode
        ]  # type: ignore[assignment]
        return EmbeddingPermit(collection.name, collection.mode, scope)

    def _record(self, actor: Actor, collection: Collection) -> None:
        self.journal.record(
            Event.COLLECTION,
            actor,
            collection=collection.name,
            mode=collection.mode,
            officer=collection.officer,
            reason=collection.reason,
            roster=list(collection.roster),
            follow_links=collection.follow_links,
        )

    def _check(self, collection: Collection) -> None:
        """What each of the four modes needs."""
        if collection.mode not in get_args(Mode):
            raise UsageError(f"There is no mode {collection.mode!r}.", f"Modes are {', '.join(get_args(Mode))}.")
        refused = JURISDICTIONS[self.jurisdiction()].refused_modes
        if why := refused.get(collection.mode):
            *others, last = (mode for mode in get_args(Mode) if mode not in refused)
            raise ModeRefused(
                f"Mode {collection.mode} is not allowed in this jurisdiction: {why}.",
                f"Use {', '.join(others)} or {last}.",
            )
        if collection.mode == "transient" and not (collection.reason or "").strip():
            raise ModeRefused("Mode transient needs a written reason.", "Add --reason TEXT.")
        if collection.mode == "roster":
            if not collection.roster or not (collection.officer or "").strip():
                raise ModeRefused(
                    "Mode roster needs everybody in the pictures, and the officer who declares the list complete.",
                    "Add --roster SUBJECT for each of them and --officer NAME.",
                )
            may = self.recognisable()
            if without := [s for s in collection.roster if s not in may]:
                raise ModeRefused(
                    f"On the roster without a grant in force to be recognised: {', '.join(without)}.",
                    "Enrol them first, or set the collection to mode off or claimed.",
                )
        elif collection.roster or (collection.officer and collection.mode != "transient"):
            raise UsageError("A roster and its officer belong to mode roster.", "Add --mode roster, or leave them out.")
