"""What an NVMe family offers, what an erase would hit, and that a family opened to look only looks."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from agent.wipe.device import Gone, Refused
from agent.wipe.nvme.admin import LOOKING, SANITIZE, Command, Completion, NvmeAdmin
from agent.wipe.nvme.family import NvmeFamily, open_nvme
from tests.wipe.nvme.test_sanitize import BLOCK, opened
from tests.wipe.twins.nvme import Notes, NvmeTwin, media_of, no_wait, noting

TWO = {1: "nvme0n1", 2: "nvme0n2"}


def two() -> dict[int, bytearray]:
    return {1: bytearray(b"secret!!" * 512), 2: bytearray(b"secret!!" * 64)}


def family_of(twin: NvmeTwin, **fields: object) -> NvmeFamily:
    siblings = fields.pop("siblings", None)
    is_locked = bool(fields.pop("is_locked", False))
    return open_nvme(
        -1, media_of(twin, **fields), armed=False, submit=twin.submit, siblings=siblings,  # type: ignore[arg-type]
        is_locked=is_locked, wait=no_wait,
    )  # fmt: skip


def can(family: NvmeFamily) -> list[str]:
    return [one.technique for one in family.abilities() if one.can]


@pytest.mark.parametrize(
    "sanicap, oacs, fna, wanted",
    [
        (0b0111, 2, 0b100, ["nvme-sanitize-block", "nvme-sanitize-crypto", "nvme-sanitize-overwrite",
                            "nvme-format-crypto", "nvme-format-user-data"]),
        (0b0001, 2, 0b000, ["nvme-sanitize-crypto", "nvme-format-user-data"]),
        (0b0000, 2, 0b100, ["nvme-format-crypto", "nvme-format-user-data"]),
        (0b0010, 0, 0b111, ["nvme-sanitize-block"]),
        (0b0000, 0, 0b100, []),
    ],
)  # fmt: skip
def test_offered_in_the_order_of_the_method_table(sanicap: int, oacs: int, fna: int, wanted: list[str]) -> None:
    twin = NvmeTwin(sanicap=sanicap, oacs=oacs, fna=fna)
    told = family_of(twin).abilities()
    assert [one.technique for one in told if one.can] == wanted
    assert [one.technique for one in told] == [
        "nvme-sanitize-block", "nvme-sanitize-crypto", "nvme-sanitize-overwrite", "nvme-format-crypto",
        "nvme-format-user-data",
    ]  # fmt: skip
    assert all(one.untested and one.fr and one.en for one in told)
    assert all("Format, not Sanitize" in one.en for one in told if one.can and "format" in one.technique)


def test_estimates_and_attestation_are_told() -> None:
    block, crypto, overwrite, *_ = family_of(NvmeTwin(sanicap=0b10_0111)).abilities()
    assert (block.estimate_s, crypto.estimate_s, overwrite.estimate_s) == (40, 2, None)
    assert "attest" in block.en and "attester" in block.fr


@pytest.mark.parametrize(
    "fields, twin, said",
    [
        ({"bridge": "152d:0562"}, NvmeTwin(), "adapter"),
        ({"transport": "usb"}, NvmeTwin(), "adapter"),
        ({"is_locked": True}, NvmeTwin(), "PSID"),
        ({}, NvmeTwin(write_protected=(1,)), "write protected"),
        ({}, NvmeTwin(status=2, progress=0x8000, fault="stuck"), "already erasing"),
        ({}, NvmeTwin(status=3, state=2, sanicap=0b1011), "blocks the drive"),
        ({"name": "nvme0n1"}, NvmeTwin(namespaces=two()), "not known which"),
        ({"siblings": {1: "nvme0n1"}}, NvmeTwin(namespaces=two()), r"other namespaces \(2\)"),
        ({}, NvmeTwin(namespaces=two(), inactive=(2,), oacs=10, cmic=2), "Another computer"),
    ],
)
def test_reasons_against_everything(fields: dict[str, object], twin: NvmeTwin, said: str) -> None:
    told = family_of(twin, **fields).abilities()
    assert not any(one.can for one in told)
    assert any(re.search(said, one.en) for one in told)


def test_a_drive_that_makes_no_sense_offers_nothing() -> None:
    twin = NvmeTwin()
    twin._controller = lambda: bytes(4096)  # type: ignore[method-assign]
    told = family_of(twin).abilities()
    assert len(told) == 5 and not any(one.can for one in told) and "does not say what it is" in told[0].en


@pytest.mark.parametrize("what", ["empty active namespace", "ours is not active", "active but not allocated", "none"])
def test_a_list_of_namespaces_that_makes_no_sense_offers_nothing(what: str) -> None:
    twin = NvmeTwin(namespaces=two(), oacs=10)
    nsid = 1
    if what == "empty active namespace":
        twin._namespace = lambda nsid: bytes(4096)  # type: ignore[method-assign]
    elif what == "ours is not active":
        nsid = 7
    elif what == "none":
        twin.inactive = (1, 2)

    def submit(command: Command) -> Completion:
        if what == "active but not allocated" and command.cdw10 == 0x10:
            return Completion(data=b"\x01".ljust(4096, b"\0"))
        return twin.submit(command)

    family = open_nvme(-1, media_of(twin), armed=False, submit=submit, nsid=nsid, siblings=TWO, wait=no_wait)
    told = family.abilities()
    assert not any(one.can for one in told) and "makes no sense" in told[0].en
    assert family.identify()[:2] == ("TWIN0001", "Twin NVMe")  # it can still be claimed, and overwritten


def test_an_answer_with_an_error_status_has_no_data() -> None:
    twin = NvmeTwin()

    def submit(command: Command) -> Completion:
        answer = twin.submit(command)
        return replace(answer, status=6) if command.opcode == 2 else answer

    family = open_nvme(-1, media_of(twin), armed=False, submit=submit, nsid=1, wait=no_wait)
    assert can(family) == ["nvme-format-user-data"]


def test_a_failed_sanitize_stops_format_but_not_another_sanitize() -> None:
    told = {one.technique: one for one in family_of(NvmeTwin(status=3, state=4, sanicap=0b1010)).abilities()}
    assert told[BLOCK].can and "had failed" in told[BLOCK].en
    assert not told["nvme-format-user-data"].can and "failed" in told["nvme-format-user-data"].en


def test_a_drive_with_sanitize_but_no_log_cannot_sanitize() -> None:
    twin = NvmeTwin()
    twin._unreadable = 9
    assert can(family_of(twin)) == ["nvme-format-user-data"]


# --- what an erase would hit ------------------------------------------------------------------------------------------


def test_every_namespace_is_listed_and_named_to_the_operator() -> None:
    family = family_of(NvmeTwin(namespaces=two()), siblings=TWO)
    assert [(one.nsid, one.name, one.is_ours, one.size_bytes) for one in family.namespaces()] == [
        (1, "nvme0n1", True, 4096),
        (2, "nvme0n2", False, 512),
    ]
    block = family.abilities()[0]
    assert block.can and "erases nvme0n2 too" in block.en and "Efface aussi nvme0n2" in block.fr


@pytest.mark.parametrize(
    "fna, flbas, wanted",
    [
        (0b000, {}, False),  # hits ours only: the other one would stay
        (0b010, {}, True),
        (0b011, {}, True),
        (0b011, {2: 1}, False),  # would change the other's format
        (0b010, {2: 1}, True),
    ],
)
def test_format_only_when_it_hits_all_and_changes_none(fna: int, flbas: dict[int, int], wanted: bool) -> None:
    spaces = {1: bytearray(b"secret!!" * 512), 2: bytearray(b"secret!!" * 512)}
    family = family_of(NvmeTwin(namespaces=spaces, fna=fna, flbas=flbas, sanicap=0), siblings=TWO)
    assert (can(family) == ["nvme-format-user-data"]) is wanted


@pytest.mark.parametrize(
    "oacs, total, left, level, state",
    [
        (2, 0, 0, "purge", "not-applicable"),  # no namespace management: nothing can be outside
        (2, 9000, 5000, "purge", "not-applicable"),
        (10, 4096, 0, "purge", "not-applicable"),
        (10, 9000, 4904, "clear", "kept"),
        (10, 0, 0, "clear", "unknown"),
    ],
)
def test_capacity_outside_of_namespaces(oacs: int, total: int, left: int, level: str, state: str) -> None:
    family = family_of(NvmeTwin(oacs=oacs, total_bytes=total, unallocated_bytes=left))
    told = {one.technique: one.level for one in family.abilities()}
    assert told["nvme-format-user-data"] == level and told["nvme-sanitize-block"] == "purge"
    hidden = family.look_hidden()
    assert (hidden.state, hidden.visible_bytes) == (state, 4096) and hidden.said


def test_a_namespace_that_is_not_attached_is_kept_and_hit_by_sanitize_only() -> None:
    family = family_of(NvmeTwin(namespaces=two(), inactive=(2,), oacs=10, total_bytes=4608))
    assert family.look_hidden().state == "kept"
    assert can(family) == ["nvme-sanitize-block", "nvme-sanitize-crypto"]
    assert [one.nsid for one in family.namespaces() if not one.is_active] == [2]


def test_a_namespace_that_appears_after_the_claim_stops_the_erase() -> None:
    twin = NvmeTwin()
    family = opened(twin)
    family.namespaces()
    eraser = family.eraser(BLOCK)
    twin.namespaces[2] = bytearray(b"secret!!")
    with pytest.raises(Refused, match="not those of the beginning"):
        eraser.begin(noting(Notes()))
    assert not any(command.opcode == SANITIZE for command in twin.sent)


def test_another_drive_in_its_place_is_gone() -> None:
    twin = NvmeTwin()
    family = opened(twin)
    assert family.identify() == ("TWIN0001", "Twin NVMe", 4096)
    eraser = family.eraser(BLOCK)
    twin.serial = "OTHER"
    assert family.identify()[0] == "OTHER"
    with pytest.raises(Gone):
        eraser.begin(noting(Notes()))
    assert not any(command.opcode == SANITIZE for command in twin.sent)


@pytest.mark.parametrize(
    "known, is_same",
    [
        ("TWIN0001", True),
        (" twin0001 ", True),
        ("TWIN0001-LONGER", True),
        (None, True),
        ("TWIN0002", False),
        ("TWIN", False),
    ],
)
def test_serial_numbers_but_for_blanks_and_case(known: str | None, is_same: bool) -> None:
    family = family_of(NvmeTwin(), serial=known)
    if is_same:
        assert family.namespaces()
    else:
        with pytest.raises(Gone):
            family.namespaces()


def test_a_size_that_is_not_told_is_no_reason_to_be_gone() -> None:
    twin = NvmeTwin()

    def submit(command: Command) -> Completion:
        is_namespace = command.opcode == 6 and command.cdw10 == 0
        return Completion(status=2) if is_namespace else twin.submit(command)

    family = open_nvme(-1, media_of(twin), armed=False, submit=submit, nsid=1, wait=no_wait)
    assert family.identify() == ("TWIN0001", "Twin NVMe", None)


def test_what_format_leaves_out_is_told() -> None:
    def said(twin: NvmeTwin) -> str:
        return next(one.en for one in family_of(twin).abilities() if one.technique == "nvme-format-user-data")

    assert "is not told" in said(NvmeTwin(oacs=10))
    assert "4904 unallocated bytes are not erased" in said(NvmeTwin(oacs=10, total_bytes=9000, unallocated_bytes=4904))


def test_a_drive_that_does_not_say_what_it_is_is_gone() -> None:
    twin = NvmeTwin()
    twin._controller = lambda: bytes(4096)  # type: ignore[method-assign]
    with pytest.raises(Gone):
        family_of(twin).identify()


# --- looking ----------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    sanicap=some.integers(0, 63), oacs=some.integers(0, 15), fna=some.integers(0, 7), status=some.integers(0, 4),
    state=some.integers(0, 6), inactive=some.booleans(), fault=some.sampled_from(["", "stuck", "denied"]),
)  # fmt: skip
def test_a_family_opened_to_look_only_looks(
    sanicap: int, oacs: int, fna: int, status: int, state: int, inactive: bool, fault: str
) -> None:
    twin = NvmeTwin(
        namespaces=two(), inactive=(2,) if inactive else (), sanicap=sanicap, oacs=oacs, fna=fna, status=status,
        state=state, fault=fault,
    )  # fmt: skip
    family = family_of(twin, siblings=TWO)
    family.abilities(), family.identify(), family.look_hidden(), family.namespaces()
    for technique in (one.technique for one in family.abilities()):
        with pytest.raises(Refused):
            family.eraser(technique)
    with pytest.raises(Refused):
        family.open_hidden()
    assert {command.opcode for command in twin.sent} <= LOOKING


@pytest.mark.parametrize("armed", [True, False])
def test_no_other_opcode_is_ever_sent(armed: bool) -> None:
    twin = NvmeTwin()
    for opcode in set(range(256)) - LOOKING - ({0x80, 0x84} if armed else set()):
        for cdw10 in (0x00A, 0x20A):
            with pytest.raises(Refused):
                NvmeAdmin(twin.submit, armed=armed).send(Command(name="X", opcode=opcode, nsid=1, cdw10=cdw10))
    assert not twin.sent


@pytest.mark.parametrize("nsid, cdw10", [(0, 0), (0, 6), (0, 7), (1, 0x0A), (0xFFFFFFFF, 0x0A)])
def test_no_malformed_sanitize_is_ever_sent(nsid: int, cdw10: int) -> None:
    twin = NvmeTwin()
    with pytest.raises(Refused):
        NvmeAdmin(twin.submit, armed=True).send(Command(name="X", opcode=SANITIZE, nsid=nsid, cdw10=cdw10))
    assert not twin.sent


def test_behind_an_adapter_no_eraser_is_made_even_armed() -> None:
    twin = NvmeTwin()
    family = open_nvme(-1, media_of(twin, bridge="152d:0562"), armed=True, submit=twin.submit, nsid=1, wait=no_wait)
    with pytest.raises(Refused, match="adapter"):
        family.eraser(BLOCK)


def test_open_hidden_changes_nothing() -> None:
    twin = NvmeTwin()
    assert opened(twin).open_hidden().state == "not-applicable"
    assert {command.opcode for command in twin.sent} <= LOOKING
