"""The demo's pictures: prints of the stand-ins' portraits, laid on a table, hung on a wall, put side by side.

Whoever is in them never met: that is said wherever the pictures are shown. They carry what cameras and editors leave in
files (turns, places, thumbnails, notes), so that one can see what is gone from the copies.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

SIZE = (1600, 900)
_PAPER = (250, 248, 243)
_BORDER_PX = 14
_ORIENTATION, _MAKE, _DESCRIPTION, _COPYRIGHT, _GPS = 0x0112, 0x010F, 0x010E, 0x8298, 0x8825
_EXIF_IFD, _TAKEN = 0x8769, 0x9003


@dataclass(frozen=True, slots=True)
class _Crop:
    """One portrait as it is printed: a file of the fetched ones, and the part of it that is used (pixels)."""

    file: str
    box: tuple[int, int, int, int]


# The parts were chosen by eye: head and shoulders, nobody else. A has four portraits, B and C one each.
_A_SMILING = _Crop("obama.jpg", (110, 0, 880, 860))
_A_SPEAKING = _Crop("obama2.jpg", (0, 90, 520, 880))
_A_STANDING = _Crop("obama3.jpg", (430, 110, 1130, 1010))
_A_CUT = _Crop("obama_partial_face2.jpg", (0, 0, 551, 800))
_B = _Crop("astronaut.png", (40, 0, 420, 420))
_C = _Crop("biden.jpg", (180, 20, 940, 960))
_WOOD = _Crop("coffee.png", (430, 230, 600, 326))
_COFFEE = _Crop("coffee.png", (0, 0, 600, 400))
_CAT = _Crop("chelsea.png", (0, 0, 451, 300))

# The photos people enrol with: whole files, as a person would hand them in.
PORTRAITS = {"a-1.jpg": "obama.jpg", "a-2.jpg": "obama3.jpg", "b-1.png": "astronaut.png", "c-1.jpg": "biden.jpg"}


@dataclass(frozen=True, slots=True)
class _Print:
    """A portrait as it lies there: its height without the border, and its turn."""

    portrait: Image.Image
    height_px: int
    degrees: float


@dataclass(frozen=True, slots=True)
class Composed:
    """One picture of the demo. says: what its file tells besides the picture, in words (see hidden_facts)."""

    file: str
    title: str
    says: tuple[str, ...]


def compose_pictures(sources: Path, out: Path) -> list[Composed]:
    """Writes the demo's pictures to `out` (JPEG, one PNG), by file name. sources: the folder fetch_demo_photos made."""
    made: list[Composed] = []

    def save(
        name: str, title: str, picture: Image.Image, *, turn: int = 1, place: bool = False, small: bool = False
    ) -> None:
        made.append(Composed(name, title, _save(picture, out / name, turn=turn, place=place, small=small)))

    def a_print(crop: _Crop, height: int, degrees: float = 0.0, *, mirrored: bool = False) -> _Print:
        return _Print(_load(sources, crop, mirrored=mirrored), height, degrees)

    wood = _blurred(_load(sources, _WOOD))
    on_table = [a_print(_A_SMILING, 560, -2.0), a_print(_B, 520, 1.5), a_print(_C, 570, 2.5)]
    save("01-three-on-the-table.jpg", "Three prints on a table", _laid(wood, on_table), place=True, small=True)
    pair = [_load(sources, _A_STANDING), _load(sources, _C, mirrored=True)]
    save("02-side-by-side.jpg", "Two portraits side by side", _joined(pair), place=True)
    hung = [a_print(_B, 540, mirrored=True), a_print(_A_SPEAKING, 560)]
    upright = _laid(_wall((980, 1300)), hung, across=False)
    save("03-on-the-wall.jpg", "On the wall, the camera held upright", upright, turn=6)
    framed = [a_print(_B, 640), a_print(_C, 660)]
    save("04-two-in-frames.png", "Two in frames, a PNG file", _laid(_wall((1500, 850)), framed))
    three = [a_print(_C, 540), a_print(_A_SMILING, 540, mirrored=True), a_print(_B, 500, mirrored=True)]
    turned = _laid(_wall(SIZE, (206, 214, 216)), three)
    save("05-upside-down.jpg", "All three, the camera held upside down", turned, turn=3, place=True)
    cut = [a_print(_A_CUT, 640, -1.0), a_print(_B, 580, 2.0, mirrored=True)]
    save("06-half-a-face.jpg", "Half a face on the left", _laid(wood, cut), small=True)
    nobody = [a_print(_COFFEE, 460, -2.0), a_print(_CAT, 460, 1.5)]
    save("07-nobody.jpg", "Coffee and a cat: nobody", _laid(_wall(SIZE, (196, 186, 170)), nobody), place=True)
    return made


def compose_portraits(sources: Path, out: Path) -> None:
    """Copies the photos people enrol with to `out`."""
    for name, source in PORTRAITS.items():
        (out / name).write_bytes((sources / source).read_bytes())


def hidden_facts(file: Path) -> list[str]:
    """What a picture's file says about place, camera and earlier looks, besides its pixels, in words."""
    from PIL import ExifTags, Image

    with Image.open(file) as image:
        exif = image.getexif()
        told = {"place": exif.get_ifd(_GPS), "camera": exif.get(_MAKE), "time": exif.get_ifd(_EXIF_IFD).get(_TAKEN)}
        return [word for word, value in told.items() if value] + (
            ["thumbnail"] if exif.get_ifd(ExifTags.IFD.IFD1) else []
        )


