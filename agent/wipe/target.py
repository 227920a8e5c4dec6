"""`claim`: the only way to a disk that can be written, and the only maker of a `Target` (law 8).

Everything that decides is asked twice: before the disk is opened and again while we hold it, because it takes a moment
to plug, mount or start something. Whatever is unknown, late or different refuses, and nothing is written by claiming.
"""

import contextlib
import errno
import os
import time
from collections.abc import Callable, Sequence

from agent.erasure import Media, Reason
from agent.facts import Disk, Health
from agent.host import Host
from agent.probes import block_devices, disk_health
from agent.probes.boot_medium import iso_uuid
from agent.wipe.device import DiskError, Family, Gone
from agent.wipe.families import open_family
from agent.wipe.interlocks import Allowed, allowed_here, refusals
from agent.wipe.job import Job, Seen
from agent.wipe.kernel_disk import KernelDisk, is_locked_by_another, lock, open_disk
from agent.wipe.media import (
    BRIDGED,
    USB_SERIAL,
    boot_id,
    disk_now,
    how_it_differs,
    is_loop,
    is_named_by_its_plug,
    is_same,
    loop_disk,
    matching,
    media_of,
)  # fmt: skip
from agent.wipe.power import is_powered
from agent.wipe.refusals import ClaimRefused, reason, why_not_open
from agent.wipe.signatures import Reader, is_array_member, is_rebond_stick, signatures_on
from agent.wipe.topology import Topology

__all__ = ["ClaimRefused", "Target", "claim"]

LOCK_WAIT_S = 3.0  # udev and a survey hold a shared lock for the moment of their look
_TEMPERATURE_S = 20.0  # smartctl is not free: asked anew no sooner

OpenFamily = Callable[..., Family | None]
_HARMLESS_TO_READ = ("read-only", "read-only-unknown", "zoned")
_made_by_claim = object()


def claim(
    job: Job, host: Host, *, home: str | None = None, family: OpenFamily = open_family,
    sleep: Callable[[float], None] = time.sleep,
) -> "Target":  # fmt: skip
    """The disk that `job` names, held by us alone; ClaimRefused with a named reason otherwise.

    `home`: the station's folder, which must not lie on that disk. For "rehearse" and "look" nothing can be written.
    """
    armed = job.purpose == "erase"
    # (1) Never from a capture, and in tests never anything but a loop device.
    if not host.is_live:
        raise ClaimRefused(reason("replayed", job.media.name))
    allowed = allowed_here(virtual=job.allow_virtual, home=home)
    if allowed.loops_only and not is_loop(job.media.name):
        raise ClaimRefused(reason("loops-only", job.media.name))
    # (2) The one disk that is the confirmed one by serial, WWN, model and size; its kernel name may have changed.
    disk, media = _resolve(job, host, allowed)
    # (3) All interlocks, before it is opened.
    _pass_interlocks(job, host, disk, allowed)
    if armed and not all(step.technique.startswith("overwrite-") for step in job.plan.steps) and not is_powered(host):
        raise ClaimRefused(reason("no-power", disk.name))
    # (4) Opened for us alone (O_EXCL), and locked against udev and our own kind.
    siblings = Topology(host).siblings(disk.name)
    held = [_hold(disk.name, armed=armed, sleep=sleep)]
    try:
        # (5) NVMe: an erase of the drive hits its other namespaces; nobody may take them meanwhile.
        _all_were_named(job, host, disk.name, siblings)
        held += [_hold(name, armed=False, sleep=sleep) for name in siblings]
        return _held(job, host, media, held, siblings, allowed, family)
    except BaseException:
        for one in held:
            one.close()
        raise


def _held(
    job: Job, host: Host, media: Media, held: list[KernelDisk], siblings: Sequence[str], allowed: Allowed,
    family: OpenFamily,
) -> "Target":  # fmt: skip
    armed, io, name = job.purpose == "erase", held[0], media.name
    # (6) What we opened is what we looked at: device number, size, and the kernel's sequence number.
    _same_device(host, name, io, media)
    _same_as_seen(job, host, io, name)
    if armed and io.is_read_only():
        raise ClaimRefused(reason("read-only", name))
    # (7) Again who it is, now that nobody can take it away: the kernel's word, then the disk's own on this descriptor.
    disk = disk_now(host, name)
    if disk is None or not is_same(media, media_of(host, disk)):
        raise ClaimRefused(_different(job.media, name, host, disk))
    numbers = {Topology(host).namespace_id(sibling) or 0: sibling for sibling in siblings}
    speaks = family(
        io.descriptor, media, armed=armed, siblings=numbers, is_locked=bool(disk.is_opal_locked), psid=job.psid
    )
    own = _same_by_its_own_word(speaks, media, job.seen)
    if armed and not job.allow_plug and is_named_by_its_plug(host, media, own):
        raise ClaimRefused(reason("plug-serial", name, media.serial or media.wwn or "?"))
    # (8) All interlocks again, then what is on it: a member of an array asks for a second confirmation.
    _pass_interlocks(job, host, disk, allowed)
    reader = Reader(io)
    if is_rebond_stick(reader, iso_uuid(host)):
        raise ClaimRefused(reason("rebond-stick", name))
    on_it = signatures_on(io, reader)
    if armed and is_array_member((*on_it, *job.found)) and not job.allow_members:
        raise ClaimRefused(reason("array-member", name, ", ".join(dict.fromkeys((*on_it, *job.found)))))
    # (9) Only now there is something that can write.
    return Target(_made_by_claim, job=job, media=media, host=host, held=held, family=speaks, found=on_it)


def _pass_interlocks(job: Job, host: Host, disk: Disk, allowed: Allowed) -> None:
    found = refusals(host, disk, _listed(host), allowed)
    if job.purpose == "look":
        found = tuple(one for one in found if one.rule not in _HARMLESS_TO_READ)
    if found:
        raise ClaimRefused(found[0])


def _resolve(job: Job, host: Host, allowed: Allowed) -> tuple[Disk, Media]:
    found = matching(host, job.media)
    if allowed.loops_only:
        found = tuple(pair for pair in found if is_loop(pair[0].name))
    if not found:
        now = disk_now(host, job.media.name) if host.exists(f"/sys/block/{job.media.name}") else None
        if now is None:
            raise ClaimRefused(reason("not-found", job.media.name))
        raise ClaimRefused(_different(job.media, job.media.name, host, now))
    if len(found) > 1:
        raise ClaimRefused(reason("found-twice", job.media.name, ", ".join(disk.name for disk, _ in found)))
    return found[0]


def _different(wanted: Media, name: str, host: Host, disk: Disk | None) -> Reason:
    if disk is None:
        return reason("not-found", name)
    now = media_of(host, disk)
    rule = how_it_differs(wanted, now)
    who = " ".join(filter(None, (now.model, now.serial or now.wwn))) or "?"
    return reason(rule, name, _sizes(wanted.size_bytes, now.size_bytes) if rule == "size-changed" else who)


def _sizes(before_bytes: int, now_bytes: int) -> str:
    return f"{before_bytes} → {now_bytes}"


def _listed(host: Host) -> tuple[Disk, ...]:
    """All disks by the kernel's word alone: quick, and enough to see a doubled serial."""
    import msgspec

    from agent.probes.boot_medium import boot_disks

    boots = boot_disks(host)
    found = [block_devices.as_disk(device) for device in block_devices.disks_of(host) or ()]
    if boots is not None:
        found = [msgspec.structs.replace(disk, is_boot_medium=disk.name in boots) for disk in found]
    loops = (loop_disk(host, name) for name in host.names("/sys/block") if is_loop(name))
    return (*found, *(disk for disk in loops if disk is not None))


def node_of(name: str) -> str:
    return "/dev/" + name.replace("!", "/")


def _hold(name: str, *, armed: bool, sleep: Callable[[float], None]) -> KernelDisk:
    try:
        io = open_disk(node_of(name), write=armed, exclusive=True)
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise ClaimRefused(reason(_why_busy(name), name)) from error
        raise ClaimRefused(reason(why_not_open(error), name, error.strerror or str(error.errno))) from error
    waited = 0.0
    while not lock(io, exclusive=True):
        if waited >= LOCK_WAIT_S:
            io.close()
            raise ClaimRefused(reason("two-operators" if is_locked_by_another(node_of(name)) else "looked-at", name))
        sleep(0.1)
        waited += 0.1
    return io


def _why_busy(name: str) -> str:
    """Whose hold it is: an open ZFS pool is in neither holders nor mounts, only its labels tell."""
    if is_locked_by_another(node_of(name)):
        return "two-operators"
    with contextlib.suppress(OSError):
        io = open_disk(node_of(name), write=False, exclusive=False)
        try:
            return "zfs-in-use" if "zfs_member" in signatures_on(io) else "in-use"
        finally:
            io.close()
    return "in-use"


