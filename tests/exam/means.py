"""Explicit bounds in expectation: laws from light tails to rare events, negative values, bounds measured per run, exact nulls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from worlds import b, claim_of, k, y

from theorylab.claim import fixed, grows, measured, signed

from .play import World, counted, outcome, played
from .row import Row, at_least, at_most

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def rare(rng: np.random.Generator, shape: tuple[int, ...], one_in: int) -> np.ndarray:
    """A light tail, but one run in so many is so many times as large; the events carry half of the mean."""
    times = np.where(rng.random(shape) < 1 / one_in, float(one_in), 1.0)
    return rng.gamma(2, 0.5, shape) * times / (2 - 1 / one_in)


LIGHT: dict[str, Draw] = {
    "beta": lambda rng, shape: 3.5 * rng.beta(2, 5, shape),
    "gamma(2)": lambda rng, shape: rng.gamma(2, 0.5, shape),
    "exponential": lambda rng, shape: rng.exponential(1, shape),
}
HEAVY: dict[str, Draw] = {
    "lognormal(1)": lambda rng, shape: np.exp(rng.standard_normal(shape) - 0.5),
    "lognormal(1.5)": lambda rng, shape: np.exp(1.5 * rng.standard_normal(shape) - 1.125),
    "Pareto(1.5)": lambda rng, shape: rng.random(shape) ** (-1 / 1.5) / 3,
    "1 % of runs 100 times as large": partial(rare, one_in=100),
    "0.1 % of runs 1000 times as large": partial(rare, one_in=1000),
}
# The least ratio to the bound, at a mean of 1, of an event that the sample may not show.
EVENTS = {"1 % of runs 100 times as large": 1.0 / 0.0199, "0.1 % of runs 1000 times as large": 1.0 / 0.001999}
LAWS = LIGHT | HEAVY
MEANS = (0.5, 1.0, 1.2, 1.5, 2.0)
regret = signed("regret")
ONE = {k: fixed("level", 1.0), y: measured("quantity")}
POINT = claim_of(y <= k, ONE)
SWEEP = claim_of(y <= k, ONE | {k: grows("size", 1.0, 100.0)})
LOWER = claim_of(y >= k, ONE)
REGRET = claim_of(regret <= k, {k: fixed("level", 1.0), regret: measured("regret")})
PER_RUN = claim_of(y <= b, {k: fixed("level", 1.0), y: measured("quantity"), b: measured("its bound in this run")})


def mean(draw: Draw, of: float, rng, instance, at, lane):
    """Noise of mean one on the bound, times a constant."""
    return of * at["k"] * draw(rng, np.shape(at["k"]))


def shares(draw: Draw, share: float, rng, instance, at, lane):
    """This share of instances, drawn by the run's seed, breaks the bound threefold; the others lie far below."""
    bad = np.random.default_rng([lane.seed, 7, instance]).random() < share
    return (3.0 if bad else 0.3) * at["k"] * draw(rng, np.shape(at["k"]))


def lone(draw: Draw, others: float, rng, instance, at, lane):
    """One instance of 96, drawn by the run's seed, breaks the bound by 30 %."""
    return (1.3 if instance == lane.seed % 96 else others) * at["k"] * draw(rng, np.shape(at["k"]))


def negative(sd: float, of: float, rng, instance, at, lane):
    """A quantity that may be negative."""
    return {"regret": of + sd * rng.standard_normal()}


def per_run(sd: float, of: float, together: bool, rng, instance, at, lane):
    """A bound that differs from run to run, with a quantity that follows it or does not."""
    bound = np.exp(sd * rng.standard_normal() - sd**2 / 2)
    return {"b": bound, "y": of * (bound if together else 1.0) * np.exp(0.3 * rng.standard_normal() - 0.045)}


def resting(world: World, event: float, seed: int) -> Mapping[str, float]:
    """Whether a verdict carries the flag RARE, and a support names an unseen event no larger than the one that there is."""
    verdict = played(world, seed)
    found = counted(verdict)
    part = verdict.parts[0]
    found["refuted without RARE"] = verdict.verdict == "refuted" and "RARE" not in verdict.flags
    if found.get("supported"):
        bare, above = "RARE" not in verdict.flags, part.beyond is None or part.beyond[1] > event
        found |= {"supported without RARE": bare, "B* above the event": above}
    return found


