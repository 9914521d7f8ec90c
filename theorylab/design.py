"""Several letters at once: points of a scrambled Sobol set in their logarithms, in place of all combinations of their values."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np

from .role import Role

POINT = "point"
FEWEST = 3
POINTS = 64
PER_LETTER = 12


def together(roles: Mapping[str, Role]) -> tuple[str, ...]:
    """The letters that are swept at points: all that run over a range, one lane per value, where they are three or more.

    Letters with listed values, sizes of arrays and what is read along a run keep an axis each, beside the points.
    """
    ranged = tuple(name for name, role in roles.items() if role.kind in ("grows", "shrinks") and not role.among)
    return ranged if len(ranged) >= FEWEST else ()


def points(roles: Mapping[str, Role], seed: int, stretch: float = 1.0) -> dict[str, np.ndarray]:
    """The letters' values at each point, one array of equal length a letter: the box's corners, then a scrambled Sobol set up to its ends.

    The set is drawn from the root seed and knows no order of the letters; `stretch` lengthens every range in its direction. Whole
    letters are rounded, and a point that comes twice is kept once.
    """
    from scipy.stats import qmc  # loading it takes longer than all else that a plan needs

    names = sorted(roles)
    count = max(POINTS, 2 ** int(np.ceil(np.log2(PER_LETTER * len(names)))))
    unit = qmc.Sobol(len(names), scramble=True, rng=np.random.default_rng([seed, len(names)])).random(count)
    # A Sobol set of 64 points covers 97% of a range, and its slopes are a tenth less sure than with the eight corners among them.
    edge = np.array(list(product((0.0, 1.0), repeat=len(names))))
    if len(edge) <= count // 4:
        unit[: len(edge)] = edge
    unit = (unit - unit.min(0)) / np.ptp(unit, axis=0)
    values = np.empty_like(unit)
    for column, name in enumerate(names):
        low, high = ends(roles[name], stretch)
        values[:, column] = np.clip(low * (high / low) ** unit[:, column], low, high)
        if roles[name].integer:
            values[:, column] = np.rint(values[:, column])
    first = np.sort(np.unique(values, axis=0, return_index=True)[1])
    return {name: _plain(values[first, names.index(name)], role.integer) for name, role in roles.items()}


def ends(role: Role, stretch: float = 1.0) -> tuple[float, float]:
    """The least and the greatest value of a swept letter, its range lengthened in the direction in which it tends."""
    low, high = float(role.low or 1.0), float(role.high or 1.0)
    return (low / stretch, high) if role.kind == "shrinks" else (low, high * stretch)


def _plain(values: np.ndarray, integer: bool) -> np.ndarray:
    return values.astype(int) if integer else values
