"""Commands about the house itself: init, ledger, check, keys, settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kenbaar.cli._app import Out, common, operator
from kenbaar.policy import JURISDICTIONS


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
    from kenbaar.archive import create_archive
    from kenbaar.keys import disable_core_dumps

    disable_core_dumps()
    settings = out.settings()
    archive = create_archive(operator(), settings, organisation or "this organisation", jurisdiction)
    kid = archive.signer.kid
    archive.close()
    out.say(f"Made an archive in {settings.home} (jurisdiction {jurisdiction}).")
    out.say(f"Its receipts are signed by key {kid}: publish this line where people can compare it.")
    out.say("Back up master.key apart from keys/, and both apart from the databases.")
    out.answer({"home": str(settings.home), "jurisdiction": jurisdiction, "kid": kid})


@click.group()
def ledger() -> None:
    """Show and verify what was done."""


@ledger.command("show")
@click.option("--subject", help="Only what is about this person.")
@click.option("--limit", type=click.IntRange(1), help="Only the newest.")
@common
def ledger_show(out: Out, subject: str | None, limit: int | None) -> None:
    """Every act: when, what, by whom, about whom. What is about somebody who left is closed for good."""
    rows: list[dict[str, Any]] = []
    with out.archive() as archive:
        for act in archive.journal.acts():
            payload = dict(act.payload) if act.payload is not None else None
            if subject is not None and (payload is None or payload.get("subject") != subject):
                continue
            rows.append(
                {
                    "entry": act.index,
                    "at": act.at.isoformat(),
                    "event": act.event,
                    "purpose": act.purpose,
                    "facts": payload,
                }
            )
    for row in rows[-(limit or len(rows)) :] if rows else ():
        facts = row["facts"]
        told = "about somebody who left" if facts is None else "  ".join(f"{k}={_brief(v)}" for k, v in facts.items())
        out.say(f"{row['entry']:>6}  {row['at'][:19]}  {row['event']:<11} {told}")
    out.answer({"acts": rows[-(limit or len(rows)) :] if rows else []})


def _brief(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


@ledger.command("verify")
@click.option(
    "--checkpoint", type=click.Path(path_type=Path), help="An earlier checkpoint, kept elsewhere: finds cuts and forks."
)
@common
def ledger_verify(out: Out, checkpoint: Path | None) -> int:
    """Compute everything anew and compare it with the signed heads."""
    from kenbaar.archive import verify_ledger_of
    from kenbaar.errors import Unusable

    text = None
    if checkpoint is not None:
        try:
            text = checkpoint.read_text("utf-8")
        except (OSError, UnicodeError) as err:
            raise Unusable(
                "That checkpoint cannot be read.", "Give the file `kenbaar ledger checkpoint` wrote."
            ) from err
    verified = verify_ledger_of(out.settings(), text)
    for problem in verified.problems:
        out.say(problem)
    if verified.ok:
        out.say(f"The ledger is whole: {verified.entries} entries, root {verified.root}.")
    out.answer(
        {"ok": verified.ok, "entries": verified.entries, "root": verified.root, "problems": list(verified.problems)}
    )
    return 0 if verified.ok else 6


@ledger.command("checkpoint")
@click.option("--out", "file", type=click.Path(path_type=Path), help="Write it to this file as well.")
@common
def ledger_checkpoint(out: Out, file: Path | None) -> None:
    """The signed head of the ledger. Keep it where this machine's keeper cannot change it."""
    from kenbaar.media import write_file

    with out.archive() as archive:
        if file:
            archive.refuse_target(file)
        head = archive.ledger.checkpoint()
    if file:
        write_file(head.text.encode(), file)
    out.say(head.text.rstrip("\n"))
    out.answer({"checkpoint": head.text, "entries": head.size})


@click.command()
@common
def check(out: Out) -> int:
    """Prove that nothing of strangers is stored: look for their vectors in every byte of the home folder."""
    show = out.bar("check")
    with out.archive() as archive:
        report = archive.check(operator(), say=show)
        verified = archive.ledger.verify()
    for finding in report.residue.findings:
        out.say(f"FOUND {finding.path} at byte {finding.offset}: {finding.why}")
    for problem in (*report.problems, *verified.problems):
        out.say(f"FOUND {problem}")
    clean = report.clean and verified.ok
    if clean:
        out.say(
            f"Nothing of strangers in {report.residue.files} files, {report.residue.bytes:,} bytes; "
            f"looked for {report.residue.vectors} vectors."
        )
    out.answer(
        {
            "files": report.residue.files,
            "bytes": report.residue.bytes,
            "vectors": report.residue.vectors,
            "findings": [
                *(
                    {"path": str(f.path), "offset": f.offset, "encoding": f.encoding, "why": f.why}
                    for f in report.residue.findings
                ),
                *({"path": None, "why": problem} for problem in (*report.problems, *verified.problems)),
            ],
            "derived": list(report.derived),
        }
    )
    return 0 if clean else 6


@click.group()
def keys() -> None:
    """The master key."""


@keys.command("rotate")
@common
def keys_rotate(out: Out) -> None:
    """Wrap all living keys under a new master key and destroy the old one: old copies of the key store become noise."""
    with out.archive() as archive:
        living = archive.rotate_keys(operator())
    out.say(
        f"{living} living keys are under a new master key; the old one is destroyed. "
        f"Back up master.key now, apart from keys/."
    )
    out.answer({"living": living})


@click.command()
@common
def settings(out: Out) -> None:
    """Every setting: its value, its default, its unit, what it does."""
    from kenbaar.settings import settable

    now = out.settings()
    rows = []
    for name, (default, unit, help_, secret) in settable().items():
        value = getattr(now, name)
        rows.append(
            {
                "name": name,
                "value": "***" if secret and value else value,
                "default": default,
                "unit": unit,
                "help": help_,
            }
        )
    out.say(f"home   {now.home}\ncache  {now.cache}")
    for row in rows:
        out.say(f"{row['name']:18} {row['value']!s:10} {row['unit']:14} {row['help']}")
    out.answer({"home": str(now.home), "cache": str(now.cache), "settings": rows})
