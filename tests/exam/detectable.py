"""The deviation that a verdict prints as detectable, taken as the truth of another world: refuted there in nine runs of ten."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from sympy import Eq, sqrt
from worlds import NOISES, C, claim_of, k, n, y

from theorylab.claim import fixed, grows, measured, unknown

from .chances import CLAIMS, violated
from .means import LAWS, LOWER, PER_RUN, POINT, REGRET, mean, negative, per_run
from .play import World, counted, played
from .row import Row, at_least, at_most

EQUAL = claim_of(Eq(y, k), {k: fixed("level", 1.0), y: measured("quantity")})
TREND = claim_of(y <= C * sqrt(n), {n: grows("size", 100.0, 10_000.0), y: measured("cost"), C: unknown})
OTHER = 1_000_000
DEVIATION = {"gamma(2)": 0.5**0.5, "exponential": 1.0, "lognormal(1)": (np.e - 1) ** 0.5}


def replayed(at: Callable[[float], World], truth: float, seed: int) -> Mapping[str, float]:
    """Reads what is detectable in a world of this truth, and plays a world of which it is the truth."""
    printed = played(at(truth), seed).detectable
    if printed is None:
        return {"nothing detectable": 1}
    return counted(played(at(printed), OTHER + seed))


def slope(noise: str, by: float) -> World:
    """A cost whose ratio to its bound grows with this slope."""
    return World(TREND, partial(_grown, noise, by))


def _grown(noise: str, by: float, rng, instance, at, lane):
    u = at["n"] / 100.0
    return np.sqrt(at["n"]) * u**by * NOISES[noise](rng, (1, 1, len(u)), u)[0, 0]


def _inverse(draw, of: float) -> World:
    return World(LOWER, partial(mean, draw, 1 / of))


def worlds() -> dict[str, tuple[Callable[[float], World], float]]:
    """By name: the world of a deviation, and the deviation at which what is detectable is read."""
    found = {}
    for name in ("gamma(2)", "exponential", "lognormal(1)"):
        draw = LAWS[name]
        for truth in (0.5, 1.0):
            found[f"mean by bets, {name}, read at {truth:g}"] = (lambda d, draw=draw: World(POINT, partial(mean, draw, d)), truth)
        found[f"mean from below by Student's limit, {name}"] = (partial(_inverse, draw), 0.7)
        # A bias is told in standard deviations of one replicate.
        found[f"equal means, {name}"] = (lambda d, draw=draw, sd=DEVIATION[name]: World(EQUAL, partial(mean, draw, 1 + d * sd)), 0.0)
    for sd in (0.5, 2.0):
        found[f"negative quantity, deviation {sd:g}"] = (lambda d, sd=sd: World(REGRET, partial(negative, sd, d)), 0.5)
    for sd in (0.5, 1.0):
        found[f"bound measured per run, lognormal({sd:g})"] = (lambda d, sd=sd: World(PER_RUN, partial(per_run, sd, d, False)), 0.9)
    for allowed, times in (("0.05", 0.25), ("0.1", 0.5)):
        chance = lambda d, a=allowed: World(CLAIMS[a], partial(violated, min(d * float(a), 1.0)))  # noqa: E731
        found[f"probability, allowed {allowed}"] = (chance, times)
    for noise in ("iid", "traj", "chi2", "Pareto 3"):
        found[f"trend, {noise}"] = (partial(slope, noise), 0.0)
    return found


def rows() -> list[Row]:
    """Every kind that prints a deviation."""
    reach = (at_least(0.85, "refuted"), at_most(0.97, "refuted"))
    # What 64 values show of the tail of a lognormal(1) is less than it has.
    return [
        Row("detectable", name, partial(replayed, at, truth), 1000, () if "lognormal(1)" in name else reach, quick=0)
        for name, (at, truth) in worlds().items()
    ]
