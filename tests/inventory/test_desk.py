"""Rebuilding: the envelopes are the truth, the tables an index; what was altered is named."""

from typing import Any

import pytest
from sqlalchemy import Engine, delete, select, update
from starlette.testclient import TestClient

from agent.errors import StorageError
from agent.inventory import desk
from agent.inventory.database import open_database, write
from agent.inventory.schema import INDEX_TABLES, envelopes, leaves, records
from agent.inventory.settings import Settings
from tests.inventory import JSON, Station


def fill(client: TestClient, station: Station, count: int = 12) -> None:
    for number in range(1, count + 1):
        machine = station.record(max(1, number % 5)).machine  # some machines come more than once
        digest, raw = station.visit(number, machine=machine)
        assert client.put(f"/api/v1/records/{digest}", content=raw, headers=JSON).status_code == 201


def dump(engine: Engine) -> dict[str, list[Any]]:
    with engine.connect() as connection:
        return {table.name: sorted(tuple(row) for row in connection.execute(select(table))) for table in INDEX_TABLES}


def test_reindex_gives_every_row_again(client: TestClient, station: Station, settings: Settings) -> None:
    fill(client, station)
    engine = open_database(settings)
    before = dump(engine)
    assert {name: len(rows) for name, rows in before.items()} == {
        "records": 12, "machines": 4, "disks": 12, "verdicts": 24,
    }  # fmt: skip
    with write(engine) as connection:
        for table in reversed(INDEX_TABLES):
            connection.execute(delete(table))
    told = desk.reindex(settings)
    assert dump(engine) == before
    assert (told.records, told.machines, told.without_envelope) == (12, 4, 0)
    engine.dispose()


def test_reindex_repairs_a_row_that_was_changed(client: TestClient, station: Station, settings: Settings) -> None:
    fill(client, station, 3)
    engine = open_database(settings)
    before = dump(engine)
    with write(engine) as connection:
        connection.execute(update(records).values(outcome="refurbish", sticker="faux"))
    assert dump(engine) != before
    desk.reindex(settings)
    assert dump(engine) == before
    engine.dispose()


def test_a_deleted_body_is_a_visible_hole(client: TestClient, station: Station, settings: Settings) -> None:
    fill(client, station, 3)
    engine = open_database(settings)
    with write(engine) as connection:
        connection.execute(delete(envelopes).where(envelopes.c.digest == station.prev))
    told = desk.reindex(settings)
    assert (told.records, told.without_envelope) == (2, 1)
    engine.dispose()


@pytest.mark.parametrize("what", ["envelope", "leaf time", "leaf gone"])
def test_what_was_altered_stops_the_rebuilding(
    client: TestClient, station: Station, settings: Settings, what: str
) -> None:
    fill(client, station, 3)
    engine = open_database(settings)
    before = dump(engine)
    with write(engine) as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        last = connection.execute(select(envelopes).where(envelopes.c.digest == station.prev)).one()
        if what == "envelope":
            raw = last.raw.replace(b"A", b"B", 1)
            connection.execute(update(envelopes).where(envelopes.c.digest == station.prev).values(raw=raw))
        elif what == "leaf time":
            connection.execute(update(leaves).where(leaves.c.log_index == 1).values(received_at="2020-01-01T00:00:00Z"))
        else:
            connection.execute(delete(envelopes).where(envelopes.c.digest == station.prev))
            connection.execute(delete(leaves).where(leaves.c.digest == station.prev))
    with pytest.raises(StorageError, match="altered"):
        desk.reindex(settings)
    assert dump(engine) == before
    engine.dispose()


def test_another_key_beside_the_database_is_refused(client: TestClient, settings: Settings) -> None:
    (settings.folder / "log.key").write_bytes(b"\1" * 32)
    with pytest.raises(StorageError, match="log's key"):
        desk.list_stations(settings)


def test_a_lost_key_is_never_replaced_in_silence(client: TestClient, settings: Settings) -> None:
    (settings.folder / "log.key").unlink()
    with pytest.raises(StorageError, match="log's key"):
        desk.list_stations(settings)
    assert not (settings.folder / "log.key").exists()


def test_the_log_key_is_for_its_owner_only(client: TestClient, settings: Settings) -> None:
    assert (settings.folder / "log.key").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_written(settings: Settings) -> None:
    settings.folder.parent.mkdir(exist_ok=True)
    settings.folder.write_text("a file stands here")
    with pytest.raises(StorageError, match="folder cannot be written"):
        desk.list_stations(settings)


def test_every_key_starts_with_the_tenant() -> None:
    from agent.inventory.schema import metadata

    for table in metadata.sorted_tables:
        assert [column.name for column in table.primary_key][0] == "tenant_id", table.name
        for constraint in table.foreign_key_constraints:
            assert constraint.column_keys[0] == "tenant_id", table.name


def test_the_tables_are_also_postgresql() -> None:
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.schema import CreateTable

    from agent.inventory.schema import metadata

    for table in metadata.sorted_tables:
        told = str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
        assert " INTEGER" not in told, table.name  # 32 bits there: too few for sizes
