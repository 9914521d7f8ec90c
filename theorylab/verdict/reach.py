"""Which deviation from an explicit bound would have been refuted in nine runs of ten, had it been the truth at these data's noise.

A run goes on to the most replicates allowed while it is open, so these count, with the error of the last look.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv, log_ndtr, ndtr

from .intervals import LAMBDAS, LAST, against_skewness, clopper_pearson, in_errors, skewness, student
from .power import NINE, NODES, WEIGHTS, errors_needed


def mean_within_reach(gaps: np.ndarray, y: np.ndarray | None, alpha: float, most: int, side: str) -> float:
    """The mean relative to the bound that Student's limit at error alpha refutes with `most` replicates; inf where none is.

    `gaps` (m,) have the mean 1 where the claim is at its boundary. With `y` (m,), the quantity on the same scale, it is taken to be that
    quantity times a constant, its noise with it; without, since it may be negative, shifted. For a lower bound it is the inverse, for an
    equation the larger of both.
    """
    if len(gaps) < 2:
        return float("inf")
    critical = float(against_skewness(student(alpha, most), skewness(gaps), most))
    k = errors_needed(gaps, critical, most) / np.sqrt(most)
    if y is None:
        return 1 + k * float(gaps.std(ddof=1))
    # f y - b is k deviations from 0 (Fieller 1954).
    b = y + (gaps - 1 if side == "lower" else 1 - gaps)
    (vy, c), (_, vb) = np.cov(y, b) * k**2
    one, two, three = y.mean() ** 2 - vy, y.mean() * b.mean() - c, b.mean() ** 2 - vb
    root = two**2 - one * three
    if one <= 0 or root < 0 or b.mean() <= 0:
        return float("inf")
    ratio = y.mean() / b.mean()
    higher, lower = (two + np.sqrt(root)) / one * ratio, (two - np.sqrt(root)) / one * ratio
    inverse = 1 / lower if lower > 0 else float("inf")
    return float({"upper": higher, "lower": inverse, "two": max(higher, inverse)}[side])


def bet_within_reach(r: np.ndarray, needed: float, most: int) -> float:
    """The mean at which bets on `most` values like r (m,), scaled, reach the log wealth `needed`; inf where none does."""
    m, mean = len(r), float(r.mean())
    if mean <= 0 or m < 2:
        return float("inf")
    low, high = 0.0, np.log(1e6)
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if _wins(r * np.exp(middle) / mean, needed, most) >= NINE else (middle, high)
    return float(np.exp(high)) if high < np.log(9e5) else float("inf")


def bets_again(r: np.ndarray, needed: float, most: int) -> float:
    """How surely bets on `most` values like r (m,) reach the log wealth `needed`, on the scale of a mean's index."""
    if len(r) < 2:
        return float("nan")
    gains = np.log1p(np.outer(LAMBDAS, r - 1))
    short, error = most * gains.mean(1) - needed, np.sqrt(most) * gains.std(1, ddof=1)
    return max(in_errors(s, e) for s, e in zip(short, error, strict=True)) + LAST


def share_within_reach(allowed: float, m: int, alpha: float) -> float:
    """The probability of a violation that m runs refute."""
    fewest = next((n for n in range(1, m + 1) if clopper_pearson(n, m, alpha)[0] > allowed), m)
    return float(betaincinv(fewest, m - fewest + 1, np.sqrt(NINE)))


def _wins(r: np.ndarray, needed: float, most: int) -> float:
    """How often the best single bet reaches the wealth twice, where the mean of r is known and its law only from r (m,) itself."""
    gains = np.log1p(np.outer(LAMBDAS, r - 1))
    slope = np.mean(r / (1 / LAMBDAS[:, None] + r - 1), axis=1, keepdims=True)
    unsure = (gains - slope * r / r.mean()).std(1, ddof=1) / np.sqrt(len(r))
    drift, noise = gains.mean(1) + np.outer(NODES, unsure), np.maximum(gains.std(1, ddof=1), 1e-3)
    # The wealth counts at any time: a Brownian path with this drift that reaches the level, by reflection.
    level, root = needed / noise, np.sqrt(most)
    path = drift / noise
    each = ndtr(path * root - level / root) + np.exp(np.minimum(2 * path * level + log_ndtr(-path * root - level / root), 0.0))
    return float(np.max(WEIGHTS @ np.minimum(each, 1.0) ** 2))
