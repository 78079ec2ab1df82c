"""A club with an archive: people with drawn faces (tests/modelpack/tiny_pack.py), and photos of them."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from kenbaar.archive import Archive, open_archive
from kenbaar.engines import InProcessEngine
from kenbaar.settings import Settings
from kenbaar.sweep import SweepReport
from tests.actors import OFFICER
from tests.e2e.driver import Kenbaar
from tests.modelpack.tiny_pack import blank_photo, draw_face

FACES = {"Ada": 3, "Bob": 4, "Cas": 5, "Dov": 6, "Eva": 7, "Stranger": 40, "Passer-by": 41}
SIDE = 96  # px, of a drawn face
STEP = 180  # px, from one face to the next


@dataclass
class Club:
    """An archive driven by commands. ids: its subjects by name; codes: the recovery codes of those who have one."""

    kenbaar: Kenbaar
    folder: Path
    ids: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)

    @property
    def photos(self) -> Path:
        return self.folder / "photos"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def home(self) -> Path:
        return self.kenbaar.home

    def invite(self, name: str, *purposes: str, options: tuple[object, ...] = ()) -> str:
        """The token."""
        wanted = [word for p in purposes for word in ("--purpose", p)]
        invited = self.kenbaar("invite", name, *wanted, *options)
        self.ids[name] = invited["subject"]
        return str(invited["token"])

    def portrait(self, name: str) -> Path:
        file = self.folder / f"portrait-{name}.png"
        if not file.exists():
            pixels = blank_photo(480, 400, FACES[name])
            draw_face(pixels, 120, 100, FACES[name], 192)
            Image.fromarray(pixels).save(file)
        return file

    def enrol(self, name: str, *purposes: str, options: tuple[object, ...] = ()) -> dict[str, Any]:
        """Invites and enrols somebody with a portrait."""
        enrolled = self.kenbaar("enrol", self.invite(name, *purposes, options=options), self.portrait(name))
        if "code" in enrolled:
            self.codes[name] = enrolled["code"]
        return enrolled

    def photo(self, path: str, *names: str) -> Path:
        """A photo with these people in a row: box n is the n-th of them."""
        file = self.photos / path
        file.parent.mkdir(parents=True, exist_ok=True)
        draw_people(file, *names)
        return file

    def collect(self, mode: str = "transient", name: str = "party", **options: str) -> None:
        """Adds the photos as a collection."""
        words = [w for key, value in options.items() for w in (f"--{key}", value)]
        reason = ["--reason", "a test"] if mode == "transient" and "reason" not in options else []
        self.photos.mkdir(exist_ok=True)
        self.kenbaar("collection", "add", name, self.photos, "--mode", mode, *reason, *words)

    def sweep(self, *options: object, name: str = "party") -> dict[str, Any]:
        """What a sweep answers; it ends with 5 where something could not be read, and with 0 elsewhere."""
        answer = self.kenbaar.answer("sweep", name, "--workers", 1, *options)
        assert answer.code == (5 if answer.data.get("unreadable") else 0), answer.words
        return answer.data

    def publish(self, *options: object, code: int = 0, channel: str = "web") -> dict[str, Any]:
        return self.kenbaar("publish", "party", self.out, "--channel", channel, *options, code=code)

    def found(self, name: str) -> list[str]:
        """The photos somebody is found in, by `kenbaar find`."""
        code = ("--code", self.codes[name]) if name in self.codes else ()
        found = self.kenbaar("find", self.ids[name], *code)["appearances"]
        return [a["path"].partition("/photos/")[2] for a in found]

    def items(self) -> dict[str, dict[str, Any]]:
        """What is known of each photo, by path."""
        return {i["path"]: i for i in self.kenbaar("collection", "show", "party")["items"]}

    def sees(self, path: str, n: int) -> bool:
        """Whether the n-th person can be seen in the published copy of that photo."""
        return face_visible(self.out / path, n)

    def restored_from(self, backup: Path, *names: str) -> None:
        """Puts these files and folders of home back as they were in a backup."""
        for name in names:
            for suffix in ("", "-wal", "-shm"):
                target = self.home / f"{name}{suffix}"
                shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
            source = backup / name
            if source.is_dir():
                shutil.copytree(source, self.home / name)
            elif source.exists():
                shutil.copy2(source, self.home / name)

    def backup(self) -> Path:
        """A copy of the whole home folder, as of now."""
        where = self.folder / f"backup-{len(list(self.folder.glob('backup-*')))}"
        shutil.copytree(self.home, where)
        return where

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home, cache=self.kenbaar.cache, pack=str(self.kenbaar.pack))

    @contextmanager
    def open(self, after: timedelta = timedelta(), *, confirm: bool = True) -> Iterator[Archive]:
        """The archive itself, with a clock that is so much ahead (or behind), and confirmed where it is in doubt."""
        with open_archive(self.settings, lambda: datetime.now(UTC) + after) as archive:
            if confirm:
                archive.confirm_clock(OFFICER)
            yield archive

    def copied_to(self, folder: Path, *, in_a_process: bool = False) -> Club:
        """The same club in another place: tests start with one that was made once."""
        shutil.copytree(self.home, folder / "home")
        kenbaar = Kenbaar(folder / "home", self.kenbaar.pack, self.kenbaar.cache, in_a_process)
        return replace(self, kenbaar=kenbaar, folder=folder, ids=dict(self.ids), codes=dict(self.codes))

    def swept_copied_to(self, folder: Path) -> Club:
        """The same with its photos and its other folders, which were swept: nothing changed, says the next sweep."""
        club = self.copied_to(folder)
        for each in self.folder.iterdir():
            if each.is_dir() and each != self.home:
                shutil.copytree(each, folder / each.name)
        with sqlite3.connect(club.home / "archive.db") as db:
            db.execute("UPDATE collections SET source = ?", (str(club.photos),))
        db.close()
        return club


def new_club(folder: Path, pack: Path, jurisdiction: str = "us") -> Club:
    """An archive with nobody in it."""
    folder.mkdir(parents=True, exist_ok=True)
    club = Club(Kenbaar(folder / "home", pack, folder / "cache"), folder)
    club.kenbaar("init", "--organisation", "The Choir", "--jurisdiction", jurisdiction)
    return club


def draw_people(file: Path, *names: str) -> None:
    """A photo of these people, written at once."""
    pixels = blank_photo(max(320, 60 + STEP * len(names)), 320, seed=len(file.name))
    for place, name in enumerate(names):
        draw_face(pixels, 40 + STEP * place, 96, FACES[name], SIDE)
    options: dict[str, Any] = {} if file.suffix == ".png" else {"quality": 95}
    Image.fromarray(pixels).save(file, **options)


def face_visible(file: Path, n: int) -> bool:
    """Whether the n-th face of such a photo shows: its magenta frame does, and the mask is grey."""
    with Image.open(file) as picture:
        box = (40 + STEP * n, 96, 40 + STEP * n + SIDE, 96 + SIDE)
        red, green, _blue = picture.convert("RGB").crop(box).resize((12, 12)).getpixel((0, 6))  # type: ignore[misc]
    return bool(red - green > 100)


def sweep_with(archive: Archive, name: str = "party") -> SweepReport:
    """A sweep through the archive itself."""
    from kenbaar.consent import Sessions

    return archive.sweeps.sweep(
        OFFICER,
        name,
        archive.packs.in_use(),
        sessions=Sessions(),
        engine=InProcessEngine(),
        limits=archive.limits,
        say=lambda _: None,
    )
