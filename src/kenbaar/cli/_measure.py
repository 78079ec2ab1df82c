"""`kenbaar bench`: measures this machine, in a scratch folder, and prints a table of stages."""

from __future__ import annotations

import os
import platform
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kenbaar.cli._app import Out, common

if TYPE_CHECKING:
    from kenbaar.archive import Archive
    from kenbaar.faces import Box
    from kenbaar.measure import Composed, MatchBench
    from kenbaar.sweep import SweepProgress

_WORKERS = click.option("--workers", type=click.IntRange(1, 256), help="Worker processes (default: one for each core).")
_PHOTOS = click.option(
    "--photos", default="120", show_default=True, help="How many composed photos, or a folder of yours."
)
_PACK = click.option(
    "--pack", "pack_name", default=None, help="A pack's name or folder (default: the one in the settings)."
)


@click.group()
def bench() -> None:
    """Measure this machine. Nothing of your archive is touched."""


@bench.command("sweep")
@_PHOTOS
@click.option(
    "--people", default=1000, show_default=True, type=click.IntRange(0), help="How many made-up people are enrolled."
)
@_WORKERS
@_PACK
@common
def bench_sweep_command(out: Out, photos: str, people: int, workers: int | None, pack_name: str | None) -> None:
    """A sweep of 1080p photos with three faces each, against the bare inference of its models."""
    from kenbaar.measure import bench_sweep, machine_speedup

    with _scratch(out, pack_name) as (archive, folder):
        source, count = _photos(out, photos, folder)
        enrol_made_up(archive, people)
        sweeper, one = _Sweeper(archive, source), next(p for p in sorted(source.rglob("*")) if p.is_file())
        result = bench_sweep(
            sweeper,
            sweeper.again,
            _steps(archive, one),
            whole="look",
            bare=("detector alone", "embedder alone"),
            workers=workers or len(os.sched_getaffinity(0)),
            photos=count,
            cores=lambda n: machine_speedup(archive.packs.folder, one, n),
        )
    out.say(_machine())
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


