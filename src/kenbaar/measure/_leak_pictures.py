"""Pictures in which faces are easily overlooked, composed with known truth: where each face is, pixel by pixel.

A head is cut out of a portrait, altered (a mask, a hat, a fence before it, darkness), shrunk, turned and put into a
picture without people. What the detector thinks of it is not asked: the truth is where the head was put.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kenbaar.faces import Box

Pixels = NDArray[np.uint8]  # rows x columns x 3, RGB
Alter = Callable[[Pixels, "HeadShape", random.Random], Pixels]

WIDTH_PX, HEIGHT_PX = 1600, 1200
FACE_PX = 240  # heads are altered at this face height, then shrunk
_AROUND = (0.45, 0.5, 0.45, 0.35)  # of a head, left, above, right and below the face's box, of its sides


@dataclass(frozen=True, slots=True)
class HeadShape:
    """Where what is in a cut-out head: px of it. width, height: of the cut-out."""

    face: Box
    eyes: tuple[tuple[float, float], tuple[float, float]]
    nose: tuple[float, float]
    mouth: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A head to put into pictures: its pixels at FACE_PX, and how the face lies in them."""

    pixels: Pixels = field(repr=False)
    shape: HeadShape


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """One face in a picture. pixels: bool (box.height, box.width), which of the box are the face's own."""

    box: Box
    pixels: NDArray[np.bool_] = field(repr=False)
    size_px: int


@dataclass(frozen=True, slots=True, eq=False)
class LeakPicture:
    """A picture and the truth about it."""

    pixels: Pixels = field(repr=False)
    faces: tuple[Truth, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """One row of the table. sizes: of faces, px high. angles: degrees a head is turned, anticlockwise; any at random.

    head: what is done to each head before it is shrunk; picture: to the whole picture, at the end.
    together: all heads of a picture turn alike, as when it lies on its side.
    """

    name: str
    sizes: tuple[int, ...]
    angles: tuple[int, ...] = (0,)
    head: tuple[Alter, ...] = ()
    picture: tuple[Callable[[Pixels, random.Random], Pixels], ...] = ()
    together: bool = False


def cut_head(photo: Pixels, face: Box, landmarks: NDArray[np.float32]) -> Head:
    """A head out of a portrait. landmarks: 5 x 2, px of the photo: eyes, nose, corners of the mouth."""
    from PIL import Image

    left, above, right, below = _AROUND
    cut = Box(
        round(face.x_min - left * face.width), round(face.y_min - above * face.height),
        round(face.x_max + right * face.width), round(face.y_max + below * face.height),
    ).clipped(photo.shape[1], photo.shape[0])  # fmt: skip
    scale = FACE_PX / face.height
    size = max(1, round(cut.width * scale)), max(1, round(cut.height * scale))
    part = Image.fromarray(photo[cut.y_min : cut.y_max, cut.x_min : cut.x_max])
    pixels = part.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC)
    points = (landmarks - np.array([cut.x_min, cut.y_min], np.float32)) * scale
    inside = Box(*(round(v * scale) for v in _moved(face, -cut.x_min, -cut.y_min)))
    eyes = ((float(points[0, 0]), float(points[0, 1])), (float(points[1, 0]), float(points[1, 1])))
    mouth = (float(points[3:, 0].mean()), float(points[3:, 1].mean()))
    shape = HeadShape(inside, eyes, (float(points[2, 0]), float(points[2, 1])), mouth)
    return Head(np.asarray(pixels, np.uint8), shape)


def _moved(box: Box, x: int, y: int) -> tuple[int, int, int, int]:
    return box.x_min + x, box.y_min + y, box.x_max + x, box.y_max + y


def compose(
    condition: Condition, heads: Sequence[Head], backgrounds: Sequence[Pixels], faces: int, seed: int
) -> Iterator[LeakPicture]:
    """Pictures of WIDTH_PX x HEIGHT_PX under one condition, with `faces` faces in all. The same seed gives the same."""
    rng = random.Random(f"{seed} {condition.name}")  # noqa: S311  # pictures, no secrets
    wanted = [condition.sizes[n % len(condition.sizes)] for n in range(faces)]
    while wanted:
        picture = _background(rng.choice(backgrounds), rng)
        taken: list[Box] = []
        truths: list[Truth] = []
        turned = rng.choice(condition.angles)
        while wanted and len(truths) < _most(wanted[0]):
            angle = turned if condition.together else rng.choice(condition.angles)
            truth = _put(picture, rng.choice(heads), condition.head, wanted[0], angle, taken, rng)
            if truth is None:
                break
            truths.append(truth)
            wanted.pop(0)
        for alter in condition.picture:
            picture = alter(picture, rng)
        yield LeakPicture(picture, tuple(truths))


