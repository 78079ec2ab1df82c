"""Photos in, upright RGB pixels out; and photos written, with the metadata on a list and no other.

- The header is read before anything is decoded, by our own code: what it says is believed only as far as it refuses.
- Inside the house pixels are upright sRGB uint8; colour orders, profiles, depths and EXIF turns end here.
- Refusals are PhotoUnreadable or PhotoTooLarge, with a sentence that holds no name and no path.
- Knows no person, no database and no settings.

    photo = open_photo(Path("team.jpg"), PhotoLimits(), detail_side=640)
    photo.pixels.shape, photo.scale, photo.width, photo.height, photo.digest
"""

from kenbaar.media._header import PhotoHeader
from kenbaar.media._limits import PhotoLimits
from kenbaar.media._open import Photo, digest_bytes, digest_file, open_photo, open_photo_bytes, photo_header

__all__ = [
    "Photo",
    "PhotoHeader",
    "PhotoLimits",
    "digest_bytes",
    "digest_file",
    "open_photo",
    "open_photo_bytes",
    "photo_header",
]
