"""Keyboards and pointers as the kernel shows them: /dev/input/event*, its ioctls, its events.

Layouts and numbers: include/uapi/linux/input.h and input-event-codes.h.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.checks.devices import Devices
from agent.host import Host
from agent.text import clean

EVENT = struct.Struct("@llHHi")  # struct input_event: time, type, code, value
EV_KEY, EV_REL, EV_ABS = 1, 2, 3
BTN_LEFT, BTN_RIGHT, BTN_TOUCH = 0x110, 0x111, 0x14A
REL_X, REL_Y, ABS_X, ABS_Y = 0, 1, 0, 1
_KEY_BYTES, _BUILT_IN_BUSES = 96, (0x11, 0x18, 0x1C)  # i8042, I²C, SPI: inside the PC
_EVIOCGID, _EVIOCGRAB = 0x80084502, 0x40044590
_NAME_BYTES = 80
_LETTERS = range(16, 26)  # KEY_Q … KEY_P
_ENTER = 28


def _reads(number: int, size: int) -> int:
    """_IOC(_IOC_READ, 'E', number, size)"""
    return 2 << 30 | size << 16 | ord("E") << 8 | number


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One open input device and what it says it can do."""

    descriptor: int
    path: str
    name: str
    bus: int
    keys: frozenset[int]
    rels: frozenset[int]
    axes: frozenset[int]

    @property
    def is_built_in(self) -> bool:
        return self.bus in _BUILT_IN_BUSES

    @property
    def is_keyboard(self) -> bool:
        """A whole one: power buttons and hot keys are keyboards to the kernel too."""
        return _ENTER in self.keys and all(code in self.keys for code in _LETTERS)

    @property
    def is_pointer(self) -> bool:
        moves = {REL_X, REL_Y} <= self.rels or {ABS_X, ABS_Y} <= self.axes
        return moves and (BTN_LEFT in self.keys or BTN_TOUCH in self.keys)

    @property
    def is_pad(self) -> bool:
        """A touchpad: a touch screen has no button of a mouse."""
        return {BTN_TOUCH, BTN_LEFT} <= self.keys


def open_inputs(host: Host, devices: Devices, wanted: Callable[[Input], bool], *, is_portable: bool) -> list[Input]:
    """Those that `wanted` takes; of a portable its built-in ones alone, where there are any: a scanner, or a mouse of
    the workshop, must not press keys for the PC. A tower may show a built-in keyboard that nobody can press.

    One that cannot be opened is left out; OSError when it may have been the wanted one: to have no right to open a
    device is no fault of the PC. The caller closes what it gets (`close_all`).
    """
    found = []
    refused: OSError | None = None
    for name in host.names("/sys/class/input"):
        if not name.startswith("event"):
            continue
        path = f"/dev/input/{name}"
        try:
            descriptor = devices.open(path)
        except OSError as error:
            refused = error
            continue
        try:
            one = _described(devices, descriptor, path)
        except OSError as error:
            refused = error
            devices.close(descriptor)
            continue
        if wanted(one):
            found.append(one)
        else:
            devices.close(descriptor)
    if refused is not None and not found:
        raise refused
    built_in = [one for one in found if one.is_built_in]
    if is_portable and built_in:
        close_all(devices, [one for one in found if not one.is_built_in])
        return built_in
    return found


def close_all(devices: Devices, inputs: list[Input]) -> None:
    for one in inputs:
        devices.close(one.descriptor)


def grab(devices: Devices, one: Input, *, is_on: bool) -> None:
    """While it is on, the keys go to us alone: F10 must not leave the screen that shows the map."""
    devices.set(one.descriptor, _EVIOCGRAB, int(is_on))


def _described(devices: Devices, descriptor: int, path: str) -> Input:
    identity, name = bytearray(8), bytearray(_NAME_BYTES)
    devices.ioctl(descriptor, _EVIOCGID, identity)
    devices.ioctl(descriptor, _reads(0x06, _NAME_BYTES), name)
    return Input(
        descriptor=descriptor,
        path=path,
        name=clean(bytes(name).split(b"\0")[0].decode(errors="replace"), 60),
        bus=struct.unpack_from("@H", identity)[0],
        keys=_bits(devices, descriptor, EV_KEY),
        rels=_bits(devices, descriptor, EV_REL),
        axes=_bits(devices, descriptor, EV_ABS),
    )


def are_keys_up(devices: Devices, one: Input) -> bool:
    """EVIOCGKEY: nothing is held down. A key let go while grabbed stays down for the screen behind."""
    buffer = bytearray(_KEY_BYTES)
    try:
        devices.ioctl(one.descriptor, _reads(0x18, len(buffer)), buffer)
    except OSError:
        return True
    return not any(buffer)


def _bits(devices: Devices, descriptor: int, kind: int) -> frozenset[int]:
    """EVIOCGBIT: which codes of this kind the device may send."""
    buffer = bytearray(_KEY_BYTES)
    try:
        devices.ioctl(descriptor, _reads(0x20 + kind, len(buffer)), buffer)
    except OSError:
        return frozenset()
    return frozenset(byte * 8 + bit for byte, value in enumerate(buffer) for bit in range(8) if value >> bit & 1)


def axis_range(devices: Devices, one: Input, axis: int) -> int | None:
    """EVIOCGABS: maximum − minimum; None when the device does not say."""
    buffer = bytearray(24)
    try:
        devices.ioctl(one.descriptor, _reads(0x40 + axis, len(buffer)), buffer)
    except OSError:
        return None
    _, low, high = struct.unpack_from("@iii", buffer)
    return high - low if high > low else None


def events(devices: Devices, inputs: list[Input], seconds: float) -> Iterator[tuple[Input, int, int, int]]:
    """(device, type, code, value) of what came within `seconds`; OSError when one was pulled out."""
    by_descriptor = {one.descriptor: one for one in inputs}
    for descriptor in devices.ready(by_descriptor, seconds):
        raw = devices.read(descriptor, EVENT.size * 64)
        for at in range(0, len(raw) - EVENT.size + 1, EVENT.size):
            _, _, kind, code, value = EVENT.unpack_from(raw, at)
            yield by_descriptor[descriptor], kind, code, value