def _most(size_px: int) -> int:
    return 12 if size_px < 64 else 8 if size_px < 140 else 3 if size_px < 320 else 1


def _background(pixels: Pixels, rng: random.Random) -> Pixels:
    """A part of a picture without people, at least half of it each way, stretched to the size."""
    from PIL import Image

    rows, columns = pixels.shape[:2]
    share = rng.uniform(0.5, 1.0)
    width, height = round(columns * share), round(rows * share)
    x, y = rng.randint(0, columns - width), rng.randint(0, rows - height)
    part = Image.fromarray(pixels[y : y + height, x : x + width])
    return np.array(part.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.BICUBIC), np.uint8)


def _put(
    picture: Pixels, head: Head, alters: Sequence[Alter], size_px: int, angle: int, taken: list[Box], rng: random.Random
) -> Truth | None:
    """Puts a head where there is room; None where there is none. Changes picture and taken."""
    from PIL import Image

    pixels = head.pixels.copy()
    if rng.random() < 0.5:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
        shape = _mirrored(head.shape, pixels.shape[1])
    else:
        shape = head.shape
    for alter in alters:
        pixels = alter(pixels, shape, rng)
    rows, columns = pixels.shape[:2]
    scale = size_px / FACE_PX
    size = max(2, round(columns * scale)), max(2, round(rows * scale))
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    small = Image.fromarray(pixels).resize(size, how)
    alpha = Image.fromarray(_soft(rows, columns)).resize(size, how)
    own = Image.fromarray(_ellipse(rows, columns, shape.face)).resize(size, how)
    turn = Image.Resampling.BICUBIC
    small, alpha, own = (each.rotate(angle, turn, expand=True) for each in (small, alpha, own))
    spot = _free(small.width, small.height, taken, rng)
    if spot is None:
        return None
    taken.append(spot)
    soft = np.asarray(alpha, np.float32)[:, :, None] / 255
    under = picture[spot.y_min : spot.y_max, spot.x_min : spot.x_max]
    under[...] = np.round(soft * np.asarray(small, np.float32) + (1 - soft) * under).astype(np.uint8)
    inside = np.asarray(own) > 127
    ys, xs = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    own_box = Box(int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1)
    box = Box(*_moved(own_box, spot.x_min, spot.y_min))
    return Truth(box, inside[own_box.y_min : own_box.y_max, own_box.x_min : own_box.x_max], size_px)


def _free(width: int, height: int, taken: Sequence[Box], rng: random.Random) -> Box | None:
    if width > WIDTH_PX or height > HEIGHT_PX:
        return None
    for _ in range(60):
        x, y = rng.randint(0, WIDTH_PX - width), rng.randint(0, HEIGHT_PX - height)
        spot = Box(x, y, x + width, y + height)
        if all(spot.intersection(other).area == 0 for other in taken):
            return spot
    return None


def _mirrored(shape: HeadShape, width: int) -> HeadShape:
    (a, b), face = shape.eyes, shape.face
    eyes = ((width - b[0], b[1]), (width - a[0], a[1]))
    box = Box(width - face.x_max, face.y_min, width - face.x_min, face.y_max)
    return HeadShape(box, eyes, (width - shape.nose[0], shape.nose[1]), (width - shape.mouth[0], shape.mouth[1]))


def _ellipse(rows: int, columns: int, face: Box) -> Pixels:
    """255 within the ellipse that a face fills in its box."""
    y, x = np.mgrid[0:rows, 0:columns]
    across = (x + 0.5 - (face.x_min + face.x_max) / 2) / (face.width / 2)
    down = (y + 0.5 - (face.y_min + face.y_max) / 2) / (face.height / 2)
    return np.where(across**2 + down**2 <= 1, 255, 0).astype(np.uint8)


def _soft(rows: int, columns: int) -> Pixels:
    """Opaque within, fading over the outer tenth: a cut edge around a head helps no detector."""
    y, x = np.mgrid[0:rows, 0:columns]
    edge = np.minimum(np.minimum(x, columns - 1 - x) / columns, np.minimum(y, rows - 1 - y) / rows)
    return np.asarray(np.round(np.clip(edge / 0.1, 0, 1) * 255), np.uint8)


