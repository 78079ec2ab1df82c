"""Commands about accounts: staff."""

from __future__ import annotations

from datetime import date

import click

from kenbaar.cli._app import Out, acting, common, day, operator, passphrase_option
from kenbaar.cli._secrets import read_passphrase, read_token


@click.group()
def staff() -> None:
    """Accounts of your own people: who may do what, approved by whom, until when."""


@staff.command("invite")
@click.argument("name")
@click.option(
    "--role",
    required=True,
    type=click.Choice(["officer", "editor", "reviewer", "auditor"]),
    help="officer: everything; editor: pictures, and asking; reviewer: decides with a second one; auditor: only looks.",
)
@click.option("--until", required=True, callback=day, help="Last day of the account, within a year.")
@click.option("--trial", is_flag=True, help="To try it out: ends after 14 days at the latest.")
@click.option("--subject", help="Who they are themselves, where they enrolled: they review no question about them.")
@acting
def staff_invite(out: Out, name: str, role: str, until: date, trial: bool, subject: str | None) -> None:
    """Make an account for NAME. Prints a one-time token: hand it to that person and nobody else."""
    from kenbaar import acts

    request = acts.InviteStaffRequest(name, role, until, trial, subject)
    with out.archive() as archive:
        invited = acts.invite_staff(archive, out.actor(archive), request)
    out.say(f"Account {invited.account}, {role}, until {invited.until}.")
    out.say(f"Token (once, for that person alone): {invited.token}")
    out.say("They take it with: kenbaar staff accept, and choose a passphrase.")
    out.answer(invited)


@staff.command("accept")
@click.argument("token", required=False)
@click.option("--token-file", metavar="FILE", help="A file with the token; - reads standard input.")
@passphrase_option
@common
def staff_accept(out: Out, token: str | None, token_file: str | None, passphrase_file: str | None) -> None:
    """Take the account that TOKEN was made for, with a passphrase of your own."""
    from kenbaar import acts

    token = read_token(out, token, token_file)
    passphrase = read_passphrase(passphrase_file, new=True)
    with out.archive() as archive:
        accepted = acts.accept_staff(archive, operator(), acts.AcceptStaffRequest(token, passphrase))
    out.say(f"Account {accepted.account} ({accepted.role}) is yours until {accepted.until}.")
    out.say(f"Act with it: kenbaar ... --as {accepted.account}")
    out.answer(accepted)


@staff.command("list")
@acting
def staff_list(out: Out) -> None:
    """Every account, in which role, and who approved it."""
    from kenbaar import acts

    with out.archive() as archive:
        listed = acts.list_staff(archive, out.actor(archive), acts.ListStaffRequest())
    for row in listed.staff:
        trial = ", trial" if row.trial else ""
        who = f" ({row.subject})" if row.subject else ""
        out.say(
            f"{row.account}  {row.state:7}  {row.role:8}  {row.name}{who}  "
            f"until {row.until}{trial}, approved by {row.approved_by}"
        )
    if not listed.staff:
        out.say("Nobody has an account: whoever has a shell here acts as officer. See `kenbaar staff invite --help`.")
    out.answer(listed)


@staff.command("end")
@click.argument("account")
@acting
def staff_end(out: Out, account: str) -> None:
    """End ACCOUNT at once. What was done with it stays in the ledger."""
    from kenbaar import acts

    with out.archive() as archive:
        ended = acts.end_staff(archive, out.actor(archive), acts.EndStaffRequest(account))
    out.say(f"Account {ended.account} is ended.")
    out.answer(ended)


@staff.command("token")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    help="What a program may do with it, of what the account may: read, invite, collect or search; more than once.",
)
@click.option("--until", required=True, callback=day, help="Last day of the token, within a year.")
@acting
def staff_token(out: Out, scopes: tuple[str, ...], until: date) -> None:
    """Make a token by which a program acts with your account (--as), over HTTP. It ends with the account."""
    from kenbaar import acts

    with out.archive() as archive:
        made = acts.make_token(archive, out.actor(archive), acts.MakeTokenRequest(scopes, until))
    out.say(f"Token {made.id} of account {made.account}: {', '.join(made.scopes)}, until {made.until}.")
    out.say(f"Shown this once: {made.token}")
    out.answer(made)


@staff.command("tokens")
@acting
def staff_tokens(out: Out) -> None:
    """The tokens of your account; of all accounts, for officers."""
    from kenbaar import acts

    with out.archive() as archive:
        listed = acts.list_tokens(archive, out.actor(archive), acts.ListTokensRequest())
    for row in listed.tokens:
        out.say(f"{row.id}  {row.state:6}  {row.account}  until {row.until}  {', '.join(row.scopes)}")
    if not listed.tokens:
        out.say("There is no token. See `kenbaar staff token --help`.")
    out.answer(listed)


@staff.command("token-end")
@click.argument("token_id", metavar="ID")
@acting
def staff_token_end(out: Out, token_id: str) -> None:
    """End the token with this ID (of `kenbaar staff tokens`) at once."""
    from kenbaar import acts

    with out.archive() as archive:
        ended = acts.end_token(archive, out.actor(archive), acts.EndTokenRequest(token_id))
    out.say(f"Token {ended.id} is ended.")
    out.answer(ended)
