"""What must hold from raw source to verdict: damaged captures give facts or gaps, and more of a good thing never harms.

That an unknown never makes a machine good is held by test_rules_properties (any rule) and test_profiles (shipped ones).
"""

import contextlib
import functools
import json
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unicodedata import category

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from agent.capture import load, unpack
from agent.errors import CaptureError
from agent.facts import Machine
from agent.probes.inspect import Circumstances, inspect
from agent.record import ClockEvidence, Record, build_payload, moment, parse_payload, uuid7
from agent.rules import compile_profile, load_profiles
from agent.rules.tree import OUTCOMES
from agent.verdict import judge
from tests.compose.machines import MACHINES
from tests.conftest import CORPUS
from tests.machines import changed

NOW = datetime(2026, 3, 9, tzinfo=UTC)
CAPTURES = Path(__file__).parent / "captures"
NAMES = [compose().name for compose in MACHINES if compose.__name__ != "server_40_disks"]
# Shrinking would take minutes here, a folder for each try; the strokes that failed are few anyway.
SLOW = settings(
    max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


@functools.cache
def profiles() -> tuple[Any, ...]:
    return tuple(compile_profile(profile) for profile in load_profiles())


@functools.cache
def composed(name: str) -> Machine:
    return inspect(load(CAPTURES / name).host, Circumstances(now=NOW))


def whole_way(folder: Path) -> Machine:
    """Load, inspect, judge under every profile, write as a record and read back: what a visit does with a PC."""
    capture = load(folder)
    machine = inspect(capture.host, Circumstances(now=NOW, mac_key=b"key"))
    assert isinstance(machine, Machine)
    fallen = [gap for gap in machine.gaps if gap.source == "probe"]
    assert not fallen, fallen  # a probe that raised was caught by the last net, and its facts are lost
    verdicts = [judge(machine, profile) for profile in profiles()]
    record = Record(
        id=uuid7(NOW, lambda size: bytes(size)), kind="triage", made_at=moment(NOW), station="0" * 64, machine=machine,
        verdicts=tuple(msgspec.to_builtins(verdict) for verdict in verdicts), agent_version="0.1.0", seq=1,
        clock=ClockEvidence(wall=moment(NOW), monotonic_ms=1),
    )  # fmt: skip
    steering = [text for text in strings_of(machine) if len(text) > 400 or any(category(c)[0] == "C" for c in text)]
    assert not steering, steering  # law 11: bounded, and nothing that steers a terminal
    payload = build_payload(record)  # numbers that no record can hold have become gaps there
    assert build_payload(parse_payload(payload)) == payload
    return machine


def strings_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from (key, inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from strings_of(inner)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from strings_of(getattr(value, name))


# --- more of a good thing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@SLOW
@given(less=st.integers(0, 1 << 36), more=st.integers(0, 1 << 36))
@example(less=(7 << 29) - 1, more=7 << 29)  # 3.5 GiB, where shipped rules turn
def test_more_memory_never_worsens_a_verdict(name: str, less: int, more: int) -> None:
    less, more = sorted((less, more))
    for profile in profiles():
        poor, rich = (
            judge(changed(composed(name), "memory.fitted_bytes", size), profile).outcome for size in (less, more)
        )
        assert OUTCOMES.index(rich) <= OUTCOMES.index(poor), (profile.profile.name, less, more)


@pytest.mark.parametrize("name", NAMES)
def test_a_worse_disk_never_makes_a_better_pc(name: str) -> None:
    """Every counter of failures, one by one: more of them never improves an outcome."""
    machine = composed(name)
    counters = (
        "reallocated_sectors", "reallocation_events", "pending_sectors", "uncorrectable_sectors", "spin_retries",
        "reported_uncorrectable", "media_errors", "critical_warning", "grown_defects", "uncorrected_errors",
        "emmc_life_used", "wear_permille",
    )  # fmt: skip
    for place, disk in enumerate(machine.disks or ()):
        for counter in counters:
            if getattr(disk.health, counter) is None:
                continue
            for profile in profiles():
                outcomes = [
                    OUTCOMES.index(judge(changed(machine, f"disks[{place}].health.{counter}", n), profile).outcome)
                    for n in (1, 5, 11, 50, 2000)
                ]
                if counter != "critical_warning":  # a set of bits, not a count
                    assert outcomes == sorted(outcomes), (profile.profile.name, disk.name, counter)


# --- damage -----------------------------------------------------------------------------------------------------------


def damaged(text: bytes, draw: Any) -> bytes:
    """One to four strokes: flipped bytes, a cut end, lines shuffled, doubled or dropped, colours and NULs put in."""
    for _ in range(draw(st.integers(1, 4))):
        stroke = draw(st.sampled_from(("flip", "cut", "shuffle", "double", "drop", "insert", "digits")))
        if not text:
            return text
        at = draw(st.integers(0, len(text) - 1))
        lines = text.split(b"\n")
        if stroke == "flip":
            text = text[:at] + bytes([text[at] ^ draw(st.integers(1, 255))]) + text[at + 1 :]
        elif stroke == "cut":
            text = text[:at]
        elif stroke == "shuffle":
            text = b"\n".join(draw(st.permutations(lines)) if len(lines) < 60 else lines[::-1])
        elif stroke == "double":
            text = text[:at] * 2 + text[at:]
        elif stroke == "drop":
            gone = at % len(lines)
            text = b"\n".join(lines[:gone] + lines[gone + 1 :])
        elif stroke == "digits":
            text = (
                text[:at]
                + draw(st.sampled_from((b"9" * 40, b"-1", b"18446744073709551615", b"1e999", b"NaN")))
                + text[at:]
            )
        else:
            evil = (b"\x1b[31m", b"\0", b"\xff\xfe", b"\xc2\xa0", "\u202e".encode(), b"\r", b"\xe2\x80\xa8", b"{" * 200)
            text = text[:at] + draw(st.sampled_from(evil)) + text[at:]
    return text


@pytest.mark.parametrize("name", NAMES)
@settings(SLOW, max_examples=15)
@given(data=st.data())
def test_a_damaged_tool_answer_or_attribute_never_fells_the_visit(
    name: str, data: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("damaged") / "pc"
    shutil.copytree(CAPTURES / name, folder, ignore=shutil.ignore_patterns("expect"))
    files = sorted(path for path in (folder / "commands").iterdir() if path.suffix != ".json")
    for path in data.draw(st.lists(st.sampled_from([*files, folder / "sys.txt"]), min_size=1, max_size=2, unique=True)):
        if path.name == "sys.txt":
            path.write_bytes(_damaged_attributes(path.read_bytes(), data.draw))
        else:
            path.write_bytes(damaged(path.read_bytes(), data.draw))
    whole_way(folder)


def _damaged_attributes(sys_txt: bytes, draw: Any) -> bytes:
    """The values of a few attributes damaged; what is after the sign stays one line, as `rebond capture` writes it."""
    lines = sys_txt.split(b"\n")
    texts = [n for n, line in enumerate(lines) if b": " in line]
    for number in draw(st.lists(st.sampled_from(texts), min_size=1, max_size=6, unique=True)):
        path, _, value = lines[number].partition(b": ")
        lines[number] = path + b": " + damaged(value, draw).replace(b"\n", b"\\n")
    return b"\n".join(lines)


@settings(SLOW, max_examples=40)
@given(data=st.data())
def test_a_damaged_capture_file_is_read_or_refused_in_one_sentence(
    data: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """sys.txt itself and the index, damaged anywhere: a machine, or CaptureError; nothing else."""
    folder = tmp_path_factory.mktemp("capture") / "pc"
    shutil.copytree(CAPTURES / "core-2-duo", folder, ignore=shutil.ignore_patterns("expect"))
    path = data.draw(st.sampled_from([folder / "sys.txt", folder / "commands" / "index.json", folder / "ABOUT.yaml"]))
    path.write_bytes(damaged(path.read_bytes(), data.draw))
    try:
        whole_way(folder)
    except CaptureError as error:
        assert error.fr and error.en and "\n" not in error.fr


@settings(SLOW, max_examples=60)
@given(raw=st.binary(max_size=400))
def test_no_line_of_a_capture_writes_outside_it(raw: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("outside")
    inside = root / "inside"
    inside.mkdir()
    with contextlib.suppress(CaptureError):
        unpack(b"/a: b\n" + raw, inside)
    assert [path.name for path in root.iterdir()] == ["inside"]


WHOLE = sorted(path for tier in ("", "restricted/") for path in (CORPUS / f"{tier}whole-machines").glob("*"))


@pytest.mark.skipif(not WHOLE, reason="no corpus beside this checkout (../shared/corpus)")
@settings(SLOW, max_examples=80)
@given(data=st.data())
def test_a_damaged_real_machine_gives_facts_or_gaps(data: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Foreign captures: their files are damaged, and each may also be empty."""
    source = data.draw(st.sampled_from(WHOLE))
    folder = tmp_path_factory.mktemp("real") / source.name[:40]
    shutil.copytree(source, folder) if source.is_dir() else shutil.copy(source, folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else [folder]
    path = data.draw(st.sampled_from(files))
    raw = path.read_bytes()
    path.write_bytes(b"" if data.draw(st.integers(0, 9)) == 0 else damaged(raw[: 1 << 20], data.draw))
    try:
        whole_way(folder)
    except CaptureError as error:
        assert "\n" not in error.fr


def test_inspection_leaves_no_thread_behind() -> None:
    composed.cache_clear()
    composed("core-2-duo")
    assert not [thread for thread in threading.enumerate() if "work" in thread.name]


def test_the_damage_is_real() -> None:
    """The property is worth nothing if the strokes never hit: a cut index must be refused."""
    raw = (CAPTURES / "core-2-duo" / "commands" / "index.json").read_bytes()
    with pytest.raises(ValueError, match=r"."):
        json.loads(raw[: len(raw) // 2])
