"""Captures: the raw sources of one PC in a folder or one file, enough to inspect it again elsewhere.

    ABOUT.yaml      when, by which version, which kernel, whether it was scrubbed
    sys.txt         a line per attribute: "path: text", "path = base64", "path -> link", "path ! why",
                    "path /" for a folder that may be empty
    commands/       index.json (argv, status, why) and the raw answers
    expect/         reviewed results, in the project's own test captures only

`load` also takes what other programs leave behind (see `agent.foreign`). Loading starts nothing and trusts nothing:
names, links and sizes in a capture come from strangers.
"""

import base64
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.archive import Scratch, as_folder
from agent.errors import CaptureError
from agent.facts import Why
from agent.host import OUTPUT_LIMIT, Host, NotCaptured, Output
from agent.text import clean

SYS_LIMIT = 64 << 20  # bytes of sys.txt
ABOUT_LIMIT = 64 << 10  # bytes of ABOUT.yaml
PATHS_LIMIT = 200_000
PATH_LIMIT = 4096  # bytes of one path or link, as the kernel's own PATH_MAX
LINKS_FOLLOWED_MOST = 40  # as the kernel's own MAXSYMLINKS
_WHYS = ("absent", "refused", "failed", "timed-out", "tool-missing")


class Replay:
    """Answers from a capture, keyed by the exact argv. Strict (tests) it raises NotCaptured for anything else."""

    def __init__(self, outputs: tuple[Output, ...], *, strict: bool) -> None:
        self._by_argv = {output.argv: output for output in outputs}
        self._strict = strict

    def run(self, argv: tuple[str, ...], timeout_s: float) -> Output:
        if argv in self._by_argv:
            return self._by_argv[argv]
        if self._strict:
            raise NotCaptured(" ".join(argv))
        return Output(argv=argv, why="absent")

    def outputs(self, program: str) -> tuple[Output, ...]:
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """An opened capture: a Host to inspect, when it was taken (None if unknown), and what it is."""

    host: Host
    taken_at: datetime | None
    kind: str  # "rebond" or what a foreign layout calls itself


def load(path: Path, *, strict: bool = False) -> Capture:
    """Open a capture of ours (folder, .zip, .tar.*) or a foreign one. CaptureError says what is wrong with it."""
    if not path.exists():
        raise CaptureError(
            fr=f"{path} n'existe pas. Vérifiez le nom du dossier ou du fichier.",
            en=f"{path} does not exist. Check the name of the folder or file.",
        )
    if not path.is_dir() and not path.is_file():  # a pipe could keep us waiting for ever, a device could never end
        raise CaptureError(
            fr=f"{path} n'est ni un dossier ni un fichier ordinaire. Copiez-le d'abord dans un fichier.",
            en=f"{path} is neither a folder nor an ordinary file. Copy it into a file first.",
        )
    folder, keep = as_folder(path)
    if (folder / "sys.txt").is_file():
        host = _open_own(folder, strict=strict)
        return Capture(host=host, taken_at=_taken_at(folder / "ABOUT.yaml"), kind="rebond")
    from agent.foreign import open_foreign

    foreign = open_foreign(folder)
    if foreign is None:
        raise CaptureError(
            fr=f"{path} : je ne reconnais rien ici. Il faut une capture Rebond, ou des fichiers dmidecode, lscpu, "
            "smartctl… (voir « rebond inspect --help »).",
            en=f"{path}: nothing here is known. Give a Rebond capture, or dmidecode, lscpu, smartctl… files "
            '(see "rebond inspect --help").',
        )
    foreign.keep(keep)
    return Capture(host=foreign, taken_at=None, kind="foreign")


def _open_own(folder: Path, *, strict: bool) -> Host:
    keep = Scratch()
    refusals = unpack(_own_file(folder, "sys.txt", SYS_LIMIT), keep.path)
    host = Host(keep.path, Replay(tuple(_outputs(folder / "commands")), strict=strict))
    host.refuse(refusals)
    host.keep(keep)
    return host


def _taken_at(about: Path) -> datetime | None:
    import yaml

    try:
        told = yaml.load(_own_file(about.parent, about.name, ABOUT_LIMIT).decode(), Loader=yaml.BaseLoader)
        return datetime.fromisoformat(told["taken_at"])
    except (CaptureError, OSError, ValueError, TypeError, KeyError, RecursionError, yaml.YAMLError):
        return None


def _outputs(folder: Path) -> Iterator[Output]:
    try:
        index = json.loads(_own_file(folder.parent, "commands/index.json", OUTPUT_LIMIT))
    except FileNotFoundError:
        return
    except (OSError, ValueError, RecursionError) as error:
        raise _broken(folder / "index.json", str(error)) from error
    if not isinstance(index, list):
        raise _broken(folder / "index.json", "no list")
    for entry in index:
        try:
            yield _output(folder, entry)
        except (KeyError, TypeError, AttributeError) as error:
            raise _broken(folder / "index.json", f"{error!r}") from error


def _output(folder: Path, entry: dict[str, Any]) -> Output:
    def answer(key: str) -> bytes:
        name = str(entry.get(key) or "")
        if not name:
            return b""
        if Path(name).name != name:
            raise _broken(folder / "index.json", f"{key}: {name}")
        try:
            return _own_file(folder.parent, f"commands/{name}", OUTPUT_LIMIT)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            raise _broken(folder / name, str(error)) from error

    argv = tuple(str(word) for word in entry["argv"])
    why = entry.get("why")
    status = entry.get("status")
    return Output(
        argv=argv,
        status=status if isinstance(status, int) else None,
        stdout=answer("stdout"),
        stderr=answer("stderr"),
        why=why if why in _WHYS else None,
    )


