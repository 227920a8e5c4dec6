"""Hypothesis strategies for SMBIOS tables that both a binary table and dmidecode's text can say without loss."""

import string
from datetime import date

from hypothesis import strategies as st

from agent.probes import smbios_codes as codes
from agent.probes.smbios_codes import said
from agent.probes.smbios_structures import (
    Bios,
    Board,
    Chassis,
    HardwareSecurity,
    MemoryArray,
    MemoryDevice,
    OldModule,
    OnboardDevice,
    PortableBattery,
    Processor,
    SystemInfo,
    Table,
    TpmDevice,
)
from agent.units import GIB, KIB, MIB
from tests.probes.smbios_encoding import PASSWORDS

_ALPHABET = string.ascii_letters + string.digits + " -./()[]:,#_+@"
texts = st.none() | st.text(_ALPHABET, min_size=1, max_size=24).map(said)
counts = st.none() | st.integers(1, 0xFFFE)


def _names(names: dict[int, str], *but: str) -> st.SearchStrategy[str | None]:
    known = [name for name in dict.fromkeys(names.values()) if name not in ("Unknown", *but)]
    return st.none() | st.sampled_from(known)


uuids = st.uuids().map(str) | st.sampled_from(["0", "f"]).map(lambda c: "-".join(c * n for n in (8, 4, 4, 4, 12)))
sizes = (
    st.none()
    | st.just(0)
    | st.integers(1, 1023).map(KIB.__mul__)
    | st.integers(1, 1023).map(MIB.__mul__)
    | st.integers(1, 2000).map(GIB.__mul__)
)
_old_kinds = st.sets(st.sampled_from(["Standard", "FPM", "EDO", "Parity", "ECC", "SIMM", "DIMM", "SDRAM"])).map(
    lambda chosen: " ".join(name for name in codes.OLD_MODULE.values() if name in chosen) or None
)
days = st.dates(min_value=date(1981, 1, 1), max_value=date(2099, 12, 31))
made_on = st.none() | days.map(str) | st.integers(1990, 2030).map(str)


@st.composite
def _devices(draw: st.DrawFn) -> MemoryDevice:
    device = MemoryDevice(
        array=draw(st.integers(0, 0xFFFF)),
        total_bits=draw(st.none() | st.integers(1, 0xFFFE)),
        data_bits=draw(st.none() | st.integers(1, 0xFFFE)),
        size_bytes=draw(sizes),
        form=draw(_names(codes.FORM, "CAMM")),
        locator=draw(texts),
        bank=draw(texts),
        kind=draw(_names(codes.MEMORY, "HBM3", "Reserved")),
    )
    if device.size_bytes == 0:
        return device
    return MemoryDevice(
        **{field: getattr(device, field) for field in device.__struct_fields__}
        | {
            "rated_mts": draw(st.none() | st.integers(1, 90_000).filter(lambda n: n != 0xFFFF)),
            "configured_mts": draw(st.none() | st.integers(1, 0xFFFE)),
            **{field: draw(texts) for field in ("maker", "serial", "asset_tag", "part")},
        }
    )


processors = st.builds(
    Processor, socket=texts, kind=_names(codes.PROCESSOR), maker=texts, model_name=texts, is_populated=st.booleans(),
    cores=counts, cores_enabled=counts, threads=counts, max_mhz=counts, current_mhz=counts,
)  # fmt: skip
batteries = st.builds(
    PortableBattery, location=texts, maker=texts, name=texts, made_on=made_on,
    serial=texts.map(lambda text: text or "0000"),
    chemistry=_names(codes.CHEMISTRY) | st.sampled_from(["LiP", "LION", "NiMH"]),
    design_mwh=st.none() | st.integers(1, 0xFFFF) | st.integers(1, 9000).map((10).__mul__), design_mv=counts,
)  # fmt: skip


def tables() -> st.SearchStrategy[Table]:
    def some(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
        return st.lists(strategy, max_size=2).map(tuple)

    arrays = st.builds(
        MemoryArray, handle=st.integers(0, 0xFFFF), use=_names(codes.ARRAY_USE), ecc=_names(codes.ARRAY_ECC),
        maximum_bytes=sizes.map(lambda size: size or None), slots=st.integers(0, 0xFFFF),
    )  # fmt: skip
    return st.builds(
        Table,
        version=st.sampled_from([(2, 4), (2, 8), (3, 2), (3, 4)]),
        bios=some(
            st.builds(
                Bios, vendor=texts, version=texts, released=texts, is_uefi=st.booleans(), is_virtual=st.booleans()
            )
        ),
        systems=some(
            st.builds(
                SystemInfo, maker=texts, product=texts, version=texts, serial=texts, uuid=uuids, sku=texts, family=texts
            )
        ),
        boards=some(
            st.builds(
                Board, maker=texts, product=texts, version=texts, serial=texts, asset_tag=texts,
                kind=_names(codes.BOARD),
            )
        ),
        chassis=some(
            st.builds(
                Chassis, maker=texts, version=texts, serial=texts, asset_tag=texts, sku=texts,
                kind=st.none() | st.sampled_from(list(codes.CHASSIS.values())),
            )
        ),
        processors=some(processors),
        old_modules=some(
            st.builds(
                OldModule, socket=texts, kind=_old_kinds,
                size_bytes=st.none() | st.just(0) | st.integers(0, 15).map(MIB.__lshift__),
            )
        ),
        oem_strings=some(texts.filter(bool)),
        memory_arrays=some(arrays),
        memory_devices=some(_devices()),
        batteries=some(batteries),
        hardware_security=some(
            st.builds(
                HardwareSecurity, **{field: st.sampled_from(PASSWORDS) for field in HardwareSecurity.__struct_fields__}
            )
        ),
        onboard_devices=some(
            st.builds(OnboardDevice, name=texts, kind=_names(codes.ONBOARD), is_enabled=st.booleans())
        ),
        tpms=some(
            st.builds(TpmDevice, vendor=st.sampled_from(["INTC", "IFX"]), version=st.sampled_from(["1.2", "2.0"]))
        ),
    )  # fmt: skip
