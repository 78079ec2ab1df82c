"""The page: one file, nothing fetched, nothing run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

import kenbaar
from kenbaar.demo._stage import Step
from kenbaar.demo._story import PEOPLE, REJECTED, Told
from kenbaar.media import write_file
from kenbaar.text import shown

PAGE = "demo.html"


def write_page(told: Told, steps: Sequence[Step], folder: Path) -> Path:
    """Writes demo.html to the demo's folder and returns where it is."""
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        finalize=shown, loader=jinja2.PackageLoader("kenbaar.demo"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    assert environment.loader is not None
    style = environment.loader.get_source(environment, "demo.css")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    html = environment.get_template(PAGE).render(
        told=told,
        people_of_story=PEOPLE,
        rejected=REJECTED,
        steps=steps,
        version=kenbaar.__version__,
        style=Markup(style),  # noqa: S704  # our own file, no input in it
        policy=policy,
    )
    write_file(html.encode(), folder / PAGE)
    return folder / PAGE
