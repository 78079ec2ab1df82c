"""`kenbaar bench leaks`: how many faces stay visible in copies."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from kenbaar.cli._app import Out, common
from kenbaar.cli._bench_ground import PACK, WORKERS, machine, scratch

if TYPE_CHECKING:
    from kenbaar.archive import Archive
    from kenbaar.engines import Engine
    from kenbaar.measure import Head, Pixels

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("leaks")
@click.option("--faces", default=40, show_default=True, type=click.IntRange(1), help="How many in each row.")
@click.option("--portraits", type=FOLDER, help="A folder of photos of one face each (default: portraits of the demo).")
@click.option("--backgrounds", type=FOLDER, help="A folder of photos without people (default: a photo of the demo).")
@click.option("--seed", default=20261127, show_default=True, help="Another number gives other pictures.")
@click.option("--only", multiple=True, metavar="WORDS", help="Rows with these words in their names alone.")
@WORKERS
@PACK
@common
def bench_leaks_command(
    out: Out,
    faces: int,
    portraits: Path | None,
    backgrounds: Path | None,
    seed: int,
    only: tuple[str, ...],
    workers: int | None,
    pack_name: str | None,
) -> None:
    """How many faces stay visible in published copies, on composed pictures in which faces are easily overlooked."""
    from kenbaar.engines import LocalEngine
    from kenbaar.measure import CONDITIONS, bench_leaks
    from kenbaar.publish import MASK_COLOUR

    chosen = [c for c in CONDITIONS if not only or any(words in c.name for words in only)]
    if not chosen:
        raise click.UsageError("No row has these words in its name: " + "; ".join(c.name for c in CONDITIONS) + ".")
    with scratch(out, pack_name) as (archive, folder):
        behind, heads = sources(out, archive, portraits, backgrounds)
        bar, begin = out.bar("publish"), time.monotonic()
        rows = bench_leaks(
            chosen,
            heads,
            behind,
            _Publishing(archive, folder / "leaks", LocalEngine(workers or len(os.sched_getaffinity(0)))),
            colour=MASK_COLOUR,
            faces=faces,
            seed=seed,
            say=lambda done, n: bar(done, n, time.monotonic() - begin),
        )
    out.say(machine())
    out.say(f"{len(heads)} portraits; visible: less than three quarters of a face's own pixels are covered")
    out.say(f"  {'':34} faces  visible  at most    held  false masks a photo")
    for row in rows:
        out.say(
            f"  {row.condition:34} {row.faces:5} {row.visible / row.faces:8.1%} {row.upper:8.1%}"
            f" {row.held:3} of {row.photos:<4} {row.false_masks / row.photos:.2f}"
        )
    out.answer(
        {
            "rows": [
                {
                    "condition": row.condition,
                    "faces": row.faces,
                    "visible": row.visible,
                    "upper": round(row.upper, 4),
                    "photos": row.photos,
                    "held": row.held,
                    "false_masks": row.false_masks,
                }
                for row in rows
            ]
        }
    )


def sources(
    out: Out, archive: Archive, portraits: Path | None, backgrounds: Path | None
) -> tuple[list[Pixels], list[Head]]:
    """Pictures without people, and the heads to put into them."""
    from kenbaar.cli._packs import byte_bar
    from kenbaar.measure import cut_head
    from kenbaar.media import open_photo
    from kenbaar.packmaking import fetch_demo_photos

    demo = fetch_demo_photos(out.settings().cache, say=byte_bar(out)) if not (portraits and backgrounds) else Path()
    names = ("astronaut.png", "biden.jpg", "obama.jpg", "obama2.jpg", "obama3.jpg")
    people = _photos(portraits) if portraits else [demo / name for name in names]
    behind = _photos(backgrounds) if backgrounds else [demo / "coffee.png"]
    heads = []
    for path in people:
        photo = open_photo(path, archive.limits)
        faces = archive.pack.detect_faces(photo)
        if len(faces) == 1:
            heads.append(cut_head(photo.pixels, faces[0].box, np.asarray(faces[0].landmarks.points)))
        else:
            out.note(f"{path.name}: {len(faces)} faces are found in it; it is left out.")
    if not heads or not behind:
        raise click.UsageError("There is no portrait of one face, or no background.")
    return [open_photo(path, archive.limits).pixels for path in behind], heads


def _photos(folder: Path) -> list[Path]:
    from kenbaar.media import PhotoFile, decode_name, walk_photos

    return [
        folder / decode_name(f.relative) for f in walk_photos(folder, follow_links=False) if isinstance(f, PhotoFile)
    ]


class _Publishing:
    """Writes pictures, makes their copies as a publication does, and reads those."""

    def __init__(self, archive: Archive, folder: Path, engine: Engine) -> None:
        self._archive, self._folder, self._engine = archive, folder, engine
        folder.mkdir()

    def __call__(self, pictures: Sequence[Pixels]) -> list[Pixels | None]:
        from kenbaar.engines import Failure, never
        from kenbaar.media import FileBelow, digest_bytes, encode_photo, open_photo_bytes
        from kenbaar.publish import CopyTask, MadeCopy, MakeCopies

        archive = self._archive
        tasks = []
        for n, pixels in enumerate(pictures):
            data = encode_photo(pixels, "JPEG")
            name = f"{n}.jpg"
            (self._folder / name).write_bytes(data)
            tasks.append(CopyTask(n, FileBelow(self._folder, name), digest_bytes(data), (), (), False))
        copies: list[Pixels | None] = [None] * len(pictures)

        def made(task: CopyTask, result: MadeCopy | Failure) -> None:
            if isinstance(result, MadeCopy) and result.check.clean:
                copies[task.key] = open_photo_bytes(result.data).pixels

        work = MakeCopies(archive.limits, archive.packs.folder, archive.pack.digest, archive.pack)
        self._engine.map(work, iter(tasks), made, never)
        return copies
