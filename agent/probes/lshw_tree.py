"""lshw's three outputs (-json, -xml, text) as one tree of nodes. Pure; repairs what lshw is known to break.

Its JSON was an object, then a list, and with `-class` objects in a row; strings may hold raw control characters
(lyonel/lshw#46, #48). Its text is localised, keys included; the names of nodes are not.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from agent.probes.told import bytes_in
from agent.text import clean

_DEPTH_MOST = 40
_NODES_MOST = 20_000
_HEAD = re.compile(r"(\s*)\*-([\w-]+)(?::\d+)?(?:\s+(DISABLED|UNCLAIMED))?\s*")
_LINE = re.compile(r"(\s+)([^:]{2,40}?)\s?: ?(.*)")
_NUMBER = re.compile(r"\d+")
_SCALAR = ("description", "product", "vendor", "businfo", "version", "date", "serial", "slot", "units")

# Keys of the text, by language: lshw's po files (fr, es, de, ru, ca, gl, da).
_KEYS = {
    "physical id": "physid", "bus info": "businfo", "logical name": "logicalname", "clock": "clock", "width": "width",
    "description": "description", "product": "product", "vendor": "vendor", "version": "version", "date": "date",
    "serial": "serial", "slot": "slot", "size": "size", "capacity": "capacity", "capabilities": "capabilities",
    "configuration": "configuration", "resources": "resources",
    "produit": "product", "fabricant": "vendor", "information bus": "businfo", "nom logique": "logicalname",
    "numéro de série": "serial", "emplacement": "slot", "taille": "size", "capacité": "capacity", "bits": "width",
    "horloge": "clock", "fonctionnalités": "capabilities",
    "descripción": "description", "producto": "product", "fabricante": "vendor", "información del bus": "businfo",
    "nombre lógico": "logicalname", "versión": "version", "fecha": "date", "serie": "serial", "ranura": "slot",
    "tamaño": "size", "capacidad": "capacity", "anchura": "width", "reloj": "clock", "capacidades": "capabilities",
    "configuración": "configuration",
    "Beschreibung": "description", "Produkt": "product", "Hersteller": "vendor", "Bus-Informationen": "businfo",
    "Logischer Name": "logicalname", "Datum": "date", "Seriennummer": "serial", "Steckplatz": "slot",
    "Größe": "size", "Kapazität": "capacity", "Breite": "width", "Takt": "clock", "Fähigkeiten": "capabilities",
    "Konfiguration": "configuration",
    "описание": "description", "продукт": "product", "производитель": "vendor", "сведения о шине": "businfo",
    "логическое имя": "logicalname", "версия": "version", "дата": "date", "серийный №": "serial", "слот": "slot",
    "размер": "size", "ёмкость": "capacity", "разрядность": "width", "частота": "clock", "возможности": "capabilities",
    "конфигурация": "configuration",
}  # fmt: skip
# The text gives a node's name, not its class.
_CLASSES = {
    "core": "bus", "firmware": "memory", "memory": "memory", "bank": "memory", "cache": "memory", "cpu": "processor",
    "display": "display", "network": "network", "multimedia": "multimedia", "sata": "storage", "ide": "storage",
    "scsi": "storage", "storage": "storage", "raid": "storage", "nvme": "storage", "disk": "disk", "cdrom": "disk",
    "namespace": "disk", "medium": "disk", "volume": "volume", "logicalvolume": "volume", "battery": "power",
    "power": "power", "interface": "generic", "usb": "bus", "usbhost": "bus", "device": "disk", "mmc": "bus",
}  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Node:
    """One device. `size` and `capacity` are bytes, hertz or mWh, as `units` (or the device) says."""

    name: str  # "cpu", without its number
    kind: str  # lshw's class
    text: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    capabilities: frozenset[str] = frozenset()
    logical: tuple[str, ...] = ()
    size: int | None = None
    capacity: int | None = None
    clock_hz: int | None = None
    width: int | None = None
    is_disabled: bool = False
    children: list["Node"] = field(default_factory=list)

    def get(self, key: str) -> str | None:
        return self.text.get(key)

    def walk(self) -> Iterator["Node"]:
        yield self
        for child in self.children:
            yield from child.walk()


def parse_lshw(text: str) -> tuple[tuple[Node, ...], bool]:
    """The root nodes, and whether everything could be read; ((), False) for what is no lshw at all."""
    start = text.lstrip()[:1]
    if start in ("{", "["):
        return _from_json(text)
    if start == "<":
        return _from_xml(text)
    return _from_text(text)


# --- JSON -------------------------------------------------------------------------------------------------------------


def _from_json(text: str) -> tuple[tuple[Node, ...], bool]:
    value, is_whole = _loads(text)
    entries = value if isinstance(value, list) else [value]
    nodes = tuple(_of_object(entry, 0) for entry in entries if isinstance(entry, dict))
    return nodes, is_whole and bool(nodes)


def _loads(text: str) -> tuple[Any, bool]:
    """The value, and whether it was sound; objects in a row, trailing commas and a cut end are repaired."""
    repairs: tuple[tuple[Callable[[str], str], bool], ...] = ((str, True), (_in_a_row, True), (_closed, False))
    for repair, is_whole in repairs:
        try:
            return json.loads(repair(text), strict=False), is_whole
        except (ValueError, RecursionError):
            continue
    return None, False


def _in_a_row(text: str) -> str:
    body = re.sub(r"\}\s*\{", "},{", text.strip())
    body = re.sub(r",(\s*[}\]])", r"\1", body).rstrip(", \n")
    return body if body.startswith("[") else f"[{body}]"


def _closed(text: str) -> str:
    """A text cut short, up to its last whole object, with the open brackets closed."""
    stack: list[str] = []
    cut, at_cut = 0, ""
    is_string = False
    skip = False
    for place, char in enumerate(text):
        if skip:
            skip = False
        elif is_string:
            skip = char == "\\"
            is_string = char != '"'
        elif char == '"':
            is_string = True
        elif char in "{[":
            stack.append("}" if char == "{" else "]")
        elif char in "}]" and stack:
            stack.pop()
            cut, at_cut = place + 1, "".join(reversed(stack))
    return re.sub(r",(\s*[}\]])", r"\1", text[:cut] + at_cut)


def _of_object(value: dict[str, Any], depth: int) -> Node:
    settings = value.get("configuration")
    capabilities = value.get("capabilities")
    names = value.get("logicalname")
    children = value.get("children")
    node = Node(
        name=str(value.get("id", "")).partition(":")[0],
        kind=str(value.get("class", "")),
        text={key: str(value[key]) for key in _SCALAR if isinstance(value.get(key), str | int)},
        settings={str(k): str(v) for k, v in settings.items()} if isinstance(settings, dict) else {},
        capabilities=frozenset(map(str, capabilities)) if isinstance(capabilities, dict | list) else frozenset(),
        logical=tuple(map(str, names)) if isinstance(names, list) else (names,) if isinstance(names, str) else (),
        size=_whole(value.get("size")),
        capacity=_whole(value.get("capacity")),
        clock_hz=_whole(value.get("clock")),
        width=_whole(value.get("width")),
        is_disabled=value.get("disabled") is True,
    )
    if isinstance(children, list) and depth < _DEPTH_MOST:
        node.children = [_of_object(child, depth + 1) for child in children if isinstance(child, dict)]
    return node


def _whole(value: Any) -> int | None:
    """A whole number; also one that was written as a string."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) < 20 else None
    return int(value) if isinstance(value, int | float) and 0 <= value < 1 << 63 else None


