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
    digests of the model pack and of the sealed template; "" where no face is compared.
    """
    said = (subject, purpose, _moment(given_at), _moment(until), holder, log_key or "", pack, template)
    return ("grant 1 " + "".join([f"{len(text)}:{text}," for text in said])).encode("utf-8", "surrogatepass")


@lru_cache(1024)
def _moment(at: datetime) -> str:
    """A time, UTC, to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
