"""`python -m agent.inventory FOLDER`: the embedded inventory, as `start_embedded` starts it."""

import sys
from pathlib import Path

from agent.inventory.embedded import run_embedded

if __name__ == "__main__":
    run_embedded(Path(sys.argv[1]))
