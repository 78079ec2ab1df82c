"""Commands about pictures: collection, sweep, find, claim, reject, publish."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from kenbaar.cli._app import Out, acting
from kenbaar.cli._secrets import ask_for_code, at_terminal, code_options
from kenbaar.errors import ConsentMissing

_MODES = click.Choice(["off", "claimed", "roster", "transient"])


def _mode_options(command: Any) -> Any:
    for option in (
        click.option(
            "--follow-links/--no-follow-links",
            default=None,
            help="Links may lead out of the folder, and what lies there is in the collection, or are passed over: so it"
            " is where nothing was said. `set` without either leaves it as it is.",
        ),
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
@acting
def collection_add(
    out: Out,
    name: str,
    source: Path,
    mode: Any,
    reason: str | None,
    roster: tuple[str, ...],
    officer: str | None,
    follow_links: bool | None,
) -> None:
    """Add the folder SOURCE, which your organisation controls, as collection NAME. Originals stay where they are."""
    from kenbaar import acts

    with out.archive() as archive:
        added = acts.add_collection(
            archive,
            out.actor(archive),
            acts.AddCollectionRequest(name, source, mode, reason, roster, officer, bool(follow_links)),
        )
    out.say(f"Added {added.collection!r} ({added.source}), mode {added.mode}. Next: kenbaar sweep {name!r}")
    out.answer(added)


@collection.command("set")
@click.argument("name")
@_mode_options
@acting
def collection_set(
    out: Out,
    name: str,
    mode: Any,
    reason: str | None,
    roster: tuple[str, ...],
    officer: str | None,
    follow_links: bool | None,
) -> None:
    """Say anew who is in collection NAME, and whether links lead out of it."""
    from kenbaar import acts

    with out.archive() as archive:
        changed = acts.set_collection(
            archive, out.actor(archive), acts.SetCollectionRequest(name, mode, reason, roster, officer, follow_links)
        )
    out.say(f"Collection {changed.collection!r} is now in mode {changed.mode}.")
    out.answer(changed)


@collection.command("list")
@acting
def collection_list(out: Out) -> None:
    """All collections."""
    from kenbaar import acts

    with out.archive() as archive:
        listed = acts.list_collections(archive, out.actor(archive), acts.ListCollectionsRequest())
    for row in listed.collections:
        out.say(
            f"{row.collection}  {row.mode}  {row.items} photos, {row.faces} faces, "
            f"{row.appearances} appearances  {row.source}"
        )
    if not listed.collections:
        out.say("There are no collections yet. See `kenbaar collection add --help`.")
    out.answer(listed)


@collection.command("show")
@click.argument("name")
@click.option(
    "--sheet", type=click.Path(path_type=Path), help="Write an HTML page with the numbered boxes of every photo."
)
@acting
def collection_show(out: Out, name: str, sheet: Path | None) -> None:
    """The items of NAME with their faces' numbers, as `kenbaar claim` needs them."""
    from kenbaar import acts

    with out.archive() as archive:
        shown = acts.show_collection(archive, out.actor(archive), acts.ShowCollectionRequest(name, sheet))
    for row in shown.items:
        out.say(
            f"{row.item}  {row.path}"
            + (f"  ({row.state}{': ' + row.why if row.why else ''})" if row.state != "present" else "")
        )
        for face in row.faces:
            out.say(f"    box {face.n}  {face.box.as_list()}{'  somebody who agreed' if face.known else ''}")
    if sheet:
        out.say(f"Sheet: {sheet}")
    out.answer(shown)


@click.command()
@click.argument("name")
@click.option("--workers", type=click.IntRange(1, 256), help="Worker processes (default: one for each core).")
@acting
@code_options
def sweep(out: Out, name: str, workers: int | None, codes: tuple[str, ...]) -> int:
    """Find who in collection NAME agreed to be found. Can be stopped and run again at any time."""
    from kenbaar import acts

    with out.archive() as archive, out.progress() as progress:
        report = acts.sweep(archive, out.actor(archive), acts.SweepRequest(name, workers, codes), progress)
    out.say(
        f"{report.photos} photos, {report.faces} faces, "
        f"{report.appearances} appearances of people who agreed, {report.unknown} faces of nobody we may know."
    )
    out.say(
        f"This run: {report.looked} looked at, {report.skipped} unchanged, {report.moved} moved, "
        f"{report.missing} gone, {report.undecided} undecided faces, {report.seconds:.1f} s."
    )
    if report.without_code:
        out.say(
            f"Not looked for: {report.without_code} who hold their own key (they join with their code: --code-file)."
        )
    if report.older_pack:
        out.say(
            f"Looked for with an older model pack: {report.older_pack}, until they renew (`kenbaar subjects` says who)."
        )
    if report.other_pack:
        out.say(
            f"Not looked for: {report.other_pack} who enrolled with a model pack that is not here."
            " Bring it with `kenbaar pack fetch dlib` (the default until version 2) or `kenbaar pack add FOLDER`,"
            " or ask them to renew: `kenbaar renew SUBJECT`"
            " (`kenbaar subjects` says who)."
        )
    if report.links:
        out.say(
            f"Passed over: {report.links} links that lead out of the folder. What lies there is in the collection only"
            " where it was added or set with --follow-links."
        )
    for row in report.passed_over:
        endings = f" ({', '.join(row.endings)})" if row.endings else ""
        out.say(f"Passed over: {row.files:,} {row.what}{endings}. {row.do}")
    for bad in report.unreadable:
        out.say(f"Unreadable: {bad.path}: {bad.why}")
    if report.unreadable:
        out.say(
            f"{_number(len(report.unreadable), 'file or folder', 'files or folders')} could not be read:"
            " nobody was looked for there, and no copies are made of them."
        )
    out.answer(report)
    return 5 if report.unreadable else 0


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


