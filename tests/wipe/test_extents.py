"""Runs of sectors against plain sets of sectors."""

from hypothesis import given
from hypothesis import strategies as st

from agent.erasure import Extent
from agent.wipe.extents import count, merged, outside

lists = st.lists(
    st.builds(
        Extent,
        first_lba=st.integers(0, 40),
        sectors=st.integers(1, 9),
        problem=st.sampled_from(("unwritable", "unreadable", "mismatch")),
    ),
    max_size=8,
)


def sectors(extents: object) -> set[int]:
    return {lba for one in extents for lba in range(one.first_lba, one.first_lba + one.sectors)}  # type: ignore[attr-defined]


@given(lists)
def test_count_is_the_number_of_different_sectors(extents: list[Extent]) -> None:
    assert count(extents) == len(sectors(extents))


@given(lists, lists)
def test_outside_is_the_set_difference(extents: list[Extent], known: list[Extent]) -> None:
    assert outside(extents, known) == len(sectors(extents) - sectors(known))


@given(lists)
def test_merging_keeps_every_sector_with_its_problem_and_no_neighbours(extents: list[Extent]) -> None:
    found = merged(extents)
    for problem in ("unwritable", "unreadable", "mismatch"):
        mine = [one for one in found if one.problem == problem]
        assert sectors(mine) == sectors([one for one in extents if one.problem == problem])
        assert all(a.first_lba + a.sectors < b.first_lba for a, b in zip(mine, mine[1:], strict=False))
    assert merged(found) == found
