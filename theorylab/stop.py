"""Ctrl-C and SIGTERM end the command at once, whatever it is doing, and say what is kept."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

ENDS = {signal.SIGINT: ("interrupted", 130), signal.SIGTERM: ("terminated", 143)}
SHOW_CURSOR = "\x1b[?25h\n"

_kept: Callable[[], str] = lambda: "what earlier runs kept is as it was"  # noqa: E731


def listen() -> None:
    """From here on these signals end the process; no exception could, past threads that compile and libraries that catch it."""
    for number in ENDS:
        signal.signal(number, _end)


def keeping(kept: Callable[[], str]) -> None:
    """Has the last words say what a run, from here on, has kept."""
    global _kept
    _kept = kept


def _end(number: int, _: FrameType | None) -> None:
    what, status = ENDS[signal.Signals(number)]
    try:
        bar = SHOW_CURSOR if sys.stderr is not None and sys.stderr.isatty() else ""
        os.write(2, f"{bar}{what}; {_kept()}\n".encode())
    finally:
        os._exit(status)
