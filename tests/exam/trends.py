"""Trends with one unknown constant: C sqrt(n) over a sweep, ratios that grow, and profiles with a transient."""

from __future__ import annotations

from functools import partial

import numpy as np
from sympy import sqrt
from worlds import NOISES, PROFILES, C, claim_of, n, y

from theorylab.claim import for_every_instance, grows, in_expectation, measured, unknown

from .play import World, outcome
from .row import Row

SLOPES = {"true": 0.0, "exactly at tau": 0.1, "+0.25": 0.25, "+0.5": 0.5}


def trends() -> dict[str, dict[str, World]]:
    """C sqrt(n) over two decades: ratios that grow, under each noise; and profiles with a transient, one deterministic curve."""
    where = {n: grows("size", 100.0, 10_000.0), y: measured("cost"), C: unknown}
    claim = {holds: claim_of(y <= C * sqrt(n), where, holds=holds) for holds in (in_expectation, for_every_instance)}
    found: dict[str, dict[str, World]] = {}
    for name in ("iid", "traj", "chi2", "AR chi2", "rare", "diverging"):
        law = lambda slope, name=name: partial(_ratio, lambda u: u**slope, NOISES[name], 0.0)  # noqa: E731
        found[name] = {column: World(claim[in_expectation], law(slope)) for column, slope in SLOPES.items()}
    for jitter in (0.01, 0.08):
        law = lambda slope, jitter=jitter: partial(_ratio, lambda u: u**slope, None, jitter)  # noqa: E731
        found[f"96 curves that jitter by {jitter:.0%}"] = {
            column: World(claim[for_every_instance], law(slope), True) for column, slope in SLOPES.items()
        }
    return found


def profiles() -> dict[str, dict[str, World]]:
    """The profiles of worlds.py as one curve without noise, and under noise."""
    where = {n: grows("size", 100.0, 10_000.0), y: measured("cost"), C: unknown}
    claim = {holds: claim_of(y <= C * sqrt(n), where, holds=holds) for holds in (in_expectation, for_every_instance)}
    return {
        name: {
            "no noise": World(claim[for_every_instance], partial(_ratio, profile, None, 0.0)),
            "independent lognormal": World(claim[in_expectation], partial(_ratio, profile, NOISES["iid"], 0.0)),
        }
        for name, (profile, _) in PROFILES.items()
    }


def _ratio(profile, noise, jitter, rng, instance, at, lane):
    u = at["n"] / 100.0
    scatter = np.exp(jitter * rng.standard_normal(u.shape)) if noise is None else noise(rng, (1, 1, len(u)), u)[0, 0]
    return np.sqrt(at["n"]) * profile(u) * scatter


def rows() -> list[Row]:
    """Every noise at every slope, and every profile with and without noise."""
    tables = {"trends": trends(), "profiles of a trend": profiles()}
    return [
        Row(table, f"{name}, {column}", partial(outcome, world), 1 if column == "no noise" else 30, quick=0)
        for table, worlds in tables.items()
        for name, columns in worlds.items()
        for column, world in columns.items()
    ]
