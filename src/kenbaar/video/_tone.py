"""Video for bright screens (HDR), brought to the range of ordinary ones."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LEVELS = 1 << 16
_WHITE_NITS = 203.0  # ITU-R BT.2408: what graphics white is in HDR
_TO_709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)  # ITU-R BT.2087, linear light


def tone_mapped(frame: Any) -> NDArray[np.uint8]:
    """A PQ or HLG frame as sRGB uint8 (rows, columns, 3), coded orientation. Highlights are bent, not clipped."""
    deep: NDArray[np.uint16] = frame.to_ndarray(format="rgb48le")
    linear = _linear(int(frame.color_trc))[deep]
    np.clip(linear @ _TO_709.T, 0, None, out=linear)
    linear *= 1 / (1 + linear / 4)  # Reinhard 2002, white at four times graphics white
    coded: NDArray[np.uint8] = _gamma()[np.minimum(linear * (_LEVELS - 1), _LEVELS - 1).astype(np.uint16)]
    return coded


@cache
def _linear(transfer: int) -> NDArray[np.float32]:
    """Signal (16 bits) -> light, graphics white at 1. SMPTE ST 2084 and ARIB STD-B67 (ITU-R BT.2100)."""
    signal = np.linspace(0, 1, _LEVELS)
    if transfer == 16:
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        root = signal ** (1 / m2)
        light = 10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1) / _WHITE_NITS
    else:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
        light = 1000 * scene**1.2 / _WHITE_NITS
    return np.asarray(light, np.float32)


@cache
def _gamma() -> NDArray[np.uint8]:
    """Light (16 bits) -> sRGB (IEC 61966-2-1)."""
    light = np.linspace(0, 1, _LEVELS)
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * coded), np.uint8)
