"""The tamper-evident log: every act, taken down before its result is returned, and the means to check it.

Rules of the room:
- Write-ahead: record() returns when the act is durable. When it raises (LedgerBroken, NoSpace), the act is not done.
- An entry holds the kind of act, its purpose, its hour and two digests: never a name, an id of a person, a picture,
  a score or a path. What the act was about is sealed beside the tree, under a key that can be destroyed.
- A destroyed key leaves noise, and the tree as it was: every proof still holds.
- One writer at a time; a head is signed only when it continues the last signed one, and stored before it is told.
- A ledger that was edited, cut, swapped or added to is refused when opened, and written to no more. How far it went is
  remembered apart from it (Witness), so that no older head, however well signed, passes for the newest.
- The order is the index, not the time; the hour never goes back.

    ledger = Ledger.create(folder / "ledger", "example.org/photos", signing_key)
    entry = ledger.record("find", payload={"subject": "s-4f7q2w9k"}, seal=payload_key, purpose="find", at=now)
    kept_elsewhere = ledger.checkpoint()
    proof = ledger.proof(entry.index)
    assert verify_proof(proof, entry.leaf, ledger.verifier_key).size == 1
    assert ledger.verify(kept_elsewhere).ok
"""

from kenbaar.ledger._checkpoint import Checkpoint, verify_proof
from kenbaar.ledger._journal import Fact, Journal, Recorder, act_payload, require_permission
from kenbaar.ledger._ledger import Act, Ledger, LedgerEntry, NewAct, Witness
from kenbaar.ledger._note import Signer, VerifierKey, open_note, sign_note
from kenbaar.ledger._payload import PayloadKey
from kenbaar.ledger._tree import verify_consistency, verify_inclusion
from kenbaar.ledger._verify import Verification, verify_ledger

__all__ = [
    "Act",
    "Checkpoint",
    "Fact",
    "Journal",
    "Ledger",
    "LedgerEntry",
    "NewAct",
    "PayloadKey",
    "Recorder",
    "Signer",
    "Verification",
    "VerifierKey",
    "Witness",
    "act_payload",
    "open_note",
    "require_permission",
    "sign_note",
    "verify_consistency",
    "verify_inclusion",
    "verify_ledger",
    "verify_proof",
]
