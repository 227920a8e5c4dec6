# ruff: noqa: E501 - a part is read as one line
"""The PCs: each a function that composes one, named after its capture. Every serial, address and tag is invented."""

from collections.abc import Callable

from agent.probes.smbios_structures import Bios, Board, SystemInfo
from agent.units import GIB, MIB
from tests.compose import disks, parts
from tests.compose.pc import Pc
from tests.compose.stock import EPOCH, INTEL, INTEL_SSD, NVME, SEAGATE_DYING, TAKEN, WESTERN_TIRED, module, table


def bios_desktop_failing_disk() -> Pc:
    pc = Pc("bios-desktop-failing-disk", taken_at=TAKEN,
            about="An office desktop of 2012 started in BIOS mode; its hard disk announces its end.")  # fmt: skip
    parts.processor(pc, parts.I3_2120)
    parts.memory_seen(pc, 4 * GIB - 230 * MIB)
    parts.firmware(pc, table(
        bios=Bios(vendor="Dell Inc.", version="A12", released="05/21/2012", is_uefi=False),
        system=SystemInfo(maker="Dell Inc.", product="OptiPlex 390", version="01", serial="CMPSD01",
                          uuid="4c4c4544-004d-5010-8053-c3c04f4d5031"),
        board=Board(maker="Dell Inc.", product="0M5DCD", version="A00", serial=".CMPSD01.CN7016320C0MP1.",
                    kind="Motherboard"),
        chassis="Mini Tower", case_serial="CMPSD01", chip=parts.I3_2120, maximum=8 * GIB, version=(2, 6),
        modules=(module("DIMM1", 4 * GIB, mts=1333, serial="8C0MP001"), module("DIMM2", 0)), admin="disabled",
    ), 6)  # fmt: skip
    parts.tpm(pc, 1)
    parts.clock(pc, EPOCH)
    names = "6 Series/C200 Series Chipset Family"
    gpu = parts.pci(pc, "0000:00:02.0", "030000", "8086:0102", (INTEL, "2nd Generation Core Graphics"), "i915")
    parts.pci(pc, "0000:00:1b.0", "040300", "8086:1c20", (INTEL, f"{names} High Definition Audio"), "snd_hda_intel")
    ahci = parts.pci(pc, "0000:00:1f.2", "010601", "8086:1c02", (INTEL, f"{names} SATA AHCI Controller"), "ahci")
    nic = parts.pci(
        pc, "0000:02:00.0", "020000", "10ec:8168", ("Realtek", "RTL8111/8168/8411"), "r8169", "0000:00:1c.4"
    )
    parts.interface(pc, nic, "enp2s0", "02:c0:de:00:00:01", speed=1000)
    raw = parts.edid(
        "DEL", 0xA057, 2011, (376, 301), (1280, 1024), name=b"DELL E190S", serial=0x31504D43, is_digital=False
    )
    parts.screen(pc, gpu, "VGA-1", raw, "1280x1024\n1024x768")
    disks.sata(pc, "sda", ahci, 1, SEAGATE_DYING)
    disks.stick(pc, "sdb", "1-2", 15_518_924_800, is_boot=True)
    return pc


def uefi_school_laptop() -> Pc:
    pc = Pc("uefi-school-laptop", taken_at=TAKEN,
            about="A school's laptop of 2019: UEFI, NVMe, TPM 2.0; the battery is worn and a BIOS password is set.")  # fmt: skip
    _school_laptop(pc, is_root=True)
    function = parts.pci(pc, "0000:01:00.0", "010802", "144d:a808", ("Samsung", "NVMe SSD Controller SM981/PM981"), "nvme",
                         "0000:00:1d.0")  # fmt: skip
    disks.nvme(pc, "nvme0n1", function, NVME)
    return pc


