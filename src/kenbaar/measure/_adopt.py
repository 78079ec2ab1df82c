"""An archive's own operating point: measured, adopted, remembered. It holds for one pack alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from kenbaar.errors import ArchiveBroken, SettingsError, TooFewPeople, WrongModelPack
from kenbaar.ledger import Journal
from kenbaar.matching import Threshold
from kenbaar.measure._figures import Evaluation
from kenbaar.measure._rates import people_for_claim
from kenbaar.measure._words import plural
from kenbaar.modelpack import Manifest
from kenbaar.policy import Actor, Event
from kenbaar.text import read_json

NOTE = "operating_point"


class Notes(Protocol):
    """Where an archive keeps facts about itself."""

    def note(self, name: str) -> str | None:
        """A fact, or None."""

    def set_notes(self, **notes: str) -> None:
        """Keeps facts."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """An operating point as it was adopted. searches: strangers' searches it was measured with, of so many people.

    carried: so many independent people can carry the claim (rule of 3); if not, it is stricter than the pack's default
    all the same, or it would not have been adopted.
    """

    threshold: Threshold
    measured_at: datetime
    searches: int
    people: int
    carried: bool

    def outgrown(self, gallery: int) -> bool:
        """Whether the gallery is at least twice what was measured: so is the FPIR, about; then measure again."""
        return gallery >= 2 * self.threshold.n

    def text(self) -> str:
        """As it is kept."""
        t = self.threshold
        return json.dumps(
            {
                "pack": t.pack,
                "accept": t.accept,
                "strong": t.strong,
                "margin": t.margin,
                "fpir": t.fpir,
                "n": t.n,
                "per_decade": t.per_decade,
                "measured_at": self.measured_at.isoformat(),
                "searches": self.searches,
                "people": self.people,
                "carried": self.carried,
            }
        )


def read_adopted(notes: Notes, name: str = NOTE) -> Adopted | None:
    """The operating point an archive adopted last, whichever pack it is for; None: none. Raises ArchiveBroken."""
    text = notes.note(name)
    if text is None:
        return None
    try:
        read: Mapping[str, Any] = read_json(text)
        names = ("pack", "accept", "strong", "margin", "fpir", "n", "per_decade")
        return Adopted(
            Threshold(**{name: read[name] for name in names}),
            datetime.fromisoformat(read["measured_at"]),
            int(read["searches"]),
            int(read["people"]),
            bool(read["carried"]),
        )
    except (ValueError, TypeError, KeyError, SettingsError) as err:
        raise ArchiveBroken(
            "The adopted operating point cannot be read.", "Measure again with `kenbaar evaluate DIR --adopt FPIR`."
        ) from err


def pack_default(manifest: Manifest) -> Threshold:
    """The operating point a pack comes with."""
    point = manifest.operating_point
    return Threshold(
        pack=manifest.digest,
        accept=point.accept,
        strong=point.strong,
        margin=point.margin,
        fpir=point.fpir,
        n=point.n,
        per_decade=point.per_decade,
    )


def threshold_in_force(notes: Notes, pack_default: Threshold) -> Threshold:
    """What this archive searches with: the point it adopted, where it is of the pack in use; else the pack's own."""
    adopted = adopted_for(notes, pack_default.pack)
    return pack_default if adopted is None else adopted.threshold


def adopted_for(notes: Notes, pack: str) -> Adopted | None:
    """The point this archive adopted last for this pack; None: none. Raises ArchiveBroken."""
    for note in (NOTE, _earlier(pack)):
        adopted = read_adopted(notes, note)
        if adopted is not None and adopted.threshold.pack == pack:
            return adopted
    return None


def looser(now: Threshold, before: Threshold) -> str | None:
    """What to tell who adopts a point that names more easily than the one adopted before; None where it does not."""
    n = max(now.n, before.n)
    level = before.for_gallery(n).accept
    if now.for_gallery(n).accept < level:
        return f"Before, names began at {level:.4f}: this is looser."
    if now.per_decade < before.per_decade:
        return f"Before, the threshold rose by {before.per_decade:.4f} with ten times the people: this is looser."
    return None


