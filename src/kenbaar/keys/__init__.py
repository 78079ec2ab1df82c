"""Keys: what consent is made of. Knows no person by name, no picture, no database.

The rules of this room:

1. Every primitive comes from `cryptography`: AES-256-GCM, AES-KW, HKDF, Argon2id, Ed25519. None is written here.
2. A key lies in the key store, or with the person; nowhere else. The archive keeps ids and wrapped keys only.
3. Destroyed means overwritten where it lay and synced, before the call returns. The id stays as a tombstone.
4. The master key lies apart from the store. A rotation destroys it, and every older copy of the store is noise.
5. Absent, altered and destroyed are three answers: KeyStoreBroken, KeyStoreBroken or SealBroken, KeyDestroyed.
6. No repr, log line or error shows a key, a code or a vector. We say "key destroyed", never "anonymised".
7. What a key is for (facts) is part of what opens it. Records that say something else open nothing.

    store = create_with_master(folder / "keys", folder / "master.key")
    key_id, purpose_key = store.add(KeyKind.PURPOSE, at=now)
    data_key, whose = new_data_key(), dict(subject="s-4f7q2w9k", pack=pack.digest, version=1)
    sealed = seal_template(data_key, pack_vectors(rows), **whose)
    grant = wrap_data_key(purpose_key, data_key)
    opened = unpack_vectors(open_template(unwrap_data_key(store.get(key_id), grant), sealed, **whose))
    assert (opened == rows).all()
    store.destroy([key_id], at=now)                                          # `sealed` is noise, in every backup too
    assert not store.alive([key_id])
"""

from kenbaar.keys._envelope import Envelope, FileMasterKey
from kenbaar.keys._memory import disable_core_dumps, wipe
from kenbaar.keys._passphrase import is_passphrase, passphrase_verifier
from kenbaar.keys._records import RecordSeal, RecordValue, canonical
from kenbaar.keys._recovery import CROCKFORD, CodeSession, RecoveryCode, derive_purpose_key
from kenbaar.keys._rotation import STEPS, create_with_master, open_with_master, rotate_master
from kenbaar.keys._safe import Safe
from kenbaar.keys._sealing import (
    length_prefixed,
    new_data_key,
    open_portrait,
    open_template,
    seal,
    seal_portrait,
    seal_template,
    unseal,
)
from kenbaar.keys._signing import SigningKey
from kenbaar.keys._store import KeyStore
from kenbaar.keys._store_file import KeyKind
from kenbaar.keys._tokens import new_token, token_hash
from kenbaar.keys._vectors import pack_vectors, unpack_many, unpack_vectors
from kenbaar.keys._wrapping import unwrap_data_key, wrap_data_key

__all__ = [
    "CROCKFORD",
    "STEPS",
    "CodeSession",
    "Envelope",
    "FileMasterKey",
    "KeyKind",
    "KeyStore",
    "RecordSeal",
    "RecordValue",
    "RecoveryCode",
    "Safe",
    "SigningKey",
    "canonical",
    "create_with_master",
    "derive_purpose_key",
    "disable_core_dumps",
    "is_passphrase",
    "length_prefixed",
    "new_data_key",
    "new_token",
    "open_portrait",
    "open_template",
    "open_with_master",
    "pack_vectors",
    "passphrase_verifier",
    "rotate_master",
    "seal",
    "seal_portrait",
    "seal_template",
    "token_hash",
    "unpack_many",
    "unpack_vectors",
    "unseal",
    "unwrap_data_key",
    "wipe",
    "wrap_data_key",
]
