"""Bounds with an unknown constant: the slope of log(quantity / bound) on every axis, and local rates of geometric decay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from ..bound import evaluate
from ..claim import Claim
from ..estimate import Cells
from .intervals import Trend, enough, limits, pseudo_values, trend
from .parts import Part, Rule, describe, flags_of, obstacles, trend_entry

RATE_TAU = 0.5
LEVELS = 8
BURN_IN = 2
STALLED = 1e-3
WINDOWS = (1.0, 0.75, 0.5)


class Axis(NamedTuple):
    """One axis of one instance: slope functionals (q, J) on its kept cells, and how far it reaches."""

    name: str
    weights: np.ndarray
    decades: float
    sizes: int
    geometric: bool

    @property
    def short(self) -> bool:
        """Below 2 decades (for a geometric rate, a tenfold contraction) or 8 sizes nothing is refuted."""
        return self.sizes < 8 or self.decades < (1.0 if self.geometric else 2.0) - 1e-9


class Outcome(NamedTuple):
    """What one axis of one instance says."""

    axis: Axis
    threshold: float
    result: Trend
    full_low: float
    instance: int


def judge_trend(claim: Claim, cells: Cells, rule: Rule) -> Part:
    """Slopes of the log-ratio against tau on each axis that the data have; every instance on its own."""

    def outcomes(i: int, runs: slice, units: int) -> Iterator[Outcome]:
        kept = np.flatnonzero(cells.keep[i] & ~cells.nonfinite[i, runs].any(0))
        y, letters = cells.at(i)
        y, letters = y[runs][:, kept], {s: (v[runs] if v.shape[0] > 1 else v)[:, kept] for s, v in letters.items()}
        axes = [axis for name in cells.axes if (axis := _axis(claim, cells, i, kept, name)) is not None]
        values = _log_ratio(cells, y, letters)
        for axis in axes:
            pseudo = pseudo_values(lambda w, axis=axis: values(w) @ axis.weights.T, len(y))
            yield from _sides(cells, rule, axis, pseudo, rule.tau, i, units * len(axes))

    return _part(claim, cells, rule, outcomes)


def judge_rate(claim: Claim, cells: Cells, rule: Rule) -> Part:
    """The local rate does not fall as the decay goes on, and the rate over h has no trend on any other axis."""
    steps = cells.kind.steps.name if cells.kind.steps is not None else ""

    def outcomes(i: int, runs: slice, units: int) -> Iterator[Outcome]:
        kept = np.flatnonzero(cells.keep[i] & ~cells.nonfinite[i, runs].any(0))
        y, letters = cells.at(i)
        y, letters = y[runs][:, kept], {s: (v[runs] if v.shape[0] > 1 else v)[:, kept] for s, v in letters.items()}
        lines = [line for line in _lines(cells, kept, steps) if len(line) >= 5]
        if not lines:
            return
        level = _log_ratio(cells, y, letters)
        k = [cells.axes[steps][kept][line] for line in lines]
        stages = np.log((np.arange(LEVELS) + 0.5) / LEVELS)[BURN_IN:]
        owner = np.repeat(np.arange(len(lines)), len(stages))
        functionals = _slopes(np.tile(stages, len(lines)), [np.flatnonzero(owner == n) for n in range(len(lines))], 0.0)
        means = level(np.full((1, len(y)), 1 / len(y)))[0]
        contraction = min(float(np.ptp(means[line])) for line in lines) / np.log(10)
        axis = Axis(steps, functionals, contraction, min(len(line) for line in lines), True)

        def slowing(weights: np.ndarray) -> np.ndarray:
            curves = level(weights)
            return np.concatenate([_local_rates(curves[:, line], x, cells) for line, x in zip(lines, k, strict=True)], axis=1)

        pseudo = pseudo_values(lambda w: -slowing(w) @ functionals.T, len(y))
        others = [name for name in cells.axes if name != steps]
        yield from _sides(cells, rule, axis, pseudo, RATE_TAU, i, units * (1 + len(others)))
        first = np.array([kept[line[0]] for line in lines])
        per_step = np.broadcast_to(evaluate(cells.kind.per_step, {s: v[0][[line[0] for line in lines]] for s, v in letters.items()}).log, len(lines))
        for name in others:
            across = _axis(claim, cells, i, first, name, power=True)
            if across is not None:
                rates = lambda w: -(_line_rates(level(w), lines, k, cells) - per_step)  # noqa: E731
                pseudo = pseudo_values(lambda w, across=across, rates=rates: rates(w) @ across.weights.T, len(y))
                yield from _sides(cells, rule, across, pseudo, rule.tau, i, units * (1 + len(others)))

    return _part(claim, cells, rule, outcomes)


def _part(claim: Claim, cells: Cells, rule: Rule, outcomes: Callable[[int, slice, int], Iterator[Outcome]]) -> Part:
    reasons = obstacles(cells)
    m = cells.quantity.shape[1]
    each = claim.holds.name == "for every instance"
    units = [(i, slice(r, r + 1)) for i in range(len(cells.keep)) for r in range(m)] if each else [(i, slice(None)) for i in range(len(cells.keep))]
    units = [(i, runs) for i, runs in units if cells.keep[i].any()]
    found = [outcome for i, runs in units for outcome in outcomes(i, runs, 1 if each else len(units))]
    if not found:
        return Part(cells.family, "inconclusive", tuple(dict.fromkeys([*reasons, "RANGE"])))
    gate = each or all(enough(cells.quantity[i][:, cells.keep[i]]) for i, _ in units)
    short = any(o.axis.short for o in found)
    caught = any(o.full_low > o.threshold for o in found)
    refuted = caught if rule.control else gate and any(o.result.refuted and not o.axis.short for o in found)
    supported = gate and not reasons and all(o.result.supported and o.axis.sizes >= 4 for o in found) and not refuted
    if not supported and not refuted:
        if not gate:
            reasons.append("RARE")
        open_ = [o for o in found if not o.result.supported]
        if any(o.axis.sizes < 4 or (o.axis.short and o.result.refuted) for o in found):
            reasons.append("RANGE")
        elif any(o.result.curved or m == 1 or each for o in open_):
            reasons.append("CURVED")
        elif open_:
            reasons.append("NOISE")
    worst = max(found, key=lambda o: o.full_low - o.threshold if refuted else o.result.high - o.threshold)
    per_axis = {o.axis.name: o for o in sorted(found, key=lambda o: o.result.high - o.threshold)}
    i = worst.instance
    top = int(np.nanargmax(np.where(cells.keep[i], np.nanmax(np.where(cells.nonfinite[i], np.nan, cells.log_ratio()[i]), axis=0), -np.inf)))
    point = describe(cells, i, 0, top)
    error = max((o.result.detectable - o.threshold) for o in found)
    return Part(
        cells.family,
        "refuted" if refuted else "supported" if supported else "inconclusive",
        () if refuted or supported else tuple(dict.fromkeys(reasons)),
        tuple([*flags_of(cells, None), *(["short range"] if short else [])]),
        worst=point,
        trends={name: trend_entry(o.result, o.threshold, o.axis.decades, o.axis.sizes) for name, o in per_axis.items()},
        detectable=max(o.result.detectable for o in found),
        interval=(worst.result.low, worst.result.high),
        instances=len({i for i, _ in units}),
        replicates=m,
        margin=np.inf if error == 0 else min((o.threshold - o.result.slope) / max((o.result.high - o.result.low) / 2, 1e-300) for o in found),
    )


def _sides(cells: Cells, rule: Rule, axis: Axis, pseudo: np.ndarray, threshold: float, i: int, parts: int) -> Iterator[Outcome]:
    """The one-sided rule on the bad side; on both for Eq. Support spends alpha, refutation alpha over the number of parts."""
    signs = {"upper": (1,), "lower": (-1,), "two": (1, -1)}[cells.kind.side]
    if cells.kind.form == "rate" and cells.kind.side == "lower":
        signs = (-1,)
    for sign in signs:
        values = sign * pseudo
        result = trend(values, threshold, rule.alpha)
        if parts > 1 and result.refuted:
            result = result._replace(refuted=trend(values, threshold, rule.alpha / parts).refuted)
        full_low = float(limits(values[:, 2:3], rule.alpha).low[0])
        yield Outcome(axis, threshold, result, full_low, i)


def _log_ratio(cells: Cells, y: np.ndarray, letters: dict) -> Callable[[np.ndarray], np.ndarray]:
    """Weights (n, m) -> log(mean quantity) - log(bound of mean letters) (n, J); NaN where a mean is not positive."""

    def statistic(weights: np.ndarray) -> np.ndarray:
        bound = evaluate(cells.kind.scale, {s: weights @ np.broadcast_to(v, y.shape) for s, v in letters.items()})
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(weights @ y) - bound.log

    return statistic


def _axis(claim: Claim, cells: Cells, i: int, kept: np.ndarray, name: str, power: bool = False) -> Axis | None:
    """The slope functionals of one axis over the kept cells (positions into J), or None where it has no line of two cells."""
    values = cells.axes[name][kept]
    role = claim.role(name)
    geometric = not power and claim.letter(name) in cells.kind.geometric
    if geometric:
        x = -np.broadcast_to(cells.bound(i).log, cells.quantity.shape[1:])[0][kept]
    else:
        with np.errstate(divide="ignore"):
            x = np.log(values) * (-1 if role.kind == "shrinks" or (role.kind == "along" and (role.low or 0) > (role.high or 0)) else 1)
    lines = [line[np.isfinite(x[line])] for line in _lines(cells, kept, name)]
    lines = [line for line in lines if len(line) >= 2]
    if not lines:
        return None
    longest = max(len(line) for line in lines)
    lines = [line for line in lines if len(line) >= min(4, longest)]
    spans = [float(np.ptp(x[line])) / np.log(10) for line in lines]
    return Axis(name, _slopes(x, lines, np.log(10)), float(np.median(spans)), int(np.median([len(line) for line in lines])), geometric)


def _lines(cells: Cells, kept: np.ndarray, name: str) -> list[np.ndarray]:
    """Positions into `kept` of the cells that differ in this axis alone, in the axis' order."""
    others = np.stack([cells.entry[kept], *(cells.axes[other][kept] for other in cells.axes if other != name)])
    _, label = np.unique(others, axis=1, return_inverse=True)
    label = label.ravel()
    return [np.flatnonzero(label == n) for n in range(label.max() + 1)] if len(kept) else []


