"""An emulated PC in QEMU: switched on, seen, typed at, unplugged. Always software emulation: a /dev/kvm that exists may
not boot a kernel.

What a person sees is read from real screendumps (`glyphs`); what a person types are key events of a French keyboard.
"""

import contextlib
import json
import select
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.e2e.glyphs import Font, read_screen
from tests.e2e.keyboard import AMERICAN, FRENCH, NAMED, strokes

QEMU = "qemu-system-x86_64"
SECURE = ("/usr/share/OVMF/OVMF_CODE_4M.secboot.fd", "/usr/share/OVMF/OVMF_VARS_4M.ms.fd")
UEFI = ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd")


class PowerFailure(Exception):
    """QEMU ended, or what was waited for did not come."""


class Pc:
    """`with Pc(folder, …) as pc:`. The folder holds its sockets, logs and firmware variables."""

    def __init__(
        self, folder: Path, *, memory_mib: int = 1024, cpu: str = "max", firmware: tuple[str, str] | None = None,
        machine: str = "q35", devices: Sequence[str] = (), boot: Sequence[str] = (), cores: int = 2,
        fonts: Sequence[Font] = (),
    ) -> None:  # fmt: skip
        self.folder = folder
        self.fonts = list(fonts)
        folder.mkdir(parents=True, exist_ok=True)
        argv = [
            QEMU, "-nodefaults", "-no-user-config", "-accel", "tcg,thread=multi", "-m", str(memory_mib),
            "-smp", str(cores), "-cpu", cpu, "-display", "none", "-vga", "std",
            "-qmp", f"unix:{folder}/qmp,server=on,wait=off", "-serial", f"unix:{folder}/serial,server=on,wait=off",
        ]  # fmt: skip
        if firmware is not None:
            code, variables = firmware
            kept = folder / "firmware.fd"
            if not kept.exists():
                shutil.copy(variables, kept)
            argv += ["-drive", f"if=pflash,format=raw,readonly=on,file={code}"]
            argv += ["-drive", f"if=pflash,format=raw,file={kept}"]
            if firmware == SECURE:
                machine += ",smm=on"
                argv += ["-global", "driver=cfi.pflash01,property=secure,value=on"]
        self.argv = [*argv, "-machine", machine, *devices, *boot]
        self._child: subprocess.Popen[bytes] | None = None
        self._qmp: socket.socket | None = None
        self._heard = bytearray()
        self._serial: socket.socket | None = None
        self.log = bytearray()  # everything the serial port said

    # --- on and off ---------------------------------------------------------------------------------------------------

    def __enter__(self) -> "Pc":
        for name in ("qmp", "serial"):
            (self.folder / name).unlink(missing_ok=True)
        self.began = time.monotonic()
        with (self.folder / "qemu.log").open("ab") as log:
            self._child = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._qmp = self._connect("qmp")
        self._answer()  # its greeting
        self.ask("qmp_capabilities")
        self._serial = self._connect("serial")
        self._serial.setblocking(False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            with contextlib.suppress(Exception):
                self.screendump(self.folder / "at-the-end.png")
        self.cut()

    def fail_power(self) -> None:
        """From any thread: nothing is flushed that the guest did not flush itself."""
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
            self._child.wait()

    def cut(self) -> None:
        """No power any more, and nobody listens."""
        self.fail_power()
        for one in (self._qmp, self._serial):
            if one is not None:
                one.close()
        (self.folder / "serial.log").write_bytes(self.log)

    @property
    def is_on(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def wait_off(self, timeout_s: float = 120) -> None:
        """Until the PC has switched itself off."""
        until = time.monotonic() + timeout_s
        while self.is_on:
            if time.monotonic() > until:
                raise PowerFailure("it is still on:\n" + "\n".join(self.screen()))
            self.listen(0.2)

    def _connect(self, name: str) -> socket.socket:
        for _ in range(200):
            line = socket.socket(socket.AF_UNIX)
            try:
                line.connect(str(self.folder / name))
                return line
            except OSError:
                line.close()
                if not self.is_on:
                    raise PowerFailure((self.folder / "qemu.log").read_text(errors="replace")[-2000:]) from None
                time.sleep(0.05)
        raise PowerFailure(f"no {name}")

    # --- QMP ----------------------------------------------------------------------------------------------------------

    def ask(self, command: str, **arguments: Any) -> Any:
        """https://www.qemu.org/docs/master/interop/qemu-qmp-ref.html"""
        assert self._qmp is not None
        self._qmp.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        while True:
            said = self._answer()
            if "error" in said:
                raise PowerFailure(f"{command}: {said['error']}")
            if "return" in said:
                return said["return"]

    def _answer(self) -> dict[str, Any]:
        assert self._qmp is not None
        while b"\n" not in self._heard:
            more = self._qmp.recv(1 << 16)
            if not more:
                raise PowerFailure("QEMU has ended")
            self._heard += more
        line, _, rest = bytes(self._heard).partition(b"\n")
        self._heard = bytearray(rest)
        found: dict[str, Any] = json.loads(line)
        return found

    # --- the serial port ----------------------------------------------------------------------------------------------

    def listen(self, seconds: float = 0.0) -> bytes:
        """What the serial port says meanwhile; kept in `log` too."""
        assert self._serial is not None
        said = bytearray()
        until = time.monotonic() + seconds
        while True:
            ready, _, _ = select.select([self._serial], [], [], max(0.0, until - time.monotonic()))
            if not ready:
                break
            try:
                more = self._serial.recv(1 << 16)
            except ConnectionError:  # its power failed
                break
            if not more:
                break
            said += more
        self.log += said
        return bytes(said)

    def say(self, text: str) -> None:
        """Typed at the serial port."""
        assert self._serial is not None
        for at in range(0, len(text), 64):
            self._serial.sendall(text[at : at + 64].encode())
            time.sleep(0.02)

    def wait_serial(self, words: str, timeout_s: float, since: int = 0) -> int:
        """The place in `log` behind the words."""
        until = time.monotonic() + timeout_s
        while (at := self.log.find(words.encode(), since)) < 0:
            if time.monotonic() > until or not self.is_on:
                raise PowerFailure(f"{words!r} not heard: …{bytes(self.log[-1500:]).decode(errors='replace')}")
            self.listen(0.2)
        return at + len(words.encode())

    # --- the screen ---------------------------------------------------------------------------------------------------

    def screendump(self, path: Path) -> Path:
        """As PNG, or as PPM by the file's name."""
        self.ask("screendump", filename=str(path), format=path.suffix.lstrip("."))
        return path

    def screen(self) -> list[str]:
        """The text on the screen, line by line."""
        return read_screen(self.screendump(self.folder / "screen.ppm"), self.fonts)

    def wait_screen(self, words: str, timeout_s: float = 120) -> list[str]:
        """Until these words stand on one line of the screen."""
        until = time.monotonic() + timeout_s
        before = b""
        while True:
            dump = self.screendump(self.folder / "screen.ppm")
            if (now := dump.read_bytes()) != before:  # reading takes its share of the processor from the PC
                before, lines = now, read_screen(dump, self.fonts)
            if any(words in line for line in lines):
                return lines
            if time.monotonic() > until or not self.is_on:
                raise PowerFailure(f"{words!r} not on the screen:\n" + "\n".join(lines))
            self.listen(0.5)

    # --- the keyboard -------------------------------------------------------------------------------------------------

    def press(self, *names: str) -> None:
        """Named keys, one after the other: "Enter", "F2"."""
        self._strike([NAMED[name] for name in names])

    def type(self, text: str) -> None:
        """By a hand on a French keyboard."""
        self._strike(strokes(text, FRENCH))

    def scan(self, text: str) -> None:
        """By a bar code scanner, which types like an American keyboard and ends with Enter."""
        self._strike([*strokes(text, AMERICAN), NAMED["Enter"]])

    def _strike(self, chords: list[tuple[str, ...]]) -> None:
        for chord in chords:
            keys = [{"type": "qcode", "data": key} for key in chord]
            self.ask("send-key", keys=keys, **{"hold-time": 20})
            self.listen(0.06)  # the next key must not meet this one still down
