"""Every look at one person, out of the ledger: what was done about them, and the sweeps that compared their face."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kenbaar.consent import RECOGNISING, Grant, Subject
from kenbaar.ledger import Act
from kenbaar.rights._account import ActRow
from kenbaar.rights._other_names import OtherNames

MEANINGS = {
    "invite": "You were invited.",
    "enrol": "You enrolled.",
    "renew": "You renewed your consent.",
    "sweep": "A collection was looked through, and the faces in it were compared with yours.",
    "find": "Somebody asked which pictures you are in.",
    "claim": "It was said of a face that it is you.",
    "reject": "It was said of a face that it is not you.",
    "shown": "Published copies left your face visible.",
    "withdraw": "Consent ended, and its keys were destroyed.",
    "export": "Everything held about you was put together for you.",
}
_FACTS = frozenset(
    (
        "offered",
        "purposes",
        "holder",
        "pictures",
        "reason",
        "item",
        "how",
        "channel",
        "copies",
        "collection",
        "mode",
        "subjects",
    )
)  # what may be passed on; `roster` and `held_by_themselves` name other people


def looks_at(
    person: Subject,
    acts: Iterable[Act],
    grants: Iterable[Grant],
    galleries: Mapping[str, frozenset[str]],
    names: OtherNames,
    *,
    has_template: bool,
) -> Iterator[ActRow]:
    """The acts about this person, oldest first. galleries: digest -> ids of the grants that were compared with.

    A sweep compared their face where its record says so: they opened their own key for it, or a grant of theirs was in
    its gallery. A gallery that left no record of its grants counts as theirs where their consent was in force: better
    a look too many than one untold.
    """
    comparing = [g for g in grants if g.purpose.kind in RECOGNISING]
    rosters: dict[object, object] = {}
    for act in acts:
        said = act.payload
        if said is None:
            continue
        if act.event == "collection":
            rosters[said.get("collection")] = said.get("roster")
        mine = said.get("subject") == person.id
        if not mine and act.event == "sweep" and has_template:
            mine = _compared(person, act, said, comparing, galleries, rosters)
        if mine:
            yield _row(act, said, names)


def _compared(
    person: Subject,
    act: Act,
    said: Mapping[str, Any],
    comparing: list[Grant],
    galleries: Mapping[str, frozenset[str]],
    rosters: Mapping[object, object],
) -> bool:
    if not said.get("subjects") or said.get("mode") in ("off", "claimed"):
        return False
    if person.holder == "subject":
        return person.id in (said.get("held_by_themselves") or ())
    if (compared := galleries.get(str(said.get("gallery")))) is not None:
        return any(g.id in compared for g in comparing)
    if said.get("mode") == "roster" and person.id not in (rosters.get(said.get("collection")) or ()):  # type: ignore[operator]
        return False
    return any(g.given_at <= act.at < (g.ended_at or g.until) for g in comparing)


def _row(act: Act, said: Mapping[str, Any], names: OtherNames) -> ActRow:
    facts: dict[str, str | int | bool | list[str]] = {}
    for name in sorted(_FACTS & said.keys()):
        value = said[name]
        if isinstance(value, str):
            facts[name] = names.without(value)
        elif isinstance(value, list):
            facts[name] = [names.without(str(v)) for v in value]
        elif isinstance(value, (bool, int)):
            facts[name] = value
    by = said.get("by")
    return ActRow(
        act.index, act.at, act.event, MEANINGS.get(act.event, "Something was done that concerns you."), act.purpose,
        names.without(by) if isinstance(by, str) else None, facts,
    )  # fmt: skip
