"""Makers of memory: names from JEDEC codes, which many firmwares print as hex in place of the name.

A code is a number of continuation bytes (0x7F, the bank less one) and a byte, both with odd parity in bit 7: Kingston
is 7F 98, written "7F98000000000000", "0198", "9801", "0198000080AD" (module maker, then DRAM maker)… JEDEC JEP106.
"""

import re

from agent.text import meant

# (continuation bytes, code without parity) → name; makers of modules and of DRAM.
_MAKERS: dict[tuple[int, int], str] = {
    (0, 0x04): "Fujitsu", (0, 0x07): "Hitachi", (0, 0x09): "Intel", (0, 0x10): "NEC", (0, 0x18): "Toshiba",
    (0, 0x1C): "Mitsubishi", (0, 0x24): "IBM", (0, 0x2C): "Micron", (0, 0x2D): "SK Hynix", (0, 0x40): "ProMOS",
    (0, 0x41): "Infineon", (0, 0x48): "Apple", (0, 0x4E): "Samsung", (0, 0x54): "HP", (0, 0x5A): "Winbond",
    (0, 0x60): "LG", (1, 0x11): "Dataram", (1, 0x14): "Smart Modular", (1, 0x18): "Kingston", (1, 0x32): "Mushkin",
    (1, 0x3A): "PNY", (1, 0x40): "Viking", (1, 0x4E): "Unigen", (1, 0x4F): "Transcend", (1, 0x5A): "Dane-Elec",
    (1, 0x61): "Wintec", (1, 0x7A): "Apacer", (2, 0x1E): "Corsair", (2, 0x34): "Legend", (2, 0x35): "SpecTek",
    (2, 0x7E): "Elpida", (3, 0x03): "Buffalo", (3, 0x0B): "Nanya", (3, 0x13): "GeIL", (3, 0x14): "Mushkin",
    (3, 0x16): "Netlist", (3, 0x19): "Centon", (3, 0x25): "Kingmax", (4, 0x16): "Positivo", (4, 0x30): "OCZ",
    (4, 0x43): "Ramaxel", (4, 0x48): "Powerchip", (4, 0x4B): "ADATA", (4, 0x4D): "G.Skill", (4, 0x6F): "Team Group",
    (5, 0x02): "Patriot", (5, 0x1B): "Crucial", (5, 0x3A): "Virtium", (5, 0x51): "Qimonda", (5, 0x56): "Chaintech",
    (5, 0x57): "Aeneon", (5, 0x62): "Goldenmars", (5, 0x63): "Kreton", (5, 0x77): "Avant", (6, 0x16): "Avexir",
    (6, 0x34): "Super Talent", (6, 0x41): "ASint", (6, 0x51): "Kinglife", (6, 0x53): "Silicon Power",
    (6, 0x5E): "Lexar", (6, 0x63): "ATP", (6, 0x6B): "TwinMOS", (6, 0x6D): "V-Color", (6, 0x71): "Innodisk",
    (7, 0x03): "Strontium", (7, 0x0A): "Visipro", (7, 0x12): "HT Micron", (7, 0x1C): "Ramsta", (7, 0x1E): "Teikon",
    (7, 0x46): "Gloway", (7, 0x5D): "Goodram", (7, 0x70): "Panram", (8, 0x18): "Essencore", (8, 0x48): "Lenovo",
    (8, 0x53): "AP Memory", (8, 0x71): "Asgard", (8, 0x75): "Juhor", (8, 0x77): "DSL Memory", (9, 0x02): "VMware",
    (9, 0x04): "Intenso", (9, 0x72): "Gigabyte", (9, 0x74): "Hyundai", (9, 0x77): "Netac", (10, 0x02): "KingSpec",
    (10, 0x11): "CXMT", (10, 0x2D): "Puskill", (10, 0x31): "Biwin", (10, 0x3A): "Foxline", (10, 0x45): "Chun Well",
}  # fmt: skip
# The same makers as they are written out, by how the text begins.
_WRITTEN: tuple[tuple[str, str], ...] = (
    ("samsung", "Samsung"), ("sec ", "Samsung"), ("sk hynix", "SK Hynix"), ("skhynix", "SK Hynix"),
    ("hynix", "SK Hynix"), ("hyundai", "SK Hynix"), ("micron", "Micron"), ("crucial", "Crucial"),
    ("kingston", "Kingston"), ("corsair", "Corsair"), ("elpida", "Elpida"), ("nanya", "Nanya"), ("qimonda", "Qimonda"),
    ("infineon", "Infineon"), ("ramaxel", "Ramaxel"), ("a-data", "ADATA"), ("adata", "ADATA"), ("g skill", "G.Skill"),
    ("g.skill", "G.Skill"), ("team", "Team Group"), ("transcend", "Transcend"), ("smart", "Smart Modular"),
    ("patriot", "Patriot"), ("pdp systems", "Patriot"), ("changxin", "CXMT"), ("kingmax", "Kingmax"),
    ("apacer", "Apacer"), ("silicon power", "Silicon Power"), ("asint", "ASint"), ("avant", "Avant"),
    ("golden empire", "GeIL"), ("pny", "PNY"), ("mushkin", "Mushkin"), ("ocz", "OCZ"), ("essencore", "Essencore"),
    ("wilk", "Goodram"), ("silicon-power", "Silicon Power"),
)  # fmt: skip
_HEX = re.compile(r"(?:JEDECID:)?(?:0x)?((?:[0-9A-F]{2}){1,64})", re.IGNORECASE)
_BAD_ID = re.compile(r"\s*\((?:bank:? ?\d+|0x[0-9a-f]+|[0-9a-f]{4,}|id[^)]*)\)\s*$|^unknown ", re.IGNORECASE)


def maker_of(text: str | None) -> str | None:
    """The maker's name; the text itself when it is an unknown one; None for placeholders and for codes unknown here."""
    text = meant(text)
    if text is None:
        return None
    text = _BAD_ID.sub("", text)
    match = _HEX.fullmatch(text.replace(" ", ""))
    if match and re.search(r"\d", text):
        return decoded(bytes.fromhex(match[1]))
    lower = text.casefold()
    return next((name for start, name in _WRITTEN if lower.startswith(start)), meant(text))


def decoded(raw: bytes) -> str | None:
    """The maker a code stands for, in each of the ways that firmwares write it."""
    if not any(raw) or set(raw) == {0xFF}:
        return None
    run = len(raw) - len(raw.lstrip(b"\x7f"))
    if run and run < len(raw):  # continuation bytes written out
        return _MAKERS.get((run, raw[run] & 0x7F))
    rest = raw[1:]
    if len(raw) == 1 or set(rest) <= {0} or set(rest) == {0xFF} or len(raw) == 8:
        return _MAKERS.get((0, raw[0] & 0x7F))
    if len(raw) == 6:  # "80AD000080AD", "002C0632002C": module maker, …, DRAM maker
        return decoded(raw[:2]) or decoded(raw[4:])
    bank, code = raw[0], raw[1]
    if _is_bank(bank) and (found := _MAKERS.get((bank & 0x7F, code & 0x7F))):
        return found
    return _MAKERS.get((code & 0x7F, bank & 0x7F)) if _is_bank(code) else None  # "2C80": the other way round


def _is_bank(byte: int) -> bool:
    return byte & 0x7F < 16
