"""Through simulate against a loop written by hand.

The same kernel on as many lanes, compiled beforehand: through `simulate`, with keys, blocks and a dataset as a result, over a loop that an
author would write: keys, `jax.vmap` over instances or seeds, one `jax.jit`. Four blocks of lanes, as one block by hand.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.catalogue import find_claims
from theorylab.kernels import COMPILER
from theorylab.plan import plan
from theorylab.project import Project, find_project, load
from theorylab.simulate import Lanes, Run, Simulator
from theorylab.verify import Trial, takes

from .row import Row, at_most
from .timing import ROOT, paired

ORDER = 1
CASES = (
    ("tiapkin2025_nash.last_iterate", "games:random_skew"),
    ("tiapkin2025_nash.proximal_point", "games:cyclic"),
    ("cai2024_halpern.last_iterate", "monotone:rotations"),
)
BLOCKS = 4


def measure(claims: str) -> Iterator[Row]:
    """The ratio of the times for three kernels."""
    project = find_project(ROOT)
    for claim, family in CASES:
        run = run_of(project, claim, family)
        simulate, lanes = through_simulate(project, run)
        ratio, mine, hand = paired(simulate, by_hand(project, run, lanes))
        yield at_most(f"{run.kernel} on {family}, {lanes} lanes", ratio, 1.1, " x", f" ({mine:.3g} s and {hand:.3g} s)")


def run_of(project: Project, name: str, family: str) -> Run:
    """The run of a claim's first kernel on a family, at one point of what is swept."""
    claim = next(claim for claim in find_claims(project).claims if claim.name == name)
    run = Trial(plan(claim, takes=takes(project, claim)), Simulator(project)).run(family)
    return replace(run, sweep=tuple((letter, values[-1:]) for letter, values in run.sweep))


def through_simulate(project: Project, run: Run) -> tuple[Callable[[], Any], int]:
    """A call that simulates four blocks of instances with another seed each time, compiled already; and its lanes."""
    simulator, seeds, lanes = Simulator(project), count(1), BLOCKS * run.block
    simulator.data(run, Lanes((0,)))
    return lambda: simulator.data(replace(run, seed=next(seeds)), Lanes(tuple(range(lanes)))), lanes


def by_hand(project: Project, run: Run, lanes: int) -> Callable[[], Any]:
    """The loop that an author would write, compiled already: keys, vmap over instances, one jit."""
    kernel, pair = load(project, run.kernel, "simulations"), load(project, run.family or "", "simulations/problems")
    varied = {name: np.asarray([values[i % len(values)] for i in range(lanes)]) for name, values in run.varies}
    varied |= {name: np.full(lanes, values[0]) for name, values in run.sweep if name not in run.sized}
    fixed = dict(run.fixed) | {name: values[0] for name, values in run.sweep if name in run.sized}
    along = {run.along[0]: np.asarray(run.along[1])} if run.along else {}

    def lane(key: Any, values: Any, checkpoints: Any) -> Any:
        given = {**fixed, **values, **checkpoints}
        pick = lambda function: {name: given[name] for name in inspect.signature(function).parameters if name in given}  # noqa: E731
        drawn, noise = jax.random.split(key)
        problem = pair.build(pair.draw(drawn, **pick(pair.draw)), **pick(pair.build))
        out = kernel(noise, problem, **pick(kernel))
        return {name: out[name] for _, name, _ in run.outputs if name in out}

    with jax.enable_x64(True):
        keys = jax.random.split(jax.random.key(0), lanes)
        values = {name: jnp.asarray(v) for name, v in varied.items()}
        checkpoints = {name: jnp.asarray(v) for name, v in along.items()}
        lowered = jax.jit(jax.vmap(lane, in_axes=(0, 0, None))).lower(keys, values, checkpoints)
        compiled = lowered.compile(compiler_options=COMPILER["quick"])

    def go() -> None:
        with jax.enable_x64(True):
            jax.block_until_ready(compiled(keys, values, checkpoints))

    return go
