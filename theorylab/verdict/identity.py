"""Equations of every run: what two sides differ by, in units of the rounding of two precisions."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy

from ..bound import evaluate
from ..cells import RELATIVE, Cells
from .explicit import tightness_of
from .parts import Part, describe, flags_of, obstacles, told

EPS, EPS_SINGLE = float(np.finfo(np.float64).eps), float(np.finfo(np.float32).eps)
# Units of rounding that a right formula may be off by, times how much more than one unit float32 was off.
UNITS = 1e3
# Where float32 has fewer than two digits left it no longer tells how badly conditioned the terms are, only that they are.
LOST = 0.01
# Float32 comes near float64 by luck at some cells: a refutation takes more of those that disagree than luck leaves.
LUCK = 0.1
# As many runs of a cell say how well conditioned it is; with fewer, all cells do.
ENOUGH = 8


def identity(cells: Cells, twin: Cells | None) -> Part:
    """Quantity = bound in every run, relative to the size of the terms.

    A difference refutes where it is more than a thousand units of rounding, and more than a thousand times what the same run in float32
    (`twin`) says that its conditioning explains. What conditioning explains is ROUNDING, unless it is below 1e-9. Without a twin, one
    precision decides against 1e-9 alone and says so.
    """
    reasons = obstacles(cells)
    gap, size = residual(cells)
    counted = np.broadcast_to(cells.keep[:, None, :], gap.shape) & ~cells.nonfinite & ~np.isnan(gap)
    flags = [*flags_of(cells, None), *([] if twin is not None else ["one precision"])]
    if not counted.any():
        return Part(cells.family, "inconclusive", tuple(reasons or ["COVERAGE"]), tuple(flags))
    relative = np.where(counted, _share(np.abs(gap), size), 0.0)
    units = np.full(gap.shape, RELATIVE / (UNITS * EPS)) if twin is None else conditioning(gap, size, twin)
    allowed = np.minimum(UNITS * EPS * units, RELATIVE)
    exceeding = relative > allowed
    real = exceeding & (relative > UNITS * EPS * units)
    refuted = int(real.sum()) > LUCK * int(exceeding.sum())
    if exceeding.any() and not refuted:
        reasons = [*reasons, "ROUNDING"]
    verdict = "refuted" if refuted else "inconclusive" if reasons else "supported"
    far = np.where(real, relative / units, 0.0) if refuted else np.where(counted, relative, -1.0)
    i, r, j = (int(p) for p in np.unravel_index(int(far.argmax()), far.shape))
    worst = describe(cells, i, r, j) | {"cell": j}
    most = float(allowed[counted].max())
    return Part(
        cells.family,
        verdict,
        told(verdict, reasons),
        tuple(flags),
        tightness=tightness_of(cells, counted),
        worst=worst,
        detectable=most,
        interval=(worst["ratio"], worst["ratio"]),
        instances=int(counted.any((1, 2)).sum()),
        replicates=cells.quantity.shape[1],
        margin=np.inf,
        said=_said(float(relative[i, r, j]), twin, (i, r, j), verdict, most),
    )


def residual(cells: Cells) -> tuple[np.ndarray, np.ndarray]:
    """Quantity - bound and the size of their terms, each (I, M, J): of a bound that is a sum, of all that is added up."""
    shape = cells.quantity.shape
    terms = [np.abs(evaluate(term, cells.letters).value) for term in sympy.Add.make_args(sympy.sympify(cells.kind.scale))]
    value = np.broadcast_to(cells.bound().value, shape)
    with np.errstate(invalid="ignore"):
        gap = np.where(np.isposinf(cells.quantity), np.inf, cells.quantity - value)
    return gap, np.maximum(np.abs(cells.quantity), np.broadcast_to(sum(terms), shape))


def conditioning(gap: np.ndarray, size: np.ndarray, twin: Cells) -> np.ndarray:
    """By how many of its units of rounding float32 moved the difference, at least one; infinite where it lost its digits (I, M, J).

    In one run of a thousand float32 comes near float64 by luck, so that no run counts as better conditioned than most are in its cell.
    """
    other, _ = residual(twin)
    with np.errstate(invalid="ignore"):
        moved = _share(np.abs(other - gap), size)
    units = np.where(moved <= LOST, np.maximum(moved / EPS_SINGLE, 1.0), np.inf)
    runs = gap.shape[0] * gap.shape[1]
    return np.maximum(units, np.median(units, axis=(0, 1) if runs >= ENOUGH else None, keepdims=True))


def unmoved(cells: Cells, shaken: Cells, worst: Any) -> bool:
    """Whether the worst difference stays what it is, up to a half, in runs (1, M, J) with their inputs moved by a unit of rounding."""
    place = (cells.instances.index(worst["instance"]), worst["replicate"], worst["cell"])
    before, after = residual(cells)[0][place], residual(shaken)[0][0, :, worst["cell"]]
    return bool(np.isposinf(before)) or stays(float(before), after)


def stays(before: float, after: np.ndarray) -> bool:
    """Whether a difference is moved by less than a half of itself: rounding is moved as a whole."""
    return bool((np.abs(after - before) <= abs(before) / 2).all())


def _share(gap: np.ndarray, size: np.ndarray) -> np.ndarray:
    """A difference as a part of the terms; none where both are zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(gap == 0, 0.0, np.where(np.isposinf(gap), np.inf, gap / size))


def _said(relative: float, twin: Cells | None, place: tuple[int, int, int], verdict: str, most: float) -> str:
    """The largest difference in units of rounding of each precision, and the smallest that would not have been supported."""
    text = f"the two sides differ by {relative:.3g} of their terms, {relative / EPS:.3g} units of rounding in float64"
    if twin is None:
        return f"{text}, in one precision; a difference up to {most:.3g} would have been supported"
    gap, size = (array[place] for array in residual(twin))
    single = float(_share(np.abs(gap), size))
    text += f" and {single / EPS_SINGLE:.3g} in float32"
    if verdict == "inconclusive" and relative > most:
        return f"{text}, where they differ by {single:.3g}: rounding explains that, so no error up to {relative:.3g} can be told"
    return f"{text}; a difference up to {most:.3g} would have been supported"
