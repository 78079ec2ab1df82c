"""Several pictures of one size, looked at as they are and in one go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kenbaar.media import encode_photo, open_photo_bytes
from kenbaar.modelpack import load_pack
from tests.modelpack.tiny_pack import blank_photo, draw_face


def test_a_batch_finds_what_each_picture_alone_has(tiny_pack_folder: Path) -> None:
    pack = load_pack(tiny_pack_folder)
    pictures = [blank_photo(320, 256, n) for n in range(3)]
    draw_face(pictures[0], 40, 96, 3, 96)
    draw_face(pictures[2], 160, 64, 5, 96)
    found = pack.detect_in_batch(pictures, min_score=0.5)
    assert [len(faces) for faces in found] == [1, 0, 1]
    for picture, faces in zip(pictures, found, strict=True):
        alone = pack.detect_faces(open_photo_bytes(encode_photo(picture, "PNG")), long_side=320, min_score=0.5)
        assert [f.box for f in faces] == [f.box for f in alone]


def test_no_pictures_are_no_work(tiny_pack_folder: Path) -> None:
    assert load_pack(tiny_pack_folder).detect_in_batch([], min_score=0.5) == []


@pytest.mark.parametrize(
    "second",
    [np.zeros((64, 96, 3), np.uint8), np.zeros((64, 64), np.uint8), np.zeros((64, 64, 3), np.float32)],
)
def test_pictures_of_other_sizes_or_kinds_are_refused(tiny_pack_folder: Path, second: np.ndarray) -> None:
    with pytest.raises(ValueError, match="one size"):
        load_pack(tiny_pack_folder).detect_in_batch([np.zeros((64, 64, 3), np.uint8), second], min_score=0.5)
