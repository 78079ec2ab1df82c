"""Files that people hand in, for as long as one act reads them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_IN_MEMORY = Path("/dev/shm")  # noqa: S108  # a folder of our own is made in it, mode 0700


@contextmanager
def as_files(handed_in: Sequence[bytes]) -> Iterator[tuple[Path, ...]]:
    """The bytes as files in a folder of this process alone, gone at the end; in memory where the system allows it.

    Their names are numbers: what people call their photos goes nowhere.
    """
    with private_folder() as folder:
        paths = tuple(folder / str(n) for n in range(1, len(handed_in) + 1))
        for path, data in zip(paths, handed_in, strict=True):
            path.write_bytes(data)
        yield paths


@contextmanager
def private_folder() -> Iterator[Path]:
    """An empty folder of this process alone (mode 0700), gone at the end, with all that is in it."""
    folder = Path(tempfile.mkdtemp(prefix="kenbaar-", dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def text_of(file: Path | None) -> str:
    """A receipt that an act wrote, to be handed over; empty where there was no room for it."""
    return file.read_text("ascii").strip() if file is not None and file.is_file() else ""
