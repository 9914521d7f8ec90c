"""What a stranger's measurements get wrong: values that cannot be meant, failed runs, axes that are missing, and what is said of each."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from sympy import Eq, Rational, exp, sqrt
from test_judge_data import EACH, GOOD, GRID, MEAN, ORDER, SIZES, claim_of, noisy, run, runs

from theorylab import judge
from theorylab.claim import (
    along,
    for_every_instance,
    grows,
    in_expectation,
    letters,
    measured,
    previous,
    shrinks,
    signed,
    unknown,
    with_probability,
)
from theorylab.columns import Unreadable

__all__ = ["run"]

gap, n, k, d, mu, sigma, C, c, slow, fast = letters("gap n k d mu sigma C c slow fast")
bias = signed("bias")
LOWER = claim_of(gap >= sigma / (8 * sqrt(n)), SIZES, holds=in_expectation)
OMEGA = claim_of(gap >= C / sqrt(n), {**SIZES, C: unknown}, holds=in_expectation)
QUANTILE = claim_of(gap <= C / sqrt(n), {**SIZES, C: unknown}, holds=with_probability(Rational(9, 10)))


def with_values(data, value, places):
    """The data with a value in the first replicates of one cell."""
    gap = data["gap"].to_numpy().copy()
    gap[5, 0, :places] = value
    return data.assign(gap=(data["gap"].dims, gap))


@pytest.mark.parametrize("claim", [MEAN, ORDER, LOWER, OMEGA], ids=["mean", "O", "lower", "Omega"])
def test_infinity_out_of_nothing_is_a_failed_run_that_neither_supports_nor_refutes(claim):
    data = noisy(64, level=0.5)
    assert judge(claim, data).verdict == "supported"
    for value in (np.inf, np.nan):
        for places in (1, 2, 5):
            verdict = judge(claim, with_values(data, value, places))
            assert (verdict.verdict, verdict.reasons[0]) == ("inconclusive", "NONFINITE"), (value, places)


def test_runs_that_fail_refute_no_true_mean_although_noise_had_taken_them_above_its_bound():
    steps = 2.0 ** np.arange(10)
    claim = claim_of(gap <= 2 / sqrt(k), {k: along("steps", 1, 512), gap: measured("gap")}, holds=in_expectation)
    for seed in range(10):
        noise = np.exp(0.7 * np.random.default_rng(seed).standard_normal((10, 256)) - 0.245)
        values = 1.8 / np.sqrt(steps)[:, None] * noise
        values[6:, :3] = np.nan
        assert judge(claim, {"gap": (("k", "replicate"), values), "k": steps}).reasons == ("NONFINITE",)


@pytest.mark.parametrize(
    ("statement", "holds"),
    [
        (slow <= fast, for_every_instance),
        (slow >= fast / 9, for_every_instance),
        (Eq(slow, fast), for_every_instance),
        (slow <= fast, with_probability(Rational(1, 2))),
        (slow <= fast, in_expectation),
    ],
    ids=["upper", "lower", "identity", "probability", "mean"],
)
def test_a_run_whose_bound_failed_is_a_failed_run(statement, holds):
    """Left out, it would hide the runs that break the bound."""
    claim = claim_of(statement, {slow: measured("one"), fast: measured("other")}, holds=holds)
    right = np.random.default_rng(0).uniform(1, 2, (3, 600))
    data = lambda other: {"slow": (("instance", "replicate"), right), "fast": (("instance", "replicate"), other)}  # noqa: E731
    fails = np.where(np.arange(600) % 10, right, np.nan)
    assert judge(claim, data(right)).verdict != "refuted"
    assert (judge(claim, data(fails)).verdict, judge(claim, data(fails)).reasons[0]) == ("inconclusive", "NONFINITE")


def test_a_formula_that_is_no_number_on_a_part_of_the_range_is_supported_with_that_part_assumed_away_alone():
    steps = 2.0 ** np.arange(10)
    data = {"gap": (("instance", "k"), np.linspace(1, 2, 30).reshape(3, 10)), "d": ("instance", np.full(3, 2.0)), "k": steps}
    claim = claim_of(gap <= d * sqrt(k - 10), {k: along("steps", 1, 512), gap: measured("gap"), d: measured("distance")})
    assert judge(claim, data).reasons == ("NONFINITE",)
    assert judge(replace(claim, assuming=(k >= 11,)), data).verdict == "supported"


def test_a_control_that_overflows_is_caught_all_the_same():
    from theorylab.claim import Control

    claim = replace(MEAN, controls=(Control("a step too long", because="measured elsewhere"),))
    blown = with_values(noisy(64), np.inf, 64)
    assert judge(claim, noisy(64), {1: blown}).verdict == "supported"
    assert judge(claim, noisy(64), {1: noisy(64)}).reasons == ("CONTROL",)


def test_infinite_values_warn_of_nothing():
    """Warnings are errors here."""
    total, rival = letters("total rival")
    data = {"total": (("n", "replicate"), np.ones((12, 64))), "rival": (("n", "replicate"), 2 * np.ones((12, 64))), "n": GRID}
    data["total"][1][:] += 0.1 * np.random.default_rng(0).random((12, 64))
    data["total"][1][3, 2] = np.inf
    where = {n: grows("draws", 10, 1000), total: measured("one"), rival: measured("other")}
    assert judge(claim_of(total <= rival, where, holds=in_expectation), data).reasons[0] == "NONFINITE"
    centred = np.random.default_rng(0).normal(size=(12, 256))
    centred[3, 2] = -np.inf
    unbiased = claim_of(Eq(bias, 0), {n: where[n], bias: measured("bias")}, holds=in_expectation)
    assert "NONFINITE" in judge(unbiased, {"bias": (("n", "replicate"), centred), "n": GRID}).reasons


def test_quantiles_of_positive_values_carry_no_flag_of_negative_ones():
    rng = np.random.default_rng(0)
    heavy = {"gap": (("n", "replicate"), (3 / np.sqrt(GRID))[:, None] * rng.pareto(1.2, (12, 2048))), "n": GRID}
    verdict = judge(QUANTILE, heavy)
    assert (verdict.verdict, [f for f in verdict.flags if "negative" in f]) == ("supported", [])
    heavy["gap"][1][2, 7] *= -1
    assert any("negative" in flag for flag in judge(QUANTILE, heavy).flags)


@pytest.mark.parametrize("value", [2.0, 0.5, np.nan, -1.0])
def test_a_mark_of_runs_is_0_or_1(value):
    data = runs(families=("a",)).isel(problem=0, drop=True)
    marked = np.ones(data["gap"].shape)
    marked[0, 3] = value
    with pytest.raises(Unreadable, match=r"ran is .* in 1 of 24 places. Write 1 for a run"):
        judge(EACH, data.assign(ran=(data["gap"].dims, marked)))


@pytest.mark.parametrize("value", [-1e-12, np.nan, np.inf])
def test_a_floor_is_a_height(value):
    with pytest.raises(Unreadable, match=r"floor is .* in 1 of 1 places. Write where runs that start at the solution end"):
        judge(EACH, runs().assign(floor=value))


def test_a_path_has_an_axis_and_a_vector_all_its_entries():
    where = {k: along("steps", 1, 64), gap: measured("gap")}
    path = claim_of(gap <= previous(gap), where)
    with pytest.raises(Unreadable, match=r"the data have no axis along the run\. Add a coordinate k"):
        judge(path, {"gap": (("replicate",), np.ones(8))})
    vector = claim_of(Eq(bias, 0), {n: grows("draws", 10, 1000), bias: measured("bias", dims=("entry",))}, holds=in_expectation)
    values = np.random.default_rng(0).normal(size=(12, 256))
    with pytest.raises(Unreadable, match=r"bias has the axis entry in the claim.* Give every entry: a dim or a column entry"):
        judge(vector, {"bias": (("n", "replicate"), values), "n": GRID})


def test_how_a_quantity_depends_on_a_letter_takes_more_than_one_value_of_it():
    steps = np.unique(np.rint(np.concatenate([np.geomspace(1, 2000, 30), np.linspace(1, 2000, 24)])))
    rate = claim_of(
        gap <= C * exp(-c * mu * k),
        {k: along("steps", 1, 2000), mu: shrinks("convexity", 0.001, 0.1), gap: measured("gap"), C: unknown, c: unknown},
        holds=for_every_instance,
    )
    mus = np.geomspace(0.001, 0.1, 9)
    data = xr.Dataset({"gap": (("mu", "k"), np.exp(-5 * mus[:, None] * steps))}, {"mu": mus, "k": steps})
    assert judge(rate, data).verdict == "supported"
    alone = judge(rate, data.isel(mu=[4]))
    assert (alone.verdict, alone.reasons) == ("inconclusive", ("COVERAGE",))
    assert "depends on mu, which has one value in the data" in alone.detail
    both = claim_of(gap <= C * sqrt(d) / n, {n: SIZES[n], d: grows("dim", 1, 100), gap: measured("gap"), C: unknown}, holds=in_expectation)
    one = noisy(64, power=1.0).expand_dims(d=[5.0])
    assert judge(both, one).reasons == ("COVERAGE",)
    wide = xr.concat([(noisy(64, power=1.0, seed=i) * np.sqrt(v)).expand_dims(d=[v]) for i, v in enumerate(np.geomspace(1, 100, 8))], "d")
    assert judge(both, wide).verdict == "supported"


def test_a_range_that_the_data_do_not_reach_is_said():
    assert "speaks of" not in judge(MEAN, noisy(64)).detail
    assert "the data hold n = 10 alone; the claim speaks of 10 to 1000" in judge(MEAN, noisy(64).isel(n=[0])).detail
    short = runs().isel(k=slice(0, 5))
    assert "the data on a hold k = 1 to 8; the claim speaks of 1 to 64" in judge(EACH, short).detail
    unbiased = claim_of(Eq(bias, 0), {n: grows("draws", 10, 1000), bias: measured("bias")}, holds=in_expectation)
    nowhere = judge(unbiased, {"bias": (("replicate",), np.random.default_rng(0).normal(size=2048))})
    assert "do not say at which n" in nowhere.detail


def test_one_control_takes_one_file():
    with pytest.raises(Unreadable, match=r"'a short step' is given twice, as 'a short step' and as '2'"):
        judge(EACH, runs(), {"a short step": runs(base=1.5), "2": runs(base=1.4)})


BROKEN = {
    "an unknown column of text": (
        lambda t: "\n".join(f"{line},{'host' if i == 0 else 'a'}" for i, line in enumerate(t)),
        ["column 'host'"],
    ),
    "named instances": (
        lambda t: "\n".join([t[0], *(line.replace(",0,", ",first,") for line in t[1:])]),
        ["x.csv:2", "Number them 0, 1, 2"],
    ),
    "no header": (lambda t: "\n".join(t[1:]), ["x.csv:1: the first line holds numbers", "Write the names of the columns above it"]),
    "blanks": (lambda t: "\n".join(t).replace(",", " "), ["x.csv:1", "not separated by commas"]),
    "a comma at the end": (lambda t: "\n".join(f"{line}," for line in t), ["x.csv:1: column 6", "or take the column out"]),
    "a slip in a dim": (lambda t: "\n".join(t).replace("2,1,2,", "2.00001,1,2,"), ["line 5 alone has k = 2.00001"]),
}


@pytest.mark.parametrize(("spoil", "wanted"), BROKEN.values(), ids=BROKEN)
def test_a_broken_table_says_where_and_what_to_write(spoil, wanted, tmp_path):
    rows = [*GOOD, "1,2,3,0.4,1", "2,2,3,0.2,1"]
    path = tmp_path / "x.csv"
    path.write_text(spoil(rows))
    with pytest.raises(Unreadable) as error:
        judge(EACH, path)
    for words in wanted:
        assert words in str(error.value)


def test_a_suffix_may_be_in_capitals_and_a_folder_is_no_file(tmp_path):
    (tmp_path / "X.CSV").write_text("\n".join(GOOD))
    assert judge(EACH, tmp_path / "X.CSV").verdict == "supported"
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(Unreadable, match="this is a folder"):
        judge(EACH, tmp_path / "x.csv")
    with pytest.raises(Unreadable, match=r"There are X.CSV\."):
        judge(EACH, tmp_path / "lost.csv")


def test_numbers_kept_as_objects_say_how_to_convert_them():
    with pytest.raises(Unreadable, match=r"\.astype\(float\)"):
        judge(EACH, runs().assign(gap=runs()["gap"].astype(object)))
    rows = np.array([line.split(",") for line in GOOD[1:]], dtype=float)
    columns = dict(zip(GOOD[0].split(","), rows.T, strict=True))
    assert judge(EACH, {name: np.array(values) for name, values in columns.items()}).verdict == "supported"
    with pytest.raises(Unreadable, match=r"column gap holds numbers as object.* \.astype\(float\)"):
        judge(EACH, {name: np.array(values, dtype=object if name == "gap" else float) for name, values in columns.items()})
