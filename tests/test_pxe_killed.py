"""`scripts/pxe/serve` killed outright, and started again: real processes, in a network namespace with its own /run."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.pxe import loaders
from tests.e2e.cable import ADDRESS, SWITCH, Cable, end

pytestmark = [pytest.mark.programs, pytest.mark.skipif(
    os.geteuid() != 0 or not all(shutil.which(one, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
                                 for one in ("dnsmasq", "ip", "nsenter")),
    reason="network namespaces need root, ip, nsenter and dnsmasq (apt install iproute2 util-linux dnsmasq-base)",
)]  # fmt: skip
KILLED = "Un « serve » a été tué"


class Apart(Cable):
    """With a /run of its own too: what this computer itself serves is never looked at."""

    def __enter__(self) -> "Apart":
        super().__enter__()
        own_run = "mount -t tmpfs none /run && echo ready && exec sleep 1000"
        self.holder = self.start([*super().inside([]), "unshare", "--mount", "sh", "-c", own_run], "holder")
        wait_for(lambda: "ready" in self.said("holder"))
        return self

    def __exit__(self, *exc: object) -> None:
        for number in dnsmasqs(self):  # of a `serve` that was killed
            os.kill(number, signal.SIGKILL)
        super().__exit__(*exc)

    def inside(self, argv: list[str]) -> list[str]:
        return ["nsenter", f"--target={self.holder.pid}", "--net", "--mount", "--", *argv]

    def folders(self) -> list[Path]:
        return sorted(Path(f"/proc/{self.holder.pid}/root/run").glob("rebond-pxe-*"))


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Apart]:
    try:
        with Apart(f"rebond-killed-{os.getpid()}", tmp_path) as cable:
            yield cable
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespaces here ({error})")


def wait_for(condition: Callable[[], object], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)


def serve(cable: Apart, name: str) -> "subprocess.Popen[bytes]":
    """Until it serves or has ended."""
    netboot = cable.folder / "image" / "netboot"
    netboot.mkdir(parents=True, exist_ok=True)
    for one in loaders.NEEDED:
        (netboot / one).write_text("x" * 100)
    child = cable.rebond(name, "scripts.pxe.bench", "--interface", SWITCH, "--image", str(netboot.parent))
    wait_for(lambda: "Ctrl-C" in cable.said(name) or child.poll() is not None)
    return child


def dnsmasqs(cable: Apart) -> list[int]:
    told = subprocess.run(["ip", "netns", "pids", cable.name], check=True, capture_output=True, text=True).stdout
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return [int(one) for one in told.split() if Path(f"/proc/{one}/comm").read_text() == "dnsmasq\n"]
    return dnsmasqs(cable)  # one ended as we looked


def killed(cable: Apart) -> int:
    """A `serve` is killed; the number of the dnsmasq it leaves behind."""
    serving = serve(cable, "killed")
    assert serving.poll() is None, cable.said("killed")
    end(serving, signal.SIGKILL)
    (left,) = dnsmasqs(cable)
    return left


def test_a_start_after_a_kill_ends_what_was_left_and_says_so(cable: Apart) -> None:
    left = killed(cable)
    again = serve(cable, "again")
    said = cable.said("again")
    assert again.poll() is None and len(re.findall(KILLED, said)) == 1, said
    (now,) = dnsmasqs(cable)
    assert now != left and len(cable.folders()) == 1
    assert end(again) == 0
    assert not dnsmasqs(cable) and not cable.folders()


def test_a_serve_at_work_is_not_ended_by_another_start(cable: Apart) -> None:
    at_work = serve(cable, "first")
    (its,) = dnsmasqs(cable)
    second = serve(cable, "second")
    assert second.wait(30) == 1 and "UDP 67" in cable.said("second") and KILLED not in cable.said("second")
    assert at_work.poll() is None and dnsmasqs(cable) == [its] and len(cable.folders()) == 1
    assert end(at_work) == 0


def test_no_dnsmasq_of_anybody_else_is_ended(cable: Apart) -> None:
    """Not even where a folder that was left names it: a process number is given away again."""
    os.kill(killed(cable), signal.SIGKILL)
    wait_for(lambda: not dnsmasqs(cable))
    argv = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", f"--interface={SWITCH}",
            "--pid-file=", "--bind-interfaces", "--leasefile-ro", "--log-facility=-",
            f"--dhcp-range={ADDRESS},proxy"]  # fmt: skip
    other = cable.start(cable.inside(argv), "other")
    wait_for(lambda: "started" in cable.said("other"))
    (folder,) = cable.folders()
    (folder / "dnsmasq.pid").write_text(f"{other.pid}\n")
    again = serve(cable, "again")
    assert again.wait(30) == 1 and "UDP 67" in cable.said("again") and KILLED not in cable.said("again")
    assert other.poll() is None and dnsmasqs(cable) == [other.pid] and not cable.folders()
