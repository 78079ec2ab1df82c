"""Commands about people: invite, enrol, subjects, withdraw, export, receipt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from kenbaar.cli._app import Out, acting, common, day, operator
from kenbaar.cli._secrets import ask_for_code, at_terminal, code_options, read_token


@click.command()
@click.argument("name")
@click.option(
    "--purpose", "purposes", multiple=True, required=True, help="find, show, show:CHANNEL, name or ask; repeatable."
)
@click.option("--until", callback=day, help="Last day on which the consent holds (default: a year from now).")
@click.option(
    "--holder", type=click.Choice(["organisation", "subject"]), help="Who holds the key (default in the EU: subject)."
)
@click.option("--minor", is_flag=True, help="The person is a minor: a guardian consents, for a year at most.")
@click.option("--guardian", help="Name of a minor's guardian.")
@acting
def invite(
    out: Out,
    name: str,
    purposes: tuple[str, ...],
    until: date | None,
    holder: str | None,
    minor: bool,
    guardian: str | None,
) -> None:
    """Invite NAME to enrol. Prints a one-time token: hand it to that person and nobody else."""
    from kenbaar import acts

    request = acts.InviteRequest(name, purposes, until, holder, minor, guardian)  # type: ignore[arg-type]
    with out.archive() as archive:
        invited = acts.invite(archive, out.actor(archive), request)
    out.say(
        f"Invited as subject {invited.subject}; the consent would hold until {invited.until}, "
        f"key held by the {invited.holder}."
    )
    out.say(f"Token (once, for that person alone): {invited.token}")
    out.say("They enrol with: kenbaar enrol PHOTO..., and give the token when they are asked for it.")
    out.answer(invited)


@click.command()
@click.argument("subject")
@click.option("--until", callback=day, help="Last day on which the renewed consent holds (default: a year from now).")
@acting
def renew(out: Out, subject: str, until: date | None) -> None:
    """Let SUBJECT renew what they agreed to: with new photos, for the model pack in use, until a later date.

    Prints a one-time token for that person alone. Until they use it everything stays as it is.
    """
    from kenbaar import acts

    with out.archive() as archive:
        invited = acts.renew(archive, out.actor(archive), acts.RenewRequest(subject, until))
    out.say(f"{subject} can renew; the consent would hold until {invited.until}.")
    out.say(f"Token (once, for that person alone): {invited.token}")
    code = " and their recovery code" if invited.holder == "subject" else ""
    out.say(f"They renew with: kenbaar enrol PHOTO..., and give the token{code} when they are asked for it.")
    out.answer(invited)


@click.command()
@click.argument("token", required=False)
@click.argument("photos", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--agree", multiple=True, help="A purpose you agree to; repeatable. Without it: asked, or all that are offered."
)
@click.option("--by-hand", is_flag=True, help="No face recognition for me: my pictures are pointed out by hand.")
@click.option(
    "--portrait",
    type=click.Path(path_type=Path),
    help="A photo of which head and shoulders are kept, sealed, for those who decide who is in a photo; only with ask.",
)
@click.option("--receipt", "receipt_file", type=click.Path(path_type=Path), help="Where the signed receipt goes.")
@click.option(
    "--token-file", metavar="FILE", help="A file with the token; - reads standard input. Then all words are photos."
)
@click.option("--language", default="en", show_default=True, help="Of the notice that you read first: en or nl.")
@acting
@code_options
def enrol(
    out: Out,
    token: str | None,
    photos: tuple[Path, ...],
    agree: tuple[str, ...],
    by_hand: bool,
    portrait: Path | None,
    receipt_file: Path | None,
    token_file: str | None,
    language: str,
    codes: tuple[str, ...],
) -> None:
    """Enrol, or renew, with a token and 1 to 5 PHOTOS of yourself. The photos are read, never kept.

    Leave TOKEN out and you are asked for it, so that nobody reads it in the list of processes. Who holds their own key
    and renews is asked for their recovery code too.
    """
    if token is not None and (token_file is not None or (at_terminal() and Path(token).is_file())):
        photos, token = (Path(token), *photos), None
    if bool(photos) == by_hand:
        raise click.UsageError("Give 1 to 5 photos of yourself, or --by-hand and none.")
    from kenbaar import acts

    token = read_token(out, token, token_file)
    with out.archive() as archive:
        actor = out.actor(archive)
        offered = acts.offer(archive, actor, acts.OfferRequest(token, language))
        agreed = _agreed(out, agree, list(offered.purposes), offered.notice)
        if offered.renews:
            codes = ask_for_code(archive, offered.subject, codes)
        request = acts.EnrolRequest(token, tuple(agreed), photos, receipt_file, codes, portrait, language)
        enrolled = acts.enrol(archive, actor, request)
    _receipt_lost(out, enrolled.receipt, enrolled.place, enrolled.subject)
    done = "Renewed" if enrolled.renewed else "Enrolled"
    out.say(f"{done} as {enrolled.subject}, until {enrolled.until}, for: {', '.join(enrolled.purposes)}.")
    if portrait:
        out.say("Your portrait is kept, sealed: head and shoulders, for those who decide who is in a photo.")
    if enrolled.receipt:
        out.say(f"Receipt: {enrolled.receipt}")
    if enrolled.code:
        out.say()
        out.say("Your recovery code. Write it down now: it is shown once, kept nowhere, and without it")
        out.say(f"nobody can look for you, not even we:\n\n    {enrolled.code}\n", layout=True)
    out.answer(enrolled)


def _agreed(out: Out, agree: tuple[str, ...], offered: list[str], notice: str) -> list[str]:
    """What the person agrees to: said with --agree, answered one by one at a terminal, or the token's own offer.

    docs/decisions/0014-a-token-is-an-answer.md says why a token used without either is a yes to what it names.
    """
    out.note(notice, layout=True)
    if agree:
        if unknown := [p for p in agree if p not in offered]:
            raise click.UsageError(
                f"Not offered in this invitation: {', '.join(unknown)}. Offered: {', '.join(offered)}."
            )
        return list(agree)
    if at_terminal() and not out.as_json:
        return [p for p in offered if click.confirm(f"Do you agree to {p}?", default=False, err=True)]
    return offered


def _receipt_lost(out: Out, receipt: Path | None, place: Path, subject: str) -> None:
    """Says so where there was no room for the receipt's file."""
    if receipt is None:
        out.note(f"It is done, but the receipt could not be written to {str(place)!r}.")
        out.note(f"It is kept: get it with `kenbaar receipt print {subject}`.")


