"""Commands about the house itself: init, ledger, check, keys, settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kenbaar.cli._app import Out, acting, common, operator
from kenbaar.policy import JURISDICTIONS
from kenbaar.text import json_text


@click.command()
@click.option("--organisation", default="", help="The organisation's name, as receipts show it.")
@click.option(
    "--jurisdiction",
    type=click.Choice(list(JURISDICTIONS)),
    default="eu",
    show_default=True,
    help="Where the organisation is: decides what is allowed and who holds keys. "
    + "; ".join(f"{row.name}: {row.words}" for row in JURISDICTIONS.values())
    + ".",
)
@common
def init(out: Out, organisation: str, jurisdiction: str) -> None:
    """Make a new archive in the home folder."""
    from kenbaar import acts

    made = acts.init(out.settings(), operator(), acts.InitRequest(organisation, jurisdiction))
    out.say(f"Made an archive in {made.home} (jurisdiction {jurisdiction}).")
    out.say(f"Its receipts are signed by key {made.kid}: publish this line where people can compare it.")
    out.say("Back up master.key apart from keys/, and both apart from the databases.")
    out.answer(made)


@click.command()
@click.option("--yes", "confirmed", is_flag=True, help="Seal what is shown, without asking.")
@common
def seal(out: Out, confirmed: bool) -> None:
    """Seal an archive made before version 0.4, once: what it holds that day becomes what its keys open for.

    First it shows what that is: read it. Whatever is edited in the database from then on opens nothing.
    """
    import sys

    from kenbaar import acts

    told = acts.seal(out.settings(), operator(), acts.SealRequest())
    out.say(f"{told.organisation}, jurisdiction {told.jurisdiction}.")
    for consent in told.consents:
        face = "" if consent.template else ", no face is compared"
        held = f"key held by the {consent.holder}{face}"
        out.say(f"  {consent.subject}  {consent.purpose}, until {consent.until[:10]}, {held}")
    for collection in told.collections:
        links = ", links may lead out of its folder" if collection.follow_links else ""
        roster = f", roster {' '.join(collection.roster)}" if collection.roster else ""
        out.say(f"  collection {collection.name}: mode {collection.mode}{roster}{links}")
    out.say(f"  {told.appearances} appearances" + (f"; threshold {told.accept:.4f}" if told.accept else ""))
    if not confirmed and not out.as_json and sys.stdin.isatty():
        confirmed = click.confirm("Is this what people agreed to? Seal it", default=False, err=True)
    if confirmed:
        told = acts.seal(out.settings(), operator(), acts.SealRequest(confirmed=True))
        out.say("Sealed. The master key is a new one: back up master.key now, apart from keys/.")
    else:
        out.say("Nothing was changed. If this is what people agreed to: kenbaar seal --yes")
    out.answer(told)


@click.command()
@click.option(
    "--confirm", is_flag=True, help="The time it says is right: it is recorded, and whose date has passed is ended."
)
@acting
def clock(out: Out, confirm: bool) -> None:
    """What time it is here. A machine that is more than 48 hours past the last act is believed when you confirm it.

    Until then nothing is recorded, no consent ends by its date and nobody whose date may have passed is found or
    shown; withdrawing and rejecting go on.
    """
    from kenbaar import acts

    with out.archive() as archive:
        told = acts.clock(archive, out.actor(archive), acts.ClockRequest(confirm))
    if told.in_doubt:
        out.say(told.words)
        out.say(
            f"By that time {told.overdue} consents are past their date; confirming it destroys their keys, for good."
        )
        out.say("If it is right: kenbaar clock --confirm. If not, set the clock right; nothing was changed.")
    else:
        out.say(f"It is {told.machine[:16].replace('T', ' ')} UTC here, and acts are recorded with that.")
        if told.ended:
            out.say(f"Ended, because their date has passed: {told.ended} consents.")
    out.answer(told)


@click.group()
def ledger() -> None:
    """Show and verify what was done."""


@ledger.command("show")
@click.option("--subject", help="Only what is about this person.")
@click.option("--limit", type=click.IntRange(1), help="Only the newest.")
@acting
def ledger_show(out: Out, subject: str | None, limit: int | None) -> None:
    """Every act: when, what, by whom, about whom. What is about somebody who left is closed for good."""
    from kenbaar import acts

    with out.archive() as archive:
        shown = acts.show_ledger(archive, out.actor(archive), acts.ShowLedgerRequest(subject, limit))
    for row in shown.acts:
        told = (
            "about somebody who left"
            if row.facts is None
            else "  ".join(f"{k}={_brief(v)}" for k, v in row.facts.items())
        )
        out.say(f"{row.entry:>6}  {row.at.isoformat()[:19]}  {row.event:<11} {told}")
    out.answer(shown)


def _brief(value: Any) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return json_text(text) if set(text) & set(' ="') else text  # so that no value reads like two


@ledger.command("verify")
@click.option(
    "--checkpoint", type=click.Path(path_type=Path), help="An earlier checkpoint, kept elsewhere: finds cuts and forks."
)
@common
def ledger_verify(out: Out, checkpoint: Path | None) -> int:
    """Compute everything anew and compare it with the signed heads."""
    from kenbaar import acts

    verified = acts.verify_ledger(out.settings(), operator(), acts.VerifyLedgerRequest(checkpoint))
    for problem in verified.problems:
        out.say(problem)
    if verified.ok:
        out.say(f"The ledger is whole: {verified.entries} entries, root {verified.root}.")
    out.answer(verified)
    return 0 if verified.ok else 6


@ledger.command("checkpoint")
@click.option("--out", "file", type=click.Path(path_type=Path), help="Write it to this file as well.")
@acting
def ledger_checkpoint(out: Out, file: Path | None) -> None:
    """The signed head of the ledger. Keep it where this machine's keeper cannot change it."""
    from kenbaar import acts

    with out.archive() as archive:
        head = acts.take_checkpoint(archive, out.actor(archive), acts.CheckpointRequest(file))
    out.say(head.checkpoint.rstrip("\n"), layout=True)
    out.answer(head)


