"""A lower bound over several algorithms: that none beats it says little where none comes near it."""

from __future__ import annotations

from dataclasses import replace

from .judge import Verdict
from .parts import LOOSE, Part

FAR = "no algorithm of the portfolio comes near the bound: this check could not fail"


def attained(verdict: Verdict) -> Verdict:
    """The verdict, where a support needs an algorithm that attains the bound on one of the families; else COVERAGE."""
    if verdict.verdict != "supported" or any(_near(part) for part in verdict.parts):
        return verdict
    return replace(verdict, verdict="inconclusive", reasons=("COVERAGE",), detail=FAR)


def _near(part: Part) -> bool:
    """Whether the quantity grows as its bound does, to within tau; against an explicit bound, whether it comes within a factor of ten."""
    if part.trends:
        return all(abs(trend["slope"]) <= trend["threshold"] for trend in part.trends.values())
    if part.tightness is not None:
        return part.tightness >= LOOSE
    return bool(part.worst) and 0 < part.worst["ratio"] <= 1 / LOOSE
