"""Outbox → our own inventory → receipt, in one process: both sides agree on bytes, statuses and proofs."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent import keys
from agent.envelope import seal
from agent.errors import InputRefused, StorageError
from agent.home import Home
from agent.host import Host
from agent.keys import StationKey
from agent.outbox import Outbox
from agent.record import build_payload
from agent.upload import Delivery, Inventory, deliver, enrol
from agent.verify import explain_envelope
from agent.visit import make_known
from tests.evidence import NOW, record

pytest.importorskip("starlette")
pytest.importorskip("sqlalchemy")
from starlette.testclient import TestClient  # noqa: E402 - only where the server's packages are

from agent.inventory.app import build  # noqa: E402
from agent.inventory.database import write  # noqa: E402
from agent.inventory.enrol import make_code  # noqa: E402
from agent.inventory.settings import Settings  # noqa: E402

URL = "http://localhost"


class Wire:
    """requests' way of asking, over the inventory's own test client."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    def request(self, method: str, url: str, **options: Any) -> Any:
        answer = self._client.request(
            method, url, content=options["data"], headers=options["headers"], follow_redirects=False
        )

        class Heard:
            status_code = answer.status_code
            headers = answer.headers

            def iter_content(self, chunk_size: int) -> Iterable[bytes]:
                return (answer.content,)

            def close(self) -> None:
                pass

        return Heard()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app = build(Settings(folder=tmp_path / "inventory"), clock=lambda: NOW)
    with TestClient(app, base_url=URL) as client:
        yield client


@pytest.fixture
def key(tmp_path: Path) -> StationKey:
    return keys.create(tmp_path / "keys")


def join(client: TestClient, key: StationKey) -> Inventory:
    inventory = client.app.state.inventory  # type: ignore[attr-defined] # TestClient types its app as a bare callable
    with write(inventory.engine) as connection:
        code = make_code(connection, inventory.log.tenant, NOW)
    found = enrol(URL, code, key, "Établi 3", Wire(client))
    with pytest.raises(InputRefused):
        enrol(URL, code, key, "Établi 3", Wire(client))
    return Inventory(url=URL, origin=found.origin, log_public_key=found.log_public_key)


class RamHost(Host):
    """Our image without a stick: everything lives in memory."""

    def text(self, path: str) -> str | None:
        return {"/proc/cmdline": "rebond.ram", "/proc/mounts": "none / rootfs rw 0 0\n"}.get(path)


def test_what_memory_alone_holds_is_made_known_before_the_deed(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home")
    key = home.key()
    with pytest.raises(StorageError, match="Without a stick|Sans clé"):
        make_known(home, RamHost(), "0" * 64)
    inventory = client.app.state.inventory  # type: ignore[attr-defined]
    with write(inventory.engine) as connection:
        code = make_code(connection, inventory.log.tenant, NOW)
    home.connect(URL, enrol(URL, code, key, "Établi 3", Wire(client)))
    monkeypatch.setattr("agent.upload.open_session", lambda pin: Wire(client))
    digest = add(Outbox(home.outbox), key, 1)
    assert digest in make_known(home, RamHost(), digest)
    assert Outbox(home.outbox).archived() == (digest,), "the inventory's receipt is here"
    with pytest.raises(StorageError):
        make_known(home, RamHost(), "0" * 64)  # no receipt for this one
    assert make_known(home, Host(), "0" * 64) == (), "on a disk or a stick the outbox itself is enough"


def add(outbox: Outbox, key: StationKey, number: int, **changes: Any) -> str:
    def build_envelope(seq: int, prev: str | None) -> bytes:
        made = record(number, seq, prev, station=key.station, **changes)
        return seal(build_payload(made), key.private)

    return outbox.add(key.key_id, build_envelope).digest


def send(outbox: Outbox, inventory: Inventory, client: TestClient) -> Delivery:
    return deliver(outbox, inventory, Wire(client), now=lambda: NOW, sleep=lambda s: None, random=lambda: 0.0)


def test_enrolled_delivered_archived_and_provable(tmp_path: Path, client: TestClient, key: StationKey) -> None:
    inventory, outbox = join(client, key), Outbox(tmp_path / "outbox")
    digests = [add(outbox, key, number) for number in range(5)]
    assert send(outbox, inventory, client).delivered == tuple(digests)
    trust = tmp_path / "trust"
    keys.trust_station(trust, key.public, "Établi 3")
    keys.trust_log(trust, inventory.origin, inventory.log_public_key)
    for digest in digests:
        assert client.get(f"/api/v1/records/{digest}").content == outbox.read(digest)
        receipt = outbox.receipt(digest)
        assert client.get(f"/api/v1/records/{digest}/receipt").content == receipt
        assert explain_envelope(outbox.read(digest), keys.load_trust(trust), receipt).holds


def test_delivering_again_gives_the_same_receipt(tmp_path: Path, client: TestClient, key: StationKey) -> None:
    inventory, outbox = join(client, key), Outbox(tmp_path / "outbox")
    for number in range(3):
        add(outbox, key, number)
    send(outbox, inventory, client)
    carrier = Outbox(tmp_path / "other stick")
    for digest in outbox.archived():
        carrier.queue(outbox.read(digest))
    assert len(send(carrier, inventory, client).delivered) == 3
    assert all(carrier.receipt(digest) == outbox.receipt(digest) for digest in outbox.archived())
    assert client.get("/api/v1/health").json()["log_size"] == 3


def test_a_station_nobody_knows_is_refused_then_comes_back(tmp_path: Path, client: TestClient, key: StationKey) -> None:
    outbox, other = Outbox(tmp_path / "outbox"), keys.create(tmp_path / "other keys")
    inventory = join(client, other)
    digest = add(outbox, key, 1)
    report = send(outbox, inventory, client)
    assert [one.reason.code for one in report.refused] == ["unknown-key"]
    join(client, key)
    assert outbox.reconsider("unknown-key") == 1
    assert send(outbox, inventory, client).delivered == (digest,)


def test_a_copied_key_is_noticed(tmp_path: Path, client: TestClient, key: StationKey) -> None:
    inventory = join(client, key)
    first, second = Outbox(tmp_path / "a"), Outbox(tmp_path / "b")
    add(first, key, 1)
    add(second, key, 2)
    assert len(send(first, inventory, client).delivered) == 1
    assert [one.reason.code for one in send(second, inventory, client).refused] == ["chain-fork"]


def test_the_same_id_with_other_bytes_is_refused(tmp_path: Path, client: TestClient, key: StationKey) -> None:
    inventory, outbox = join(client, key), Outbox(tmp_path / "outbox")
    add(outbox, key, 1)
    add(outbox, key, 1, lot="autre")
    report = send(outbox, inventory, client)
    assert len(report.delivered) == 1
    assert [one.reason.code for one in report.refused] == ["same-id"]


def test_what_only_a_newer_inventory_reads_is_kept_aside(tmp_path: Path, client: TestClient, key: StationKey) -> None:
    inventory, outbox = join(client, key), Outbox(tmp_path / "outbox")
    payload = build_payload(record(1)).replace(b"record/v1", b"record/v2")
    outbox.queue(seal(payload, key.private))
    report = send(outbox, inventory, client)
    assert [one.reason.status for one in report.refused] == [422]
