"""What the MMC tests share: a twin, a family on it, a driver."""

from agent.erasure import Media, Technique
from agent.wipe.mmc.family import MmcFamily, open_mmc
from tests.wipe.twins.driving import Driver
from tests.wipe.twins.mmc import MmcTwin, PowerCut

SANITIZE: Technique = "mmc-sanitize"
SECURE: Technique = "mmc-secure-erase"
BOTH = (SANITIZE, SECURE)


def media_of(twin: MmcTwin) -> Media:
    return Media(
        name=twin.disk, serial=twin.serial, model=twin.name, kind="emmc" if twin.kind == "MMC" else "sd-card",
        transport="mmc", size_bytes=twin.size_bytes,
    )  # fmt: skip


def family_on(twin: MmcTwin, *, armed: bool = True, media: Media | None = None) -> MmcFamily:
    return open_mmc(
        3, media or media_of(twin), armed=armed, ioctl=twin.ioctl, sysfs=twin.sysfs, read_area=twin.read_area
    )


def driver(twin: MmcTwin, technique: Technique) -> Driver:
    return Driver(twin, lambda: family_on(twin), technique, PowerCut)
