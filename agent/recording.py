"""Take a capture of this PC: everything one inspection asks, and wider, because a donated machine won't come back.

Reads and asks only. Serials, MACs, UUIDs and the host's name are replaced before anything is written (`scrub`).
"""

import base64
import json
import threading
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from agent import __version__
from agent.capture import escape
from agent.errors import StorageError
from agent.facts import Machine
from agent.host import Host, Output, Reading, Runner
from agent.probes.id_names import PCI_FILES, USB_FILES, IdNames
from agent.scrub import Scrubber, secrets_of

FILE_LIMIT = 256 << 10  # bytes of one attribute
PATHS_LIMIT = 30_000

# Folders whose entries are captured whole, and how deep below each entry. Wider than today's probes read.
_WIDE = (
    ("/sys/class/power_supply", 1),
    ("/sys/block", 2),
    ("/sys/class/dmi/id", 0),
    ("/sys/class/net", 1),
    ("/sys/class/drm", 1),
    ("/sys/class/hwmon", 1),
    ("/sys/class/rtc", 1),
    ("/sys/class/tpm", 1),
    ("/sys/class/mei", 1),
    ("/sys/class/nvme", 1),
    ("/sys/class/video4linux", 1),
    ("/sys/class/sound", 0),
    ("/sys/class/bluetooth", 1),
    ("/sys/class/backlight", 1),
    ("/sys/bus/pci/devices", 0),
    ("/sys/bus/usb/devices", 0),
    ("/sys/devices/system/cpu", 3),
)
_FILES = (
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/asound/cards",
    "/proc/sys/dev/cdrom/info",
    "/proc/driver/rtc",
    "/proc/uptime",
    "/run/rebond/rtc",
    "/proc/sys/kernel/osrelease",
    "/sys/firmware/acpi/tables/FACP",
    "/sys/firmware/acpi/tables/WPBT",
    "/sys/firmware/efi/efivars/BootCurrent-8be4df61-93ca-11d2-aa0d-00e098032b8c",
    "/sys/firmware/dmi/tables/DMI",
    "/sys/firmware/dmi/tables/smbios_entry_point",
    "/sys/firmware/efi/fw_platform_size",
    "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
    "/sys/firmware/efi/efivars/SetupMode-8be4df61-93ca-11d2-aa0d-00e098032b8c",
)
_COMMANDS = (
    ("dmidecode",),
    ("lscpu",),
    ("lspci", "-nnk"),
    ("lsusb",),
    ("lsblk", "--json", "-b", "-o", "NAME,TYPE,SIZE,MODEL,TRAN,ROTA,RM"),
    ("smartctl", "--scan"),
)
# Contents that are large, need a device to wake, or name a person's things rather than the machine's.
_SKIPPED = {
    "rom", "config", "remove", "rescan", "reset", "descriptors", "trace", "vpd", "partition", "ssid", "ifalias",
    # Serials and WWNs in binary, where no pattern finds them; "vpd_pg80" is told apart by its name.
    "vpd_pg83", "vpd_pg89", "phys_port_id", "phys_switch_id",
}  # fmt: skip
_SKIPPED_FOLDERS = {"power", "statistics", "queues", "wakeup", "trace", "msi_irqs", "holders", "slaves", "integrity"}


def capture_this_pc(place: Path, now: datetime) -> None:
    """Inspect this PC, read wider, and write the capture at `place` (a folder, or FILE.zip)."""
    from agent.host import LiveRunner
    from agent.probes.inspect import Circumstances, inspect

    runner = RecordingRunner(LiveRunner())
    host = RecordingHost(Path("/"), runner, is_live=True)
    machine = inspect(host, Circumstances(now=now))
    record_wide(host)
    save(host, runner, machine, place, now)


class RecordingRunner:
    """Passes every question on and remembers the answer."""

    def __init__(self, inner: Runner) -> None:
        self._inner = inner
        self._lock = threading.Lock()
        self.answers: dict[tuple[str, ...], Output] = {}

    def run(self, argv: tuple[str, ...], timeout_s: float) -> Output:
        answer = self._inner.run(argv, timeout_s)
        with self._lock:
            self.answers[argv] = answer
        return answer

    def outputs(self, program: str) -> tuple[Output, ...]:
        return self._inner.outputs(program)


class RecordingHost(Host):
    """A Host that remembers which files were read and which links followed."""

    def __init__(self, root: Path, runner: RecordingRunner, *, is_live: bool) -> None:
        super().__init__(root, runner)
        self.is_live = is_live
        self.readings: dict[str, Reading] = {}
        self.links: dict[str, str] = {}
        self.folders: set[str] = set()  # those that no file in them gives away

    def names(self, path: str) -> tuple[str, ...]:
        found = super().names(path)
        if not found and self.is_folder(path):
            self.folders.add(path)  # "looked, found none" must replay as such
        return found

    def exists(self, path: str) -> bool:
        found = super().exists(path)
        if found:
            self._note_folder(path)
        return found

    def walk(self, pattern: str) -> Iterator[str]:
        for path in super().walk(pattern):
            self._note_folder(path)
            yield path

    def _note_folder(self, path: str) -> None:
        """That it is there may be all that was asked of it."""
        self._note_links(path)
        if self.is_folder(path):
            self.folders.add(path)

    def read(self, path: str, limit: int = FILE_LIMIT) -> Reading:
        reading = super().read(path, limit)
        if (kept := self.readings.get(path)) and len(kept.raw) > len(reading.raw):
            return reading  # read again with a smaller limit: the longer one stays
        self._note_links(path)
        self.readings[path] = reading
        return reading

    def resolve(self, path: str) -> str | None:
        self._note_links(path)
        return super().resolve(path)

    def _note_links(self, path: str) -> None:
        """Every link on the way, so that replay walks the same road."""
        parts = path.strip("/").split("/")
        for end in range(2, len(parts) + 1):
            here = "/" + "/".join(parts[:end])
            if here not in self.links and (target := self.link(here)) is not None:
                self.links[here] = target


