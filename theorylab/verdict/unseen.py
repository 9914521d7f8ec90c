"""What a mean judged by Student's limit rests on: how large an event that no replicate saw would overturn it, and whether one can exist.

No test of a mean is valid for every law of an unbounded quantity (Bahadur and Savage 1956): m replicates miss an event of probability
1 / m in one sample of three, and look then as they would without it. So nothing in the data can rule it out; a known bound can.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..bound import evaluate
from ..cells import RELATIVE, Cells
from .parts import Part

RARE = "RARE"


def unseen(cells: Cells, i: int, kept: np.ndarray, high: np.ndarray, top: float, alpha: float) -> tuple[float, bool]:
    """B*, and whether the quantity is known to stay below it at every one of the kept cells of an instance.

    B* - 1 says by how many times the bound an event of probability q, which m replicates miss at error alpha, must break it to bring a
    mean from its upper limit `high` (kept,), relative to the bound, above `top`.
    """
    needed = (top - high) / missable(cells.quantity.shape[1], alpha)
    return float(needed.min()), bool((_largest(cells, i, kept) <= needed).all())


def unseen_back(cells: Cells, i: int, cell: int, low: float, alpha: float) -> tuple[float, bool]:
    """The same for a refutation by Student's limit: an event that keeps the bound by B* - 1 times it would bring the mean back.

    `low` is by how much the mean breaks the bound, at least. Only a lower bound may know of a limit to that.
    """
    size = 1 + low / missable(cells.quantity.shape[1], alpha)
    if cells.kind.side != "lower" or cells.kind.difference or cells.trivial is None:
        return size, False
    y, letters = cells.at(i)
    bound = evaluate(cells.kind.scale, {symbol: values[:, [cell]] for symbol, values in letters.items()}).value
    most = cells.trivial[i][cell]
    return size, bool((y[:, cell] <= most * (1 + RELATIVE)).all() and (most <= size * bound).all())


def missable(m: int, alpha: float) -> float:
    """The probability of an event that m replicates miss at error alpha."""
    return float(np.log(1 / alpha) / m)


def said(parts: Sequence[Part], does: str = "break") -> str:
    """What a verdict in expectation rests on, in words; nothing where the quantity is known to be bounded."""
    resting = [part.beyond for part in parts if RARE in part.flags and part.beyond is not None]
    if not resting:
        return ""
    q, size = min(resting, key=lambda found: found[1])
    return (
        f"unless events rarer than one in {1 / q:.3g} runs {does} the bound by {max(size - 1, 0.0):.3g} times it: "
        "none was seen, and nothing is known that excludes them"
    )


def scale_of(cells: Cells, i: int, kept: np.ndarray) -> np.ndarray:
    """What a difference to the bound is measured by (kept,): the larger of mean bound and mean quantity, both without their signs."""
    y, letters = cells.at(i)
    whole = evaluate(cells.kind.scale, {symbol: v[:, kept].mean(0, keepdims=True) for symbol, v in letters.items()}).value
    scale = np.maximum(np.abs(whole), np.abs(y[:, kept]).mean(0, keepdims=True))
    return np.where(scale > 0, scale, 1.0)[0]


def _largest(cells: Cells, i: int, kept: np.ndarray) -> np.ndarray:
    """The largest quantity relative to the bound (kept,), on the scale that is tested, as far as something is known that bounds it."""
    y, letters = cells.at(i)
    y, letters = y[:, kept], {symbol: values[:, kept] for symbol, values in letters.items()}
    unknown = np.full(len(kept), np.inf)
    if cells.kind.side == "lower" and not cells.kind.difference:
        # A quantity that is nowhere negative falls short of its bound by the bound itself at most.
        return np.where((y >= 0).all(0), 2.0, unknown)
    if cells.kind.side != "upper" or cells.trivial is None:
        return unknown
    most = cells.trivial[i][kept]
    bound = np.broadcast_to(evaluate(cells.kind.scale, letters).value, y.shape)
    # A bound that is measured in each run may be smaller in the next.
    least = (
        bound[0]
        if not any(np.ptp(values, axis=0).any() for values in letters.values())
        else np.zeros(len(kept))
        if cells.kind.bound.is_positive
        else -unknown
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        largest = 1 + (most - least) / scale_of(cells, i, kept) if cells.kind.difference else most / least
    # What any method attains is no limit of one that was seen beyond it.
    return np.where((y <= most * (1 + RELATIVE)).all(0), largest, unknown)