@click.command()
@click.argument("subject", required=False)
@click.option("--reason", help="Why you look; it is shown to the person.")
@click.option(
    "--sheet", type=click.Path(path_type=Path), help="Write an HTML contact sheet, with everybody else masked."
)
@click.option(
    "--photo",
    type=click.Path(path_type=Path),
    help="Of somebody who is here and agreed just now: their own photo, instead of SUBJECT. Nothing of it is kept.",
)
@click.option("--collection", metavar="NAME", help="With --photo: where to look.")
@acting
@code_options
def find(
    out: Out,
    subject: str | None,
    codes: tuple[str, ...],
    reason: str | None,
    sheet: Path | None,
    photo: Path | None,
    collection: str | None,
) -> int:
    """The pictures SUBJECT is in. The look is written in the ledger, and shown to the person.

    With --photo and --collection, of somebody who is not enrolled: that they agreed is written in the ledger before
    anything is compared, and neither the photo nor what was found is kept.
    """
    from kenbaar import acts

    if (subject is None) == (photo is None) or (photo is None) != (collection is None):
        raise click.UsageError("Give SUBJECT, or --photo PHOTO and --collection NAME of somebody who is here.")
    if photo is not None and (reason is not None or codes):
        raise click.UsageError("--reason and recovery codes belong to SUBJECT; of who is here nothing is on record.")
    found: acts.FindAnswer | acts.FindPresentAnswer
    if photo is not None and collection is not None:
        _require_spoken(out)
        with out.archive() as archive, out.progress() as progress:
            request = acts.FindPresentRequest(photo, collection, sheet)
            found = acts.find_present(archive, out.actor(archive), request, progress)
    else:
        assert subject is not None
        with out.archive() as archive:
            codes = ask_for_code(archive, subject, codes)
            found = acts.find(archive, out.actor(archive), acts.FindRequest(subject, codes, reason, sheet))
    for f in found.appearances:
        when = f"{f.when:%Y-%m-%d %H:%M}" if f.when else "-"
        out.say(f"{f.item}  {f.path}  box {f.box.as_list()}  {f.band}  {when}")
    if not found.appearances:
        out.say("No pictures found. That is an answer about what was looked through, not about what exists.")
    if sheet:
        out.say(f"Sheet: {sheet}")
    unreadable = found.unreadable if isinstance(found, acts.FindPresentAnswer) else ()
    for bad in unreadable:
        out.say(f"Not looked through: {bad.path}: {bad.why}")
    out.answer(found)
    return 5 if unreadable else 0


def _require_spoken(out: Out) -> None:
    """Whoever is in the photo agreed just now: asked at a terminal, and said in words without one."""
    said = (
        "the person in the photo is here and agreed, just now, that it is compared with all faces in the collection, "
        "this once"
    )
    if at_terminal() and not out.as_json:
        if not click.confirm(f"Is it so that {said}?", default=False, err=True):
            raise ConsentMissing("They did not agree, so nothing was opened.", "Ask them first.")
    else:
        out.note(f"With this you state that {said}. It is written in the ledger, with your account.")


@click.command()
@click.argument("subject")
@click.argument("item")
@click.option(
    "--box", "n", type=click.IntRange(0), required=True, help="The number of the box, from `kenbaar collection show`."
)
@acting
@code_options
def claim(out: Out, subject: str, item: str, n: int, codes: tuple[str, ...]) -> None:
    """SUBJECT says: box N of ITEM is me. Compared with their own template, or taken by hand in mode off."""
    from kenbaar import acts

    with out.archive() as archive:
        codes = ask_for_code(archive, subject, codes)
        claimed = acts.claim(archive, out.actor(archive), acts.ClaimRequest(subject, item, n, codes))
    out.say(f"Box {n} of {item} is {subject} ({claimed.band}).")
    if claimed.how == "by hand":
        out.say(
            "It rests on a word alone, so no copy shows them by it until somebody else has looked and confirms it, "
            f"from an account of their own: kenbaar confirm {subject} {item} --sheet FILE"
        )
    out.answer(claimed)


