"""Long work: begun by a page, done in a thread of the server, told as it goes, stopped by whoever may begin it.

Each is a file in the home folder, so that a server that is killed begins it again: sweeps and publications go on where
they were. What is in such a file: which act, by which account, on which collection; no name and no face.
"""

from __future__ import annotations

import dataclasses
import logging
import queue
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from kenbaar import acts
from kenbaar.archive import Archive
from kenbaar.disk import write_atomically
from kenbaar.errors import Cancelled, KenbaarError, RoleRefused
from kenbaar.policy import Actor, Event
from kenbaar.text import json_text, read_json

log = logging.getLogger(__name__)

State = Literal["waiting", "running", "done", "stopped", "failed"]
KINDS: Mapping[str, tuple[Callable[..., Any], type]] = {
    str(Event.SWEEP): (acts.sweep, acts.SweepRequest),
    str(Event.PUBLISH): (acts.publish, acts.PublishRequest),
}
_KEPT = 200  # of those that are over


@dataclass(slots=True)
class Job:
    """One piece of long work. done, total: of the step it is at. why: why it failed, in words. answer: its JSON."""

    id: str
    kind: str
    about: str
    request: Any
    actor: Actor
    state: State
    begun_at: datetime
    step: str = ""
    done: int = 0
    total: int = 0
    seconds: float = 0.0
    why: str | None = None
    answer: Any = None
    ended_at: datetime | None = None
    stop: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in ("done", "stopped", "failed")


