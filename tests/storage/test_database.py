"""Opening databases: nothing is made in the place of what is lost, and a full or closed disk is a sentence."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kenbaar.errors import ArchiveBroken, NoSpace
from kenbaar.storage import SqlConsentStore, open_database
from tests.seal import SEAL


def test_an_empty_database_is_never_silently_filled(tmp_path: Path) -> None:
    (tmp_path / "archive.db").touch()
    with pytest.raises(ArchiveBroken, match="empty"):
        open_database("archive", tmp_path / "archive.db")
    with sqlite3.connect(tmp_path / "archive.db") as db:
        assert db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    db.close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    file.write_bytes(b"my shopping list" * 1000)
    for create in (False, True):
        with pytest.raises(ArchiveBroken):
            open_database("archive", file, create=create)
    assert file.read_bytes() == b"my shopping list" * 1000


@given(st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=20))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_database_lies_where_it_was_asked_for_whatever_the_folder_is_called(tmp_path: Path, name: str) -> None:
    folder = tmp_path / f"x{name}"
    folder.mkdir(exist_ok=True)
    database = open_database("archive", folder / "archive.db", create=True)
    SqlConsentStore(database, SEAL).set_notes(organisation=name)
    database.close()
    assert (folder / "archive.db").stat().st_size > 0
    again = open_database("archive", folder / "archive.db")
    assert SqlConsentStore(again, SEAL).note("organisation") == name
    again.close()


def test_only_the_owner_may_read_a_new_database(tmp_path: Path) -> None:
    open_database("templates", tmp_path / "templates.db", create=True).close()
    assert (tmp_path / "templates.db").stat().st_mode & 0o077 == 0


def test_a_transaction_that_does_not_fit_is_refused_whole(tmp_path: Path) -> None:
    database = open_database("archive", tmp_path / "archive.db", create=True)
    store = SqlConsentStore(database, SEAL)
    store.set_notes(organisation="before")

    @sa.event.listens_for(database.engine, "begin")
    def _keep_small(connection: sa.Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(NoSpace):
        store.set_notes(organisation="x" * 1_000_000)
    assert store.note("organisation") == "before"
    database.close()
