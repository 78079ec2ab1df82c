"""Opening a gallery of many grants (unwrap, open, one matrix), and withdrawing one of them.

python benchmarks/gallery/run.py [PEOPLE]      (the pack of the settings; a passing archive, gone at the end)
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.gallery.forge import forge_people
from kenbaar.archive import create_archive
from kenbaar.consent import Sessions
from kenbaar.measure import bench_gallery
from kenbaar.policy import Actor
from kenbaar.settings import load_settings


def main(people: int) -> None:
    """Measures, and prints a line of JSON."""
    actor = Actor("operator", "bench", "officer")
    with tempfile.TemporaryDirectory(prefix="kenbaar-bench-") as folder:
        settings = replace(load_settings(), home=Path(folder) / "home", archive_url="", templates_url="")
        with closing(create_archive(actor, settings, "bench", "us")) as archive:
            subjects, pack = forge_people(archive, people), archive.pack
            result = bench_gallery(
                people,
                lambda: archive.consents.open_gallery(("find",), pack.digest, Sessions(), dim=pack.dim),
                lambda i: archive.leaving.withdraw(actor, subjects[i]),
            )
    sys.stdout.write(
        json.dumps({"n": people, "open_s": round(result.open_s, 3), "withdraw_s": round(result.withdraw_s, 4)}) + "\n"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
