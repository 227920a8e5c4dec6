"""A made-up PC for probe tests: files and links under a folder, and the recorded answers of programs."""

import os
import shutil
from pathlib import Path

from agent.host import Host, Output


class Answers:
    """A runner that starts nothing: `outputs` gives what the test wrote down."""

    def __init__(self, texts: dict[str, list[bytes]]) -> None:
        self._texts = texts

    def run(self, argv: tuple[str, ...], timeout_s: float) -> Output:
        return Output(argv=argv, why="tool-missing")

    def outputs(self, program: str) -> tuple[Output, ...]:
        return tuple(Output(argv=(program,), status=0, stdout=text) for text in self._texts.get(program, []))


def pc(root: Path, files: dict[str, str] | None = None, **texts: str | bytes | list[str]) -> Host:
    """A Host over `files` (path → text, or "-> target" for a link, or "/" for an empty folder) and program texts.

    Programs with a dash are named with an underscore.
    """
    if root.exists():
        shutil.rmtree(root)
    root.mkdir(parents=True)
    for path, text in (files or {}).items():
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if text == "/":
            place.mkdir(exist_ok=True)
        elif text.startswith("-> "):
            target = root / text[3:].lstrip("/")
            target.mkdir(parents=True, exist_ok=True)
            _link(place, target)
        else:
            place.write_text(text)
    answers = {
        name.replace("_", "-"): [one if isinstance(one, bytes) else one.encode() for one in _listed(told)]
        for name, told in texts.items()
    }
    return Host(root, Answers(answers))


def _link(place: Path, target: Path) -> None:
    """A relative link, as all the kernel's are."""
    place.symlink_to(os.path.relpath(target, place.parent))


def _listed(told: str | bytes | list[str]) -> list[str | bytes]:
    return list(told) if isinstance(told, list) else [told]


def udev_tree(root: Path, dump: str) -> Host:
    """The /sys tree that a `udevadm info --export-db` tells of: real PCs of which only the device database is left."""
    if root.exists():
        shutil.rmtree(root)
    (root / "sys/class/net").mkdir(parents=True)
    (root / "sys/class/power_supply").mkdir()
    (root / "sys/block").mkdir()
    for block in dump.split("\n\n"):
        lines = block.splitlines()
        path = next((line[3:] for line in lines if line.startswith("P: /devices/")), None)
        values = dict(line[3:].split("=", 1) for line in lines if line.startswith("E: ") and "=" in line)
        if path and "SUBSYSTEM" in values:
            _lay(root, path, values)
    return Host(root, Answers({}))


def _lay(root: Path, path: str, values: dict[str, str]) -> None:
    place = root / "sys" / path.lstrip("/")
    place.mkdir(parents=True, exist_ok=True)
    own = {
        key: value
        for key, value in values.items()
        if not key.startswith(("ID_", "UDEV", "TAGS", "DEVLINKS", "USEC", "DEVPATH", "SUBSYSTEM"))
    }
    (place / "uevent").write_text("".join(f"{key}={value}\n" for key, value in own.items()))
    subsystem = values["SUBSYSTEM"]
    if "DRIVER" in values:
        driver = root / f"sys/bus/{subsystem}/drivers/{values['DRIVER']}"
        driver.mkdir(parents=True, exist_ok=True)
        _link(place / "driver", driver)
    home = f"sys/bus/{subsystem}/devices" if subsystem in ("pci", "usb") else f"sys/class/{subsystem}"
    if subsystem == "block":
        if values.get("DEVTYPE") != "disk":
            return
        home = "sys/block"
    (root / home).mkdir(parents=True, exist_ok=True)
    link = root / home / place.name
    if not link.exists():
        _link(link, place)
    _attributes(root, place, values)


def _attributes(root: Path, place: Path, values: dict[str, str]) -> None:
    subsystem = values["SUBSYSTEM"]
    files: dict[str, str] = {}
    if values.get("DEVTYPE") == "usb_device":
        vendor, product, _ = values["PRODUCT"].split("/")
        files = {"idVendor": vendor.zfill(4), "idProduct": product.zfill(4)}
        files["bDeviceClass"] = f"{int(values['TYPE'].split('/')[0]):02x}"
        for attribute, key in (("manufacturer", "ID_VENDOR_ENC"), ("product", "ID_MODEL_ENC")):
            if values.get(key, "").zfill(4) not in ("0000", *files.values()):  # udev puts the number where no name is
                files[attribute] = values[key].encode().decode("unicode_escape", "replace")
    elif values.get("DEVTYPE") == "usb_interface" and "INTERFACE" in values:
        for part, number in zip(("Class", "SubClass", "Protocol"), values["INTERFACE"].split("/"), strict=True):
            files[f"bInterface{part}"] = f"{int(number):02x}"
    elif subsystem == "net":
        files["type"] = "280" if "can" in place.name else "1"
    elif subsystem == "power_supply":
        files["type"] = "Battery" if "POWER_SUPPLY_STATUS" in values else "Mains"
    if subsystem in ("net", "video4linux", "sound", "bluetooth"):
        # The device is the nearest folder above that is not the class's own.
        above = next((up for up in place.parents if up.name not in (subsystem, "")), root)
        if above != root and "virtual" not in place.parts and not (place / "device").exists():
            _link(place / "device", above)
    for name, text in files.items():
        (place / name).write_text(text + "\n")
