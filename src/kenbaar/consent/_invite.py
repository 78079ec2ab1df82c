"""Inviting somebody: a one-time token that names what is offered. Nothing is ticked for the person."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from kenbaar.consent._purpose import Purpose
from kenbaar.consent._records import Holder, Invitation, Subject
from kenbaar.errors import TokenRefused, UsageError
from kenbaar.keys import CROCKFORD, new_token, token_hash
from kenbaar.policy import JURISDICTIONS


@dataclass(frozen=True, slots=True)
class Invited:
    """A subject and the token that lets that person enrol, once. The token is kept nowhere."""

    subject: str
    token: str = field(repr=False)
    until: datetime
    holder: Holder


def new_subject_id() -> str:
    """A random pseudonym, "s-" and 8 characters: 1e12 of them, so that one cannot be guessed from another."""
    return "s-" + "".join(secrets.choice(CROCKFORD) for _ in range(8))


def end_of(day: date) -> datetime:
    """The first moment after that day, UTC: a grant until a date holds on that date."""
    try:
        return datetime.combine(day, time.min, UTC) + timedelta(days=1)
    except OverflowError as err:
        raise UsageError(f"The end date {day} is too far away.", "Give --until an earlier date.") from err


def check_name(name: str, what: str) -> str:
    """The name, trimmed; refused where it is empty, very long, or holds control characters."""
    name = unicodedata.normalize("NFC", name.strip())
    if not name or len(name) > 200 or any(unicodedata.category(c) in ("Cc", "Cs") for c in name):
        raise UsageError(
            f"That {what} is empty, longer than 200 characters, or holds control characters.", "Write it plainly."
        )
    return name


def make_invitation(
    name: str,
    purposes: Sequence[Purpose],
    *,
    until: date | None,
    holder: Holder | None,
    guardian: str | None,
    minor: bool,
    jurisdiction: str,
    now: datetime,
    grant_days: int,
    invitation_days: int,
    log_key: str,
) -> tuple[Subject, Invitation, str]:
    """The subject, the invitation to keep, and the token to hand over. Raises UsageError with what to change."""
    name, law = check_name(name, "name"), JURISDICTIONS[jurisdiction]
    if not purposes:
        raise UsageError(
            "An invitation names at least one purpose.", "Add --purpose find, show[:CHANNEL], name or ask."
        )
    if minor and not guardian:
        raise UsageError(
            "A minor's consent is given by a guardian.",
            f"Add --guardian NAME (a minor is under {law.minor_under} here).",
        )
    guardian = check_name(guardian, "guardian's name") if guardian else None
    if guardian and (alone := [str(p) for p in purposes if "guardian" not in p.row.granters]):
        raise UsageError(
            f"Nobody agrees for somebody else to {' or '.join(alone)}.",
            "Leave it out, or invite them without a guardian.",
        )
    end = _end_of_consent(until, guardian is not None, jurisdiction, now, grant_days)
    subject = Subject(
        id=new_subject_id(),
        name=name,
        holder=holder or law.holder,
        invited_at=now,
        guardian=guardian,
        log_key=log_key,
    )
    return subject, *_invitation(subject, purposes, end, now + timedelta(days=invitation_days))


def make_renewal(
    subject: Subject,
    purposes: Sequence[Purpose],
    *,
    until: date | None,
    jurisdiction: str,
    now: datetime,
    grant_days: int,
    invitation_days: int,
) -> tuple[Invitation, str]:
    """The invitation by which somebody enrolled may enrol anew, and its token. Raises UsageError."""
    end = _end_of_consent(until, subject.guardian is not None, jurisdiction, now, grant_days)
    return _invitation(subject, purposes, end, now + timedelta(days=invitation_days))


def _invitation(
    subject: Subject, purposes: Sequence[Purpose], until: datetime, expires_at: datetime
) -> tuple[Invitation, str]:
    token = new_token("kb")
    unique = tuple(sorted(set(purposes), key=str))
    return Invitation(token_hash(token), subject.id, unique, until, expires_at), token


def _end_of_consent(until: date | None, minor: bool, jurisdiction: str, now: datetime, grant_days: int) -> datetime:
    """When the consent ends, if that may be."""
    law = JURISDICTIONS[jurisdiction]
    longest = law.minor_days if minor else law.longest_days
    default_days = min(grant_days, longest or grant_days)
    end = end_of(until) if until else end_of((now + timedelta(days=default_days)).date()) - timedelta(days=1)
    if end <= now:
        raise UsageError(f"The end date {until} has passed.", "Give --until a later date.")
    if longest and end > now + timedelta(days=longest + 1):
        raise UsageError(
            f"The end date {until} is more than {longest} days away, the longest allowed here"
            f" {'for a minor' if minor else 'in this jurisdiction'}.",
            "Give --until an earlier date; consent can be renewed by enrolling again.",
        )
    return end


def check_invitation(invitation: Invitation | None, now: datetime) -> Invitation:
    """The invitation, if it can still be used. Raises TokenRefused."""
    if invitation is None:
        raise TokenRefused(
            "This invitation token is not known here.", "Check that it was copied whole, or ask for a new invitation."
        )
    if invitation.used_at is not None:
        raise TokenRefused("This invitation was used already.", "Each works once; ask for a new invitation.")
    if invitation.expires_at <= now or invitation.until <= now:
        raise TokenRefused("This invitation has expired.", "Ask for a new invitation.")
    return invitation
