"""One video: who in it agreed to be recognised, and when. Engines only decide where and when this runs.

- Faces are looked for as often as the picture needs it (PACE), and linked to tracks by place and motion alone.
- Of a track every SEGMENT_S the best face is compared. Who the track is, all of these together decide; that it is so
  over its whole length, each by itself must bear out. Otherwise it is a possible match, and nobody is shown for it.
- Templates are made only where the permit says so. Those of a track that is nobody's go when the track ends, all others
  with the shot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kenbaar.collections import EmbeddingPermit, TrackPath
from kenbaar.faces import Box, Face, Landmarks, Template
from kenbaar.matching import Band, Decision, match_faces
from kenbaar.media import FileBelow
from kenbaar.modelpack import ModelPack
from kenbaar.sweep._analyse import Barred, Comparison, merge_decisions
from kenbaar.video import DEFAULT_VIDEO_LIMITS, Frame, Pace, Seen, Track, Tracker, VideoLimits, digest_video, looking

PACE = Pace(every_s=0.25, moving_s=0.1, still_s=0.5)
"""How often faces are looked for: twice a second where nothing moves, ten times where much does."""
SEGMENT_S = 3.0  # of a track, of which one face is compared
_HINT_SCORE = 0.2  # what scores less continues no track
_CROP = 1.0  # of the box's longer side, kept around a face
_ENOUGH_EYES_PX = 16.0  # between the eyes, of a face that must bear a track's name out
_MOST_TURN = 0.45  # and so far turned at most (FaceQuality.turn)
_SHORTEST_S = 1 / 1000


@dataclass(frozen=True, slots=True)
class FoundTrack:
    """One face through time: where it is at its best moment, and at every other it was looked at."""

    start_s: float
    end_s: float
    at_s: float
    box: Box
    path: TrackPath
    landmarks: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class RecognisedTrack:
    """One enrolled person on one track. n: its number in `VideoAnalysis.tracks`."""

    n: int
    subject: str
    band: Band


@dataclass(frozen=True, slots=True)
class VideoAnalysis:
    """What leaves the worker: where all faces are and when, names of those who agreed, and counts. No vector, no score.

    problems: what of the file could not be looked at, a clause each.
    """

    digest: str
    width: int
    height: int
    duration_s: float
    tracks: tuple[FoundTrack, ...]
    recognised: tuple[RecognisedTrack, ...]
    unknown: int
    undecided: int
    taken_at: datetime | None = None
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class _Sample:
    """A face that may stand for its segment: the pixels around it, and how well it can be compared."""

    worth: float
    good: bool
    face: Face
    crop: _Crop


@dataclass(frozen=True, slots=True, eq=False)
class _Crop:
    """Pixels around a face, as a photo of their own."""

    pixels: NDArray[np.uint8] = field(repr=False)
    scale: int = 1

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])


@dataclass(slots=True)
class _Compared:
    """A track's templates, by comparison one a segment. good: whether that one must bear the name out."""

    templates: list[list[Template]]
    good: list[bool]
    worth: list[float]

    def wipe(self) -> None:
        for of_pack in self.templates:
            for template in of_pack:
                template.vector[...] = 0


def analyse_video(
    source: Path | FileBelow,
    pack: ModelPack,
    permit: EmbeddingPermit,
    comparisons: Sequence[Comparison],
    barred: Sequence[Barred] = (),
    *,
    detail_side: int | None = None,
    limits: VideoLimits = DEFAULT_VIDEO_LIMITS,
    gone: Callable[[], bool] = lambda: False,
) -> VideoAnalysis:
    """Everyone in this video who agreed to be found, and when. Unmatched probes are forgotten on return.

    comparisons: people, by the pack they enrolled with; the first is of `pack`. detail_side: px that faces are looked
    for at; None: the pack's own. Raises VideoUnreadable where nothing decodes; what decodes in part is in `problems`.
    """
    digest = digest_video(source)
    compares = [c for c in comparisons if len(c.gallery)] if permit.scope == "all" else []
    not_them = frozenset(b.subject for b in barred if b.digest == digest)
    tracks = _Tracks(pack, compares, not_them)
    with looking(source, PACE, limits) as video:
        for frame in video.frames():
            faces, hints = pack.detect_with_hints(frame, long_side=detail_side, hint_score=_HINT_SCORE)
            tracks.add(frame, faces, hints)
        end = video.end
        assert end is not None
        tracks.end(end.end_s)
        info = video.info
    found = sorted(tracks.found, key=lambda each: (each[0].start_s, each[0].box))
    recognised = tuple(
        RecognisedTrack(n, d.subject, d.band)
        for n, (_, d) in enumerate(found)
        if d.subject is not None and d.band is not None
    )
    outcomes = [d.outcome for _, d in found] if compares else []
    return VideoAnalysis(
        digest, info.width, info.height, end.end_s, tuple(track for track, _ in found), recognised,
        outcomes.count("unknown"), outcomes.count("undecided"), info.taken_at, end.problems,
    )  # fmt: skip