def _slopes(x: np.ndarray, lines: list[np.ndarray], narrowest: float) -> np.ndarray:
    """Functionals (3 + 2 w, J): slopes of the lower half, the upper half and all of x, then slope and drift of w windows; means over lines."""
    windows = [f for f in WINDOWS if f == 1.0 or all(_wide(x[_top(x, line, f)], narrowest) for line in lines)]
    rows = [_mean_slope(x, [_half(x, line, upper) for line in lines]) for upper in (False, True)] + [_mean_slope(x, lines)]
    for fraction in windows:
        parts = [_top(x, line, fraction) for line in lines]
        drift = _mean_slope(x, [_half(x, p, True) for p in parts]) - _mean_slope(x, [_half(x, p, False) for p in parts])
        rows += [_mean_slope(x, parts), drift]
    return np.stack(rows)


def _mean_slope(x: np.ndarray, lines: list[np.ndarray]) -> np.ndarray:
    weights = np.zeros(len(x))
    usable = [line for line in lines if len(line) >= 2 and np.ptp(x[line]) > 0]
    for line in usable:
        centred = x[line] - x[line].mean()
        weights[line] += centred / (centred @ centred) / len(usable)
    return weights


def _top(x: np.ndarray, line: np.ndarray, fraction: float) -> np.ndarray:
    return line[x[line] >= x[line].max() - fraction * np.ptp(x[line]) - 1e-12]


