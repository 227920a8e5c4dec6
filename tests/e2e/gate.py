"""A gate between emulated PCs and the inventory: passes everything on, and can hold back one answer."""

import http.client
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


class Gate:
    """`with Gate(port) as gate:`. `when_taken` is called once the inventory has a record whose station does not
    know it yet."""

    def __init__(self, behind: int) -> None:
        self.behind = behind
        self.when_taken: Callable[[], None] | None = None
        gate = self

        class Passing(BaseHTTPRequestHandler):
            def do_any(self) -> None:
                gate.pass_on(self)

            do_GET = do_PUT = do_POST = do_any  # noqa: N815 - http.server's names

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Passing)
        self._server.daemon_threads = True

    @property
    def seen_from_pc(self) -> str:
        return f"http://10.0.2.2:{self._server.server_address[1]}"

    def pass_on(self, asked: BaseHTTPRequestHandler) -> None:
        body = asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
        line = http.client.HTTPConnection("127.0.0.1", self.behind, timeout=60)
        line.request(asked.command, asked.path, body, dict(asked.headers))
        answer = line.getresponse()
        told = answer.read()
        line.close()
        if asked.command == "PUT" and answer.status < 300 and self.when_taken is not None:
            action, self.when_taken = self.when_taken, None
            action()
            asked.close_connection = True
            return
        asked.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("server", "date", "transfer-encoding", "content-length", "connection"):
                asked.send_header(name, value)
        asked.send_header("Content-Length", str(len(told)))
        asked.end_headers()
        asked.wfile.write(told)

    def __enter__(self) -> "Gate":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
