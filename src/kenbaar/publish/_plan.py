"""The plan of one copy: who may be visible in it, where it goes, and the key to all that its pixels depend on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kenbaar.collections import Appearance, Cover, Item, Track, TrackPath
from kenbaar.faces import Box
from kenbaar.media import PhotoLimits
from kenbaar.publish._video import KnownTrack, Sound

_ALL_S = 1e9  # longer than any video
RENDERER = "3"  # raised whenever the same plan gives other pixels or more is found: copies made before are made again


@dataclass(frozen=True, slots=True)
class Planned:
    """One item on its way out: who may be visible, where it goes, and the key to everything its pixels depend on."""

    item: Item
    target: Path
    reveals: tuple[tuple[Box, str], ...]
    faces: tuple[Box, ...]
    render_key: str
    tracks: tuple[KnownTrack, ...] = ()


def plan_copy(
    item: Item,
    target: Path,
    faces: tuple[Box, ...],
    appearing: Iterable[Appearance],
    may_show: frozenset[str],
    pack: str,
    mask_doubtful: bool,
    limits: PhotoLimits,
) -> Planned:
    """What the copy of an item is to be. faces, appearing: what a sweep found in it. pack: the digest of the pack."""
    shown = [a for a in appearing if a.subject in may_show and a.certain_enough_to_show]
    reveals = tuple(sorted((a.box, a.subject) for a in shown))
    depends_on = [
        RENDERER, item.digest, pack, mask_doubtful,
        [b.as_list() for b in faces], [(b.as_list(), s) for b, s in reveals],
    ]  # fmt: skip
    if is_reduced(item, limits):
        depends_on.append(str(limits.max_full_pixels))
    key = hashlib.sha256(json.dumps(depends_on).encode()).hexdigest()
    return Planned(item, target, reveals, faces, key)


def plan_video_copy(
    item: Item,
    target: Path,
    tracks: Sequence[Track],
    paths: Mapping[int, TrackPath],
    appearing: Iterable[Appearance],
    may_show: frozenset[str],
    pack: str,
    covers: Sequence[Cover] = (),
    *,
    sound: Sound,
) -> Planned:
    """What the copy of a video is to be. tracks, paths, appearing: what a sweep found in it."""
    shown = [a for a in appearing if a.subject in may_show and a.certain_enough_to_show]
    on = {a.n for a in shown}
    known = tuple(KnownTrack(t.start_s or 0.0, t.end_s or 0.0, t.box, paths.get(t.n), t.n in on) for t in tracks)
    reveals = tuple(sorted((a.box, a.subject) for a in shown if a.n in paths))
    for cover in covers:
        if not any(cover.touches(track.box) for track in tracks):  # a face that no sweep found: covered all the time
            known = (*known, KnownTrack(0.0, _ALL_S, cover.box, None, revealed=False))
    depends_on = [
        RENDERER, "video", item.digest, pack, sound,
        [[t.start_s, t.end_s, t.box.as_list(), t.path] for t in tracks],
        [c.box.as_list() for c in covers], sorted((a.n, a.subject) for a in shown),
    ]  # fmt: skip
    key = hashlib.sha256(json.dumps(depends_on).encode()).hexdigest()
    return Planned(item, target, reveals, tuple(t.box for t in tracks), key, known)


def is_reduced(item: Item, limits: PhotoLimits) -> bool:
    """Whether its copy is made at reduced size."""
    return (item.width or 0) * (item.height or 0) > limits.max_full_pixels