# --- XML --------------------------------------------------------------------------------------------------------------


def _from_xml(text: str) -> tuple[tuple[Node, ...], bool]:
    from xml.parsers import expat  # few captures have it; its events survive a text cut short

    if "<!DOCTYPE" in text or "<!ENTITY" in text:  # lshw writes neither; entities can be made to explode
        return (), False
    text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", " ", text)
    text = re.sub(r"\A\s*<\?xml[^>]*\?>", "", text)  # its encoding is no longer true
    roots: list[Node] = []
    open_nodes: list[Node] = []
    content: list[str] = []

    def begin(tag: str, attributes: dict[str, str]) -> None:
        content.clear()
        if tag == "node":
            node = Node(name=attributes.get("id", "").partition(":")[0], kind=attributes.get("class", ""))
            node.is_disabled = attributes.get("disabled") == "true"
            if len(open_nodes) < _DEPTH_MOST:
                (open_nodes[-1].children if open_nodes else roots).append(node)
            open_nodes.append(node)
        elif open_nodes:
            _take_attributes(open_nodes[-1], tag, attributes)

    def finish(tag: str) -> None:
        if tag == "node" and open_nodes:
            open_nodes.pop()
        elif open_nodes:
            _take_content(open_nodes[-1], tag, "".join(content))
        content.clear()

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = begin, finish
    parser.CharacterDataHandler = content.append
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, ValueError):
        return tuple(roots), False
    return tuple(roots), True


