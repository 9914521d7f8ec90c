"""Whole runs of the catalogue: cold, warm, unchanged, one kernel edited.

`theorylab verify` at the quick tier, in a copy of the claims and simulations, as processes one after the other. Warm means that everything
is computed again with a warm compile cache. The edit gives one module of simulations another constant, which nothing reads.
"""

from __future__ import annotations

import resource
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .row import Row, at_most
from .timing import PAIRS, ROOT, command

ORDER = 5
EDITED = "simulations/sea_newton.py"


def measure(claims: str) -> Iterator[Row]:
    """The wall times; the budgets are of the whole catalogue."""
    select = [claims] if claims else []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for part in ("claims", "simulations"):
            shutil.copytree(ROOT / part, work / part, ignore=shutil.ignore_patterns("__pycache__"))
        yield at_most("verify, nothing stored, cold compile cache", command(work, "verify", *select), 420, " s")
        yield at_most("verify, all computed again, warm compile cache", command(work, "verify", "--recompute", *select), 120, " s")
        unchanged = statistics.median(command(work, "verify", *select) for _ in range(PAIRS))
        yield at_most("verify, nothing changed", unchanged, 1, " s")
        module = work / EDITED
        module.write_text(module.read_text() + "\nEDITED = 1\n")
        yield Row(f"verify, {EDITED} edited", f"{command(work, 'verify', *select):.3g} s")
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
        yield at_most("largest resident memory of those", memory, 2, " GiB")
        yield at_most("theorylab --help", statistics.median(command(work, "--help") for _ in range(PAIRS)), 0.3, " s")
        yield at_most("theorylab list", statistics.median(command(work, "list") for _ in range(PAIRS)), 0.6, " s")
