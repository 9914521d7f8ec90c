"""Over what a claim holds, and which verdict its author expects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import sympy

from .slip import Slip


@dataclass(frozen=True)
class Quantifier:
    """Over what a claim holds: every instance, the expectation or the probability over replicates, the average over instances."""

    name: str
    probability: Any = None


for_every_instance = Quantifier("for every instance")
in_expectation = Quantifier("in expectation, on every instance")
on_average = Quantifier("on average over the family")


def with_probability(probability: Any) -> Quantifier:
    """With at least this probability over the replicates, on every instance; the probability may use letters."""
    p = probability if isinstance(probability, (int, float, sympy.Expr)) else None
    if p is None or isinstance(p, bool) or (not getattr(p, "free_symbols", None) and not 0 < float(p) < 1):
        raise Slip(f"with_probability({probability!r}) is no probability. Write one between 0 and 1, such as 0.95.")
    return Quantifier("with probability", sympy.sympify(p))


@dataclass(frozen=True)
class Expectation:
    """The verdict that a claim's author expects; called with words, the reason for it."""

    verdict: str
    reasons: tuple[str, ...] = ()
    why: str = ""

    def __call__(self, *words: str) -> Expectation:
        """`refuted("why")`, `inconclusive("RANGE", "why")`."""
        return replace(self, reasons=tuple(words[:-1]), why=words[-1] if words else "")


supported = Expectation("supported")
refuted = Expectation("refuted")
inconclusive = Expectation("inconclusive")
