"""Files handed to a person, written piece by piece: whole under their name, or not there."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from kenbaar.errors import NoSpace, Unusable
from kenbaar.media import put_in_place, write_aside


@contextmanager
def written_aside(target: Path) -> Iterator[BinaryIO]:
    """A file to write to; at the end of the block it is synced and gets its name, for its owner alone (mode 0600).

    Where the block raises, nothing is left. Raises NoSpace, Unusable. No OSError but the file's own may pass the block.
    """
    with write_aside(b"", target.parent) as part:
        try:
            with part.open("r+b") as file:
                os.fchmod(file.fileno(), 0o600)
                yield file
                file.flush()
                os.fsync(file.fileno())
        except OSError as err:
            if err.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise NoSpace(
                    "The disk is full; nothing half-written was kept.", "Make room, then run it again."
                ) from err
            name = errno.errorcode.get(err.errno or 0, "unknown error")
            raise Unusable(f"The file could not be written ({name}).", "Check the folder and its permissions.") from err
        put_in_place(part, target)
