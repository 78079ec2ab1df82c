"""The two languages: sentences of pages are written in English, and looked up in a catalogue (locale/)."""

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
LOCALE = "locale"  # the folder of catalogues


class Words:
    """One language: `words("Leave")`, `words.count("%(n)s picture", "%(n)s pictures", 3)`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalog = _catalog(language)

    def __call__(self, text: str, **values: object) -> str:
        """The sentence in this language; `%(name)s` in it is filled in."""
        found = self._catalog.get(text)
        said = str(found.string) if found is not None and found.string else text
        return said % values if values else said

    def count(self, one: str, many: str, n: int, **values: object) -> str:
        """The sentence for so many things; `%(n)s` is the number."""
        found = self._catalog.get(one)
        forms = found.string if found is not None and isinstance(found.string, tuple) and all(found.string) else None
        said = (one if n == 1 else many) if forms is None else forms[0 if n == 1 else 1]
        return said % {"n": n, **values}

    def sentence(self, sentence: str) -> str:
        """A sentence that was made elsewhere, of a refusal for example: found again by its pattern, its values kept."""
        if not sentence:
            return sentence
        if (said := self(sentence)) != sentence:
            return said
        for pattern, translated in _patterns(self.language):
            if (found := pattern.fullmatch(sentence)) is not None:
                return _filled(translated, [self.sentence(value) for value in found.groups()])
        return sentence

    def day(self, at: date | datetime | None) -> str:
        """A day as people here write it."""
        return self("date unknown") if at is None else format_date(at, "d MMMM y", locale=self.language)

    def month(self, at: datetime) -> str:
        """A month and its year."""
        return format_date(at, "LLLL y", locale=self.language)

    def moment(self, at: datetime | None) -> str:
        """A day and the time, UTC."""
        return self("date unknown") if at is None else format_datetime(at, "d MMMM y, HH:mm", locale=self.language)


def clock(seconds: float) -> str:
    """A moment of a video as players tell it: 1:05, or 1:02:03."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


@functools.cache
def words_of(language: str) -> Words:
    """The words of a language there is; of any other, English."""
    return Words(language if language in LANGUAGES else DEFAULT)


_NUMBER = re.compile(r"\{(\d+)\}")


def _filled(sentence: str, values: list[str]) -> str:
    return _NUMBER.sub(lambda place: values[int(place[1]) - 1], sentence)


@functools.cache
def _patterns(language: str) -> list[tuple[re.Pattern[str], str]]:
    """What finds a sentence with values, and what is said for it; those that say most by themselves first."""
    rows = []
    for message in _catalog(language):
        if isinstance(message.id, str) and "{1}" in message.id and isinstance(message.string, str) and message.string:
            parts = _NUMBER.split(message.id)[::2]
            rows.append(
                (len("".join(parts)), re.compile("(.+?)".join(map(re.escape, parts)), re.DOTALL), message.string)
            )
    return [(pattern, said) for _, pattern, said in sorted(rows, key=lambda row: -row[0])]


@functools.cache
def _catalog(language: str) -> Catalog:
    with (resources.files("kenbaar.web") / LOCALE / f"{language}.po").open("rb") as file:
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


def N_(text: str) -> str:  # gettext's own name for a sentence that is looked up later
    """The text itself, gathered for the catalogues: it is said (`Words.sentence`) where it is shown."""
    return text


SHORT_WORDS = (  # what records and acts call things, as pages say it
    N_("off"), N_("claimed"), N_("roster"), N_("transient"),
    N_("waiting"), N_("running"), N_("done"), N_("stopped"), N_("failed"),
    N_("sweep"), N_("publish"), N_("held"), N_("unreadable"), N_("present"), N_("new"), N_("missing"),
    N_("photos"), N_("videos"), N_("faces"), N_("appearances"), N_("unknown"), N_("seconds"), N_("undecided"),
    N_("looked"), N_("skipped"), N_("moved"), N_("links"), N_("without_code"), N_("older_pack"), N_("other_pack"),
    N_("published"), N_("masked"), N_("visible"), N_("written"), N_("replaced"), N_("unchanged"), N_("removed"),
    N_("reduced"), N_("pictures"), N_("purposes"), N_("reason"), N_("item"), N_("collection"), N_("channel"),
    N_("offered"), N_("holder"), N_("portrait"), N_("mode"), N_("act"), N_("basis"), N_("case"), N_("outcome"),
    N_("subject"), N_("organisation"), N_("you"), N_("Kenbaar itself"), N_("invited"), N_("enrolled"), N_("left"),
    N_("date unknown"), N_("access"), N_("erasure"), N_("correction"), N_("objection"), N_("open"), N_("extended"),
    N_("answered"),
    N_("refused"), N_("hidden"), N_("kind"), N_("state"),
    N_("active"), N_("ended"), N_("officer"), N_("editor"), N_("reviewer"), N_("auditor"),
)  # fmt: skip
