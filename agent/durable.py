"""The one way files are written: whole and on stable storage, or not there. Nothing is ever written over.

Measured with power cuts: create, write, fsync, rename, fsync(folder), the textbook recipe, loses every file on FAT (the
rename makes an entry of size 0 which nothing flushes). The second fsync of the same descriptor, after the rename,
saves them all. Renaming over a file loses both on FAT, so a taken name is an error here.
"""

import errno
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from agent.errors import StorageError

# What has just been done; tests cut the power there.
STEPS = ("created", "written", "synced", "renamed", "synced again", "folder synced", "removed")
Step = Callable[[str], None]

PART = ".part"
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF)  # some FUSE and network file systems


def no_step(name: str) -> None:
    """The hook outside of tests."""


def write_new(path: Path, data: bytes, *, mode: int = 0o644, step: Step = no_step) -> None:
    """`data` at `path`, durable on return. The same bytes already there are fine; other bytes are a StorageError."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PART}")
    try:
        make_folder(path.parent)
        if _is_there(path, data):
            return
        try:
            _write(part, path, data, mode, step)
        except OSError:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise cannot_write(path, error) from error


def _write(part: Path, path: Path, data: bytes, mode: int, step: Step) -> None:
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        step("created")
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        step("written")
        os.fsync(descriptor)
        step("synced")
        part.rename(path)
        step("renamed")
        os.fsync(descriptor)  # FAT: only now does the new entry get its size
        step("synced again")
        sync_folder(path.parent)
        step("folder synced")
    finally:
        os.close(descriptor)


def _is_there(path: Path, data: bytes) -> bool:
    """True when `path` holds exactly `data`, made durable; FileExistsError when it holds something else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    with os.fdopen(descriptor, "rb") as file:
        if file.read(len(data) + 1) != data:
            raise FileExistsError(errno.EEXIST, "other content", str(path))
        os.fsync(descriptor)  # who wrote it may have been killed before
    sync_folder(path.parent)
    return True


def remove(path: Path, *, step: Step = no_step) -> None:
    """The file is gone, durably; one that was not there is fine."""
    try:
        path.unlink(missing_ok=True)
        step("removed")
        if path.parent.is_dir():
            sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error


def make_folder(folder: Path) -> None:
    """It and those above it, each one's entry durable: FAT has no journal that would bring them along."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def cannot_write(path: Path, error: OSError) -> StorageError:
    """What happened and what to do now, in the words of someone holding a USB stick."""
    where = path.parent
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        fr = f"Plus de place dans {where}. Rien n'est perdu. Libérez de la place, ou branchez une autre clé."
        en = f"No room left in {where}. Nothing is lost. Make room, or plug in another stick."
    elif error.errno == errno.EROFS:
        fr = f"{where} est en lecture seule. Rien n'est perdu. Ôtez la protection de la clé, ou prenez-en une autre."
        en = f"{where} is read-only. Nothing is lost. Unlock the stick, or use another one."
    elif error.errno in (errno.EACCES, errno.EPERM):
        fr = f"Pas le droit d'écrire dans {where}. Relancez avec sudo, ou choisissez un autre dossier."
        en = f"No permission to write in {where}. Run again with sudo, or choose another folder."
    elif error.errno == errno.EEXIST:
        fr = f"{path} existe déjà avec un autre contenu. Rien n'a été remplacé. Déplacez ce fichier."
        en = f"{path} already exists with other content. Nothing was replaced. Move that file away."
    else:
        fr = f"Écriture impossible dans {where} ({os.strerror(error.errno or 0)}). Vérifiez la clé USB ou le disque."
        en = f"Cannot write in {where} ({os.strerror(error.errno or 0)}). Check the USB stick or the disk."
    return StorageError(fr=fr, en=en)