def _half(x: np.ndarray, line: np.ndarray, upper: bool) -> np.ndarray:
    middle = (x[line].max() + x[line].min()) / 2
    half = line[x[line] >= middle - 1e-12] if upper else line[x[line] <= middle + 1e-12]
    if len(half) >= 2 or len(line) < 3:
        return half
    order = line[np.argsort(x[line])]
    return order[len(order) // 2 :] if upper else order[: (len(order) + 1) // 2]


def _wide(x: np.ndarray, narrowest: float) -> bool:
    return len(x) >= 6 and float(np.ptp(x)) >= narrowest - 1e-9


def _envelope(curves: np.ndarray, cells: Cells) -> np.ndarray:
    """The least non-increasing curve above (for a lower bound, the greatest below): what a claimed rate bounds."""
    if cells.kind.side == "lower":
        return np.minimum.accumulate(curves, axis=1)
    return np.maximum.accumulate(curves[:, ::-1], axis=1)[:, ::-1]


def _local_rates(curves: np.ndarray, k: np.ndarray, cells: Cells) -> np.ndarray:
    """log of the decay per step at equal stages of the whole decay, the burn-in left out (n, stages).

    In a geometric decay every stage takes the same number of steps; in exp(-sqrt(k)) the steps grow with the stage, in a power of k they
    explode. A stall belongs to the stage at which it happens.
    """
    top = _envelope(curves, cells)
    depth = top[:, :1] - top
    rates = np.full((len(curves), LEVELS - BURN_IN), -np.log(k[-1]))
    for row, level in zip(rates, depth, strict=True):
        if level[-1] < STALLED:
            row[:] = -np.arange(len(row)) * 10.0
            continue
        order = np.arange(len(level)) * 1e-12
        targets = level[-1] * np.arange(BURN_IN, LEVELS + 1) / LEVELS
        times = np.interp(targets, level + order, k) if cells.kind.side == "lower" else np.interp(targets, _last(level), k)
        times[-1] = k[-1]
        row[:] = np.log(level[-1] / LEVELS / np.maximum(np.diff(times), 1e-9 * k[-1]))
    return rates


def _last(level: np.ndarray) -> np.ndarray:
    """The same non-decreasing levels, shifted by so little that interpolation finds the last step at a level, not the first."""
    return level + 1e-12 * np.arange(len(level))


def _line_rates(curves: np.ndarray, lines: list[np.ndarray], k: list[np.ndarray], cells: Cells) -> np.ndarray:
    """log of each line's rate (n, lines): the least-squares slope over the second half of its decay, so that a burn-in does not count."""
    rates = []
    for line, x in zip(lines, k, strict=True):
        top = _envelope(curves[:, line], cells)
        start = min(int(np.argmax(top[0] <= (top[0, 0] + top[0, -1]) / 2)), len(x) - 3)
        centred = x[start:] - x[start:].mean()
        rates.append(np.maximum(-top[:, start:] @ centred / (centred @ centred), 1e-6 / x[-1]))
    return np.log(np.stack(rates, axis=1))


def steepness(claim: Claim, cells: Cells, rule: Rule) -> np.ndarray:
    """How near each instance comes to a refutation (I,), to choose which to test on other seeds."""
    judge = judge_rate if cells.kind.form == "rate" else judge_trend
    scores = np.full(len(cells.keep), -np.inf)
    for i in range(len(scores)):
        part = judge(claim, cells.only(i), rule)
        scores[i] = max((t["slope"] - t["threshold"] for t in part.trends.values()), default=-np.inf)
    return scores
