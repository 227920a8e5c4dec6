"""hwinfo against dmidecode and smartctl of the same PC."""

from pathlib import Path

from agent.probes import hwinfo
from tests.oracles import Agreement
from tests.oracles.lshw import against_dmidecode


def agreement(corpus: Path) -> Agreement:
    return against_dmidecode(corpus, "hwinfo", hwinfo.probe)
