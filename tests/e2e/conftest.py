"""What the scenarios share: the image, its console fonts, sticks made from it, an inventory on this computer."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.glyphs import Font
from tests.e2e.image import Image, Stick
from tests.e2e.inventory import Inventory

BEGAN = pytest.StashKey[float]()


@pytest.fixture(scope="session")
def image() -> Image:
    return Image(Path(os.environ["REBOND_IMAGE"]).resolve())


@pytest.fixture(scope="session")
def fonts(image: Image, tmp_path_factory: pytest.TempPathFactory) -> list[Font]:
    return image.fonts(tmp_path_factory.mktemp("fonts"))


@pytest.fixture
def inventory(tmp_path: Path) -> Iterator[Inventory]:
    with Inventory(tmp_path) as inventory:
        yield inventory


@pytest.fixture
def new_stick(image: Image, tmp_path: Path) -> Iterator[Callable[[], Stick]]:
    """Makes sticks; they go when the test ends: each is half a gigabyte."""
    made: list[Stick] = []

    def make() -> Stick:
        made.append(Stick(image, tmp_path / f"stick{len(made) + 1}.img"))
        return made[-1]

    yield make
    for stick in made:
        stick.path.unlink()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[BEGAN] = time.monotonic()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Where a whole run has a limit (`scripts/test-boot`), the scenarios that would begin after it say so instead."""
    budget_s = float(os.environ.get("REBOND_BOOT_BUDGET_S") or "inf")
    if item.get_closest_marker("boot") and time.monotonic() - item.config.stash[BEGAN] > budget_s:
        pytest.skip(f"not begun: {budget_s:.0f} s are over (this computer is slow or busy); run it by name")
