"""Real PCs of the corpus, of every sort: a digest of what we read of each, and what each profile says. Reviewed.

The digests hold no serial, UUID or address; the corpus itself stays outside the project.
"""

import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.capture import load
from agent.facts import Disk, Machine
from agent.probes.inspect import Circumstances, inspect
from agent.rules import load_profiles
from agent.verdict import judge
from agent.verdict.judge import Verdict
from tests.compose import golden
from tests.conftest import CORPUS

GOLDENS = Path(__file__).parent / "goldens"
NOW = datetime(2026, 3, 9, tzinfo=UTC)
# Our name for the PC → the start of its folder's name in the corpus.
MACHINES = {
    "desktop-optiplex-3010": "linuxhw-OptiPlex-3010-046F",
    "desktop-optiplex-380-locked": "bsdhw-OptiPlex-380-0E33",
    "desktop-prodesk-600-g2": "bsdhw-ProDesk-600-G2",
    "desktop-fx-8370e": "weee-asdpc",
    "desktop-athlon-64-dc5750": "bsdhw-Compaq-dc5750",
    "desktop-nforce-network": "bsdhw-AY627AA",
    "desktop-pentium-4-dc7600": "weee-castes-HP-dc7600",
    "desktop-pentium-3-deskpro": "bsdhw-Deskpro-EP",
    "laptop-thinkpad-x230": "bsdhw-ThinkPad-X230-2325",
    "laptop-thinkpad-t400": "thinkpad-t400",
    "laptop-elitebook-840-g3": "bsdhw-EliteBook-840-G3",
    "laptop-latitude-e7470": "dell-e7470",
    "laptop-inspiron-facter": "facter-Frontear-laptop",
    "laptop-pentium-4-m": "bsdhw-Solo-450",
    "laptop-convertible-spectre": "bsdhw-Spectre-x360",
    "all-in-one-hp-24": "bsdhw-24-g038ur",
    "all-in-one-optiplex-5260": "bsdhw-OptiPlex-5260-AIO",
    "all-in-one-imac-2017": "bsdhw-iMac18,2",
    "all-in-one-imac-2009": "bsdhw-iMac9,1-3EB9",
    "mini-nuc7": "bsdhw-NUC7i5BNK",
    "mini-macmini-2009": "bsdhw-Macmini3,1-351D",
    "mini-n100-emmc": "adl-n-minipc",
    "mini-thin-client-t610": "bsdhw-t610",
    "mac-macbookpro-2015": "bsdhw-MacBookPro12,1",
    "mac-macbook-2006": "linuxhw-MacBook1,1-7900",
    "mac-macbookpro-2018-hidden-ssd": "weee-2018-castes-mbp",
    "server-poweredge-r540": "bsdhw-PowerEdge-R540",
    "server-supermicro-mixed-disks": "ironlib-supermicro",
    "server-raid-controller-unbound": "bsdhw-X8DTH",
    "netbook-nb100": "linuxhw-NB100-077A",
    "netbook-e200h-ereuse": "ereuse-wb-asus-e200h",
    "tablet-surface-go": "bsdhw-Surface-Go",
    "tablet-encore": "toshiba-encore-wt8",
    "vm-vmware": "facter-god464-server",
    "vm-virtualbox-ereuse": "ereuse-wb-virtualbox-client",
    "ereuse-m73-good": "ereuse-django-e48b",
    "ereuse-probook-450-tired-disk": "ereuse-django-hp_probook_450",
    "ereuse-e5530-worn-battery": "ereuse-wb-e5530",
    "ereuse-x1-carbon": "ereuse-teal-2022-03-31_17h",
    "nothing-but-disks": "glpi-sles-multipath",
}


def folder_of(start: str) -> Path | None:
    found = sorted(
        path for tier in ("", "restricted/") for path in CORPUS.glob(f"{tier}whole-machines/{start}*") if path.exists()
    )
    return found[0] if found else None


def disk_told(disk: Disk) -> str:
    """ "hdd sata 500 GB Seagate, passed True, 0 reallocated, 8627 h"; what is unknown is left out."""
    health = disk.health
    parts = [" ".join(filter(None, (disk.kind, disk.transport, f"{(disk.size_bytes or 0) // 10**9} GB", disk.maker)))]
    counts = {
        "reallocated": health.reallocated_sectors, "pending": health.pending_sectors,
        "unread": health.reported_uncorrectable, "‰ worn": health.wear_permille, "h": health.hours,
    }  # fmt: skip
    parts += ["removable"] if disk.removable else []
    parts += [] if health.is_passed is None else [f"passed {health.is_passed}"]
    return ", ".join([*parts, *(f"{number} {name}" for name, number in counts.items() if number is not None)])


