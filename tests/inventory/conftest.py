"""An inventory in a temporary folder, reached through its test client: no socket is opened."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from agent.inventory import desk
from agent.inventory.app import build
from agent.inventory.settings import Settings
from tests.inventory import Clock, Station


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(folder=tmp_path / "inventory", hosts=("testserver",))


@pytest.fixture
def client(settings: Settings, clock: Clock) -> Iterator[TestClient]:
    with TestClient(build(settings, clock=clock)) as client:
        yield client


@pytest.fixture
def station(settings: Settings) -> Station:
    """A station that is enrolled already."""
    station = Station()
    desk.enrol_local(settings, station.public_key, "Banc 1")
    return station
