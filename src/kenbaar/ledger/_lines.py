"""The two lines an act becomes: the entry (a leaf of the tree) and, outside the tree, the act with its sealed payload.

Both are canonical JSON (RFC 8785) with one line end, which is not part of the leaf.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import rfc8785

from kenbaar.errors import LedgerBroken, UsageError
from kenbaar.ledger._note import decode_base64
from kenbaar.text import read_json

ENTRY_BYTES = 65_535  # C2SP tlog-tiles: entry bundles carry a uint16 length
_EVENT = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_PURPOSE = re.compile(r"[a-z]{1,16}(:[a-z0-9][a-z0-9-]{0,31})?")
_HOUR = "%Y-%m-%dT%H"
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Leaf:
    """What the tree holds of an act: its kind, its purpose, its hour, and two digests. Nothing of any person.

    commit: HMAC-SHA256 of the payload under the payload key, hex.
    seal:   SHA-256 of the key's id and the sealed payload, hex: a changed act is found even where its key is destroyed.
    """

    event: str
    purpose: str | None
    hour: datetime
    commit: str
    seal: str

    def __post_init__(self) -> None:
        if not _EVENT.fullmatch(self.event) or not (self.purpose is None or _PURPOSE.fullmatch(self.purpose)):
            raise UsageError(
                "This is not the name of an event and a purpose.",
                "Use short lower-case words: the ledger's entries are in clear and say nothing of any person.",
            )

    def line(self) -> bytes:
        """The entry's exact bytes, without the line end."""
        entry: dict[str, Any] = {"v": 1, "event": self.event, "hour": self.hour.strftime(_HOUR)}
        entry |= {"commit": self.commit, "seal": self.seal}
        if self.purpose is not None:
            entry["purpose"] = self.purpose
        return rfc8785.dumps(entry)

    @classmethod
    def read(cls, line: bytes) -> Leaf:
        """The entry in these bytes; LedgerBroken unless they are exactly what line() writes."""
        try:
            entry = read_json(line)
            hour = datetime.fromisoformat(entry["hour"] + ":00+00:00")  # strptime is six times slower
            leaf = cls(entry["event"], entry.get("purpose"), hour, entry["commit"], entry["seal"])
            digests = _HEX.fullmatch(leaf.commit) and _HEX.fullmatch(leaf.seal)
            if digests and len(line) <= ENTRY_BYTES and leaf.line() == line:
                return leaf
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, UsageError) as err:
            raise _unreadable("entry") from err
        raise _unreadable("entry")


@dataclass(frozen=True, slots=True)
class ActLine:
    """What lies beside the tree for one entry.

    signature: the ledger's own key over origin, index and leaf hash. It is what tells an entry that was written just
    before a crash from one that somebody without the key added to the file.
    """

    index: int
    key_id: str
    sealed: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    def line(self) -> bytes:
        """The line's bytes, without the line end."""
        sealed, signature = (base64.b64encode(b).decode() for b in (self.sealed, self.signature))
        return rfc8785.dumps({"index": self.index, "key": self.key_id, "sealed": sealed, "sig": signature})

    @classmethod
    def read(cls, line: bytes) -> ActLine:
        """The act in these bytes; LedgerBroken unless they are exactly what line() writes."""
        try:
            act = read_json(line)
            sealed, signature = decode_base64(act["sealed"]), decode_base64(act["sig"])
            index, key_id = act["index"], act["key"]
        except (ValueError, KeyError, TypeError, RecursionError) as err:
            raise _unreadable("act") from err
        if sealed is None or signature is None or type(index) is not int or not isinstance(key_id, str):
            raise _unreadable("act")
        read = cls(index, key_id, sealed, signature)
        if read.line() != line:
            raise _unreadable("act")
        return read


def seal_digest(key_id: str, sealed: bytes) -> str:
    """SHA-256 of a sealed payload and the id of its key, hex, as the entry states it."""
    return hashlib.sha256(key_id.encode() + b"\n" + sealed).hexdigest()


def act_place(origin: str, index: int, event: str) -> bytes:
    """The associated data a payload is sealed with: it opens at its own place only."""
    return f"kenbaar ledger act v1\n{origin}\n{index}\n{event}".encode()


def signed_entry(origin: str, index: int, leaf: bytes) -> bytes:
    """The bytes an act's signature is over. Never a note: a note's text does not hold a raw hash."""
    return f"kenbaar ledger entry v1\n{origin}\n{index}\n{leaf.hex()}".encode()


def floor_hour(at: datetime) -> datetime:
    """The hour this moment lies in, UTC. Only the hour is in clear."""
    if at.tzinfo is None:
        raise UsageError("This time has no zone.", "Pass an aware time, in UTC.")
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _unreadable(what: str) -> LedgerBroken:
    return LedgerBroken(
        f"The ledger holds an {what} that cannot be read.", "Keep a copy as it is and run `kenbaar ledger verify`."
    )
