"""How well a face can be used for enrolment, told in words a person can act on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kenbaar.faces import Face
from kenbaar.modelpack._align import cut_chip, similarity
from kenbaar.modelpack._detect import PhotoPixels

# A chip of this room's own, whatever the pack: small, so that a photo that was enlarged is not called blurred for it.
_SIDE_PX = 64
_POINTS = np.array([(20, 22), (44, 22), (32, 36), (22, 48), (42, 48)], np.float32)
_DETAIL_SIGMA = 1.2  # px of that chip: detail finer than about a tenth of the distance between the eyes


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """What can be told of a face's picture.

    inter_eye_px: distance between the eyes in the full-size photo. sharpness: share of the face's contrast that lies in
    fine detail, 0 (smooth) to about 1. brightness: mean, 0 (black) to 1 (white). contrast: standard deviation, 0..0.5.
    turn: where the nose lies between the eyes, -1 (at the left eye, left in the image) to 1; 0 is straight ahead.
    """

    inter_eye_px: float
    sharpness: float
    brightness: float
    contrast: float
    turn: float


def measure_quality(photo: PhotoPixels, face: Face) -> FaceQuality:
    """The quality of one face of this photo."""
    import cv2

    points = face.landmarks.points
    transform = similarity(points / np.float32(photo.scale), _POINTS)
    chip = cut_chip(photo.pixels, transform, _SIDE_PX, _SIDE_PX)
    grey = np.asarray(cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY), np.float32) / 255
    smooth = np.asarray(cv2.GaussianBlur(grey, (0, 0), _DETAIL_SIGMA), np.float32)
    middle = (slice(8, 60), slice(10, 54))  # the face itself: neither hair nor what is behind it
    contrast = float(grey[middle].std())
    detail = float((grey - smooth)[middle].std())
    return FaceQuality(
        inter_eye_px=face.landmarks.inter_eye_px,
        sharpness=detail / contrast if contrast > 1e-6 else 0.0,
        brightness=float(grey[middle].mean()),
        contrast=contrast,
        turn=turn_of(points),
    )


def turn_of(points: NDArray[np.float32]) -> float:
    """How far the head is turned to a side, -1..1: the nose's place between the eyes, along the line through them."""
    left, right, nose = (points[i].astype(np.float64) for i in range(3))
    across = right - left
    length = float(across @ across)
    if length <= 0:
        return 1.0  # both eyes in one place: seen from the side
    return float(np.clip(2 * ((nose - left) @ across) / length - 1, -1, 1))


@dataclass(frozen=True, slots=True)
class QualityGate:
    """The limits for a photo to be used for enrolment; each was measured, with room on the accepting side.

    Measured on Yale (82 pictures, all lights, at 320 px, as 92 x 112 px portraits, and those enlarged 2.5 times) and 5
    official portraits; cosine is that of the degraded picture's vector to the clean one's.

    min_inter_eye_px: below 16 px searches begin to miss (at 12 px 87 %, at 16 px 97 % found:
        docs/experiments/the-default-pack-as-first-measured.md).
    min_sharpness: clean pictures 0.11-0.39; Gaussian blur of a 20th of the distance between the eyes 0.06-0.17
        (cosine 0.97), of a 10th 0.03-0.08 (cosine 0.92, which is another person's).
    min_brightness: clean pictures 0.15-0.68, lit from one side too; at a tenth of their light 0.01-0.07 (cosine 0.97,
        but noise takes over in a real camera). Low on purpose: dark skin must not be refused as a dark picture.
    max_brightness: clean pictures to 0.68; burnt out to white at three times their light to 0.98 (cosine 0.89).
    min_contrast: clean pictures 0.10-0.28, at a fifth of their light from 0.02.
    max_turn: clean pictures to 0.37 (a portrait turned a little). A nose stands out by about 0.38 of the distance
        between the eyes, so turn is about 0.76 * tan(angle): 30 degrees 0.44, 40 degrees 0.64 [geometry, not measured].
    """

    min_inter_eye_px: float = 16.0
    min_sharpness: float = 0.07
    min_brightness: float = 0.08
    max_brightness: float = 0.95
    min_contrast: float = 0.02
    max_turn: float = 0.65

    def problems(self, quality: FaceQuality) -> list[str]:
        """What keeps this picture from being used, each with what to do about it; [] where nothing does."""
        found = []
        if not quality.inter_eye_px >= self.min_inter_eye_px:
            found.append(
                f"The face is too small: {quality.inter_eye_px:.0f} pixels between the eyes, "
                f"{self.min_inter_eye_px:.0f} are needed. Come closer, or use the original photo."
            )
        too_dark = not quality.brightness >= self.min_brightness
        if too_dark:
            found.append("The face is too dark. Turn to a window or a lamp.")
        if quality.brightness > self.max_brightness:
            found.append("The face is too bright to see. Move out of the glare, or turn the flash off.")
        elif not too_dark and not quality.contrast >= self.min_contrast:
            found.append("The face hardly stands out. Wipe the lens, and take the photo in better light.")
        if not quality.sharpness >= self.min_sharpness:
            found.append("The face is blurred. Hold the camera still, and let it focus on the face.")
        if not abs(quality.turn) <= self.max_turn:
            found.append("The face is turned too far to the side. Look at the camera.")
        return found
