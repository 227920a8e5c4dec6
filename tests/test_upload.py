"""Delivery: only a verified receipt moves a record; every other answer leaves it waiting or refused, never doubled."""

import errno
import json
import os
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import keys, merkle
from agent.errors import InputRefused, NotDelivered
from agent.home import Home
from agent.outbox import Outbox
from agent.record import moment
from agent.upload import Delivery, Enrolled, Inventory, deliver, enrol, pause_s
from agent.upload.delivery import LONGEST_WAIT_S
from agent.visit import circumstances
from tests.evidence import KEY_ID, LOG, LOG_RAW, NOW, ORIGIN, Answer, SmallInventory, said, sealed

INVENTORY = Inventory(url="http://inventaire.example/", origin=ORIGIN, log_public_key=LOG_RAW)
PORTAL = b"<html><body>Connectez-vous au Wi-Fi</body></html>"


def filled(folder: Path, count: int = 2) -> Outbox:
    outbox = Outbox(folder)
    for number in range(count):
        outbox.add(KEY_ID, sealed(number))
    return outbox


def send(outbox: Outbox, client: Any, attempts: int | None = 1, pauses: list[float] | None = None) -> Delivery:
    return deliver(
        outbox,
        INVENTORY,
        client,
        now=lambda: NOW,
        sleep=(pauses if pauses is not None else []).append,
        random=lambda: 0.5,
        attempts=attempts,
    )


def test_what_waits_is_delivered_once_in_the_order_of_its_chain(tmp_path: Path) -> None:
    outbox, inventory = filled(tmp_path, 5), SmallInventory()
    digests = tuple(one.digest for one in outbox.waiting())
    report = send(outbox, inventory)
    assert report == Delivery(delivered=digests, clock_offset_s=report.clock_offset_s)
    assert tuple(inventory.stored) == digests
    assert set(outbox.archived()) == set(digests) and outbox.waiting() == ()
    assert all(outbox.receipt(digest) == inventory.receipts[digest] for digest in digests)
    assert inventory.asked[0] == f"PUT http://inventaire.example/api/v1/records/{digests[0]}"
    report.check_nothing_waits()
    assert send(outbox, inventory) == Delivery()


def test_the_inventorys_clock_is_told(tmp_path: Path) -> None:
    assert send(filled(tmp_path, 1), SmallInventory()).clock_offset_s == 100


def test_the_raw_envelope_is_what_travels(tmp_path: Path) -> None:
    outbox, inventory = filled(tmp_path, 1), SmallInventory()
    (waiting,) = outbox.waiting()
    raw = outbox.read(waiting.digest)
    send(outbox, inventory)
    assert inventory.stored[waiting.digest] == raw == outbox.read(waiting.digest)


def test_a_lost_answer_costs_nothing(tmp_path: Path) -> None:
    outbox, inventory = filled(tmp_path), SmallInventory(["lost", "lost"])
    first = send(outbox, inventory)
    assert first.delivered == () and first.waiting == 2 and first.problem_fr
    with pytest.raises(NotDelivered) as caught:
        first.check_nothing_waits()
    assert caught.value.exit_code == 5
    report = send(outbox, inventory, attempts=3)
    assert len(report.delivered) == 2 and report.problem_fr is None
    assert len(inventory.stored) == len(inventory.leaves) == len(outbox.archived()) == 2


# --- the table of answers ---------------------------------------------------------------------------------------------

