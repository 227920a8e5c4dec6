"""Replace what identifies one PC, a person or a place by stable fakes of the same shape and length.

The same secret always gives the same fake within one capture, so that sources still agree with each other; the key is
random and thrown away, so nobody can go back. Makers' parts (MAC vendor, WWN vendor) stay: they are facts.
"""

import hashlib
import hmac
import re
import secrets as random_source
from collections.abc import Iterable, Mapping

from agent.facts import Machine
from agent.host import Reading
from agent.text import is_placeholder

_MAC = re.compile(rb"\b((?:[0-9a-fA-F]{2}[:-]){3})((?:[0-9a-fA-F]{2}[:-]){2}[0-9a-fA-F]{2})\b")
_UUID = re.compile(rb"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b")
_EFI_GLOBAL = b"8be4df61-93ca-11d2-aa0d-00e098032b8c"  # names EFI's own variables, not this PC
_LU_WWN = re.compile(rb"(LU WWN Device Id:\s+[0-9a-f] [0-9a-f]{6} )([0-9a-f]{9})")
_SECRET_FILES = {
    "serial", "wwid", "wwn", "product_serial", "product_uuid", "board_serial", "chassis_serial", "chassis_asset_tag",
    "board_asset_tag", "cid", "eui", "nguid", "uuid", "unique_id", "serial_number", "subsysnqn", "vpd_pg80",
}  # fmt: skip
_JSON_WWN = re.compile(rb'("(?:oui|naa)":\s*\d+,\s*"(?:id|ext_id)":\s*)(\d+)')
# Serials that no fact holds: of processors, power supplies, disks that could not be read otherwise.
_TOLD_SERIALS = (
    re.compile(rb"^[ \t]*(?:SBDS )?(?:Serial [Nn]umber|Asset Tag):[ \t]*(\S[^\r\n]*)", re.MULTILINE),
    re.compile(rb'"serial_number":[ ]*"([^"\\]+)"'),
)
_PARTITION_NAME = re.compile(rb"^(PARTNAME=).*", re.MULTILINE)
_LIVE_MEDIUM = (b"/run/", b"/lib/live/", b"/cdrom/")  # where a live system's own image lies
_MOUNTED = {
    "/",
    "/boot",
    "/boot/efi",
    "/run",
    "/run/live/medium",
    "/run/live/rootfs",
    "/cdrom",
    "/proc",
    "/sys",
    "/dev",
}


def secrets_of(machine: Machine, readings: Mapping[str, Reading], answers: Iterable[bytes] = ()) -> tuple[str, ...]:
    """Every serial, UUID and tag known of this machine; longest first, so that no part is replaced before its whole."""
    system = machine.system
    found = {system.serial, system.uuid, system.board_serial, system.asset_tag}
    found |= {module.serial for module in machine.memory.modules}
    for disk in machine.disks or ():
        found |= {disk.serial, disk.wwn}
    found |= {battery.serial for battery in machine.batteries or ()}
    found |= {display.serial for display in machine.displays or ()}
    for path, reading in readings.items():
        if path.rpartition("/")[2] in _SECRET_FILES and not reading.why:
            found.add(reading.text.strip())
        if path == "/proc/sys/kernel/hostname":
            found.add(reading.text.strip())
        if path.endswith("/dm/name") and "-" in reading.text:  # Debian names a volume group after the host
            found.add(reading.text.strip())
    for answer in answers:
        for pattern in _TOLD_SERIALS:
            found |= {match.decode("utf-8", "replace").strip() for match in pattern.findall(answer)}
    kept = {text for text in found if text and len(text) >= 4 and not is_placeholder(text)}
    # A WWN is written with and without its prefix, depending on the source.
    kept |= {text.partition(".")[2] for text in kept if text.startswith(("naa.", "eui.", "t10.")) and len(text) > 12}
    return tuple(sorted(kept, key=lambda text: (-len(text), text)))


