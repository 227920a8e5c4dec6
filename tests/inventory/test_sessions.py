"""A bench of PCs booted from the network: one code for all, until its end; what was logged before it stays valid."""

from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable
from starlette.testclient import TestClient

from agent.cli import main
from agent.errors import UsageError
from agent.home import STICK, Home
from agent.host import Host
from agent.inventory import desk, sessions
from agent.inventory.database import open_database, write
from agent.inventory.enrol import Asked, Station, make_code, redeem
from agent.inventory.refusal import Refusal
from agent.inventory.schema import codes, metadata
from agent.inventory.sessions import HOURS_MOST, USES_MOST, open_session
from agent.inventory.settings import Settings
from agent.keys import fingerprint_words
from tests.inventory import JSON, Clock
from tests.inventory import Station as Pc


class Bench:
    """One session at the test's own time, and how stations and the person in charge meet it."""

    def __init__(self, client: TestClient, clock: Clock, uses: int = 3, hours: int = 10) -> None:
        self.client, self.clock = client, clock
        self.inventory = client.app.state.inventory  # type: ignore[attr-defined]  # Starlette's state
        self.tenant = self.inventory.log.tenant
        with write(self.inventory.engine) as connection:
            self.session, self.code = open_session(connection, self.tenant, clock(), uses, hours)

    def enrol(self, pc: Pc, *, code: str | None = None, flying: bool = True, name: str = "") -> Any:
        asked = {"code": code or self.code, "public_key": b64encode(pc.public_key).decode(), "name": name}
        return self.client.post("/api/v1/enrol", json=asked | {"flying": flying})

    def send(self, pc: Pc, number: int = 1) -> Any:
        digest, raw = pc.visit(number)
        return self.client.put(f"/api/v1/records/{digest}", content=raw, headers=JSON)

    def close(self) -> None:
        with write(self.inventory.engine) as connection:
            size = sessions.lock_log(connection, self.inventory.log, self.clock())
            sessions.close_session(connection, self.tenant, self.session.id.lower(), size, self.clock())

    def told(self) -> sessions.Session:
        with write(self.inventory.engine) as connection:
            sessions.lock_log(connection, self.inventory.log, self.clock())
            return sessions.all_sessions(connection, self.tenant)[0]


@pytest.fixture
def bench(client: TestClient, clock: Clock) -> Bench:
    return Bench(client, clock)


def test_one_code_enrols_as_many_as_it_says(bench: Bench) -> None:
    pcs = [Pc(seed) for seed in range(4)]
    answers = [bench.enrol(pc, name=name) for pc, name in zip(pcs, ("", "Banc 3", "\x1b[31m"), strict=False)]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert [answer.json()["name"] for answer in answers] == [
        "poste volant 1",
        "poste volant 2 · Banc 3",
        "poste volant 3",
    ]
    assert {answer.json()["session"] for answer in answers} == {bench.session.id}
    assert bench.enrol(pcs[3]).json()["error"] == "wrong-code"
    told = bench.told()
    assert [station.key_id for station in told.stations] == [pc.key_id for pc in pcs[:3]]
    assert fingerprint_words(told.stations[0].public_key) == fingerprint_words(pcs[0].public_key)


def test_a_lost_answer_costs_no_use(bench: Bench) -> None:
    for _ in range(5):
        assert bench.enrol(Pc(1)).json()["name"] == "poste volant 1"
    assert bench.enrol(Pc(2)).status_code == bench.enrol(Pc(3)).status_code == 201
    assert bench.enrol(Pc(1)).status_code == 403  # used up: the answer it has must do


def test_a_session_is_over_after_its_hours(bench: Bench, clock: Clock) -> None:
    pc = Pc(1)
    assert bench.enrol(pc).status_code == 201
    clock.wait(hours=9, minutes=59)
    assert bench.send(pc, 1).status_code == 201
    assert bench.enrol(Pc(2)).status_code == 201
    clock.wait(minutes=1)
    assert bench.enrol(Pc(3)).status_code == 403
    refused = bench.send(pc, 2)
    assert (refused.status_code, refused.json()["error"]) == (403, "session-over")
    told = bench.told()
    assert not told.is_open and {station.revoked_from_index for station in told.stations} == {1}