LATER = [
    said(408, "too-slow"), said(425, "x"), said(429, "over-quota"), said(500, "not-stored"), said(502, "x"),
    said(503, "busy"), said(599, "x"), Answer(503, b""), Answer(500, PORTAL), Answer(429, PORTAL),
    Answer(200, PORTAL), Answer(201, b""), Answer(200, b"{}"), Answer(200, b"[]"), Answer(204, b""), Answer(302, b""),
    Answer(301, PORTAL), Answer(403, PORTAL), Answer(404, PORTAL), Answer(407, PORTAL), Answer(511, PORTAL),
    Answer(401, b"{}"), Answer(404, b'{"detail":"Not Found"}'), Answer(200, b"x" * 200_000), Answer(409, b""),
    Answer(600, b""), Answer(100, b""), Answer(200, b'{"record_digest":"x"}'),
    ConnectionRefusedError(), TimeoutError(), OSError(errno.ENETUNREACH, "x"), ssl.SSLError(),
    requests.ConnectionError(), requests.Timeout(), requests.exceptions.SSLError(), requests.exceptions.InvalidURL(),
    requests.exceptions.ChunkedEncodingError(), requests.exceptions.ContentDecodingError(),
]  # fmt: skip
NEVER = [
    said(400, "not-an-envelope"), said(401, "unknown-key"), said(401, "wrong-signature"), said(403, "revoked-key"),
    said(404, "no-such-record"), said(409, "same-id"), said(409, "chain-fork"), said(413, "too-large"),
    said(415, "wrong-type"), said(422, "wrong-record"), said(451, "x"),
]  # fmt: skip


def named(trouble: Answer | Exception) -> str:
    return f"{trouble.status_code}-{trouble._body[:12]!r}" if isinstance(trouble, Answer) else repr(trouble)


@pytest.mark.parametrize("trouble", LATER, ids=named)
def test_answers_that_mean_later_keep_the_record_waiting(tmp_path: Path, trouble: Answer | Exception) -> None:
    outbox, inventory = filled(tmp_path, 1), SmallInventory([trouble])
    report = send(outbox, inventory)
    assert report.waiting == 1 and report.delivered == () and report.refused == ()
    assert report.problem_fr and report.problem_en
    assert len(send(outbox, inventory).delivered) == 1


@pytest.mark.parametrize("trouble", NEVER, ids=named)
def test_answers_that_mean_never_move_it_aside_with_the_reason(tmp_path: Path, trouble: Answer) -> None:
    outbox, inventory = filled(tmp_path, 2), SmallInventory([trouble])
    report = send(outbox, inventory)
    assert len(report.delivered) == 1 and report.waiting == 0  # the other one was not held up
    (refused,) = outbox.refused()
    assert refused.reason == report.refused[0].reason
    assert refused.reason is not None and refused.reason.status == trouble.status_code
    assert refused.reason.fr.startswith("Refus")
    assert outbox.read(refused.digest)


def test_a_409_that_carries_the_receipt_is_a_delivery(tmp_path: Path) -> None:
    outbox, inventory = filled(tmp_path, 1), SmallInventory()
    (waiting,) = outbox.waiting()
    inventory.put(waiting.digest, outbox.read(waiting.digest))
    inventory.troubles = [Answer(409, inventory.receipts[waiting.digest])]
    assert send(outbox, inventory).delivered == (waiting.digest,)


def test_after_enrolment_the_refused_come_back(tmp_path: Path) -> None:
    outbox, inventory = filled(tmp_path, 3), SmallInventory([said(401, "unknown-key")] * 3)
    assert len(send(outbox, inventory).refused) == 3
    assert outbox.reconsider("unknown-key") == 3
    assert len(send(outbox, inventory).delivered) == 3


def test_one_poisoned_record_does_not_hold_up_the_others(tmp_path: Path) -> None:
    outbox, inventory = filled(tmp_path, 3), SmallInventory([said(500, "not-stored")])
    report = send(outbox, inventory)
    assert len(report.delivered) == 2 and report.waiting == 1


def test_a_dead_network_is_tried_once_a_pass(tmp_path: Path) -> None:
    outbox, inventory = filled(tmp_path, 5), SmallInventory([ConnectionRefusedError()] * 10)
    send(outbox, inventory)
    assert len(inventory.asked) == 1


def test_hostile_words_of_a_server_are_cleaned(tmp_path: Path) -> None:
    body = json.dumps({"error": "x", "fr": "\x1b[31mRouge\u202e" + "!" * 5000, "en": "y"}).encode()
    outbox = filled(tmp_path, 1)
    send(outbox, SmallInventory([Answer(422, body)]))
    reason = outbox.refused()[0].reason
    assert reason is not None and reason.fr.startswith("Rouge!") and len(reason.fr) <= 400


