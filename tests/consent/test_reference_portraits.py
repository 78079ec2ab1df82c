"""What is kept of a reference portrait, and whose face is in it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from kenbaar.consent import read_live, read_portraits, read_reference
from kenbaar.errors import EnrolmentRefused
from kenbaar.faces import Box
from kenbaar.media import Photo, open_photo
from kenbaar.modelpack import ModelPack, load_pack
from tests.modelpack.tiny_pack import blank_photo, draw_face

FACE = Box(300, 240, 492, 432)


@pytest.fixture(scope="module")
def pack(tiny_pack_folder: Path) -> ModelPack:
    return load_pack(tiny_pack_folder)


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Photo:
    pixels = blank_photo(1000, 900, 1)
    draw_face(pixels, FACE.x_min, FACE.y_min, 6, FACE.width)
    file = tmp_path_factory.mktemp("photos") / "one.png"
    Image.fromarray(pixels).save(file)
    return open_photo(file)


def kept(photo: Photo, pack: ModelPack, *others: Box) -> bytes:
    rows = read_portraits([photo], pack, same_person=0.5)
    return read_reference(photo, rows, pack, same_person=0.5, detect_everybody=lambda _: [FACE, *others])


def test_head_and_shoulders_are_kept_and_nothing_of_what_is_farther_away(photo: Photo, pack: ModelPack) -> None:
    with Image.open(io.BytesIO(kept(photo, pack))) as picture:
        width, height = picture.size
    assert max(width, height) == 512 and 1.1 < height / width < 1.3


@pytest.mark.parametrize(
    "found",
    [Box(330, 370, 460, 430), Box(350, 380, 440, 450), Box(260, 200, 540, 480)],
    ids=["a mouth", "mouth and chin", "a frame around it"],
)
def test_a_part_of_the_face_or_a_frame_around_it_is_no_second_face(photo: Photo, pack: ModelPack, found: Box) -> None:
    assert kept(photo, pack, found)


@pytest.mark.parametrize(
    "found",
    [Box(600, 240, 790, 430), Box(10, 10, 60, 60), Box(420, 300, 620, 500), Box(0, 0, 1000, 900)],
    ids=["beside it", "small and far", "half behind it", "all over the photo"],
)
def test_anything_else_that_may_be_a_face_is(photo: Photo, pack: ModelPack, found: Box) -> None:
    with pytest.raises(EnrolmentRefused, match="second face"):
        kept(photo, pack, found)


def test_the_vector_of_somebody_here_is_a_copy_of_its_own(photo: Photo, pack: ModelPack) -> None:
    own: NDArray[np.float32] = read_live(photo, pack)
    assert own.shape == (1, pack.dim) and own.flags.owndata and own.flags.writeable and own.flags.c_contiguous
    assert abs(float(np.linalg.norm(own)) - 1) < 1e-3
