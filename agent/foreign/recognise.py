"""Which program wrote this file? By what is in it first, by its name second. Pure.

The answer is the name that probes ask `Host.outputs` for ("dmidecode", "smartctl", …), a file's place in the PC
("/proc/cpuinfo"), or one of `UNREAD`: known, but nothing reads it yet.
"""

import json
import re
from typing import Any

from agent.foreign.dmi_dump import is_dmi_dump
from agent.text import decode

HEAD_BYTES = 64 << 10  # enough to know any text
JSON_BYTES = 16 << 20

PROGRAMS = frozenset(
    """
    dmidecode decode-dimms smartctl smartctl-scan lscpu cpuid edid xrandr lspci pciconf lsusb upower acpi acpiconf
    tlp-stat uevent lshw hwinfo inxi lsblk hdparm nvme facter glxinfo dmesg sensors ereuse
    """.split()
)
FILES = {"cpuinfo": "/proc/cpuinfo", "meminfo": "/proc/meminfo"}
LAYOUTS = frozenset(("dmi-dump", "dmi-sysfs", "glpi-dump"))  # become files of the PC
UNREAD = frozenset(("udevadm", "umockdev", "lshw-short", "lshal", "biosdecode", "upower-enumerate"))

# In this order: a tool that quotes another comes first. All patterns of an entry must be found in the head of the
# text. None may span lines at will: a file of 64 KiB of newlines is looked at by each of them.
_TEXTS: tuple[tuple[str, ...], ...] = (
    ("biosdecode", r"\A# biosdecode"),
    ("tlp-stat", r"^--- TLP "),
    ("glpi-dump", r"\A\$(SYSTEM|VAR1) = \{"),
    ("decode-dimms", r"^# decode-dimms|^Memory Serial Presence Detect Decoder|^Decoding EEPROM"),
    ("dmidecode", r"\A\s*# dmidecode|^Handle 0x[0-9A-Fa-f]{4}[,\s]\s*DMI type \d+|^# SMBIOS entry point at"),
    ("dmi-sysfs", r"^/sys/(class|devices/virtual)/dmi/id/\w+:"),
    ("smartctl", r"^smartctl (version )?\d+\.\d+|^=== START OF (INFORMATION|READ SMART DATA|SMART DATA) SECTION ==="
                 r"|^User Capacity:\s+\d[^\n]* bytes"),
    ("smartctl-scan", r"\A/dev/\S+ -d \S+ # /dev/"),
    ("hwinfo", r"^[ \t]+Hardware Class: |^  Unique ID: \S+\.\S+"),
    ("lshw-short", r"\A(H/W path|Bus info)\s+Device\s+Class\s+Description"),
    ("lshw", r"^[ \t]*\*-(core|cpu|memory|pci|firmware)\b"),
    ("lshw", r"\A\s*<", r"<(list|node)\b[^<>\n]{0,300}>"),
    ("upower", r"^[ \t]*native-path:"),
    ("upower-enumerate", r"\A/org/freedesktop/UPower/devices/\w+$"),
    ("uevent", r"^POWER_SUPPLY_\w+="),
    ("acpiconf", r"^(Design|Last full) capacity:\s+(\d+ m[AW]h|unknown)"),
    ("acpi", r"^(Battery|Adapter) \d+: |^No support for device type: power_supply"),
    ("pciconf", r"^\w+@pci\d+(:\d+)+:\s+class="),
    ("lspci", r"^([0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7] [\"A-Z]|^Slot:\s+([0-9a-f]{4}:)?[0-9a-f]{2}:"),
    ("lsusb", r"^Bus \d{3} Device \d{3}: ID "),
    ("umockdev", r"\AP: /devices/", r"^[ALH]: "),
    ("udevadm", r"^P: /devices/"),
    ("lshal", r"^udi = '/org/freedesktop/Hal"),
    ("xrandr", r"^Screen \d+: minimum |^\S{1,40} (dis)?connected( primary)?( \d\S{0,40})? \(normal "),
    ("edid", r"^[ \t]*edid-decode\b|^EDID (version|Structure|length) |^[ \t]*00 ?ff ?ff ?ff ?ff ?ff ?ff ?00"),
    ("cpuid", r"^CPUID [0-9a-fA-F]{8}: [0-9a-fA-F]{8}-|^basic_cpuid\[0\]=|^[ \t]+0x00000000 0x00: eax=0x"),
    ("cpuinfo", r"^(processor\s*: \d+|vendor_id\s*: IBM/S390)$",
     r"^(vendor_id|cpu|cpu family|model name|Features|BogoMIPS|bogomips|bogomips per cpu)[ \t]*:"),
    ("cpuinfo", r"\A(system type|Processor|cpu)[ \t]*:", r"^(BogoMIPS|bogomips|cpu model|Features|clock)[ \t]*:"),
    ("meminfo", r"^MemTotal:\s+\d+ kB"),
    ("hdparm", r"^(ATA|ATAPI|CompactFlash ATA)\S* .*device, with |^[ \t]+LBA48?[ \t]+user addressable"
               r"|^ Model=.*FwRev="),
    ("inxi", r"^(Machine|CPU|Drives|Battery):[ \t]+\S", r"^(Audio|Network|Sensors|Info|Graphics):[ \t]"),
    ("lsblk", r"\A\s*NAME\s+.*\b(MAJ:MIN|SIZE|TYPE|KNAME)\b|\ANAME=\"[^\"]*\" "),
    ("glxinfo", r"\A(name of display:|display: :)|^direct rendering: |^OpenGL (vendor|renderer) string:"),
    ("dmesg", r"\A(<\d+>)?\[\s*\d+\.\d{6}\] "),
    ("sensors", r"^Adapter: .*$\n^\S.*: +[+-]?\d"),
    ("lscpu", r"^(Architecture|Arquitectura|Architektur|Architettura|Arquitetura|Архитектура)\s?:[ \t]+\S+$",
     r"^[^\n:]{0,40}CPU[^\n:]{0,40}:[ \t]+\d"),
)  # fmt: skip
_COMPILED = tuple((kind, tuple(re.compile(pattern, re.MULTILINE) for pattern in rest)) for kind, *rest in _TEXTS)

