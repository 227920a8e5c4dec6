"""The SCSI commands that we send, as data. What is not in `LOOKS` changes something and needs an armed transport."""

from dataclasses import dataclass

from agent.erasure import Technique

_QUICK_S = 60  # a disk that spins up first answers within this
_BEGIN_S = 180  # some answer an IMMED command only when the erase has well begun

OVERWRITE, BLOCK_ERASE, CRYPTO_ERASE, EXIT_FAILURE_MODE = 0x01, 0x02, 0x03, 0x1F  # service actions of SANITIZE
IMMED, AUSE = 0x80, 0x20  # SANITIZE byte 1: answer at once; a failed sanitize may be left again
SANITIZE_OPCODE, FORMAT_OPCODE = 0x48, 0x04


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    name: str
    cdb: bytes
    data_out: bytes = b""
    length_in: int = 0
    timeout_s: int = _QUICK_S

    @property
    def deed(self) -> tuple[int, int]:
        """Opcode and service action: what a command does, whatever its other fields say."""
        opcode = self.cdb[0]
        return opcode, self.cdb[1] & 0x1F if opcode in _WITH_SERVICE_ACTION else 0


_WITH_SERVICE_ACTION = (SANITIZE_OPCODE, 0x9E, 0xA3)

TEST_UNIT_READY = Command(name="TEST UNIT READY", cdb=bytes(6))
INQUIRY = Command(name="INQUIRY", cdb=bytes((0x12, 0, 0, 0, 96, 0)), length_in=96)
READ_CAPACITY_16 = Command(name="READ CAPACITY (16)", cdb=bytes((0x9E, 0x10, *bytes(11), 32, 0, 0)), length_in=32)


def request_sense(*, with_descriptors: bool) -> Command:
    """DESC: descriptor format, which holds more; older disks know only the fixed one."""
    return Command(name="REQUEST SENSE", cdb=bytes((0x03, int(with_descriptors), 0, 0, 252, 0)), length_in=252)


def vital_product_data(page: int) -> Command:
    return Command(name=f"INQUIRY (VPD {page:02X}h)", cdb=bytes((0x12, 1, page, 0, 252, 0)), length_in=252)


def supports(opcode: int, service_action: int | None) -> Command:
    """REPORT SUPPORTED OPERATION CODES about one command (SPC-5, 6.35): REPORTING OPTIONS 1 or 2."""
    option, action = (1, 0) if service_action is None else (2, service_action)
    cdb = bytes((0xA3, 0x0C, option, opcode, action >> 8, action & 0xFF, 0, 0, 0, 64, 0, 0))
    return Command(name="REPORT SUPPORTED OPERATION CODES", cdb=cdb, length_in=64)


def sanitize(service_action: int, name: str, data_out: bytes = b"") -> Command:
    """SANITIZE (SBC-4, 5.33), answered at once, with AUSE: a failed one must leave a disk that can be written again."""
    is_exit = service_action == EXIT_FAILURE_MODE
    flags = service_action if is_exit else IMMED | AUSE | service_action
    cdb = bytes((SANITIZE_OPCODE, flags, 0, 0, 0, 0, 0, len(data_out) >> 8, len(data_out) & 0xFF, 0))
    return Command(name=name, cdb=cdb, data_out=data_out, timeout_s=_BEGIN_S)


_ONE_PASS_OF_ZEROS = bytes((0x01, 0, 0, 4, 0, 0, 0, 0))  # OVERWRITE COUNT 1, pattern length 4, the pattern
_IMMED_FORMAT = bytes((0, 0x02, 0, 0))  # short parameter list header: only IMMED, no defect list

ERASES: dict[Technique, Command] = {
    "scsi-sanitize-block": sanitize(BLOCK_ERASE, "SANITIZE BLOCK ERASE"),
    "scsi-sanitize-crypto": sanitize(CRYPTO_ERASE, "SANITIZE CRYPTOGRAPHIC ERASE"),
    "scsi-sanitize-overwrite": sanitize(OVERWRITE, "SANITIZE OVERWRITE", _ONE_PASS_OF_ZEROS),
    # FMTDATA, and of the parameter list only IMMED (SBC-4, 5.4)
    "scsi-format-unit": Command(
        name="FORMAT UNIT", cdb=bytes((FORMAT_OPCODE, 0x10, 0, 0, 0, 0)), data_out=_IMMED_FORMAT, timeout_s=_BEGIN_S
    ),
}
EXIT_FAILURE = sanitize(EXIT_FAILURE_MODE, "SANITIZE EXIT FAILURE MODE")

LOOKS = frozenset(
    one.deed
    for one in (
        TEST_UNIT_READY, INQUIRY, READ_CAPACITY_16, request_sense(with_descriptors=True), supports(0, None),
    )
)  # fmt: skip
MAY_ERASE = frozenset(one.deed for one in (*ERASES.values(), EXIT_FAILURE))
