"""A probability with an unknown constant: trends of quantiles, and of hitting times that stop at a cap."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from scipy.special import ndtri
from sympy import Rational, sqrt
from worlds import NOISES, PROFILES, C, claim_of, letters, n, y

from theorylab.claim import Claim, along, fixed, grows, in_expectation, measured, unknown, with_probability
from theorylab.judgement import judge

from .play import World, outcome
from .row import Row, at_least, at_most

eps, N, K = letters("eps N K")
LEVELS = {".5": Rational(1, 2), ".9": Rational(9, 10), ".95": Rational(19, 20)}
SLOPES = {"true": 0.0, "+0.25": 0.25, "+0.5": 0.5}
TRANSIENTS = ("1-.9/sqrt u", "1-.9/u", "linear to sqrt at 3", "linear to sqrt at 10", "log-periodic")
WHERE = {n: grows("size", 100.0, 10_000.0), y: measured("cost"), C: unknown}
# Lognormal hitting times: their power of 1 / eps, the deviation of their logarithm, how many run, the share that the cap stops at the end.
POWER, SCATTER, RUNS, STOPPED = 4, 0.5, 64, 0.3
LAST = 10**-3.5
TIMES = {
    eps: along("accuracy", 0.1, LAST),
    N: measured("iterations until the exact gap is that small", up_to=K),
    C: unknown,
}


def _cauchy(rng, shape, u):
    """The exponential of a Cauchy variable has no moment at all, not even of a power."""
    return np.exp(0.2 * np.clip(rng.standard_cauchy(shape), -1e3, 1e3))


LAWS = {"lognormal": NOISES["iid"], "correlated": NOISES["traj"], "chi-square": NOISES["chi2"]}
LAWS |= {"spread from .1 to 1": NOISES["hetero"], "no mean": _cauchy}


def trends() -> dict[str, World]:
    """C sqrt(n) over two decades under each noise at each level; profiles with a transient under lognormal noise."""
    found = {}
    for level, p in LEVELS.items():
        claim = claim_of(y <= C * sqrt(n), WHERE, holds=with_probability(p))
        for name, noise in LAWS.items():
            for slope, power in SLOPES.items():
                spread = p if name.startswith("spread") else 0
                found[f"p = {level}, {name}, {slope}"] = World(claim, partial(_ratio, partial(_power, power), noise, spread))
        for name in TRANSIENTS:
            law = partial(_ratio, PROFILES[name][0], LAWS["lognormal"], 0)
            found[f"p = {level}, lognormal, {name} (true)"] = World(claim, law)
    lower = claim_of(y >= C * sqrt(n), WHERE, holds=with_probability(Rational(9, 10)))
    for name, power in {"true": 0.0, "-0.25": -0.25, "-0.5": -0.5}.items():
        found[f"y >=, p = .9, lognormal, {name}"] = World(lower, partial(_ratio, partial(_power, power), LAWS["lognormal"], 0))
    return found


def _power(power: float, u):
    return u**power


def _ratio(profile, noise, level, rng, instance, at, lane):
    u = at["n"] / 100.0
    values = noise(rng, (1, 1, len(u)), u)[0, 0]
    if level:
        # Where the spread changes, so does the quantile: the world is true for the level that is claimed.
        values = values / np.exp(np.linspace(0.1, 1.0, len(u)) * ndtri(float(level)) - np.linspace(0.1, 1.0, len(u)) ** 2 / 2)
    return np.sqrt(at["n"]) * profile(u) * values


def hitting(power: Rational | int, scatter: float = SCATTER, **more: Any) -> Claim:
    """Half of the runs are as accurate as eps after C eps^-power iterations; `more` replaces fields of the claim."""
    where = TIMES | {K: fixed("iterations after which a run gives up", cap(scatter))}
    return claim_of(N <= C * eps**-power, where, **({"holds": with_probability(Rational(1, 2))} | more))


def cap(scatter: float) -> float:
    """Where runs give up: beyond it lie 30 % of them at the last accuracy."""
    return LAST**-POWER * float(np.exp(scatter * ndtri(1 - STOPPED)))


def times(scatter: float, rng, instance, at, lane):
    """Hitting times eps^-4 with lognormal noise, infinite beyond the cap."""
    found = at["eps"] ** -float(POWER) * np.exp(scatter * rng.standard_normal(at["eps"].shape))
    return np.where(found > cap(scatter), np.inf, found)


def measurements(rng: np.random.Generator, runs: int, scatter: float = SCATTER, drop: bool = False) -> dict[str, Any]:
    """Hitting times (replicate, eps) as another program would give them, infinite where a run gave up.

    `drop` is what must not be done: a run that gave up is forgotten, and another that arrived is put in its place.
    """
    at = np.geomspace(0.1, LAST, 21)
    found = times(scatter, rng, 0, {"eps": np.broadcast_to(at, (runs, len(at)))}, None)
    if drop:
        found = np.stack([np.where(np.isinf(t), rng.choice(t[np.isfinite(t)], runs), t) for t in found.T], axis=1)
    return {"N": (("replicate", "eps"), found), "eps": at}


def elsewhere(claim: Claim, runs: int, seed: int, scatter: float = SCATTER, drop: bool = False) -> Mapping[str, float]:
    """The verdict on measurements of this many runs, at one look."""
    return {judge(claim, measurements(np.random.default_rng(seed), runs, scatter, drop)).verdict: 1}


def rows() -> list[Row]:
    """Quantiles under each noise; hitting times, run and measured elsewhere."""
    found = []
    for name, world in trends().items():
        true = "true" in name
        reach = (at_most(0.01, "refuted"),) if true else (at_least(0.97, "refuted"), at_most(0.01, "supported"))
        if name == "p = .95, no mean, +0.25":
            # The density at the quantile is a hundredth of its largest: 256 blocks leave a standard error of a fifth of the gap.
            reach = (at_most(0.01, "supported"),)
        if name.endswith(", true"):
            reach = (*reach, at_least(0.97, "supported"))
        found.append(Row("trends of a quantile", name, partial(outcome, world), 60, reach, quick=2 if "p = .5" in name else 0))
    half = Rational(7, 2)
    for power, reach in ((4, at_least(0.995, "supported")), (half, at_least(0.995, "refuted")), (3, at_least(1, "refuted"))):
        play = partial(outcome, World(hitting(power), partial(times, SCATTER)))
        found.append(Row("complexity to accuracy", f"claimed eps^-{float(power):g}", play, 200, (reach,), 1))
    wide, close = 2.0, Rational(37, 10)
    for power, reach in ((4, at_most(0.01, "refuted")), (close, at_most(0.01, "supported")), (half, at_least(0.97, "refuted"))):
        play = partial(outcome, World(hitting(power, wide), partial(times, wide)))
        found.append(Row("complexity to accuracy", f"noise of e^2, claimed eps^-{float(power):g}", play, 100, (reach,), 1))
    given: dict[str, Any] = {"simulation": None, "because": "measured elsewhere", "problems": ()}
    for power, runs, reach in (
        (4, 64, at_least(0.995, "supported")),
        (half, 64, at_most(0.0, "supported")),
        (half, 128, at_least(0.995, "refuted")),
        (3, 128, at_least(1, "refuted")),
    ):
        play = partial(elsewhere, hitting(power, **given), runs)
        found.append(Row("complexity to accuracy", f"{runs} runs made elsewhere, claimed eps^-{float(power):g}", play, 200, (reach,), 2))
    mean = hitting(close, wide, holds=in_expectation, **given)
    for title, drop, reach in (
        ("stopped runs dropped (wrong)", True, at_least(0.5, "supported")),
        ("all runs", False, at_most(0, "supported")),
    ):
        play = partial(elsewhere, mean, 1024, scatter=wide, drop=drop)
        found.append(Row("complexity to accuracy", f"a mean, claimed eps^-3.7, {title}", play, 100, (reach,), 1))
    return found
