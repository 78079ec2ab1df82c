"""One video on its way out: everybody found, masked in every frame but for the revealed, and the result checked.

- Faces are looked for several times a second, and everywhere at once in a shot's first frame and every THOROUGH_S.
- Between two looks a mask covers both places and all between. It begins MARGIN_FRAMES before a face was seen first and
  ends as many after it was seen last, within the shot; a face that is lost and found again is covered in between.
- A track is revealed where all of it lies on a track that a sweep decided, over its whole length. Else it is masked
  whole.
- The finished file is decoded and looked through again, at other moments and another size. What is found there is
  masked, too, and the file made anew; what is found after MOST_ROUNDS holds the copy.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np

from kenbaar.collections import TrackPath
from kenbaar.detection import PUBLISH, detect_all
from kenbaar.disk import part_name
from kenbaar.errors import PhotoUnreadable
from kenbaar.faces import Box
from kenbaar.media import FileBelow
from kenbaar.modelpack import FaceDetector
from kenbaar.publish._copy import CopyCheck
from kenbaar.publish._make import MadeCopy
from kenbaar.publish._mask import GRID_PX, MASK_COLOUR, covered
from kenbaar.publish._recheck import HIDDEN_SHARE
from kenbaar.video import Frame, Looking, Pace, Seen, Track, Tracker, digest_video, looking, render_video

Sound = Literal["mute", "keep", "refuse"]

PACE = Pace(every_s=0.14, moving_s=0.1, still_s=0.25)
CHECK_PACE = Pace(every_s=0.19, moving_s=0.19, still_s=0.3)
THOROUGH_S = 4.0
MARGIN_FRAMES = 15
MOST_ROUNDS = 3
_LONG_SIDE, _CHECK_SIDE = 1920, 960
_MIN_SCORE, _HINT_SCORE, _CHECK_SCORE = 0.3, 0.1, 0.5
_SAME_IOU = 0.35  # of a face and where a track of the sweep has it then: it moves between two looks
_SLACK_S = 0.5  # that a publication may see a face before and after the sweep did
_LOST_S = 2.0  # a face that is found again so soon, not far off, was there all the time
_LOST_SIDES, _LOST_RATIO = 3.0, 1.8
_SAME_PLACE = 0.6  # of the smaller of two boxes, under the other: one face, told by two looks
_MARGIN_SHARE = 8  # a mask is larger than a box by this part of its side
_OWN_TAGS = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder", "DURATION", "ENCODER"})
_MOST_OFF, _OPAQUE_SHARE = 24, 0.99


@dataclass(frozen=True, slots=True)
class KnownTrack:
    """A track that a sweep found. key: the box it is known by. revealed: whose it is agreed, and it is decided."""

    start_s: float
    end_s: float
    key: Box
    path: TrackPath | None
    revealed: bool


@dataclass(frozen=True, slots=True)
class Mask:
    """A box covered in these frames, the last one included."""

    first: int
    last: int
    box: Box


def make_video_copy(
    source: Path | FileBelow,
    digest: str,
    folder: Path,
    finder: FaceDetector,
    *,
    known: Sequence[KnownTrack],
    sound: Sound,
    say: Callable[[int], None] = lambda _: None,
) -> MadeCopy:
    """The copy of one video, in a file of a passing name in folder, and what its check says.

    digest: of the content the tracks were found in; another content raises PhotoUnreadable.
    """
    if digest_video(source) != digest:
        raise PhotoUnreadable("This video changed since it was swept.", "Run `kenbaar sweep` again.")
    with looking(source, PACE) as video:
        found = _find_tracks(video, finder)
        end = video.end
    assert end is not None
    size = video.info.width, video.info.height
    if sound == "refuse" and video.info.sound:
        return _held("it has sound, by which people can be known; publish with --sound mute or --sound keep")
    keep_sound = sound == "keep"
    if end.problems:
        return _held(f"not all of it could be looked at: {'; '.join(end.problems)}")
    seconds = [video.info.seconds(p) for p in video.pts]
    shown = [known_track for known_track in known if known_track.revealed and known_track.path is not None]
    others = [k for k in known if not (k.revealed and k.path is not None)]
    revealed, masked = _divided(found.tracks, shown, others)
    tracks = [*masked, *(_as_track(k, seconds) for k in others)]
    first = len(tracks)
    part = folder / part_name()
    try:
        for _ in range(MOST_ROUNDS):
            masks = _masks(tracks, found.cuts, len(video.pts), size)
            with part.open("w+b") as out:
                render_video(
                    source, out.fileno(), [(m.first, m.last, m.box) for m in masks], video.pts,
                    keep_sound=keep_sound, say=say,
                )  # fmt: skip
                out.flush()
                os.fsync(out.fileno())
            check, exposed = _check(part, finder, masks, shown, video, keep_sound=keep_sound)
            if not exposed or check.leftovers or check.unreadable:
                break
            tracks += exposed
        boxes = tuple(sorted({shown[n].key for n in revealed}))
        covered_too = [k for k in others if not any(_overlap(s, k) >= _SAME_IOU for t in masked for s in t.seen)]
        count = len(masked) + len(covered_too) + len(tracks) - first
        return MadeCopy(b"", digest_video(part), count, boxes, check, part=part)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@dataclass(frozen=True, slots=True)
class _Found:
    """Every face of a video. cuts: the first frames of its shots, the first of all included."""

    tracks: list[Track[None]]
    cuts: list[int]


def _find_tracks(video: Looking, finder: FaceDetector) -> _Found:
    tracker: Tracker[None] = Tracker()
    cuts, thorough_s = [0], -THOROUGH_S
    for frame in video.frames():
        faces, hints = finder.detect_with_hints(
            frame, long_side=_LONG_SIDE, min_score=_MIN_SCORE, hint_score=_HINT_SCORE
        )
        sure = [face.box for face in faces]
        if frame.begins_shot or frame.at_s - thorough_s >= THOROUGH_S:
            thorough_s = frame.at_s
            sure += [box for box in detect_all(frame, finder, PUBLISH) if not _is_told(box, sure)]
        if frame.begins_shot:
            cuts.append(frame.n)
        weak = [hint.box for hint in hints if not _is_told(hint.box, sure)]
        seen: list[Seen[None]] = [Seen(frame.n, frame.at_s, box) for box in sure]
        seen += [Seen(frame.n, frame.at_s, box, sure=False) for box in weak]
        tracker.add(frame.at_s, seen, begins_shot=frame.begins_shot)
    tracker.end()
    return _Found(tracker.take(), cuts)


def _is_told(box: Box, boxes: Sequence[Box]) -> bool:
    return any(box.intersection(b).area >= _SAME_PLACE * min(box.area, b.area) for b in boxes)


def _divided(
    tracks: Sequence[Track[None]], shown: Sequence[KnownTrack], others: Sequence[KnownTrack]
) -> tuple[set[int], list[Track[None]]]:
    """Numbers of the known tracks that are seen, and the tracks to be masked."""
    revealed, masked = set[int](), []
    for track in tracks:
        of = [n for n, known in enumerate(shown) if all(_lies_on(seen, known, others) for seen in track.seen)]
        if len(of) == 1:
            revealed.add(of[0])
        else:
            masked.append(track)
    return revealed, masked


def _lies_on(seen: Seen[None], known: KnownTrack, others: Sequence[KnownTrack]) -> bool:
    """Whether a face is where that track has it at that moment, and no other track is nearer."""
    overlap = _overlap(seen, known)
    return overlap >= _SAME_IOU and all(_overlap(seen, other) < overlap for other in others)


def _overlap(seen: Seen[None], known: KnownTrack) -> float:
    if known.path is None or not known.start_s - _SLACK_S <= seen.at_s < known.end_s + _SLACK_S:
        return 0.0
    return seen.box.iou(known.path.box_at(seen.at_s))


def _as_track(known: KnownTrack, seconds: Sequence[float]) -> Track[None]:
    """A track of the sweep as one to be masked. Without a path it is its key box all the time."""
    steps = known.path.steps if known.path is not None else ((known.start_s, known.key), (known.end_s, known.key))
    last = len(seconds) - 1
    by_frame = {min(last, bisect_left(seconds, at_s - 1e-6)): (at_s, box) for at_s, box in steps}
    return Track([Seen(n, at_s, box) for n, (at_s, box) in sorted(by_frame.items())])


def _masks(tracks: Sequence[Track[None]], cuts: Sequence[int], frames: int, size: tuple[int, int]) -> list[Mask]:
    """What is covered, frame by frame, for all these tracks."""
    masks: list[Mask] = []
    shots = sorted({*cuts, frames})
    for track in tracks:
        first, last = track.seen[0], track.seen[-1]
        begins = max((cut for cut in shots if cut <= first.n), default=0)
        ends = min((cut for cut in shots if cut > last.n), default=frames)
        before, after = max(begins, first.n - MARGIN_FRAMES), min(ends - 1, last.n + MARGIN_FRAMES)
        steps = [(before, _moved_on(track.seen[:4][::-1])), *((s.n, s.box) for s in track.seen)]
        steps.append((after, _moved_on(track.seen[-4:])))
        for (n, box), (m, other) in pairwise(steps):
            masks.append(Mask(n, max(n, m), _mask_box(box.around(other), size)))
    masks += [
        Mask(a.last.n, b.seen[0].n, _mask_box(a.last.box.around(b.seen[0].box), size))
        for a in tracks
        for b in tracks
        if _was_lost(a, b, shots)
    ]
    return [m for m in masks if m.box.area]


def _moved_on(seen: Sequence[Seen[None]]) -> Box:
    """Where a face would be MARGIN_FRAMES on, around where it was last: it goes on as it came."""
    last, before = seen[-1], seen[0]
    frames = abs(last.n - before.n)
    if not frames:
        return last.box
    share = min(3.0, MARGIN_FRAMES / frames)
    dx = round(share * (last.box.x_min + last.box.x_max - before.box.x_min - before.box.x_max) / 2)
    dy = round(share * (last.box.y_min + last.box.y_max - before.box.y_min - before.box.y_max) / 2)
    box = last.box
    return box.around(Box(box.x_min + dx, box.y_min + dy, box.x_max + dx, box.y_max + dy))


def _was_lost(a: Track[None], b: Track[None], shots: Sequence[int]) -> bool:
    """Whether b may be a again, found after it was lost for a while in the same shot."""
    gone, back = a.last, b.seen[0]
    if back.n <= gone.n or back.at_s - gone.at_s > _LOST_S or any(gone.n < cut <= back.n for cut in shots):
        return False
    sides = sorted([max(gone.box.width, gone.box.height), max(back.box.width, back.box.height)])
    if sides[1] > _LOST_RATIO * sides[0]:
        return False
    off = np.hypot(
        gone.box.x_min + gone.box.x_max - back.box.x_min - back.box.x_max,
        gone.box.y_min + gone.box.y_max - back.box.y_min - back.box.y_max,
    )
    return bool(off / 2 <= _LOST_SIDES * sides[0])


def _mask_box(box: Box, size: tuple[int, int]) -> Box:
    margin = max(GRID_PX, max(box.width, box.height) // _MARGIN_SHARE)
    return box.padded(margin).snapped(GRID_PX).clipped(*size)


def _check(
    part: Path,
    finder: FaceDetector,
    masks: Sequence[Mask],
    shown: Sequence[KnownTrack],
    source: Looking,
    *,
    keep_sound: bool,
) -> tuple[CopyCheck, list[Track[None]]]:
    """What is wrong with a finished copy, and the tracks of whoever is exposed in it."""
    tracker: Tracker[None] = Tracker()
    opaque = True
    by_first = sorted(masks, key=lambda mask: mask.first)
    with looking(part, CHECK_PACE) as copy:
        for frame in copy.frames():
            here = [mask.box for mask in by_first if mask.first <= frame.n <= mask.last]
            opaque = opaque and all(_is_opaque(frame, box) for box in here)
            faces = finder.detect_faces(frame, long_side=_CHECK_SIDE, min_score=_CHECK_SCORE)
            seen: list[Seen[None]] = [Seen(frame.n, frame.at_s, face.box) for face in faces]
            exposed = [
                one
                for one in seen
                if covered(one.box, here) < HIDDEN_SHARE and not any(_overlap(one, k) >= _SAME_IOU for k in shown)
            ]
            tracker.add(frame.at_s, exposed, begins_shot=frame.begins_shot)
    tracker.end()
    tracks, end, info = tracker.take(), copy.end, copy.info
    assert end is not None
    leftovers = [f"the text {tag!r}" for tag in info.tags if tag not in _OWN_TAGS]
    if info.other_streams:
        leftovers.append("another stream than picture and sound")
    if info.sound and not keep_sound:
        leftovers.append("sound")
    problems = list(end.problems)
    if end.frames != len(source.pts):
        problems.append(f"it has {end.frames} frames, the original {len(source.pts)}")
    if not opaque:
        problems.append("a mask is not one colour")
    boxes = tuple(sorted({seen.box for track in tracks for seen in track.seen}))[:20]
    return CopyCheck(tuple(leftovers), "; ".join(problems) or None, boxes), tracks


def _is_opaque(frame: Frame, box: Box) -> bool:
    inside = box.padded(-GRID_PX // 2).clipped(frame.width, frame.height)
    if not inside.area:
        return True
    under = frame.pixels[inside.y_min : inside.y_max : 4, inside.x_min : inside.x_max : 4].astype(np.int16)
    off = np.abs(under - np.array(MASK_COLOUR, np.int16)).max(axis=2)
    return bool((off <= _MOST_OFF).mean() >= _OPAQUE_SHARE)


def _held(why: str) -> MadeCopy:
    return MadeCopy(b"", "", 0, (), CopyCheck(unreadable=why))
