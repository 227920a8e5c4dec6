"""Results outlive a restart and a power cut; a visit of last year, or a damaged line, is never resumed."""

import errno
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.checks.journal import CheckJournal
from agent.errors import InputRefused, StorageError
from agent.facts import Battery, Display, Machine, Memory, Module, System
from agent.host import Host
from agent.visit import open_checks
from tests.checks.standing import NOW, failed, passed


def opened(folder: Path, **changes: Any) -> CheckJournal:
    return CheckJournal.open(folder, "ab" * 16, **({"now": NOW, "boot_id": "b1"} | changes))


def test_a_restart_resumes(tmp_path: Path) -> None:
    opened(tmp_path).add(failed("fan"))
    again = opened(tmp_path, boot_id="b2")
    again.add(passed("fan"))
    assert again.results == (failed("fan"), passed("fan")) == opened(tmp_path).results
    assert [path.name for path in tmp_path.rglob("*.log")] == ["0001.log"]


def test_nothing_is_written_before_the_first_result(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.close(NOW)
    assert journal.results == () and list(tmp_path.iterdir()) == []


def test_another_machine_and_a_closed_visit_start_empty(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.add(passed("fan"))
    assert CheckJournal.open(tmp_path, "cd" * 16, NOW).results == ()
    first.close(NOW)
    later = opened(tmp_path)
    assert later.results == () and later.path.name == "0002.log"
    assert first.results == (passed("fan"),)  # it stays readable


def test_an_old_visit_is_not_resumed_unless_this_boot_made_it(tmp_path: Path) -> None:
    opened(tmp_path).add(passed("fan"))
    late = NOW + timedelta(days=8)
    assert opened(tmp_path, now=late, boot_id="b2").results == ()
    assert opened(tmp_path, now=late, boot_id="").results == ()
    assert opened(tmp_path, now=late).results == (passed("fan"),)  # the clock was set meanwhile
    assert opened(tmp_path, now=NOW - timedelta(days=8), boot_id="b2").results == ()


def test_each_result_ages_by_itself(tmp_path: Path) -> None:
    opened(tmp_path).add(passed("fan"))
    week = NOW + timedelta(days=6)
    later = msgspec.structs.replace(passed("screen"), taken_at="2026-12-03T09:30:00Z")
    opened(tmp_path, now=week, boot_id="b2").add(later)
    assert opened(tmp_path, now=week, boot_id="b3").results == (passed("fan"), later)
    assert opened(tmp_path, now=week + timedelta(days=2), boot_id="b3").results == (later,)


def test_the_same_result_again_is_the_same(tmp_path: Path) -> None:
    for boot in ("b1", "b2"):
        opened(tmp_path, boot_id=boot).add(failed("fan"))
    assert opened(tmp_path).results == (failed("fan"),)


def test_another_part_begins_the_checks_anew(tmp_path: Path) -> None:
    system = System(maker="Exemple", serial="EX4MPLE99")
    pc = Machine(
        system=system,
        memory=Memory(fitted_bytes=2 << 30, modules=(Module(serial="A"),)),
        batteries=(Battery(name="0"),),
    )
    open_checks(tmp_path, pc, Host(tmp_path), NOW).add(passed("memory"))
    more = msgspec.structs.replace(pc, memory=Memory(fitted_bytes=16 << 30))
    other = msgspec.structs.replace(pc, memory=Memory(fitted_bytes=2 << 30, modules=(Module(serial="B"),)))
    battery = msgspec.structs.replace(pc, batteries=(Battery(name="0", serial="C"),))
    panel = msgspec.structs.replace(pc, displays=(Display(model="D", is_internal=True),))
    for changed in (more, other, battery, panel):
        assert open_checks(tmp_path, changed, Host(tmp_path), NOW).results == ()
    beside = msgspec.structs.replace(pc, displays=(Display(model="D", is_internal=False),))
    for same in (pc, beside):
        assert open_checks(tmp_path, same, Host(tmp_path), NOW).results == (passed("memory"),)


@pytest.mark.parametrize("kept", range(1, 60, 7))
def test_a_line_torn_by_a_power_cut_is_cut_off(tmp_path: Path, kept: int) -> None:
    journal = opened(tmp_path)
    journal.add(passed("fan"))
    whole = journal.path.read_bytes()
    journal.add(passed("screen"))
    journal.path.write_bytes(journal.path.read_bytes()[: len(whole) + kept])
    again = opened(tmp_path)
    assert again.results == (passed("fan"),)
    again.add(failed("keyboard"))
    assert opened(tmp_path).results == (passed("fan"), failed("keyboard"))


def test_zeros_after_a_power_cut_are_cut_off(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.add(passed("fan"))
    with journal.path.open("ab") as file:
        file.write(bytes(4096))
    opened(tmp_path).add(passed("screen"))
    assert opened(tmp_path).results == (passed("fan"), passed("screen"))


def test_a_changed_result_in_the_middle_is_no_result(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    for name in ("fan", "screen", "keyboard"):
        journal.add(failed(name))
    raw = journal.path.read_bytes()
    at = raw.index(b'"failed"', raw.index(b'"screen"'))
    journal.path.write_bytes(raw[:at] + b'"passed"' + raw[at + 8 :])
    fresh = opened(tmp_path)
    assert fresh.results == () and fresh.path.name == "0002.log"
    lines = raw.splitlines(keepends=True)
    journal.path.write_bytes(lines[0] + b"".join(lines[2:]))  # a line taken out
    assert opened(tmp_path).results == ()


def test_two_windows_may_add_at_once(tmp_path: Path) -> None:
    names = [f"check-{number}" for number in range(24)]

    def add(part: list[str]) -> None:
        for name in part:
            opened(tmp_path).add(passed(name))

    threads = [threading.Thread(target=add, args=(names[place::3],)) for place in range(3)]
    opened(tmp_path).add(passed("first"))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.name for one in opened(tmp_path).results) == sorted([*names, "first"])


def test_a_full_stick_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("agent.checks.journal.os.fsync", full)
    with pytest.raises(StorageError, match="No room"):
        opened(tmp_path).add(passed("fan"))


def test_a_name_never_leaves_the_folder(tmp_path: Path) -> None:
    with pytest.raises(InputRefused):
        CheckJournal.open(tmp_path, "../../etc", NOW)


def test_a_pc_that_nothing_identifies_is_known_by_its_boot(tmp_path: Path) -> None:
    (tmp_path / "proc/sys/kernel/random").mkdir(parents=True)
    (tmp_path / "proc/sys/kernel/random/boot_id").write_text("0e8d3b1c-6a46-4a2b-9f3e-1c2d3e4f5a6b\n")
    host = Host(tmp_path)
    open_checks(tmp_path / "checks", Machine(), host, NOW).add(passed("fan"))
    assert open_checks(tmp_path / "checks", Machine(), host, NOW).results == (passed("fan"),)
    (tmp_path / "proc/sys/kernel/random/boot_id").write_text("1e8d3b1c-6a46-4a2b-9f3e-1c2d3e4f5a6b\n")
    assert open_checks(tmp_path / "checks", Machine(), host, NOW).results == ()  # the next PC without a name
    named = Machine(system=System(maker="Exemple", serial="EX4MPLE99"))
    open_checks(tmp_path / "checks", named, host, NOW).add(passed("case"))
    assert open_checks(tmp_path / "checks", named, Host(tmp_path / "checks"), NOW).results == (passed("case"),)