@bench.command("detect")
@click.option(
    "--photos",
    default=48,
    show_default=True,
    type=click.IntRange(1),
    help="How many pictures to compose; 24 are a set.",
)
@_PACK
@common
def bench_detect_command(out: Out, photos: int, pack_name: str | None) -> None:
    """How many faces of which size are found, on composed groups of 2 to 30 people in 2 to 24 megapixels."""
    from kenbaar.measure import bench_detect

    with _scratch(out, pack_name) as (archive, folder):
        pictures, one_look, sweep = _detecting(out, archive, folder, photos)
        bar, begin = out.bar("look"), time.monotonic()
        result = bench_detect(pictures, one_look, sweep, lambda done, n: bar(done, n, time.monotonic() - begin))
    out.say(_machine())
    out.say("  face, px     faces   one look   a sweep")
    for s in result.sizes:
        size = f"{s.from_px}-{s.to_px - 1}" if s is not result.sizes[-1] else f"{s.from_px} and more"
        share = (f"{n / s.faces:.0%}" if s.faces else "-" for n in (s.one_look, s.sweep))
        out.say(f"  {size:12} {s.faces:5} " + " ".join(f"{x:>10}" for x in share))
    out.say(f"false finds: {result.false_one_look} in one look, {result.false_sweep} in a sweep")
    for kind, (one, both) in result.ms.items():
        out.say(
            f"  {kind:12} {one:7.0f} ms a photo in one look, {both:.0f} ms as a sweep looks ({both / one:.2f} times)"
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


@bench.command("match")
@click.option("--people", default=100_000, show_default=True, type=click.IntRange(1), help="Templates in the gallery.")
@click.option("--probes", default=1000, show_default=True, type=click.IntRange(1), help="Faces in one call.")
@click.option("--dim", default=128, show_default=True, type=click.IntRange(2), help="Numbers in a template.")
@click.option("--compact", is_flag=True, help="In whole numbers, at a quarter of the memory; and in float32, in turns.")
@common
def bench_match_command(out: Out, people: int, probes: int, dim: int, compact: bool) -> None:
    """Matching faces against many templates, against the machine's own matrix product."""
    from kenbaar.measure import bench_compact_match, bench_match

    out.say(_machine())
    if not compact:
        floats = bench_match(people, probes, dim)
        _tell_match(out, "", floats)
        out.answer(_match_answer(floats))
        return
    both = bench_compact_match(people, probes, dim)
    _tell_match(out, "float32: ", both.floats)
    _tell_match(out, "compact: ", both.compact)
    out.say("All decisions were the same." if both.identical else "THE DECISIONS DIFFER: this is a bug.")
    out.answer(
        {**_match_answer(both.compact), "float32": _match_answer(both.floats), "identical_decisions": both.identical}
    )


def _tell_match(out: Out, form: str, result: MatchBench) -> None:
    out.say(f"{form}{result.probes} faces against {result.n:,} x {result.dim}: {result.ms_per_probe:.3f} ms a face")
    out.say(
        f"  {result.gemm_share:.0%} of this machine's float32 matrix product; "
        f"one face takes {result.read_ratio:.2f} times reading a float32 matrix of them"
    )
    out.say(
        f"  gallery {result.gallery_mb:.0f} MB in memory, {result.sealed_mb:.0f} MB sealed on disk; "
        f"{result.memory_mb:.0f} MB beside it"
    )


def _match_answer(result: MatchBench) -> dict[str, float]:
    return {
        "n": result.n,
        "dim": result.dim,
        "probes": result.probes,
        "ms_per_probe": round(result.ms_per_probe, 4),
        "read_ratio": round(result.read_ratio, 3),
        "gemm_share": round(result.gemm_share, 3),
        "memory_mb": round(result.memory_mb, 1),
        "gallery_mb": round(result.gallery_mb, 1),
        "sealed_mb": round(result.sealed_mb, 1),
    }


@bench.command("gallery")
@click.option("--people", default=100_000, show_default=True, type=click.IntRange(4), help="Grants to open.")
@common
def bench_gallery_command(out: Out, people: int) -> None:
    """Opening a gallery of many grants (unwrap, open, one matrix), and withdrawing one of them."""
    from kenbaar.consent import Sessions
    from kenbaar.measure import bench_gallery

    with _scratch(out, None) as (archive, _):
        subjects = enrol_made_up(archive, people)
        dim = archive.pack.dim
        result = bench_gallery(
            people,
            lambda: archive.consents.open_gallery(("find",), archive.pack.digest, Sessions(), dim=dim),
            lambda i: archive.leaving.withdraw(subjects[i]),
        )
    out.say(_machine())
    out.say(f"{people:,} grants opened in {result.open_s:.2f} s; one withdrawn in {result.withdraw_s * 1000:.0f} ms")
    out.answer({"n": people, "open_s": round(result.open_s, 3), "withdraw_s": round(result.withdraw_s, 4)})


@bench.command("publish")
@_PHOTOS
@_WORKERS
@_PACK
@common
def bench_publish_command(out: Out, photos: str, workers: int | None, pack_name: str | None) -> None:
    """Publishing photos with everybody masked, against one pass of the detector over the photo's full size."""
    from kenbaar.publish import Workers

    with _scratch(out, pack_name) as (archive, folder):
        source, count = _photos(out, photos, folder)
        cores = workers or len(os.sched_getaffinity(0))
        _Sweeper(archive, source)(cores, lambda _: None)
        name = archive.collections.store.all()[0].name
        begin = time.perf_counter()
        report = archive.publisher.publish(
            name,
            folder / "out",
            "web",
            archive.pack,
            archive.limits,
            say=out.bar("publish"),
            workers=Workers(cores, archive.packs.folder),
        )
        seconds = time.perf_counter() - begin
        stages = _publish_steps(archive, next(p for p in sorted(source.rglob("*")) if p.is_file()))
    full_size = stages["full-size pass"]
    masking = stages["decode"] + stages["find everybody"] + stages["mask and encode"]
    out.say(_machine())
    for step, ms in stages.items():
        out.say(f"  {step:16} {ms:8.2f} ms")
    out.say(f"masking a photo takes {masking / full_size:.2f} times one bare pass of its detector over the full size,")
    out.say(f"masking it and checking the copy {stages['whole'] / full_size:.2f} times (one thread)")
    out.say(f"{count / seconds:.2f} photos/s with {cores} worker(s), their start included")
    out.say(f"{report.masked} faces masked, {len(report.held)} photos held")
    out.answer(
        {
            "photos_per_s": round(count / seconds, 3),
            "s_per_photo": round(seconds / count, 3),
            "workers": cores,
            "photos": count,
            "masked": report.masked,
            "held": len(report.held),
            "masking_ratio": round(masking / full_size, 3),
            "whole_ratio": round(stages["whole"] / full_size, 3),
            "stages": {k: round(v, 3) for k, v in stages.items()},
        }
    )


def enrol_made_up(archive: Archive, people: int, first: int = 0) -> list[str]:
    """Enrols so many made-up people with random templates, a real key, grant and sealed template each; their ids.

    first: their numbers begin with this one.
    """
    import numpy as np

    from kenbaar.consent import Grant, Purpose, SealedTemplate, Subject
    from kenbaar.keys import new_data_key, pack_vectors, seal_template, wrap_data_key

    if not people:
        return []
    now, pack, rng = datetime.now(UTC), archive.pack, np.random.default_rng(20261121 + first)
    vectors = rng.normal(size=(people, pack.dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    find = Purpose.parse("find")
    logs, keys = archive.keys.add_many("log", people, at=now), archive.keys.add_many("purpose", people, at=now)
    subjects, grants, templates = [], [], []
    for i, n in enumerate(range(first, first + people)):
        subject, data_key = f"s-bench{n:07d}", new_data_key()
        subjects.append(
            Subject(
                subject,
                "made up",
                "organisation",
                now,
                enrolled_at=now,
                log_key=logs[i][0],
                salt=secrets.token_bytes(16),
            )
        )
        wrapped = wrap_data_key(keys[i][1], data_key)
        grants.append(Grant(f"g-bench{n:07d}", subject, find, keys[i][0], wrapped, now, now + timedelta(days=365)))
        sealed = seal_template(data_key, pack_vectors(vectors[i : i + 1]), subject=subject, pack=pack.digest, version=1)
        templates.append(SealedTemplate(subject, pack.digest, 1, sealed))
    with archive.writing():
        archive.consents.templates.put_many(templates)
        archive.consents.store.add_enrolled(subjects, grants)
    return [s.id for s in subjects]


@contextmanager
def _scratch(out: Out, pack_name: str | None) -> Iterator[tuple[Archive, Path]]:
    """A passing archive with the pack of the settings, gone at the end."""
    from kenbaar.archive import create_archive

    settings = out.settings()
    with tempfile.TemporaryDirectory(prefix="kenbaar-bench-") as folder:
        place = Path(folder)
        passing = replace(
            settings, home=place / "home", pack=pack_name or settings.pack, archive_url="", templates_url=""
        )
        archive = create_archive(passing, "bench", "us")
        try:
            yield archive, place
        finally:
            archive.close()


def _photos(out: Out, photos: str, folder: Path) -> tuple[Path, int]:
    """The folder to sweep and how many photos it has: composed here, or the user's own."""
    from kenbaar.measure import compose_photos
    from kenbaar.media import PhotoFile, walk_photos
    from kenbaar.modelpack import fetch_demo_photos

    if not photos.isdigit():
        source = Path(photos).expanduser().absolute()
        if not source.is_dir():
            raise click.UsageError(f"{photos!r} is neither a number nor a folder.")
        return source, sum(isinstance(f, PhotoFile) for f in walk_photos(source))
    from kenbaar.cli._packs import byte_bar

    demo = fetch_demo_photos(out.settings().cache, say=byte_bar(out))
    portraits = [demo / n for n in ("astronaut.png", "biden.jpg", "obama.jpg", "obama2.jpg")]
    compose_photos(portraits, demo / "coffee.png", folder / "photos", int(photos))
    return folder / "photos", int(photos)


def _detecting(
    out: Out, archive: Archive, folder: Path, count: int
) -> tuple[list[Composed], Callable[[Path], list[Box]], Callable[[Path], list[Box]]]:
    """Composed pictures; the boxes one look of the pack finds in a file; those a sweep finds."""
    import cv2

    from kenbaar.cli._packs import byte_bar
    from kenbaar.collections import EmbeddingPermit
    from kenbaar.consent import Sessions
    from kenbaar.measure import compose_crowds
    from kenbaar.media import open_photo
    from kenbaar.modelpack import fetch_demo_photos, load_pack
    from kenbaar.sweep import look_at

    cv2.setNumThreads(1)
    demo = fetch_demo_photos(out.settings().cache, say=byte_bar(out))
    pack, limits = load_pack(archive.packs.folder, threads=1), archive.limits
    side = pack.manifest.detector.long_side
    portraits = []
    for name in ("astronaut.png", "biden.jpg", "obama.jpg", "obama2.jpg", "obama3.jpg"):
        faces = pack.find_faces(open_photo(demo / name, limits))
        portraits.append((demo / name, max((f.box for f in faces), key=lambda b: b.area)))
    pictures = compose_crowds(portraits, [demo / "coffee.png"], folder / "crowds", count)
    nobody = archive.consents.open_gallery(("find",), pack.digest, Sessions(), only=(), dim=pack.dim)
    permit, threshold = EmbeddingPermit("bench", "off", "none"), archive.threshold

    def one_look(path: Path) -> list[Box]:
        return [face.box for face in pack.find_faces(open_photo(path, limits, detail_side=side))]

    def sweep(path: Path) -> list[Box]:
        return list(look_at(path, limits, pack, permit, nobody, threshold, detail_side=side).faces)

    return pictures, one_look, sweep


class _Sweeper:
    """Sweeps `source` as a collection of its own, each time it is called; and the last of them again."""

    def __init__(self, archive: Archive, source: Path) -> None:
        self.archive, self.source, self.name = archive, source, ""

    def __call__(self, workers: int, say: Callable[[SweepProgress], None]) -> Any:
        self.name = f"bench-{secrets.token_hex(4)}"
        self.archive.collections.add(self.name, self.source, mode="transient", reason="bench")
        return self._sweep(workers, say)

    def again(self, workers: int, say: Callable[[SweepProgress], None]) -> Any:
        """After one more made-up person enrolled."""
        enrol_made_up(self.archive, 1, first=secrets.randbelow(10**6) + 10**6)
        return self._sweep(workers, say)

    def _sweep(self, workers: int, say: Callable[[SweepProgress], None]) -> Any:
        from kenbaar.consent import Sessions

        archive = self.archive
        return archive.sweeps.sweep(
            self.name, archive.packs.in_use(), sessions=Sessions(), workers=workers, limits=archive.limits, say=say
        )


def _steps(archive: Archive, photo: Path) -> dict[str, Callable[[], object]]:
    """Every stage of a look on one photo, by itself, in one thread; and the two networks bare."""
    import cv2

    from kenbaar.collections import EmbeddingPermit
    from kenbaar.consent import Sessions
    from kenbaar.media import open_photo
    from kenbaar.modelpack import load_pack
    from kenbaar.search import search
    from kenbaar.sweep import look_at

    cv2.setNumThreads(1)
    pack = load_pack(archive.packs.folder, threads=1)
    side = pack.manifest.detector.long_side
    opened = open_photo(photo, archive.limits, detail_side=side)
    faces = pack.find_faces(opened)
    probes = pack.make_templates(opened, faces)
    gallery = archive.consents.open_gallery(("find",), pack.digest, Sessions(), dim=pack.dim)
    permit, threshold = EmbeddingPermit("bench", "transient", "all"), archive.threshold
    detector, embedder = pack.networks_alone(opened, len(faces))
    return {
        "decode": lambda: open_photo(photo, archive.limits, detail_side=side),
        "find faces": lambda: pack.find_faces(opened),
        "detector alone": detector,
        "make templates": lambda: pack.make_templates(opened, faces),
        "embedder alone": embedder,
        "match": lambda: search(probes, gallery, threshold),
        "look": lambda: look_at(photo, archive.limits, pack, permit, gallery, threshold, detail_side=side),
    }


def _publish_steps(archive: Archive, photo: Path) -> dict[str, float]:
    """Median ms of every stage of publishing one photo, in one thread, and of one full-size pass of the detector.

    That pass is what a tool does that looks once at the photo as it is (deface), without its decoding and drawing.
    """
    import cv2

    from kenbaar.measure import time_in_turns
    from kenbaar.media import Rights, digest_bytes, open_photo
    from kenbaar.modelpack import load_pack
    from kenbaar.publish import PUBLISH, check_copy, find_all_faces, make_copy, plan_masks, render_copy

    cv2.setNumThreads(1)
    pack, limits = load_pack(archive.packs.folder, threads=1), archive.limits
    opened, digest = open_photo(photo, limits), digest_bytes(photo.read_bytes())
    plan = plan_masks(find_all_faces(opened, pack, PUBLISH), [], opened.width, opened.height)
    data = render_copy(opened, plan, Rights())
    full_size, _ = pack.networks_alone(opened, 1, long_side=max(opened.width, opened.height))
    steps: dict[str, Callable[[], object]] = {
        "decode": lambda: open_photo(photo, limits),
        "find everybody": lambda: find_all_faces(opened, pack, PUBLISH),
        "mask and encode": lambda: render_copy(opened, plan, Rights()),
        "check the copy": lambda: check_copy(data, plan, pack),
        "whole": lambda: make_copy(photo, digest, limits, pack, known=(), reveals=(), mask_doubtful=False),
        "full-size pass": full_size,
    }
    return time_in_turns(steps, rounds=9)


def _machine() -> str:
    return f"{platform.machine()}, {len(os.sched_getaffinity(0))} core(s), Python {platform.python_version()}"
