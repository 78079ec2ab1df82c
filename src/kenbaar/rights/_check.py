"""`kenbaar check`: nothing of strangers is stored, and the stores agree with each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kenbaar.collections import (
    Collection,
    Collections,
    CollectionStore,
    Item,
    still_of,
)
from kenbaar.consent import Consents
from kenbaar.errors import ArchiveBroken, KenbaarError, ModeRefused, ReaderUnavailable, SealBroken
from kenbaar.ledger import Act
from kenbaar.media import (
    ALL_DETAIL,
    Photo,
    PhotoLimits,
    open_photo,
)
from kenbaar.modelpack import ModelPack
from kenbaar.publish import Copy
from kenbaar.rights._against_ledger import against_ledger
from kenbaar.rights._residue import Finding, ResidueReport, scan_home
from kenbaar.video import open_moment

PAGE = 200
USUAL_DIMS = (512, 128)  # numbers in a template of the default pack, and of the dlib pack


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was looked through, and what was found. derived: collections whose strangers' vectors were derived again."""

    residue: ResidueReport
    problems: tuple[str, ...]
    derived: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Nothing found, nothing contradicts."""
        return not self.residue.findings and not self.problems


def check_archive(
    consents: Consents,
    collections: Collections,
    home: Path,
    packs: Sequence[ModelPack],
    limits: PhotoLimits,
    *,
    acts: Iterable[Act],
    copies: Sequence[Copy],
    edited: Iterable[str],
    say: Callable[[int, int, float], None],
) -> CheckReport:
    """Derives the vectors of faces that matched nobody, where the mode allowed making them, and looks for them, and for
    any template in the clear, in every byte below home.

    In collections where nothing may be embedded nothing is derived either: there the generic search alone speaks.
    packs: all that faces are compared with here; none where they are not at hand: only the generic search is done.
    acts: of the ledger; copies: all on record. What is on record must come of an act. edited: what other rooms found
    edited, a sentence each.
    """
    derived = [c for c in _sound(collections) if packs and _compared(collections, c)]
    vectors: dict[int, list[NDArray[np.float32]]] = {pack.dim: [] for pack in packs}
    for pack in packs:
        for collection in derived:
            vectors[pack.dim] += _strangers(collection, collections, pack, limits, say)
    scans = [
        scan_home(home, np.concatenate(found) if found else None, dim=dim)
        for dim, found in (vectors or {dim: [] for dim in USUAL_DIMS}).items()
    ]
    for found in vectors.values():
        for some in found:
            some[...] = 0
    residue = replace(
        scans[0],
        vectors=sum(scan.vectors for scan in scans),
        findings=tuple(dict.fromkeys(finding for scan in scans for finding in scan.findings)),
    )
    names = tuple(c.name for c in derived)
    problems = [*_contradictions(consents, collections), *edited]
    problems += against_ledger(acts, consents.store.unended(), collections.store, copies)
    return CheckReport(residue, tuple(problems), names)


def _sound(collections: Collections) -> list[Collection]:
    """The collections whose records were not edited; of the others `_contradictions` tells."""
    try:
        return collections.store.all()
    except ArchiveBroken:
        return []


def _compared(collections: Collections, collection: Collection) -> bool:
    """Whether all faces in that collection may be embedded."""
    try:
        return collections.permit(collection).scope == "all"
    except ModeRefused:
        return False


def _strangers(
    collection: Collection,
    collections: Collections,
    pack: ModelPack,
    limits: PhotoLimits,
    say: Callable[[int, int, float], None],
) -> Iterator[NDArray[np.float32]]:
    """float32 (n, d) per photo: the faces that are nobody's appearance."""
    import time

    store, started, after, done = collections.store, time.monotonic(), "", 0
    total = store.count(collection.name).get("present", 0)
    while page := store.items(collection.name, ("present",), after, PAGE):
        for item in page:
            done += 1
            say(done, total, time.monotonic() - started)
            known = [a.box for a in store.appearances_in(item.id)]
            if len(store.tracks(item.id)) <= len(known):
                continue
            try:
                photo = _opened(collection, store, item, limits)
            except ReaderUnavailable:
                raise
            except KenbaarError:
                continue  # the sweep has counted it as unreadable; what cannot be read was not embedded
            faces = [f for f in pack.detect_faces(photo) if not any(f.box.is_same_face(box) for box in known)]
            if faces:
                yield np.stack([t.vector for t in pack.make_templates(photo, faces)])
        after = page[-1].path


def _opened(collection: Collection, store: CollectionStore, item: Item, limits: PhotoLimits) -> Photo:
    """A photo, or the moment of a video in which most faces are there."""
    file, still = collection.file(item.path), still_of(store, item)
    if still.at_s is not None:
        return open_moment(file, still.at_s, digest=item.digest or "")
    return open_photo(file, limits, detail_side=ALL_DETAIL)


def _contradictions(consents: Consents, collections: Collections) -> Iterator[str]:
    """Rows that no consent in force carries, and rows that were edited: what is on record is not what was said."""
    for grant in consents.edited_grants():
        yield (
            f"What is on record about the consent of {grant.subject} to {grant.purpose} (grant {grant.id}) is not what "
            "was agreed to: the record was edited. It opens nothing."
        )
    yield from collections.store.edited()
    recognisable = set(consents.recognisable())
    for subject in sorted(consents.templates.subjects() - set(consents.compared())):
        yield f"A sealed template lies here for {subject}, who has no consent in force to be recognised."
    asked_about = set(consents.may_be_asked_about())
    for subject in sorted(consents.portraits.subjects()):
        if subject not in asked_about:
            yield f"A sealed portrait lies here for {subject}, who has no consent in force to be asked about."
            continue
        try:
            consents.open_portrait(subject, None)  # None where they hold their own key: then nobody else can tell
        except SealBroken as err:
            yield err.what
    for subject in sorted(collections.store.people() - recognisable):
        yield f"Appearances lie here of {subject}, who has no consent in force to be recognised."


__all__ = ["CheckReport", "Finding", "check_archive"]
