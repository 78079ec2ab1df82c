"""Commands about people: invite, enrol, subjects, withdraw, export, receipt."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import click

from kenbaar.cli._app import Out, common, day, last_day, operator


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
@common
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
    from kenbaar.consent import Purpose

    wanted = [Purpose.parse(p) for p in purposes]
    with out.archive() as archive:
        invited = archive.consents.invite(
            operator(),
            name,
            wanted,
            until=until,
            holder=holder,  # type: ignore[arg-type]
            guardian=guardian,
            minor=minor or guardian is not None,
            grant_days=archive.settings.grant_days,
            invitation_days=archive.settings.invitation_days,
        )
    out.say(
        f"Invited as subject {invited.subject}; the consent would hold until {last_day(invited.until)}, "
        f"key held by the {invited.holder}."
    )
    out.say(f"Token (once, for that person alone): {invited.token}")
    out.say(f"They enrol with: kenbaar enrol {invited.token} PHOTO...")
    out.answer(
        {"subject": invited.subject, "token": invited.token, "until": last_day(invited.until), "holder": invited.holder}
    )


@click.command()
@click.argument("subject")
@click.option("--until", callback=day, help="Last day on which the renewed consent holds (default: a year from now).")
@common
def renew(out: Out, subject: str, until: date | None) -> None:
    """Let SUBJECT renew what they agreed to: with new photos, for the model pack in use, until a later date.

    Prints a one-time token for that person alone. Until they use it everything stays as it is.
    """
    with out.archive() as archive:
        settings = archive.settings
        invited = archive.consents.invite_again(
            operator(),
            subject,
            until=until,
            grant_days=settings.grant_days,
            invitation_days=settings.invitation_days,
        )
    out.say(f"{subject} can renew; the consent would hold until {last_day(invited.until)}.")
    out.say(f"Token (once, for that person alone): {invited.token}")
    code = " --code THEIR-CODE" if invited.holder == "subject" else ""
    out.say(f"They renew with: kenbaar enrol {invited.token} PHOTO...{code}")
    out.answer({"subject": subject, "token": invited.token, "until": last_day(invited.until), "holder": invited.holder})


@click.command()
@click.argument("token")
@click.argument("photos", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--agree", multiple=True, help="A purpose you agree to; repeatable. Without it: asked, or all that are offered."
)
@click.option("--by-hand", is_flag=True, help="No face recognition for me: my pictures are pointed out by hand.")
@click.option("--receipt", "receipt_file", type=click.Path(path_type=Path), help="Where the signed receipt goes.")
@click.option("--code", "codes", multiple=True, help="Your recovery code, if you hold your own key and renew.")
@common
def enrol(
    out: Out,
    token: str,
    photos: tuple[Path, ...],
    agree: tuple[str, ...],
    by_hand: bool,
    receipt_file: Path | None,
    codes: tuple[str, ...],
) -> None:
    """Enrol, or renew, with TOKEN and 1 to 5 PHOTOs of yourself. The photos are read, never kept."""
    if bool(photos) == by_hand:
        raise click.UsageError("Give 1 to 5 photos of yourself, or --by-hand and none.")
    with out.archive() as archive:
        subject, invitation, notice = archive.consents.offer(token)
        if receipt_file:
            archive.refuse_target(receipt_file)
        agreed = _agreed(out, agree, [str(p) for p in invitation.purposes], notice)
        enrolled = archive.enrolments.enrol(operator(), token, photos, agreed, archive.consents.sessions(codes))
        place = receipt_file or archive.settings.home / "receipts" / f"{subject.id}-consent.jws"
        path = _write_receipt(out, place, enrolled.receipt, subject.id)
    done = "Enrolled" if subject.enrolled_at is None else "Renewed"
    purposes = ", ".join(map(str, enrolled.purposes))
    out.say(f"{done} as {enrolled.subject}, until {last_day(enrolled.until)}, for: {purposes}.")
    if enrolled.look_alikes:
        out.say("You look much like somebody enrolled here, so Kenbaar asks for more before it names either of you.")
    if path:
        out.say(f"Receipt: {path}")
    answer: dict[str, object] = {
        "subject": enrolled.subject,
        "receipt": str(path) if path else None,
        "purposes": [str(p) for p in enrolled.purposes],
        "until": last_day(enrolled.until),
        "look_alikes": enrolled.look_alikes,
    }
    if enrolled.code:
        out.say("\nYour recovery code. Write it down now: it is shown once, kept nowhere, and without it")
        out.say(f"nobody can look for you, not even we:\n\n    {enrolled.code}\n")
        answer |= {"code": enrolled.code, "recovery_code": enrolled.code}
    out.answer(answer)


def _agreed(out: Out, agree: tuple[str, ...], offered: list[str], notice: str) -> list[str]:
    """What the person agrees to: said with --agree, answered one by one at a terminal, or the token's own offer.

    docs/decisions/0016-a-token-is-an-answer.md says why a token used without either is a yes to what it names.
    """
    out.note(notice)
    if agree:
        if unknown := [p for p in agree if p not in offered]:
            raise click.UsageError(
                f"Not offered in this invitation: {', '.join(unknown)}. Offered: {', '.join(offered)}."
            )
        return list(agree)
    if sys.stdin.isatty() and not out.as_json:
        return [p for p in offered if click.confirm(f"Do you agree to {p}?", default=False, err=True)]
    return offered


def _write_receipt(out: Out, path: Path, text: str, subject: str) -> Path | None:
    """The receipt in a file; None where there is no room for it. What was done is done and must be told all the same:
    a recovery code is shown once, and a withdrawal's list of copies is needed now."""
    from kenbaar.errors import KenbaarError
    from kenbaar.media import write_file

    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_file(f"{text}\n".encode("ascii"), path)
    except (OSError, KenbaarError):
        out.note(f"It is done, but the receipt could not be written to {str(path)!r}.")
        out.note(f"It is kept: get it with `kenbaar receipt print {subject}`.")
        return None
    return path


