"""What a grant's key is for, as the bytes that are sealed with it: nothing of it can be edited without closing it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


def grant_facts(
    *,
    subject: str,
    purpose: str,
    given_at: datetime,
    until: datetime,
    holder: str,
    log_key: str | None,
    pack: str,
    template: str,
) -> bytes:
    """The facts of one grant. The archive they are of is bound by the key store itself.

    holder: who holds the person's key. log_key: id of the key under which acts about them are sealed. pack, template:
    digests of the model pack and of the sealed template; "" where no face is compared. given_at, until: aware.
    """
    given, end = (at.astimezone(UTC).replace(tzinfo=None) for at in (given_at, until))
    return grant_facts_utc(subject, purpose, given, end, holder, log_key, pack, template)


def grant_facts_utc(
    subject: str,
    purpose: str,
    given_at: datetime,
    until: datetime,
    holder: str,
    log_key: str | None,
    pack: str,
    template: str,
) -> bytes:
    """The same of times in UTC without their zone, as databases keep them: for galleries of 100,000."""
    key = log_key or ""
    said = (
        f"grant 1 {len(subject)}:{subject},{_said(purpose)}{_moment(given_at)}{_moment(until)}"
        f"{_said(holder)}{len(key)}:{key},{_said(pack)}{len(template)}:{template},"
    )
    return said.encode("utf-8", "surrogatepass")


@lru_cache(1024)
def _said(text: str) -> str:
    """A text after its length, so that no other texts join to the same."""
    return f"{len(text)}:{text},"


@lru_cache(1024)
def _moment(at: datetime) -> str:
    """A time to the microsecond, after its length."""
    return _said(at.isoformat(timespec="microseconds") + "+00:00")
