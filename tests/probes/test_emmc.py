"""eMMC wear from sysfs: the worse area counts, undefined and reserved values are unknown."""

import pytest

from agent.probes.emmc import life_used, pre_eol


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("0x01 0x01", 1),
        ("0x00 0x02", 2),
        ("0x0a 0x0B", 11),
        ("0x03", 3),
        ("0x00 0x00", None),
        ("0x0c 0xff", None),
        ("1 2", None),
        ("0x01 worn", None),
        ("", None),
        (None, None),
    ],
)
def test_life_used(text: str | None, used: int | None) -> None:
    assert life_used(text) == used


@pytest.mark.parametrize(
    ("text", "step"), [("0x01", 1), ("0x03", 3), ("0x00", None), ("0x04", None), ("0x01 0x02", None), (None, None)]
)
def test_pre_eol(text: str | None, step: int | None) -> None:
    assert pre_eol(text) == step
