"""Limits with measured error rates: jackknife pseudo-values with Student's t, the one-sided trend rule, betting, Clopper-Pearson.

m is the number of replicates, J of cells, q of functionals. scipy.special gives the quantiles at a third of scipy.stats' import time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.special import betaincinv, ndtr, ndtri, stdtrit

from .power import errors_needed

# A support at the last look asks for this many standard errors; an index counts from the threshold, so they are part of it.
LAST = float(ndtri(1 - 0.005))
LAMBDAS = np.array([0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9])


class Limits(NamedTuple):
    """Estimates with one-sided limits, each (q,); with one replicate, or none that differ, all three agree."""

    estimate: np.ndarray
    low: np.ndarray
    high: np.ndarray
    error: np.ndarray


def student(alpha: float, m: int) -> float:
    """The critical value of Student's t at one-sided error alpha with m replicates; 0 for a single deterministic run."""
    return float(stdtrit(m - 1, 1 - alpha)) if m > 1 else 0.0


def skewness(values: np.ndarray) -> np.ndarray:
    """The skewness (q,) of samples (m, q); 0 where nothing varies."""
    c = values - values.mean(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Diverging runs have cubes that no number holds.
        c = c / np.abs(c).max(0)
        return np.nan_to_num((c**3).mean(0) / (c**2).mean(0) ** 1.5)


def against_skewness(critical: float, skewness: np.ndarray, m: int) -> np.ndarray:
    """By how many errors a mean of m values must lie above a threshold: Student's critical value, or Hall's where that is more.

    Values with a long tail below have a mean that few of them carry: most samples lie above it, and Student's limit with them.
    """
    a = np.where(skewness < 0, skewness, -1.0) / np.sqrt(m)
    mended = 3 / a * (np.cbrt(1 + a * critical - a**2 / 6) - 1)
    return np.where(skewness < 0, np.maximum(mended, critical), critical)


def hall(t: np.ndarray, skewness: np.ndarray, m: int) -> np.ndarray:
    """Student's t mended for the skewness of its sample, monotone in t: P. Hall, J. R. Statist. Soc. B 54 (1992), 221-228."""
    a = skewness / np.sqrt(m)
    with np.errstate(invalid="ignore"):
        return t + a * (t**2 / 3 + 1 / 6) + a**2 * t**3 / 27


def pseudo_values(statistic: Callable[[Any], np.ndarray], m: int) -> np.ndarray:
    """Jackknife pseudo-values (m, q) of a statistic.

    `statistic(weights)` takes (n, m) weights, rows of which sum to one, and gives (n, q): the statistic of weighted means over
    replicates, `weights @ values`. One replicate gives the estimate itself.
    """
    if m == 1:
        return statistic(np.ones((1, 1)))
    values = statistic(LeaveOneOut(m))
    with np.errstate(invalid="ignore"):
        # Infinite in all of them says nothing of any: NaN.
        return m * values[0] - (m - 1) * values[1:]


class LeaveOneOut:
    """The (m + 1, m) weights of the mean and of the means without one replicate, whose product with (m, ...) takes O(m) sums.

    The sums before and after a replicate are added: what one replicate carries cannot be subtracted without losing the others' digits.
    """

    def __init__(self, m: int) -> None:
        self.shape = (m + 1, m)

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        m = self.shape[1]
        return np.vstack([np.full(m, 1 / m), (1 - np.eye(m)) / (m - 1)]).astype(dtype or float)

    def __matmul__(self, values: Any) -> np.ndarray:
        values, m = np.asarray(values, dtype=float), self.shape[1]
        found = np.empty((m + 1, *values.shape[1:]))
        before, after = np.cumsum(values, 0), np.cumsum(values[::-1], 0)[::-1]
        found[0] = before[-1] / m
        found[1], found[m] = after[1], before[-2]
        found[2:m] = before[:-2] + after[2:]
        found[1:] /= m - 1
        return found


def limits(pseudo: np.ndarray, alpha: float) -> Limits:
    """Mean of pseudo-values (m, q) with one-sided Student limits at error alpha a side."""
    m = len(pseudo)
    estimate = pseudo.mean(0)
    error = pseudo.std(0, ddof=1) / np.sqrt(m) if m > 1 else np.zeros_like(estimate)
    width = student(alpha, m) * error
    return Limits(estimate, estimate - width, estimate + width, error)


def effective(r: np.ndarray) -> np.ndarray:
    """(sum r)^2 / sum r^2 over replicates, per cell: by how many replicates a mean of non-negative values (m, J) is carried."""
    with np.errstate(invalid="ignore", divide="ignore"):
        r = r / np.abs(r).max(0)
        return np.nan_to_num(r.sum(0) ** 2 / (r**2).sum(0), nan=float(len(r)))


def enough(r: np.ndarray) -> bool:
    """The gate min_j m_eff >= min(8, 0.6 m), without which expectations carried by unseen rare paths are supported."""
    return bool(np.min(effective(np.abs(r))) >= min(8, 0.6 * len(r)))


def betting(r: np.ndarray) -> float:
    """The largest log10 wealth, over time, of bets against E r <= 1 for r >= 0 (m,); reaching log10(1 / alpha) refutes at level alpha.

    Waudby-Smith and Ramdas, arXiv:2010.09686; exact for any non-negative r, with no moments.
    """
    with np.errstate(divide="ignore", over="ignore"):
        wealth = np.cumsum(np.log1p(np.outer(LAMBDAS, np.minimum(r, 1e300) - 1)), axis=1)
    top = wealth.max(0)
    mixture = top + np.log(np.mean(np.exp(wealth - top), axis=0))
    return float(mixture.max() / np.log(10))


def clopper_pearson(successes: int, m: int, alpha: float) -> tuple[float, float]:
    """Exact one-sided lower and upper limits of a probability, each at error alpha."""
    low = float(betaincinv(successes, m - successes + 1, alpha)) if successes else 0.0
    high = float(betaincinv(successes + 1, m - successes, 1 - alpha)) if successes < m else 1.0
    return low, high


class Trend(NamedTuple):
    """What the one-sided rule says of a slope against tau, with the numbers it rests on.

    `slope`, `low`, `high` are those of the chosen window, `caught` is the full range's lower limit above tau, `half_width` is its
    distance from the slope there. `margin` counts standard errors, at the most replicates allowed, from the slope up to tau, `beyond`
    from tau up to the full range's slope. `window` is the position of the chosen window, 0 for the whole range.
    """

    supported: bool
    refuted: bool
    caught: bool
    half_width: float
    slope: float
    low: float
    high: float
    lower_half: float
    upper_half: float
    extrapolated: float
    curved: bool
    detectable: float
    margin: float
    window: int
    beyond: float = float("nan")


def trend(
    pseudo: np.ndarray,
    tau: float,
    alpha: float,
    parts: int = 1,
    cap: int | None = None,
    jitter: np.ndarray | None = None,
    lengthens: bool = True,
) -> Trend:
    """The ratio-trend rule with its guards (rule R3 for refutation, the drift guard for support).

    `pseudo` (m, 3 + 2 w): slopes of the lower half, the upper half and the whole range, then slope and drift of each of w windows,
    widest first. Positive slopes are bad. Support spends alpha, refutation alpha over the number of parts. `jitter` (3 + 2 w,) is the
    scatter of a single deterministic run about a smooth curve: only the drift guard uses it, which has no replicates to go by.
    `lengthens` is False where a refutation was to be confirmed on a longer range and could not: the extrapolation stands for it then.
    """
    m = len(pseudo)
    c, c_parts, c_drift = student(alpha, m), student(alpha / parts, m), student(1 - float(ndtr(2)), m)
    estimate, _, _, error = limits(pseudo, alpha)
    ahead = limits(2 * pseudo[:, 1:2] - pseudo[:, 0:1], alpha)
    lower, upper, full, extrapolated = *(float(v) for v in estimate[:3]), float(ahead.estimate[0])
    slopes, drifts, slope_errors, drift_errors = estimate[3::2], estimate[4::2], error[3::2], error[4::2]
    if m == 1 and jitter is not None:
        c_drift, drift_errors = 2.0, jitter[4::2]
    curved = (np.abs(drifts) > c_drift * drift_errors) & (np.abs(drifts) > tau / 2)
    w = int(np.argmin(curved)) if not curved.all() else len(curved) - 1
    adverse = drifts[w] > c_drift * drift_errors[w] and drifts[w] > tau / 2
    slope, width = float(slopes[w]), float(c * slope_errors[w])
    # R3: the whole range, its upper half, and one more half-range at the present rate of bending, the last by one standard error
    # where a longer range tells, and as surely as the others where there is none.
    c_ahead = 1.0 if lengthens else c_parts
    rungs = ((full, error[2], c_parts), (upper, error[1], c_parts), (extrapolated, ahead.error[0], c_ahead if m > 1 else 0.0))
    refuted = all(value - k * e > tau for value, e, k in rungs)
    settled = not (adverse and slope + drifts[w] > tau)
    most = cap or m
    grown = np.sqrt(m / max(most, m))
    # A run goes on to the last look while it is open; the error spent at a look is in proportion to its replicates.
    c_last = student(min(alpha * max(most / m, 1.0), 0.5) / parts, most)
    asked = (c_last, c_last, 1.0 if lengthens else c_last)
    further = zip((pseudo[:, 2], pseudo[:, 1], 2 * pseudo[:, 1] - pseudo[:, 0]), asked, (r[1] for r in rungs), strict=True)
    return Trend(
        supported=bool(slope + width <= tau and settled and not refuted),
        refuted=bool(refuted),
        caught=bool(full - c * error[2] > tau),
        half_width=float(c * error[2]),
        slope=slope,
        low=slope - width,
        high=slope + width,
        lower_half=lower,
        upper_half=upper,
        extrapolated=extrapolated,
        curved=bool(curved[0]),
        detectable=float(tau + max(errors_needed(values, k, most) * e * np.sqrt(m / most) for values, k, e in further)) if m > 1 else tau,
        margin=in_errors(tau - slope, slope_errors[w] * grown),
        window=w,
        beyond=in_errors(full - tau, error[2] * grown),
    )


def in_errors(distance: float, error: float) -> float:
    """A distance in standard errors; infinite where there is no error."""
    return float(distance / error) if error > 0 else float(np.copysign(np.inf, distance))