def _earlier(pack: str) -> str:
    """Where the point adopted for a pack stays when another's is adopted: people are still found with the old pack."""
    return f"{NOTE} {pack}"


def doubling_warning(notes: Notes, gallery: int, in_force: Threshold) -> str | None:
    """What to tell who sweeps where the adopted point no longer fits; None where it does, or none was adopted.

    gallery: how many people can be found now. in_force: the threshold the archive searches with.
    """
    adopted = adopted_for(notes, in_force.pack)
    if adopted is None:
        if read_adopted(notes) is None:
            return None
        return (
            "The operating point this archive adopted belongs to another model pack than the one in use, "
            "so the pack's own is used for people enrolled with it. Measure again: kenbaar evaluate DIR --adopt FPIR."
        )
    if not adopted.outgrown(gallery):
        return None
    point = adopted.threshold
    return (
        f"{gallery:,} people can be found now; the operating point was measured with {point.n:,}. It was tightened "
        f"from {point.accept:.4f} to {point.for_gallery(gallery).accept:.4f} by itself. "
        "Measure again: kenbaar evaluate DIR --adopt FPIR."
    )


def adopt(actor: Actor, evaluation: Evaluation, notes: Notes, journal: Journal, pack_default: Threshold) -> Adopted:
    """Makes what was measured this archive's operating point; written in the ledger before it holds.

    pack_default: of the pack the archive uses. Raises WrongModelPack where another was measured, TooFewPeople where the
    people measured cannot carry the claim and the threshold is not stricter than the pack's default either.
    """
    threshold = evaluation.adopted
    if threshold is None:
        raise SettingsError("Nothing was measured to be adopted.", "Run `kenbaar evaluate DIR --adopt FPIR`.")
    if threshold.pack != pack_default.pack:
        raise WrongModelPack(
            "The threshold was measured with another pack than this archive uses.",
            "Measure with the archive's own pack, or set the archive to the one you measured.",
        )
    point = evaluation.adopted_point
    assert point is not None and point.fpir is not None  # it was measured with strangers, or there were no threshold
    people, searches = point.fpir.people, point.fpir.searches
    if threshold.accept > 1:
        raise TooFewPeople(
            f"No score keeps the FPIR at {threshold.fpir:g} with this pack, as far as these {people:,} people "
            "tell: nobody would be named at all.",
            "Adopt a larger FPIR, measure with more people, or use a pack that tells these people better apart.",
        )
    if not point.carried and not _stricter(threshold, pack_default):
        needed = people_for_claim(threshold.fpir)
        raise TooFewPeople(
            f"An FPIR of {threshold.fpir:.4g} needs searches by {needed:,} independent strangers without an "
            f"error (rule of 3); there are {people:,}, and the threshold would be looser than the pack's default.",
            f"Bring {plural(point.missing, 'more person', 'more people')} to be measured, or keep the default.",
        )
    adopted = Adopted(threshold, evaluation.measured_at.astimezone(UTC), searches, people, point.carried)
    with journal.writing():
        journal.record(
            Event.ADOPT,
            actor,
            pack=threshold.pack,
            accept=f"{threshold.accept:.6f}",
            fpir=f"{threshold.fpir:g}",
            n=threshold.n,
            per_decade=f"{threshold.per_decade:.6f}",
            people=people,
            searches=searches,
            carried=point.carried,
            point=adopted.text(),
        )
        keep_adopted(adopted.text(), notes)
    return adopted


def keep_adopted(text: str, notes: Notes) -> None:
    """Keeps an operating point (Adopted.text) as the one adopted last; that of another pack stays beside it."""
    before, pack = read_adopted(notes), read_json(text)["pack"]
    if before is not None and before.threshold.pack != pack:
        notes.set_notes(**{_earlier(before.threshold.pack): before.text()})
    if notes.note(NOTE) != text:
        notes.set_notes(**{NOTE: text})


def _stricter(threshold: Threshold, default: Threshold) -> bool:
    """At least as strict as the default for every gallery size, its own rise included."""
    larger = max(threshold.n, default.n)
    return (
        threshold.accept >= default.accept
        and threshold.for_gallery(larger).accept >= default.for_gallery(larger).accept
        and threshold.per_decade >= default.per_decade
        and threshold.margin >= default.margin
    )
