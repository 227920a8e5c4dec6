"""The door: programs that hang, refuse, shout or are missing; files that are absent, closed or lead outside."""

import resource
import stat
import time
from pathlib import Path

import pytest

from agent.host import OUTPUT_LIMIT, Host, LiveRunner


def stub(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REBOND_PATH", str(tmp_path))
    return tmp_path


@pytest.mark.programs
def test_a_hanging_program_is_ended_with_its_children(tools: Path) -> None:
    stub(tools, "smartctl", f"echo begun; sleep 30 & echo $! > {tools}/child; sleep 30")
    started = time.monotonic()
    output = Host().run("smartctl", "-a", "/dev/sdzz", timeout_s=0.5)
    assert output.why == "timed-out" and output.status is None
    assert output.stdout == b"begun\n", "what it said before is kept"
    assert time.monotonic() - started < 5
    child = Path("/proc", (tools / "child").read_text().strip(), "stat")
    time.sleep(0.1)
    # Gone, or a zombie that nobody reaped yet: it runs no more.
    assert not child.exists() or child.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.programs
def test_status_is_data_and_missing_is_told(tools: Path) -> None:
    stub(tools, "smartctl", "echo '{}'; exit 64")
    output = Host().run("smartctl")
    assert (output.status, output.why, output.text) == (64, None, "{}\n")
    assert Host().run("no-such-tool").why == "tool-missing"
    (tools / "lspci").write_text("not executable")
    assert LiveRunner().run((str(tools / "lspci"),), 5).why == "refused"


@pytest.mark.programs
def test_locale_stdin_and_size_are_ours(tools: Path) -> None:
    stub(tools, "tool", "echo $LC_ALL; cat; echo end")
    assert Host().run("tool").text == "C\nend\n"
    stub(tools, "tool", "head -c 20000000 /dev/zero")
    assert len(Host().run("tool").stdout) == OUTPUT_LIMIT


@pytest.mark.programs
def test_nothing_reaches_a_shell(tools: Path) -> None:
    stub(tools, "tool", 'echo "$1"')
    assert Host().run("tool", "$(touch /tmp/x); `id`").text == "$(touch /tmp/x); `id`\n"


def test_reading_says_why(tmp_path: Path) -> None:
    (tmp_path / "sys").mkdir()
    (tmp_path / "sys/value").write_bytes(b"\x1b[31mred\x1b[0m caf\xe9\r\n")
    (tmp_path / "sys/out").symlink_to("/etc/passwd")
    host = Host(tmp_path)
    assert host.text("/sys/value") == "red café"
    assert host.read("/sys/absent").why == "absent"
    assert host.read("/sys").why == "failed"
    assert host.read("/sys/out").why == "refused"
    assert host.names("/sys") == ("out", "value")
    assert list(host.walk("/s?s/v*")) == ["/sys/value"]


def test_the_kernels_settings_can_be_read() -> None:
    """/proc/sys answers ENOMEM to whoever asks for megabytes at once."""
    assert (Host().text("/proc/sys/kernel/random/boot_id") or "").count("-") == 4


def test_a_file_longer_than_the_limit_is_cut(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 5000)
    assert len(Host(tmp_path).read("/big", limit=1000).raw) == 1000


@pytest.mark.programs
def test_a_program_that_never_stops_talking_fills_no_memory(tools: Path) -> None:
    stub(tools, "tool", "exec cat /dev/zero")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    output = Host().run("tool", timeout_s=1.5)
    assert output.why == "timed-out" and len(output.stdout) == OUTPUT_LIMIT
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 128 << 10  # KiB


def test_only_this_pcs_own_root_is_live(tmp_path: Path) -> None:
    """Files from elsewhere with this PC's programs would be two machines in one: nothing of it may be erased."""
    assert Host().is_live and Host(Path("/"), LiveRunner()).is_live
    assert not Host(tmp_path).is_live and not Host(tmp_path, LiveRunner()).is_live
