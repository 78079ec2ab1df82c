"""The demo command: fetch what it needs, tell the story, write the page."""

from __future__ import annotations

import contextlib
import io
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from kenbaar.cli._app import Out, common
from kenbaar.text import read_json


@click.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@common
def demo(out: Out, folder: Path | None) -> None:
    """Tell the whole story on photographs of stand-ins, in DIR (default: ./kenbaar-demo), ending with a page."""
    from kenbaar.cli._packs import byte_bar
    from kenbaar.demo import Stage, clear_stage, tell_story, write_page
    from kenbaar.packmaking import fetch_default_pack, fetch_demo_photos

    cache = out.settings().cache
    place = clear_stage(folder or Path("kenbaar-demo"))
    fetch_default_pack(cache, byte_bar(out))
    sources = fetch_demo_photos(cache, byte_bar(out))
    out.say()
    out.say(f"Everything happens in {place}. To repeat a command by hand:")
    out.say(f"  cd {place}; export KENBAAR_HOME=$PWD/home")
    stage = Stage(place, _call, lambda kind, text: _tell(out, kind, text))
    told = tell_story(stage, sources)
    page = write_page(told, stage.steps, place)
    out.say()
    out.say(f"Told in {told.seconds:.0f} s. Before and after, side by side: open this page in a browser.")
    out.say(f"{page}")
    out.answer(
        {
            "page": str(page),
            "home": str(place / "home"),
            "photos": str(place / "photos"),
            "web": str(place / "web"),
            "pictures": len(told.pictures),
            "steps": len(stage.steps),
            "numbers": [{"value": n.value, "means": n.means} for n in told.numbers],
            "seconds": round(told.seconds, 1),
        }
    )


def _call(words: Sequence[str]) -> tuple[int, Mapping[str, Any]]:
    """Runs `kenbaar WORDS` in this process, as from a shell; its exit code and what it answered on stdout."""
    from kenbaar.cli._run import run
    from kenbaar.cli._stop import raise_if_stopped

    answered, words_for_people = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(answered), contextlib.redirect_stderr(words_for_people):
        code = run(words)
    raise_if_stopped(code)
    lines = answered.getvalue().splitlines()
    return code, read_json(lines[-1]) if lines else {}


def _tell(out: Out, kind: str, text: str) -> None:
    if kind == "title":
        out.say("\n" + text, layout=True, bold=True)
    elif kind == "command":
        out.say(f"   $ {text}", dim=True)
    else:
        out.say(textwrap.fill(text, 88, initial_indent="   ", subsequent_indent="   "), layout=True)
