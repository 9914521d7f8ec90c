"""How long the judge takes over measurements that lie in memory."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import lru_cache

import numpy as np
from sympy import Rational, sqrt
from worlds import NOISES, C, claim_of, n, y

from theorylab.claim import Control, grows, measured, unknown
from theorylab.judgement import judge

from .row import Row, at_most

CALLS = 50
SIZES = np.geomspace(100.0, 10_000.0, 16)


@lru_cache(maxsize=1)
def _case():
    """C sqrt(n) by 32 replicates at 16 sizes, two sharper statements and two broken algorithms beside it."""
    where = {n: grows("size", 100.0, 10_000.0), y: measured("cost"), C: unknown}
    controls = (
        Control("a quarter less", statement=y <= C * n ** Rational(1, 4)),
        Control("a tenth less", statement=y <= C * n ** Rational(2, 5)),
        Control("linear", simulation="truth:linear"),
        Control("a half more", simulation="truth:steep"),
    )
    claim = replace(claim_of(y <= C * sqrt(n), where, controls=controls), name="worlds.speed")
    broken = {"linear": _measured(1.0, 1), "a half more": _measured(0.75, 2)}
    return claim, _measured(0.5, 0), broken


def _measured(power, seed):
    noise = NOISES["iid"](np.random.default_rng(seed), (32, 16), SIZES / 100.0)
    return {"n": SIZES, "replicate": np.arange(32), "y": (SIZES**power * noise).T}


def milliseconds(seed: int) -> dict[str, float]:
    """The median processor time of a call, whatever else the machine does; the verdict counts too: a fast wrong answer is none."""
    claim, data, broken = _case()
    verdict, times = judge(claim, data, broken), []
    for _ in range(CALLS):
        began = time.process_time()
        verdict = judge(claim, data, broken)
        times.append(1000 * (time.process_time() - began))
    caught = sum(control.as_expected for control in verdict.controls)
    return {verdict.verdict: 1, "controls caught": caught, "milliseconds": float(np.median(times))}


def rows() -> list[Row]:
    """The claim with four controls, timed once."""
    world = "32 replicates at 16 sizes, four controls, median of 50"
    return [Row("the judge's time", world, milliseconds, 1, (at_most(20.0, "milliseconds"),), quick=1)]
