"""Folders packed in one file (.zip, .tar, .tar.gz, .tar.xz, .tar.zst), opened safely in a temporary folder."""

import bz2
import gzip
import io
import lzma
import shutil
import tarfile
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

from agent.errors import CaptureError
from agent.host import LiveRunner

UNPACKED_LIMIT = 256 << 20  # bytes, all members together
MEMBERS_LIMIT = 20_000
# What the standard library raises for a cut, encrypted, damaged or exotic archive.
_UNREADABLE = (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError, RuntimeError)
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


class Scratch:
    """A temporary folder that goes when the last one who holds this object lets go of it."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="rebond-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def as_folder(path: Path) -> tuple[Path, object]:
    """`path` itself when it is no archive, else a temporary folder with its files; and what keeps that folder alive."""
    if path.is_dir():
        return path, None
    with path.open("rb") as file:
        head = file.read(512)
    if head.startswith(b"PK\x03\x04"):
        members = _zip_members(path)
    elif head.startswith(_ZSTD_MAGIC):
        members = _tar_members(_open_tar(path, _unzstd(path)))
    elif path.suffix in (".tar", ".txz", ".tgz") or ".tar." in path.name:
        members = _tar_members(_open_tar(path, _unpacked(path, head)))
    else:
        return path, None
    keep = Scratch()
    _lay_out(members, keep.path, path)
    folder = keep.path
    inner = list(folder.iterdir())
    return (inner[0] if len(inner) == 1 and inner[0].is_dir() else folder), keep


def _unpacked(path: Path, head: bytes) -> bytes:
    """The bare tar, bounded: tarfile itself would follow a bomb of any size, in a header as in a member."""
    openers: tuple[tuple[bytes, Callable[[Path], Any]], ...]
    openers = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ", lzma.open), (b"", _plain))
    open_it = next(opener for magic, opener in openers if head.startswith(magic))
    try:
        with open_it(path) as opened:
            raw: bytes = opened.read(UNPACKED_LIMIT + 1)
    except _UNREADABLE as error:
        raise _damaged(path, f"{type(error).__name__}: {error}"[:120]) from error
    if len(raw) > UNPACKED_LIMIT:
        raise _damaged(path, f"> {UNPACKED_LIMIT >> 20} MiB")
    return raw


def _plain(path: Path) -> IO[bytes]:
    return path.open("rb")


def _open_tar(path: Path, raw: bytes) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=io.BytesIO(raw), mode="r:")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise _damaged(path, str(error)) from error


def _unzstd(path: Path) -> bytes:
    answer = LiveRunner().run(("zstd", "-dc", str(path.resolve())), 60)
    if answer.why == "tool-missing":
        raise CaptureError(
            fr=f"{path} est compressé avec zstd, qui n'est pas installé. Installez « zstd », ou donnez un .zip.",
            en=f'{path} is compressed with zstd, which is not installed. Install "zstd", or give a .zip.',
        )
    if answer.status != 0:
        raise _damaged(path, "zstd")
    return answer.stdout


def _zip_members(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield info.filename, archive.open(info)


def _tar_members(archive: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    with archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is not None:
                yield member.name, content


def _lay_out(members: Iterator[tuple[str, IO[bytes]]], folder: Path, path: Path) -> None:
    """Write members under `folder`. Names are checked part by part; links and devices were never yielded."""
    total = 0
    try:
        for count, (name, content) in enumerate(members):
            parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", ".")]
            if count >= MEMBERS_LIMIT or ".." in parts or not parts:
                raise _damaged(path, name[:80])
            raw = content.read(UNPACKED_LIMIT - total + 1)
            total += len(raw)
            if total > UNPACKED_LIMIT:
                raise _damaged(path, f"> {UNPACKED_LIMIT >> 20} MiB")
            place = folder.joinpath(*parts)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(raw)
    except _UNREADABLE as error:
        raise _damaged(path, f"{type(error).__name__}: {error}"[:120]) from error


def _damaged(path: Path, detail: str) -> CaptureError:
    return CaptureError(
        fr=f"L'archive {path} est abîmée ou refusée ({detail}). Refaites la capture.",
        en=f"The archive {path} is damaged or refused ({detail}). Take the capture again.",
    )
