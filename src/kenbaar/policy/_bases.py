"""On what somebody may ask who is in a photo: one row per basis. Criminal investigation is none, whatever the law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class BasisRow:
    """One basis. name: as the command line takes it. words: what whoever gives it declares. cites: the articles."""

    name: str
    words: str
    cites: str = ""


def bases(**cited: str) -> Mapping[str, BasisRow]:
    """The rows that a jurisdiction has, by name: those it cites articles for. An underscore is written as a dash."""
    names = [name.replace("_", "-") for name in cited]
    rows = (BasisRow(name, _WORDS[name], cites) for name, cites in zip(names, cited.values(), strict=True))
    return MappingProxyType({row.name: row for row in rows})


_WORDS = {
    "consent": "Everybody who can be seen in the photo agreed to being looked for.",
    "request": "Somebody asked for the pictures of themselves, and it is their photo.",
    "archive": "The photo is described for an archive in the public interest.",
    "research": "The photo is used for historical or scientific research.",
    "journalism": "The photo is used for journalism.",
    "vital-interests": "Somebody in the photo is in danger and cannot be asked.",
    "own-work": "The organisation works with its own pictures.",
}
