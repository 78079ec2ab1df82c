"""A pack brought by the user: its manifest filled in, the whole of it tried, and copied into the cache."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from kenbaar.errors import PackBroken, PackUnavailable, UsageError
from kenbaar.modelpack._at_hand import DEFAULT, DLIB, FAST, packs_folder
from kenbaar.modelpack._card import model_card
from kenbaar.modelpack._centerface import GRID_PX, OUTPUTS
from kenbaar.modelpack._manifest import (
    CARD_NAME,
    MANIFEST_NAME,
    EmbedderSpec,
    Manifest,
    PackFile,
    bad_manifest,
    parse_manifest,
    read_file,
    read_manifest,
)
from kenbaar.modelpack._sessions import Network
from kenbaar.packmaking._fetch import disk_errors_as_refusals, locked
from kenbaar.packmaking._known_answers import pattern
from kenbaar.packmaking._place import is_whole, put_in_place
from kenbaar.text import read_json

_ALIKE = 1e-3  # cosine of a face embedded alone and beside others: less is a network that mixes them
_LOOK_PX = 64


def filled_manifest(folder: Path) -> Manifest:
    """The manifest in this folder with the digests of the files it names, as they are now. Nothing is written.

    Raises PackUnavailable where there is no manifest, PackBroken where it cannot be used otherwise, or a file it names
    is not there.
    """
    try:
        value = read_json((folder / MANIFEST_NAME).read_text("utf-8"))
    except OSError as err:
        raise PackUnavailable(
            f"There is no {MANIFEST_NAME} in {folder}.", "Write one as docs/packs.md shows; digests may be left empty."
        ) from err
    except ValueError as err:
        raise bad_manifest("the whole", "is not JSON") from err
    for part in ("detector", "embedder"):
        spec = value.get(part) if isinstance(value, dict) else None
        file = spec.get("file") if isinstance(spec, dict) else None
        name = file.get("name") if isinstance(file, dict) else None
        if not isinstance(file, dict) or not isinstance(name, str) or Path(name).name != name:
            raise bad_manifest(f"{part}.file.name", "is missing or is no plain file name")
        file["sha256"] = hashlib.sha256(_bytes_of(folder, name)).hexdigest()
    return parse_manifest(json.dumps(value).encode())


def add_pack(folder: Path, cache: Path) -> Path:
    """The folder in the cache that now holds this pack, under its name and version; the pack is usable.

    1. The manifest is read strictly, and each file must have the digest it states.
    2. Both networks are run once on a picture made by arithmetic: shapes, finite numbers, the stated dim, and a face
       embedded alone as beside another.
    3. Files and manifest are copied, put in place whole; a model card is written beside them.
    Raises PackUnavailable (no pack there), PackBroken (and what is wrong with it), UsageError where the name is taken.
    """
    manifest = read_manifest(folder)
    parts = {file.name: _read_stated(folder, file) for file in (manifest.detector.file, manifest.embedder.file)}
    if len(parts) < 2 or {MANIFEST_NAME, CARD_NAME} & set(parts):
        raise bad_manifest("file.name", "is another file's name")
    if manifest.name.partition("-")[0] in (DEFAULT, FAST, DLIB):
        raise UsageError(f"The name {manifest.name} is Kenbaar's own pack's.", "Give the pack another name.")
    _try(manifest, parts)
    packs = packs_folder(cache)
    place = packs / f"{manifest.name}-{manifest.version}"
    with disk_errors_as_refusals(cache), locked(packs):
        if is_whole(place, lambda *_: manifest):
            return place
        if place.exists():
            raise UsageError(
                f"There is another pack {manifest.name} {manifest.version} here, and people may have enrolled with it.",
                "Give this one another version in its manifest.",
            )
        files = parts | {CARD_NAME: model_card(manifest).encode(), MANIFEST_NAME: manifest.text().encode()}
        put_in_place(place, files, packs / f".making-{place.name}")
    return place


def _bytes_of(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as err:
        raise PackBroken(f"The pack's file {name} is not there.", "Put it beside the manifest.") from err


def _read_stated(folder: Path, file: PackFile) -> bytes:
    """The file's bytes; where they are others than stated, the refusal tells the digest they have."""
    try:
        return read_file(folder, file)
    except PackBroken as err:
        found = hashlib.sha256(_bytes_of(folder, file.name)).hexdigest()
        raise PackBroken(
            f"{file.name} has the SHA-256 {found}, and its manifest states {file.sha256}.",
            "Get the file again; or if it is the one you mean, run `kenbaar pack manifest FOLDER --write`.",
        ) from err


def _try(manifest: Manifest, parts: dict[str, bytes]) -> None:
    """Nothing, where both networks run as the manifest says; else PackBroken."""
    detector = Network(parts[manifest.detector.file.name], "detector", threads=1, outputs=OUTPUTS)
    side = _LOOK_PX // GRID_PX
    shapes = {name: (1, count, side, side) for name, count in zip(OUTPUTS, (1, 2, 2, 10), strict=True)}
    detector.run(pattern(_LOOK_PX, _LOOK_PX), shapes)
    spec = manifest.embedder
    embedder = Network(parts[spec.file.name], "embedder", threads=1)
    one, other = _chip(spec, 0), _chip(spec, 91)
    (alone,) = embedder.run(one, (1, spec.dim))
    (both,) = embedder.run(np.concatenate([one, other]), (2, spec.dim))
    norms = np.linalg.norm(np.concatenate([alone, both]).astype(np.float64), axis=1)
    if not (norms > 1e-9).all():
        raise PackBroken("The pack's embedder answers with an empty vector.", "Ask the pack's maker.")
    if float(alone[0] @ both[0]) / (norms[0] * norms[1]) < 1 - _ALIKE:
        raise PackBroken(
            "The pack's embedder answers otherwise for a face beside another than for that face alone.",
            "Export it so that faces of one batch do not influence each other.",
        )
    if float(both[0] @ both[1]) / (norms[1] * norms[2]) > 1 - 1e-9:
        raise PackBroken("The pack's embedder gives every picture the same vector.", "Ask the pack's maker.")


def _chip(spec: EmbedderSpec, shift: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    mean = np.array(spec.mean).reshape(3, 1, 1)
    return np.asarray(((pattern(spec.height, spec.width) + shift) % 256 - mean) * spec.scale, np.float32)
