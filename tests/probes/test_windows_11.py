"""The Windows 11 processor rule: its edges, and Microsoft's own list of names as the judge."""

import pytest

from agent.probes.cpuid_rules import windows_11
from tests.conftest import CORPUS
from tests.oracles import cpu as oracle


@pytest.mark.parametrize(
    "vendor, family, model, stepping, expected",
    [
        ("GenuineIntel", 6, 94, 3, "not-eligible"),  # Skylake, 6th generation
        ("GenuineIntel", 6, 95, 1, "not-eligible"),
        ("GenuineIntel", 6, 96, 0, "eligible"),
        ("GenuineIntel", 6, 122, 1, "eligible"),  # Celeron N4000
        ("GenuineIntel", 6, 92, 9, "not-eligible"),  # Celeron N3350
        ("GenuineIntel", 6, 85, 4, "borderline"),  # Skylake-X: Microsoft's setup lets it pass
        ("GenuineIntel", 6, 142, 8, "not-eligible"),
        ("GenuineIntel", 6, 142, 9, "borderline"),  # i5-7200U
        ("GenuineIntel", 6, 142, 10, "eligible"),
        ("GenuineIntel", 6, 142, 12, "eligible"),
        ("GenuineIntel", 6, 142, 13, "not-eligible"),
        ("GenuineIntel", 6, 158, 9, "borderline"),  # i5-7500, but the i7-7820HQ too, which Microsoft takes
        ("GenuineIntel", 6, 158, 10, "eligible"),
        ("GenuineIntel", 6, 158, 13, "eligible"),
        ("GenuineIntel", 6, 158, 14, "not-eligible"),
        ("GenuineIntel", 6, 158, None, None),
        ("GenuineIntel", 15, 6, 5, "not-eligible"),  # Pentium D
        ("AuthenticAMD", 22, 48, 1, "not-eligible"),
        ("AuthenticAMD", 23, 1, 1, "not-eligible"),  # Ryzen 1000
        ("AuthenticAMD", 23, 17, 0, "not-eligible"),  # Raven Ridge: Ryzen 5 2500U
        ("AuthenticAMD", 23, 8, 2, "eligible"),
        ("AuthenticAMD", 23, 24, 1, "eligible"),
        ("AuthenticAMD", 25, 80, 0, "eligible"),
        ("CentaurHauls", 7, 59, 0, "not-eligible"),
        ("ARM", None, None, None, None),
        (None, 6, 158, 10, None),
        ("GenuineIntel", None, 158, 10, None),
    ],
)
def test_edges(
    vendor: str | None, family: int | None, model: int | None, stepping: int | None, expected: str | None
) -> None:
    assert windows_11(vendor, family, model, stepping) == expected


@pytest.mark.skipif(not (CORPUS / "reference").is_dir(), reason="no corpus beside this checkout")
def test_agreement_with_microsofts_names() -> None:
    """A name on the list ⇔ eligible. The few differences are names the list lacks: each is told, none is refused."""
    told = oracle.agreement_with_microsoft(CORPUS)
    assert told.files >= 450 and told.permille >= 980
    assert not [residue for residue in told.residues if residue.endswith("unexplained")]
    assert all("ours 'eligible', oracle 'not-eligible'" in residue for residue in told.residues)


@pytest.mark.parametrize(
    "name, bare",
    [
        ("Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz", "core i5 8250u"),
        ("11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz", "core i7 1165g7"),
        ("AMD Ryzen 5 3500U with Radeon Vega Mobile Gfx", "ryzen 5 3500u"),
        ("AMD Ryzen 7 5800X3D 8-Core Processor", "ryzen 7 5800x3d"),
    ],
)
def test_bare_names(name: str, bare: str) -> None:
    assert oracle.bare_name(name) == bare
