"""Times of pairs run in turn, of whole processes, and their peak memory."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAIRS = 5


def seconds(work: Callable[[], Any]) -> float:
    """The wall time of a call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def paired(one: Callable[[], Any], other: Callable[[], Any], pairs: int = PAIRS) -> tuple[float, float, float]:
    """The median of one's time over other's, of pairs run in turn, and the median time of each."""
    times = [(seconds(one), seconds(other)) for _ in range(pairs)]
    ratios = [a / b for a, b in times]
    return statistics.median(ratios), statistics.median(a for a, _ in times), statistics.median(b for _, b in times)


def command(folder: Path, *arguments: str) -> float:
    """The wall time of a theorylab command in a folder. Raises RuntimeError where it ends in a fault."""
    began = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-m", "theorylab", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    took = time.perf_counter() - began
    if ran.returncode not in (0, 1, 3):
        raise RuntimeError(f"theorylab {' '.join(arguments)} ended with exit code {ran.returncode}: {ran.stderr[-2000:]}")
    return took


def apart(module: str, *arguments: str, **environment: str) -> Any:
    """What a module of this package prints as JSON when it is run as a process of its own."""
    folders = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
    ran = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": folders, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(ran.stdout.splitlines()[-1])
