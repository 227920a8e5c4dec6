"""Touchpad or mouse: moved all four ways, clicked. The kernel says what came; the person says whether it is right."""

from agent.checks.evdev import (
    ABS_X,
    ABS_Y,
    BTN_LEFT,
    BTN_RIGHT,
    BTN_TOUCH,
    EV_ABS,
    EV_KEY,
    EV_REL,
    REL_X,
    REL_Y,
    Input,
    axis_range,
    close_all,
    events,
    open_inputs,
)  # fmt: skip
from agent.checks.parts import is_portable
from agent.checks.results import CheckResult, measure
from agent.checks.running import Task

IDLE_S, WAIT_S = 15, 60
_LOOK_S = 0.2
_FAR_COUNTS = 50  # a mouse's counts, or a pad's units when it does not tell its range
_PART_OF_PAD = 8
LEFT, RIGHT, UP, DOWN, CLICK, OTHER_CLICK = "gauche", "droite", "haut", "bas", "clic gauche", "clic droit"
_WAYS = ((LEFT, RIGHT), (UP, DOWN))


class Strokes:
    """Which ways something moved far enough, from its own moves or places."""

    def __init__(self, ranges: tuple[int | None, int | None] = (None, None)) -> None:
        self.seen: set[str] = set()
        self._far = tuple(size // _PART_OF_PAD if size else _FAR_COUNTS for size in ranges)
        self._gone: list[int] = [0, 0]
        self._at: list[int | None] = [None, None]

    def moved(self, axis: int, by: int) -> None:
        """Turning round starts the count anew."""
        gone = self._gone[axis]
        self._gone[axis] = by if gone * by < 0 else gone + by
        if abs(self._gone[axis]) >= self._far[axis]:
            self.seen.add(_WAYS[axis][self._gone[axis] > 0])

    def placed(self, axis: int, at: int) -> None:
        before, self._at[axis] = self._at[axis], at
        if before is not None:
            self.moved(axis, at - before)

    def lifted(self) -> None:
        """A finger put down elsewhere has not moved there."""
        self._gone, self._at = [0, 0], [None, None]


def run(task: Task) -> CheckResult:
    pointers = open_inputs(
        task.host, task.devices, lambda one: one.is_pointer, is_portable=is_portable(task.around.machine)
    )
    if not pointers:
        return task.none_answers("Aucun pavé, aucune souris ne répond.", "No touchpad and no mouse answers.")
    # The stick between the keys does not move for a dead pad.
    heard = [one for one in pointers if one.is_pad] or pointers
    try:
        wanted = [LEFT, RIGHT, UP, DOWN, CLICK]
        if any(BTN_RIGHT in one.keys for one in heard):
            wanted.append(OTHER_CLICK)  # a pad that is one big button makes its right click from the finger's place
        seen = _listen(task, heard, wanted)
    finally:
        close_all(task.devices, pointers)
    measures = [measure("seen", int(name in seen), "count", name) for name in wanted]
    measures += [measure("pointer", 1, "count", one.name) for one in heard]
    if not seen:
        return task.not_tested("Rien n'a bougé.", "Nothing moved.", *measures)
    missing = ", ".join(name for name in wanted if name not in seen)
    if missing:
        return task.failed(f"Pas vu : {missing}.", f"Not seen: {missing}.", *measures)
    return task.by_person(task.ask(), *measures)


def _listen(task: Task, pointers: list[Input], wanted: list[str]) -> set[str]:
    strokes = {
        one.path: Strokes((axis_range(task.devices, one, ABS_X), axis_range(task.devices, one, ABS_Y)))
        if ABS_X in one.axes
        else Strokes()
        for one in pointers
    }
    clicks: set[str] = set()
    seen: set[str] = set()
    last = task.around.monotonic()
    _show(task, seen, wanted)
    while not set(wanted) <= seen:
        task.check_stopped()
        for one, kind, code, value in events(task.devices, pointers, _LOOK_S):
            _take(strokes[one.path], clicks, kind, code, value)
        found = clicks.union(*(stroke.seen for stroke in strokes.values()))
        if found != seen:
            seen, last = found, task.around.monotonic()
            _show(task, seen, wanted)
        if task.around.monotonic() - last > (IDLE_S if seen else WAIT_S):
            break
    return seen


def _take(strokes: Strokes, clicks: set[str], kind: int, code: int, value: int) -> None:
    if kind == EV_REL and code in (REL_X, REL_Y):
        strokes.moved(code, value)
    elif kind == EV_ABS and code in (ABS_X, ABS_Y):
        strokes.placed(code, value)
    elif kind == EV_KEY and code == BTN_TOUCH:
        strokes.lifted()
    elif kind == EV_KEY and value == 1 and code in (BTN_LEFT, BTN_RIGHT):
        clicks.add(CLICK if code == BTN_LEFT else OTHER_CLICK)


def _show(task: Task, seen: set[str], wanted: list[str]) -> None:
    task.tell(
        "Bougez dans les quatre sens, puis cliquez.", "Move all four ways, then click.",
        permille=1000 * len(seen) // len(wanted), marks=tuple(name for name in wanted if name in seen),
        wanted=tuple(wanted),
    )  # fmt: skip