@click.command()
@acting
def check(out: Out) -> int:
    """Prove that nothing of strangers is stored: look for their vectors in every byte of the home folder."""
    from kenbaar import acts

    with out.archive() as archive, out.progress() as progress:
        report = acts.check(archive, out.actor(archive), acts.CheckRequest(), progress)
    for finding in report.findings:
        place = f"{finding.path} at byte {finding.offset}: " if finding.path else ""
        out.say(f"FOUND {place}{finding.why}")
    if report.clean:
        out.say(
            f"Nothing of strangers in {report.files} files, {report.bytes:,} bytes; "
            f"looked for {report.vectors} vectors."
        )
    out.answer(report)
    return 0 if report.clean else 6


@click.group()
def keys() -> None:
    """The master key."""


@keys.command("rotate")
@acting
def keys_rotate(out: Out) -> None:
    """Wrap all living keys under a new master key and destroy the old one: old copies of the key store become noise."""
    from kenbaar import acts

    with out.archive() as archive:
        rotated = acts.rotate_keys(archive, out.actor(archive), acts.RotateRequest())
    out.say(
        f"{rotated.living} living keys are under a new master key; the old one is destroyed. "
        f"Back up master.key now, apart from keys/."
    )
    out.answer(rotated)


@click.command()
@common
def settings(out: Out) -> None:
    """Every setting: its value, its default, its unit, what it does."""
    from kenbaar import acts

    told = acts.show_settings(out.settings(), operator(), acts.SettingsRequest())
    out.say(f"home   {told.home}")
    out.say(f"cache  {told.cache}")
    for row in told.settings:
        out.say(f"{row.name:18} {row.value!s:10} {row.unit:14} {row.help}")
    out.answer(told)
