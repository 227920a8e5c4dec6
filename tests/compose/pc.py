"""One PC being composed: attributes of /sys and /proc, answers of programs, and how they are written as a capture."""

import base64
import json
from pathlib import Path, PurePosixPath

from agent.capture import escape


class Pc:
    """Files by path, as the kernel would show them. `write` makes the folder that `agent.capture.load` opens."""

    def __init__(self, name: str, *, about: str, taken_at: str, kernel: str = "6.1.0-28-amd64") -> None:
        self.name = name
        self.about = about
        self.taken_at = taken_at
        self.lines: dict[str, str] = {}
        self.commands: list[tuple[tuple[str, ...], int | None, str | None, bytes, bytes]] = []
        self.ids: dict[str, tuple[str, dict[str, str]]] = {}
        self.kernel = kernel
        self.text("/proc/sys/kernel/osrelease", kernel)
        for folder in ("block", "bus/pci/devices", "bus/usb/devices", "class/net", "class/power_supply"):
            self.empty(f"/sys/{folder}")

    # --- attributes ---------------------------------------------------------------------------------------------------

    def text(self, path: str, value: object) -> None:
        """One attribute, with the newline that the kernel ends it with."""
        self.raw(path, f"{value}\n".encode())

    def texts(self, folder: str, **values: object) -> None:
        for name, value in values.items():
            self.text(f"{folder}/{name}", value)

    def raw(self, path: str, value: bytes) -> None:
        escaped = escape(value)
        self._put(path, f": {escaped}" if escaped is not None else f" = {base64.b64encode(value).decode()}")

    def link(self, path: str, target: str) -> None:
        """A link, written relative as the kernel's are; `target` is a path from the root."""
        place, leads = PurePosixPath(path).parent.parts, PurePosixPath(target).parts
        same = 0
        while same < min(len(place), len(leads)) and place[same] == leads[same]:
            same += 1
        self._put(path, " -> " + "/".join([".."] * (len(place) - same) + list(leads[same:])))

    def refused(self, *paths: str) -> None:
        for path in paths:
            self._put(path, " ! refused")

    def empty(self, folder: str) -> None:
        self._put(folder, " /")

    def _put(self, path: str, told: str) -> None:
        parent = path
        while (parent := parent.rpartition("/")[0]) and parent != "/":
            if self.lines.get(parent) == " /":
                del self.lines[parent]
        self.lines[path] = told

    # --- programs -----------------------------------------------------------------------------------------------------

    def answer(self, *argv: str, out: str | bytes = b"", err: str = "", status: int | None = 0) -> None:
        raw = out.encode() if isinstance(out, str) else out
        self.commands.append((argv, status, None, raw, err.encode()))

    def no_answer(self, *argv: str, why: str) -> None:
        """`why`: "tool-missing", "timed-out", "refused"."""
        self.commands.append((argv, None, why, b"", b""))

    # --- writing ------------------------------------------------------------------------------------------------------

    def name_ids(self, vendor_id: str, vendor: str, device_id: str, device: str) -> None:
        self.ids.setdefault(vendor_id, (vendor, {}))[1][device_id] = device

    def files(self) -> dict[str, bytes]:
        """Every file of the capture but `expect/`, by its name within."""
        if self.ids:
            lines = []
            for vendor_id, (vendor, devices) in sorted(self.ids.items()):
                lines += [f"{vendor_id}  {vendor}", *(f"\t{key}  {name}" for key, name in sorted(devices.items()))]
            self.text("/usr/share/misc/pci.ids", "\n".join(lines))
        about = {
            "rebond": "0.1.0",
            "taken_at": self.taken_at,
            "kernel": self.kernel,
            "scrubbed": "composed",
            "about": self.about,
        }
        sys_txt = "".join(f"{path.replace(' ', '%20')}{told}\n" for path, told in sorted(self.lines.items()))
        files = {
            "ABOUT.yaml": "".join(f"{key}: {json.dumps(value)}\n" for key, value in about.items()).encode(),
            "sys.txt": sys_txt.encode(),
        }
        index = []
        if not any(argv[0] == "dmesg" for argv, *_ in self.commands):  # a kernel that has nothing to say
            self.answer("dmesg", "-t")
        for number, (argv, status, why, out, err) in enumerate(self.commands, 1):
            entry: dict[str, object] = {"argv": argv, "status": status}
            if why:
                entry["why"] = why
            for key, raw in (("stdout", out), ("stderr", err)):
                if raw:
                    entry[key] = f"{number:03}-{argv[0]}.{key}"
                    files[f"commands/{entry[key]}"] = raw
            index.append(json.dumps(entry))
        files["commands/index.json"] = ("[\n" + ",\n".join(index) + "\n]\n").encode()
        return files

    def write(self, folder: Path) -> None:
        for name, raw in self.files().items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(raw)
