"""lshw in its three forms, broken and whole: the same PC gives the same facts."""

import json
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.foreign.recorded import Recorded
from agent.host import Host, Output
from agent.probes import Findings, lshw
from agent.probes.lshw_tree import parse_lshw
from tests.conftest import CORPUS, over_corpus
from tests.oracles import lshw as oracle

GIB = 1 << 30


def node(name: str, kind: str, *children: dict[str, Any], **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"id": name, "class": kind, **fields}
    return made | ({"children": list(children)} if children else {})


def machine(*, bank_size: int | None = 4 * GIB) -> dict[str, Any]:
    """A made-up laptop with one module, a SATA disk, a stick, an NVMe, Wi-Fi and a camera."""
    banks = [
        node("bank:0", "memory", description="SODIMM DDR3 Synchronous 1600 MHz (0.6 ns)", product="PART-1",
             vendor="Micron", slot="DIMM A", clock=1600000000, serial="12AB34CD",
             **({"size": bank_size} if bank_size else {})),
        node("bank:1", "memory", description="SODIMM DDR3 Synchronous [empty]", slot="DIMM B"),
    ]  # fmt: skip
    core = node(
        "core", "bus",
        node("firmware", "memory", description="BIOS", vendor="Acme BIOS", version="1.2", date="05/31/2013",
             size=65536, capabilities={"uefi": "UEFI specification is supported", "usb": True}),
        node("memory", "memory", *banks, description="System Memory", size=4 * GIB, capacity=16 * GIB),
        node("memory:1", "memory", node("bank", "memory", description="FLASH Non-volatile", size=8 << 20),
             description="Flash Memory"),
        node("cpu", "processor", description="CPU", product="Intel(R) Core(TM) i5-3340M CPU @ 2.70GHz",
             vendor="Intel Corp.", version="6.58.9", slot="SOCKET 0", width=64,
             configuration={"cores": "2", "enabledcores": "2", "threads": "4"},
             capabilities={"fpu": True, "vme": True, "x86-64": "64bits extensions", "sse2": True, "vmx": False}),
        node("pci", "bridge",
             node("display", "display", product="Graphics 4000", vendor="Intel Corporation", businfo="pci@0000:00:02.0",
                  configuration={"driver": "i915", "latency": "0"}),
             node("multimedia", "multimedia", description="Audio device", product="HD Audio",
                  vendor="Intel Corporation", businfo="pci@0000:00:1b.0", configuration={"driver": "snd_hda_intel"}),
             node("network", "network", description="Wireless interface", product="Centrino 6205",
                  vendor="Intel Corporation", businfo="pci@0000:02:00.0", logicalname="wlp2s0",
                  serial="02:00:00:00:00:01", configuration={"driver": "iwlwifi", "link": "no", "wireless": "IEEE"}),
             node("usb", "bus", node("usb:0", "multimedia", description="Video", product="HD Camera", vendor="Acme",
                                     businfo="usb@1:3", configuration={"driver": "uvcvideo"}),
                  node("scsi:1", "storage",
                       node("disk", "disk", description="SCSI Disk", product="Stick", vendor="Acme", size=8_000_000_000,
                            logicalname="/dev/sdb", businfo="scsi@6:0.0.0", serial="STICK1",
                            capabilities={"removable": "support is removable"}), businfo="usb@1:2"),
                  businfo="pci@0000:00:1a.0"),
             node("sata", "storage",
                  node("disk", "disk", description="ATA Disk", product="HGST HTS725050A7", vendor="HGST",
                       serial="SER-1", version="A560", size=500_107_862_016, logicalname="/dev/sda",
                       capabilities={"7200rpm": "7200 rotations per minute"},
                       configuration={"logicalsectorsize": "512", "sectorsize": "4096"}),
                  node("cdrom", "disk", description="DVD-RAM writer", product="DVD", vendor="Acme",
                       logicalname="/dev/sr0"),
                  description="SATA controller", businfo="pci@0000:00:1f.2"),
             node("nvme", "storage",
                  node("namespace:0", "disk", description="NVMe disk", logicalname="hwmon0"),
                  node("namespace:1", "disk", description="NVMe disk", logicalname="/dev/ng0n1"),
                  node("namespace:2", "disk", description="NVMe disk", size=256_060_514_304,
                       logicalname="/dev/nvme0n1"),
                  description="NVMe device", product="NVMe 256", vendor="Acme", serial="NV-1", version="F1"),
             businfo="pci@0000:00:00.0"),
        product="0AB1CD", vendor="Dell Inc.", description="Motherboard", serial="CN1234567",
    )  # fmt: skip
    return node(
        "bench-host", "system", core, product="Latitude E5530 (SKU-9)", vendor="Dell Inc.", version="01",
        serial="ABC1D23",
        capabilities={"smbios-2.7": "SMBIOS version 2.7"}, width=64,
        configuration={"chassis": "laptop", "sku": "SKU-9", "uuid": "44454C4C-3800-1046-8054-C4C04F303031",
                       "power-on_password": "disabled", "administrator_password": "enabled"},
    )  # fmt: skip


