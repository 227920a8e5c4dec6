"""Files of /sys that someone printed into one text: `grep . /sys/class/dmi/id/*`, and GLPI agent's Perl dumps. Pure."""

import re
from collections.abc import Iterator

_DMI = re.compile(r"^/sys/(?:class|devices/virtual)/dmi/id/(\w+):(.*)$", re.MULTILINE)
_DMI_NAMES = re.compile(r"(bios|board|chassis|product|sys|ec)_\w+|modalias")
_TOKEN = re.compile(r"\s+|=>|[{}\[\],;=]|'((?:[^'\\]|\\.)*)'|(-?[\d.]+|undef|\$\w+)", re.DOTALL)
_DEPTH_MOST = 40

Tree = dict[str, "Tree | list[str] | str"]


def dmi_sysfs_files(text: str) -> Iterator[tuple[str, bytes]]:
    """The attributes of /sys/class/dmi/id, as files."""
    for match in _DMI.finditer(text):
        if _DMI_NAMES.fullmatch(match[1]):
            yield f"/sys/class/dmi/id/{match[1]}", match[2].encode() + b"\n"


def glpi_tree(text: str) -> tuple[dict[str, bytes], dict[str, str], dict[str, bytes]]:
    """Files, links and program answers of a `$SYSTEM = {…}` dump; all empty when it does not parse.

    Under 'sys' a string is a file, an object a folder, ['link', target] a link. Beside it "smartctl-sda" and the
    like are what the program said of that device.
    """
    files: dict[str, bytes] = {}
    links: dict[str, str] = {}
    answers: dict[str, bytes] = {}
    try:
        tree = _parse(text)
    except (ValueError, IndexError, StopIteration):
        return files, links, answers
    for key, value in tree.items():
        if key in ("sys", "proc") and isinstance(value, dict):
            _walk(value, f"/{key}", files, links)
        elif isinstance(value, str) and re.fullmatch(r"(smartctl|hdparm)-\w+", key):
            answers[key.replace("-", ".", 1)] = value.encode()
    return files, links, answers


def _walk(tree: Tree, at: str, files: dict[str, bytes], links: dict[str, str]) -> None:
    for name, value in tree.items():
        path = f"{at}/{name}"
        if isinstance(value, dict):
            _walk(value, path, files, links)
        elif isinstance(value, str):
            files[path] = value.encode()
        elif len(value) == 2 and value[0] == "link":
            links[path] = value[1]


def _parse(text: str) -> Tree:
    tokens = list(_tokens(text))
    start = next(index for index, token in enumerate(tokens) if token[0] == "{")
    value, _ = _value(tokens, start, 0)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _tokens(text: str) -> Iterator[re.Match[str]]:
    """One after the other without a hole: a quote that never closes must not be looked for again and again.

    Stops at what is no token: the comments after the dump.
    """
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            return
        at = token.end()
        if not token[0].isspace():
            yield token


def _value(tokens: list[re.Match[str]], at: int, depth: int) -> tuple[Tree | list[str] | str, int]:
    if depth > _DEPTH_MOST:
        raise ValueError("nested too deep")
    token = tokens[at]
    if token[0] == "{":
        tree: Tree = {}
        at += 1
        while tokens[at][0] != "}":
            name = _text(tokens[at])
            tree[name], at = _value(tokens, at + 2, depth + 1)
            at += tokens[at][0] == ","
        return tree, at + 1
    if token[0] == "[":
        entries = []
        at += 1
        while tokens[at][0] != "]":
            value, at = _value(tokens, at, depth + 1)
            entries.append(value if isinstance(value, str) else "")
            at += tokens[at][0] == ","
        return entries, at + 1
    return _text(token), at + 1


def _text(token: re.Match[str]) -> str:
    if token[1] is not None:
        return re.sub(r"\\(['\\])", r"\1", token[1])
    if token[2] is not None:
        return token[2]
    raise ValueError(f"unexpected {token[0]!r}")
