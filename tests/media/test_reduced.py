"""Two decoders read JPEGs; nobody may notice which."""

import io

import numpy as np
import pytest
from PIL import Image

from kenbaar.media import PhotoLimits, open_photo_bytes
from kenbaar.media._read import read_header


def _jpeg(turn: int, grey: bool = False, icc: bytes | None = None) -> bytes:
    rows, columns = np.mgrid[0:640, 0:960]
    pixels = np.stack([columns % 256, rows % 256, (rows + columns) // 2 % 256], axis=2).astype(np.uint8)
    picture = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[0x0112] = turn
    out = io.BytesIO()
    (picture.convert("L") if grey else picture).save(out, "JPEG", quality=90, exif=exif, icc_profile=icc)
    return out.getvalue()


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("grey", [False, True])
def test_a_plain_jpeg_at_reduced_scale_shows_what_pillow_shows(turn: int, grey: bool) -> None:
    data = _jpeg(turn, grey)
    assert read_header(data, PhotoLimits()).plain
    for side, scale in ((480, 2), (240, 4), (120, 8)):
        photo = open_photo_bytes(data, limits=PhotoLimits(), detail_side=side)
        assert photo.scale == scale
        picture = Image.open(io.BytesIO(data))
        picture.draft(None, (picture.width // scale, picture.height // scale))
        expected = picture.convert("RGB")
        turned = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}.get(turn)
        if turned is not None:
            expected = expected.transpose(Image.Transpose(turned))
        assert np.array_equal(photo.pixels, np.asarray(expected))


def test_a_jpeg_with_a_colour_profile_is_not_plain() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert not read_header(_jpeg(1, icc=profile), PhotoLimits()).plain