# Names that benches and tools give, besides the programs' own.
_NAMES = {
    "smart": "smartctl", "get-edid": "edid", "baseboard": "dmidecode", "chassis": "dmidecode", "connector": "dmidecode",
    "dimms": "decode-dimms", "battery": "uevent", "dmi": "dmidecode", "parse-edid": "edid", "edid-decode": "edid",
}  # fmt: skip


def kind_of(name: str, raw: bytes) -> str | None:
    """What `raw` is, or None for what nothing here knows. An empty file is known by its name alone."""
    if raw[:8] == b"\x00\xff\xff\xff\xff\xff\xff\x00":
        return "edid"
    if is_dmi_dump(raw):
        return "dmi-dump"
    if b"\0" in raw[:HEAD_BYTES] and not raw.startswith(b"$SYSTEM"):  # GLPI's dump quotes binary attributes
        return None
    text = decode(raw[:HEAD_BYTES])
    if text.lstrip()[:1] in ("{", "["):
        kind = _kind_of_json(raw)
        if kind:
            return kind
    found = (kind for kind, patterns in _COMPILED if all(pattern.search(text) for pattern in patterns))
    return next(found, None) or kind_named(name)


def kind_named(name: str) -> str | None:
    """The kind that a file name announces: "lscpu.txt", "0001-dmidecode.log", "e5530.battery.ini", "82945G__lspci"."""
    words = re.split(r"[._\s]+|(?<=\d)-(?=\D)", name.lower())
    for word in (words[0], *reversed(words[1:])):
        kind = _NAMES.get(word, word)
        if kind in PROGRAMS or kind in FILES:
            return kind
    return None


def parse_json(raw: bytes) -> Any:
    """The JSON value, or None: too large, broken, or nested too deep to be a tool's answer."""
    if len(raw) > JSON_BYTES:
        return None
    try:
        return json.loads(decode(raw), strict=False)  # lshw lets control characters through
    except (ValueError, RecursionError):
        return None


def _kind_of_json(raw: bytes) -> str | None:
    value = parse_json(raw)
    if value is None:
        return _kind_of_broken_json(raw)
    first = next((entry for entry in value if isinstance(entry, dict)), None) if isinstance(value, list) else value
    return _kind_of_object(first) if isinstance(first, dict) else None


def _kind_of_broken_json(raw: bytes) -> str | None:
    """lshw is known for output that is not quite JSON; its reader repairs what it can."""
    head = decode(raw[:4096])
    return "lshw" if re.search(r'"class"\s*:\s*"', head) and re.search(r'"id"\s*:\s*"', head) else None


def _kind_of_object(value: dict[str, Any]) -> str | None:
    keys = set(value)
    if is_snapshot(value):
        return "ereuse"
    if "smartctl" in keys or "json_format_version" in keys:
        return "smartctl-scan" if "devices" in keys and "device" not in keys else "smartctl"
    if "lscpu" in keys:
        return "lscpu"
    if "blockdevices" in keys:
        return "lsblk"
    if "hardware" in keys and keys & {"smbios", "virtualisation", "system"}:
        return "facter"
    if "class" in keys and "id" in keys:
        return "lshw"
    if any(re.match(r"\d+#\d+#\d+#", key) for key in keys):
        return "inxi"
    is_nvme = "Devices" in keys or {"critical_warning", "percent_used"} <= keys or {"vid", "mn", "sn"} <= keys
    return "nvme" if is_nvme or {"critical_warning", "percentage_used"} <= keys else None


def is_snapshot(value: dict[str, Any]) -> bool:
    """An eReuse snapshot, of any age, in its envelope or out of it."""
    if isinstance(value.get("data"), dict) and value.get("type") in ("Snapshot", "DeviceSnapshotV1"):
        return True
    if value.get("type") == "Snapshot" and ("components" in value or "debug" in value):
        return True
    inner = value.get("data")
    known = {"lshw", "dmidecode", "hwinfo", "inxi", "lspci", "smart", "smartctl", "disks"}
    return isinstance(inner, dict) and bool(known & set(inner)) and ("uuid" in value or "software" in value)
