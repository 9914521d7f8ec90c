"""Sums of terms with an unknown constant each: the ratio to the fitted bound does not grow, anywhere and where each term rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..bound import evaluate
from ..cells import Cells
from ..claim import Claim
from ..kind import in_exponent
from .axes import DECADE, Axis, lines, scatter, sign_of
from .intervals import pseudo_values
from .parts import Part, Rule
from .slopes import Outcome, Unit, part_of, sides

RULES = 0.6
SPARE = 3
HALVES = 4
ROWS = 5


class Regime(NamedTuple):
    """The cells `here` of a unit (positions into its kept ones) where the term of one constant rules; all of them for no constant.

    `places` (q, J) are the unit's coordinates on every axis, each rising in the direction of the claim.
    """

    constant: str
    here: np.ndarray
    places: np.ndarray


class Slope(NamedTuple):
    """One axis of one regime of one unit, with the unit's terms over its quantity (T, J)."""

    axis: Axis
    regime: Regime
    q: int
    terms: np.ndarray


def judge_terms(claim: Claim, cells: Cells, rule: Rule) -> Part:
    """The gradient of log(quantity / fitted bound) against tau, over all cells and over those that each term rules.

    Every unit has constants of its own, fitted in each replicate anew. The constants of the theorem are one for all, so a refutation
    must also outgrow those that its whole family needs in the first half of the axis.
    """
    names = [name for name in cells.axes if len(np.unique(cells.axes[name])) > 1]
    seen: list[Slope] = []
    fitted: dict[int, np.ndarray] = {}
    ruled: dict[str, int] = {constant.name: 0 for constant, _ in cells.kind.terms}

    def outcomes(unit: Unit, parts: int) -> Iterator[Outcome]:
        equal = np.full((1, unit.replicates), 1 / unit.replicates)
        terms = _terms(cells, unit, equal)[0]
        constants = _fit(terms)
        fitted.setdefault(unit.instance, constants)
        slopes = []
        for regime in _regimes(claim, cells, unit, constants[:, None] * terms, names):
            if regime.constant:
                ruled[regime.constant] = max(ruled[regime.constant], len(regime.here))
            slopes += [Slope(_axis(cells, unit, regime, name, q), regime, q, terms) for q, name in enumerate(names)]
        if not slopes:
            return
        seen.extend(slopes)
        rows = np.concatenate([slope.axis.weights for slope in slopes])
        pseudo = pseudo_values(lambda weights: _log_ratio(_terms(cells, unit, weights)) @ rows.T, unit.replicates)
        ratio = _log_ratio(terms[None])[0]
        for n, slope in enumerate(slopes):
            jitter = scatter(slope.axis, ratio, unit.among)
            values = pseudo[:, ROWS * n : ROWS * (n + 1)]
            yield from sides(cells, rule, slope.axis, values, rule.tau, unit.instance, parts * len(slopes), jitter)

    def outgrows(outcome: Outcome) -> bool:
        return _outgrows(cells, seen, next(s for s in seen if s.axis is outcome.axis), outcome.threshold)

    part = part_of(claim, cells, rule, outcomes, lambda units, outcome: outgrows(outcome))
    constants = fitted.get(cells.instances.index(part.worst["instance"]) if part.worst else 0, np.zeros(len(ruled)))
    shown = {name: {"constant": float(c), "cells": count} for (name, count), c in zip(ruled.items(), constants, strict=True)}
    # A regime is shorter than its sweep by its nature; what is told is where the sweep itself is short.
    short = any(slope.axis.short for slope in seen if not slope.regime.constant)
    flags = [flag for flag in part.flags if flag != "short range" or short]
    return replace(part, terms=shown, flags=(*flags, *(f"{name} untested" for name, count in ruled.items() if not count)))


def _terms(cells: Cells, unit: Unit, weights: np.ndarray) -> np.ndarray:
    """Every term without its constant over the mean quantity (n, T, J)."""
    letters = {symbol: weights @ values for symbol, values in unit.letters.items()}
    level = unit.level(weights) + evaluate(cells.kind.scale, letters).log
    return np.exp(np.stack([evaluate(term, letters).log - level for _, term in cells.kind.terms], 1))


def _fit(terms: np.ndarray) -> np.ndarray:
    """Non-negative constants (T,) with which the terms over the quantity (T, J) sum to one as nearly as possible."""
    from scipy.optimize import nnls  # loading it takes as long as the rest of the judge

    size = terms.max(1)
    return nnls((terms / size[:, None]).T, np.ones(terms.shape[1]))[0] / size


