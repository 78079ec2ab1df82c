"""The clips that copies are judged by: the same for the same seed, with a truth that tells what is left visible."""

from __future__ import annotations

import numpy as np
import pytest

from kenbaar.faces import Box
from kenbaar.measure import CLIP_CONDITIONS, ClipCondition, Head, Pixels, Truth, compose_clip, count_leaks
from kenbaar.measure._leak_pictures import FACE_PX, HeadShape

GREY = (64, 64, 64)
BACK = np.full((60, 100, 3), 120, np.uint8)


def a_head() -> Head:
    pixels = np.full((460, 400, 3), (210, 160, 130), np.uint8)
    face = Box(100, 110, 300, 110 + FACE_PX)
    return Head(pixels, HeadShape(face, ((150.0, 190.0), (250.0, 190.0)), (200.0, 230.0), (200.0, 290.0)))


def clip(
    condition: ClipCondition, seconds: float = 0.5, seed: int = 1
) -> list[tuple[Pixels, tuple[Truth | None, ...]]]:
    return list(compose_clip(condition, [a_head()], BACK, seconds, 10, seed))


@pytest.mark.parametrize("condition", CLIP_CONDITIONS, ids=lambda c: c.name)
def test_what_is_not_covered_is_visible_and_what_is_covered_is_not(condition: ClipCondition) -> None:
    frames = clip(condition, 2.0)
    truths = [there for _, there in frames]
    bare = count_leaks("bare", truths, (pixels for pixels, _ in frames), GREY, 10)
    grey = np.full(frames[0][0].shape, 64, np.uint8)
    covered = count_leaks("covered", truths, (grey for _ in frames), GREY, 10)
    assert bare.leaked == bare.face_frames > 0 and covered.leaked == 0
    assert bare.longest > 1 and covered.longest == 0


def test_the_same_seed_gives_the_same_clip_and_another_gives_another() -> None:
    one, again, other = (clip(CLIP_CONDITIONS[0], seed=seed) for seed in (1, 1, 2))
    assert all((a[0] == b[0]).all() for a, b in zip(one, again, strict=True))
    assert any((a[0] != b[0]).any() for a, b in zip(one, other, strict=True))


def test_a_mask_that_covers_half_a_face_hides_nobody() -> None:
    frames = clip(CLIP_CONDITIONS[0])
    halves = []
    for pixels, there in frames:
        half = pixels.copy()
        for truth in there:
            assert truth is not None
            box = truth.box
            half[box.y_min : (box.y_min + box.y_max) // 2, box.x_min : box.x_max] = GREY
        halves.append(half)
    leaks = count_leaks("half", [there for _, there in frames], iter(halves), GREY, 10)
    assert leaks.leaked == leaks.face_frames


def test_a_copy_with_fewer_frames_is_not_judged() -> None:
    frames = clip(CLIP_CONDITIONS[0])
    with pytest.raises(ValueError):
        count_leaks("short", [t for _, t in frames], iter([frames[0][0]]), GREY, 10)
