"""What a grant's key is for, as the bytes that are sealed with it: nothing of it can be edited without closing it."""

from __future__ import annotations

from datetime import datetime

from kenbaar.keys import canonical


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
    return canonical("grant", subject, purpose, given_at, until, holder, log_key, pack, template)
