"""A finished copy is judged from its own bytes: who is visible in it, and what it holds besides its picture."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kenbaar.detection import PUBLISH, RECHECK, detect_all
from kenbaar.faces import Box
from kenbaar.media import Rights, encode_photo, open_photo, open_photo_bytes
from kenbaar.modelpack import load_pack
from kenbaar.publish import (
    CopyPlan,
    check_copy,
    covered,
    find_exposed,
    plan_masks,
    render_copy,
    scan_copy,
)
from kenbaar.publish._mask import MASK_COLOUR
from tests.media.photo_samples import exif, png_chunk, quarters, saved, swapped_profile
from tests.publish.bright_squares import BrightSquares, photo_of, scene


def near(box: Box, other: Box) -> bool:
    return box.iou(other) > 0.8


def test_a_copy_with_everybody_masked_or_revealed_passes() -> None:
    squares = [Box(30, 40, 90, 120), Box(300, 40, 360, 120), Box(200, 300, 280, 400)]
    photo = photo_of(scene(640, 480, *squares))
    plan = plan_masks(squares, squares[:1], 640, 480)
    assert check_copy(render_copy(photo, plan, Rights()), plan, BrightSquares()).clean
    everybody = plan_masks(squares, [], 640, 480)
    assert check_copy(render_copy(photo, everybody, Rights()), everybody, BrightSquares()).clean


def test_a_face_that_was_missed_holds_the_copy() -> None:
    squares = [Box(30, 40, 90, 120), Box(300, 40, 360, 120)]
    photo = photo_of(scene(640, 480, *squares))
    plan = plan_masks(squares[:1], [], 640, 480)
    (problem,) = check_copy(render_copy(photo, plan, Rights()), plan, BrightSquares()).problems()
    assert "neither masked nor allowed" in problem
    (exposed,) = find_exposed(photo, BrightSquares(), CopyPlan((), (squares[0],)), RECHECK)
    assert near(exposed, squares[1])


def test_a_neighbour_half_under_a_mask_holds_the_copy() -> None:
    shown = [Box(30, 40, 130, 160)]
    photo = photo_of(scene(640, 480, *shown))
    half = CopyPlan((Box(16, 32, 80, 176),), ())
    assert covered(shown[0], half.masks) == pytest.approx(0.5)
    assert not check_copy(render_copy(photo, half, Rights()), half, BrightSquares()).clean


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_mask_that_was_not_painted_holds_the_copy(kind: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 150, (320, 320, 3), dtype=np.uint8)
    photo = open_photo_bytes(saved(pixels, kind))
    plan = plan_masks([Box(60, 60, 120, 120)], [], 320, 320)
    assert check_copy(render_copy(photo, plan, Rights()), plan, BrightSquares()).clean
    bare = render_copy(photo, CopyPlan((), ()), Rights())
    assert not check_copy(bare, plan, BrightSquares()).clean


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("rights", [Rights(), Rights("© Ours & <theirs>", "Foto: Noor")])
def test_what_kenbaar_writes_is_clean(kind: str, rights: Rights) -> None:
    assert scan_copy(encode_photo(quarters(), kind, rights)) == []


def jpeg_with(segment: bytes) -> bytes:
    plain = encode_photo(quarters(), "JPEG")
    return plain[:20] + segment + plain[20:]


def app(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


JPEG, PNG, WEBP = (encode_photo(quarters(), kind) for kind in ("JPEG", "PNG", "WEBP"))
MUCH = b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:t="urn:t"><t:Thumb>AA</t:Thumb></r:RDF>'


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (saved(quarters(), "JPEG", exif=exif(1)), "metadata"),
        (saved(quarters(), "JPEG", icc_profile=swapped_profile()), "metadata"),
        (saved(quarters(), "JPEG", comment=b"hello"), "metadata"),
        (saved(quarters(), "JPEG", xmp=MUCH), "more than rights"),
        (saved(quarters(), "MPO", save_all=True, append_images=[Image.fromarray(quarters())]), "metadata|second|after"),
        (jpeg_with(app(0xED, b"Photoshop 3.0\x008BIM\x04\x0c\0\0\0\0\0\0")), "metadata"),
        (jpeg_with(app(0xEB, b"JP\0\0jumb")), "metadata"),
        (jpeg_with(app(0xE0, b"JFXX\0\x10" + JPEG)), "second picture"),
        (JPEG + JPEG, "after its picture"),
        (JPEG + b"\0\0\0\x18ftypmp42", "after its picture"),
        (PNG + b"rest of a longer picture", "after its picture"),
        (WEBP + b"rest", "after its picture"),
        (PNG[:33] + png_chunk(b"eXIf", exif(1)[6:]) + PNG[33:], "eXIf"),
        (PNG[:33] + png_chunk(b"tEXt", b"Comment\0x") + PNG[33:], "tEXt"),
        (PNG[:33] + png_chunk(b"iTXt", b"Comment\0\0\0\0\0x") * 2 + PNG[33:], "iTXt"),
        (PNG[:33] + png_chunk(b"iTXt", b"Comment\0\0\0\0\0x") + PNG[33:], "iTXt"),
        (saved(quarters(), "WEBP", exif=exif(1)), "EXIF"),
        (saved(quarters(), "WEBP", icc_profile=swapped_profile()), "ICCP"),
        (JPEG[:-2], "cannot be read"),
        (saved(quarters(), "TIFF"), "does not write"),
        (b"", "does not write"),
    ],
)
def test_anything_else_in_a_file_is_told(data: bytes, says: str) -> None:
    assert any(part in problem for problem in scan_copy(data) for part in says.split("|"))


@pytest.mark.slow
def test_in_real_photos_every_large_face_is_masked_and_no_copy_is_held_for_nothing(
    default_pack_folder: Path, demo_photos: Path
) -> None:
    pack = load_pack(default_pack_folder)
    for path in sorted(Path(demo_photos).rglob("*")):
        if path.suffix not in (".jpg", ".png") or not (faces := pack.detect_faces(open_photo(path))):
            continue
        photo = open_photo(path)
        found = detect_all(photo, pack, PUBLISH)
        nobody = plan_masks(found, [], photo.width, photo.height)
        assert all(covered(face.box, nobody.masks) == 1 for face in faces)
        assert check_copy(render_copy(photo, nobody, Rights()), nobody, pack).clean
        everybody = plan_masks(found, [face.box for face in faces], photo.width, photo.height)
        assert check_copy(render_copy(photo, everybody, Rights()), everybody, pack).clean


def test_the_copy_of_a_copy_scans_clean_in_memory() -> None:
    assert scan_copy(io.BytesIO(JPEG).getvalue()) == []


@pytest.mark.parametrize(("rows", "hidden"), [(74, False), (75, True), (100, True)])
def test_a_face_found_again_counts_as_masked_from_three_quarters_on(rows: int, hidden: bool) -> None:
    face, over = Box(100, 100, 200, 200), Box(100, 100, 200, 100 + rows)
    exposed = find_exposed(photo_of(scene(640, 480, face)), BrightSquares(), CopyPlan((over,), ()), RECHECK)
    assert over in exposed, "a mask that is not opaque there"
    assert any(near(box, face) for box in exposed if box != over) == (not hidden)


@pytest.mark.parametrize(
    ("column", "off", "opaque"),
    [
        (30, 25, False),
        (30, 24, True),
        (30, -25, False),
        (12, 25, False),
        (11, 25, True),
        (47, 25, False),
        (48, 25, True),
    ],
)
def test_a_mask_is_one_colour_but_for_what_a_coder_changes_and_for_two_pixels_at_its_edge(
    column: int, off: int, opaque: bool
) -> None:
    over = Box(10, 20, 50, 60)
    pixels = scene(640, 480)
    pixels[20:60, 10:50] = MASK_COLOUR
    pixels[40, column] = np.array(MASK_COLOUR) + off
    exposed = find_exposed(photo_of(pixels), BrightSquares(), CopyPlan((over,), ()), RECHECK)
    assert exposed == ([] if opaque else [over])
