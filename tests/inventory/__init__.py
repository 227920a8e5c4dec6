"""A station and an inventory that the tests share: real keys, real envelopes, a real database in a folder."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent import envelope
from agent.facts import Attribute, Battery, Cpu, Disk, Gap, Health, Machine, Memory, Module, System
from agent.record import Record, build_payload, uuid7

BEGINNING = datetime(2026, 3, 9, 14, 5, tzinfo=UTC)
JSON = {"Content-Type": "application/json"}


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = BEGINNING

    def __call__(self) -> datetime:
        return self.now

    def wait(self, **span: float) -> None:
        self.now += timedelta(**span)


class Station:
    """One boot stick: signs records into a chain."""

    def __init__(self, seed: int = 1) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"station %d" % seed).digest())
        self.public_key = self.key.public_key().public_bytes_raw()
        self.key_id = envelope.key_id_of(self.public_key)
        self.seq = 0
        self.prev: str | None = None

    def record(self, number: int, **changes: Any) -> Record:
        """The record of the `number`th made-up PC, not linked yet."""
        plain = Record(
            id=uuid7(BEGINNING, lambda size: hashlib.sha256(b"%s %d" % (self.public_key, number)).digest()[:size]),
            kind="triage",
            made_at="2026-03-09T13:50:00Z",
            station=self.key_id,
            lot="Collège Exemple",
            sticker=f"LR-{number:04}",
            machine=made_up_machine(number),
            verdicts=VERDICTS,
            seq=self.seq + 1,
            prev=self.prev,
            agent_version="0.1.0",
        )
        return msgspec.structs.replace(plain, **changes)

    def seal(self, record: Record) -> tuple[str, bytes]:
        """(digest, envelope) of this record, which becomes the last of the chain."""
        digest, raw = sealed(record, self.key)
        self.seq, self.prev = record.seq, digest
        return digest, raw

    def visit(self, number: int, **changes: Any) -> tuple[str, bytes]:
        return self.seal(self.record(number, **changes))


def sealed(record: Record, key: Ed25519PrivateKey) -> tuple[str, bytes]:
    payload = build_payload(record)
    return envelope.digest_of(payload), envelope.seal(payload, key)


def made_up_machine(number: int) -> Machine:
    serial = f"MADEUP{number:05}"
    return Machine(
        system=System(maker="Lenovo", product="ThinkPad X230", serial=serial, chassis="laptop", made_year=2012),
        cpu=Cpu(model_name="Intel(R) Core(TM) i5-3320M CPU @ 2.60GHz", cores=2, threads=4, is_64_bit=True),
        memory=Memory(fitted_bytes=4 << 30, slots_total=2, slots_free=1, modules=(Module(slot="ChannelA-DIMM0"),)),
        disks=(
            Disk(
                name="sda",
                identity=hashlib.sha256(serial.encode()).hexdigest(),
                model="Samsung SSD 850 EVO",
                serial=f"DISK{number:05}",
                size_bytes=250_059_350_016,
                kind="ssd",
                transport="sata",
                health=Health(
                    is_passed=True, hours=18_250, attributes=tuple(attribute(number) for number in range(1, 19))
                ),
            ),
        ),
        batteries=(Battery(name="BAT0", design_mwh=62_160, full_mwh=31_080, health_permille=500),),
        gaps=(Gap(path="firmware.tpm", source="/sys/class/tpm", why="absent"),),
    )


def attribute(number: int) -> Attribute:
    return Attribute(id=number, name=f"Attribute_{number}", value=100, worst=100, threshold=10, raw=str(number * 97))


VERDICTS: tuple[dict[str, Any], ...] = (
    {
        "profile": "famille-linux",
        "outcome": "repair",
        "class": "refurbishable",
        "reasons": [
            {
                "rule": "ram-8g",
                "outcome": "repair",
                "fact": "memory.fitted_bytes",
                "observed": 4 << 30,
                "required": "≥ 8 Gio",
                "because": {"fr": "Le navigateur a besoin de 8 Gio.", "en": "The browser needs 8 GiB."},
                "source": "dmidecode",
                "fix": None,
            }
        ],
        "fixes": [{"part": "ram-module", "fr": "Ajouter une barrette.", "en": "Add a memory module.", "cost_eur": 12}],
    },
    {"profile": "primtux", "outcome": "refurbish", "class": "refurbishable", "reasons": [], "fixes": []},
)
