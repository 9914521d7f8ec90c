"""Whether a violation belongs to the claim or to its arithmetic: runs are repeated with other last digits and in other units."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import xarray as xr

from .cells import RELATIVE, Cells
from .claim import Claim
from .estimate import cells
from .rescale import beside, choice, exact_choice, free_bases, rescaled
from .simulate import Lanes, Run
from .verdict.explicit import violations
from .verdict.parts import Part, describe

SHAKES = tuple(range(16))
WAYS = len(SHAKES)
# As many instances are tried: where rounding breaks the bound most, a smaller violation elsewhere may be a real one.
TRIED = 16
# A control this far beyond its bound is caught without being run again: no rounding of a sound kernel is as large.
CLEAR = 1e-3
# A family and a kernel that take all scales from their letters give the same ratio in units that differ by powers of two, where
# multiplying rounds nothing. What moves it by more than this, and by more than the last digits do, is a scale of their own.
SAME = 1e-6
TIMES_SHAKEN = 10.0

Rerun = Callable[[Run, Lanes], xr.Dataset]


def witnessed(claim: Claim, part: Part, found: Cells, run: Run, rerun: Rerun, control: bool = False) -> Part | None:
    """The refuted part with a witness that survives: a cell that violates in its run and in every repetition of it. None without one.

    Repeated are 16 runs with every input moved by one unit in the last place; then 16 in other units. Where the letters have none, or the
    family has a scale of its own, instead a run whose operations are not fused, and 16 at letters next to its own, on both sides and so
    weighted that only the mean must violate. `rerun` gives the measurements of a run.
    """
    if control and part.worst["ratio"] > 1 + CLEAR:
        return part
    number = int(part.worst["replicate"])
    suspects = _suspects(found, number)
    instances = tuple(found.instances[i] for i in suspects)
    keep, beyond = found.keep[suspects], found.excess()[suspects, number]

    def again(lanes: Lanes, claim: Claim = claim, run: Run = run) -> Cells:
        return replace(cells(claim, found.kind, part.family, run.kernel, rerun(run, lanes)), keep=keep)

    shaken = again(Lanes(instances, SHAKES, shaken=number))
    alive = violations(found)[suspects, number] & violations(shaken).all(1)
    if (np.where(keep[:, None] & ~shaken.nonfinite, np.nan_to_num(shaken.excess(), nan=-np.inf), -np.inf).max(2) > CLEAR).all(1).any():
        # Steps that no repetition reproduces, each time beyond the bound somewhere by more than rounding makes.
        return part
    with np.errstate(invalid="ignore"):
        moved = np.abs(shaken.excess() - beyond[:, None]).max(1)  # NaN where both are infinite
    same = Lanes(instances, (number,))

    def in_units(worth: Mapping[str, float]) -> Cells:
        return again(same, *rescaled(claim, run, worth))

    bases = free_bases(claim)
    own_scale = np.ones_like(alive)
    if alive.any() and bases:
        scaled = np.stack([in_units(exact_choice(bases, n)).excess()[:, 0] for n in range(min(len(bases), 2))])
        with np.errstate(invalid="ignore"):
            change = np.abs(scaled - beyond).max(0) / (1 + np.abs(beyond))
        own_scale = ~(change <= np.maximum(SAME, TIMES_SHAKEN * moved))
    scaled, unscaled = alive & ~own_scale, alive & own_scale
    if unscaled.any():
        unscaled &= violations(again(same, run=replace(run, tier="unfused")))[:, 0]
    size = min(float(beyond[unscaled].max(initial=0.0)), CLEAR)
    for n in range(WAYS):
        if scaled.any():
            scaled &= violations(in_units(choice(bases, n)))[:, 0]
        if unscaled.any():
            # The smooth part of a ratio cancels to first order in this mean, and what rounding leaves is drawn anew.
            far, near = (again(same, *beside(claim, run, size, n, side)).excess()[:, 0] for side in (2, -1))
            unscaled &= np.nan_to_num((far + 2 * near) / 3, nan=-np.inf) > RELATIVE
    alive = scaled | unscaled
    if not alive.any():
        return None
    i, cell = np.unravel_index(int(np.where(alive, beyond, -np.inf).argmax()), alive.shape)
    return replace(part, worst=describe(found, int(suspects[i]), number, int(cell)))


def _suspects(found: Cells, number: int) -> np.ndarray:
    """Positions of instances that violate in this replicate: the worst, and others evenly down to the least."""
    excess = np.where(violations(found)[:, number], found.excess()[:, number], -np.inf).max(1)
    order = np.argsort(-excess, kind="stable")[: int((excess > -np.inf).sum())]
    return np.sort(order[np.unique(np.linspace(0, len(order) - 1, TRIED).astype(int))])
