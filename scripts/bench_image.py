"""The boot image: its size, its seconds from power-on to the first screen and the least memory it starts with, beside a
plain Debian live CD of the same kernel (live-boot, no desktop), on the same emulated PC, one after the other.

Usage: scripts/bench image [--rounds N] [IMAGE-FOLDER]   (default: 3 rounds, dist/image; built by scripts/image/build)
As root: the plain CD is built first, a minute or two. Both start from a CD by an old BIOS, through their own GRUB;
Rebond is there when it asks for the PC's sticker, plain Debian when it asks who logs in. Software emulation: the ratio
counts. Rebond's seconds hold the 3 that its menu waits.
"""

import argparse
import bisect
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
MEMORY_MIB = (256, 320, 384, 448, 512, 640, 768)
PATIENCE_S = 600
GIVES_UP = (b"Kernel panic", b"IL MANQUE DE LA MEMOIRE")


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench image")
    parser.add_argument("image", nargs="?", type=Path, default=ROOT / "dist" / "image")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    if os.geteuid() != 0:
        print("a CD is built as root: sudo scripts/bench image", file=sys.stderr)
        return 1

    from tests.e2e.image import Image
    from tests.e2e.pc import Pc

    image = Image(asked.image.resolve())
    if not image.iso.is_file():
        print(f"no image in {image.folder} (sudo scripts/image/build)", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp")) as folder:
        own = Path(folder)
        fonts, plain_cd = image.fonts(own), own / "plain.iso"
        subprocess.run([ROOT / "scripts/image/plain-live", plain_cd], check=True)

        def seconds(cd: Path, memory_mib: int = 1024, patience_s: float = PATIENCE_S) -> float | None:
            """From power-on to the first screen; None where it does not come."""
            devices = ["-drive", f"if=none,id=cd,format=raw,media=cdrom,readonly=on,file={cd}",
                       "-device", "ide-cd,drive=cd,bus=ide.1,bootindex=0"]  # fmt: skip
            with Pc(own / "pc", machine="pc", cores=1, memory_mib=memory_mib, devices=devices, fonts=fonts) as pc:
                while (took_s := time.monotonic() - pc.began) < patience_s and pc.is_on:
                    pc.listen(0.5)
                    if any(words in pc.log for words in GIVES_UP):
                        return None
                    if cd == plain_cd:
                        is_there = b"login:" in pc.log
                    else:
                        is_there = any("Étiquette du PC" in line for line in pc.screen())
                    if is_there:
                        return took_s
                return None

        def least(name: str) -> str:
            """With less it takes four times as long as with plenty, or never comes."""

            def suffices(memory_mib: int) -> bool:
                return seconds(both[name], memory_mib, 4 * median[name]) is not None

            place = bisect.bisect_left(MEMORY_MIB, True, key=suffices)
            return f"{MEMORY_MIB[place]} MiB" if place < len(MEMORY_MIB) else "more"

        both = {"Rebond": image.iso, "plain Debian": plain_cd}
        took: dict[str, list[float]] = {name: [] for name in both}
        for _ in range(asked.rounds):
            for name, cd in both.items():
                one = seconds(cd)
                if one is None:
                    print(f"{name}: no first screen within {PATIENCE_S} s", file=sys.stderr)
                    return 1
                took[name].append(one)
        median = {name: statistics.median(all_of_it) for name, all_of_it in took.items()}
        print(f"{'':<34}{'Rebond':>14}{'plain Debian':>16}")
        print(f"{'ISO':<34}{_mib(image.iso):>14}{_mib(plain_cd):>16}   at most 250 MiB")
        ours, plain = median["Rebond"], median["plain Debian"]
        seen = f"first screen, median of {asked.rounds}"
        print(f"{seen:<34}{ours:>12.1f} s{plain:>14.1f} s   {ours / plain:.2f} times", flush=True)
        print(f"{'least memory':<34}{least('Rebond'):>14}{least('plain Debian'):>16}   of {MEMORY_MIB}")
    return 0


def _mib(path: Path) -> str:
    return f"{path.stat().st_size / 2**20:.0f} MiB"


if __name__ == "__main__":
    sys.exit(main())
