"""What is allowed, to whom, and what follows: rows of data, no logic. Adding one is adding a row.

A row says all that follows from it, so that nobody else compares its name with a string.

    assert SYSTEM.kind == "system"                           # the actor of what the calendar or a recovery does
    assert Actor("operator", "jane", "officer").role == "officer"            # a shell account
    assert subject_actor("s-7xk2m9qa").speaks_as("s-7xk2m9qa")               # the person themselves
    assert Event.WITHDRAW.value.narrows                      # it protects somebody
    assert JURISDICTIONS["eea"].holder == "subject"          # the law there asks for it
    assert PURPOSES["find"].compares_faces
    assert Permission.PUBLISH in ROLES["editor"].may
"""

from kenbaar.policy._actor import SYSTEM, Actor, ActorKind, RoleName, subject_actor
from kenbaar.policy._bases import BasisRow
from kenbaar.policy._events import ABOUT_YOU, EVENTS, Event, EventRow
from kenbaar.policy._jurisdictions import JURISDICTIONS, JurisdictionRow, KeyHolder, LawRow
from kenbaar.policy._purposes import PURPOSES, PurposeRow, SentenceRow
from kenbaar.policy._roles import ROLES, TOKEN_SCOPES, Permission, RoleRow

__all__ = [
    "ABOUT_YOU",
    "EVENTS",
    "JURISDICTIONS",
    "PURPOSES",
    "ROLES",
    "SYSTEM",
    "TOKEN_SCOPES",
    "Actor",
    "ActorKind",
    "BasisRow",
    "Event",
    "EventRow",
    "JurisdictionRow",
    "KeyHolder",
    "LawRow",
    "Permission",
    "PurposeRow",
    "RoleName",
    "RoleRow",
    "SentenceRow",
    "subject_actor",
]
