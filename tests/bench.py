"""Measures what the design budgets, and asserts nothing: `nox -s bench`.

Times are of whole processes or medians of pairs run in turn; a shared machine is noisy, so read the ratios.
"""

import inspect
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console
from rich.table import Table

from theorylab.catalogue import find_claims
from theorylab.kernels import COMPILER
from theorylab.plan import plan
from theorylab.project import find_project, load
from theorylab.simulate import Lanes, Simulator
from theorylab.verify import Trial, takes

ROOT = Path(__file__).resolve().parent.parent
RUNS = 5


def main() -> None:
    """Prints one table."""
    table = Table("what", "measured", "budget", box=None, pad_edge=False)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for part in ("claims", "simulations"):
            shutil.copytree(ROOT / part, work / part)
        table.add_row("verify, cold compile cache", *command(work, ["verify"], "90 s"))
        table.add_row("verify, all computed again, warm compile cache", *command(work, ["verify", "--recompute"], "10 s"))
        table.add_row("verify, nothing changed", *command(work, ["verify"], "10 s", RUNS))
    table.add_row("largest resident memory of those", f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20:.2f} GiB", "1 GiB")
    table.add_row("theorylab --help", *command(ROOT, ["--help"], "0.3 s", RUNS))
    table.add_row("theorylab list", *command(ROOT, ["list"], "", RUNS))
    for kernel, ratio, seconds in against_by_hand():
        table.add_row(f"{kernel} through simulate / by hand", f"{ratio:.2f} x ({seconds:.2f} s)", "1.1 x")
    Console(width=110).print(table)


def command(folder: Path, arguments: list[str], budget: str, runs: int = 1) -> tuple[str, str]:
    """The median wall time of a theorylab command in a folder."""
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        run = subprocess.run([sys.executable, "-m", "theorylab", *arguments], cwd=folder, capture_output=True, check=False)
        times.append(time.perf_counter() - began)
        if run.returncode:
            return f"failed with exit code {run.returncode}", budget
    return f"{statistics.median(times):.2f} s", budget


def against_by_hand():
    """Pairs of one kernel through simulate and in a hand-written jit + vmap loop over the same lanes, compiled beforehand."""
    project = find_project(ROOT)
    claims = {claim.name: claim for claim in find_claims(project).claims}
    for name, family in (
        ("tiapkin2025_nash.last_iterate", "games:random_skew"),
        ("tiapkin2025_nash.last_iterate", "games:planted"),
        ("tiapkin2025_nash.proximal_point", "games:cyclic"),
    ):
        claim = claims[name]
        run = Trial(plan(claim, takes=takes(project, claim)), Simulator(project)).run(family)
        simulator = Simulator(project)
        lanes = tuple(range(4 * run.block))
        simulator.data(run, Lanes(lanes[:1]))
        hand = by_hand(project, run, lanes)
        hand()
        ratios, seconds = [], []
        for seed in range(1, RUNS + 1):
            began = time.perf_counter()
            simulator.data(replace(run, seed=seed), Lanes(lanes))
            middle = time.perf_counter()
            hand()
            ended = time.perf_counter()
            ratios.append((middle - began) / (ended - middle))
            seconds.append(middle - began)
        yield f"{run.kernel} on {family}", statistics.median(ratios), statistics.median(seconds)


def by_hand(project, run, instances):
    """The loop that an author would write: keys, vmap over instances, one jit."""
    kernel, pair = load(project, run.kernel, "simulations"), load(project, run.family, "simulations/problems")
    varies = {name: np.asarray(values) for name, values in run.varies}
    letters = {name: jnp.asarray([values[i % len(values)] for i in instances]) for name, values in varies.items()}
    fixed = {name: value for name, value in run.fixed if name not in letters}

    def lane(key, values):
        def pick(function):
            return {name: given[name] for name in inspect.signature(function).parameters if name in given}

        given = {**fixed, **values}
        problem = pair.build(pair.draw(key, **pick(pair.draw)), **pick(pair.build))
        out = kernel(key, problem, k=jnp.asarray(run.along[1]), **pick(kernel))
        return {name: out[name] for name, _, _ in run.outputs if name in out}

    with jax.enable_x64(True):
        keys = jax.random.split(jax.random.key(0), len(instances))
        values = {name: jnp.asarray(v, jnp.float64) for name, v in letters.items()}
        compiled = jax.jit(jax.vmap(lane)).lower(keys, values).compile(compiler_options=COMPILER["quick"])

    def go():
        with jax.enable_x64(True):
            jax.block_until_ready(compiled(keys, values))

    return go


if __name__ == "__main__":
    main()
