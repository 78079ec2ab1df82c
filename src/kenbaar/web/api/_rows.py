"""What can be asked over HTTP, one row each; and every act that can not, with the reason."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kenbaar.acts import ACTS, ActRow
from kenbaar.policy import Permission

READ, INVITE = str(Permission.READ), str(Permission.INVITE)
COLLECT, SEARCH = str(Permission.COLLECT), str(Permission.SEARCH)


@dataclass(frozen=True, slots=True)
class ApiRow:
    """One address. path: below /api/v1; what stands in braces is a member of the act's request. scope: of the token.

    status: of the answer. leave_out: members that no program gives: files and folders of this machine, other people's
    codes. rows: the member of the answer that is a list, and the member of its rows by which its pages turn.
    paged: the act turns pages itself, by `after` and `limit`. photos: handed in as files. job: it takes long.
    """

    method: str
    path: str
    act: str
    scope: str
    status: int = 200
    leave_out: frozenset[str] = frozenset()
    rows: tuple[str, str] | None = None
    paged: bool = False
    photos: bool = False
    job: bool = False

    @property
    def does(self) -> ActRow:
        """The act."""
        return ACTS[self.act]

    @property
    def in_path(self) -> tuple[str, ...]:
        """The members that stand in the address."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))

    @property
    def writes(self) -> bool:
        """Whether something may be different afterwards."""
        return self.method != "GET"


def _out(*names: str) -> frozenset[str]:
    return frozenset(names)


ROWS: tuple[ApiRow, ...] = (
    ApiRow("GET", "/people", "subjects", READ, rows=("subjects", "subject")),
    ApiRow("POST", "/people", "invite", INVITE, 201),
    ApiRow("POST", "/people/{subject}/renewals", "renew", INVITE, 201),
    ApiRow("GET", "/collections", "collection list", READ, rows=("collections", "collection")),
    ApiRow(
        "GET",
        "/collections/{name}",
        "collection show",
        READ,
        leave_out=_out("sheet", "after", "limit"),
        rows=("items", "path"),
        paged=True,
    ),
    ApiRow("PUT", "/collections/{name}", "collection set", COLLECT),
    ApiRow("POST", "/collections/{name}/sweeps", "sweep", COLLECT, 202, _out("workers", "codes"), job=True),
    ApiRow("GET", "/cases", "case list", READ, rows=("cases", "case")),
    ApiRow("POST", "/cases", "search", SEARCH, 201, _out("codes"), photos=True),
    ApiRow("GET", "/cases/{case}", "case show", READ, leave_out=_out("sheet", "pictures", "first")),
    ApiRow("DELETE", "/cases/{case}", "case close", SEARCH),
    ApiRow("GET", "/ledger", "ledger show", READ, leave_out=_out("limit"), rows=("acts", "entry")),
    ApiRow("GET", "/ledger/checkpoint", "ledger checkpoint", READ, leave_out=_out("file")),
    ApiRow("GET", "/reports/transparency", "report transparency", READ, leave_out=_out("out")),
    ApiRow("GET", "/staff", "staff list", READ, rows=("staff", "account")),
    ApiRow("GET", "/tokens", "staff tokens", READ, rows=("tokens", "id")),
)

_WHY_NOT: Mapping[str, str] = {
    "somebody looks at a face and decides: no program is a pair of eyes": (
        "case review, case compare, confirm, confirm list, confirm look"
    ),
    "a person does it themselves, or somebody who shows once more who they are: in the pages": (
        "enrol, offer, find, find present, claim, reject, hide, withdraw, export, receipt print, choices, agree, "
        "looks, look proof, own picture, code, code link, code open, passkey list, passkey add, passkey remove, "
        "staff accept, request add, request own, cover ask, copies match"
    ),
    "it cannot be undone, or gives others rights: somebody shows once more who they are, in the pages": (
        "request extend, request answer, cover, publish, publish plan, copies list, "
        "copies show, staff invite, staff end, staff token, staff token end"
    ),
    "it is a picture, a page, or a folder of this machine that is chosen: in the pages": (
        "collection item, collection add, collection people, about"
    ),
    "it sets this machine up, or doubts it: with a shell": (
        "init, seal, keys rotate, clock, settings, check, evaluate, ledger verify, pack list, pack show, pack card, "
        "pack fetch, pack add, pack manifest"
    ),
    "it tells in people's own words what they ask, for those who answer: in the pages": "request list, request show",
    "it reads files of this machine": "receipt verify, report verify",
}
NOT_HERE: Mapping[str, str] = {act: why for why, named in _WHY_NOT.items() for act in named.split(", ")}
