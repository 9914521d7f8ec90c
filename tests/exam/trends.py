"""Trends with one unknown constant: C sqrt(n) over a sweep, ratios that grow, profiles with a transient, short sweeps, both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from sympy import Eq, sqrt
from worlds import NOISES, PROFILES, C, Together, claim_of, n, y

from theorylab.claim import for_every_instance, grows, in_expectation, measured, unknown

from .play import World, outcome
from .row import Row, at_least, at_most

BOUND = C * sqrt(n)
STATEMENTS = {"<=": y <= BOUND, ">=": y >= BOUND, "Eq": Eq(y, BOUND)}
CROSSOVER = "linear to sqrt at 10"
TRUE = [name for name, (_, true) in PROFILES.items() if true]


def world(profile, noise: str = "", decades: float = 2.0, sizes: Sequence[int] = (), relation: str = "<=") -> World:
    """C sqrt(n) from n = 100 on, 13 sizes or those given; measured / bound is `profile` of n / 100, times the noise, or as it is."""
    along = grows("size", among=tuple(sizes)) if sizes else grows("size", 100, round(100 * 10**decades))
    where = {n: along, y: measured("cost"), C: unknown}
    if not noise:
        return World(claim_of(STATEMENTS[relation], where, holds=for_every_instance), partial(_curve, profile))
    return World(claim_of(STATEMENTS[relation], where, holds=in_expectation), Together(partial(_runs, profile, NOISES[noise])))


def slope(s: float):
    """A ratio that grows like n^s."""
    return lambda u: u**s


def over(worlds: Sequence[World], seed: int) -> Mapping[str, float]:
    """The outcome in one of several worlds, which take turns."""
    return outcome(worlds[seed % len(worlds)], seed)


def decided(one: World, seed: int) -> Mapping[str, float]:
    """The outcome, with `decided` where it is either verdict: at a slope of exactly tau both are errors."""
    found = outcome(one, seed)
    return {**found, "decided": found.get("supported", 0) + found.get("refuted", 0)}


def jittered(s: float, jitter: float) -> World:
    """Deterministic curves, one for each of 96 instances."""
    claim = claim_of(STATEMENTS["<="], {n: grows("size", 100.0, 10_000.0), y: measured("cost"), C: unknown}, holds=for_every_instance)
    return World(claim, partial(_curve, lambda u: u**s, jitter=jitter), True)


def _runs(profile, noise, rng, instance, at, count):
    u = at["n"] / 100.0
    return np.sqrt(at["n"]) * profile(u) * noise(rng, (1, count, len(u)), u)[0]


def _curve(profile, rng, instance, at, lane, jitter=0.0):
    u = at["n"] / 100.0
    return np.sqrt(at["n"]) * profile(u) * np.exp(jitter * rng.standard_normal(u.shape))


def rows() -> list[Row]:
    """True claims first, then false ones, the boundary, both sides, short sweeps, and curves without replicates."""
    return [*_true(), *_false(), *_decides(), *_boundary(), *_sides(), *_short(), *_curves()]


def _true() -> list[Row]:
    found = []
    for decades, runs in ((2.0, 4400), (3.0, 440), (4.0, 440), (1.0, 440)):
        for name in TRUE:
            # A crossover a decade into a sweep of two is the hardest transient that is still told from growth.
            most = at_most(22 / 4400 if name == CROSSOVER and decades == 2 else 0, "refuted")
            worlds = [world(PROFILES[name][0], noise, decades) for noise in NOISES]
            found.append(Row("true trends, eleven noises", f"{name}, {decades:g} decades", partial(over, worlds), runs, (most,)))
    return found


def _false() -> list[Row]:
    worlds = [world(slope(s), noise) for s in (0.2, 0.25, 0.3, 0.4, 0.5) for noise in NOISES]
    growing = Row("false trends, eleven noises", "+0.2 to +0.5", partial(over, worlds), 4000, (at_most(0, "supported"),))
    late = [world(PROFILES["1+.2 sqrt u"][0], noise) for noise in NOISES]
    return [growing, Row("false trends, eleven noises", "1+.2 sqrt u", partial(over, late), 440, (at_most(0, "supported"),))]


def _decides() -> list[Row]:
    found = []
    for noise, share, seeds in (("iid", 0.98, 40), ("traj", 0.98, 75), ("chi2", 0.97, 120)):
        reach = (at_least(share, "supported"), at_most(seeds, "seeds"), at_most(0, "refuted"))
        found.append(Row("what a trend decides", f"true, {noise}", partial(outcome, world(slope(0), noise)), 1000, reach))
    for s, noise, share in ((0.25, "iid", 0.96), (0.25, "traj", 0.95), (0.25, "slopes", 0.98), (0.5, "AR chi2", 0.94)):
        reach = (at_least(share, "refuted"), at_most(0, "supported"))
        found.append(Row("what a trend decides", f"+{s:g}, {noise}", partial(outcome, world(slope(s), noise)), 1000, reach))
    return found


def _boundary() -> list[Row]:
    worlds = {noise: world(slope(0.1), noise) for noise in ("iid", "traj", "AR chi2", "rare")}
    reach = (at_most(160 / 4000, "decided"),)
    return [Row("a slope of exactly tau", noise, partial(decided, found), 4000, reach) for noise, found in worlds.items()]


def _sides() -> list[Row]:
    found = []
    table = "trends from both sides and from below"
    for noise in ("iid", "traj"):
        for relation, name in (("Eq", "Eq"), (">=", "y >=")):
            both = relation == "Eq"
            cases = [(0.0, "supported"), (-0.25, "refuted"), (0.25, "refuted" if both else "supported"), (-0.1, "decided")]
            for s, verdict in [*cases, *([(0.1, "decided")] if both else [])]:
                reach = at_most(0.04, "decided") if verdict == "decided" else at_least(0.95, verdict)
                play = partial(decided, world(slope(s), noise, relation=relation))
                found.append(Row(table, f"{name} {s:+g}, {noise}", play, 400, (reach,)))
    return found


def _short() -> list[Row]:
    found = []
    for count, decades in ((4, 0.9), (5, 1.2), (5, 1.8)):
        sizes = [round(size) for size in np.geomspace(100, 100 * 10**decades, count)]
        for s, name, reach in (
            (0.0, "true", (at_most(0, "refuted"),)),
            (0.2, "a gap of two tau", (at_most(0, "supported"), at_most(0, "refuted"))),
        ):
            worlds = [world(slope(s), noise, sizes=sizes) for noise in NOISES]
            found.append(Row("short sweeps", f"{name}, {count} sizes, {decades:g} decades", partial(over, worlds), 1100, reach))
        worlds = [world(PROFILES[profile][0], noise, sizes=sizes) for profile in TRUE for noise in NOISES]
        name = f"true transients, {count} sizes, {decades:g} decades"
        found.append(Row("short sweeps", name, partial(over, worlds), 880, (at_most(0, "refuted"),)))
    return found


def _curves() -> list[Row]:
    found = []
    for jitter in (0.01, 0.08):
        for s, reach in ((0.0, at_least(0.95, "supported")), (0.1, at_most(0, "supported")), (0.25, at_least(0.95, "refuted"))):
            play = partial(outcome, jittered(s, jitter))
            found.append(Row("96 curves without replicates", f"{s:+g}, jitter of {jitter:.0%}", play, 30, (reach,), quick=1))
    for name, (profile, true) in PROFILES.items():
        reach = at_most(0, "refuted") if true else at_most(1, "supported")
        found.append(Row("one curve without noise", name, partial(outcome, world(profile)), 1, (reach,), quick=1))
    return found
