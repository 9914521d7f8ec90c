"""Several variables at once: y <= C sqrt(d) / (n eps) at points of three letters, its mutants, and designs that tell too little."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np
import sympy
import xarray as xr
from sympy import Rational, sqrt
from worlds import C, claim_of, k, letters, n, y

from theorylab.claim import along, for_every_instance, grows, measured, shrinks, unknown
from theorylab.judgement import judge

from .play import World, outcome
from .row import Row, at_least, at_most

TABLE = "several variables"
d, eps = letters("d eps")
BOX = {
    d: grows("dimension", 10.0, 1e3),
    n: grows("samples", 1e2, 1e4),
    eps: shrinks("privacy", 1e-2, 1.0),
}
WHERE = BOX | {y: measured("error"), C: unknown}
BOUND = sqrt(d) / (n * eps)
FOURTH = Rational(1, 4)
# Each exponent of the bound moved by a quarter to the side on which the error then outgrows it.
MUTANTS = {"d": BOUND * d**-FOURTH, "n": BOUND * n**-FOURTH, "eps": BOUND * eps**FOURTH}
NOISE = 0.5
SLOW = ("curves", "along runs", "n_0", "many")


def _law(shape: Callable, noise: float, rng, instance, at, lane):
    level = np.sqrt(at["d"]) / (at["n"] * at["eps"]) * shape(at["d"], at["n"], at["eps"])
    return level * (1 + 0.3 * instance) * np.exp(noise * rng.standard_normal(level.shape) - noise**2 / 2)


TRUE: Callable = lambda d, n, eps: 1.0  # noqa: E731
# What is measured over sqrt(d) / (n eps): true where it is bounded.
SHAPES: dict[str, tuple[Callable, str]] = {
    "an interaction, 1 + .3 d / sqrt n": (lambda d, n, eps: 1 + 0.3 * d / np.sqrt(n), "refuted"),
    "d^.25 n^-.25, one exponent made up for by another": (lambda d, n, eps: (d / n) ** 0.25, "refuted"),
    "a sampling term, 1 + .02 sqrt(n) eps": (lambda d, n, eps: 1 + 0.02 * np.sqrt(n / 100) * eps, "supported"),
    "a transient in d, 1 - .9 / u": (lambda d, n, eps: 1 - 0.9 * 10 / d, "not refuted"),
    "n from linear to sqrt at 10 n_0": (lambda d, n, eps: np.minimum(n / 1e3, 1) ** 0.5, "not refuted"),
}


def worlds() -> dict[str, tuple[World, str]]:
    """Claims about three letters at points, with what must come out."""
    made = lambda bound, shape, random=False: World(claim_of(y <= C * bound, WHERE), partial(_law, shape, NOISE), random)  # noqa: E731
    found = {"true": (made(BOUND, TRUE), "supported"), "true, many instances": (made(BOUND, TRUE, True), "supported")}
    found |= {f"claimed {name} a quarter too small": (made(bound, TRUE), "refuted") for name, bound in MUTANTS.items()}
    found["claimed n a quarter too small, many instances"] = (made(MUTANTS["n"], TRUE, True), "refuted")
    found |= {name: (made(BOUND, shape), expected) for name, (shape, expected) in SHAPES.items()}
    exact = claim_of(y <= C * BOUND, WHERE, holds=for_every_instance)
    found["true, curves without noise"] = (World(exact, partial(_law, TRUE, 0.0), True), "supported")
    found["true, curves that jitter by 5 %"] = (World(exact, partial(_law, TRUE, 0.05), True), "supported")
    mutant = claim_of(y <= C * MUTANTS["n"], WHERE, holds=for_every_instance)
    found["claimed n a quarter too small, curves that jitter by 5 %"] = (World(mutant, partial(_law, TRUE, 0.05), True), "refuted")
    two = {letter: role for letter, role in WHERE.items() if letter is not eps}
    on_grid = lambda bound: World(claim_of(y <= C * bound, two), _without_eps)  # noqa: E731
    found["two letters on a grid, true"] = (on_grid(sqrt(d) / n), "supported")
    found["two letters on a grid, claimed n a quarter too small"] = (on_grid(sqrt(d) / n * n**-FOURTH), "refuted")
    run = WHERE | {k: along("steps", 1.0, 1e3)}
    steps = lambda power: World(claim_of(y <= C * BOUND / k**power, run), _along)  # noqa: E731
    found["read along runs beside the points, true"] = (steps(1), "supported")
    found["read along runs beside the points, claimed k a quarter too small"] = (steps(Rational(5, 4)), "refuted")
    return found


def _without_eps(rng, instance, at, lane):
    return _law(TRUE, NOISE, rng, instance, at | {"eps": 1.0}, lane)


def _along(rng, instance, at, lane):
    return _law(TRUE, NOISE, rng, instance, at, lane) / at["k"]


def rows() -> list[Row]:
    """Points that the plan draws, and designs that are given as data."""
    reach = {"supported": at_least(0.91, "supported"), "refuted": at_least(0.95, "refuted"), "not refuted": at_most(0.01, "refuted")}
    drawn = []
    for name, (world, expected) in worlds().items():
        # A claim about every instance has 96 curves to fit: a run of it takes seconds.
        runs = 30 if "curves" in name else 300
        drawn.append(Row(TABLE, name, partial(outcome, world), runs, (reach[expected],), quick=0 if any(w in name for w in SLOW) else 1))
    given = [Row(TABLE, f"given: {name}", partial(judged, design), 300, (design.reach,), quick=2) for name, design in designs().items()]
    return drawn + given


class Design(NamedTuple):
    """Points of the letters that somebody measured, one row each, what was claimed of them and what must come out."""

    points: Callable[[np.random.Generator], np.ndarray]
    bound: sympy.Expr
    reach: object


def designs() -> dict[str, Design]:
    """Designs as data: each row of `points` is log10 of d / 10, n / 100 and 1 / eps, from 0 to 2."""
    factorial = np.array(list(product((0.0, 1.0, 2.0), repeat=3)))
    corners = np.array(list(product((0.0, 2.0), repeat=3)))
    ridge = lambda rng: np.stack([u := rng.uniform(0, 2, 64), u, rng.uniform(0, 2, 64)], 1)  # noqa: E731
    near = lambda rng: np.clip(ridge(rng) + 0.1 * rng.standard_normal((64, 3)), 0, 2)  # noqa: E731
    center = lambda rng: np.concatenate([corners, np.tile([1.0, 1, 1], (1, 1)), rng.uniform(0, 2, (39, 3))])  # noqa: E731
    supported, open_ = at_least(0.91, "supported"), at_least(1.0, "COVERAGE")
    return {
        "3 x 3 x 3, true": Design(lambda rng: factorial, BOUND, supported),
        "3 x 3 x 3, claimed n a quarter too small": Design(lambda rng: factorial, MUTANTS["n"], at_most(0.0, "supported")),
        "corners and 40 random points, true": Design(center, BOUND, at_least(0.8, "supported")),
        "corners and 40 random points, claimed n a quarter too small": Design(center, MUTANTS["n"], at_least(0.9, "refuted")),
        "a ridge, n in proportion to d, true": Design(ridge, BOUND, open_),
        "a ridge, claimed d a quarter too small and n as much too large": Design(ridge, BOUND * (n / d) ** FOURTH, open_),
        "nearly a ridge, true": Design(near, BOUND, open_),
        "corners alone, true": Design(lambda rng: corners, BOUND, open_),
    }


def judged(design: Design, seed: int, replicates: int = 128) -> Mapping[str, float]:
    """The verdict on a design that is given as data."""
    rng = np.random.default_rng([seed, 7])
    data = measured_at(10.0 ** design.points(rng), rng, replicates)
    verdict = judge(claim_of(y <= C * design.bound, WHERE, problems=(), simulation=None, because="measured elsewhere"), data)
    return {verdict.verdict: 1, **dict.fromkeys(verdict.reasons, 1)}


def measured_at(u: np.ndarray, rng: np.random.Generator, replicates: int) -> xr.Dataset:
    """Replicates at points (p, 3) of d / 10, n / 100 and 1 / eps, of a true claim."""
    at = {"d": 10 * u[:, 0], "n": 100 * u[:, 1], "eps": 1 / u[:, 2]}
    runs = np.stack([_law(TRUE, NOISE, rng, 0, at, None) for _ in range(replicates)], 1)
    return xr.Dataset({"y": (("point", "replicate"), runs)}, {name: ("point", values) for name, values in at.items()})
