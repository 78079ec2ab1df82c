"""Reading a ledger through when its files are not as the signed head left them: after a crash, a copy, or an edit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from kenbaar.errors import LedgerBroken
from kenbaar.ledger._checkpoint import Checkpoint
from kenbaar.ledger._folder import ACTS, ENTRIES, read_lines
from kenbaar.ledger._lines import ActLine, Leaf, seal_digest, signed_entry
from kenbaar.ledger._note import VerifierKey
from kenbaar.ledger._tree import Frontier, leaf_hash


@dataclass(frozen=True, slots=True)
class Sound:
    """How far both files are sound: what lies beyond is the torn end of an act that was never answered."""

    frontier: Frontier
    entries_bytes: int
    acts_bytes: int


def read_through(folder: Path, checkpoint: Checkpoint, key: VerifierKey) -> Sound:
    """The sound part of the ledger; LedgerBroken unless it is the signed ledger, perhaps with a little more.

    1. Entries up to the signed size must be there, and give the signed root.
    2. Later whole entries are ours where an act beside them carries our signature: they were durable before a crash.
    3. Each entry must have its act, sealed as the entry says.
    4. A line without end, or an act without entry, at the very end, was being written: it is left out.
    """
    frontier, entries_bytes, acts_bytes = Frontier(), 0, 0
    for entry, act in _pairs(folder):
        if entry is None or not entry.endswith(b"\n"):
            break  # 4
        hashed = leaf_hash(entry[:-1])
        if act is None or not act.endswith(b"\n"):
            raise _broken("lost the act beside an entry")
        _check_act(entry[:-1], hashed, ActLine.read(act[:-1]), frontier.size, checkpoint, key)
        frontier = frontier.extend([hashed])
        entries_bytes, acts_bytes = entries_bytes + len(entry), acts_bytes + len(act)
        if frontier.size == checkpoint.size and frontier.root() != checkpoint.root:
            raise _broken("was edited: its entries do not give the signed root")  # 1
    if frontier.size < checkpoint.size:
        raise _broken("was cut: it holds fewer entries than were signed")  # 1
    return Sound(frontier, entries_bytes, acts_bytes)


def _pairs(folder: Path) -> Iterator[tuple[bytes | None, bytes | None]]:
    entries, acts = folder / ENTRIES, folder / ACTS
    try:
        ends = entries.stat().st_size, acts.stat().st_size
    except OSError as err:
        raise _broken("lost one of its files") from err
    return zip_longest(read_lines(entries, ends[0]), read_lines(acts, ends[1]))


def _check_act(leaf: bytes, hashed: bytes, act: ActLine, index: int, checkpoint: Checkpoint, key: VerifierKey) -> None:
    if act.index != index or seal_digest(act.key_id, act.sealed) != Leaf.read(leaf).seal:
        raise _broken("holds an act that is not the one its entry was made for")  # 3
    beyond = index >= checkpoint.size
    if beyond and not key.verifies(signed_entry(checkpoint.origin, index, hashed), act.signature):
        raise _broken("was added to by somebody without its key")  # 2


def _broken(why: str) -> LedgerBroken:
    return LedgerBroken(
        f"The ledger {why}.", "Keep a copy as it is, then put the ledger folder back from a backup, whole."
    )
