"""The sentences that visitors read, gathered from the source, and merged into the catalogues of languages.

`python -m kenbaar.web.catalogue` after a change: new sentences then stand in locale/*.po, to be translated.

Gathered are: `_("...")` and `n_("...", "...", n)` of templates; `words("...")` and `words.count` of this room; what
policy says of purposes, events, bases and roles; and both sentences of every refusal that a visitor can meet. Values
in a refusal are numbered there: f"Photo {n} is too large" is "Photo {1} is too large", in every language.
English has a catalogue too: what refusals say of the command line is said otherwise in a browser.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

import kenbaar
from kenbaar import errors
from kenbaar.policy import EVENTS, JURISDICTIONS, PURPOSES, ROLES
from kenbaar.rights import KIND_WORDS
from kenbaar.web._words import DEFAULT, LANGUAGES, LOCALE, SHORT_WORDS

SOURCE = Path(kenbaar.__file__).parent
NOT_MET = frozenset({"cli", "demo", "detection", "disk", "engines", "faces", "gallery", "keys", "ledger"})
NOT_MET |= {"matching", "measure", "modelpack", "packmaking", "policy", "storage"}  # rooms that no visitor hears of
FILES = ("keys/_recovery.py",)  # of other rooms: what is said of a code
SHELL_ALONE = ("_serve.py", "_evaluate.py", "_packs.py", "_create.py", "_seal.py")  # nobody meets these in a browser
PROGRAMS = ("_given.py", "_tokens.py")  # programs alone meet these, and those of web/api
OF_THE_SHELL = re.compile(r"`kenbaar |--[a-z]|--home")  # what a visitor can't do: such a sentence has another one here
_KEYWORDS = {"_": None, "n_": (1, 2), "words": None, "count": (1, 2), "N_": None}


def gathered() -> Catalog:
    """Every sentence, English alone."""
    catalog = Catalog(charset="utf-8", project="kenbaar", fuzzy=False)
    for place, found in (*_of_templates(), *_of_pages(), *_of_policy(), *_of_refusals()):
        catalog.add(found, locations=[(place, 0)])
    return catalog


def wanted(language: str) -> Catalog:
    """The sentences that a language says in its own way: all; of English, those that speak of the command line, and
    what records call things."""
    if language != DEFAULT:
        return gathered()
    catalog = Catalog(charset="utf-8", project="kenbaar", fuzzy=False)
    for message in gathered():
        if isinstance(message.id, str) and (OF_THE_SHELL.search(message.id) or message.id in SHORT_WORDS):
            catalog.add(message.id)
    return catalog


def merged(language: str) -> Catalog:
    """The language's catalogue with every sentence there is, translated or not, and none that is gone."""
    path = resources.files("kenbaar.web") / LOCALE / f"{language}.po"
    with path.open("rb") as file:
        kept = read_po(file, locale=language)
    kept.update(wanted(language), no_fuzzy_matching=True)
    kept.obsolete.clear()
    return kept


def main() -> None:
    """Rewrites the catalogues."""
    for language in LANGUAGES:
        path = SOURCE / "web" / LOCALE / f"{language}.po"
        if path.exists():
            catalog = merged(language)
            with path.open("wb") as file:
                write_po(file, catalog, width=110, omit_header=False, no_location=True, sort_output=True)
            missing = sum(1 for m in catalog if m.id and not _is_translated(m.string))
            print(f"{language}: {len(catalog)} sentences, {missing} to translate")  # noqa: T201  # a tool's answer


def _is_translated(string: object) -> bool:
    return all(string) if isinstance(string, (tuple, list)) else bool(string)


def _of_templates() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    for path in sorted((SOURCE / "web" / "templates").rglob("*.html")):
        with path.open("rb") as file:
            for _, found, _, _ in extract("jinja2.ext:babel_extract", file, keywords=_KEYWORDS):
                yield path.name, found


def _of_pages() -> Iterator[tuple[str, str | tuple[str, ...]]]:
    for path in sorted((SOURCE / "web").rglob("*.py")):
        if path.name != "catalogue.py":
            with path.open("rb") as file:
                for _, found, _, _ in extract("python", file, keywords=_KEYWORDS):
                    yield path.name, found


def _of_policy() -> Iterator[tuple[str, str]]:
    for purpose in PURPOSES.values():
        for text in (purpose.short, purpose.channel_short):
            if text:
                yield "purposes", text.replace("{channel}", "{1}")
    for event in EVENTS.values():
        yield "events", event.value.meaning
    for law in JURISDICTIONS.values():
        yield "jurisdictions", law.words
        for basis in law.bases.values():
            yield "bases", basis.words
    for role in ROLES.values():
        yield "roles", role.words
    for kind in KIND_WORDS.values():
        yield "kinds of acts", kind


def _of_refusals() -> Iterator[tuple[str, str]]:
    rooms = sorted(room for room in SOURCE.iterdir() if room.is_dir() and room.name not in NOT_MET)
    files = [path for room in rooms for path in sorted(room.rglob("*.py"))]
    for path in [*files, *(SOURCE / file for file in FILES)]:
        if path.name in SHELL_ALONE and path.parent.name in ("web", "acts", "archive"):
            continue
        if path.parent.name == "api" or path.name in PROGRAMS:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and _is_refusal(node.func):
                for argument in node.args[:2]:
                    if text := numbered(argument):
                        yield path.name, text


def _is_refusal(callee: ast.expr) -> bool:
    kind = getattr(errors, callee.id, None) if isinstance(callee, ast.Name) else None
    known = isinstance(kind, type) and issubclass(kind, errors.KenbaarError)
    return known or (isinstance(callee, ast.Name) and callee.id == "TooMany")


def numbered(node: ast.expr) -> str:
    """A sentence as it stands in the source, its values numbered; empty where it is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return ""
    out, n = "", 0
    for part in node.values:
        if isinstance(part, ast.Constant):
            out += str(part.value)
        else:
            n += 1
            out += f"{{{n}}}"
    return out


if __name__ == "__main__":
    main()
