"""Folders and single files that other programs left: read within bounds, told apart, gathered into one Host."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from agent.errors import CaptureError
from agent.facts import Why
from agent.foreign.ereuse import snapshot_blobs
from agent.foreign.recognise import FILES, PROGRAMS, UNREAD, kind_named, kind_of
from agent.foreign.recorded import Gathering
from agent.foreign.splitting import several_pcs, smartctl_answers, whole_dmidecode
from agent.foreign.sysfs_dumps import dmi_sysfs_files, glpi_tree
from agent.host import OUTPUT_LIMIT, Host, Output
from agent.text import decode

FILES_MOST = 2000
TOTAL_BYTES = 128 << 20
DEPTH_MOST = 4  # hw-probe: hw.info/logs/smartctl
_SHORT = 600  # an error message is no longer than this
_ERRORS: tuple[tuple[str, Why], ...] = (
    (r"command not found|not installed|No such file or directory\s*\Z", "tool-missing"),
    (r"[Pp]ermission denied|must be root|Operation not permitted|are you root", "refused"),
)


def load_folder(path: Path) -> Host | None:
    """Every known file in `path` and its subfolders as one PC; None when none is known."""
    gathering = Gathering()
    for name, raw in _files(path):
        _gather(gathering, name, raw, path)
    return _host(gathering, path)


def load_file(path: Path) -> Host | None:
    """One loose file: the PC has just what that file tells."""
    gathering = Gathering()
    _gather(gathering, path.name, _read(path, OUTPUT_LIMIT), path)
    return _host(gathering, path)


def _host(gathering: Gathering, path: Path) -> Host | None:
    if gathering.is_empty:
        unread = [output.source for output in gathering.answers("unread")]
        if unread:
            raise CaptureError(
                fr=f"{path} : reconnu ({', '.join(unread[:3])}), mais Rebond ne sait pas s'en servir seul. "
                "Ajoutez dmidecode, lscpu ou smartctl.",
                en=f"{path}: known ({', '.join(unread[:3])}), but of no use alone. Add dmidecode, lscpu or smartctl.",
            )
        return None
    if several_pcs(gathering):
        raise CaptureError(
            fr=f"{path} contient les fichiers de plusieurs PC. Donnez un dossier par PC.",
            en=f"{path} holds the files of several PCs. Give one folder for each PC.",
        )
    if gathering.answers("dmidecode"):
        gathering.replace("dmidecode", whole_dmidecode(gathering.answers("dmidecode")))
    return gathering.host()


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of each plain file, sorted; links are not followed, so nothing outside is read."""
    total = count = 0
    for at, folders, names in os.walk(folder):
        here = Path(at)
        depth = len(here.relative_to(folder).parts)
        folders[:] = sorted(f for f in folders if depth < DEPTH_MOST and not f.startswith("."))
        for name in sorted(names):
            place = here / name
            if place.is_symlink() or not place.is_file():
                continue
            raw = _read(place, OUTPUT_LIMIT)
            total += len(raw)
            count += 1
            if count > FILES_MOST or total > TOTAL_BYTES:
                raise CaptureError(
                    fr=f"{folder} est trop gros pour un seul PC ({count} fichiers). Donnez un dossier par PC.",
                    en=f"{folder} is too large for one PC ({count} files). Give one folder for each PC.",
                )
            yield name, raw


def _read(place: Path, limit: int) -> bytes:
    try:
        with place.open("rb") as file:
            return file.read(limit)
    except OSError as error:
        raise CaptureError(
            fr=f"{place} ne se lit pas ({error.strerror}). Vérifiez la clé ou les droits.",
            en=f"{place} cannot be read ({error.strerror}). Check the stick or the permissions.",
        ) from error


def _gather(gathering: Gathering, name: str, raw: bytes, path: Path) -> None:
    """Put one file where the probes look for it."""
    kind = _kind_or_failure(gathering, name, raw)
    if kind is None:
        return
    if kind in FILES:
        gathering.file(FILES[kind], raw)
    elif kind == "dmi-dump":
        gathering.file("/sys/firmware/dmi/tables/DMI", raw)  # an entry point before the table dates it
    elif kind == "dmi-sysfs":
        for place, content in dmi_sysfs_files(decode(raw)):
            gathering.file(place, content)
    elif kind == "glpi-dump":
        _gather_glpi(gathering, decode(raw), path)
    elif kind == "ereuse":
        gathering.answer("ereuse", Output(argv=("ereuse", name), status=0, stdout=raw))
        for tool, blob in snapshot_blobs(raw, name):
            _gather(gathering, tool, blob, path)
    elif kind == "smartctl":
        for output in smartctl_answers(name, raw):
            gathering.answer("smartctl", output)
    elif kind in UNREAD:
        gathering.answer("unread", Output(argv=(kind, name), status=0))
    elif kind in PROGRAMS:
        gathering.answer(kind, Output(argv=(kind, name), status=0, stdout=raw))


def _kind_or_failure(gathering: Gathering, name: str, raw: bytes) -> str | None:
    """The kind of a file that says something; a known program's empty file or error message becomes its failure."""
    if len(raw) > _SHORT or raw[:1] in (b"{", b"["):
        return kind_of(name, raw)
    named = kind_named(name)
    text = decode(raw).strip()
    why: Why | None = "absent" if not text else None
    why = why or next((told for pattern, told in _ERRORS if re.search(pattern, text)), None)
    if named is None or why is None or kind_of("", raw) is not None:
        return kind_of(name, raw)
    if named in PROGRAMS:
        gathering.answer(named, Output(argv=(named, name), why=why, stderr=raw))
    return None


def _gather_glpi(gathering: Gathering, text: str, path: Path) -> None:
    files, links, answers = glpi_tree(text)
    for place, content in files.items():
        gathering.file(place, content)
    for place, target in links.items():
        gathering.link(place, target)
    for name, content in answers.items():
        _gather(gathering, name, content, path)
