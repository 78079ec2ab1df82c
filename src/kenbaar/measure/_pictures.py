"""Pictures to measure on, composed from photographs at hand: 1080p with three faces, and crowds with known truth."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kenbaar.faces import Box

if TYPE_CHECKING:
    from PIL import Image

WIDTH_PX, HEIGHT_PX = 1920, 1080
PORTRAITS = 3
CROWD_SIZES = ((1920, 1080), (3000, 2000), (4000, 3000), (6000, 4000))  # px: 2 to 24 megapixels
CROWDS: tuple[int | None, ...] = (2, 5, 12, 30, None, 0)  # faces of like size in a group; None: one to three large ones
_AROUND = (0.7, 0.6, 0.7, 0.9)  # how much of a head is cut out left, above, right and below the face, of its sides
_DIFFERENT = 6  # compositions; every further file is one of these with another comment in it, so with another digest


def compose_photos(portraits: Sequence[Path], background: Path | None, folder: Path, count: int) -> None:
    """Writes `count` JPEGs (1920 x 1080, quality 90) with three of the portraits each, no two alike in digest.

    portraits: at least three photos of one face each; they are shrunk to about half the picture's height.
    """
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    encoded: list[bytes] = []
    for i in range(min(count, _DIFFERENT)):
        canvas = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), (90, 120, 100))
        if background is not None:
            canvas = Image.open(background).convert("RGB").resize((WIDTH_PX, HEIGHT_PX))
        for place in range(PORTRAITS):
            portrait = Image.open(portraits[(i + place) % len(portraits)]).convert("RGB")
            portrait.thumbnail((WIDTH_PX // PORTRAITS - 60, HEIGHT_PX * 2 // 3))
            canvas.paste(portrait, (30 + WIDTH_PX // PORTRAITS * place, 120 + 30 * i))
        out = io.BytesIO()
        canvas.save(out, "JPEG", quality=90)
        encoded.append(out.getvalue())
    for n in range(count):
        comment = f"kenbaar bench {n:08d}".encode()
        segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
        data = encoded[n % len(encoded)]
        (folder / f"{n:06d}.jpg").write_bytes(data[:2] + segment + data[2:])


@dataclass(frozen=True, slots=True)
class Composed:
    """One composed picture and the truth about it. faces: where the detector should put its boxes."""

    path: Path
    width: int
    height: int
    kind: Literal["group", "large faces", "nobody"]
    faces: tuple[Box, ...]


def compose_crowds(
    portraits: Sequence[tuple[Path, Box]],
    backgrounds: Sequence[Path],
    folder: Path,
    count: int,
    *,
    seed: int = 20261121,
) -> list[Composed]:
    """Writes `count` JPEGs (quality 88) of groups of 2 to 30 faces of 16 to 400 px, of large faces, and of nobody.

    portraits: photos of one face each, and where it is. backgrounds: photos without people; they fill the picture. All
    sizes and kinds come in turn: 24 pictures have each once. The same seed gives the same pictures.
    """
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)  # noqa: S311  # pictures, no secrets
    heads = [_cut_out(Image.open(path).convert("RGB"), face) for path, face in portraits]
    behind = [Image.open(path).convert("RGB") for path in backgrounds]
    composed = []
    for n in range(count):
        width, height = CROWD_SIZES[n % len(CROWD_SIZES)]
        people = CROWDS[n // len(CROWD_SIZES) % len(CROWDS)]
        picture = behind[n % len(behind)].resize((width, height), Image.Resampling.BICUBIC)
        faces = _place(picture, heads, _sizes(people, width, height, rng), rng)
        path = folder / f"{n:06d}.jpg"
        picture.save(path, "JPEG", quality=88)
        kind: Literal["group", "large faces", "nobody"] = (
            "large faces" if people is None else "group" if people else "nobody"
        )
        composed.append(Composed(path, width, height, kind, tuple(sorted(faces))))
    return composed


def _cut_out(photo: Image.Image, face: Box) -> tuple[Image.Image, Box]:
    """A head with some of what is around it, and where its face is in that."""
    left, above, right, below = _AROUND
    cut = Box(
        round(face.x_min - left * face.width), round(face.y_min - above * face.height),
        round(face.x_max + right * face.width), round(face.y_max + below * face.height),
    ).clipped(photo.width, photo.height)  # fmt: skip
    inside = Box(face.x_min - cut.x_min, face.y_min - cut.y_min, face.x_max - cut.x_min, face.y_max - cut.y_min)
    return photo.crop((cut.x_min, cut.y_min, cut.x_max, cut.y_max)), inside


def _sizes(people: int | None, width: int, height: int, rng: random.Random) -> list[int]:
    """The longer sides of the faces in one picture, px; people of a group are about as far from the camera."""
    if people is None:
        return [round(rng.uniform(0.12, 0.22) * width) for _ in range(rng.randint(1, 3))]
    room = min(400.0, 0.4 * math.sqrt(width * height / people)) if people else 0
    middle = math.exp(rng.uniform(math.log(20), math.log(room))) if people else 0
    return [round(max(16, middle * rng.uniform(0.7, 1.4))) for _ in range(people)]


def _place(
    picture: Image.Image, heads: Sequence[tuple[Image.Image, Box]], sizes: Sequence[int], rng: random.Random
) -> list[Box]:
    """Pastes a head for each size where there is room, its borders fading; the faces' boxes."""
    from PIL import Image, ImageEnhance, ImageOps

    faces: list[Box] = []
    taken: list[Box] = []
    for size in sizes:
        head, face = rng.choice(heads)
        if rng.random() < 0.5:
            head = ImageOps.mirror(head)
            face = Box(head.width - face.x_max, face.y_min, head.width - face.x_min, face.y_max)
        scale = size / max(face.width, face.height)
        width, height = max(1, round(head.width * scale)), max(1, round(head.height * scale))
        spot = _free_spot(picture, width, height, taken, rng)
        if spot is None:
            continue
        small = ImageEnhance.Brightness(head.resize((width, height), Image.Resampling.LANCZOS))
        picture.paste(small.enhance(rng.uniform(0.7, 1.2)), (spot.x_min, spot.y_min), _fading(width, height))
        taken.append(spot)
        faces.append(
            Box(
                spot.x_min + round(face.x_min * scale),
                spot.y_min + round(face.y_min * scale),
                spot.x_min + round(face.x_max * scale),
                spot.y_min + round(face.y_max * scale),
            )
        )
    return faces


def _free_spot(picture: Image.Image, width: int, height: int, taken: Sequence[Box], rng: random.Random) -> Box | None:
    if width >= picture.width or height >= picture.height:
        return None
    for _ in range(200):
        x, y = rng.randrange(picture.width - width), rng.randrange(picture.height - height)
        spot = Box(x, y, x + width, y + height)
        if all(spot.intersection(other).area == 0 for other in taken):
            return spot
    return None


def _fading(width: int, height: int) -> Image.Image:
    """Opaque in the middle, fading out towards the borders: a cut edge around a head helps no detector."""
    from PIL import Image, ImageFilter

    soft = max(1, round(0.06 * width))
    mask = Image.new("L", (width, height), 0)
    mask.paste(255, (soft, soft, max(soft + 1, width - soft), max(soft + 1, height - soft)))
    return mask.filter(ImageFilter.BoxBlur(soft / 2))
