"""The judge on worlds of known truth: every guard, gate and control has a test that is red without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from sympy import Eq, Rational, exp, sqrt
from worlds import C, Together, Worlds, b, c, cells_of, claim_of, k, n, pseudo_of, sweep, verified, weights, y

from theorylab.claim import (
    Control,
    along,
    fixed,
    for_every_instance,
    grows,
    letters,
    measured,
    on_average,
    previous,
    signed,
    sized,
    unknown,
    with_probability,
)
from theorylab.halving import rounds
from theorylab.plan import SEARCH, TOP, plan
from theorylab.simulate import Lanes
from theorylab.slip import Slip
from theorylab.verdict.expectation import COUNTS_FROM, in_expectation
from theorylab.verdict.intervals import betting, trend
from theorylab.verdict.judge import ControlVerdict, Verdict, combine, judge_family, ranked, with_controls
from theorylab.verdict.mutants import powerless
from theorylab.verdict.parts import NEGATIVE, Part, Rule
from theorylab.verify import Trial

RULE = Rule(tau=0.1, alpha=0.01, total=0.01)
SIZES = np.geomspace(100.0, 10_000.0, 13)
STEPS = np.unique(np.r_[np.geomspace(1, 1000, 24), np.linspace(1, 1000, 32)].round())
SQRT = {n: grows("size", 100, 10_000), y: measured("quantity"), C: unknown}
RUN = {k: along("steps", 1, 1000), y: measured("quantity"), C: unknown, c: unknown}
GROWTH = claim_of(y <= C * sqrt(n), SQRT, holds=for_every_instance)
RATE = claim_of(y <= C * exp(-c * k), RUN, holds=for_every_instance)
EXPLICIT = claim_of(y <= exp(-k / 50), RUN, holds=for_every_instance)
MEAN = claim_of(y <= sqrt(n), SQRT)
BROKEN = Control("a broken kernel", simulation="truth:broken")


def lognormal(rng, shape, sd=0.5):
    return np.exp(sd * rng.standard_normal(shape) - sd**2 / 2)


def judged(claim, values, coords, rule=RULE, **more):
    """The part of one family without noise: values (J,) or (I, J)."""
    return judge_family(claim, cells_of(claim, np.atleast_2d(values)[:, None], coords, **more), rule)


def grown(ratio, rule=RULE, claim=GROWTH, sizes=SIZES):
    return judged(claim, ratio * np.sqrt(sizes), {"n": sizes}, rule)


# The trend rule and its guards


def test_a_ratio_that_keeps_growing_is_refuted_and_a_flat_one_supported():
    assert grown(SIZES**0.25).verdict == "refuted"
    assert grown(np.ones(13)).verdict == "supported"


def test_a_jump_in_the_middle_is_no_refutation():
    # Whole range and extrapolation are above tau, the upper half is not: R3's second rung.
    sizes = np.geomspace(100, 10_000, 12)
    part = grown(np.where(sizes > 1000, 1.6 * (sizes / 1000) ** 0.09, 1.0), sizes=sizes)
    assert part.trends["n"]["upper_half"] < 0.1 < part.trends["n"]["extrapolated"]
    assert part.verdict == "inconclusive"


def test_a_ratio_that_bends_back_is_no_refutation():
    # Whole range and upper half are above tau, the extrapolation is not: R3's third rung.
    u = SIZES / 100
    part = grown(np.where(u < 10, u**0.5, 10**0.5 * (u / 10) ** 0.2))
    assert part.trends["n"]["upper_half"] > 0.1 > part.trends["n"]["extrapolated"]
    assert part.verdict == "inconclusive"
    assert part.reasons == ("CURVED",)


def test_a_slope_that_rises_towards_the_end_is_not_supported():
    u = SIZES / 100
    part = grown(1 + 0.01 * u**0.7)
    assert part.trends["n"]["high"] <= 0.1
    assert (part.verdict, part.reasons) == ("inconclusive", ("CURVED",))


def test_a_sweep_below_two_decades_refutes_nothing_and_says_so():
    part = grown(SIZES[:10] ** 0.5, sizes=SIZES[:10])
    assert (part.verdict, part.reasons) == ("inconclusive", ("RANGE",))
    assert "short range" in part.flags


def test_a_sweep_of_few_sizes_refutes_nothing():
    assert grown(SIZES[::2] ** 0.5, sizes=SIZES[::2]).reasons == ("RANGE",)


def test_a_short_range_can_support_as_a_whole():
    assert grown(np.ones(5), sizes=SIZES[:5]).verdict == "supported"
    # The upper windows of this transient are flat; on a short range they say nothing by themselves.
    u = SIZES[:12] / 100
    assert grown(np.minimum(u / 5, 1) ** 0.5, sizes=SIZES[:12]).verdict == "inconclusive"
    assert grown(np.ones(3), sizes=SIZES[:3]).verdict == "inconclusive", "three sizes"


def test_a_short_range_supports_only_with_the_power_to_refute():
    rng, sizes = np.random.default_rng(0), SIZES[:5]
    claim = replace(GROWTH, holds=MEAN.holds)
    noise = lognormal(rng, (1, 32, 5), 0.8)
    part = judge_family(claim, cells_of(claim, noise * sizes**-1.0, {"n": sizes}), RULE)
    assert part.trends["n"]["high"] < 0.1
    assert part.trends["n"]["high"] - part.trends["n"]["slope"] > 0.1
    assert (part.verdict, part.reasons) == ("inconclusive", ("NOISE",))


def test_a_slope_that_noise_hides_has_no_power_to_refute():
    claim = replace(GROWTH, holds=MEAN.holds)
    for sd, hidden in ((0.05, []), (2.0, ["n"])):
        noise = lognormal(np.random.default_rng(25), (1, 32, 13), sd)
        assert powerless([judge_family(claim, cells_of(claim, noise, {"n": SIZES}), RULE)]) == hidden


def test_a_control_needs_neither_range_nor_upper_half():
    control = RULE._replace(control=True)
    assert grown(SIZES[:6] ** 0.5, control, sizes=SIZES[:6]).verdict == "refuted"
    u = SIZES / 100
    assert grown(np.where(u < 10, u**0.5, 10**0.5), control).verdict == "refuted"
    assert grown(np.ones(13), control).verdict == "supported"


def test_points_near_the_ceiling_do_not_hide_growth():
    saturating = np.minimum(SIZES, 1500.0)
    assert judged(GROWTH, saturating, {"n": SIZES}).verdict == "supported", "the twin that must fail: nothing says it is full"
    capped = replace(GROWTH, trivially=Rational(1500))
    assert judged(capped, saturating, {"n": SIZES}).verdict != "supported"


def test_the_mean_of_rare_paths_is_rare():
    rng = np.random.default_rng(1)
    steps = rng.standard_normal((1, 64, 13)) * 0.3 * np.sqrt(10) - 0.45
    claim = replace(GROWTH, holds=MEAN.holds)
    part = judge_family(claim, cells_of(claim, np.exp(np.cumsum(steps, 2)) * np.sqrt(SIZES), {"n": SIZES}), RULE)
    assert "RARE" in part.reasons


def test_a_measured_bound_that_rare_paths_carry_is_rare():
    rng, claim = np.random.default_rng(1), claim_of(y <= C * b, SQRT | {b: measured("bound")})
    bound = lognormal(rng, (1, 64, 13), 0.1) * np.sqrt(SIZES)
    values = {"y": lognormal(rng, (1, 64, 13), 0.1) * np.sqrt(SIZES), "b": bound}
    assert judge_family(claim, cells_of(claim, values, {"n": SIZES}), RULE).verdict == "supported"
    bound[:, 0] *= 1e4
    part = judge_family(claim, cells_of(claim, values, {"n": SIZES}), RULE)
    assert (part.verdict, part.reasons) == ("inconclusive", ("RARE",))


def test_the_error_of_a_refuted_trend_is_shared_by_instances_and_families():
    claim = replace(GROWTH, holds=MEAN.holds)
    values = lognormal(np.random.default_rng(0), (1, 64, 13)) * SIZES**0.8

    def verdict(m, instances=1, rule=RULE):
        return judge_family(claim, cells_of(claim, np.repeat(values[:, :m], instances, 0), {"n": SIZES}), rule).verdict

    barely = next(m for m in range(8, 64) if verdict(m) == "refuted")
    assert verdict(barely, 5) == "inconclusive"
    assert verdict(barely, rule=RULE._replace(families=5)) == "inconclusive"


def test_a_lower_bound_is_refuted_from_below():
    lower = claim_of(y >= C * sqrt(n), SQRT, holds=for_every_instance)
    assert grown(SIZES**-0.3, claim=lower).verdict == "refuted"
    assert grown(SIZES**0.3, claim=lower).verdict == "supported"


def test_an_exact_rate_is_refuted_from_either_side():
    exact = claim_of(Eq(y, C * sqrt(n)), SQRT, holds=for_every_instance)
    assert grown(SIZES**-0.3, claim=exact).verdict == "refuted"
    assert grown(SIZES**0.3, claim=exact).verdict == "refuted"
    assert grown(np.ones(13), claim=exact).verdict == "supported"


def test_jitter_of_deterministic_curves_is_no_bend_but_a_smooth_bend_is():
    # 96 curves that grow like n^0.03 and jitter by 8 %: their slopes scatter by 0.016, and 0.1 is four of those away.
    rng = np.random.default_rng(5)
    jittered = np.exp(0.08 * rng.standard_normal((96, 13))) * SIZES**0.03
    assert judged(GROWTH, jittered * np.sqrt(SIZES), {"n": SIZES}).verdict == "supported"
    late = np.exp(0.001 * rng.standard_normal((96, 13))) * (1 + 0.05 * np.sqrt(SIZES / 100))
    assert judged(GROWTH, late * np.sqrt(SIZES), {"n": SIZES}).verdict != "supported"


def test_an_instance_that_grows_far_below_the_constant_that_another_needs_refutes_nothing():
    # min(R, 1/k) <= C/k with C = 1: the instance with a small R has a ratio that grows like k up to the end of the range.
    ratio = np.ones((2, 13))
    ratio[1] = 1e-3 * SIZES / SIZES[0]
    part = judged(GROWTH, ratio * np.sqrt(SIZES), {"n": SIZES})
    assert (part.verdict, part.reasons) == ("inconclusive", ("CURVED",))
    ratio[1] = np.minimum(1.0, SIZES / SIZES[-1])
    assert judged(GROWTH, ratio * np.sqrt(SIZES), {"n": SIZES}).verdict == "inconclusive"
    ratio[1] = SIZES / SIZES[0]
    assert judged(GROWTH, ratio * np.sqrt(SIZES), {"n": SIZES}).verdict == "refuted"


def test_one_bad_instance_refutes_a_trend():
    ratio = np.ones((20, 13))
    ratio[13] = SIZES**0.4
    part = judged(GROWTH, ratio * np.sqrt(SIZES), {"n": SIZES})
    assert (part.verdict, part.worst["instance"]) == ("refuted", 13)


def test_a_trend_with_means_of_unknown_sign_is_open():
    rng, regret = np.random.default_rng(3), signed("regret")
    claim = claim_of(regret <= C * sqrt(n), {n: SQRT[n], C: unknown, regret: measured("regret")})
    values = lognormal(rng, (1, 64, 13), 0.05) * np.sqrt(SIZES)
    assert judge_family(claim, cells_of(claim, values, {"n": SIZES}), RULE).verdict == "supported"
    values[..., 4] = 100 * rng.standard_normal(64)
    values[..., 4] -= values[..., 4].mean() + 1
    part = judge_family(claim, cells_of(claim, values, {"n": SIZES}), RULE)
    assert (part.verdict, part.reasons) == ("inconclusive", ("NOISE",))
    values[..., 4] = -1.0
    assert judge_family(claim, cells_of(claim, values, {"n": SIZES}), RULE).verdict == "supported", "below any bound for certain"


def test_random_bounds_are_averaged_before_the_logarithm():
    # E y = E b at every size, but the mean of y / b grows like exp(sd^2), as the bound's noise does.
    rng = np.random.default_rng(2)
    sd = np.linspace(0.1, 1.3, 13)
    bound = np.exp(sd * rng.standard_normal((1, 256, 13)) - sd**2 / 2) * SIZES
    claim = claim_of(y <= C * b, SQRT | {b: measured("bound")})
    quantity = SIZES * lognormal(rng, bound.shape, 0.1)
    part = judge_family(claim, cells_of(claim, {"y": quantity, "b": bound}, {"n": SIZES}), RULE)
    assert part.verdict == "supported"
    assert np.polyfit(np.log(SIZES), np.log((quantity / bound).mean((0, 1))), 1)[0] > 0.1


# Geometric decay


@pytest.mark.parametrize(
    ("curve", "verdict"),
    [
        (lambda k: -0.02 * k, "supported"),
        (lambda k: -0.02 * np.maximum(k - 100, 0), "supported"),
        (lambda k: np.logaddexp(-0.04 * k, np.log(0.3) - 0.02 * k), "supported"),
        (lambda k: -0.02 * k + np.log(0.55 + 0.45 * np.cos(0.9 * k)), "supported"),
        (lambda k: -np.sqrt(k), "refuted"),
        (lambda k: -np.log1p(k), "refuted"),
        (lambda k: -2 * np.log1p(k), "refuted"),
        (lambda k: np.logaddexp(-0.02 * k, -5), "refuted"),
        (lambda k: np.log(0.3 + 0.1 * np.cos(k)), "inconclusive"),
        (lambda k: -0.0002 * k, "inconclusive"),
    ],
    ids=["geometric", "burn-in", "modes", "oscillating", "root", "inverse", "inverse-square", "stall", "cycle", "slow"],
)
def test_a_geometric_decay_is_told_from_slower_ones(curve, verdict):
    assert judged(RATE, np.exp(curve(STEPS)), {"k": STEPS}).verdict == verdict


@pytest.mark.parametrize("curve", [lambda k: np.log(0.3 + 0.1 * np.cos(k)), lambda k: 0 * k, lambda k: -3e-5 * k, lambda k: -np.log1p(k)])
def test_a_control_that_cycles_or_stays_or_crawls_is_caught(curve):
    assert judged(RATE, np.exp(curve(STEPS)), {"k": STEPS}, RULE._replace(control=True)).verdict == "refuted"


@pytest.mark.parametrize(
    ("curve", "verdict"),
    [
        (lambda k: -0.02 * k, "supported"),
        (lambda k: -((k / 400) ** 3), "inconclusive"),
        (lambda k: -((k / 400) ** 6), "inconclusive"),
        (lambda k: np.where(k > 500, -60.0, -0.02 * k), "inconclusive"),
    ],
    ids=["geometric", "cubic", "sixth", "cliff"],
)
def test_a_decay_that_speeds_up_until_it_is_rounding_supports_no_lower_bound(curve, verdict):
    claim = claim_of(y >= C * exp(-c * k), RUN, holds=for_every_instance)
    found = judged(claim, np.maximum(np.exp(curve(STEPS)), 1e-16), {"k": STEPS}).verdict
    assert found == verdict or (verdict == "inconclusive" and found == "refuted")


def test_a_rate_depends_on_the_other_letters_as_claimed():
    claim = claim_of(y <= C * exp(-c * b * k), RUN | {b: grows("conditioning", 0.01, 1)}, holds=for_every_instance)
    letter, steps = np.geomspace(0.01, 1, 9), np.geomspace(1, 1e5, 60)
    # As b grows towards 1, a rate of b^.5 gains on the claimed b from above and b^1.5 from below: only the first falls behind.
    for power, verdict in ((1, "supported"), (0.5, "refuted"), (1.5, "supported")):
        values = np.exp(-np.minimum(0.5 * letter[:, None] ** power * steps, 300.0))
        part = judge_family(claim, cells_of(claim, values[None, None], {"b": letter, "k": steps}), RULE)
        assert part.verdict == verdict


def test_rates_are_compared_at_equal_contraction():
    # The same curve in b k for every b: the slow runs end while the fast mode still shows, the others long after it.
    claim = claim_of(y <= C * exp(-c * b * k), RUN | {b: grows("conditioning", 0.01, 1)}, holds=for_every_instance)
    letter, steps = np.geomspace(0.01, 1, 9), np.geomspace(1, 2000, 60)
    pace = 0.5 * letter[:, None] * steps
    values = np.exp(np.logaddexp(-4 * pace, np.log(0.003) - pace))
    part = judge_family(claim, cells_of(claim, values[None, None], {"b": letter, "k": steps}), RULE)
    # What is left is interpolation between checkpoints; over each run's own length it is 0.018.
    assert abs(part.trends["b"]["slope"]) < 0.012


def test_rounding_without_a_floor_run_is_no_stall():
    assert judged(RATE, np.exp(-0.05 * STEPS) + 1e-15, {"k": STEPS}).verdict == "supported"
    assert judged(RATE, np.exp(-0.05 * STEPS) + 1e-6, {"k": STEPS}).verdict == "refuted"


def test_steps_before_the_theorem_begins_count_for_nothing_and_are_no_run_outside_it():
    late = replace(RATE, assuming=(k >= 100,))
    transient = np.where(STEPS < 90, np.exp(-0.2 * STEPS), np.exp(-0.005 * (STEPS - 90) - 18))
    assert judged(RATE, transient, {"k": STEPS}).verdict != "supported"
    part = judged(late, transient, {"k": STEPS})
    assert (part.verdict, part.flags) == ("supported", ())
    outside = replace(RATE, where=RUN | {b: measured("constant")}, assuming=(b <= 1,))
    met = np.where(STEPS < 100, 2.0, 1.0)[None, None]
    part = judge_family(outside, cells_of(outside, {"y": transient[None, None], "b": met}, {"k": STEPS}), RULE)
    assert (part.verdict, part.flags) == ("supported", ("outside assumptions",))


# Explicit bounds, instance by instance


def test_one_violation_refutes_and_is_named():
    values = np.exp(-STEPS / 50) * np.ones((30, 1))
    assert judged(EXPLICIT, values * (1 - 1e-12), {"k": STEPS}).verdict == "supported"
    values[17, 5] *= 1 + 1e-6
    part = judged(EXPLICIT, values, {"k": STEPS})
    assert (part.verdict, part.worst["instance"], part.worst["letters"]["k"]) == ("refuted", 17, STEPS[5])


def test_a_floor_of_rounding_is_no_violation_and_a_plateau_is_one():
    def law(level):
        def kernel(rng, instance, letters, lane):
            decay = 0.0 if lane.near else np.exp(-letters["k"] / 20)
            return np.maximum(decay, level) * np.ones(letters["k"].shape)

        return Worlds({"truth:kernel": kernel, "truth:broken": lambda rng, i, at, lane: np.exp(-at["k"] / 40)}, solution=True)

    claim = replace(EXPLICIT, statement=y <= exp(-k / 20), controls=(BROKEN,))
    assert verified(claim, law(1e-15)).verdict.verdict == "supported"
    assert verified(claim, law(1e-3)).verdict.verdict == "refuted"


def test_a_floor_is_sought_on_every_instance_before_a_run_refutes():
    def kernel(rng, instance, at, lane):
        level = (1e-11 if instance == 20 else 1e-15) * (1e8 if lane.single else 1)
        return np.maximum(0.0 if lane.near else np.exp(-at["k"] / 20), level) * np.ones(at["k"].shape)

    found = verified(replace(EXPLICIT, statement=y <= exp(-k / 20)), Worlds({"truth:kernel": kernel}, solution=True)).verdict
    assert found.parts[0].verdict == "supported"


def test_what_rounding_adds_to_a_square_is_no_violation_and_more_than_that_is_one():
    # A distance of exp(-k / 40) with an error of 9e-11, squared, on a floor of 1e-20: at a hundred floors it is a fifth too large.
    claim = replace(EXPLICIT, statement=y <= exp(-k / 20))
    floor = xr.Dataset({"y": (("instance", "replicate", "k"), np.full((1, 1, len(STEPS)), 1e-20))}, {"k": STEPS, "instance": [0]})
    rounded = (np.exp(-STEPS / 40) + 9e-11) ** 2
    assert judged(claim, rounded, {"k": STEPS}, floor=floor).verdict == "supported"
    assert judged(claim, rounded, {"k": STEPS}).verdict == "refuted"
    assert judged(claim, np.exp(-STEPS / 20) * (1 + 1e-6), {"k": STEPS}, floor=floor).verdict == "refuted"


def test_a_trend_is_not_read_below_a_hundred_floors():
    steps = np.unique(np.geomspace(1, 1e5, 41).round())
    claim = claim_of(y <= C / k**2, {k: along("steps", 1, 100_000), y: measured("quantity"), C: unknown}, holds=for_every_instance)
    floor = xr.Dataset({"y": (("instance", "replicate", "k"), np.full((1, 1, len(steps)), 1e-9))}, {"k": steps, "instance": [0]})
    assert judged(claim, steps**-2.0 + 1e-9, {"k": steps}, floor=floor).verdict == "supported"
    assert judged(claim, steps**-2.0 + 1e-9, {"k": steps}).verdict != "supported"


@pytest.mark.parametrize(("level", "verdict"), [(1e-15, "inconclusive"), (1e-3, "refuted")])
def test_a_plateau_as_low_as_rounding_is_open_where_no_run_starts_at_the_solution(level, verdict):
    kernel = lambda rng, i, at, lane: np.maximum(np.exp(-at["k"] / 20), level)  # noqa: E731
    found = verified(replace(EXPLICIT, statement=y <= exp(-k / 20)), Worlds({"truth:kernel": kernel})).verdict
    assert found.verdict == verdict
    assert ("floor unknown" in found.flags) == (verdict == "inconclusive")


def test_a_run_that_overflows_after_breaking_its_bound_is_refuted():
    with np.errstate(over="ignore"):
        blown = np.exp(STEPS**1.5 / 20)
    assert np.isinf(blown[-1])
    for claim in (EXPLICIT, RATE):
        part = judged(claim, np.where(np.isinf(blown), np.nan, blown), {"k": STEPS}, RULE._replace(control=True))
        assert part.verdict == "refuted"
        assert not part.reasons
    polynomial = claim_of(y <= C / k, RUN, holds=for_every_instance)
    assert judged(polynomial, np.where(STEPS > 400, np.nan, np.exp(STEPS / 20)), {"k": STEPS}).verdict == "refuted"


def test_an_expectation_with_one_run_that_diverged_is_refuted():
    for claim, before in ((EXPLICIT, 2e6), (RATE, 1e9)):
        values = np.full((1, 64, len(STEPS)), 0.5) * np.exp(-STEPS / 50)
        values[0, 7, 5:] = np.r_[before, np.full(len(STEPS) - 6, np.nan)]
        claim = replace(claim, holds=MEAN.holds)
        assert judge_family(claim, cells_of(claim, values, {"k": STEPS}), RULE).verdict == "refuted"


def test_a_run_a_little_above_the_bound_of_a_mean_has_broken_nothing_before_it_fails():
    values = np.full((1, 64, len(STEPS)), 0.5) * np.exp(-STEPS / 50)
    values[0, 7, 5:] = np.r_[1.2 * np.exp(-STEPS[5] / 50), np.full(len(STEPS) - 6, np.nan)]
    claim = replace(EXPLICIT, holds=MEAN.holds)
    part = judge_family(claim, cells_of(claim, values, {"k": STEPS}), RULE)
    assert (part.verdict, part.reasons) == ("inconclusive", ("NONFINITE",))
    assert judge_family(claim, cells_of(claim, values, {"k": STEPS}), RULE._replace(control=True)).verdict == "refuted"


def test_nan_out_of_nothing_is_never_supported():
    for claim in (EXPLICIT, RATE, replace(EXPLICIT, holds=MEAN.holds)):
        values = np.exp(-STEPS / 50) * 0.5
        values[-1] = np.nan
        noisy = np.broadcast_to(values, (1, COUNTS_FROM if claim.holds.name != "for every instance" else 1, len(STEPS)))
        part = judge_family(claim, cells_of(claim, noisy, {"k": STEPS}), RULE)
        assert part.verdict == "inconclusive"
        assert "NONFINITE" in part.reasons
    values = np.where(np.arange(len(STEPS)) == 3, np.nan, 2 * np.exp(-STEPS / 50))
    values[:3] = 0.1
    part = judged(EXPLICIT, values, {"k": STEPS})
    assert (part.verdict, part.reasons) == ("refuted", ("NONFINITE",)), "finite cells still count, and the failure is told"


def test_a_bound_that_moves_along_what_it_bounds_does_not_names_both():
    other = letters("other")
    claim = claim_of(y <= other, {y: measured("one"), other: measured("other"), n: grows("size", 1.0, 4.0)})
    with pytest.raises(Slip, match=r"bounds y, .* by other, which has the dim n too\. Measure y over n, or solve the statement for other"):
        cells_of(claim, {"y": np.ones((2, 3)), "other": np.ones((2, 3, 4))}, {"n": np.arange(1.0, 5.0)})


def test_where_nothing_is_finite_the_reason_is_told():
    for claim in (EXPLICIT, GROWTH, MEAN, RATE):
        x = {"k": STEPS} if k in claim.statement.free_symbols else {"n": SIZES}
        part = judge_family(claim, cells_of(claim, np.full((2, COUNTS_FROM, len(*x.values())), np.nan), x), RULE)
        assert part.verdict == "inconclusive"
        assert "NONFINITE" in part.reasons


def test_a_signed_quantity_that_diverges_is_a_violation():
    regret = signed("regret")
    claim = claim_of(regret <= 1 + k, {k: RUN[k], regret: measured("regret")}, holds=for_every_instance)
    part = judged(claim, np.where(STEPS > 500, np.nan, np.where(STEPS > 300, 1e12, -1.0)), {"k": STEPS})
    assert part.verdict == "refuted"
    assert part.worst["measured"] == np.inf


LIMIT = letters("limit")
ACCURACY = {
    k: along("accuracy", 0.1, 0.001),
    y: measured("steps", up_to=LIMIT),
    LIMIT: fixed("where runs give up", 1000),
}
ACCURACIES = np.geomspace(0.1, 0.001, 13)


def test_a_run_that_stopped_below_its_bound_is_open():
    claim = claim_of(y <= 2 / k, ACCURACY, holds=for_every_instance)
    steps = np.where(1 / ACCURACIES > 600, np.inf, 1 / ACCURACIES)
    part = judged(claim, steps, {"k": ACCURACIES})
    assert (part.verdict, part.reasons) == ("inconclusive", ("CENSORED",))
    sharper = claim_of(y <= Rational(1, 2) / k, ACCURACY, holds=for_every_instance)
    beyond = np.where(ACCURACIES < 0.0015, np.inf, 0.5 / ACCURACIES)
    assert judged(sharper, beyond, {"k": ACCURACIES}).verdict == "refuted", "the limit itself is beyond that bound"


def test_a_mean_of_stopped_runs_is_never_supported():
    rng = np.random.default_rng(3)
    steps = 0.1 / ACCURACIES * lognormal(rng, (1, 64, 13), 0.2)
    # Where it gives up, the stopped run is beyond the bound of a single run; the mean of what was seen is below it.
    steps[0, 0, -1] = np.inf
    for statement in (y <= 1 / (2 * k), y <= C / (2 * k)):
        claim = claim_of(statement, ACCURACY | {C: unknown})
        part = judge_family(claim, cells_of(claim, steps, {"k": ACCURACIES}), RULE)
        assert (part.verdict, part.reasons) == ("inconclusive", ("CENSORED",))


def test_a_stopped_run_cannot_break_a_lower_bound():
    claim = claim_of(y >= 2 / k, ACCURACY, holds=for_every_instance)
    part = judged(claim, np.where(2.1 / ACCURACIES > 1000, np.inf, 2.1 / ACCURACIES), {"k": ACCURACIES})
    assert (part.verdict, part.reasons) == ("inconclusive", ("CENSORED",))


@pytest.mark.parametrize("holds", [for_every_instance, MEAN.holds])
def test_a_kernel_that_returns_a_constant_is_never_supported(holds):
    m = COUNTS_FROM if holds is MEAN.holds else 1
    for claim, coords in ((GROWTH, {"n": SIZES}), (EXPLICIT, {"k": STEPS}), (RATE, {"k": STEPS})):
        claim = replace(claim, holds=holds)
        for level in (np.full((3, 1, 1), 1e-12), np.array([1.0, 2.0, 3.0])[:, None, None] * 1e-12):
            values = np.broadcast_to(level, (3, m, len(next(iter(coords.values())))))
            part = judge_family(claim, cells_of(claim, values, coords), RULE)
            assert part.verdict != "supported"
            assert part.verdict == "refuted" or "CONSTANT" in part.reasons


# Expectations


def mean_part(claim, values, coords, seed=0, rule=RULE, search=None):
    found = cells_of(claim, values, coords)
    return in_expectation(found, cells_of(claim, values if search is None else search, coords), rule)


def test_an_expectation_is_supported_from_64_replicates_on():
    rng = np.random.default_rng(4)
    values = 0.3 * lognormal(rng, (2, 64, 13)) * np.sqrt(SIZES)
    assert mean_part(MEAN, values, {"n": SIZES}).verdict == "supported"
    assert mean_part(MEAN, values[:, :63], {"n": SIZES}).reasons == ("NOISE",)
    assert mean_part(MEAN, values * np.linspace(1, 3.1, 13), {"n": SIZES}).reasons == ("NOISE",), "the last cell is too near"


def test_an_expectation_that_rare_replicates_carry_is_not_supported():
    values = np.full((1, 64, 13), 1e-4)
    values[0, 0] = 0.5
    part = mean_part(MEAN, values * np.sqrt(SIZES) * np.linspace(1, 1.01, 13), {"n": SIZES})
    assert (part.verdict, part.reasons) == ("inconclusive", ("RARE",))
    assert part.beyond[1] > 1


def bounded_part(trivially, m=64, share=0.3, holds=MEAN.holds, statement=None):
    claim = replace(MEAN, trivially=trivially, holds=holds, **({} if statement is None else {"statement": statement}))
    values = share * np.random.default_rng(21).uniform(0.5, 1.5, (1, m, 3)) * np.sqrt(SIZES[:3])
    return judge_family(claim, cells_of(claim, values, {"n": SIZES[:3]}), RULE)


def test_a_support_of_an_unbounded_quantity_says_that_it_rests_on_events_that_nobody_saw():
    # Light tails or not: a sample that missed an event looks like one of a law without it.
    part = bounded_part(None)
    assert part.verdict == "supported"
    assert "RARE" in part.flags
    q, size = part.beyond
    assert q == pytest.approx(np.log(100) / 64)
    assert size == pytest.approx((1 - part.interval[1]) / q)
    assert f"one in {1 / q:.3g} runs" in combine([part]).detail


def test_a_known_bound_on_the_quantity_takes_the_flag_away_only_below_the_event_that_overturns():
    size = bounded_part(None).beyond[1]
    assert "RARE" not in bounded_part(0.98 * size * sqrt(n)).flags
    assert combine([bounded_part(0.98 * size * sqrt(n))]).detail == ""
    assert "RARE" in bounded_part(1.02 * size * sqrt(n)).flags
    assert "RARE" in bounded_part(0.4 * sqrt(n)).flags, "it was seen above what was said to bound it"


def test_a_lower_bound_of_a_positive_quantity_needs_no_other_bound():
    supported = lambda m, share: bounded_part(None, m, share, statement=y >= sqrt(n))  # noqa: E731
    assert supported(64, 2.0).verdict == "supported"
    assert "RARE" not in supported(64, 2.0).flags
    assert supported(128, 1.13).verdict == "supported"
    assert "RARE" in supported(128, 1.13).flags, "an unseen event at zero could bring so small a surplus below the bound"


def test_a_true_lower_bound_of_a_skewed_mean_is_not_refuted_by_few_replicates():
    # Most samples of a skewed law lie below its mean; 8 of them look as if they knew it.
    rng, claim, wrong = np.random.default_rng(23), replace(MEAN, statement=y >= sqrt(n)), 0
    for _ in range(100):
        values = lognormal(rng, (1, 16, 1), 1.5) * 10.0
        wrong += mean_part(claim, values, {"n": SIZES[:1]}).verdict == "refuted"
    assert wrong == 0
    refuted = mean_part(claim, 0.3 * lognormal(rng, (1, 64, 1)) * 10.0, {"n": SIZES[:1]})
    assert refuted.verdict == "refuted"
    assert "RARE" in refuted.flags
    assert "keep the bound" in combine([refuted]).detail
    bounded = mean_part(replace(claim, trivially=2 * sqrt(n)), 0.3 * lognormal(rng, (1, 64, 1)) * 10.0, {"n": SIZES[:1]})
    assert (bounded.verdict, bounded.flags) == ("refuted", ()), "what is known to stay below twice the bound brings no mean back"
    bets = mean_part(MEAN, 3 * lognormal(rng, (1, 64, 1)) * 10.0, {"n": SIZES[:1]})
    assert (bets.verdict, bets.flags) == ("refuted", ()), "bets need no bound on what was not seen"


def test_a_true_lower_bound_of_a_long_tail_is_rarely_refuted_by_many_replicates():
    # Student's limit alone refutes in 29 of these 200 runs, and would again on other replicates.
    rng, claim, wrong = np.random.default_rng(24), replace(MEAN, statement=y >= sqrt(n)), 0
    for _ in range(200):
        wrong += mean_part(claim, lognormal(rng, (1, 256, 1), 2.0) * 10.0, {"n": SIZES[:1]}).verdict == "refuted"
    assert wrong <= 20


def test_a_probability_has_no_rare_events():
    assert "RARE" not in bounded_part(None, 128, holds=with_probability(Rational(9, 10))).flags


def test_regret_is_bounded_by_its_horizon():
    regret = signed("regret")
    claim = claim_of(regret <= sqrt(n), {n: SQRT[n], regret: measured("regret")}, trivially=2 * n)
    rng = np.random.default_rng(22)
    for m, flagged in ((64, True), (1024, False)):
        values = rng.uniform(-1, 1, (1, m, 1)) * 10.0
        part = judge_family(claim, cells_of(claim, values, {"n": SIZES[:1]}), RULE)
        assert part.verdict == "supported"
        assert ("RARE" in part.flags) == flagged, "twice the horizon is 20 times the root of 100"


def test_a_mean_that_few_replicates_carry_refutes_no_lower_bound():
    # Student's limit lies far below the bound, and so it does where the few that carry the mean were missed by chance.
    values = np.where(np.arange(64) < 4, 10.0, 0.01).reshape(1, 64, 1)
    lower = replace(MEAN, statement=y >= sqrt(n))
    part = mean_part(lower, values, {"n": SIZES[:1]})
    assert part.interval[0] > 1, "twice the bound less the quantity, relative to it"
    assert (part.verdict, part.reasons) == ("inconclusive", ("RARE",))


def test_bad_instances_are_not_pooled_with_good_ones():
    # 10 % of instances at 3, the others at 0.3: pooled 0.57, supported in every run.
    mix = lambda rng, i, at, lane: (3.0 if i % 10 == 7 else 0.3) * np.sqrt(at["n"]) * lognormal(rng, at["n"].shape)  # noqa: E731
    for holds, verdict in ((MEAN.holds, "refuted"), (on_average, "supported")):
        worlds = Worlds({"truth:kernel": mix, "truth:broken": lambda rng, i, at, lane: at["n"] * lognormal(rng, at["n"].shape)})
        assert verified(replace(MEAN, holds=holds, controls=(BROKEN,)), worlds).verdict.verdict == verdict


def test_instances_are_chosen_on_seeds_that_are_not_tested():
    worlds = Worlds({"truth:kernel": lambda rng, i, at, lane: 0.3 * np.sqrt(at["n"]) * lognormal(rng, at["n"].shape)})
    result = verified(MEAN, worlds)
    pairs = lambda lanes: {(i, r) for i in lanes.instances for r in lanes.replicates}  # noqa: E731
    tested = set().union(*(pairs(lanes) for _, lanes in worlds.asked if len(lanes.instances) == TOP))
    searched = set().union(*(pairs(lanes) for _, lanes in worlds.asked if len(lanes.instances) > TOP))
    assert {i for i, _ in searched} == set(range(result.plan.instances))
    assert len({i for i, _ in tested}) == TOP
    assert not tested & searched


def test_a_search_halves_its_instances_and_doubles_their_replicates():
    assert rounds(96, SEARCH) == [(96, 4), (48, 8), (24, 16)]
    assert rounds(96, SEARCH, block=8) == [(96, SEARCH)], "half a block has no quantile"
    assert rounds(96, SEARCH, block=40) == [(96, 40)]
    for few in (1, 4, 32, 47):
        assert rounds(few, SEARCH) == [(few, SEARCH)]
    worlds = Worlds({"truth:kernel": lambda rng, i, at, lane: 0.3 * np.sqrt(at["n"]) * lognormal(rng, at["n"].shape)})
    verified(MEAN, worlds)
    asked = [(len(lanes.instances), lanes.replicates) for _, lanes in worlds.asked[:3]]
    assert asked == [(96, tuple(range(4))), (48, tuple(range(4, 8))), (24, tuple(range(8, 16)))], "what was seen before is kept"


@pytest.mark.parametrize("bad", [3, 50, 91])
def test_a_lone_instance_that_breaks_its_bound_threefold_is_found_and_refuted(bad):
    # 16 instances would miss one of 96 in five runs of six.
    law = lambda rng, i, at, lane: (3.0 if i == bad else 0.3) * np.sqrt(at["n"]) * lognormal(rng, at["n"].shape)  # noqa: E731
    verdict = verified(MEAN, Worlds({"truth:kernel": law})).verdict
    assert verdict.verdict == "refuted"
    assert verdict.worst.worst["instance"] == bad
    assert bad in verified(MEAN, Worlds({"truth:kernel": law})).data["truth:kernel on worlds:family"].instance.values


def test_the_cell_is_chosen_on_seeds_that_are_not_tested():
    # 200 cells at exactly E r = 1: the best of them on the tested seeds would be refuted in a large part of the runs.
    rng, sizes = np.random.default_rng(5), np.geomspace(100, 10_000, 200)
    wrong = 0
    for _ in range(40):
        values, search = (10.0 * (rng.random((1, m, 200)) < 0.1) * np.sqrt(sizes) for m in (64, 16))
        wrong += mean_part(MEAN, values, {"n": sizes}, search=search).verdict == "refuted"
    assert wrong <= 2


def test_the_cell_of_a_probability_is_chosen_on_seeds_that_are_not_tested():
    # 200 cells that are broken in one run of ten, as they may: the worst of them on the tested seeds would be refuted.
    rng, sizes, likely = np.random.default_rng(5), np.geomspace(100, 10_000, 200), replace(MEAN, holds=with_probability(Rational(9, 10)))
    wrong = 0
    for _ in range(20):
        values, search = (np.where(rng.random((1, m, 200)) < 0.1, 2.0, 0.5) * np.sqrt(sizes) for m in (256, 16))
        found, other = (cells_of(likely, v, {"n": sizes}) for v in (values, search))
        wrong += judge_family(likely, found, RULE, other).verdict == "refuted"
    assert wrong <= 2


def test_the_error_of_a_refuted_probability_is_shared_by_instances_and_families():
    likely = replace(MEAN, holds=with_probability(Rational(9, 10)))

    def verdict(broken, instances=1, rule=RULE):
        values = np.where(np.arange(64) < broken, 2.0, 0.5) * 10.0
        return judge_family(likely, cells_of(likely, np.broadcast_to(values[:, None], (instances, 64, 1)), {"n": SIZES[:1]}), rule).verdict

    barely = next(broken for broken in range(64) if verdict(broken) == "refuted")
    assert verdict(barely, 5) == "inconclusive"
    assert verdict(barely, rule=RULE._replace(families=5)) == "inconclusive"


def test_the_steps_of_a_path_share_the_error_of_a_refutation():
    # A path whose mean neither rises nor falls: one of its 60 steps rises at an error of one in a hundred in a large part of the runs.
    rng, path = np.random.default_rng(24), claim_of(y <= previous(y), {k: along("steps", 1, 60), y: measured("loss")})
    steps, wrong = {"k": np.arange(1, 61)}, 0
    for _ in range(20):
        values, search = (10 + rng.standard_normal((1, m, 60)) for m in (64, 16))
        wrong += mean_part(path, values, steps, search=search).verdict == "refuted"
    assert wrong <= 1


def test_algorithms_share_the_error_where_the_best_is_chosen_on_what_it_is_judged_on():
    several = replace(MEAN, simulation=("one:x", "two:x", "three:x", "four:x"))
    for claim, share in ((several, 4), (replace(several, statement=y >= sqrt(n)), 1), (replace(several, holds=for_every_instance), 1)):
        trial = Trial(plan(claim), Worlds({}))
        rule = trial._rule(0)
        assert rule.alpha == trial.plan.alphas[0] / share
        assert rule.total == trial.plan.alpha / share


def test_the_error_of_a_refutation_is_shared_by_instances_and_families():
    ratio = np.full((64, 1), 1.0) * np.where(np.arange(64) % 2, 1.6, 1.0)[:, None]
    strong = next(m for m in range(8, 64) if betting(ratio[:m, 0]) >= 2)
    values = np.broadcast_to(ratio[:strong], (1, strong, 1)) * np.sqrt(100.0)
    assert mean_part(MEAN, values, {"n": [100.0]}).verdict == "refuted"
    assert mean_part(MEAN, np.repeat(values, 5, 0), {"n": [100.0]}).verdict == "inconclusive"
    assert mean_part(MEAN, values, {"n": [100.0]}, rule=RULE._replace(families=5)).verdict == "inconclusive"


@pytest.mark.parametrize(("truth", "verdict"), [(0.9, "supported"), (1.5, "refuted")])
def test_a_bound_measured_per_run_is_compared_by_the_difference(truth, verdict):
    # E[y / b] would be truth times exp(sd^2) = 1.28: the ratio form refutes what holds with 10 % to spare.
    rng = np.random.default_rng(6)
    claim = claim_of(y <= b, SQRT | {b: measured("bound")})
    bound = lognormal(rng, (1, 2048, 3))
    part = mean_part(claim, {"y": truth * lognormal(rng, bound.shape, 0.1), "b": bound}, {"n": SIZES[:3]})
    assert part.verdict == verdict


def test_negative_values_are_not_clipped():
    rng, regret = np.random.default_rng(7), signed("regret")
    claim = claim_of(regret <= sqrt(n), {n: SQRT[n], regret: measured("regret")})
    values = (0.8 + 4 * rng.standard_normal((1, 4096, 3))) * np.sqrt(SIZES[:3])
    assert np.maximum(values / np.sqrt(SIZES[:3]), 0).mean() > 1.5
    assert mean_part(claim, values, {"n": SIZES[:3]}).verdict == "supported"


def test_negative_values_of_a_letter_that_is_declared_positive_are_not_clipped_either():
    rng = np.random.default_rng(7)
    values = (0.5 + 3 * rng.standard_normal((1, 4096, 3))) * np.sqrt(SIZES[:3])
    assert np.maximum(values / np.sqrt(SIZES[:3]), 0).mean() > 1.3
    assert mean_part(MEAN, values, {"n": SIZES[:3]}).verdict == "supported"
    assert mean_part(MEAN, values + 2 * np.sqrt(SIZES[:3]), {"n": SIZES[:3]}).verdict == "refuted"


def test_a_letter_that_is_declared_positive_and_measured_negative_is_said():
    rng = np.random.default_rng(7)
    values = (0.5 + 3 * rng.standard_normal((1, 64, 3))) * np.sqrt(SIZES[:3])
    assert NEGATIVE in mean_part(MEAN, values, {"n": SIZES[:3]}).flags
    assert NEGATIVE not in mean_part(MEAN, np.abs(values), {"n": SIZES[:3]}).flags
    bound = claim_of(y <= b, SQRT | {b: measured("bound")})
    assert NEGATIVE in mean_part(bound, {"y": np.abs(values), "b": values}, {"n": SIZES[:3]}).flags
    regret = signed("regret")
    honest = claim_of(regret <= sqrt(n), {n: SQRT[n], regret: measured("regret")})
    assert NEGATIVE not in mean_part(honest, values, {"n": SIZES[:3]}).flags


def test_a_regret_below_zero_throughout_is_vacuous_and_counts_for_nothing_beside_others():
    regret = signed("regret")
    claim = claim_of(regret <= sqrt(n), {n: SQRT[n], regret: measured("regret")})
    values = (-2 + 0.1 * np.random.default_rng(7).standard_normal((1, 64, 3))) * np.sqrt(SIZES[:3])
    negative = mean_part(claim, values, {"n": SIZES[:3]})
    assert "vacuous" in negative.flags
    assert negative.verdict == "supported"
    open_ = mean_part(claim, (0.95 + 0.5 * np.random.default_rng(8).standard_normal((1, 64, 3))) * np.sqrt(SIZES[:3]), {"n": SIZES[:3]})
    assert combine([negative, open_]).verdict == open_.verdict == "inconclusive"


def test_a_lower_bound_in_expectation_is_refuted_from_below():
    rng = np.random.default_rng(8)
    claim = replace(MEAN, statement=y >= sqrt(n))
    for truth, verdict in ((0.6, "refuted"), (1.6, "supported")):
        values = truth * lognormal(rng, (1, 128, 4)) * np.sqrt(SIZES[:4])
        assert mean_part(claim, values, {"n": SIZES[:4]}).verdict == verdict


@pytest.mark.parametrize(("share", "verdict"), [(0.0, "supported"), (0.02, "supported"), (0.3, "refuted"), (0.1, "inconclusive")])
def test_a_probability_is_tested_by_exact_limits(share, verdict):
    rng = np.random.default_rng(10)
    claim = replace(MEAN, holds=with_probability(Rational(9, 10)))
    values = np.where(rng.random((1, 256, 2)) < share, 2.0, 0.5) * np.sqrt(SIZES[:2])
    part = judge_family(claim, cells_of(claim, values, {"n": SIZES[:2]}), RULE)
    assert part.verdict == verdict


def test_a_trend_with_a_probability_is_about_a_quantile():
    # Three runs of eight grow: the median stays.
    half, grows_ = replace(GROWTH, holds=with_probability(Rational(1, 2))), np.arange(64)[:, None] % 8 < 3
    values = lognormal(np.random.default_rng(27), (1, 64, 13), 0.1) * np.sqrt(SIZES)
    for share, verdict in ((grows_, "supported"), (~grows_, "refuted")):
        found = cells_of(half, values * np.where(share, SIZES, 1.0), {"n": SIZES})
        assert judge_family(half, found, RULE).verdict == verdict


def test_a_few_more_runs_that_diverge_than_may_fail_refute_nothing():
    # 70 of 640 where 64 may: a share of one in ten makes more in a quarter of all samples.
    rng, steps = np.random.default_rng(26), np.unique(np.geomspace(1, 1000, 20).round())
    claim = claim_of(y <= C / k, {k: RUN[k], y: RUN[y], C: unknown}, holds=with_probability(Rational(9, 10)))
    values = lognormal(rng, (1, 640, len(steps)), 0.2) / steps
    wild = np.where(steps > 500, np.inf, np.exp(np.minimum(steps, 500.0)))
    for diverging, verdict in ((7, "inconclusive"), (12, "refuted")):
        found = cells_of(claim, values * np.where(np.arange(640)[:, None] % 64 < diverging, wild, 1.0), {"k": steps})
        assert judge_family(claim, found, RULE).verdict == verdict


def test_a_quantile_is_not_read_at_the_value_at_which_runs_stopped():
    # Costs that grow like n^.7, not like the root, and from n = 1000 on a plateau where runs gave up.
    claim = claim_of(y <= C * sqrt(n), SQRT | {y: measured("cost", up_to=b), b: fixed("where runs give up", 140.0)})
    values = lognormal(np.random.default_rng(28), (1, 64, 13), 0.05) * SIZES**0.7
    found = cells_of(replace(claim, holds=with_probability(Rational(1, 2))), np.where(values > 140, np.inf, values), {"n": SIZES})
    part = judge_family(replace(claim, holds=with_probability(Rational(1, 2))), found, RULE)
    assert (part.verdict, part.reasons[:1]) == ("inconclusive", ("CENSORED",))


# Looks, confirmation, rounding: through the whole line


def trials(kernel, claim, **worlds):
    return verified(claim, Worlds({"truth:kernel": kernel, "truth:broken": lambda rng, i, at, lane: at["n"] * 10} | worlds))


def test_a_refutation_must_be_found_again_on_fresh_replicates():
    def lucky(rng, instance, letters, lane):
        first = lane.seed == 0 and lane.replicate < 10_000
        return (2.0 if first else 0.5) * np.sqrt(letters["n"]) * lognormal(rng, letters["n"].shape)

    verdict = trials(lucky, replace(MEAN, controls=(BROKEN,))).verdict
    assert (verdict.verdict, verdict.reasons) == ("inconclusive", ("UNCONFIRMED",))


def test_a_refutation_must_be_found_again_on_a_longer_range():
    late = lambda rng, i, at, lane: np.minimum(at["n"] / 2e4, 1.0) ** 0.5 * np.sqrt(at["n"])  # noqa: E731
    verdict = trials(late, replace(GROWTH, controls=(BROKEN,))).verdict
    assert (verdict.verdict, verdict.reasons) == ("inconclusive", ("UNCONFIRMED",))
    for_good = lambda rng, i, at, lane: at["n"]  # noqa: E731
    assert trials(for_good, replace(GROWTH, controls=(BROKEN,))).verdict.verdict == "refuted"


def test_where_no_longer_range_can_be_asked_the_extrapolation_refutes_as_surely_as_the_rest():
    # The ratio u / (u + 30) is bounded; past the last of the listed sizes it would go on with a slope below tau.
    def law(power, crossing):
        def drawn(rng, i, at, count):
            u = at["n"] / 100.0
            ratio = u / (u + crossing) if crossing else u**power
            return np.sqrt(at["n"]) * ratio * np.exp(0.5 * rng.standard_normal((count, len(u))) - 0.125)

        return Together(drawn)

    def found(role, seed, power=0.0, crossing=0.0):
        claim = claim_of(y <= C * sqrt(n), {n: role, y: measured("cost"), C: unknown})
        verdict = verified(claim, Worlds({"truth:kernel": law(power, crossing)}, random=False), seed=seed).verdict
        return verdict.verdict, verdict.reasons, "range not extended" in verdict.flags

    listed = grows("size", among=tuple(round(size) for size in np.geomspace(100, 10_000, 13)))
    assert {found(listed, seed, crossing=30) for seed in (0, 6, 7)} == {("inconclusive", ("UNCONFIRMED",), False)}
    assert found(listed, 0, power=0.5) == ("refuted", (), True)
    assert found(grows("size", 100, 10_000), 0, power=0.5) == ("refuted", (), False)
    assert grows("size", 100, 10_000).lengthens
    assert not listed.lengthens
    assert not sized("columns", 10, 100).lengthens
    assert not along("accuracy", 0.1, 0.001).lengthens
    assert along("steps", 1, 1000).lengthens


def test_a_violation_must_survive_moving_the_inputs():
    def kernel(factor):
        return lambda rng, i, at, lane: np.sqrt(at["n"]) * (1 + factor * (-1) ** lane.nudge)

    claim = replace(MEAN, holds=for_every_instance, controls=(BROKEN,))
    assert trials(kernel(1e-7), claim).verdict.reasons == ("ROUNDING",)
    assert trials(lambda rng, i, at, lane: np.sqrt(at["n"]) * (1 + 1e-7), claim).verdict.verdict == "refuted"


def test_a_violation_must_survive_where_it_was_seen():
    # Rounding that puts another step above a tight bound in every repetition is rounding; one step that stays above it is not.
    claim = replace(EXPLICIT, statement=y <= 1 / k, controls=(BROKEN,))

    def rounded(rng, i, at, lane):
        error = np.random.default_rng(lane.nudge).standard_normal(at["k"].shape)
        return (1 + 1e-8 * np.maximum(error - 1, 0)) / np.maximum(at["k"], 0.5)

    above = lambda rng, i, at, lane: rounded(rng, i, at, lane) * (1 + 1e-6 * (at["k"] == 1000))  # noqa: E731
    chaotic = lambda rng, i, at, lane: 1 / np.maximum(at["k"], 0.5) * (1 + 0.01 * rounded(rng, i, at, lane) * (lane.nudge + 1))  # noqa: E731
    broken = {"truth:broken": lambda rng, i, at, lane: 10.0 + 0 * at["k"]}
    for law, reasons in ((rounded, ("ROUNDING",)), (above, ()), (chaotic, ())):
        assert verified(claim, Worlds({"truth:kernel": law} | broken)).verdict.reasons == reasons


def test_a_run_that_breaks_its_bound_at_another_step_each_time_is_refuted():
    def law(rng, i, at, lane):
        where = np.random.default_rng(lane.nudge).permutation(at["k"].size).reshape(at["k"].shape) == 0
        return np.where(where, 1.01, 0.9) / np.maximum(at["k"], 0.5)

    claim = replace(EXPLICIT, statement=y <= 1 / k)
    assert verified(claim, Worlds({"truth:kernel": law})).verdict.verdict == "refuted"


def test_a_replicate_of_a_world_is_the_same_whatever_it_is_asked_for_with():
    # Looks must see the replicates of the looks before, also where a law draws many at once.
    law = Together(lambda rng, i, at, count: lognormal(rng, (count, len(at["n"]))))
    run = Trial(plan(MEAN), Worlds({})).run("worlds:family")
    whole = Worlds({"truth:kernel": law}).data(run, Lanes((3,), tuple(range(50, 80))))["y"].sel(replicate=[61, 64, 70])
    some = Worlds({"truth:kernel": law}).data(run, Lanes((3,), (61, 64, 70)))["y"]
    np.testing.assert_array_equal(whole, some)
    assert len(np.unique(whole)) == whole.size


def test_looks_spend_no_more_error_than_there_is():
    found = plan(MEAN, alpha=0.01)
    assert len(found.alphas) == len(found.looks) > 1
    assert sum(found.alphas) <= 0.01 * (1 + 1e-12)


def test_replicates_that_do_not_differ_support_nothing_before_the_last_look():
    late = SEARCH + COUNTS_FROM
    law = lambda rng, i, at, lane: (20.0 if lane.replicate >= late and lane.replicate % 4 == 0 else 0.5) * np.sqrt(at["n"])  # noqa: E731
    assert verified(MEAN, Worlds({"truth:kernel": law})).verdict.parts[0].verdict == "refuted"


def test_a_support_without_power_waits_for_more_replicates():
    trial = Trial(plan(replace(GROWTH, holds=MEAN.holds)), Worlds({}))
    for powered in (False, True):
        trial.verdict = Verdict("supported", parts=(part("supported", trends={"n": {"powered": powered}}),))
        assert trial.decided == powered
        trial.verdict = replace(trial.verdict, verdict="refuted")
        assert trial.decided


def test_instances_are_searched_with_a_block_of_runs_where_a_quantile_is_claimed():
    often = replace(GROWTH, holds=with_probability(Rational(9, 10)), instances=4)
    worlds = Worlds({"truth:kernel": lambda rng, i, at, lane: np.sqrt(at["n"]) * lognormal(rng, at["n"].shape)})
    Trial(plan(often), worlds).advance(0)
    searched = [set(lanes.replicates) for _, lanes in worlds.asked]
    assert len(searched[0]) == 40
    assert not searched[0] & set().union(*searched[1:])


def test_more_replicates_settle_what_few_leave_open():
    kernel = lambda rng, i, at, lane: 0.8 * np.sqrt(at["n"]) * lognormal(rng, at["n"].shape)  # noqa: E731
    result = trials(kernel, replace(MEAN, controls=(BROKEN,)))
    assert result.verdict.verdict == "supported"
    assert result.verdict.worst.replicates > COUNTS_FROM


# Families, controls, flags


def part(verdict, *flags, **more):
    return Part("worlds:family", verdict, flags=flags, **more)


def test_the_worst_family_decides_and_a_vacuous_one_counts_for_nothing():
    assert combine([part("supported"), part("refuted")]).verdict == "refuted"
    assert combine([part("supported"), part("inconclusive", reasons=("NOISE",))]).reasons == ("NOISE",)
    assert combine([part("supported"), part("inconclusive", "vacuous")]).verdict == "supported"
    assert combine([part("inconclusive", reasons=("NOISE",)), part("supported", "vacuous")]).verdict == "inconclusive"
    assert combine([part("supported", "vacuous")]).flags == ("vacuous",)


def test_a_bound_above_what_any_method_attains_is_vacuous():
    trivial = replace(MEAN, holds=for_every_instance, trivially=Rational(5))
    assert "vacuous" in judged(trivial, np.full(13, 4.0), {"n": SIZES}).flags
    assert "vacuous" not in judged(replace(trivial, trivially=Rational(50)), np.full(13, 4.0), {"n": SIZES}).flags
    regret = signed("regret")
    claim = claim_of(regret <= sqrt(n), {n: SQRT[n], regret: measured("regret")}, holds=for_every_instance)
    assert "vacuous" in judged(claim, -SIZES, {"n": SIZES}).flags


def test_a_claim_far_below_its_bound_is_loose_unless_one_family_is_near():
    claim = replace(MEAN, holds=for_every_instance)
    far, near = (judged(claim, share * np.sqrt(SIZES), {"n": SIZES}) for share in (0.05, 0.5))
    assert "loose" in far.flags
    assert "loose" not in near.flags
    assert "loose" in combine([far]).flags
    assert "loose" not in combine([far, near]).flags
    assert "loose" in grown(SIZES**-0.4).flags
    assert "loose" not in grown(SIZES**-0.05).flags


def test_an_uncaught_control_takes_the_support_away():
    sound = ControlVerdict("a", "algorithm", "refuted", "refuted")
    sharper = ControlVerdict("b", "statement", "refuted", "supported")
    for controls, reasons in (([sound], ()), ([sound, sharper], ("CONTROL",)), ([replace(sharper, verdict="refuted")], ("CONTROL",))):
        assert with_controls(Verdict("supported"), controls, True).reasons == reasons
    assert with_controls(Verdict("supported"), [replace(sharper, verdict="refuted")], False).verdict == "supported"
    assert with_controls(Verdict("refuted"), [sharper], True).verdict == "refuted"


def test_a_control_is_judged_with_its_claim():
    claim = replace(MEAN, holds=for_every_instance, controls=(Control("half the bound", statement=y <= sqrt(n) / 2), BROKEN))
    for share, reasons in ((0.9, ()), (0.4, ("CONTROL",))):
        kernel = lambda rng, i, at, lane, share=share: share * np.sqrt(at["n"])  # noqa: E731
        assert trials(kernel, claim).verdict.reasons == reasons


def test_a_claim_gates_only_where_a_rerun_would_hardly_differ():
    # The index is (tau - slope) / the error at the cap; 5.7 makes a flip rarer than one in a thousand.
    rng, u = np.random.default_rng(11), sweep(2.0)
    pseudo = pseudo_of(lognormal(rng, (1, 64, 12)), weights(u))[0]
    at_look, at_cap = (trend(pseudo, 0.1, 0.01, cap=cap).margin for cap in (64, 256))
    assert at_cap == pytest.approx(2 * at_look)
    error = pseudo[:, 3].std(ddof=1) / np.sqrt(256)
    assert at_cap == pytest.approx((0.1 - pseudo[:, 3].mean()) / error)
    assert Verdict("supported", parts=(part("supported", margin=5.8),)).gating
    assert not Verdict("supported", parts=(part("supported", margin=5.8), part("supported", margin=5.6))).gating
    assert Verdict("refuted", parts=(part("refuted", margin=-2.0),)).gating, "it was found twice"
    assert not Verdict("inconclusive", parts=(part("inconclusive", margin=9.0),)).gating
    assert judged(EXPLICIT, np.exp(-STEPS / 50) / 2, {"k": STEPS}).margin == np.inf


def test_instances_are_ranked_by_what_other_seeds_saw():
    rng = np.random.default_rng(13)
    values = lognormal(rng, (12, 16, 13)) * np.sqrt(SIZES)
    values[4] *= 3
    assert ranked(MEAN, cells_of(MEAN, values, {"n": SIZES}), RULE, 1) == (4,)
    steep = replace(GROWTH, holds=MEAN.holds)
    values[9] *= SIZES
    assert ranked(steep, cells_of(steep, values, {"n": SIZES}), RULE, 1) == (9,)
    often = np.full((12, 16, 13), 0.5) * np.sqrt(SIZES)
    often[2, 0] *= 1e6
    often[9, ::2] *= 3
    likely = replace(MEAN, holds=with_probability(Rational(9, 10)))
    assert ranked(likely, cells_of(likely, often, {"n": SIZES}), RULE, 1) == (9,), "how often, not how far"


@pytest.mark.parametrize(("bend", "window"), [(0.0, 1.0), (0.5, 0.75)])
def test_a_trend_names_the_part_of_the_range_that_it_was_read_on(bend, window):
    early = np.maximum(np.log(SIZES[len(SIZES) // 4] / SIZES), 0)
    trend = grown(np.exp(bend * early)).trends["n"]
    assert trend["window"] == window
    assert trend["since"] == (
        None if window == 1 else min(SIZES[np.log(SIZES) >= np.log(SIZES[-1]) - window * np.ptp(np.log(SIZES)) - 1e-9])
    )
