"""A real server process: started once for a folder, killed without warning, and what it acknowledged is still there."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from http.client import HTTPException
from pathlib import Path

import psutil
import pytest

from agent.envelope import public_key
from agent.errors import EnvelopeError, StorageError
from agent.inventory import desk
from agent.inventory.checking import Checker
from agent.inventory.database import open_database
from agent.inventory.embedded import ask_health, find_embedded, serve, start_embedded, stop_embedded
from agent.inventory.settings import Settings
from agent.inventory.writer import Writer
from agent.merkle import check_receipt, open_checkpoint
from tests.inventory import Station

pytestmark = [pytest.mark.programs, pytest.mark.loopback]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    stop_embedded(tmp_path)


def put(url: str, digest: str, raw: bytes) -> tuple[int, bytes]:
    import http.client
    from urllib.parse import urlsplit

    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
    try:
        connection.request("PUT", f"/api/v1/records/{digest}", raw, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_two_starts_are_one_server(folder: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(start_embedded, [folder, folder])
    assert first == second == find_embedded(folder)
    with pytest.raises(StorageError, match="already serves"):
        serve(Settings(folder=folder, port=0), announce=lambda url, instance: None)
    assert stop_embedded(folder)
    assert find_embedded(folder) is None
    assert not stop_embedded(folder)


def test_a_stale_address_is_not_believed(folder: Path) -> None:
    (folder / "embedded.json").write_text('{"url": "http://127.0.0.1:9", "pid": 1, "instance": "x"}')
    assert find_embedded(folder) is None
    address = start_embedded(folder)
    (folder / "embedded.json").write_text(f'{{"url": "{address.url}", "pid": 1, "instance": "another"}}')
    assert find_embedded(folder) is None  # somebody answers there, but not who wrote the file
    os.kill(address.pid, signal.SIGTERM)


def test_killed_in_mid_load_it_keeps_what_it_acknowledged(folder: Path) -> None:
    station = Station()
    trust = desk.enrol_local(Settings(folder=folder), station.public_key, "Banc 1")
    visits = [station.visit(number) for number in range(1, 401)]
    address = start_embedded(folder)
    receipts: dict[str, bytes] = {}

    def carry(visit: tuple[str, bytes]) -> None:
        try:
            status, receipt = put(address.url, *visit)
        except (OSError, EOFError, HTTPException):  # killed in the middle of an answer: nothing was acknowledged
            return
        assert status == 201, receipt
        receipts[visit[0]] = receipt
        if len(receipts) == 150:
            os.kill(address.pid, signal.SIGKILL)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(carry, visits))
    assert 150 <= len(receipts) < 400
    again = start_embedded(folder)
    assert again.pid != address.pid
    assert again.log_public_key == trust.log_public_key
    key = public_key(trust.log_public_key)
    for digest, raw in visits[:300]:
        status, receipt = put(again.url, digest, raw)
        given = check_receipt(receipt, digest, key, trust.origin)
        if digest in receipts:
            assert (status, receipt) == (200, receipts[digest])
        assert given.record_digest == digest
    told = desk.reindex(Settings(folder=folder))  # checks the log against its signature on the way
    assert told.records >= 300
    assert told.without_envelope == 0


def test_identical_uploads_at_once_are_one_record(folder: Path) -> None:
    station = Station()
    desk.enrol_local(Settings(folder=folder), station.public_key, "Banc 1")
    address = start_embedded(folder)
    digest, raw = station.visit(1)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: put(address.url, digest, raw), range(48)))
    assert sorted(status for status, _ in answers) == [200] * 47 + [201]
    assert len({receipt for _, receipt in answers}) == 1
    health = ask_health(address.url)
    assert health and health["log_size"] == 1


def test_rivals_at_once_have_one_winner(folder: Path) -> None:
    station = Station()
    desk.enrol_local(Settings(folder=folder), station.public_key, "Banc 1")
    address = start_embedded(folder)
    rivals = [station.seal(station.record(1, sticker=f"R{number}", seq=1, prev=None)) for number in range(24)]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda visit: put(address.url, *visit)[0], rivals))
    assert sorted(answers) == [201] + [409] * 23
    assert len(desk.list_alarms(Settings(folder=folder))) == 23


RUSH = """
import asyncio, os, sys, time
from agent.inventory.checking import Checker
from agent.inventory.intake import Upload
from tests.inventory import Station

async def run():
    station = Station()
    known = {station.key_id: station.key.public_key()}
    visits = [station.visit(1), station.visit(2), Station(9).visit(1), (station.visit(3)[0], station.visit(4)[1])]
    async with Checker(lambda key_ids: {k: known[k] for k in key_ids if k in known}, rush=1) as checker:
        found = await asyncio.gather(*(checker.check(*visit) for visit in visits), return_exceptions=True)
        told = ["taken" if isinstance(one, Upload) else one.word for one in found]
        print(*told, *checker._pool._processes, flush=True)
        time.sleep(60)