# -- what is done to heads ---------------------------------------------------------------------------------------------


def _painted(pixels: Pixels, where: NDArray[np.bool_], colour: tuple[int, int, int], rng: random.Random) -> Pixels:
    """One colour with a little of cloth's grain."""
    grain = np.array([rng.randint(-8, 8) for _ in range(64)], np.int16)
    noise = grain[(np.arange(pixels.shape[0])[:, None] * 7 + np.arange(pixels.shape[1])[None] * 3) % 64]
    cloth = np.clip(np.array(colour, np.int16)[None, None] + noise[:, :, None], 0, 255)
    return np.asarray(np.where(where[:, :, None], cloth, pixels), np.uint8)


_CLOTHS = ((25, 25, 30), (60, 40, 30), (120, 20, 25), (200, 200, 195), (40, 60, 110))


def hat(pixels: Pixels, shape: HeadShape, rng: random.Random) -> Pixels:
    """Down to the brows, wider than the head."""
    y = np.arange(pixels.shape[0])[:, None] + 0 * np.arange(pixels.shape[1])[None]
    brow = (shape.eyes[0][1] + shape.eyes[1][1]) / 2 - 0.13 * shape.face.height
    return _painted(pixels, y < brow, rng.choice(_CLOTHS), rng)


def sunglasses(pixels: Pixels, shape: HeadShape, rng: random.Random) -> Pixels:
    """Two dark lenses and what joins them."""
    y, x = np.mgrid[0 : pixels.shape[0], 0 : pixels.shape[1]]
    a, b = 0.19 * shape.face.width, 0.1 * shape.face.height
    lens = np.zeros(y.shape, bool)
    for eye in shape.eyes:
        lens |= ((x - eye[0]) / a) ** 2 + ((y - eye[1]) / b) ** 2 <= 1
    middle = (shape.eyes[0][1] + shape.eyes[1][1]) / 2
    lens |= (np.abs(y - middle) < 0.02 * shape.face.height) & (x > shape.face.x_min) & (x < shape.face.x_max)
    return _painted(pixels, lens, (15, 15, 18), rng)


def medical_mask(pixels: Pixels, shape: HeadShape, rng: random.Random) -> Pixels:
    """From the nose down, as wide as the face."""
    y, x = np.mgrid[0 : pixels.shape[0], 0 : pixels.shape[1]]
    top = 0.5 * shape.nose[1] + 0.5 * (shape.eyes[0][1] + shape.eyes[1][1]) / 2
    middle = (shape.face.x_min + shape.face.x_max) / 2
    cover = (y > top) & (y < shape.face.y_max) & (np.abs(x - middle) < 0.5 * shape.face.width)
    return _painted(pixels, cover, rng.choice(((150, 190, 215), (230, 230, 235), (30, 30, 30))), rng)


def niqab(pixels: Pixels, shape: HeadShape, rng: random.Random) -> Pixels:
    """Everything but a slit for the eyes."""
    y, x = np.mgrid[0 : pixels.shape[0], 0 : pixels.shape[1]]
    middle = (shape.eyes[0][1] + shape.eyes[1][1]) / 2
    slit = (np.abs(y - middle) < 0.11 * shape.face.height) & (
        np.abs(x - (shape.face.x_min + shape.face.x_max) / 2) < 0.45 * shape.face.width
    )
    return _painted(pixels, ~slit, rng.choice(_CLOTHS[:3]), rng)


def fence(pixels: Pixels, shape: HeadShape, rng: random.Random) -> Pixels:
    """Wires crossing before the face, a fifth of its width apart."""
    y, x = np.mgrid[0 : pixels.shape[0], 0 : pixels.shape[1]]
    apart = rng.uniform(0.16, 0.26) * shape.face.width
    wide = rng.uniform(0.14, 0.24) * apart
    start = rng.uniform(0, apart)
    wire = ((x + y + start) % apart < wide) | ((x - y + start) % apart < wide)
    return _painted(pixels, wire, rng.choice(((110, 110, 105), (40, 60, 40), (190, 190, 190))), rng)


def dark_head(pixels: Pixels, shape: HeadShape, rng: random.Random) -> Pixels:
    """A face in deep shadow."""
    return np.round(pixels * rng.uniform(0.12, 0.25)).astype(np.uint8)