def _same_device(host: Host, name: str, io: KernelDisk, media: Media) -> None:
    at = f"/sys/block/{name}"
    number = f"{os.major(io.device_number)}:{os.minor(io.device_number)}"
    sequence = (host.text(f"{at}/diskseq") or "").strip()
    is_same_node = (host.text(f"{at}/dev") or "").strip() == number
    if not is_same_node or (sequence and io.sequence() not in (None, int(sequence))):
        raise ClaimRefused(reason("replugged", name))
    if io.size_bytes != media.size_bytes:
        raise ClaimRefused(reason("size-changed", name, _sizes(media.size_bytes, io.size_bytes)))


def _all_were_named(job: Job, host: Host, name: str, siblings: Sequence[str]) -> None:
    """One authorisation covers the whole NVMe drive only with every namespace that its plan named."""
    if job.purpose != "erase" or not any(step.hits_the_drive for step in job.plan.steps):
        return
    over = Topology(host)
    if {over.namespace_mark(one) for one in siblings} != set(job.seen.namespaces if job.seen else ()):
        raise ClaimRefused(reason("namespaces-changed", name, ", ".join(siblings) or "-"))


def _same_as_seen(job: Job, host: Host, io: KernelDisk, name: str) -> None:
    """In the boot of the plan the kernel's number is still the same: two disks of one serial and size have two."""
    seen = job.seen
    is_same_boot = seen is not None and seen.boot_id != "" and seen.boot_id == boot_id(host)
    if seen is not None and is_same_boot and seen.sequence is not None and io.sequence() != seen.sequence:
        raise ClaimRefused(reason("replugged", name))


def _same_by_its_own_word(family: Family | None, media: Media, seen: Seen | None = None) -> str | None:
    """IDENTIFY on our own descriptor. What a disk does not tell is no contradiction: the kernel told it.

    But a disk that told its own serial through a bridge must tell it again: the bridge's stays when the disk goes.
    Returns that serial.
    """
    wanted = seen.own_serial if seen is not None else None
    if family is None:
        if wanted:
            raise ClaimRefused(reason("dock-silent", media.name, wanted))
        return None
    try:
        serial, model, size_bytes = family.identify()
    except (DiskError, OSError) as error:
        raise ClaimRefused(reason("does-not-identify", media.name, str(error)[:80])) from error
    if wanted and not serial:
        raise ClaimRefused(reason("dock-silent", media.name, wanted))
    if wanted and serial and not _alike(serial, wanted):
        raise ClaimRefused(reason("other-in-dock", media.name, f"{model or ''} {serial}".strip()))
    is_plugs = media.transport in BRIDGED and (wanted or (media.serial or "").startswith(USB_SERIAL))
    if serial and media.serial and not is_plugs and not _alike(serial, media.serial):
        raise ClaimRefused(reason("changed", media.name, f"{model or ''} {serial}".strip()))
    if model and media.model and media.transport != "usb" and not _alike(model[:16], media.model[:16]):
        raise ClaimRefused(reason("changed", media.name, f"{model} {serial or ''}".strip()))
    if size_bytes and size_bytes != media.size_bytes and media.transport in ("sata", "ide", "nvme"):
        raise ClaimRefused(reason("size-changed", media.name, _sizes(media.size_bytes, size_bytes)))
    return serial


def _alike(told: str, known: str) -> bool:
    told, known = "".join(told.split()).casefold(), "".join(known.split()).casefold()
    return told == known or (min(len(told), len(known)) >= 8 and (told in known or known in told))


