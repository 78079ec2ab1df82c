"""Checking a whole ledger, as an auditor would: from the files, a public key, and a checkpoint kept elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kenbaar.errors import KenbaarError, LedgerBroken
from kenbaar.ledger._checkpoint import Checkpoint
from kenbaar.ledger._folder import ACTS, ENTRIES, Head, locked, read_lines
from kenbaar.ledger._lines import ActLine, Leaf, act_place, seal_digest, signed_entry
from kenbaar.ledger._note import VerifierKey
from kenbaar.ledger._payload import open_payload
from kenbaar.ledger._tree import Frontier, leaf_hash

_PROBLEMS_TOLD = 20  # a broken ledger is broken; the first places are what a person can look at


@dataclass(frozen=True, slots=True)
class Verification:
    """What recomputing the ledger showed.

    root: of all whole entries, base64 as in a checkpoint. problems: one sentence each; empty where ok.
    """

    ok: bool
    entries: int
    root: str
    problems: tuple[str, ...]


def verify_ledger(
    folder: Path,
    key: VerifierKey,
    earlier: Checkpoint | None = None,
    *,
    open_key: Callable[[str], bytes | None] | None = None,
    seen: tuple[int, bytes] | None = None,
) -> Verification:
    """Recompute everything; finds edits, cuts, swaps and additions, and against an earlier checkpoint, forks too.

    seen: the size and root that the witness beside the keys saw last.
    With open_key, the payload of every act whose key is living is opened and checked against its commitment.
    Never raises for a broken ledger: it is what this function tells. An end torn by a crash is no problem; the next
    open repairs it.
    """
    check = _Check(folder, key, open_key)
    try:
        # Only the looking is locked: up to these ends the files are never written again.
        with locked(folder, writing=False):
            ends = (folder / ENTRIES).stat().st_size, (folder / ACTS).stat().st_size
            head = Head.read(folder, key)
        signed = Checkpoint.read(head.checkpoint, key)
    except OSError:
        return check.result("One of the ledger's files is not there.")
    except KenbaarError as err:
        return check.result(err.what)
    heads = {"its own signed head": (signed.origin, signed.size, signed.root)}
    if earlier is not None:
        heads["the earlier checkpoint"] = (earlier.origin, earlier.size, earlier.root)
    if seen is not None:
        heads["what is remembered beside the keys"] = (key.name, *seen)
    check.run(ends, heads)
    return check.result()


class _Check:
    """One pass over both files."""

    def __init__(self, folder: Path, key: VerifierKey, open_key: Callable[[str], bytes | None] | None) -> None:
        self.folder, self.key, self.open_key = folder, key, open_key
        self.frontier, self.problems = Frontier(), list[str]()
        self.last: Leaf | None = None

    def result(self, *more: str) -> Verification:
        told = (*self.problems, *more)
        root = base64.b64encode(self.frontier.root()).decode()
        return Verification(not told, self.frontier.size, root, told)

    def run(self, ends: tuple[int, int], heads: dict[str, tuple[str, int, bytes]]) -> None:
        """heads: origin, size and root by what they are; the ledger's own first."""
        signed_size = next(iter(heads.values()))[1]
        roots: dict[int, bytes] = {0: self.frontier.root()}
        sizes = {size for _, size, _ in heads.values()}
        acts = read_lines(self.folder / ACTS, ends[1])
        for entry in read_lines(self.folder / ENTRIES, ends[0]):
            if not entry.endswith(b"\n"):
                break
            hashed = leaf_hash(entry[:-1])
            self._check_pair(entry[:-1], hashed, next(acts, b""), signed_size)
            self.frontier = self.frontier.extend([hashed])
            if self.frontier.size in sizes:
                roots[self.frontier.size] = self.frontier.root()
        for name, (origin, size, root) in heads.items():
            if origin != self.key.name:
                self._tell(f"{name.capitalize()} is of another ledger.")
            elif size > self.frontier.size:
                self._tell(f"The ledger was cut: {name} has {size} entries, {self.frontier.size} are there.")
            elif roots[size] != root:
                self._tell(f"The ledger was changed: its first {size} entries do not give the root of {name}.")

    def _check_pair(self, leaf: bytes, hashed: bytes, line: bytes, signed_size: int) -> None:
        index = self.frontier.size
        try:
            entry = Leaf.read(leaf)
            act = ActLine.read(line[:-1] if line.endswith(b"\n") else b"")
        except LedgerBroken:
            self._tell(f"Entry {index} or its act is missing or cannot be read.")
            return
        if self.last is not None and entry.hour < self.last.hour:
            self._tell(f"Entry {index} is dated before the entry that precedes it.")
        self.last = entry
        if act.index != index or seal_digest(act.key_id, act.sealed) != entry.seal:
            self._tell(f"The act beside entry {index} is not the one the entry was made for.")
            return
        if index >= signed_size and not self.key.verifies(signed_entry(self.key.name, index, hashed), act.signature):
            self._tell(f"Entry {index} was added by somebody without the ledger's key.")
        opened = self.open_key(act.key_id) if self.open_key else None
        if opened is not None:
            try:
                open_payload(opened, act.sealed, act_place(self.key.name, index, entry.event), entry.commit)
            except LedgerBroken:
                self._tell(f"The payload of entry {index} is not the one the entry commits to.")

    def _tell(self, problem: str) -> None:
        if len(self.problems) < _PROBLEMS_TOLD:
            self.problems.append(problem)
