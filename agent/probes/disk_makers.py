"""Who made a disk, from its model number: ATA and NVMe disks state no maker. The prefixes are the makers' own."""

import re

from agent.text import meant

_NAMED = (
    ("Western Digital", r"WDC?\b|WD\d|Western Digital|WUH|WUS"),
    ("Seagate", r"ST\d{2,}|SEAGATE|XF\d{4}|Seagate"),
    ("Samsung", r"SAMSUNG|MZ[-A-Z0-9]{5}|SP\d{4}[CN]|H[DMNSE]\d{3}[A-Z]{2}\b"),
    ("HGST", r"HGST|HU[HS]\d"),
    ("Hitachi", r"Hitachi|HITACHI|HT[SCEA]\d|HD[STPE]\d|IC\d{2}[A-Z]"),
    ("Toshiba", r"TOSHIBA|THN[A-Z]|MK\d{4}|MQ0\d|K[BX]G\d"),
    ("Kioxia", r"KIOXIA"),
    ("Fujitsu", r"FUJITSU|M[HP][A-Z]\d{4}"),
    ("Maxtor", r"Maxtor|MAXTOR|[46][A-Z]\d{3}[A-Z]\d"),
    ("Quantum", r"QUANTUM"),
    ("IBM", r"IBM"),
    ("Intel", r"INTEL|SSDSC|SSDPE|SSDSA"),
    ("Crucial", r"Crucial|CT\d{2,}|M4-CT|C\d{3}-CT"),
    ("Micron", r"Micron|MTFD"),
    ("Kingston", r"KINGSTON|RBU-|OM[A-Z]{2}\d"),
    ("SanDisk", r"SanDisk|SDSS|SD[678][A-Z]"),
    ("SK hynix", r"SK\s?hynix|HFS\d|HFM\d|HYNIX|hynix|BC\d{3} "),
    ("LITE-ON", r"LITE-?ON|LITEONIT|LCS-|LCH-|CV\d-|CX\d-|CA\d-"),
    ("OCZ", r"OCZ"),
    ("ADATA", r"ADATA|SU\d{3}\b"),
    ("Transcend", r"TS\d+G|Transcend"),
    ("PNY", r"PNY"),
    ("Corsair", r"Corsair|CSSD|Force "),
    ("Phison", r"Phison|PHISON"),
    ("Apple", r"APPLE"),
    ("Plextor", r"PLEXTOR|PX-"),
    ("Patriot", r"Patriot"),
    ("GOODRAM", r"GOODRAM|SSDPR"),
    ("Silicon Power", r"SPCC"),
    ("Sabrent", r"Sabrent"),
    ("Lexar", r"Lexar"),
    ("Union Memory", r"UMIS"),
    ("Netac", r"Netac"),
    ("KingDian", r"KingDian"),
    ("KingSpec", r"KingSpec"),
    ("Intenso", r"Intenso"),
    ("Dell", r"Dell"),
)
_PATTERNS = tuple((maker, re.compile(pattern)) for maker, pattern in _NAMED)
_VENDORS = {"ATA": None, "NVME": None, "USB": None, "GENERIC": None, "VIRTUAL": None}


def disk_maker(vendor: str | None, model: str | None) -> str | None:
    """The maker by the vendor field if it names one, else by the model; None rather than a guess."""
    vendor = meant(vendor)
    if vendor and vendor.upper() in _VENDORS:
        vendor = None
    for text in (vendor, model):
        for maker, pattern in _PATTERNS if text else ():
            if pattern.match(text or ""):
                return maker
    return vendor
