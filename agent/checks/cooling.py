"""Does the PC stay cool while all its processors work? Over 90 °C, or slowed down by heat: fan and paste.

Ten minutes, as the workshop's table says; a shorter time can find a fault, but proves nothing good.
"""

import hashlib
import os
import threading
from dataclasses import dataclass, field

from agent.checks.results import CheckResult, Measure, measure
from agent.checks.running import Task
from agent.facts import Sensor
from agent.host import Host
from agent.probes import sensors as probe

LIMIT_C, SECONDS, SHORT_S = 90, 600, 60
_EVERY_S = 2.0
_TOO_HOT_IN_A_ROW = 2  # one reading alone may be a sensor's slip
# Some BIOSes tell 27.8 °C for ever. One that measures moves by more in ten minutes, even where the PC was hot before.
_MOVES_C = 2
_CPU_CHIPS = ("coretemp", "k10temp", "k8temp", "zenpower", "via_cputemp", "cpu_thermal")
_CPU_ZONES = ("x86_pkg_temp", "acpitz", "cpu")
_CPUS = "/sys/devices/system/cpu"
_FIX = ("Nettoyer le ventilateur, changer la pâte thermique.", "Clean the fan, renew the thermal paste.")


@dataclass(slots=True)
class Seen:
    """The highest and lowest of all looks so far."""

    peak_c: dict[str, int] = field(default_factory=dict)
    least_c: dict[str, int] = field(default_factory=dict)
    fan_rpm: int = 0
    mhz_least: int | None = None
    hot_looks: int = 0

    def take(self, sensors: tuple[Sensor, ...], mhz: int | None) -> None:
        is_hot = False
        for one in sensors:
            name = f"{one.chip} {one.label}"
            if one.kind == "fan":
                self.fan_rpm = max(self.fan_rpm, one.value)
            elif is_cpu(one):
                celsius = one.value // 1000
                self.peak_c[name] = max(self.peak_c.get(name, celsius), celsius)
                self.least_c[name] = min(self.least_c.get(name, celsius), celsius)
                is_hot = is_hot or celsius > LIMIT_C
        self.hot_looks = self.hot_looks + 1 if is_hot else 0
        if mhz is not None:
            self.mhz_least = mhz if self.mhz_least is None else min(self.mhz_least, mhz)

    @property
    def has_moved(self) -> bool:
        return any(peak - self.least_c[name] >= _MOVES_C for name, peak in self.peak_c.items())

    def measures(self) -> tuple[Measure, ...]:
        found = [measure("peak-temperature", value, "c", name) for name, value in sorted(self.peak_c.items())]
        if self.fan_rpm:
            found.append(measure("fan", self.fan_rpm, "rpm"))
        if self.mhz_least is not None:
            found.append(measure("lowest-speed", self.mhz_least, "mhz"))
        return tuple(found[-60:])


def is_cpu(sensor: Sensor) -> bool:
    if sensor.kind != "temperature":
        return False
    return sensor.chip in _CPU_CHIPS or (sensor.chip in ("thermal", *_CPU_ZONES) and _is_zone(sensor))


def _is_zone(sensor: Sensor) -> bool:
    return sensor.chip != "thermal" or sensor.label.startswith(_CPU_ZONES)


def sensors_of(host: Host) -> tuple[Sensor, ...]:
    """Of hwmon; the thermal zones where none there is the processor's (a disk's may be all there is)."""
    found = tuple(probe.probe(host).facts.get("sensors", ()))
    if not any(is_cpu(one) for one in found):
        found += tuple(probe.zones(host))
    labels = {one.label for one in found if one.chip == "k10temp"}
    # AMD's Tctl is a wish for the fan, up to 27 °C above the die; where the die is told it counts alone.
    return tuple(one for one in found if not ("Tdie" in labels and one.chip == "k10temp" and one.label == "Tctl"))


def slowed(host: Host) -> int:
    """How often heat has slowed the processors since the start (Intel counts it)."""
    total = 0
    for path in host.walk(f"{_CPUS}/cpu*/thermal_throttle/*_throttle_count"):
        text = host.text(path) or ""
        total += int(text) if text.isdigit() else 0
    return total


def lowest_mhz(host: Host) -> int | None:
    texts = [host.text(path) or "" for path in host.walk(f"{_CPUS}/cpu*/cpufreq/scaling_cur_freq")]
    speeds = [int(text) // 1000 for text in texts if text.isdigit()]
    return min(speeds, default=None)


class Load:
    """Every processor busy, behind all other work. Hashing leaves the interpreter free: threads are enough."""

    def __init__(self, threads: int | None = None) -> None:
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name="load", daemon=True)
            for _ in range(threads or len(os.sched_getaffinity(0)))
        ]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)  # on Linux: this thread alone
        block = bytes(range(256)) * 4096
        digest = hashlib.sha512()
        while not self._over.is_set():
            digest.update(block)


def run(task: Task) -> CheckResult:
    seconds = SHORT_S if task.around.short else SECONDS
    host, seen, before = task.host, Seen(), slowed(task.host)
    began = task.around.monotonic()
    with Load():
        while (gone := task.around.monotonic() - began) < seconds and seen.hot_looks < _TOO_HOT_IN_A_ROW:
            seen.take(sensors_of(host), lowest_mhz(host))
            if slowed(host) > before:
                break
            peak = max(seen.peak_c.values(), default=None)
            told = f"{peak} °C" if peak is not None else "?"
            task.tell(f"Au plus chaud : {told}", f"Hottest so far: {told}", permille=int(1000 * gone / seconds))
            task.sleep(min(_EVERY_S, seconds))
    return _judged(task, seen, slowed(host) - before, int(min(gone, seconds)))


def _judged(task: Task, seen: Seen, times_slowed: int, seconds: int) -> CheckResult:
    measures = (*seen.measures(), measure("slowed-by-heat", times_slowed, "count"), measure("load", seconds, "seconds"))
    peak = max(seen.peak_c.values(), default=None)
    if seen.hot_looks >= _TOO_HOT_IN_A_ROW:
        return task.failed(f"Trop chaud : {peak} °C. {_FIX[0]}", f"Too hot: {peak} °C. {_FIX[1]}", *measures)
    if times_slowed > 0:
        return task.failed(
            f"La chaleur ralentit le processeur. {_FIX[0]}", f"Heat slows the processor. {_FIX[1]}", *measures
        )
    if peak is None:
        return task.not_tested(
            "Aucun capteur ne dit la chaleur du processeur.", "No sensor tells how hot the processor is.", *measures
        )
    if seconds < SECONDS:
        return task.not_tested(
            f"Rien d'anormal en {seconds} s ({peak} °C). Il faut 10 minutes pour le dire.",
            f"Nothing odd in {seconds} s ({peak} °C). It takes 10 minutes to say so.", *measures,
        )  # fmt: skip
    if not seen.has_moved:
        return task.not_tested(
            f"Le capteur dit toujours {peak} °C : il ne mesure pas le processeur.",
            f"The sensor always tells {peak} °C: it does not measure the processor.", *measures,
        )  # fmt: skip
    return task.passed(
        f"{seconds // 60} minutes à pleine charge : {peak} °C au plus.",
        f"{seconds // 60} minutes at full load: {peak} °C at most.", *measures,
    )  # fmt: skip
