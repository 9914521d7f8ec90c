"""Floors that are no rounding stay in the data and are said; means that are noise decide no trend; given floors excuse nothing large."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import xarray as xr
from exam.floors import RUN, decay, geometric, mean, outcome, worlds
from sympy import exp
from worlds import C, Worlds, c, cells_of, claim_of, k, verified, y

import theorylab.estimate as estimate
import theorylab.verdict.slopes as slopes
import theorylab.verify as verifying
from theorylab import judge
from theorylab.claim import Control, for_every_instance, in_expectation
from theorylab.outcome import failure
from theorylab.rounding import by_rounding, doubtful
from theorylab.verdict.floors import AT_THE_FLOOR
from theorylab.verdict.judge import judge_family
from theorylab.verdict.parts import Rule

STEP = "constant step at 1e-3, known rate (false)"
COMMON = "the same, one draw for all sizes (true)"


def test_a_statistical_floor_counts_against_the_claim_and_is_said():
    world = worlds()[STEP][0]
    result = verified(world.claim, Worlds({"truth:kernel": world.law}, random=False, solution=True))
    assert result.verdict.verdict == "refuted"
    assert AT_THE_FLOOR in result.verdict.flags
    assert result.verdict.worst.floor == pytest.approx(1e-3, rel=1)
    assert "a statistical floor of 0.00" in failure(result)


def test_cells_at_a_statistical_floor_left_out_would_support_what_is_false(monkeypatch):
    assert outcome(worlds()[STEP][0], 0) == {"refuted": 1, "floor said": True, "lost in noise": False}
    monkeypatch.setattr(estimate, "NUMERICAL", 1.0)
    assert outcome(worlds()[STEP][0], 0).get("supported") == 1


@pytest.mark.parametrize(("claimed", "law"), [("unknown rate", "constant step"), ("known rate", "constant step")])
def test_a_floor_as_low_as_rounding_counts_if_float32_ends_no_higher(claimed, law, monkeypatch):
    world = worlds()[f"{law} at 1e-10, {claimed} (false)"][0]
    assert outcome(world, 0) == {"refuted": 1, "floor said": True, "lost in noise": False}
    monkeypatch.setattr(verifying, "doubtful", lambda claim, floor, measured: False)
    assert outcome(world, 0).get("supported") == 1


def test_a_floor_of_rounding_is_higher_in_float32_and_counts_for_nothing():
    assert outcome(worlds()["rounding at 1e-10, noise .3, geometric (true)"][0], 0).get("supported") == 1


def test_a_twin_that_ends_at_zero_or_fails_leaves_a_low_floor_to_rounding():
    claim = worlds()[STEP][0].claim
    ends = lambda height: xr.Dataset({"y": (("instance", "replicate", "k"), np.full((1, 1, 2), height))}, {"k": [1, 2]})  # noqa: E731
    assert by_rounding(claim, ends(1e-10), ends(0.0))
    assert by_rounding(claim, ends(1e-10), ends(np.nan))
    assert by_rounding(claim, ends(1e-10), ends(1e-5))
    assert not by_rounding(claim, ends(1e-10), ends(1e-7))
    assert [doubtful(claim, ends(height), ends(1.0)) for height in (1e-13, 1e-10, 1e-7)] == [False, True, False]


def test_a_supported_claim_and_a_run_that_never_falls_carry_no_floor():
    world = worlds()["constant step at 1e-3, with a term for it (true)"][0]
    assert outcome(world, 0) == {"supported": 1, "floor said": False, "lost in noise": False}
    flat = Worlds({"truth:kernel": partial(decay, lambda steps: 0 * steps, 1.0, 0.3)}, random=False, solution=True)
    assert AT_THE_FLOOR not in verified(world.claim, flat).verdict.flags


def test_what_was_never_above_its_floor_has_not_come_down_to_one():
    claim = claim_of(y <= exp(-k / 20), RUN, holds=for_every_instance)
    steps = np.arange(1.0, 201.0)
    floor = xr.Dataset({"y": (("instance", "replicate", "k"), np.full((1, 1, 200), 1e-3))}, {"k": steps, "instance": [0]})
    for values, said in ((np.maximum(geometric(steps), 1e-3), True), (np.full(200, 1e-3), False)):
        part = judge_family(claim, cells_of(claim, values[None, None], {"k": steps}, floor=floor), Rule(0.1, 0.01, 0.01))
        assert (part.verdict, AT_THE_FLOOR in part.flags) == ("refuted", said)


def test_what_the_mean_cannot_tell_from_zero_decides_no_trend(monkeypatch):
    runs = [outcome(worlds()[COMMON][0], seed) for seed in range(6)]
    assert not any(run.get("refuted") for run in runs)
    assert all(run["lost in noise"] for run in runs)

    def by_sign(cells, values, kept):
        found = values.sum(0)[kept] > values.max(0)[kept]
        return found, bool(found.all())

    monkeypatch.setattr(slopes, "_positive", by_sign)
    assert any(outcome(worlds()[COMMON][0], seed).get("refuted") for seed in range(6))


def test_a_monte_carlo_floor_is_said_with_what_would_lower_it():
    world = worlds()["bias 2/n below the mean's error (true)"][0]
    result = verified(world.claim, Worlds({"truth:kernel": world.law}, random=False))
    assert "NOISE" in result.verdict.reasons
    assert "a Monte Carlo floor" in failure(result)


def test_a_large_floor_that_comes_with_data_excuses_nothing_and_is_said():
    claim = claim_of(y <= C * np.e ** (-c * k), RUN, holds=in_expectation, because="measured elsewhere", simulation=None)
    claim = replace(claim, statement=worlds()[STEP][0].claim.statement, problems=())
    claim = replace(claim, controls=(Control("another step", because="measured elsewhere"),))
    steps = np.unique(np.geomspace(1, 1000, 40).astype(int))
    rng = np.random.default_rng(0)
    lane = type("Lane", (), {"near": 0})
    values = np.stack([decay(geometric, 1e-3, 0.3, rng, 0, {"k": steps}, lane) for _ in range(64)])
    data = {"y": (("replicate", "k"), values), "k": ("k", steps)}
    verdict = judge(claim, data | {"floor": ((), 1e-3)})
    assert verdict.verdict != "supported"
    assert AT_THE_FLOOR in verdict.flags
    assert "floor of 0.001" in verdict.detail
    assert "more than 1e-08 of the largest y" in verdict.detail
    assert "floor of" not in judge(claim, data | {"floor": ((), 1e-12)}).detail


def test_the_mean_of_a_positive_quantity_is_never_lost_in_noise():
    claim = worlds()[COMMON][0].claim
    sizes = np.geomspace(10, 1e5, 9)
    few = np.abs(np.random.default_rng(1).standard_cauchy((1, 8, 9))) / sizes
    positive, steady = slopes._positive(cells_of(claim, few, {"n": sizes}), few[0], np.arange(9))
    assert positive.all()
    assert steady
    assert mean(1.0, 0.0, True, np.random.default_rng(0), 0, {"n": sizes}, None).shape == (9,)
