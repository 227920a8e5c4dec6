"""Write every composed capture under tests/captures, leaving each one's expect/ alone."""

import shutil
from pathlib import Path

from tests.compose.machines import MACHINES

CAPTURES = Path(__file__).resolve().parents[1] / "captures"

if __name__ == "__main__":
    for compose in MACHINES:
        pc = compose()
        folder = CAPTURES / pc.name
        shutil.rmtree(folder / "commands", ignore_errors=True)
        pc.write(folder)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        print(f"{pc.name}: {size // 1000} kB")
