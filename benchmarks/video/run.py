# ruff: noqa: S603, T201
"""Faces left visible in videos, and frames a second: Kenbaar's publication and deface at its defaults, on the same
composed clips, one after the other in the same run.

    python benchmarks/video/run.py [--seconds 8] [--pack default]

deface runs in its environment of benchmarks/deface, with ONNX Runtime, its quicker backend; `--replacewith solid`, so
that both are judged alike (blurring, its default, takes a little longer). It writes no sound, as Kenbaar by default.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.environments import default_work_folder, environment


def main() -> None:
    """Prints both tables, and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--pack", default="default")
    given = parser.parse_args()
    python = environment("deface", default_work_folder())
    with tempfile.TemporaryDirectory() as folder:
        clips, copies = Path(folder) / "clips", Path(folder) / "copies"
        copies.mkdir()
        bench("--seconds", given.seconds, "--keep", clips)
        ours = bench("--seconds", given.seconds, "--pack", given.pack)
        began = time.monotonic()
        for clip in sorted(clips.glob("*.mp4")):
            target = copies / clip.name
            subprocess.run(
                [str(Path(python).parent / "deface"), str(clip), "-o", str(target), "--replacewith", "solid"],
                check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        took = time.monotonic() - began
        theirs = bench("--seconds", given.seconds, "--copies", copies)
    mine_s, frames = sum(row["took_s"] for row in ours), 30 * sum(row["seconds"] for row in ours)
    print(f"{'':36} visible face-frames: Kenbaar  deface   longest run: Kenbaar  deface")
    for a, b in zip(ours, theirs, strict=True):
        print(
            f"{a['condition']:36} {a['visible']:28} {b['visible']:7} {a['longest']:22} {b['longest']:7}"
            f"   of {a['face_frames']}"
        )
    print(f"frames a second: Kenbaar {frames / mine_s:.1f}, deface {frames / took:.1f}")


def bench(*options: object) -> list[dict[str, Any]]:
    """The rows of `kenbaar bench video`."""
    command = [sys.executable, "-m", "kenbaar", "bench", "video", "--json", *map(str, options)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return list(json.loads(answer)["rows"]) if answer.strip() else []


if __name__ == "__main__":
    main()