class Jobs:
    """The long work of one archive: one at a time, the others wait."""

    def __init__(self, archive: Archive) -> None:
        self._archive, self._folder = archive, archive.settings.home / "jobs"
        self._jobs: dict[str, Job] = {}
        self._queue: queue.Queue[Job | None] = queue.Queue()
        self._changed = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Begins to work, with what an earlier server left undone first."""
        for job in sorted(self._left_over(), key=lambda j: j.begun_at):
            self._jobs[job.id] = job
            if not job.is_over:
                job.state = "waiting"
                self._queue.put(job)
        self._thread = threading.Thread(target=self._work, name="kenbaar-jobs", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops what runs where the next server goes on, and waits for it."""
        self._closing = True
        for job in self._jobs.values():
            job.stop.set()
        self._queue.put(None)
        with self._changed:
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=30)

    def begin(self, kind: str, request: Any, actor: Actor, about: str) -> Job:
        """Puts it in the queue. about: what it is done with, for the list: a collection's name. Raises RoleRefused."""
        acts.require_act(kind, actor, request)
        job = Job(secrets.token_hex(8), kind, about, request, actor, "waiting", datetime.now(UTC))
        with self._changed:
            self._jobs[job.id] = job
        self._keep(job)
        self._queue.put(job)
        return job

    def get(self, job_id: str) -> Job | None:
        """One of them."""
        return self._jobs.get(job_id)

    def all(self) -> list[Job]:
        """All of them, the newest first."""
        with self._changed:
            return sorted(self._jobs.values(), key=lambda j: j.begun_at, reverse=True)

    def wait(self, job: Job, seen: tuple[Any, ...], timeout_s: float) -> tuple[Any, ...]:
        """Where it is, as soon as that is not `seen` any more, or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: _where(job) != seen or self._closing, timeout_s)
            return _where(job)

    @property
    def closing(self) -> bool:
        """Whether the server stops."""
        return self._closing

    def _work(self) -> None:
        while (job := self._queue.get()) is not None and not self._closing:
            if not job.is_over:
                self._run(job)
                self._forget_old()

    def _run(self, job: Job) -> None:
        self._change(job, state="running")
        run, _ = KINDS[job.kind]
        try:
            if job.stop.is_set():
                raise Cancelled("It was stopped before it began.", "Begin it again at any time.")
            self._require_account(job.actor)
            job.answer = acts.as_json(run(self._archive, job.actor, job.request, _Told(self, job)))
            stopped = job.stop.is_set() and job.done < job.total
            self._change(job, state="stopped" if stopped else "done", ended_at=datetime.now(UTC))
        except Cancelled:
            self._change(job, state="stopped", ended_at=datetime.now(UTC))
        except KenbaarError as err:
            self._change(job, state="failed", why=str(err), ended_at=datetime.now(UTC))
        except Exception as err:
            log.exception("a bug in %s", job.kind)
            self._change(
                job, state="failed", why=f"This is a bug in Kenbaar ({type(err).__name__}).", ended_at=datetime.now(UTC)
            )

    def _require_account(self, actor: Actor) -> None:
        """Raises RoleRefused where the account that began it is over by now, or has another role."""
        account = self._archive.staff.colleague(actor.name)
        if account is None or not account.is_living(self._archive.journal.now()) or account.role != actor.role:
            raise RoleRefused("The account that began this is over.", "Begin it again with your own.")

    def _change(self, job: Job, **values: Any) -> None:
        if self._closing and values.get("state") == "stopped":
            values = {"state": "waiting"}  # not by anybody: the next server goes on with it
        with self._changed:
            for name, value in values.items():
                setattr(job, name, value)
            self._changed.notify_all()
        self._keep(job)

    def told(self, job: Job, step: str, done: int, total: int, seconds: float) -> None:
        """So far it is."""
        with self._changed:
            job.step, job.done, job.total, job.seconds = step, done, total, seconds
            self._changed.notify_all()

    def _keep(self, job: Job) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        kept = {
            "id": job.id,
            "kind": job.kind,
            "about": job.about,
            "request": {f.name: _plain(getattr(job.request, f.name)) for f in dataclasses.fields(job.request)},
            "actor": {"kind": job.actor.kind, "name": job.actor.name, "role": job.actor.role},
            "state": job.state,
            "begun_at": job.begun_at.isoformat(),
            "ended_at": job.ended_at.isoformat() if job.ended_at else None,
            "why": job.why,
            "answer": job.answer,
            "done": job.done,
            "total": job.total,
        }
        write_atomically(self._folder / f"{job.id}.json", json_text(kept).encode())

    def _left_over(self) -> list[Job]:
        found = []
        for path in self._folder.glob("*.json") if self._folder.is_dir() else ():
            try:
                found.append(_read(path))
            except (OSError, ValueError, KeyError, TypeError):
                log.warning("a job's file could not be read: %s", path.name)
        return found

    def _forget_old(self) -> None:
        for job in [j for j in self.all() if j.is_over][_KEPT:]:
            with self._changed:
                self._jobs.pop(job.id, None)
            (self._folder / f"{job.id}.json").unlink(missing_ok=True)


class _Told:
    """acts.Progress of a job."""

    def __init__(self, jobs: Jobs, job: Job) -> None:
        self._jobs, self._job, self._began = jobs, job, time.monotonic()

    def report(self, step: str, done: int, total: int, seconds: float) -> None:
        """Tells whoever watches."""
        self._jobs.told(self._job, step, done, total, seconds)

    def cancelled(self) -> bool:
        """Whether somebody stopped it, or the server stops."""
        return self._job.stop.is_set()


def _where(job: Job) -> tuple[Any, ...]:
    return (job.state, job.step, job.done, job.total)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value


def _read(path: Path) -> Job:
    kept = read_json(path.read_bytes())
    _, request_type = KINDS[kept["kind"]]
    given = {}
    hints = {f.name: f for f in dataclasses.fields(request_type)}
    for name, value in kept["request"].items():
        kind = str(hints[name].type)
        given[name] = tuple(value) if isinstance(value, list) else Path(value) if kind == "Path" else value
    return Job(
        id=path.stem,
        kind=kept["kind"],
        about=kept["about"],
        request=request_type(**given),
        actor=Actor(kept["actor"]["kind"], kept["actor"]["name"], kept["actor"]["role"]),
        state=kept["state"],
        begun_at=datetime.fromisoformat(kept["begun_at"]),
        why=kept["why"],
        answer=kept["answer"],
        done=kept["done"],
        total=kept["total"],
        ended_at=datetime.fromisoformat(kept["ended_at"]) if kept["ended_at"] else None,
    )
