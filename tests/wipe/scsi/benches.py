"""What the SCSI tests share: a twin, a family on it, a driver."""

from agent.erasure import Media, Technique
from agent.facts import Transport
from agent.wipe.device import Noted
from agent.wipe.scsi.family import ScsiFamily, open_scsi
from tests.wipe.twins.driving import Driver
from tests.wipe.twins.scsi import PowerCut, ScsiTwin

BLOCK: Technique = "scsi-sanitize-block"
CRYPTO: Technique = "scsi-sanitize-crypto"
OVERWRITE: Technique = "scsi-sanitize-overwrite"
FORMAT: Technique = "scsi-format-unit"
ALL = (BLOCK, CRYPTO, OVERWRITE, FORMAT)


def media_of(twin: ScsiTwin, *, transport: Transport = "sas", bridge: str | None = None) -> Media:
    return Media(
        name="sdx", serial=twin.serial, model=twin.product, kind="ssd" if twin.is_ssd else "hdd", transport=transport,
        bridge=bridge, size_bytes=twin.size_bytes,
    )  # fmt: skip


def family_on(
    twin: ScsiTwin, *, armed: bool = True, transport: Transport = "sas", bridge: str | None = None
) -> ScsiFamily:
    return open_scsi(3, media_of(twin, transport=transport, bridge=bridge), armed=armed, send=twin.send)


def driver(twin: ScsiTwin, technique: Technique) -> Driver:
    return Driver(twin, lambda: family_on(twin), technique, PowerCut)


def notes(technique: Technique, *steps: str, before: str = "idle") -> tuple[Noted, ...]:
    told = [Noted(step="sending")]
    for step in steps:
        details = {"technique": technique, **({"before": before} if step == "scsi-erase" else {})}
        told.append(Noted(step=step, details=details))
    return tuple(told)
