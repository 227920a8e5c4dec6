"""Uploads: accepted once, refused by name, and nothing refused is lost."""

import gzip
import json
from base64 import b64decode, b64encode
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from agent import envelope, merkle
from agent.inventory import desk
from agent.inventory.schema import quarantine, records
from agent.inventory.settings import Settings
from agent.record import Record
from tests.inventory import JSON, Clock, Station, sealed


def put(client: TestClient, digest: str, raw: bytes, **headers: str) -> Any:
    return client.put(f"/api/v1/records/{digest}", content=raw, headers=JSON | headers)


def kept(client: TestClient) -> list[tuple[str, str]]:
    """(digest, why) of what is in quarantine."""
    with client.app.state.inventory.engine.connect() as connection:  # type: ignore[attr-defined]  # Starlette's state
        return [(row.digest, row.why) for row in connection.execute(select(quarantine))]


def trust_of(client: TestClient) -> tuple[Any, str]:
    health = client.get("/api/v1/health").json()
    return envelope.public_key(b64decode(health["log_public_key"])), health["origin"]


def test_a_record_gets_a_receipt_that_holds(client: TestClient, station: Station) -> None:
    digest, raw = station.visit(1)
    answer = put(client, digest, raw)
    assert answer.status_code == 201
    key, origin = trust_of(client)
    receipt = merkle.check_receipt(answer.content, digest, key, origin)
    assert receipt.leaf.key_id == station.key_id
    assert receipt.leaf.received_at == "2026-03-09T14:05:00Z"
    assert client.get(f"/api/v1/records/{digest}").content == raw
    assert client.get(f"/api/v1/records/{digest}/receipt").content == answer.content


def test_the_same_record_again_gets_the_same_receipt(client: TestClient, station: Station, clock: Clock) -> None:
    digest, raw = station.visit(1)
    first = put(client, digest, raw)
    for number in range(2, 9):
        put(client, *station.visit(number))
    clock.wait(days=3)
    again = put(client, digest, raw)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content


def test_every_receipt_holds_and_the_log_only_grows(client: TestClient, station: Station) -> None:
    key, origin = trust_of(client)
    notes = [client.get("/api/v1/log/checkpoint").text]
    for number in range(1, 12):
        digest, raw = station.visit(number)
        merkle.check_receipt(put(client, digest, raw).content, digest, key, origin)
        notes.append(client.get("/api/v1/log/checkpoint").text)
    seen = [merkle.open_checkpoint(note, key, origin) for note in notes]
    assert [checkpoint.size for checkpoint in seen] == list(range(12))
    for old in seen:
        for new in seen[old.size :]:
            answer = client.get("/api/v1/log/consistency", params={"from": old.size, "to": new.size}).json()
            proof = [b64decode(hash_) for hash_ in answer["proof"]]
            merkle.verify_consistency(old.size, old.root, new.size, new.root, proof)


@pytest.mark.parametrize(
    "query", ["from=3&to=2", "from=0&to=99", "from=x&to=1", "from=-1&to=0", "to=1", "from=1e3&to=2"]
)
def test_proofs_of_impossible_sizes_are_refused(client: TestClient, query: str) -> None:
    answer = client.get(f"/api/v1/log/consistency?{query}")
    assert (answer.status_code, answer.json()["error"]) == (400, "wrong-request")


def test_an_unknown_station_waits_in_quarantine_until_enrolled(client: TestClient, settings: Settings) -> None:
    stranger = Station(7)
    digest, raw = stranger.visit(1)
    answer = put(client, digest, raw)
    assert (answer.status_code, answer.json()["error"]) == (401, "unknown-key")
    assert answer.headers["www-authenticate"] == "DSSE"
    assert kept(client) == [(digest, "unknown-key")]
    code = desk.new_code(settings)
    asked = {"code": code, "public_key": b64encode(stranger.public_key).decode(), "name": "Clé 7"}
    enrolled = client.post("/api/v1/enrol", json=asked)
    assert enrolled.status_code == 201
    assert enrolled.json()["station"] == stranger.key_id
    assert kept(client) == []
    assert put(client, digest, raw).status_code == 200  # already admitted from quarantine


def test_any_changed_byte_is_refused(client: TestClient, station: Station) -> None:
    digest, raw = station.visit(1)
    for place in range(0, len(raw), 97):
        spoilt = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        answer = put(client, digest, spoilt)
        assert answer.status_code in (400, 401, 422), (place, answer.text)
    assert client.get(f"/api/v1/records/{digest}").status_code == 404


