"""The door to the database: one engine per inventory, durable commits, tables made when missing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from agent.errors import StorageError
from agent.inventory.schema import metadata
from agent.inventory.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry


def open_database(settings: Settings) -> Engine:
    """The engine of this inventory, tables made when missing; StorageError when it cannot be written."""
    try:
        settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        engine = create_engine(settings.url)
        if engine.dialect.name == "sqlite":
            _make_durable(engine)
        with write(engine) as connection:
            metadata.create_all(connection)
    except (OSError, SQLAlchemyError) as error:
        raise StorageError(
            fr=f"Le dossier de l'inventaire ne peut pas être écrit : {settings.folder} ({_short(error)}). "
            "Choisissez un autre dossier ou libérez de la place.",
            en=f"The inventory's folder cannot be written: {settings.folder} ({_short(error)}). "
            "Choose another folder or make room.",
        ) from error
    return engine


def _short(error: BaseException) -> str:
    return str(error).splitlines()[0][:200]


def _make_durable(engine: Engine) -> None:
    """WAL with synchronous=FULL: a commit that returned survives a power cut (NORMAL may lose the last ones)."""

    @event.listens_for(engine, "connect")
    def prepare(connection: "DBAPIConnection", entry: "ConnectionPoolEntry") -> None:
        raw: Any = connection
        raw.isolation_level = None  # sqlite3 must not begin by itself: `write` begins IMMEDIATE
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
            raw.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that turns into a writer may fail with SQLITE_BUSY at once, whatever busy_timeout.
        asked = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if asked else "BEGIN")


@contextmanager
def write(engine: Engine) -> Iterator[Connection]:
    """One durable transaction, alone among SQLite's writers; committed at the end of the block, or nothing of it."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection
