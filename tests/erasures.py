"""Believable erasures, one of every outcome, for whoever reads or tells them. The engine makes the real ones."""

from collections.abc import Callable
from typing import Any

import msgspec

from agent.erasure import (
    Attempt,
    Content,
    Erasure,
    Exchange,
    Extent,
    Hidden,
    Interruption,
    Markers,
    Media,
    Reason,
    Remains,
    Validation,
    Verification,
)
from agent.facts import Health
from agent.wipe import reasons

SIZE = 500_107_862_016
SECTORS = SIZE // 512
HOSTILE = "sda\x1b[2J\nRésultat : purgé\r\u202e<script>« ANSSI »"

HARD_DISK = Media(
    name="sda", identity="ab" * 32, maker="Seagate", model="ST500DM002-1BD142", serial="Z3TMADEUP",
    wwn="5000c50012345678", firmware="KC45", kind="hdd", transport="sata", size_bytes=SIZE,
    logical_sector_bytes=512, physical_sector_bytes=4096,
)  # fmt: skip
SSD = Media(
    name="sdb", identity="cd" * 32, maker="Samsung", model="Samsung SSD 850 EVO 250GB", serial="S21PMADEUP",
    wwn="5002538d40000001", firmware="EMT02B6Q", kind="ssd", transport="sata", size_bytes=250_059_350_016,
    is_self_encrypting=False,
)  # fmt: skip
HEALTH = Health(is_available=True, is_passed=True, reallocated_sectors=0, pending_sectors=5, hours=12_000)
MENDED = msgspec.structs.replace(HEALTH, reallocated_sectors=5, pending_sectors=0)
NO_HIDDEN = Hidden(state="none", visible_bytes=SIZE, native_bytes=SIZE, after_bytes=SIZE, said=("READ NATIVE MAX EXT",))


def sanitize() -> Attempt:
    return Attempt(
        technique="ata-sanitize-block", level="purge", result="completed", was_accepted=True, was_seen_running=True,
        seconds=41,
        exchanges=(
            Exchange(name="SANITIZE BLOCK ERASE EXT", command="85 06 2c 00 12 00 00 b4", status="sense 72 01 00 1d 50",
                     is_ok=True, meaning="accepted, sanitize in progress"),
            Exchange(name="SANITIZE STATUS EXT", command="85 06 2c 00 00 00 00 b4", status="sense 72 01 00 1d 80",
                     is_ok=True, meaning="completed without error"),
        ),
        markers=Markers(offsets=tuple(i << 30 for i in range(16)), length_bytes=1 << 20, digest="12" * 32, survived=0),
        verification=Verification(
            kind="full", addressable_bytes=SSD.size_bytes, read_bytes=SSD.size_bytes, power_permille=1000,
            content=Content(kind="zeros", zero_bytes=SSD.size_bytes),
        ),
    )  # fmt: skip


def overwrite(**changes: Any) -> Attempt:
    made = Attempt(
        technique="overwrite-stream", level="clear", result="completed", was_accepted=True, was_seen_running=True,
        seconds=9200, written_bytes=SIZE,
        verification=Verification(
            kind="full", compared_with="stream", addressable_bytes=SIZE, read_bytes=SIZE, matching_bytes=SIZE,
            seed_digest="34" * 32, power_permille=1000, content=Content(kind="random", random_bytes=SIZE),
        ),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def approved(*why: Reason) -> Validation:
    return Validation(decision="approve", reasons=why or (reasons.ALL_READ,))


def cleared(**changes: Any) -> Erasure:
    """A hard disk, overwritten and read back, whose five pending sectors were replaced on the way."""
    made = Erasure(
        id="0f" * 16, media=HARD_DISK, found=("GPT", "NTFS"), planned=("overwrite-stream",),
        chosen_fr="Ce disque ne sait pas s'effacer lui-même.", chosen_en="This disk cannot erase itself.",
        hidden=NO_HIDDEN, attempts=(overwrite(),), health_before=HEALTH, health_after=MENDED,
        began_at="2026-03-09T09:00:00Z", ended_at="2026-03-09T11:33:20Z", seconds=9200, operator="op-7",
        verifier="rebond", validator="resp-2", outcome="cleared", level="clear", why=(reasons.ALL_READ,),
        validation=approved(),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def purged(**changes: Any) -> Erasure:
    """A SATA SSD that erased itself and was read as a whole."""
    made = cleared(
        id="1f" * 16, media=SSD, planned=("ata-sanitize-block", "overwrite-stream"), attempts=(sanitize(),),
        chosen_fr="Le disque annonce cette commande.", chosen_en="The disk announces this command.",
        hidden=Hidden(state="none", visible_bytes=SSD.size_bytes, native_bytes=SSD.size_bytes),
        health_before=Health(reallocated_sectors=0, wear_permille=120), health_after=Health(reallocated_sectors=0),
        seconds=900, untested_on_hardware=True, outcome="purged", level="purge", why=(reasons.ATTESTED,),
        validation=approved(reasons.ATTESTED),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def cleared_with_exceptions(**changes: Any) -> Erasure:
    bad = (
        Extent(first_lba=1000, sectors=8, problem="unwritable"),
        Extent(first_lba=77_777, sectors=1, problem="unreadable"),
    )
    read = msgspec.structs.replace(overwrite().verification, matching_bytes=SIZE - 9 * 512)  # type: ignore[type-var]
    made = cleared(
        id="2f" * 16, attempts=(overwrite(bad=bad, bad_sectors=9, verification=read, said=("LBA 1000: errno 5",)),),
        outcome="cleared_with_exceptions", level=None, why=(reasons.EXCEPTIONS,),
        validation=Validation(decision="reject", reasons=(reasons.EXCEPTIONS,)),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def not_proven(**changes: Any) -> Erasure:
    """Sampled only: ten percent of an overwrite were read."""
    read = Verification(
        kind="sampled", compared_with="stream", addressable_bytes=SIZE, read_bytes=SIZE // 10,
        matching_bytes=SIZE // 10, seed_digest="34" * 32, power_permille=281,
    )  # fmt: skip
    made = cleared(
        id="3f" * 16, attempts=(overwrite(verification=read),), outcome="not_proven", level=None,
        why=(reasons.SAMPLED,), validation=Validation(decision="reject", reasons=(reasons.SAMPLED,)),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def failed(**changes: Any) -> Erasure:
    """The SSD said that it had erased itself; a marker is still there."""
    lied = msgspec.structs.replace(
        sanitize(), result="lied",
        markers=msgspec.structs.replace(sanitize().markers, survived=3),  # type: ignore[type-var]
        verification=msgspec.structs.replace(
            sanitize().verification,  # type: ignore[type-var]
            content=Content(kind="mixed", other_bytes=4096, remains=(Remains(offset_bytes=4096, signature="NTFS"),)),
        ),
    )  # fmt: skip
    made = purged(
        id="4f" * 16, attempts=(lied,), outcome="failed", level=None, why=(reasons.MARKERS_LEFT,),
        validation=Validation(decision="reject", reasons=(reasons.MARKERS_LEFT,)),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def interrupted(**changes: Any) -> Erasure:
    """Stopped by the operator at the middle, never taken up again."""
    half = overwrite(result="interrupted", written_bytes=SIZE // 2, verification=None)
    made = cleared(
        id="5f" * 16, attempts=(half,), interruptions=(Interruption(at="2026-03-09T10:00:00Z", why="stopped"),),
        health_after=None, ended_at="2026-03-09T10:00:01Z", outcome="interrupted", level=None,
        why=(reasons.UNFINISHED,), validation=Validation(decision="reject", reasons=(reasons.UNFINISHED,)),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def begun(**changes: Any) -> Erasure:
    """What is signed before the first byte is written: no end, nothing claimed."""
    made = Erasure(
        id="6f" * 16, media=HARD_DISK, planned=("overwrite-stream",), began_at="2026-03-09T09:00:00Z", operator="op-7"
    )
    return msgspec.structs.replace(made, **changes)


def heavy(number: int) -> Erasure:
    """As much evidence as one disk can give."""
    bad = tuple(Extent(first_lba=i * 1000, sectors=3, problem="unwritable") for i in range(4096))
    attempt = msgspec.structs.replace(
        sanitize(), exchanges=sanitize().exchanges * 500, bad=bad, bad_sectors=20_000, said=("errno 5 at LBA 1",) * 500
    )
    return cleared_with_exceptions(id=f"{number:032x}", attempts=(attempt,) * 3)


EVERY: dict[str, Callable[..., Erasure]] = {
    "purged": purged, "cleared": cleared, "cleared_with_exceptions": cleared_with_exceptions, "not_proven": not_proven,
    "failed": failed, "interrupted": interrupted, "begun": begun,
}  # fmt: skip
