"""HTTP for netbooted PCs: some named files, to be read and nothing else. One thread a PC, the kernel copies.

Four PCs at once take as much as from nginx, ten times what a gigabit line carries: no web server is installed.
"""

import io
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PATIENCE_S = 60  # between two bytes: a PC that was switched off in the middle
AT_ONCE_MOST = 128

Heard = Callable[[str, str], None]  # address of a PC, name of what it has taken ("…" behind it: begins to take)


@dataclass(frozen=True, slots=True)
class Web:
    """A started server."""

    server: ThreadingHTTPServer

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def start(address: str, port: int, files: Mapping[str, Path | bytes], heard: Heard) -> Web:
    """Serve `files` ("vmlinuz" → a path or bytes) at this address; OSError when it is taken."""
    room = threading.BoundedSemaphore(AT_ONCE_MOST)

    class Bound(_Handler):
        served, told = files, staticmethod(heard)

        def handle(self) -> None:
            with room:
                super().handle()

    server = _Server((address, port), Bound)
    threading.Thread(target=server.serve_forever, args=(0.2,), daemon=True).start()
    return Web(server)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A PC that leaves in the middle is no event."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Rebond", ""
    timeout = PATIENCE_S
    served: Mapping[str, Path | bytes] = {}
    told: Heard

    def do_GET(self) -> None:
        self._give(with_body=True)

    def do_HEAD(self) -> None:
        self._give(with_body=False)

    def _give(self, *, with_body: bool) -> None:
        name = self.path.partition("?")[0].lstrip("/")
        found = self.served.get(name)
        try:
            file = io.BytesIO(found) if isinstance(found, bytes) else found.open("rb") if found else None
        except OSError:  # the image was built anew, or its stick pulled out
            file = None
        if file is None:
            self.send_error(404)
            return
        with file:
            self._head(file.seek(0, io.SEEK_END))
            file.seek(0)
            if with_body:
                self.told(str(self.client_address[0]), f"{name}…")
                self.connection.sendfile(file)
                self.told(str(self.client_address[0]), name)

    def _head(self, size_bytes: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(size_bytes))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.flush()

    def log_message(self, *args: object) -> None:
        """Who took what is told by `told`."""
