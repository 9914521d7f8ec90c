"""Bounds without unknown constants, in expectation: instance by instance, never pooled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from ..bound import evaluate
from ..cells import RELATIVE, Cells
from .intervals import LAMBDAS, bet_within_reach, bets_again, betting, enough, in_errors, limits, pseudo_values, student
from .parts import Part, Rule, describe_mean, flags_of, obstacles, told

SUPPORT_FROM = 64
MIXTURE = float(np.log(len(LAMBDAS) / 2))


class Unit(NamedTuple):
    """What one instance says: of its refutation at the cell that other seeds chose, and of its support at every cell."""

    refuted: bool
    supported: bool
    enough: bool
    ratio: float
    low: float
    high: float
    detectable: float
    margin: float
    cell: int
    again: float


def in_expectation(cells: Cells, search: Cells, rule: Rule) -> Part:
    """E quantity <= bound, instance by instance: bets refute at the cell that other seeds chose, Student's limit supports every cell."""
    reasons = obstacles(cells)
    kept = _countable(cells)
    units = [i for i in range(len(kept)) if len(kept[i])]
    if not units:
        return Part(cells.family, "inconclusive", tuple(reasons or ["COVERAGE"]))
    found = [_one_mean(cells, search, i, kept[i], rule, len(units) * rule.families) for i in units]
    m = cells.quantity.shape[1]
    diverged = cells.diverged.any((1, 2))
    refuted = diverged.any() or any(u.refuted for u in found)
    if not all(u.enough for u in found):
        reasons.append("RARE")
    supported = all(u.supported for u in found) and m >= SUPPORT_FROM and not reasons and not refuted
    which = int(diverged.argmax()) if diverged.any() else max(range(len(found)), key=lambda n: (found[n].refuted, found[n].high))
    i, worst = (which, found[0]) if diverged.any() else (units[which], found[which])
    tightness = _mean_tightness(cells, units, kept)
    q = float(np.log(1 / rule.alpha) / m)
    verdict = "refuted" if refuted else "supported" if supported else "inconclusive"
    return Part(
        cells.family,
        verdict,
        told(verdict, reasons or ["NOISE"]),
        tuple(flags_of(cells, tightness)),
        tightness=tightness,
        worst=describe_mean(cells, i, worst.cell) | {"ratio": np.inf if diverged.any() else worst.ratio},
        detectable=worst.detectable,
        interval=(worst.low, worst.high),
        instances=len(units),
        replicates=m,
        margin=min(u.margin for u in found),
        again=np.inf if diverged.any() else max((u.again for u in found if u.refuted), default=None),
        beyond=(q, (1 - worst.high) / q),
    )


def nearness(cells: Cells) -> np.ndarray:
    """How near each instance comes to its bound on average (I,), to choose which to test on other seeds."""
    scores = np.full(len(cells.keep), -np.inf)
    if not cells.averages:
        over = np.where(cells.keep[:, None, :], np.nan_to_num(cells.excess(), nan=-np.inf), -np.inf)
        return (over > RELATIVE).mean(1).max(1) + 1e-3 * np.tanh(np.median(over, axis=1).max(1))
    for i, kept in enumerate(_countable(cells)):
        if len(kept):
            scores[i] = _bad(cells, _mean_ratios(cells, i, kept)).mean(0).max()
    scores[cells.diverged.any((1, 2))] = np.inf
    return scores


