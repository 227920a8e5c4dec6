"""What was done to one disk, how it was checked, and what that proves. Plain types: nothing is erased or judged here.

An Erasure holds evidence first and its outcome last: the outcome follows from the evidence alone (`wipe.outcome`).
Sizes in bytes, places in logical sectors (LBA), times UTC ISO 8601 to the second, no floats.
"""

from typing import Literal

from agent.facts import ErasureOutcome, Fact, Health, Transport

Outcome = ErasureOutcome  # kept with the facts, because rules judge it
Level = Literal["purge", "clear"]  # NIST SP 800-88 words; the level a technique can reach, never a promise
Technique = Literal[
    "nvme-sanitize-block", "nvme-sanitize-crypto", "nvme-sanitize-overwrite", "nvme-format-crypto",
    "nvme-format-user-data",
    "ata-sanitize-block", "ata-sanitize-crypto", "ata-sanitize-overwrite", "ata-security-erase-enhanced",
    "scsi-sanitize-block", "scsi-sanitize-crypto", "scsi-sanitize-overwrite", "scsi-format-unit",
    "mmc-sanitize", "mmc-secure-erase",
    "opal-psid-revert",
    "overwrite-stream", "overwrite-zeros", "overwrite-two-pass",
]  # fmt: skip


class Exchange(Fact, frozen=True, kw_only=True):
    """One command as it was sent to the device, and its raw answer, both in hex: the evidence, never a tool's word."""

    name: str  # the standard's own name, "SANITIZE BLOCK ERASE EXT"
    command: str  # CDB, NVMe command dwords, or MMC opcode and argument
    status: str  # sense bytes and returned registers, NVMe completion, or "errno 5"
    is_ok: bool
    meaning: str = ""  # the answer in English words


class Extent(Fact, frozen=True, kw_only=True):
    """Neighbouring sectors with one problem."""

    first_lba: int
    sectors: int
    problem: Literal["unwritable", "unreadable", "mismatch"]


class Hidden(Fact, frozen=True, kw_only=True):
    """The area that a disk can hide (HPA, DCO, AMA): looked for before anything is erased.

    `none`: asked, nothing hidden · `removed`: found, opened, now part of the visible size · `kept`: found, could not be
    opened · `unknown`: the device or a bridge does not tell · `not-applicable`: this kind of device has none.
    """

    state: Literal["none", "removed", "kept", "unknown", "not-applicable"]
    visible_bytes: int
    native_bytes: int | None = None  # the most that the device says it has
    after_bytes: int | None = None  # visible once opened
    said: tuple[str, ...] = ()  # how it was learnt, in English


class Content(Fact, frozen=True, kw_only=True):
    """What reading showed, whatever was expected. Counts are bytes of sectors of that kind."""

    kind: Literal["zeros", "ones", "pattern", "random", "mixed", "unread"]
    zero_bytes: int = 0
    one_bytes: int = 0  # sectors of 0xFF only
    pattern_bytes: int = 0  # sectors that repeat one short pattern
    random_bytes: int = 0  # high entropy: encrypted, compressed, or a stream
    other_bytes: int = 0  # looks like data
    pattern: str | None = None  # hex of the repeated pattern, at most 16 bytes
    remains: tuple["Remains", ...] = ()


class Remains(Fact, frozen=True, kw_only=True):
    """A known signature that is still there: which and where, never what is in it."""

    offset_bytes: int
    signature: str  # "NTFS", "ext4", "GPT", "JPEG", …


class Markers(Fact, frozen=True, kw_only=True):
    """Random blocks planted before an erasure and looked for after it."""

    offsets: tuple[int, ...]  # bytes
    length_bytes: int
    digest: str  # sha256 over all that was planted, in order
    survived: int | None = None  # how many are still there, whole or in part; None: not looked
    unreadable: int = 0
    # Old places (4 KiB) whose keyed digests were remembered before the device's own erase, and how many are unchanged.
    witnesses: int = 0
    unchanged: int | None = None


