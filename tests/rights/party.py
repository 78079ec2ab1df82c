"""A small archive with pictures: Ada and Bob enrolled, strangers beside them. Drawn faces, a real (tiny) pack."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kenbaar.archive import Archive, create_archive, open_archive
from kenbaar.consent import Enrolled, Holder, Purpose, Sessions
from kenbaar.engines import InProcessEngine
from kenbaar.settings import Settings
from kenbaar.sweep import SweepReport
from tests.actors import OFFICER
from tests.cheap import engine_of
from tests.modelpack.tiny_pack import blank_photo, draw_face

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SIDE = 96  # px, of a drawn face


@dataclass
class Clock:
    """A clock that tests turn."""

    at: datetime = START

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


@dataclass
class Party:
    """An archive, its folders, and who is who: identities of drawn faces by name."""

    archive: Archive
    folder: Path
    photos: Path
    clock: Clock
    settings: Settings
    people: dict[str, Enrolled] = field(default_factory=dict)

    def enrol(
        self,
        name: str,
        identity: int,
        purposes: Sequence[str] = ("find",),
        holder: Holder = "organisation",
        by_hand: bool = False,
    ) -> Enrolled:
        invited = self.archive.consents.invite(OFFICER, name, [Purpose.parse(p) for p in purposes], holder=holder)
        portraits = []
        for seed in range(0 if by_hand else 2):
            pixels = blank_photo(480, 400, seed)
            draw_face(pixels, 120 + 10 * seed, 100, identity, 192)
            portraits.append(save(pixels, self.folder / f"portrait-{seed}.png"))
        self.people[name] = self.archive.enrolments.enrol(OFFICER, invited.token, portraits, purposes)
        return self.people[name]

    def photo(
        self, name: str, *identities: int, size: tuple[int, int] = (960, 640), exif: Image.Exif | None = None
    ) -> Path:
        """A photo with these faces in a row, from (60, 200) on, 220 px apart."""
        pixels = blank_photo(*size, seed=len(name))
        for place, identity in enumerate(identities):
            draw_face(pixels, 60 + 220 * place, 200, identity, SIDE)
        return save(pixels, self.photos / name, exif)

    def add(self, name: str = "party", mode: str = "transient", source: Path | None = None) -> None:
        reason = "a test" if mode == "transient" else None
        self.archive.collections.add(OFFICER, name, source or self.photos, mode=mode, reason=reason)  # type: ignore[arg-type]

    def sweep(self, name: str = "party", sessions: Sessions | None = None) -> SweepReport:
        return self.archive.sweeps.sweep(
            OFFICER,
            name,
            self.archive.packs.in_use(),
            sessions=sessions or Sessions(),
            engine=InProcessEngine(),
            limits=self.archive.limits,
            say=lambda _: None,
        )

    def sessions(self, *names: str) -> Sessions:
        return self.archive.consents.sessions([code for n in names if (code := self.people[n].code)])


def save(pixels: NDArray[np.uint8], path: Path, exif: Image.Exif | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {"compress_level": 1} if path.suffix == ".png" else {"quality": 95, "format": "JPEG"}
    if exif:
        options["exif"] = exif
    Image.fromarray(pixels).save(path, **options)
    return path


@contextmanager
def a_party(folder: Path, pack: Path, jurisdiction: str = "other") -> Iterator[Party]:
    settings = Settings(home=folder / "home", cache=folder / "cache", pack=str(pack))
    clock = Clock()
    create_archive(OFFICER, settings, "The Choir", jurisdiction, clock).close()
    with open_archive(settings, clock, engine_of) as archive:
        (folder / "photos").mkdir()
        yield Party(archive, folder, folder / "photos", clock, settings)


@contextmanager
def a_copy(made: Party, folder: Path) -> Iterator[Party]:
    """The same party in a place of its own: what many tests begin with is made once. made: no longer open."""
    for name in ("home", "photos"):
        shutil.copytree(made.folder / name, folder / name)  # with their times: nothing changed, says the next sweep
    for portrait in made.folder.glob("portrait-*"):
        shutil.copy2(portrait, folder)
    with sqlite3.connect(folder / "home" / "archive.db") as db:
        db.execute("UPDATE collections SET source = ?", (str(folder / "photos"),))
    db.close()
    settings, clock = replace(made.settings, home=folder / "home", cache=folder / "cache"), Clock(made.clock.at)
    with open_archive(settings, clock, engine_of) as archive:
        yield Party(archive, folder, folder / "photos", clock, settings, dict(made.people))
