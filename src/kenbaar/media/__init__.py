"""Photos in, upright RGB pixels out; and photos written, with the metadata on a list and no other.

- Whoever's photo it is, header and pixels are read by another process, which holds no key and no gallery.
- The header is read before anything is decoded, by our own code: what it says is believed only as far as it refuses.
- Inside the house pixels are upright sRGB uint8; colour orders, profiles, depths and EXIF turns end here.
- What outsiders hand in is opened by open_untrusted_photo, in a process that reads nothing else.
- A collection's file is opened as a FileBelow: no link on the way leads out of its folder, unless it may.
- Refusals are PhotoUnreadable or PhotoTooLarge, with a sentence that holds no name and no path.
- A written file is whole or not there, and holds rights as its only metadata.
- Knows no person, no database and no settings.

    for found in walk_photos(photos):
        if isinstance(found, PhotoFile):
            photo = open_photo(found.path, PhotoLimits(), detail_side=640, rights=True)
            assert photo.pixels.shape == (640 // photo.scale, 960 // photo.scale, 3)
    write_photo(photo.pixels, folder / "team.jpg", copy_format(photo.format), photo.rights)
"""

from kenbaar.media._below import FileBelow, leads_out
from kenbaar.media._decode import JPEG_SCALES
from kenbaar.media._formats import FORMATS, CopyFormat, Format
from kenbaar.media._limits import PhotoLimits
from kenbaar.media._names import decode_name, encode_name
from kenbaar.media._open import Photo, digest_bytes, digest_file, open_own_bytes, opened_file
from kenbaar.media._opening import (
    ALL_DETAIL,
    begin_reading,
    end_reading,
    open_photo,
    open_photo_bytes,
    open_untrusted_bytes,
    open_untrusted_photo,
    read_photo_bytes,
)
from kenbaar.media._passed import PASSED_OVER_KINDS, PassedOverKind
from kenbaar.media._read import find_leftovers
from kenbaar.media._rights import Rights
from kenbaar.media._video_formats import VIDEO_FORMATS, VIDEO_SUFFIXES, VideoFormat, video_format_of
from kenbaar.media._walk import (
    PHOTO_SUFFIXES,
    LinkPassedOver,
    PassedOver,
    PhotoFile,
    UnreadableFolder,
    looks_like_photo,
    walk_photos,
)
from kenbaar.media._write import (
    COPY_SUFFIXES,
    copy_format,
    copy_suffix,
    encode_photo,
    shrunk,
    write_file,
    write_photo,
)

__all__ = [
    "ALL_DETAIL",
    "COPY_SUFFIXES",
    "FORMATS",
    "JPEG_SCALES",
    "PASSED_OVER_KINDS",
    "PHOTO_SUFFIXES",
    "VIDEO_FORMATS",
    "VIDEO_SUFFIXES",
    "CopyFormat",
    "FileBelow",
    "Format",
    "LinkPassedOver",
    "PassedOver",
    "PassedOverKind",
    "Photo",
    "PhotoFile",
    "PhotoLimits",
    "Rights",
    "UnreadableFolder",
    "VideoFormat",
    "begin_reading",
    "copy_format",
    "copy_suffix",
    "decode_name",
    "digest_bytes",
    "digest_file",
    "encode_name",
    "encode_photo",
    "end_reading",
    "find_leftovers",
    "leads_out",
    "looks_like_photo",
    "open_own_bytes",
    "open_photo",
    "open_photo_bytes",
    "open_untrusted_bytes",
    "open_untrusted_photo",
    "opened_file",
    "read_photo_bytes",
    "shrunk",
    "video_format_of",
    "walk_photos",
    "write_file",
    "write_photo",
]