def _school_laptop(pc: Pc, *, is_root: bool) -> None:
    parts.processor(pc, parts.I3_8145U, has_caches=is_root)
    parts.memory_seen(pc, 8 * GIB - 400 * MIB)
    sodimm = "SODIMM"
    parts.firmware(pc, table(
        bios=Bios(vendor="HP", version="R71 Ver. 01.17.00", released="10/26/2021", is_uefi=True),
        system=SystemInfo(maker="HP", product="HP ProBook 430 G6", serial="5CDC0MP01X", sku="5PP38EA#ABF",
                          uuid="30444335-3043-504d-3031-58c0de000002", family="103C_5336AN HP ProBook"),
        board=Board(maker="HP", product="8536", version="KBC Version 52.7D.00", serial="PHC0MP0WBC0MP1",
                    kind="Motherboard"),
        chassis="Notebook", case_serial="5CDC0MP01X", chip=parts.I3_8145U, maximum=32 * GIB, tpm="2.0", admin="enabled",
        modules=(module("Bottom-Slot 1(left)", 8 * GIB, "DDR4", sodimm, 2400, part="M471A1K43CB1-CTD", serial="37C0MP02"),
                 module("Bottom-Slot 2(right)", 0, form=sodimm)),
    ), 10, is_root=is_root)  # fmt: skip
    parts.uefi(pc, secure_boot=True)
    parts.tpm(pc, 2)
    parts.clock(pc, EPOCH)
    gpu = parts.pci(pc, "0000:00:02.0", "030000", "8086:3ea0", (INTEL, "UHD Graphics 620 (Whiskey Lake)"), "i915")
    parts.screen(pc, gpu, "eDP-1", parts.edid("BOE", 0x07D8, 2018, (294, 165), (1366, 768), words=(b"BOE CQ", b"NT133WHM-N45")),
                 "1366x768")  # fmt: skip
    parts.no_screen(pc, gpu, "HDMI-A-1")
    parts.pci(
        pc, "0000:00:1f.3", "040300", "8086:9dc8", (INTEL, "Cannon Point-LP High Definition Audio"), "snd_hda_intel"
    )
    wifi = parts.pci(
        pc, "0000:00:14.3", "028000", "8086:9df0", (INTEL, "Cannon Point-LP CNVi [Wireless-AC]"), "iwlwifi"
    )
    parts.interface(pc, wifi, "wlan0", "02:c0:de:00:00:02", is_wifi=True)
    parts.usb(pc, "1-5", "04f2:b67e", "Chicony", "HP HD Camera", (("0e0100", "uvcvideo"), ("0e0200", "uvcvideo")))
    parts.usb(pc, "1-10", "8087:0aaa", "Intel Corp.", "Bluetooth 9460/9560", (("e00101", "btusb"),))
    parts.battery(pc, "BAT0", status="Discharging", present=1, technology="Li-ion", cycle_count=811,
                  voltage_min_design=11_400_000, voltage_now=11_100_000, charge_full_design=3_947_000,
                  charge_full=1_421_000, charge_now=930_000, model_name="RE03XL", manufacturer="Hewlett-Packard",
                  serial_number="C0MP1")  # fmt: skip
    parts.mains(pc)


def not_root_visit() -> Pc:
    pc = Pc("not-root-visit", taken_at=TAKEN,
            about="The school's laptop again, looked at by an ordinary user: tables, serials and disks are refused.")  # fmt: skip
    _school_laptop(pc, is_root=False)
    function = parts.pci(pc, "0000:01:00.0", "010802", "144d:a808", ("Samsung", "NVMe SSD Controller SM981/PM981"), "nvme",
                         "0000:00:1d.0")  # fmt: skip
    disks.nvme(pc, "nvme0n1", function, NVME)
    pc.commands = [command for command in pc.commands if command[0][0] not in ("smartctl", "nvme", "dmesg")]
    pc.answer("dmesg", "-t", err="dmesg: read kernel buffer failed: Operation not permitted\n", status=1)
    said = "Smartctl open device: /dev/nvme0n1 failed: Permission denied"
    doc = disks._head("nvme0n1", {}, [{"string": said, "severity": "error"}], ["", said, ""], 2)
    pc.answer("smartctl", *disks.SMART_WORDS, "/dev/nvme0n1", out=disks._lines(doc), status=2)
    pc.answer("nvme", "id-ctrl", "/dev/nvme0", "--output-format=json", err="/dev/nvme0: Permission denied\n", status=1)
    return pc


