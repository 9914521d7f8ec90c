"""How many standard errors beyond its threshold a truth must lie to be refuted in nine runs of ten.

A refutation is found twice, on replicates that have nothing in common. The noise is known only from the replicates that were taken, and a
limit moves with the noise of its own: the fewer replicates and the heavier their tails, the farther it must lie.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import ndtr

NINE = 0.9
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
NODES, WEIGHTS = _NODES, _WEIGHTS / _WEIGHTS.sum()


def errors_needed(values: np.ndarray, critical: float, most: int) -> float:
    """The distance, in standard errors as estimated from values (m,), that a lower limit from `most` others refutes twice."""
    skewness, tails = shape(values)
    known = np.sqrt(tails / (4 * len(values)))
    # The scatter of mean - critical * error, in errors: mean and error of skewed values go together.
    scatter = np.sqrt(max(1 - critical * skewness / np.sqrt(most) + critical**2 * tails / (4 * most), 0.25))
    return _errors(round(float(known), 2), round(float(scatter), 2), critical)


def shape(values: np.ndarray) -> tuple[float, float]:
    """Skewness, and kurtosis less one: what the errors of means and deviations follow from."""
    z = values - values.mean()
    largest = float(np.abs(z).max())
    if not 0 < largest < np.inf:
        return 0.0, 0.0
    # Diverging runs have powers that no number holds.
    z = z / largest
    variance = float(np.mean(z**2))
    return float(np.mean(z**3)) / variance**1.5, max(float(np.mean(z**4)) / variance**2 - 1, 0.0)


@lru_cache(maxsize=4096)
def _errors(known: float, scatter: float, critical: float) -> float:
    spread = np.exp(known * NODES)
    low, high = 0.0, 1e3
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if WEIGHTS @ ndtr((middle * spread - critical) / scatter) ** 2 >= NINE else (middle, high)
    return float(high)
