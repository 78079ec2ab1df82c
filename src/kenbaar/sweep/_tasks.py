"""Analysing photos, as work that an engine runs: what each worker is given once, and what each photo's task says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from kenbaar.collections import EmbeddingPermit, ItemKind
from kenbaar.errors import PackBroken
from kenbaar.gallery import ConsentedGallery
from kenbaar.matching import Threshold
from kenbaar.media import FileBelow, PhotoLimits, begin_reading
from kenbaar.modelpack import ModelPack, load_pack
from kenbaar.sweep._analyse import Barred, Comparison, KnownFaces, PhotoAnalysis, analyse_photo
from kenbaar.sweep._reanalyse import reanalyse_photo
from kenbaar.sweep._video import VideoAnalysis, analyse_video


@dataclass(frozen=True, slots=True)
class AnalysisTask:
    """One photo or video to analyse. barred: who said of it "not me". gone: who withdrew since the workers started.

    known: its faces, where they were found before in the content that it had then. new: the subjects of the gallery
    that those were not compared with, where they were with all others and at this threshold; empty: not known.
    """

    key: str
    path: FileBelow
    barred: tuple[Barred, ...] = ()
    gone: frozenset[str] = frozenset()
    known: KnownFaces | None = None
    new: frozenset[str] = frozenset()
    kind: ItemKind = "photo"


@dataclass(frozen=True, slots=True)
class OlderPack:
    """A pack that is no longer the one in use, and the people who enrolled with it and have not renewed."""

    folder: Path
    gallery: ConsentedGallery
    threshold: Threshold


@dataclass(frozen=True, slots=True)
class AnalysePhotos:
    """The task type of a sweep: who agreed and is in a photo. The galleries are of people who agreed, nobody else."""

    pack_folder: Path
    limits: PhotoLimits
    permit: EmbeddingPermit
    gallery: ConsentedGallery
    threshold: Threshold
    older: tuple[OlderPack, ...] = ()

    @property
    def verb(self) -> str:
        """As TaskType."""
        return "analysed"

    @property
    def few(self) -> int:
        """None: a photo that crashes a decoder must not end the sweep."""
        return 0

    def open(self) -> Callable[[AnalysisTask], PhotoAnalysis | VideoAnalysis]:
        """As TaskType. Raises PackBroken where a pack is not the one that the galleries are of."""
        begin_reading(self.limits)  # while the pack is opened
        pack = _opened(self.pack_folder, self.gallery)
        older = tuple(Comparison(_opened(o.folder, o.gallery), o.gallery, o.threshold) for o in self.older)
        return _Analyst(self, pack, older)


def _opened(folder: Path, gallery: ConsentedGallery) -> ModelPack:
    pack = load_pack(folder, threads=1)
    if pack.digest != gallery.pack:
        raise PackBroken(
            "The model pack was changed since this sweep began.",
            "See that the pack is the one people enrolled with, then sweep again: what was found so far stays.",
        )
    return pack


class _Analyst:
    """Analyses photos with what was opened; forgets who withdrew meanwhile."""

    def __init__(self, given: AnalysePhotos, pack: ModelPack, older: tuple[Comparison, ...]) -> None:
        self._given, self._pack, self._older = given, pack, older
        self._gallery, self._subjects = given.gallery, frozenset(given.gallery.subjects)
        self._gone: frozenset[str] = frozenset()

    def __call__(self, task: AnalysisTask) -> PhotoAnalysis | VideoAnalysis:
        """One photo, or one video."""
        self._forget(task.gone)
        given, side = self._given, self._pack.manifest.detector.long_side
        if task.kind == "video":
            people = (Comparison(self._pack, self._gallery, given.threshold), *self._older)
            return analyse_video(task.path, self._pack, given.permit, people, task.barred, detail_side=side)
        again = None
        if task.known is not None and task.new and not task.gone and not task.barred and task.new <= self._subjects:
            again = reanalyse_photo(
                task.path,
                given.limits,
                self._pack,
                self._gallery,
                given.threshold,
                task.known,
                task.new,
                detail_side=side,
            )
        return again or analyse_photo(
            task.path,
            given.limits,
            self._pack,
            given.permit,
            self._gallery,
            given.threshold,
            task.barred,
            detail_side=side,
            known=task.known,
            older=self._older,
        )

    def _forget(self, gone: frozenset[str]) -> None:
        """Nobody of these is compared any more."""
        if newly := gone - self._gone:
            self._gone |= newly
            self._gallery = self._gallery.without(newly)
            self._older = tuple(replace(c, gallery=c.gallery.without(newly)) for c in self._older)
