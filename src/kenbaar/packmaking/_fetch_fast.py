"""The packs in whole numbers, made in the cache from those they are of: nothing more is downloaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from kenbaar.modelpack._at_hand import dlib_fast_pack_folder, fast_pack_folder
from kenbaar.modelpack._card import model_card
from kenbaar.modelpack._manifest import CARD_NAME, MANIFEST_NAME, Manifest, read_file, read_manifest
from kenbaar.packmaking._detector import DETECTOR_FILE, EMBEDDER_FILE
from kenbaar.packmaking._dlib_fast import check_dlib_fast_answers, dlib_fast_manifest, make_dlib_fast
from kenbaar.packmaking._fast import check_fast_answers, fast_manifest, make_fast
from kenbaar.packmaking._fetch import Progress, Say, disk_errors_as_refusals, locked
from kenbaar.packmaking._fetch_default import fetch_default_pack, fetch_dlib_pack
from kenbaar.packmaking._place import is_whole, put_in_place


def fetch_fast_pack(cache: Path, say: Say, from_files: Sequence[Path] = ()) -> Path:
    """The folder of the fast pack, made now if it is not there whole, from the default pack, which is fetched for it.

    Raises what fetch_default_pack does, and PackBroken where this machine does not give the known answers. Made beside
    it and put in place whole, as the default is.
    """
    source = fetch_default_pack(cache, say, from_files)
    return _made_of(source, fast_pack_folder(cache), say, make_fast, check_fast_answers, fast_manifest)


def fetch_dlib_fast_pack(cache: Path, say: Say, from_files: Sequence[Path] = ()) -> Path:
    """The folder of the dlib pack in whole numbers, fast 1; for the rest as fetch_fast_pack."""
    source = fetch_dlib_pack(cache, say, from_files)
    folder = dlib_fast_pack_folder(cache)
    return _made_of(source, folder, say, make_dlib_fast, check_dlib_fast_answers, dlib_fast_manifest)


def _made_of(
    source: Path,
    folder: Path,
    say: Say,
    make: Callable[[bytes, bytes], tuple[bytes, bytes]],
    check: Callable[[bytes, bytes, Manifest], None],
    manifest_of: Callable[[Manifest, bytes, bytes], Manifest],
) -> Path:
    packs = folder.parent
    with disk_errors_as_refusals(packs.parent), locked(packs):
        whole = read_manifest(source)
        if is_whole(folder, lambda _there, detector, embedder: manifest_of(whole, detector, embedder)):
            return folder
        say(Progress("quantise", 0, 3))
        parts = [read_file(source, part.file) for part in (whole.detector, whole.embedder)]
        detector, embedder = make(*parts)
        say(Progress("quantise", 1, 3))
        check(detector, embedder, whole)
        say(Progress("quantise", 2, 3))
        manifest = manifest_of(whole, detector, embedder)
        made = {
            DETECTOR_FILE: detector,
            EMBEDDER_FILE: embedder,
            CARD_NAME: model_card(manifest).encode(),
            MANIFEST_NAME: manifest.text().encode(),
        }
        put_in_place(folder, made, packs / f".making-{folder.name}")
        say(Progress("quantise", 3, 3))
    return folder
