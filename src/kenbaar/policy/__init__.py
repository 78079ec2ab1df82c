"""What is allowed, to whom, and what follows: rows of data, no logic. Adding one is adding a row.

SYSTEM                                     # the actor of what the calendar or a recovery does
Actor("operator", "jane", "officer")       # a shell account
subject_actor("s-7xk2m9qa")                # the person themselves
Event.WITHDRAW.value.narrows               # True: it protects somebody
JURISDICTIONS["eea"].holder                 # "subject": the law there asks for it
PURPOSES["show"].compares_faces            # True
ROLES["editor"].may                        # what an editor is permitted
"""

from kenbaar.policy._actor import SYSTEM, Actor, ActorKind, RoleName, subject_actor
from kenbaar.policy._events import ABOUT_YOU, EVENTS, Event, EventRow
from kenbaar.policy._jurisdictions import JURISDICTIONS, JurisdictionRow, KeyHolder, LawRow
from kenbaar.policy._purposes import PURPOSES, PurposeRow
from kenbaar.policy._roles import ROLES, Permission, RoleRow

__all__ = [
    "ABOUT_YOU",
    "EVENTS",
    "JURISDICTIONS",
    "PURPOSES",
    "ROLES",
    "SYSTEM",
    "Actor",
    "ActorKind",
    "Event",
    "EventRow",
    "JurisdictionRow",
    "KeyHolder",
    "LawRow",
    "Permission",
    "PurposeRow",
    "RoleName",
    "RoleRow",
    "subject_actor",
]
