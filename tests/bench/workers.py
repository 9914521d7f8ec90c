"""Workers, by copies of a loop on the same machine.

The same blocks of 128 lanes: by workers of `--workers`, each with one XLA thread, and by copies of a single-threaded loop, as many at
once. What two workers gain over one is held against what two copies gain over one, since cores of a shared machine may be less than
whole. A block that hardly computes tells what handing it out costs.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from theorylab import cluster
from theorylab.kernels import Kernels, Program
from theorylab.machines import Where
from theorylab.project import find_project

from .row import Row, at_least
from .timing import ROOT

ORDER = 7
ROUNDS = 9
# Long enough that what a block costs beside its numbers does not show, and an even number of them.
LONG, SHORT = 12, 300
KERNELS = '''
import jax
import jax.numpy as jnp


def long(key, problem, *, n):
    """A walk of many steps."""
    return {"error": jax.lax.fori_loop(0, 60_000, lambda i, x: 0.5 * x + jnp.sin(x + n), jax.random.normal(key, dtype=jnp.float64))}


def short(key, problem, *, n):
    """One number."""
    return {"error": jax.random.normal(key, dtype=jnp.float64) / n}
'''


def measure(claims: str) -> Iterator[Row]:
    """The medians of several rounds, in which what is compared takes turns."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "simulations").mkdir()
        (project / "simulations" / "bench.py").write_text(KERNELS)
        rounds = against_copies(project)
        gain, reach = [r.one / r.two for r in rounds], [2 * r.loop / r.loops for r in rounds]
        share = statistics.median(g / c for g, c in zip(gain, reach, strict=True))
        yield Row("a block in a single-threaded loop", f"{statistics.median(r.loop for r in rounds) / LONG:.2f} s")
        yield Row("two workers against one", f"{statistics.median(gain):.2f} x")
        yield Row("two copies of the loop against one", f"{statistics.median(reach):.2f} x")
        yield at_least("the former by the latter", share, 0.85)
        yield Row("one worker's blocks in a second, by one loop's", f"{statistics.median(r.loop / r.one for r in rounds):.2f} x")
        begin, first, end = starting(project)
        yield Row("two local workers", f"{begin:.2f} s until they can be asked, {first:.2f} s for a first block, {end:.2f} s to end")
        here, there = queued(project)
        yield Row("blocks that hardly compute", f"{there:.0f} a second by two workers, {here:.0f} in this process")


class Round(NamedTuple):
    """Seconds of one worker and of two for the same blocks, of a loop over these, and of two copies of it at once."""

    one: float
    two: float
    loop: float
    loops: float


def against_copies(folder: Path) -> list[Round]:
    """Workers and loops in turn, all of which have compiled."""
    rounds = []
    program = _program("bench:long", 128)
    blocks = [_inputs(seed, 128) for seed in range(LONG)]
    loops = [_begun(folder) for _ in range(2)]
    with _workers(folder, 1) as alone, _workers(folder, 2) as both:
        for machines in (alone, both):
            dict(machines.compute(program, blocks))
        for _ in range(ROUNDS):
            one, two = _seconds(alone, program, blocks), _seconds(both, program, blocks)
            rounds.append(Round(one, two, loops=max(_looped(loops)), loop=max(_looped(loops[:1]))))
    for process in loops:
        process.kill()
        process.wait()
    return rounds


def loop(folder: Path) -> None:
    """A single-threaded loop over the same blocks, run once for each line on standard input."""
    kernels, program = Kernels(find_project(folder)), _program("bench:long", 128)
    for _ in sys.stdin:
        began = time.perf_counter()
        for seed in range(LONG):
            kernels.compute(program, _inputs(seed, 128))
        sys.stdout.write(f"{time.perf_counter() - began}\n")
        sys.stdout.flush()


def starting(folder: Path) -> tuple[float, float, float]:
    """Median seconds until two local workers can be asked, until they have answered first, and until they are gone."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        with _workers(folder, 2) as machines:
            asked = time.perf_counter()
            dict(machines.compute(_program("bench:short", 8), [_inputs(0, 8)]))
            answered = time.perf_counter()
        times.append((asked - began, answered - asked, time.perf_counter() - answered))
    begin, first, end = (statistics.median(part) for part in zip(*times, strict=True))
    return begin, first, end


def queued(folder: Path) -> tuple[float, float]:
    """Blocks of almost no work that this process computes in a second, and that two workers do."""
    program, blocks = _program("bench:short", 8), [_inputs(seed, 8) for seed in range(SHORT)]
    kernels = Kernels(find_project(folder))
    kernels.compute(program, blocks[0])
    here, there = [], []
    with _workers(folder, 2) as machines:
        dict(machines.compute(program, blocks))
        for _ in range(ROUNDS):
            there.append(SHORT / _seconds(machines, program, blocks))
            began = time.perf_counter()
            for block in blocks:
                kernels.compute(program, block)
            here.append(SHORT / (time.perf_counter() - began))
    return statistics.median(here), statistics.median(there)


def _workers(folder: Path, count: int):
    return cluster.opened(find_project(folder), [folder / "simulations" / "bench.py"], Where(count), print)


def _seconds(machines, program, blocks) -> float:
    began = time.perf_counter()
    dict(machines.compute(program, blocks))
    return time.perf_counter() - began


def _begun(folder: Path) -> subprocess.Popen:
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    environment = os.environ | cluster.ONE_THREAD | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))}
    process = subprocess.Popen([sys.executable, "-m", "bench.workers", str(folder)], env=environment, **options)
    _looped([process])
    return process


def _looped(loops: list[subprocess.Popen]) -> list[float]:
    """The seconds that each of these loops takes, all at once."""
    for process in loops:
        process.stdin.write("\n")
        process.stdin.flush()
    return [float(process.stdout.readline()) for process in loops]


def _program(kernel: str, block: int) -> Program:
    return Program(kernel, None, (("error", "error", ()),), (), None, "quick", block, needed=frozenset({"error"}))


def _inputs(seed: int, lanes: int) -> dict[str, np.ndarray]:
    noise = np.stack([np.full(lanes, seed), np.arange(lanes)], axis=1).astype(np.uint32)
    still = np.zeros(lanes, np.uint32)
    return {"draw": noise, "noise": noise, "nudge": still, "near_solution": still, "n": np.arange(1.0, lanes + 1)}


if __name__ == "__main__":
    loop(Path(sys.argv[1]))
