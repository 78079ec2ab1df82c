"""What the operating system says when a file can't be written."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from kenbaar.errors import NoSpace, Unusable

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})  # the disk, the quota, the longest file allowed


def is_full(err: OSError) -> bool:
    """Whether there is no room left for what was to be written."""
    return err.errno in _FULL


def tells_full(text: str) -> bool:
    """Whether what another program said names one of those errors: the disk was full for it."""
    return any(errno.errorcode[number] in text for number in _FULL)


def system_name(err: OSError) -> str:
    """The error's own name, such as EACCES: what somebody can look up, and names no file."""
    return errno.errorcode.get(err.errno or 0, "unknown error")


@contextmanager
def told(what: str = "A file could not be written there") -> Iterator[None]:
    """OSErrors end here: NoSpace where the disk is full, else Unusable with the error's name."""
    try:
        yield
    except OSError as err:
        if is_full(err):
            raise NoSpace("The disk is full; nothing half-written was kept.", "Make room, then run it again.") from err
        raise Unusable(f"{what} ({system_name(err)}).", "Check the folder and its permissions.") from err
