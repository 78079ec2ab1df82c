"""What a walk passes over, by kind: one row each, with what somebody can do about it. Nothing is dropped in silence.

The kind follows from a file's name alone: what is passed over is not opened.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PassedOverKind:
    """One kind of file that is not opened.

    name: stable, for programs. one, many: for people, after a number. do: what to do, a sentence. suffixes: how names
    of such files end, in lower case.
    """

    name: str
    one: str
    many: str
    do: str
    suffixes: frozenset[str] = frozenset()


def _row(name: str, one: str, many: str, do: str, suffixes: str = "") -> PassedOverKind:
    return PassedOverKind(name, one, many, do, frozenset(f".{suffix}" for suffix in suffixes.split()))


_ROWS = (
    _row(
        "raw",
        "RAW file",
        "RAW files",
        "Install kenbaar[raw], which reads the full-size previews in most of them, or develop them to JPEG.",
        "cr2 cr3 crw nef nrw arw srf sr2 srw dng orf rw2 rwl raf pef x3f 3fr fff iiq mrw mef mos kdc dcr erf gpr raw",
    ),
    _row(
        "video",
        "video",
        "videos",
        "Kenbaar opens MP4, MOV, MKV and WebM; save them as one of these.",
        "mp4 mov m4v avi mkv webm mts m2ts 3gp 3g2 wmv mpg mpeg mpe vob flv ogv insv lrv mxf heics heifs avifs",
    ),
    _row(
        "picture",
        "picture in a format that is not opened",
        "pictures in formats that are not opened",
        "Export them as JPEG.",
        "dib jxl jph ppm pgm pbm pnm pam pfm tga ico icns cur pcx dds exr hdr jxr "
        "wdp mng jng psd psb xcf kra clip afphoto dcm fits qoi insp djvu djv",
    ),
    _row(
        "document",
        "document or drawing",
        "documents or drawings",
        "Pictures inside are not looked at; export them as JPEG.",
        "pdf svg svgz eps ps ai indd idml pages key doc docx odt odp ods xls xlsx ppt pptx epub htm html mht mhtml",
    ),
    _row(
        "archive",
        "packed file",
        "packed files",
        "Unpack them, and sweep again.",
        "zip 7z rar tar gz tgz bz2 xz zst iso dmg",
    ),
    _row(
        "sidecar",
        "file that describes others",
        "files that describe others",
        "Nothing is to be done: no photo of its own is in them.",
        "xmp aae thm json xml txt md csv tsv log ini db dat lrcat lrprev pp3 dop cos sha256 md5 m3u url lnk nfo plist",
    ),
    _row("audio", "sound recording", "sound recordings", "Nothing is to be done.", "mp3 wav m4a aac flac ogg opus wma"),
)
NO_ENDING = _row(
    "no_ending",
    "file without an ending",
    "files without an ending",
    "Give those that are photos theirs, such as .jpg, and sweep again.",
)
OTHER = _row("other", "file of another kind", "files of other kinds", "If photos are among them, export them as JPEG.")
HIDDEN = _row(
    "hidden",
    "hidden file or folder",
    "hidden files or folders",
    "Their names begin with a dot; rename what belongs to the collection.",
)
SERVER = _row(
    "server",
    "folder of a system's own",
    "folders of a system's own",
    "Thumbnails and deleted files lie there; move out what belongs to the collection.",
)
PASSED_OVER_KINDS = {row.name: row for row in (*_ROWS, NO_ENDING, OTHER, HIDDEN, SERVER)}
_BY_SUFFIX = {suffix: row for row in _ROWS for suffix in row.suffixes}
_AN_ENDING = re.compile(r"\.[a-z0-9]{1,8}", re.ASCII)  # longer ones are parts of names, and names can be people's


def kind_of(suffix: str) -> PassedOverKind:
    """The kind of a file that is not opened. suffix: what its name ends in, in lower case, with the dot."""
    return _BY_SUFFIX.get(suffix) or (OTHER if suffix.strip(".") else NO_ENDING)


def shown_ending(suffix: str) -> str:
    """The ending as lists tell it ("CR2"); "" where it is none or could tell more than a format."""
    return suffix[1:].upper() if _AN_ENDING.fullmatch(suffix) else ""