def two_batteries_called_desktop() -> Pc:
    pc = Pc("two-batteries-called-desktop", taken_at=TAKEN,
            about="A business laptop of 2014 whose board says Desktop; the inner battery is dead, the outer one is fine.")  # fmt: skip
    parts.processor(pc, parts.I5_4300U)
    parts.memory_seen(pc, 8 * GIB - 260 * MIB)
    parts.firmware(pc, table(
        bios=Bios(vendor="LENOVO", version="GJET92WW (2.42 )", released="03/03/2017", is_uefi=True),
        system=SystemInfo(maker="LENOVO", product="20AQC0MP00", version="ThinkPad T440s", serial="PC0C0MP3",
                          uuid="c0de0003-0000-11e4-9c43-bc2e6b000003", sku="LENOVO_MT_20AQ", family="ThinkPad T440s"),
        board=Board(maker="LENOVO", product="20AQC0MP00", version="0B98401 Pro", serial="1ZSC0MP0003",
                    kind="Motherboard"),
        chassis="Desktop", case_serial="PC0C0MP3", chip=parts.I5_4300U, maximum=12 * GIB, version=(2, 7),
        modules=(module("ChannelA-DIMM0", 4 * GIB, form="Row Of Chips", maker="Samsung", part="K4B8G1646B-MYK0"),
                 module("ChannelB-DIMM0", 4 * GIB, form="SODIMM", part="M471B5173DB0-YK0", serial="12C0MP03")),
        admin="disabled",
    ), 3)  # fmt: skip
    parts.uefi(pc, secure_boot=False)
    parts.tpm(pc, 1)
    parts.clock(pc, EPOCH)
    gpu = parts.pci(pc, "0000:00:02.0", "030000", "8086:0a16", (INTEL, "Haswell-ULT Integrated Graphics"), "i915")
    parts.screen(pc, gpu, "eDP-1", parts.edid("LGD", 0x03ED, 2013, (309, 174), (1920, 1080), words=(b"LG Display", b"LP140WF3-SPD1")),
                 "1920x1080")  # fmt: skip
    wired = parts.pci(pc, "0000:00:19.0", "020000", "8086:155a", (INTEL, "Ethernet Connection I218-LM"), "e1000e")
    parts.interface(pc, wired, "enp0s25", "02:c0:de:00:00:03")
    wifi = parts.pci(pc, "0000:03:00.0", "028000", "8086:08b2", (INTEL, "Wireless 7260"), None, "0000:00:1c.1")
    assert wifi
    ahci = parts.pci(pc, "0000:00:1f.2", "010601", "8086:9c03", (INTEL, "8 Series SATA Controller 1"), "ahci")
    disks.sata(pc, "sda", ahci, 1, INTEL_SSD)
    parts.battery(pc, "BAT0", status="Unknown", present=1, technology="Li-poly", cycle_count=0,
                  voltage_min_design=11_100_000, voltage_now=8_100_000, energy_full_design=23_480_000, energy_full=1_020_000,
                  energy_now=0, model_name="45N1113", manufacturer="SANYO", serial_number="9C03")  # fmt: skip
    parts.battery(pc, "BAT1", status="Charging", present=1, technology="Li-ion", cycle_count=212,
                  voltage_min_design=11_100_000, voltage_now=12_300_000, energy_full_design=23_480_000,
                  energy_full=19_870_000, energy_now=15_000_000, model_name="45N1127", manufacturer="LGC",
                  serial_number="9C04")  # fmt: skip
    parts.mains(pc)
    return pc