# --- pauses -----------------------------------------------------------------------------------------------------------


def test_pauses_grow_from_2_seconds_to_5_minutes_with_full_jitter(tmp_path: Path) -> None:
    pauses: list[float] = []
    outbox, inventory = filled(tmp_path, 1), SmallInventory([ConnectionRefusedError()] * 12)
    report = send(outbox, inventory, attempts=None, pauses=pauses)
    assert len(report.delivered) == 1
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 150, 150, 150, 150]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 1, exclude_max=True))
def test_pauses_are_bounded(attempt: int, chance: float) -> None:
    assert 0 <= pause_s(attempt, 0, lambda: chance) <= LONGEST_WAIT_S


@pytest.mark.parametrize(
    ("header", "least"),
    [("7", 7), ("0", 0), ("86400", 3600), ("-5", 0), ("soon", 0), ("9" * 40, 0), ("", 0), ("²", 0),
     ("Mon, 09 Mar 2026 14:05:30 GMT", 30), ("Mon, 09 Mar 2020 14:05:30 GMT", 0),
     ("Fri, 31 Dec 9999 23:59:59 GMT", 3600)],
)  # fmt: skip
def test_retry_after_is_honoured_and_bounded(tmp_path: Path, header: str, least: int) -> None:
    pauses: list[float] = []
    inventory = SmallInventory([said(503, "busy", {"Retry-After": header})])
    send(filled(tmp_path, 1), inventory, attempts=2, pauses=pauses)
    assert pauses == [least + 1]


# --- a lying inventory ------------------------------------------------------------------------------------------------


def lying(change: Callable[[dict[str, Any]], object]) -> SmallInventory:
    class Liar(SmallInventory):
        def put(self, digest: str, raw: bytes) -> Answer:
            answer = super().put(digest, raw)
            receipt = json.loads(answer._body)
            change(receipt)
            return Answer(answer.status_code, json.dumps(receipt).encode())

    return Liar()


LIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "another record": lambda receipt: receipt.update(record_digest="0" * 64),
    "another place": lambda receipt: receipt.update(index=receipt["index"] + 1),
    "another date": lambda receipt: receipt["leaf"].update(received_at="2020-01-01T00:00:00Z"),
    "another tenant": lambda receipt: receipt["leaf"].update(tenant="autre"),
    "no proof": lambda receipt: receipt.update(checkpoint=""),
    "its own log key": lambda receipt: receipt.update(
        checkpoint=merkle.sign_checkpoint(
            merkle.Checkpoint(origin=ORIGIN, size=1, root=b"\0" * 32), Ed25519PrivateKey.generate(), ORIGIN
        )
    ),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_receipt_that_does_not_hold_archives_nothing(tmp_path: Path, lie: Callable[[dict[str, Any]], object]) -> None:
    outbox = filled(tmp_path)
    report = send(outbox, lying(lie))
    assert report.waiting == 2 and outbox.archived() == ()
    assert report.problem_fr


def test_a_record_logged_under_another_key_is_not_delivered(tmp_path: Path) -> None:
    outbox, inventory = filled(tmp_path, 1), SmallInventory()
    inventory.key_id_logged = "0" * 64
    assert send(outbox, inventory).waiting == 1 and outbox.archived() == ()


def test_every_flipped_byte_of_the_answer_archives_nothing(tmp_path: Path) -> None:
    outbox = filled(tmp_path, 1)
    (waiting,) = outbox.waiting()
    good = SmallInventory().put(waiting.digest, outbox.read(waiting.digest))._body
    answers: list[Answer | Exception | str] = [
        Answer(201, good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :]) for place in range(0, len(good), 3)
    ]
    inventory = SmallInventory(answers)
    for _ in range(len(answers)):
        assert send(outbox, inventory).waiting == 1
    assert outbox.archived() == () and outbox.checkpoints(ORIGIN) == ()


