"""The boot image: its size, the least memory it starts with, its seconds to the first screen beside plain Debian's.

Usage: scripts/bench image [IMAGE-FOLDER]        (default: dist/image; built by scripts/image/build)
Both start the same kernel and the same initrd on the same emulated PC, one after the other; plain Debian is the image
with Rebond's own units masked, until a root shell answers on the serial port. Software emulation: the ratio counts.
"""

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
MEMORY_MIB = (256, 320, 384, 448, 512)
PATIENCE_S = 300
PLAIN = ("systemd.mask=rebond-console@tty1.service", "systemd.mask=rebond-clock.service")


def main() -> int:
    from tests.e2e.image import Image
    from tests.e2e.pc import Pc, PowerFailure

    image = Image(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "dist" / "image").resolve())
    if not image.iso.is_file():
        print(f"no image in {image.folder} (sudo scripts/image/build)")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder)
        fonts = image.fonts(own)

        def seconds(*words: str, entry: int, memory_mib: int = 1024, screen: str = "", serial: str = "") -> float:
            devices = image.straight("rebond.medium=none", *words, entry=entry)
            with Pc(own / "pc", cores=1, memory_mib=memory_mib, devices=devices, fonts=fonts) as pc:
                if screen:
                    pc.wait_screen(screen, PATIENCE_S)
                else:
                    pc.wait_serial(serial, PATIENCE_S)
                return time.monotonic() - pc.began

        system = (image.net / "rebond.img").stat().st_size
        print(f"{'ISO':<44}{image.iso.stat().st_size / 2**20:>9.1f} MiB   (at most 250)")
        print(f"{'kernel and initrd, what a PXE client loads':<44}"
              f"{(system + (image.net / 'vmlinuz').stat().st_size) / 2**20:>9.1f} MiB")  # fmt: skip
        plain = seconds(*PLAIN, entry=4, serial="root@rebond")
        ours = seconds(entry=1, screen="tiquette du PC")
        print(f"{'plain Debian, same kernel, to a shell':<44}{plain:>9.1f} s")
        print(f"{'Rebond, to the first screen':<44}{ours:>9.1f} s     {ours / plain:.2f} times")
        for memory_mib in MEMORY_MIB:
            try:
                took = seconds(entry=1, memory_mib=memory_mib, screen="tiquette du PC")
            except PowerFailure:
                print(f"{f'{memory_mib} MiB of memory':<44}{'-':>9}       no first screen")
                continue
            print(f"{f'{memory_mib} MiB of memory':<44}{took:>9.1f} s     the least")
            break
    return 0


if __name__ == "__main__":
    sys.exit(main())
