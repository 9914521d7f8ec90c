"""Statistical floors: a quantity that ends where runs started at the solution end, at a level that is no rounding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..cells import Cells
from .parts import Part

AT_THE_FLOOR = "at the floor"
REACHED = 2.0


def with_floor(part: Part, cells: Cells) -> Part:
    """The part with the flag and the level of its worst instance's floor, where it is not supported and has come down to one.

    The cells stay and count against the claim: a bound without a term for the floor is false there. Left out, they would let a constant
    step be supported as a decay to zero.
    """
    if cells.plateau is None or part.verdict == "supported" or not part.worst:
        return part
    i = cells.instances.index(part.worst["instance"])
    size = np.abs(np.where(np.isfinite(cells.quantity[i]), cells.quantity[i], 0.0)).mean(0)
    height = cells.plateau[i]
    here = cells.keep[i] & (height > 0) & (size <= REACHED * height) & (size.max() > REACHED * height)
    if not here.any():
        return part
    return replace(part, flags=(*part.flags, AT_THE_FLOOR), floor=float(height[here].max()))
