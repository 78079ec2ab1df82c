"""What is said of a pack that comes with Kenbaar, put together with its two networks: once, for all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from kenbaar.modelpack._manifest import (
    FORMAT,
    EmbedderSpec,
    Manifest,
    Measured,
    OperatingPoint,
    PackFile,
    Provenance,
)
from kenbaar.packmaking._detector import DETECTOR_PROVENANCE, EMBEDDER_FILE, detector_spec
from kenbaar.packmaking._known_answers import answers_to_pattern, require_answers


@dataclass(frozen=True, slots=True)
class Card:
    """A pack but for its networks: its name, where its embedder is from, and what was measured with it."""

    name: str
    version: str
    operating_point: OperatingPoint
    embedder: Provenance
    measured: tuple[Measured, ...]
    notice: str

    @property
    def provenance(self) -> tuple[Provenance, ...]:
        """Of both networks."""
        return DETECTOR_PROVENANCE, self.embedder

    def manifest(self, detector: bytes, embedder: EmbedderSpec) -> Manifest:
        """The manifest of the pack made of this detector and an embedder fed like this."""
        return Manifest(
            format=FORMAT,
            name=self.name,
            version=self.version,
            detector=detector_spec(detector),
            embedder=embedder,
            operating_point=self.operating_point,
            provenance=self.provenance,
            measured=self.measured,
            notice=self.notice,
        )


def spec_of(
    embedder: bytes,
    *,
    mean: tuple[float, float, float],
    scale: float,
    side_px: int,
    points: tuple[tuple[float, float], ...],
    dim: int,
    mirrored: bool,
) -> EmbedderSpec:
    """How an embedder of square RGB chips is fed."""
    return EmbedderSpec(
        file=PackFile(EMBEDDER_FILE, hashlib.sha256(embedder).hexdigest()),
        colour="RGB",
        mean=mean,
        scale=scale,
        width=side_px,
        height=side_px,
        points=points,
        dim=dim,
        mirrored=mirrored,
    )


def require_known_answers(detector: bytes, embedder: bytes, fed: EmbedderSpec, known: Sequence[float]) -> None:
    """Nothing, where both networks answer the pattern with these numbers; else PackBroken.

    1e-3 leaves room for another processor's rounding, not for another network.
    """
    found = answers_to_pattern(detector, embedder, fed)
    require_answers(found, known, "The converted networks", of_each=1e-3, and_=1e-3, do="Fetch the pack again.")
