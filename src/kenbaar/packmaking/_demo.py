"""The demo's photographs: stand-ins for volunteers, fetched like the pack, pinned file by file, none of them ours."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from kenbaar.errors import PackUnavailable
from kenbaar.packmaking._fetch import (
    Progress,
    Published,
    Say,
    disk_errors_as_refusals,
    locked,
    member_of_wheel,
    members_of_archive,
    obtain,
    sha256_of,
)

FACE_RECOGNITION = Published(
    "face_recognition==1.3.0",
    "face_recognition-1.3.0.tar.gz",
    "5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec",
    3_182_249,
    ("--no-binary", "face_recognition"),  # its wheel does not hold the pictures
)
SCIKIT_IMAGE = Published(
    "scikit-image==0.26.0",
    "scikit_image-0.26.0-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl",
    "74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af",
    13_711_217,
    # The same file for every machine: only its pictures are taken out, nothing of it is run.
    (
        *("--only-binary", ":all:", "--python-version", "3.11", "--implementation", "cp"),
        *("--platform", "manylinux_2_28_x86_64"),
    ),
)

# Official portraits of two heads of government, in the public domain (tests/test_images of face_recognition).
_PORTRAITS = {
    "biden.jpg": "3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c",
    "obama.jpg": "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6",
    "obama2.jpg": "a7efcc907375274796f39646510704aa86672d59f6d5469d69af3c85590976a6",
    "obama3.jpg": "76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3",
    "obama_partial_face.jpg": "c2d1f09e7ef3042352b41e41286e6eb0522f64f88308be13886991b95db52117",
    "obama_partial_face2.jpg": "9a812347f97633542b8cd9992de22def11b74f79d82056bc3ee830f13878e028",
    "32bit.png": "44dca895a7d635a4aedddd91a4f37af9a8a5b44e66154282a24645a757b5f627",
}
# A NASA portrait (public domain), and two pictures without people (CC0), from skimage/data.
_OTHERS = {
    "astronaut.png": "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    "coffee.png": "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    "chelsea.png": "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
}


def fetch_demo_photos(cache: Path, say: Say, from_files: Sequence[Path] = ()) -> Path:
    """The folder with the demo's photographs, fetched now if they are not all there. Works offline from then on.

    biden.jpg, obama.jpg, obama2.jpg, obama3.jpg (and 32bit.png: obama2 again, with alpha), obama_partial_face.jpg and
    obama_partial_face2.jpg (obama.jpg, cut through the face), astronaut.png; coffee.png and chelsea.png (a cat) show
    nobody. Raises PackUnavailable (cannot be had, and why), NoSpace.
    """
    folder = cache / "demo"
    wanted = {**_PORTRAITS, **_OTHERS}
    with disk_errors_as_refusals(cache), locked(cache / "packs"):
        if all((folder / name).is_file() and sha256_of(folder / name) == digest for name, digest in wanted.items()):
            return folder
        scratch = cache / "packs" / ".making-demo"
        sdist = obtain(FACE_RECOGNITION, scratch, say, from_files)
        wheel = obtain(SCIKIT_IMAGE, scratch, say, from_files)
        portraits = members_of_archive(
            sdist, [f"face_recognition-1.3.0/tests/test_images/{name}" for name in _PORTRAITS]
        )
        photos = dict(zip(_PORTRAITS, portraits, strict=True))
        photos |= {name: member_of_wheel(wheel, f"skimage/data/{name}") for name in _OTHERS}
        beside = scratch / "demo"
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        for name, data in photos.items():
            if hashlib.sha256(data).hexdigest() != wanted[name]:
                raise PackUnavailable(f"The demo photo {name} is not the one published.", "Fetch it again.")
            (beside / name).write_bytes(data)
        if folder.exists():
            shutil.rmtree(folder)
        beside.rename(folder)
        shutil.rmtree(scratch, ignore_errors=True)
        say(Progress("demo photos", len(wanted), len(wanted)))
    return folder
