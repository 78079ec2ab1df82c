"""Opening a database: pragmas, migrations, and the refusals of a full or broken disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from kenbaar.errors import ArchiveBroken, KenbaarError, NoSpace, Unusable

HEADS = {"archive": "0015", "templates": "0003"}  # newest migration of each store; test_migrations holds us to it
_CLOSED = ("readonly database", "unable to open database file")
# One program migrates at a time, all of it or nothing. SQLite's driver begins no transaction for CREATE and ALTER.
_MIGRATE_ALONE = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(1802334818)"}
_FULL = ("disk is full", "disk I/O error", "No space left", "could not extend file")


WRITE_WAIT_S = 30.0  # for whoever writes
SCRUB_WAIT_S = 2.0  # for whoever reads: a command that lists or finds is done in that time


class Database:
    """One database of the archive: an engine, and transactions whose failures are sentences."""

    def __init__(self, engine: sa.Engine, store: str) -> None:
        self.engine, self.store = engine, store

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction: all of it or nothing. Raises NoSpace, ArchiveBroken."""
        with self._translated(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for reading."""
        with self._translated(), self.engine.connect() as connection:
            yield connection

    def scrub(self, wait_s: float = SCRUB_WAIT_S) -> bool:
        """What was deleted leaves the write-ahead log too (SQLite; secure_delete has overwritten the pages already).

        False where somebody is still reading what was there before, after waiting so long for them: then it stays
        until scrub is called once more.
        """
        if self.engine.dialect.name != "sqlite":
            return True
        with self._translated(), self.engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {round(wait_s * 1000)}")
            try:
                return not connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {round(WRITE_WAIT_S * 1000)}")

    def finish_scrub(self) -> None:
        """Scrubs what a command before could not, or was killed before it did; waits for nobody."""
        name = self.engine.url.database
        if self.engine.dialect.name == "sqlite" and name and _has_log(Path(f"{name}-wal")):
            self.scrub(0)

    def close(self) -> None:
        """Lets the files go."""
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as err:
            text = str(err.orig)
            if any(sign in text for sign in _FULL):
                raise NoSpace(
                    f"The disk has no room for {self.store} ({text}).",
                    "Free some space; nothing half-written was kept.",
                ) from err
            if any(sign in text for sign in _CLOSED):
                raise Unusable(
                    f"The {self.store} database cannot be written to ({text}).",
                    "Check the permissions of the home folder and of the files in it; nothing was changed.",
                ) from err
            if isinstance(err, sa.exc.IntegrityError):  # a bug of ours, not of the database: not to be talked away
                raise
            raise ArchiveBroken(
                f"The {self.store} database cannot be used ({text}).",
                "Put back a good copy of it, or run `kenbaar check`.",
            ) from err


def open_database(store: str, where: str | Path, *, create: bool = False) -> Database:
    """Opens store "archive" or "templates" at that URL, migrated to the newest form. Raises ArchiveBroken, NoSpace.

    where: a URL, or the path of a SQLite file. create: make it where it is missing; otherwise a missing or an empty
    database is ArchiveBroken, never silently made anew.
    """
    parsed = sa.make_url(where) if isinstance(where, str) else sa.URL.create("sqlite", database=str(where))
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite":
        path = Path(parsed.database or "")
        if not path.exists():
            if not create:
                raise ArchiveBroken(
                    f"The {store} database is missing.", f"Put {path.name} back; nothing was made in its place."
                )
            path.touch(mode=0o600)
        engine = sa.create_engine(parsed, connect_args={"timeout": WRITE_WAIT_S})
        event.listen(engine, "connect", _sqlite_pragmas)
    else:
        engine = sa.create_engine(parsed, pool_pre_ping=True)
    database = Database(engine, store)
    try:
        _migrate(database, create=create)
    except BaseException:
        database.close()
        raise
    return database


def _has_log(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _sqlite_pragmas(connection: Any, _record: Any) -> None:
    """WAL: readers beside a writer. FULL: committed is durable. secure_delete: deleted is overwritten."""
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "journal_size_limit=0",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _migrate(database: Database, *, create: bool) -> None:
    """Brings the database to its head. Alembic is imported only where there is something to do."""
    with database.read() as connection:
        known = sa.inspect(connection).has_table("alembic_version")
        if (
            known
            and connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == HEADS[database.store]
        ):
            return
    if not known and not create:
        raise ArchiveBroken(
            f"The {database.store} database is empty.", "Put a good copy of it back; nothing was made in its place."
        )
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations" / database.store))
    try:
        with database.write() as connection:
            connection.exec_driver_sql(_MIGRATE_ALONE[connection.dialect.name])
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        database.scrub()
    except Exception as err:  # alembic raises its own, SQLAlchemy's and Python's; each means the same to a user
        if isinstance(err, KenbaarError):
            raise
        raise ArchiveBroken(
            f"The {database.store} database could not be brought to this version ({err}).",
            "It was made by a newer Kenbaar, or is damaged; nothing was changed.",
        ) from err
