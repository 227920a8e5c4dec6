"""Keyboards and pointers, by made event devices: what was seen, what is missing, who else may press."""

from pathlib import Path

import pytest

from agent.checks.keyboard import IDLE_S
from agent.checks.keys_fr import NAMES
from agent.checks.pointer import Strokes
from agent.checks.running import Answer, Event, Progress, Question
from agent.facts import Machine, System
from tests.checks.made import Clock, made, measured, run
from tests.checks.made_devices import USB, MadeDevices, MadeInput

ALL = [(1, code, value) for code in NAMES for value in (1, 2, 0)]
MOUSE_KEYS = frozenset({0x110, 0x111})


def inputs(root: Path, *names: str) -> None:
    for name in names:
        made(root, {f"/sys/class/input/{name}/uevent": ""})


def test_every_key_seen_and_the_person_content(tmp_path: Path) -> None:
    inputs(tmp_path, "event0", "event1", "mouse0")
    keyboard, button = MadeInput(sends=list(ALL), held_for=3), MadeInput(name="Power Button", keys=frozenset({116}))
    devices = MadeDevices(input_event0=keyboard, input_event1=button)
    shown: list[Event] = []
    found = run("keyboard", tmp_path, devices=devices, answers=("ok",), watch=shown.append)
    assert (found.outcome, found.by) == ("passed", "person")
    assert measured(found)["keys-seen"] == len(NAMES) and "AT Translated" in found.measured[-1].about
    assert keyboard.grabbed == [True, False] and button.grabbed == [] and devices.open_now == {}
    last = [event for event in shown if isinstance(event, Progress)][-1]
    assert set(last.marks) == set(NAMES.values()) == set(last.wanted) and {"A", "É".lower(), "Alt Gr"} <= set(
        last.marks
    )


def test_a_dead_key_is_named_and_the_person_decides(tmp_path: Path) -> None:
    inputs(tmp_path, "event0")
    sends = [one for one in ALL if one[1] not in (16, 18)]
    asked: list[Event] = []
    for answer, outcome in (("bad", "failed"), ("ok", "passed")):
        devices = MadeDevices(input_event0=MadeInput(sends=list(sends)))
        found = run(
            "keyboard", tmp_path, devices=devices, answers=(answer,), watch=asked.append, monotonic=Clock(IDLE_S / 50)
        )  # type: ignore[arg-type]
        assert found.outcome == outcome and [one.about for one in found.measured if one.name == "key-not-seen"] == [
            "A", "E",
        ]  # fmt: skip
    assert any(isinstance(event, Question) and "A, E" in event.fr for event in asked)


def test_nobody_pressing_is_not_a_dead_keyboard_and_no_keyboard_is(tmp_path: Path) -> None:
    inputs(tmp_path, "event0")
    keyboard = MadeInput()
    silent = run("keyboard", tmp_path, devices=MadeDevices(input_event0=keyboard), monotonic=Clock(10))
    assert silent.outcome == "not_tested" and keyboard.grabbed[-1] is False
    button = MadeDevices(input_event0=MadeInput(name="Power Button", keys=frozenset({116})))
    assert run("keyboard", tmp_path, devices=button).outcome == "failed"


@pytest.mark.parametrize("name", ["keyboard", "pointer"])
def test_no_right_to_open_a_device_is_no_fault_of_the_pc(tmp_path: Path, name: str) -> None:
    inputs(tmp_path, "event0", "event1")
    button = MadeDevices(input_event0=MadeInput(name="Power Button", keys=frozenset({116})))
    found = run(name, tmp_path, devices=button)
    assert found.outcome == "not_tested" and "closed" in found.fr


@pytest.mark.parametrize(
    ("answer", "outcome"), [("absent", "not_applicable"), ("bad", "failed"), ("skip", "not_tested")]
)
def test_a_tower_comes_without_a_mouse(tmp_path: Path, answer: Answer, outcome: str) -> None:
    """A laptop has a touchpad: nobody may say otherwise."""
    tower = Machine(system=System(chassis="desktop"))
    for name in ("pointer", "keyboard"):
        found = run(name, tmp_path, devices=MadeDevices(), machine=tower, answers=(answer,))
        assert found.outcome == outcome
        assert run(name, tmp_path, devices=MadeDevices(), answers=(answer,)).outcome == "failed"


def test_a_scanner_presses_no_key_of_the_pc(tmp_path: Path) -> None:
    inputs(tmp_path, "event0", "event1")
    scanner = MadeInput(name="Barcode Reader", bus=USB, sends=list(ALL))
    devices = MadeDevices(input_event0=scanner, input_event1=MadeInput(sends=ALL[:3]))
    found = run("keyboard", tmp_path, devices=devices, answers=("skip",), monotonic=Clock(1))
    assert measured(found)["keys-seen"] == 1 and scanner.grabbed == [] and devices.open_now == {}


