"""Who may do what: one row per role. A role is what an operator or an account of staff has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from kenbaar.policy._actor import RoleName


class Permission(StrEnum):
    """What a role may or may not do; each event of the ledger needs one."""

    SET_UP = "set up"  # make the archive, adopt an operating point, make the keys anew
    INVITE = "invite"  # ask people for consent, again too
    COLLECT = "collect"  # say where pictures are and who is in them, have faces compared
    PUBLISH = "publish"  # let copies go out
    SPEAK_FOR = "speak for"  # do by hand what a person asked for: find, claim, reject, export, take back
    CONFIRM = "confirm"  # give the second word to what a person said by hand
    READ = "read"  # see who is enrolled, what collections there are, and what was done
    STAFF = "staff"  # say who has an account, in which role and until when
    SEARCH = "search"  # ask with a photo who is in it
    REVIEW = "review"  # decide, with a second person, who a searched face is
    PROVE = "prove"  # look for what should not be there


# What a program may do with a token of an account. Not among them: what cannot be undone, what two people decide, what
# is done in a person's name, and who has an account. For those somebody shows who they are.
TOKEN_SCOPES: tuple[str, ...] = (
    str(Permission.READ),
    str(Permission.INVITE),
    str(Permission.COLLECT),
    str(Permission.SEARCH),
)


@dataclass(frozen=True, slots=True)
class RoleRow:
    """One role. words: whose it is, in a sentence."""

    name: RoleName
    words: str
    may: frozenset[Permission]


_ROWS = (
    RoleRow("officer", "answers for the archive, and may do everything", frozenset(Permission)),
    RoleRow(
        "editor",
        "works with the pictures, and for the people in them",
        frozenset(
            {
                Permission.READ,
                Permission.INVITE,
                Permission.COLLECT,
                Permission.PUBLISH,
                Permission.SPEAK_FOR,
                Permission.CONFIRM,
                Permission.SEARCH,
                Permission.REVIEW,
            }
        ),
    ),
    RoleRow("reviewer", "gives a second opinion", frozenset({Permission.READ, Permission.CONFIRM, Permission.REVIEW})),
    RoleRow("auditor", "checks what others did, and changes nothing", frozenset({Permission.READ, Permission.PROVE})),
)
ROLES: Mapping[RoleName, RoleRow] = MappingProxyType({row.name: row for row in _ROWS})