def _take_attributes(node: Node, tag: str, attributes: dict[str, str]) -> None:
    if tag == "setting":
        node.settings[attributes.get("id", "")] = attributes.get("value", "")
    elif tag == "capability":
        node.capabilities |= {attributes.get("id", "")}
    elif tag in ("size", "capacity"):
        node.text.setdefault("units", attributes.get("units", ""))


def _take_content(node: Node, tag: str, text: str) -> None:
    if tag == "logicalname":
        node.logical += (text,)
    elif tag in ("size", "capacity", "clock", "width"):
        setattr(node, "clock_hz" if tag == "clock" else tag, _whole(text.strip()))
    elif tag in _SCALAR:
        node.text[tag] = text


# --- text -------------------------------------------------------------------------------------------------------------


def _from_text(text: str) -> tuple[tuple[Node, ...], bool]:
    roots: list[Node] = []
    open_nodes: list[tuple[int, Node]] = []
    for count, line in enumerate(text.splitlines()):
        head = _HEAD.fullmatch(line)
        if head:
            indent = len(head[1])
            while open_nodes and open_nodes[-1][0] >= indent:
                open_nodes.pop()
            node = Node(name=head[2], kind=_CLASSES.get(head[2], ""), is_disabled=head[3] == "DISABLED")
            if len(open_nodes) < _DEPTH_MOST:
                (open_nodes[-1][1].children if open_nodes else roots).append(node)
                open_nodes.append((indent, node))
        elif line[:1].strip() and not line.startswith("WARNING") and not open_nodes:
            # The first line is the PC's network name, which nobody needs.
            open_nodes.append((-1, Node(name="system", kind="system")))
            roots.append(open_nodes[0][1])
        elif open_nodes and (match := _LINE.fullmatch(line)):
            _take_line(open_nodes[-1][1], match[2], match[3])
        if count > _NODES_MOST * 20:
            return tuple(roots), False
    return tuple(roots), any(root.children for root in roots)


def _take_line(node: Node, label: str, value: str) -> None:
    key = _KEYS.get(label.strip()) or _KEYS.get(label.strip().lower(), "")
    if key == "capabilities":
        node.capabilities = frozenset(value.split())
    elif key == "configuration":
        node.settings = _settings(value)
    elif key == "logicalname":
        node.logical += (value.strip(),)
    elif key in ("size", "capacity"):
        # Disks carry a second, decimal figure: "238GiB (256GB)".
        in_brackets = re.search(r"\(([^)]*)\)", value)
        number = bytes_in(in_brackets[1] if in_brackets else None) or bytes_in(value) or _whole(value.strip())
        is_mwh = re.fullmatch(r"\s*(\d{1,7})mWh\s*", value)
        setattr(node, key, int(is_mwh[1]) if is_mwh else number)
        node.text["units"] = "mWh" if is_mwh else "bytes" if number is not None else ""
    elif key == "clock":
        node.clock_hz = _hertz(value)
    elif key == "width":
        number_text = _NUMBER.search(value)
        node.width = int(number_text[0][:4]) if number_text else None
    elif key in _SCALAR:
        node.text.setdefault(key, clean(value))


def _settings(value: str) -> dict[str, str]:
    """`key=value` pairs whose values may hold spaces: "family=HP Pavilion sku=8BT84EA uuid=…"."""
    parts = re.split(r"(?:^|\s)([\w-]+)=", value)
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))


def _hertz(value: str) -> int | None:
    match = re.match(r"\s*(\d{1,6})(?:[.,]\d+)?\s?([kMG]?)Hz", value)
    return int(match[1]) * 1000 ** "_kMG".index(match[2] or "_") if match else None