def test_closing_keeps_what_is_logged_and_takes_nothing_more(bench: Bench, settings: Settings) -> None:
    pc, other = Pc(1), Pc(9)
    desk.enrol_local(settings, other.public_key, "Banc 1")
    bench.enrol(pc)
    bench.enrol(Pc(2))
    sent = [bench.send(pc, number) for number in (1, 2)]
    assert [answer.status_code for answer in sent] == [201, 201]
    bench.close()
    bench.close()  # twice is fine
    digest, raw = pc.visit(3)
    late = bench.client.put(f"/api/v1/records/{digest}", content=raw, headers=JSON)
    assert late.json()["error"] == "session-over"
    assert bench.send(other).status_code == 201  # a station of its own goes on
    assert {station.revoked_from_index for station in bench.told().stations} == {2}
    # What is logged can be sent again, is shown, and survives a rebuilding.
    again = Pc(1)
    digest, raw = again.visit(1)
    answer = bench.client.put(f"/api/v1/records/{digest}", content=raw, headers=JSON)
    assert (answer.status_code, answer.content) == (200, sent[0].content)
    assert desk.reindex(settings).records == 3
    assert [alarm.kind for alarm in desk.list_alarms(settings)] == ["session-over"]


def test_nothing_slips_in_between_the_end_and_the_next_look(bench: Bench, clock: Clock, settings: Settings) -> None:
    pc, other = Pc(1), Pc(9)
    desk.enrol_local(settings, other.public_key, "Banc 1")
    bench.enrol(pc)
    clock.wait(hours=10)
    assert bench.send(other).status_code == 201  # the first to come by closes the session, before its own record
    assert {station.revoked_from_index for station in bench.told().stations} == {0}
    assert bench.send(pc).status_code == 403


def test_a_key_of_an_ended_session_cannot_come_back(bench: Bench, clock: Clock) -> None:
    pc = Pc(1)
    bench.enrol(pc)
    bench.close()
    second = Bench(bench.client, clock)
    assert second.enrol(pc).json()["error"] == "revoked-key"
    assert second.enrol(Pc(2)).json()["name"] == "poste volant 1"


def test_a_station_revoked_by_hand_stays_so(bench: Bench, settings: Settings) -> None:
    pc = Pc(1)
    bench.enrol(pc)
    bench.send(pc, 1)
    bench.send(pc, 2)
    desk.revoke(settings, pc.key_id, from_log_index=1)
    bench.close()
    assert [station.revoked_from_index for station in bench.told().stations] == [1]


def test_a_stick_is_not_enrolled_for_a_day_by_mistake(bench: Bench) -> None:
    refused = bench.enrol(Pc(1), flying=False)
    assert refused.json()["error"] == "session-code"
    assert [bench.enrol(Pc(seed)).status_code for seed in (1, 2, 3)] == [201] * 3  # it cost no use


def test_a_flying_station_may_use_a_code_of_its_own(client: TestClient, bench: Bench, settings: Settings) -> None:
    with write(bench.inventory.engine) as connection:
        code = make_code(connection, bench.tenant, bench.clock())
    answer = bench.enrol(Pc(1), code=code, name="poste de secours")
    assert (answer.status_code, answer.json()["session"], answer.json()["name"]) == (201, None, "poste de secours")


# --- guessing ---------------------------------------------------------------------------------------------------------


def test_tries_are_counted_in_all(bench: Bench, clock: Clock) -> None:
    for seed in range(14):
        assert bench.enrol(Pc(seed), code="2222-2222").status_code == 403
        clock.wait(minutes=5)
    assert bench.enrol(Pc(1)).status_code == 201
    bench.enrol(Pc(2), code="2222-2222")  # the fifteenth of five for each of three
    assert bench.enrol(Pc(2)).status_code == 403


def test_tries_never_grow_without_bound(client: TestClient, clock: Clock) -> None:
    bench = Bench(client, clock, uses=USES_MOST)
    with bench.inventory.engine.connect() as connection:
        assert connection.scalar(select(codes.c.tries_left)) == 200


def test_neither_code_is_stored(bench: Bench) -> None:
    with bench.inventory.engine.connect() as connection:
        row = repr(connection.execute(select(codes)).one())
    assert bench.code not in row and bench.code.replace("-", "") not in row


@pytest.mark.parametrize(("uses", "hours"), [(0, 10), (-1, 10), (USES_MOST + 1, 10), (30, 0), (30, HOURS_MOST + 1)])
def test_a_session_has_bounds(settings: Settings, uses: int, hours: int) -> None:
    with pytest.raises(UsageError):
        desk.open_session(settings, uses, hours)
    assert desk.list_sessions(settings) == []


# --- races ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_two_at_once_for_the_last_use(tmp_path: Path, seed: int) -> None:
    settings = Settings(folder=tmp_path)
    opened = desk.open_session(settings, 2, 1)
    engine = open_database(settings)
    now = beginning_of(opened)

    def ask(number: int) -> str:
        asked = Asked(code=opened.code, public_key=Pc(seed * 100 + number).public_key, name="", is_flying=True)
        with write(engine) as connection:
            found = redeem(connection, settings.tenant, asked, now)
        return found.name if isinstance(found, Station) else "refused"

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(ask, range(8)))
    assert answers == ["poste volant 1", "poste volant 2"] + ["refused"] * 6
    engine.dispose()


