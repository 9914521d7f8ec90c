"""On a GPU: seconds, replicate-steps a second, and the shares of the machine's peaks, CPU beside GPU.

Each kernel runs for as many steps on more and more lanes at once, on either device in a process of its own, compiled beforehand. Peaks are
measured: memory by adding two long vectors to a third, arithmetic by a product of two large float64 matrices. The shares are of what the
compiler counts for one step, times the steps. It counts both sides of every choice, and every operand as read from memory: a share above
100 % tells that most of them lie in a cache or were never computed. A GPU pays from the lanes on at which it does
more replicate-steps a second than the CPU.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp

from theorylab.kernels import Pieces
from theorylab.project import find_project
from theorylab.simulate import Lanes, Run, Simulator

from .by_hand import run_of
from .numpy_loop import AVERAGED
from .row import Row
from .timing import ROOT, apart, seconds

ORDER = 7
LANES = (128, 1_024, 8_192)
STEPS = 256
ROUNDS = 3
COUNTED = {"bytes accessed": "bytes", "flops": "operations"}
# Families that need no LAPACK, which would hide what is counted.
KERNELS = (("tiapkin2025_nash.last_iterate", "games:two_action"), ("cai2024_halpern.last_iterate", "monotone:rotations"))
LONG, WIDE = 2**25, 2048


def measure(claims: str) -> Iterator[Row]:
    """A row for each kernel and number of lanes, and where a GPU begins to pay; that there is none, where JAX sees none."""
    here = jax.default_backend()
    cpu = apart("bench.gpu", JAX_PLATFORMS="cpu")
    gpu = apart("bench.gpu") if here == "gpu" else None
    if gpu is None:
        yield Row("GPU", "none was at hand: JAX sees a CPU alone, and what follows is of it")
    for name, found in (("CPU", cpu), ("GPU", gpu)):
        if found:
            yield Row(f"{name}, measured peaks", f"{found['bytes'] / 1e9:.3g} GB/s, {found['operations'] / 1e9:.3g} Gflop/s in float64")
    for kernel in cpu["kernels"]:
        for lanes in map(str, LANES):
            both = [("CPU", cpu["kernels"][kernel][lanes]), *([("GPU", gpu["kernels"][kernel][lanes])] if gpu else [])]
            shown = "; ".join(_said(name, at) for name, at in both)
            yield Row(f"{kernel}, {int(lanes):,} lanes", shown)
        if gpu:
            pays = [n for n in LANES if gpu["kernels"][kernel][str(n)]["rate"] > cpu["kernels"][kernel][str(n)]["rate"]]
            yield Row(f"{kernel}, a GPU pays", f"from {min(pays):,} lanes on" if pays else f"at no size up to {LANES[-1]:,} lanes")


def _said(name: str, at: dict[str, float]) -> str:
    shares = f"{at['operations']:.2%} of arithmetic, {at['bytes']:.0%} of bandwidth"
    return f"{name} {at['seconds']:.3g} s, {at['rate']:.3g} steps/s, {shares}"


def here() -> dict[str, Any]:
    """The peaks of the device that JAX sees here, and each kernel's times on it."""
    project = find_project(ROOT)
    peaks = {"bytes": _bandwidth(), "operations": _arithmetic()}
    runs = [replace(AVERAGED, sweep=(("T", (STEPS,)),)), *(run_of(project, *case) for case in KERNELS)]
    runs = [replace(run, along=(run.along[0], (0, STEPS))) if run.along else run for run in runs]
    return {**peaks, "kernels": {f"{run.kernel} on {run.family}": {str(n): _timed(project, run, n, peaks) for n in LANES} for run in runs}}


def _timed(project: Any, run: Run, lanes: int, peaks: dict[str, float]) -> dict[str, float]:
    run, every = replace(run, block=lanes), Lanes(tuple(range(lanes)))
    simulator = Simulator(project)
    simulator.data(run, Lanes((0,)))
    took = median(seconds(lambda seed=seed: simulator.data(replace(run, seed=seed), every)) for seed in range(1, ROUNDS + 1))
    (pieces,) = (made for made in simulator.kernels._compiled.values() if isinstance(made, Pieces))
    counted, calls = pieces.compiled.cost_analysis(), STEPS * lanes / pieces.lanes
    shares = {peak: counted.get(name, 0.0) * calls / peaks[peak] / took for name, peak in COUNTED.items()}
    return {"seconds": took, "rate": lanes * STEPS / took, **shares}


def _bandwidth() -> float:
    """Bytes a second of a + b over long vectors of float64: two are read and one is written."""
    with jax.enable_x64(True):
        a, add = jnp.ones(LONG), jax.jit(lambda a, b: a + b)
        add(a, a).block_until_ready()
        return 3 * 8 * LONG / median(seconds(lambda: add(a, a).block_until_ready()) for _ in range(ROUNDS))


def _arithmetic() -> float:
    """Operations a second of a product of two large matrices of float64."""
    with jax.enable_x64(True):
        a, multiply = jnp.ones((WIDE, WIDE)), jax.jit(lambda a, b: a @ b)
        multiply(a, a).block_until_ready()
        return 2 * WIDE**3 / median(seconds(lambda: multiply(a, a).block_until_ready()) for _ in range(ROUNDS))


if __name__ == "__main__":
    print(json.dumps(here()))
