"""Whole-process time and memory of our inspection beside other inventories, on this machine, in turn, in one run.

Usage: scripts/bench inspect [ROUNDS]
Peers that are not installed are named and left out (Debian: fusioninventory-agent hw-probe inxi lshw hwinfo pciutils).
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REBOND = str(Path(sys.executable).with_name("rebond"))
HOME = tempfile.mkdtemp(prefix="rebond-bench-")
EREUSE = "smartctl --scan; dmidecode; inxi -afmnGEMABD -x 3 --edid --output json --output-file print; lshw -json; hwinfo --reallyall; lspci -vv"  # fmt: skip # noqa: E501
OURS = {
    "rebond inspect": [REBOND, "inspect", "--json"],
    "rebond triage --offline": [REBOND, "triage", "--offline", "--json", "--home", HOME],
}
PEERS = {
    # Without what we do not look at either: installed software, processes, users.
    "fusioninventory-inventory": ["fusioninventory-inventory", "--no-category=software,process,environment,user"],
    "hw-probe": ["hw-probe", "-all", "-output", tempfile.mkdtemp()],
    "eReuse's chain": ["sh", "-c", EREUSE],
}


def measure(argv: list[str]) -> tuple[float, float, int]:
    """Wall seconds, peak memory in MiB of the largest process, exit status."""
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        try:
            os.execvp(argv[0], argv)
        finally:
            os._exit(127)
    _, status, usage = os.wait4(pid, 0)
    return time.monotonic() - started, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


def main() -> int:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program has its byte-code
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(Path(__file__).parents[1] / "agent")], check=True)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    programs = dict(OURS)
    for name, argv in PEERS.items():
        tool = "inxi" if argv[0] == "sh" else argv[0]
        if shutil.which(tool):
            programs[name] = argv
        else:
            print(f"left out, not installed: {name}")
    figures: dict[str, list[tuple[float, float, int]]] = {name: [] for name in programs}
    for turn in range(rounds + 1):
        for name, argv in programs.items():
            figure = measure(argv)
            if turn:  # the first turn warms the page cache
                figures[name].append(figure)
    fastest = min(
        (statistics.median(f[0] for f in figures[name]) for name in programs if name in PEERS), default=None
    )
    print(f"{'program':<28}{'median s':>9}{'MiB':>7}{'exit':>6}{'ratio to the fastest peer':>28}")
    for name, runs in figures.items():
        seconds = statistics.median(run[0] for run in runs)
        memory = max(run[1] for run in runs)
        ratio = f"{seconds / fastest:.2f}" if fastest else "-"
        print(f"{name:<28}{seconds:>9.2f}{memory:>7.0f}{runs[-1][2]:>6}{ratio:>28}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
