"""Captures: sys.txt round trips, nothing lands outside the root, damage gets one clear sentence."""

import base64
import bz2
import gzip
import io
import json
import lzma
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.capture import escape, load, unpack
from agent.errors import CaptureError
from agent.host import NotCaptured

SYS = """\
/proc/cpuinfo: processor\\t: 0\\nflags\\t\\t: lm
/sys/block/sda -> ../devices/pci0000:00/0000:00:17.0/block/sda
/sys/devices/pci0000:00/0000:00:17.0/block/sda/size: 1000215216
/sys/devices/pci0000:00/0000:00:17.0/driver -> ../../../bus/pci/drivers/ahci
/sys/firmware/dmi/tables/DMI ! refused
/sys/class/drm/card0-eDP-1/edid = AP///////wA=
"""


def own(folder: Path, sys_txt: str = SYS, index: object = ()) -> Path:
    (folder / "commands").mkdir(parents=True)
    (folder / "sys.txt").write_text(sys_txt)
    (folder / "ABOUT.yaml").write_text('rebond: "0.1.0"\ntaken_at: "2026-05-04T10:00:00+00:00"\n')
    (folder / "commands" / "index.json").write_text(json.dumps(index))
    return folder


def test_replay_reads_links_refusals_and_binary(tmp_path: Path) -> None:
    capture = load(own(tmp_path / "pc"))
    host = capture.host
    assert host.text("/sys/block/sda/size") == "1000215216"
    assert host.resolve("/sys/devices/pci0000:00/0000:00:17.0/driver") == "/sys/bus/pci/drivers/ahci"
    assert host.read("/sys/firmware/dmi/tables/DMI").why == "refused"
    assert host.read("/sys/class/drm/card0-eDP-1/edid").raw == b"\x00\xff\xff\xff\xff\xff\xff\x00"
    assert host.read("/sys/nothing").why == "absent"
    assert capture.taken_at is not None and capture.taken_at.year == 2026
    assert not host.is_live


def test_strict_replay_is_a_closed_world(tmp_path: Path) -> None:
    index = [{"argv": ["lscpu"], "status": 0, "stdout": "1.out"}]
    place = own(tmp_path / "pc", index=index)
    (place / "commands" / "1.out").write_text("Architecture: x86_64\n")
    host = load(place, strict=True).host
    assert host.run("lscpu").text == "Architecture: x86_64\n"
    with pytest.raises(NotCaptured):
        host.run("lscpu", "-J")
    assert load(place).host.run("lscpu", "-J").why == "absent"


@pytest.mark.parametrize(
    "line",
    [
        "/sys/x -> /etc",
        "/sys/x -> ../../../../../../etc",
        "/sys/a/b -> ../../../../../..",
    ],
)
def test_links_never_lead_outside(tmp_path: Path, line: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "etc").mkdir()
    path = line.split(" ")[0]
    unpack(f"{line}\n{path}/passwd: stolen\n".encode(), root)
    assert not (tmp_path / "etc" / "passwd").exists()
    assert (root / path.lstrip("/")).resolve().is_relative_to(root.resolve())


@pytest.mark.parametrize("line", ["/sys/../../x: y", "sys/x: y", "/sys/x", "/sys/x ~ y", "garbage"])
def test_bad_lines_are_refused_with_their_number(tmp_path: Path, line: str) -> None:
    with pytest.raises(CaptureError, match="line 2"):
        load(own(tmp_path / "pc", f"/proc/a: b\n{line}\n"))


@pytest.mark.parametrize(
    "index",
    [{"argv": 1}, [{"status": 0}], [{"argv": ["a"], "stdout": "../sys.txt"}], [[]], 5, None,
     [{"argv": ["a"], "stdout": "a\0b"}]],
)  # fmt: skip
def test_bad_indexes_are_refused(tmp_path: Path, index: object) -> None:
    with pytest.raises(CaptureError):
        load(own(tmp_path / "pc", index=index))


def test_a_missing_path_and_an_unknown_file_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="does not exist"):
        load(tmp_path / "nowhere")
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(CaptureError, match="nothing here is known"):
        load(tmp_path / "note.txt")


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_any_bytes_survive_sys_txt(raw: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        text = escape(raw)
        line = f"/sys/v: {text}" if text is not None else f"/sys/v = {base64.b64encode(raw).decode()}"
        unpack(line.encode(), Path(folder))
        assert (Path(folder) / "sys" / "v").read_bytes() == raw


def pack_zip(place: Path, names: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(place, "w") as archive:
        for name, raw in names.items():
            archive.writestr(name, raw)
    return place


def pack_tar(place: Path, names: dict[str, bytes], *, mode: str = "w:gz") -> Path:
    with tarfile.open(place, mode) as archive:  # type: ignore[call-overload] # the mode is a parameter here
        for name, raw in names.items():
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))
    return place