class Verification(Fact, frozen=True, kw_only=True):
    """Reading after the erasure. `read_bytes` counts each byte once."""

    kind: Literal["full", "sampled", "none"]
    compared_with: Literal["stream", "zeros", "nothing"] = "nothing"  # "nothing": looked what is there
    addressable_bytes: int = 0
    read_bytes: int = 0
    matching_bytes: int = 0
    seed_digest: str | None = None  # sha256 of the stream's key: the key itself stays in the journal
    # A sampling's power: the chance (permille) to meet one unwiped run of 100 MB. 1000 for a full read.
    power_permille: int | None = None
    content: Content | None = None


class Attempt(Fact, frozen=True, kw_only=True):
    """One technique tried on the disk: what was sent, how it ended."""

    technique: Technique
    level: Level
    result: Literal["completed", "refused", "failed", "stalled", "lied", "interrupted"]
    was_accepted: bool = False  # the device took the command (firmware), or the first byte was written (overwrite)
    was_seen_running: bool = False
    seconds: int = 0
    written_bytes: int = 0  # overwrite: over all passes, in each of them every byte once, bad sectors left out
    exchanges: tuple[Exchange, ...] = ()
    markers: Markers | None = None
    verification: Verification | None = None
    bad: tuple[Extent, ...] = ()  # at most BAD_MOST extents; `bad_sectors` counts all
    bad_sectors: int = 0
    said: tuple[str, ...] = ()  # remarks in English: errors, retries, temperature pauses


class Interruption(Fact, frozen=True, kw_only=True):
    at: str
    why: Literal["power", "stopped", "killed", "unplugged", "suspended", "too-hot"]
    resumed_at: str | None = None
    said: str = ""  # what showed it, in English


class Reason(Fact, frozen=True, kw_only=True):
    """Why an outcome or a validation is what it is; `rule` is stable, the sentence is for people."""

    rule: str
    fr: str
    en: str


class Validation(Fact, frozen=True, kw_only=True):
    """SP 800-88r2 4.5.2: accept, repeat, or ask a person; decided by rules, each named."""

    decision: Literal["approve", "reject", "escalate"]
    reasons: tuple[Reason, ...] = ()


class Media(Fact, frozen=True, kw_only=True):
    """The disk as it was claimed."""

    name: str  # kernel name at that time
    identity: str | None = None  # as in facts.Disk
    maker: str | None = None
    model: str | None = None
    serial: str | None = None
    wwn: str | None = None
    firmware: str | None = None
    kind: str | None = None  # as facts.Disk.kind
    transport: Transport | None = None
    bridge: str | None = None
    size_bytes: int = 0
    logical_sector_bytes: int = 512
    physical_sector_bytes: int | None = None
    is_self_encrypting: bool | None = None


class Erasure(Fact, frozen=True, kw_only=True):
    """Everything that a certificate says of one disk."""

    id: str  # of the authorisation that was used up
    media: Media
    found: tuple[str, ...] = ()  # signatures before ("NTFS", "LUKS"), never names
    planned: tuple[Technique, ...] = ()
    chosen_fr: str = ""  # why this technique, and why not a stronger one
    chosen_en: str = ""
    hidden: Hidden | None = None
    attempts: tuple[Attempt, ...] = ()
    health_before: Health | None = None
    health_after: Health | None = None
    interruptions: tuple[Interruption, ...] = ()
    began_at: str | None = None  # None: not one byte was touched
    ended_at: str | None = None
    seconds: int = 0  # by the monotonic clock, pauses included
    untested_on_hardware: bool = False  # the technique's code has only met simulated devices
    operator: str | None = None  # a code
    verifier: str | None = None  # who or what read back: a code, or "rebond"
    validator: str | None = None  # a code; another person than the operator
    outcome: Outcome = "interrupted"
    level: Level | None = None  # reached; None unless purged or cleared
    why: tuple[Reason, ...] = ()  # of the outcome, and why not more
    validation: Validation | None = None


BAD_MOST = 4096