def mini_pc_no_disk() -> Pc:
    pc = Pc(
        "mini-pc-no-disk", taken_at=TAKEN, about="A tiny office PC whose donor kept the disk; started from a stick."
    )
    parts.processor(pc, parts.I3_4150T)
    parts.memory_seen(pc, 8 * GIB - 300 * MIB)
    parts.firmware(pc, table(
        bios=Bios(vendor="LENOVO", version="FHKT70AUS", released="07/20/2016", is_uefi=True),
        system=SystemInfo(maker="LENOVO", product="10AYC0MP01", version="ThinkCentre M73", serial="PB0C0MP4",
                          uuid="c0de0004-0000-11e5-9c43-bc2e6b000004", sku="LENOVO_MT_10AY"),
        board=Board(maker="LENOVO", product="SHARKBAY", version="0B98401 WIN", serial="INVALID", kind="Motherboard"),
        chassis="Mini PC", chip=parts.I3_4150T, maximum=16 * GIB, version=(2, 7),
        modules=(module("ChannelA-DIMM0", 4 * GIB, form="SODIMM", part="HMT451S6BFR8A-PB", maker="SK Hynix", serial="0C0MP041"),
                 module("ChannelB-DIMM0", 4 * GIB, form="SODIMM", part="HMT451S6BFR8A-PB", maker="SK Hynix", serial="0C0MP042")),
    ), 35)  # fmt: skip
    parts.uefi(pc, secure_boot=False)
    parts.clock(pc, EPOCH)
    gpu = parts.pci(pc, "0000:00:02.0", "030000", "8086:041e", (INTEL, "4th Generation Core Graphics"), "i915")
    parts.no_screen(pc, gpu, "DP-1")
    parts.pci(pc, "0000:00:1f.2", "010601", "8086:8c02", (INTEL, "8 Series SATA Controller 1 [AHCI mode]"), "ahci")
    wired = parts.pci(pc, "0000:00:19.0", "020000", "8086:153b", (INTEL, "Ethernet Connection I217-V"), "e1000e")
    parts.interface(pc, wired, "eno1", "02:c0:de:00:00:04", speed=100)
    disks.stick(pc, "sda", "1-3", 31_037_849_600, is_boot=True)
    return pc


def vmd_hides_the_disk() -> Pc:
    pc = Pc("vmd-hides-the-disk", taken_at=TAKEN, kernel="5.4.0-150-generic",
            about="An 11th generation laptop: the firmware's VMD keeps the NVMe disk from this older kernel.")  # fmt: skip
    parts.processor(pc, parts.I5_1135G7, has_caches=False)
    parts.memory_seen(pc, 16 * GIB - 500 * MIB)
    parts.firmware(pc, table(
        bios=Bios(vendor="Dell Inc.", version="1.31.0", released="03/14/2023", is_uefi=True),
        system=SystemInfo(maker="Dell Inc.", product="Latitude 5420", serial="CMPSD05", sku="0A20", family="Latitude",
                          uuid="4c4c4544-004d-5010-8053-c3c04f4d5035"),
        board=Board(maker="Dell Inc.", product="01M3M4", version="A01", serial="/CMPSD05/CNCMK0C0MP05/",
                    kind="Motherboard"),
        chassis="Notebook", case_serial="CMPSD05", chip=parts.I5_1135G7, maximum=64 * GIB, version=(3, 3), tpm="2.0",
        modules=(module("DIMM A", 8 * GIB, "DDR4", "SODIMM", 3200, part="M471A1K43EB1-CWE", serial="03C0MP51"),
                 module("DIMM B", 8 * GIB, "DDR4", "SODIMM", 3200, part="M471A1K43EB1-CWE", serial="03C0MP52")),
        oem=("Dell System", "1[0A20]"),
    ), 10)  # fmt: skip
    parts.uefi(pc, secure_boot=True)
    parts.tpm(pc, 2)
    parts.clock(pc, EPOCH)
    gpu = parts.pci(pc, "0000:00:02.0", "030000", "8086:9a49", (INTEL, "TigerLake-LP GT2 [Iris Xe Graphics]"), "i915")
    parts.screen(pc, gpu, "eDP-1", parts.edid("AUO", 0x633D, 2020, (309, 174), (1920, 1080), words=(b"AUO", b"B140HAN06")),
                 "1920x1080")  # fmt: skip
    parts.pci(pc, "0000:00:0e.0", "010400", "8086:9a0b", (INTEL, "Volume Management Device NVMe RAID Controller"))
    wifi = parts.pci(pc, "0000:00:14.3", "028000", "8086:a0f0", (INTEL, "Wi-Fi 6 AX201"), "iwlwifi")
    parts.interface(pc, wifi, "wlp0s20f3", "02:c0:de:00:00:05", is_wifi=True)
    parts.battery(pc, "BAT0", status="Full", present=1, technology="Li-poly", cycle_count=96, voltage_min_design=15_200_000,
                  voltage_now=16_900_000, charge_full_design=4_145_000, charge_full=3_690_000, charge_now=3_690_000,
                  model_name="DELL 1PP63", manufacturer="BYD", serial_number="1C05")  # fmt: skip
    parts.mains(pc)
    return pc


