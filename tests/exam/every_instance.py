"""Explicit bounds for every instance: witnesses near rounding, tight instances, and kernels with noise of their own."""

from __future__ import annotations

from functools import partial

import numpy as np
from worlds import Lane, Worlds, claim_of, k, verified, y

from theorylab.claim import along, for_every_instance, measured

from .play import counted
from .row import Row, at_least, at_most

CLAIM = claim_of(y <= 1 / k, {k: along("steps", 1, 1000), y: measured("gap")}, holds=for_every_instance)


def curve(worst: float, which: float, noise: float, rng, instance, at, lane: Lane):
    """A gap below its bound, that attains `worst` times it on a share `which` of instances; moved in the last place by a shake."""
    own = np.random.default_rng([lane.seed, 7, instance])
    top = worst if own.random() < which else own.uniform(0.3, 0.9)
    ulp = 1 + 1e-15 * np.random.default_rng([lane.nudge, instance]).standard_normal(at["k"].shape) if lane.nudge else 1.0
    return top / np.maximum(at["k"], 0.5) * np.exp(-noise * rng.exponential(1, at["k"].shape)) * ulp


def false_witness(rng, instance, at, lane: Lane):
    """A tight gap that one rounding in ten puts above its bound by a relative 1e-8, as cancellation does."""
    error = np.random.default_rng([lane.seed, lane.nudge, instance]).standard_normal(at["k"].shape)
    return (1 - 1e-12 + 1e-8 * np.maximum(error - 1.3, 0)) / np.maximum(at["k"], 0.5)


def play(law, noisy: bool, seed: int):
    """One run on 96 instances."""
    result = verified(CLAIM, Worlds({"truth:kernel": law}, random=True, noisy=noisy), seed=seed)
    if result.fault or result.verdict is None:
        raise RuntimeError(result.fault or result.note)
    return counted(result.verdict)


def rows() -> list[Row]:
    """True, false by little, tight, and noisy."""
    supported, refuted = at_least(1, "supported"), at_least(1, "refuted")
    worlds = {
        "true": (partial(curve, 0.95, 1.0, 0.0), False, supported),
        "tight, 1 - 1e-12 of the bound": (partial(curve, 1 - 1e-12, 1.0, 0.0), False, supported),
        "a relative 1e-6 above it": (partial(curve, 1 + 1e-6, 1.0, 0.0), False, refuted),
        "the same on a tenth of the instances": (partial(curve, 1 + 1e-6, 0.1, 0.0), False, at_least(0.99, "refuted")),
        "above it by rounding alone": (false_witness, False, at_most(0, "refuted")),
        "a noisy kernel, tight": (partial(curve, 1 - 1e-12, 1.0, 0.3), True, supported),
        "a noisy kernel, above it in some runs": (partial(curve, 1.05, 1.0, 0.3), True, refuted),
    }
    return [Row("every instance", name, partial(play, law, noisy), 200, (reach,), quick=1) for name, (law, noisy, reach) in worlds.items()]
