"""Strings from hardware are hostile: bound them, strip what can steer a terminal, know a placeholder when seen.

Escaping for one output (HTML, CSV, terminal, PDF) is that output's own duty, on top of this.
"""

import re
import unicodedata

LIMIT = 256  # characters kept of any hardware string

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_SPACES = re.compile(r"\s+")
# Cc, Cf (bidi overrides, zero width), Cs (lone surrogates), Co, Cn: none of them belongs in a name.
_DROPPED = ("C",)

# Compared in lower case with all but letters and digits removed. Sources: linuxhw/DMI counts, peracotta, GLPI.
_PLACEHOLDERS = frozenset(
    """
    tobefilledbyoem tobefilledbyoemno tobefilled filledbyoem defaultstring default systemproductname systemmanufacturer
    systemname systemversion systemserialnumber systemsku systemskunumber skunumber sku allseries oem oemdefault
    notspecified notavailable notapplicable notpresent notprovided na none null nil unknown unknow undefined invalid
    empty noenclosure baseboard baseboardproductname baseboardserialnumber basebroadserialnumber baseboardmanufacturer
    baseboardversion mbserialnumber boardserialnumber boardversion chassisserialnumber chassismanufacturer
    chassisversion chassisassettag enclosureserialnumber assettag noassettag noassetinformation assettagno productname
    manufacturer manufacturername serialnumber serial serialno version xxxxxxxxxx ser serno systemuuid
    123456789 0123456789 1234567890 123456 12345678 1234567 outofspec badindex nosmbiostable nodata notsettable
    manufacturer0 manufacturer1 manufacturer2 manufacturer3 partnum0 partnum1 partnum2 partnum3 arraypartnumber
    sernum0 sernum1 sernum2 sernum3 serialnum0 modulepartnumber modulepartnumber0 modulemanufacturer dimm
    nomoduleinstalled noteoem xxxxxxxx ffffffff
    """.split()
)
_NUMBERED = re.compile(r"(manufacturer|partnum(ber)?|sernum|serialnum(ber)?|assettagnum|dimm|bank|array)\d{1,2}")

_COUNTED = re.compile(r"[a-z]{2,3}(\d{10,})")  # "MB-1234567890", "BSN12345678901234567"


def decode(raw: bytes) -> str:
    """Text of a tool or file: UTF-8, else Latin-1 (never fails), ANSI colours removed, newlines unified."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return _ANSI.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def clean(text: str, limit: int = LIMIT) -> str:
    """One line, no control, bidi or invisible characters, at most `limit` characters."""
    text = _ANSI.sub("", text[: limit * 8])
    text = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] not in _DROPPED)
    return _SPACES.sub(" ", text).strip()[:limit].rstrip()


def whole(text: str | None) -> int | None:
    """A kernel attribute as a whole number; None for none, for an empty one, "N/A" and the like."""
    try:
        return int(text or "")
    except ValueError:
        return None


def is_placeholder(text: str) -> bool:
    """True for what a maker never filled in: "To be filled by O.E.M.", "00000000", "Default string", …"""
    bare = re.sub(r"[\W_]+", "", text.casefold())
    if not bare or bare in _PLACEHOLDERS or _NUMBERED.fullmatch(bare):
        return True
    if (counted := _COUNTED.fullmatch(bare)) and counted[1] in "1234567890" * 4:
        return True
    return len(set(bare)) == 1 and (bare[0] in "0fx" or len(bare) >= 5)


def meant(text: str | None, limit: int = LIMIT) -> str | None:
    """The cleaned text, or None when it is empty or a placeholder."""
    if text is None:
        return None
    text = clean(text, limit)
    return None if is_placeholder(text) else text
