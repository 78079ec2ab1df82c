"""`kenbaar bench sweep` and `bench detect`: how fast photos are analysed, and which faces are found."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kenbaar.cli._app import Out, common
from kenbaar.cli._bench_ground import PACK, PHOTOS, WORKERS, Sweeper, composed, enrol_made_up, machine, scratch

if TYPE_CHECKING:
    from kenbaar.archive import Archive
    from kenbaar.faces import Box
    from kenbaar.gallery import ConsentedGallery
    from kenbaar.measure import Composed
    from kenbaar.modelpack import ModelPack


@click.command("sweep")
@PHOTOS
@click.option(
    "--people", default=200, show_default=True, type=click.IntRange(0), help="How many made-up people are enrolled."
)
@WORKERS
@PACK
@common
def bench_sweep_command(out: Out, photos: str, people: int, workers: int | None, pack_name: str | None) -> None:
    """A sweep of 1080p photos with three faces each, against the bare inference of its models."""
    from kenbaar.measure import bench_sweep, machine_speedup

    with scratch(out, pack_name) as (archive, folder):
        source, found = composed(out, photos, folder)
        enrol_made_up(archive, people)
        sweeper, one = Sweeper(archive, source), found[0]
        result = bench_sweep(
            sweeper,
            sweeper.again,
            _steps(archive, one),
            whole="look",
            bare=("detector alone", "embedder alone"),
            workers=workers or len(os.sched_getaffinity(0)),
            photos=len(found),
            cores=lambda n: machine_speedup(archive.packs.folder, one, n),
        )
    out.say(machine())
    for name, ms in result.stages.items():
        out.say(f"  {name:16} {ms:8.2f} ms")
    out.say(f"one worker: {result.floor_ratio:.2f} times its networks' bare inference")
    out.say(
        f"{result.workers} worker(s): {result.photos_per_s:.1f} photos/s"
        + (f", {result.speedup:.2f} times one" if result.speedup else "")
        + (f" (bare inference on as many cores: {result.machine_speedup:.2f})" if result.machine_speedup else "")
    )
    if result.resweep_ratio:
        out.say(f"after one more enrolment: {result.resweep_ratio:.0%} of the first sweep's time")
    out.say(f"largest process {result.peak_mb:.0f} MB, {result.photos} photos")
    out.answer(
        {
            "photos_per_s": round(result.photos_per_s, 2),
            "workers": result.workers,
            "floor_ratio": round(result.floor_ratio, 3),
            "stages": {k: round(v, 3) for k, v in result.stages.items()},
            "peak_mb": round(result.peak_mb, 1),
            "photos": result.photos,
            "speedup": round(result.speedup, 3) if result.speedup else None,
            "machine_speedup": round(result.machine_speedup, 3) if result.machine_speedup else None,
            "resweep_ratio": round(result.resweep_ratio, 3) if result.resweep_ratio else None,
        }
    )


def _opened(archive: Archive, pack: ModelPack, only: Collection[str] | None) -> ConsentedGallery:
    """The made-up people of a scratch archive, under an act as every comparison is."""
    from kenbaar.consent import Sessions
    from kenbaar.policy import SYSTEM, Event

    gallery = archive.consents.open_gallery(("find",), pack.digest, Sessions(), only=only, dim=pack.dim)
    gallery.recorded(archive.journal.record(Event.SWEEP, SYSTEM, collection="bench", mode="transient"))
    return gallery


def _steps(archive: Archive, photo: Path) -> dict[str, Callable[[], object]]:
    """Every stage of an analysis of one photo, by itself, in one thread; and the two networks bare."""
    import cv2

    from kenbaar.collections import EmbeddingPermit
    from kenbaar.matching import match_faces
    from kenbaar.media import open_photo
    from kenbaar.modelpack import load_pack
    from kenbaar.sweep import analyse_photo

    cv2.setNumThreads(1)
    pack = load_pack(archive.packs.folder, threads=1)
    side = pack.manifest.detector.long_side
    opened = open_photo(photo, archive.limits, detail_side=side)
    faces = pack.detect_faces(opened)
    probes = pack.make_templates(opened, faces)
    gallery = _opened(archive, pack, only=None)
    permit, threshold = EmbeddingPermit("bench", "transient", "all"), archive.threshold
    detector, embedder = pack.networks_alone(opened, len(faces))
    return {
        "decode": lambda: open_photo(photo, archive.limits, detail_side=side),
        "find faces": lambda: pack.detect_faces(opened),
        "detector alone": detector,
        "make templates": lambda: pack.make_templates(opened, faces),
        "embedder alone": embedder,
        "match": lambda: match_faces(probes, gallery, threshold),
        "look": lambda: analyse_photo(photo, archive.limits, pack, permit, gallery, threshold, detail_side=side),
    }


@click.command("detect")
@click.option(
    "--photos",
    default=48,
    show_default=True,
    type=click.IntRange(1),
    help="How many pictures to compose; 24 are a set.",
)
@PACK
@common
def bench_detect_command(out: Out, photos: int, pack_name: str | None) -> None:
    """How many faces of which size are found, on composed groups of 2 to 30 people in 2 to 24 megapixels."""
    from kenbaar.measure import bench_detect

    with scratch(out, pack_name) as (archive, folder):
        pictures, one_pass, sweep = _detecting(out, archive, folder, photos)
        bar, begin = out.bar("look"), time.monotonic()
        result = bench_detect(pictures, one_pass, sweep, lambda done, n: bar(done, n, time.monotonic() - begin))
    out.say(machine())
    out.say("  face, px     faces   one pass   a sweep")
    for s in result.sizes:
        size = f"{s.from_px}-{s.to_px - 1}" if s is not result.sizes[-1] else f"{s.from_px} and more"
        share = (f"{n / s.faces:.0%}" if s.faces else "-" for n in (s.one_look, s.sweep))
        out.say(f"  {size:12} {s.faces:5} " + " ".join(f"{x:>10}" for x in share))
    out.say(f"false finds: {result.false_one_look} in one pass, {result.false_sweep} in a sweep")
    for kind, (one, both) in result.ms.items():
        out.say(
            f"  {kind:12} {one:7.0f} ms a photo in one pass, {both:.0f} ms as a sweep does it ({both / one:.2f} times)"
        )
    out.say(f"{result.photos} composed photos, {result.faces} faces: five portraits, so no rate of the world's faces")
    out.answer(
        {
            "photos": result.photos,
            "faces": result.faces,
            "sizes": [asdict(s) for s in result.sizes],
            "false_one_look": result.false_one_look,
            "false_sweep": result.false_sweep,
            "ms": {k: {"one_look": round(a, 2), "sweep": round(b, 2)} for k, (a, b) in result.ms.items()},
        }
    )


def _detecting(
    out: Out, archive: Archive, folder: Path, count: int
) -> tuple[list[Composed], Callable[[Path], list[Box]], Callable[[Path], list[Box]]]:
    """Composed pictures; the boxes one pass of the pack finds in a file; those a sweep finds."""
    import cv2

    from kenbaar.cli._packs import byte_bar
    from kenbaar.collections import EmbeddingPermit
    from kenbaar.measure import compose_crowds
    from kenbaar.media import open_photo
    from kenbaar.modelpack import load_pack
    from kenbaar.packmaking import fetch_demo_photos
    from kenbaar.sweep import analyse_photo

    cv2.setNumThreads(1)
    demo = fetch_demo_photos(out.settings().cache, say=byte_bar(out))
    pack, limits = load_pack(archive.packs.folder, threads=1), archive.limits
    side = pack.manifest.detector.long_side
    portraits = []
    for name in ("astronaut.png", "biden.jpg", "obama.jpg", "obama2.jpg", "obama3.jpg"):
        faces = pack.detect_faces(open_photo(demo / name, limits))
        portraits.append((demo / name, max((f.box for f in faces), key=lambda b: b.area)))
    pictures = compose_crowds(portraits, [demo / "coffee.png"], folder / "crowds", count)
    nobody = _opened(archive, pack, only=())
    permit, threshold = EmbeddingPermit("bench", "off", "none"), archive.threshold

    def one_pass(path: Path) -> list[Box]:
        return [face.box for face in pack.detect_faces(open_photo(path, limits, detail_side=side))]

    def sweep(path: Path) -> list[Box]:
        return list(analyse_photo(path, limits, pack, permit, nobody, threshold, detail_side=side).faces)

    return pictures, one_pass, sweep