def core_2_duo() -> Pc:
    pc = Pc("core-2-duo", taken_at=TAKEN, kernel="5.10.0-30-amd64",
            about="A town hall's desktop of 2008: Core 2 Duo, 2 GiB of DDR2, a tired but sound SATA disk.")  # fmt: skip
    parts.processor(pc, parts.E6550)
    parts.memory_seen(pc, 2 * GIB - 60 * MIB)
    parts.firmware(pc, table(
        bios=Bios(vendor="FUJITSU SIEMENS // Phoenix Technologies Ltd.", version="6.00 R1.09.2584.A1", released="01/28/2008",
                  is_uefi=False),
        system=SystemInfo(maker="FUJITSU SIEMENS", product="ESPRIMO P", serial="YK0C0MP006",
                          uuid="c0de0006-0000-11dc-9c43-bc2e6b000006"),
        board=Board(maker="FUJITSU SIEMENS", product="D2584-A1", version="S26361-D2584-A1", serial="27C0MP06",
                    kind="Motherboard"),
        chassis="Tower", case_serial="YK0C0MP006", chip=parts.E6550, maximum=8 * GIB, version=(2, 5),
        modules=(module("DIMM1", GIB, "DDR2", mts=667, maker="Qimonda", part="64T128020EU3SB2", serial="0C0MP061"),
                 module("DIMM2", GIB, "DDR2", mts=667, maker="Qimonda", part="64T128020EU3SB2", serial="0C0MP062"),
                 module("DIMM3", 0), module("DIMM4", 0)),
    ), 7)  # fmt: skip
    parts.clock(pc, EPOCH - 40)
    gpu = parts.pci(pc, "0000:00:02.0", "030000", "8086:29b2", (INTEL, "82Q35 Integrated Graphics"), "i915")
    parts.no_screen(pc, gpu, "VGA-1")
    ahci = parts.pci(pc, "0000:00:1f.2", "010601", "8086:2922", (INTEL, "82801IR SATA Controller [AHCI mode]"), "ahci")
    wired = parts.pci(pc, "0000:00:19.0", "020000", "8086:294c", (INTEL, "82566DC-2 Gigabit"), "e1000e")
    parts.interface(pc, wired, "eth0", "02:c0:de:00:00:06")
    disks.sata(pc, "sda", ahci, 1, WESTERN_TIRED)
    return pc


def netbook_emmc_2g() -> Pc:
    pc = Pc("netbook-emmc-2g", taken_at=TAKEN, about="A small netbook of 2015: 2 GiB and a 32 GB eMMC, both soldered.")
    parts.processor(pc, parts.N2840)
    parts.memory_seen(pc, 2 * GIB - 110 * MIB)
    parts.firmware(pc, table(
        bios=Bios(vendor="Insyde", version="F.0A", released="03/18/2015", is_uefi=True),
        system=SystemInfo(maker="Hewlett-Packard", product="HP Stream Notebook PC 11", version="Type1ProductConfigId",
                          serial="5CDC0MP007", uuid="c0de0007-0000-11e4-9c43-bc2e6b000007", sku="K1U95EA#ABF"),
        board=Board(maker="Hewlett-Packard", product="8023", version="56.17", serial="PFC0MP0007", kind="Motherboard"),
        chassis="Notebook", case_serial="5CDC0MP007", chip=parts.N2840, maximum=8 * GIB, version=(2, 7),
        modules=(module("DIMM 0", 2 * GIB, "DDR3", "Row Of Chips", 1333, "Hynix", "H5TC4G63AFR-PBA"),),
    ), 10)  # fmt: skip
    parts.uefi(pc, secure_boot=True)
    parts.tpm(pc, 2)
    parts.clock(pc, EPOCH)
    gpu = parts.pci(pc, "0000:00:02.0", "030000", "8086:0f31", (INTEL, "Atom Z36xxx/Z37xxx Graphics"), "i915")
    parts.screen(
        pc, gpu, "eDP-1", parts.edid("INL", 0x0030, 2014, (256, 144), (1366, 768), words=(b"InnoLux",)), "1366x768"
    )
    host = parts.pci(pc, "0000:00:12.0", "080501", "8086:0f16", (INTEL, "Atom Z36xxx SD Controller"), "sdhci-pci")
    wifi = parts.pci(
        pc, "0000:02:00.0", "028000", "14e4:4365", ("Broadcom", "BCM43142 802.11b/g/n"), "wl", "0000:00:1c.1"
    )
    parts.interface(pc, wifi, "wlan0", "02:c0:de:00:00:07", is_wifi=True)
    disks.emmc(pc, "mmcblk0", host, 31_268_536_320, model="MBG4GC", life=(5, 3), pre_eol=1)
    parts.battery(pc, "BAT0", status="Discharging", present=1, technology="Li-ion", cycle_count=0,
                  voltage_min_design=11_400_000, voltage_now=11_900_000, charge_full_design=3_180_000, charge_full=2_410_000,
                  charge_now=1_800_000, model_name="OA03", manufacturer="Hewlett-Packard", serial_number="")  # fmt: skip
    parts.mains(pc)
    return pc