def blurred(pixels: Pixels, shape: HeadShape, rng: random.Random) -> Pixels:
    """Out of focus by a twelfth of the face."""
    import cv2

    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), FACE_PX / 14), np.uint8)


def halftone(pixels: Pixels, shape: HeadShape, rng: random.Random) -> Pixels:
    """Printed in dots of a thirtieth of the face, as in a newspaper."""
    y, x = np.mgrid[0 : pixels.shape[0], 0 : pixels.shape[1]]
    step = FACE_PX / 30
    screen = (np.cos((x + y) * np.pi / step) + np.cos((x - y) * np.pi / step)) / 4 + 0.5
    grey = pixels.mean(axis=2) / 255
    return np.asarray(np.repeat(np.where(grey > screen, 235, 25)[:, :, None], 3, axis=2), np.uint8)


# -- what is done to pictures ------------------------------------------------------------------------------------------


def dark_and_noisy(pixels: Pixels, rng: random.Random) -> Pixels:
    """An eighth of the light, with a sensor's noise."""
    noise = np.random.default_rng(rng.randrange(2**32)).normal(0, 7, pixels.shape)
    return np.clip(pixels * rng.uniform(0.1, 0.2) + noise, 0, 255).astype(np.uint8)


def over_exposed(pixels: Pixels, rng: random.Random) -> Pixels:
    """Two and a half times the light."""
    return np.asarray(np.clip(pixels.astype(np.float32) * 2.5, 0, 255), np.uint8)


def fog(pixels: Pixels, rng: random.Random) -> Pixels:
    """A quarter of the contrast, light grey."""
    return np.round(pixels * 0.25 + 150).astype(np.uint8)


def grey(pixels: Pixels, rng: random.Random) -> Pixels:
    """Without colour."""
    return np.repeat(np.round(pixels.mean(axis=2)).astype(np.uint8)[:, :, None], 3, axis=2)


def heavy_jpeg(pixels: Pixels, rng: random.Random) -> Pixels:
    """Compressed until blocks show."""
    from PIL import Image

    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "JPEG", quality=12)
    return np.asarray(Image.open(held).convert("RGB"), np.uint8)


_LYING = tuple(range(90, 271, 15))
_TURNED = tuple(range(90, 226, 15))

CONDITIONS = (
    Condition("upright", (24, 40, 80, 160, 280)),
    Condition("tilted to 75°", (60, 120, 240), tuple(range(-75, 76, 15))),
    Condition("sunglasses", (60, 120), head=(sunglasses,)),
    Condition("hat", (60, 120), head=(hat,)),
    Condition("medical mask", (60, 120), head=(medical_mask,)),
    Condition("over-exposed", (60, 120), picture=(over_exposed,)),
    Condition("fog", (60, 120), picture=(fog,)),
    Condition("grey, heavy JPEG", (60, 120), picture=(grey, heavy_jpeg)),
    Condition("blurred", (60, 120), head=(blurred,)),
    Condition("lying or on the head, 60-240 px", (60, 120, 240), _LYING),
    Condition("lying or on the head, 40 px", (40,), _LYING),
    Condition("lying or on the head, 28 px", (28,), _LYING),
    Condition("lying or on the head, 24 px", (24,), _LYING),
    Condition("hat, glasses and mask, 120 px", (120,), head=(hat, sunglasses, medical_mask)),
    Condition("hat, glasses and mask, 24-40 px", (24, 32, 40), head=(hat, sunglasses, medical_mask)),
    Condition("niqab, 120 px", (120,), head=(niqab,)),
    Condition("niqab, 24-40 px", (24, 32, 40), head=(niqab,)),
    Condition("behind a fence, 120 px", (120,), head=(fence,)),
    Condition("behind a fence, 24-40 px", (24, 32, 40), head=(fence,)),
    Condition("turned, with a mask, 120 px", (120,), _TURNED, head=(medical_mask,)),
    Condition("turned, with sunglasses, 120 px", (120,), _TURNED, head=(sunglasses,)),
    Condition("turned and dark, 120 px", (120,), _TURNED, head=(dark_head,)),
    Condition("turned and blurred, 120 px", (120,), _TURNED, head=(blurred,)),
    Condition("turned, in halftone, 120 px", (120,), _TURNED, head=(halftone,)),
    Condition("dark and noisy, 24-40 px", (24, 32, 40), picture=(dark_and_noisy,)),
    Condition("a group that lies, 37-50 px", (37, 43, 50), (90, 180, 270), together=True),
)
