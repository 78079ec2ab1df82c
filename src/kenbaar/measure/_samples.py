"""Every photo analysed once, the way a sweep and an enrolment do it; of each face one vector is kept, in memory.

Photos with several faces are left out before anything is embedded: the others in them did not agree.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kenbaar.collections import EmbeddingPermit
from kenbaar.consent import read_portraits
from kenbaar.engines import Failure, InProcessEngine, never
from kenbaar.errors import EnrolmentRefused, PhotoUnreadable
from kenbaar.faces import Face, Template
from kenbaar.gallery import ConsentedGallery
from kenbaar.matching import Threshold
from kenbaar.measure._people import MeasuredPeople
from kenbaar.media import Photo, PhotoLimits, open_photo
from kenbaar.modelpack import ModelPack, PhotoPixels, WrappedPack
from kenbaar.sweep import analyse_photo

State = Literal["used", "no face", "several faces", "unreadable", "twice", "two people's"]


@dataclass(slots=True, eq=False)
class Samples:
    """F photos of P people, as numbers. Wipe it when done.

    person: int32 (F,). state: what became of each photo. probe: float32 (F, d), the face as a sweep embeds it, zeros
    where state is not "used". portrait: float32 (F, d), the face as an enrolment embeds it, zeros where it was refused.
    can_enrol: bool (F,). quality: float32 (F, 4), inter_eye_px, sharpness, brightness, |turn|; NaN without a face.
    digests: of the files. refusals: why photos were refused for enrolment -> how many. shared: two people, the lower
    number first -> how many files lie in both their folders.
    """

    pack: str
    people: int
    person: NDArray[np.int32]
    state: list[State]
    probe: NDArray[np.float32] = field(repr=False)
    portrait: NDArray[np.float32] = field(repr=False)
    can_enrol: NDArray[np.bool_]
    quality: NDArray[np.float32]
    digests: list[str]
    refusals: Counter[str]
    shared: Counter[tuple[int, int]] = field(default_factory=Counter)

    @property
    def used(self) -> NDArray[np.bool_]:
        """bool (F,): photos with a probe."""
        return np.array([s == "used" for s in self.state], np.bool_)

    def count(self, *states: State) -> int:
        """How many photos are in one of these states."""
        return sum(s in states for s in self.state)

    def wipe(self) -> None:
        """Zeros where faces were."""
        self.probe[...] = 0
        self.portrait[...] = 0


def measure_people(
    people: MeasuredPeople,
    pack: ModelPack,
    threshold: Threshold,
    same_person: float,
    limits: PhotoLimits,
    *,
    detail_side: int,
    say: Callable[[int, int, float], None],
) -> Samples:
    """Measures every photo once. Memory grows by two vectors a photo and by nothing else.

    same_person: as in consent.read_portraits. detail_side: px, as in a sweep. Raises PackBroken.
    """
    total = people.count
    samples = Samples(
        pack=pack.digest,
        people=len(people.names),
        person=np.repeat(np.arange(len(people.names)), [len(p) for p in people.photos]).astype(np.int32),
        state=["unreadable"] * total,
        probe=np.zeros((total, pack.dim), np.float32),
        portrait=np.zeros((total, pack.dim), np.float32),
        can_enrol=np.zeros(total, np.bool_),
        quality=np.full((total, 4), np.nan, np.float32),
        digests=[""] * total,
        refusals=Counter(),
    )
    eye = _Eye(pack, threshold, same_person, limits, detail_side)
    begin = time.monotonic()
    tasks = (_PhotoTask(i, path) for i, path in enumerate(p for photos in people.photos for p in photos))

    def told(task: _PhotoTask, _: Failure | None) -> None:  # a failure's photo stays "unreadable"
        say(task.n + 1, total, time.monotonic() - begin)

    try:
        InProcessEngine().map(_MeasurePhotos(samples, eye), tasks, told, never)  # no vector leaves this process
    except BaseException:
        samples.wipe()
        raise
    return samples


@dataclass(frozen=True, slots=True)
class _PhotoTask:
    """The nth of all photos."""

    n: int
    path: Path


@dataclass(frozen=True, slots=True)
class _MeasurePhotos:
    """The task type of an evaluation: into the samples goes what a sweep and an enrolment make of a photo."""

    samples: Samples
    eye: _Eye

    @property
    def verb(self) -> str:
        """As TaskType."""
        return "measured"

    @property
    def few(self) -> int:
        """As TaskType."""
        return 0

    def open(self) -> Callable[[_PhotoTask], None]:
        """As TaskType."""
        seen: dict[str, int] = {}
        return lambda task: _measure_photo(self.samples, task.n, task.path, self.eye, seen)


def _measure_photo(samples: Samples, i: int, path: Path, eye: _Eye, seen: dict[str, int]) -> None:
    try:
        digest, faces = eye.look(path)
        samples.digests[i] = digest
        before = seen.setdefault(digest, i)
        if before != i:
            if samples.person[before] == samples.person[i]:
                samples.state[i] = "twice"
            else:  # one of the two folders is wrong about it, and which is not known
                samples.shared[int(samples.person[before]), int(samples.person[i])] += 1
                samples.state[i] = samples.state[before] = "two people's"
                samples.can_enrol[before] = False
                samples.probe[before] = samples.portrait[before] = 0
            return
        why = eye.enrol(path, samples.portrait[i])
    except PhotoUnreadable:
        return
    if why is not None:
        samples.refusals[why] += 1
    samples.can_enrol[i] = why is None
    samples.state[i] = "used" if faces == 1 else "several faces" if faces else "no face"
    if faces == 1:
        samples.probe[i] = eye.vector
        samples.quality[i] = eye.quality
    else:  # an enrolment may have seen one face where a sweep saw none: then it is still a portrait of them
        samples.can_enrol[i] &= faces == 0


class _Eye(WrappedPack):
    """Stands between the house and the pack, sees what both find in a photo, and saves doing the same thing twice."""

    def __init__(
        self, pack: ModelPack, threshold: Threshold, same_person: float, limits: PhotoLimits, detail_side: int
    ) -> None:
        super().__init__(pack)
        self._threshold = threshold
        self._same_person, self._limits, self._detail_side = same_person, limits, detail_side
        row = np.zeros((1, pack.dim), np.float32)
        row[0, 0] = 1
        self._filler = row[0].copy()
        self._gallery = ConsentedGallery.of(
            pack=pack.digest, purposes=["measure"], opened_at=datetime.now(UTC), subjects=["nobody"], rows=row
        )  # a sweep without anybody to look for embeds nothing; this row is of nobody
        self._permit = EmbeddingPermit("measure", "transient", "all")
        self._whole: Photo | None = None  # the photo, if it was looked at with all its pixels, and what was found then
        self._found: list[Face] = []
        self._embedded: Face | None = None  # the face `vector` is of, if it was cut from that
        self.vector: NDArray[np.float32] = self._filler
        self.quality: tuple[float, float, float, float] = (np.nan,) * 4

    def look(self, path: Path) -> tuple[str, int]:
        """What a sweep sees: the photo's digest and how many faces; of a single one the vector and the quality."""
        self._whole, self._embedded = None, None
        look = analyse_photo(
            path, self._limits, self, self._permit, self._gallery, self._threshold, detail_side=self._detail_side
        )
        return look.digest, len(look.faces)

    def enrol(self, path: Path, out: NDArray[np.float32]) -> str | None:
        """What an enrolment with this one photo makes of it, into out; or why it is refused, in a few words."""
        photo = self._whole or open_photo(path, self._limits)  # an enrolment reads large photos at full size too
        watched = _Portraits(self)
        try:
            out[...] = read_portraits([photo], watched, same_person=self._same_person)[0]
        except EnrolmentRefused as err:
            return watched.why or err.what
        finally:
            self._whole = None
        return None

    # -- the pack, as a sweep sees it ------------------------------------------------------------------------------

    def detect_faces(self, photo: PhotoPixels, **how: Any) -> list[Face]:
        """As the pack's own."""
        faces = self._pack.detect_faces(photo, **how)
        self._remember(photo, faces)
        return faces

    def detect_with_hints(
        self, photo: PhotoPixels, *, long_side: int | None = None, **scores: Any
    ) -> tuple[list[Face], list[Face]]:
        """As the pack's own."""
        faces, hints = self._pack.detect_with_hints(photo, long_side=long_side, **scores)
        if long_side is None:
            self._remember(photo, faces)
        return faces, hints

    def _remember(self, photo: PhotoPixels, faces: list[Face]) -> None:
        if isinstance(photo, Photo) and photo.scale == 1:
            self._whole, self._found = photo, faces

    def make_templates(self, photo: PhotoPixels, faces: Sequence[Face]) -> list[Template]:
        """Of one face alone; several are answered with a vector of nobody, so that no bystander is embedded."""
        if len(faces) != 1:
            return [Template(self._filler.copy(), self.digest) for _ in faces]
        (template,) = self._pack.make_templates(photo, faces)
        quality = self._pack.measure_quality(photo, faces[0])
        self.vector = template.vector.copy()
        self.quality = (quality.inter_eye_px, quality.sharpness, quality.brightness, abs(quality.turn))
        self._embedded = faces[0] if photo is self._whole else None
        return [template]

    # -- the pack, as an enrolment sees it -------------------------------------------------------------------------

    def portrait_faces(self, photo: PhotoPixels) -> list[Face]:
        """The same faces, where they were found in these very pixels."""
        return self._found if photo is self._whole else self._pack.detect_faces(photo)

    def portrait_template(self, photo: PhotoPixels, face: Face) -> Template:
        """The same vector, where it is of this very face."""
        if photo is self._whole and face is self._embedded:
            return Template(self.vector, self.digest)
        return self._pack.make_templates(photo, [face])[0]

    def portrait_problems(self, photo: PhotoPixels, face: Face) -> list[str]:
        """As the pack's own."""
        return self._pack.quality_problems(photo, face)


class _Portraits(WrappedPack):
    """The pack as an enrolment sees it; remembers in a few words why a photo is refused."""

    def __init__(self, eye: _Eye) -> None:
        super().__init__(eye)
        self._eye, self.why = eye, ""

    def detect_faces(self, photo: PhotoPixels, **how: Any) -> list[Face]:
        """All faces."""
        faces = self._eye.portrait_faces(photo)
        if len(faces) != 1:
            self.why = "More than one face" if faces else "No face was found"
        return faces

    def make_template(self, photo: PhotoPixels, face: Face) -> Template:
        """One unit vector."""
        return self._eye.portrait_template(photo, face)

    def quality_problems(self, photo: PhotoPixels, face: Face) -> list[str]:
        """Sentences; the first one's beginning is the reason that is counted."""
        problems = self._eye.portrait_problems(photo, face)
        if problems:
            self.why = re.split(r"[:.]", problems[0])[0]
        return problems
