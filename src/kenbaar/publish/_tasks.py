"""Making copies, as work that an engine runs.

Who is revealed, what is recorded and which file gets its name is decided in the process that publishes. A worker gets a
path and boxes, and answers with the bytes of a copy and what its check found.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kenbaar.errors import PackBroken
from kenbaar.faces import Box
from kenbaar.media import FileBelow, PhotoLimits, begin_reading
from kenbaar.modelpack import ModelPack, load_pack
from kenbaar.publish._make import MadeCopy, make_copy
from kenbaar.publish._video import KnownTrack, Sound, make_video_copy

WORTH_PROCESSES = 8
"""So many copies are made before a second process would have started: importing and opening the pack take a second."""


@dataclass(frozen=True, slots=True)
class CopyTask:
    """One copy to make (make_copy's arguments). key: what the caller knows it by; it names nobody.

    tracks: of a video, what a sweep found in it; None: it is a photo.
    """

    key: int
    source: FileBelow
    digest: str
    known: tuple[Box, ...]
    reveals: tuple[Box, ...]
    mask_doubtful: bool
    tracks: tuple[KnownTrack, ...] | None = None


@dataclass(frozen=True)
class MakeCopies:
    """The task type of a publication: one masked and checked copy. pack: opened already, for the calling process."""

    limits: PhotoLimits
    folder: Path
    digest: str
    pack: ModelPack | None = None
    out: Path = Path()
    sound: Sound = "mute"

    @property
    def verb(self) -> str:
        """As TaskType."""
        return "copied"

    @property
    def few(self) -> int:
        """As TaskType."""
        return WORTH_PROCESSES

    def open(self) -> Callable[[CopyTask], MadeCopy]:
        """As TaskType. Raises PackBroken where another pack lies in the folder by now."""
        begin_reading(self.limits)  # while the pack is opened
        pack = self.pack
        if pack is None:
            pack = self._loaded(1)
        finder = pack

        def make(task: CopyTask) -> MadeCopy:
            if task.tracks is not None:
                return make_video_copy(
                    task.source, task.digest, self.out, self._for_videos(), known=task.tracks, sound=self.sound
                )
            return make_copy(
                task.source,
                task.digest,
                self.limits,
                finder,
                known=task.known,
                reveals=task.reveals,
                mask_doubtful=task.mask_doubtful,
            )

        return make

    def _for_videos(self) -> ModelPack:
        """The same pack with a thread more: a video is one task, and its decoder waits most of the time."""
        return self._loaded(min(2, os.cpu_count() or 1))

    def _loaded(self, threads: int) -> ModelPack:
        pack = load_pack(self.folder, threads=threads)
        if pack.digest != self.digest:
            raise PackBroken("The pack was replaced since this publication began.", "Publish again.")
        return pack

    def __reduce__(self) -> tuple[Any, ...]:
        """What travels is where the pack lies, and which it is."""
        return MakeCopies, (self.limits, self.folder, self.digest, None, self.out, self.sound)