class Scrubber:
    """Applies the replacements; `key` is given only by tests."""

    def __init__(self, found: Iterable[str], key: bytes | None = None) -> None:
        self._key = key or random_source.token_bytes(32)
        pairs = {text.encode(): self._fake(text.encode()) for text in found}
        forms = {form: fake for text, value in pairs.items() for form, fake in _cases(text, value)}
        self._forms = forms
        words = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile(b"|".join(re.escape(word) for word in words)) if words else None

    def _fake(self, secret: bytes) -> bytes:
        """Same length, digits for digits, letters for letters (hex stays hex), other bytes kept."""
        is_hex = re.fullmatch(rb"(?:0x|naa\.|eui\.)?[0-9a-fA-F:\- ]+", secret) is not None
        stream = hashlib.shake_256(hmac.digest(self._key, secret.lower(), "sha256")).digest(len(secret) * 2)
        kept = len(secret) - len(re.sub(rb"^(0x|naa\.|eui\.)", b"", secret))
        return secret[:kept] + bytes(
            _same_shape(byte, draw, is_hex) for byte, draw in zip(secret[kept:], stream, strict=False)
        )

    def raw(self, raw: bytes) -> bytes:
        if self._pattern:
            raw = self._pattern.sub(lambda match: self._forms[match[0]], raw)
        raw = _MAC.sub(lambda match: match[0] if _is_no_address(match[0]) else match[1] + self._fake(match[2]), raw)
        raw = _UUID.sub(lambda match: match[0] if match[0].lower() == _EFI_GLOBAL else self._fake(match[0]), raw)
        raw = _LU_WWN.sub(lambda match: match[1] + self._fake(match[2]), raw)
        # A leading zero is no JSON number.
        return _JSON_WWN.sub(lambda match: match[1] + b"1" + self._fake(match[2])[1:], raw)

    def text(self, text: str) -> str:
        return self.raw(text.encode()).decode()

    def file(self, path: str, raw: bytes) -> bytes:
        """One captured file, by what it is: some hold secrets that no pattern finds."""
        name = path.rpartition("/")[2]
        if name == "edid":
            return self._edid(raw)
        if path == "/sys/firmware/dmi/tables/DMI":
            return self._smbios(raw)
        if name == "mounts":
            return _mounts(raw)
        if name == "cmdline":
            return b" ".join(word for word in raw.split() if word.startswith((b"boot=", b"live", b"root=live", b"ro")))
        if name == "hostname":
            return b"machine"
        if name == "backing_file" and not raw.startswith(_LIVE_MEDIUM):
            return b"/masked\n"
        if name == "uevent":
            raw = _PARTITION_NAME.sub(rb"\1masked", raw)
        if name in _SECRET_FILES and not is_placeholder(raw.decode("utf-8", "replace")):
            scrubbed = self.raw(raw)
            return scrubbed if scrubbed != raw else self._fake(raw)
        return self.raw(raw)

    def _smbios(self, raw: bytes) -> bytes:
        """Strings by pattern; the UUID of type 1 and the serial of type 22 sit in raw bytes of their structures."""
        raw = self.raw(raw)
        place = 0
        while place + 4 <= len(raw):
            kind, length = raw[place], raw[place + 1]
            if length < 4:
                break
            for wanted, start, stop in ((1, 8, 24), (22, 16, 18)):
                told = raw[place + start : place + stop]
                if kind == wanted and length >= stop and len(set(told)) > 1:
                    fake = hmac.digest(self._key, told, "sha256")[: stop - start]
                    raw = raw[: place + start] + fake + raw[place + stop :]
            end = raw.find(b"\0\0", place + length)
            if end < 0:
                break
            place = end + 2
        return raw

    def _edid(self, raw: bytes) -> bytes:
        """Serial number and serial text replaced, and each block's checksum made right again (E-EDID 3.11)."""
        if len(raw) < 128:
            return raw
        block = bytearray(self.raw(raw))
        if bytes(block[12:16]) not in (b"\0\0\0\0", b"\x01\x01\x01\x01"):
            block[12:16] = hmac.digest(self._key, bytes(block[12:16]), "sha256")[:4]
        for start in range(0, len(block) - 127, 128):
            block[start + 127] = -sum(block[start : start + 127]) % 256
        return bytes(block)


def _is_no_address(mac: bytes) -> bool:
    """All zeros (lo) and broadcast are nobody's, and mean "none" to whoever reads the capture."""
    return len(set(mac.lower()) - set(b":-")) == 1 and mac[:1].lower() in (b"0", b"f")


def _cases(text: bytes, fake: bytes) -> list[tuple[bytes, bytes]]:
    """A secret as it stands and, when it is all one case, in the other (sysfs and firmware differ)."""
    return list({text: fake, text.lower(): fake.lower(), text.upper(): fake.upper()}.items())


def _same_shape(byte: int, draw: int, is_hex: bool) -> int:
    if 48 <= byte <= 57:
        return 48 + draw % 10
    if is_hex and (97 <= byte <= 102 or 65 <= byte <= 70):
        return byte - (byte & 31) + 1 + draw % 6
    if 97 <= byte <= 122 or 65 <= byte <= 90:
        return byte - (byte & 31) + 1 + draw % 26
    return byte


def _mounts(raw: bytes) -> bytes:
    """Device, place and kind only, and only for places the system itself makes: others carry people's names."""
    kept = []
    for line in raw.splitlines():
        words = line.split()
        if len(words) < 3:
            continue
        place = words[1] if words[1].decode("utf-8", "replace") in _MOUNTED else b"/masked"
        device = words[0] if words[0].startswith(b"/dev/") and b"mapper" not in words[0] else b"none"
        kept.append(b" ".join((device, place, words[2], b"rw 0 0")))
    return b"\n".join(kept) + b"\n"
