"""A camera that gives a picture: not black, not one even grey. The picture itself is dropped at once.

It is the PC's own that counts: not the workshop's webcam, and not the infrared one beside it that knows faces.
"""

import errno
import re
from dataclasses import dataclass, replace

from agent.checks import v4l2
from agent.checks.results import CheckResult, measure
from agent.checks.running import Task
from agent.host import Host

_FOLDER = "/sys/class/video4linux"
_FRAMES, _WAIT_S = 20, 3.0  # the first ones are dark until the camera has found its exposure
_CLOSED = (errno.EACCES, errno.EPERM, errno.EBUSY)  # no right to it, or another program has it
_SETTLED = 5  # frames after which it is judged
_INFRARED = re.compile(r"\bir\b|infra", re.IGNORECASE)
_DARK, _EVEN = 24, 8  # of 255: 16 is black in video; between the 5th and 95th of a hundred pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The last picture of one camera."""

    name: str
    frames: int
    brightness: int = 0
    contrast: int = 0
    is_compressed: bool = False
    is_infrared: bool = False
    is_plugged_in: bool = False  # to a socket of the case

    @property
    def is_seen(self) -> bool:
        return self.brightness > _DARK and self.contrast > _EVEN


def judge_luma(pixels: bytes) -> tuple[int, int]:
    """(mean brightness, contrast between the 5th and the 95th of a hundred pixels)."""
    counts = [pixels.count(value) for value in range(256)]
    total = sum(counts)
    if not total:
        return 0, 0
    mean = sum(value * count for value, count in enumerate(counts)) // total
    return mean, _rank(counts, total * 95 // 100) - _rank(counts, total * 5 // 100)


def _rank(counts: list[int], rank: int) -> int:
    for value, count in enumerate(counts):
        rank -= count
        if rank < 0:
            return value
    return 255


def run(task: Task) -> CheckResult:
    looks: dict[tuple[str, bool], Look] = {}
    is_closed = False
    for name in sorted(task.host.names(_FOLDER), key=lambda name: (len(name), name)):
        if name.startswith("video"):
            task.tell(f"Image de {name}…", f"Picture of {name}…")
            try:
                found = _look(task, name)
            except OSError as error:  # a node that does not open or stream: another of the camera may
                is_closed = is_closed or error.errno in _CLOSED
                continue
            if found is None:
                continue
            bus, look = found
            if not ((bus, look.is_infrared) in looks and looks[bus, look.is_infrared].is_seen):
                looks[bus, look.is_infrared] = look
    if is_closed and not looks:
        return task.not_tested(
            "La caméra ne s'ouvre pas : un autre programme la tient, ou le droit manque.",
            "The camera does not open: another program has it, or the right is missing.",
        )  # fmt: skip
    return _judged(task, list(looks.values()))


def _look(task: Task, name: str) -> tuple[str, Look] | None:
    """The camera's bus and its picture; None for a node that takes none."""
    descriptor = task.devices.open(f"/dev/{name}", writing=True)
    try:
        camera = v4l2.describe(task.devices, descriptor)
        if not camera.takes_pictures:
            return None
        form = v4l2.choose_format(task.devices, descriptor)
        look = Look(
            name=camera.name, frames=0, is_plugged_in=_is_plugged_in(task.host, name),
            is_infrared=form.code == v4l2.GREY or _INFRARED.search(camera.name) is not None,
        )  # fmt: skip
        for number, frame in enumerate(v4l2.frames(task.devices, descriptor, _FRAMES, _WAIT_S), 1):
            task.check_stopped()
            pixels = v4l2.luma(frame, form)
            brightness, contrast = judge_luma(pixels)  # both of one frame: a flash, then noise, is no picture
            look = replace(look, frames=number, brightness=brightness, contrast=contrast, is_compressed=not pixels)
            if look.is_seen and number > _SETTLED:
                break
        return camera.bus, look
    finally:
        task.devices.close(descriptor)


def _is_plugged_in(host: Host, name: str) -> bool:
    """The kernel says "removable" of what hangs on a socket that the BIOS, or the hub, calls open to the user."""
    interface = host.resolve(f"{_FOLDER}/{name}/device") or ""
    return host.text(f"{interface.rpartition('/')[0]}/removable") == "removable"


def _judged(task: Task, looks: list[Look]) -> CheckResult:
    measures = []
    for look in looks:
        measures.append(measure("frames", look.frames, "count", look.name))
        measures.append(measure("brightness", look.brightness * 1000 // 255, "permille", look.name))
        measures.append(measure("contrast", look.contrast * 1000 // 255, "permille", look.name))
    lit = [look for look in looks if not look.is_infrared]
    if looks and not lit:
        return task.not_tested("Seule une caméra infrarouge répond.", "Only an infrared camera answers.", *measures)
    own = [look for look in lit if not look.is_plugged_in]
    lit = own or lit
    seen = [look.name for look in lit if look.is_seen]
    if seen:
        names = ", ".join(seen)
        # A BIOS may call the built-in one's port open, or say nothing of any: only a person can tell whose camera saw.
        answer = "ok" if own and len(seen) == len(lit) else task.ask(
            f"Cette caméra fait-elle partie du PC : {names} ?", f"Is this camera part of the PC: {names}?",
            answers=("ok", "bad", "skip"),
        )  # fmt: skip
        if answer == "skip":
            return task.by_person(answer, *measures)
        if answer == "ok":
            return task.passed(f"Une vraie image est venue : {names}.", f"A real picture came: {names}.", *measures)
        lit = []
    if not any(look.frames for look in lit):
        return task.failed("La caméra ne donne pas d'image.", "The camera gives no picture.", *measures)
    if any(look.is_compressed and look.frames for look in lit):
        return task.not_tested(
            "La caméra répond, mais son image ne se juge pas ici.",
            "It answers, but its picture cannot be judged here.", *measures,
        )  # fmt: skip
    return task.failed(
        "L'image est noire ou toute unie. Le cache est-il ouvert ?", "The picture is black or even. Is the cover open?",
        *measures,
    )  # fmt: skip
