# ruff: noqa: E501 - a part is read as one line
"""Parts of a composed PC: processor, firmware tables, buses, screens, batteries. As Linux 6.1 shows them."""

from dataclasses import dataclass

from agent.probes.smbios_structures import Table
from agent.units import KIB
from tests.compose.pc import Pc
from tests.probes.smbios_encoding import encode, encode_dump, encode_text

EFI_GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
PCI_ROOT = "/sys/devices/pci0000:00"

_CORE_2 = (
    "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush dts acpi mmx fxsr sse sse2 ss ht tm"
    " pbe syscall nx lm constant_tsc arch_perfmon pebs bts rep_good nopl cpuid aperfmperf pni dtes64 monitor ds_cpl vmx"
    " est tm2 ssse3 cx16 xtpr pdcm lahf_lm pti tpr_shadow dtherm"
).split()
_SILVERMONT = [*_CORE_2, *"rdtscp pclmulqdq sse4_1 sse4_2 movbe popcnt tsc_deadline_timer rdrand epb erms arat".split()]
_SANDY = [
    *_CORE_2,
    *"rdtscp pclmulqdq pcid sse4_1 sse4_2 x2apic popcnt tsc_deadline_timer xsave avx epb xsaveopt arat pln pts".split(),
]
_IVY = [*_SANDY, *"aes f16c rdrand fsgsbase smep erms".split()]
_HASWELL = [*_IVY, *"pdpe1gb fma movbe abm tsc_adjust bmi1 avx2 bmi2 invpcid".split()]
_SKYLAKE = [*_HASWELL, *"3dnowprefetch rdseed adx smap clflushopt xsavec xgetbv1 xsaves".split()]
_TIGER = [*_SKYLAKE, *"avx512f avx512dq avx512cd avx512bw avx512vl sha_ni".split()]
_ZEN = (
    "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ht syscall nx"
    " mmxext fxsr_opt pdpe1gb rdtscp lm constant_tsc rep_good nopl cpuid aperfmperf pni pclmulqdq monitor ssse3 fma"
    " cx16 sse4_1 sse4_2 movbe popcnt aes xsave avx f16c rdrand lahf_lm cmp_legacy svm cr8_legacy abm sse4a fsgsbase"
    " bmi1 avx2 smep bmi2 rdseed adx smap clflushopt sha_ni xsaveopt xsavec xgetbv1"
).split()


@dataclass(frozen=True, kw_only=True)
class Chip:
    """A processor as CPUID tells it. `l2`, `l3` in KiB for one instance; L2 is each core's own but for `is_l2_shared`."""

    name: str
    family: int
    model: int
    stepping: int
    cores: int
    threads: int
    max_mhz: int
    flags: list[str]
    vendor: str = "GenuineIntel"
    l2: int = 256
    l3: int = 0
    is_l2_shared: bool = False


E6550 = Chip(name="Intel(R) Core(TM)2 Duo CPU     E6550  @ 2.33GHz", family=6, model=15, stepping=11, cores=2, threads=2,
             max_mhz=2333, flags=_CORE_2, l2=4096, is_l2_shared=True)  # fmt: skip
I3_2120 = Chip(name="Intel(R) Core(TM) i3-2120 CPU @ 3.30GHz", family=6, model=42, stepping=7, cores=2, threads=4,
               max_mhz=3300, flags=_SANDY, l3=3072)  # fmt: skip
I3_4150T = Chip(name="Intel(R) Core(TM) i3-4150T CPU @ 3.00GHz", family=6, model=60, stepping=3, cores=2, threads=4,
                max_mhz=3000, flags=_HASWELL, l3=3072)  # fmt: skip
I5_4300U = Chip(name="Intel(R) Core(TM) i5-4300U CPU @ 1.90GHz", family=6, model=69, stepping=1, cores=2, threads=4,
                max_mhz=2900, flags=_HASWELL, l3=3072)  # fmt: skip
I3_8145U = Chip(name="Intel(R) Core(TM) i3-8145U CPU @ 2.10GHz", family=6, model=142, stepping=11, cores=2, threads=4,
                max_mhz=3900, flags=_SKYLAKE, l3=4096)  # fmt: skip
I5_1135G7 = Chip(name="11th Gen Intel(R) Core(TM) i5-1135G7 @ 2.40GHz", family=6, model=140, stepping=1, cores=4,
                 threads=8, max_mhz=4200, flags=_TIGER, l2=1280, l3=8192)  # fmt: skip
