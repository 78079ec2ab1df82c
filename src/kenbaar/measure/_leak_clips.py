"""Composed clips in which faces move and are easily overlooked, with the truth about every frame; and what is left of
them in a copy."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kenbaar.faces import Box
from kenbaar.measure._leak_pictures import FACE_PX, Head, Pixels, Truth, _ellipse, _moved, _soft
from kenbaar.measure._rates import clopper_pearson

WIDTH_PX, HEIGHT_PX = 1280, 720
_COVERED = 0.75  # of a face's own pixels: as `bench leaks` judges photos
_OFF = 30  # levels from the masks' colour: the codec moves them by some
_SEEN_SHARE = 0.5  # a face of which less is in the picture, or not behind something, is not asked for


@dataclass(frozen=True, slots=True)
class ClipCondition:
    """One row of the table. sizes: of faces, px high, from the first frame to the last. speed: face heights a second.

    angle: degrees a head turns to and fro. bar: something passes in front. blur: frames' motion is smeared.
    """

    name: str
    sizes: tuple[tuple[int, int], ...]
    speed: float = 0.6
    angle: int = 0
    bar: bool = False
    blur: bool = False
    crossing: bool = False
    entering: bool = False


CLIP_CONDITIONS = (
    ClipCondition("walking, 48 to 140 px", ((48, 60), (90, 80), (140, 120))),
    ClipCondition("small, 20 to 32 px", ((20, 20), (24, 24), (32, 28)), speed=0.8),
    ClipCondition("coming close, 40 px to full frame", ((40, 560),), speed=0.1),
    ClipCondition("crossing", ((110, 110), (100, 100)), crossing=True),
    ClipCondition("entering and leaving", ((90, 90), (70, 70)), entering=True, speed=1.5),
    ClipCondition("turned to lying", ((120, 120), (90, 90)), angle=90),
    ClipCondition("behind a bar", ((110, 110), (80, 80)), bar=True),
    ClipCondition("smeared by motion", ((100, 100), (70, 70)), speed=4.0, blur=True),
)


@dataclass(frozen=True, slots=True)
class ClipLeaks:
    """What was left visible in the copy of one clip. face_frames: faces asked for, over all frames. longest: run of
    frames in which one face stayed visible. upper: bound of the share, 95 % (faces of one clip are not independent)."""

    condition: str
    frames: int
    face_frames: int
    leaked: int
    longest: int
    seconds: float

    @property
    def per_minute(self) -> float:
        """Leaked face-frames in a minute of video."""
        return 60 * self.leaked / self.seconds

    @property
    def upper(self) -> float:
        """Of the share of face-frames."""
        return clopper_pearson(self.leaked, self.face_frames)[1] if self.face_frames else 1.0


def compose_clip(
    condition: ClipCondition, heads: Sequence[Head], background: Pixels, seconds: float, fps: int, seed: int
) -> Iterator[tuple[Pixels, tuple[Truth | None, ...]]]:
    """Frames and, of each head in order, where its face is; None where too little of it is seen."""
    from PIL import Image

    rng = random.Random(f"{seed} {condition.name}")  # noqa: S311  # pictures, no secrets
    still = np.asarray(Image.fromarray(background).resize((WIDTH_PX, HEIGHT_PX)), np.uint8)
    chosen = [heads[rng.randrange(len(heads))] for _ in condition.sizes]
    phases = [rng.uniform(0, 2 * math.pi) for _ in condition.sizes]
    for n in range(round(seconds * fps)):
        at_s = n / fps
        frame = still.copy()
        truths = []
        for k, (head, sizes) in enumerate(zip(chosen, condition.sizes, strict=True)):
            share = at_s / seconds
            size = sizes[0] + (sizes[1] - sizes[0]) * share
            x, y = _place(condition, k, len(chosen), size, at_s, phases[k])
            angle = condition.angle * (1 - math.cos(2 * math.pi * at_s / max(4.0, seconds))) / 2
            smear = condition.speed * size / fps if condition.blur else 0.0
            truths.append(_draw(frame, head, size, x, y, angle, smear))
        if condition.bar:
            left = int((at_s * 300) % (WIDTH_PX + 200)) - 200
            frame[:, max(0, left) : max(0, left + 60)] = (40, 70, 50)
            truths = [_behind(t, left, left + 60) for t in truths]
        yield frame, tuple(truths)


def _place(condition: ClipCondition, k: int, of: int, size: float, at_s: float, phase: float) -> tuple[float, float]:
    """The middle of a face at that moment."""
    reach = condition.speed * size
    if condition.crossing:
        way = (at_s * reach + 200) % (WIDTH_PX + 300) - 150
        return (way if k % 2 == 0 else WIDTH_PX - way), HEIGHT_PX / 2 + 10 * k
    if condition.entering:
        return (at_s * reach * 2 + 300 * k) % (WIDTH_PX + 4 * size) - 2 * size, HEIGHT_PX * (k + 1) / (of + 1)
    middle = WIDTH_PX * (k + 0.5) / of
    swing = reach / math.pi
    return middle + swing * math.sin(math.pi * at_s + phase), HEIGHT_PX / 2 + 0.3 * swing * math.sin(2 * at_s + phase)


def _draw(frame: Pixels, head: Head, size: float, x: float, y: float, angle: float, smear: float) -> Truth | None:
    """Puts a head there, as far as it lies in the frame."""
    import cv2
    from PIL import Image

    rows, columns = head.pixels.shape[:2]
    scale = size / FACE_PX
    small = max(2, round(columns * scale)), max(2, round(rows * scale))
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    layers = (head.pixels, _soft(rows, columns), _ellipse(rows, columns, head.shape.face))
    pixels, alpha, own = (
        np.asarray(Image.fromarray(p).resize(small, how).rotate(angle, Image.Resampling.BICUBIC, expand=True))
        for p in layers
    )
    if smear >= 2:
        line = np.full((1, round(smear)), 1 / round(smear), np.float32)
        pixels, alpha = np.asarray(cv2.filter2D(pixels, -1, line)), np.asarray(cv2.filter2D(alpha, -1, line))
    place = Box(round(x) - pixels.shape[1] // 2, round(y) - pixels.shape[0] // 2, 0, 0)
    place = Box(place.x_min, place.y_min, place.x_min + pixels.shape[1], place.y_min + pixels.shape[0])
    there = place.clipped(WIDTH_PX, HEIGHT_PX)
    if not there.area:
        return None
    part = (slice(there.y_min - place.y_min, there.y_max - place.y_min),
            slice(there.x_min - place.x_min, there.x_max - place.x_min))  # fmt: skip
    soft = alpha[part].astype(np.float32)[:, :, None] / 255
    under = frame[there.y_min : there.y_max, there.x_min : there.x_max]
    under[...] = np.round(soft * pixels[part].astype(np.float32) + (1 - soft) * under).astype(np.uint8)
    whole, inside = int((own > 127).sum()), own[part] > 127
    if inside.sum() < _SEEN_SHARE * whole or not inside.any():
        return None
    ys, xs = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    own_box = Box(int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1)
    mask = inside[own_box.y_min : own_box.y_max, own_box.x_min : own_box.x_max]
    return Truth(Box(*_moved(own_box, there.x_min, there.y_min)), mask, round(size))


def _behind(truth: Truth | None, left: int, right: int) -> Truth | None:
    """What of a face is not behind the bar; None where too little is."""
    if truth is None:
        return None
    pixels = truth.pixels.copy()
    pixels[:, max(0, left - truth.box.x_min) : max(0, right - truth.box.x_min)] = False
    return Truth(truth.box, pixels, truth.size_px) if pixels.sum() >= _SEEN_SHARE * truth.pixels.sum() else None


def is_visible(copy: NDArray[np.uint8], truth: Truth, colour: tuple[int, int, int]) -> bool:
    """Whether less than three quarters of the face's own pixels have the masks' colour in a frame of a copy."""
    box = truth.box
    under = copy[box.y_min : box.y_max, box.x_min : box.x_max].astype(np.int16)
    covered = (np.abs(under - np.array(colour, np.int16)).max(axis=2) <= _OFF) & truth.pixels
    return bool(covered.sum() < _COVERED * truth.pixels.sum())


def count_leaks(
    condition: str,
    truths: Sequence[tuple[Truth | None, ...]],
    copy: Iterator[NDArray[np.uint8]],
    colour: tuple[int, int, int],
    fps: int,
) -> ClipLeaks:
    """Judges a copy frame by frame. A copy that ends early leaves the rest unjudged, and that is ValueError."""
    asked = leaked = longest = frames = 0
    runs: dict[int, int] = {}
    for there, pixels in zip(truths, copy, strict=True):
        frames += 1
        for k, truth in enumerate(there):
            seen = truth is not None and is_visible(pixels, truth, colour)
            asked += truth is not None
            leaked += seen
            runs[k] = runs.get(k, 0) + 1 if seen else 0
            longest = max(longest, runs[k])
    return ClipLeaks(condition, frames, asked, leaked, longest, frames / fps)
