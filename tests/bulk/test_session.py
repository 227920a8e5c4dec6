"""Which disks a session may wipe: files with every mistake located, serials that fit one disk or none."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.bulk.session import Asked, SessionRefused, choose, parse_session, read_session
from agent.cli import main
from agent.errors import InputRefused
from agent.wipe.device import Ability
from agent.wipe.job import Seen
from agent.wipe.refusals import reason
from agent.wipe.survey import Surveyed
from tests.bulk.disks import MOUNTED, surveyed

GOOD = """\
session: armoire-3
operator: op-7
lot: college
disks:
  - WD-1
  - 0123
  - NO
count: 3
method: zeros
verify: sampled
"""


def test_a_good_file_is_read_with_every_serial_as_text() -> None:
    asked = parse_session(GOOD.encode(), "s.yaml")
    assert asked == Asked(
        serials=("WD-1", "0123", "NO"), name="armoire-3", operator="op-7", lot="college", count=3, method="zeros",
        verify="sampled", is_list=True,
    )  # fmt: skip
    least = parse_session(b"disks: [A]", "s.yaml")
    assert (least.method, least.verify, least.count, least.operator) == ("best", "full", None, None)


@pytest.mark.parametrize(
    ("was", "now", "line", "said"),
    [
        ("count: 3", "count: 4", 8, "dit 4, mais la liste a 3"),
        ("count: 3", "count: trois", 8, "nombre"),
        ("count: 3", "count: 0", 8, "nombre"),
        ("count: 3", "count: -3", 8, "nombre"),
        ("  - NO", "  - wd-1", 7, "déjà écrit ligne 5"),
        ("  - NO", "  - ''", 7, "pas un numéro"),
        ("  - NO", "  - [A]", 7, "pas un numéro"),
        ("  - NO", '  - "A\\eB"', 7, "pas un numéro"),
        ("method: zeros", "method: dod", 9, "best, overwrite, zeros"),
        ("verify: sampled", "verify: none", 10, "full, sampled"),
        ("operator: op-7", "operater: op-7", 2, "vouliez-vous dire 'operator'"),
        ("operator: op-7", "operator: [a]", 2, "code"),
        ("lot: college", "lot: " + "x" * 81, 3, "code"),
        ("session: armoire-3", "session: *all", 1, "alias"),
    ],
)
def test_each_mistake_is_located(was: str, now: str, line: int, said: str) -> None:
    with pytest.raises(SessionRefused) as caught:
        parse_session(GOOD.replace(was, now).encode(), "s.yaml")
    told = caught.value.told("fr")
    assert f"s.yaml:{line}:" in told and said in told and caught.value.exit_code == 3


def test_all_mistakes_at_once() -> None:
    text = "sesion: a\ndisks: [A, a, B]\ncount: 7\nmethod: x\nverify: y\n"
    with pytest.raises(SessionRefused) as caught:
        parse_session(text.encode(), "s.yaml")
    assert [mistake.line for mistake in caught.value.mistakes] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "text", ["", "a", "- A", "disks:", "disks: all", "disks: []", "disks: {A: B}", "count: 1", "{"]
)
def test_there_is_no_session_without_a_list(text: str) -> None:
    with pytest.raises(SessionRefused):
        parse_session(text.encode(), "s.yaml")


@given(st.binary(max_size=200))
def test_no_bytes_are_worse_than_a_refusal(raw: bytes) -> None:
    try:
        assert parse_session(raw, "s.yaml").serials
    except SessionRefused as refused:
        assert refused.mistakes


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(InputRefused):
            read_session(path)


# --- from serials to disks --------------------------------------------------------------------------------------------


def refused(*serials: str, disks: tuple[object, ...], psid: str | None = None) -> str:
    with pytest.raises(InputRefused) as caught:
        choose(Asked(serials=serials, psid=psid), disks)  # type: ignore[arg-type]
    assert caught.value.fr.endswith("Rien n'a été touché.") and caught.value.en.endswith("Nothing was touched.")
    return caught.value.fr


def test_serials_choose_disks_in_their_order() -> None:
    disks = (surveyed("A1", "sda"), surveyed("B2", "sdb"), surveyed(None, "sdc", wwn="5000c500"))
    got = choose(Asked(serials=("5000C500", "b 2")), disks)
    assert [one.media.name for one in got] == ["sdc", "sdb"] and [one.token for one in got] == ["5000c500", "B2"]
    assert got[0].plan.steps and got[0].found == ("NTFS",)


def test_every_problem_is_told_at_once() -> None:
    disks = (
        surveyed("A1", "sda"), surveyed("A1", "sdb"), surveyed("C3", "sdc", refusals=(MOUNTED,)), surveyed("D4", "sdd"),
    )  # fmt: skip
    told = refused("A1", "Z9", "C3", "D4", "d4", disks=disks).splitlines()
    assert len(told) == 5
    assert "Deux disques ont le numéro A1 (sda, sdb)" in told[0]
    assert "n'a le numéro Z9" in told[1] and told[2] == MOUNTED.fr and "deux fois" in told[3]


def test_one_disk_named_by_serial_and_by_wwn_is_asked_for_twice() -> None:
    assert "deux fois" in refused("A1", "5000c500", disks=(surveyed("A1", wwn="5000c500"),))


def test_a_near_serial_is_offered_but_never_taken() -> None:
    assert "vouliez-vous dire 'WD-WCC4N1234567'" in refused("WD-WCC4N1234568", disks=(surveyed("WD-WCC4N1234567"),))


def test_a_psid_belongs_to_one_disk() -> None:
    disks = (surveyed("A1", "sda"), surveyed("B2", "sdb"))
    assert "PSID" in refused("A1", "B2", disks=disks, psid="X" * 32)
    assert choose(Asked(serials=("A1",), psid="X" * 32), disks)


def test_what_only_stands_against_writing_does_not_stand_against_reading() -> None:
    disks = (surveyed("A1", "sda", refusals=(reason("read-only", "sda"),)),)
    assert choose(Asked(serials=("A1",)), disks, only_reads=True)
    assert "Rien" in refused("A1", disks=disks)
    with pytest.raises(InputRefused):
        choose(Asked(serials=("A1",)), (surveyed("A1", refusals=(MOUNTED,)),), only_reads=True)


def test_the_number_of_the_disk_in_a_dock_names_it_too() -> None:
    """The label that a person reads is the disk's; the kernel knows only the plug's number."""
    inside = Seen(boot_id="b", own_serial="WD-IN")
    disk = replace(surveyed("usb:D0CK"), seen=inside)
    for asked in ("WD-IN", "usb:D0CK"):
        (one,) = choose(Asked(serials=(asked,)), [disk])
        assert one.token == "WD-IN" and one.seen == inside and not one.is_plug


# --- the list checked where the disks are not -------------------------------------------------------------------------


def test_a_list_is_checked_without_its_disks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, home = tmp_path / "list.yaml", tmp_path / "home"
    path.write_text("session: armoire-3\noperator: op-7\ncount: 2\ndisks: [A1, B2]\n")
    assert main(["wipe", "--session", str(path), "--check", "--home", str(home)]) == 0
    said = capsys.readouterr()
    assert "sans faute : 2 disques" in said.out and "op-7" in said.out and "unattended" not in said.out
    path.write_text("disks: [A1]\n")
    assert main(["wipe", "--session", str(path), "--check", "--home", str(home), "--lang", "en"]) == 0
    assert "does not tell: count, operator" in capsys.readouterr().out
    path.write_text("opperator: op-7\ncount: 3\ndisks: [A1, a 1]\nmethod: fast\n")
    assert main(["wipe", "--session", str(path), "--check", "--home", str(home)]) == 3
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 4 and all(line.startswith("rebond: ") and "list.yaml:" in line for line in told)
    text = "\n".join(told)
    for word in ("operator", "count", "déjà écrit", "fast"):
        assert word in text
    assert main(["wipe", "--disk", "A1", "--check", "--home", str(home)]) == 2 and not home.exists()


def namespaces(*names: str) -> list[Surveyed]:
    """Of one NVMe drive, with an erase of the drive as the plan."""
    able = Ability(technique="nvme-sanitize-block", level="purge", can=True, fr="", en="")
    found = []
    for number, name in enumerate(names, 1):
        others = tuple(f"{other} eui.0025{other} 1" for other in range(1, len(names) + 1) if other != number)
        disk = surveyed("N1", name, wwn=f"0025{number}", kind="nvme", transport="nvme")
        found.append(replace(disk, seen=Seen(boot_id="b", namespaces=others), abilities=(able,)))
    return found


def test_the_namespaces_of_one_drive_are_named_by_their_wwn() -> None:
    disks = namespaces("nvme0n1", "nvme0n2")
    with pytest.raises(InputRefused, match="several namespaces") as caught:
        choose(Asked(serials=("N1",)), disks)
    assert "00251" in caught.value.fr and "Débranchez" not in caught.value.fr
    (one,) = choose(Asked(serials=("00252",)), disks)
    assert one.media.name == "nvme0n2" and one.token == "00252"


def test_one_erase_of_the_drive_is_authorised_once() -> None:
    disks = namespaces("nvme0n1", "nvme0n2")
    with pytest.raises(InputRefused, match="erases together"):
        choose(Asked(serials=("00251", "00252")), disks)
    assert len(choose(Asked(serials=("00251", "00252"), method="overwrite"), disks)) == 2
