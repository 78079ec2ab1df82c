"""The ledger's folder: three append-or-replace files, one lock, and what a full disk or a crash may do to them.

entries.jsonl   one leaf a line, only ever added to
acts.jsonl      one sealed act a line, only ever added to
head.json       the last signed checkpoint and where the two files ended then; replaced as a whole
lock            held by the one writer
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from kenbaar.disk import is_full, lock_file, sync_folder, write_synced
from kenbaar.errors import KenbaarError, LedgerBroken, NoSpace
from kenbaar.ledger._note import Signer, VerifierKey
from kenbaar.text import read_json

ENTRIES, ACTS, HEAD, LOCK = "entries.jsonl", "acts.jsonl", "head.json", "lock"
LINE_BYTES = 1 << 21  # longest line read; an act's payload is at most 1 MiB before base64


@dataclass(frozen=True, slots=True)
class FileMark:
    """A file as we left it. The change time cannot be set by a program, so an equal mark means nobody wrote since.

    A copied or restored ledger has other marks; it is then read through once, and marked anew.
    """

    size_bytes: int
    inode: int
    changed_ns: int

    @classmethod
    def of(cls, path: Path) -> FileMark:
        """The file as it is now."""
        stat = path.stat()
        return cls(stat.st_size, stat.st_ino, stat.st_ctime_ns)


@dataclass(frozen=True, slots=True)
class Head:
    """head.json: all of it is signed, under words of its own, so that no checkpoint that was handed out makes one.

    signature: None of a head that Kenbaar before 0.4 wrote: then only the checkpoint is signed, and the rest is not
    to be believed.
    """

    checkpoint: str
    peaks: tuple[bytes, ...]
    entries: FileMark
    acts: FileMark
    signature: bytes | None = None

    def signed_bytes(self) -> bytes:
        """What the signature is over. Neither a note (whose first line has no spaces) nor an entry nor a JWS."""
        marks = [(m.size_bytes, m.inode, m.changed_ns) for m in (self.entries, self.acts)]
        said = json.dumps([self.checkpoint, [p.hex() for p in self.peaks], marks], separators=(",", ":"))
        return b"kenbaar ledger head v2\n" + said.encode()

    def write(self, folder: Path, signer: Signer) -> None:
        """Replaces head.json: written beside it, synced, renamed.

        The rename itself may be lost in a power cut: the entries before it are durable, so the same head is signed
        again at the next open (Ed25519 is deterministic).
        """
        marks = {
            name: [m.size_bytes, m.inode, m.changed_ns] for name, m in ((ENTRIES, self.entries), (ACTS, self.acts))
        }
        stored = {"v": 2, "checkpoint": self.checkpoint, "peaks": [p.hex() for p in self.peaks], **marks}
        text = json.dumps({**stored, "signature": signer.sign(self.signed_bytes()).hex()})
        beside = folder / f"{HEAD}.new"
        with suppress(FileNotFoundError):
            beside.unlink()
        write_synced(beside, text.encode())
        beside.rename(folder / HEAD)

    @classmethod
    def read(cls, folder: Path, key: VerifierKey | None = None) -> Head:
        """The head as stored; LedgerBroken where there is none, it cannot be read, or is not signed by that key.

        key: None: only to learn whose it says it is.
        """
        try:
            stored = read_json((folder / HEAD).read_bytes(), big_integers=True)
            entries, acts = (FileMark(*(int(n) for n in stored[name])) for name in (ENTRIES, ACTS))
            signature = {1: None, 2: bytes.fromhex(stored.get("signature", ""))}[stored["v"]]
            peaks = tuple(bytes.fromhex(p) for p in stored["peaks"])
            head = cls(str(stored["checkpoint"]), peaks, entries, acts, signature)
            if key is None or signature is None or key.verifies(head.signed_bytes(), signature):
                return head
        except FileNotFoundError as err:
            raise LedgerBroken(
                "The ledger's signed head is not there.", "Put the ledger folder back from a backup, whole."
            ) from err
        except (ValueError, KeyError, TypeError, RecursionError) as err:
            raise LedgerBroken(
                "The ledger's head cannot be read.", "Put the ledger folder back from a backup, whole."
            ) from err
        raise LedgerBroken("The ledger's head was edited.", "Put the ledger folder back from a backup, whole.")


@contextmanager
def locked(folder: Path, *, writing: bool) -> Iterator[None]:
    """Hold the folder's lock: one writer, or any number of readers. Waits; ends with the process, however it ends."""
    with ExitStack() as held:
        try:
            held.enter_context(lock_file(folder / LOCK, shared=not writing, create=False))
        except OSError as err:
            raise LedgerBroken(
                "There is no ledger here that can be opened.", "Check the folder and its owner."
            ) from err
        yield


def make_folder(folder: Path) -> None:
    """The folder with its empty files, readable by their owner alone. The head comes last, from the caller."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (ENTRIES, ACTS, LOCK):
        os.close(os.open(folder / name, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    sync_folder(folder)


def read_lines(path: Path, until_byte: int) -> Iterator[bytes]:
    """The lines up to this byte, each with its line end; the last may lack it, where a write was torn."""
    try:
        with path.open("rb") as file:
            read = 0
            while read < until_byte and (line := file.readline(min(LINE_BYTES, until_byte - read))):
                read += len(line)
                yield line
    except OSError as err:
        raise cannot("read", err) from err


def last_line(path: Path, size_bytes: int) -> bytes:
    """The last whole line before this byte, without its line end; empty for an empty file."""
    with path.open("rb") as file:
        start = max(0, size_bytes - (1 << 17))  # an entry is at most 65,535 bytes
        file.seek(start)
        tail = file.read(size_bytes - start)
    return tail.removesuffix(b"\n").rpartition(b"\n")[2]


def cannot(do: str, err: OSError) -> KenbaarError:
    """The refusal for what the operating system said: a full disk, or a ledger that cannot be used."""
    if is_full(err):
        return NoSpace("The disk is full, so the ledger took nothing down.", "Make room, then do it again.")
    reason = os.strerror(err.errno) if err.errno else "unknown reason"
    return LedgerBroken(
        f"The ledger cannot be {'written' if do == 'write' else 'read'} ({reason}).",
        "Make its folder writable for this user; until then nothing is done.",
    )
