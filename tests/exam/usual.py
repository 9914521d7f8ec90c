"""Rules that are in use, on the same worlds and at 32 replicates, beside the judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from scipy.special import stdtrit
from worlds import NOISES, PROFILES, sweep

from .flake import verdict
from .play import World, outcome
from .row import Row, at_most
from .trends import slope, world

TAU = 0.1
REPLICATES = 32
RESAMPLES = 200
U = sweep(2.0, 13)
X = np.log(U) - np.log(U).mean()
# name: measured / bound, the verdict that is false of it; at a slope of exactly tau neither is
WORLDS: dict[str, tuple[Callable, str]] = {
    "true": (slope(0.0), "refuted"),
    "true, 1-.9/sqrt u": (PROFILES["1-.9/sqrt u"][0], "refuted"),
    "true, linear to sqrt at 10": (PROFILES["linear to sqrt at 10"][0], "refuted"),
    "+0.25": (slope(0.25), "supported"),
    "exactly at tau": (slope(TAU), ""),
}


def endpoints(r: np.ndarray) -> str:
    """Last over first size within 0.3 of the claimed exponent."""
    mean = np.log(r.mean(0))
    return "supported" if abs(mean[-1] - mean[0]) <= 0.3 * np.log(U[-1]) else "refuted"


def least_squares(r: np.ndarray) -> str:
    """The interval, 95 %, of a line through the mean curve."""
    level = np.log(r.mean(0))
    fitted = X @ level / (X @ X)
    left = level - level.mean() - fitted * X
    width = stdtrit(len(X) - 2, 0.975) * np.sqrt(left @ left / (len(X) - 2) / (X @ X))
    return _position(fitted - width, fitted + width)


def bootstrap(r: np.ndarray) -> str:
    """The percentile interval, 95 %, over replicates drawn again."""
    drawn = np.random.default_rng(0).multinomial(len(r), np.full(len(r), 1 / len(r)), RESAMPLES) @ r / len(r)
    return _position(*np.percentile(np.log(drawn) @ X / (X @ X), [2.5, 97.5]))


def point(r: np.ndarray) -> str:
    """assert slope <= tau."""
    return "supported" if X @ np.log(r.mean(0)) / (X @ X) <= TAU else "refuted"


def _position(low: float, high: float) -> str:
    return "refuted" if low > TAU else "supported" if high <= TAU else "inconclusive"


RULES = {"end points": endpoints, "least squares": least_squares, "bootstrap": bootstrap, "assert": point}


def beside(profile: Callable, noise: str, wrong: str, found: World, seed: int) -> Mapping[str, float]:
    """Of each rule, whether it is wrong on a first seed, and whether a second contradicts it."""
    said: dict[str, list[str]] = {"judge": [verdict(outcome(found, 2 * seed + other)) for other in (0, 1)]}
    for other in (0, 1):
        rng = np.random.default_rng([2 * seed + other, 0, 0])
        r = NOISES[noise](rng, (1, REPLICATES, len(U)), U)[0] * profile(U)
        for name, rule in RULES.items():
            said.setdefault(name, []).append(rule(r))
    counts: dict[str, float] = {}
    for name, (first, second) in said.items():
        counts |= {f"{name}: false": first == wrong, f"{name}: contradicts": {first, second} == {"supported", "refuted"}}
    return counts


def rows() -> list[Row]:
    """Only the judge has to reach something: the others are shown for what they are."""
    reach = (at_most(0.01, "judge: false"), at_most(0.01, "judge: contradicts"))
    return [
        Row("the usual rules", f"{name}, {noise}", partial(beside, profile, noise, wrong, world(profile, noise)), 400, reach, quick=1)
        for name, (profile, wrong) in WORLDS.items()
        for noise in ("iid", "traj", "AR chi2", "hetero")
    ]
