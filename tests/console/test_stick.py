"""The station's stick in a booted PC: absent, late, pulled out. The image's own files are made by hand here."""

from pathlib import Path

import pytest

from agent.console import bench as bench_module
from agent.console import stick
from agent.console.stick import settle, warning
from agent.home import Home
from agent.host import Host
from agent.outbox import Outbox
from tests.console.driving import Hand, bench_of, drive


class Image(Host):
    """A PC that our image runs on; `files` are what its scripts wrote."""

    def __init__(self, **files: str) -> None:
        super().__init__()
        self.files = {"/proc/cmdline": "rebond.ram", "/proc/mounts": "none / rootfs rw 0 0\n"} | {
            f"/run/rebond/{name}": text for name, text in files.items()
        }

    def text(self, path: str) -> str | None:
        return self.files.get(path)


@pytest.mark.parametrize(
    ("word", "at_stick", "told"),
    [
        ("ready", True, None),
        (None, True, "CLÉ RETIRÉE"),
        ("absent", True, "CLÉ RETIRÉE"),
        ("read-only", True, "LECTURE SEULE"),
        ("second", True, "DEUX CLÉS"),
        (None, False, "SANS CLÉ"),
        ("absent", False, "CLÉ RETIRÉE"),
        ("damaged", False, "ABÎMÉE"),
    ],
)
def test_the_top_bar_says_what_is_wrong_with_the_stick(
    word: str | None, at_stick: bool, told: str | None, tmp_path: Path
) -> None:
    host = Image(**({"data": word} if word else {}))
    home = Home(stick.STICK if at_stick else tmp_path)
    said = warning(host, home)
    assert (said is None) if told is None else (said is not None and told in said[0])


def test_a_late_stick_is_waited_for_and_then_done_without(tmp_path: Path) -> None:
    slept: list[float] = []
    settle(Image(), str(tmp_path), slept.append, lambda: sum(slept))
    assert stick.PATIENCE_S <= sum(slept) < stick.PATIENCE_S + 1
    slept.clear()
    settle(Image(data="ready"), str(tmp_path), slept.append, lambda: sum(slept))
    assert not slept


def test_a_stick_that_comes_after_the_start_gets_what_waits_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of("uefi-school-laptop", tmp_path / "memory")
    monkeypatch.setattr(bench_module, "STICK", tmp_path / "stick")
    has_come = [False]
    monkeypatch.setattr(bench_module, "has_come_late", lambda *_: has_come[0])
    bench.host.is_live = True
    monkeypatch.setattr(bench_module, "settle", lambda *_: bench.home)
    monkeypatch.setattr(bench_module, "warning", lambda *_: None)

    async def script(hand: Hand) -> None:
        await hand.see("Étiquette du PC")
        await hand.type("LR-0042")
        await hand.press("enter", "enter", "enter")
        await hand.see("1 en attente")
        has_come[0] = True
        await hand.see("La clé est là")
        has_come[0] = False
        await hand.see("1 en attente")

    drive(bench, script)
    assert bench.home.root == tmp_path / "stick"
    (before,) = Outbox(tmp_path / "memory" / "outbox").waiting()
    (after,) = Outbox(tmp_path / "stick" / "outbox").waiting()
    assert before.digest == after.digest