def test_a_tower_s_keyboard_is_the_one_that_sends(tmp_path: Path) -> None:
    """Its BIOS shows a built-in one that nobody can press; a scanner's digits are not added to a keyboard's."""
    inputs(tmp_path, "event0", "event1", "event2")
    tower = Machine(system=System(chassis="desktop"))
    letters = [one for one in ALL if one[1] >= 12]
    devices = MadeDevices(
        input_event0=MadeInput(), input_event1=MadeInput(name="Dell KB212", bus=USB, sends=list(letters)),
        input_event2=MadeInput(name="Scanner", bus=USB, sends=[one for one in ALL if one[1] < 12]),
    )  # fmt: skip
    found = run("keyboard", tmp_path, devices=devices, machine=tower, answers=("bad",), monotonic=Clock(0.3))
    assert measured(found)["keys-seen"] == len(letters) // 3 and found.outcome == "failed"
    mouse = MadeInput(bus=USB, keys=MOUSE_KEYS, rels=frozenset({0, 1}), sends=[(1, 0x110, 1)])
    ghost = MadeInput(keys=MOUSE_KEYS, rels=frozenset({0, 1}))
    both = MadeDevices(input_event0=ghost, input_event1=mouse)
    assert run("pointer", tmp_path, devices=both, machine=tower, monotonic=Clock(1)).outcome == "failed"
    mouse.sends = [(1, 0x110, 1)]
    assert (
        run("pointer", tmp_path, devices=both, monotonic=Clock(10)).outcome == "not_tested"
    )  # of a laptop: not its own


def test_stopping_lets_the_keyboard_go(tmp_path: Path) -> None:
    inputs(tmp_path, "event0")
    keyboard = MadeInput(sends=list(ALL))
    found = run("keyboard", tmp_path, devices=MadeDevices(input_event0=keyboard))  # the question is not answered
    assert found.outcome == "not_tested" and keyboard.grabbed == [True, False]


def test_a_mouse_moved_and_clicked(tmp_path: Path) -> None:
    inputs(tmp_path, "event0")
    moves = [(2, 0, 30), (2, 0, 30), (2, 0, -60), (2, 1, 80), (2, 1, -80), (1, 0x110, 1), (1, 0x111, 1)]
    mouse = MadeInput(name="Mouse", bus=USB, keys=MOUSE_KEYS, rels=frozenset({0, 1}), sends=list(moves))
    assert run("pointer", tmp_path, devices=MadeDevices(input_event0=mouse), answers=("ok",)).outcome == "passed"
    mouse.sends = moves[:-1]
    found = run("pointer", tmp_path, devices=MadeDevices(input_event0=mouse), monotonic=Clock(1))
    assert found.outcome == "failed" and found.fr == "Pas vu : clic droit."
    mouse.sends = []
    idle = run("pointer", tmp_path, devices=MadeDevices(input_event0=mouse), monotonic=Clock(10))
    assert idle.outcome == "not_tested"


def test_a_touchpad_with_one_button(tmp_path: Path) -> None:
    inputs(tmp_path, "event0")
    touched = [(3, 0, 400), (3, 1, 400), (3, 0, 600), (3, 0, 300), (3, 1, 600), (3, 1, 300), (1, 0x14A, 0)]
    pad = MadeInput(
        name="ELAN", keys=frozenset({0x110, 0x14A}), axes=frozenset({0, 1}), sends=[*touched, (1, 0x110, 1)]
    )
    assert run("pointer", tmp_path, devices=MadeDevices(input_event0=pad), answers=("ok",)).outcome == "passed"


def test_a_stick_between_the_keys_moves_for_no_dead_pad(tmp_path: Path) -> None:
    inputs(tmp_path, "event0", "event1", "event2")
    touched = [(3, 0, 400), (3, 1, 400), (3, 0, 600), (3, 0, 300), (3, 1, 600), (3, 1, 300), (1, 0x110, 1)]
    moved = [(2, 0, 60), (2, 0, -120), (2, 1, 60), (2, 1, -120), (1, 0x110, 1), (1, 0x111, 1)]
    pad = MadeInput(name="Synaptics", keys=frozenset({0x110, 0x14A}), axes=frozenset({0, 1}))
    stick = MadeInput(name="TrackPoint", keys=MOUSE_KEYS, rels=frozenset({0, 1}), sends=list(moved))
    glass = MadeInput(name="Touch screen", keys=frozenset({0x14A}), axes=frozenset({0, 1}), sends=touched[:-1])
    devices = MadeDevices(input_event0=pad, input_event1=stick, input_event2=glass)
    assert run("pointer", tmp_path, devices=devices, monotonic=Clock(10)).outcome == "not_tested"
    pad.sends = touched
    assert run("pointer", tmp_path, devices=devices, answers=("ok",)).outcome == "passed"
    assert devices.open_now == {}


@pytest.mark.parametrize(("lifts", "seen"), [(True, set()), (False, {"droite"})])
def test_a_finger_put_down_elsewhere_has_not_moved(lifts: bool, seen: set[str]) -> None:
    strokes = Strokes((800, 800))
    strokes.placed(0, 100)
    if lifts:
        strokes.lifted()
    strokes.placed(0, 700)
    assert strokes.seen == seen