def as_xml(value: dict[str, Any]) -> str:
    """As `lshw -xml` writes it."""
    parts = [f"<node id={quoteattr(value['id'])} class={quoteattr(value['class'])}>"]
    for key, told in value.items():
        if key == "configuration":
            inner = "".join(f"<setting id={quoteattr(k)} value={quoteattr(v)} />" for k, v in told.items())
            parts.append(f"<configuration>{inner}</configuration>")
        elif key == "capabilities":
            inner = "".join(f"<capability id={quoteattr(k)} >text</capability>" for k in told)
            parts.append(f"<capabilities>{inner}</capabilities>")
        elif key in ("size", "capacity"):
            parts.append(f'<{key} units="bytes">{told}</{key}>')
        elif key not in ("id", "class", "children"):
            parts.append(f"<{key}>{escape(str(told))}</{key}>")
    return "".join(parts) + "".join(as_xml(child) for child in value.get("children", ())) + "</node>"


_LABELS = {"businfo": "bus info", "logicalname": "logical name"}


def as_text(value: dict[str, Any], indent: int = -1, labels: dict[str, str] = _LABELS) -> str:
    """As lshw prints it; disks carry their decimal size, as they do there."""
    lines = [value["id"] if indent < 0 else f"{' ' * indent}*-{value['id']}"]
    pad = " " * (indent + 5)
    for key, told in value.items():
        if key == "configuration":
            told = " ".join(f"{k}={v}" for k, v in told.items())
        elif key == "capabilities":
            told = " ".join(told)
        elif key == "size" and value["class"] == "disk":
            told = f"{told // GIB}GiB ({told}B)"
        elif key in ("size", "capacity"):
            told = f"{told // GIB}GiB" if told >= GIB else f"{told // 1024}KiB"
        elif key == "clock":
            told = f"{told // 10**6}MHz (0.6ns)"
        elif key == "width":
            told = f"{told} bits"
        if key not in ("id", "class", "children"):
            lines.append(f"{pad}{labels.get(key, key)}: {told}")
    children = [as_text(child, indent + 3, labels) for child in value.get("children", ())]
    return "\n".join([*lines, *children])


def findings_of(text: str) -> Findings:
    answer = Output(argv=("lshw", "lshw.txt"), status=0, stdout=text.encode())
    return lshw.probe(Host(Path("/nonexistent"), Recorded({"lshw": (answer,)})))


