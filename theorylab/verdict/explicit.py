"""Bounds without unknown constants, run by run: on every instance, and with a probability."""

from __future__ import annotations

import numpy as np
from scipy.special import bdtr, ndtri

from ..cells import RELATIVE, Cells
from .intervals import LAST, clopper_pearson
from .parts import Part, Rule, describe, flags_of, obstacles, told
from .reach import share_within_reach


def every_instance(cells: Cells, rule: Rule) -> Part:
    """One violation refutes; none among the instances supports, as far as they were sampled."""
    reasons = obstacles(cells)
    excess = cells.excess()
    counted = _counted(cells, excess)
    if not counted.any():
        return Part(cells.family, "inconclusive", tuple(reasons or ["COVERAGE"]))
    shown = np.where(counted, excess, -np.inf)
    place = np.unravel_index(int(shown.argmax()), shown.shape)
    worst = describe(cells, *(int(p) for p in place))
    tightness = tightness_of(cells, counted)
    refuted = float(shown.max()) > RELATIVE
    verdict = "refuted" if refuted else "inconclusive" if reasons else "supported"
    return Part(
        cells.family,
        verdict,
        told(verdict, reasons),
        tuple(flags_of(cells, tightness)),
        tightness=tightness,
        worst=worst,
        detectable=tightness,
        interval=(worst["ratio"], worst["ratio"]),
        instances=int(counted.any((1, 2)).sum()),
        replicates=cells.quantity.shape[1],
        margin=np.inf,
        again=np.inf,
    )


def with_probability(cells: Cells, search: Cells, rule: Rule, allowed: np.ndarray) -> Part:
    """P(violation) <= allowed (I, J) at every cell of each instance, by exact binomial limits."""
    reasons = obstacles(cells)
    units = [i for i in range(len(cells.keep)) if cells.keep[i].any()]
    if not units:
        return Part(cells.family, "inconclusive", tuple(reasons or ["COVERAGE"]))
    over, earlier = cells.excess() > RELATIVE, search.excess() > RELATIVE
    m, cap = over.shape[1], max(rule.cap or 0, over.shape[1])
    most, final = rule.final(m)
    share = rule.alpha / (len(units) * rule.families)
    allowed = np.maximum(allowed, 1e-300)
    found = []
    for i in units:
        kept = np.flatnonzero(cells.keep[i])
        first = earlier[search.instances.index(cells.instances[i])]
        chosen = kept[np.argmax(first[:, kept].mean(0) / allowed[i, kept])]
        for j in kept:
            failures = int(over[i][:, j].sum())
            low = clopper_pearson(failures, m, share)[0] if j == chosen else 0.0
            high = clopper_pearson(failures, m, rule.alpha)[1]
            found.append((high / allowed[i, j], low / allowed[i, j], i, int(j), failures))
    refuted, supported = any(f[1] > 1 for f in found), all(f[0] <= 1 for f in found) and not reasons
    high, low, i, j, failures = max(found, key=lambda f: (f[1] > 1, f[0]))
    verdict = "refuted" if refuted else "supported" if supported else "inconclusive"
    return Part(
        cells.family,
        verdict,
        told(verdict, reasons or ["NOISE"]),
        tuple(flags_of(cells, None)),
        worst=describe(cells, i, int(np.argmax(cells.excess()[i][:, j])), j)
        | {"failures": failures, "runs": m, "allowed": float(allowed[i, j])},
        detectable=share_within_reach(float(allowed[i, j]), most, final / (len(units) * rule.families)) / float(allowed[i, j]),
        interval=(float(low), float(high)),
        instances=len(units),
        replicates=m,
        margin=_binomial_index(failures / m, float(allowed[i, j]), cap, rule.alpha) if supported else None,
        again=_binomial_again(failures / m, float(allowed[i, j]), cap, share) if refuted else None,
    )


def violations(cells: Cells) -> np.ndarray:
    """The counted runs and cells (I, M, J) that lie beyond their bound by more than rounding at its best."""
    excess = cells.excess()
    return _counted(cells, excess) & (excess > RELATIVE)


def _counted(cells: Cells, excess: np.ndarray) -> np.ndarray:
    return np.broadcast_to(cells.keep[:, None, :], excess.shape) & ~cells.nonfinite & ~np.isnan(excess)


def tightness_of(cells: Cells, counted: np.ndarray) -> float | None:
    """The largest measured / bound (bound / measured for a lower bound) where both are positive."""
    positive = counted & (cells.quantity > 0) & np.broadcast_to(np.greater(cells.bound().sign, 0), counted.shape)
    if not positive.any():
        return None if cells.kind.difference else 0.0
    with np.errstate(over="ignore"):
        return float(np.exp(cells.log_ratio()[positive].max()))


def _binomial_index(p: float, allowed: float, cap: int, alpha: float) -> float:
    """The chance that a rerun of cap replicates at this share supports again, on the scale of a mean's index."""
    most = next((n for n in range(cap, -1, -1) if clopper_pearson(n, cap, alpha)[1] <= allowed), -1)
    return _index(float(bdtr(most, cap, p)) if most >= 0 else 0.0)


def _binomial_again(p: float, allowed: float, cap: int, alpha: float) -> float:
    """The chance that a rerun of cap replicates at this share refutes again, on the same scale."""
    fewest = next((n for n in range(1, cap + 1) if clopper_pearson(n, cap, alpha)[0] > allowed), cap + 1)
    return _index(1 - float(bdtr(fewest - 1, cap, p)))


def _index(same: float) -> float:
    return float(ndtri(min(max(same, 1e-12), 1 - 1e-12))) + LAST