def null(seed: int) -> Mapping[str, float]:
    """A claim whose mean is its bound exactly; the light laws take turns."""
    draw = tuple(LIGHT.values())[seed % len(LIGHT)]
    return outcome(World(POINT, partial(mean, draw, 1.0)), seed)


def rows() -> list[Row]:
    """What an explicit bound in expectation is asked."""
    one = lambda draw, of, claim=POINT: World(claim, partial(mean, draw, of))  # noqa: E731
    false, true = (at_most(0.01, "refuted"),), (at_most(0.01, "supported"),)
    found = []
    for name, draw in LAWS.items():
        for of in MEANS:
            reach = false if of <= 1 else true if name in LIGHT and of >= 1.5 else ()
            found.append(Row("explicit mean", f"{name}, mean {of:g}", partial(outcome, one(draw, of)), 400, reach, quick=of == 1))
    for name, draw in LIGHT.items():
        decides = {0.5: at_least(0.97, "supported"), 1.5: at_least(0.97, "refuted")}
        for of, reach in decides.items():
            play = partial(outcome, one(draw, of))
            found.append(Row("explicit mean, decided", f"{name}, mean {of:g}", play, 1000, (reach,), quick=4))
        found.append(Row("explicit mean, false support", f"{name}, mean 1.5", partial(outcome, one(draw, 1.5)), 4000, true, quick=0))
    found.append(Row("explicit mean, exact null", "light tails by turns", null, 40_000, (at_most(9 / 40_000, "refuted"),), quick=4))
    for name in LIGHT:
        world = World(SWEEP, partial(mean, LIGHT[name], 1.0), True)
        found.append(Row("explicit mean, exact null", f"{name}, 96 instances, 13 sizes", partial(outcome, world), 400, false, quick=0))
    for name, draw in HEAVY.items():
        for of in (0.5, 1.2, 1.5):
            play = partial(resting, one(draw, of), EVENTS.get(name, np.inf) * of)
            reach = (at_most(0, "supported without RARE"), *((at_most(0, "B* above the event"),) if name in EVENTS else ()))
            found.append(Row("explicit mean, rare events", f"{name}, mean {of:g}", play, 400, reach, quick=1))
    for share in (0.05, 0.1, 0.2):
        for name, draw in {"gamma(2)": LIGHT["gamma(2)"], "lognormal(1)": HEAVY["lognormal(1)"]}.items():
            reach = (at_most(0.01, "supported"), *((at_least(0.9, "refuted"),) if share == 0.1 else ()))
            play = partial(outcome, World(POINT, partial(shares, draw, share), True))
            found.append(Row("instances", f"{share:.0%} at 3, the others at 0.3, {name}", play, 1000, reach, quick=1))
    for others in (0.3, 0.9, 1.0):
        for claim, sizes in ((POINT, "one size"), (SWEEP, "13 sizes")):
            play = partial(outcome, World(claim, partial(lone, LIGHT["gamma(2)"], others), True))
            found.append(Row("instances", f"one of 96 at 1.3, the others at {others:g}, gamma(2), {sizes}", play, 200, quick=0))
    for sd in (0.5, 1.0, 2.0, 4.0):
        for of, reach in ((0.5, false), (1.0, false), (1.5, true)):
            play = partial(outcome, World(REGRET, partial(negative, sd, of)))
            found.append(Row("negative quantity", f"mean {of:g}, deviation {sd:g}", play, 1000, reach, quick=1))
    for sd in (0.5, 1.0):
        for of, reach in ((0.9, false), (1.5, true)):
            for together in (True, False):
                which = "follows its bound" if together else "is independent of its bound"
                play = partial(outcome, World(PER_RUN, partial(per_run, sd, of, together)))
                found.append(Row("bound measured per run", f"lognormal({sd:g}), {of:g} of it, {which}", play, 1000, reach, quick=1))
    for name, draw in LAWS.items():
        for of in (0.5, 1.0, 2.0):
            reach = false if of >= 1 and name in LIGHT else (at_most(0, "refuted without RARE"),)
            play = partial(resting, one(draw, of, LOWER), np.inf)
            found.append(Row("lower bound of a mean", f"{name}, mean {of:g}", play, 400, reach, quick=0))
    return found