if __name__ == "__main__":
    asyncio.run(run())
"""


def test_a_rush_is_checked_in_a_second_process_that_dies_with_the_first(tmp_path: Path) -> None:
    (tmp_path / "rush.py").write_text(RUSH)
    root = str(Path(__file__).resolve().parents[2])
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "rush.py")],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": root},
        text=True,
    ) as first:
        assert first.stdout
        *told, second = first.stdout.readline().split()
        first.kill()
    assert told == ["taken", "taken", "unknown-key", "wrong-digest"]
    for _ in range(100):
        if not psutil.pid_exists(int(second)) or psutil.Process(int(second)).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.05)
    pytest.fail("the checking process outlived its server")


def test_without_a_second_process_records_are_still_taken() -> None:
    station = Station()
    known = {station.key_id: station.key.public_key()}

    async def run() -> list[object]:
        async with Checker(lambda key_ids: known, rush=1) as checker:
            checker._pool = DeadPool()  # type: ignore[assignment]  # what is left after the kernel killed it
            visits = [station.visit(number) for number in range(1, 6)]
            asked = [checker.check(*visit) for visit in visits] + [checker.check("0" * 64, visits[0][1])]
            return list(await asyncio.gather(*asked, return_exceptions=True))

    outcomes = asyncio.run(run())
    assert [type(outcome).__name__ for outcome in outcomes] == ["Upload"] * 5 + ["Refusal"]


class DeadPool(Executor):
    def submit(self, *args: object, **kwargs: object) -> "Future[object]":  # type: ignore[override]
        raise BrokenProcessPool


def test_a_receipt_of_another_log_does_not_hold(folder: Path) -> None:
    trusts = []
    for name in ("one", "two"):
        station = Station()
        trusts.append(desk.enrol_local(Settings(folder=folder / name), station.public_key, "Banc 1"))
    assert trusts[0].origin != trusts[1].origin
    address = start_embedded(folder / "one")
    digest, raw = Station().visit(1)
    _, receipt = put(address.url, digest, raw)
    stop_embedded(folder / "one")
    with pytest.raises(EnvelopeError):
        check_receipt(receipt, digest, public_key(trusts[1].log_public_key), trusts[1].origin)


def test_a_new_folder_has_an_empty_signed_log(folder: Path) -> None:
    import urllib.request

    address = start_embedded(folder)
    with urllib.request.urlopen(f"{address.url}/api/v1/log/checkpoint") as answer:
        note = answer.read().decode()
    checkpoint = open_checkpoint(note, public_key(address.log_public_key), address.origin)
    assert checkpoint.size == 0


def test_one_bad_item_does_not_fail_its_batch() -> None:
    reported: list[Exception] = []

    def commit(items: Sequence[int]) -> list[int]:
        if 3 in items:
            raise OSError("disk")
        return [item * 10 for item in items]

    async def run() -> list[object]:
        async with Writer[int, int](commit, batch=8, pending=8, report=reported.append) as writer:
            return list(await asyncio.gather(*(writer.store(n) for n in range(6)), return_exceptions=True))

    outcomes = asyncio.run(run())
    assert [o for o in outcomes if isinstance(o, int)] == [0, 10, 20, 40, 50]
    assert getattr(outcomes[3], "status", None) == 503
    assert reported


def test_too_much_at_once_is_sent_away() -> None:
    async def run() -> list[object]:
        async with Writer[int, int](list, batch=2, pending=4, report=lambda error: None) as writer:
            return list(await asyncio.gather(*(writer.store(n) for n in range(12)), return_exceptions=True))

    outcomes = asyncio.run(run())
    refused = [o for o in outcomes if not isinstance(o, int)]
    assert refused and all(getattr(o, "status", None) == 503 for o in refused)
    assert [o for o in outcomes if isinstance(o, int)] == [0, 1, 2, 3]


def test_commits_are_durable(folder: Path) -> None:
    engine = open_database(Settings(folder=folder))
    with engine.connect() as connection:
        asked = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
        strict = connection.exec_driver_sql(
            "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND NOT strict AND name NOT LIKE 'sqlite_%'"
        ).scalar()
    engine.dispose()
    assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert strict == 0


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:99999", "http://127.0.0.1:x", ""])
def test_a_damaged_address_file_is_nobody(tmp_path: Path, url: str) -> None:
    (tmp_path / "embedded.json").write_text(json.dumps({"url": url, "pid": 1, "instance": "x"}))
    assert find_embedded(tmp_path) is None
