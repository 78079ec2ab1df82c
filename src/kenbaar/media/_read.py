"""What a file's bytes are, by its format's row: header, pixels, rights, leftovers."""

from __future__ import annotations

import contextlib
import struct
import warnings

from kenbaar.media import _tiff
from kenbaar.media._decode import Pixels, upright
from kenbaar.media._formats import FORMATS, format_of
from kenbaar.media._header import PhotoHeader
from kenbaar.media._limits import DO_CHECK, RATIO_FROM_PX, PhotoLimits, Unfit
from kenbaar.media._rights import Blocks, Rights, rights_in


def read_header(data: bytes, limits: PhotoLimits) -> PhotoHeader:
    """The header of the photo in data. Raises Unfit for what is no photo, is not whole, or is larger than allowed."""
    if not data:
        raise Unfit("is an empty file")
    if len(data) > limits.max_bytes:
        raise too_many_bytes(limits)
    header = format_of(data).header(data)
    pixels = header.width * header.height
    if pixels == 0:
        raise Unfit("has no pixels")
    if pixels > limits.max_pixels:
        raise Unfit(
            f"is {header.width} x {header.height} = {pixels / 1e6:.0f} megapixels, more than the "
            f"{limits.max_pixels / 1e6:.0f} allowed",
            "Make it smaller, or raise max_megapixels in the settings if all your photos are this large.",
            too_large=True,
        )
    long_side, short_side = max(header.width, header.height), min(header.width, header.height)
    if long_side > limits.max_side:
        raise Unfit(
            f"is {header.width} x {header.height} px, and no side may be longer than {limits.max_side} px",
            "Make it smaller, or raise max_side_px in the settings.",
            too_large=True,
        )
    if long_side > max(RATIO_FROM_PX, limits.max_ratio * short_side):
        raise Unfit(
            f"is {header.width} x {header.height} px, more than {limits.max_ratio} times as long as wide",
            "Cut it into pieces, or raise max_ratio in the settings.",
            too_large=True,
        )
    return header


def too_many_bytes(limits: PhotoLimits) -> Unfit:
    """The refusal of a file over max_bytes."""
    return Unfit(
        f"is larger than the {limits.max_bytes / 1e6:.0f} MB allowed",
        "Save it as a JPEG of normal size, or raise max_photo_mb in the settings.",
        too_large=True,
    )


def scale_for(header: PhotoHeader, detail_side: int | None, limits: PhotoLimits) -> int:
    """The largest scale its format can be reduced by that leaves the long side at detail_side or more; else 1.

    Larger where more than max_full_pixels would be decoded, or more than half of that reduced. Raises Unfit where that
    cannot be, or detail_side is None.
    """
    long_side, short_side = max(header.coded), min(header.coded)
    scales = FORMATS[header.format].scales if detail_side is not None else ()
    enough = next((k for k in scales if long_side // k >= (detail_side or 0) and short_side >= k), 1)
    possible = sorted({enough, *(k for k in scales if k > enough and short_side >= k)})
    most = limits.max_full_pixels
    scale = next((k for k in possible if pixels_at(header, k) <= (most if k == 1 else most // 2)), None)
    if scale is None:
        raise Unfit(
            f"is {header.width} x {header.height} = {header.width * header.height / 1e6:.0f} megapixels, and more than "
            f"{limits.max_full_pixels / 1e6:.0f} cannot be decoded at once here",
            "Save it as JPEG, which can be reduced, or raise max_full_megapixels in the settings.",
            too_large=True,
        )
    return scale


def pixels_at(header: PhotoHeader, scale: int) -> int:
    """How many pixels are decoded at this scale."""
    return -(-header.width // scale) * -(-header.height // scale)


def decode(data: bytes, header: PhotoHeader, scale: int) -> Pixels:
    """Upright sRGB pixels, uint8 (ceil(H / scale), ceil(W / scale), 3), contiguous. Raises Unfit for damaged bytes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a decoder's complaints about metadata; what matters is refused below
        try:
            pixels = FORMATS[header.format].decode(_without(data, header.foreign), header, scale)
        except Unfit:
            raise
        except MemoryError as err:
            raise Unfit("needs more memory than there is", DO_CHECK, too_large=True) from err
        except Exception as err:
            raise Unfit(f"is a damaged {header.format}: it could not be decoded") from err
    pixels = upright(pixels, header.turn)
    if pixels.shape != (-(-header.height // scale), -(-header.width // scale), 3):
        raise Unfit(f"is a damaged {header.format}: it is not of the size it states")
    return pixels


def _without(data: bytes, spans: tuple[tuple[int, int], ...]) -> bytes:
    """The bytes but for these."""
    if not spans:
        return data
    starts = (0, *(until for _, until in spans))
    ends = (*(start for start, _ in spans), len(data))
    return b"".join(data[start:end] for start, end in zip(starts, ends, strict=True))


def read_rights(data: bytes) -> Rights:
    """The rights a photo's file states. What cannot be read is not stated: a photo is not refused for its metadata."""
    blocks = Blocks()
    with contextlib.suppress(Unfit, _tiff.NotTiff, struct.error):
        blocks = format_of(data).blocks(data)
    return rights_in(blocks)


def find_leftovers(data: bytes) -> list[str]:
    """Everything in a written photo that is neither picture nor rights, a noun phrase each; [] for a clean one."""
    try:
        copy = format_of(data).copy
    except Unfit:
        copy = None
    if copy is None:
        return ["something that Kenbaar does not write"]
    try:
        return copy.leftovers(data)
    except Unfit as unfit:
        return [f"a picture that cannot be read (it {unfit.why})"]
