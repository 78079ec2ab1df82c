"""A pack put in its place: made beside it, synced, renamed whole. A half pack is never visible."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from kenbaar.disk import sync_folder, write_synced
from kenbaar.errors import PackBroken, PackUnavailable
from kenbaar.modelpack._manifest import Manifest, read_file, read_manifest


def is_whole(folder: Path, as_made: Callable[[Manifest, bytes, bytes], Manifest]) -> bool:
    """Whether a pack lies there as it would be put: its files are those of its manifest, and that says what it should.

    as_made: from the manifest, the detector and the embedder that lie there, the manifest of a pack made of them.
    """
    try:
        manifest = read_manifest(folder)
        parts = [read_file(folder, part.file) for part in (manifest.detector, manifest.embedder)]
    except (PackUnavailable, PackBroken):
        return False
    return manifest == as_made(manifest, *parts)


def put_in_place(folder: Path, files: Mapping[str, bytes], scratch: Path) -> None:
    """The folder, with these files and no others; what was there before is gone. Killed on the way: nothing is visible.

    scratch: a folder on the same disk. files are written in their order: the manifest goes last.
    """
    made = scratch / "pack"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    for name, data in files.items():
        write_synced(made / name, data)
    if folder.exists():  # it was there and not whole
        shutil.rmtree(folder)
    made.rename(folder)
    sync_folder(folder.parent)
    shutil.rmtree(scratch, ignore_errors=True)
