"""Each migration goes up with data, down, and up again, on SQLite and on PostgreSQL; what people said survives it."""

from __future__ import annotations

import os
import signal
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

import kenbaar.storage
from kenbaar.collections import Appearance, Collection, Item, ItemAnalysis, Moment, Rejection, Track
from kenbaar.consent import Invitation, Purpose, Subject
from kenbaar.faces import Box
from kenbaar.storage import Database, SqlCollectionStore, SqlConsentStore, _tables, open_database
from kenbaar.storage._database import HEADS
from tests.seal import SEAL

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ADA, BEN = "s-aaaaaaaa", "s-bbbbbbbb"
BOXES = (Box(0, 0, 100, 100), Box(200, 0, 300, 100))
POINTS = (bytes(range(40)), bytes(range(40, 80)))
TRACKS = tuple(Track("i-1", n, Moment(BOXES[n], POINTS[n])) for n in range(2))
KEPT = [Track("i-1", 0, Moment(BOXES[0])), TRACKS[1]]  # landmarks stay of the face that is somebody's: the second


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
    add_people(database, ADA, BEN)
    store = SqlCollectionStore(database, SEAL)
    store.add(Collection("party", "/photos", "transient", NOW, "a reason"))
    item = Item(
        "i-1", "party", "1.jpg", 10, 20, "new", "sha256:x", 640, 480, analysed_with="pack", compared_with="gallery"
    )
    store.note_seen("1", [item], [], [])
    seen = Appearance(ADA, TRACKS[1], "strong", "recognised", NOW)
    store.write_analyses([ItemAnalysis(item, TRACKS, (seen,), frozenset({ADA}))])
    yield database
    database.close()


def add_people(database: Database, *subjects: str) -> None:
    for subject in subjects:
        invitation = Invitation(f"hash {subject}", subject, (Purpose.parse("find"),), NOW, NOW)
        SqlConsentStore(database, SEAL).add_invited(Subject(subject, "Ada", "organisation", NOW), invitation)


def sealed_store(database: Database) -> SqlCollectionStore:
    """The store, with its rows sealed as they stand there: a migration brings the columns, `kenbaar seal` the seals."""
    store = SqlCollectionStore(database, SEAL)
    store.seal_all()
    return store


def folder_of(store: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(kenbaar.storage.__file__).parent / "migrations" / store))
    return config


def migrate(database: Database, to: str) -> None:
    config = folder_of(database.store)
    with database.write() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if to < current(connection) else command.upgrade)(config, to)


def current(connection: sa.Connection) -> str:
    return str(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar())


def columns(database: Database) -> set[str]:
    with database.read() as connection:
        return {c["name"] for c in sa.inspect(connection).get_columns("faces")}


def test_landmarks_go_and_come_and_everything_else_stays(archive: Database, url: str) -> None:
    store = sealed_store(archive)
    assert store.tracks("i-1") == KEPT
    migrate(archive, "0001")
    assert "landmarks" not in columns(archive)
    with archive.read() as connection:
        rows = connection.execute(sa.text("SELECT item, n, x_min, y_max FROM faces ORDER BY n")).all()
        seen = connection.execute(sa.text("SELECT subject, n FROM appearances")).all()
    assert [tuple(r) for r in rows] == [("i-1", 0, 0, 100), ("i-1", 1, 200, 100)]
    assert [tuple(r) for r in seen] == [(ADA, 1)]
    again = open_database("archive", url)  # as the next command of this version finds it
    store = sealed_store(again)
    assert [t.key for t in store.tracks("i-1")] == [Moment(box) for box in BOXES]
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
    for name, head in HEADS.items():
        assert ScriptDirectory.from_config(folder_of(name)).get_current_head() == head


def test_a_face_drawn_by_hand_has_no_landmarks(archive: Database) -> None:
    store = sealed_store(archive)
    drawn = Box(400, 0, 500, 100)
    assert store.add_track_by_hand("i-1", drawn) == Track("i-1", 2, Moment(drawn), by_hand=True)
    assert store.tracks("i-1") == [*KEPT, Track("i-1", 2, Moment(drawn), by_hand=True)]


def test_an_analysis_that_compares_nothing_leaves_no_landmarks(archive: Database) -> None:
    store = sealed_store(archive)
    item = store.item("i-1")
    assert item is not None
    bare = tuple(Track("i-1", n, Moment(box)) for n, box in enumerate(BOXES))
    store.write_analyses([ItemAnalysis(item, bare, (), frozenset())])
    assert [t.key for t in store.tracks("i-1")] == [Moment(box) for box in BOXES]


# -- 0003, tracks: an archive of the version before it ---------------------------------------------------------------

