"""A pack whose network is fetched from an address: any file server, by a digest that the user brings.

The manifest is one of those worked out beside the code (and in docs/packs.md); the detector is the default
pack's. What arrives is believed by its digest alone: it does not matter who served it, or through which redirections.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from kenbaar.errors import PackUnavailable, UsageError
from kenbaar.modelpack._at_hand import packs_folder
from kenbaar.modelpack._manifest import MANIFEST_NAME
from kenbaar.packmaking._add import add_pack
from kenbaar.packmaking._detector import DETECTOR_FILE
from kenbaar.packmaking._fetch import Progress, Say, disk_errors_as_refusals, locked, sha256_of
from kenbaar.packmaking._fetch_default import fetch_default_pack
from kenbaar.text import read_json

WORKED = ("sface", "auraface")
_MOST_BYTES = 1_000_000_000
_AT_ONCE = 1 << 18
_TIMEOUT_S = 60
_SHA256 = re.compile(r"[0-9a-f]{64}")


def fetch_by_address(name: str, url: str, sha256: str, cache: Path, say: Say, from_files: Sequence[Path] = ()) -> Path:
    """The folder of this worked pack, its network fetched from url; the default pack is fetched for its detector.

    Raises UsageError (another name, address or digest than can be), PackUnavailable (it does not come, or is another
    file), PackBroken (it is not what the manifest says), NoSpace.
    """
    if name not in WORKED or urlsplit(url).scheme not in ("http", "https") or not _SHA256.fullmatch(sha256.lower()):
        raise UsageError(
            "That is no worked pack, no address that begins with http:// or https://, or no SHA-256 of 64 hex digits.",
            "Say `kenbaar pack fetch sface --url URL --sha256 DIGEST`.",
        )
    default = fetch_default_pack(cache, say, from_files)
    apart = packs_folder(cache) / ".fetching"  # add_pack holds the lock of the folder above
    scratch = apart / name
    with disk_errors_as_refusals(cache), locked(apart):
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        try:
            told = read_json((files("kenbaar.packmaking") / "worked" / f"{name}.json").read_text("utf-8"))
            network = scratch / told["embedder"]["file"]["name"]
            _arrive(url, network, sha256.lower(), say)
            shutil.copy(default / DETECTOR_FILE, scratch / DETECTOR_FILE)
            told["embedder"]["file"]["sha256"] = sha256.lower()
            told["detector"]["file"]["sha256"] = sha256_of(scratch / DETECTOR_FILE)
            told["provenance"][1]["source_sha256"] = sha256.lower()
            (scratch / MANIFEST_NAME).write_text(json.dumps(told), "utf-8")
            return add_pack(scratch, cache)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


class _OnlyWeb(urllib.request.HTTPRedirectHandler):
    """Redirections lead to http and https alone (urllib's own handler also takes ftp)."""

    def redirect_request(  # type: ignore[no-untyped-def]
        self, req, fp, code, msg, headers, newurl
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme not in ("http", "https"):
            raise urllib.error.URLError("redirected to an address of another kind")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _arrive(url: str, to: Path, sha256: str, say: Say) -> None:
    """Writes what the address serves; raises PackUnavailable where that is not the file of this digest."""
    step, digest, done = f"download {to.name}", hashlib.sha256(), 0
    try:
        with urllib.request.build_opener(_OnlyWeb).open(url, timeout=_TIMEOUT_S) as answer, to.open("wb") as file:
            length = int(answer.headers.get("Content-Length") or 0)
            while some := answer.read(_AT_ONCE):
                done += len(some)
                if done > _MOST_BYTES:
                    raise PackUnavailable("More than 1 GB comes from that address.", "Ask for the address again.")
                digest.update(some)
                file.write(some)
                say(Progress(step, done, max(length, done)))
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, ValueError) as err:
        why = f"answer {err.code}" if isinstance(err, urllib.error.HTTPError) else "no answer that can be read"
        raise PackUnavailable(
            f"The network could not be fetched from that address: {why}.", "Check the address and the connection."
        ) from err
    if done < length:
        raise PackUnavailable(
            f"The transfer was cut: {done:,} of {length:,} bytes came. Nothing was kept.", "Try again."
        )
    if digest.hexdigest() != sha256:
        raise PackUnavailable(
            f"What that address serves has the SHA-256 {digest.hexdigest()}, not the one you named. Nothing was kept.",
            "Get address and digest again from a source you trust.",
        )
