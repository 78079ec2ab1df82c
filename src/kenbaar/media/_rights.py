"""Whose picture it is: the one thing about a photo that a published copy keeps.

Read from EXIF, IPTC and XMP, in this order, as the Metadata Working Group advises for copyright; written as XMP alone.
XMP is XML from strangers: expat is driven by hand, and a document type (the door to entities) ends the reading.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from kenbaar.media import _tiff
from kenbaar.media._containers import parse_png, parse_webp
from kenbaar.media._heif_items import items_are_known
from kenbaar.media._jpeg import parse_jpeg
from kenbaar.media._limits import pillow_takes

_MOST_CHARACTERS = 500
_MOST_TEXT_BYTES = 8192
_MOST_XMP_BYTES = 1 << 20
_MOST_RECORDS = 4096  # of Photoshop resources, and of IPTC: honest photos have some dozens of each
_RIGHTS = "http://purl.org/dc/elements/1.1/ rights"
_CREDIT = "http://ns.adobe.com/photoshop/1.0/ Credit"
_CAPTION = "http://purl.org/dc/elements/1.1/ description"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns# "
_IPTC_CREDIT, _IPTC_COPYRIGHT, _IPTC_CAPTION = 110, 116, 120  # IIM 4.2, record 2


@dataclass(frozen=True, slots=True)
class Rights:
    """Whose picture it is. copyright: the notice; credit: who wants to be named beside it. None where not stated.

    caption: what the file says is to be seen there. It is read for people inside the organisation and never written:
    a caption names people.
    """

    copyright: str | None = None
    credit: str | None = None
    caption: str | None = None


NO_RIGHTS = Rights()


@dataclass(frozen=True, slots=True)
class Blocks:
    """Where a photo's rights stand: EXIF's main directory, IPTC records, the XMP packet; empty where it has none."""

    exif: _tiff.Directory = field(default_factory=dict)
    iptc: bytes = b""
    xmp: bytes = b""


def rights_in(blocks: Blocks) -> Rights:
    """The rights that these state. What cannot be read is not stated: a photo is not refused for its metadata."""
    exif, from_iptc, from_xmp = blocks.exif, _read_iptc(blocks.iptc), _read_xmp(blocks.xmp)
    return Rights(
        _text(exif[_tiff.COPYRIGHT].raw if _tiff.COPYRIGHT in exif else b"")
        or from_iptc.copyright
        or from_xmp.copyright,
        from_iptc.credit or from_xmp.credit or _text(exif[_tiff.ARTIST].raw if _tiff.ARTIST in exif else b""),
        from_iptc.caption
        or from_xmp.caption
        or _text(exif[_tiff.DESCRIPTION].raw if _tiff.DESCRIPTION in exif else b""),
    )


def rights_packet(rights: Rights) -> bytes:
    """An XMP packet that states these rights and nothing else; b"" where there are none."""
    fields = []
    if rights.copyright:
        inner = f'<rdf:Alt><rdf:li xml:lang="x-default">{_escaped(rights.copyright)}</rdf:li></rdf:Alt>'
        fields.append(f"<dc:rights>{inner}</dc:rights>")
    if rights.credit:
        fields.append(f"<photoshop:Credit>{_escaped(rights.credit)}</photoshop:Credit>")
    if not fields:
        return b""
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/">{"".join(fields)}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;")


def jpeg_blocks(data: bytes) -> Blocks:
    """Of a JPEG."""
    jpeg = parse_jpeg(data)
    return Blocks(_tiff.exif_directories(jpeg.exif())[0], _iptc_resource(jpeg.photoshop()), jpeg.xmp())


def png_blocks(data: bytes) -> Blocks:
    """Of a PNG."""
    png = parse_png(data)
    return Blocks(_tiff.exif_directories(png.exif)[0], b"", png.xmp)


def webp_blocks(data: bytes) -> Blocks:
    """Of a WebP."""
    webp = parse_webp(data)
    return Blocks(_tiff.exif_directories(webp.exif)[0], b"", webp.xmp)


def tiff_blocks(data: bytes) -> Blocks:
    """Of a TIFF."""
    main = next(_tiff.Tiff(data).directories(), {})
    iptc, xmp = main.get(_tiff.IPTC), main.get(_tiff.XMP)
    return Blocks(main, iptc.raw if iptc else b"", xmp.raw if xmp else b"")


def heif_blocks(data: bytes) -> Blocks:
    """Of a HEIC."""
    import io

    import pi_heif

    if not items_are_known(data):
        return Blocks()
    try:
        info = pi_heif.open_heif(io.BytesIO(data)).info
    except Exception:  # noqa: BLE001  libheif's and the wrapper's own errors share no base class
        return Blocks()
    return Blocks(_tiff.exif_directories(info.get("exif") or b"")[0], b"", info.get("xmp") or b"")


def avif_blocks(data: bytes) -> Blocks:
    """Of an AVIF."""
    import io

    from PIL import Image

    try:
        with pillow_takes(1 << 62), Image.open(io.BytesIO(data), formats=["AVIF"]) as picture:
            info = dict(picture.info)
    except Exception:  # noqa: BLE001  the decoder's own errors share no base class
        return Blocks()
    return Blocks(_tiff.exif_directories(info.get("exif") or b"")[0], b"", info.get("xmp") or b"")


def no_blocks(data: bytes) -> Blocks:
    """Of a format in which nobody states rights."""
    return Blocks()


def _iptc_resource(resources: bytes) -> bytes:
    """Resource 0x0404 among Photoshop's image resources (Adobe Photoshop file formats, "Image Resource Blocks")."""
    at = 0
    for _ in range(_MOST_RECORDS):
        if resources[at : at + 4] != b"8BIM" or at + 12 > len(resources):
            break
        number = int.from_bytes(resources[at + 4 : at + 6], "big")
        name = 1 + resources[at + 6]
        at += 6 + name + name % 2
        length = int.from_bytes(resources[at : at + 4], "big")
        if number == 0x0404:
            return resources[at + 4 : at + 4 + length]
        at += 4 + length + length % 2
    return b""


