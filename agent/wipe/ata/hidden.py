"""The areas that an ATA disk can hide: HPA (SET MAX), DCO (DEVICE CONFIGURATION) and AMA (ACCESSIBLE MAX ADDRESS).

What the disk does not tell is `unknown`, never "nothing" and never a size: hdparm read rejected commands as "max
sectors 1" and raised false alarms on every USB disk. A native maximum counts only with registers (or a checksum) that
vouch for it, and only when it is not below what the disk shows already.

HPA and DCO are ATA8-ACS (obsolete since ACS-3); AMA is ACS-3 and later. Linux hides nothing further, but may have
opened an HPA at boot (libata.ignore_hpa).
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from agent.erasure import Hidden
from agent.wipe.ata import commands
from agent.wipe.ata.asking import ask_identity
from agent.wipe.ata.identify import Identity, NotIdentified
from agent.wipe.ata.transport import SgAta

Resize = Callable[[], int | None]
"""Have the kernel read the disk's size again; the bytes that it sees now, None when it does not tell."""

_DCO_SIGNATURE = 0xA5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """Sectors. None: not offered, or not told; `is_unknown` tells these two apart."""

    visible: int
    sector_bytes: int
    hpa: int | None = None
    dco: int | None = None
    ama: int | None = None
    is_unknown: bool = False
    is_ext: bool = False
    said: tuple[str, ...] = field(default=())

    @property
    def native(self) -> int:
        return max(self.visible, self.hpa or 0, self.dco or 0, self.ama or 0)


def look_hidden(transport: SgAta, visible_bytes: int) -> Hidden:
    """Ask, change nothing. `visible_bytes` is for disks that do not even identify themselves."""
    try:
        identity, _ = ask_identity(transport)
    except NotIdentified as error:
        return Hidden(state="unknown", visible_bytes=visible_bytes, said=(str(error),))
    return _told(_look(transport, identity))


def open_hidden(transport: SgAta, visible_bytes: int, resize: Resize) -> Hidden:
    """Open what is hidden, then believe only what IDENTIFY and the kernel show: else it is `kept`."""
    try:
        identity, _ = ask_identity(transport)
    except NotIdentified as error:
        return Hidden(state="unknown", visible_bytes=visible_bytes, said=(str(error),))
    first = _look(transport, identity)
    found = _told(first)
    if found.state != "kept":
        return found
    said = [*first.said]
    seen = _open_max(transport, first, said)
    # DCO RESTORE also undoes other factory settings: only for sectors that no SET MAX can reach.
    if seen.dco is not None and seen.dco > max(seen.hpa or 0, seen.visible):
        reply = transport.issue(commands.DCO_RESTORE)
        said.append(f"DCO RESTORE: {reply.said}")
        seen = _open_max(transport, _again(transport, seen, said), said)
    if seen.ama is not None and seen.ama > seen.visible:
        reply = transport.issue(commands.ama_set(seen.ama - 1))
        said.append(f"SET ACCESSIBLE MAX ADDRESS EXT: {reply.said}")
        seen = _again(transport, seen, said)
    return _opened(first, seen, resize, said)


def _opened(first: _Seen, now: _Seen, resize: Resize, said: list[str]) -> Hidden:
    native, shown = max(first.native, now.native), now.visible * now.sector_bytes
    after = resize()
    said.append(f"the kernel sees {'an unknown size' if after is None else f'{after} bytes'}")
    is_open = now.visible == native and now.sector_bytes == first.sector_bytes and after == shown
    is_sure = is_open and not (first.is_unknown or now.is_unknown)
    return Hidden(
        state="removed" if is_sure else "unknown" if is_open else "kept",
        visible_bytes=first.visible * first.sector_bytes, native_bytes=native * first.sector_bytes,
        after_bytes=after, said=tuple(said),
    )  # fmt: skip


def _told(seen: _Seen) -> Hidden:
    """Of a disk that was only looked at: something found and not opened is `kept`."""
    is_found = seen.native > seen.visible
    return Hidden(
        state="kept" if is_found else "unknown" if seen.is_unknown else "none",
        visible_bytes=seen.visible * seen.sector_bytes,
        native_bytes=None if seen.is_unknown and not is_found else seen.native * seen.sector_bytes, said=seen.said,
    )  # fmt: skip


