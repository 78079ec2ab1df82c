"""Makes of an archive one of Kenbaar before 0.4: keys that open whatever the records say, records without seals."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np

from kenbaar.keys import FileMasterKey
from kenbaar.keys import _store_file as file
from tests.e2e.club import Club


def unseal(club: Club) -> None:
    """Rewrites the key store in its first form, under the same master key, and empties every seal."""
    to_first_form(club.home)
    with sqlite3.connect(club.home / "archive.db") as db:
        for table in ("meta", "collections", "appearances"):
            db.execute(f"UPDATE {table} SET seal = NULL")
        db.execute("UPDATE grants SET pack = '', template = ''")
    db.close()


def to_first_form(home: Path) -> None:
    """Rewrites a key store as Kenbaar before 0.4 had it; its living keys live."""
    path, envelope = home / "keys" / "store", FileMasterKey(home / "master.key")
    fd = os.open(path, os.O_RDONLY)
    header, key = file.read_header(fd, envelope, None)
    slots = file.read_slots(fd, header).copy()
    os.close(fd)
    before = replace(header, version=file.WITHOUT_FACTS, dead=0)
    records = slots["kind"] == file.KIND_CODES[file.KeyKind.RECORDS]
    alive = np.flatnonzero((slots["destroyed"] == 0) & ~records)
    opened = [k for k in file.open_slots(slots[alive], key, header) if k is not None]
    assert len(opened) == len(alive)
    slots["facts"] = np.zeros(1, "V28")[0]
    file.seal_slots(slots, alive, key, before, opened)
    gone = np.flatnonzero((slots["destroyed"] != 0) | records)
    slots["destroyed"][records] = 1
    slots[gone] = file.bury(slots[gone], slots["destroyed"][gone].tolist(), key, before)
    path.write_bytes(file.page_of(before, key) * 2 + slots.tobytes())
