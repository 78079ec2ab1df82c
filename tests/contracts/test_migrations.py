"""Each migration goes up with data, down, and up again, on SQLite and on PostgreSQL; what people said survives it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import kenbaar.storage
from kenbaar.collections import Appearance, Collection, Item, LookResult
from kenbaar.consent import Subject
from kenbaar.faces import Box
from kenbaar.storage import Database, SqlCollectionStore, SqlConsentStore, open_database

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ADA = "s-aaaaaaaa"
BOXES = (Box(0, 0, 100, 100), Box(200, 0, 300, 100))
POINTS = (bytes(range(40)), bytes(range(40, 80)))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'archive.db'}"
    pattern: str = request.getfixturevalue("postgresql")
    name = f"m{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(
        pattern.format("postgres").replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as c:
        c.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return pattern.format(name)


@pytest.fixture
def archive(url: str) -> Iterator[Database]:
    database = open_database("archive", url, create=True)
    SqlConsentStore(database).add_enrolled([Subject(ADA, "Ada", "organisation", NOW)], [])
    store = SqlCollectionStore(database)
    store.add(Collection("party", "/photos", "transient", NOW, "a reason"))
    item = Item("i-1", "party", "1.jpg", 10, 20, "new", "sha256:x", 640, 480, looked_with="pack", looked_for="gallery")
    store.see("1", [item], [], [])
    seen = Appearance("i-1", ADA, 1, BOXES[1], "strong", "recognised", NOW)
    store.finish_looks([LookResult(item, BOXES, (seen,), frozenset({ADA}), POINTS)])
    yield database
    database.close()


def migrate(database: Database, to: str) -> None:
    config = Config()
    folder = Path(kenbaar.storage.__file__).parent / "migrations" / database.store
    config.set_main_option("script_location", str(folder))
    with database.write() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if to < current(connection) else command.upgrade)(config, to)


def current(connection: sa.Connection) -> str:
    return str(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar())


def columns(database: Database) -> set[str]:
    with database.read() as connection:
        return {c["name"] for c in sa.inspect(connection).get_columns("faces")}


def test_landmarks_go_and_come_and_everything_else_stays(archive: Database, url: str) -> None:
    store = SqlCollectionStore(archive)
    assert store.faces_with_landmarks("i-1") == list(zip(BOXES, POINTS, strict=True))
    migrate(archive, "0001")
    assert "landmarks" not in columns(archive)
    with archive.read() as connection:
        rows = connection.execute(sa.text("SELECT item, n, x_min, y_max FROM faces ORDER BY n")).all()
        seen = connection.execute(sa.text("SELECT subject, n FROM appearances")).all()
    assert [tuple(r) for r in rows] == [("i-1", 0, 0, 100), ("i-1", 1, 200, 100)]
    assert [tuple(r) for r in seen] == [(ADA, 1)]
    again = open_database("archive", url)  # as the next command of this version finds it
    store = SqlCollectionStore(again)
    assert store.faces_with_landmarks("i-1") == [(box, None) for box in BOXES]
    assert [(a.subject, a.n, a.box) for a in store.appearances_in("i-1")] == [(ADA, 1, BOXES[1])]
    again.close()


def test_after_going_down_and_up_an_item_still_takes_its_faces_with_it(archive: Database) -> None:
    """The foreign keys of the table survive being made anew (SQLite cannot drop a column that is referred to)."""
    migrate(archive, "0001")
    migrate(archive, "0002")
    with archive.write() as connection:
        connection.execute(sa.text("DELETE FROM appearances"))
        connection.execute(sa.text("DELETE FROM items"))
        assert connection.execute(sa.text("SELECT count(*) FROM faces")).scalar() == 0


def test_the_newest_migration_is_the_one_the_program_asks_for(archive: Database) -> None:
    from alembic.script import ScriptDirectory

    from kenbaar.storage._database import HEADS

    for name, head in HEADS.items():
        config = Config()
        folder = Path(kenbaar.storage.__file__).parent / "migrations" / name
        config.set_main_option("script_location", str(folder))
        assert ScriptDirectory.from_config(config).get_current_head() == head


def test_a_face_drawn_by_hand_has_no_landmarks(archive: Database) -> None:
    store = SqlCollectionStore(archive)
    drawn = Box(400, 0, 500, 100)
    store.add_face("i-1", drawn)
    assert store.faces_with_landmarks("i-1") == [*zip(BOXES, POINTS, strict=True), (drawn, None)]


def test_a_look_that_compares_nothing_leaves_no_landmarks(archive: Database) -> None:
    store = SqlCollectionStore(archive)
    item = store.item("i-1")
    assert item is not None
    store.finish_looks([LookResult(item, BOXES, (), frozenset())])
    assert store.faces_with_landmarks("i-1") == [(box, None) for box in BOXES]
