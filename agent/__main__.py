"""`rebond` and `python -m agent`."""

import sys

from agent.cli import main


def run() -> None:
    """Entry point: UTF-8 whatever the locale says (LC_ALL=C must not crash on "é")."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(main())


if __name__ == "__main__":
    run()
