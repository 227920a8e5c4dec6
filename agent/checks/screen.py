"""The screen filled with one colour at a time; eyes look for dots, stripes, dark corners. Pure bytes for /dev/fb0.

The check asks, with a colour in each question; who shows the question fills the screen (`show`, or a terminal's own
colour where there is no framebuffer).
"""

import struct
from dataclasses import dataclass

from agent.checks.devices import Devices
from agent.checks.results import CheckResult, measure
from agent.checks.running import Task

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255), "black": (0, 0, 0),
}  # fmt: skip
_NAMES = {
    "red": ("Rouge", "Red"), "green": ("Vert", "Green"), "blue": ("Bleu", "Blue"), "white": ("Blanc", "White"),
    "black": ("Noir", "Black"),
}  # fmt: skip
PATH = "/dev/fb0"
_VARIABLE, _FIXED = (0x4600, 160), (0x4602, 80)  # FBIOGET_VSCREENINFO, FBIOGET_FSCREENINFO (64-bit)
_LINE_LENGTH_AT = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """Of a framebuffer: include/uapi/linux/fb.h. A channel is (first bit, bits)."""

    width_px: int
    height_px: int
    bits: int
    line_bytes: int
    red: tuple[int, int]
    green: tuple[int, int]
    blue: tuple[int, int]


def geometry_of(variable: bytes, fixed: bytes) -> Geometry:
    width, height, _, _, _, _, bits, _ = struct.unpack_from("@8I", variable)
    channels = [struct.unpack_from("@2I", variable, 32 + 12 * place) for place in range(3)]
    (line,) = struct.unpack_from("@I", fixed, _LINE_LENGTH_AT)
    if bits not in (16, 24, 32) or not 0 < width <= 1 << 15 or not 0 < height <= 1 << 15 or line < width * bits // 8:
        raise ValueError(f"framebuffer {width}×{height}, {bits} bits, {line} bytes a line")
    red, green, blue = ((int(first), int(many)) for first, many in channels)
    return Geometry(
        width_px=width, height_px=height, bits=bits, line_bytes=line, red=red, green=green, blue=blue
    )  # fmt: skip


def picture(geometry: Geometry, colour: tuple[int, int, int]) -> bytes:
    """The whole screen in one colour, as the framebuffer holds it."""
    pixel = 0
    for value, (first, many) in zip(colour, (geometry.red, geometry.green, geometry.blue), strict=True):
        pixel |= (value >> (8 - many) if many < 8 else value) << first
    line = pixel.to_bytes(geometry.bits // 8, "little") * geometry.width_px
    return line.ljust(geometry.line_bytes, b"\0") * geometry.height_px


def show(devices: Devices, colour: str) -> bool:
    """Fill the screen; False where there is no framebuffer to fill. What was there is for the caller to draw again."""
    try:
        descriptor = devices.open(PATH, writing=True)
    except OSError:
        return False
    try:
        variable, fixed = bytearray(_VARIABLE[1]), bytearray(_FIXED[1])
        devices.ioctl(descriptor, _VARIABLE[0], variable)
        devices.ioctl(descriptor, _FIXED[0], fixed)
        rest = memoryview(picture(geometry_of(bytes(variable), bytes(fixed)), COLOURS[colour]))
        while rest:
            written = devices.write(descriptor, bytes(rest))
            if not written:
                return False
            rest = rest[written:]
    except (OSError, ValueError):
        return False
    finally:
        devices.close(descriptor)
    return True


def run(task: Task) -> CheckResult:
    for place, (name, told) in enumerate(_NAMES.items()):
        task.tell(permille=1000 * place // len(_NAMES), marks=tuple(_NAMES)[:place], wanted=tuple(_NAMES))
        question = task.check.ask
        assert question is not None
        answer = task.ask(f"{told[0]}. {question.fr}", f"{told[1]}. {question.en}", colour=name)
        if answer == "bad":
            return task.by_person(answer, measure("colours-shown", place + 1, "count", name))
        if answer != "ok":
            return task.by_person(answer)
    return task.by_person("ok", measure("colours-shown", len(_NAMES), "count"))