def ryzen_without_smartctl() -> Pc:
    pc = Pc("ryzen-without-smartctl", taken_at=TAKEN,
            about="A home-built desktop with placeholder names, a locked SSD and no smartctl nor hdparm on the stick.")  # fmt: skip
    parts.processor(pc, parts.R5_3400G, has_caches=False)
    parts.memory_seen(pc, 14 * GIB)
    filler = "To Be Filled By O.E.M."
    parts.firmware(pc, table(
        bios=Bios(vendor="American Megatrends Inc.", version="P5.80", released="06/14/2019", is_uefi=True),
        system=SystemInfo(maker=filler, product=filler, version=filler, serial=filler,
                          uuid="03000200-0400-0500-0006-000700080009", sku=filler, family=filler),
        board=Board(maker="ASRock", product="B450M Pro4", version="", serial="M80-C0MP0000008", kind="Motherboard"),
        chassis="Desktop", case_serial=filler, chip=parts.R5_3400G, maximum=64 * GIB,
        modules=(module("DIMM 0", 0, form="DIMM"), module("DIMM 1", 8 * GIB, "DDR4", "DIMM", 2400, "Unknown", "CMK16GX4M2B3000C15"),
                 module("DIMM 0", 0, form="DIMM"), module("DIMM 1", 8 * GIB, "DDR4", "DIMM", 2400, "Unknown", "CMK16GX4M2B3000C15")),
    ), 3)  # fmt: skip
    parts.uefi(pc, secure_boot=False)
    parts.tpm(pc, 2)
    parts.clock(pc, EPOCH + 3600)
    amd = "Advanced Micro Devices, Inc. [AMD/ATI]"
    gpu = parts.pci(pc, "0000:06:00.0", "030000", "1002:15d8", (amd, "Picasso [Radeon Vega]"), "amdgpu", "0000:00:08.1")
    raw = parts.edid("GSM", 0x5ABB, 2018, (509, 286), (1920, 1080), name=b"24MB37", serial=0xC0DE08)
    parts.screen(pc, gpu, "HDMI-A-1", raw, "1920x1080")
    ahci = parts.pci(
        pc, "0000:01:00.1", "010601", "1022:43c8", ("AMD", "400 Series Chipset SATA Controller"), "ahci", "0000:00:01.3"
    )
    nic = parts.pci(
        pc, "0000:04:00.0", "020000", "10ec:8168", ("Realtek", "RTL8111/8168/8411"), "r8169", "0000:00:01.4"
    )
    parts.interface(pc, nic, "enp4s0", "02:c0:de:00:00:08", speed=1000)
    ssd = disks.Ata(model="CT240BX500SSD1", serial="2002E0C0MP08", firmware="M6CR013", size_bytes=240_057_409_536,
                    wwn="500a0751c0de0008", rows=())  # fmt: skip
    disks.sata(pc, "sda", ahci, 1, ssd)
    pc.commands = [command for command in pc.commands if command[0][0] not in ("smartctl", "hdparm")]
    pc.no_answer("smartctl", *disks.SMART_WORDS, "/dev/sda", why="tool-missing")
    pc.no_answer("hdparm", "-N", "/dev/sda", why="tool-missing")
    return pc


