"""Quantiles with an unknown constant, portfolios under a lower bound, separations, orderings and paths, on data of known truth."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from exam.orders import ALL, CONSTANT, KERNELS, L, R, _lucky, _method, gap, lower_bound, separation
from exam.quantiles import elsewhere, hitting, measurements
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Eq, Rational, sqrt
from worlds import C, Worlds, cells_of, claim_of, k, letters, n, verified, y

import theorylab.verdict.quantiles as quantiles
from theorylab import plan as planning
from theorylab import words
from theorylab.blocks import quantile_block
from theorylab.claim import (
    Slip,
    along,
    fixed,
    for_every_instance,
    grows,
    in_expectation,
    measured,
    previous,
    shrinks,
    unknown,
    with_probability,
)
from theorylab.judgement import judge
from theorylab.kind import kind_of, unjudged, untested
from theorylab.measurements import read
from theorylab.orders import order_of
from theorylab.verdict.judge import judge_family, ranked
from theorylab.verdict.parts import Rule

a, b, m, loss = letters("a b m loss")
HALF = with_probability(Rational(1, 2))
ELSEWHERE = {"simulation": None, "because": "measured elsewhere", "problems": ()}
WHERE = {n: grows("size", 100.0, 10_000.0), y: measured("cost"), C: unknown}
SIZES = np.geomspace(100, 10_000, 13)
RULE = Rule(0.1, 0.01, 0.01)
LIKELY = claim_of(y <= C * sqrt(n), WHERE, holds=HALF)


def runs(rng, count=64, slope=0.0, scatter=0.5):
    """Costs (1, count, 13) of sqrt(n) n^slope with lognormal noise."""
    return SIZES ** (0.5 + slope) * np.exp(scatter * rng.standard_normal((1, count, 13)))


def part_of(claim, values, rule=RULE):
    return judge_family(claim, cells_of(claim, values, {"n": SIZES}), rule)


# A quantile with an unknown constant


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.floats(-1, 1), st.floats(1e-6, 1e6), st.sampled_from([Rational(1, 2), Rational(9, 10)]))
def test_a_power_of_the_size_moves_the_slope_of_a_quantile_by_itself_and_a_factor_not_at_all(seed, power, factor, p):
    claim = replace(LIKELY, holds=with_probability(p))
    values = runs(np.random.default_rng(seed), 8 * quantile_block(claim), scatter=2.0)
    slope = lambda v: part_of(claim, v).trends["n"]["upper_half"]  # noqa: E731
    assert slope(factor * values * SIZES**power) == pytest.approx(slope(values) + power, abs=1e-9)


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.sampled_from([1, 2, 7]))
def test_the_order_of_the_runs_of_a_block_does_not_matter_nor_how_far_out_the_worst_are(seed, worst):
    rng = np.random.default_rng(seed)
    values = runs(rng)
    mixed = rng.permuted(values.reshape(1, 8, 8, 13), axis=2)
    far = np.sort(mixed, axis=2)
    far[:, :, -min(worst, 3) :] *= 1e9
    trend = part_of(LIKELY, values).trends["n"]
    assert part_of(LIKELY, mixed.reshape(1, 64, 13)).trends["n"] == trend
    assert part_of(LIKELY, far.reshape(1, 64, 13)).trends["n"] == pytest.approx(trend)


def test_a_quantile_decides_where_the_mean_is_carried_by_too_few():
    rng = np.random.default_rng(0)
    heavy = SIZES**0.5 * rng.random((1, 1024, 13)) ** -2.0
    mean = replace(LIKELY, holds=in_expectation)
    assert part_of(mean, heavy).verdict == "inconclusive"
    assert "RARE" in part_of(mean, heavy).reasons
    assert part_of(LIKELY, heavy).verdict == "supported"
    assert part_of(LIKELY, heavy * SIZES**0.5).verdict == "refuted"


def test_a_lower_bound_is_about_the_quantile_of_the_other_side():
    """The low runs fall behind, the others do not: nine in ten keep the bound, and a median does not see it."""
    rng = np.random.default_rng(1)
    values = runs(rng, 640)
    values[:, ::4] *= SIZES**-0.5
    where = {"holds": with_probability(Rational(9, 10))}
    lower = claim_of(y >= C * sqrt(n), WHERE, **where)
    assert part_of(lower, values).verdict == "refuted"
    assert part_of(replace(lower, holds=HALF), values).verdict == "supported"
    assert part_of(claim_of(y <= C * sqrt(n), WHERE, **where), values).verdict == "supported"


def test_the_probability_may_be_another_in_every_cell():
    where = WHERE | {m: shrinks("share that may fail", 0.05, 0.5)}
    claim = claim_of(y <= C * sqrt(n), where, holds=with_probability(1 - m))
    assert quantile_block(claim) == 80
    assert planning.plan(claim).looks[0] == 640
    rng = np.random.default_rng(0)
    shares = np.array([0.5, 0.25, 0.05])
    values = np.exp(rng.standard_normal((1, 4000, 3, 13)))
    cells = cells_of(claim, values, {"m": shares, "n": SIZES})
    level = quantiles.in_blocks(claim, cells, RULE).level.reshape(3, 13).mean(1) + np.log(SIZES).mean() / 2
    assert level == pytest.approx([0.0, 0.6745, 1.645], abs=0.05)


def test_the_mean_of_logarithms_is_tested_not_the_logarithm_of_the_mean():
    """Where the spread grows with the size, the blocks' mean would grow although every quantile stays."""
    rng = np.random.default_rng(2)
    values = SIZES**0.5 * np.exp(np.linspace(0.1, 3, 13) * rng.standard_normal((1, 8 * 256, 13)))
    claim_cells = cells_of(LIKELY, values, {"n": SIZES})
    trend = judge_family(LIKELY, claim_cells, RULE).trends["n"]
    assert abs(trend["slope"]) < 0.02
    blocks = np.median(values.reshape(256, 8, 13), axis=1).mean(0) / SIZES**0.5
    assert np.polyfit(np.log(SIZES), np.log(blocks), 1)[0] > 0.1


