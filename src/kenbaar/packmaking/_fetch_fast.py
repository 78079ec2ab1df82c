"""The fast pack, made in the cache from the default one: nothing more is downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kenbaar.modelpack._at_hand import fast_pack_folder
from kenbaar.modelpack._card import model_card
from kenbaar.modelpack._manifest import CARD_NAME, MANIFEST_NAME, read_file, read_manifest
from kenbaar.packmaking._default import DETECTOR_FILE, EMBEDDER_FILE
from kenbaar.packmaking._fast import check_fast_answers, fast_manifest, make_fast
from kenbaar.packmaking._fetch import Progress, Say, disk_errors_as_refusals, locked
from kenbaar.packmaking._fetch_default import fetch_default_pack
from kenbaar.packmaking._place import is_whole, put_in_place


def fetch_fast_pack(cache: Path, say: Say, from_files: Sequence[Path] = ()) -> Path:
    """The folder of the fast pack, made now if it is not there whole, from the default pack, which is fetched for it.

    Raises what fetch_default_pack does, and PackBroken where this machine does not give the known answers. Made beside
    it and put in place whole, as the default is.
    """
    folder = fast_pack_folder(cache)
    source = fetch_default_pack(cache, say, from_files)
    with disk_errors_as_refusals(cache), locked(folder.parent):
        default = read_manifest(source)
        if is_whole(folder, lambda _there, detector, embedder: fast_manifest(default, detector, embedder)):
            return folder
        say(Progress("quantise", 0, 3))
        parts = [read_file(source, part.file) for part in (default.detector, default.embedder)]
        detector, embedder = make_fast(*parts)
        say(Progress("quantise", 1, 3))
        check_fast_answers(detector, embedder, default.embedder.mean)
        say(Progress("quantise", 2, 3))
        manifest = fast_manifest(default, detector, embedder)
        made = {
            DETECTOR_FILE: detector,
            EMBEDDER_FILE: embedder,
            CARD_NAME: model_card(manifest).encode(),
            MANIFEST_NAME: manifest.text().encode(),
        }
        put_in_place(folder, made, folder.parent / f".making-{folder.name}")
        say(Progress("quantise", 3, 3))
    return folder
