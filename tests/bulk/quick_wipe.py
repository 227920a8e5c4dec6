"""The command with a countdown of one second: a test that waits ten proves nothing more. Nothing shipped knows this."""

import sys

from agent.__main__ import run
from agent.bulk import roll

if __name__ == "__main__":
    roll.COUNTDOWN_S = 1
    sys.argv[0] = "rebond"
    run()