def _read_iptc(records: bytes) -> Rights:
    fields: dict[int, bytes] = {}
    for record, number, value in _iptc_datasets(records):
        if record == 2:
            fields.setdefault(number, value)
    copyright, credit, caption = (
        _text(fields.get(number, b"")) for number in (_IPTC_COPYRIGHT, _IPTC_CREDIT, _IPTC_CAPTION)
    )
    return Rights(copyright, credit, caption)


def _iptc_datasets(records: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    for _ in range(_MOST_RECORDS):
        if at + 5 > len(records) or records[at] != 0x1C:
            return
        length = int.from_bytes(records[at + 3 : at + 5], "big")
        if length & 0x8000:  # an extended length: nothing that long is a notice
            return
        yield records[at + 1], records[at + 2], records[at + 5 : at + 5 + length]
        at += 5 + length


class _Stop(Exception):
    """The packet is not what an honest camera writes."""


def _read_xmp(packet: bytes) -> Rights:
    if not packet or len(packet) > _MOST_XMP_BYTES:
        return Rights()
    path: list[str] = []
    found: dict[str, str] = {}
    finished: set[str] = set()  # the first language is the default one (XMP part 1, 8.2.2.4): the others are left out

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(path) > 40:
            raise _Stop
        path.append(name)
        if name == _RDF + "Description" and _CREDIT in attributes:
            found[_CREDIT] = attributes[_CREDIT]

    def text(characters: str) -> None:
        field = next((name for name in (_RIGHTS, _CREDIT, _CAPTION) if name in path), None)
        if field and field not in finished and len(found.get(field, "")) <= _MOST_CHARACTERS:
            found[field] = found.get(field, "") + characters

    def end(name: str) -> None:
        for kind in (_RIGHTS, _CAPTION):
            if name == _RDF + "li" and kind in path and found.get(kind, "").strip():
                finished.add(kind)
        path.pop()

    def refuse(*_: object) -> None:
        raise _Stop

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        parser.Parse(packet.strip(b"\0 \r\n\t"), True)
    except (expat.ExpatError, _Stop, ValueError):
        return Rights()
    copyright, credit, caption = (_clean(found.get(field, "")) for field in (_RIGHTS, _CREDIT, _CAPTION))
    return Rights(copyright, credit, caption)


def _text(raw: bytes) -> str | None:
    """Bytes of a metadata field as a line of text: UTF-8 where it is that, else Latin-1, which every byte is."""
    raw = raw[:_MOST_TEXT_BYTES].replace(b"\0", b" ")
    try:
        return _clean(raw.decode("utf-8", "ignore" if len(raw) == _MOST_TEXT_BYTES else "strict"))
    except UnicodeDecodeError:
        return _clean(raw.decode("latin-1"))


def _clean(text: str) -> str | None:
    """One line of at most 500 characters without control characters; None where nothing is left."""
    line = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    return " ".join(line.split())[:_MOST_CHARACTERS].strip() or None
