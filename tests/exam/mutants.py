"""Catalogues of a hundred claims: how many true ones are refuted in any, and how often data that break a bound are caught."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial

import numpy as np
from sympy import sqrt
from worlds import NOISES, PROFILES, C, Worlds, b, claim_of, n, verified, y

from theorylab.claim import fixed, grows, in_expectation, measured, unknown

from .row import Row, at_least, at_most

TREND = claim_of(y <= C * sqrt(n), {n: grows("size", 100.0, 10_000.0), y: measured("cost"), C: unknown}, holds=in_expectation)
# Its quantity may fall below zero, so that Student's limit refutes, with no room between the truth and the edge of a refutation.
NULL = claim_of(y <= b, {b: fixed("bound", 1.0), y: measured("quantity")}, holds=in_expectation)
# What a catalogue of trends holds: how many of each, the ratio to the bound, and whether it is true.
MIXED = {
    "tight": (60, "tight"),
    "loose": (20, "loose"),
    "transient": (10, "linear to sqrt at 10"),
    "+0.25": (5, "+.25"),
    "+0.5": (5, "+.5"),
}
EFFECT = 0.25


def mixed(tenth: int, seed: int) -> Mapping[str, float]:
    """One catalogue of trends, or a `tenth` part of it: shares of verdicts by kind of claim, and whether any was false."""
    found: dict[str, Counter[str]] = {}
    for kind, (count, profile) in MIXED.items():
        law, true = partial(_cost, PROFILES[profile][0]), PROFILES[profile][1]
        for number in range(max(count // tenth, 1)):
            verdict = _verdict(TREND, law, 1000 * seed + number)
            found.setdefault(kind, Counter()).update({verdict: 1, "wrong": verdict == ("refuted" if true else "supported")})
    share = lambda kind, verdict: found[kind][verdict] / max(MIXED[kind][0] // tenth, 1)  # noqa: E731
    return {
        "a true claim refuted": any(found[kind]["wrong"] for kind in ("tight", "loose", "transient")),
        "a false claim supported": any(found[kind]["wrong"] for kind in ("+0.25", "+0.5")),
        "tight ones supported": share("tight", "supported"),
        "loose ones supported": share("loose", "supported"),
        "gaps of 0.25 refuted": share("+0.25", "refuted"),
        "gaps of 0.5 refuted": share("+0.5", "refuted"),
    }


def exact(nulls: int, effects: int, shared: int, seed: int) -> Mapping[str, float]:
    """One catalogue of means exactly at their bounds, and of means a quarter of a standard deviation beyond."""
    refuted = [_verdict(NULL, partial(_mean, 0.0), 1000 * seed + number, shared) == "refuted" for number in range(nulls)]
    seen = [_verdict(NULL, partial(_mean, EFFECT), 1000 * seed + 500 + number, shared) == "refuted" for number in range(effects)]
    return {"a true claim refuted": any(refuted), "true claims refuted": float(np.mean(refuted)), "effects refuted": float(np.mean(seen))}


def _verdict(claim, law, seed: int, shared: int = 100) -> str:
    result = verified(claim, Worlds({"truth:kernel": law}, random=False), seed=seed, shared=shared)
    if result.fault or result.verdict is None:
        raise RuntimeError(result.fault or result.note)
    named = "the claim names no broken algorithm"
    return "supported" if result.verdict.detail.startswith(named) else result.verdict.verdict


def _cost(profile, rng, instance, at, lane):
    u = at["n"] / 100.0
    return np.sqrt(at["n"]) * profile(u) * NOISES["iid"](rng, (1, 1, len(u)), u)[0, 0]


def _mean(beyond, rng, instance, at, lane):
    return 1.0 + beyond + rng.standard_normal()


def rows() -> list[Row]:
    """Forty catalogues of trends, and catalogues of exact nulls; the tests take a part of one."""
    trends = (
        at_most(0.0, "a true claim refuted"),
        at_most(0.0, "a false claim supported"),
        at_least(0.99, "tight ones supported"),
        at_least(0.975, "gaps of 0.25 refuted"),
        at_least(0.99, "gaps of 0.5 refuted"),
    )
    nulls = (at_most(0.012 + 3 * np.sqrt(0.012 / 200), "a true claim refuted"), at_least(0.8, "effects refuted"))
    return [
        Row("suites", "100 trends: 60 tight, 20 loose, 10 transient, 10 false", partial(mixed, 1), 40, trends, quick=0),
        Row(
            "suites", "95 means exactly at their bounds, 5 a quarter of a deviation beyond", partial(exact, 95, 5, 100), 200, nulls, quick=0
        ),
        Row("suites", "a tenth of the trends", partial(mixed, 10), 40, trends[:2], quick=1),
    ]
