"""Bounds without unknown constants: every instance, in expectation, with a probability."""

from __future__ import annotations

import numpy as np

from ..bound import evaluate
from ..estimate import Cells
from .intervals import betting, clopper_pearson, enough, limits, pseudo_values
from .parts import Part, Rule, describe, flags_of, obstacles

RELATIVE = 1e-9
SUPPORT_FROM = 64


def every_instance(cells: Cells, rule: Rule) -> Part:
    """One violation refutes; none among the instances supports, as far as they were sampled."""
    reasons = obstacles(cells)
    excess = _excess(cells)
    counted = np.broadcast_to(cells.keep[:, None, :], excess.shape) & ~cells.nonfinite & ~np.isnan(excess)
    if not counted.any():
        return Part(cells.family, "inconclusive", tuple(reasons or ["COVERAGE"]))
    shown = np.where(counted, excess, -np.inf)
    place = np.unravel_index(int(shown.argmax()), shown.shape)
    worst = describe(cells, *(int(p) for p in place))
    top = float(shown.max())
    tightness = _tightness(cells, counted)
    if (cells.censored & (excess <= RELATIVE)).any():
        reasons.append("CENSORED")
    refuted = top > RELATIVE
    instances = int(counted.any((1, 2)).sum())
    return Part(
        cells.family,
        "refuted" if refuted else "inconclusive" if reasons else "supported",
        () if refuted else tuple(reasons),
        tuple(flags_of(cells, tightness)),
        tightness=tightness,
        worst=worst,
        detectable=tightness,
        interval=(worst["ratio"], worst["ratio"]),
        instances=instances,
        replicates=cells.quantity.shape[1],
        margin=np.inf,
    )


def in_expectation(cells: Cells, search: Cells, rule: Rule) -> Part:
    """E quantity <= bound on each instance: betting refutes at the cell that other seeds chose, Student's limit supports every cell."""
    reasons = obstacles(cells)
    units = [i for i in range(cells.quantity.shape[0]) if cells.keep[i].any()]
    if not units:
        return Part(cells.family, "inconclusive", tuple(reasons or ["COVERAGE"]))
    outcomes = [_one_mean(cells, search, i, rule, len(units)) for i in units]
    worst = max(outcomes, key=lambda o: (o["refuted"], o["high"]))
    m = cells.quantity.shape[1]
    refuted = any(o["refuted"] for o in outcomes)
    if not all(o["enough"] for o in outcomes):
        reasons.append("RARE")
    supported = all(o["high"] <= 1 for o in outcomes) and m >= SUPPORT_FROM and not reasons
    if not refuted and not supported and not reasons:
        reasons.append("NOISE")
    tightness = max(o["ratio"] for o in outcomes)
    q = np.log(1 / rule.alpha) / m
    return Part(
        cells.family,
        "refuted" if refuted else "supported" if supported else "inconclusive",
        () if refuted or supported else tuple(reasons),
        tuple(flags_of(cells, tightness)),
        tightness=tightness,
        worst=worst["point"] | {"ratio": worst["ratio"]},
        detectable=worst["detectable"],
        interval=(worst["low"], worst["high"]),
        instances=len(units),
        replicates=m,
        margin=min((1 - o["ratio"]) / max(o["error"], 1e-300) for o in outcomes),
        beyond=(float(q), float((1 - worst["high"]) / q)),
    )


def with_probability(cells: Cells, search: Cells, rule: Rule, allowed: np.ndarray) -> Part:
    """P(violation) <= allowed (J,) at every cell of each instance, by exact binomial limits."""
    reasons = obstacles(cells)
    units = [i for i in range(cells.quantity.shape[0]) if cells.keep[i].any()]
    if not units:
        return Part(cells.family, "inconclusive", tuple(reasons or ["COVERAGE"]))
    over, earlier = _excess(cells) > RELATIVE, _excess(search) > RELATIVE
    m = over.shape[1]
    worst, refuted, supported = None, False, True
    for i in units:
        kept = np.flatnonzero(cells.keep[i])
        s = cells.instances[i]
        chosen = kept[np.argmax(earlier[search.instances.index(s)][:, kept].mean(0) / allowed[kept])]
        for j in kept:
            failures = int(over[i][:, j].sum())
            low = clopper_pearson(failures, m, rule.alpha / len(units))[0] if j == chosen else 0.0
            high = clopper_pearson(failures, m, rule.alpha)[1]
            refuted |= low > allowed[j]
            supported &= high <= allowed[j]
            if worst is None or high / allowed[j] > worst[0]:
                worst = (high / allowed[j], i, int(j), failures / m / allowed[j], low / allowed[j])
    worst = worst or (np.inf, 0, 0, np.inf, 0.0)
    if not refuted and not supported and not reasons:
        reasons.append("NOISE")
    return Part(
        cells.family,
        "refuted" if refuted else "supported" if supported and not reasons else "inconclusive",
        () if refuted else tuple(reasons),
        tuple(flags_of(cells, None)),
        tightness=float(worst[3]),
        worst=describe(cells, worst[1], 0, worst[2]) | {"ratio": float(worst[3])},
        interval=(float(worst[4]), float(worst[0])),
        instances=len(units),
        replicates=m,
    )


