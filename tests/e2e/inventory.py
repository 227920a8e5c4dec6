"""A real inventory on this computer's loopback, which an emulated PC reaches as 10.0.2.2 through QEMU's own network."""

import json
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any

from agent.envelope import peek
from agent.inventory import desk
from agent.inventory.settings import Settings
from agent.keys import trust_log, trust_station
from tests.e2e.cable import ROOT, end

NETWORK = ["-netdev", "user,id=n0"]  # 10.0.2.2 is this computer's loopback


class Inventory:
    """`with Inventory(folder) as inventory:` a `rebond serve`; it can be stopped and started again."""

    def __init__(self, folder: Path, is_tls: bool = False) -> None:
        self.folder, self.scheme = folder, "https" if is_tls else "http"
        self.settings = Settings(folder=folder / "inventory")
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def seen_from_pc(self) -> str:
        return f"{self.scheme}://10.0.2.2:{self.port}"

    def __enter__(self) -> "Inventory":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        words = ["serve", "--folder", str(self.settings.folder), "--port", str(self.port), "--name", "10.0.2.2"]
        if self.scheme == "https":
            words.append("--tls")  # under a certificate of its own: stations know it by its pin
        with (self.folder / "inventory.log").open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "agent", *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.folder, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            )  # fmt: skip
        until = time.monotonic() + 60
        while True:
            try:
                self.get("/api/v1/health")
                return
            except OSError:
                assert time.monotonic() < until and self._child.poll() is None, (
                    self.folder / "inventory.log"
                ).read_text()
                time.sleep(0.2)

    def stop(self) -> None:
        if self._child is not None:
            end(self._child, signal.SIGTERM)

    def get(self, path: str) -> bytes:
        own = ssl._create_unverified_context() if self.scheme == "https" else None  # our own child, on loopback
        with urllib.request.urlopen(f"{self.scheme}://127.0.0.1:{self.port}{path}", timeout=10, context=own) as answer:
            raw: bytes = answer.read()
        return raw

    def new_code(self) -> str:
        return desk.new_code(self.settings)

    def digests(self) -> list[str]:
        """Of every record in its log, oldest first; the same record twice would stand here twice."""
        with closing(sqlite3.connect(self.settings.folder / "inventory.sqlite3", timeout=30)) as database:
            return [row[0] for row in database.execute("select digest from leaves order by log_index")]

    def wait_for_records(self, count: int, seconds: float = 300) -> list[dict[str, Any]]:
        """The records, opened, once there are so many; each is verified by `rebond verify` with its receipt."""
        until = time.monotonic() + seconds
        while len(self.digests()) < count:
            assert time.monotonic() < until, f"{len(self.digests())} of {count} records came"
            time.sleep(0.5)
        return self.records()

    def records(self) -> list[dict[str, Any]]:
        return [self._verified(digest) for digest in self.digests()]

    def _verified(self, digest: str) -> dict[str, Any]:
        trust, raw = self.folder / "trust", self.get(f"/api/v1/records/{digest}")
        for station in desk.list_stations(self.settings):
            trust_station(trust, station.public_key, station.name)
        told = json.loads(self.get("/api/v1/health"))
        from base64 import b64decode

        trust_log(trust, told["origin"], b64decode(told["log_public_key"]))
        file, receipt = self.folder / f"{digest}.json", self.folder / f"{digest}.receipt"
        file.write_bytes(raw)
        receipt.write_bytes(self.get(f"/api/v1/records/{digest}/receipt"))
        done = subprocess.run(
            [sys.executable, "-P", "-m", "agent", "verify", file, "--trust", trust, "--receipt", receipt, "--json"],
            capture_output=True, text=True, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}, check=False,
        )  # fmt: skip
        assert done.returncode == 0 and json.loads(done.stdout)["holds"], done.stdout + done.stderr
        found: dict[str, Any] = json.loads(peek(raw).payload)["predicate"]
        return found
