"""Fifty people clicking at once: how long pages take, whether any is lost, and whether memory stays flat.

python benchmarks/web/run.py [PHOTOS] [PEOPLE] [CLICKERS] [SECONDS]     (made-up records, gone at the end)

The server runs in this process as `kenbaar serve` does; the visitors in another. Each visitor clicks, waits two seconds
or so as a person does, and clicks on. Pictures are not asked for: there are none, only records of them.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from kenbaar.archive import Archive, create_archive
from kenbaar.collections import Appearance, Item, ItemAnalysis, Moment, Track
from kenbaar.faces import Box
from kenbaar.policy import Actor, Event, subject_actor
from kenbaar.settings import load_settings

OPERATOR = Actor("operator", "bench", "officer")
PERSON = ["/mine", "/mine/looks", "/mine/choices", "/mine/data"]
STAFF = [
    "/staff",
    "/staff/people",
    "/staff/collections",
    "/staff/collections/pictures",
    "/staff/ledger",
    "/staff/copies",
]
WAIT_S = 2.0  # between two clicks of one visitor, on average


def fill(archive: Archive, folder: Path, photos: int, people: int) -> list[str]:
    """Made-up people, and a collection with records of photos: each of one of them and a stranger; their ids."""
    from benchmarks.gallery.forge import forge_people

    subjects = forge_people(archive, people)
    archive.collections.add(OPERATOR, "pictures", folder, mode="transient", reason="a benchmark")
    now, store = datetime.now(UTC), archive.collections.store
    with archive.journal.writing():
        archive.journal.record(Event.SWEEP, OPERATOR, collection="pictures", mode="transient", subjects=people)
    items = [Item(f"i-{n:08d}", "pictures", f"{n:06d}.jpg", 1, 1, "new") for n in range(photos)]
    for first in range(0, photos, 1000):
        some = items[first : first + 1000]
        store.note_seen("run", some, [], [])
        analyses = []
        for k, item in enumerate(some, start=first):
            seen = replace(item, state="present", digest=f"sha256:{k:064x}", width=1920, height=1080, taken_at=now)
            tracks = tuple(Track(item.id, n, Moment(Box(100 + 300 * n, 100, 300 + 300 * n, 300))) for n in range(2))
            subject = subjects[k % people]
            known = Appearance(subject, tracks[0], "strong", "recognised", now)
            analyses.append(ItemAnalysis(seen, tracks, (known,), frozenset({subject})))
        store.write_analyses(analyses)
    return subjects


def main(photos: int, people: int, clickers: int, seconds: int) -> None:
    """Fills, serves, has visitors click, and prints a line of JSON."""
    import uvicorn

    from kenbaar.web import Place, make_app
    from kenbaar.web._serve import listen

    with tempfile.TemporaryDirectory(prefix="kenbaar-bench-") as folder:
        settings = replace(load_settings(), home=Path(folder) / "home", archive_url="", templates_url="")
        (Path(folder) / "photos").mkdir()
        with closing(create_archive(OPERATOR, settings, "bench", "us")) as archive:
            subjects = fill(archive, Path(folder) / "photos", photos, people)
            until = archive.journal.now().date()
            account = archive.staff.invite(OPERATOR, "bench", "officer", until)
            archive.staff.accept(account.token, "four words together")
            officer = archive.staff.sign_in(OPERATOR, account.account, "four words together")
            listening = listen(Place(port=0))
            origin = f"http://localhost:{listening.getsockname()[1]}"
            app = make_app(archive, origin=origin)
            site, visitors = app.state.site, []
            for n in range(clickers):
                cookie, session = site.sessions.begin()
                staff = n % 5 == 0
                session.kind = "staff" if staff else "person"
                session.actor = officer if staff else subject_actor(subjects[n])
                visitors.append({"cookie": cookie, "paths": STAFF if staff else PERSON})
            server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
            thread.start()
            while not server.started:
                time.sleep(0.01)
            words = [sys.executable, __file__, "visitors", origin, str(seconds)]
            told: list[dict[str, object]] = []
            for _ in range(2):  # warm, then measured
                before = memory_mb()
                done = subprocess.run(words, input=json.dumps(visitors), capture_output=True, text=True, check=True)  # noqa: S603
                told.append(json.loads(done.stdout) | {"memory_mb": [before, memory_mb()]})
            server.should_exit = True
            thread.join(10)
    sys.stdout.write(json.dumps({"photos": photos, "people": people, "clickers": clickers} | told[-1]) + "\n")


def memory_mb() -> int:
    """Of this process, resident."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) // 1000
    return 0


async def visit(origin: str, seconds: float, visitors: list[dict[str, object]]) -> dict[str, object]:
    """All visitors at once; how long each page took, ms, and how many were lost."""
    import httpx

    took: dict[str, list[float]] = {}
    lost: list[str] = []
    ends = time.monotonic() + seconds

    async def one(n: int, cookie: str, paths: list[str]) -> None:
        chance = random.Random(n)  # noqa: S311  # who clicks when
        async with httpx.AsyncClient(base_url=origin, cookies={"kenbaar": cookie}, timeout=30) as client:
            await asyncio.sleep(chance.uniform(0, WAIT_S))
            while time.monotonic() < ends:
                path, began = chance.choice(paths), time.monotonic()
                try:
                    answer = await client.get(path)
                    if answer.status_code != 200:
                        lost.append(f"{path}: {answer.status_code}")
                except httpx.HTTPError as err:
                    lost.append(f"{path}: {type(err).__name__}")
                took.setdefault(path, []).append(1000 * (time.monotonic() - began))
                await asyncio.sleep(chance.uniform(0.5 * WAIT_S, 1.5 * WAIT_S))

    await asyncio.gather(*(one(n, str(v["cookie"]), list(v["paths"])) for n, v in enumerate(visitors)))  # type: ignore[call-overload]
    every = sorted(ms for some in took.values() for ms in some)
    return {
        "pages": len(every),
        "lost": lost[:5],
        "p50_ms": round(every[len(every) // 2], 1),
        "p95_ms": round(every[int(0.95 * len(every))], 1),
        "most_ms": round(every[-1], 1),
        "p95_by_page": {path: round(sorted(some)[int(0.95 * len(some))], 1) for path, some in sorted(took.items())},
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["visitors"]:
        sys.stdout.write(json.dumps(asyncio.run(visit(sys.argv[2], float(sys.argv[3]), json.load(sys.stdin)))))
    else:
        given = [int(word) for word in sys.argv[1:]]
        main(*(given + [10_000, 1_000, 50, 30][len(given) :]))
