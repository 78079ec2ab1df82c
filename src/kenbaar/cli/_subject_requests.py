"""Commands about what people ask for by law: requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kenbaar.cli._app import Out, acting

if TYPE_CHECKING:
    from kenbaar.acts import RequestRow


@click.group()
def requests() -> None:
    """What people ask for by law: access, erasure, correction, objection; each with a month to answer."""


@requests.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that were answered, too.")
@acting
def requests_list(out: Out, everything: bool) -> None:
    """Which requests wait, the one due first at the top."""
    from kenbaar import acts

    with out.archive() as archive:
        listed = acts.list_requests(archive, out.actor(archive), acts.ListRequestsRequest(everything))
    for row in listed.requests:
        out.say(_line(row))
    if not listed.requests:
        out.say("No request waits.")
    out.answer(listed)


@requests.command("show")
@click.argument("request")
@acting
def requests_show(out: Out, request: str) -> None:
    """One request, with its words and its answer."""
    from kenbaar import acts

    with out.archive() as archive:
        row = acts.show_request(archive, out.actor(archive), acts.ShowRequestRequest(request))
    out.say(_line(row))
    for what, words in (("Contact", row.contact), ("Asked", row.words), ("Put off", row.reason), ("Told", row.answer)):
        if words:
            out.say(f"{what}: {words}")
    if row.item is not None:
        out.say(f"They point at x {row.x}, y {row.y} of item {row.item}. To grant it: kenbaar requests cover {request}")
    out.answer(row)


@requests.command("add")
@click.argument("kind", type=click.Choice(["access", "erasure", "correction", "objection"]))
@click.option("--subject", help="Who asks, where they are enrolled.")
@click.option("--contact", default="", help="Where the answer goes, as they gave it.")
@click.option("--words", default="", help="What they ask, in their own words.")
@acting
def requests_add(out: Out, kind: str, subject: str | None, contact: str, words: str) -> None:
    """Enter a request that came by letter. Its month begins today."""
    from kenbaar import acts

    with out.archive() as archive:
        asked = acts.AddRequestRequest(kind, subject, contact, words)  # type: ignore[arg-type]
        row = acts.add_request(archive, out.actor(archive), asked)
    out.say(f"Request {row.request}; the last day to answer is {row.due}.")
    out.answer(row)


@requests.command("extend")
@click.argument("request")
@click.option("--reason", required=True, help="Why it takes longer; the person is told.")
@acting
def requests_extend(out: Out, request: str, reason: str) -> None:
    """Two months more for REQUEST, once."""
    from kenbaar import acts

    with out.archive() as archive:
        row = acts.extend_request(archive, out.actor(archive), acts.ExtendRequestRequest(request, reason))
    out.say(f"The last day to answer is {row.due} now. Tell the person why.")
    out.answer(row)


@requests.command("answer")
@click.argument("request")
@click.option("--answer", required=True, help="What was done, or why not; the person is told.")
@click.option("--refused", is_flag=True, help="It is not done.")
@acting
def requests_answer(out: Out, request: str, answer: str, refused: bool) -> None:
    """Answer REQUEST."""
    from kenbaar import acts

    with out.archive() as archive:
        row = acts.answer_request(archive, out.actor(archive), acts.AnswerRequestRequest(request, answer, refused))
    out.say(f"Request {row.request} is {row.state}.")
    out.answer(row)


@requests.command("cover")
@click.argument("request")
@acting
def requests_cover(out: Out, request: str) -> None:
    """Cover whoever pointed at themselves in a published picture, in every copy from now on."""
    from kenbaar import acts

    with out.archive() as archive:
        done = acts.cover(archive, out.actor(archive), acts.CoverRequest(request))
    out.say(f"Covered from now on: {done.box.as_list()} of item {done.item}. Publish again, then answer the request.")
    for copy in done.copies:
        out.say(f"Must come down: {copy}")
    out.answer(done)


def _line(row: RequestRow) -> str:
    left = "" if row.days_left is None else f"{row.days_left} days left"
    if row.days_left is not None and row.days_left < 0:
        left = f"OVERDUE by {-row.days_left} days"
    return f"{row.request}  {row.kind}  {row.state}  due {row.due}  {left}  {row.name or row.subject or ''}".rstrip()