def _look(transport: SgAta, identity: Identity) -> _Seen:
    seen = _Seen(visible=identity.sectors, sector_bytes=identity.sector_bytes, is_ext=identity.has_48bit)
    said = [f"IDENTIFY: {identity.sectors} sectors"]
    if identity.may_hide is None:
        return replace(seen, is_unknown=True, said=(*said, "the feature words are not valid"))
    if identity.has_hpa:
        seen = replace(seen, hpa=_native_max(transport, identity, said))
        seen = replace(seen, is_unknown=seen.is_unknown or seen.hpa is None)
    if identity.has_dco:
        seen = replace(seen, dco=_dco_max(transport, identity.sectors, said))
        seen = replace(seen, is_unknown=seen.is_unknown or seen.dco is None)
    if identity.has_ama:
        seen = replace(seen, ama=_ama_max(transport, identity.sectors, said))
        seen = replace(seen, is_unknown=seen.is_unknown or seen.ama is None)
    if not identity.may_hide:
        said.append("the disk has no HPA, DCO or AMA feature")
    return replace(seen, said=tuple(said))


def _plausible(name: str, lba: int | None, visible: int, said: list[str]) -> int | None:
    """Sectors from a highest address; None when it is below what is visible, as zeros from a bridge would be."""
    if lba is None:
        said.append(f"{name}: the answer lost its upper half")
        return None
    if lba + 1 < visible:
        said.append(f"{name}: {lba + 1} sectors, fewer than are visible: not believed")
        return None
    said.append(f"{name}: {lba + 1} sectors")
    return lba + 1


def _native_max(transport: SgAta, identity: Identity, said: list[str]) -> int | None:
    command = commands.READ_NATIVE_MAX_EXT if identity.has_48bit else commands.READ_NATIVE_MAX
    reply = transport.issue(command)
    if not reply.is_ok or reply.registers is None:
        said.append(f"{command.name}: {reply.said}")
        return None
    return _plausible(command.name, reply.registers.lba, identity.sectors, said)


def _ama_max(transport: SgAta, visible: int, said: list[str]) -> int | None:
    reply = transport.issue(commands.AMA_GET_NATIVE_MAX)
    if not reply.is_ok or reply.registers is None:
        said.append(f"{commands.AMA_GET_NATIVE_MAX.name}: {reply.said}")
        return None
    return _plausible(commands.AMA_GET_NATIVE_MAX.name, reply.registers.lba, visible, said)


def _dco_max(transport: SgAta, visible: int, said: list[str]) -> int | None:
    """Words 3-6 of the DCO data, whose word 255 holds A5h and a checksum over all (ATA8-ACS, DCO IDENTIFY)."""
    name = commands.DCO_IDENTIFY.name
    reply = transport.issue(commands.DCO_IDENTIFY)
    if not reply.is_ok:
        said.append(f"{name}: {reply.said}")
        return None
    data = reply.data[: commands.SECTOR]
    if len(data) != commands.SECTOR or data[510] != _DCO_SIGNATURE or sum(data) & 0xFF or data[0] not in (1, 2):
        said.append(f"{name}: wrong checksum or revision, not believed")
        return None
    return _plausible(name, int.from_bytes(data[6:14], "little"), visible, said)


def _open_max(transport: SgAta, seen: _Seen, said: list[str]) -> _Seen:
    """Volatile first: a power cycle undoes it, should the tail be unusable. Then for good, so that a cut does not.

    READ NATIVE MAX must come immediately before SET MAX (ATA8-ACS, SET MAX ADDRESS EXT).
    """
    if seen.hpa is None or seen.hpa <= seen.visible:
        return seen
    native = seen.hpa - 1
    ask = commands.READ_NATIVE_MAX_EXT if seen.is_ext else commands.READ_NATIVE_MAX
    for for_good in (False, True):
        asked = transport.issue(ask)
        if not asked.is_ok or asked.registers is None or asked.registers.lba != native:
            said.append(f"{ask.name} before SET MAX: {asked.said}")
            break
        command = commands.set_max(native, is_ext=seen.is_ext, for_good=for_good)
        reply = transport.issue(command)
        said.append(f"{command.name} {'for good' if for_good else 'until power-off'}: {reply.said}")
        seen = _again(transport, seen, said)  # even when it failed: what IDENTIFY shows is what counts
        if not reply.is_ok or seen.visible != native + 1:
            break
    return seen


def _again(transport: SgAta, seen: _Seen, said: list[str]) -> _Seen:
    """What the disk shows after a change; HPA and DCO are asked anew, for a DCO may have hidden the rest of an HPA."""
    try:
        identity, _ = ask_identity(transport)
    except NotIdentified as error:
        said.append(str(error))
        return replace(seen, is_unknown=True)
    now = _look(transport, identity)
    said.extend(now.said)
    return replace(now, ama=now.ama if identity.has_ama else seen.ama)