@click.command()
@click.argument("subject")
@click.argument("item")
@click.option("--sheet", type=click.Path(path_type=Path), help="Write a page that shows the face, and a number.")
@click.option("--seen", metavar="NUMBER", help="You looked at that page, and it is SUBJECT: the number on it.")
@acting
def confirm(out: Out, subject: str, item: str, sheet: Path | None, seen: str | None) -> None:
    """The second word: it was said by hand that SUBJECT is in ITEM; you, somebody else, looked and say the same."""
    from kenbaar import acts

    with out.archive() as archive:
        answer = acts.confirm(archive, out.actor(archive), acts.ConfirmRequest(subject, item, sheet, seen))
    if answer.confirmed_by is None:
        out.say(
            f"Look at {sheet}. If the face in the frame is {subject}, somebody else than {answer.said_by} confirms:"
        )
        out.say(f"kenbaar confirm {subject} {item} --seen NUMBER, with the number on that page.")
    else:
        out.say(f"Confirmed: {subject} is in {item}, said through {answer.said_by} and {answer.confirmed_by}.")
    out.answer(answer)


@click.command()
@click.argument("subject")
@click.argument("item")
@acting
@code_options
def reject(out: Out, subject: str, item: str, codes: tuple[str, ...]) -> None:
    """SUBJECT says: this is not me, in ITEM. They are never matched there again."""
    from kenbaar import acts

    with out.archive() as archive:
        codes = ask_for_code(archive, subject, codes)
        rejected = acts.reject(archive, out.actor(archive), acts.RejectRequest(subject, item, codes))
    out.say(f"{subject} is not matched in {item} any more, nor in any copy of that photo.")
    out.answer(rejected)


@click.command()
@click.argument("subject")
@click.argument("item")
@click.option("--show", is_flag=True, help="The other way: visible there again, where they agreed to it.")
@acting
@code_options
def hide(out: Out, subject: str, item: str, show: bool, codes: tuple[str, ...]) -> None:
    """SUBJECT says: do not show me in ITEM. They are covered in every copy of it, whatever they agreed to elsewhere."""
    from kenbaar import acts

    with out.archive() as archive:
        codes = ask_for_code(archive, subject, codes)
        said = acts.hide(archive, out.actor(archive), acts.HideRequest(subject, item, not show, codes))
    out.say(f"{subject} is {'visible again in' if show else 'covered in every new copy of'} {item}.")
    for copy in said.copies:
        out.say(f"Still shows them, and must come down: {copy}")
    if said.copies:
        out.say("Publish again: they are covered then.")
    out.answer(said)


@click.command()
@click.argument("name")
@click.argument("out_folder", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--channel", required=True, help="Where these copies go: web, print, ...")
@click.option(
    "--mask-doubtful", is_flag=True, help="Mask what the last check doubts as well, instead of holding the photo back."
)
@click.option(
    "--number-names",
    is_flag=True,
    help="Call the copies 000001.jpg and so on, for names of files and folders can name people.",
)
@click.option(
    "--sound",
    type=click.Choice(["mute", "keep", "refuse"]),
    default="mute",
    show_default=True,
    help="Of videos: leave sound out, keep it, or hold videos back that have it. People are known by their voice, too.",
)
@click.option("--workers", type=click.IntRange(1, 256), help="Worker processes (default: one for each core).")
@acting
def publish(
    out: Out,
    name: str,
    out_folder: Path,
    channel: str,
    mask_doubtful: bool,
    number_names: bool,
    sound: Literal["mute", "keep", "refuse"],
    workers: int | None,
) -> int:
    """Write copies of collection NAME to OUT, with everybody masked but those who agreed to be seen in CHANNEL."""
    from kenbaar import acts

    request = acts.PublishRequest(name, out_folder, channel, mask_doubtful, workers, number_names, sound)
    with out.archive() as archive, out.progress() as progress:
        report = acts.publish(archive, out.actor(archive), request, progress)
    out.say(f"{report.published} copies in {out_folder}: {report.visible} faces visible, {report.masked} masked.")
    out.say(
        f"This run: {report.written} written ({report.replaced} of them replace an older copy), "
        f"{report.unchanged} unchanged, {report.removed} removed."
    )
    if report.named:
        out.say(
            f"Warning: {_number(len(report.named), 'copy', 'copies')} with the name of somebody you know in the file's"
            f" name ({', '.join(report.named[:3])}{', ...' if len(report.named) > 3 else ''})."
            " Publish with --number-names to give out numbers instead."
        )
    if report.reduced:
        out.say(
            f"{_number(report.reduced, 'copy is', 'copies are')} smaller than the original, which has more than"
            " max_full_megapixels (a setting; copies of larger photos would take gigabytes)."
        )
    for held in report.held:
        out.say(f"Held back: {held.path}: {held.why}")
    if report.held:
        out.say(f"{_number(len(report.held), 'photo has', 'photos have')} no copy: held back, as said above.")
    out.answer(report)
    return 5 if report.held else 0