def test_a_forged_payload_under_a_known_key_raises_an_alarm(
    client: TestClient, station: Station, settings: Settings
) -> None:
    _, raw = station.visit(1)
    document = json.loads(raw)
    payload = b64decode(document["payload"]).replace(b'"repair"', b'"refurbish"')
    document["payload"] = b64encode(payload).decode()
    digest = envelope.digest_of(payload)
    answer = put(client, digest, json.dumps(document).encode())
    assert (answer.status_code, answer.json()["error"]) == (401, "wrong-signature")
    assert kept(client) == [(digest, "wrong-signature")]
    assert [alarm.kind for alarm in desk.list_alarms(settings)] == ["wrong-signature"]


def test_another_record_under_the_same_id(client: TestClient, station: Station, settings: Settings) -> None:
    first, raw = station.visit(1)
    put(client, first, raw)
    second, other = station.visit(1, sticker="AUTRE")
    for _ in range(2):
        answer = put(client, second, other)
        assert (answer.status_code, answer.json()["error"]) == (409, "same-id")
    assert kept(client) == [(second, "same-id")]
    alarm = desk.list_alarms(settings)[0]
    assert (alarm.kind, alarm.times, alarm.digest, alarm.against) == ("same-id", 2, second, first)


@pytest.mark.parametrize("order", ["twin", "heir", "ancestor"])
def test_a_forked_chain_is_an_alarm(client: TestClient, station: Station, settings: Settings, order: str) -> None:
    first = station.visit(1)
    if order == "twin":  # the copy of the stick signs its own second record
        accepted = station.visit(2)
        odd = sealed(station.record(3, seq=2, prev=first[0]), station.key)
    elif order == "heir":  # and then a third, upon a second one we never saw
        accepted = station.visit(2)
        odd = sealed(station.record(3, seq=3, prev="0" * 64), station.key)
    else:  # the third came first, and names another second
        station.visit(2)
        accepted = station.visit(3)
        odd = sealed(station.record(4, seq=2, prev=first[0]), station.key)
    assert put(client, *first).status_code == 201
    assert put(client, *accepted).status_code == 201
    answer = put(client, *odd)
    assert (answer.status_code, answer.json()["error"]) == (409, "chain-fork")
    assert kept(client) == [(odd[0], "chain-fork")]
    assert desk.list_alarms(settings)[0].against == accepted[0]


def test_what_follows_upon_a_fork_is_refused_with_it_until_somebody_has_looked(
    client: TestClient, station: Station, settings: Settings
) -> None:
    """Two behind the fork no neighbour is stored: taken in, it would turn the true chain's next records away."""
    first = station.visit(1)
    twin = Station()
    twin.seq, twin.prev = station.seq, station.prev
    true = [station.visit(number) for number in (2, 3, 4)]
    forked = [twin.visit(number) for number in (12, 13, 14)]
    for one in (first, true[0]):
        assert put(client, *one).status_code == 201
    for one in forked:
        assert put(client, *one).json()["error"] == "chain-fork"
    for one in true[1:]:
        assert put(client, *one).status_code == 201
    assert desk.readmit(settings) == 0
    assert desk.readmit(settings, station.key_id) == 3
    assert not kept(client)
    for one in (*true, *forked):
        assert put(client, *one).status_code == 200
    assert put(client, *twin.visit(15)).status_code == 201
    assert put(client, *station.visit(5)).json()["error"] == "chain-fork", "the key still signs in two places"


def test_records_may_come_in_any_order(client: TestClient, station: Station) -> None:
    visits = [station.visit(number) for number in range(1, 7)]
    for place in (4, 0, 2, 5, 1, 3):
        assert put(client, *visits[place]).status_code == 201


def test_a_revoked_key_is_refused_and_kept(client: TestClient, station: Station, settings: Settings) -> None:
    before = station.visit(1)
    assert put(client, *before).status_code == 201
    desk.revoke(settings, station.key_id, from_log_index=1)
    after = station.visit(2)
    answer = put(client, *after)
    assert (answer.status_code, answer.json()["error"]) == (403, "revoked-key")
    assert kept(client) == [(after[0], "revoked-key")]
    assert put(client, *before).status_code == 200  # what came before stays valid


@pytest.mark.parametrize(
    ("headers", "word"),
    [
        ({"Content-Type": "text/plain"}, "wrong-type"),
        ({"Content-Type": ""}, "wrong-type"),
        ({"Content-Encoding": "gzip"}, "compressed"),
        ({"Content-Encoding": "br"}, "compressed"),
    ],
)
def test_only_plain_json_is_read(client: TestClient, station: Station, headers: dict[str, str], word: str) -> None:
    digest, raw = station.visit(1)
    answer = put(client, digest, gzip.compress(raw), **headers)
    assert (answer.status_code, answer.json()["error"]) == (415, word)


