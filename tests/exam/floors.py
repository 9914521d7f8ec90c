"""Quantities that come down to a floor: of rounding, of a constant step, of the mean's own error; true claims and false ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
from sympy import Rational, exp
from worlds import C, Worlds, c, claim_of, k, letters, n, verified, y

from theorylab.claim import Claim, along, for_every_instance, grows, in_expectation, measured, signed, unknown
from theorylab.verdict.floors import AT_THE_FLOOR
from theorylab.verdict.slopes import LOST

from .row import Row, at_least, at_most

C_1, C_2 = letters("C_1 C_2")
bias = signed("bias")
RUN = {k: along("steps", 1, 1000), y: measured("gap"), C: unknown, c: unknown, C_1: unknown, C_2: unknown}
SWEEP = {n: grows("size", 10.0, 1e5), bias: measured("bias"), C: unknown}
PACE = 0.05
BIAS = 2.0
# What float32's precision is of float64's, for a quantity that rounding moves in proportion.
WIDER = float(np.finfo(np.float32).eps / np.finfo(np.float64).eps)


class Floor(NamedTuple):
    """A claim with the law of what is measured."""

    claim: Claim
    law: Callable


def decay(shape: Callable, floor: float, noise: float, rng, instance, at, lane):
    """A decay to a floor; both terms scatter, each by itself. Near the solution the floor alone is left."""
    first = 0.0 if lane.near else shape(at["k"])
    scatter = np.exp(noise * rng.standard_normal((2, *at["k"].shape)) - noise**2 / 2)
    return first * scatter[0] + floor * scatter[1]


def rounded(shape: Callable, floor: float, noise: float, rng, instance, at, lane):
    """The same to a floor of rounding, which is higher in float32."""
    return decay(shape, floor * (WIDER if lane.single else 1.0), noise, rng, instance, at, lane)


def mean(power: float, offset: float, common: bool, rng, instance, at, lane):
    """Draws of deviation one, of each size or of all at once, whose mean is a power of n and a constant."""
    return BIAS * at["n"] ** -power + offset + rng.standard_normal(None if common else at["n"].shape)


def geometric(steps):
    return np.exp(-PACE * steps)


def stretched(steps):
    return np.exp(-np.sqrt(0.5 * steps))


def outcome(world: Floor, seed: int) -> Mapping[str, float]:
    """What one run counts: its verdict, and whether the floor was said."""
    result = verified(world.claim, Worlds({"truth:kernel": world.law}, random=False, solution=True), seed=seed)
    if result.fault or result.verdict is None:
        raise RuntimeError(result.fault or result.note)
    found = "supported" if result.verdict.reasons == ("CONTROL",) else result.verdict.verdict
    return {found: 1, "floor said": AT_THE_FLOOR in result.verdict.flags, "lost in noise": LOST in result.verdict.flags}


def worlds() -> dict[str, tuple[Floor, tuple, int]]:
    """Each world with what it must reach and how many runs the exam takes."""
    each = claim_of(y <= C * exp(-c * k), RUN, holds=for_every_instance)
    rate = claim_of(y <= C * exp(-c * k), RUN, holds=in_expectation)
    known = claim_of(y <= C * exp(-Rational(1, 20) * k), RUN, holds=in_expectation)
    terms = claim_of(y <= C_1 * exp(-Rational(1, 20) * k) + C_2, RUN, holds=in_expectation)
    explicit = claim_of(y <= 3 * exp(-Rational(1, 20) * k), RUN, holds=in_expectation)
    small = claim_of(bias <= C / n, SWEEP, holds=in_expectation)
    never, said = at_most(0.0, "supported"), at_least(0.95, "floor said")
    return {
        "rounding at 1e-13, geometric (true)": (Floor(each, partial(rounded, geometric, 1e-13, 0.0)), (at_least(0.95, "supported"),), 1),
        "rounding at 1e-13, exp(-sqrt k) (false)": (Floor(each, partial(rounded, stretched, 1e-13, 0.0)), (never,), 1),
        "rounding at 1e-13, noise .3, geometric (true)": (
            Floor(rate, partial(rounded, geometric, 1e-13, 0.3)),
            (at_least(0.9, "supported"), at_most(0.01, "refuted")),
            100,
        ),
        "rounding at 1e-10, noise .3, geometric (true)": (
            Floor(rate, partial(rounded, geometric, 1e-10, 0.3)),
            (at_least(0.9, "supported"), at_most(0.01, "refuted")),
            100,
        ),
        "constant step at 1e-10, unknown rate (false)": (Floor(rate, partial(decay, geometric, 1e-10, 0.3)), (never, said), 100),
        "constant step at 1e-10, known rate (false)": (Floor(known, partial(decay, geometric, 1e-10, 0.3)), (never, said), 100),
        "constant step at 1e-3, unknown rate (false)": (Floor(rate, partial(decay, geometric, 1e-3, 0.3)), (never, said), 100),
        "constant step at 1e-3, known rate (false)": (Floor(known, partial(decay, geometric, 1e-3, 0.3)), (never, said), 100),
        "constant step at 1e-3, explicit (false)": (Floor(explicit, partial(decay, geometric, 1e-3, 0.3)), (never, said), 100),
        "constant step at 1e-3, with a term for it (true)": (
            Floor(terms, partial(decay, geometric, 1e-3, 0.3)),
            (at_most(0.01, "refuted"),),
            100,
        ),
        "bias 2/n below the mean's error (true)": (Floor(small, partial(mean, 1.0, 0.0, False)), (at_most(0.01, "refuted"),), 200),
        "the same, one draw for all sizes (true)": (Floor(small, partial(mean, 1.0, 0.0, True)), (at_most(0.01, "refuted"),), 200),
        "bias 2/n + 1 (false)": (Floor(small, partial(mean, 1.0, 1.0, False)), (never,), 200),
        "bias 0.1 throughout (false)": (Floor(small, partial(mean, 20.0, 0.1, False)), (never,), 100),
    }


def rows() -> list[Row]:
    """Every floor."""
    return [Row("floors", name, partial(outcome, world), runs, reach, quick=1) for name, (world, reach, runs) in worlds().items()]
