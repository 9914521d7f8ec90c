"""Peak memory against the horizon and the number of replicates.

The largest resident memory of a process that runs one kernel with a loop of T steps on 8 lanes, and one with 1,000 steps for so many
replicates, interpreter, JAX and compilation included. It is flat where the most is little more than the least.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator
from dataclasses import replace

from theorylab.project import find_project
from theorylab.simulate import Lanes, Simulator, block_size

from .numpy_loop import AVERAGED
from .row import Row, at_most
from .timing import ROOT, apart

ORDER = 4
HORIZONS = (1_000, 10_000, 100_000, 1_000_000)
REPLICATES = (8, 128, 1_024, 8_192)


def measure(claims: str) -> Iterator[Row]:
    """The peaks, and the most over the least of each series."""
    for name, points in (("steps", [(steps, 8) for steps in HORIZONS]), ("replicates", [(1_000, many) for many in REPLICATES])):
        peaks = []
        for steps, replicates in points:
            peaks.append(apart("bench.memory", str(steps), str(replicates)))
            yield Row(f"{steps:,} steps, {replicates:,} replicates", f"{peaks[-1]:.0f} MiB")
        yield at_most(f"the most over the least, by {name}", max(peaks) / min(peaks), 1.1, " x")


def peak(steps: int, replicates: int) -> float:
    """The largest resident memory of this process in MiB, after running so much."""
    run = replace(AVERAGED, sweep=(("T", (steps,)),), block=block_size(replicates))
    Simulator(find_project(ROOT)).data(run, Lanes((0,), tuple(range(replicates))))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


if __name__ == "__main__":
    print(json.dumps(peak(int(sys.argv[1]), int(sys.argv[2]))))
