"""manifest.json: every copy in a folder with its digests, signed by the archive's key; and read again as no more."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from kenbaar.consent import Consents, sign_manifest, verify_manifest
from kenbaar.disk import written_below
from kenbaar.errors import KenbaarError, Unusable
from kenbaar.keys import SigningKey
from kenbaar.publish._records import Copy
from kenbaar.text import json_text, read_json

MANIFEST = "manifest.json"


def copies_in_manifest(folder: Path, signer: SigningKey) -> frozenset[str]:
    """What the folder's own manifest says Kenbaar put there: a record put back from yesterday does not know it.

    Raises Unusable where the manifest there is not this archive's: then these are not its copies.
    """
    manifest = folder / MANIFEST
    if not os.path.lexists(manifest):
        return frozenset()
    try:
        if manifest.is_symlink() or not manifest.is_file():
            raise ValueError("no file of ours")
        signed = verify_manifest(read_json(manifest.read_bytes()), {signer.kid: signer.public_jwk()})
        if signed.trusted:
            return frozenset(str(folder / file["file"]) for file in signed.payload["files"])
    except (OSError, ValueError, RecursionError, KenbaarError, KeyError, TypeError, AttributeError):
        pass  # whatever it is, it is not ours
    raise Unusable(
        f"There is a {MANIFEST} in that folder that this archive did not write, or that was altered.",
        "Move it away, or give another folder for OUT.",
    )


def write_manifest(
    folder: Path, channel: str, copies: Iterable[tuple[str, Copy]], consents: Consents, at: datetime
) -> Path:
    """Writes it. copies: with where each lies below the folder."""
    files = [
        {
            "file": below,
            "digest": c.copy_digest,
            "source_digest": c.source_digest,
            "masked": c.masked,
            "visible": c.visible,
            "channel": c.channel,
            "made_at": c.made_at.isoformat(),
        }
        for below, c in sorted(copies, key=lambda each: each[1].path)
    ]
    payload = {
        "kind": "kenbaar-manifest",
        "organisation": consents.organisation,
        "channel": channel,
        "made_at": at.isoformat(),
        "files": files,
    }
    signed = sign_manifest(payload, consents.signer)
    with written_below(json_text(signed, indent=1).encode(), folder, MANIFEST) as put:
        put()
    return folder / MANIFEST
