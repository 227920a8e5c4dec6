"""What stands between a record and its inventory, from real servers: told in sight until it is mended, nothing lost."""

import contextlib
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from agent.console import bench as bench_module
from agent.console.bench import Bench
from agent.console.link import Link, link
from agent.durable import write_new
from agent.home import Connection, Home
from agent.host import Host
from agent.inventory.tls import open_certificate
from agent.outbox import Outbox
from tests.console.driving import Hand, bench_of, drive, to_the_verdict
from tests.console.serving import served

pytestmark = [pytest.mark.programs, pytest.mark.loopback]

NOW = datetime.now(UTC)
WRONG_PIN = "sha256/" + "0" * 64


@contextlib.contextmanager
def nobody() -> Iterator[str]:
    """An address on which nothing listens."""
    with socket.socket() as taken:  # bound, not listening: nobody else gets it
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@contextlib.contextmanager
def portal(status: int) -> Iterator[str]:
    """Answers everybody with its own page, or sends them to it."""

    class Page(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://portail.example/accueil")
            self.end_headers()
            self.wfile.write(b"<html>Acceptez les conditions</html>")

        do_GET = do_POST = do_PUT

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # clients that leave in the middle are the point
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def dated(folder: Path, years: int) -> Iterator[str]:
    """A real inventory whose certificate is of another time."""
    open_certificate(folder, ("127.0.0.1",), NOW.replace(year=NOW.year + years, month=6, day=1))
    with served(folder, is_encrypted=True) as serving:
        yield serving.url


def deliver_to(home: Home, url: str, pin: str | None = None) -> None:
    """The station was enrolled there, once."""
    kept = Connection(
        url=url, origin="o", tenant="t", log_public_key=b64encode(home.key().public).decode(), pin=pin
    )  # fmt: skip
    write_new(home.root / "connection-0001.json", msgspec.json.encode(kept))


def visit(bench: Bench, fr: str, en: str) -> None:
    """One PC from its sticker to the last page: the sentence stays, in both languages, and the record is kept."""

    async def script(hand: Hand) -> None:
        await hand.see("Étiquette du PC")
        await hand.type("LR-1")
        await hand.press("enter", "enter", "enter")
        await hand.see("1 en attente")
        await hand.see(fr)
        await hand.press("f10")
        assert "La fiche est gardée" in await hand.see(fr)
        await hand.press("f12")
        assert "1 waiting" in await hand.see(en)
        await hand.press("escape", "escape")
        await hand.see("Sticker of the PC")
        await hand.see(en)

    drive(bench, script)
    outbox = Outbox(bench.home.outbox)
    assert len(outbox.waiting()) == 1 and not outbox.refused() and not outbox.damaged()


def test_no_answer(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with nobody() as address:
        deliver_to(home, f"http://{address}")
        visit(
            bench_of("mini-pc-no-disk", home.root),
            f"L'inventaire http://{address} ne répond pas", f"The inventory http://{address} does not answer",
        )  # fmt: skip


@pytest.mark.parametrize("status", [200, 302, 511])
def test_a_captive_portal(tmp_path: Path, status: int) -> None:
    home = Home(tmp_path / "home")
    with portal(status) as address:
        deliver_to(home, f"http://{address}")
        fr, en = "portail Wi-Fi ?). Branchez le câble", "a Wi-Fi portal?). Plug in"
        visit(bench_of("mini-pc-no-disk", home.root), fr, en)


def test_a_portal_where_encryption_was_asked_for(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with portal(200) as address:
        deliver_to(home, f"https://{address}", WRONG_PIN)
        visit(bench_of("mini-pc-no-disk", home.root), "on répond sans chiffrement", "is not encrypted")


@pytest.mark.parametrize("years", [-60, 60], ids=["expired", "not yet valid"])
def test_the_clock_is_not_the_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, years: int) -> None:
    home = Home(tmp_path / "home")
    with dated(tmp_path / "inventory", years) as url:
        # It stands for an authority that this PC knows.
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "inventory" / "tls.pem"))
        deliver_to(home, url)
        today = datetime.now()
        visit(
            bench_of("mini-pc-no-disk", home.root),
            f"n'est pas valable le {today:%d/%m/%Y}, date de ce PC. Si l'heure de ce PC est fausse",
            f"is not valid on {today:%Y-%m-%d}, this PC's date",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("pin", "fr", "en"),
    [(None, "« rebond inventory pin » l'affiche là-bas", "shows it over there"),
     (WRONG_PIN, "un autre certificat que celui de l'épingle", "another certificate than the pinned one")],
    ids=["no pin", "wrong pin"],
)  # fmt: skip
def test_a_certificate_nobody_else_signed(tmp_path: Path, pin: str | None, fr: str, en: str) -> None:
    home = Home(tmp_path / "home")
    with served(tmp_path / "inventory", is_encrypted=True) as serving:
        deliver_to(home, serving.url, pin)
        visit(bench_of("mini-pc-no-disk", home.root), fr, en)