class _Tracks:
    """Tracks of one video as they grow, are compared, and end. found: each with what was decided of it."""

    def __init__(self, pack: ModelPack, comparisons: Sequence[Comparison], not_them: frozenset[str]) -> None:
        self._pack, self._comparisons, self._not_them = pack, comparisons, not_them
        self._tracker: Tracker[Face] = Tracker()
        self._samples: dict[int, list[_Sample | None]] = {}
        self._compared: dict[int, _Compared] = {}
        self._shot: list[tuple[FoundTrack, Decision, _Compared | None]] = []
        self.found: list[tuple[FoundTrack, Decision]] = []

    def add(self, frame: Frame, faces: Sequence[Face], hints: Sequence[Face]) -> None:
        """The faces of the next frame looked at."""
        seen = [Seen(frame.n, frame.at_s, face.box, True, face) for face in faces]
        seen += [Seen(frame.n, frame.at_s, face.box, False, face) for face in hints]
        self._tracker.add(frame.at_s, seen, begins_shot=frame.begins_shot)
        for track in self._tracker.open:
            if track.last.at_s == frame.at_s and track.last.sure:
                self._sample(track, frame)
        self._close(self._tracker.take(), frame.at_s)
        if frame.begins_shot:
            self._end_shot()

    def end(self, end_s: float) -> None:
        """The video is over."""
        self._tracker.end()
        self._close(self._tracker.take(), end_s)
        self._end_shot()

    def _sample(self, track: Track[Face], frame: Frame) -> None:
        """Keeps the face if it is the best of its segment; a segment that is over is compared."""
        if not self._comparisons:
            return
        segment = int((frame.at_s - track.seen[0].at_s) / SEGMENT_S)
        samples = self._samples.setdefault(id(track), [])
        while len(samples) <= segment:
            if samples:
                self._embed(track, samples)
            samples.append(None)
        face = track.last.payload
        assert face is not None
        quality = self._pack.measure_quality(frame, face)
        worth = quality.inter_eye_px * max(0.05, 1 - abs(quality.turn)) * max(0.05, min(1.0, quality.sharpness * 4))
        if samples[-1] is None or worth > 1.1 * samples[-1].worth:
            good = quality.inter_eye_px >= _ENOUGH_EYES_PX and abs(quality.turn) <= _MOST_TURN
            samples[-1] = _Sample(worth, good, *_cropped(frame, face))

    def _embed(self, track: Track[Face], samples: list[_Sample | None]) -> None:
        """Turns the last segment's best face into templates and lets its pixels go."""
        sample = samples[-1]
        if sample is None:
            return
        compared = self._compared.setdefault(id(track), _Compared([[] for _ in self._comparisons], [], []))
        for templates, comparison in zip(compared.templates, self._comparisons, strict=True):
            templates.append(comparison.pack.make_template(sample.crop, sample.face))
        compared.good.append(sample.good)
        compared.worth.append(sample.worth)
        samples[-1] = None

    def _close(self, tracks: Sequence[Track[Face]], now_s: float) -> None:
        for track in tracks:
            samples = self._samples.pop(id(track), [])
            if samples:
                self._embed(track, samples)
            compared = self._compared.pop(id(track), None)
            decision = Decision("unknown")
            if compared is not None:
                decision = merge_decisions([[self._decide(compared, n)] for n in range(len(self._comparisons))])[0]
                if decision.outcome == "unknown":
                    compared.wipe()
                    compared = None
            self._shot.append((_found(track, now_s, keep_landmarks=bool(self._comparisons)), decision, compared))

    def _decide(self, compared: _Compared, n: int) -> Decision:
        """Who a track is, of those enrolled with the n-th pack."""
        comparison, templates = self._comparisons[n], compared.templates[n]
        mean = _mean(templates, compared.worth)
        barred = {(0, s) for s in self._not_them}
        (whole,) = match_faces([mean], comparison.gallery, comparison.threshold, barred=barred)
        mean.vector[...] = 0
        each = match_faces(
            templates, comparison.gallery, comparison.threshold, pictures=range(len(templates)),
            barred={(i, s) for i in range(len(templates)) for s in self._not_them},
        )  # fmt: skip
        named = {d.subject for d in each if d.subject is not None}
        if whole.subject is None:
            return Decision("undecided") if named or whole.outcome == "undecided" else whole
        if named - {whole.subject}:
            return Decision("undecided")
        bears_out = [d.subject == whole.subject for d in each]
        sure = all(ok for ok, good in zip(bears_out, compared.good, strict=True) if good) and any(bears_out)
        return whole if sure else Decision("match", whole.subject, "possible")

    def _end_shot(self) -> None:
        """One person is on one track at a time: of two at once that both look like them, the better one at most."""
        shot, self._shot = self._shot, []
        decided = [decision for _, decision, _ in shot]
        for subject in {d.subject for d in decided if d.subject is not None}:
            of_them = [n for n, d in enumerate(decided) if d.subject == subject]
            for group in _at_once([shot[n][0] for n in of_them]):
                numbers = [of_them[n] for n in group]
                if len(numbers) > 1:
                    for n in set(numbers) - {self._best(subject, numbers, shot)}:
                        decided[n] = Decision("undecided")
        for (track, _, compared), decision in zip(shot, decided, strict=True):
            if compared is not None:
                compared.wipe()
            self.found.append((track, decision))

    def _best(
        self, subject: str, numbers: list[int], shot: Sequence[tuple[FoundTrack, Decision, _Compared | None]]
    ) -> int | None:
        """Which of these tracks the person stays on; None where nothing says so."""
        for n, comparison in enumerate(self._comparisons):
            if subject not in comparison.gallery.subjects:
                continue
            with_templates = [(i, c) for i in numbers if (c := shot[i][2]) is not None]
            means = [_mean(c.templates[n], c.worth) for _, c in with_templates]
            decisions = match_faces(means, comparison.gallery, comparison.threshold)
            for mean in means:
                mean.vector[...] = 0
            return next((i for (i, _), d in zip(with_templates, decisions, strict=True) if d.subject == subject), None)
        return None


