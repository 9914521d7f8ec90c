"""What one claim gives on two root seeds that have nothing in common."""

from __future__ import annotations

from collections.abc import Mapping

from worlds import NOISES

from .play import outcome
from .row import Row, at_most
from .trends import slope, world

SLOPES = (0.0, 0.05, 0.1, 0.25)
STEADY = ("iid", "traj")
PAIRS = [(noise, world(slope(s), noise)) for s in SLOPES for noise in NOISES]


def again(seed: int) -> Mapping[str, float]:
    """Whether a pair of runs differs, and whether one supports what the other refutes."""
    noise, found = PAIRS[seed % len(PAIRS)]
    verdicts = [verdict(outcome(found, 2 * seed + other)) for other in (0, 1)]
    against = set(verdicts) == {"supported", "refuted"}
    return {"differ": len(set(verdicts)) > 1, "contradict": against, "contradict, iid or trajectories": against and noise in STEADY}


def verdict(found: Mapping[str, float]) -> str:
    """The verdict of one outcome."""
    return next(name for name in ("supported", "refuted", "inconclusive") if found.get(name))


def rows() -> list[Row]:
    """Every noise with slopes of 0, 0.05, 0.1 and 0.25, in turn."""
    reach = (at_most(20 / 20_000, "contradict"), at_most(0, "contradict, iid or trajectories"))
    return [Row("the same claim on two seeds", "eleven noises, four slopes", again, 20_000, reach, quick=8)]
