"""How many runs show a quantile: what share of them a claim with a probability lets violate, and the block of runs that measures it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from .bound import evaluate
from .box import inside, points
from .claim import Claim

PER_BLOCK = 4
# A block of 4 / 0.01 runs, and eight of them at least, is the most that a run of a kernel pays for.
RAREST = 0.01


def allowed(claim: Claim, table: Mapping[Any, Any]) -> np.ndarray:
    """The share of runs that may violate where letters have these values."""
    return 1 - np.asarray(evaluate(claim.holds.probability, table).value, dtype=float)


@lru_cache(maxsize=1024)
def least_allowed(claim: Claim) -> float:
    """The smallest share of runs that may violate anywhere on the claim's ranges."""
    if not claim.holds.probability.free_symbols:
        return float(allowed(claim, {}))
    table = points(claim.where)
    here = inside(claim.assuming, table, claim.where)
    return float(np.min(np.broadcast_to(allowed(claim, table), here.shape)[here], initial=1.0))


def quantile_block(claim: Claim) -> int:
    """Runs in one block: four of them, in the mean, lie beyond the quantile. Its quantile is one replicate of a trend."""
    return int(np.ceil(PER_BLOCK / float(np.clip(least_allowed(claim), 1e-6, 1.0)) - 1e-6))


def measured_in_blocks(claim: Claim, form: str) -> bool:
    """Whether the claim is about the trend of a quantile: a probability with an unknown constant."""
    return claim.holds.probability is not None and form != "explicit"