def _pack_words(packs: list[str]) -> str:
    return f", pack {' and '.join(packs)}" if packs else ""


@click.command()
@common
def subjects(out: Out) -> None:
    """Who was invited, and which consents are in force."""
    with out.archive() as archive:
        rows: list[dict[str, Any]] = []
        packs = archive.packs.names()
        for person in archive.consents.store.subjects():
            templates = sorted(t.pack for t in archive.consents.templates.packs_of(person.id))
            grants = archive.consents.living_grants(person.id)
            state = "left" if person.left_at else "enrolled" if person.enrolled_at else "invited"
            rows.append(
                {
                    "subject": person.id,
                    "name": person.name,
                    "state": state,
                    "holder": person.holder,
                    "purposes": [str(g.purpose) for g in grants],
                    "until": last_day(min(g.until for g in grants)) if grants else None,
                    "look_alike": person.look_alike,
                    "packs": [packs.get(digest, f"a pack that is not here ({digest[:19]})") for digest in templates],
                }
            )
    for row in rows:
        held = " (holds their own key)" if row["holder"] == "subject" and row["state"] == "enrolled" else ""
        until = f", until {row['until']}" if row["until"] else ""
        out.say(
            f"{row['subject']}  {row['state']:8}  {row['name'] or '-'}  "
            f"{', '.join(row['purposes']) or '-'}{until}{held}{_pack_words(row['packs'])}"
        )
    if not rows:
        out.say("Nobody was invited yet. See `kenbaar invite --help`.")
    out.answer({"subjects": rows})


@click.command()
@click.argument("subject")
@click.option("--purpose", help="Only this purpose, as it was granted (show:web, find ...).")
@common
def withdraw(out: Out, subject: str, purpose: str | None) -> None:
    """Take SUBJECT's consent back, all of it or one purpose. No reason is asked."""
    from kenbaar.consent import Purpose

    with out.archive() as archive:
        departure = archive.leaving.withdraw(operator(), subject, Purpose.parse(purpose) if purpose else None)
        place = archive.settings.home / "receipts" / f"{subject}-destruction-{departure.entry}.jws"
        path = _write_receipt(out, place, departure.receipt, subject)
    out.say(
        f"{departure.keys_destroyed} key(s) destroyed: what only they opened cannot be opened any more,"
        " in no backup either."
    )
    out.say(
        "Nothing is kept about this person." if departure.left else "The other consents of this person stay in force."
    )
    if path:
        out.say(f"Receipt: {path}")
    if departure.copies:
        out.say(
            f"\n{len(departure.copies)} published cop{'y' if len(departure.copies) == 1 else 'ies'} "
            f"still show this person:"
        )
        for copy in departure.copies:
            out.say(f"  {copy.path}")
        for collection, folder, channel in sorted({(c.collection, c.folder, c.channel) for c in departure.copies}):
            out.say(f"Replace them with: kenbaar publish {collection!r} {folder!r} --channel {channel}")
    out.answer(
        {
            "keys_destroyed": departure.keys_destroyed,
            "copies": [
                {"path": c.path, "collection": c.collection, "item": c.item, "folder": c.folder, "channel": c.channel}
                for c in departure.copies
            ],
            "subject": subject,
            "purposes": list(departure.purposes),
            "left": departure.left,
            "receipt": str(path) if path else None,
        }
    )


