"""What a file says it is, read from its first bytes and its structure before anything is decoded.

Work and memory are bounded by the file's size, whatever it says: numbers of pieces have limits, few tags are read.
"""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone

from kenbaar.media import _tiff
from kenbaar.media._containers import parse_gif, parse_png, parse_webp, refuse_cut_jpeg2000
from kenbaar.media._heif_items import brands_of, is_turned_by_decoder, items_are_known
from kenbaar.media._jpeg import parse_jpeg
from kenbaar.media._limits import Unfit, pillow_takes

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2"}
_REDUCED = 1  # TIFF 6.0, NewSubfileType bit 0: a smaller version of another picture in this file

LEAST_DPI, MOST_DPI = 10, 9600

JPEG_BLOCK_PX = 16
"""The side of a coded block (MCU) of ordinary 4:2:0 JPEG, px; also what other formats are treated as."""


@dataclass(frozen=True, slots=True)
class PhotoHeader:
    """What the header of a photo says.

    format:        a row's name in media/_formats.py, by content.
    width, height: of the upright photo, px.
    turn:          the EXIF orientation still to be applied, 1..8; 1 (none) for TIFF, whose decoder turns, and for HEIF
                   that states its turn in a property of its own.
    taken_at:      from EXIF, aware UTC. Cameras that state no offset are read as if their clock showed UTC.
    block_px:      how far a coded block reaches, px: what was inside a box may have left traces that far outside it.
    """

    format: str
    width: int
    height: int
    turn: int = 1
    taken_at: datetime | None = None
    block_px: int = JPEG_BLOCK_PX
    coded: tuple[int, int] = field(default=(0, 0), repr=False)
    """Width and height as coded, before the turn."""
    foreign: tuple[tuple[int, int], ...] = field(default=(), repr=False)
    """Where in the file there stands what no decoder needs: from, until, in order. It is cut out before one sees it."""
    plain: bool = field(default=False, repr=False)
    """A JPEG without profile or rare colours: the fast decoder may read it where detail does not count."""
    dpi: int = 0
    """Pixels an inch, for printing; 0 where it does not say."""


def read_jpeg(data: bytes) -> PhotoHeader:
    """Of a JPEG (ITU-T T.81)."""
    jpeg = parse_jpeg(data)
    header = _header("JPEG", jpeg.width, jpeg.height, jpeg.exif(), max(JPEG_BLOCK_PX, jpeg.block_px), jpeg.dpi())
    return replace(header, plain=jpeg.is_plain, foreign=jpeg.foreign(len(data)))


def read_png(data: bytes) -> PhotoHeader:
    """Of a PNG that does not move."""
    png = parse_png(data)
    _refuse_moving(png.frames)
    return replace(_header("PNG", png.width, png.height, png.exif, dpi=png.dpi), foreign=png.foreign)


def read_webp(data: bytes) -> PhotoHeader:
    """Of a WebP that does not move (RFC 9649)."""
    webp = parse_webp(data)
    _refuse_moving(webp.frames)
    return _header("WEBP", webp.width, webp.height, webp.exif)


def read_by_pillow(data: bytes, name: str) -> PhotoHeader:
    """Of a format that Pillow knows by this name and that has no metadata of interest: its size, nothing decoded."""
    from PIL import Image

    try:
        with pillow_takes(1 << 62), Image.open(io.BytesIO(data), formats=[name]) as picture:  # nothing is decoded here
            width, height = picture.size
    except Exception as err:
        raise Unfit(f"is a damaged {name}") from err
    return PhotoHeader(name, width, height, coded=(width, height))


def _refuse_moving(frames: int) -> None:
    if frames > 1:
        raise Unfit("moves: it has several frames", "Export the frame you want as a still picture.")


def _header(
    kind: str, width: int, height: int, exif: bytes, block_px: int = JPEG_BLOCK_PX, dpi: float = 0.0
) -> PhotoHeader:
    main, details = _tiff.exif_directories(exif) if exif else ({}, {})
    turn = main[_tiff.TURN].first(1) if _tiff.TURN in main else 1
    header = PhotoHeader(kind, width, height, turn, _taken_at(main, details), block_px, (width, height))
    return replace(turned(header), dpi=_plausible(dpi) or _dpi(main))


def turned(header: PhotoHeader) -> PhotoHeader:
    """The header with an impossible turn read as none, and sides swapped where the turn lays the photo on its side."""
    turn = header.turn if 1 <= header.turn <= 8 else 1
    width, height = header.coded if turn < 5 else header.coded[::-1]
    return PhotoHeader(header.format, width, height, turn, header.taken_at, header.block_px, header.coded)