def server_40_disks() -> Pc:
    pc = Pc("server-40-disks", taken_at=TAKEN,
            about="A storage server of 2014: two Xeons, ECC, forty SAS disks of which one is dying and one lost data.")  # fmt: skip
    parts.processor(pc, parts.E5_2609V2, sockets=2, has_caches=False)
    parts.memory_seen(pc, 64 * GIB - 900 * MIB)
    slots = [f"P{socket}-DIMM{letter}1" for socket, letters in ((1, "ABCD"), (2, "EFGH")) for letter in letters]
    part = {"kind": "DDR3", "part": "M393B1K70DH0-CK0", "ecc": True, "mts": 1333}
    parts.firmware(pc, table(
        bios=Bios(vendor="American Megatrends Inc.", version="3.2", released="01/16/2015", is_uefi=True),
        system=SystemInfo(maker="Supermicro", product="X9DRD-7LN4F", version="0123456789", serial="0123456789",
                          uuid="c0de0009-0000-0000-0000-0025900c0de9"),
        board=Board(maker="Supermicro", product="X9DRD-7LN4F", version="1.02", serial="VM14C0MP009", kind="Motherboard"),
        chassis="Main Server Chassis", chip=parts.E5_2609V2, sockets=2, maximum=512 * GIB, ecc="Multi-bit ECC", version=(2, 7),
        modules=tuple(module(slot, 8 * GIB, serial=f"0C0MP9{n:02}", **part) for n, slot in enumerate(slots)),  # type: ignore[arg-type]
    ), 17)  # fmt: skip
    parts.uefi(pc, secure_boot=False)
    parts.clock(pc, EPOCH)
    gpu = parts.pci(
        pc, "0000:08:01.0", "030000", "102b:0532", ("Matrox", "MGA G200eW WPCM450"), "mgag200", "0000:00:1e.0"
    )
    parts.no_screen(pc, gpu, "VGA-1")
    for number in (0, 1):
        nic = parts.pci(
            pc, f"0000:07:00.{number}", "020000", "8086:1521", (INTEL, "I350 Gigabit"), "igb", "0000:00:1c.0"
        )
        parts.interface(pc, nic, f"eno{number + 1}", f"02:c0:de:00:09:0{number}", speed=1000 if number == 0 else None)
    hba = parts.pci(
        pc,
        "0000:02:00.0",
        "010700",
        "1000:0087",
        ("Broadcom / LSI", "SAS2308 Fusion-MPT SAS-2"),
        "mpt3sas",
        "0000:00:02.0",
    )
    for number in range(40):
        name = f"sd{chr(97 + number)}" if number < 26 else f"sda{chr(97 + number - 26)}"
        disk = disks.Sas(
            vendor="SEAGATE", model="ST4000NM0023", serial=f"Z1ZC0MP{number:02}", revision="0004", size_bytes=4_000_787_030_016,
            wwn=f"5000c500c0de09{number:02x}", grown_defects=131 if number == 7 else 0, is_passed=number != 7,
            uncorrected=2 if number == 30 else 0, hours=52_011,
        )  # fmt: skip
        disks.sas(pc, name, f"{hba}/host0", number, disk)
    return pc


# Three bytes for the three of U+202E, which the ASCII encoder of tables cannot write.
BIDI, BIDI_STAND_IN = "\u202e", "%RL"
HOSTILE = (
    "\x1b[31mRED\x1b[0m", "<script>alert(1)</script>", '=HYPERLINK("http://x.example","y")', "a\x1b]0;title\x07b",
    "../../etc/passwd", "'; DROP TABLE records;--", "{{7*7}}", "@SUM(1+1)",
)  # fmt: skip


