"""Plays a claim on a world of known truth to the judge, as `verify` does, and counts what comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from worlds import Together, Worlds, verified

from theorylab.claim import Claim
from theorylab.verdict.judge import Verdict


class World(NamedTuple):
    """A claim with the law of what is measured; `random` draws many instances."""

    claim: Claim
    law: Callable | Together
    random: bool = False


def outcome(world: World, seed: int) -> Mapping[str, float]:
    """What one run counts: its verdict, whether it was refuted before confirmation, and the replicates (`seeds`) that it took."""
    return counted(played(world, seed))


def played(world: World, seed: int) -> Verdict:
    """The verdict of one run. Raises RuntimeError where it failed."""
    result = verified(world.claim, Worlds({"truth:kernel": world.law}, random=world.random), seed=seed)
    if result.fault or result.verdict is None:
        raise RuntimeError(result.fault or result.note)
    return result.verdict


def counted(verdict: Verdict) -> dict[str, float]:
    """What a verdict counts."""
    # Without named controls a support is left as it is found; the reason CONTROL stands for it, unless the judge's own were missed.
    missed = any(control.kind != "claim" and not control.caught for control in verdict.generated)
    found = "supported" if verdict.reasons == ("CONTROL",) and not missed else verdict.verdict
    before = found == "refuted" or verdict.reasons == ("UNCONFIRMED",)
    return {found: 1, "refuted before confirmation": before, "seeds": max(p.replicates for p in verdict.parts)}
