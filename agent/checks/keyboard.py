"""Every key pressed once. The kernel says which keys came; the person says whether they stick."""

import contextlib

from agent.checks.evdev import EV_KEY, Input, are_keys_up, close_all, events, grab, open_inputs
from agent.checks.keys_fr import ALSO, NAMES
from agent.checks.parts import is_portable
from agent.checks.results import CheckResult, Measure, measure
from agent.checks.running import Task

IDLE_S, WAIT_S = 15, 60  # after the last new key; for the first one
_LOOK_S, _KEYS_UP_S = 0.2, 2.0
_TOLD_MOST = 12


def run(task: Task) -> CheckResult:
    keyboards = open_inputs(
        task.host, task.devices, lambda one: one.is_keyboard, is_portable=is_portable(task.around.machine)
    )
    if not keyboards:
        return task.none_answers("Aucun clavier ne répond.", "No keyboard answers.")
    grabbed: list[Input] = []
    try:
        _wait_for_keys_up(task, keyboards)  # the Enter that started this
        for one in keyboards:
            grab(task.devices, one, is_on=True)
            grabbed.append(one)
        seen = _listen(task, keyboards)
        _wait_for_keys_up(task, keyboards)
    finally:
        for one in grabbed:
            with contextlib.suppress(OSError):  # pulled out meanwhile
                grab(task.devices, one, is_on=False)
        close_all(task.devices, keyboards)
    return _judged(task, keyboards, seen)


def _wait_for_keys_up(task: Task, keyboards: list[Input]) -> None:
    until = task.around.monotonic() + _KEYS_UP_S
    while task.around.monotonic() < until and not all(are_keys_up(task.devices, one) for one in keyboards):
        task.sleep(0.05)


def _listen(task: Task, keyboards: list[Input]) -> set[int]:
    """Codes of the keyboard that sent most. Ends when all came, or some seconds after the last new one: a dead key must
    not hold us. Two keyboards are not added up: a scanner beside one with a dead row would mend it."""
    sent: dict[str, set[int]] = {one.path: set() for one in keyboards}
    seen: set[int] = set()
    last = task.around.monotonic()
    _show(task, seen)
    while not set(NAMES) <= seen:
        task.check_stopped()
        for one, kind, code, value in events(task.devices, keyboards, _LOOK_S):
            if kind == EV_KEY and value == 1 and code not in sent[one.path]:
                sent[one.path].add(code)
                last = task.around.monotonic()
                seen = max(sent.values(), key=len)
                _show(task, seen)
        if task.around.monotonic() - last > (IDLE_S if seen else WAIT_S):
            break
    return seen


def _show(task: Task, seen: set[int]) -> None:
    known = NAMES | ALSO
    task.tell(
        f"Appuyez une fois sur chaque touche. Il s'arrête seul après {IDLE_S} s.",
        f"Press every key once. It ends by itself after {IDLE_S} s.",
        permille=1000 * len(seen & set(NAMES)) // len(NAMES),
        marks=tuple(known[code] for code in sorted(seen) if code in known), wanted=tuple(NAMES.values()),
    )  # fmt: skip


def _judged(task: Task, keyboards: list[Input], seen: set[int]) -> CheckResult:
    missing = [name for code, name in NAMES.items() if code not in seen]
    measures = _measures(keyboards, seen, missing)
    if not seen:
        return task.not_tested("Aucune touche n'est arrivée.", "No key came.", *measures)
    if not missing:
        return task.by_person(task.ask(), *measures)
    told = ", ".join(missing[:_TOLD_MOST]) + (" …" if len(missing) > _TOLD_MOST else "")
    answer = task.ask(
        f"Pas vues : {told}. Ces touches manquent-elles au dessin de ce clavier, tout le reste allant bien ?",
        f"Not seen: {told}. Does this keyboard have no such keys by design, all else being well?",
        answers=("ok", "bad", "skip"),
    )  # fmt: skip
    if answer == "bad":
        return task.failed(f"Touches qui ne répondent pas : {told}.", f"Keys that do not answer: {told}.", *measures)
    return task.by_person(answer, *measures)


def _measures(keyboards: list[Input], seen: set[int], missing: list[str]) -> tuple[Measure, ...]:
    found = [measure("keys-seen", len(seen), "count"), measure("keys-wanted", len(NAMES), "count")]
    found += [measure("key-not-seen", 1, "count", name) for name in missing]
    return (*found, *(measure("keyboard", 1, "count", one.name) for one in keyboards))