def _at_once(tracks: Sequence[FoundTrack]) -> list[list[int]]:
    """Numbers of tracks that are there at one moment, in groups; who meets somebody of a group belongs to it."""
    order = sorted(range(len(tracks)), key=lambda n: tracks[n].start_s)
    groups: list[list[int]] = []
    until = -1.0
    for n in order:
        if groups and tracks[n].start_s < until:
            groups[-1].append(n)
        else:
            groups.append([n])
        until = max(until, tracks[n].end_s)
    return groups


def _mean(templates: Sequence[Template], worth: Sequence[float]) -> Template:
    """One template of several of a face: their mean, the better ones counting more. New memory, to be wiped."""
    weights = np.array(worth, np.float64) / sum(worth)
    mean = np.einsum("i,ij->j", weights, np.stack([t.vector for t in templates]).astype(np.float64))
    return Template((mean / np.linalg.norm(mean)).astype(np.float32), templates[0].pack)


def _cropped(frame: Frame, face: Face) -> tuple[Face, _Crop]:
    """The face in a copy of the pixels around it."""
    margin = round(_CROP * max(face.box.width, face.box.height))
    around = face.box.padded(margin).clipped(frame.width, frame.height)
    pixels = frame.pixels[around.y_min : around.y_max, around.x_min : around.x_max].copy()
    points = face.landmarks.points - np.array([around.x_min, around.y_min], np.float32)
    box = face.box
    moved = Box(box.x_min - around.x_min, box.y_min - around.y_min, box.x_max - around.x_min, box.y_max - around.y_min)
    return Face(moved, Landmarks(points), face.score), _Crop(pixels)


def _found(track: Track[Face], now_s: float, *, keep_landmarks: bool) -> FoundTrack:
    """The track as it is kept. It lasts until halfway to the next look, in which it was not seen any more."""
    sure = [seen for seen in track.seen if seen.sure]
    best = max(sure, key=lambda seen: (seen.box.area * (seen.payload.score if seen.payload else 0), -seen.at_s))
    last = track.last.at_s
    end_s = max(last + _SHORTEST_S, min(now_s, last + PACE.still_s / 2))
    landmarks = best.payload.landmarks.packed() if keep_landmarks and best.payload else None
    path = TrackPath(tuple((seen.at_s, seen.box) for seen in track.seen))
    return FoundTrack(track.seen[0].at_s, end_s, best.at_s, best.box, path, landmarks)