def _one_mean(cells: Cells, search: Cells, i: int, kept: np.ndarray, rule: Rule, parts: int) -> Unit:
    values = _mean_ratios(cells, i, kept)
    m = len(values)
    earlier = _bad(search, _mean_ratios(search, search.instances.index(cells.instances[i]), kept)).mean(0)
    chosen = int(np.argmax(np.nan_to_num(earlier, nan=-np.inf)))
    support, tested = limits(values, rule.alpha), limits(values[:, [chosen]], rule.alpha / parts)
    grown = np.sqrt(m / max(rule.cap or m, m))
    y, letters = cells.at(i)
    carried = enough(y[:, kept]) and all(enough(v[:, kept]) for v in letters.values() if v.shape[0] > 1)
    if cells.kind.side == "two":
        # An equality in expectation can only be supported up to a margin; tau is that margin.
        top = int(np.argmax(np.maximum(support.high - 1, 1 - support.low)))
        supported = bool((support.high <= 1 + rule.tau).all() and (support.low >= 1 - rule.tau).all())
        refuted = bool(tested.low[0] > 1 or tested.high[0] < 1) and carried
        distance = rule.tau - abs(support.estimate[top] - 1)
    else:
        top = int(np.argmax(support.high))
        supported = bool((support.high <= 1).all())
        refuted = bool(tested.low[0] > 1) and carried
        distance = 1 - support.estimate[top]
    again = in_errors(max(tested.estimate[0] - 1, 1 - tested.estimate[0] if cells.kind.side == "two" else -np.inf), tested.error[0] * grown)
    detectable = 1 + (student(rule.alpha / parts, m) + float(ndtri(0.9))) * tested.error[0]
    if _bets(cells, values[:, chosen]):
        bets = np.maximum(values[:, chosen], 0.0)
        needed = float(np.log(parts / rule.total))
        refuted = betting(bets) * np.log(10) >= needed
        detectable = bet_within_reach(bets, needed + MIXTURE)
        again = bets_again(bets, needed + MIXTURE, max(rule.cap or m, m))
    return Unit(
        refuted=refuted,
        supported=supported,
        enough=carried,
        ratio=float(support.estimate[top]),
        low=float(support.low[top]),
        high=float(support.high[top]),
        detectable=float(detectable),
        margin=in_errors(distance, support.error[top] * grown),
        cell=int(kept[top]),
        again=float(again),
    )


def _bets(cells: Cells, values: np.ndarray) -> bool:
    """Whether bets apply: an upper bound of a quantity that is nowhere negative, and a bound that is not random itself.

    Letters say that a quantity is positive, measurements may differ: with what is below zero cut off, the rest would refute a truth.
    """
    return not cells.kind.difference and cells.kind.side == "upper" and float(values.min()) >= -RELATIVE


def _countable(cells: Cells) -> list[np.ndarray]:
    """Per instance, the cells at which every replicate is a number; a stopped run is one for an upper bound only, and from below."""
    bad = cells.nonfinite | ~np.isfinite(cells.quantity)
    if cells.kind.side != "upper":
        bad = bad | cells.censored
    return [np.flatnonzero(keep & ~spoilt.any(0)) for keep, spoilt in zip(cells.keep, bad, strict=True)]


def _bad(cells: Cells, ratios: np.ndarray) -> np.ndarray:
    return np.abs(ratios - 1) if cells.kind.side == "two" else ratios


def _mean_ratios(cells: Cells, i: int, kept: np.ndarray) -> np.ndarray:
    """(m, kept) values with a mean of at most 1 (for Eq, of 1) where the claim holds.

    They are quantity / bound, or 1 + (quantity - bound) / scale where the bound is random or a sign may change: a mean of ratios is not
    the ratio of means.
    """
    y, letters = cells.at(i)
    y, letters = y[:, kept], {s: v[:, kept] for s, v in letters.items()}
    sign = -1.0 if cells.kind.side == "lower" else 1.0
    if not cells.kind.difference:
        bound = evaluate(cells.kind.scale, letters)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            ratio = np.sign(y) * np.exp(np.log(np.abs(y)) - bound.log)
        return 1 + sign * (np.nan_to_num(ratio, posinf=1e300) - 1)

    def gap(weights: np.ndarray) -> np.ndarray:
        return sign * (weights @ y - evaluate(cells.kind.scale, {s: weights @ v for s, v in letters.items()}).value)

    whole = evaluate(cells.kind.scale, {s: v.mean(0, keepdims=True) for s, v in letters.items()}).value
    scale = np.maximum(np.abs(whole), np.abs(y).mean(0, keepdims=True))
    return 1 + pseudo_values(gap, len(y)) / np.where(scale > 0, scale, 1.0)


def _mean_tightness(cells: Cells, units: list[int], kept: list[np.ndarray]) -> float | None:
    """The largest mean quantity / bound of mean letters (the inverse for a lower bound) where both are positive."""
    best = None
    for i in units:
        y, letters = cells.at(i)
        mean = y[:, kept[i]].mean(0)
        bound = evaluate(cells.kind.scale, {s: v[:, kept[i]].mean(0) for s, v in letters.items()})
        positive = (mean > 0) & np.broadcast_to(np.greater(bound.sign, 0), mean.shape)
        if positive.any():
            log = np.log(mean[positive]) - np.broadcast_to(bound.log, mean.shape)[positive]
            best = max(best or 0.0, float(np.exp(min((-log if cells.kind.side == "lower" else log).max(), 700.0))))
    return best
