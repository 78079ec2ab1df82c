"""`kenbaar bench publish`: what it costs to write copies."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kenbaar.cli._app import Out, common, operator
from kenbaar.cli._bench_ground import PACK, PHOTOS, WORKERS, Sweeper, composed, machine, scratch

if TYPE_CHECKING:
    from kenbaar.archive import Archive


@click.command("publish")
@PHOTOS
@WORKERS
@PACK
@common
def bench_publish_command(out: Out, photos: str, workers: int | None, pack_name: str | None) -> None:
    """Publishing photos with everybody masked, against one pass of the detector over the photo's full size."""
    from kenbaar.engines import LocalEngine

    with scratch(out, pack_name) as (archive, folder):
        source, found = composed(out, photos, folder)
        cores = workers or len(os.sched_getaffinity(0))
        Sweeper(archive, source)(cores, lambda _: None)
        name = archive.collections.store.all()[0].name
        begin = time.perf_counter()
        report = archive.publisher.publish(
            operator(),
            name,
            folder / "out",
            "web",
            archive.pack,
            archive.limits,
            say=out.bar("publish"),
            engine=LocalEngine(cores),
        )
        seconds = time.perf_counter() - begin
        stages = _publish_steps(archive, found[0])
    full_size = stages["full-size pass"]
    masking = stages["decode"] + stages["find everybody"] + stages["mask and encode"]
    out.say(machine())
    for step, ms in stages.items():
        out.say(f"  {step:16} {ms:8.2f} ms")
    out.say(f"masking a photo takes {masking / full_size:.2f} times one bare pass of its detector over the full size,")
    out.say(f"masking it and checking the copy {stages['whole'] / full_size:.2f} times (one thread)")
    out.say(f"{len(found) / seconds:.2f} photos/s with {cores} worker(s), their start included")
    out.say(f"{report.masked} faces masked, {len(report.held)} photos held")
    out.answer(
        {
            "photos_per_s": round(len(found) / seconds, 3),
            "s_per_photo": round(seconds / len(found), 3),
            "workers": cores,
            "photos": len(found),
            "masked": report.masked,
            "held": len(report.held),
            "masking_ratio": round(masking / full_size, 3),
            "whole_ratio": round(stages["whole"] / full_size, 3),
            "stages": {k: round(v, 3) for k, v in stages.items()},
        }
    )


def _publish_steps(archive: Archive, photo: Path) -> dict[str, float]:
    """Median ms of every stage of publishing one photo, in one thread, and of one full-size pass of the detector.

    That pass is what a tool does that looks once at the photo as it is (deface), without its decoding and drawing.
    """
    import cv2

    from kenbaar.detection import PUBLISH, detect_all
    from kenbaar.measure import time_in_turns
    from kenbaar.media import Rights, digest_bytes, open_photo
    from kenbaar.modelpack import load_pack
    from kenbaar.publish import check_copy, make_copy, plan_masks, render_copy

    cv2.setNumThreads(1)
    pack, limits = load_pack(archive.packs.folder, threads=1), archive.limits
    opened, digest = open_photo(photo, limits), digest_bytes(photo.read_bytes())
    plan = plan_masks(detect_all(opened, pack, PUBLISH), [], opened.width, opened.height)
    data = render_copy(opened, plan, Rights())
    full_size, _ = pack.networks_alone(opened, 1, long_side=max(opened.width, opened.height))
    steps: dict[str, Callable[[], object]] = {
        "decode": lambda: open_photo(photo, limits),
        "find everybody": lambda: detect_all(opened, pack, PUBLISH),
        "mask and encode": lambda: render_copy(opened, plan, Rights()),
        "check the copy": lambda: check_copy(data, plan, pack),
        "whole": lambda: make_copy(photo, digest, limits, pack, known=(), reveals=(), mask_doubtful=False),
        "full-size pass": full_size,
    }
    return time_in_turns(steps, rounds=9)
