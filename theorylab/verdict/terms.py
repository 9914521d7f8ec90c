"""Sums of terms with an unknown constant each: the ratio to the fitted bound does not grow, anywhere and where each term rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtr

from ..bound import evaluate
from ..cells import Cells
from ..claim import Claim
from ..kind import in_exponent
from .axes import DECADE, Axis, lines, scatter, sign_of
from .gradient import bent, halves, partial, spans
from .intervals import limits, pseudo_values, student
from .parts import Part, Rule
from .slopes import Outcome, Unit, part_of, sides

RULES = 0.6
PURE = 0.8
HALVES = 4
ROWS = 7
ROUNDS = 100
SETTLED = 1e-9


class Regime(NamedTuple):
    """The cells `here` of a unit (positions into its kept ones) where the term of one constant rules; all of them for no constant.

    `pure` are those where hardly anything else shows, `here` itself where they are too few. `places` (q, J) are the unit's coordinates
    on every axis, each rising in the direction of the claim.
    """

    constant: str
    here: np.ndarray
    pure: np.ndarray
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
            axes = [_axis(cells, unit, regime, name, q)._replace(lengthens=claim.role(name).lengthens) for q, name in enumerate(names)]
            slopes += [Slope(axis, regime, q, terms) for q, axis in enumerate(axes)]
        if not slopes:
            return
        seen.extend(slopes)
        functionals = np.concatenate([slope.axis.weights for slope in slopes])
        pseudo = pseudo_values(lambda weights: _log_ratio(_terms(cells, unit, weights), constants) @ functionals.T, unit.replicates)
        ratio = _log_ratio(terms[None], constants)[0]
        for n, slope in enumerate(slopes):
            jitter = scatter(slope.axis, ratio, unit.among)
            values = pseudo[:, ROWS * n : ROWS * (n + 1)]
            rows = [0, 1, 2, 5, 6] if _mixed(values, jitter) else [0, 1, 2, 3, 4]
            yield from sides(cells, rule, slope.axis, values[:, rows], rule.tau, unit.instance, parts * len(slopes), jitter[rows])

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


def _fit(terms: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
    """Non-negative constants (T,) by least squares of errors relative to the fit, from the terms over the quantity (T, J).

    Relative to the quantity, the few cells with the least of it would decide, which an upper bound need not follow.
    """
    from scipy.optimize import nnls  # loading it takes as long as the rest of the judge

    size = terms.max(1)
    scaled = terms / size[:, None]
    constants = nnls(scaled.T, np.ones(terms.shape[1]))[0] if start is None else start * size
    for _ in range(ROUNDS):
        weights = 1 / np.maximum(constants @ scaled, 1e-300)
        before, constants = constants, nnls((scaled * weights).T, weights)[0]
        if np.abs(constants - before).max() <= SETTLED * constants.max():
            break
    return constants / size


def _log_ratio(terms: np.ndarray, start: np.ndarray) -> np.ndarray:
    """log(quantity / fitted bound) (n, J), fitted in each row."""
    return -np.log(np.stack([_fit(row, start) @ row for row in terms]))


def _mixed(pseudo: np.ndarray, jitter: np.ndarray) -> bool:
    """Whether the slope changes from where a term rules to where it is alone, as it does for the larger of two terms."""
    change = limits(pseudo[:, [5]] - pseudo[:, [3]], 1 - float(ndtr(2)))
    error = student(1 - float(ndtr(2)), len(pseudo)) * change.error[0] if len(pseudo) > 1 else 2 * np.hypot(jitter[3], jitter[5])
    return bool(abs(change.estimate[0]) > error)


def _regimes(claim: Claim, cells: Cells, unit: Unit, shares: np.ndarray, names: list[str]) -> Iterator[Regime]:
    """All cells, and those of each term that rules enough of them to tell its gradient from its constant."""
    everywhere = np.arange(len(unit.kept))
    yield Regime("", everywhere, everywhere, np.stack([_place(claim, cells, unit, name) for name in names]))
    for (constant, term), share in zip(cells.kind.terms, shares / shares.sum(0), strict=True):
        places = np.stack([_place(claim, cells, unit, name, term) for name in names])
        here, pure = (np.flatnonzero(share >= least) for least in (RULES, PURE))
        if spans(places[:, here]):
            yield Regime(constant.name, here, pure if spans(places[:, pure]) else here, places)


def _place(claim: Claim, cells: Cells, unit: Unit, name: str, term: Any = None) -> np.ndarray:
    """The unit's coordinate (J,) on an axis: the letter's logarithm, or the decay of a term that is geometric in it."""
    if term is not None and in_exponent(term, claim.letter(name)):
        means = {symbol: values.mean(0) for symbol, values in unit.letters.items()}
        return -np.broadcast_to(evaluate(term, means).log, len(unit.kept))
    return sign_of(claim.role(name)) * np.log(np.maximum(cells.axes[name][unit.kept], 1e-300))


def _axis(cells: Cells, unit: Unit, regime: Regime, name: str, q: int) -> Axis:
    """The gradient along one axis: over the regime and its halves; then slope and drift of the regime, and of its pure cells."""
    here = regime.here
    x = regime.places[q]
    whole, (lower, upper, split) = partial(regime.places, here, q), halves(regime.places, here, q)
    pure, (early, late, _) = partial(regime.places, regime.pure, q), halves(regime.places, regime.pure, q)
    scattered = name in cells.together
    found = [here] if scattered else [here[line] for line in lines(cells, unit.kept[here], name)]
    shown = f"{name}, {regime.constant}" if regime.constant else name
    # Without halves there is no telling a transient: too few sizes to refute.
    sizes = len(here) if split else min(len(here), HALVES)
    columns = bent(regime.places) if scattered else None
    weights = np.stack([lower, upper, whole, whole, upper - lower, pure, late - early])
    return Axis(shown, weights, float(np.ptp(x[here])) / DECADE, sizes, False, x=x, found=tuple(found), columns=columns)


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
