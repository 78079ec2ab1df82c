"""RAW files, by the full-size JPEG that cameras put in them: LibRaw finds it, and develops nothing.

The extra `raw` brings rawpy (MIT) with LibRaw (LGPL-2.1 or CDDL-1.0). Without it RAW files are passed over, and
counted.
"""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec

from kenbaar.media import _tiff
from kenbaar.media._decode import Pixels, decode_jpeg
from kenbaar.media._header import PhotoHeader, read_jpeg, turned
from kenbaar.media._heif_items import brands_of
from kenbaar.media._jpeg import parse_jpeg
from kenbaar.media._limits import Unfit
from kenbaar.media._rights import Blocks, jpeg_blocks, tiff_blocks

AT_HAND = find_spec("rawpy") is not None
SUFFIXES = (".cr2", ".cr3", ".nef", ".nrw", ".arw", ".dng", ".raf", ".orf", ".rw2")
FULL_SIZE = 0.9  # of the sensor's long side: cameras cut a few percent off; smaller previews miss small faces
_TIFF = (b"II*\0", b"MM\0*")
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)  # what LibRaw writes into a preview where the camera told none
_TURNS = {0: 1, 3: 3, 5: 8, 6: 6}  # LibRaw's flip -> EXIF's orientation
_DO_DEVELOP = "Develop it to JPEG, or let the camera write a JPEG beside it."


def is_raw(data: bytes) -> bool:
    """Whether a file begins like a camera's RAW."""
    if data.startswith((b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0")) or b"crx " in brands_of(data[:512]):
        return True
    if not data.startswith(_TIFF):
        return False
    if data[8:10] == b"CR":
        return True
    try:
        main = next(iter(_tiff.Tiff(data).directories()), {})
    except (_tiff.NotTiff, ValueError):
        return False
    return _tiff.DNG_VERSION in main or (_tiff.SUBFILE in main and bool(main[_tiff.SUBFILE].first(0) & 1))


def read_raw(data: bytes) -> PhotoHeader:
    """Of the preview. Raises Unfit where there is none as large as the picture."""
    preview, sensor_px, turn = _preview(data)
    header = read_jpeg(preview)
    if max(header.coded) < FULL_SIZE * sensor_px:
        width, height = header.coded
        raise Unfit(f"is a RAW file whose preview has only {width} x {height} px", _DO_DEVELOP)
    taken_at = None if header.taken_at == _NO_TIME else header.taken_at
    return turned(replace(header, format="RAW", turn=turn, taken_at=taken_at))


def decode_raw(data: bytes, header: PhotoHeader, scale: int) -> Pixels:
    """The preview."""
    preview = _preview(data)[0]
    own = read_jpeg(preview)
    starts = (0, *(until for _, until in own.foreign))
    ends = (*(start for start, _ in own.foreign), len(preview))
    needed = b"".join(preview[start:end] for start, end in zip(starts, ends, strict=True))
    return decode_jpeg(needed, own, scale)


def raw_blocks(data: bytes) -> Blocks:
    """What the file states where it is dressed as a TIFF, else what its preview does."""
    return tiff_blocks(data) if data.startswith(_TIFF) else jpeg_blocks(_preview(data)[0])


def _preview(data: bytes) -> tuple[bytes, int, int]:
    """The largest JPEG in it, the long side of the sensor's picture, px, and the turn as EXIF tells it."""
    import rawpy

    try:
        with rawpy.RawPy() as raw:  # not imread, which imports more than the reader may open by now
            raw.open_buffer(io.BytesIO(data))
            sizes, thumbnail = raw.sizes, raw.extract_thumb()
    except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError) as err:
        raise Unfit("is a RAW file without a preview", _DO_DEVELOP) from err
    except rawpy.LibRawError as err:
        raise Unfit("is a damaged RAW file, or of a camera that LibRaw does not know", _DO_DEVELOP) from err
    if thumbnail.format != rawpy.ThumbFormat.JPEG:
        raise Unfit("is a RAW file whose preview is no JPEG", _DO_DEVELOP)
    preview = bytes(thumbnail.data)
    parse_jpeg(preview)
    return preview, max(sizes.width, sizes.height), _TURNS.get(sizes.flip, 1)
