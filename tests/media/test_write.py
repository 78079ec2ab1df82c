"""Copies: whole or not there, the same bytes for the same pixels, and rights as their only metadata."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kenbaar.disk import leftover_parts, put_in_place, written_beside
from kenbaar.errors import NoSpace, Unusable
from kenbaar.media import (
    Rights,
    copy_format,
    digest_file,
    encode_photo,
    open_photo,
    write_file,
    write_photo,
)
from kenbaar.media._read import read_rights
from tests.media.photo_samples import corners, exif, near, quarters, saved

OURS = Rights("© 2026 Vereniging <De Duif> & Co", "Foto: Noor")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_written_photo_opens_again_with_its_digest_and_its_rights(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "copy"
    digest = write_photo(quarters(), target, kind, OURS)
    photo = open_photo(target)
    assert (photo.format, photo.digest, digest_file(target)) == (kind, digest, digest)
    assert all(near(a, b) for a, b in zip(corners(photo.pixels), corners(quarters()), strict=True))
    assert read_rights(target.read_bytes()) == OURS
    assert leftover_parts(tmp_path) == [] and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_equal_pixels_give_equal_bytes(kind: str) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    assert encode_photo(pixels, kind, OURS) == encode_photo(pixels.copy(), kind, OURS)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_without_rights_there_is_no_metadata_at_all(kind: str) -> None:
    info = Image.open(io.BytesIO(encode_photo(quarters(), kind))).info
    assert not {"exif", "xmp", "icc_profile", "comment", "XML:com.adobe.xmp"} & set(info)


def test_tiff_and_heic_are_copied_as_jpeg_and_the_rest_as_themselves() -> None:
    assert [copy_format(f) for f in ("TIFF", "HEIF", "JPEG", "PNG", "WEBP")] == ["JPEG", "JPEG", "JPEG", "PNG", "WEBP"]


def test_what_a_format_cannot_hold_is_refused_with_a_sentence() -> None:
    with pytest.raises(Unusable, match="px long"):
        encode_photo(np.zeros((1, 70_000, 3), np.uint8), "JPEG")
    with pytest.raises(ValueError, match="GIF"):
        encode_photo(quarters(), "GIF")


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "copy.jpg"
    write_file(b"before", target)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for call in ("fsync", "replace"):
        with monkeypatch.context() as patched:
            patched.setattr(os, call, full)
            with pytest.raises(NoSpace, match="full"):
                write_photo(quarters(), target, "JPEG")
        assert [p.name for p in tmp_path.iterdir()] == ["copy.jpg"] and target.read_bytes() == b"before"


def test_a_file_size_limit_counts_as_a_full_disk(tmp_path: Path) -> None:
    program = (
        "import resource, signal, sys; from pathlib import Path; from kenbaar.media import write_file;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "write_file(bytes(5000), Path(sys.argv[1]) / 'x')"
    )
    ran = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True)
    assert "NoSpace" in ran.stderr and list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="ENOENT"):
        write_file(b"x", tmp_path / "gone" / "x")


def test_what_is_written_aside_and_not_put_in_place_is_gone(tmp_path: Path) -> None:
    with written_beside(b"held", tmp_path) as part:
        assert leftover_parts(tmp_path) == [part] and part.read_bytes() == b"held"
    assert list(tmp_path.iterdir()) == []
    with written_beside(b"good", tmp_path) as part:
        put_in_place(part, tmp_path / "good")
    assert [p.name for p in tmp_path.iterdir()] == ["good"]


def test_a_killed_run_leaves_a_part_that_is_found_and_no_half_file(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from kenbaar.disk import written_beside\n"
        "with written_beside(b'x', Path(sys.argv[1])): print('ready', flush=True); time.sleep(60)"
    )
    run = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE)
    assert run.stdout and run.stdout.readline() == b"ready\n"
    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stdout.close()
    (tmp_path / "other.part").write_bytes(b"")
    left = leftover_parts(tmp_path)
    assert len(left) == 1 and left[0].name.startswith(".kenbaar-")


def iptc(**fields: str) -> bytes:
    numbers = {"copyright": 116, "credit": 110, "caption": 120}
    records = b"".join(
        b"\x1c\x02" + bytes([numbers[k]]) + len(v.encode()).to_bytes(2, "big") + v.encode() for k, v in fields.items()
    )
    block = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + len(records).to_bytes(4, "big") + records
    return b"\xff\xed" + (len(block) + 2).to_bytes(2, "big") + block


def with_xmp(packet: bytes) -> bytes:
    return saved(quarters(), "JPEG", xmp=packet)


XMP_CAPTION = (
    b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    b"<rdf:Description xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:description><rdf:Alt>"
    b"<rdf:li xml:lang='x-default'>In xmp</rdf:li><rdf:li xml:lang='nl'>Anders</rdf:li></rdf:Alt></dc:description>"
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def test_a_caption_is_read_and_never_written() -> None:
    """It names people: it is for whoever may know who is in the picture."""
    plain = saved(quarters(), "JPEG")
    in_iptc = plain[:2] + iptc(caption="Ada on stage") + plain[2:]
    in_exif = saved(quarters(), "JPEG", exif=exif(1, t10E="In exif"))
    for data, caption in ((in_iptc, "Ada on stage"), (with_xmp(XMP_CAPTION), "In xmp"), (in_exif, "In exif")):
        rights = read_rights(data)
        assert rights == Rights(None, None, caption)
        copy = encode_photo(quarters(), "JPEG", rights)
        assert copy == encode_photo(quarters(), "JPEG")


def test_rights_are_read_from_exif_then_iptc_then_xmp() -> None:
    assert read_rights(saved(quarters(), "JPEG")) == Rights()
    with_exif = saved(quarters(), "JPEG", exif=exif(1, t8298="(c) exif", t13B="artist"))
    assert read_rights(with_exif) == Rights("(c) exif", "artist")
    plain = saved(quarters(), "JPEG")
    with_iptc = plain[:2] + iptc(copyright="© iptc", credit="Zoë") + plain[2:]
    assert read_rights(with_iptc) == Rights("© iptc", "Zoë")
    both = with_exif[:2] + iptc(copyright="© iptc", credit="Zoë") + with_exif[2:]
    assert read_rights(both) == Rights("(c) exif", "Zoë")
    assert read_rights(saved(quarters(), "TIFF", exif=exif(1, t8298="(c) tiff"))).copyright == "(c) tiff"


def test_the_default_language_of_xmp_rights_is_the_one_read() -> None:
    packet = encode_photo(quarters(), "JPEG", Rights("een", "noor"))
    second = packet.replace(b"</rdf:li>", b'</rdf:li><rdf:li xml:lang="fr">deux</rdf:li>')
    start = second.index(b"<x:xmpmeta")
    grown = with_xmp(second[start : second.index(b"</x:xmpmeta>") + len("</x:xmpmeta>")])
    assert read_rights(grown) == Rights("een", "noor")
    attribute = (
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        b'xmlns:p="http://ns.adobe.com/photoshop/1.0/" p:Credit="in an attribute"/></rdf:RDF>'
    )
    assert read_rights(with_xmp(attribute)) == Rights(None, "in an attribute")


def test_xmp_with_a_document_type_is_not_read() -> None:
    laughs = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10 if i else "ha"}">' for i in range(9))
    rdf = (
        '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:d="http://purl.org/dc/elements/1.1/">'
        "<r:Description><d:rights>%s</d:rights></r:Description></r:RDF>"
    )
    assert read_rights(with_xmp((rdf % "mine").encode())) == Rights("mine")
    began = time.monotonic()
    assert read_rights(with_xmp(f"<!DOCTYPE x [{laughs}]>{rdf % '&a8;'}".encode())) == Rights()
    assert read_rights(with_xmp(f"<!DOCTYPE x [{laughs}]>{rdf % '&a8;'}".encode("utf-16"))) == Rights()
    outside = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + rdf % "&f;"
    assert read_rights(with_xmp(outside.encode())) == Rights()
    assert read_rights(with_xmp(b"<a>" * 10_000)) == Rights()
    assert time.monotonic() - began < 2


def test_rights_are_one_short_line_without_control_characters() -> None:
    long = saved(quarters(), "JPEG", exif=exif(1, t8298=("a\nb\x07\u202e" + "x" * 900).encode()))
    notice = read_rights(long).copyright
    assert notice and notice.startswith("a b x") and len(notice) <= 500
    assert read_rights(saved(quarters(), "JPEG", exif=exif(1, t8298=b"\xa9 latin"))).copyright == "© latin"
    assert read_rights(b"no photo") == Rights()