def test_a_code_is_not_spent_on_a_wrong_pin_and_the_right_one_delivers_what_waited(tmp_path: Path) -> None:
    from agent.inventory import desk

    home = tmp_path / "home"
    with served(tmp_path / "inventory", is_encrypted=True) as serving:
        code = desk.new_code(serving.settings)

        async def script(hand: Hand) -> None:
            await to_the_verdict(hand)
            await hand.press("escape", "f6")
            await hand.see("Adresse de l'inventaire")
            await hand.type(serving.url)
            await hand.press("enter", "enter")
            await hand.type(code)
            await hand.press("enter")
            await hand.see("« rebond inventory pin » l'affiche là-bas")
            await hand.press("shift+tab")
            await hand.type(serving.pin or "")
            await hand.press("enter", "enter")
            await hand.see("[OK] Inscrit")
            await hand.see("rien en attente")

        drive(bench_of("mini-pc-no-disk", home), script)
    assert len(Outbox(Home(home).outbox).archived()) == 1


# --- the cable --------------------------------------------------------------------------------------------------------


def test_no_cable_is_told_and_a_cable_that_comes_is_used_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home")
    now: list[Link] = ["no card"]
    monkeypatch.setattr(Bench, "link", lambda _: now[0])
    monkeypatch.setattr("agent.upload.pause_s", lambda *_: 9999.0)  # nobody would wait for the next try
    with served(tmp_path / "inventory") as serving:
        serving.enrol(home)
        working = bench_module.Bench.deliver
        is_out = [True]

        def deliver(bench: Bench) -> object:
            if is_out[0]:
                from agent.upload import Delivery

                return Delivery(waiting=1, problem_fr="L'inventaire ne répond pas.", problem_en="No answer.")
            return working(bench)

        monkeypatch.setattr(Bench, "deliver", deliver)

        async def script(hand: Hand) -> None:
            await to_the_verdict(hand)
            await hand.see("Linux ne voit aucune carte réseau")
            now[0] = "down"
            await hand.see("branchez le câble du réseau dans ce PC")
            is_out[0] = False
            now[0] = "up"
            seen = await hand.see("rien en attente")
            assert "branchez le câble" not in seen

        drive(bench_of("mini-pc-no-disk", home.root), script)


@pytest.mark.parametrize(
    ("files", "told"),
    [({}, "no card"), ({"lo/carrier": "1"}, "no card"), ({"eth0/device/x": "", "eth0/carrier": "0"}, "down"),
     ({"eth0/device/x": ""}, "down"), ({"eth0/device/x": "", "wlan0/device/x": "", "wlan0/carrier": "1"}, "up")],
)  # fmt: skip
def test_a_link_is_a_real_cards_carrier(tmp_path: Path, files: dict[str, str], told: Link) -> None:
    for name, text in files.items():
        path = tmp_path / "sys/class/net" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    assert link(Host(tmp_path)) == told