FORMS = {
    "json": lambda: json.dumps(machine()),
    "json-list": lambda: json.dumps([machine()]),
    "xml": lambda: '<?xml version="1.0" standalone="yes" ?>\n<!-- generated by lshw -->\n' + as_xml(machine()),
    "xml-list": lambda: f'<?xml version="1.0"?>\n<list>{as_xml(machine())}</list>',
    "text": lambda: as_text(machine()),
    "ansi": lambda: "\x1b[1m" + as_text(machine()).replace("*-cpu", "\x1b[32m*-cpu\x1b[0m"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_tells_the_same(form: str) -> None:
    found = findings_of(FORMS[form]())
    assert not found.gaps
    expected = findings_of(json.dumps(machine())).facts
    assert found.facts == expected


def test_facts() -> None:
    facts = findings_of(json.dumps(machine())).facts
    system, memory, cpu = facts["system"], facts["memory"], facts["cpu"]
    assert (system.maker, system.product, system.sku, system.serial) == ("Dell", "Latitude E5530", "SKU-9", "ABC1D23")
    assert system.chassis_declared == "Laptop"
    assert facts["firmware"].released_on == "2013-05-31"
    assert facts["firmware"].admin_password == "enabled"
    assert facts["firmware"].is_uefi_capable is True
    assert (memory.fitted_bytes, memory.slots_total, memory.slots_free) == (4 * GIB, 2, 1)
    assert memory.modules[0].generation == "DDR3" and memory.modules[0].rated_mts == 1600
    assert (cpu.cores, cpu.threads, cpu.sockets, cpu.is_64_bit) == (2, 4, 1, True)
    assert (cpu.family, cpu.model, cpu.stepping) == (6, 58, 9)
    assert "lm" in cpu.flags and "x86-64" not in cpu.flags
    disks = {disk.name: disk for disk in facts["disks"]}
    assert set(disks) == {"sda", "sdb", "nvme0n1"}
    assert (disks["sda"].transport, disks["sda"].kind, disks["sda"].rpm, disks["sda"].removable) == (
        "sata", "hdd", 7200, False,
    )  # fmt: skip
    assert disks["sdb"].transport == "usb" and disks["sdb"].removable is True
    assert (disks["nvme0n1"].model, disks["nvme0n1"].serial, disks["nvme0n1"].kind) == ("NVMe 256", "NV-1", "nvme")
    assert [network.kind for network in facts["networks"]] == ["wifi"]
    assert [camera.model for camera in facts["cameras"]] == ["HD Camera"]
    assert [drive.name for drive in facts["optical"]] == ["sr0"]
    assert [sound.model for sound in facts["audio"]] == ["HD Audio"]


def test_no_hardware_address_and_no_host_name_leave() -> None:
    told = repr(findings_of(json.dumps(machine())).facts)
    assert "02:00:00:00:00:01" not in told and "bench-host" not in told


@pytest.mark.parametrize(
    ("smbios", "printed", "expected"),
    [
        ("smbios-2.7", "44454C4C-3800-1046-8054-C4C04F303031", "4c4c4544-0038-4610-8054-c4c04f303031"),
        ("smbios-2.4", "44454C4C-3800-1046-8054-C4C04F303031", "44454c4c-3800-1046-8054-c4c04f303031"),
        ("smbios-3.0", "4c4c4544-0038-4610-8054-c4c04f303031", "4c4c4544-0038-4610-8054-c4c04f303031"),
    ],
)
def test_uuid_byte_order(smbios: str, printed: str, expected: str) -> None:
    """glpi-agent#839: two tools, two orders, two PCs in the inventory where there is one."""
    value = machine() | {"capabilities": {smbios: True}}
    value["configuration"] = value["configuration"] | {"uuid": printed}
    assert findings_of(json.dumps(value)).facts["system"].uuid == expected


def test_lost_size_is_unknown_and_not_an_empty_slot() -> None:
    """lyonel/lshw#65: "[empty]" beside a clock and a part number is a module whose size lshw could not read."""
    value = machine(bank_size=None)
    bank = value["children"][0]["children"][1]["children"][0]
    bank["description"] += " [empty]"
    memory = findings_of(json.dumps(value)).facts["memory"]
    assert memory.fitted_bytes is None
    assert (memory.slots_total, memory.slots_free) == (2, 1)
    assert memory.usable_bytes == 4 * GIB  # the whole's size is then the kernel's


@pytest.mark.parametrize("kept", [(), ("sdb",)])
def test_no_fixed_disk_proves_nothing(kept: tuple[str, ...]) -> None:
    """Old lshw knows no eMMC and no NVMe, and without root sees no disk: no "this PC has no disk" from it."""

    def without(value: dict[str, Any]) -> dict[str, Any]:
        children = [
            without(child)
            for child in value.get("children", ())
            if not str(child.get("logicalname", "")).startswith("/dev/") or child["logicalname"][5:] in kept
        ]
        return value | ({"children": children} if "children" in value else {})

    found = findings_of(json.dumps(without(machine())))
    assert "disks" not in found.facts
    assert [gap.path for gap in found.gaps] == ["disks"]


def test_numbers_in_strings() -> None:
    text = json.dumps(machine()).replace("500107862016", '"500107862016"')
    assert {disk.size_bytes for disk in findings_of(text).facts["disks"]} >= {500_107_862_016}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace('"PART-1"', '"PA\x01\x7fRT-1"'),  # lyonel/lshw#46: raw bytes in a RAM serial
        lambda text: text[:-1] + ",}",
        lambda text: text.replace("}, {", "}\n{"),  # `-class` before B.02.19
    ],
)
def test_known_breakage_is_repaired(spoil: Any) -> None:
    found = findings_of(spoil(json.dumps(machine())))
    assert not found.gaps
    assert found.facts["memory"].fitted_bytes == 4 * GIB


def test_truncated_json_tells_what_it_holds() -> None:
    text = json.dumps(machine())
    found = findings_of(text[: text.index('"display"')])
    assert found.facts["memory"].fitted_bytes == 4 * GIB
    assert [gap.why for gap in found.gaps if gap.path == ""] == ["malformed"]