def record_wide(host: RecordingHost) -> None:
    """Read the wide list of files and ask the wide list of programs."""
    for path in _FILES:
        host.read(path)
    for folder, depth in _WIDE:
        for name in host.names(folder):
            entry = f"{folder}/{name}"
            real = host.resolve(entry)
            if real is None or len(host.readings) > PATHS_LIMIT:
                continue
            _record_folder(host, real, depth)
            if device := host.resolve(f"{entry}/device"):
                _record_folder(host, device, 0)
    for argv in _COMMANDS:
        host.run(*argv)


def _record_folder(host: RecordingHost, folder: str, depth: int) -> None:
    for name in host.names(folder):
        path = f"{folder}/{name}"
        if host.link(path) is not None:
            host.resolve(path)
        elif host.names(path):
            if depth > 0 and name not in _SKIPPED_FOLDERS:
                _record_folder(host, path, depth - 1)
        elif _is_wanted(name) and path not in host.readings and host.is_plain(path):
            host.read(path)


def _is_wanted(name: str) -> bool:
    return name not in _SKIPPED and not name.startswith(("resource", "msi_", "bind", "unbind", "uevent_"))


def save(host: RecordingHost, runner: RecordingRunner, machine: Machine, place: Path, taken_at: datetime) -> None:
    """Write the capture to a folder, or to one .zip when `place` ends in .zip. StorageError when it cannot."""
    scrubber = Scrubber(secrets_of(machine, host.readings, [answer.stdout for answer in runner.answers.values()]))
    files = dict(_files(host, runner, scrubber, taken_at))
    try:
        if place.suffix == ".zip":
            with zipfile.ZipFile(place, "x", zipfile.ZIP_DEFLATED) as archive:
                for name, raw in files.items():
                    archive.writestr(name, raw)
            return
        place.mkdir(parents=True, exist_ok=True)
        if (place / "sys.txt").exists():
            raise FileExistsError(17, "a capture is already there")
        for name, raw in files.items():
            target = place / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(raw)
    except OSError as error:
        raise StorageError(
            fr=f"La capture ne peut pas être écrite dans {place} : {error.strerror}. Donnez un autre dossier.",
            en=f"The capture cannot be written to {place}: {error.strerror}. Give another folder.",
        ) from error


def _files(
    host: RecordingHost, runner: RecordingRunner, scrubber: Scrubber, taken_at: datetime
) -> Iterator[tuple[str, bytes]]:
    kernel = host.text("/proc/sys/kernel/osrelease") or "unknown"
    about = {
        "rebond": __version__,
        "taken_at": taken_at.isoformat(timespec="seconds"),
        "kernel": kernel,
        "scrubbed": "serials, MAC addresses, UUIDs, host name",
    }
    yield "ABOUT.yaml", "".join(f"{key}: {json.dumps(value)}\n" for key, value in about.items()).encode()
    yield "sys.txt", "".join(line + "\n" for line in sorted(_lines(host, scrubber))).encode()
    index = []
    for number, answer in enumerate(runner.answers.values(), 1):
        entry: dict[str, object] = {"argv": [scrubber.text(word) for word in answer.argv], "status": answer.status}
        if answer.why:
            entry["why"] = answer.why
        for key, raw in (("stdout", answer.stdout), ("stderr", answer.stderr)):
            if answer.argv[0] == "dmesg":  # a kernel's log names disks, networks and telephones
                raw = b"".join(line for line in raw.splitlines(keepends=True) if b"irmware" in line)
            if raw:
                entry[key] = f"{number:03}-{Path(answer.argv[0]).name}.{key}"
                yield f"commands/{entry[key]}", scrubber.raw(raw)
        index.append(entry)
    yield "commands/index.json", (json.dumps(index, indent=1) + "\n").encode()


def _lines(host: RecordingHost, scrubber: Scrubber) -> Iterator[str]:
    for path, target in host.links.items():
        name = _quoted(scrubber.text(path))  # a wireless mouse is named by its MAC
        yield f"{name} -> {scrubber.text(target)}"
    for path in host.folders:
        name = _quoted(scrubber.text(path))
        yield f"{name} /"
    for path, reading in host.readings.items():
        if reading.why == "absent":
            continue
        name = _quoted(scrubber.text(path))
        if path in (*PCI_FILES, *USB_FILES):
            yield f"{name}: {escape(_named_ids(host, reading.raw))}"
            continue
        if reading.why:
            yield f"{name} ! {reading.why}"
            continue
        raw = scrubber.file(path, reading.raw)
        text = escape(raw)
        yield f"{name}: {text}" if text is not None else f"{name} = {base64.b64encode(raw).decode()}"


def _named_ids(host: RecordingHost, raw: bytes) -> bytes:
    """Of the 1.4 MB of names, those of this PC's own devices."""
    pairs = []
    for first, second in (("vendor", "device"), ("idVendor", "idProduct")):
        for path, reading in host.readings.items():
            folder, _, name = path.rpartition("/")
            other = host.readings.get(f"{folder}/{second}")
            if name == first and other is not None:
                pairs.append((reading.text.removeprefix("0x"), other.text.removeprefix("0x")))
    return IdNames(raw).trimmed(pairs)


def _quoted(path: str) -> str:
    return path.replace(" ", "%20")
