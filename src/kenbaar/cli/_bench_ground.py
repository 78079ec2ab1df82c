"""What every benchmark stands on: a passing archive, made-up people, composed photos, the machine's name."""

from __future__ import annotations

import os
import platform
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kenbaar.cli._app import Out, operator

if TYPE_CHECKING:
    from kenbaar.archive import Archive
    from kenbaar.sweep import SweepProgress

_MOST_PHOTOS = 20_000  # 8 GB of them
WORKERS = click.option("--workers", type=click.IntRange(1, 256), help="Worker processes (default: one for each core).")
PHOTOS = click.option(
    "--photos", default="120", show_default=True, help="How many composed photos, or a folder of yours."
)
PACK = click.option(
    "--pack", "pack_name", default=None, help="A pack's name or folder (default: the one in the settings)."
)


def enrol_made_up(archive: Archive, people: int, first: int = 0) -> list[str]:
    """Enrols so many made-up people with random vectors, as everybody is enrolled: by invitation and answer.

    first: their numbers begin with this one. Returns their ids.
    """
    import numpy as np

    from kenbaar.consent import Purpose

    rng, find = np.random.default_rng(20261121 + first), [Purpose.parse("find")]
    ids = []
    with archive.journal.writing():
        for n in range(first, first + people):
            vector = rng.normal(size=(1, archive.pack.dim)).astype(np.float32)
            vector /= np.linalg.norm(vector, axis=1, keepdims=True)
            invited = archive.consents.invite(operator(), f"made up {n}", find)
            archive.consents.enrol(operator(), invited.token, vector, archive.pack.digest, agreed=find)
            ids.append(invited.subject)
    return ids


@contextmanager
def scratch(out: Out, pack_name: str | None) -> Iterator[tuple[Archive, Path]]:
    """A passing archive with the pack of the settings, gone at the end."""
    from kenbaar.archive import create_archive

    settings = out.settings()
    with tempfile.TemporaryDirectory(prefix="kenbaar-bench-") as folder:
        place = Path(folder)
        passing = replace(
            settings, home=place / "home", pack=pack_name or settings.pack, archive_url="", templates_url=""
        )
        archive = create_archive(operator(), passing, "bench", "us")
        try:
            yield archive, place
        finally:
            archive.close()


def composed(out: Out, photos: str, folder: Path) -> tuple[Path, list[Path]]:
    """The folder to sweep and its photos: composed here, or the user's own. At least one."""
    from kenbaar.measure import compose_photos
    from kenbaar.media import PhotoFile, decode_name, walk_photos
    from kenbaar.packmaking import fetch_demo_photos

    if photos.isdecimal():
        count = int(photos)
        if not 1 <= count <= _MOST_PHOTOS:
            raise click.UsageError(f"{photos} photos cannot be composed: give 1 to {_MOST_PHOTOS:,}, or a folder.")
        from kenbaar.cli._packs import byte_bar

        demo = fetch_demo_photos(out.settings().cache, say=byte_bar(out))
        portraits = [demo / n for n in ("astronaut.png", "biden.jpg", "obama.jpg", "obama2.jpg")]
        source = folder / "photos"
        compose_photos(portraits, demo / "coffee.png", source, count)
    else:
        source = Path(photos).expanduser().absolute()
        if not source.is_dir():
            raise click.UsageError(f"{photos!r} is neither a number nor a folder.")
    found = [
        source / decode_name(f.relative) for f in walk_photos(source, follow_links=True) if isinstance(f, PhotoFile)
    ]
    if not found:
        raise click.UsageError(f"There is no photo in {photos!r}.")
    return source, found


def machine() -> str:
    return f"{platform.machine()}, {len(os.sched_getaffinity(0))} core(s), Python {platform.python_version()}"


class Sweeper:
    """Sweeps `source` as a collection of its own, each time it is called; and the last of them again."""

    def __init__(self, archive: Archive, source: Path) -> None:
        self.archive, self.source, self.name = archive, source, ""

    def __call__(self, workers: int, say: Callable[[SweepProgress], None]) -> Any:
        self.name = f"bench-{secrets.token_hex(4)}"
        self.archive.collections.add(operator(), self.name, self.source, mode="transient", reason="bench")
        return self._sweep(workers, say)

    def again(self, workers: int, say: Callable[[SweepProgress], None]) -> Any:
        """After one more made-up person enrolled."""
        enrol_made_up(self.archive, 1, first=secrets.randbelow(10**6) + 10**6)
        return self._sweep(workers, say)

    def _sweep(self, workers: int, say: Callable[[SweepProgress], None]) -> Any:
        from kenbaar.consent import Sessions
        from kenbaar.engines import LocalEngine

        archive = self.archive
        return archive.sweeps.sweep(
            operator(),
            self.name,
            archive.packs.in_use(),
            sessions=Sessions(),
            engine=LocalEngine(workers),
            limits=archive.limits,
            say=say,
        )
