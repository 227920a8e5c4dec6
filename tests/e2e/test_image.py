"""The image as files: its size, what it says it holds, and the same bytes when it is built again."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e.cable import ROOT
from tests.e2e.image import MARKS, Image

pytestmark = [*MARKS]
SIZE_MOST = 250_000_000


def test_it_fits_and_tells_what_it_holds(image: Image) -> None:
    assert image.iso.stat().st_size <= SIZE_MOST
    before = Path("/dev/stdout").readlink()
    told = subprocess.run([ROOT / "scripts/image/sbom", image.iso], check=True, capture_output=True, text=True).stdout
    listed = json.loads(told)
    names = {one["name"] for part in ("debian", "python") for one in listed[part] if one["version"]}
    assert {"linux-image-amd64", "smartmontools", "rebond", "textual"} <= names
    assert Path("/dev/stdout").readlink() == before  # xorriso, run by root, puts a file in its place


def test_the_terms_of_the_boot_loaders_are_on_it(image: Image) -> None:
    words = ["xorriso", "-indev", image.iso, "-lsl", "/licences/"]
    told = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    assert all(f"'{name}" in told for name in ("grub-efi-amd64-signed.txt", "shim-signed.txt", "GPL-3")), told


@pytest.mark.slow
def test_built_twice_it_is_the_same_to_the_byte(tmp_path: Path) -> None:
    for name in ("one", "two"):
        subprocess.run([ROOT / "scripts/image/build", "--fast", "--out", tmp_path / name], check=True)
    one, two = (digests(tmp_path / name) for name in ("one", "two"))
    assert one == two and "rebond.iso" in one


def digests(folder: Path) -> dict[str, str]:
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                found[str(path.relative_to(folder))] = hashlib.file_digest(file, "sha256").hexdigest()
    return found
