"""Commands about pictures: collection, sweep, find, claim, reject, publish."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from kenbaar.cli._app import Out, common, operator

_MODES = click.Choice(["off", "claimed", "roster", "transient"])
_CODE = click.option(
    "--code", "codes", multiple=True, help="Recovery code of somebody who holds their own key; repeatable."
)


def _mode_options(command: Any) -> Any:
    for option in (
        click.option("--officer", help="Who declares that the roster is complete (mode roster)."),
        click.option(
            "--roster",
            multiple=True,
            metavar="SUBJECT",
            help="Somebody who is in the pictures (mode roster); repeatable.",
        ),
        click.option("--reason", help="Why (needed by mode transient)."),
        click.option(
            "--mode", type=_MODES, default="off", show_default=True, help="Who is in these pictures; see docs."
        ),
    ):
        command = option(command)
    return command


@click.group()
def collection() -> None:
    """Add, show and change collections of pictures."""


@collection.command("add")
@click.argument("name")
@click.argument("source", type=click.Path(path_type=Path))
@_mode_options
@common
def collection_add(
    out: Out, name: str, source: Path, mode: Any, reason: str | None, roster: tuple[str, ...], officer: str | None
) -> None:
    """Add the folder SOURCE, which your organisation controls, as collection NAME. Originals stay where they are."""
    with out.archive() as archive:
        archive.refuse_source(source)
        added = archive.collections.add(
            operator(), name, source, mode=mode, reason=reason, roster=roster, officer=officer
        )
    out.say(f"Added {added.name!r} ({added.source}), mode {added.mode}. Next: kenbaar sweep {name!r}")
    out.answer({"collection": added.name, "source": added.source, "mode": added.mode})


@collection.command("set")
@click.argument("name")
@_mode_options
@common
def collection_set(
    out: Out, name: str, mode: Any, reason: str | None, roster: tuple[str, ...], officer: str | None
) -> None:
    """Say anew who is in collection NAME."""
    with out.archive() as archive:
        changed = archive.collections.set_mode(operator(), name, mode, reason=reason, roster=roster, officer=officer)
    out.say(f"Collection {changed.name!r} is now in mode {changed.mode}.")
    out.answer({"collection": changed.name, "source": changed.source, "mode": changed.mode})


@collection.command("list")
@common
def collection_list(out: Out) -> None:
    """All collections."""
    with out.archive() as archive:
        rows: list[dict[str, Any]] = []
        for c in archive.collections.store.all():
            tally = archive.collections.store.tally(c.name)
            counts = {"items": tally.items, "faces": tally.tracks, "appearances": tally.appearances}
            rows.append({"collection": c.name, "mode": c.mode, "source": c.source, **counts})
    for row in rows:
        out.say(
            f"{row['collection']}  {row['mode']}  {row['items']} photos, {row['faces']} faces, "
            f"{row['appearances']} appearances  {row['source']}"
        )
    if not rows:
        out.say("There are no collections yet. See `kenbaar collection add --help`.")
    out.answer({"collections": rows})


@collection.command("show")
@click.argument("name")
@click.option(
    "--sheet", type=click.Path(path_type=Path), help="Write an HTML page with the numbered boxes of every photo."
)
@common
def collection_show(out: Out, name: str, sheet: Path | None) -> None:
    """The items of NAME with their faces' numbers, as `kenbaar claim` needs them."""
    from kenbaar.rights import write_collection_sheet

    with out.archive() as archive:
        store = archive.collections.store
        archive.collections.get(name)
        if sheet:
            archive.refuse_target(sheet)
        rows: list[dict[str, Any]] = []
        after = ""
        while page := store.items(name, ("present", "new", "unreadable", "missing"), after):
            for item in page:
                faces: list[dict[str, Any]] = [
                    {"n": t.n, "box": t.box.as_list(), "known": False} for t in store.tracks(item.id)
                ]
                for appearance in store.appearances_in(item.id):
                    faces[appearance.n]["known"] = True  # whose it is, `kenbaar find` says: with consent, and on record
                rows.append({"item": item.id, "path": item.path, "state": item.state, "why": item.why, "faces": faces})
            after = page[-1].path
        if sheet:
            write_collection_sheet(
                archive.collections.get(name), store, sheet, archive.limits, archive.detect_everybody
            )
    for row in rows:
        out.say(
            f"{row['item']}  {row['path']}"
            + (f"  ({row['state']}{': ' + row['why'] if row['why'] else ''})" if row["state"] != "present" else "")
        )
        for face in row["faces"]:
            out.say(f"    box {face['n']}  {face['box']}{'  somebody who agreed' if face['known'] else ''}")
    if sheet:
        out.say(f"Sheet: {sheet}")
    out.answer({"collection": name, "items": rows, "sheet": str(sheet) if sheet else None})