@click.command()
@click.argument("subject")
@click.argument("out_zip", metavar="OUT.zip", type=click.Path(path_type=Path))
@click.option("--code", "codes", multiple=True, help="The person's recovery code, where they hold their key.")
@common
def export(out: Out, subject: str, out_zip: Path, codes: tuple[str, ...]) -> None:
    """Everything held about SUBJECT, as a zip to read and to import. Other people are masked."""
    with out.archive() as archive:
        archive.refuse_target(out_zip)
        sessions = archive.consents.sessions(codes)
        report = archive.exporter.export(operator(), subject, out_zip, sessions, say=out.bar("export"))
    out.say(f"Wrote {out_zip}: {report.pictures} picture(s), {report.acts} act(s), {report.receipts} receipt(s).")
    out.answer({"out": str(out_zip), "pictures": report.pictures, "acts": report.acts, "receipts": report.receipts})


@click.group()
def receipt() -> None:
    """Check or print signed receipts."""


@receipt.command("verify")
@click.argument("file", type=click.Path(path_type=Path))
@common
def receipt_verify(out: Out, file: Path) -> None:
    """Check that FILE (a receipt or a manifest.json) was not altered, and who signed it. Works offline."""
    from kenbaar.consent import Signed, VerifiedReceipt, describe_receipt, verify_manifest, verify_receipt
    from kenbaar.errors import Unusable

    try:
        text = file.read_text("utf-8", errors="replace")
    except OSError as err:
        raise Unusable(f"The file cannot be read ({err.strerror}).", "Check its name and permissions.") from err
    known = _own_keys(out)
    verified: Signed | VerifiedReceipt
    if text.lstrip().startswith("{"):
        kind, verified = "manifest", verify_manifest(_json_object(text), known)
        out.say(f"A manifest of {len(verified.payload.get('files', ()))} published copies.")
    else:
        receipt = verify_receipt(text, known)
        kind, verified = receipt.kind, receipt
        out.say(describe_receipt(receipt))
    if not verified.trusted:
        out.say(
            f"Nothing was altered since it was signed by key {verified.kid}."
            " Whose key that is cannot be told here: compare it with the one the organisation states."
        )
    out.answer(
        {
            "ok": True,
            "kind": kind,
            "trusted": verified.trusted,
            "kid": verified.kid,
            "payload": dict(verified.payload),
        }
    )


def _json_object(text: str) -> dict[str, Any]:
    """The JSON object in a file; one that cannot be read is no manifest."""
    import json

    from kenbaar.errors import ReceiptBroken

    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise ReceiptBroken("This manifest is cut off or altered.", "Publish again, or ask for a new copy.") from err
    return found if isinstance(found, dict) else {}


def _own_keys(out: Out) -> dict[str, dict[str, str]] | None:
    """This archive's public key by kid, where there is an archive that opens; a receipt can be checked without one."""
    from kenbaar.errors import KenbaarError

    try:
        with out.archive() as archive:
            return {archive.signer.kid: archive.signer.public_jwk()}
    except KenbaarError:
        return None


@receipt.command("print")
@click.argument("subject")
@common
def receipt_print(out: Out, subject: str) -> None:
    """Print the receipts kept for SUBJECT, oldest first."""
    with out.archive() as archive:
        found = archive.consents.store.receipts_of(subject)
    for kind, at, jws in found:
        out.note(f"{kind}, {at:%Y-%m-%d %H:%M} UTC")
        out.say(jws)
    out.answer({"receipts": [{"kind": k, "at": at.isoformat(), "jws": jws} for k, at, jws in found]})
