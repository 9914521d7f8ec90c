"""`nox -s verify` a second time, with nothing changed.

In this very folder, after a run that is not timed. `nox --version` is what nox itself takes to start.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
from collections.abc import Iterator

from .row import Row, at_most
from .timing import PAIRS, ROOT, seconds

ORDER = 8


def measure(claims: str) -> Iterator[Row]:
    """Wall times; of `nox` as it is found on the path."""
    if shutil.which("nox") is None:
        yield Row("nox", "there is none on the path")
        return

    def nox(*arguments: str) -> None:
        subprocess.run(["nox", *arguments], cwd=ROOT, capture_output=True, check=True)

    nox("-s", "verify")
    again = statistics.median(seconds(lambda: nox("-s", "verify")) for _ in range(PAIRS))
    alone = statistics.median(seconds(lambda: nox("--version")) for _ in range(PAIRS))
    yield at_most("nox -s verify, nothing changed", again, 1.5, " s")
    yield Row("nox --version", f"{alone:.2f} s")
