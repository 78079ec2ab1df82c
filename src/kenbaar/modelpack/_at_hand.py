"""The packs in the cache, told apart by their digests."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from kenbaar.errors import PackBroken, PackUnavailable
from kenbaar.modelpack._manifest import MANIFEST_NAME, Manifest, read_manifest


def packs_at_hand(cache: Path, digests: Collection[str] | None = None) -> list[tuple[Path, Manifest]]:
    """Folder and manifest of every pack in the cache, or of those with these digests; each once, by folder.

    One whose manifest cannot be used is left out: whoever opens it by name is told why.
    """
    found: dict[str, tuple[Path, Manifest]] = {}
    for file in sorted((cache / "packs").glob(f"[!.]*/{MANIFEST_NAME}")):
        try:
            manifest = read_manifest(file.parent)
        except (PackBroken, PackUnavailable):
            continue
        if digests is None or manifest.digest in digests:
            found.setdefault(manifest.digest, (file.parent, manifest))
    return list(found.values())