@click.command()
@click.argument("name")
@click.option("--workers", type=click.IntRange(1, 256), help="Worker processes (default: one for each core).")
@_CODE
@common
def sweep(out: Out, name: str, workers: int | None, codes: tuple[str, ...]) -> None:
    """Find who in collection NAME agreed to be found. Can be stopped and run again at any time."""
    from kenbaar.engines import LocalEngine
    from kenbaar.measure import doubling_warning

    show = out.bar("sweep")
    with out.archive() as archive:
        if warning := doubling_warning(archive.consents.store, len(archive.consents.recognisable()), archive.threshold):
            out.note(warning)
        report = archive.sweeps.sweep(
            operator(),
            name,
            archive.packs.in_use(),
            older=archive.packs.older(),
            sessions=archive.consents.sessions(codes),
            engine=LocalEngine(workers or archive.settings.workers or len(os.sched_getaffinity(0))),
            limits=archive.limits,
            say=lambda p: show(p.done, p.total, p.seconds),
        )
    out.say(
        f"{report.photos} photos, {report.faces} faces, "
        f"{report.appearances} appearances of people who agreed, {report.unknown} faces of nobody we may know."
    )
    out.say(
        f"This run: {report.analysed} looked at, {report.skipped} unchanged, {report.moved} moved, "
        f"{report.missing} gone, {report.undecided} undecided faces, {report.seconds:.1f} s."
    )
    if report.without_code:
        out.say(f"Not looked for: {report.without_code} who hold their own key (they can join with --code).")
    if report.older_pack:
        out.say(
            f"Looked for with an older model pack: {report.older_pack}, until they renew (`kenbaar subjects` says who)."
        )
    if report.other_pack:
        out.say(
            f"Not looked for: {report.other_pack} who enrolled with a model pack that is not here."
            " Bring it with `kenbaar pack add FOLDER`, or ask them to renew: `kenbaar renew SUBJECT`"
            " (`kenbaar subjects` says who)."
        )
    for bad in report.unreadable:
        out.say(f"Unreadable: {bad.path}: {bad.why}")
    out.answer(
        {
            "photos": report.photos,
            "videos": report.videos,
            "faces": report.faces,
            "appearances": report.appearances,
            "unknown": report.unknown,
            "unreadable": [{"path": u.path, "why": u.why} for u in report.unreadable],
            "seconds": round(report.seconds, 3),
            "undecided": report.undecided,
            "looked": report.analysed,
            "skipped": report.skipped,
            "moved": report.moved,
            "missing": report.missing,
            "without_code": report.without_code,
            "older_pack": report.older_pack,
            "other_pack": report.other_pack,
        }
    )


