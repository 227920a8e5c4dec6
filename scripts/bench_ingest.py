"""Ingest: signed records a second, over HTTP into a real server process, beside bare SQLite durable inserts.

Both in one run on the same disk and the same processors; the client that sends shares them too. A record counts when
its answer came: signature checked, logged, indexed, committed with synchronous=FULL, receipt given. All receipts are
verified afterwards.
"""

import argparse
import asyncio
import os
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

Sealed = tuple[str, bytes]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=5000)
    parser.add_argument("--connections", type=int, default=192)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR")) as folder:
        bench(Path(folder), options.records, options.connections)
    return 0


def bench(folder: Path, count: int, connections: int) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from agent.envelope import public_key
    from agent.inventory import desk
    from agent.inventory.embedded import start_embedded, stop_embedded
    from agent.inventory.settings import Settings
    from agent.merkle import check_receipt

    key = Ed25519PrivateKey.generate()
    records = sealed_records(key, count)
    warm, measured = count // 10, count - count // 10
    settings = Settings(folder=folder / "inventory")
    desk.enrol_local(settings, key.public_key().public_bytes_raw(), "bench")
    address = start_embedded(settings.folder)
    try:
        server = psutil.Process(address.pid)
        asyncio.run(deliver(address.url, records[:warm], connections))  # the second process starts here
        started, spent, machine = time.perf_counter(), spent_s(server), machine_s()
        receipts = asyncio.run(deliver(address.url, records[warm:], connections))
        wall = time.perf_counter() - started
        spent, machine = spent_s(server) - spent, machine_s() - machine
    finally:
        stop_embedded(settings.folder)
    log_key = public_key(address.log_public_key)
    for (digest, _), receipt in zip(records[warm:], receipts, strict=True):
        check_receipt(receipt, digest, log_key, address.origin)
    bare = bare_inserts(folder / "bare.sqlite3", records)
    size = sum(len(raw) for _, raw in records) // count
    print(f"ingest: {count} signed records of {size} bytes, {connections} connections, {os.cpu_count()} processors")
    ours, processors = measured / wall, os.cpu_count() or 1
    print(f"  inventory, log and receipts included   {ours:8.0f} records/s   bound 1500")
    print(f"  processor time, client included        {spent / measured * 1e6:8.0f} µs a record")
    print(f"  processors taken by other programs     {(machine - spent) / wall / processors:8.0%}")
    print(f"  bare SQLite, one durable row a commit  {bare:8.0f} rows/s")
    print(f"  ratio                                  {ours / bare:8.2f}")


def spent_s(server: psutil.Process) -> float:
    """Processor time of the server, its children and this client so far."""
    times = [process.cpu_times() for process in (server, *server.children(), psutil.Process())]
    return sum(time.user + time.system for time in times)


def machine_s() -> float:
    """Processor time of everything on this machine so far."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - getattr(times, "guest", 0) - getattr(times, "guest_nice", 0))


def sealed_records(key: "object", count: int) -> list[Sealed]:
    """A station's chain of records about made-up laptops."""
    from tests.inventory import Station

    station = Station()
    station.key = key  # type: ignore[assignment]
    return [station.visit(number) for number in range(1, count + 1)]


async def deliver(url: str, records: list[Sealed], connections: int) -> list[bytes]:
    """PUT every record over keep-alive connections; the receipts, in order."""
    host, port = url.removeprefix("http://").split(":")
    receipts: list[bytes] = [b""] * len(records)
    waiting = iter(range(len(records)))

    async def carry() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        for number in waiting:
            digest, raw = records[number]
            head = f"PUT /api/v1/records/{digest} HTTP/1.1\r\nHost: {host}:{port}\r\n"
            writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n".encode() + raw)
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(answer.partition(b"content-length:")[2].partition(b"\r\n")[0])
            receipts[number] = await reader.readexactly(length)
            if b" 201 " not in answer[:16]:
                raise SystemExit(f"refused: {answer[:30]!r} {receipts[number]!r}")
        writer.close()

    await asyncio.gather(*(carry() for _ in range(connections)))
    return receipts


def bare_inserts(path: Path, records: list[Sealed]) -> float:
    """Rows a second, the same bytes, one row in each durable transaction: what a plain server would do."""
    database = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("CREATE TABLE records (digest TEXT PRIMARY KEY, raw BLOB NOT NULL) STRICT")
    started = time.perf_counter()
    for digest, raw in records:
        database.execute("INSERT INTO records VALUES (?, ?)", (digest, raw))
    rate = len(records) / (time.perf_counter() - started)
    database.close()
    return rate


if __name__ == "__main__":
    sys.exit(main())
