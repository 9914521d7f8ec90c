"""Blocks per second in one process.

A kernel that hardly computes, in blocks of 8 lanes, compiled beforehand: computed alone, computed and stored, and
read from the store. Over several processes: see the table of workers.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

from theorylab.project import find_project
from theorylab.simulate import Lanes, Run, Simulator
from theorylab.store import Blocks

from .row import Row
from .timing import PAIRS, ROOT, seconds

ORDER = 6
COUNT = 512
SMALL = Run(
    kernel="sampling:sample_mean",
    family=None,
    sweep=(("n", (100,)),),
    along=None,
    varies=(),
    fixed=(("sigma", 2.0),),
    sized=frozenset(),
    outputs=(("error", "error", ()),),
    seed=0,
    block=8,
)


def measure(claims: str) -> Iterator[Row]:
    """The medians of several rounds of as many blocks."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "tests" / "projects" / "noisy", Path(folder) / "noisy", ignore=shutil.ignore_patterns(".theorylab"))
        project = find_project(Path(folder) / "noisy")
        quiet = Blocks(project, lambda text: None)
        lanes = Lanes((0,), tuple(range(COUNT * SMALL.block)))
        computed, stored, read = [], [], []
        alone, storing = Simulator(project), Simulator(project, blocks=quiet)
        for simulator in (alone, storing):
            simulator.data(SMALL, Lanes((0,)))
        for seed in range(1, PAIRS + 1):
            run = replace(SMALL, seed=seed)
            computed.append(seconds(lambda run=run: alone.data(run, lanes)))
            stored.append(seconds(lambda run=run: storing.data(run, lanes)))
            read.append(seconds(lambda run=run: Simulator(project, blocks=quiet).data(run, lanes)))
    for what, times in (("computed", computed), ("computed and stored", stored), ("read from the store", read)):
        yield Row(what, f"{COUNT / median(times):.0f} blocks a second")