@pytest.mark.parametrize(
    "labels",
    [
        {"product": "produit", "vendor": "fabricant", "serial": "numéro de série", "size": "taille",
         "logicalname": "nom logique", "businfo": "information bus", "slot": "emplacement", "clock": "horloge",
         "capabilities": "fonctionnalités", "width": "bits", "capacity": "capacité"},
        {"product": "продукт", "vendor": "производитель", "serial": "серийный №", "size": "размер",
         "logicalname": "логическое имя", "businfo": "сведения о шине", "slot": "слот", "clock": "частота",
         "capabilities": "возможности", "width": "разрядность", "configuration": "конфигурация",
         "description": "описание", "version": "версия", "date": "дата", "capacity": "ёмкость"},
    ],
    ids=["fr", "ru"],
)  # fmt: skip
def test_localised_text(labels: dict[str, str]) -> None:
    assert findings_of(as_text(machine(), labels=labels)).facts == findings_of(as_text(machine())).facts


def test_entities_are_never_expanded() -> None:
    """Ten lines of nested entities are gigabytes once expanded; lshw writes none."""
    text = '<!DOCTYPE node [<!ENTITY a "Book">]><node id="pc" class="system"><product>&a;</product></node>'
    assert parse_lshw(text) == ((), False)


def test_four_processors_that_are_one_socket() -> None:
    """Seen on a Toshiba: each thread listed as a processor of its own, in the same socket."""
    value = machine()
    cpu = next(child for child in value["children"][0]["children"] if child["id"] == "cpu")
    value["children"][0]["children"] += [cpu | {"id": f"cpu:{n}", "product": "Core i5", "width": 0} for n in (1, 2, 3)]
    found = findings_of(json.dumps(value)).facts["cpu"]
    assert (found.sockets, found.cores, found.model_name) == (1, 2, "Intel(R) Core(TM) i5-3340M CPU @ 2.70GHz")


def test_emmc_from_its_rpmb_neighbour() -> None:
    chip = node(
        "device", "generic",
        node("interface:0", "generic", logicalname="/dev/mmcblk0rpmb"),
        node("interface:1", "generic", logicalname="/dev/mmcblk0", size=31_268_536_320),
        product="CHIP64", serial="0x12345678", businfo="mmc@0:0001",
    )  # fmt: skip
    value = node("pc", "system", node("core", "bus", chip))
    (disk,) = findings_of(json.dumps(value)).facts["disks"]
    assert (disk.name, disk.kind, disk.model, disk.removable) == ("mmcblk0", "emmc", "CHIP64", False)


@pytest.mark.parametrize(
    "hostile",
    [
        "", " ", "{", "[[[[", "null", "[null, 1, \"x\"]", "[" * 100_000, '{"id":' * 5_000, "<node", "<node id='a'>",
        '<!DOCTYPE a [<!ENTITY b "c">]><node id="&b;"/>', "*-core\n", "*-" + "a" * 1_000_000, '{"id": 1, "class": []}',
        '{"id":"a","class":"system","children":{"x":1},"configuration":[],"capabilities":3,"size":"many"}',
        '{"id":"a","class":"disk","logicalname":["/dev/sda"],"size":1e400}',
        json.dumps(node("a", "system", product="x" * (1 << 20))),
    ],
)  # fmt: skip
def test_hostile_input_is_a_gap_or_little(hostile: str) -> None:
    found = findings_of(hostile)
    assert found.gaps or found.facts
    assert len(repr(found.facts)) < 20_000


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(FORMS)), st.floats(0, 1), st.binary(max_size=20))
def test_never_raises_when_cut_or_spoilt(form: str, where: float, noise: bytes) -> None:
    raw = FORMS[form]().encode()
    place = int(len(raw) * where)
    findings_of((raw[:place] + noise).decode("latin-1"))
    findings_of((raw[:place] + noise + raw[place + 7 :]).decode("latin-1"))


@over_corpus("lshw-xml-text", "lshw-text")
def test_corpus_files(path: Path) -> None:
    roots, is_whole = parse_lshw(path.read_text("utf-8", "replace"))
    assert is_whole and len(roots) == 1
    found = findings_of(path.read_text("utf-8", "replace"))
    assert {"system", "memory", "cpu", "networks", "gpus"} <= set(found.facts)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus beside this checkout")
def test_agrees_with_dmidecode_and_smartctl() -> None:
    answer = oracle.agreement(CORPUS)
    assert answer.fields > 150
    assert answer.permille >= 990, answer.residues
