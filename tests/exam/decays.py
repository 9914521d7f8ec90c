"""Unknown geometric rates, one deterministic decay an instance."""

from __future__ import annotations

from functools import partial

import numpy as np
from sympy import exp
from worlds import DECAYS, C, c, claim_of, k, y

from theorylab.claim import along, for_every_instance, measured, unknown

from .play import World, outcome
from .row import Row


def decays() -> dict[str, World]:
    """One deterministic decay of each kind, at its own pace for every seed."""
    where = {k: along("steps", 1, 1000), y: measured("gap"), C: unknown, c: unknown}
    claim = claim_of(y <= C * exp(-c * k), where, holds=for_every_instance)
    return {name: World(claim, partial(_curve, name)) for name in DECAYS}


def _curve(name, rng, instance, at, lane):
    pace = 0.01 * 10 ** np.random.default_rng([lane.seed]).uniform(0, 0.5)
    return np.exp(np.maximum(DECAYS[name][0](at["k"], pace), -700))


def rows() -> list[Row]:
    """Every decay, at 24 paces."""
    return [Row("unknown rates", name, partial(outcome, world), 24, quick=0) for name, world in decays().items()]
