"""Faces as unit vectors: chips cut out of the photo, embedded in one batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from kenbaar.errors import PackBroken
from kenbaar.faces import Face
from kenbaar.modelpack._align import cut_chip, similarity
from kenbaar.modelpack._detect import PhotoPixels
from kenbaar.modelpack._feed import feed
from kenbaar.modelpack._manifest import EmbedderSpec
from kenbaar.modelpack._sessions import Network

# Faces per run: a crowd must not take a crowd's memory (16 chips of 150 px take about 60 MB in the network).
_BATCH = 16

_ONLY_ROUNDING = 1e-4
_MEASURED_ROUGH = {  # embedder file -> rough_within, of a published pack whose manifest cannot say it any more
    "0c34a66de81fefb68550bc4e2319de15297e462d7919f8bd8cf81f034af3382f": 0.03,  # default 1: decision 0019
}


def rough_within(spec: EmbedderSpec) -> float:
    """How far a rough template's score may lie from that of the template, near a threshold; infinite: not known.

    Without mirroring the rough template is the template. With it, the pack must have been measured.
    """
    if not spec.mirrored:
        return _ONLY_ROUNDING
    if spec.rough_within is not None:
        return spec.rough_within
    return _MEASURED_ROUGH.get(spec.file.sha256, math.inf)


class Embedder:
    """Makes unit vectors with one network, as its spec says it is to be fed."""

    def __init__(self, network: Network, spec: EmbedderSpec) -> None:
        self._network, self._spec = network, spec
        self._points = np.array(spec.points, np.float32)

    def cut(self, photo: PhotoPixels, face: Face) -> NDArray[np.uint8]:
        """The face's chip, RGB uint8 (height, width, 3)."""
        points = face.landmarks.points / np.float32(photo.scale)
        return cut_chip(photo.pixels, similarity(points, self._points), self._spec.width, self._spec.height)

    def embed(self, chips: Sequence[NDArray[np.uint8]], *, rough: bool = False) -> NDArray[np.float32]:
        """Unit vectors, float32 (n, dim), one per chip in order. rough: of the chip alone, not of its mirror image."""
        mirrored = self._spec.mirrored and not rough
        parts = [self._embed_some(chips[at : at + _BATCH], mirrored) for at in range(0, len(chips), _BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, self._spec.dim), np.float32)

    def network_alone(self, faces: int) -> Callable[[], object]:
        """The network run bare on as many chips as embed() feeds it for so many faces."""
        chips = max(1, faces) * (2 if self._spec.mirrored else 1)
        batch = np.zeros((chips, 3, self._spec.height, self._spec.width), np.float32)
        return lambda: self._network.run_unchecked(batch)

    def _embed_some(self, chips: Sequence[NDArray[np.uint8]], mirrored: bool) -> NDArray[np.float32]:
        spec, n = self._spec, len(chips)
        blob = np.empty((2 * n if mirrored else n, 3, spec.height, spec.width), np.float32)
        for chip, planes in zip(chips, blob, strict=False):
            feed(chip, planes, spec)
        if mirrored:
            blob[n:] = blob[:n, :, :, ::-1]
        (raw,) = self._network.run(blob, (len(blob), spec.dim))
        if mirrored:
            raw = raw[:n] + raw[n:]
        norms = np.linalg.norm(raw.astype(np.float64), axis=1, keepdims=True)
        if not (norms > 1e-9).all() or not np.isfinite(norms).all():
            raise PackBroken("The pack's embedder answers with an empty vector.", "Ask the pack's maker.")
        return np.asarray(raw / norms, np.float32)
