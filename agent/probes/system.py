"""What the PC says it is: SMBIOS types 1, 2 and 3, placeholders removed. A serial that many PCs share is no identity.

The chassis kind here is a first word from names and the declared type; crosscheck says the last one, once batteries
and panels are known.
"""

import re

from agent.facts import System, Why
from agent.host import Host
from agent.probes import Findings
from agent.probes.chassis import NAMELESS, chassis_of
from agent.probes.makers import tidy
from agent.probes.smbios import IDS, TABLE, Table
from agent.probes.smbios_structures import Board, Chassis, SystemInfo
from agent.text import clean, meant

__all__ = ["chassis_of", "parse_system", "probe"]

# Lenovo and IBM put the type code in Product and the sales name in Version.
_TYPE_CODE = re.compile(r"(?=\w*\d)[0-9A-Z]{4,10}")
_SALES_NAME = re.compile(r"think|idea|lenovo|yoga|legion|flex|miix|tablet|\b[A-Z]\d{2,3}\b", re.IGNORECASE)
_BRANDS = frozenset(("thinkpad", "thinkcentre", "ideapad", "lenovo"))  # too short to be a sales name
_REFERENCE_DESIGN = re.compile(r"platform|chipset|\bcrb\b|^invalid$|^lenovo product$", re.IGNORECASE)
# Words of the maker's template inside a serial or a tag, beyond the placeholders that every string may be.
_JUNK = re.compile(
    r"serial|filled|default|asset|chassis|o\.e\.m|\b(?:mb|oem|none|null|test|empty|sample|system|board|base|unknown"
    r"|invalid|n/?a|not|to be|tbd|evaluation|standard|type\d|number)\b",
    re.IGNORECASE,
)
_DELL_TAG = re.compile(r"[B-DF-HJ-NP-TV-Z]{7}")  # a service tag may be letters only, but never vowels
_DULL_UUIDS = frozenset(
    # Given by boards whose maker never set one; each is on thousands of PCs (linuxhw, GLPI, fwupd).
    ("03000200-0400-0500-0006-000700080009", "00020003-0004-0005-0006-000700080009",
     "12345678-1234-5678-90ab-cddeefaabbcc", "01234567-8901-2345-6789-012345678901",
     "ffffff00-ffff-ffff-ffff-ffffffffffff", "fefefefe-fefe-fefe-fefe-fefefefefefe",
     "00112233-4455-6677-8899-aabbccddeeff", "11111111-2222-3333-4444-555555555555",
     "12345678-1234-1234-1234-123456789abc")
)  # fmt: skip


def meant_serial(text: str | None, least: int = 5) -> str | None:
    """A serial number or tag that may identify this very PC, or None: two PCs must never be taken for one."""
    text = meant(text)
    if text is None or _JUNK.search(text):
        return None
    bare = re.sub(r"[^0-9A-Z]", "", text.upper())
    if len(bare) < least or len(set(bare)) < 2 or _is_run(bare):
        return None
    return text if re.search(r"\d", bare) or _DELL_TAG.fullmatch(bare) else None


def _is_run(text: str) -> bool:
    """True for keys in a row, forwards, backwards, or again and again: "0123456789ABCDEF", "987654321", "12341234"."""
    runs = ("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", "1234567890" * 4, "9876543210" * 4, "QWERTYUIOP")
    if any(text in run for run in runs):
        return True
    half, odd = divmod(len(text), 2)
    return half >= 3 and not odd and text[:half] == text[half:] and _is_run(text[:half])


def meant_uuid(text: str | None) -> str | None:
    if text is None or text in _DULL_UUIDS:
        return None
    bare = text.replace("-", "")
    return None if len(set(bare)) < 3 else text


def parse_system(table: Table) -> System:
    info = table.systems[0] if table.systems else SystemInfo()
    board = _main_board(table.boards)
    case = table.chassis[0] if table.chassis else Chassis()
    product, version, sku = _names(info)
    maker = tidy(info.maker)
    return System(
        maker=maker,
        product=product,
        version=version,
        family=meant(info.family),
        sku=sku,
        serial=meant_serial(info.serial) or meant_serial(case.serial),
        uuid=meant_uuid(info.uuid),
        board_maker=tidy(board.maker),
        board_product=meant(board.product),
        board_version=meant(board.version),
        board_serial=meant_serial(board.serial),
        asset_tag=meant_serial(case.asset_tag, 3) or meant_serial(board.asset_tag, 3),
        chassis=chassis_of(case.kind, product, version, maker, None, None),
        chassis_declared=case.kind,
    )


def _main_board(boards: tuple[Board, ...]) -> Board:
    """The mother board, where riser cards and backplanes are listed beside it."""
    named = [board for board in boards if meant(board.product)]
    return next((board for board in named if board.kind == "Motherboard"), named[0] if named else Board())


def _names(info: SystemInfo) -> tuple[str | None, str | None, str | None]:
    """Sales name, version, stock code."""
    product, version, sku = meant(info.product), meant(info.version), meant(info.sku)
    if not clean(info.maker or "").casefold().startswith(("lenovo", "ibm")):
        return product, version, sku
    if version and _REFERENCE_DESIGN.search(version):
        version = None
    code = product if product and _TYPE_CODE.fullmatch(product) else None
    if version and _SALES_NAME.search(version) and (code or not product or _REFERENCE_DESIGN.search(product)):
        product = f"{version} {code}" if code and version.casefold() in _BRANDS else version
        version, sku = None, code or sku
    if product and len(product) > 7 and product.casefold().startswith("lenovo "):
        product = product[7:]
    return product, version, sku


def probe(host: Host, table: Table) -> Findings:
    findings = Findings()
    system = parse_system(table)
    source = table.source or TABLE
    findings.found("system", system, source)
    info = table.systems[0] if table.systems else SystemInfo()
    for field, raw in (("maker", info.maker), ("product", info.product), ("serial", info.serial), ("uuid", info.uuid)):
        if getattr(system, field) is None:
            findings.missed(f"system.{field}", source, _why(host, field, raw), _told(field, raw))
    if system.chassis is None:
        declared = system.chassis_declared
        findings.missed("system.chassis", source, "placeholder" if declared in NAMELESS else "absent", declared or "")
    return findings


def _why(host: Host, field: str, raw: str | None) -> Why:
    if raw is not None:
        return "placeholder"
    name = {"maker": "sys_vendor", "product": "product_name"}.get(field, f"product_{field}")
    # The kernel shows serial and UUID to root only.
    return "refused" if host.read(f"{IDS}/{name}").why == "refused" else "absent"


def _told(field: str, raw: str | None) -> str:
    """What stood there instead; never for a serial or UUID, which a rule of ours might refuse wrongly."""
    return clean(raw or "", 64) if field in ("maker", "product") else ""
