"""Explicit bounds with a probability: the share of violations against what is allowed."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.special import ndtri
from sympy import Rational
from worlds import claim_of, k, y

from theorylab.claim import fixed, measured, with_probability

from .play import World, outcome
from .row import Row, at_least, at_most

ALLOWED = {"0.05": Rational(19, 20), "0.1": Rational(9, 10)}
CLAIMS = {
    name: claim_of(y <= k, {k: fixed("level", 1.0), y: measured("quantity")}, holds=with_probability(p)) for name, p in ALLOWED.items()
}


def violated(p: float, rng, instance, at, lane):
    """A violation with this probability, far above or far below."""
    return np.where(rng.random(np.shape(at["k"])) < p, 2.0, 0.5)


def tail(p: float, rng, instance, at, lane):
    """A lognormal quantity that exceeds its bound with this probability."""
    return np.exp(0.5 * (rng.standard_normal(np.shape(at["k"])) + ndtri(p)))


def mixed(law, low: float, high: float, share: float, rng, instance, at, lane):
    """This share of instances violates with the higher probability."""
    bad = np.random.default_rng([lane.seed, 7, instance]).random() < share
    return law(high if bad else low, rng, instance, at, lane)


def rows() -> list[Row]:
    """Shares of violations from none to four times what is allowed, on one instance and on some of many."""
    found = []
    for name, claim in CLAIMS.items():
        delta = float(name)
        for times in (0, 0.25, 0.5, 1, 2, 4):
            reach = [at_most(0.01, "refuted")] if times <= 1 else [at_most(0.01, "supported")]
            if delta == 0.05 and times in (0.25, 2):
                reach.append(at_least(0.97, "supported" if times < 1 else "refuted"))
            if times == 1:
                reach.append(at_most(0.01, "supported"))
            runs = 1000 if len(reach) > 1 else 400
            play = partial(outcome, World(claim, partial(violated, times * delta)))
            found.append(Row("probability", f"allowed {name}, violated {times:g} times as often", play, runs, tuple(reach), quick=1))
    for law, what in ((violated, "far beyond the bound"), (tail, "in a lognormal tail")):
        for share in (0.1, 0.2):
            world = World(CLAIMS["0.1"], partial(mixed, law, 0.02, 0.3, share), True)
            play = partial(outcome, world)
            reach = (at_most(0.01, "supported"),)
            found.append(
                Row("probability, instances", f"{share:.0%} at 3 times 0.1, the others at a fifth, {what}", play, 200, reach, quick=0)
            )
    return found