def _own_file(folder: Path, name: str, limit: int) -> bytes:
    """A file of the capture itself: no pipe, no device, and no link to what lies outside."""
    place = (folder / name).resolve()
    if not place.exists():
        raise FileNotFoundError(name)
    if not place.is_file() or not place.is_relative_to(folder.resolve()):
        raise _broken(folder / name, "not a plain file of the capture")
    with place.open("rb") as file:
        return file.read(limit)


def _broken(place: Path, detail: str) -> CaptureError:
    return CaptureError(
        fr=f"Capture abîmée : {place} ({detail}). Refaites la capture.",
        en=f"Damaged capture: {place} ({detail}). Take the capture again.",
    )


def unpack(sys_txt: bytes, root: Path) -> dict[str, Why]:
    """Lay sys.txt out under `root` as real files; returns the refusals. Nothing can land outside `root`.

    Attributes are often recorded by way of a link ("/sys/class/net/eth0/speed"): each path is first rewritten through
    the recorded links, as text, so that every file is written before any link exists on disk.
    """
    lines = sys_txt.decode("utf-8", "replace").split("\n")
    if len(lines) > PATHS_LIMIT:
        raise _broken(root / "sys.txt", f"{len(lines)} lines")
    entries = [_split(line, number) for number, line in enumerate(lines, 1) if line and not line.startswith("#")]
    links = {path: value for path, sign, value in entries if sign == "->"}
    refusals: dict[str, Why] = {}
    for path, sign, value in entries:
        real = _through(links, path)
        if real is None or sign == "->":
            continue
        if sign == "!":
            why: Why = value if value in _WHYS else "failed"  # type: ignore[assignment] # checked just here
            refusals[path] = refusals[real] = why
        elif sign == "/":
            _make_folder(root / real.lstrip("/"))
        else:
            _write(root / real.lstrip("/"), _unescape(value) if sign == ":" else _binary(path, value))
    for path, target in links.items():
        parent = _through(links, path.rpartition("/")[0])
        leads = _through(links, target if target.startswith("/") else f"{parent}/{target}")
        if parent is not None and leads is not None:
            _link(root / parent.lstrip("/") / path.rpartition("/")[2], root / leads.lstrip("/"))
    return refusals


def _split(line: str, number: int) -> tuple[str, str, str]:
    path, _, rest = line.partition(" ")
    if path.endswith(":"):
        path, sign, value = path[:-1], ":", rest
    else:
        sign, _, value = rest.partition(" ")
    path = path.replace("%20", " ")
    is_known = sign in (":", "=", "->", "!", "/") and path.startswith("/") and ".." not in path.split("/")
    names = path + value if sign == "->" else path
    is_known = is_known and "\0" not in names and len(names) <= PATH_LIMIT
    if not is_known:
        raise CaptureError(
            fr=f"Capture abîmée : sys.txt, ligne {number} illisible. Refaites la capture.",
            en=f"Damaged capture: sys.txt, line {number} cannot be read. Take the capture again.",
        )
    return path, sign, value


def _through(links: dict[str, str], path: str) -> str | None:
    """`path` with every recorded link followed and every ".." taken; None for a loop or a way out of the root."""
    todo = [part for part in reversed(path.split("/")) if part not in ("", ".")]
    done: list[str] = []
    followed = 0
    while todo:
        part = todo.pop()
        if part == "..":
            if not done:
                return None
            done.pop()
            continue
        target = links.get("/" + "/".join([*done, part]))
        if target is None:
            done.append(part)
            continue
        followed += 1
        if followed > LINKS_FOLLOWED_MOST:
            return None
        if target.startswith("/"):
            done = []
        todo += [inner for inner in reversed(target.split("/")) if inner not in ("", ".")]
    return "/" + "/".join(done)


def _write(place: Path, raw: bytes) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(raw)
    except OSError:
        return  # a path that is both file and folder: the first one stays


def _make_folder(place: Path) -> None:
    with contextlib.suppress(OSError):
        place.mkdir(parents=True, exist_ok=True)


def _link(place: Path, leads: Path) -> None:
    """The link, and the place it leads to, so that `driver -> …/ahci` resolves though ahci was not captured."""
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        if not leads.exists():
            leads.mkdir(parents=True)
        place.symlink_to(leads)


def escape(raw: bytes) -> str | None:
    """The sys.txt form of a text value, or None when it is binary and must go in as base64."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if any(ord(c) < 32 and c not in "\n\t" or ord(c) == 127 or c in "\x85\u2028\u2029" for c in text):
        return None
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _binary(path: str, value: str) -> bytes:
    try:
        return base64.b64decode(value)
    except ValueError as error:
        name = clean(path, 80)
        raise CaptureError(
            fr=f"Capture abîmée : sys.txt, {name} illisible. Refaites la capture.",
            en=f"Damaged capture: sys.txt, {name} cannot be read. Take the capture again.",
        ) from error


def _unescape(value: str) -> bytes:
    parts = value.split("\\\\")
    return "\\".join(part.replace("\\n", "\n") for part in parts).encode("utf-8")
