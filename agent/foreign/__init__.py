"""What other programs captured of a PC, opened as a replayed Host: the one entry is `open_foreign`.

Known: hw-probe log folders, loose outputs of dmidecode, lscpu, smartctl… in one folder or alone, peracotta folders,
eReuse snapshots of every age, nixos-facter reports, GLPI's dumps. Files are told by what is in them, then by their
name. Nothing here interprets a fact: the probes read these answers as they would the live ones.
"""

from pathlib import Path

from agent.foreign.layouts import load_file, load_folder
from agent.host import Host


def open_foreign(path: Path) -> Host | None:
    """The PC that `path` (a folder or one file) describes; None when nothing in it is known.

    CaptureError when it is known but cannot be used: damaged, too large, or several PCs in one folder.
    """
    return load_folder(path) if path.is_dir() else load_file(path)