@pytest.mark.parametrize("inner", ["", "thinkpad-x230/"])
@pytest.mark.parametrize("form", ["zip", "tar.gz", "tar.xz", "tar"])
def test_archives_open_like_folders(tmp_path: Path, form: str, inner: str) -> None:
    names = {f"{inner}sys.txt": SYS.encode(), f"{inner}ABOUT.yaml": b"", f"{inner}commands/index.json": b"[]"}
    place = tmp_path / f"pc.{form}"
    if form == "zip":
        pack_zip(place, names)
    else:
        pack_tar(place, names, mode={"tar.gz": "w:gz", "tar.xz": "w:xz", "tar": "w"}[form])
    assert load(place).host.text("/sys/block/sda/size") == "1000215216"


@pytest.mark.parametrize("name", ["../../evil", "a/../../evil", "..\\evil"])
def test_archive_names_cannot_leave(tmp_path: Path, name: str) -> None:
    with pytest.raises(CaptureError, match="refused"):
        load(pack_zip(tmp_path / "pc.zip", {name: b"x"}))


def test_a_bomb_and_a_cut_archive_are_refused(tmp_path: Path) -> None:
    bomb = pack_zip(tmp_path / "bomb.zip", {"sys.txt": b""})
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(9):
            archive.writestr(f"{number}", bytes(32 << 20))
    with pytest.raises(CaptureError):
        load(bomb)
    whole = pack_tar(tmp_path / "cut.tar.gz", {"sys.txt": SYS.encode() * 200}).read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CaptureError):
        load(tmp_path / "cut.tar.gz")


def test_attributes_recorded_by_way_of_a_link_land_where_it_leads(tmp_path: Path) -> None:
    sys_txt = """\
/sys/bus/pci/devices/0000:00:17.0 -> ../../../devices/pci0000:00/0000:00:17.0
/sys/bus/pci/devices/0000:00:17.0/vendor: 0x8086
/sys/bus/pci/devices/0000:00:17.0/driver -> ../../../bus/pci/drivers/ahci
/sys/class/power_supply /
/sys/loop -> loop
/sys/loop/x: y
"""
    host = load(own(tmp_path / "pc", sys_txt)).host
    assert host.text("/sys/devices/pci0000:00/0000:00:17.0/vendor") == "0x8086"
    assert host.text("/sys/bus/pci/devices/0000:00:17.0/vendor") == "0x8086"
    assert host.resolve("/sys/bus/pci/devices/0000:00:17.0/driver") == "/sys/bus/pci/drivers/ahci"
    assert host.is_folder("/sys/class/power_supply") and host.names("/sys/class/power_supply") == ()
    assert host.read("/sys/loop/x").why is not None


@pytest.mark.parametrize("name", ["sys.txt", "ABOUT.yaml", "commands/index.json", "commands/1.out"])
@pytest.mark.parametrize("make", ["pipe", "link"])
def test_a_pipe_or_a_link_out_of_the_capture_is_never_read(tmp_path: Path, name: str, make: str) -> None:
    place = own(tmp_path / "pc", index=[{"argv": ["lscpu"], "status": 0, "stdout": "1.out"}])
    (place / "commands" / "1.out").write_text("Architecture: x86_64\n")
    (tmp_path / "secret").write_text("/proc/secret: stolen\n")
    (place / name).unlink()
    if make == "pipe":
        os.mkfifo(place / name)
    else:
        (place / name).symlink_to(tmp_path / "secret")
    if name == "ABOUT.yaml":
        assert load(place).taken_at is None
        return
    with pytest.raises(CaptureError):
        load(place)


def test_a_pipe_given_as_capture_does_not_keep_us_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CaptureError, match="neither a folder nor"):
        load(tmp_path / "pipe")


@pytest.mark.parametrize("line", ["/" + "a/" * 100_000 + "b: x", "/l -> " + "a/" * 100_000])
def test_paths_longer_than_the_kernel_takes_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(CaptureError, match="line 1"):
        load(own(tmp_path / "pc", f"{line}\n/l/x: y\n"))


def test_an_about_nested_too_deep_only_loses_the_date(tmp_path: Path) -> None:
    place = own(tmp_path / "pc")
    (place / "ABOUT.yaml").write_text("[" * 20_000)
    assert load(place).taken_at is None


@pytest.mark.parametrize("form", ["tar.gz", "tar.xz", "tar.bz2", "tar"])
def test_a_tar_whose_header_is_the_bomb_is_refused(tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.archive.UNPACKED_LIMIT", 1 << 20)
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 8 << 20
    raw = header.tobuf() + bytes(8 << 20)
    packed = {"tar.gz": gzip.compress(raw), "tar.xz": lzma.compress(raw), "tar.bz2": bz2.compress(raw), "tar": raw}
    (tmp_path / f"pc.{form}").write_bytes(packed[form])
    with pytest.raises(CaptureError, match="> 1 MiB"):
        load(tmp_path / f"pc.{form}")
