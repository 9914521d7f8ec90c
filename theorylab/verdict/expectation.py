"""Bounds without unknown constants, in expectation: instance by instance, never pooled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..bound import evaluate
from ..cells import RELATIVE, Cells
from ..orders import by_steps
from .intervals import LAMBDAS, against_skewness, betting, enough, in_errors, limits, pseudo_values, skewness, student
from .parts import Part, Rule, describe_mean, flags_of, obstacles, told
from .reach import bet_within_reach, bets_again, mean_within_reach
from .unseen import RARE, missable, scale_of, unseen, unseen_back

COUNTS_FROM = 64
MIXTURE = float(np.log(len(LAMBDAS)))


class Unit(NamedTuple):
    """What one instance says: of its refutation at the cell that other seeds chose, and of its support at every cell."""

    refuted: bool
    supported: bool
    enough: bool
    ratio: float
    low: float
    high: float
    tested: int
    margin: float
    cell: int
    beyond: float
    bounded: bool
    again: float


def in_expectation(cells: Cells, search: Cells, rule: Rule) -> Part:
    """E quantity <= bound, instance by instance: bets refute at the cell that other seeds chose, Student's limit supports every cell.

    Where bets do not apply Student's limit refutes too, on what a support rests on: no unseen event keeps the bound by far.
    """
    reasons = obstacles(cells)
    kept = countable(cells)
    units = [i for i in range(len(kept)) if len(kept[i])]
    if not units:
        return Part(cells.family, "inconclusive", tuple(reasons or ["COVERAGE"]))
    found = [_one_mean(cells, search, i, kept[i], rule, len(units) * rule.families) for i in units]
    m = cells.quantity.shape[1]
    diverged = cells.beyond(rule.control).any((1, 2))
    refuted = diverged.any() or any(u.refuted for u in found)
    if not all(u.enough for u in found):
        reasons.append("RARE")
    supported = all(u.supported for u in found) and m >= COUNTS_FROM and not reasons and not refuted
    which = int(diverged.argmax()) if diverged.any() else max(range(len(found)), key=lambda n: (found[n].refuted, found[n].high))
    i, worst = (which, found[0]) if diverged.any() else (units[which], found[which])
    tightness = mean_tightness(cells, units, kept)
    guilty = [u for u in found if u.refuted]
    rests = (guilty and not diverged.any() and not any(u.bounded for u in guilty)) or (supported and not all(u.bounded for u in found))
    verdict = "refuted" if refuted else "supported" if supported else "inconclusive"
    return Part(
        cells.family,
        verdict,
        told(verdict, reasons or ["NOISE"]),
        (*flags_of(cells, tightness), *([RARE] if rests else [])),
        tightness=tightness,
        worst=describe_mean(cells, i, worst.cell) | {"ratio": np.inf if diverged.any() else worst.ratio},
        detectable=_within_reach(cells, i, worst.tested, rule, len(units) * rule.families),
        interval=(worst.low, worst.high),
        instances=len(units),
        replicates=m,
        margin=min(u.margin for u in found),
        again=np.inf if diverged.any() else max((u.again for u in found if u.refuted), default=None),
        beyond=(missable(m, rule.alpha), max(u.beyond for u in guilty) if guilty else min(u.beyond for u in found)),
    )


def nearness(cells: Cells) -> np.ndarray:
    """How near each instance comes to its bound on average (I,), to choose which to test on other seeds."""
    scores = np.full(len(cells.keep), -np.inf)
    if not cells.averages:
        over = np.where(cells.keep[:, None, :], np.nan_to_num(cells.excess(), nan=-np.inf), -np.inf)
        return (over > RELATIVE).mean(1).max(1) + 1e-3 * np.tanh(np.median(over, axis=1).max(1))
    for i, kept in enumerate(countable(cells)):
        if len(kept):
            scores[i] = _mean_ratios(cells, i, kept).mean(0).max()
    scores[cells.diverged.any((1, 2))] = np.inf
    return scores


def _one_mean(cells: Cells, search: Cells, i: int, kept: np.ndarray, rule: Rule, parts: int) -> Unit:
    values = _mean_ratios(cells, i, kept)
    m = len(values)
    earlier = _mean_ratios(search, search.instances.index(cells.instances[i]), kept).mean(0)
    chosen = int(np.argmax(np.nan_to_num(earlier, nan=-np.inf)))
    spent = parts * (2 if by_steps(cells.kind) else 1)
    support, tested = limits(values, rule.alpha), limits(values[:, [chosen]], rule.alpha / spent)
    grown = np.sqrt(m / max(rule.cap or m, m))
    y, letters = cells.at(i)
    carried = enough(y[:, kept]) and all(enough(v[:, kept]) for v in letters.values() if v.shape[0] > 1)
    top = int(np.argmax(support.high))
    supported = bool((support.high <= 1 + RELATIVE).all())
    refuted = bool(_above(values[:, [chosen]], rule.alpha / spent).any() or _rises(cells, values, rule, parts))
    distance = 1 - support.estimate[top]
    above = unseen(cells, i, kept, support.high, 1.0, rule.alpha)
    again = in_errors(tested.estimate[0] - 1, tested.error[0] * grown)
    # Before it is Student's, the limit of a mean whose tail lies on the other side refutes truths: in 25 of 100 runs of a lognormal(1.5).
    refuted = refuted and carried and m >= COUNTS_FROM
    if refuted:
        above = unseen_back(cells, i, int(kept[chosen]), max(tested.low[0] - 1, 1 - tested.high[0]), rule.alpha)
    if _bets(cells, values[:, chosen]):
        bets, needed = np.maximum(values[:, chosen], 0.0), float(np.log(parts / rule.total))
        refuted = betting(bets) * np.log(10) >= needed
        again = bets_again(bets, needed + MIXTURE, max(rule.cap or m, m))
        # Bets hold for every law of what is nowhere negative.
        above = (above[0], refuted or above[1])
    return Unit(
        refuted=refuted,
        supported=supported,
        enough=carried,
        ratio=float(support.estimate[top]),
        low=float(support.low[top]),
        high=float(support.high[top]),
        tested=int(kept[chosen]),
        margin=in_errors(distance, support.error[top] * grown),
        cell=int(kept[top]),
        beyond=above[0],
        bounded=above[1],
        again=float(again),
    )


def _rises(cells: Cells, values: np.ndarray, rule: Rule, parts: int) -> bool:
    """Whether any step of a path breaks the claim: a rise may be at a single step, so all of them share the other half of the error."""
    if not by_steps(cells.kind):
        return False
    return bool(_above(values, rule.alpha / (2 * parts * values.shape[1])).any())


def _above(values: np.ndarray, alpha: float) -> np.ndarray:
    """Which means (q,) of values (m, q) lie above 1 at error alpha, also where a long tail below hides from most samples."""
    found, m = limits(values, alpha), len(values)
    return found.estimate - against_skewness(student(alpha, m), skewness(values), m) * found.error > 1 + RELATIVE


def _within_reach(cells: Cells, i: int, cell: int, rule: Rule, parts: int) -> float:
    """The mean quantity relative to its bound that would have been refuted at this cell in nine runs of ten."""
    kept = np.array([cell])
    values, y = _mean_ratios(cells, i, kept)[:, 0], cells.at(i)[0][:, cell]
    most, alpha = rule.final(len(values))
    if _bets(cells, values):
        return bet_within_reach(np.maximum(values, 0.0), float(np.log(parts / rule.total)) + MIXTURE, most)
    side, sign = cells.kind.side, -1.0 if cells.kind.side == "lower" else 1.0
    if cells.kind.quantity.is_positive:
        relative = y / scale_of(cells, i, kept) if cells.kind.difference else 1 + sign * (values - 1)
        return mean_within_reach(values, relative, alpha / parts, most, side)
    scale = float(scale_of(cells, i, kept)[0])
    bound = abs(float(y.mean()) - sign * float(values.mean() - 1) * scale)
    return 1 + (mean_within_reach(values, None, alpha / parts, most, side) - 1) * (scale / bound if bound > 0 else 1.0)


def bets(cells: Cells) -> bool:
    """Whether a refutation needs no least number of replicates: every value that counts is one to bet on."""
    kept = countable(cells)
    return all(_bets(cells, _mean_ratios(cells, i, kept[i])) for i in range(len(kept)) if len(kept[i]))


def _bets(cells: Cells, values: np.ndarray) -> bool:
    """Whether bets apply: an upper bound of a quantity that is nowhere negative, and a bound that is not random itself.

    Letters say that a quantity is positive, measurements may differ: with what is below zero cut off, the rest would refute a truth.
    """
    return not cells.kind.difference and cells.kind.side == "upper" and float(values.min()) >= -RELATIVE


def countable(cells: Cells) -> list[np.ndarray]:
    """Per instance, the cells at which every replicate is a number; a stopped run is one for an upper bound only, and from below."""
    bad = cells.nonfinite | ~np.isfinite(cells.quantity)
    if cells.kind.side != "upper":
        bad = bad | cells.censored
    return [np.flatnonzero(keep & ~spoilt.any(0)) for keep, spoilt in zip(cells.keep, bad, strict=True)]


def _mean_ratios(cells: Cells, i: int, kept: np.ndarray) -> np.ndarray:
    """(m, kept) values with a mean of at most 1 where the claim holds.

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

    with np.errstate(invalid="ignore"):
        return 1 + pseudo_values(gap, len(y)) / scale_of(cells, i, kept)


def mean_tightness(cells: Cells, units: list[int], kept: list[np.ndarray]) -> float | None:
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
