"""Run every probe on one Host, at the same time and each with a time limit, and join what they found.

A probe that fails or hangs becomes a gap; the others go on. Nothing is judged here.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from agent.facts import Gap, Machine
from agent.host import Host
from agent.probes import Findings
from agent.probes.crosscheck import join
from agent.probes.smbios import Table

PROBE_TIMEOUT_S = 90  # the slowest disk decides; smartctl has its own, shorter limit

Progress = Callable[[str, str], None]  # (probe name, "started" | "done" | "failed" | "late")


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a probe may need that is not in the machine: the time, and what the station brings."""

    now: datetime
    mac_key: bytes | None = None  # of the hashes that stand for MAC addresses
    checkpoint: str | None = None  # time in the last inventory checkpoint that the station knows


Probe = Callable[[Host, Table, Circumstances], Findings]


def registry(*, is_live: bool) -> tuple[tuple[str, Probe], ...]:
    """Every probe by name; the later ones are fallbacks, read only to fill what the earlier left unknown.

    Imported here, not at the top: `--help` and the first screen must not wait for twenty modules on an old PC. Live
    there is nothing for the readers of other programs' captures.
    """
    from agent.probes import (
        batteries,
        clock,
        cpu,
        disks,
        displays,
        firmware,
        gpus,
        hidden_storage,
        memory,
        missing_firmware,
        networks,
        sensors,
        small_devices,
        system,
        usb,
    )

    own: tuple[tuple[str, Probe], ...] = (
        ("disks", lambda host, _, __: disks.probe(host)),  # the slowest first
        ("system", lambda host, table, _: system.probe(host, table)),
        ("firmware", lambda host, table, _: firmware.probe(host, table)),
        ("cpu", lambda host, table, _: cpu.probe(host, table)),
        ("memory", lambda host, table, _: memory.probe(host, table)),
        ("batteries", lambda host, _, __: batteries.probe(host)),
        ("displays", lambda host, _, __: displays.probe(host)),
        ("gpus", lambda host, _, __: gpus.probe(host)),
        ("networks", lambda host, _, around: networks.probe(host, around.mac_key)),
        ("usb", lambda host, _, __: usb.probe(host)),
        ("devices", lambda host, _, __: small_devices.probe(host)),
        ("sensors", lambda host, _, __: sensors.probe(host)),
        ("hidden-storage", lambda host, _, __: hidden_storage.probe(host)),
        ("missing-firmware", lambda host, _, __: missing_firmware.probe(host)),
        ("clock", lambda host, _, around: clock.probe(host, around.now, around.checkpoint)),
    )
    return own if is_live else own + _readers_of_others()


def _readers_of_others() -> tuple[tuple[str, Probe], ...]:
    from agent.probes import decode_dimms, ereuse, facter, hwinfo, inxi, lshw, unread

    return (
        ("decode-dimms", lambda host, _, __: decode_dimms.probe(host)),
        ("lshw", lambda host, _, __: lshw.probe(host)),
        ("hwinfo", lambda host, _, __: hwinfo.probe(host)),
        ("inxi", lambda host, _, __: inxi.probe(host)),
        ("facter", lambda host, _, __: facter.probe(host)),
        ("ereuse", lambda host, _, __: ereuse.probe(host)),
        ("unread", lambda host, _, __: unread.probe(host)),
    )


def inspect(host: Host, around: Circumstances, progress: Progress | None = None) -> Machine:
    """The Machine at this Host. Never raises for what the hardware or a tool does; that becomes gaps."""
    from agent.probes import smbios

    told = progress or (lambda _name, _state: None)
    try:
        table, source, gaps = smbios.load(host)
    except Exception as error:  # noqa: BLE001 - law 10, as below; every probe can do without the table
        told_as = f"{type(error).__name__}: {error}"[:200]
        gap = Gap(path="", source=smbios.TABLE, why="failed", detail=told_as)
        table, source, gaps = smbios.Table(), smbios.TABLE, [gap]
    first = Findings(gaps=list(gaps))
    probes = registry(is_live=host.is_live)
    results = _run_all(probes, host, table, around, told)
    return join([first, *(results[name] for name, _ in probes)], table, source, around.now)


def _run_all(
    probes: tuple[tuple[str, Probe], ...], host: Host, table: Table, around: Circumstances, told: Progress
) -> dict[str, Findings]:
    results: dict[str, Findings] = {}
    escaped: list[BaseException] = []

    def work(name: str, probe: Probe) -> None:
        told(name, "started")
        state = "done"
        try:
            findings = probe(host, table, around)
        except Exception as error:  # noqa: BLE001 - law 10: one bad component never ends the visit
            findings = Findings()
            findings.missed(name, "probe", "failed", f"{type(error).__name__}: {error}"[:200])
            state = "failed"
        except BaseException as error:  # noqa: BLE001 - NotCaptured: raised again where it can be seen
            escaped.append(error)
            return
        results[name] = findings
        told(name, state)

    # Daemon threads: one stuck in the kernel on a dying disk must not keep the program from ending.
    threads = [(name, threading.Thread(target=work, args=(name, probe), daemon=True)) for name, probe in probes]
    deadline = time.monotonic() + PROBE_TIMEOUT_S
    for _, thread in threads:
        thread.start()
    for name, thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
        if name not in results:
            late = Findings()
            late.missed(name, "probe", "timed-out", f"no answer in {PROBE_TIMEOUT_S} s")
            results[name] = late
            told(name, "late")
    if escaped:
        raise escaped[0]
    return results
