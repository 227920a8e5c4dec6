"""HTTPS for real, on loopback: the pinned certificate and no other, whatever clock and authorities say."""

import contextlib
import os
import re
import signal
import ssl
import stat
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest
import uvicorn

from agent import keys
from agent.cli import main
from agent.errors import InputRefused, NotDelivered, StorageError
from agent.home import Home
from agent.inventory import desk
from agent.inventory.app import build
from agent.inventory.names import names_of
from agent.inventory.settings import Settings
from agent.inventory.tls import open_certificate, read_certificate
from agent.keys import parse_pin, pin_of
from agent.outbox import Outbox
from agent.upload import Inventory, enrol, open_session
from agent.upload.answers import Later, ask
from agent.visit import hand_over
from tests.evidence import KEY_ID, sealed
from tests.inventory import Station

pytestmark = [pytest.mark.programs, pytest.mark.loopback]

NOW = datetime.now(UTC)
ROOT = Path(__file__).resolve().parents[2]
Serve = Callable[[Path], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(folder)`: that inventory over TLS in this process, its certificate the one made beforehand."""
    with contextlib.ExitStack() as stack:

        def started(folder: Path) -> str:
            app = build(Settings(folder=folder))
            pem = read_certificate(folder).path
            server = uvicorn.Server(uvicorn.Config(app, port=0, ssl_certfile=pem, log_level="critical", lifespan="on"))
            thread = threading.Thread(target=server.run)
            thread.start()
            stack.callback(thread.join)
            stack.callback(setattr, server, "should_exit", True)
            while not server.started:
                time.sleep(0.01)
            return f"https://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

        yield started


@pytest.fixture
def inventory(tmp_path: Path, serve: Serve) -> tuple[str, str]:
    """(URL, pin)"""
    certificate = open_certificate(tmp_path / "inventory", ("127.0.0.1",))
    return serve(tmp_path / "inventory"), certificate.pin


def problem(url: str, pin: str | None) -> str:
    """The French sentence of a request that must fail."""
    with pytest.raises(Later) as caught:
        ask(open_session(pin), "GET", f"{url}/api/v1/health")
    assert caught.value.en != caught.value.fr
    return caught.value.fr


def health(url: str, pin: str | None) -> int:
    return ask(open_session(pin), "GET", f"{url}/api/v1/health")[0]


# --- the pin decides --------------------------------------------------------------------------------------------------


def test_enrolled_and_delivered_by_the_pin(tmp_path: Path, inventory: tuple[str, str]) -> None:
    url, pin = inventory
    home = Home(tmp_path / "home")
    key = home.key()
    code = desk.new_code(Settings(folder=tmp_path / "inventory"))
    home.connect(url, enrol(url, code, key, "Établi 3", open_session(pin)), pin)
    kept = home.connection()
    assert kept is not None and (kept.url, kept.pin) == (url, pin)
    outbox = Outbox(home.outbox)
    station = Station()
    desk.enrol_local(Settings(folder=tmp_path / "inventory"), station.public_key, "une autre")
    outbox.queue(station.visit(1)[1])
    done = hand_over(outbox, kept, open_session(kept.pin))
    assert (len(done.delivered), done.problem_fr) == (1, None)


@pytest.mark.parametrize("year", [1995, 2095], ids=["expired", "not yet valid"])
def test_a_wrong_clock_does_not_matter(tmp_path: Path, serve: Serve, year: int) -> None:
    certificate = open_certificate(tmp_path, ("127.0.0.1",), NOW.replace(year=year, month=6, day=1))
    assert health(serve(tmp_path), certificate.pin) == 200


def test_neither_do_names_nor_a_bundle_of_authorities(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = open_certificate(tmp_path, ("elsewhere.example",))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ssl.get_default_verify_paths().openssl_cafile)
    assert health(serve(tmp_path), certificate.pin) == 200


def test_another_certificate_is_refused_before_anything_is_said(tmp_path: Path, inventory: tuple[str, str]) -> None:
    url, pin = inventory
    other = open_certificate(tmp_path / "other", ("127.0.0.1",)).pin
    assert other != pin
    assert "un autre certificat" in problem(url, other)
    code = desk.new_code(Settings(folder=tmp_path / "inventory"))
    with pytest.raises(NotDelivered, match="another certificate"):
        enrol(url, code, keys.create(tmp_path / "keys"), "A", open_session(other))
    enrol(url, code, keys.create(tmp_path / "keys2"), "B", open_session(pin))  # the code was never sent


def test_records_wait_when_the_certificate_is_not_the_pinned_one(tmp_path: Path, inventory: tuple[str, str]) -> None:
    outbox = Outbox(tmp_path / "outbox")
    outbox.add(KEY_ID, sealed(1))
    there = Inventory(url=inventory[0], origin="o", log_public_key=Station().public_key, pin="sha256/" + "0" * 64)
    done = hand_over(outbox, there, open_session(there.pin))
    assert done.waiting == 1 and "un autre certificat" in (done.problem_fr or "")


# --- without a pin: authorities, and sentences ------------------------------------------------------------------------


def test_self_signed_without_a_pin_says_how_to_get_it(inventory: tuple[str, str]) -> None:
    said = problem(inventory[0], None)
    assert "rebond inventory pin" in said and "--pin sha256/" in said


@pytest.mark.parametrize(
    ("years", "names", "says"),
    [(0, ("127.0.0.1",), None), (-60, ("127.0.0.1",), "heure de ce PC"), (60, ("127.0.0.1",), "heure de ce PC"),
     (0, ("elsewhere.example",), "une autre adresse")],
    ids=["good", "expired", "not yet valid", "other name"],
)  # fmt: skip
def test_what_an_authority_signed(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch, years: int, names: tuple[str, ...], says: str | None
) -> None:
    path = open_certificate(tmp_path, names, NOW.replace(year=NOW.year + years, month=6, day=1)).path
    if years == 0:
        path.unlink()
        path = open_certificate(tmp_path, names).path
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))  # stands for an authority that this PC knows
    url = serve(tmp_path)
    if says is None:
        assert health(url, None) == 200
    else:
        assert says in problem(url, None)


def test_http_where_https_is_and_https_where_http_is(tmp_path: Path, inventory: tuple[str, str]) -> None:
    assert "commence par https://" in problem(inventory[0].replace("https:", "http:"), None)
    with portal() as port:
        for pin in (None, inventory[1]):
            assert "sans chiffrement" in problem(f"https://127.0.0.1:{port}", pin)


def test_a_captive_portal_is_never_the_inventory(tmp_path: Path, inventory: tuple[str, str]) -> None:
    key = keys.create(tmp_path / "keys")
    with portal() as port, pytest.raises(NotDelivered, match="in the inventory's place|cannot answer"):
        enrol(f"http://127.0.0.1:{port}", "x", key, "A", open_session())
    pem = open_certificate(tmp_path / "portal", ("127.0.0.1",)).path
    with portal(pem) as port:
        assert "portail" in problem(f"https://127.0.0.1:{port}", inventory[1])
        with pytest.raises(NotDelivered, match="pin"):
            enrol(f"https://127.0.0.1:{port}", "x", key, "A", open_session())


@contextlib.contextmanager
def portal(pem: Path | None = None) -> Iterator[int]:
    """Answers every request with its own page, over TLS or not; its port."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>Acceptez les conditions</html>")

        do_POST = do_GET

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # clients that leave in the middle are the point
    if pem is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# --- the certificate in its folder ------------------------------------------------------------------------------------


def test_the_certificate_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first = open_certificate(tmp_path, names_of("192.168.7.1", ("inventaire.lan",)))
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o600
    assert open_certificate(tmp_path, ("another.example",)) == first
    shown = subprocess.run(
        ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-ext", "subjectAltName", "-in", first.path],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "IP Address:192.168.7.1" in shown and "DNS:inventaire.lan" in shown and "IP Address:127.0.0.1" in shown
    found = re.search("ingerprint=(.*)", shown)
    assert found and parse_pin(f"SHA256:{found[1]}") == first.pin


def test_a_damaged_or_open_certificate_is_never_replaced(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="serve --tls"):
        read_certificate(tmp_path)
    path = open_certificate(tmp_path, ("127.0.0.1",)).path
    path.chmod(0o644)
    with pytest.raises(StorageError, match="chmod 600"):
        open_certificate(tmp_path, ("127.0.0.1",))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(StorageError, match="cannot be read"):
        open_certificate(tmp_path, ("127.0.0.1",))


@pytest.mark.parametrize(
    ("address", "has", "has_not"),
    [("127.0.0.1", {"127.0.0.1", "localhost", "[::1]"}, {"0.0.0.0"}), ("192.168.7.1", {"192.168.7.1"}, {"0.0.0.0"}),
     ("fd00::7", {"[fd00::7]"}, {"fd00::7"}), ("0.0.0.0", {"127.0.0.1"}, {"0.0.0.0"})],
)  # fmt: skip
def test_the_names_of_an_inventory(address: str, has: set[str], has_not: set[str]) -> None:
    names = set(names_of(address, ("inventaire.lan",)))
    assert has | {"inventaire.lan"} <= names and not has_not & names


HEX = "ab" * 32


@pytest.mark.parametrize("text", [f"sha256/{HEX}", f" SHA256/{HEX.upper()}\n", "sha256:" + ":".join(["AB"] * 32)])
def test_spellings_of_a_pin(text: str) -> None:
    assert parse_pin(text) == f"sha256/{HEX}"


@pytest.mark.parametrize("text", ["", HEX, "sha256/", f"sha256/{HEX[1:]}", f"sha256/{HEX}0", "sha256//x=", "x" * 9999])
def test_what_is_no_pin(text: str) -> None:
    with pytest.raises(InputRefused, match="rebond inventory pin"):
        parse_pin(text)


def test_a_connection_from_before_pins_is_still_read(tmp_path: Path) -> None:
    kept = {"url": "http://a", "origin": "o", "tenant": "t", "log_public_key": b64encode(bytes(32)).decode()}
    (tmp_path / "connection-0001.json").write_bytes(msgspec.json.encode(kept))
    found = Home(tmp_path).connection()
    assert found is not None and found.pin is None


# --- the commands -----------------------------------------------------------------------------------------------------


def test_serve_tls_tells_its_address_and_pin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = [sys.executable, "-m", "agent", "serve", "--tls", "--port", "0", "--folder", str(tmp_path / "inventory")]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}) as child:
        assert child.stderr
        ready, pinned = child.stderr.readline(), child.stderr.readline()
        try:
            url = ready.split()[3]
            pin = pinned.split()[-1]
            assert url.startswith("https://127.0.0.1:")
            assert main(["inventory", "pin", "--folder", str(tmp_path / "inventory")]) == 0
            assert capsys.readouterr().out.strip() == pin
            code = desk.new_code(Settings(folder=tmp_path / "inventory"))
            home = str(tmp_path / "home")
            assert main(["enrol", url, code, "--home", home]) == 5
            assert "rebond inventory pin" in capsys.readouterr().err
            (tmp_path / "home" / "settings.yaml").write_text(
                f"station: Banc 3\ninventory:\n  url: {url}\n  pin: {pin}\n"
            )
            assert main(["enrol", code, "--home", home]) == 0
            assert "« Banc 3 »" in capsys.readouterr().out
            assert main(["outbox", "send", "--home", home]) == 0
        finally:
            child.send_signal(signal.SIGINT)


@pytest.mark.parametrize(
    ("url", "pin", "code", "says"),
    [("http://127.0.0.1:1", f"sha256/{HEX}", 2, "https://"), ("https://127.0.0.1:1", "garbage", 3, "garbage")],
)
def test_a_pin_that_cannot_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str, pin: str, code: int, says: str
) -> None:
    assert main(["enrol", url, "CODE", "--pin", pin, "--home", str(tmp_path)]) == code
    assert says in capsys.readouterr().err


def test_a_pin_is_of_the_whole_certificate(tmp_path: Path) -> None:
    certificate = open_certificate(tmp_path, ("127.0.0.1",))
    pem = certificate.path.read_text().partition("-----END PRIVATE KEY-----")[2].strip()
    assert pin_of(ssl.PEM_cert_to_DER_cert(pem)) == certificate.pin