def outline(machine: Machine) -> dict[str, Any]:
    """What a person would check of this PC, and nothing that names this one of its kind."""
    system, firmware, cpu, memory = machine.system, machine.firmware, machine.cpu, machine.memory
    disks = [
        f"{words} × {count}" if count > 1 else words
        for words, count in Counter(map(disk_told, machine.disks or ())).items()
    ]
    batteries = [
        {"health": battery.health_permille, "design_mwh": battery.design_mwh, "believed": battery.is_health_believable}
        for battery in machine.batteries or ()
    ]
    displays = [
        {"maker": d.maker, "pixels": [d.width_px, d.height_px], "internal": d.is_internal}
        for d in machine.displays or ()
    ]
    told: dict[str, Any] = {
        "system": {"maker": system.maker, "product": system.product, "chassis": system.chassis,
                   "declared": system.chassis_declared, "made": f"{system.made_year} ({system.made_origin})"},
        "firmware": {"released_on": firmware.released_on, "mode": firmware.mode, "uefi": firmware.is_uefi_capable,
                     "secure_boot": firmware.secure_boot, "tpm": firmware.tpm, "admin": firmware.admin_password},
        "cpu": {"model_name": cpu.model_name, "family": cpu.family, "model": cpu.model, "cores": cpu.cores,
                "threads": cpu.threads, "64_bit": cpu.is_64_bit, "level": cpu.x86_64_level,
                "windows_11": cpu.windows_11, "launched": cpu.launch_year},
        "memory": {"fitted_mib": memory.fitted_bytes and memory.fitted_bytes >> 20, "generation": memory.generation,
                   "slots": memory.slots_total, "free": memory.slots_free, "soldered": memory.is_soldered},
        "disks": disks if machine.disks is not None else None,
        "batteries": batteries if machine.batteries is not None else None,
        "displays": displays if machine.displays is not None else None,
        "networks": [n.kind for n in machine.networks] if machine.networks is not None else None,
        "hidden_storage": [h.kind for h in machine.hidden_storage] if machine.hidden_storage is not None else None,
        "conflicts": sorted(gap.path for gap in machine.gaps if gap.why == "conflict"),
    }  # fmt: skip
    return told


def text_of(machine: Machine, verdicts: list[Verdict]) -> str:
    lines = [f"{section}: {golden.layout(value)}" for section, value in outline(machine).items()]
    lines.append("verdicts:")
    for verdict in verdicts:
        rules = dict.fromkeys(
            reason.rule + ("?" if reason.unknown else "") + (" (note)" if reason.note else "")
            for reason in verdict.reasons
        )
        lines += [f"  {verdict.profile}: {verdict.outcome}", *(f"    - {rule}" for rule in rules)]
    return "\n".join(lines) + "\n"


def secrets_in(machine: Machine) -> set[str]:
    system = machine.system
    found = {system.serial, system.uuid, system.board_serial, system.asset_tag}
    found |= {module.serial for module in machine.memory.modules}
    for disk in machine.disks or ():
        found |= {disk.serial, disk.wwn, disk.identity}
    found |= {battery.serial for battery in machine.batteries or ()} | {d.serial for d in machine.displays or ()}
    found |= {network.mac_hash for network in machine.networks or ()}
    return {text for text in found if text and len(text) >= 4}


@pytest.fixture(scope="module")
def profiles() -> Any:
    return load_profiles()


@pytest.mark.parametrize("name", MACHINES)
def test_a_real_machine_and_its_verdicts(name: str, profiles: Any, is_blessing: bool) -> None:
    folder = folder_of(MACHINES[name])
    if folder is None:
        pytest.skip("no corpus beside this checkout (../shared/corpus)")
    machine = inspect(load(folder).host, Circumstances(now=NOW, mac_key=b"golden"))
    text = text_of(machine, [judge(machine, profile) for profile in profiles])
    assert not [secret for secret in secrets_in(machine) if secret.lower() in text.lower()]
    assert not re.search(
        r"\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b|\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", text, re.I
    )
    assert not [gap for gap in machine.gaps if gap.source == "probe"]
    golden.check(GOLDENS / f"{name}.yaml", text, is_blessing=is_blessing)


def test_no_golden_without_its_machine() -> None:
    assert {path.stem for path in GOLDENS.glob("*.yaml")} == MACHINES.keys()
