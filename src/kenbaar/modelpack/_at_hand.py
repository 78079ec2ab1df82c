"""The packs in the cache, told apart by their names and by their digests."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from kenbaar.errors import PackBroken, PackUnavailable
from kenbaar.modelpack._manifest import MANIFEST_NAME, Manifest, read_manifest

DEFAULT, DEFAULT_VERSION = "default", "2"
FAST, FAST_VERSION = "fast", "2"
DLIB, DLIB_FAST = "dlib", "dlib-fast"
OURS = {  # the packs that this version of Kenbaar makes (packmaking), by name: their folders
    DEFAULT: f"{DEFAULT}-{DEFAULT_VERSION}",
    FAST: f"{FAST}-{FAST_VERSION}",
    DLIB: f"{DEFAULT}-1",  # the default and the fast pack as they were, digests and all
    DLIB_FAST: f"{FAST}-1",
}


def packs_folder(cache: Path) -> Path:
    """Where the packs lie in this cache."""
    return cache / "packs"


def default_pack_folder(cache: Path) -> Path:
    """Where the default pack is, or will be, in this cache."""
    return packs_folder(cache) / OURS[DEFAULT]


def fast_pack_folder(cache: Path) -> Path:
    """Where the fast pack is, or will be, in this cache."""
    return packs_folder(cache) / OURS[FAST]


def dlib_pack_folder(cache: Path) -> Path:
    """Where the dlib pack, which was default 1, is or will be in this cache."""
    return packs_folder(cache) / OURS[DLIB]


def dlib_fast_pack_folder(cache: Path) -> Path:
    """Where the dlib pack in whole numbers, which was fast 1, is or will be in this cache."""
    return packs_folder(cache) / OURS[DLIB_FAST]


def packs_at_hand(cache: Path, digests: Collection[str] | None = None) -> list[tuple[Path, Manifest]]:
    """Folder and manifest of every pack in the cache, or of those with these digests; each once, by folder.

    One whose manifest cannot be used is left out: whoever opens it by name is told why.
    """
    found: dict[str, tuple[Path, Manifest]] = {}
    for file in sorted(packs_folder(cache).glob(f"[!.]*/{MANIFEST_NAME}")):
        try:
            manifest = read_manifest(file.parent)
        except (PackBroken, PackUnavailable):
            continue
        if digests is None or manifest.digest in digests:
            found.setdefault(manifest.digest, (file.parent, manifest))
    return list(found.values())


def find_pack(cache: Path, name: str) -> Path:
    """The folder that a pack's name stands for: everywhere a pack can be named, it is looked up here.

    "default", "fast", "dlib" and "dlib-fast" are those of this version of Kenbaar, fetched or not. Otherwise
    NAME or NAME-VERSION of a pack in the cache, else a folder. Raises PackUnavailable where the name is nothing of
    these, or of several versions.
    """
    if name in OURS:
        return packs_folder(cache) / OURS[name]
    folder = Path(name).expanduser()
    if name not in (".", "..") and Path(name).name == name:  # one word: the cache's before a folder's
        exact = packs_folder(cache) / name
        if (exact / MANIFEST_NAME).is_file():
            return exact
        versions = [place for place, manifest in packs_at_hand(cache) if manifest.name == name]
        if len(versions) == 1:
            return versions[0]
        if versions:
            raise PackUnavailable(
                f"There are several versions of the pack {name}: {', '.join(v.name for v in versions)}.",
                "Name one of them.",
            )
        if not folder.is_dir():
            known = ", ".join(sorted({*OURS, *(place.name for place, _ in packs_at_hand(cache))}))
            raise PackUnavailable(
                f"There is no model pack named {name} here, and no folder of that name.",
                f"Name one of {known}, or a pack's folder; `kenbaar pack add FOLDER` brings one of your own.",
            )
    return folder
