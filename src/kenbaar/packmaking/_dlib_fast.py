"""The dlib pack's two networks in whole numbers, and what is known of them: fast 1 (decision 0022)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from kenbaar.modelpack._at_hand import FAST
from kenbaar.modelpack._manifest import Manifest, Measured, OperatingPoint, PackFile
from kenbaar.packmaking._detector import DETECTOR_FILE, EMBEDDER_FILE
from kenbaar.packmaking._dlib_pack import CARD, NOTICE
from kenbaar.packmaking._known_answers import answers_to_pattern, require_answers
from kenbaar.packmaking._quantise import quantised, read_ranges

RANGES_FILE = "dlib_fast_ranges.json"
_VERSION = "1"
FLOAT_FIRST = 3  # of the detector: on its largest maps, of few channels, whole numbers are slower
# Scores without the mirror image, near a threshold: at most 0.0195 off in 1.7 million pairs, standard deviation 0.003.
ROUGH_WITHIN = 0.03


def make_dlib_fast(detector: bytes, embedder: bytes) -> tuple[bytes, bytes]:
    """The dlib pack's networks in whole numbers: the same bytes on every machine."""
    ranges = read_ranges(RANGES_FILE)
    return (
        quantised(detector, ranges["detector"], float_first=FLOAT_FIRST),
        quantised(embedder, ranges["embedder"]),
    )


def check_dlib_fast_answers(detector: bytes, embedder: bytes, dlib: Manifest) -> None:
    """Nothing, where both networks answer the pattern as they did when they were measured; else PackBroken.

    5e-3 leaves room for a processor that rounds one of 256 steps the other way, not for another network.
    """
    found = answers_to_pattern(detector, embedder, dlib.embedder)
    require_answers(found, _KNOWN, "The networks of this pack", of_each=1e-2, and_=5e-3, do="Use the dlib pack.")


_KNOWN = (-0.1312, 0.10122, 0.13347, -0.02745, -0.09418, -0.08529, 0.00358, 1.66647, -0.02403, 0.42612)


def dlib_fast_manifest(dlib: Manifest, detector: bytes, embedder: bytes) -> Manifest:
    """The manifest of the fast pack made of these networks, fed as the dlib pack's are.

    Its look is as large: a smaller one costs more than it saves, in closer looks (decision 0022).
    """
    return replace(
        dlib,
        name=FAST,
        version=_VERSION,
        detector=replace(dlib.detector, file=PackFile(DETECTOR_FILE, hashlib.sha256(detector).hexdigest())),
        embedder=replace(
            dlib.embedder,
            file=PackFile(EMBEDDER_FILE, hashlib.sha256(embedder).hexdigest()),
            rough_within=ROUGH_WITHIN,
        ),
        operating_point=OPERATING_POINT,
        provenance=tuple(replace(part, changes=f"{part.changes}; {_CHANGES[part.part]}") for part in CARD.provenance),
        measured=MEASURED,
        notice=NOTICE,
    )


_CHANGES = {
    "detector": "then quantised: all convolutions but the first three in 8 bits, normalisations worked into weights",
    "embedder": "then quantised: all convolutions in 8 bits",
}
OPERATING_POINT = OperatingPoint(
    accept=0.950,
    strong=0.960,
    margin=0.006,
    fpir=0.001,
    n=20,
    per_decade=0.008,
    conditions="Cosine to the renormalised mean of 3 enrolment photos. Of the two sets at hand neither was used to set "
    "the pack's ranges: on 40 volunteers (AT&T faces, 20 enrolled, 20 strangers) 0.025 % of the strangers' pictures "
    "are named at 0.950, on 15 volunteers (Yale faces, 8 enrolled, 7 strangers, all lights) 0.048 %; 0.1 % would be "
    "met at 0.9485 on both. It was left at the default pack's 0.950, since 55 people are few. No stranger of either "
    "set reaches 0.960. Measure on your own people.",
)

_YALE = (
    "Yale faces, 15 volunteers, 155 different pictures of 320 x 243 px in all lights; kenbaar evaluate, 200 splits, "
    "seed 1; 8 enrolled with 3 photos each, 7 strangers; accept 0.950, margin 0.006"
)
_ATT = (
    "AT&T faces, 40 volunteers, 400 pictures of 92 x 112 px; kenbaar evaluate, 200 splits, seed 1; 20 enrolled with 3 "
    "photos each, 20 strangers; accept 0.950, margin 0.006"
)
MEASURED = (
    Measured(
        "FNIR",
        0.0061,
        f"{_YALE}; 11,744 mated searches; 95 % interval 0.08 to 1.2 %; the default pack, same command: 0.45 % "
        "(0 to 1.0 %)",
    ),
    Measured(
        "FPIR",
        0.00048,
        f"{_YALE}; 14,456 non-mated searches; interval 0 to 0.32 %, too narrow, since the errors come from fewer than "
        "five people; the default pack, same command: 2.7 % (0 to 13 %)",
    ),
    Measured(
        "FNIR",
        0.0047,
        f"{_ATT}; 28,000 mated searches; 95 % interval 0.08 to 1.1 %; the default pack, same command: 0.47 % (0.09 to "
        "1.0 %)",
    ),
    Measured(
        "FPIR",
        0.00025,
        f"{_ATT}; 39,980 non-mated searches; interval 0 to 0.14 %, too narrow, since the errors come from fewer than "
        "five people; the default pack, same command: 0.033 % (0 to 0.11 %)",
    ),
    Measured("wrong person among the enrolled", 0.000085, f"{_YALE}; 1 of 11,744 searches"),
    Measured("wrong person among the enrolled", 0.0, f"{_ATT}; 28,000 searches"),
    Measured("failure to acquire", 0.0, "155 Yale and 400 AT&T pictures"),
)