def test_closing_races_with_enrolments(tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path)
    opened = desk.open_session(settings, 50, 1)
    engine = open_database(settings)
    now = beginning_of(opened)

    def ask(number: int) -> None:
        if number == 10:
            desk.close_session(settings, opened.session.id)
            return
        asked = Asked(code=opened.code, public_key=Pc(number).public_key, name="", is_flying=True)
        with write(engine) as connection:
            redeem(connection, settings.tenant, asked, now)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(30)))
    (session,) = desk.list_sessions(settings)
    assert not session.is_open and all(station.is_revoked_at(0) for station in session.stations)
    engine.dispose()


def beginning_of(opened: desk.OpenedSession) -> datetime:
    return datetime.fromisoformat(opened.session.opened_at)


# --- both databases ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()], ids=["sqlite", "postgresql"])  # type: ignore[no-untyped-call]  # SQLAlchemy's own
def test_the_schema_and_the_locks_compile(dialect: Any) -> None:
    for table in metadata.sorted_tables:
        assert "tenant_id" in table.primary_key.columns
        assert str(CreateTable(table).compile(dialect=dialect))
        assert all(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)
    locked = str(select(codes).where(codes.c.uses_left > 0).with_for_update().compile(dialect=dialect))
    assert ("FOR UPDATE" in locked) == (dialect.name == "postgresql")


# --- the commands -----------------------------------------------------------------------------------------------------


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "inventory")

    def run(*argv: str) -> tuple[int, str]:
        code = main([*argv, "--folder", folder])
        return code, "".join(capsys.readouterr())

    assert run("inventory", "sessions") == (0, "Aucune séance.\n")
    code, out = run("inventory", "enrol-code", "--uses", "2", "--hours", "3")
    assert code == 0 and "2 PC" in out
    session = out.split()[1].rstrip(",")
    assert "ouverte" in run("inventory", "sessions")[1]
    code, out = run("inventory", "sessions", "--json")
    assert code == 0 and f'"id": "{session}"' in out and '"uses": 2' in out
    assert run("inventory", "close-session", "ZZZZ", "--lang", "en") == (
        2,
        f"rebond: No session ZZZZ. Open ones: {session}.\n",
    )
    assert "fermée" in run("inventory", "close-session", session.lower())[1]
    assert "fermée" in run("inventory", "sessions")[1]
    assert run("inventory", "enrol-code", "--uses", "0")[0] == 2
    assert '"session": null' in run("inventory", "enrol-code", "--json")[1]
    assert '"uses": 30' in run("inventory", "enrol-code", "--hours", "1", "--json")[1]


# --- which stations fly -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("home", "cmdline", "mounts", "flies"),
    [
        ("/var/lib/rebond", "quiet rebond.ram rebond.medium=none", "overlay / overlay rw 0 0\n", True),
        (STICK, "rebond.ram", f"overlay / overlay rw 0 0\n/dev/sdb3 {STICK} ext4 rw 0 0\n", False),
        (STICK, "rebond.ram", "overlay / overlay rw 0 0\nrebond /run/rebond/mnt tmpfs ro 0 0\n", True),
        ("/var/lib/rebond", "root=/dev/sda1", "/dev/sda1 / ext4 rw 0 0\n", False),
        ("/var/lib/rebond", "root=/dev/sda1 not-rebond.ram", "overlay / overlay rw 0 0\n", False),
    ],
)
def test_a_station_knows_whether_its_key_lives_in_memory(
    tmp_path: Path, home: str | Path, cmdline: str, mounts: str, flies: bool
) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "cmdline").write_text(cmdline)
    (tmp_path / "proc" / "mounts").write_text(mounts)
    assert Home(Path(home)).lives_in_memory(Host(root=tmp_path)) is flies


def test_a_refusal_is_not_a_try(tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path)
    opened = desk.open_session(settings, 1, 1)
    engine = open_database(settings)
    asked = Asked(code=opened.code, public_key=Pc(1).public_key, name="")
    for _ in range(9):
        with pytest.raises(Refusal), write(engine) as connection:
            redeem(connection, settings.tenant, asked, beginning_of(opened))
    with engine.connect() as connection:
        assert connection.execute(select(codes.c.tries_left, codes.c.uses_left)).one() == (5, 1)
    engine.dispose()
