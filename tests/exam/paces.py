"""A geometric rate that depends on another letter."""

from __future__ import annotations

from functools import partial

import numpy as np
from sympy import exp
from worlds import C, c, claim_of, k, letters, y

from theorylab.claim import along, for_every_instance, in_expectation, measured, on_average, shrinks, unknown

from .play import World, outcome
from .row import Row

alpha = letters("alpha")
SLOWEST = 12.0
PACE = 0.05
DESIGNS = {"4 values, 1 decade": (4, 1.0), "6 values, 1.2 decades": (6, 1.2), "13 values, 2 decades": (13, 2.0)}
# side, claimed power, true power, spread of instances, jitter of each value, burn-in in units of log(1 / alpha), noise, is it true
PACES: dict[str, tuple[str, int, float, float, float, float, str, bool]] = {
    "y <= : 2, truly 2": ("upper", 2, 2, 0.2, 0, 0, "", True),
    "the same, each value jitters by 5 %": ("upper", 2, 2, 0.2, 0.05, 0, "", True),
    "the same, each value jitters by 20 %": ("upper", 2, 2, 0.2, 0.2, 0, "", True),
    "the same, begins after log(1/alpha) / rate": ("upper", 2, 2, 0.2, 0, 1, "", True),
    "the same, rate (1 + 30 v alpha) alpha^2, v from 0 to 1 by instance": ("upper", 2, 2, 0.2, 0, 0, "faster", True),
    "y <= : 2, truly 1.5": ("upper", 2, 1.5, 0.2, 0, 0, "", True),
    "y <= : 0, truly 0": ("upper", 0, 0, 0.2, 0.05, 0, "", True),
    "y <= : 0, truly .25": ("upper", 0, 0.25, 0.2, 0.05, 0, "", False),
    "y <= : 0, truly .5": ("upper", 0, 0.5, 0.2, 0.05, 0, "", False),
    "y <= : 1, truly 2": ("upper", 1, 2, 0.2, 0.05, 0, "", False),
    "y >= : 2, truly 2": ("lower", 2, 2, 0.2, 0.05, 0, "", True),
    "y >= : 2, truly 1.75": ("lower", 2, 1.75, 0.2, 0.05, 0, "", False),
    "y >= : 2, truly 1.5": ("lower", 2, 1.5, 0.2, 0.05, 0, "", False),
    "y >= : 2, truly 1": ("lower", 2, 1, 0.2, 0.05, 0, "", False),
    "y >= : 2, truly 0": ("lower", 2, 0, 0.2, 0.05, 0, "", False),
    "in expectation, y <= : 2, truly 2": ("upper", 2, 2, 0.2, 0, 0, "expectation", True),
    "in expectation, 0, truly .25": ("upper", 0, 0.25, 0.2, 0, 0, "expectation", False),
    "in expectation, 0, truly .5": ("upper", 0, 0.5, 0.2, 0, 0, "expectation", False),
    "on average, y <= : 2, truly 2": ("upper", 2, 2, 0.2, 0, 0, "average", True),
    "on average, 0, truly .5": ("upper", 0, 0.5, 0.2, 0, 0, "average", False),
}


def paces(count: int, decades: float) -> dict[str, World]:
    """Claims y <= C exp(-c alpha^q k), or >=, on y = exp(-rate k) with a rate of its own for each instance, down to rounding."""
    least = 10.0**-decades
    found = {}
    for name, (side, claimed, true, spread, jitter, burn, noise, _) in PACES.items():
        bound = C * exp(-c * alpha**claimed * k)
        where = {
            k: along("steps", 1, int(SLOWEST / (PACE * least**true))),
            alpha: shrinks("step", among=tuple(np.geomspace(least, 1, count))),
            y: measured("gap"),
            C: unknown,
            c: unknown,
        }
        holds = {"expectation": in_expectation, "average": on_average}.get(noise, for_every_instance)
        law = partial(_decay, true, spread, jitter, burn, noise)
        found[name] = World(claim_of(y <= bound if side == "upper" else y >= bound, where, holds=holds), law, noise != "expectation")
    return found


def _decay(true, spread, jitter, burn, noise, rng, instance, at, lane):
    own = np.random.default_rng([lane.seed, instance])
    size, values = at["alpha"], at["alpha"][:, :1]
    # Bounded from below: the mean of unboundedly slow decays is not geometric.
    factor = 1 + 3**0.5 * spread * own.uniform(-1, 1)
    rate = PACE * factor * np.exp(jitter * own.standard_normal(values.shape)) * size**true
    rate = rate * (1 + 30 * own.random() * size) if noise == "faster" else rate
    steps = np.maximum(at["k"] - burn * np.log(1 / size) / rate, 0)
    scatter = 0.3 * rng.standard_normal(size.shape) if noise in ("expectation", "average") else 0.0
    return np.exp(scatter - rate * steps) + 1e-15


def rows() -> list[Row]:
    """Every claim under every design."""
    return [
        Row("rates over a letter", f"{name}, {design}", partial(outcome, world), 10, quick=0)
        for design, (count, decades) in DESIGNS.items()
        for name, world in paces(count, decades).items()
    ]
