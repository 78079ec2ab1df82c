"""What an act is: a request in, an answer out, a permission asked first. Every act is in the table ACTS."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast, get_type_hints

from kenbaar.archive import Archive
from kenbaar.consent import record_refusal
from kenbaar.errors import RoleRefused
from kenbaar.policy import ROLES, Actor, Permission

Call = TypeVar("Call", bound=Callable[..., Any])


class Progress(Protocol):
    """Whoever waits for a long act: is told where it is, and may stop it."""

    def report(self, step: str, done: int, total: int, seconds: float) -> None:
        """So much of this step is done; seconds: since it began."""

    def cancelled(self) -> bool:
        """Whether to stop. What was done stays done, and the act can be begun again."""


class NoProgress:
    """Nobody waits."""

    def report(self, step: str, done: int, total: int, seconds: float) -> None:
        """Told to nobody."""

    def cancelled(self) -> bool:
        """Nobody stops it."""
        return False


NO_PROGRESS = NoProgress()


@dataclass(frozen=True, slots=True)
class ActRow:
    """One act. name: as the command line calls it. needs: what a role must permit. own: a person may do it themselves.

    run: (archive or settings, actor, request[, progress]) -> answer. request, answer: frozen dataclasses.
    """

    name: str
    needs: Permission
    own: bool
    run: Callable[..., Any]
    request: type
    answer: type
    long: bool


ACTS: dict[str, ActRow] = {}


def act(name: str, needs: Permission, *, own: bool = False) -> Callable[[Call], Call]:
    """Enters a function in ACTS, and has whoever calls it asked for permission first.

    own: the person whom the request names as `subject` may do it themselves. The rooms ask once more about the act that
    goes into the ledger (ledger.require_permission), so that nothing rests on this alone.
    """

    def enter(call: Call) -> Call:
        hints = get_type_hints(call)

        @functools.wraps(call)
        def run(where: Any, actor: Actor, request: Any, *progress: Progress) -> Any:
            _require_on_record(ACTS[name], where, actor, request)
            return call(where, actor, request, *progress)

        ACTS[name] = ActRow(name, needs, own, run, hints["request"], hints["return"], "progress" in hints)
        return cast(Call, run)

    return enter


def _require_on_record(row: ActRow, where: object, actor: Actor, asked: object) -> None:
    try:
        require(row, actor, asked)
    except RoleRefused as err:
        if isinstance(where, Archive):
            record_refusal(where.consents, row.name, actor, getattr(asked, "subject", None), err)
        raise


def require(row: ActRow, actor: Actor, request: object) -> None:
    """Raises RoleRefused where this actor may not do this act."""
    if actor.kind == "system":
        return
    if actor.kind == "subject":
        allowed = row.own and actor.speaks_as(getattr(request, "subject", ""))
    else:
        allowed = actor.role is not None and row.needs in ROLES[actor.role].may
    if not allowed:
        raise RoleRefused(
            f"{actor.role or actor.kind} {actor.name} may not do this ({row.name}).",
            "Ask an officer of the organisation.",
        )


def require_act(name: str, actor: Actor, asked: object) -> None:
    """Raises RoleRefused where this actor may not do the act of that name: for whoever begins it later."""
    require(ACTS[name], actor, asked)