class Target:
    """One claimed disk, bound to one job: the `Device` that the engine works on. Only `claim` makes one."""

    def __init__(
        self, key: object, *, job: Job, media: Media, host: Host, held: list[KernelDisk], family: Family | None,
        found: tuple[str, ...],
    ) -> None:  # fmt: skip
        if key is not _made_by_claim:
            raise TypeError("a Target is made by claim() alone")
        self.job = job
        self.media = media
        self.family = family
        self.found = found
        self.io = held[0]
        self._held = held
        self._host = host
        self._sequence = held[0].sequence()
        self._process = os.getpid()
        self._temperature: tuple[float, int | None] = (0.0, None)

    def recheck(self) -> None:
        """Same device, same disk, same size, nobody else: asked of the kernel, on our descriptor and in sysfs."""
        at, io = f"/sys/block/{self.media.name}", self.io
        if io.descriptor < 0:
            raise Gone("the disk was given back already")
        if os.getpid() != self._process:
            raise Gone("the disk was claimed by another process")
        try:
            size, sequence, is_read_only = io.size_now(), io.sequence(), io.is_read_only()
        except OSError as error:
            raise Gone(f"the disk does not answer: {error.strerror}") from error
        number = f"{os.major(io.device_number)}:{os.minor(io.device_number)}"
        if (self._host.text(f"{at}/dev") or "").strip() != number:
            raise Gone("the disk is no longer there")
        told = (self._host.text(f"{at}/diskseq") or "").strip()
        if sequence != self._sequence or (told and self._sequence is not None and int(told) != self._sequence):
            raise Gone("the disk was unplugged and plugged in again")
        if size != io.size_bytes:
            raise Gone(f"the size of the disk changed from {io.size_bytes} to {size} bytes")
        if is_read_only and io.is_writable:
            raise Gone("the disk has become read-only")
        kernel = self._kernel_now()
        if kernel is None or (kernel.serial and self.media.serial and not self._is_bridged() and
                              not _alike(kernel.serial, self.media.serial)):  # fmt: skip
            raise Gone("another disk answers under this name")
        self._still_in_its_dock()
        over = Topology(self._host)
        if over.mounts_of(self.media.name) or over.loops_on(self.media.name):
            raise Gone("the disk was taken into use by something else")

    def _still_in_its_dock(self) -> None:
        """A dock can change its disk unheard. Silence is borne only of one that may be busy with its own erase."""
        wanted = self.job.seen.own_serial if self.job.seen else None
        if wanted and self.family is not None:
            try:
                serial = self.family.identify()[0]
            except (DiskError, OSError) as error:
                raise Gone(f"the disk in the dock does not answer: {error}") from error
            if serial and not _alike(serial, wanted):
                raise Gone("another disk answers in the dock")
            if not serial and all(step.technique.startswith("overwrite-") for step in self.job.plan.steps):
                raise Gone("the disk in the dock does not say any more which one it is")

    def _kernel_now(self) -> Disk | None:
        if is_loop(self.media.name):
            return loop_disk(self._host, self.media.name)
        devices = block_devices.disks_of(self._host) or ()
        return next((block_devices.as_disk(one) for one in devices if one.name == self.media.name), None)

    def _is_bridged(self) -> bool:
        return self.media.transport in BRIDGED

    def power_word(self) -> str:
        """Not plugged in anew (`diskseq`), not booted anew, not suspended since."""
        boot = (self._host.text("/proc/sys/kernel/random/boot_id") or "").strip()
        slept = (self._host.text("/sys/power/suspend_stats/success") or "").strip()
        return f"{boot}/{self._sequence}/{slept}" if boot and self._sequence is not None else ""

    def resize(self) -> None:
        self.io.resize()

    def health(self) -> Health | None:
        if is_loop(self.media.name) or self.media.kind == "virtual":
            return None
        report = disk_health.ask(self._host, self.media.name)
        return report.disk.health if report.has_answer else None

    def temperature_c(self) -> int | None:
        """In whole degrees, at most 20 s old: from the kernel's sensor of the disk, else from smartctl."""
        if is_loop(self.media.name) or self.media.kind == "virtual":
            return None
        now = time.monotonic()
        if self._temperature[0] and now - self._temperature[0] < _TEMPERATURE_S:
            return self._temperature[1]
        told = self._by_sensor()
        if told is None:
            health = self.health()
            told = health.temperature_c if health else None
        self._temperature = (now, told)
        return told

    def _by_sensor(self) -> int | None:
        """drivetemp and nvme give the disk a hwmon of its own, in thousandths of a degree."""
        at = f"/sys/block/{self.media.name}/device"
        for pattern in (
            f"{at}/hwmon/hwmon*/temp1_input",
            f"{at}/hwmon*/temp1_input",
            f"{at}/device/hwmon/hwmon*/temp1_input",
        ):
            for path in self._host.walk(pattern):
                text = (self._host.text(path) or "").strip()
                if text.lstrip("-").isdigit():
                    return int(text) // 1000
        return None

    def close(self) -> None:
        """Give the disk back: anyone may take it again."""
        if self.io.descriptor >= 0 and self.io.is_writable:
            self.io.read_partitions()
        for one in self._held:
            if one is self.io and self.family is not None:
                one.retire()  # its family, and every eraser made of it, knows the descriptor by its number
            else:
                one.close()
        self.family = None

    def __reduce__(self) -> str:
        """The authorisation is for one disk, once, in this process."""
        raise TypeError("a Target is neither copied nor sent")

    def __enter__(self) -> "Target":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
