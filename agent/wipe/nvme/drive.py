"""What the drive says of itself now: controller, namespaces, sanitize log. Asked with commands that only look."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.wipe.device import Refused
from agent.wipe.nvme import admin as ad
from agent.wipe.nvme.identify import (
    ALL_NAMESPACES,
    PAGE_BYTES,
    Controller,
    Malformed,
    NamespaceData,
    parse_controller,
    parse_list,
    parse_namespace,
)
from agent.wipe.nvme.sanitize_log import LOG_BYTES, SanitizeLog, parse_log

_NAMESPACE, _CONTROLLER, _ACTIVE, _ALLOCATED, _ALLOCATED_NAMESPACE = 0x00, 0x01, 0x02, 0x10, 0x11
_SANITIZE_LOG = 0x81


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """One namespace that a controller-wide erase hits; `name` is the kernel's disk, None when the caller gave none."""

    nsid: int
    name: str | None
    is_ours: bool
    is_active: bool  # reachable by this controller; an inactive one has no disk
    data: NamespaceData | None

    @property
    def size_bytes(self) -> int | None:
        return self.data.size_bytes if self.data else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    controller: Controller
    namespaces: tuple[Namespace, ...]
    log: SanitizeLog | None  # None: the drive has none, or what it sent is none

    @property
    def ours(self) -> Namespace | None:
        return next((one for one in self.namespaces if one.is_ours), None)

    @property
    def nsids(self) -> tuple[int, ...]:
        return tuple(one.nsid for one in self.namespaces)

    @property
    def unclaimed_bytes(self) -> int | None:
        """Capacity that no namespace uses; None when the drive can have such and does not tell."""
        controller = self.controller
        if not controller.can_manage_namespaces:
            return 0  # its one layout came from the factory
        return controller.unallocated_bytes if controller.total_bytes else None


def read_drive(admin: ad.NvmeAdmin, *, nsid: int | None, name: str, siblings: Mapping[int, str]) -> Drive:
    """Refused when the drive does not say enough to know what an erase would hit; Gone."""
    controller = read_controller(admin)
    try:
        active = parse_list(_identify(admin, _ACTIVE, 0, "active namespaces"))
        allocated = active
        if controller.can_manage_namespaces:
            allocated = parse_list(_identify(admin, _ALLOCATED, 0, "allocated namespaces"))
        if not active or len(active) == PAGE_BYTES // 4 or not set(active) <= set(allocated):
            raise Malformed(f"{len(active)} active and {len(allocated)} allocated namespaces")
        ours = _ours(nsid, active, name, siblings)
        found = tuple(
            Namespace(
                nsid=one, name=name if one == ours else siblings.get(one), is_ours=one == ours,
                is_active=one in active, data=_read_namespace(admin, one, is_active=one in active),
            )
            for one in allocated
        )  # fmt: skip
    except Malformed as error:
        raise Refused(f"the drive's list of namespaces makes no sense: {error}") from error
    return Drive(controller=controller, namespaces=found, log=read_log(admin) if controller.can_sanitize else None)


def read_controller(admin: ad.NvmeAdmin) -> Controller:
    try:
        return parse_controller(_identify(admin, _CONTROLLER, 0, "controller"))
    except Malformed as error:
        raise Refused(f"the drive does not say what it is: {error}") from error


def size_of(admin: ad.NvmeAdmin, nsid: int) -> int | None:
    """Bytes of one namespace; None when it does not tell."""
    try:
        data = parse_namespace(_identify(admin, _NAMESPACE, nsid, f"namespace {nsid}"))
    except (Malformed, Refused):
        return None
    return data.size_bytes if data else None


def read_log(admin: ad.NvmeAdmin) -> SanitizeLog | None:
    """The sanitize log as it is now; None when it cannot be read."""

    def told(data: bytes) -> str:
        log = parse_log(data)
        return log.told if log else "not a sanitize log"

    answer = admin.send(
        ad.Command(
            name="GET LOG PAGE sanitize status", opcode=ad.GET_LOG, nsid=ALL_NAMESPACES,
            cdw10=_SANITIZE_LOG | (LOG_BYTES // 4 - 1) << 16, length_bytes=LOG_BYTES,
        ),
        told,
    )  # fmt: skip
    return parse_log(answer.data) if answer.is_ok else None


def _read_namespace(admin: ad.NvmeAdmin, nsid: int, *, is_active: bool) -> NamespaceData | None:
    data = parse_namespace(
        _identify(admin, _NAMESPACE if is_active else _ALLOCATED_NAMESPACE, nsid, f"namespace {nsid}")
    )
    if data is None and is_active:
        raise Malformed(f"active namespace {nsid} is empty")
    return data


def _identify(admin: ad.NvmeAdmin, what: int, nsid: int, name: str) -> bytes:
    answer = admin.send(
        ad.Command(name=f"IDENTIFY {name}", opcode=ad.IDENTIFY, nsid=nsid, cdw10=what, length_bytes=PAGE_BYTES)
    )
    if not answer.is_ok:
        raise Refused(f"identify {name}: {answer.meaning}")
    return answer.data


def _ours(nsid: int | None, active: tuple[int, ...], name: str, siblings: Mapping[int, str]) -> int | None:
    """The namespace that the descriptor is: by its own number, else by the caller's list, else because it is alone."""
    if nsid is None:
        named = [one for one, sibling in siblings.items() if sibling == name]
        nsid = named[0] if len(named) == 1 else active[0] if len(active) == 1 else None
    if nsid is not None and nsid not in active:
        raise Malformed(f"namespace {nsid} is not one of {active}")
    return nsid
