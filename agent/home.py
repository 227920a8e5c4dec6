"""Where a station keeps what is its own: key, trust, outbox, and which inventory it delivers to.

keys/        the station's key (0600)
trust/       keys it believes: stations, logs
outbox/      signed records, waiting and archived
inventory/   the embedded inventory, where one was started here
wipes/       journals of erasures, one file per authorisation
sessions/    signed manifests of wipe sessions
checks/      results of guided checks, one folder per machine, one file per visit
settings.yaml what the person in charge decided for this station (see `agent.settings`)
connection-0001.json …   the inventory this station was enrolled with; the newest counts
"""

import hashlib
import os
import re
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agent.durable import remove, write_new
from agent.errors import StorageError

if TYPE_CHECKING:
    from agent.host import Host
    from agent.keys import StationKey
    from agent.upload import Enrolled, Inventory

STICK = Path("/run/rebond/mnt/stick")  # where the boot image mounts the station's partition (scripts/image)
_MEMORY = ("overlay", "tmpfs", "ramfs", "rootfs")
_CONNECTION = re.compile(r"connection-(\d{4})\.json")


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """One enrolment, as kept: the log's key is what every receipt is checked with."""

    url: str
    origin: str
    tenant: str
    log_public_key: str  # base64 of 32 bytes
    pin: str | None = None  # of its certificate, when it is no authority's


@dataclass(frozen=True, slots=True)
class Home:
    root: Path

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def trust(self) -> Path:
        return self.root / "trust"

    @property
    def outbox(self) -> Path:
        return self.root / "outbox"

    @property
    def inventory(self) -> Path:
        return self.root / "inventory"

    @property
    def wipes(self) -> Path:
        return self.root / "wipes"

    @property
    def sessions(self) -> Path:
        return self.root / "sessions"

    @property
    def checks(self) -> Path:
        return self.root / "checks"

    def key(self) -> "StationKey":
        """This station's key, made on its first use; the station trusts itself."""
        from agent.keys import load_or_create, trust_station

        key = load_or_create(self.keys, passphrase())
        trust_station(self.trust, key.public, "ce poste")
        return key

    @staticmethod
    def mac_key(key: "StationKey") -> bytes:
        """The key of the hash that stands for a MAC address: this station's secret, so that nobody can try them all."""
        return hashlib.sha256(b"rebond mac address\0" + key.private.private_bytes_raw()).digest()

    def connection(self) -> "Inventory | None":
        """The inventory this station delivers to; None before the first enrolment."""
        from agent.upload import Inventory

        numbered = self._connections()
        if not numbered:
            return None
        path = self.root / f"connection-{numbered[-1]:04}.json"
        try:
            kept = msgspec.json.decode(path.read_bytes(), type=Connection)
            return Inventory(
                url=kept.url, origin=kept.origin, log_public_key=b64decode(kept.log_public_key), pin=kept.pin
            )
        except (OSError, ValueError) as error:
            raise StorageError(
                fr=f"{path} est illisible. Inscrivez de nouveau la station : rebond enrol.",
                en=f"{path} cannot be read. Enrol the station again: rebond enrol.",
            ) from error

    def connect(self, url: str, enrolled: "Enrolled", pin: str | None = None) -> None:
        """Deliver there from now on, and believe its log. InputRefused when a known log shows another key."""
        from agent.keys import trust_log

        trust_log(self.trust, enrolled.origin, enrolled.log_public_key)
        kept = Connection(
            url=url,
            origin=enrolled.origin,
            tenant=enrolled.tenant,
            log_public_key=b64encode(enrolled.log_public_key).decode(),
            pin=pin,
        )
        number = (self._connections() or [0])[-1] + 1
        write_new(self.root / f"connection-{number:04}.json", msgspec.json.encode(kept))

    def check_room(self) -> None:
        """StorageError when not even a page can be written here."""
        path = self.root / f".room-{secrets.token_hex(4)}"
        write_new(path, b"\0" * 4096)
        remove(path)

    def lives_in_memory(self, host: "Host") -> bool:
        """Our image runs here and no stick holds this folder: its key and records go with the power."""
        if "rebond.ram" not in (host.text("/proc/cmdline") or "").split():
            return False
        mounts = [line.split() for line in (host.text("/proc/mounts") or "").splitlines()]
        under = [words for words in mounts if len(words) > 2 and self.root.is_relative_to(words[1])]
        return not under or max(under, key=lambda words: len(words[1]))[2] in _MEMORY

    def _connections(self) -> list[int]:
        try:
            found = [_CONNECTION.fullmatch(path.name) for path in self.root.iterdir()]
        except FileNotFoundError:
            return []
        return sorted(int(match[1]) for match in found if match)


def find_home(option: str | None) -> Home:
    """`--home`, else REBOND_HOME, else the boot stick, else /var/lib/rebond for root, else the user's data folder."""
    told = option or os.environ.get("REBOND_HOME")
    if told:
        return Home(Path(told).absolute())
    if os.geteuid() == 0:
        return Home(STICK if STICK.is_mount() else Path("/var/lib/rebond"))
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Home(Path(data) / "rebond")


def passphrase() -> bytes | None:
    """REBOND_PASSPHRASE, where the station's key is kept under one."""
    told = os.environ.get("REBOND_PASSPHRASE")
    return told.encode() if told else None
