"""Checkpoints (C2SP tlog-checkpoint): the ledger's head at one size, signed. And inclusion proofs (C2SP tlog-proof)."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from kenbaar.errors import LedgerBroken
from kenbaar.ledger._note import Signer, VerifierKey, decode_base64, open_note, sign_note
from kenbaar.ledger._tree import HASH_BYTES, leaf_hash, verify_inclusion

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)  # no sign, no leading zeros, below 2^63
_PROOF_HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A head somebody signed: this ledger (origin) had this many entries and this root.

    Only sign() and read() make one, so whoever holds one knows its signature was checked. Keep `text` outside the
    archive (print it, mail it): it is what finds a cut or a fork made by those who hold the key.
    """

    origin: str
    size: int
    root: bytes
    text: str = field(repr=False)

    @classmethod
    def sign(cls, origin: str, size: int, root: bytes, signer: Signer) -> Checkpoint:
        """The head, signed. The caller has made sure that it is consistent with the last signed one."""
        body = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
        return cls(origin, size, root, sign_note(body, origin, signer))

    @classmethod
    def read(cls, untrusted_text: str, key: VerifierKey) -> Checkpoint:
        """The checkpoint in this note, signed by this key for its own ledger; LedgerBroken otherwise."""
        lines = open_note(untrusted_text, [key])[:-1].split("\n")
        if len(lines) != 3:  # extension lines are allowed by the spec, but we write none
            raise _bad_checkpoint("has too few or too many lines")
        origin, size, encoded = lines
        root = decode_base64(encoded)
        if origin != key.name:
            raise _bad_checkpoint("is of another ledger")
        if not _DECIMAL.fullmatch(size) or root is None or len(root) != HASH_BYTES:
            raise _bad_checkpoint("has a size or root that cannot be read")
        return cls(origin, int(size), root, untrusted_text)


def write_proof(index: int, hashes: Sequence[bytes], checkpoint: Checkpoint) -> str:
    """The text of a .tlog-proof file: entry `index` is in the tree under this checkpoint."""
    encoded = [base64.b64encode(h).decode() for h in hashes]
    return "\n".join([_PROOF_HEADER, f"index {index}", *encoded, "", checkpoint.text])


def verify_proof(untrusted_text: str, entry: bytes, key: VerifierKey) -> Checkpoint:
    """The checkpoint under which this entry (its exact bytes) is proven to be in the ledger; LedgerBroken otherwise."""
    head, blank, note = untrusted_text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines[0] != _PROOF_HEADER:
        raise _bad_proof("is not a proof of this kind")
    if len(lines) > 1 and lines[1].startswith("extra "):  # the spec: optional, never to be trusted
        del lines[1]
    word, _, index = lines[1].partition(" ") if len(lines) > 1 else ("", "", "")
    hashes = [decode_base64(line) for line in lines[2:]]
    if word != "index" or not _DECIMAL.fullmatch(index) or len(hashes) > 63:
        raise _bad_proof("has no index that can be read")
    known = [h for h in hashes if h is not None]
    checkpoint = Checkpoint.read(note, key)
    if len(known) != len(hashes) or not verify_inclusion(
        int(index), checkpoint.size, leaf_hash(entry), known, checkpoint.root
    ):
        raise _bad_proof("does not lead from this entry to the signed root")
    return checkpoint


def _bad_checkpoint(why: str) -> LedgerBroken:
    return LedgerBroken(f"This checkpoint {why}.", "Use a checkpoint that this ledger printed, exactly as printed.")


def _bad_proof(why: str) -> LedgerBroken:
    return LedgerBroken(
        f"This proof {why}.", "Ask for the proof again; if it still fails, run `kenbaar ledger verify`."
    )
