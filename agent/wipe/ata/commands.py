"""The ATA commands that we send, as data. What is not in `LOOKS` changes something and needs an armed transport."""

from dataclasses import dataclass

SECTOR = 512  # bytes of a data block of IDENTIFY, DCO and SECURITY commands, whatever the disk's sectors are
_QUICK_S = 30  # a disk that spins up first answers within this

# SANITIZE DEVICE (B4h): the FEATURE field says what, a word in LBA that it is meant (ACS-4, SANITIZE DEVICE commands).
CRYPTO_SCRAMBLE_KEY = 0x43727970  # "Cryp"
BLOCK_ERASE_KEY = 0x426B4572  # "BkEr"
OVERWRITE_KEY = 0x4F57 << 32  # "OW"; LBA 31:0 is the pattern
FAILURE_MODE = 0x0010  # COUNT bit 4: a failed sanitize may be left by CLEAR SANITIZE OPERATION FAILED
CLEAR_FAILED = 0x0001  # COUNT bit 0 of SANITIZE STATUS EXT
ONE_PASS = 0x0001  # COUNT 3:0 of OVERWRITE EXT; zero would mean sixteen


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command: 48-bit fields when `is_ext`, else 28-bit (LBA 27:24 go into DEVICE)."""

    name: str
    opcode: int
    feature: int = 0
    count: int = 0
    lba: int = 0
    is_ext: bool = False
    data_out: bytes = b""
    length_in: int = 0
    timeout_s: int = _QUICK_S
    asks_registers: bool = True  # CK_COND


IDENTIFY = Command(name="IDENTIFY DEVICE", opcode=0xEC, count=1, length_in=SECTOR)
# Seen with Linux 6.1 on AHCI (QEMU): with CK_COND, DRQ still stands in the returned status of a PIO read, so that the
# kernel reports an error that was none. Without it the kernel's own GOOD counts.
IDENTIFY_PLAIN = Command(name="IDENTIFY DEVICE", opcode=0xEC, count=1, length_in=SECTOR, asks_registers=False)
READ_NATIVE_MAX = Command(name="READ NATIVE MAX ADDRESS", opcode=0xF8)
READ_NATIVE_MAX_EXT = Command(name="READ NATIVE MAX ADDRESS EXT", opcode=0x27, is_ext=True)
DCO_IDENTIFY = Command(
    name="DEVICE CONFIGURATION IDENTIFY", opcode=0xB1, feature=0xC2, count=1, length_in=SECTOR
)  # fmt: skip
DCO_RESTORE = Command(name="DEVICE CONFIGURATION RESTORE", opcode=0xB1, feature=0xC0)
AMA_GET_NATIVE_MAX = Command(name="GET NATIVE MAX ADDRESS EXT", opcode=0x78, feature=0x0000, is_ext=True)
SANITIZE_STATUS = Command(name="SANITIZE STATUS EXT", opcode=0xB4, feature=0x0000, is_ext=True)
SANITIZE_CLEAR = Command(name="SANITIZE STATUS EXT", opcode=0xB4, feature=0x0000, count=CLEAR_FAILED, is_ext=True)
SANITIZE_CRYPTO = Command(
    name="CRYPTO SCRAMBLE EXT", opcode=0xB4, feature=0x0011, count=FAILURE_MODE, lba=CRYPTO_SCRAMBLE_KEY, is_ext=True,
    timeout_s=120,
)  # fmt: skip
SANITIZE_BLOCK = Command(
    name="BLOCK ERASE EXT", opcode=0xB4, feature=0x0012, count=FAILURE_MODE, lba=BLOCK_ERASE_KEY, is_ext=True,
    timeout_s=120,
)  # fmt: skip
SANITIZE_OVERWRITE = Command(  # one pass of zeros
    name="OVERWRITE EXT", opcode=0xB4, feature=0x0014, count=FAILURE_MODE | ONE_PASS, lba=OVERWRITE_KEY, is_ext=True,
    timeout_s=120,
)  # fmt: skip
ERASE_PREPARE = Command(name="SECURITY ERASE PREPARE", opcode=0xF3)

# (opcode, feature, count) that only ask. Only these pass a transport that was opened to look; a command that names
# neither a new feature nor a new count cannot slip through by its opcode.
LOOKS = frozenset(
    (one.opcode, one.feature, one.count)
    for one in (IDENTIFY, READ_NATIVE_MAX, READ_NATIVE_MAX_EXT, DCO_IDENTIFY, AMA_GET_NATIVE_MAX, SANITIZE_STATUS)
)


def set_max(native_lba: int, *, is_ext: bool, for_good: bool) -> Command:
    """SET MAX ADDRESS (EXT): COUNT bit 0 makes it last beyond a power cycle (ATA8-ACS; obsolete since ACS-3)."""
    name = "SET MAX ADDRESS EXT" if is_ext else "SET MAX ADDRESS"
    return Command(
        name=name, opcode=0x37 if is_ext else 0xF9, count=int(for_good), lba=native_lba, is_ext=is_ext
    )  # fmt: skip


def ama_set(native_lba: int) -> Command:
    """SET ACCESSIBLE MAX ADDRESS EXT: lasts; once per power cycle (ACS-4, Accessible Max Address Configuration)."""
    return Command(name="SET ACCESSIBLE MAX ADDRESS EXT", opcode=0x78, feature=0x0001, lba=native_lba, is_ext=True)


def _secret(first_word: int, password: bytes) -> bytes:
    """The 512 bytes of a SECURITY command: word 0 says who and how, words 1 to 16 hold the password, null-padded."""
    if not 0 < len(password) <= 32:
        raise ValueError("an ATA password has 1 to 32 bytes")
    return (first_word.to_bytes(2, "little") + password.ljust(32, b"\0")).ljust(SECTOR, b"\0")


def set_password(password: bytes) -> Command:
    """The *user* password at level *high* (word 0 bits 0 and 8 clear): the master password still opens the disk."""
    return Command(name="SECURITY SET PASSWORD", opcode=0xF1, count=1, data_out=_secret(0, password))


def unlock(password: bytes) -> Command:
    return Command(name="SECURITY UNLOCK", opcode=0xF2, count=1, data_out=_secret(0, password))


def disable_password(password: bytes) -> Command:
    return Command(name="SECURITY DISABLE PASSWORD", opcode=0xF6, count=1, data_out=_secret(0, password))


def erase_unit_enhanced(password: bytes, timeout_s: int) -> Command:
    """Word 0 bit 1: enhanced mode. Blocks until the end, for hours on a hard disk."""
    return Command(
        name="SECURITY ERASE UNIT", opcode=0xF4, count=1, data_out=_secret(0x0002, password), timeout_s=timeout_s
    )  # fmt: skip
