"""Other people's names, kept out of what one person is handed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from kenbaar.consent import Subject

LEFT_OUT = "(left out: it names somebody else)"
_WORD = re.compile(r"[^\W\d_]+")
_HUMP = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")  # where a new word begins in "BobOnStage"
_LEAST_LETTERS, _ANYWHERE_LETTERS = 3, 4  # shorter words of a name ("de", "Jo") are in half of all file names


class OtherNames:
    """Knows everybody's names but one person's, and leaves out what says one of them.

    File names, collections and reasons are written by people, and people write names there. Four letters of a name are
    found anywhere ("oldbobby.jpg"), three as a word of their own ("BobOnStage_2.jpg"). The whole text goes: half a name
    is a hint. A name that the person bears too is nobody else's. Who is not in the archive has no name here.
    """

    def __init__(self, people: Iterable[Subject], subject: str) -> None:
        """people: everybody ever invited; subject: whose file it is."""
        own: set[str] = set()
        others: set[str] = set()
        for person in people:
            words = {w for name in (person.name, person.guardian or "") for w in _words(name)}
            (own if person.id == subject else others).update(words)
        others = {w for w in others - own if len(w) >= _LEAST_LETTERS or not w.isascii()}
        self._words = frozenset(others)
        self._parts = tuple(sorted(w for w in others if len(w) >= _ANYWHERE_LETTERS))

    def without(self, text: str) -> str:
        """The text, or words that say why it is not there."""
        folded = _folded(text)
        words = {*_words(text), *_words(_HUMP.sub(" ", text))}
        named = not self._words.isdisjoint(words) or any(part in folded for part in self._parts)
        return LEFT_OUT if named else text


def _words(text: str) -> list[str]:
    return _WORD.findall(_folded(text))


def _folded(text: str) -> str:
    """Case and accents gone: "Zoë" is found in "ZOE.jpg". A letter stays letters (Ŀ decomposes to one and a dot)."""
    kept = []
    for c in unicodedata.normalize("NFC", text).casefold():
        parts = unicodedata.normalize("NFKD", c)
        kept += [p for p in parts if p.isalnum()] if c.isalnum() else [p for p in parts if not unicodedata.combining(p)]
    return "".join(kept)
