"""Every disk with its health: the kernel's list, completed by what each disk says of itself. Nothing is judged here.

Live, all disks are asked at once and the slowest decides. In captures of other programs there may be no /sys at all:
then the recorded answers of smartctl, or lsblk's list, are the disks.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from agent.facts import Disk, Gap
from agent.host import Host
from agent.probes import Findings, block_devices, disk_health
from agent.probes.boot_medium import boot_disks
from agent.probes.disk_union import DiskUnion, identity_of
from agent.probes.hdparm_text import parse_hdparm
from agent.probes.lsblk import parse_lsblk
from agent.probes.nvme import parse_id_ctrl, parse_smart_log
from agent.probes.smart_values import SmartReport

__all__ = ["identity_of", "probe", "probe_one"]

_THREADS_MOST = 48
_OTHER_LISTS = ("lshw", "hwinfo", "inxi", "facter", "ereuse")  # have probes of their own, which list disks too
_NO_SMART = ("virtio", "mmc")


def probe(host: Host) -> Findings:
    findings = Findings()
    devices = block_devices.disks_of(host)
    told = disk_health.recorded(host)
    found = [
        DiskUnion(block_devices.as_disk(device), tuple(device.gaps), "/sys/block" if device.health else "")
        for device in devices or ()
    ]
    if not told:
        _ask_all(host, found)
    _take_recorded(found, told)
    listed = [disk for output in host.outputs("lsblk") for disk in parse_lsblk(output.text)]
    _take_listed(found, listed, may_add=devices is None and not found)
    if devices is None and not found:
        _tell_none(host, findings, told)
        return findings
    _take_loose(host, found)
    _mark_boot(host, found)
    source = "/sys/block" if devices is not None else told[0].source if told else "lsblk"
    _tell(findings, found, source)
    return findings


def probe_one(host: Host, name: str) -> Disk | None:
    """One live disk, asked as `probe` asks all of them: is it still the one that it was? None: not there."""
    for device in block_devices.disks_of(host) or ():
        if device.name == name:
            found = [DiskUnion(block_devices.as_disk(device))]
            _ask_all(host, found)
            _mark_boot(host, found)
            return found[0].settled()
    return None


def _ask_all(host: Host, found: Sequence[DiskUnion]) -> None:
    """All disks at once, each by its own thread; taken in order, so that the result does not depend on the winner."""
    asked = [one for one in found if one.disk.transport not in _NO_SMART]
    for one in found:
        if one.disk.transport == "virtio":
            one.missed(Gap(path="health", source="smartctl", why="absent", detail="a virtual disk has no SMART"))
    if not asked:
        return
    with ThreadPoolExecutor(max_workers=min(_THREADS_MOST, len(asked))) as pool:
        answers = list(pool.map(lambda one: _ask(host, one.disk), asked))
    for one, (report, (fields, gap)) in zip(asked, answers, strict=True):
        one.take(report)
        one.set(fields)
        if gap is not None:
            one.missed(gap)


def _ask(host: Host, disk: Disk) -> tuple[SmartReport, tuple[dict[str, Any], Gap | None]]:
    report = disk_health.ask(host, disk.name)
    is_hanging = any(gap.why == "timed-out" for gap in report.gaps)  # it would hang the next program too
    return report, ({}, None) if is_hanging else _ask_more(host, disk)


def _ask_more(host: Host, disk: Disk) -> tuple[dict[str, Any], Gap | None]:
    """What smartctl does not tell: how an NVMe can be sanitised, whether an ATA disk hides sectors."""
    if disk.transport == "nvme":
        controller = disk.name.rpartition("n")[0] or disk.name
        output = host.run("nvme", "id-ctrl", f"/dev/{controller}", "--output-format=json")
        fields = {"sanitize": parse_id_ctrl(output.text).get("sanitize")}
        path = "sanitize"
    elif disk.transport in ("sata", "ide"):
        output = host.run("hdparm", "-N", f"/dev/{disk.name}")
        fields = {"native_sectors": _native_sectors(output.text, disk)}
        path = "native_sectors"
    else:
        return {}, None
    if fields[path] is not None:
        return fields, None
    is_refused = b"ermission denied" in output.stderr
    why = output.why or ("refused" if is_refused else "absent")
    return {}, Gap(path=path, source=output.source, why=why, detail="")


def _native_sectors(text: str, disk: Disk) -> int | None:
    """hdparm makes up sectors for disks that refuse: what it calls visible must be what the kernel sees."""
    told = parse_hdparm(text)
    seen = (disk.size_bytes or 0) // (disk.logical_sector_bytes or 512)
    native: int | None = told.get("native_sectors")
    return native if native is not None and seen in (told["visible_sectors"], native) else None


def _take_recorded(found: list[DiskUnion], told: Sequence[SmartReport]) -> None:
    """Recorded answers go to the disk of their serial, else of their name; the others are disks of their own."""
    for report in told:
        twin = _twin(found, report.disk)
        if twin is not None:
            twin.take(report)
        elif report.has_answer:
            name = _free_name(found, report)
            union = DiskUnion(Disk(name=name))
            union.take(report)
            found.append(union)


def _twin(found: Sequence[DiskUnion], disk: Disk) -> DiskUnion | None:
    for one in found:
        if disk.serial and one.disk.serial == disk.serial:
            return one
    names = (disk.name, f"{disk.name}n1")  # smartctl is asked of nvme0, the disk is nvme0n1
    for one in found:
        is_other = one.disk.serial and disk.serial and one.disk.transport != "usb"
        if one.disk.name in names and not is_other:
            return one
    return None


def _free_name(found: Sequence[DiskUnion], report: SmartReport) -> str:
    """Members behind one RAID controller all go by its name: "sda", "sda-megaraid,1"."""
    taken = {one.disk.name for one in found}
    kind = report.device_type or ""
    name = f"{report.disk.name}-{kind}" if "," in kind and report.disk.name in taken else report.disk.name
    place = 2
    while name in taken:
        name = f"{report.disk.name}-{place}"
        place += 1
    return name


def _take_listed(found: list[DiskUnion], listed: Sequence[Disk], *, may_add: bool) -> None:
    for disk in listed:
        twin = _twin(found, disk)
        if twin is not None:
            twin.fill(disk)
        elif may_add:
            found.append(DiskUnion(disk))


def _take_loose(host: Host, found: Sequence[DiskUnion]) -> None:
    """Recorded answers of hdparm and nvme-cli, by the disk that they name, or the only one there is."""
    for output in host.outputs("hdparm"):
        fields = parse_hdparm(output.text)
        visible = fields.pop("visible_sectors", None)
        if visible is None:
            fields.pop("native_sectors", None)
        name = disk_health.name_in(output)
        one = _named(found, name, fields.get("serial"))
        if one is not None and fields:
            one.fill(Disk(name=one.disk.name, **fields))
    for output in host.outputs("nvme"):
        health, fields = parse_smart_log(output.text), parse_id_ctrl(output.text)
        one = _named(found, disk_health.name_in(output), fields.get("serial"))
        if one is not None and (health or fields):
            one.fill(_nvme_disk(one.disk.name, fields, health))


def _nvme_disk(name: str, fields: dict[str, Any], health: dict[str, Any]) -> Disk:
    from agent.facts import Health

    return Disk(name=name, **fields, health=Health(**health))


def _named(found: Sequence[DiskUnion], name: str | None, serial: str | None) -> DiskUnion | None:
    twin = _twin(found, Disk(name=name or "", serial=serial))
    return twin or (found[0] if len(found) == 1 and name is None else None)


def _mark_boot(host: Host, found: Sequence[DiskUnion]) -> None:
    """True and False only when something tells where this system came from; unknown protects every disk of a wipe."""
    boots = boot_disks(host)
    if boots is not None:
        for one in found:
            one.set({"is_boot_medium": one.disk.name in boots})


def _tell(findings: Findings, found: Sequence[DiskUnion], source: str) -> None:
    disks = tuple(one.settled() for one in found)
    findings.found("disks", disks, source)
    for place, (one, disk) in enumerate(zip(found, disks, strict=True)):
        if one.health_source:
            findings.sources[f"disks[{place}].health"] = one.health_source
        for gap in dict.fromkeys(one.gaps):
            findings.missed(f"disks[{place}].{gap.path or 'health'}", gap.source, gap.why, gap.detail)
        if disk.identity is None:
            findings.missed(f"disks[{place}].identity", source, "absent", "neither serial number nor WWN")
        twins = [other.name for other in disks[:place] if disk.identity and other.identity == disk.identity]
        if twins:
            detail = f"{disk.name} and {twins[0]} say the same serial and WWN"
            findings.missed(f"disks[{place}].serial", source, "conflict", detail)


def _tell_none(host: Host, findings: Findings, told: Sequence[SmartReport]) -> None:
    """No disk at all from our sources: say so, unless another list of the capture is read by its own probe."""
    for report in told:
        for gap in report.gaps:
            findings.missed("disks", gap.source, gap.why, gap.detail)
    if not told and not any(host.outputs(program) for program in _OTHER_LISTS):
        findings.missed("disks", "/sys/block", "absent", "no list of disks in this capture")
