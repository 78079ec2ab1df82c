"""Turning pages of a list: a cursor says after which row the next page begins. Nobody needs to read one."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from kenbaar.errors import UsageError
from kenbaar.text import BadJson, read_json

DEFAULT, MOST = 50, 200
_LONGEST = 4_000
Rows = list[dict[str, Any]]


def limit_of(given: str | None) -> int:
    """How many rows a page has. Raises UsageError."""
    if given is None:
        return DEFAULT
    if given.isdecimal() and given.isascii() and len(given) <= 3 and 1 <= int(given) <= MOST:
        return int(given)
    raise UsageError("limit is no number of rows.", f"Give 1 to {MOST}.")


def cursor(after: str, place: int) -> str:
    """Where the next page begins: after the row with that key, which is the one at that place."""
    return base64.urlsafe_b64encode(json.dumps([after, place]).encode()).decode().rstrip("=")


def read_cursor(given: str) -> tuple[str, int]:
    """What cursor() wrote. Raises UsageError."""
    try:
        if len(given) <= _LONGEST:
            padded = given.encode("ascii") + b"=" * (-len(given) % 4)
            match read_json(base64.b64decode(padded, altchars=b"-_", validate=True)):
                case [str(after), int(place)] if place >= 0:
                    return after, place
    except (UnicodeEncodeError, binascii.Error, BadJson):
        pass
    raise UsageError("That is no cursor.", "Give the one that the page before said.")


def page_of(rows: Rows, key: str, given: str | None, limit: int) -> tuple[Rows, str | None]:
    """So many rows, and the cursor of the next page; None where there is none. key: of a row, by which it is known."""
    begin = 0
    if given is not None:
        after, place = read_cursor(given)
        known = next((n for n, row in enumerate(rows) if str(row[key]) == after), None)
        begin = place if known is None else known + 1  # the row is gone: what followed it stands in its place
    here = rows[begin : begin + limit]
    more = begin + limit < len(rows)
    return here, cursor(str(here[-1][key]), begin + limit - 1) if more else None