def test_the_last_checkpoint_is_kept_and_the_log_must_contain_it(tmp_path: Path) -> None:
    outbox, honest = filled(tmp_path, 3), SmallInventory()
    send(outbox, honest)
    kept = [merkle.open_checkpoint(note, LOG.public_key(), ORIGIN).size for note in outbox.checkpoints(ORIGIN)]
    assert kept == [3, 2, 1]
    # Another history under the same key: a restored backup, or a view made for this station alone.
    for count in (0, 1, 2, 5):
        outbox.add(KEY_ID, sealed(100 + count))
        other = SmallInventory()
        other.leaves = [merkle.leaf_hash(b"%d" % i) for i in range(count)]
        waits = len(outbox.waiting())
        report = send(outbox, other)
        assert report.waiting == waits and "journal" in (report.problem_fr or "")
        assert len(outbox.archived()) == 3
    assert len(send(outbox, honest).delivered) == 4


def test_an_old_receipt_with_a_smaller_checkpoint_is_fine_if_the_log_only_grew(tmp_path: Path) -> None:
    first, second = filled(tmp_path / "a", 1), Outbox(tmp_path / "b")
    raw = first.read(first.waiting()[0].digest)
    inventory = SmallInventory(["lost"])
    send(first, inventory)  # stored, the answer lost
    for number in range(3):
        first.add(KEY_ID, sealed(10 + number))
    digest = first.waiting()[0].digest
    late = first.waiting()[1:]
    for one in late:
        second.queue(first.read(one.digest))
    send(second, inventory)
    second.queue(raw)
    report = send(second, inventory)
    assert report.delivered == (digest,)
    assert merkle.open_checkpoint(second.checkpoints(ORIGIN)[0], LOG.public_key(), ORIGIN).size == 4


def test_a_missing_consistency_proof_is_later_not_never(tmp_path: Path) -> None:
    class Mute(SmallInventory):
        def _consistency(self, url: str) -> Answer:
            return Answer(404, PORTAL)

    outbox, inventory = filled(tmp_path, 2), Mute()
    report = send(outbox, inventory)
    assert len(report.delivered) == 1 and report.waiting == 1 and outbox.refused() == ()
    assert len(inventory.stored) == 2


def test_a_damaged_checkpoint_file_falls_back_to_the_one_before(tmp_path: Path) -> None:
    outbox, inventory = filled(tmp_path, 3), SmallInventory()
    send(outbox, inventory)
    newest = sorted((tmp_path / "checkpoints").iterdir())[-1]
    newest.write_bytes(b"")
    outbox.add(KEY_ID, sealed(50))
    assert len(send(outbox, inventory).delivered) == 1


def test_a_station_knows_that_it_is_later_than_its_inventorys_last_checkpoint(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert circumstances(home, None, NOW, is_live=True).checkpoint is None
    home.connect(INVENTORY.url, Enrolled(station=KEY_ID, tenant="t", origin=ORIGIN, log_public_key=LOG_RAW))
    assert circumstances(home, None, NOW, is_live=True).checkpoint is None
    send(filled(home.outbox, 2), SmallInventory())
    assert circumstances(home, None, NOW, is_live=True).checkpoint == moment(NOW)
    assert circumstances(home, None, NOW, is_live=False).checkpoint is None  # a capture may be older
    for note in (home.outbox / "checkpoints").iterdir():  # not the inventory's word any more
        note.write_text(note.read_text().replace("time 20", "time 21"))
    assert circumstances(home, None, NOW, is_live=True).checkpoint is None


def test_a_stick_pulled_while_archiving_is_said_and_costs_nothing(tmp_path: Path) -> None:
    filled(tmp_path, 2)

    def pulled(step: str) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    inventory = SmallInventory()
    report = send(Outbox(tmp_path, step=pulled), inventory, attempts=5)
    assert report.waiting == 2 and "lecture seule" in (report.problem_fr or "")
    assert len(send(Outbox(tmp_path), inventory).delivered) == 2
    assert len(inventory.stored) == len(inventory.leaves) == 2


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["lost", "refused", "busy", "portal", "broken", "none"]), max_size=12))
def test_any_run_of_troubles_delivers_each_record_once(
    tmp_path_factory: pytest.TempPathFactory, troubles: list[str]
) -> None:
    meant: dict[str, Answer | Exception | str] = {
        "lost": "lost", "refused": ConnectionRefusedError(), "busy": said(503, "busy"), "portal": Answer(200, PORTAL),
        "broken": Answer(201, b'{"record_digest":'), "none": "",
    }  # fmt: skip
    outbox = filled(tmp_path_factory.mktemp("outbox"), 3)
    inventory = SmallInventory(meant[name] for name in troubles)
    report = send(outbox, inventory, attempts=None)
    assert len(report.delivered) == len(inventory.stored) == len(inventory.leaves) == len(outbox.archived()) == 3
    assert report.waiting == 0 and outbox.refused() == ()


