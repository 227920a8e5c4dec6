"""The survey of all disks and `rebond disks`: what is told of each, on real loop devices and composed machines."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.cli import main
from agent.commands.disks import disk_lines
from agent.commands.say import Say
from agent.erasure import Exchange, Hidden, Media
from agent.facts import Disk, HiddenStorage
from agent.host import Host
from agent.wipe import choose
from agent.wipe import survey as survey_module
from agent.wipe.device import Ability, Gone, Refused
from agent.wipe.families import open_family
from agent.wipe.power import has_battery
from agent.wipe.refusals import reason
from agent.wipe.survey import Surveyed, survey
from agent.wipe.target import claim
from tests.wipe.composed import Composed
from tests.wipe.loops import loop, needs_loops
from tests.wipe.test_target import TAG, image, job, live, seen_now

ABLE = (
    Ability(technique="ata-sanitize-block", level="purge", can=True, fr="Oui.", en="Yes."),
    Ability(technique="ata-sanitize-crypto", level="purge", can=False, fr="Non.", en="No."),
)


class Speaks:
    """A family that answers what it is told to."""

    name = "ata"

    def __init__(self, hidden: Any = None, abilities: Any = ABLE) -> None:
        self.exchanges: list[Exchange] = []
        self._hidden, self._abilities = hidden, abilities

    def abilities(self) -> Any:
        if isinstance(self._abilities, Exception):
            raise self._abilities
        return self._abilities

    def look_hidden(self) -> Hidden:
        if isinstance(self._hidden, Exception):
            raise self._hidden
        told: Hidden = self._hidden or Hidden(state="none", visible_bytes=8 << 20)
        return told


@pytest.fixture
def node(tmp_path: Path) -> Iterator[str]:
    with loop(image(tmp_path, "essai")) as made:
        yield made


def look(node: str, **more: Any) -> Surveyed:
    name = Path(node).name
    (one,) = (seen for seen in survey(live(), (), allow_virtual=True, **more) if seen.media.name == name)
    return one


@needs_loops
def test_a_free_disk(node: str) -> None:
    one = look(node)
    assert one.refusals == () and one.found == () and one.abilities == () and one.hidden is None
    assert one.seen == seen_now(node) and not one.is_plug
    assert one.media.serial == f"{TAG}-essai" and one.media.kind == "virtual" and one.media.size_bytes == 8 << 20
    assert one.plan is not None and [step.technique for step in one.plan.steps] == ["overwrite-stream"]
    assert one.planned(method="zeros").steps[0].technique == "overwrite-zeros"
    claim(job(one.media), live()).close()  # what the survey tells is what may be claimed


@needs_loops
def test_loops_only_when_asked_for(node: str) -> None:
    assert all(one.media.kind != "virtual" or one.refusals for one in survey(live(), ()))


@needs_loops
def test_it_writes_nothing(tmp_path: Path) -> None:
    path = image(tmp_path, "a")
    path.write_bytes(os.urandom(8 << 20))
    before = path.read_bytes()
    with loop(path) as node:
        look(node)
    assert path.read_bytes() == before


@needs_loops
def test_what_is_on_it(tmp_path: Path) -> None:
    path = image(tmp_path, "a")
    with path.open("r+b") as file:
        file.seek(512)
        file.write(b"LABELONE" + b"\0" * 16 + b"LVM2 001")
    with loop(path) as node:
        one = look(node)
    assert one.found == ("LVM2_member",) and one.is_member and one.refusals == ()


@needs_loops
def test_a_rebond_stick_is_told(tmp_path: Path) -> None:
    path = image(tmp_path, "a")
    with path.open("r+b") as file:
        file.seek(0x8000)
        file.write(b"\x01CD001\x01\0" + b" " * 32 + b"REBOND".ljust(32))
    with loop(path) as node:
        one = look(node)
    assert [why.rule for why in one.refusals] == ["rebond-stick"] and "ISO9660" in one.found


@needs_loops
def test_a_disk_that_is_being_erased_is_left_alone(node: str) -> None:
    asked: list[str | None] = []

    def family(descriptor: int, media: Media, **_: Any) -> Any:
        asked.append(media.serial)

    mine = f"{TAG}-essai"
    with claim(job(node), live()):
        one = look(node, family=family)
        assert [why.rule for why in one.refusals] == ["two-operators"] and one.plan is None
    assert mine not in asked, "not one command was sent to it"
    assert look(node, family=family).refusals == () and asked.count(mine) == 1


@needs_loops
@pytest.mark.parametrize("hidden,state", [(Refused("no"), "unknown"), (Gone("gone"), "unknown"), (None, "none")])
def test_what_the_disk_says(node: str, hidden: Any, state: str) -> None:
    one = look(node, family=lambda *_, **__: Speaks(hidden))
    assert one.hidden is not None and one.hidden.state == state and one.abilities == ABLE


@needs_loops
@pytest.mark.parametrize("error", [Gone("gone"), OSError(5, "Input/output error"), RuntimeError("bug")])
def test_one_bad_disk_hides_no_other(tmp_path: Path, error: Exception) -> None:
    with loop(image(tmp_path, "bad")) as bad, loop(image(tmp_path, "good")) as good:

        def family(descriptor: int, media: Media, **_: Any) -> Any:
            return Speaks(abilities=error) if media.serial == f"{TAG}-bad" else None

        seen = {one.media.serial: one for one in survey(live(), (), allow_virtual=True, family=family)}
        assert [why.rule for why in seen[f"{TAG}-bad"].refusals] == ["look-failed"] and seen[f"{TAG}-bad"].plan is None
        assert seen[f"{TAG}-good"].refusals == () and seen[f"{TAG}-good"].plan
        assert Path(bad).exists() and Path(good).exists()


@needs_loops
def test_a_hanging_disk_hides_no_other(tmp_path: Path) -> None:
    may_end = threading.Event()

    def family(descriptor: int, media: Media, **_: Any) -> Any:
        if media.serial == f"{TAG}-stuck":
            may_end.wait(20)

    with loop(image(tmp_path, "stuck")), loop(image(tmp_path, "good")):
        seen = {
            one.media.serial: one
            for one in survey(live(), (), allow_virtual=True, family=family, timeout_s=0.5)
        }  # fmt: skip
        may_end.set()
        for thread in threading.enumerate():
            if thread.name.startswith("look-"):
                thread.join(10)
    assert [why.rule for why in seen[f"{TAG}-stuck"].refusals] == ["no-answer"] and seen[f"{TAG}-stuck"].plan is None
    assert seen[f"{TAG}-good"].refusals == ()


def test_no_command_is_sent_to_what_is_no_disk_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REBOND_WIPE_ONLY")
    monkeypatch.setattr(survey_module, "open_disk", lambda *_, **__: pytest.fail("was opened"))
    pc = Composed(tmp_path / "root")
    pc.disk("sda", size_bytes=0, removable="1")
    pc.disk("sdb")
    disks = (Disk(name="sda"), Disk(name="sdb", serial="1", size_bytes=10**9, transport="raid", is_boot_medium=False))
    host = pc.host()
    host.is_live = True
    empty, volume = survey(host, disks)
    assert "no-medium" in [why.rule for why in empty.refusals] and volume.refusals[0].rule == "raid-volume"
    host.is_live = False
    assert all([why.rule for why in one.refusals] == ["replayed"] for one in survey(host, disks))


def test_a_locked_disk_without_its_code_is_refused(tmp_path: Path) -> None:
    assert choose.make_plan(Media(name="sda", kind="ssd", transport="sata"), ABLE, is_locked=True).level is None
    said = reason("no-method", "sda", why=reason("mounted", "sda", "sda1"))
    assert "sda1" in said.fr and "sda1" in said.en


@pytest.mark.parametrize("transport", ["virtio", "raid", "other", "firewire", None])
def test_no_family_speaks_to_these(transport: Any) -> None:
    assert open_family(-1, Media(name="sda", transport=transport), armed=False) is None
    assert open_family(-1, Media(name="loop0", transport="sata"), armed=False) is None


def test_a_bridge_that_answers_nothing_has_no_family(tmp_path: Path) -> None:
    path = image(tmp_path, "plain")
    descriptor = os.open(path, os.O_RDONLY)
    assert open_family(descriptor, Media(name="sdb", transport="usb", bridge="x"), armed=False) is None
    os.close(descriptor)


# --- told -------------------------------------------------------------------------------------------------------------

MEDIA = Media(
    name="sda", maker="Samsung", model="Samsung SSD 860 EVO 250GB", serial="S3Z8NB0K", size_bytes=250 * 10**9,
    kind="ssd", transport="sata",
)  # fmt: skip


def _surveyed(**more: Any) -> Surveyed:
    plan = choose.make_plan(MEDIA, ABLE)
    given: dict[str, Any] = {"media": MEDIA, "found": ("GPT", "NTFS"), "abilities": ABLE, "plan": plan}
    return Surveyed(**(given | more))


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_told_in_eighty_columns(lang: str) -> None:
    long = msgspec.structs.replace(MEDIA, model="X" * 200, serial="S" * 120)
    hiding = Hidden(state="kept", visible_bytes=1, native_bytes=9)
    text = disk_lines(
        [_surveyed(), _surveyed(media=long, is_member=True, hidden=hiding),
         _surveyed(refusals=(reason("mounted", "sda", "sda1"), reason("boot-unknown", "sda"))), _surveyed(plan=None)],
        Say(lang),
    )  # fmt: skip
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "Samsung SSD 860 EVO 250GB" in text and "Samsung Samsung" not in text and "S3Z8NB0K" in text
    assert "GPT, NTFS" in text and "Purge" in text


def test_told_in_plain_words() -> None:
    text = disk_lines([_surveyed()], Say("fr"))
    assert "Effacement interne de toutes les cellules" in text and "si cela échoue" in text.replace("\n    ", " ")
    assert "1 disque, dont 1 que Rebond peut effacer" in text
    refused = disk_lines([_surveyed(refusals=(reason("mounted", "sda", "sda1"),))], Say("fr"))
    assert "NE SERA PAS EFFACÉ" in refused and "sda1 est monté" in refused and "méthode" not in refused
    member = disk_lines([_surveyed(is_member=True)], Say("fr"))
    assert "seconde confirmation" in member
    assert "celui de la prise USB" in disk_lines([_surveyed(is_plug=True)], Say("fr"))
    assert "Aucun disque" in disk_lines([], Say("fr"))
    silent = HiddenStorage(kind="silent-disk", evidence="SATA link ata3 up", controller="ata3")
    for seen in ([], [_surveyed()]):
        told = disk_lines(seen, Say("fr"), hidden=[silent])
        assert "il ne sera PAS effacé" in " ".join(told.split()) and "RST" not in told
        assert max(map(len, told.splitlines())) <= 80


def test_a_charger_is_asked_for_only_where_there_is_a_battery() -> None:
    """Of a disk that erases itself: a school's desktop has no charger to plug in."""
    plan = choose.make_plan(MEDIA, ABLE)
    by_itself = msgspec.structs.replace(plan.steps[0], needs="ac-power")
    disk = _surveyed(plan=msgspec.structs.replace(plan, steps=(by_itself, *plan.steps[1:])))
    assert "Branchez le chargeur" in disk_lines([disk], Say("fr"), has_battery=True)
    assert "chargeur" not in disk_lines([disk], Say("fr"))


