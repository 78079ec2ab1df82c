"""The master key: what wraps the key store's own key. A file here, a KMS where there is one."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import stat
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kenbaar.disk import opened, read_all, write_new
from kenbaar.errors import KeyStoreBroken, UsageError
from kenbaar.keys._durable import told_as_refusals
from kenbaar.keys._memory import wipe

KEY_BYTES = 32
NONCE_BYTES = 12  # 96 bits, random: NIST SP 800-38D 8.2.2; a master key wraps a handful of blobs in its life
_FIRST_LINE = "kenbaar master key 1"
_LONGEST_BYTES = 4096  # a master key file is about 100 bytes; anything of this size is not one


class Envelope(Protocol):
    """Wraps one key under a master key that it alone can reach.

    The store asks once per opening, so a KMS across the network will do. `id` names the master key as it is now;
    `unwrap` raises KeyStoreBroken where blob, context or master key are not the ones `wrap` had.
    """

    @property
    def id(self) -> str:
        """The master key's id, up to 512 characters; never the same for two master keys."""
        ...

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """The key sealed, up to 2048 bytes; bound to context."""
        ...

    def unwrap(self, blob: bytes, context: bytes) -> bytes:
        """What was wrapped."""
        ...


class FileMasterKey:
    """An Envelope around 32 random bytes in a text file, mode 0600. AES-256-GCM, context as associated data.

    The file is read for each call and the bytes are dropped after it: nothing of the master key stays in memory, and
    a rotation by another process is seen at once. The id is the first 64 bits of a hash of the key, so that an altered
    file is found when it is read.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is read yet."""
        self.path = path

    @classmethod
    def create(cls, path: Path) -> FileMasterKey:
        """A new master key in a new file, on the disk when this returns. UsageError where the file exists."""
        key = bytearray(os.urandom(KEY_BYTES))
        text = _text_of(key)
        try:
            with told_as_refusals(path):
                write_new(path, text)
        except KeyStoreBroken as err:
            if isinstance(err.__cause__, FileExistsError):
                raise UsageError(f"{path} exists already.", "Use it as it is, or rotate it.") from err
            raise
        finally:
            wipe(key)
            wipe(text)
        return cls(path)

    @property
    def id(self) -> str:
        """`m-` and 16 hex digits."""
        key = self._read()
        try:
            return _id_of(key)
        finally:
            wipe(key)

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """Nonce (12), ciphertext, tag (16)."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher().encrypt(nonce, key, context)

    def unwrap(self, blob: bytes, context: bytes) -> bytes:
        """What was wrapped; KeyStoreBroken where this is not the master key, or anything was altered."""
        try:
            return self._cipher().decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as err:
            raise KeyStoreBroken(
                "The key store does not open with this master key: one of them was altered.",
                "Put back the key store and the master key that belong together.",
            ) from err

    def __repr__(self) -> str:
        return f"FileMasterKey({self.path})"

    def _cipher(self) -> AESGCM:
        key = self._read()
        try:
            return AESGCM(key)
        finally:
            wipe(key)

    def _read(self) -> bytearray:
        with told_as_refusals(self.path), opened(self.path, os.O_RDONLY) as fd:
            mode = os.fstat(fd).st_mode
            if stat.S_IMODE(mode) & 0o077:
                # Refused, not repaired: whoever could read it may have, and only a rotation undoes that.
                raise KeyStoreBroken(
                    f"Others on this machine may read the master key {self.path} (mode {stat.S_IMODE(mode):04o}).",
                    f"Run `chmod 600 {self.path}`, then `kenbaar keys rotate`, for it may have been copied.",
                )
            text = bytearray(read_all(fd, _LONGEST_BYTES, 0))
        try:
            key = bytearray(base64.b64decode(text.rpartition(b"key ")[2].rstrip(b"\n"), validate=True))
            if len(key) != KEY_BYTES or text != _text_of(key):
                raise ValueError("not the text of a master key")
        except (ValueError, binascii.Error) as err:
            raise KeyStoreBroken(
                f"{self.path} is not a whole master key.", "Put it back from the backup it belongs to."
            ) from err
        finally:
            wipe(text)
        return key


def _text_of(key: bytes | bytearray) -> bytearray:
    return bytearray(f"{_FIRST_LINE}\nid {_id_of(key)}\nkey {base64.b64encode(key).decode()}\n", "ascii")


def _id_of(key: bytes | bytearray) -> str:
    # A hash of 256 random bits tells nothing about them.
    return "m-" + hashlib.sha256(b"kenbaar master key id" + key).hexdigest()[:16]
