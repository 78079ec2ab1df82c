"""HTML that a person is handed: one file each, nothing fetched, nothing run, everything escaped."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from kenbaar.collections import Certainty
from kenbaar.text import shown

if TYPE_CHECKING:
    import jinja2

STYLE = "page.css"
BAND_WORDS: dict[Certainty, str] = {
    "strong": "certain",
    "possible": "possible: please say if this is you",
    "by hand": "pointed out by hand",
}
Kind = Literal[
    "contact.html", "collection.html", "export.html", "export_pictures.html", "case.html", "transparency.html"
]


def page(kind: Kind, **context: Any) -> Iterator[bytes]:
    """A page, UTF-8, piece by piece: what the context yields lazily is asked for when its place is reached."""
    style = _style()
    context |= {"style": style, "policy": _policy(style), "band_words": BAND_WORDS}
    stream = _environment().get_template(kind).stream(context)
    stream.enable_buffering(32)
    for piece in stream:
        yield piece.encode("utf-8", "replace")


def _policy(style: str) -> str:
    """Pictures from within the file and this one style sheet: no script, no request, no form, no frame."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@functools.cache
def _style() -> str:
    from markupsafe import Markup

    environment = _environment()
    assert environment.loader is not None
    return Markup(environment.loader.get_source(environment, STYLE)[0])  # noqa: S704  # our own file, no input in it


@functools.cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("kenbaar.rights"),
        autoescape=True,
        finalize=shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"day": _day, "moment": _moment}
    return environment


def _day(at: datetime | None) -> str:
    return "date unknown" if at is None else f"{at.day} {at:%B %Y}"


def _moment(at: datetime | None) -> str:
    return "date unknown" if at is None else f"{at.day} {at:%B %Y, %H:%M}"