@pytest.mark.parametrize("digest", ["A" * 64, "0" * 63, "0" * 65, "..%2f..%2fetc", "é" * 64])
def test_an_address_that_is_no_digest(client: TestClient, digest: str) -> None:
    assert put(client, digest, b"{}").status_code in (400, 404)


def test_a_record_under_another_digest(client: TestClient, station: Station) -> None:
    _, raw = station.visit(1)
    answer = put(client, "0" * 64, raw)
    assert (answer.status_code, answer.json()["error"]) == (422, "wrong-digest")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_cut(client: TestClient, settings: Settings, chunked: bool) -> None:
    sent = 0

    def body() -> Any:
        nonlocal sent
        for _ in range(64):
            sent += 1 << 18
            yield b" " * (1 << 18)

    content = body() if chunked else b" " * (settings.upload_limit_bytes + 1)
    answer = client.put("/api/v1/records/" + "0" * 64, content=content, headers=JSON)
    assert (answer.status_code, answer.json()["error"]) == (413, "too-large")
    assert answer.headers["connection"] == "close"


BAD_PAYLOADS = {
    "deep": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "just too deep": b"[" * 33 + b"]" * 33,
    "duplicate key": b'{"_type":"x","_type":"y"}',
    "float": b'{"_type":1.5}',
    "NaN": b'{"_type":NaN}',
    "huge number": b'{"_type":' + b"9" * 5000 + b"}",
    "not JSON": b"\xff\xfe",
    "empty": b"",
    "no record": b"[]",
    "lone surrogate": b'{"_type":"\\ud800"}',
}


@pytest.mark.parametrize("name", BAD_PAYLOADS)
def test_a_signed_payload_that_is_no_record(client: TestClient, station: Station, name: str) -> None:
    payload = BAD_PAYLOADS[name]
    answer = put(client, envelope.digest_of(payload), envelope.seal(payload, station.key))
    assert (answer.status_code, answer.json()["error"]) == (422, "wrong-record")
    assert {"error", "fr", "en"} == set(answer.json())
    assert kept(client) == [(envelope.digest_of(payload), "wrong-record")]


def test_a_record_of_a_newer_version_is_kept(client: TestClient, station: Station) -> None:
    _, raw = station.visit(1)
    payload = b64decode(json.loads(raw)["payload"]).replace(b"/record/v1", b"/record/v2")
    answer = put(client, envelope.digest_of(payload), envelope.seal(payload, station.key))
    assert answer.status_code == 422
    assert "plus récente" in answer.json()["fr"]
    assert kept(client) == [(envelope.digest_of(payload), "wrong-record")]


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"null", b"[" * 100_000, b'{"payload":"","payloadType":"x","signatures":[]}']
)
def test_a_body_that_is_no_envelope(client: TestClient, raw: bytes) -> None:
    answer = put(client, "0" * 64, raw)
    assert (answer.status_code, answer.json()["error"]) == (400, "not-an-envelope")
    assert kept(client) == []


def test_quarantine_does_not_fill_the_disk(settings: Settings, client: TestClient) -> None:
    store = client.app.state.inventory.store  # type: ignore[attr-defined]  # Starlette's state
    store._quarantine_limit_bytes = 20_000
    stranger = Station(9)
    for number in range(8):
        assert put(client, *stranger.visit(number)).status_code == 401
    assert 1 <= len(kept(client)) < 8


def test_a_station_over_its_quota_is_told_to_wait(client: TestClient, station: Station) -> None:
    inventory = client.app.state.inventory  # type: ignore[attr-defined]  # Starlette's state
    inventory.quota._per_minute = 3
    answers = [put(client, *station.visit(number)) for number in range(1, 6)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_an_unknown_address_and_a_wrong_verb_answer_in_json(client: TestClient) -> None:
    assert set(client.get("/api/v1/nothing").json()) == {"error", "fr", "en"}
    assert client.post("/api/v1/records/" + "0" * 64).status_code == 405
    assert client.get("/api/v1/records/" + "0" * 64).json()["error"] == "no-such-record"


def test_unknown_host_names_are_refused(client: TestClient) -> None:
    answer = client.get("/", headers={"Host": "attacker.example"})
    assert answer.status_code == 421
    assert client.get("/", headers={"Host": "testserver:8642"}).status_code == 200


def test_one_machine_seen_twice_is_one_machine(client: TestClient, station: Station) -> None:
    put(client, *station.visit(1))
    changed: Record = station.record(2)
    put(client, *station.visit(3, machine=changed.machine))
    put(client, *station.visit(2))
    with client.app.state.inventory.engine.connect() as connection:  # type: ignore[attr-defined]  # Starlette's state
        seen = connection.execute(select(records.c.machine_id)).scalars().all()
    assert len(seen) == 3
    assert len(set(seen)) == 2
