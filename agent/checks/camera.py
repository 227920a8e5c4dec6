"""A camera that gives a picture: not black, not one even grey. The picture itself is dropped at once."""

import errno
from dataclasses import dataclass

from agent.checks import v4l2
from agent.checks.results import CheckResult, measure
from agent.checks.running import Task

_FRAMES, _WAIT_S = 20, 3.0  # the first ones are dark until the camera has found its exposure
_CLOSED = (errno.EACCES, errno.EPERM, errno.EBUSY)  # no right to it, or another program has it
_DARK, _EVEN = 24, 8  # of 255: 16 is black in video; between the 5th and 95th of a hundred pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The best picture of one camera."""

    name: str
    frames: int
    brightness: int = 0
    contrast: int = 0
    is_compressed: bool = False

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
    looks: dict[str, Look] = {}
    is_closed = False
    for name in sorted(task.host.names("/sys/class/video4linux"), key=lambda name: (len(name), name)):
        if name.startswith("video"):
            task.tell(f"Image de {name}…", f"Picture of {name}…")
            try:
                found = _look(task, f"/dev/{name}")
            except OSError as error:  # a node that does not open or stream: another of the camera may
                is_closed = is_closed or error.errno in _CLOSED
                continue
            if found is not None and not (found[0] in looks and looks[found[0]].is_seen):
                looks[found[0]] = found[1]
    if is_closed and not looks:
        return task.not_tested(
            "La caméra ne s'ouvre pas : un autre programme la tient, ou le droit manque.",
            "The camera does not open: another program has it, or the right is missing.",
        )  # fmt: skip
    return _judged(task, list(looks.values()))


def _look(task: Task, path: str) -> tuple[str, Look] | None:
    """The camera's bus and its best picture; None for a node that takes none."""
    descriptor = task.devices.open(path, writing=True)
    try:
        camera = v4l2.describe(task.devices, descriptor)
        if not camera.takes_pictures:
            return None
        form = v4l2.choose_format(task.devices, descriptor)
        best = Look(name=camera.name, frames=0)
        for number, frame in enumerate(v4l2.frames(task.devices, descriptor, _FRAMES, _WAIT_S), 1):
            task.check_stopped()
            pixels = v4l2.luma(frame, form)
            brightness, contrast = judge_luma(pixels)
            best = Look(
                name=camera.name, frames=number, brightness=max(best.brightness, brightness),
                contrast=max(best.contrast, contrast), is_compressed=not pixels,
            )  # fmt: skip
            if best.is_seen and number > 5:
                break
        return camera.bus, best
    finally:
        task.devices.close(descriptor)


def _judged(task: Task, looks: list[Look]) -> CheckResult:
    measures = []
    for look in looks:
        measures.append(measure("frames", look.frames, "count", look.name))
        measures.append(measure("brightness", look.brightness * 1000 // 255, "permille", look.name))
        measures.append(measure("contrast", look.contrast * 1000 // 255, "permille", look.name))
    seen = [look.name for look in looks if look.is_seen]
    if seen:
        names = ", ".join(seen)
        return task.passed(f"Une vraie image est venue : {names}.", f"A real picture came: {names}.", *measures)
    if not looks or not any(look.frames for look in looks):
        return task.failed("La caméra ne donne pas d'image.", "The camera gives no picture.", *measures)
    if any(look.is_compressed and look.frames for look in looks):
        return task.not_tested(
            "La caméra répond, mais son image ne se juge pas ici.",
            "It answers, but its picture cannot be judged here.", *measures,
        )  # fmt: skip
    return task.failed(
        "L'image est noire ou toute unie. Le cache est-il ouvert ?", "The picture is black or even. Is the cover open?",
        *measures,
    )  # fmt: skip
