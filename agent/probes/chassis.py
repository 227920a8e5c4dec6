"""What kind of PC this is. Makers leave "Desktop" in laptops, "Notebook" in sticks, "Other" in all: names that cannot
be mistaken come first, then the declared type, then what is really there (a battery, a built-in panel)."""

import re

from agent.facts import ChassisKind

# SMBIOS 7.4.1 names → kind. Not here: Other, Unknown, Docking Station; they say nothing of the PC.
KINDS: dict[str, ChassisKind] = {
    "Desktop": "desktop",
    "Low Profile Desktop": "desktop",
    "Pizza Box": "desktop",
    "Mini Tower": "desktop",
    "Tower": "desktop",
    "Space-saving": "desktop",
    "Sealed-case PC": "desktop",
    "Portable": "laptop",
    "Laptop": "laptop",
    "Notebook": "laptop",
    "Sub Notebook": "laptop",
    "Convertible": "laptop",
    "Hand Held": "tablet",
    "Tablet": "tablet",
    "Detachable": "tablet",
    "All In One": "all-in-one",
    "Lunch Box": "mini-pc",
    "Mini PC": "mini-pc",
    "Stick PC": "mini-pc",
    "Main Server Chassis": "server",
    "RAID Chassis": "server",
    "Rack Mount Chassis": "server",
    "Multi-system": "server",
    "Blade": "server",
    "Blade Enclosing": "server",
    "Expansion Chassis": "other",
    "Sub Chassis": "other",
    "Bus Expansion Chassis": "other",
    "Peripheral Chassis": "other",
    "CompactPCI": "other",
    "AdvancedTCA": "other",
    "IoT Gateway": "other",
    "Embedded PC": "other",
}
NAMELESS = frozenset(("Other", "Unknown", "Docking Station"))


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_VIRTUAL = _any_of(
    r"\b(?:QEMU|KVM|VirtualBox|VMware|Parallels|Bochs|BHYVE|innotek|oVirt|OpenStack|HVM domU|Xen|Amazon EC2)\b",
    r"Google Compute Engine",
    r"Microsoft Corporation Virtual Machine",
)
_SERVER = _any_of(
    r"\b(?:PowerEdge|ProLiant|PRIMERGY|eServer|xSeries|ThinkSystem|ThinkServer|Super ?Server|System x\d{4})\b",
    r"\bORACLE SERVER\b",
    r"\bSYS-\d{3,4}",
)
_ALL_IN_ONE = _any_of(
    r"\biMac(?:Pro)?\d",
    r"\bAll[- ]?In[- ]?One\b|\bA[iI]O\b",
    r"\bThink(?:Centre|Station) \w*\d\w*z\b",
    r"\bAspire [ZCU]\w*\d|\bVeriton Z|\bEZ1\d{3}",
    r"\bIdea ?Centre (?:AIO|A\d|B\d|C\d)",
    r"\b(?:TouchSmart|ProOne|EliteOne)\b",
    r"\bET(?:16|19|2\d)\d\d|\bEeeTop\b",
    r"\bMS-A[AE]\d{3}|\bWind Top\b",
)
_TABLET = _any_of(
    r"\bICONIA Tab\b",
    r"\bWT(?:7|8|10)-[AB]\b",
    r"\bSurface (?:Pro|Go|3|2|RT)\b",
    r"\bThinkPad (?:8|10|Tablet)\b|\bX1 Tablet\b",
)
_LAPTOP = _any_of(
    r"\b(?:MacBook|PowerBook|iBook)",
    r"\b(?:ThinkPad|ThinkBook|IdeaPad|EliteBook|ProBook|ZBook|Latitude|LIFEBOOK|TravelMate|EasyNote|Satellite|Tecra)\b",
    r"\b(?:Port[eé]g[eé]|Dynabook|Zen[Bb]ook|VivoBook|ROG Zephyrus|Toughbook|Chromebook|Aspire One|MateBook|Stream)\b",
    r"\b(?:Note|Net)book\b|\b\w*Laptop\b|\bPort[aá]til\b|\bPortable PC\b",
    r"\bSurface (?:Book|Laptop)\b",
    r"\b(?:HP|Compaq|Inspiron|HP Compaq) Mini\b",  # netbooks, in spite of the name
    r"\bEee PC\b",
)
_MINI = _any_of(
    r"\bMac ?mini",
    r"\bNUC(?:\b|\d)",
    r"\b(?:Thin Client|ZBOX|Chromebox|BRIX|LIVA|fitlet\d?|MEEGOPAD)\b",
    r"\bMini[- ]?PC\b|\bDesktop Mini\b|\bDM(?: \d\dW)?(?: PC)?$|\bDM \d\dW\b",
    r"\bTiny\b|\bThinkCentre \w*\d\w*q\b",
    r"\bUSFF\b|\bUSDT\b|\bUltra[- ]?Slim\b|\bUltra[- ]?Small\b",
    r"\bStick\b",
)


def chassis_of(
    declared: str | None,
    product: str | None,
    version: str | None,
    maker: str | None,
    has_battery: bool | None,
    has_internal_panel: bool | None,
) -> ChassisKind | None:
    """The kind, None when nothing tells. `declared` is the 7.4.1 name; the two last are what other probes saw: False
    only when they could have seen one (some screen was found, and none of them is built in)."""
    name = " ".join(part for part in (maker, product, version) if part)
    kind = KINDS.get(declared or "")
    if _VIRTUAL.search(name):
        return "virtual"
    if named := _certain(name, kind):
        return named
    if kind in ("laptop", "tablet"):
        if has_battery is False and has_internal_panel is False and not _LAPTOP.search(name):
            # A desktop whose maker wrote "Notebook", or a laptop stripped of both: only a look at it tells.
            return "mini-pc" if _MINI.search(name) else None
        return kind
    if _LAPTOP.search(name) and kind != "server":
        return "laptop"
    if kind in ("desktop", "mini-pc", None):
        return _desktop_or_not(kind, name, has_battery, has_internal_panel)
    return kind


def _certain(name: str, kind: ChassisKind | None) -> ChassisKind | None:
    """Product names that no other kind of PC bears."""
    if _SERVER.search(name):
        return "server"
    if _ALL_IN_ONE.search(name):
        return "all-in-one"
    if _TABLET.search(name):
        return "tablet"
    if re.search(r"\bStick\b", name) or (_MINI.search(name) and kind != "laptop" and not _LAPTOP.search(name)):
        return "mini-pc"
    return "laptop" if kind == "laptop" and _LAPTOP.search(name) else None


def _desktop_or_not(
    kind: ChassisKind | None, name: str, has_battery: bool | None, has_internal_panel: bool | None
) -> ChassisKind | None:
    if has_battery:  # a mouse's or a UPS's is not counted as the PC's
        return "laptop"
    if has_internal_panel and kind is None:
        return None  # an all-in-one, or a laptop without its battery
    if has_internal_panel:
        return "all-in-one"
    if kind is None and has_battery is False and has_internal_panel is False:
        return "desktop"
    return kind
