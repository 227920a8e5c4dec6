"""Settings: every mistake with its place, and none of them stops the station; the network as a hint, bounded."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import settings as module
from agent.cli import main
from agent.home import Home
from agent.host import Host
from agent.outbox import Outbox
from agent.record import parse_payload
from agent.settings import BYTES_MOST, Found, InventoryAt, Settings, fetch_settings, find_settings, read_settings

PIN = "sha256/" + "ab" * 32
WHOLE = f"""\
station: Banc 3
inventory:
  url: https://192.168.7.1:8642
  pin: {PIN}
language: en
keyboard: us
lot: college-2026-11
operator: op-7
profiles: [famille-linux, windows-11]
"""
MEANT = Settings(
    station="Banc 3", inventory=InventoryAt(url="https://192.168.7.1:8642", pin=PIN), language="en", keyboard="us",
    lot="college-2026-11", operator="op-7", profiles=("famille-linux", "windows-11"),
)  # fmt: skip


def read(text: str) -> Found:
    return read_settings(text.encode(), "/x/settings.yaml")


def test_a_whole_file_and_parts_of_it() -> None:
    assert read(WHOLE) == Found(settings=MEANT, source="/x/settings.yaml")
    for line in ("station: Banc 3\n", "lot: college-2026-11\n", "keyboard: us\n"):
        assert read(line).mistakes == () and read(WHOLE.replace(line, "")).mistakes == ()
    assert read("lot: L1\n").settings == Settings(lot="L1")


MISTAKES = [
    ("lott: x", 1, 1, "'lot'"), ("keyboard: fe", 1, 11, "fr, be, ch, us, de"), ("language: de", 1, 11, "fr, en"),
    ("lot: x\nprofile: x", 2, 1, "'profiles'"), ("profiles: [famile-linux]", 1, 12, "'famille-linux'"),
    ("profiles: famille-linux", 1, 11, "[famille-linux, windows-11]"), ("profiles: [[x]]", 1, 12, "mot"),
    ("lot: [a]", 1, 6, "mot"), ("lot:", 1, 5, "mot"),
    ('lot: "a\\nb"', 1, 6, "une ligne"), ('lot: "\\u202ex"', 1, 6, "invisible"),
    (f"lot: {'x' * 81}", 1, 6, "80"), ("lot: x\nlot: y", 2, 1, "ligne 1"),
    ("inventory: https://x", 1, 12, "url:"), (f"inventory: {{pin: {PIN}}}", 1, 12, "url:"),
    ("inventory:\n  url: ftp://x", 2, 8, "ftp://x"), ("inventory:\n  url: 'http://['", 2, 8, "adresse"),
    ("inventory:\n  url: https://a:b@c", 2, 8, "secret"), ("inventory:\n  url: https://x\n  pim: x", 3, 3, "'pin'"),
    (f"inventory:\n  url: http://x\n  pin: {PIN}", 3, 8, "https://"),
    ("inventory:\n  url: https://x\n  pin: sha256/12", 3, 8, "64"),
    ("wifi: x", 1, 1, "wifi.conf"), ("code: K7QM-2XVD", 1, 1, "rebond enrol"), ("password: x", 1, 1, "aucun secret"),
    ("a: b: c", 1, 5, "YAML"), ("&a lot: x", 1, 1, "ancres"), ("- lot", 1, 1, "inventory:, lot:"),
    ("", 1, 1, "inventory:"),
    ("\tlot: x", 1, 1, "YAML"), ("lot: x\n---\nlot: y", 2, 1, "un seul document"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "column", "says"), MISTAKES, ids=[text[:40] for text, *_ in MISTAKES])
def test_a_mistake_is_told_with_its_place_and_the_nearest_right_word(
    text: str, line: int, column: int, says: str
) -> None:
    found = read(text)
    (mistake,) = found.mistakes
    assert (mistake.file, mistake.line, mistake.column) == ("settings.yaml", line, column)
    assert says in mistake.fr and mistake.en and mistake.en != mistake.fr
    assert found.sentences("fr") == (mistake.told("fr"),)


def test_only_what_is_wrong_is_lost() -> None:
    found = read(WHOLE.replace("keyboard: us", "keyboard: azerty").replace("lot:", "lott:").replace(PIN, "sha256/12"))
    assert len(found.mistakes) == 3
    assert found.settings == Settings(station="Banc 3", language="en", operator="op-7", profiles=MEANT.profiles)


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_no_bytes_stop_a_station(raw: bytes) -> None:
    found = read_settings(raw, "settings.yaml")
    assert isinstance(found.settings, Settings)


@given(st.data())
def test_no_cut_or_changed_file_stops_a_station(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(WHOLE) - 1))
    raw = WHOLE.encode()
    read_settings(raw[:at], "settings.yaml")
    read_settings(raw[:at] + data.draw(st.binary(min_size=1, max_size=2)) + raw[at + 1 :], "settings.yaml")


def test_a_huge_file_is_not_read() -> None:
    assert "trop gros" in read("lot: " + "x" * BYTES_MOST).mistakes[0].fr


# --- where they come from ---------------------------------------------------------------------------------------------


def booted(tmp_path: Path, words: str = "") -> Host:
    (tmp_path / "root" / "proc").mkdir(parents=True)
    (tmp_path / "root" / "proc" / "cmdline").write_text(f"BOOT_IMAGE=/vmlinuz rebond.ram {words}\n")
    return Host(root=tmp_path / "root")


def never(url: str) -> bytes:
    raise AssertionError(url)


def test_the_stick_comes_before_the_network(tmp_path: Path) -> None:
    host = booted(tmp_path, "rebond.settings=http://192.168.7.1/settings.yaml")
    home = Home(tmp_path / "home")
    assert find_settings(home, host, lambda url: b"lot: network") == Found(
        settings=Settings(lot="network"), source="http://192.168.7.1/settings.yaml"
    )
    home.root.mkdir()
    (home.root / "settings.yaml").write_text("lot: stick")
    assert find_settings(home, host, never).settings.lot == "stick"
    (home.root / "settings.yaml").write_text("lott: stick")
    assert find_settings(home, host, never).mistakes


def test_without_any_nothing_is_said(tmp_path: Path) -> None:
    assert find_settings(Home(tmp_path / "home"), booted(tmp_path), never) == Found()


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_a_sentence(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "settings.yaml"
    if kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    found = find_settings(Home(tmp_path), booted(tmp_path / "pc"), never)
    assert found.settings == Settings() and found.sentences("fr")


@pytest.mark.parametrize("url", ["https://x/s", "file:///etc/passwd", "http://a:b@c/s", "http://[", "x", ""])
def test_an_address_we_do_not_follow(tmp_path: Path, url: str) -> None:
    found = find_settings(Home(tmp_path / "home"), booted(tmp_path, f"rebond.settings={url}"))
    assert found.problem and found.is_final and found.settings == Settings()


Answering = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def answering() -> Iterator[Callable[[Answering], str]]:
    """`answering(how)`: the address of a server on loopback that answers so."""
    servers: list[ThreadingHTTPServer] = []

    def start(how: Answering) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                how(self)

            def log_message(self, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who leaves in the middle is the point
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/settings.yaml"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def body(text: bytes, status: int = 200) -> Answering:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Location", "http://127.0.0.1:1/login")
        handler.end_headers()
        handler.wfile.write(text)

    return answer


def drip(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b"#")
        handler.wfile.flush()
        time.sleep(0.05)


@pytest.mark.loopback
def test_over_http(tmp_path: Path, answering: Callable[[Answering], str]) -> None:
    url = answering(body(WHOLE.encode()))
    assert find_settings(Home(tmp_path / "home"), booted(tmp_path, f"rebond.settings={url}")).settings == MEANT


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("how", "is_final", "says"),
    [(body(b"", 404), True, "404"), (body(b"", 302), True, "302"), (body(b"<html>portail"), True, "portail"),
     (body(b"#" * 999_999), True, "trop gros"), (drip, False, "ne répond pas"),
     (lambda handler: None, False, "ne répond pas")],
    ids=["404", "redirect", "portal", "huge", "drip", "hang up"],
)  # fmt: skip
def test_whatever_answers_the_station_goes_on(
    tmp_path: Path, answering: Callable[[Answering], str], monkeypatch: pytest.MonkeyPatch, how: Answering,
    is_final: bool, says: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(module, "PATIENCE_S", 1)
    began = time.monotonic()
    found = find_settings(Home(tmp_path / "home"), booted(tmp_path, f"rebond.settings={answering(how)}"))
    assert time.monotonic() - began < 3
    assert found.is_final is is_final and says in found.sentences("fr")[0] and found.settings == Settings()


@pytest.mark.loopback
def test_nobody_there_is_asked_again(tmp_path: Path) -> None:
    found = find_settings(Home(tmp_path / "home"), booted(tmp_path, "rebond.settings=http://127.0.0.1:9/settings.yaml"))
    assert not found.is_final and found.problem


@pytest.mark.loopback
def test_the_environments_proxy_is_not_asked(
    answering: Callable[[Answering], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert fetch_settings(answering(body(b"lot: x"))) == b"lot: x"


# --- the commands -----------------------------------------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = main(list(argv))
    told = capsys.readouterr()
    return code, told.out, told.err


def test_the_command_shows_what_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", str(tmp_path)]
    assert run(capsys, "settings", *home)[0] == 0
    (tmp_path / "settings.yaml").write_text(WHOLE)
    code, out, err = run(capsys, "settings", *home)
    assert code == 0 and "Banc 3" in out and PIN in out and not err
    code, out, _ = run(capsys, "settings", "--json", *home)
    assert json.loads(out)["settings"]["inventory"] == {"url": "https://192.168.7.1:8642", "pin": PIN}
    (tmp_path / "settings.yaml").write_text("lott: x\nkeyboard: us")
    code, out, err = run(capsys, "settings", *home)
    assert code == 1 and "fr, us" in out and "settings.yaml:1:1" in err
    assert run(capsys, "settings", str(tmp_path / "settings.yaml"))[0] == 3
    assert run(capsys, "settings", str(tmp_path / "none.yaml"))[0] == 3


def test_triage_works_as_the_settings_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pc").mkdir()
    (tmp_path / "pc" / "lscpu.txt").write_text(
        "Architecture: x86_64\nCPU(s): 4\nModel name: Intel(R) Core(TM) i5-3470\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    (home / "settings.yaml").write_text(WHOLE + "typo: x\n")

    def visit(*argv: str) -> tuple[str, object]:
        code, out, err = run(
            capsys, "triage", "--offline", "--json", "--from", str(tmp_path / "pc"), "--home", str(home), *argv
        )
        assert code == 0
        from agent.envelope import peek

        digest = json.loads(out)["record"]["digest"]
        return err, parse_payload(peek(Outbox(home / "outbox").read(digest)).payload)

    err, record = visit()
    assert "settings.yaml:10:1" in err
    assert (record.lot, record.operator) == ("college-2026-11", "op-7")  # type: ignore[attr-defined]
    assert [verdict["profile"] for verdict in record.verdicts] == ["famille-linux", "windows-11"]  # type: ignore[attr-defined]
    _, record = visit("--lot", "L2", "--profile", "primtux")
    assert record.lot == "L2" and [one["profile"] for one in record.verdicts] == ["primtux"]  # type: ignore[attr-defined]


def test_enrol_takes_the_address_of_the_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", str(tmp_path)]
    code, _, err = run(capsys, "enrol", "K7QM-2XVD", *home)
    assert code == 2 and "rebond enrol ADRESSE CODE" in err
    (tmp_path / "settings.yaml").write_text("inventory: {url: 'http://x'}")
    code, _, err = run(capsys, "enrol", "K7QM-2XVD", "--pin", PIN, *home)
    assert code == 2 and "https://" in err
    (tmp_path / "settings.yaml").write_text("inventory: {url: 'httpx://x'}")
    code, _, err = run(capsys, "enrol", "K7QM-2XVD", *home)
    assert code == 2 and "settings.yaml:1:18" in err