def read_tiff(data: bytes) -> PhotoHeader:
    """Of a TIFF of one page (TIFF 6.0)."""
    try:
        tiff = _tiff.Tiff(data)
        pages = list(tiff.directories())
        main = pages[0]
        pointer = main[_tiff.EXIF_IFD].first(0) if _tiff.EXIF_IFD in main else 0
    except (_tiff.NotTiff, IndexError, ValueError) as err:
        raise Unfit("is a damaged TIFF") from err
    if tiff.stated_bytes > len(data):  # a decoder copies every entry, and here some share their bytes
        raise Unfit("is a damaged TIFF")
    for page in pages[1:]:
        if _tiff.SUBFILE not in page or not page[_tiff.SUBFILE].first(0) & _REDUCED:
            raise Unfit("has several pages", "Export the page you want as a picture of its own.")
    if _tiff.SUBFILE in main and main[_tiff.SUBFILE].first(0) & _REDUCED:
        raise Unfit("is a raw file: its first picture is only a preview", "Develop it to JPEG first.")
    if _tiff.WIDTH not in main or _tiff.HEIGHT not in main:
        raise Unfit("is a TIFF that does not state its size")
    details: _tiff.Directory = {}
    if pointer:
        with contextlib.suppress(_tiff.NotTiff):
            details = tiff.directory(pointer)[0]
    size = main[_tiff.WIDTH].first(0), main[_tiff.HEIGHT].first(0)
    turn = main[_tiff.TURN].first(1) if _tiff.TURN in main else 1
    width, height = size if turn not in (5, 6, 7, 8) else size[::-1]
    taken_at = _taken_at(main, details)
    return PhotoHeader("TIFF", width, height, 1, taken_at, JPEG_BLOCK_PX, (width, height), dpi=_dpi(main))


def read_heif(data: bytes) -> PhotoHeader:
    """Of a HEIC or HEIF still picture."""
    if not brands_of(data) & _HEIC_BRANDS:
        raise Unfit("is a video or an unknown kind of file", "Export the frame you want as a still picture.")
    if not items_are_known(data):
        raise Unfit("is a damaged HEIC, or one coded in a way that no camera uses")
    import pi_heif

    try:
        photo = pi_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
        width, height = photo.size
        main, details = _tiff.exif_directories(photo.info.get("exif") or b"")
    except Exception as err:
        raise Unfit("is a damaged HEIC") from err
    turn = main[_tiff.TURN].first(1) if _tiff.TURN in main and not is_turned_by_decoder(data) else 1
    header = PhotoHeader("HEIF", width, height, turn, _taken_at(main, details), JPEG_BLOCK_PX, (width, height))
    return replace(turned(header), dpi=_dpi(main))


def read_avif(data: bytes) -> PhotoHeader:
    """Of an AVIF that does not move. Turns are those of its properties, which Pillow tells as EXIF would."""
    from PIL import Image

    try:
        with pillow_takes(1 << 62), Image.open(io.BytesIO(data), formats=["AVIF"]) as picture:
            (width, height), frames = picture.size, getattr(picture, "n_frames", 1)
            exif = picture.info.get("exif") or b""
    except Exception as err:
        raise Unfit("is a damaged AVIF") from err
    _refuse_moving(frames)
    return _header("AVIF", width, height, exif)


def read_gif(data: bytes) -> PhotoHeader:
    """Of a GIF that does not move."""
    gif = parse_gif(data)
    _refuse_moving(gif.frames)
    return PhotoHeader("GIF", gif.width, gif.height, coded=(gif.width, gif.height))


def read_jpeg2000(data: bytes) -> PhotoHeader:
    """Of a JPEG 2000 of one picture, in boxes or bare (ITU-T T.800)."""
    refuse_cut_jpeg2000(data)
    return read_by_pillow(data, "JPEG2000")


def _dpi(main: _tiff.Directory) -> int:
    """Pixels an inch by XResolution (TIFF 6.0, section 8: in inches where no unit is told); 0 where it does not say."""
    unit = main[_tiff.RESOLUTION_UNIT].first(2) if _tiff.RESOLUTION_UNIT in main else 2
    number = main[_tiff.RESOLUTION].fraction() if _tiff.RESOLUTION in main else 0.0
    return _plausible(number * {2: 1.0, 3: 2.54}.get(unit, 0.0))


def _plausible(dpi: float) -> int:
    """To the whole number; 0 for what no printer or scanner has."""
    return round(dpi) if LEAST_DPI <= dpi <= MOST_DPI else 0


def _taken_at(main: _tiff.Directory, details: _tiff.Directory) -> datetime | None:
    """DateTimeOriginal with its offset (EXIF 2.31, 4.6.6); None where the camera wrote nothing sensible."""
    tag = details.get(_tiff.DATE_TAKEN) or main.get(_tiff.DATE)
    if tag is None:
        return None
    try:
        moment = datetime.strptime(tag.raw[:19].decode("ascii"), "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
        offset = details[_tiff.OFFSET_TAKEN].raw[:6].decode("ascii") if _tiff.OFFSET_TAKEN in details else ""
        if found := re.fullmatch(r"([+-])(\d\d):(\d\d)", offset):
            ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
            moment = moment.replace(tzinfo=timezone(ahead if found[1] == "+" else -ahead)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment
