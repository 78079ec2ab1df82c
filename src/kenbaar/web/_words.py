"""The two languages: sentences of pages are written in English, and looked up in a catalogue for every other."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from datetime import date, datetime
from importlib import resources

from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

LANGUAGES = {"en": "English", "nl": "Nederlands"}
DEFAULT = "en"


class Words:
    """One language: `words("Leave")`, `words.count("%(n)s picture", "%(n)s pictures", 3)`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalog = None if language == DEFAULT else _catalog(language)

    def __call__(self, text: str, **values: object) -> str:
        """The sentence in this language; `%(name)s` in it is filled in."""
        found = self._catalog.get(text) if self._catalog else None
        said = str(found.string) if found is not None and found.string else text
        return said % values if values else said

    def count(self, one: str, many: str, n: int, **values: object) -> str:
        """The sentence for so many things; `%(n)s` is the number."""
        found = self._catalog.get(one) if self._catalog else None
        forms = found.string if found is not None and isinstance(found.string, tuple) and all(found.string) else None
        said = (one if n == 1 else many) if forms is None else forms[0 if n == 1 else 1]
        return said % {"n": n, **values}

    def day(self, at: date | datetime | None) -> str:
        """A day as people here write it."""
        return self("date unknown") if at is None else format_date(at, "d MMMM y", locale=self.language)

    def moment(self, at: datetime | None) -> str:
        """A day and the time, UTC."""
        return self("date unknown") if at is None else format_datetime(at, "d MMMM y, HH:mm", locale=self.language)


@functools.cache
def words_of(language: str) -> Words:
    """The words of a language there is; of any other, English."""
    return Words(language if language in LANGUAGES else DEFAULT)


@functools.cache
def _catalog(language: str) -> Catalog:
    with (resources.files("kenbaar.web") / "locale" / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def preferred(accept_language: str) -> str:
    """The language a browser asks for (RFC 9110, 12.5.4), of those there are."""
    ranked: list[tuple[float, int, str]] = []
    for n, part in enumerate(accept_language[:200].split(",")):
        found = re.fullmatch(r"\s*([a-zA-Z]{1,8})[-a-zA-Z0-9]*\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*", part)
        if found and found[1].lower() in LANGUAGES:
            ranked.append((-float(found[2] or 1), n, found[1].lower()))
    return min(ranked)[2] if ranked else DEFAULT


Say = Callable[..., str]
