"""Both databases, for real: SQLite in a folder, PostgreSQL started for the run and stopped with it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_FOUND = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def _postgres_bin() -> Path | None:
    if _FOUND:
        return _FOUND[-1].parent
    found = shutil.which("initdb")
    return Path(found).parent if found and (Path(found).parent / "pg_ctl").exists() else None


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of an empty cluster that listens on a Unix socket alone. Skips where PostgreSQL is not installed."""
    bin_folder = _postgres_bin()
    if bin_folder is None:
        pytest.skip("PostgreSQL is not installed (Debian package postgresql)")
    folder = Path(
        tempfile.mkdtemp(prefix="kenbaar-pg-")
    )  # not pytest's own: it removes old folders under a running server
    run: dict[str, object] = {"check": True, "capture_output": True}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        run |= {
            "user": user.pw_uid,
            "group": user.pw_gid,
            "cwd": folder,
            "env": {"PATH": os.environ["PATH"], "LC_ALL": "C"},
        }
    data = folder / "data"
    subprocess.run(
        [bin_folder / "initdb", "-D", data, "-U", "kenbaar", "-A", "trust", "-E", "UTF8", "--no-sync"], **run
    )  # type: ignore[call-overload]
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
    subprocess.run(
        [bin_folder / "pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "start"],
        **{**run, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "capture_output": False},  # type: ignore[call-overload]
    )
    try:
        yield f"postgresql://kenbaar@/{{}}?host={folder}"
    finally:
        subprocess.run([bin_folder / "pg_ctl", "-D", data, "-m", "immediate", "stop"], **run)  # type: ignore[call-overload]
        shutil.rmtree(folder, ignore_errors=True)
