"""Limits with measured error rates: jackknife pseudo-values with Student's t, the one-sided trend rule, betting, Clopper-Pearson.

m is the number of replicates, J of cells, q of functionals. scipy.special gives the quantiles at a third of scipy.stats' import time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import betaincinv, ndtr, ndtri, stdtrit

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


def pseudo_values(statistic: Callable[[np.ndarray], np.ndarray], m: int) -> np.ndarray:
    """Jackknife pseudo-values (m, q) of a statistic.

    `statistic(weights)` takes (n, m) weights, rows of which sum to one, and gives (n, q): the statistic of weighted means over
    replicates. One replicate gives the estimate itself.
    """
    if m == 1:
        return statistic(np.ones((1, 1)))
    weights = np.vstack([np.full(m, 1 / m), (1 - np.eye(m)) / (m - 1)])
    values = statistic(weights)
    return m * values[0] - (m - 1) * values[1:]


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

    `slope`, `low`, `high` are those of the chosen window, `caught` is the full range's lower limit above tau, `powered` its half-width
    below tau. `margin` counts standard errors, at the most replicates allowed, from the slope up to tau, `beyond` from tau up to the full
    range's slope. `window` is the position of the chosen window, 0 for the whole range.
    """

    supported: bool
    refuted: bool
    caught: bool
    powered: bool
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


def trend(pseudo: np.ndarray, tau: float, alpha: float, parts: int = 1, cap: int | None = None, jitter: np.ndarray | None = None) -> Trend:
    """The ratio-trend rule with its guards (rule R3 for refutation, the drift guard for support).

    `pseudo` (m, 3 + 2 w): slopes of the lower half, the upper half and the whole range, then slope and drift of each of w windows,
    widest first. Positive slopes are bad. Support spends alpha, refutation alpha over the number of parts. `jitter` (3 + 2 w,) is the
    scatter of a single deterministic run about a smooth curve: only the drift guard uses it, which has no replicates to go by.
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
    # R3: the whole range, its upper half, and one more half-range at the present rate of bending, the last by one standard error.
    rungs = ((full, error[2], c_parts), (upper, error[1], c_parts), (extrapolated, ahead.error[0], 1.0 if m > 1 else 0.0))
    refuted = all(value - k * e > tau for value, e, k in rungs)
    settled = not (adverse and slope + drifts[w] > tau)
    nine = float(ndtri(0.9))
    grown = np.sqrt(m / max(cap or m, m))
    return Trend(
        supported=bool(slope + width <= tau and settled and not refuted),
        refuted=bool(refuted),
        caught=bool(full - c * error[2] > tau),
        powered=bool(c * error[2] < tau),
        slope=slope,
        low=slope - width,
        high=slope + width,
        lower_half=lower,
        upper_half=upper,
        extrapolated=extrapolated,
        curved=bool(curved[0]),
        detectable=float(tau + max((k + nine) * e for _, e, k in rungs)),
        margin=in_errors(tau - slope, slope_errors[w] * grown),
        window=w,
        beyond=in_errors(full - tau, error[2] * grown),
    )


def in_errors(distance: float, error: float) -> float:
    """A distance in standard errors; infinite where there is no error."""
    return float(distance / error) if error > 0 else float(np.copysign(np.inf, distance))


def bet_within_reach(r: np.ndarray, needed: float) -> float:
    """The mean at which bets on values like r (m,), scaled, reach the log wealth `needed` in nine runs of ten; inf where none does."""
    m, mean = len(r), float(r.mean())
    if mean <= 0 or m < 2:
        return float("inf")
    low, high = 0.0, np.log(1e6)
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if _wealth_tenth(r * np.exp(middle) / mean) >= needed else (middle, high)
    return float(np.exp(high)) if high < np.log(9e5) else float("inf")


def bets_again(r: np.ndarray, needed: float, most: int) -> float:
    """How surely bets on `most` values like r (m,) reach the log wealth `needed`, on the scale of a mean's index."""
    if len(r) < 2:
        return float("nan")
    gains = np.log1p(np.outer(LAMBDAS, r - 1))
    short, error = most * gains.mean(1) - needed, np.sqrt(most) * gains.std(1, ddof=1)
    return max(in_errors(s, e) for s, e in zip(short, error, strict=True)) + LAST


def _wealth_tenth(r: np.ndarray) -> float:
    """The log wealth that the best single bet falls short of in one run of ten."""
    gains = np.log1p(np.outer(LAMBDAS, r - 1))
    return float(np.max(len(r) * gains.mean(1) - ndtri(0.9) * np.sqrt(len(r)) * gains.std(1, ddof=1)))
