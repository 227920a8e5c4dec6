"""One-time codes: ten minutes, five tries, once; local enrolment; revocation by place in the log."""

from base64 import b64encode
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from agent.errors import InputRefused, UsageError
from agent.inventory import desk
from agent.inventory.schema import codes
from agent.inventory.settings import Settings
from tests.inventory import Clock, Station


@pytest.fixture
def code(client: TestClient, clock: Clock) -> str:
    """A code made at the test's own time."""
    from agent.inventory.database import write
    from agent.inventory.enrol import make_code

    inventory = client.app.state.inventory  # type: ignore[attr-defined]  # Starlette's state
    with write(inventory.engine) as connection:
        return make_code(connection, inventory.log.tenant, clock())


def ask(client: TestClient, code: str, station: Station, name: str = "Clé 3") -> Any:
    asked = {"code": code, "public_key": b64encode(station.public_key).decode(), "name": name}
    return client.post("/api/v1/enrol", json=asked)


def test_a_code_enrols_one_station_once(client: TestClient, code: str, settings: Settings) -> None:
    answer = ask(client, code, Station(3))
    assert answer.status_code == 201
    health = client.get("/api/v1/health").json()
    assert {name: answer.json()[name] for name in ("tenant", "origin", "log_public_key")} == {
        name: health[name] for name in ("tenant", "origin", "log_public_key")
    }
    assert ask(client, code, Station(4)).status_code == 403
    assert [station.name for station in desk.list_stations(settings)] == ["Clé 3"]


@pytest.mark.parametrize("spelling", ["{}", " {} ", "{}".lower()])
def test_a_code_may_be_typed_loosely(client: TestClient, code: str, spelling: str) -> None:
    typed = spelling.format(code.replace("-", " "))
    assert ask(client, typed.lower(), Station(3)).status_code == 201


def test_a_code_lives_ten_minutes(client: TestClient, code: str, clock: Clock) -> None:
    clock.wait(minutes=10, seconds=1)
    assert ask(client, code, Station(3)).status_code == 403


def test_five_misses_close_the_code(client: TestClient, code: str) -> None:
    for _ in range(5):
        assert ask(client, "2222-2222", Station(3)).json()["error"] == "wrong-code"
    assert ask(client, code, Station(3)).status_code == 403


def test_four_misses_do_not(client: TestClient, code: str) -> None:
    for _ in range(4):
        ask(client, "2222-2222", Station(3))
    assert ask(client, code, Station(3)).status_code == 201


def test_the_code_itself_is_not_stored(client: TestClient, code: str) -> None:
    with client.app.state.inventory.engine.connect() as connection:  # type: ignore[attr-defined]  # Starlette's state
        row = connection.execute(select(codes)).one()
    assert code not in repr(row) and code.replace("-", "") not in repr(row)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"code":"x","public_key":"AAAA","name":"n"}',
        b'{"code":1,"public_key":"","name":""}',
        b"\xff",
    ],
)
def test_a_broken_request_is_refused(client: TestClient, code: str, body: bytes) -> None:
    answer = client.post("/api/v1/enrol", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 403)
    assert set(answer.json()) == {"error", "fr", "en"}


def test_a_key_of_the_wrong_length_costs_no_code(client: TestClient, code: str) -> None:
    asked = {"code": code, "public_key": b64encode(b"short").decode(), "name": "n"}
    assert client.post("/api/v1/enrol", json=asked).status_code == 400
    assert ask(client, code, Station(3)).status_code == 201


def test_enrolling_twice_changes_nothing(settings: Settings) -> None:
    station = Station(3)
    first = desk.enrol_local(settings, station.public_key, "un")
    assert desk.enrol_local(settings, station.public_key, "deux") == first
    assert [known.name for known in desk.list_stations(settings)] == ["un"]


def test_a_revoked_key_cannot_come_back(settings: Settings) -> None:
    station = Station(3)
    desk.enrol_local(settings, station.public_key, "un")
    desk.revoke(settings, station.key_id, from_log_index=5)
    desk.revoke(settings, station.key_id, from_log_index=9)  # cannot be softened
    assert desk.list_stations(settings)[0].revoked_from_index == 5
    with pytest.raises(InputRefused):
        desk.enrol_local(settings, station.public_key, "un")


def test_revoking_an_unknown_key(settings: Settings) -> None:
    with pytest.raises(UsageError):
        desk.revoke(settings, "0" * 64, from_log_index=0)


def test_a_hostile_name_is_cleaned(client: TestClient, code: str, settings: Settings) -> None:
    ask(client, code, Station(3), name="\x1b[31mrouge\u202e" + "x" * 3000)
    name = desk.list_stations(settings)[0].name
    assert name.startswith("rouge") and len(name) <= 80
