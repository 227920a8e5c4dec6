"""The command with a countdown of one second, and workers of little patience. Nothing shipped knows this."""

import sys

from agent.__main__ import run
from agent.bulk import roll
from agent.wipe import supervisor

if __name__ == "__main__":
    roll.COUNTDOWN_S = 1
    supervisor.WORKER = (sys.executable, "-P", "-m", "tests.bulk.quick_worker")  # before a session looks at it
    sys.argv[0] = "rebond"
    run()
