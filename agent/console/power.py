"""Switching the PC off or restarting it: a signal to the first process, as systemd(1) documents it."""

import os
import signal

_SIGNALS = {"off": signal.SIGRTMIN + 4, "again": signal.SIGRTMIN + 5}


def switch(wish: str) -> None:
    """ "off" or "again": ask systemd for it; PermissionError for whoever is not root."""
    os.sync()
    os.kill(1, _SIGNALS[wish])
