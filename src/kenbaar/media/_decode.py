"""From a photo's bytes to upright RGB: the one place where a decoder runs.

Pillow decodes everything but HEIC, and but plain JPEGs at reduced scale, where a sweep spends its time: those OpenCV
reads, with the same pixels and fewer copies (docs/decisions/0006-two-decoders.md).
"""

from __future__ import annotations

import functools
import io
import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kenbaar.media._header import PhotoHeader
from kenbaar.media._limits import DO_CHECK, Unfit, pillow_takes

if TYPE_CHECKING:
    from PIL import Image, ImageCms

Pixels = NDArray[np.uint8]

_MOST_PROFILE_BYTES = 1 << 23  # of a colour profile; the large ones, of printing presses, have 3 MB

JPEG_SCALES = (8, 4, 2)  # what a JPEG decoder can leave out for free: T.81's 8 x 8 blocks at 1/8, 1/4 and 1/2


def decode_jpeg(data: bytes, header: PhotoHeader, scale: int) -> Pixels:
    """A JPEG at 1/scale: a plain one that is reduced by OpenCV, every other by Pillow."""
    return _decode_reduced(data, scale) if scale > 1 and header.plain else decode_by_pillow(data, header, scale)


def decode_by_pillow(data: bytes, header: PhotoHeader, scale: int) -> Pixels:
    """What Pillow knows by the header's format, as sRGB."""
    return _to_rgb(_open_pillow(data, header, scale))


def decode_heif(data: bytes, header: PhotoHeader, scale: int) -> Pixels:
    """A HEIC, by libheif."""
    return _to_rgb(_open_heif(data))


def _decode_reduced(data: bytes, scale: int) -> Pixels:
    """A plain JPEG at 1/scale: OpenCV hands its pixels over with fewer copies, which a sweep's every photo gains."""
    import cv2

    reduced = {2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4, 8: cv2.IMREAD_REDUCED_COLOR_8}[scale]
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), reduced | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None:
        raise Unfit("is a damaged JPEG: it could not be decoded")
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, dst=pixels), np.uint8)


def _open_pillow(data: bytes, header: PhotoHeader, scale: int) -> Image.Image:
    from PIL import Image

    warnings.simplefilter("error", Image.DecompressionBombWarning)  # Pillow sees more pixels than the header has
    with pillow_takes(header.coded[0] * header.coded[1]):
        picture = Image.open(io.BytesIO(data), formats=[header.format])
        if sorted(picture.size) != sorted(header.coded):  # sorted: some releases turn a TIFF when loaded, some before
            raise Unfit(f"is a damaged {header.format}: it states two different sizes")
        if scale > 1:
            picture.draft(None, (picture.width // scale, picture.height // scale))
        picture.load()
        return picture


def _open_heif(data: bytes) -> Image.Image:
    import pi_heif

    picture: Image.Image = pi_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True).to_pillow()
    return picture


def _to_rgb(picture: Image.Image) -> Pixels:
    """Any mode Pillow knows a meaning for, as sRGB: deep ones scaled (never clipped), see-through ones on white."""
    from PIL import Image

    icc = picture.info.get("icc_profile")
    if picture.mode.startswith("I;16"):
        deep = np.asarray(picture).astype(np.uint32)
        picture = Image.fromarray(((deep * 255 + 32767) // 65535).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(paper, picture).convert("RGB")
    elif picture.mode in ("1", "P"):
        picture = picture.convert("L" if picture.mode == "1" else "RGB")
    if picture.mode not in ("RGB", "L", "CMYK", "YCbCr", "RGBX"):
        raise Unfit(f"has colours of a kind Kenbaar does not know ({picture.mode})", DO_CHECK)
    if icc and len(icc) <= _MOST_PROFILE_BYTES and (to_srgb := _transform(icc, picture.mode)):
        from PIL import ImageCms

        converted = ImageCms.applyTransform(picture, to_srgb)
        picture = converted if converted is not None else picture
    return np.ascontiguousarray(np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB")))


@functools.lru_cache(maxsize=8)  # a folder's photos share one camera's profile; making a transform costs 5-20 ms
def _transform(icc: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The way from this profile to sRGB; None for sRGB itself, and for profiles that are broken or of other colours.

    A broken profile is ignored, as viewers do: the picture's colours are then a guess, its faces are still there.
    """
    from PIL import ImageCms

    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        space = profile.profile.xcolor_space.strip()
        if space != {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}.get(mode):
            return None
        if "srgb" in (profile.profile.profile_description or "").lower():
            return None
        return ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def upright(pixels: Pixels, turn: int) -> Pixels:
    """The pixels with an EXIF orientation (1..8; EXIF 2.32, 4.6.4 A) applied, contiguous."""
    if turn in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if turn in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if turn in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
