"""What is in a process's memory, for tests of what is not."""

from __future__ import annotations

from pathlib import Path


def holds(proc: Path, secret: bytes) -> bool:
    """Whether these bytes are anywhere in a process's memory."""
    with (proc / "mem").open("rb", buffering=0) as memory:
        for line in (proc / "maps").read_text().splitlines():
            span, rights, *_ = line.split()
            if not rights.startswith("rw") or "/memfd:photo" in line:
                continue
            start, end = (int(n, 16) for n in span.split("-"))
            try:
                memory.seek(start)
                if secret in memory.read(end - start):
                    return True
            except (OSError, OverflowError, ValueError):
                continue
    return False