def _load(sources: Path, crop: _Crop, *, mirrored: bool = False) -> Image.Image:
    from PIL import Image, ImageOps

    with Image.open(sources / crop.file) as image:
        picture = image.convert("RGB").crop(crop.box)
    return ImageOps.mirror(picture) if mirrored else picture


def _blurred(picture: Image.Image) -> Image.Image:
    """The picture as a soft background."""
    from PIL import Image, ImageFilter

    return picture.resize(SIZE, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(12))


def _wall(size: tuple[int, int], colour: tuple[int, int, int] = (219, 212, 200)) -> Image.Image:
    """A plain wall, lit from above."""
    from PIL import Image, ImageChops

    shade = Image.linear_gradient("L").resize(size, Image.Resampling.BICUBIC).point(lambda v: 255 - v // 5)
    return ImageChops.multiply(Image.new("RGB", size, colour), shade.convert("RGB"))


def _laid(ground: Image.Image, prints: list[_Print], *, across: bool = True) -> Image.Image:
    """Prints on a ground, beside each other or below, each with its shadow."""
    from PIL import Image, ImageFilter, ImageOps

    picture = ground.copy()
    long, short = picture.size if across else picture.size[::-1]
    for n, print_ in enumerate(prints):
        width = round(print_.portrait.width * print_.height_px / print_.portrait.height)
        paper = print_.portrait.resize((width, print_.height_px), Image.Resampling.LANCZOS)
        paper = ImageOps.expand(paper, _BORDER_PX, _PAPER).convert("RGBA")
        paper = paper.rotate(print_.degrees, Image.Resampling.BICUBIC, expand=True)
        along, aside = round((n + 0.5) * long / len(prints)), short // 2
        x, y = (along, aside) if across else (aside, along)
        corner = (x - paper.width // 2, y - paper.height // 2)
        shadow = Image.new("L", picture.size)
        shadow.paste(paper.getchannel("A").point(lambda v: v * 2 // 5), (corner[0] + 8, corner[1] + 12))
        picture.paste((25, 20, 16), mask=shadow.filter(ImageFilter.GaussianBlur(14)))
        picture.paste(paper, corner, paper)
    return picture


def _joined(portraits: list[Image.Image]) -> Image.Image:
    """Portraits edge to edge, as high as the other pictures."""
    from PIL import Image

    scaled = [p.resize((round(p.width * SIZE[1] / p.height), SIZE[1]), Image.Resampling.LANCZOS) for p in portraits]
    picture = Image.new("RGB", (sum(p.width for p in scaled), SIZE[1]))
    x = 0
    for portrait in scaled:
        picture.paste(portrait, (x, 0))
        x += portrait.width
    return picture


def _save(picture: Image.Image, file: Path, *, turn: int, place: bool, small: bool) -> tuple[str, ...]:
    """Writes the picture as a camera would; returns what its file says, in words."""
    from PIL import Image

    if file.suffix == ".png":
        picture.save(file, compress_level=1)
        return ()
    stored: dict[int, Callable[[Image.Image], Image.Image]] = {
        1: lambda p: p,
        3: lambda p: p.transpose(Image.Transpose.ROTATE_180),
        6: lambda p: p.transpose(Image.Transpose.ROTATE_90),
    }
    exif = _exif(turn, place).tobytes()
    if small:
        exif = _with_thumbnail(exif, picture)
    stored[turn](picture).save(file, quality=92, exif=exif, comment=b"a note by the editor")
    return tuple(hidden_facts(file))


def _exif(turn: int, place: bool) -> Image.Exif:
    from PIL import Image

    exif = Image.Exif()
    exif[_ORIENTATION], exif[_MAKE] = turn, "A camera of the demo"
    exif[_DESCRIPTION] = "Composed from stand-ins for the demo of Kenbaar"
    exif[_COPYRIGHT] = "Composed for the demo of Kenbaar; portraits in the public domain"
    exif.get_ifd(_EXIF_IFD)[_TAKEN] = "2026:06:13 15:04:05"
    if place:  # a bridge in Rotterdam
        exif.get_ifd(_GPS).update({1: "N", 2: (51.0, 54.0, 33.0), 3: "E", 4: (4.0, 29.0, 14.0)})
    return exif


def _with_thumbnail(exif: bytes, picture: Image.Image) -> bytes:
    """Adds IFD1 with a small JPEG, as cameras write it: a face that was masked would still be seen here.

    Pillow reads such a thumbnail and does not write it, so the directory is made by hand (TIFF 6.0 section 2; Exif 2.3
    section 4.5.5):
    compression 6, offset and length of the JPEG. exif: as Pillow makes it, six bytes and then the TIFF.
    """
    small = picture.copy()
    small.thumbnail((160, 120))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG")
    tiff, jpeg = bytearray(exif[6:]), buffer.getvalue()
    order = "<" if tiff[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", tiff, 4)
    (count,) = struct.unpack_from(order + "H", tiff, first)
    struct.pack_into(order + "I", tiff, first + 2 + 12 * count, len(tiff))
    entries = [(0x0103, 3, 1, 6), (0x0201, 4, 1, len(tiff) + 2 + 3 * 12 + 4), (0x0202, 4, 1, len(jpeg))]
    tiff += struct.pack(order + "H", len(entries))
    for tag, kind, n, value in entries:
        tiff += struct.pack(order + "HHI", tag, kind, n)
        tiff += struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value)
    return exif[:6] + bytes(tiff) + struct.pack(order + "I", 0) + jpeg
