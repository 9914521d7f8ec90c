"""Measures what workers give, and asserts nothing: `python tests/bench_cluster.py`.

A shared machine is noisy, so what is compared is measured in turn, and ratios are medians of the rounds.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

from theorylab import cluster
from theorylab.kernels import Kernels, Program
from theorylab.machines import Where
from theorylab.project import find_project

ROOT = Path(__file__).resolve().parent.parent
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


def main() -> None:
    """Prints one table."""
    if sys.argv[1:2] == ["loop"]:
        loop(Path(sys.argv[2]))
        return
    table = Table("what", "measured", "budget", box=None, pad_edge=False)
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "simulations").mkdir()
        (project / "simulations" / "bench.py").write_text(KERNELS)
        rounds = against_copies(project)
        gain, reach = [r.one / r.two for r in rounds], [2 * r.loop / r.loops for r in rounds]
        share = [g / c for g, c in zip(gain, reach, strict=True)]
        table.add_row("seconds of a block in a single-threaded loop", f"{statistics.median(r.loop for r in rounds) / LONG:.2f}", "")
        table.add_row("two workers against one", f"{statistics.median(gain):.2f} x", "")
        table.add_row("two copies of the loop against one", f"{statistics.median(reach):.2f} x", "")
        table.add_row("the former by the latter", f"{statistics.median(share):.2f}", "0.85")
        table.add_row("blocks in a second, two workers by two copies", f"{statistics.median(r.loops / r.two / 2 for r in rounds):.2f}", "")
        table.add_row("blocks in a second, one worker by one loop", f"{statistics.median(r.loop / r.one for r in rounds):.2f}", "")
        begin, first, end = starting(project)
        table.add_row("two local workers, until they can be asked", f"{begin:.2f} s", "")
        table.add_row("their first block, compiled before", f"{first:.2f} s", "")
        table.add_row("until they are gone", f"{end:.2f} s", "")
        here, there = queued(project)
        table.add_row("blocks in a second, two workers", f"{there:.0f}", "")
        table.add_row("blocks in a second, no workers", f"{here:.0f}", "")
    Console(width=110).print(table)


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
    process = subprocess.Popen([sys.executable, __file__, "loop", str(folder)], env=os.environ | cluster.ONE_THREAD, **options)
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
    main()
