"""Examines the judge on worlds of known truth, as a run calls it, and prints the tables that docs/judge.md quotes.

`python tests/exam.py TABLE... --runs N --workers W`. A cell reads per cent supported / refuted, then per cent refuted before confirmation
where that differs, then mean replicates. Every run has a seed of its own, so the tables come out the same again.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from sympy import Rational, log, sqrt
from worlds import NOISES, C, Worlds, claim_of, letters, n, verified, y

from theorylab.claim import Claim, for_every_instance, grows, in_expectation, measured, shrinks, unknown

eps, C_1, C_2 = letters("eps C_1 C_2")


class World(NamedTuple):
    """A claim with the law of what is measured; `random` draws many instances."""

    claim: Claim
    law: Callable
    random: bool = False


class Tally(NamedTuple):
    """Shares of runs: supported, refuted, and refuted before confirmation; mean replicates."""

    supported: float
    refuted: float
    before: float
    replicates: float

    def __str__(self) -> str:
        before = f" ({self.before:.3g} before)" if self.before != self.refuted else ""
        return f"{self.supported:.3g}/{self.refuted:.3g}{before}" + (f" ({self.replicates:.0f})" if self.replicates > 1 else "")


def tally(world: World, runs: Iterable[int]) -> Tally:
    """What becomes of a world over seeds."""
    found = []
    for seed in runs:
        result = verified(world.claim, Worlds({"truth:kernel": world.law}, random=world.random), seed=seed)
        verdict = result.verdict
        if result.fault:
            raise RuntimeError(result.fault)
        # Without controls a support is left as it is found; the reason CONTROL stands for it.
        outcome = "supported" if verdict.reasons == ("CONTROL",) else verdict.verdict
        before = outcome == "refuted" or verdict.reasons == ("UNCONFIRMED",)
        found.append((outcome == "supported", outcome == "refuted", before, max(p.replicates for p in verdict.parts)))
    share = np.mean(found, axis=0)
    return Tally(*(100 * share[:3]), share[3])


# Sums of terms

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


def turned(columns: dict[str, dict[str, World]]) -> dict[str, dict[str, World]]:
    """Rows of columns instead of columns of rows."""
    names = dict.fromkeys(name for worlds in columns.values() for name in worlds)
    return {name: {column: worlds[name] for column, worlds in columns.items() if name in worlds} for name in names}


TABLES: dict[str, Callable[[], dict[str, dict[str, World]]]] = {
    "terms": lambda: turned(
        {"no noise": terms_worlds("none"), "lognormal .5": terms_worlds("iid"), "chi-square": terms_worlds("chi2", False)}
    ),
}


def cell(table: str, row: str, column: str, runs: int) -> str:
    """One cell of a table."""
    world = TABLES[table]()[row][column]
    once = world.claim.holds.name == "for every instance" and not world.random
    return str(tally(world, range(1 if once else runs)))


def main() -> None:
    """Prints the tables asked for, row by row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="*", default=list(TABLES))
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    with ProcessPoolExecutor(given.workers) as pool:
        for table in given.tables:
            rows = TABLES[table]()
            columns = list(dict.fromkeys(column for row in rows.values() for column in row))
            print(f"\n## {table}, {given.runs} runs a cell\n\n| world | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
            asked = {(row, column): pool.submit(cell, table, row, column, given.runs) for row in rows for column in rows[row]}
            for row, worlds in rows.items():
                shown = (asked[row, column].result() if column in worlds else "" for column in columns)
                print(f"| {row} | {' | '.join(shown)} |", flush=True)


if __name__ == "__main__":
    main()