def _pack_words(packs: Sequence[str]) -> str:
    return f", pack {' and '.join(packs)}" if packs else ""


@click.command()
@acting
def subjects(out: Out) -> None:
    """Who was invited, and which consents are in force."""
    from kenbaar import acts

    with out.archive() as archive:
        everybody = acts.subjects(archive, out.actor(archive), acts.SubjectsRequest())
    for row in everybody.subjects:
        held = " (holds their own key)" if row.holder == "subject" and row.state == "enrolled" else ""
        until = f", until {row.until}" if row.until else ""
        out.say(
            f"{row.subject}  {row.state:8}  {row.name or '-'}  "
            f"{', '.join(row.purposes) or '-'}{until}{held}{_pack_words(row.packs)}"
        )
    if not everybody.subjects:
        out.say("Nobody was invited yet. See `kenbaar invite --help`.")
    out.answer(everybody)


@click.command()
@click.argument("subject")
@click.option("--purpose", help="Only this purpose, as it was granted (show:web, find ...).")
@acting
def withdraw(out: Out, subject: str, purpose: str | None) -> None:
    """Take SUBJECT's consent back, all of it or one purpose. No reason is asked."""
    from kenbaar import acts

    with out.archive() as archive:
        departure = acts.withdraw(archive, out.actor(archive), acts.WithdrawRequest(subject, purpose))
    _receipt_lost(out, departure.receipt, departure.place, subject)
    out.say(
        f"{departure.keys_destroyed} key(s) destroyed: what only they opened cannot be opened any more,"
        " in no backup either."
    )
    out.say(
        "Nothing is kept about this person." if departure.left else "The other consents of this person stay in force."
    )
    if not departure.scrubbed:
        out.say(
            "Another program is reading the archive's database, so what was deleted still stands in the database's log"
            " (a name too). End that program; the next kenbaar command takes it away."
        )
    if departure.receipt:
        out.say(f"Receipt: {departure.receipt}")
    if departure.copies:
        out.say()
        out.say(
            f"{len(departure.copies)} published cop{'y' if len(departure.copies) == 1 else 'ies'} "
            f"still show this person:"
        )
        for copy in departure.copies:
            out.say(f"  {copy.path}")
        for collection, folder, channel in sorted({(c.collection, str(c.folder), c.channel) for c in departure.copies}):
            out.say(f"Replace them with: kenbaar publish {collection!r} {folder!r} --channel {channel}")
    out.answer(departure)


@click.command()
@click.argument("subject")
@click.argument("out_zip", metavar="OUT.zip", type=click.Path(path_type=Path))
@acting
@code_options
def export(out: Out, subject: str, out_zip: Path, codes: tuple[str, ...]) -> None:
    """Everything held about SUBJECT, as a zip to read and to import. Other people are masked."""
    from kenbaar import acts

    with out.archive() as archive:
        codes = ask_for_code(archive, subject, codes)
        with out.progress() as progress:
            written = acts.export(archive, out.actor(archive), acts.ExportRequest(subject, out_zip, codes), progress)
    out.say(f"Wrote {out_zip}: {written.pictures} picture(s), {written.acts} act(s), {written.receipts} receipt(s).")
    out.answer(written)


@click.group()
def receipt() -> None:
    """Check or print signed receipts."""


@receipt.command("verify")
@click.argument("file", type=click.Path(path_type=Path))
@common
def receipt_verify(out: Out, file: Path) -> None:
    """Check that FILE (a receipt or a manifest.json) was not altered, and who signed it. Works offline."""
    from kenbaar import acts

    verified = acts.verify_receipt_file(out.settings(), operator(), acts.VerifyReceiptRequest(file))
    out.say(verified.words, layout=True)
    if not verified.trusted:
        out.say(
            f"Nothing was altered since it was signed by key {verified.kid}."
            " Whose key that is cannot be told here: compare it with the one the organisation states."
        )
    out.answer(verified)


@receipt.command("print")
@click.argument("subject")
@acting
def receipt_print(out: Out, subject: str) -> None:
    """Print the receipts kept for SUBJECT, oldest first."""
    from kenbaar import acts

    with out.archive() as archive:
        found = acts.print_receipts(archive, out.actor(archive), acts.PrintReceiptsRequest(subject))
    for row in found.receipts:
        out.note(f"{row.kind}, {row.at:%Y-%m-%d %H:%M} UTC")
        out.say(row.jws)
    out.answer(found)