def _log_ratio(terms: np.ndarray) -> np.ndarray:
    """log(quantity / fitted bound) (n, J), fitted in each row."""
    return -np.log(np.stack([_fit(row) @ row for row in terms]))


def _regimes(claim: Claim, cells: Cells, unit: Unit, shares: np.ndarray, names: list[str]) -> Iterator[Regime]:
    """All cells, and those of each term that rules enough of them to tell its gradient from its constant."""
    whole = shares / shares.sum(0)
    yield _regime(claim, cells, unit, "", cells.kind.bound, np.arange(len(unit.kept)), names)
    for (constant, term), share in zip(cells.kind.terms, whole, strict=True):
        regime = _regime(claim, cells, unit, constant.name, term, np.flatnonzero(share >= RULES), names)
        places = regime.places[:, regime.here]
        if len(regime.here) >= len(names) + SPARE and np.linalg.matrix_rank(_design(places)) == len(names) + 1:
            yield regime


def _regime(claim: Claim, cells: Cells, unit: Unit, constant: str, term: Any, here: np.ndarray, names: list[str]) -> Regime:
    places = []
    for name in names:
        letter = claim.letter(name)
        if constant and in_exponent(term, letter):
            means = {symbol: values.mean(0) for symbol, values in unit.letters.items()}
            places.append(-np.broadcast_to(evaluate(term, means).log, len(unit.kept)))
        else:
            places.append(sign_of(claim.role(name)) * np.log(np.maximum(cells.axes[name][unit.kept], 1e-300)))
    return Regime(constant, here, np.stack(places))


def _design(places: np.ndarray) -> np.ndarray:
    """One column of ones and one per coordinate (q, J), centred and of unit size."""
    centred = places - places.mean(1, keepdims=True)
    return np.vstack([np.ones(places.shape[1]), centred / np.maximum(np.abs(centred).max(1, keepdims=True), 1e-300)]).T


def _axis(cells: Cells, unit: Unit, regime: Regime, name: str, q: int) -> Axis:
    """The gradient along one axis: over the regime, over its halves, and the drift from one to the other."""
    x = regime.places[q]
    here = regime.here
    middle = (x[here].max() + x[here].min()) / 2
    halves = [here[x[here] <= middle + 1e-12], here[x[here] >= middle - 1e-12]]
    whole = _partial(regime.places, here, q)
    split = all(len(np.unique(x[half])) > 1 and len(half) > len(regime.places) for half in halves)
    lower, upper = (_partial(regime.places, half, q) if split else whole for half in halves)
    found = [here[line] for line in lines(cells, unit.kept[here], name)]
    shown = f"{name}, {regime.constant}" if regime.constant else name
    # Without halves there is no telling a transient: too few sizes to refute.
    sizes = len(here) if split else min(len(here), HALVES)
    weights = np.stack([lower, upper, whole, whole, upper - lower])
    return Axis(shown, weights, float(np.ptp(x[here])) / DECADE, sizes, False, x=x, found=tuple(found))


def _partial(places: np.ndarray, here: np.ndarray, q: int) -> np.ndarray:
    """(J,): the weights of one partial slope of a linear fit on some cells."""
    centred = places[:, here] - places[:, here].mean(1, keepdims=True)
    weights = np.zeros(places.shape[1])
    weights[here] = np.linalg.pinv(np.vstack([np.ones(len(here)), centred]).T)[1 + q]
    return weights


def _outgrows(cells: Cells, seen: list[Slope], slope: Slope, threshold: float) -> bool:
    """Whether the unit ends above the smallest bound that holds for all units in the first half, by the slope that is at stake."""
    here, x = slope.regime.here, slope.axis.x
    middle = (x[here].max() + x[here].min()) / 2
    reach = threshold * float(np.ptp(x[here])) / 2
    rivals = [s for s in seen if (s.regime.constant, s.q) == (slope.regime.constant, slope.q)]
    for sign in {"upper": (1,), "lower": (-1,), "two": (1, -1)}[cells.kind.side]:
        early = np.concatenate([s.terms[:, s.axis.x <= middle + 1e-12] for s in rivals], 1)
        late = _enough(early, sign) @ slope.terms[:, here]
        if (-sign * np.log(late)).max() > reach:
            return True
    return False


def _enough(terms: np.ndarray, sign: int) -> np.ndarray:
    """The constants of the tightest bound over these cells (T, J): the least that is above the quantity, or the greatest below."""
    from scipy.optimize import linprog

    size = terms.max(1)
    scaled = terms / size[:, None]
    found = linprog(sign * scaled.mean(1), A_ub=-sign * scaled.T, b_ub=-sign * np.ones(terms.shape[1]))
    return (found.x if found.success else np.full(len(size), np.nan)) / size