@click.command()
@click.argument("subject")
@_CODE
@click.option("--reason", help="Why you look; it is shown to the person.")
@click.option(
    "--sheet", type=click.Path(path_type=Path), help="Write an HTML contact sheet, with everybody else masked."
)
@common
def find(out: Out, subject: str, codes: tuple[str, ...], reason: str | None, sheet: Path | None) -> None:
    """The pictures SUBJECT is in. The look is written in the ledger, and shown to the person."""
    from kenbaar.rights import write_contact_sheet

    with out.archive() as archive:
        if sheet:
            archive.refuse_target(sheet)
        found = archive.requests.find(operator(), subject, archive.consents.sessions(codes), reason=reason)
        if sheet:
            write_contact_sheet(found, archive.collections.store, sheet, archive.limits, archive.detect_everybody)
    for f in found:
        when = f"{f.when:%Y-%m-%d %H:%M}" if f.when else "-"
        out.say(f"{f.item}  {f.path}  box {f.box.as_list()}  {f.band}  {when}")
    if not found:
        out.say("No pictures found. That is an answer about what was swept, not about what exists.")
    if sheet:
        out.say(f"Sheet: {sheet}")
    out.answer(
        {
            "appearances": [
                {
                    "item": f.item,
                    "path": str(f.path),
                    "box": f.box.as_list(),
                    "band": f.band,
                    "start_s": f.start_s,
                    "end_s": f.end_s,
                    "when": f.when.isoformat() if f.when else None,
                    "n": f.n,
                    "collection": f.collection,
                }
                for f in found
            ]
        }
    )


@click.command()
@click.argument("subject")
@click.argument("item")
@click.option(
    "--box", "n", type=click.IntRange(0), required=True, help="The number of the box, from `kenbaar collection show`."
)
@_CODE
@common
def claim(out: Out, subject: str, item: str, n: int, codes: tuple[str, ...]) -> None:
    """SUBJECT says: box N of ITEM is me. Compared with their own template, or taken by hand in mode off."""
    with out.archive() as archive:
        appearance = archive.requests.claim(
            operator(),
            subject,
            item,
            n,
            archive.consents.sessions(codes),
            lambda: archive.packs.of(subject),
            lambda: archive.packs.threshold_of(subject),
            archive.limits,
        )
    out.say(f"Box {n} of {item} is {subject} ({appearance.band}).")
    out.answer(
        {
            "item": item,
            "subject": subject,
            "box": appearance.box.as_list(),
            "band": appearance.band,
            "how": appearance.how,
        }
    )


@click.command()
@click.argument("subject")
@click.argument("item")
@_CODE
@common
def reject(out: Out, subject: str, item: str, codes: tuple[str, ...]) -> None:
    """SUBJECT says: this is not me, in ITEM. They are never matched there again."""
    with out.archive() as archive:
        rejection = archive.requests.reject(operator(), subject, item, archive.consents.sessions(codes))
    out.say(f"{subject} is not matched in {item} any more, nor in any copy of that photo.")
    out.answer({"item": item, "subject": subject, "box": rejection.box.as_list()})


@click.command()
@click.argument("name")
@click.argument("out_folder", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--channel", required=True, help="Where these copies go: web, print, ...")
@click.option(
    "--mask-doubtful", is_flag=True, help="Mask what the last check doubts as well, instead of holding the photo back."
)
@click.option("--workers", type=click.IntRange(1, 256), help="Worker processes (default: one for each core).")
@common
def publish(out: Out, name: str, out_folder: Path, channel: str, mask_doubtful: bool, workers: int | None) -> int:
    """Write copies of collection NAME to OUT, with everybody masked but those who agreed to be seen in CHANNEL."""
    from kenbaar.engines import LocalEngine

    show = out.bar("publish")
    with out.archive() as archive:
        count = workers or archive.settings.workers or len(os.sched_getaffinity(0))
        report = archive.publisher.publish(
            operator(),
            name,
            out_folder,
            channel,
            archive.pack,
            archive.limits,
            say=show,
            mask_doubtful=mask_doubtful,
            engine=LocalEngine(count),
        )
    out.say(f"{report.published} copies in {out_folder}: {report.visible} faces visible, {report.masked} masked.")
    out.say(
        f"This run: {report.written} written ({report.replaced} of them replace an older copy), "
        f"{report.unchanged} unchanged, {report.removed} removed."
    )
    for held in report.held:
        out.say(f"Held back: {held.path}: {held.why}")
    out.answer(
        {
            "published": report.published,
            "held": [{"path": h.path, "why": h.why} for h in report.held],
            "masked": report.masked,
            "visible": report.visible,
            "written": report.written,
            "replaced": report.replaced,
            "unchanged": report.unchanged,
            "removed": report.removed,
            "manifest": str(report.manifest),
        }
    )
    return 5 if report.held else 0
