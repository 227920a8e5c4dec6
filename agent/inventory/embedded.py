"""Serving: `serve` in the foreground, or a child process that `triage` starts when no inventory is configured.

One process serves a folder at a time (a lock held for life says so); it listens on loopback unless told otherwise.
"""

import contextlib
import fcntl
import gc
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from agent.errors import StorageError
from agent.inventory.names import bracketed
from agent.inventory.settings import Settings

_ADDRESS = "embedded.json"
_LOCK = "serving.lock"
_OUTPUT = "inventory.out"
PATIENCE_S = 20


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where an embedded inventory answers, and the key its receipts are checked with."""

    url: str
    pid: int
    log_public_key: bytes
    origin: str


def start_embedded(folder: Path, *, patience_s: int = PATIENCE_S) -> Address:
    """The inventory of this folder, running: the one that already answers, else a new child process."""
    running = find_embedded(folder)
    if running is not None:
        return running
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (folder / _OUTPUT).open("ab") as output:
            # Returns once the server, its child, has an address: nobody is left to wait for, and no zombie remains.
            started = subprocess.run(
                [sys.executable, "-m", "agent.inventory", str(folder.resolve())],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C in the technician's terminal must not end it
                env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
                timeout=patience_s,
            )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _not_started(folder, str(error)) from error
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        running = find_embedded(folder)  # ours, or that of a triage started at the same moment
        if running is not None:
            return running
        if started.returncode != 0 and not _is_served(folder):
            break
        time.sleep(0.02)
    raise _not_started(folder, f"exit {started.returncode}")


def find_embedded(folder: Path) -> Address | None:
    """The embedded inventory that serves this folder and answers, if any."""
    try:
        told = json.loads((folder / _ADDRESS).read_bytes())
        url, pid, instance = str(told["url"]), int(told["pid"]), told["instance"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    health = ask_health(url)
    # After a reboot another program may have this port: only the instance that wrote the file is ours.
    if health is None or health.get("instance") != instance:
        return None
    key = b64decode(str(health["log_public_key"]))
    return Address(url=url, pid=pid, log_public_key=key, origin=str(health["origin"]))


def stop_embedded(folder: Path, *, patience_s: int = PATIENCE_S) -> bool:
    """End the embedded inventory of this folder, if one answers; True when it was running."""
    running = find_embedded(folder)
    if running is None:
        return False
    import psutil  # knows a process by its start too: a number given to another program meanwhile is left alone

    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(running.pid).terminate()
    deadline = time.monotonic() + patience_s
    while _is_served(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    return True


def ask_health(url: str, timeout_s: float = 2) -> dict[str, object] | None:
    """The health document at `url`, or None. http.client: no proxy of the environment stands in between."""
    try:
        where = urlsplit(url)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=timeout_s)
    except ValueError:  # a damaged address file: nobody answers there
        return None
    try:
        connection.request("GET", "/api/v1/health")
        answer = connection.getresponse()
        document = json.loads(answer.read(65536))
        return document if answer.status == 200 and isinstance(document, dict) else None
    except (OSError, ValueError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def run_embedded(folder: Path) -> None:
    """Serve on a free loopback port in a process of its own; the caller's process ends when the address is told."""
    told, teller = os.pipe()
    if os.fork():
        os.close(teller)
        sys.exit(0 if os.read(told, 1) else 1)  # nothing to read: the server ended first
    os.close(told)

    def announce(url: str, instance: str) -> None:
        temporary = folder / f"{_ADDRESS}.{os.getpid()}"
        temporary.write_text(json.dumps({"url": url, "pid": os.getpid(), "instance": instance}))
        temporary.replace(folder / _ADDRESS)
        os.write(teller, b"1")
        os.close(teller)

    serve(Settings(folder=folder, port=0), announce=announce)


def serve(settings: Settings, *, announce: Callable[[str, str], None]) -> None:
    """Serve until SIGINT or SIGTERM. `announce(url, instance)` is called once the port is open."""
    import uvicorn

    from agent.inventory.app import build
    from agent.inventory.tls import open_certificate

    settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    certificate = open_certificate(settings.folder, settings.hosts).path if settings.is_encrypted else None
    host = bracketed(settings.address)
    with _alone(settings.folder), _listen(settings) as listener:
        app = build(settings)
        gc.freeze()  # what is loaded by now stays: the collector need not walk it at each hundredth record
        gc.set_threshold(20_000, 20, 20)
        # The thread that commits gives up the interpreter at each SQLite call; at the default 5 ms it would wait that
        # long to get it back from the loop. Measured: +15 % records/s.
        sys.setswitchinterval(0.0005)
        scheme = "https" if settings.is_encrypted else "http"
        announce(f"{scheme}://{host}:{listener.getsockname()[1]}", app.state.inventory.instance)
        config = uvicorn.Config(
            app,
            access_log=False,  # addresses and searches are nobody's business
            log_level="warning",
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=10,
            lifespan="on",
            ssl_certfile=certificate,
        )
        uvicorn.Server(config).run(sockets=[listener])


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StorageError(
                fr=f"Un inventaire sert déjà le dossier {folder}. Arrêtez-le d'abord, ou utilisez-le.",
                en=f"An inventory already serves the folder {folder}. Stop it first, or use it.",
            ) from error
        yield


def _is_served(folder: Path) -> bool:
    try:
        with (folder / _LOCK).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.address else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.address, settings.port))
    except (OSError, OverflowError) as error:  # OverflowError: a port beyond 65535
        listener.close()
        raise StorageError(
            fr=f"L'adresse {settings.address}:{settings.port} n'est pas libre. Choisissez un autre port.",
            en=f"The address {settings.address}:{settings.port} is not free. Choose another port.",
        ) from error
    return listener


def _not_started(folder: Path, detail: str) -> StorageError:
    return StorageError(
        fr=f"L'inventaire n'a pas démarré ({detail}). Voir {folder / _OUTPUT}.",
        en=f"The inventory did not start ({detail}). See {folder / _OUTPUT}.",
    )