@pytest.mark.loopback
def test_over_a_real_socket_with_requests(tmp_path: Path) -> None:
    outbox, inventory = filled(tmp_path, 2), SmallInventory()
    answers = ["hang up", "redirect", "half", "store", "store", "store"]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            mood = answers.pop(0)
            if mood == "hang up":
                self.close_connection = True
                return
            answer = inventory.put(self.path.rpartition("/")[2], raw)
            body = answer._body
            self.send_response(302 if mood == "redirect" else answer.status_code)
            self.send_header("Location", "/login")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:100] if mood == "half" else body)
            self.close_connection = mood == "half"

        def do_GET(self) -> None:
            assert "/consistency?" in self.path
            body = inventory._consistency(self.path)._body
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        reached = msgspec.structs.replace(INVENTORY, url=f"http://127.0.0.1:{server.server_port}")
        with requests.Session() as session:
            session.trust_env = False
            report = deliver(
                outbox,
                reached,
                cast(Any, session),
                now=lambda: NOW,
                sleep=lambda s: None,
                random=lambda: 0.0,
                attempts=9,
            )
    finally:
        server.shutdown()
        server.server_close()
    assert len(report.delivered) == 2 == len(inventory.stored) and answers == ["store"]


# --- enrolment --------------------------------------------------------------------------------------------------------


class Desk:
    """Answers one enrolment."""

    def __init__(self, answer: Answer | Exception) -> None:
        self.answer = answer
        self.body: dict[str, str] = {}

    def request(self, method: str, url: str, **options: Any) -> Answer:
        assert (method, url) == ("POST", "https://inventaire.example/api/v1/enrol")
        self.body = json.loads(options["data"])
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def welcome(**changes: Any) -> Answer:
    key = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
    found = {"station": KEY_ID, "tenant": "atelier", "origin": ORIGIN, "log_public_key": key, **changes}
    return Answer(201, json.dumps(found).encode())


def test_enrolment_gives_what_delivery_needs(tmp_path: Path) -> None:
    key, desk = keys.create(tmp_path), Desk(welcome())
    found = enrol("https://inventaire.example", "K7QM-2XVD", key, "Établi 3", desk)
    assert (found.station, found.tenant, found.origin) == (KEY_ID, "atelier", ORIGIN)
    assert found.log_public_key == bytes(range(1, 33))
    assert desk.body["code"] == "K7QM-2XVD" and desk.body["name"] == "Établi 3"


@pytest.mark.parametrize(
    "answer",
    [ConnectionRefusedError(), Answer(200, PORTAL), Answer(302, b""), Answer(404, PORTAL), said(503, "busy"),
     said(429, "x"), welcome(log_public_key="AAAA"), welcome(log_public_key=None), welcome(station=None)],
    ids=["refused", "portal", "redirect", "404", "busy", "429", "short-key", "no-key", "no-station"],
)  # fmt: skip
def test_no_enrolment_without_the_inventorys_own_answer(tmp_path: Path, answer: Answer | Exception) -> None:
    with pytest.raises(NotDelivered):
        enrol("https://inventaire.example/", "x", keys.create(tmp_path), "A", Desk(answer))


def test_a_wrong_code_is_told_in_the_inventorys_words(tmp_path: Path) -> None:
    with pytest.raises(InputRefused) as caught:
        enrol("https://inventaire.example/", "x", keys.create(tmp_path), "A", Desk(said(403, "wrong-code")))
    assert caught.value.fr == "Refus : wrong-code."
