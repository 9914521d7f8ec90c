"""How many standard errors beyond its threshold a truth must lie to be refuted in nine runs of ten.

A refutation is found twice, on replicates that have nothing in common, and the noise is known only from the replicates that were taken:
the fewer they are and the heavier their tails, the farther it must lie.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.special import ndtr

NINE = 0.9
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
NODES, WEIGHTS = _NODES, _WEIGHTS / _WEIGHTS.sum()


def errors_needed(values: np.ndarray, critical: float) -> float:
    """The distance, in standard errors as estimated from values (m,), that a limit with this critical value refutes twice."""
    return _errors(round(noise_error(values), 2), critical)


@lru_cache(maxsize=4096)
def _errors(noise: float, critical: float) -> float:
    spread = np.exp(noise * NODES)
    low, high = critical, 1e3
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if WEIGHTS @ ndtr(middle * spread - critical) ** 2 >= NINE else (middle, high)
    return float(high)


def noise_error(values: np.ndarray) -> float:
    """The relative error of the standard deviation of values (m,), from their kurtosis."""
    m, z = len(values), values - values.mean()
    variance = float(np.mean(z**2))
    kurtosis = float(np.mean(z**4)) / variance**2 if variance > 0 else 1.0
    return float(np.sqrt(max(kurtosis - 1, 0.0) / (4 * m)))
