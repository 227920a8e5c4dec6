"""Bad input, and what it gets: a gap or one clear sentence; never a crash, nothing unescaped, nothing lost.

Every test goes the whole way through `agent.cli.main`. "Live" ones look at a composed PC's /sys with stub programs in
front of the real door: the programs run, the hardware of this computer is never asked.
"""

import errno
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unicodedata import category

import pytest

from agent import host as host_module
from agent.capture import unpack
from agent.cli import main
from agent.host import Host, LiveRunner
from tests.compose import disks
from tests.compose.machines import HOSTILE, bios_desktop_failing_disk
from tests.compose.stock import SEAGATE_DYING

CAPTURES = Path(__file__).parent / "captures"
SMART = disks.ata_answer("sda", SEAGATE_DYING)
SMART_TEXT = "\n".join(json.loads(SMART)["smartctl"]["output"]) + "\n"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`rebond …` in this process, with a home of its own: (exit code, stdout, stderr). No traceback is ever fine."""
    monkeypatch.setenv("REBOND_HOME", str(tmp_path / "home"))

    def go(*argv: str) -> tuple[int, str, str]:
        code = main(list(argv))
        told = capsys.readouterr()
        assert "Traceback" not in told.out + told.err and "interne" not in told.err, told.err
        return code, told.out, told.err

    return go


class Bench:
    """A PC to look at live: its /sys in a folder, its programs as shell scripts."""

    def __init__(self, root: Path, programs: Path) -> None:
        self.root, self.programs = root, programs

    def program(self, name: str, script: str, mode: int = 0o755) -> None:
        place = self.programs / name
        place.write_text(f"#!/bin/sh\n{script}\n")
        place.chmod(mode)

    def answers(self, name: str, raw: bytes, status: int = 0) -> None:
        (self.programs / f"{name}.out").write_bytes(raw)
        self.program(name, f"/bin/cat '{self.programs}/{name}.out'; exit {status}")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The dying office desktop, live. The kernel's SMBIOS table is away, so that dmidecode is asked as well."""
    return bench_of("bios-desktop-failing-disk", tmp_path, monkeypatch)