def nearness(cells: Cells) -> np.ndarray:
    """How near each instance comes to its bound on average (I,), to choose which to test on other seeds."""
    scores = np.full(len(cells.keep), -np.inf)
    for i in range(len(scores)):
        kept = np.flatnonzero(cells.keep[i])
        if len(kept):
            scores[i] = np.nanmax(_mean_ratios(cells, i, kept).mean(0))
    return scores


def _one_mean(cells: Cells, search: Cells, i: int, rule: Rule, units: int) -> dict:
    """One instance: refuted or not, the largest mean ratio with its limits, and the error of that mean."""
    kept = np.flatnonzero(cells.keep[i])
    pseudo = _mean_ratios(cells, i, kept)
    m = len(pseudo)
    support = limits(pseudo, rule.alpha)
    top = int(np.argmax(support.high))
    s = search.instances.index(cells.instances[i])
    chosen = int(np.argmax(_mean_ratios(search, s, kept).mean(0)))
    betting_applies = not cells.kind.difference and cells.kind.side == "upper" and (pseudo[:, chosen] >= 0).all()
    if betting_applies:
        refuted = betting(pseudo[:, chosen]) >= np.log10(units / rule.total)
    else:
        refuted = limits(pseudo[:, [chosen]], rule.alpha / units).low[0] > 1
    gate = cells.kind.difference or enough(np.abs(cells.at(i)[0][:, kept]))
    error = float(support.error[top])
    critical = float((support.high[top] - support.estimate[top]) / error) if error > 0 else 0.0
    return {
        "refuted": bool(refuted),
        "ratio": float(support.estimate.max()),
        "low": float(support.low[top]),
        "high": float(support.high[top]),
        "error": error,
        "enough": bool(gate),
        "detectable": 1 + (critical + 1.2816) * float(limits(pseudo[:, [chosen]], rule.alpha).error[0]) if m > 1 else None,
        "point": describe(cells, i, 0, int(kept[top])),
    }


def _mean_ratios(cells: Cells, i: int, kept: np.ndarray) -> np.ndarray:
    """(m, kept) values whose mean is at most 1 where the claim holds: ratios, or 1 + (quantity - bound) / scale for random bounds."""
    y, letters = cells.at(i)
    y, letters = y[:, kept], {s: v[:, kept] for s, v in letters.items()}
    sign = -1.0 if cells.kind.side == "lower" else 1.0
    if not cells.kind.difference:
        bound = evaluate(cells.kind.scale, letters)
        with np.errstate(divide="ignore", over="ignore"):
            ratio = np.sign(y) * np.exp(np.log(np.abs(y)) - bound.log)
        return ratio if sign > 0 else 2 - ratio

    def statistic(weights: np.ndarray) -> np.ndarray:
        bound = evaluate(cells.kind.scale, {s: weights @ v for s, v in letters.items()}).value
        return sign * (weights @ y - bound)

    whole = evaluate(cells.kind.scale, {s: v.mean(0, keepdims=True) for s, v in letters.items()}).value
    scale = np.maximum(np.abs(whole), np.abs(y).mean(0, keepdims=True))
    return 1 + pseudo_values(statistic, len(y)) / np.where(scale > 0, scale, 1.0)


def _excess(cells: Cells) -> np.ndarray:
    """How far beyond its bound each run is, relative to it (I, M, J): positive is a violation."""
    if cells.kind.difference:
        bound = np.broadcast_to(cells.bound().value, cells.quantity.shape)
        with np.errstate(invalid="ignore"):
            gap = (cells.quantity - bound) / np.maximum(np.maximum(np.abs(cells.quantity), np.abs(bound)), 1e-300)
    else:
        with np.errstate(over="ignore"):
            gap = np.expm1(np.where(cells.kind.side == "lower", -1, 1) * cells.log_ratio())
    return {"upper": gap, "lower": -gap, "two": np.abs(gap)}[cells.kind.side]


def _tightness(cells: Cells, counted: np.ndarray) -> float | None:
    """The largest measured / bound (bound / measured for a lower bound) where both are positive."""
    bound = cells.bound()
    positive = counted & (cells.quantity > 0) & np.broadcast_to(np.greater(bound.sign, 0), counted.shape)
    if not positive.any():
        return None if cells.kind.difference else 0.0
    with np.errstate(over="ignore", divide="ignore"):
        return float(np.exp(cells.log_ratio()[positive].max()))