DIGEST = "sha256:one"
OLD_ROWS: dict[str, list[tuple[Any, ...]]] = {
    "items": [
        ("i-1", "party", "1.jpg", DIGEST, 640, 480, 10, 20, None, "present", None, "r1", "pack look 3 all", "gallery"),
        ("i-2", "party", "2.jpg", "sha256:two", 64, 48, 11, 21, None, "present", None, "r1", "pack look 3 none", None),
        ("i-3", "party", "3.jpg", None, None, None, 12, 22, None, "unreadable", "is cut short", "r1", None, None),
        ("i-4", "party", "4.jpg", DIGEST, 640, 480, 13, 23, None, "missing", None, "r0", "pack look 3 all", "gallery"),
    ],
    "faces": [
        ("i-1", 0, 0, 0, 100, 100, POINTS[0]),
        ("i-1", 1, 200, 0, 300, 100, POINTS[1]),
        ("i-1", 2, 400, 0, 500, 100, None),  # the detector did not find it; Ben pointed at it
        ("i-2", 0, 5, 6, 7, 8, None),
    ],
    "appearances": [
        ("i-1", ADA, 1, "possible", "recognised", "2026-11-21 12:00:00.123456"),
        ("i-1", BEN, 2, "by hand", "by hand", "2026-11-22 12:00:00.000000"),
        ("i-2", ADA, 0, "strong", "claimed", "2026-11-23 12:00:00.000000"),
    ],
    "rejections": [
        (DIGEST, BEN, 0, 0, 100, 100, "2026-11-20 12:00:00.000000"),
        ("sha256:two", BEN, 5, 6, 7, 8, "2026-11-20 13:00:00.000000"),
    ],
}


@pytest.fixture
def of_0002(url: str) -> Database:
    """An archive as the version before tracks left it, with OLD_ROWS; the database is let go."""
    database = open_database("archive", url, create=True)
    add_people(database, ADA, BEN)
    sealed_store(database).add(Collection("party", "/photos", "transient", NOW, "a reason"))
    migrate(database, "0002")
    with database.write() as connection:
        for name, rows in OLD_ROWS.items():
            table = sa.Table(name, sa.MetaData(), autoload_with=connection)
            typed = [dict(zip(table.c.keys(), map(_at, row), strict=True)) for row in rows]
            connection.execute(sa.insert(table), typed)
    database.engine.dispose()
    return database


def _at(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) and value.startswith("2026-") else value


def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, in the order of its columns' names: SQLite and PostgreSQL add columns at the end."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with database.read() as connection:
        for name in sa.inspect(connection).get_table_names():
            table = sa.Table(name, sa.MetaData(), autoload_with=connection)
            query = sa.select(*sorted(table.c, key=lambda column: column.name))
            found[name] = sorted((tuple(row) for row in connection.execute(query)), key=repr)
    database.engine.dispose()
    return found


def test_an_older_archive_opens_with_every_face_person_and_rejection(of_0002: Database, url: str) -> None:
    database = open_database("archive", url)
    store = sealed_store(database)
    one, two = Moment(Box(400, 0, 500, 100)), Moment(Box(5, 6, 7, 8))
    assert store.tracks("i-1") == [*KEPT, Track("i-1", 2, one, by_hand=True)]
    assert store.tracks("i-2") == [Track("i-2", 0, two)], "where nothing is compared no face has landmarks"
    seen = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
    assert store.appearances_in("i-1") == [
        Appearance(ADA, TRACKS[1], "possible", "recognised", seen),
        Appearance(
            BEN, Track("i-1", 2, one, by_hand=True), "by hand", "by hand", datetime(2026, 11, 22, 12, tzinfo=UTC)
        ),
    ]
    assert [(item.id, a.how) for item, a in store.appearances_of(ADA)] == [("i-1", "recognised"), ("i-2", "claimed")]
    assert store.rejections(DIGEST, "sha256:two") == [
        Rejection(DIGEST, BEN, BOXES[0], datetime(2026, 11, 20, 12, tzinfo=UTC)),
        Rejection("sha256:two", BEN, Box(5, 6, 7, 8), datetime(2026, 11, 20, 13, tzinfo=UTC)),
    ]
    assert store.items("party", ("present", "unreadable", "missing")) == [
        Item("i-1", "party", "1.jpg", 10, 20, "present", DIGEST, 640, 480, None, None, "pack look 3 all", "gallery"),
        Item("i-2", "party", "2.jpg", 11, 21, "present", "sha256:two", 64, 48, analysed_with="pack look 3 none"),
        Item("i-3", "party", "3.jpg", 12, 22, "unreadable", why="is cut short"),
        Item("i-4", "party", "4.jpg", 13, 23, "missing", DIGEST, 640, 480, None, None, "pack look 3 all", "gallery"),
    ]
    tally = store.tally("party")
    assert (tally.photos, tally.videos, tally.tracks, tally.appearances) == (2, 0, 4, 3)
    database.close()


