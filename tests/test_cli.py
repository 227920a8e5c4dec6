"""The command line: documents, exit codes, one clear sentence for bad input, never a traceback."""

import errno
import io
import json
import os
from pathlib import Path

import pytest

from agent.cli import main
from tests.conftest import CORPUS

README = Path(__file__).resolve().parents[1] / "README.md"


@pytest.fixture
def pc(tmp_path: Path) -> Path:
    """A PC of our own composing, as loose files."""
    folder = tmp_path / "pc"
    folder.mkdir()
    (folder / "lscpu.txt").write_text(
        "Architecture: x86_64\nCPU op-mode(s): 32-bit, 64-bit\nCPU(s): 4\nThread(s) per core: 1\n"
        "Core(s) per socket: 4\nSocket(s): 1\nVendor ID: GenuineIntel\nCPU family: 6\nModel: 58\nStepping: 9\n"
        "Model name: Intel(R) Core(TM) i5-3470 CPU @ 3.20GHz\nFlags: fpu vme de pse tsc msr pae mce cx8 apic sep mtrr"
        " pge mca cmov pat pse36 clflush dts acpi mmx fxsr sse sse2 ss ht tm pbe syscall nx rdtscp lm constant_tsc pni"
        " pclmulqdq ssse3 cx16 sse4_1 sse4_2 popcnt aes xsave avx lahf_lm vmx\n"
    )
    return folder


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = main(list(argv))
    told = capsys.readouterr()
    return code, told.out, told.err


def test_inspect_and_judge_print_documents(capsys: pytest.CaptureFixture[str], pc: Path) -> None:
    code, out, _ = run(capsys, "inspect", "--from", str(pc), "--json")
    machine = json.loads(out)
    assert code == 0 and machine["cpu"]["x86_64_level"] == 2 and machine["memory"]["fitted_bytes"] is None
    code, out, _ = run(capsys, "judge", "--from", str(pc), "--profile", "famille-linux", "--json")
    document = json.loads(out)
    assert code == 0
    (verdict,) = document["verdicts"]
    assert {"profile", "outcome", "class", "reasons", "fixes"} <= set(verdict)
    assert verdict["outcome"] in ("review", "repair") and verdict["class"] == "refurbishable"
    for reason in verdict["reasons"]:
        assert {"rule", "outcome", "fact", "observed", "required", "because", "source", "fix"} <= set(reason)
    assert any(reason["fact"].startswith("memory") and reason["unknown"] for reason in verdict["reasons"])


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_text_forms_speak_both_languages(capsys: pytest.CaptureFixture[str], pc: Path, lang: str) -> None:
    for argv in (["inspect"], ["judge"], ["judge", "--explain", "--profile", "famille-linux"]):
        code, out, _ = run(capsys, *argv, "--from", str(pc), "--lang", lang)
        assert code == 0 and "i5-3470" in out or "famille-linux" in out
        assert ": None" not in out and "Bilingual(" not in out


def test_triage_offline_keeps_a_signed_record(capsys: pytest.CaptureFixture[str], pc: Path, tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    code, out, _ = run(capsys, "triage", "--offline", "--json", "--from", str(pc), "--home", home)
    document = json.loads(out)
    assert code == 0 and Path(document["record"]["path"]).is_file()
    code, out, _ = run(capsys, "verify", document["record"]["path"], "--home", home)
    assert code == 0
    raw = bytearray(Path(document["record"]["path"]).read_bytes())
    raw[len(raw) // 2] ^= 1
    (tmp_path / "tampered.json").write_bytes(raw)
    code, out, _ = run(capsys, "verify", str(tmp_path / "tampered.json"), "--home", home)
    assert code == 3
    code, out, _ = run(capsys, "outbox", "--json", "--home", home)
    assert len(json.loads(out)["waiting"]) == 1
    code, out, err = run(capsys, "outbox", "send", "--home", home)
    assert code == 5 and "rebond enrol" in err


def test_the_screen_of_triage_fits(capsys: pytest.CaptureFixture[str], pc: Path, tmp_path: Path) -> None:
    code, out, _ = run(capsys, "triage", "--offline", "--from", str(pc), "--home", str(tmp_path / "home"))
    assert code == 0
    assert len(out.splitlines()) <= 24 and max(map(len, out.splitlines())) <= 80
    assert "Fiches en attente : 1" in out


def test_records_chain(capsys: pytest.CaptureFixture[str], pc: Path, tmp_path: Path) -> None:
    from agent.envelope import peek
    from agent.record import parse_payload

    home = str(tmp_path / "home")
    records = []
    for _ in range(3):
        _, out, _ = run(capsys, "triage", "--offline", "--json", "--from", str(pc), "--home", home, "--lot", "L1")
        told = json.loads(out)["record"]
        records.append((told["digest"], parse_payload(peek(Path(told["path"]).read_bytes()).payload)))
    assert [record.seq for _, record in records] == [1, 2, 3]
    assert [record.prev for _, record in records] == [None, records[0][0], records[1][0]]
    assert records[0][1].lot == "L1" and records[0][1].verdicts[0]["profile"] == "famille-linux"


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        ([], 2, "rebond --help"),
        (["fly"], 2, "fly"),
        (["judge", "--from", "/nowhere"], 3, "/nowhere n'existe pas"),
        (["judge", "--profile", "famile-linux"], 2, "famille-linux"),
        (["judge", "--lang", "en", "--profile", "famile-linux"], 2, "famille-linux"),
        (["verify", "/nowhere"], 3, "/nowhere"),
        (["profiles", "show", "nothing"], 2, "nothing"),
        (["inspect", "--frm", "x"], 2, "--frm"),
        (["enrol", "garbage", "CODE"], 2, "garbage"),
        (["enrol", "ftp://inventaire", "CODE"], 2, "ftp://inventaire"),
        (["enrol", "http://[::1", "CODE"], 2, "http://[::1"),
    ],
)
def test_bad_input_gets_one_sentence(
    capsys: pytest.CaptureFixture[str], argv: list[str], code: int, says: str, tmp_path: Path
) -> None:
    got, out, err = run(capsys, *argv, *(["--home", str(tmp_path)] if argv[:1] == ["verify"] else []))
    assert (got, out) == (code, "")
    assert says in err and "Traceback" not in err and len(err.strip().splitlines()) == 1


