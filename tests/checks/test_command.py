"""`rebond checks`: 80 columns, 23 lines, both languages; results kept, resumed, signed; never a check of a capture."""

import io
import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.checks.registry import CHECKS
from agent.cli import main
from agent.facts import Machine, System
from tests.checks.test_gate import LAPTOP

MACHINE = msgspec.structs.replace(LAPTOP, system=System(chassis="laptop", maker="Exemple", serial="EX4MPLE99"))


@pytest.fixture(autouse=True)
def this_pc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking at the real machine is other tests' work."""
    monkeypatch.setattr("agent.commands.checks.look", lambda *_: MACHINE)


def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, *argv: str) -> tuple[int, str, str]:
    code = main(["checks", "--home", str(tmp_path / "home"), *argv])
    told = capsys.readouterr()
    return code, told.out, told.err


def states(out: str) -> dict[str, Any]:
    return {one["name"]: one for one in json.loads(out)["checks"]}


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_list_fits_the_smallest_screen(capsys: pytest.CaptureFixture[str], tmp_path: Path, lang: str) -> None:
    code, out, _ = run(capsys, tmp_path, "--lang", lang)
    lines = out.splitlines()
    assert code == 0 and len(lines) <= 23 and all(len(line) <= 80 for line in lines)
    text = " ".join(out.split())
    assert "lost-disks" not in out and "Disque disparu" not in out and "Lost disk" not in out
    for check in CHECKS[1:]:
        title = check.title.told(lang)
        assert (check.name in out and title in out) or f"{title}." in text, check.name
    assert ("trié" in out) if lang == "fr" else ("sorted" in out)
    assert "[  ] screen" in out and "(  ) case" in out


def test_answers_are_kept_resumed_and_signed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(capsys, tmp_path, "--answer", "hinges=ok", "--answer", "case=bad", "--operator", "T7", "--json")
    assert code == 1 and states(out)["hinges"]["outcome"] == "passed" and states(out)["case"]["operator"] == "T7"
    code, out, err = run(capsys, tmp_path, "--answer", "case=ok", "--sign", "--json")
    document = json.loads(out)
    assert code == 0 and states(out)["case"]["failed_before"] == 1 and document["word"] == "testé"
    assert document["may_be_called_refurbished"] is False and document["missing"]
    assert main(["verify", document["record"]["path"], "--home", str(tmp_path / "home")]) == 0
    assert "ne peut pas être employé" in capsys.readouterr().out
    assert states(run(capsys, tmp_path, "--new", "--json")[1])["hinges"]["outcome"] == "not_tested"


def test_questions_are_asked_at_the_terminal(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("quoi ?\no\nn\n"))
    code, out, err = run(capsys, tmp_path, "--run", "power-on", "case", "--json")
    assert code == 1 and states(out)["power-on"]["outcome"] == "passed" and states(out)["case"]["outcome"] == "failed"
    assert "o = oui, n = non, p = passer" in err and "RATÉ" in err
    code, out, _ = run(capsys, tmp_path, "--run", "hinges", "--json")  # nobody is there any more
    assert states(out)["hinges"]["outcome"] == "not_tested"


def test_keys_typed_ahead_answer_no_question(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand, terminal = os.openpty()
    os.write(hand, b"o\no\n")

    def told(text: str) -> None:
        if "o = oui" in text:
            os.write(hand, b"n\n")

    monkeypatch.setattr("agent.commands.asking.note", told)
    with os.fdopen(hand, "rb"), os.fdopen(terminal) as keys:
        monkeypatch.setattr("sys.stdin", keys)
        found = states(run(capsys, tmp_path, "--run", "power-on", "case", "--json")[1])
    assert [found[name]["outcome"] for name in ("power-on", "case")] == ["failed", "failed"]


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("term", ["linux", "xterm"])
def test_the_question_can_be_read_before_the_colour_hides_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, term: str
) -> None:
    screen = Screen()
    read: list[str] = []
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    monkeypatch.setattr("agent.commands.asking.time.sleep", lambda seconds: read.append(screen.getvalue()))
    monkeypatch.setattr("agent.checks.screen.show", lambda devices, colour: False)
    run(capsys, tmp_path, "--run", "screen")
    assert len(read) == 1 and "o = oui" in read[0] and "\x1b[2J" not in read[0] and "\x1b[41m" in screen.getvalue()


def test_the_automatic_ones_run_alone_and_are_not_run_twice(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent.checks import runs

    done: list[str] = []

    def works(task: Any) -> Any:
        done.append(task.check.name)
        return task.passed("Bon.", "Good.")

    monkeypatch.setattr(runs, "work_of", lambda check: works)
    wanted = [check.name for check in CHECKS if check.kind == "automatic"]
    code, out, err = run(capsys, tmp_path, "--automatic")
    assert code == 0 and done == wanted and "[OK] memory" in out
    run(capsys, tmp_path, "--automatic")
    assert done == wanted
    run(capsys, tmp_path, "--run", "memory")
    assert done == [*wanted, "memory"]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--run", "keybord"], "keyboard"), (["--answer", "screen"], "NOM=ok"), (["--answer", "screen=good"], "NOM=ok"),
        (["--answer", "memory=ok"], "ne prend pas"), (["--answer", "keyboard=absent"], "ne prend pas"),
        (["--from", ".", "--run", "memory"], "capture"), (["--from", ".", "--sign"], "capture"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, argv: list[str], said: str
) -> None:
    code, _, err = run(capsys, tmp_path, *argv)
    assert code == 2 and said in err and "Traceback" not in err


def test_all_passed_and_a_pc_to_repair_is_still_no_refurbished_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent.checks import runs

    monkeypatch.setattr(runs, "work_of", lambda check: lambda task: task.passed("Bon.", "Good."))
    code, out, _ = run(capsys, tmp_path, "--automatic", "--guided", "--sign", "--json")
    document = json.loads(out)
    assert code == 0 and [reason["rule"] for reason in document["missing"]] == ["verdict"]
    assert document["word"] == "testé"


def test_a_full_stick_costs_the_keeping_not_the_result(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("agent.checks.journal.os.fsync", full)
    code, out, err = run(capsys, tmp_path, "--answer", "hinges=ok", "--answer", "case=ok", "--json")
    assert code == 1 and states(out)["hinges"]["outcome"] == states(out)["case"]["outcome"] == "passed"
    assert err.count("n'est PAS gardé") == 2 and "Plus de place" in err


def test_a_capture_shows_its_list(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: Any) -> None:
    tower = Machine(system=System(chassis="desktop"))
    monkeypatch.setattr("agent.commands.checks.look", lambda source, say, mac_key=None: tower)
    code, out, _ = run(capsys, tmp_path, "--from", ".")
    assert code == 0 and "Sans objet : Écran" in out and not (tmp_path / "home").exists()
