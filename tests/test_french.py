"""What a French reader sees of the hardware is French: no evidence of a program's, no word of a kernel's."""

import re
from pathlib import Path

import pytest

from agent.capture import load
from agent.facts import Machine
from agent.probes.inspect import Circumstances, inspect
from agent.rules import load_profiles
from agent.sheet import sentence
from agent.verdict import judge
from tests.conftest import CORPUS
from tests.evidence import NOW

CAPTURES = Path(__file__).parent / "captures"
CORPUS_PCS = [*sorted(CORPUS.glob("whole-machines/*")), *sorted(CORPUS.glob("restricted/whole-machines/*"))]
FOLDERS = [*sorted(CAPTURES.iterdir()), *CORPUS_PCS[::4]]
ENGLISH = re.compile(r"\b(the|with|without|driver|behind|disks?\(s\)|that|shows|not|no|missing|of)\b", re.IGNORECASE)


def names_of(machine: Machine) -> set[str]:
    """What makers call their parts, which nobody translates."""
    parts = [*(machine.hidden_storage or ()), *(machine.missing_firmware or ()), machine.cpu]
    given = (getattr(part, name, None) for part in parts for name in ("controller", "device", "model_name"))
    return {name for name in given if name}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name[:40])
def test_reasons_in_french_hold_no_english(folder: Path) -> None:
    machine = inspect(load(folder).host, Circumstances(now=NOW))
    for profile in load_profiles():
        for reason in judge(machine, profile).reasons:
            told = sentence(reason, "fr")
            for name in names_of(machine):
                told = told.replace(name, "")
            assert not ENGLISH.search(told), told