def test_more_diverging_runs_than_may_fail_refute_and_fewer_do_not():
    where = {k: along("steps", 1, 10_000), y: measured("gap"), C: unknown}
    claim = claim_of(y <= C / k, where, holds=with_probability(Rational(9, 10)))
    steps = np.unique(np.geomspace(1, 10_000, 20).astype(int))
    rng = np.random.default_rng(0)

    def verdict(share):
        with np.errstate(over="ignore"):
            wild = np.where(rng.random((1, 640, 1)) < share, np.exp(steps * 1.0), 1.0)
            values = wild / steps * np.exp(0.2 * rng.standard_normal((1, 640, len(steps))))
        return judge_family(claim, cells_of(claim, values, {"k": steps}), RULE)

    assert verdict(0.2).verdict == "refuted"
    assert verdict(0.02).verdict == "supported"
    assert verdict(0.1).verdict == "inconclusive"


def test_runs_that_fail_out_of_nothing_leave_a_quantile_open():
    values = runs(np.random.default_rng(0))
    values[0, 5, 7] = np.nan
    part = part_of(LIKELY, values)
    assert (part.verdict, "NONFINITE" in part.reasons) == ("inconclusive", True)


def test_quantiles_that_are_not_positive_in_some_blocks_are_open_and_in_all_count_as_below_the_bound():
    values = runs(np.random.default_rng(0))
    some = np.where(np.arange(64)[None, :, None] % 8 < 4 + 2 * (np.arange(64)[None, :, None] // 8 % 2), 0.0, values)
    assert part_of(LIKELY, some).verdict == "inconclusive"
    few = values.copy()
    few[:, :, 0] = 0.0
    assert part_of(LIKELY, few).verdict == "supported"


def test_which_probabilities_have_a_test():
    assert unjudged(LIKELY) == ""
    assert "write <= for one" in unjudged(claim_of(Eq(y, C * sqrt(n)), WHERE, holds=HALF))
    rare = replace(LIKELY, holds=with_probability(Rational(999, 1000)))
    assert "blocks of 4,000 runs" in untested(rare)
    assert unjudged(rare) == ""


def test_every_replicate_of_a_late_look_is_computed():
    """p = .95 has looks up to 20,480 runs, more than any other kind."""
    claim = replace(LIKELY, holds=with_probability(Rational(19, 20)))
    law = lambda rng, instance, at, lane: np.sqrt(at["n"]) * (at["n"] / 100) ** 0.1 * np.exp(0.02 * rng.standard_normal(at["n"].shape))  # noqa: E731
    found = verified(claim, Worlds({"truth:kernel": law}, random=False)).verdict
    assert found is not None
    assert found.worst is not None
    assert found.worst.replicates == 20_480


@pytest.mark.parametrize("p", [Rational(1, 2), Rational(19, 20)])
def test_instances_are_chosen_on_a_block_of_other_runs(p):
    """One instance of sixteen grows; it is found and refuted."""
    claim = replace(LIKELY, holds=with_probability(p))

    def law(rng, instance, at, lane):
        return np.sqrt(at["n"]) * (at["n"] / 100) ** (0.6 if instance == 11 else 0.0) * np.exp(0.5 * rng.standard_normal(at["n"].shape))

    world = Worlds({"truth:kernel": law})
    verdict = verified(claim, world).verdict
    assert verdict is not None
    assert verdict.verdict == "refuted"
    assert verdict.worst is not None
    assert verdict.worst.worst["instance"] == 11
    searched = world.asked[0][1].replicates
    assert len(searched) == max(16, quantile_block(claim))
    assert not set(searched) & set(world.asked[1][1].replicates)


def test_sums_and_rates_have_quantiles_too():
    eps, c, C_1, C_2 = letters("eps c C_1 C_2")
    rng = np.random.default_rng(0)
    where = {n: grows("size", 1e2, 1e6), eps: shrinks("accuracy", 1e-3, 0.1), y: measured("cost"), C_1: unknown, C_2: unknown}
    sums = claim_of(y <= C_1 * n + C_2 * sqrt(n) / eps, where, holds=HALF)
    sizes, accuracies = np.geomspace(1e2, 1e6, 13), np.geomspace(1e-3, 0.1, 13)
    heavy = rng.random((1, 256, 13, 13)) ** -2.0
    cost = sizes[:, None] + sizes[:, None] ** 0.5 / accuracies
    grid = {"n": sizes, "eps": accuracies}
    assert judge_family(sums, cells_of(sums, cost * heavy, grid), RULE).verdict == "supported"
    assert judge_family(sums, cells_of(sums, (cost + sizes[:, None] ** 1.3) * heavy, grid), RULE).verdict == "refuted"
    from sympy import exp

    decay = claim_of(y <= C * exp(-c * k), {k: along("steps", 1, 500), y: measured("gap"), C: unknown, c: unknown}, holds=HALF)
    steps = planning.plan(decay).along[1]  # type: ignore[index]
    noise = rng.random((1, 128, len(steps))) ** -1.0
    assert judge_family(decay, cells_of(decay, np.exp(-0.05 * steps) * noise, {"k": steps}), RULE).verdict == "supported"
    assert judge_family(decay, cells_of(decay, np.exp(-2 * np.sqrt(steps)) * noise, {"k": steps}), RULE).verdict == "refuted"


# Hitting times


@settings(max_examples=20)
@given(st.integers(0, 2**31))
def test_runs_that_gave_up_above_every_blocks_quantile_leave_it_as_it_is(seed):
    claim = hitting(4, **ELSEWHERE)
    whole = measurements(np.random.default_rng(seed), 256)["N"][1]
    arrived = np.where(np.isinf(whole), 1e30, whole)
    kept = cells_of(claim, whole[None], {"eps": np.geomspace(0.1, 10**-3.5, 21)})
    known = quantiles.in_blocks(claim, kept, RULE)
    full = quantiles.in_blocks(claim, cells_of(claim, arrived[None], {"eps": np.geomspace(0.1, 10**-3.5, 21)}), RULE)
    here = known.cells.keep[0]
    assert here[:-2].all()
    if known.size == full.size:
        assert known.level[0][here] == pytest.approx(full.level[0][here])
    # Two in five of the runs at the last accuracy stopped: never read at where they stopped.
    assert not here[-1] or np.exp(known.level[0, -1]) < claim.role("K").value


def test_dropping_the_runs_that_gave_up_would_support_a_smaller_exponent():
    """The twin of what the judge does: 3.7 for 4, by the mean of the runs that arrived, and by nothing that the judge counts."""
    smaller = hitting(Rational(37, 10), 2.0, **ELSEWHERE)
    mean = replace(smaller, holds=in_expectation)
    wrong = [elsewhere(mean, 1024, seed, 2.0, drop=True) for seed in range(3)]
    assert wrong == [{"supported": 1}] * 3
    assert [elsewhere(smaller, 2048, seed, 2.0) for seed in range(3)] == [{"refuted": 1}] * 3
    verdict = judge(mean, measurements(np.random.default_rng(0), 1024, 2.0))
    assert (verdict.verdict, "CENSORED" in verdict.reasons) == ("inconclusive", True)


def test_a_sweep_that_is_hidden_for_the_most_part_is_censored():
    data = measurements(np.random.default_rng(0), 128)
    times = np.where(data["N"][1] > 1e6, np.inf, data["N"][1])
    limit = {letter: fixed("where a run gives up", 1e6) for letter in hitting(4).where if letter.name == "K"}
    claim = hitting(4, **ELSEWHERE)
    claim = replace(claim, where=claim.where | limit)
    refuted = replace(claim, statement=hitting(3).statement)
    assert judge(claim, {"N": (("replicate", "eps"), times), "eps": data["eps"]}).verdict in ("supported", "inconclusive")
    found = judge(refuted, {"N": (("replicate", "eps"), times), "eps": data["eps"]})
    assert (found.verdict, found.reasons[0]) == ("inconclusive", "CENSORED")


def test_measurements_in_a_file_are_judged_by_blocks(tmp_path):
    import pandas as pd

    rng = np.random.default_rng(0)
    at = {"n": np.tile(SIZES, 128), "replicate": np.repeat(np.arange(128), 13)}
    for slope, verdict in ((0.0, "supported"), (0.5, "refuted")):
        pd.DataFrame(at | {"y": runs(rng, 128, slope)[0].ravel()}).to_csv(tmp_path / "runs.csv", index=False)
        assert judge(replace(LIKELY, **ELSEWHERE), str(tmp_path / "runs.csv")).verdict == verdict
    few = judge(replace(LIKELY, **ELSEWHERE), {"y": (("replicate", "n"), runs(rng, 40)[0]), "n": SIZES})
    assert few.verdict == "inconclusive"
    assert "where a support takes 64 at least and a refutation 128" in few.detail


# Portfolios


def powers(*slopes):
    laws = {
        f"laws:{i}": lambda rng, instance, at, lane, s=s: np.sqrt(at["n"]) * (at["n"] / 100) ** s * np.exp(0.02 * rng.standard_normal(13))
        for i, s in enumerate(slopes)
    }
    claim = claim_of(y >= C * sqrt(n), WHERE, simulation=tuple(laws))
    return verified(claim, Worlds(laws, random=False)).verdict


@settings(max_examples=12)
@given(st.lists(st.sampled_from([-0.5, -0.3, 0.0, 0.3, 0.5]), min_size=2, max_size=3))
def test_a_lower_bound_holds_of_several_if_it_holds_of_each_and_one_comes_near(slopes):
    verdict = powers(*slopes)
    assert verdict is not None
    if min(slopes) < 0:
        assert verdict.verdict == "refuted"
    elif 0.0 in slopes:
        assert verdict.reasons == ("CONTROL",)  # it has none
    else:
        assert (verdict.verdict, verdict.reasons) == ("inconclusive", ("COVERAGE",))
        assert "could not fail" in verdict.detail
    assert len(verdict.parts) == len(set(range(len(slopes))))


@pytest.mark.parametrize(
    ("statement", "methods", "verdict"),
    [
        (gap >= CONSTANT, ALL, "supported"),
        (gap >= CONSTANT, ALL[:2], "inconclusive"),
        (gap >= 2 * CONSTANT, ALL, "refuted"),
        (gap >= C * L * R**2 / 7, ALL[:2], "refuted"),
    ],
)
def test_the_chain_of_nesterov(statement, methods, verdict):
    laws = {name: partial(_method, method) for name, method in KERNELS.items()}
    found = verified(lower_bound(statement, methods), Worlds(laws, random=False)).verdict
    assert found is not None
    assert found.verdict == verdict


def test_luck_does_not_choose_among_several_algorithms():
    """Each lies at 1.15 of the bound; the least of four in every run lies at about 0.7 of it, and refuted the bound before."""
    laws = {f"lucky:{i}": partial(_lucky, 1.15, i) for i in range(4)}
    where = {n: grows("size", 100.0, 10_000.0), y: measured("cost")}
    low = claim_of(y >= sqrt(n), where, simulation=tuple(laws))
    found = verified(low, Worlds(laws, random=False)).verdict
    assert found is not None
    assert all(part.verdict != "refuted" for part in found.parts)
    assert len(found.parts) == 4
    laws = {f"lucky:{i}": partial(_lucky, 1.5, i) for i in range(4)}
    high = claim_of(y <= sqrt(n), where, simulation=tuple(laws))
    found = verified(high, Worlds(laws, random=False)).verdict
    assert found is not None
    assert found.verdict == "refuted"


def test_the_best_of_several_takes_the_means_and_all_that_their_kernel_measured():
    from theorylab.portfolio import best_of

    claim = claim_of(y <= a * sqrt(n), WHERE | {a: measured("its own constant")}, simulation=("one:x", "two:x"))
    rng = np.random.default_rng(0)
    one, two = (cells_of_data(rng.random((2, 4, 13)), constant) for constant in (1.0, 2.0))
    found = best_of(claim, [one, two])
    first = one.y.mean("replicate") <= two.y.mean("replicate")
    assert ((found.a == 1).all("replicate") == first).all()
    assert (found.y.mean("replicate") == np.minimum(one.y.mean("replicate"), two.y.mean("replicate"))).all()
    assert best_of(claim, [one]) is one


def cells_of_data(values, constant):
    import xarray as xr

    dims = ("instance", "replicate", "n")
    return xr.Dataset({"y": (dims, values), "a": (dims, np.full_like(values, constant))}, {"n": SIZES})


def test_measurements_of_several_algorithms_are_named_by_algorithm_and_problem():
    laws = ("laws:one", "laws:two")
    claim = replace(claim_of(y >= C * sqrt(n), WHERE, simulation=laws), name="known", holds=for_every_instance)

    def verdict(*slopes):
        values = np.stack([SIZES ** (0.5 + s) for s in slopes])
        labels = [f"{law} on worlds:family" for law in laws]
        return judge(claim, {"y": (("problem", "n"), values), "n": SIZES, "problem": labels})

    assert verdict(0.0, 0.5).verdict == "supported"
    assert {part.family for part in verdict(0.0, 0.5).parts} == {f"{law} on worlds:family" for law in laws}
    assert verdict(0.0, -0.5).verdict == "refuted"
    assert verdict(0.4, 0.5).reasons == ("COVERAGE",)


# Separations


@settings(max_examples=20)
@given(st.integers(0, 2**31), st.floats(0.1, 2.0))
def test_what_both_share_in_a_run_says_nothing_of_their_separation(seed, scatter):
    """A factor for all sizes of a run is in the means of both; without it the numbers are nearly the same."""
    rng = np.random.default_rng(seed)
    slow, fast = SIZES**0.75 * np.exp(0.01 * rng.standard_normal((1, 64, 13))), SIZES**0.5 * np.exp(0.01 * rng.standard_normal((1, 64, 13)))
    common = np.exp(scatter * rng.standard_normal((1, 64, 1)))
    slope = lambda s, f: judge_family(separation(), cells_of(separation(), {"slow": s, "fast": f}, {"n": SIZES}), RULE)  # noqa: E731
    assert slope(slow * common, fast * common).trends["n"]["slope"] == pytest.approx(slope(slow, fast).trends["n"]["slope"], abs=0.02)


def test_a_separation_is_paired_and_a_gap_that_is_not_there_is_refuted():
    rng = np.random.default_rng(0)
    claim = replace(separation(), **ELSEWHERE)
    path = np.exp(np.cumsum(0.2 * rng.standard_normal((64, 13)), axis=1))
    for gap_, verdict in ((0.25, "supported"), (0.0, "refuted")):
        fast = SIZES**0.5 * path * np.exp(0.1 * rng.standard_normal((64, 13)))
        slow = SIZES ** (0.5 + gap_) * path * np.exp(0.1 * rng.standard_normal((64, 13)))
        data = {"slow": (("replicate", "n"), slow), "fast": (("replicate", "n"), fast), "n": SIZES}
        found = judge(claim, data)
        assert found.verdict == verdict
        alone = replace(claim_of(y >= C * n ** Rational(3, 4), WHERE), **ELSEWHERE)
        wide = judge(alone, {"y": (("replicate", "n"), slow), "n": SIZES})
        width = lambda v: v.worst.interval[1] - v.worst.interval[0]  # noqa: E731
        assert width(found) < width(wide) / 3


# Orderings and paths

ORDER = claim_of(a <= b, {n: grows("size", 100.0, 10_000.0), a: measured("one"), b: measured("other")})
STEPS = {k: along("steps", 1, 24), loss: measured("loss")}
FALLING = claim_of(loss <= previous(loss), STEPS)


def test_an_ordering_in_expectation_is_paired():
    """Both vary together a hundred times as much as their means lie apart."""
    rng = np.random.default_rng(0)
    common = 10 * rng.standard_normal((1, 64, 13))
    part = lambda apart: part_of(ORDER, {"a": 50 + common, "b": 50 + common + apart + 0.1 * rng.standard_normal((1, 64, 13))})  # noqa: E731
    assert part(0.1).verdict == "supported"
    assert part(-0.1).verdict == "refuted"
    assert (part(0.0).verdict, part(0.0).reasons) == ("inconclusive", ("NOISE",))
    with_own = {"a": 50 + common, "b": 50.1 + 10 * rng.standard_normal((1, 64, 13))}
    assert part_of(ORDER, with_own).verdict == "inconclusive"


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.sampled_from([0.0, 1e-13, -1e-13]))
def test_what_is_equal_in_every_run_up_to_rounding_is_ordered(seed, moved):
    values = 1 + np.random.default_rng(seed).random((1, 64, 13))
    assert part_of(ORDER, {"a": values * (1 + moved), "b": values}).verdict == "supported"


@settings(max_examples=30)
@given(st.integers(1, 23), st.floats(1e-6, 10))
def test_a_rise_at_any_step_refutes_a_falling_path(step, size):
    values = 0.9 ** np.arange(24)
    values[step:] *= (1 + size) / 0.9
    every = replace(FALLING, holds=for_every_instance)
    cells = cells_of(every, values[None, None], {"k": np.arange(1, 25)})
    part = judge_family(every, cells, RULE)
    assert part.verdict == "refuted"
    assert part.worst["letters"]["k"] == step + 1


@pytest.mark.parametrize("seed", range(10))
def test_a_rise_in_the_mean_is_found_though_other_seeds_chose_another_step(seed):
    """The search, which is not told of it, cannot choose the step at which the mean rises."""
    rng = np.random.default_rng(seed)
    level = 100 - 2.0 * np.arange(24)
    search = level + rng.standard_normal((1, 16, 24))
    level = np.where(np.arange(24) >= 10, level + 3, level)
    values = level + rng.standard_normal((1, 256, 24))
    make = lambda v: cells_of(FALLING, v, {"k": np.arange(1, v.shape[2] + 1)})  # noqa: E731
    assert judge_family(FALLING, make(values), RULE, make(search)).verdict == "refuted"
    assert judge_family(FALLING, make(values[:, :, :9]), RULE, make(search[:, :, :9])).verdict == "supported"


def test_a_short_path_is_read_at_every_step_and_a_falling_letter_in_its_order():
    at = planning.plan(FALLING).along
    assert at is not None
    assert at[1].tolist() == [*range(25)][0:] or at[1].tolist() == [*range(1, 25)]
    falls = claim_of(loss <= previous(loss) / 2, {k: along("level", 100, 1), loss: measured("loss")})
    at = planning.plan(falls).along
    assert at is not None
    assert (np.diff(at[1]) < 0).all()
    assert at[1][0] == 101
    values = 2.0 ** (at[1] - 101)
    cells = cells_of(replace(falls, holds=for_every_instance), values[None, None], {"k": at[1]})
    assert cells.keep[0, 1:].any()
    assert not cells.keep[0, 0]
    assert judge_family(replace(falls, holds=for_every_instance), cells, RULE).verdict == "supported"


def test_a_bound_on_a_step_wants_whole_steps_and_a_falling_path_does_not():
    where = {k: along("time", 0.1, 10.0), loss: measured("loss")}
    with pytest.raises(Slip, match="takes values between whole numbers"):
        kind_of(claim_of(loss <= previous(loss) / 2, where))
    times = np.geomspace(0.1, 10, 16)
    falling = replace(claim_of(loss <= previous(loss), where, holds=for_every_instance), **ELSEWHERE)
    assert judge(falling, {"loss": (("k",), 1 / times), "k": times}).verdict == "supported"
    assert judge(falling, {"loss": (("k",), times), "k": times}).verdict == "refuted"


def test_data_without_the_step_before_say_so_for_a_step_and_are_read_for_a_falling_path():
    halves = replace(claim_of(loss <= previous(loss) / 2, STEPS, holds=for_every_instance), **ELSEWHERE)
    some = np.array([1, 4, 9, 16])
    data = {"loss": (("k",), 0.4**some), "k": some}
    found = judge(halves, data)
    assert (found.verdict, found.reasons) == ("inconclusive", ("COVERAGE",))
    assert "no two are one step apart" in found.detail
    assert judge(replace(halves, statement=loss <= previous(loss)), data).verdict == "supported"
    assert judge(replace(halves, statement=loss <= previous(loss)), {"loss": (("k",), 1.0 * some), "k": some}).verdict == "refuted"


def test_orders_in_measurements_made_elsewhere():
    rng = np.random.default_rng(0)
    common = 10 * rng.standard_normal((128, 13))
    claim = replace(ORDER, **ELSEWHERE)
    for apart, verdict in ((0.1, "supported"), (-0.1, "refuted"), (0.0, "inconclusive")):
        other = 50 + common + apart + 0.1 * rng.standard_normal((128, 13))
        data = {"a": (("replicate", "n"), 50 + common), "b": (("replicate", "n"), other), "n": SIZES}
        assert judge(claim, data).verdict == verdict
        few = judge(claim, {name: (("replicate", "n"), data[name][1][:64]) for name in "ab"} | {"n": SIZES})
        assert few.verdict == ("supported" if apart > 0 else "inconclusive")
        assert apart > 0 or "a refutation 128" in few.detail


# Words


@pytest.mark.parametrize(
    ("claim", "kind", "said"),
    [
        (ORDER, "ordering", ["an ordering", "their difference is taken in each", "equal"]),
        (FALLING, "monotone path", ["a monotone path", "every pair must support", "comes to rest"]),
        (claim_of(loss <= previous(loss) / 2, STEPS), "path", ["a path: each checkpoint", "the step before"]),
        (separation(), "separation", ["a separation", "the same instances and seeds"]),
        (LIKELY, "", ["0.5-quantile", "blocks of 8", "8, 16, 32, 64, 128, 256 blocks", "the mean, and how far"]),
        (claim_of(y >= C * sqrt(n), WHERE, holds=with_probability(0.9)), "", ["0.1-quantile", "judged after 320"]),
        (hitting(4), "", ["0.5-quantile", "noisy estimate", "stopped early"]),
        (hitting(4, holds=in_expectation), "", ["noisy estimate", "CENSORED", "y <= C*k**(-1/p)"]),
        (lower_bound(gap >= CONSTANT), "", ["no algorithm in {chain:gd, chain:agd, chain:cg} beats the bound", "COVERAGE"]),
        (claim_of(y <= sqrt(n), WHERE, simulation=("a:x", "b:x")), "", ["about the best", "least mean", "0.01 / 2"]),
    ],
)
def test_show_says_how_it_is_tested(claim, kind, said):
    assert order_of(claim) == kind
    claim = replace(claim, taken=tuple(symbol.name for symbol in claim.where))
    shown = "\n".join(line for _, lines in words.explain(claim, planning.plan(claim)) for line in lines)
    for words_ in said:
        assert words_ in shown
    assert "lower bound verified" not in shown
    assert "no test" not in shown


def test_measurements_read_for_a_portfolio_keep_their_kernels():
    import xarray as xr

    claim = claim_of(y >= C * sqrt(n), WHERE, simulation=("laws:one", "laws:two"))
    groups = {i: xr.Dataset({"y": ("n", SIZES)}, {"n": SIZES}, {"measured": f"laws:{i} on w:f"}) for i in ("one", "two")}
    tree = xr.DataTree.from_dict({f"claim/{name}": group for name, group in groups.items()})
    assert set(read(tree, claim).families) == {"laws:one on w:f", "laws:two on w:f"}
    alone = replace(claim, simulation="laws:one")
    with pytest.raises(ValueError, match="there twice"):
        read(tree, alone)


def test_a_ranking_of_instances_knows_the_quantile():
    values = np.concatenate([runs(np.random.default_rng(s), 16, slope) for s, slope in enumerate((0, 0, 0.5, 0))])
    assert ranked(LIKELY, cells_of(LIKELY, values, {"n": SIZES}), RULE, 1) == (2,)
