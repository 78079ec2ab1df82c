"""The fast pack: the default's networks in less time, and what is known of them (decision 0035)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from kenbaar.modelpack._at_hand import FAST, FAST_VERSION
from kenbaar.modelpack._manifest import Manifest, Measured, PackFile
from kenbaar.packmaking._default import ATT, ATT_ENLARGED, CARD, FEW, NOTICE, YALE
from kenbaar.packmaking._default import OPERATING_POINT as DEFAULT_POINT
from kenbaar.packmaking._detector import DETECTOR_FILE, EMBEDDER_FILE
from kenbaar.packmaking._dlib_fast import FLOAT_FIRST, RANGES_FILE
from kenbaar.packmaking._known_answers import answers_to_pattern, require_answers
from kenbaar.packmaking._quantise import quantised, read_ranges


def make_fast(detector: bytes, embedder: bytes) -> tuple[bytes, bytes]:
    """The default pack's detector in whole numbers, and its embedder as it is: the same bytes on every machine."""
    return quantised(detector, read_ranges(RANGES_FILE)["detector"], float_first=FLOAT_FIRST), embedder


def check_fast_answers(detector: bytes, embedder: bytes, default: Manifest) -> None:
    """Nothing, where both networks answer the pattern as they did when they were measured; else PackBroken.

    5e-3 leaves room for a processor that rounds one of 256 steps the other way, not for another network.
    """
    found = answers_to_pattern(detector, embedder, default.embedder)
    require_answers(found, _KNOWN, "The networks of the fast pack", of_each=1e-2, and_=5e-3, do="Use the default pack.")


_KNOWN = (0.00463, -0.04587, 0.03337, -0.06262, -0.04279, 0.01245, 0.00358, 1.66647, -0.02403, 0.42612)


def fast_manifest(default: Manifest, detector: bytes, embedder: bytes) -> Manifest:
    """The manifest of the fast pack made of these networks, fed as the default's are."""
    return replace(
        default,
        name=FAST,
        version=FAST_VERSION,
        detector=replace(default.detector, file=PackFile(DETECTOR_FILE, hashlib.sha256(detector).hexdigest())),
        embedder=replace(default.embedder, file=PackFile(EMBEDDER_FILE, hashlib.sha256(embedder).hexdigest())),
        operating_point=OPERATING_POINT,
        provenance=tuple(
            replace(part, changes=f"{part.changes}{_CHANGES.get(part.part, '')}") for part in CARD.provenance
        ),
        measured=MEASURED,
        notice=NOTICE,
    )


_CHANGES = {
    "detector": "; then quantised: all convolutions but the first three in 8 bits, normalisations worked into weights",
}
OPERATING_POINT = replace(
    DEFAULT_POINT,
    conditions="That of the default pack, whose embedder it is; only the detector differs, and with it where landmarks "
    "lie. Measured on the people that one was chosen with: see there. Measure on your own people.",
)

_DEFAULT = "the default pack, same command"
MEASURED = (
    Measured("FNIR", 0.00017, f"{YALE}; 11,744 mated searches; 95 % interval 0 to 0.052 %{FEW}; {_DEFAULT}: 0.051 %"),
    Measured("FPIR", 0.0, f"{YALE}; 14,456 non-mated searches of 15 people; 95 % interval 0 to 22 %"),
    Measured(
        "FNIR",
        0.0020,
        f"{ATT}; 28,000 mated searches; 95 % interval 0 to 0.54 %{FEW}; {_DEFAULT}: 0.24 % (0-0.68)",
    ),
    Measured("FPIR", 0.0011, f"{ATT}; 40,000 non-mated searches; 95 % interval 0 to 0.67 %{FEW}; {_DEFAULT}: 0.11 %"),
    Measured(
        "FNIR",
        0.0018,
        f"{ATT_ENLARGED}; 28,000 mated searches; 95 % interval 0 to 0.46 %{FEW}; {_DEFAULT}: 0.22 % (0 to 0.61 %)",
    ),
    Measured("FPIR", 0.000025, f"{ATT_ENLARGED}; 40,000 non-mated searches; 95 % interval 0 to 0.015 %{FEW}"),
    Measured("failure to acquire", 0.0, "155 Yale pictures and 400 AT&T pictures at two sizes"),
)