@pytest.mark.parametrize(
    ("files", "told"),
    [({}, False), ({"AC/type": "Mains"}, False), ({"BAT0/type": "Battery"}, True),
     ({"BAT1/type": "Battery", "BAT1/present": "0"}, False),
     ({"mouse/type": "Battery", "mouse/scope": "Device"}, False)],
)  # fmt: skip
def test_a_battery_of_the_pc_itself(tmp_path: Path, files: dict[str, str], told: bool) -> None:
    for name, text in files.items():
        path = tmp_path / "sys/class/power_supply" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    assert has_battery(Host(tmp_path)) is told


@needs_loops
@pytest.mark.programs
def test_the_command(node: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    name = Path(node).name
    assert main(["disks", "--virtual", "--home", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert f"{name} : loop, 8,4 Mo, disque virtuel" in said and f"numéro de série : {TAG}-essai" in said
    assert max(len(line) for line in said.splitlines()) <= 80
    assert main(["disks", "--virtual", "--json", "--home", str(tmp_path)]) == 0
    told = {one["media"]["name"]: one for one in json.loads(capsys.readouterr().out)["disks"]}
    assert told[name]["plan"]["steps"][0]["technique"] == "overwrite-stream" and told[name]["refusals"] == []
    assert main(["disks", "--lang", "en", "--home", str(tmp_path)]) == 0
    assert f"{name}:" not in capsys.readouterr().out


@pytest.mark.programs
def test_without_root_it_says_what_it_cannot_see(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refused(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.delenv("REBOND_WIPE_ONLY")
    monkeypatch.setattr(survey_module, "open_disk", refused)
    assert main(["disks", "--home", str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert "sudo" in told.err and "Traceback" not in told.err + told.out
