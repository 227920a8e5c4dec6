"""IDENTIFY words: each believed only under its validity bits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wipe.ata.identify import Identity, NotIdentified, read_identity
from tests.wipe.twins.ata import AtaTwin


def of(twin: AtaTwin | None = None, *, is_signed: bool = True, **words: int) -> Identity:
    """IDENTIFY of a twin with some words changed ("w83"), its checksum made right again."""
    data = bytearray((twin or AtaTwin()).identify_data())
    for name, word in words.items():
        at = int(name[1:]) * 2
        data[at : at + 2] = word.to_bytes(2, "little")
    data[510] = 0xA5 if is_signed else 0
    data[511] = 0
    data[511] = -sum(data) & 0xFF if is_signed else 0
    return read_identity(bytes(data))


def test_a_whole_identity() -> None:
    identity = of(AtaTwin(native=100, visible=90))
    assert (identity.serial, identity.model, identity.firmware) == ("TWIN0001", "Rebond ATA twin", "FW01")
    assert (identity.sectors, identity.sector_bytes, identity.size_bytes) == (90, 512, 90 * 512)
    assert identity.has_checksum and identity.has_48bit and identity.is_rotational is False
    assert identity.security.is_supported and identity.security.has_enhanced and not identity.security.is_enabled
    assert identity.enhanced_time.minutes == 10


@pytest.mark.parametrize("at", [0, 20, 128, 256, 509, 511])
def test_one_wrong_byte_is_noticed(at: int) -> None:
    data = bytearray(AtaTwin().identify_data())
    data[at] ^= 0x10
    with pytest.raises(NotIdentified):
        read_identity(bytes(data))


@pytest.mark.parametrize("data", [b"", bytes(511), bytes(512), bytes(1024), b"\xff" * 512])
def test_no_identity(data: bytes) -> None:
    with pytest.raises(NotIdentified):
        read_identity(data)


@given(st.binary(min_size=500, max_size=520))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        identity = read_identity(data)
    except NotIdentified:
        return
    assert identity.sectors > 0


def test_an_old_drive_has_no_checksum() -> None:
    assert not of(is_signed=False).has_checksum


def test_atapi_is_no_disk() -> None:
    with pytest.raises(NotIdentified):
        of(w0=0x8580)


@pytest.mark.parametrize(
    ("words", "sectors"),
    [
        ({"w60": 0x5678, "w61": 0x0234, "w83": 0x4000}, 0x02345678),
        ({"w100": 0xBBBB, "w101": 0xAAAA, "w102": 1, "w60": 9}, 0x1AAAABBBB),
        ({"w100": 0, "w60": 7, "w61": 0}, 7),  # 48 bits announced, and nothing in them
        ({"w83": 0xC400, "w100": 5, "w60": 7}, 7),  # word 83 without its validity bits
        ({"w69": 0x0008, "w230": 11, "w100": 5}, 11),
        ({"w69": 0xFFFF, "w230": 11, "w100": 5}, 5),
    ],
)
def test_the_number_of_sectors(words: dict[str, int], sectors: int) -> None:
    assert of(**words).sectors == sectors


@pytest.mark.parametrize(
    ("words", "size"),
    [
        ({"w106": 0x5000, "w117": 2048}, 4096),
        ({"w106": 0x4000, "w117": 2048}, 512),
        ({"w106": 0x9000, "w117": 2048}, 512),
        ({"w106": 0xD000, "w117": 2048}, 512),
        ({"w106": 0x5000, "w117": 0}, 512),
        ({"w106": 0x5000, "w117": 100}, 512),
        ({"w106": 0x5000, "w117": 264}, 512),  # 528 bytes: no disk that Linux reads
    ],
)
def test_the_sector_size(words: dict[str, int], size: int) -> None:
    assert of(**words).sector_bytes == size


def test_features_need_their_validity_bits() -> None:
    assert of(w83=0x8C00).may_hide is None
    assert not of(w83=0x8C00).has_hpa and not of(w83=0x8C00).has_dco
    assert of(AtaTwin(has_hpa=False, has_dco=False)).may_hide is False
    assert of(AtaTwin(has_hpa=False, has_dco=False), w119=0x4100).has_ama
    assert not of(w119=0x0100).has_ama and not of(w119=0xFFFF).has_ama


def test_sanitize_needs_its_feature_bit() -> None:
    for word, expected in ((0xF000, (True, True, True)), (0xE000, (False,) * 3), (0xFFFF, (False,) * 3),
                           (0x9000, (True, False, False)), (0x5000, (False, True, False))):  # fmt: skip
        offer = of(w59=word).sanitize
        assert (offer.has_block, offer.has_overwrite, offer.has_crypto) == expected


@pytest.mark.parametrize("bit", range(6))
def test_security_bits(bit: int) -> None:
    security = of(w128=1 | 1 << bit).security
    names = ("is_supported", "is_enabled", "is_locked", "is_frozen", "is_expired", "has_enhanced")
    assert [name for name in names if getattr(security, name)] == (["is_supported"] + ([names[bit]] if bit else []))


def test_no_security_at_all() -> None:
    security = of(AtaTwin(has_security=False), w128=0x002E).security
    assert not security.is_supported and not security.has_enhanced and not security.is_locked
    assert not of(AtaTwin(has_security=False), w128=0xFFFF).security.is_supported


@pytest.mark.parametrize(
    ("word", "minutes"),
    [(0, None), (1, 2), (254, 508), (255, None), (0x1234, 0x34 * 2), (0x8000, None), (0x8001, 2), (0x80FF, 510),
     (0xFFFE, 65532), (0xFFFF, None)],
)  # fmt: skip
def test_erase_times(word: int, minutes: int | None) -> None:
    assert of(w89=word).erase_time.minutes == minutes
    assert of(w90=word).enhanced_time.minutes == minutes


@pytest.mark.parametrize(("word", "is_rotational"), [(1, False), (7200, True), (0, None), (0xFFFF, None)])
def test_rotation(word: int, is_rotational: bool | None) -> None:
    assert of(w217=word).is_rotational is is_rotational
