"""Whether a floor is one of rounding: the same runs in float32 then end much higher."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .cells import NUMERICAL
from .claim import Claim
from .estimate import height_of
from .kind import kind_of

# A floor below this part of the largest value is rounding's, or too low to matter.
PLAIN = 1e-12
# Rounding moves what a run ends at by some power of the precision, a half at least where it loses the most digits.
RISE = float(np.sqrt(np.finfo(np.float32).eps / np.finfo(np.float64).eps))


def doubtful(claim: Claim, floor: xr.Dataset, measured: xr.Dataset) -> bool:
    """Whether a floor is low enough for rounding and so high that noise or a wrong fixed point may make it too."""
    largest = float(np.abs(measured[kind_of(claim).quantity.name]).max())
    return bool(PLAIN * largest < _highest(claim, floor) <= NUMERICAL * largest)


def by_rounding(claim: Claim, floor: xr.Dataset, twin: xr.Dataset) -> bool:
    """Whether the floor rises with the precision, of which `twin` has half the digits. A twin that ends at zero says nothing."""
    ends, wider = _highest(claim, floor), _highest(claim, twin)
    return not 0 < wider < RISE * ends


def _highest(claim: Claim, floor: xr.Dataset) -> float:
    values = floor[kind_of(claim).quantity.name]
    return float(np.abs(height_of(claim, values, values)).max())
