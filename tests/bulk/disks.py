"""Disks of our own composing, as a survey would show them."""

from typing import Any

import msgspec

from agent.bulk.session import Chosen
from agent.erasure import Media, Reason
from agent.wipe.choose import make_plan
from agent.wipe.survey import Surveyed

MOUNTED = Reason(rule="mounted", fr="sdz est utilisé.", en="sdz is in use.")


def media(serial: str | None, name: str = "sda", **changes: Any) -> Media:
    made = Media(
        name=name, serial=serial, model="WD5000AAKX", maker="WD", kind="hdd", transport="sata", size_bytes=500 * 10**9
    )
    return msgspec.structs.replace(made, **changes)


def surveyed(serial: str | None, name: str = "sda", *, refusals: tuple[Reason, ...] = (), **changes: Any) -> Surveyed:
    disk = media(serial, name, **changes)
    return Surveyed(media=disk, refusals=refusals, found=("NTFS",), plan=make_plan(disk, ()))


def chosen(serial: str, name: str = "sda", *, is_member: bool = False, found: tuple[str, ...] = ("NTFS",)) -> Chosen:
    disk = media(serial, name)
    return Chosen(media=disk, plan=make_plan(disk, ()), found=found, is_member=is_member)