def test_a_bad_profile_is_refused_before_anything_runs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, pc: Path
) -> None:
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "mine.yaml").write_text(
        "profile: mine\nversion: 1\ntitle: {fr: A, en: A}\nrules:\n  - id: ram\n    fact: memory.fited_bytes\n"
        "    at_least: 4 GiB\n    else: repair\n    because: {fr: a., en: b.}\n"
    )
    code, out, err = run(capsys, "profiles", "check", str(folder / "mine.yaml"))
    assert code == 3 and out == "" and "mine.yaml:6:" in err and "memory.fitted_bytes" in err
    code, out, err = run(
        capsys, "triage", "--offline", "--from", str(pc), "--profiles", str(folder), "--home", str(tmp_path / "home")
    )
    assert code == 3 and not (tmp_path / "home" / "outbox").exists()


def test_profiles_commands(capsys: pytest.CaptureFixture[str], pc: Path) -> None:
    assert run(capsys, "profiles", "check")[0] == 0
    assert "famille-linux" in run(capsys, "profiles", "list")[1]
    assert "at_least" in run(capsys, "profiles", "show", "famille-linux")[1]
    assert len(run(capsys, "profiles", "explain", "famille-linux")[1]) > 500
    code, out, _ = run(capsys, "profiles", "diff", "famille-linux", "windows-11", "--over", str(pc.parent))
    assert code == 0 and "pc" in out


def test_an_internal_error_shows_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, pc: Path
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("agent.probes.inspect.inspect", broken)
    code, out, err = run(capsys, "inspect", "--from", str(pc))
    assert code == 1 and "boom" in err and "Traceback" not in err
    with pytest.raises(RuntimeError):
        main(["inspect", "--from", str(pc), "--debug"])


def test_help_stands_in_the_readme(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    code, out, _ = run(capsys, "--help", "--lang", "en")
    assert code == 0
    assert out.strip() in README.read_text("utf-8"), "paste `COLUMNS=100 rebond --help --lang en` into README.md"


MACHINES = CORPUS / "MACHINES.tsv"


@pytest.mark.skipif(not MACHINES.exists(), reason="no corpus beside this checkout (../shared/corpus)")
def test_every_whole_machine_is_judged(capsys: pytest.CaptureFixture[str]) -> None:
    failed = []
    for line in MACHINES.read_text().splitlines()[1:]:
        place = line.split("\t")[0]
        code, out, err = run(capsys, "judge", "--from", str(CORPUS / place), "--json")
        verdicts = json.loads(out)["verdicts"] if code == 0 else []
        if not verdicts or any(
            verdict["outcome"] not in ("refurbish", "repair", "review", "recycle") for verdict in verdicts
        ):
            failed.append(f"{place}: {code} {err[:100]}")
    assert not failed, failed[:5]


@pytest.mark.parametrize("argv", [["inventory", "--home", "{}", "stop"], ["inventory", "stop", "--home", "{}"]])
def test_a_shared_option_counts_on_either_side_of_an_action(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, argv: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr("agent.inventory.embedded.stop_embedded", lambda folder: bool(asked.append(folder)))
    code, _, _ = run(capsys, *(word.format(tmp_path) for word in argv))
    assert code == 0 and asked == [tmp_path / "inventory"]


def test_a_file_name_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = run(capsys, "judge", "--from", str(tmp_path / "a\x1b[31mb\x1b]0;x\x07\u202e"))
    assert code == 3 and not out
    assert "\x1b" not in err and "\x07" not in err and "\u202e" not in err


class FullDisk(io.StringIO):
    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_closed_or_full_output_is_no_internal_error(
    capsys: pytest.CaptureFixture[str], pc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as closed:
        closed.setattr("sys.stdout", None)
        assert main(["inspect", "--from", str(pc)]) == 0
    with monkeypatch.context() as full:
        full.setattr("sys.stdout", FullDisk())
        code = main(["inspect", "--from", str(pc)])
    assert code != 0 and "interne" not in capsys.readouterr().err


def test_verify_does_not_wait_for_a_pipe(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    code, _, err = run(capsys, "verify", str(tmp_path / "pipe"), "--home", str(tmp_path / "home"))
    assert code == 3 and "fichier ordinaire" in err


def test_a_folder_that_cannot_be_written_costs_the_record_not_the_verdict(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, pc: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    code, out, err = run(capsys, "triage", "--offline", "--json", "--from", str(pc), "--home", str(tmp_path / "file"))
    document = json.loads(out)
    assert code == 1 and document["record"] is None and document["verdicts"]
    assert "PAS gardée" in err and "Traceback" not in err


@pytest.mark.parametrize("code", ["x" * 81, " ", "a\x1b[31mb", "a\nb"])
def test_a_sticker_is_checked_before_anything_runs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, code: str
) -> None:
    got, out, err = run(capsys, "triage", "--sticker", code, "--offline", "--home", str(tmp_path / "home"))
    assert got == 2 and out == "" and not (tmp_path / "home").exists() and "\x1b" not in err