def bench_of(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    root, programs = tmp_path / "root", tmp_path / "programs"
    root.mkdir()
    programs.mkdir()
    unpack((CAPTURES / name / "sys.txt").read_bytes(), root)
    shutil.rmtree(root / "sys/firmware/dmi")
    monkeypatch.setenv("REBOND_PATH", str(programs))
    monkeypatch.setattr(host_module, "_SEARCH", str(tmp_path / "nothing"))
    monkeypatch.setattr(host_module, "Host", lambda: Host(root, LiveRunner()))
    return Bench(root, programs)


def disk_of(out: str) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
    """The document, its first disk, and the gaps about that disk."""
    document = json.loads(out)
    machine = document.get("machine", document)
    return document, machine["disks"][0], [gap for gap in machine["gaps"] if gap["path"].startswith("disks[0]")]


def outcome_of(document: dict[str, Any]) -> str:
    (verdict,) = document["verdicts"]
    told: str = verdict["outcome"]
    return told


# --- what tools answer ------------------------------------------------------------------------------------------------

RUINED = {
    "empty": b"",
    "blank": b"\n \n",
    "malformed": b'{"smartctl": {"version": [7, 3',
    "cut": SMART.encode()[: len(SMART) // 3],
    "html": b"<html><body>502 Bad Gateway</body></html>",
    "binary": bytes(range(256)) * 40,
    "deep": b"[" * 100_000,
    "list": b"[1, 2, 3]",
    "null": b"null",
    "other words": "smartctl: Befehl nicht gefunden, Gerät unbekannt\n".encode("latin-1"),
    "nested nonsense": b'{"ata_smart_attributes": {"table": [{"id": {}}, null, 7]}, "smart_status": "yes"}',
    "long": b"x" * (17 << 20),
}


@pytest.mark.programs
@pytest.mark.parametrize("case", RUINED)
def test_a_ruined_answer_of_smartctl_is_a_gap(run: Run, bench: Bench, case: str) -> None:
    bench.answers("smartctl", RUINED[case])
    code, out, _ = run("judge", "--profile", "primtux", "--json")
    document, disk, gaps = disk_of(out)
    assert code == 0 and disk["health"]["is_passed"] is None and disk["health"]["attributes"] == []
    assert disk["size_bytes"] == SEAGATE_DYING.size_bytes  # the kernel's own word stays
    assert [gap["why"] for gap in gaps if gap["path"] == "disks[0].health"], gaps
    assert outcome_of(document) == "review"


@pytest.mark.programs
@pytest.mark.parametrize("case", ["json", "json in colours", "text", "text in colours", "text with CR", "localised"])
def test_an_odd_but_whole_answer_is_read(run: Run, bench: Bench, case: str) -> None:
    text = SMART_TEXT
    if "colours" in case:
        text = "".join(f"\x1b[1;31m{line}\x1b[0m\n" for line in text.splitlines())
    if case == "text with CR":
        text = text.replace("\n", "\r\n")
    if case == "localised":  # smartmontools under LC_NUMERIC=fr_FR.ISO-8859-1
        text = text.replace("500,107,862,016", "500\xa0107\xa0862\xa0016").replace("[500 GB]", "[500,1 GB]")
    raw = {"json": SMART, "json in colours": f"\x1b[32m{SMART}\x1b[0m"}.get(case, text).encode(
        "latin-1" if case == "localised" else "utf-8"
    )
    bench.answers("smartctl", raw, status=0xD8)
    code, out, _ = run("judge", "--profile", "primtux", "--json")
    document, disk, _ = disk_of(out)
    health = disk["health"]
    assert (code, health["is_passed"], health["pending_sectors"], health["hours"]) == (0, False, 312, 28110)
    assert health["exit_bits"] == 0xD8 and disk["serial"] == SEAGATE_DYING.serial
    assert outcome_of(document) == "repair"


ABSURD = ("99999999999999999999999", "-7", "18446744073709551615", "214748364800000")


@pytest.mark.programs
@pytest.mark.parametrize("number", ABSURD)
def test_absurd_numbers_are_gaps_and_no_record_breaks(run: Run, bench: Bench, number: str) -> None:
    document = json.loads(SMART)
    document["power_on_time"] = {"hours": int(number)}
    document["temperature"] = {"current": int(number)}
    for row in document["ata_smart_attributes"]["table"]:
        if row["id"] in (5, 9, 197, 198, 194):
            row["raw"] = {"value": int(number), "string": number}
    bench.answers("smartctl", json.dumps(document).encode())
    code, out, _ = run("triage", "--offline", "--profile", "primtux", "--json")
    told, disk, gaps = disk_of(out)
    assert code == 0
    absurd = ("hours", "pending_sectors", "reallocated_sectors", "temperature_c")
    for fact in absurd[: 3 if number == "-7" else 4]:  # a hall may be cold
        assert disk["health"][fact] is None, fact
        assert any(gap["path"] == f"disks[0].health.{fact}" and gap["why"] == "malformed" for gap in gaps), fact
    assert outcome_of(told) == "repair"  # its own word, and what else failed, still count
    assert run("verify", told["record"]["path"])[0] == 0


@pytest.mark.programs
@pytest.mark.parametrize(
    "raw", [b"", b"\xff" * 3000, b"# dmidecode 3.4\n/dev/mem: Permission denied\n", b"Handle 0x" * 999]
)
def test_a_ruined_answer_of_dmidecode_leaves_the_kernels_names(run: Run, bench: Bench, raw: bytes) -> None:
    bench.answers("dmidecode", raw, status=1)
    code, out, _ = run("inspect", "--json")
    machine = json.loads(out)
    assert code == 0 and machine["system"]["product"] == "OptiPlex 390" and machine["memory"]["fitted_bytes"] is None
    assert any(gap["path"] == "memory.fitted_bytes" for gap in machine["gaps"])


# --- tools that are missing, hang or refuse ---------------------------------------------------------------------------


@pytest.mark.programs
def test_missing_tools_are_named(run: Run, bench: Bench) -> None:
    code, out, _ = run("judge", "--profile", "primtux", "--json")
    document, _, gaps = disk_of(out)
    assert code == 0 and outcome_of(document) == "review"
    assert {gap["why"] for gap in gaps if gap["path"] == "disks[0].health"} == {"tool-missing"}
    code, out, _ = run("judge", "--profile", "primtux")
    assert code == 0 and "programme manquant" in out


@pytest.mark.programs
@pytest.mark.parametrize("begun", ["", SMART_TEXT[: len(SMART_TEXT) // 2]], ids=["silent", "half an answer"])
def test_a_hanging_tool_is_ended_with_its_children(
    run: Run, bench: Bench, monkeypatch: pytest.MonkeyPatch, begun: str
) -> None:
    monkeypatch.setattr("agent.probes.disk_health.TIMEOUT_S", 1)
    (bench.programs / "begun").write_text(begun)
    bench.program(
        "smartctl", f"/bin/cat '{bench.programs}/begun'; /bin/sleep 30 & echo $! >> '{bench.programs}/pids'; wait"
    )
    started = time.monotonic()
    code, out, _ = run("judge", "--profile", "primtux", "--json")
    assert code == 0 and time.monotonic() - started < 10
    document, disk, gaps = disk_of(out)
    assert "timed-out" in {gap["why"] for gap in gaps if gap["path"] == "disks[0].health"}
    assert outcome_of(document) in ("review", "repair") and disk["size_bytes"] == SEAGATE_DYING.size_bytes
    assert disk["serial"] == (SEAGATE_DYING.serial if begun else disk["serial"])
    for pid in (bench.programs / "pids").read_text().split():
        assert not _is_running(int(pid)), "a child of a program that was ended is still there"


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.programs
@pytest.mark.parametrize("how", ["says so", "may not be started", "dies"])
def test_a_refusing_tool_is_a_gap(run: Run, bench: Bench, how: str) -> None:
    said = "Smartctl open device: /dev/sda failed: Permission denied"
    if how == "says so":
        bench.answers("smartctl", f"{disks.SMARTCTL}\n\n{said}\n".encode(), status=2)
    elif how == "may not be started":
        bench.program("smartctl", "exit 0", mode=0o644)
    else:
        bench.program("smartctl", "kill -9 $$")
    code, out, _ = run("judge", "--profile", "primtux", "--json")
    document, disk, gaps = disk_of(out)
    assert code == 0 and outcome_of(document) == "review" and disk["health"]["is_passed"] is None
    whys = {gap["why"] for gap in gaps if gap["path"] == "disks[0].health"}
    assert whys and (how == "dies" or whys == {"refused"}), whys


@pytest.mark.programs
def test_forty_disks_are_asked_at_once(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty smartctl of 0.4 s each: 16 s one after another."""
    bench = bench_of("server-40-disks", tmp_path, monkeypatch)
    for path in (CAPTURES / "server-40-disks" / "commands").glob("*smartctl.stdout"):
        raw = path.read_bytes()
        shutil.copy(path, bench.programs / json.loads(raw)["device"]["name"].removeprefix("/dev/"))
    bench.program("smartctl", f'for last; do :; done; /bin/sleep 0.4; exec /bin/cat "{bench.programs}/${{last#/dev/}}"')
    started = time.monotonic()
    code, out, _ = run("inspect", "--json")
    machine = json.loads(out)
    assert code == 0 and time.monotonic() - started < 8
    assert len(machine["disks"]) == 40 and all(disk["health"]["hours"] for disk in machine["disks"])
    assert [disk["name"] for disk in machine["disks"] if not disk["health"]["is_passed"]] == ["sdh"]
    code, out, _ = run("triage", "--offline")
    assert code == 0 and len(out.splitlines()) <= 24


@pytest.mark.programs
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_without_root_one_line_says_what_is_missing(
    run: Run, bench: Bench, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    code, out, err = run("inspect", "--lang", lang)
    assert code == 0 and "sudo" in err and len(err.strip().splitlines()) == 1 and "OptiPlex 390" in out


@pytest.mark.programs
def test_no_dmi_no_disk_no_program(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = bench_of("mini-pc-no-disk", tmp_path, monkeypatch)
    for folder in ("sys/class", "sys/block", "sys/bus", "proc"):
        shutil.rmtree(bench.root / folder)
    code, out, _ = run("triage", "--offline", "--json")
    document = json.loads(out)
    assert code == 0 and document["machine"]["system"]["maker"] is None and document["machine"]["disks"] is None
    assert document["verdicts"][0]["outcome"] == "review"
    assert Path(document["record"]["path"]).is_file()


# --- outbox -----------------------------------------------------------------------------------------------------------

PC = str(CAPTURES / "core-2-duo")


def kept(home: Path) -> dict[str, bytes]:
    """The records in the outbox, by name: none of them may change or go."""
    return {str(path): path.read_bytes() for path in (home / "outbox").rglob("*.json")}


@pytest.fixture
def one_record(run: Run, tmp_path: Path) -> Iterator[dict[str, bytes]]:
    assert run("triage", "--offline", "--from", PC)[0] == 0
    before = kept(tmp_path / "home")
    assert before
    yield before
    after = kept(tmp_path / "home")
    assert not [name for name, raw in before.items() if after.get(name) != raw], "a waiting record was lost or changed"


@pytest.mark.parametrize(("number", "words"), [(errno.ENOSPC, "Plus de place"), (errno.EROFS, "lecture seule")])
def test_a_full_or_read_only_outbox_says_so_and_loses_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_record: dict[str, bytes], number: int, words: str
) -> None:
    def no_room(descriptor: int, data: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr("agent.durable.os.write", no_room)
        code, out, err = run("triage", "--offline", "--from", PC)
    assert code == 1 and words in err and len(err.strip().splitlines()) == 1
    assert "À RECYCLER" in out  # it costs the record, never the verdict
    assert not list((tmp_path / "home").rglob("*.part"))
    code, out, _ = run("triage", "--offline", "--from", PC, "--json")  # once there is room again
    assert code == 0 and Path(json.loads(out)["record"]["path"]).is_file()
    code, out, _ = run("outbox", "--json")
    assert len(json.loads(out)["waiting"]) == 2 and not json.loads(out).get("damaged")


def test_a_disk_that_fills_in_the_middle_leaves_no_half_record(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_record: dict[str, bytes]
) -> None:
    real, written = os.write, [0]

    def fills(descriptor: int, data: Any) -> int:
        written[0] += 1
        if written[0] > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[: len(data) // 2])

    with monkeypatch.context() as patched:
        patched.setattr("agent.durable.os.write", fills)
        assert run("triage", "--offline", "--from", PC)[0] == 1
    code, out, _ = run("outbox", "--json")
    assert len(json.loads(out)["waiting"]) == 1


def test_a_file_in_place_of_the_outbox(run: Run, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "outbox").write_text("in the way")
    code, _, err = run("triage", "--offline", "--from", PC)
    assert code == 1 and str(tmp_path / "home") in err and len(err.strip().splitlines()) == 1
    assert (tmp_path / "home" / "outbox").read_text() == "in the way"


# --- clocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("year", [1998, 2099])
def test_a_wrong_clock_dates_nothing_and_breaks_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, year: int
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime(year, 1, 1, 12, tzinfo=tz or UTC)

    for module in ("look", "triage"):
        monkeypatch.setattr(f"agent.commands.{module}.datetime", Clock)
    place = tmp_path / "pc"
    shutil.copytree(CAPTURES / "core-2-duo", place)
    about = (place / "ABOUT.yaml").read_text()
    (place / "ABOUT.yaml").write_text(re.sub("taken_at.*\n", "", about))
    epoch = int(datetime(year, 1, 1, 12, tzinfo=UTC).timestamp())
    told = re.sub(r"(rtc0/since_epoch: )\d+", rf"\g<1>{epoch}", (place / "sys.txt").read_text())
    (place / "sys.txt").write_text(told)
    code, out, _ = run("triage", "--offline", "--from", str(place), "--profile", "primtux", "--json")
    document = json.loads(out)
    clock, system = document["machine"]["clock"], document["machine"]["system"]
    assert code == 0 and clock["believed_from"] != "system" and clock["is_rtc_wrong"] is True
    assert system["age_years"] is None or 0 <= system["age_years"] <= 60
    assert any(reason["rule"] == "pile" for reason in document["verdicts"][0]["reasons"])
    code, out, _ = run("verify", document["record"]["path"])
    assert code == 0
    assert run("triage", "--offline", "--from", PC)[0] == 0  # and the chain goes on when the clock is right again
    assert len(json.loads(run("outbox", "--json")[1])["waiting"]) == 2


# --- strings ----------------------------------------------------------------------------------------------------------


def steers(text: str) -> list[str]:
    """Characters that a terminal obeys or that hide: all of category C but the end of line."""
    return sorted({f"U+{ord(c):04X}" for c in text if category(c)[0] == "C" and c != "\n"})


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hostile PC, and a serial of 1 MiB in each place that the kernel shows one."""
    place = tmp_path_factory.mktemp("hostile") / "pc"
    shutil.copytree(CAPTURES / "hostile-strings", place)
    long = "=A1\x1b[31m" + "Z9" * (1 << 19)
    lines = (place / "sys.txt").read_text("utf-8").split("\n")
    for path in ("/sys/block/sda/serial", "/sys/block/sda/device/serial", "/sys/class/dmi/id/product_serial",
                 "/sys/class/net/=cmd/ifalias", "/sys/class/power_supply/BAT9/serial_number"):  # fmt: skip
        lines = [line for line in lines if not line.startswith(f"{path}:")]
        lines.append(f"{path}: {long}")
    lines += ["/sys/class/power_supply/BAT9/type: Battery", "/sys/class/power_supply/BAT9/present: 1"]
    lines += ["/sys/class/power_supply/BAT9/energy_full_design: 50000000",
              "/sys/class/power_supply/BAT9/energy_full: 40000000"]  # fmt: skip
    (place / "sys.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return place


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize(
    "argv", [["inspect"], ["judge"], ["judge", "--explain"], ["triage", "--offline"]], ids=" ".join
)
def test_no_string_of_the_hardware_steers_the_terminal(run: Run, hostile: Path, argv: list[str], lang: str) -> None:
    code, out, err = run(*argv, "--from", str(hostile), "--lang", lang)
    assert code == 0 and steers(out) == [] == steers(err)
    # Shown as it is, for a terminal runs no markup and nothing is to be lost; a proof names rules and facts only.
    assert "--explain" in argv or "<script>alert(1)</script>" in out
    assert max(map(len, out.splitlines())) < 2000
    if argv[0] == "triage":
        assert len(out.splitlines()) <= 24 and max(map(len, out.splitlines())) <= 80


def test_hostile_strings_reach_the_document_cleaned_and_bounded(run: Run, hostile: Path) -> None:
    code, out, _ = run("triage", "--offline", "--json", "--from", str(hostile))
    assert code == 0 and steers(out) == []
    document = json.loads(out)

    def texts(value: Any) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from texts(inner)

    every = list(texts(document["machine"]))
    assert not [text for text in every if steers(text)] and max(map(len, every)) <= 256
    assert len(out) < 400_000
    whole = "\n".join(every)
    for evil in HOSTILE:
        words = [
            word
            for word in re.split(r"[\x00-\x1f\x7f]+", re.sub(r"\x1b\][^\x07]*\x07|\x1b\[[0-9;]*m", "", evil))
            if word
        ]
        assert all(word in whole for word in words), evil  # what can be shown is kept
    code, out, _ = run("verify", document["record"]["path"])
    assert code == 0 and steers(out) == []
    code, out, _ = run("outbox")
    assert code == 0 and steers(out) == []


def test_hostile_strings_are_text_on_the_inventorys_page(run: Run, hostile: Path, tmp_path: Path) -> None:
    from starlette.testclient import TestClient

    from agent.home import Home
    from agent.inventory import desk
    from agent.inventory.app import build
    from agent.inventory.settings import Settings

    _, out, _ = run("triage", "--offline", "--json", "--from", str(hostile), "--sticker", "X1")
    record = json.loads(out)["record"]
    settings = Settings(folder=tmp_path / "inventory", hosts=("testserver",))
    with TestClient(build(settings)) as client:
        desk.enrol_local(settings, Home(tmp_path / "home").key().public, "banc")
        raw = Path(record["path"]).read_bytes()
        sent = client.put(
            f"/api/v1/records/{record['digest']}", content=raw, headers={"Content-Type": "application/json"}
        )
        assert sent.status_code == 201, sent.text
        for address in ("/", f"/records/{record['digest'][:12]}"):
            page = client.get(address)
            assert page.status_code == 200 and steers(page.text.replace("\r", "")) == []
            assert "<script>alert" not in page.text and "<b>i3" not in page.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text


# --- captures and loose files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("sys.txt", b"\x00\xff" * 500), ("sys.txt", b"no attribute\n"), ("sys.txt", b"/sys/x = A\n"),
        ("commands/index.json", b"{"), ("commands/index.json", b"3"), ("commands/index.json", b'[{"argv": 3}]'),
        ("commands/index.json", b'[{"argv": ["dmidecode"], "stdout": "../../secret"}]'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["inspect", "judge", "triage"])
def test_a_damaged_capture_is_refused_in_one_sentence(
    run: Run, tmp_path: Path, command: str, name: str, raw: bytes
) -> None:
    shutil.copytree(CAPTURES / "core-2-duo", tmp_path / "pc")
    (tmp_path / "pc" / name).write_bytes(raw)
    code, out, err = run(command, "--from", str(tmp_path / "pc"), *(["--offline"] if command == "triage" else []))
    assert (code, out) == (3, "") and len(err.strip().splitlines()) == 1 and steers(err) == []
    assert not kept(tmp_path / "home")


@pytest.mark.parametrize("raw", [b"", b"\0" * 4096, b"hello", bytes(range(256)), b"{}", b"[]", b"\x89PNG\r\n\x1a\n"])
def test_a_loose_file_of_no_kind_is_refused(run: Run, tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "thing").write_bytes(raw)
    code, out, err = run("inspect", "--from", str(tmp_path / "thing"), "--json")
    assert (code, out) == (3, "") and len(err.strip().splitlines()) == 1


def test_the_stub_bench_sees_what_the_capture_holds(run: Run, bench: Bench) -> None:
    """The bench itself: without any program, the kernel's part is that of the composed PC."""
    pytest.importorskip("psutil")
    assert bios_desktop_failing_disk().name == "bios-desktop-failing-disk"
    assert (bench.root / "sys/block/sda/size").read_text().strip() == str(SEAGATE_DYING.size_bytes // 512)
