"""Sums of terms: C_1 n + C_2 sqrt(n)/eps on 13 x 13 cells, its true costs, violations, and mutants of the claim."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from sympy import Rational, log, sqrt
from worlds import NOISES, C, claim_of, letters, n, y

from theorylab.claim import for_every_instance, grows, in_expectation, measured, shrinks, unknown

from .play import World, outcome
from .row import Row

eps, C_1, C_2 = letters("eps C_1 C_2")
TERMS = {
    n: grows("size", 1e2, 1e6),
    eps: shrinks("accuracy", 1e-3, 1e-1),
    y: measured("cost"),
    C: unknown,
    C_1: unknown,
    C_2: unknown,
}
COST = C_1 * n + C_2 * sqrt(n) / eps
LOG = C_1 * n * log(n) + C_2 * sqrt(n) / eps
COSTS = {
    "1:1": (COST, lambda n, e: n + n**0.5 / e),
    "1:5": (COST, lambda n, e: n + 5 * n**0.5 / e),
    "5:1": (COST, lambda n, e: 5 * n + n**0.5 / e),
    "n log n, claimed so": (LOG, lambda n, e: n * np.log(n) + n**0.5 / e),
    "1:1 (1 - .9/sqrt u)": (COST, lambda n, e: (n + n**0.5 / e) * (1 - 0.9 * (n / 100) ** -0.5)),
    "1:1, n from linear to sqrt at 10 n_0": (COST, lambda n, e: n * np.minimum(n / 1e3, 1) ** 0.5 + n**0.5 / e),
    "the larger of n and sqrt(n)/eps": (COST, lambda n, e: np.maximum(n, n**0.5 / e)),
    "the root of their squares": (COST, lambda n, e: np.hypot(n, n**0.5 / e)),
    "1:1 + 1/eps": (COST, lambda n, e: n + n**0.5 / e + 1 / e),
    "1:1 + 30 sqrt n": (COST, lambda n, e: n + n**0.5 / e + 30 * n**0.5),
    "n log n, claimed n": (COST, lambda n, e: n * np.log(n) + n**0.5 / e),
    "1:1/1000, n rules": (COST, lambda n, e: n + 1e-3 * n**0.5 / e),
    "n only": (COST, lambda n, e: n + 0 * e),
    "n^1.25": (COST, lambda n, e: n**1.25 + n**0.5 / e),
    "n^.75/eps": (COST, lambda n, e: n + n**0.75 / e),
    "eps^-1.5": (COST, lambda n, e: n + n**0.5 / e**1.5),
}
RATIOS = {"1:1": (1, 1), "1:5": (1, 5), "5:1": (5, 1)}
MUTANTS = {
    "C n": C * n,
    "C sqrt(n)/eps": C * sqrt(n) / eps,
    "n^.75": C_1 * n ** Rational(3, 4) + C_2 * sqrt(n) / eps,
    "n^.25/eps": C_1 * n + C_2 * n ** Rational(1, 4) / eps,
    "eps^-.75": C_1 * n + C_2 * sqrt(n) / eps ** Rational(3, 4),
}


def _noisy(law: Callable, noise: Callable | None, rng, instance, at, lane):
    grid = law(at["n"], at["eps"])
    if noise is None:
        return grid
    return grid * noise(rng, (1, 1, *grid.shape), np.ones(grid.shape[-1]))[0, 0]


def terms_worlds(noise: str, mutants: bool = True) -> dict[str, World]:
    """Truths and violations of n + sqrt(n)/eps; its true cost under mutants of the claim."""
    holds = for_every_instance if noise == "none" else in_expectation
    made = lambda bound, law: World(claim_of(y <= bound, TERMS, holds=holds), partial(_noisy, law, NOISES.get(noise)))  # noqa: E731
    found = {name: made(bound, law) for name, (bound, law) in COSTS.items()}
    for ratio, (a, b) in RATIOS.items() if mutants else ():
        for name, bound in MUTANTS.items():
            found[f"{ratio} claimed {name}"] = made(bound, partial(_weighted, a, b))
    return found


def _weighted(a: float, b: float, n, e):
    return a * n + b * n**0.5 / e


def rows() -> list[Row]:
    """Every world under every noise."""
    columns = {"no noise": terms_worlds("none"), "lognormal .5": terms_worlds("iid"), "chi-square": terms_worlds("chi2", False)}
    return [
        Row("sums of terms", f"{name}, {column}", partial(outcome, world), 1 if column == "no noise" else 30, quick=0)
        for column, worlds in columns.items()
        for name, world in worlds.items()
    ]
