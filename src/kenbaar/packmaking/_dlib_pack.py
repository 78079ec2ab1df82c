"""The dlib pack, which was the default until version 2: its digest is that of default 1, to the last bit.

So whoever enrolled with it is found, and an archive that goes on with it goes on as it was. The numbers come from
docs/decisions/0003 and 0004 (mirrored averaging, thresholds); the recipe is in docs/rooms/modelpack.md.
"""

from __future__ import annotations

from kenbaar.modelpack._at_hand import DEFAULT
from kenbaar.modelpack._manifest import EmbedderSpec, Manifest, Measured, OperatingPoint, Provenance
from kenbaar.packmaking._card import Card, require_known_answers, spec_of
from kenbaar.packmaking._detector import require_weights
from kenbaar.packmaking._dlib import DIM, SIDE_PX, dlib_to_onnx, read_mean

DLIB_SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
_VERSION = "1"  # of the default pack

# Where CenterFace's five points lie in dlib's 150 px chip: median of 85 faces, made symmetrical
# (docs/experiments/the-default-pack-as-first-measured.md).
_POINTS = ((46.5, 46.3), (103.5, 46.3), (75.0, 78.8), (50.4, 102.7), (99.6, 102.7))

NOTICE = (
    "The weights are free to use, but the faces they were trained on were scraped from the web: the licence of the "
    "weights is clear, the consent of the people in the training pictures is not established."
)


def convert_dlib(dlib: bytes) -> tuple[bytes, tuple[float, float, float]]:
    """The embedder as ONNX, and its mean colour. Raises PackBroken for other weights."""
    require_weights(dlib, DLIB_SHA256)
    r, g, b = read_mean(dlib)
    return dlib_to_onnx(dlib), (r, g, b)


def check_dlib_answers(detector: bytes, embedder: bytes, mean: tuple[float, float, float]) -> None:
    """Nothing, where both networks answer the pattern as they did when they were checked; else PackBroken.

    The embedder's answer was compared with dlib's own descriptors when these numbers were written down
    (docs/rooms/modelpack.md).
    """
    require_known_answers(detector, embedder, embedder_spec(embedder, mean), _KNOWN)


_KNOWN = (-0.1231, 0.10415, 0.133, -0.02471, -0.09753, -0.08428, 0.00337, 1.68926, -0.02035, 0.41877)


def embedder_spec(embedder: bytes, mean: tuple[float, float, float]) -> EmbedderSpec:
    """How it is fed."""
    return spec_of(embedder, mean=mean, scale=1 / 256, side_px=SIDE_PX, points=_POINTS, dim=DIM, mirrored=True)


def dlib_manifest(detector: bytes, embedder: bytes, mean: tuple[float, float, float]) -> Manifest:
    """The manifest of the pack made of these converted files."""
    return CARD.manifest(detector, embedder_spec(embedder, mean))


OPERATING_POINT = OperatingPoint(
    accept=0.950,
    strong=0.963,
    margin=0.006,
    fpir=0.001,
    n=20,
    per_decade=0.0065,
    conditions="Cosine to the renormalised mean of 3 enrolment photos. The FPIR is a target, not a measurement of this "
    "threshold: it is carried over from 40 volunteers' portraits (20 enrolled, 20 strangers), measured with the "
    "un-normalised distance 0.45, and the threshold was then set a little stricter. On the Yale faces (8 enrolled, 7 "
    "strangers, all lights) 2.8 to 3.7 % of the strangers' pictures are named, of 3 people who look alike to this "
    "model. Measure on your own people.",
)

_EMBEDDER = Provenance(
    part="embedder",
    title="dlib_face_recognition_resnet_model_v1",
    author="Davis King",
    licence="CC0-1.0 (public domain), as stated in face-recognition-models",
    source="dlib_face_recognition_resnet_model_v1.dat in the Python package face-recognition-models 0.3.0",
    source_sha256=DLIB_SHA256,
    training_data="FaceScrub, VGG-Face and pictures scraped from the web, about 3 million faces of 7485 people "
    "(as stated by the author)",
    changes="converted from dlib's format to ONNX, affine layers folded into convolutions",
)

_YALE = (
    "Yale faces, 15 volunteers, 164 pictures in all lights; 3 enrolment photos each, 500 random splits, 8 enrolled and "
    "7 strangers; accept 0.950, margin 0.006; 31,738 mated and 38,262 non-mated searches of the same 164 pictures; the "
    "threshold was chosen with these pictures in view"
)
_VOLUNTEERS = (
    "40 volunteers' grey portraits, 20 enrolled with 3 photos and 20 strangers, 20 splits; an earlier form of this "
    "pack: un-normalised L2 0.45, not mirrored, one look; not measured again with the cosine"
)
MEASURED = (
    Measured("FNIR", 0.0037, f"{_YALE}; at 320 x 243 px"),
    Measured("FPIR", 0.0365, f"{_YALE}; at 320 x 243 px; every named stranger is one of 3 people who look alike to it"),
    Measured("FNIR", 0.0098, f"{_YALE}; cut to 92 x 112 px portraits"),
    Measured("FPIR", 0.0279, f"{_YALE}; cut to 92 x 112 px portraits; the same 3 people"),
    Measured("FNIR", 0.0066, f"{_YALE}; the portraits enlarged 2.5 times"),
    Measured("FPIR", 0.0282, f"{_YALE}; the portraits enlarged 2.5 times; the same 3 people"),
    Measured("wrong person among the enrolled", 0.0, f"{_YALE}; all three sizes"),
    Measured("failure to acquire", 0.0, "164 Yale pictures in 5 versions: 320 x 243 px, two cuts, each at two sizes"),
    Measured("FNIR", 0.005, "40 volunteers' portraits, 20 enrolled and 20 strangers, 20 splits; un-normalised L2 0.45"),
    Measured(
        "FPIR", 0.0005, "40 volunteers' portraits, 20 enrolled and 20 strangers, 20 splits; un-normalised L2 0.45"
    ),
)

CARD = Card(DEFAULT, _VERSION, OPERATING_POINT, _EMBEDDER, MEASURED, NOTICE)
