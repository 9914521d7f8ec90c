"""What holds of every kind's verdict whatever the data are: units, order, and which side a change helps; each with a twin that fails."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Eq, Rational, exp, sqrt
from worlds import C, c, cells_of, claim_of, k, letters, n, y

from theorylab.claim import (
    along,
    for_every_instance,
    grows,
    in_expectation,
    measured,
    on_average,
    shrinks,
    signed,
    unknown,
    with_probability,
)
from theorylab.verdict.intervals import against_skewness, hall
from theorylab.verdict.judge import judge_family
from theorylab.verdict.parts import Rule

RULE = Rule(tau=0.1, alpha=0.01, total=0.01, cap=256)
SIZES = np.geomspace(100.0, 10_000.0, 13)
WHERE = {n: grows("size", 100.0, 10_000.0), y: measured("quantity"), C: unknown}
RUN = {k: along("steps", 1, 500), y: measured("gap"), C: unknown, c: unknown}
STEPS = np.unique(np.r_[np.geomspace(1, 500, 24), np.linspace(1, 500, 24)].round())
gain, gain_0, eps, C_1, C_2 = signed("gain"), signed("gain_0"), *letters("eps C_1 C_2")
MEAN = claim_of(y <= sqrt(n), WHERE)
EACH = claim_of(y <= sqrt(n), WHERE, holds=for_every_instance)
OFTEN = claim_of(y <= sqrt(n), WHERE, holds=with_probability(Rational(9, 10)))
GROWTH = claim_of(y <= C * sqrt(n), WHERE)
LOWER = claim_of(y >= C * sqrt(n), WHERE)
THETA = claim_of(Eq(y, C * sqrt(n)), WHERE)
RATE = claim_of(y <= C * exp(-c * k), RUN, holds=for_every_instance)
PER_RUN = claim_of(gain <= gain_0, {n: WHERE[n], gain: measured("gain"), gain_0: measured("gain elsewhere")})
GRID = {"n": np.geomspace(100, 1e6, 9), "eps": np.geomspace(1e-3, 1e-1, 9)}
TERMS = claim_of(
    y <= C_1 * n + C_2 * sqrt(n) / eps,
    {n: grows("size", 100.0, 1e6), eps: shrinks("accuracy", 1e-3, 1e-1), y: measured("cost"), C_1: unknown, C_2: unknown},
    holds=for_every_instance,
)
worlds = given(
    seed=st.integers(0, 2**31),
    m=st.sampled_from([8, 64, 128]),
    sd=st.floats(0.05, 1.5),
    power=st.floats(-0.4, 0.4),
    level=st.floats(-1.0, 1.0),
)
RANK = {"supported": 0, "inconclusive": 1, "refuted": 2}


def measured_in(seed, m, sd, power, level):
    """Two instances, m replicates, 13 sizes: a power times the bound, with noise."""
    rng = np.random.default_rng(seed)
    ratio = np.exp(level) * (SIZES / 100) ** power * np.exp(sd * rng.standard_normal((2, m, 13)) - sd**2 / 2)
    return ratio * np.sqrt(SIZES)


def part(claim, values, coords=None):
    return judge_family(claim, cells_of(claim, values, {"n": SIZES} if coords is None else coords), RULE)


def verdict(claim, values, coords=None):
    return part(claim, values, coords).verdict


@worlds
@settings(max_examples=25)
@pytest.mark.parametrize("claim", [MEAN, EACH, OFTEN], ids=["expectation", "every instance", "probability"])
def test_a_larger_quantity_is_never_better_for_an_explicit_upper_bound(claim, seed, m, sd, power, level):
    values = measured_in(seed, m, sd, power, level)
    found = [RANK[verdict(claim, values * factor)] for factor in (0.2, 0.7, 1.0, 1.4, 5.0)]
    # Between a support and a refutation lies what is open.
    assert found == sorted(found)
    assert RANK[verdict(claim, values * 1e-6)] < RANK[verdict(claim, values * 1e6)]


@worlds
@settings(max_examples=25)
@pytest.mark.parametrize("claim", [MEAN, EACH, OFTEN, GROWTH, LOWER, THETA], ids=["E", "all", "P", "O", "Omega", "Theta"])
def test_no_unit_changes_a_verdict(claim, seed, m, sd, power, level):
    values = measured_in(seed, m, sd, power, level)
    unit = 2.0 ** (seed % 41 - 20)
    moved = replace(claim, statement=type(claim.statement)(y, claim.statement.rhs * Rational(unit)))
    assert verdict(moved, values * unit) == verdict(claim, values)


@worlds
@settings(max_examples=25)
@pytest.mark.parametrize("claim", [EACH, OFTEN, GROWTH, LOWER, THETA], ids=["all", "P", "O", "Omega", "Theta"])
def test_the_order_of_replicates_and_instances_does_not_matter(claim, seed, m, sd, power, level):
    values = measured_in(seed, m, sd, power, level)
    mixed = np.random.default_rng(seed).permutation(values, axis=1)[::-1]
    assert verdict(claim, mixed) == verdict(claim, values)


def test_bets_are_taken_in_order_and_any_order_is_as_sure():
    # The wealth counts at any time, so an early violation may win where a late one does not: neither is wrong, both are counted.
    rng = np.random.default_rng(0)
    refuted = [verdict(MEAN, rng.permutation(measured_in(s, 64, 0.5, 0.0, 0.0), axis=1)) == "refuted" for s in range(100)]
    assert sum(refuted) <= 4


@worlds
@settings(max_examples=25)
def test_an_instance_more_is_never_better(seed, m, sd, power, level):
    values = measured_in(seed, m, sd, power, level)
    for claim in (MEAN, EACH, OFTEN):
        alone = verdict(claim, values[:1])
        assert RANK[verdict(claim, np.concatenate([values[:1], 1e6 * values[:1]]))] == 2
        if alone != "supported":
            assert verdict(claim, values[[0, 0]]) != "supported"


@worlds
@settings(max_examples=25)
def test_theta_is_supported_where_both_sides_are_and_refuted_where_either_is(seed, m, sd, power, level):
    values = measured_in(seed, m, sd, power, level)
    upper, lower, both = (verdict(claim, values) for claim in (GROWTH, LOWER, THETA))
    if both == "supported":
        assert (upper, lower) == ("supported", "supported")
    if both == "refuted":
        assert "refuted" in (upper, lower)


def test_theta_is_more_than_either_side():
    values = measured_in(1, 64, 0.1, -0.4, 0.0)
    assert (verdict(GROWTH, values), verdict(LOWER, values), verdict(THETA, values)) == ("supported", "refuted", "refuted")


@worlds
@settings(max_examples=25)
def test_a_power_of_the_size_in_quantity_and_bound_is_none(seed, m, sd, power, level):
    values = measured_in(seed, m, sd, power, level)
    steeper = replace(GROWTH, statement=y <= C * n)
    one, other = part(GROWTH, values), part(steeper, values * np.sqrt(SIZES))
    assert one.verdict == other.verdict
    assert one.trends["n"]["slope"] == pytest.approx(other.trends["n"]["slope"], abs=1e-9)
    assert part(steeper, values).trends["n"]["slope"] < one.trends["n"]["slope"] - 0.2, "with the other bound it is another claim"


@worlds
@settings(max_examples=25)
def test_what_both_sides_of_a_bound_measured_per_run_share_is_none(seed, m, sd, power, level):
    rng = np.random.default_rng(seed)
    slack, common = level + sd * rng.standard_normal((1, m, 13)), 100 * rng.standard_normal((1, m, 13))
    parts = [part(PER_RUN, {"gain": base + 10.0, "gain_0": base + 10.0 + slack}) for base in (common, common / 100)]
    assert parts[0].verdict == parts[1].verdict


def test_what_they_do_not_share_counts():
    rng = np.random.default_rng(0)
    bound = 10 + 0.1 * rng.standard_normal((1, 128, 13))
    assert verdict(PER_RUN, {"gain": bound - 1.0, "gain_0": bound}) == "supported"
    assert verdict(PER_RUN, {"gain": bound - 1.0 + 100 * rng.standard_normal((1, 128, 1)), "gain_0": bound}) == "inconclusive"


@given(pace=st.floats(0.02, 0.2), first=st.floats(1e-6, 1e6), wiggle=st.floats(0.0, 0.1))
@settings(max_examples=25)
def test_a_factor_changes_no_rate(pace, first, wiggle):
    decay = np.exp(-pace * STEPS + wiggle * np.sin(STEPS))
    assert verdict(RATE, (first * decay)[None, None], {"k": STEPS}) == verdict(RATE, decay[None, None], {"k": STEPS}) == "supported"
    assert verdict(RATE, (first / (1 + STEPS))[None, None], {"k": STEPS}) == "refuted"


@given(one=st.floats(0.1, 100), two=st.floats(0.1, 100), unit=st.floats(1e-6, 1e6))
@settings(max_examples=25)
def test_a_sum_of_its_terms_is_never_refuted_and_what_outgrows_them_is_never_supported(one, two, unit):
    sizes, accuracies = np.meshgrid(*GRID.values(), indexing="ij")
    cost = one * sizes + two * np.sqrt(sizes) / accuracies
    assert verdict(TERMS, (unit * cost)[None, None], GRID) != "refuted"
    assert verdict(TERMS, (unit * cost * sizes**0.4)[None, None], GRID) == "refuted"


@worlds
@settings(max_examples=25)
def test_on_average_instances_are_the_replicates(seed, m, sd, power, level):
    values = measured_in(seed, m, sd, power, level)[:1]
    pooled = replace(MEAN, holds=on_average)
    cells = cells_of(pooled, values.transpose(1, 0, 2), {"n": SIZES}).over_instances()
    one, other = judge_family(pooled, cells, RULE), part(replace(MEAN, holds=in_expectation), values)
    assert (one.verdict, one.interval) == (other.verdict, other.interval)


@pytest.mark.parametrize("claim", [LOWER, GROWTH, PER_RUN, MEAN, OFTEN], ids=["Omega", "O", "per run", "E", "P"])
def test_runs_as_large_as_numbers_go_are_judged_without_a_warning(claim):
    values = measured_in(0, 64, 0.5, 0.0, 0.0)
    values[:, ::7, 5:] *= 1e250
    given_ = {"gain": values, "gain_0": values[:, ::-1]} if claim is PER_RUN else values
    assert verdict(claim, given_) in RANK
    lower = replace(MEAN, statement=y >= sqrt(n))
    assert verdict(lower, values) in RANK


@given(critical=st.floats(0.5, 5), skewness=st.floats(-6, -0.01), m=st.integers(8, 4096))
def test_the_limit_against_a_long_tail_below_is_where_halls_t_is_students_or_farther(critical, skewness, m):
    far = against_skewness(critical, np.asarray([skewness]), m)
    assert far >= critical
    mended = hall(far, np.asarray([skewness]), m)
    assert mended >= critical - 1e-9
    assert far == critical or mended == pytest.approx(critical, rel=1e-6)
    assert against_skewness(critical, np.asarray([-skewness]), m) == critical
