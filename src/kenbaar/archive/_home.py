"""The home folder: what lies in it under which name, whose turn it is there, and what may not lie there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kenbaar.consent import ConsentStore
from kenbaar.disk import is_full, lock_file
from kenbaar.errors import ArchiveBroken, NoSpace, Unusable, UsageError
from kenbaar.keys import RecordSeal

MASTER_KEY, KEYS, LEDGER, LOCK = "master.key", "keys", "ledger", "lock"
WITNESS = "ledger"  # in KEYS: how far the ledger went
NO_SEAL = RecordSeal(bytes(32))  # holds for nothing that was ever sealed: to look at records as they stand there


@contextmanager
def hold(lock: Path, *, wait: bool = True) -> Iterator[int]:
    """The archive's lock file, held. Raises NoSpace, Unusable; BlockingIOError where wait is False and it is taken."""
    with ExitStack() as held:
        try:
            descriptor = held.enter_context(lock_file(lock, wait=wait))
        except BlockingIOError:
            raise
        except OSError as err:
            if is_full(err):
                raise NoSpace("The disk is full; nothing was changed.", "Make room, then run it again.") from err
            raise Unusable(
                f"The home folder cannot be written to ({err.strerror}).", "Check its permissions; nothing was changed."
            ) from err
        yield descriptor


def needed(records: ConsentStore, name: str) -> str:
    """A note that every archive has. Raises ArchiveBroken where it is missing."""
    value = records.note(name)
    if value is None:
        raise ArchiveBroken(
            "This archive was never finished or is damaged.", "Run `kenbaar init` again, or put a good copy back."
        )
    return value


def ledger_origin(store_id: str) -> str:
    """The ledger's name in its checkpoints: it tells archives apart and says nothing of whose it is."""
    return f"kenbaar/{store_id[:16]}"


def refuse_source(home: Path, source: Path) -> None:
    """Raises UsageError where a collection would hold the archive's own files."""
    folder, home = source.expanduser().absolute().resolve(), home.resolve()
    if folder.is_relative_to(home) or home.is_relative_to(folder):
        raise UsageError("The archive's home folder is no source of pictures.", "Give the folder the photos lie in.")


def refuse_target(home: Path, sources: Iterable[Path], target: Path) -> None:
    """Raises UsageError where a file people asked for would lie in home or among originals, or replace a device."""
    place = target.expanduser().absolute().resolve()
    if any(place.is_relative_to(folder.resolve()) for folder in (home, *sources)):
        raise UsageError(
            "That file would lie among the originals or in the archive's home folder.", "Name another place."
        )
    if target.exists() and not target.is_file():
        raise UsageError("There is something there that is no ordinary file.", "Name another place.")
