"""How often the SMBIOS readers equal independent ones over the whole corpus."""

import json

import pytest

from agent.probes.smbios import parse_table
from tests.conftest import CORPUS
from tests.oracles.dmi import agreement


@pytest.mark.programs
def test_agreement_with_dmidecode_and_with_naive_patterns() -> None:
    if not CORPUS.exists():
        pytest.skip("no corpus beside this checkout (../shared/corpus)")
    found = agreement(CORPUS)
    assert found.files > 700
    # What differs: 13 texts whose chassis has a title but no handle, which patterns over handles cannot see.
    assert found.permille >= 998, found.residues


def test_go_smbios_reads_the_same_tables() -> None:
    """Goldens of another project's reader; its tables have no entry point, the version is in the golden."""
    goldens = sorted((CORPUS / "restricted" / "dmi-bin").glob("*.json"))
    if not goldens:
        pytest.skip("no corpus beside this checkout (../shared/corpus/restricted/dmi-bin)")
    for golden in goldens:
        theirs = json.loads(golden.read_bytes())
        version = (theirs["Version"]["Major"], theirs["Version"]["Minor"])
        ours = parse_table(golden.with_suffix(".dmi").read_bytes(), version)
        said = theirs["SystemInformation"]
        assert ours.systems[0].product == said["ProductName"].strip()
        assert (ours.systems[0].uuid == said["UUID"].lower()) is True, "UUID of " + golden.name
        assert ours.bios[0].released == theirs["BIOSInformation"]["ReleaseDate"]
