"""Makers' names as people say them. SMBIOS strings shout, add legal forms, and change with each purchase."""

import re

from agent.text import meant

# Compared in lower case with the first words.
_NAMES: tuple[tuple[str, str], ...] = (
    ("lenovo", "Lenovo"),
    ("ibm", "IBM"),
    ("dell", "Dell"),
    ("hewlett packard enterprise", "HPE"),
    ("hewlett", "HP"),
    ("hpe", "HPE"),
    ("hp", "HP"),
    ("compaq", "Compaq"),
    ("apple", "Apple"),
    ("asus", "ASUS"),
    ("asustek", "ASUS"),
    ("acer", "Acer"),
    ("packard bell", "Packard Bell"),
    ("emachines", "eMachines"),
    ("gateway", "Gateway"),
    ("toshiba", "Toshiba"),
    ("dynabook", "Dynabook"),
    ("fujitsu siemens", "Fujitsu Siemens"),
    ("fujitsu client", "Fujitsu"),
    ("fujitsu", "Fujitsu"),
    ("samsung", "Samsung"),
    ("sony", "Sony"),
    ("micro-star", "MSI"),
    ("micro star", "MSI"),
    ("msi", "MSI"),
    ("gigabyte", "Gigabyte"),
    ("giga-byte", "Gigabyte"),
    ("asrock", "ASRock"),
    ("intel", "Intel"),
    ("medion", "Medion"),
    ("panasonic", "Panasonic"),
    ("matsushita", "Panasonic"),
    ("microsoft", "Microsoft"),
    ("google", "Google"),
    ("huawei", "Huawei"),
    ("lg electronics", "LG"),
    ("nec", "NEC"),
    ("supermicro", "Supermicro"),
    ("shuttle", "Shuttle"),
    ("zotac", "Zotac"),
    ("biostar", "Biostar"),
    ("foxconn", "Foxconn"),
    ("elitegroup", "ECS"),
    ("ecs", "ECS"),
    ("alienware", "Alienware"),
    ("razer", "Razer"),
    ("clevo", "Clevo"),
    ("wyse", "Wyse"),
    ("vmware", "VMware"),
    ("qemu", "QEMU"),
    ("innotek", "VirtualBox"),
)
_LEGAL = re.compile(
    r"[\s,]+(?:inc|corp|corporation|co|company|ltd|limited|gmbh|ag|s\.?a|s\.?p\.?a|llc|international|technology"
    r"|electronics|computers?|int'l)\.?,?\s*$",
    re.IGNORECASE,
)


def tidy(text: str | None) -> str | None:
    """The maker's usual name; an unknown maker keeps its own, less "Co., Ltd."; None for a placeholder."""
    text = meant(text)
    if text is None:
        return None
    lower = text.casefold()
    for start, name in _NAMES:
        if re.match(rf"{re.escape(start)}(?![a-z])", lower):
            return name
    shorter = text
    while (cut := _LEGAL.sub("", shorter)) != shorter and cut:
        shorter = cut
    return shorter.rstrip(" ,") or text
