"""The key store's lock, and its own words for what the operating system says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kenbaar.disk import is_full, lock_file
from kenbaar.errors import KeyStoreBroken, NoSpace


@contextmanager
def told_as_refusals(path: Path) -> Iterator[None]:
    """The operating system's errors end here: KeyStoreBroken with a sentence, NoSpace where the disk is full."""
    try:
        yield
    except FileNotFoundError as err:
        raise KeyStoreBroken(
            f"{path} is missing.", "Put it back from the backup it belongs to; without it no template can be opened."
        ) from err
    except OSError as err:
        if is_full(err):
            raise NoSpace(f"There is no room left to write {path}.", "Free some space and do it again.") from err
        raise KeyStoreBroken(
            f"{path} cannot be read or written ({os.strerror(err.errno or 0)}).",
            "Check its owner, mode (0600) and disk, and do it again.",
        ) from err


@contextmanager
def locked(folder: Path, *, exclusive: bool) -> Iterator[None]:
    """The folder to ourselves (exclusive) or among readers. Waits; ends with the process, also if that is killed.

    The lock is a file of its own: the store file is replaced by rotation, and a lock on a replaced file locks nobody.
    """
    with ExitStack() as held:
        with told_as_refusals(folder / "lock"):
            held.enter_context(lock_file(folder / "lock", shared=not exclusive))
        yield
