"""Partial slopes: how something changes along one coordinate while all others are held, by a linear fit to some cells.

`places` (q, J) are the coordinates of J cells, `here` positions of those that are fitted.
"""

from __future__ import annotations

import numpy as np

SPARE = 3


def partial(places: np.ndarray, here: np.ndarray, q: int) -> np.ndarray:
    """(J,): the weights of the slope along coordinate q, a row of the pseudo-inverse of [1, places]."""
    centred = places[:, here] - places[:, here].mean(1, keepdims=True)
    weights = np.zeros(places.shape[1])
    weights[here] = np.linalg.pinv(np.vstack([np.ones(len(here)), centred]).T)[1 + q]
    return weights


def halves(places: np.ndarray, here: np.ndarray, q: int) -> tuple[np.ndarray, np.ndarray, bool]:
    """The slopes over the lower and the upper half of a coordinate, and whether it has such halves; the whole slope, where it has none."""
    x = places[q, here]
    middle = (x.max() + x.min()) / 2
    parts = [here[x <= middle + 1e-12], here[x >= middle - 1e-12]]
    split = all(len(np.unique(places[q, half])) > 1 and len(half) > len(places) for half in parts)
    lower, upper = (partial(places, half if split else here, q) for half in parts)
    return lower, upper, split


def spans(places: np.ndarray) -> bool:
    """Whether cells at these coordinates (q, J) tell a gradient from a constant, with cells to spare."""
    axes, count = places.shape
    if count < axes + SPARE:
        return False
    centred = places - places.mean(1, keepdims=True)
    scaled = centred / np.maximum(np.abs(centred).max(1, keepdims=True), 1e-300)
    return bool(np.linalg.matrix_rank(scaled) == axes)


def bent(places: np.ndarray) -> np.ndarray:
    """Columns (J, 1 + 2 q) of a fit that bends along every coordinate: what it leaves is jitter."""
    centred = places - places.mean(1, keepdims=True)
    return np.vstack([np.ones(places.shape[1]), centred, centred**2]).T
