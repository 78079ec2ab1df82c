"""`kenbaar bench video`: faces that stay visible in copies of videos, and how fast those are made."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kenbaar.cli._app import Out, common
from kenbaar.cli._bench_ground import PACK, machine, scratch
from kenbaar.cli._bench_leaks import FOLDER, sources

if TYPE_CHECKING:
    from kenbaar.measure import ClipCondition, Pixels, Truth


@click.command("video")
@click.option("--seconds", default=8.0, show_default=True, type=click.FloatRange(1, 600), help="Of each clip.")
@click.option("--fps", default=30, show_default=True, type=click.IntRange(5, 120))
@click.option("--portraits", type=FOLDER, help="A folder of photos of one face each (default: portraits of the demo).")
@click.option("--backgrounds", type=FOLDER, help="A folder of photos without people (default: a photo of the demo).")
@click.option("--seed", default=20261127, show_default=True, help="Another number gives other clips.")
@click.option("--only", multiple=True, metavar="WORDS", help="Rows with these words in their names alone.")
@click.option("--copies", type=FOLDER, help="Judge copies of these clips that another program wrote there.")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep the composed clips in this folder, and end.")
@PACK
@common
def bench_video_command(
    out: Out,
    seconds: float,
    fps: int,
    portraits: Path | None,
    backgrounds: Path | None,
    seed: int,
    only: tuple[str, ...],
    copies: Path | None,
    keep: Path | None,
    pack_name: str | None,
) -> None:
    """How many faces stay visible in published videos, on composed clips, and how many frames a second are made."""
    from kenbaar.measure import CLIP_CONDITIONS, compose_clip, count_leaks
    from kenbaar.publish import MASK_COLOUR, make_video_copy
    from kenbaar.video import Pace, digest_video, encode_frames, looking, render_video

    chosen = [c for c in CLIP_CONDITIONS if not only or any(words in c.name for words in only)]
    if not chosen:
        raise click.UsageError("No row has these words in its name: " + "; ".join(c.name for c in CLIP_CONDITIONS))
    rows = []
    with scratch(out, pack_name) as (archive, folder):
        behind, heads = sources(out, archive, portraits, backgrounds)
        where = keep or folder / "clips"
        where.mkdir(parents=True, exist_ok=True)
        bar, began = out.bar("publish"), time.monotonic()
        for n, condition in enumerate(chosen):
            clip = where / f"{n}.mp4"
            truths: list[tuple[Truth | None, ...]] = []

            def frames(
                condition: ClipCondition = condition, truths: list[tuple[Truth | None, ...]] = truths
            ) -> Iterator[Pixels]:
                for pixels, there in compose_clip(condition, heads, behind[0], seconds, fps, seed):
                    truths.append(there)
                    yield pixels

            encode_frames(clip, frames(), fps)
            if keep is not None:
                continue
            took = time.monotonic()
            if copies is not None:
                part = copies / clip.name
                masked = clean = None
            else:
                made = make_video_copy(clip, digest_video(clip), folder, archive.pack, known=(), sound="mute")
                part, masked, clean = made.part or clip, made.masked, made.check.clean
            took = time.monotonic() - took
            with looking(part, Pace(0.0, 0.0, 0.0)) as copy:
                pixels = (frame.pixels for frame in copy.frames())
                leaks = count_leaks(condition.name, truths, pixels, MASK_COLOUR if copies is None else (0, 0, 0), fps)
            floor = time.monotonic()
            with looking(clip, Pace(1e9, 1e9, 1e9)) as video:
                for _ in video.frames():
                    pass
            with (folder / "floor").open("w+b") as target:
                render_video(clip, target.fileno(), [], video.pts, keep_sound=False)
            floor = time.monotonic() - floor
            rows.append((leaks, took, floor, masked, clean))
            bar(n + 1, len(chosen), time.monotonic() - began)
    if keep is not None:
        out.say(f"{len(chosen)} clips are in {keep}.")
        return
    out.say(machine())
    out.say("visible: less than three quarters of a face's own pixels are covered; floor: decoding and encoding alone")
    out.say(f"  {'':34} face-frames  visible  a minute  at most  longest  frames a second  floor")
    for leaks, took, floor, _, clean in rows:
        held = "  held" if clean is False else ""
        out.say(
            f"  {leaks.condition:34} {leaks.face_frames:11} {leaks.leaked:8} {leaks.per_minute:9.1f} {leaks.upper:8.2%}"
            f" {leaks.longest:8} {leaks.frames / took:16.1f} {leaks.frames / floor:6.0f}{held}"
        )
    total, asked = sum(r[0].leaked for r in rows), sum(r[0].face_frames for r in rows)
    minutes, spent = sum(r[0].seconds for r in rows) / 60, sum(r[1] for r in rows)
    done = sum(r[0].frames for r in rows)
    out.say(f"  in all: {total} of {asked} visible, {total / minutes:.1f} a minute; {done / spent:.1f} frames a second")
    out.answer(
        {
            "rows": [
                {
                    "condition": leaks.condition,
                    "face_frames": leaks.face_frames,
                    "visible": leaks.leaked,
                    "upper": round(leaks.upper, 5),
                    "longest": leaks.longest,
                    "seconds": leaks.seconds,
                    "took_s": round(took, 2),
                    "floor_s": round(floor, 2),
                    "masked": masked,
                }
                for leaks, took, floor, masked, _ in rows
            ]
        }
    )