N2840 = Chip(name="Intel(R) Celeron(R) CPU  N2840  @ 2.16GHz", family=6, model=55, stepping=8, cores=2, threads=2,
             max_mhz=2582, flags=_SILVERMONT, l2=1024, is_l2_shared=True)  # fmt: skip
E5_2609V2 = Chip(name="Intel(R) Xeon(R) CPU E5-2609 v2 @ 2.50GHz", family=6, model=62, stepping=4, cores=4, threads=4,
                 max_mhz=2500, flags=_IVY, l3=10240)  # fmt: skip
R5_3400G = Chip(name="AMD Ryzen 5 3400G with Radeon Vega Graphics", family=23, model=24, stepping=1, cores=4, threads=8,
                max_mhz=3700, flags=_ZEN, vendor="AuthenticAMD", l2=512, l3=4096)  # fmt: skip


def processor(pc: Pc, chip: Chip, sockets: int = 1, *, has_caches: bool = True) -> None:
    """/proc/cpuinfo and /sys/devices/system/cpu. Threads of one core are numbered apart, as Intel and AMD do."""
    cpus = "/sys/devices/system/cpu"
    blocks = []
    total = chip.threads * sockets
    per_core = chip.threads // chip.cores
    for number in range(total):
        core = number % (chip.cores * sockets)
        socket = core // chip.cores
        here = f"{cpus}/cpu{number}"
        twins = [core + chip.cores * sockets * times for times in range(per_core)]
        ours = [n for n in range(total) if n % (chip.cores * sockets) // chip.cores == socket]
        pc.text(f"{here}/topology/core_cpus_list", _listed(twins))
        pc.text(f"{here}/topology/physical_package_id", socket)
        pc.text(f"{here}/cpufreq/cpuinfo_max_freq", chip.max_mhz * 1000)
        if has_caches:
            l2_users = ours if chip.is_l2_shared else twins
            caches = [(1, "Data", 32, twins), (1, "Instruction", 32, twins), (2, "Unified", chip.l2, l2_users)]
            caches += [(3, "Unified", chip.l3, ours)] if chip.l3 else []
            for index, (level, kind, size, users) in enumerate(caches):
                pc.texts(f"{here}/cache/index{index}", level=level, type=kind, size=f"{size}K",
                         shared_cpu_list=_listed(users))  # fmt: skip
        blocks.append(_cpuinfo(chip, number, socket, core % chip.cores))
    pc.text(f"{cpus}/present", f"0-{total - 1}")
    pc.raw("/proc/cpuinfo", "\n".join(blocks).encode() + b"\n")


def _cpuinfo(chip: Chip, number: int, socket: int, core: int) -> str:
    fields = {
        "processor": number, "vendor_id": chip.vendor, "cpu family": chip.family, "model": chip.model,
        "model name": chip.name, "stepping": chip.stepping, "cpu MHz": "798.000",
        "cache size": f"{chip.l3 or chip.l2} KB", "physical id": socket, "siblings": chip.threads, "core id": core,
        "cpu cores": chip.cores, "fpu": "yes", "wp": "yes", "flags": " ".join(chip.flags),
    }  # fmt: skip
    return "".join(f"{key}\t{'' if len(key) > 7 else chr(9)}: {value}\n" for key, value in fields.items())


def _listed(numbers: list[int]) -> str:
    is_run = len(numbers) > 1 and numbers == list(range(numbers[0], numbers[-1] + 1))
    return f"{numbers[0]}-{numbers[-1]}" if is_run else ",".join(map(str, numbers))


def memory_seen(pc: Pc, total_bytes: int) -> None:
    kib = total_bytes // KIB
    pc.text("/proc/meminfo", f"MemTotal:       {kib} kB\nMemFree:        {kib // 2} kB\nMemAvailable:   {kib // 2} kB")


def firmware(pc: Pc, table: Table, chassis_code: int, *, is_root: bool = True) -> None:
    """The SMBIOS table in its three forms: binary, the kernel's own names, dmidecode's text."""
    dump = encode_dump(table)
    entry_length = 24 if dump.startswith(b"_SM3_") else 31
    tables, ids = "/sys/firmware/dmi/tables", "/sys/class/dmi/id"
    bios, system, board, case = table.bios[0], table.systems[0], table.boards[0], table.chassis[0]
    named = {
        "bios_vendor": bios.vendor, "bios_version": bios.version, "bios_date": bios.released,
        "sys_vendor": system.maker, "product_name": system.product, "product_version": system.version,
        "product_sku": system.sku, "product_family": system.family, "board_vendor": board.maker,
        "board_name": board.product, "chassis_vendor": case.maker, "chassis_type": chassis_code,
    }  # fmt: skip
    pc.texts(ids, **{name: value for name, value in named.items() if value is not None})
    secrets = {"product_serial": system.serial, "product_uuid": system.uuid, "board_serial": board.serial,
               "chassis_serial": case.serial}  # fmt: skip
    if is_root:
        pc.raw(f"{tables}/DMI", encode(table))
        pc.raw(f"{tables}/smbios_entry_point", dump[:entry_length])
        pc.texts(ids, **{name: value for name, value in secrets.items() if value is not None})
        pc.raw("/sys/firmware/acpi/tables/FACP", b"FACP\x0c\x01\x00\x00\x05\x10COMPOS" + b"COMPOSED" + bytes(14))
        pc.answer("dmidecode", out=encode_text(table))
    else:
        pc.refused(f"{tables}/DMI", f"{tables}/smbios_entry_point", *(f"{ids}/{name}" for name in secrets))
        pc.refused("/sys/firmware/acpi/tables/FACP")
        said = "# dmidecode 3.4\nGetting SMBIOS data from sysfs.\n/dev/mem: Permission denied\n"
        pc.answer(
            "dmidecode", out=said, err="/sys/firmware/dmi/tables/smbios_entry_point: Permission denied\n", status=1
        )


def uefi(pc: Pc, *, secure_boot: bool | None, is_root: bool = True) -> None:
    """Booted by UEFI; `secure_boot` None: a firmware that does not know it."""
    efi = "/sys/firmware/efi"
    pc.text(f"{efi}/fw_platform_size", 64)
    pc.raw(f"{efi}/efivars/BootCurrent-{EFI_GLOBAL}", b"\x06\0\0\0\x01\0")
    if secure_boot is not None:
        pc.raw(f"{efi}/efivars/SecureBoot-{EFI_GLOBAL}", b"\x06\0\0\0" + bytes([secure_boot]))
        pc.raw(f"{efi}/efivars/SetupMode-{EFI_GLOBAL}", b"\x06\0\0\0\0")


def tpm(pc: Pc, major: int) -> None:
    pc.text("/sys/class/tpm/tpm0/tpm_version_major", major)


def clock(pc: Pc, epoch: int) -> None:
    pc.texts("/sys/class/rtc/rtc0", since_epoch=epoch, name="rtc_cmos rtc_cmos")


def pci(
    pc: Pc, place: str, class_code: str, ids: str, names: tuple[str, str], driver: str | None = None, under: str = ""
) -> str:
    """One PCI function; returns its folder. `under`: the bridges before it ("0000:00:1c.0")."""
    vendor_id, device_id = ids.split(":")
    folder = f"{PCI_ROOT}/{under + '/' if under else ''}{place}"
    uevent = [f"DRIVER={driver}"] if driver else []
    uevent += [f"PCI_CLASS={class_code.upper()}", f"PCI_ID={ids.upper()}", f"PCI_SLOT_NAME={place}"]
    pc.text(f"{folder}/uevent", "\n".join(uevent))
    pc.texts(folder, **{"class": f"0x{class_code}", "vendor": f"0x{vendor_id}", "device": f"0x{device_id}"})
    pc.link(f"/sys/bus/pci/devices/{place}", folder)
    if driver:
        pc.link(f"{folder}/driver", f"/sys/bus/pci/drivers/{driver}")
    pc.name_ids(vendor_id, names[0], device_id, names[1])
    return folder


def interface(pc: Pc, device: str, name: str, mac: str, *, is_wifi: bool = False, speed: int | None = None) -> None:
    """A network interface on the device in this folder."""
    here = f"{device}/net/{name}"
    pc.texts(here, address=mac, addr_assign_type=0, type=1, carrier=int(speed is not None), speed=speed or -1)
    pc.text(f"{here}/uevent", ("DEVTYPE=wlan\n" if is_wifi else "") + f"INTERFACE={name}\nIFINDEX=2")
    pc.link(f"{here}/device", device)
    pc.link(f"/sys/class/net/{name}", here)
    if is_wifi:
        pc.text(f"{device}/ieee80211/phy0/macaddress", mac)
        pc.link(f"{here}/phy80211", f"{device}/ieee80211/phy0")


def usb(
    pc: Pc, name: str, ids: str, maker: str, product: str, interfaces: tuple[tuple[str, str | None], ...] = ()
) -> str:
    """A USB device ("1-1.6") on a host controller at 00:14.0, and its interfaces as (class triple, driver)."""
    vendor_id, product_id = ids.split(":")
    folder = f"{PCI_ROOT}/0000:00:14.0/usb1/{name}"
    pc.texts(folder, idVendor=vendor_id, idProduct=product_id, manufacturer=maker, product=product, bDeviceClass="00")
    pc.link(f"/sys/bus/usb/devices/{name}", folder)
    for number, (triple, driver) in enumerate(interfaces):
        here = f"{folder}/{name}:1.{number}"
        pc.texts(here, bInterfaceClass=triple[:2], bInterfaceSubClass=triple[2:4], bInterfaceProtocol=triple[4:])
        pc.link(f"/sys/bus/usb/devices/{name}:1.{number}", here)
        if driver:
            pc.link(f"{here}/driver", f"/sys/bus/usb/drivers/{driver}")
    return folder


def edid(
    maker: str, product: int, year: int, size_mm: tuple[int, int], pixels: tuple[int, int], *, week: int = 20,
    serial: int = 0, name: bytes = b"", words: tuple[bytes, ...] = (), is_digital: bool = True,
) -> bytes:  # fmt: skip
    """One 128-byte block, EDID 1.4 (1.3 for VGA); VESA E-EDID A.2, section 3."""
    letters = [ord(letter) - 64 for letter in maker]
    block = bytearray.fromhex("00ffffffffffff00")
    block += (letters[0] << 10 | letters[1] << 5 | letters[2]).to_bytes(2, "big")
    block += (
        product.to_bytes(2, "little") + serial.to_bytes(4, "little") + bytes([week, year - 1990, 1, 3 + is_digital])
    )
    block += bytes([0xA5 if is_digital else 0x0E, round(size_mm[0] / 10), round(size_mm[1] / 10), 120, 0x0A])
    block += bytes.fromhex("ee95a3544c99260f5054") + bytes(3) + b"\x01\x01" * 8
    wide, high = pixels
    clock_10khz = (wide + 160) * (high + 35) * 60 // 10_000
    timing = [wide & 255, 160, (wide >> 8) << 4, high & 255, 35, (high >> 8) << 4, 48, 32, 0x36, 0]
    timing += [size_mm[0] & 255, size_mm[1] & 255, (size_mm[0] >> 8) << 4 | size_mm[1] >> 8, 0, 0, 0x1A]
    block += clock_10khz.to_bytes(2, "little") + bytes(timing)
    described = [b"\0\0\0\xfc\0" + _descriptor(name)] if name else []
    described += [b"\0\0\0\xfe\0" + _descriptor(word) for word in words]
    for number in range(3):
        block += described[number] if number < len(described) else b"\0\0\0\x10" + bytes(14)
    block += b"\0"
    return bytes(block) + bytes([-sum(block) % 256])


def _descriptor(text: bytes) -> bytes:
    return (text[:12] + b"\n").ljust(13)


def screen(pc: Pc, card: str, connector: str, raw: bytes, modes: str) -> None:
    """A connector of card0 with a screen on it; `card` is the graphics' PCI folder."""
    here = f"{card}/drm/card0/card0-{connector}"
    pc.texts(here, status="connected", enabled="enabled", modes=modes)
    pc.raw(f"{here}/edid", raw)
    pc.link(f"/sys/class/drm/card0-{connector}", here)


def no_screen(pc: Pc, card: str, connector: str) -> None:
    here = f"{card}/drm/card0/card0-{connector}"
    pc.texts(here, status="disconnected", enabled="disabled")
    pc.raw(f"{here}/edid", b"")
    pc.link(f"/sys/class/drm/card0-{connector}", here)


def battery(pc: Pc, name: str, **values: object) -> None:
    """An ACPI battery; `values` by their kernel names, lower case. The attributes are the uevent's again."""
    here = f"/sys/class/power_supply/{name}"
    told = {"name": name, "type": "Battery", **values}
    pc.text(f"{here}/uevent", "\n".join(f"POWER_SUPPLY_{key.upper()}={value}" for key, value in told.items()))
    pc.texts(here, **{key: value for key, value in told.items() if key != "name"})


def mains(pc: Pc, name: str = "AC") -> None:
    here = f"/sys/class/power_supply/{name}"
    pc.text(f"{here}/uevent", f"POWER_SUPPLY_NAME={name}\nPOWER_SUPPLY_TYPE=Mains\nPOWER_SUPPLY_ONLINE=1")
    pc.texts(here, type="Mains", online=1)