def test_tracks_go_up_with_data_and_down_and_up_again_and_nothing_is_lost(of_0002: Database) -> None:
    before = everything(of_0002)
    migrate(of_0002, "0003")
    tracked = everything(of_0002)
    migrate(of_0002, "0002")
    assert everything(of_0002) == before
    migrate(of_0002, "0003")
    assert everything(of_0002) == tracked
    of_0002.close()


def test_going_down_leaves_videos_behind_and_of_what_was_said_twice_the_newest(archive: Database) -> None:
    store = sealed_store(archive)
    film = Item("i-9", "party", "film.mp4", 1, 2, "new", "sha256:film", kind="video")
    store.note_seen("1", [film], [], [])
    talks = Track("i-9", 0, Moment(BOXES[0], at_s=1.5), 0.0, 2.0)
    store.write_analyses(
        [ItemAnalysis(film, (talks,), (Appearance(ADA, talks, "strong", "recognised", NOW),), frozenset())]
    )
    for n in (1, 0):
        store.reject([Rejection("sha256:x", BEN, BOXES[n], NOW)], "i-1")
    migrate(archive, "0002")
    rows = everything(archive)
    migrate(archive, "0003")
    assert [len(rows[name]) for name in ("items", "faces", "appearances")] == [1, 2, 1]
    assert store.rejections("sha256:x") == [Rejection("sha256:x", BEN, BOXES[0], NOW)]


def test_an_item_takes_its_tracks_and_a_track_its_appearance_with_it(archive: Database) -> None:
    migrate(archive, "0002")
    migrate(archive, "0003")
    with archive.write() as connection:
        connection.execute(sa.text("DELETE FROM tracks WHERE n = 1"))
        assert connection.execute(sa.text("SELECT count(*) FROM appearances")).scalar() == 0
        connection.execute(sa.text("DELETE FROM items"))
        assert connection.execute(sa.text("SELECT count(*) FROM tracks")).scalar() == 0


def test_an_appearance_points_at_a_track_that_is_there(archive: Database) -> None:
    nowhere = Track("i-1", 7, Moment(BOXES[0]))
    with pytest.raises(sa.exc.IntegrityError):
        sealed_store(archive).put_appearance(Appearance(ADA, nowhere, "strong", "claimed", NOW))


def test_the_tables_are_those_the_migrations_make_also_after_going_down_and_up(archive: Database) -> None:
    for _ in range(2):
        with archive.read() as connection:
            assert compare_metadata(MigrationContext.configure(connection), _tables.archive) == []
        migrate(archive, "0002")
        migrate(archive, HEADS["archive"])


def test_links_in_a_collection_of_before_do_not_lead_out(of_0002: Database, url: str) -> None:
    of_0002.close()
    again = open_database("archive", url)
    assert [c.follow_links for c in SqlCollectionStore(again, SEAL).unsealed()] == [False]
    again.close()


def test_a_kill_in_the_middle_of_a_migration_leaves_the_old_archive_or_the_new_one(of_0002: Database, url: str) -> None:
    """Before each statement of the migration in turn; the next to open the archive finishes it."""
    before, statement = everything(of_0002), 1
    while _killed_at(statement, url):
        left = everything(of_0002)  # killed once it was done, while what was deleted is scrubbed away: the new one
        assert left == before or left["alembic_version"] == [(HEADS["archive"],)]
        statement += 1
    assert statement > 20
    after = everything(of_0002)
    assert after["alembic_version"] == [(HEADS["archive"],)]
    assert [len(after[name]) for name in ("tracks", "appearances", "rejections")] == [4, 3, 2]
    of_0002.close()


def _killed_at(statement: int, url: str) -> bool:
    """Opens the archive in another process that is killed before that statement; whether it came that far."""
    child = os.fork()
    if child == 0:
        left = [statement]

        @sa.event.listens_for(sa.Engine, "before_cursor_execute")
        def _count(*_: Any) -> None:
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            open_database("archive", url)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_two_programs_that_open_an_older_archive_at_once_both_open_it(of_0002: Database, url: str) -> None:
    opened: list[Database] = []
    threads = [threading.Thread(target=lambda: opened.append(open_database("archive", url))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(sealed_store(database).tracks("i-1")) for database in opened] == [3, 3, 3, 3]
    for database in opened:
        database.close()