def hostile_strings() -> Pc:
    """Every string that hardware may say of itself tries something; the numbers are those of a sound PC."""
    script, formula, title = HOSTILE[1], HOSTILE[2], HOSTILE[3]
    evil = f"{HOSTILE[0]}{BIDI_STAND_IN}{script}"
    pc = Pc("hostile-strings", taken_at=TAKEN,
            about="A sound desktop whose every string attacks: terminal escapes, markup, formulas, bidi marks, paths.")  # fmt: skip
    parts.processor(pc, parts.I3_8145U, has_caches=False)
    told = pc.lines["/proc/cpuinfo"].replace(parts.I3_8145U.name, "Intel <b>i3</b> \u202e=CMD()|calc")
    pc.lines["/proc/cpuinfo"] = told
    parts.memory_seen(pc, 8 * GIB - 300 * MIB)
    composed = table(
        bios=Bios(vendor=evil, version=formula, released="10/26/2021", is_uefi=True),
        system=SystemInfo(maker=evil, product=f"{script} 15", version=title, serial=f"=1+1{script}9", sku=HOSTILE[5],
                          uuid="c0de000a-0000-11e9-9c43-bc2e6b00000a", family=HOSTILE[6]),
        board=Board(maker=formula, product=evil, version=HOSTILE[4], serial="@SUM(1+1)77", kind="Motherboard"),
        chassis="Tower", case_serial=f"-2+3{script}", chip=parts.I3_8145U, maximum=32 * GIB, admin="disabled",
        modules=(module(title, 8 * GIB, "DDR4", "DIMM", 2400, maker=script, part=formula, serial=HOSTILE[7] + "42"),
                 module(evil, 0, form="DIMM")),
        oem=(evil, formula),
    )  # fmt: skip
    parts.firmware(pc, composed, 7)
    _true_bidi(pc)
    parts.uefi(pc, secure_boot=True)
    parts.tpm(pc, 2)
    parts.clock(pc, EPOCH)
    evil = evil.replace(BIDI_STAND_IN, BIDI)
    gpu = parts.pci(pc, "0000:00:02.0", "030000", "8086:3e91", (evil, formula), "i915")
    raw = parts.edid(
        "XXX", 0x1234, 2018, (527, 296), (1920, 1080), name=b"<b>=1+1\x1b[5m", words=(b"\x1b]0;x\x07",), serial=7
    )
    parts.screen(pc, gpu, "HDMI-A-1", raw, "1920x1080\x1b[2J".replace("\x1b", "?"))
    nic = parts.pci(pc, "0000:02:00.0", "020000", "10ec:8168", (script, title), "r8169", "0000:00:1c.4")
    parts.interface(pc, nic, "=cmd", "02:c0:de:00:00:0a", speed=1000)
    usb = parts.usb(pc, "1-4", "1337:0001", script, "placeholder", (("030101", "usbhid"),))
    pc.raw(f"{usb}/product", f"{evil}\n".encode())
    ahci = parts.pci(pc, "0000:00:17.0", "010601", "8086:a352", (INTEL, "Cannon Lake PCH SATA AHCI Controller"), "ahci")
    disk = disks.Ata(
        model=f"{script}{HOSTILE[0]}", serial='=HYPERLINK("x")\u202e7', firmware="\x1b[7m", size_bytes=240_057_409_536,
        wwn="500a0751c0de000a", family=script,
        rows=(
            (5, "Reallocated_Sector_Ct", 100, 100, 10, "0"), (9, "Power_On_Hours", 100, 100, 0, "812"),
            (187, "Reported_Uncorrect", 100, 100, 0, "0"), (202, "<script>x</script>", 1, 1, 0, "0"),
            (231, "SSD_Life_Left", 97, 97, 0, "97"),
        ),
    )  # fmt: skip
    disks.sata(pc, "sda", ahci, 1, disk)
    pc.text("/sys/block/sda/device/model", evil[:16])
    return pc


def _true_bidi(pc: Pc) -> None:
    """The stand-in becomes the real mark, of the same length in bytes, wherever the table's strings went."""
    import base64

    for path, told in pc.lines.items():
        if told.startswith(" = "):
            raw = base64.b64decode(told[3:]).replace(BIDI_STAND_IN.encode(), BIDI.encode())
            pc.lines[path] = " = " + base64.b64encode(raw).decode()
        else:
            pc.lines[path] = told.replace(BIDI_STAND_IN, BIDI)
    pc.commands = [(argv, status, why, out.replace(BIDI_STAND_IN.encode(), BIDI.encode()), err)
                   for argv, status, why, out, err in pc.commands]  # fmt: skip


MACHINES: tuple[Callable[[], Pc], ...] = (
    bios_desktop_failing_disk, uefi_school_laptop, not_root_visit, two_batteries_called_desktop, mini_pc_no_disk,
    vmd_hides_the_disk, core_2_duo, netbook_emmc_2g, ryzen_without_smartctl, server_40_disks, hostile_strings,
)  # fmt: skip
