"""Measurements made elsewhere: every door, what the judge makes of them, what is wrong with them, and the way out and back in."""

import json
import re
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from project_copies import copy
from sympy import Eq, Rational, exp, log, sqrt
from typer.testing import CliRunner

from theorylab import judge
from theorylab.catalogue import find_claims
from theorylab.check import check
from theorylab.claim import (
    Claim,
    Control,
    Source,
    along,
    fixed,
    for_every_instance,
    grows,
    in_expectation,
    letters,
    measured,
    on_average,
    previous,
    signed,
    unknown,
    varies,
    with_probability,
)
from theorylab.columns import Unreadable
from theorylab.export import write
from theorylab.judgement import judged
from theorylab.kind import unjudged
from theorylab.project import find_project
from theorylab.report.schema import json_schema
from theorylab.slip import Slip
from theorylab.table import gridded
from theorylab.verify import verify
from theorylab.words import again, unseen

gap, start, k, n, L, C, c, sigma, T, limit, epsilon = letters("gap start k n L C c sigma T limit epsilon")
bias = signed("bias")
SOURCE = Source("Us", "Runs of our own", year=2026).at("Theorem 1", basis="own")
ELSEWHERE = "measured elsewhere, in another language"


def claim_of(statement, where, **more):
    """A claim without a kernel."""
    return Claim("A claim on data.", SOURCE, statement, where, **{"because": ELSEWHERE, **more})


STEPS = {k: along("steps", 1, 64), L: varies("curvature", 0.1, 10.0), gap: measured("gap"), start: measured("first gap")}
EACH = claim_of(
    gap <= start / 2**k,
    STEPS,
    controls=(Control("thirds", statement=gap <= start / 3**k), Control("a short step", because=ELSEWHERE)),
)
SIZES = {n: grows("draws", 10, 1000), sigma: fixed("deviation", 2.0), gap: measured("gap")}
MEAN = claim_of(gap <= sigma / sqrt(n), SIZES, holds=in_expectation, controls=Control("a third", statement=gap <= sigma / (3 * sqrt(n))))
ORDER = claim_of(gap <= C * sigma / sqrt(n), {**SIZES, C: unknown}, holds=in_expectation, controls=Control("1/n", statement=gap <= C / n))
OFTEN = claim_of(gap <= 10 * sigma / sqrt(n), SIZES, holds=with_probability(Rational(9, 10)))
RATE = claim_of(
    gap <= C * exp(-c * k), {k: along("steps", 1, 2000), gap: measured("gap"), C: unknown, c: unknown}, holds=for_every_instance
)
GRID = np.unique(np.rint(np.geomspace(10, 1000, 12)))


def runs(instances=3, base=2.0, families=("a", "b"), seed=0):
    """Deterministic decays on two families, whose instances differ in a boxed letter."""
    rng = np.random.default_rng(seed)
    steps = np.array([0.0, 1, 2, 4, 8, 16, 32, 64])
    first = rng.uniform(1, 2, (len(families), instances))
    return xr.Dataset(
        {
            "gap": (("problem", "instance", "k"), 0.9 * first[..., None] * base**-steps),
            "start": (("problem", "instance"), first),
        },
        {"problem": list(families), "k": steps, "L": ("instance", np.geomspace(0.2, 5, instances)), "instance": range(instances)},
    )


def noisy(replicates=64, level=0.5, power=0.5, seed=0, instances=1):
    """Means over draws, with noise of half its mean."""
    rng = np.random.default_rng(seed)
    noise = rng.gamma(4, 1 / 4, size=(len(GRID), instances, replicates))
    return xr.Dataset({"gap": (("n", "instance", "replicate"), level * 2 * GRID[:, None, None] ** -power * noise)}, {"n": GRID})


def numbers(verdict):
    """All that a verdict says, in words that compare."""
    return repr([verdict.verdict, verdict.reasons, verdict.flags, sorted(map(repr, verdict.parts)), verdict.controls, verdict.detail])


def rows_of(data):
    """A dataset as columns of one length."""
    table = data.to_dataframe().reset_index()
    return {name: table[name].to_numpy() for name in table}


def save_csv(path, columns, order=None):
    names = list(columns)
    order = range(len(columns[names[0]])) if order is None else order
    text = "\n".join([",".join(names), *(",".join(str(columns[name][row]) for name in names) for row in order)])
    path.write_text(text + "\n")
    return path


def doors(data, folder):
    """The same measurements by every door."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = rows_of(data)
    data.to_netcdf(folder / "plain.nc", engine="netcdf4")
    yield "dataset", data
    yield "turned", data.transpose(*reversed(list(data.dims)))
    yield "netCDF", folder / "plain.nc"
    yield "csv", str(save_csv(folder / "plain.csv", columns))
    yield "columns", columns
    yield "data frame", data.to_dataframe().reset_index()
    yield "data frame with an index", data.to_dataframe()
    yield "pairs", {name: (values.dims, values.to_numpy()) for name, values in data.variables.items()}
    yield "arrays", dict(data.variables.items())
    arrays = {name: values.to_numpy() for name, values in data.variables.items()}
    np.savez(folder / "told.npz", **arrays, **{f"dims_{name}": np.array(values.dims) for name, values in data.variables.items()})
    yield "npz with dims", folder / "told.npz"
    np.savez(folder / "table.npz", **{name: values.astype(str) if name == "problem" else values for name, values in columns.items()})
    yield "npz of columns", folder / "table.npz"
    if "problem" in data.dims:
        parts = {f"/{label}": data.sel(problem=label, drop=True) for label in data["problem"].values}
        tree = xr.DataTree.from_dict(parts)
        yield "tree", tree
        tree.to_netcdf(folder / "tree.nc", engine="netcdf4")
        yield "netCDF tree", folder / "tree.nc"


@pytest.mark.parametrize(
    ("claim", "data", "verdict"),
    [
        (EACH, runs(), "supported"),
        (EACH, runs(base=1.9), "refuted"),
        (MEAN, noisy(), "supported"),
        (MEAN, noisy(level=2.0, instances=2), "refuted"),
        (ORDER, noisy(), "supported"),
        (ORDER, noisy(power=0.0), "refuted"),
    ],
    ids=["each", "each, false", "mean", "mean, false", "order", "order, false"],
)
def test_the_same_measurements_are_judged_the_same_by_every_door(claim, data, verdict, tmp_path):
    found = {name: judge(claim, door) for name, door in doors(data, tmp_path)}
    first = numbers(found["dataset"])
    assert found["dataset"].verdict == verdict
    assert {name for name, one in found.items() if numbers(one) != first} == set()


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_the_order_of_rows_columns_and_dims_changes_nothing(tmp_path_factory, data):
    measured_ = runs(instances=2) if data.draw(st.booleans()) else noisy(16, instances=2)
    claim = EACH if "k" in measured_.dims else ORDER
    columns = rows_of(measured_)
    rows = data.draw(st.permutations(range(len(columns["gap"]))))
    names = data.draw(st.permutations(list(columns)))
    path = save_csv(tmp_path_factory.mktemp("rows") / "x.csv", {name: columns[name] for name in names}, rows)
    turned = measured_.transpose(*data.draw(st.permutations(list(measured_.dims))))
    along_ = "k" if "k" in turned.dims else "n"
    turned = turned.isel({along_: data.draw(st.permutations(range(turned.sizes[along_])))})
    assert numbers(judge(claim, path)) == numbers(judge(claim, turned)) == numbers(judge(claim, measured_))


def test_other_numbers_are_judged_otherwise(tmp_path):
    assert numbers(judge(EACH, runs(seed=1))) != numbers(judge(EACH, runs(seed=2)))


def test_dims_of_bare_arrays_are_found_by_their_lengths_or_asked_for():
    data = runs(families=("a",)).isel(problem=0, drop=True)
    bare = {"gap": data["gap"].to_numpy(), "k": data["k"].to_numpy(), "L": data["L"].to_numpy(), "start": data["start"].to_numpy()}
    assert numbers(judge(EACH, bare)) == numbers(judge(EACH, data))
    square = runs(instances=8, families=("a",)).isel(problem=0, drop=True)
    bare = {name: square[name].to_numpy() for name in ("gap", "k", "L", "start")}
    with pytest.raises(Unreadable, match=r"k and L have the length 8. Tell its dims: dims_gap="):
        judge(EACH, bare)


@pytest.mark.parametrize("shape", ["columns", "pairs", "bare arrays", "a list of arrays"])
def test_a_masked_number_is_a_cell_that_was_not_run(shape):
    data = runs(families=("a",)).isel(problem=0, drop=True)
    wrong = data["gap"].to_numpy().copy()
    wrong[1, 5] = 9.97e36
    hidden = np.ma.masked_greater(wrong, 1e30)
    failed = np.ma.masked_invalid(np.where(wrong > 1e30, np.nan, wrong))

    def given_as(gap):
        others = {"k": data["k"].to_numpy(), "L": data["L"].to_numpy()}
        match shape:
            case "columns":
                rows = rows_of(data.assign(gap=(("instance", "k"), gap.data)))
                wide = data.assign(hidden=(("instance", "k"), np.ma.getmaskarray(gap)))
                return {**rows, "gap": np.ma.array(rows["gap"], mask=rows_of(wide)["hidden"])}
            case "pairs":
                return {
                    **others,
                    "gap": (("instance", "k"), gap),
                    "start": ("instance", data["start"].to_numpy()),
                    "L": ("instance", others["L"]),
                }
            case "bare arrays":
                return {**others, "gap": gap, "start": data["start"].to_numpy()}
        return {**others, "gap": list(gap), "start": data["start"].to_numpy()}

    unrun = data.assign(gap=data["gap"].where(wrong < 1e30), ran=(("instance", "k"), (wrong < 1e30).astype(int)))
    assert judge(EACH, given_as(np.ma.array(wrong))).verdict == "refuted"
    assert judge(EACH, given_as(hidden)).verdict == "supported"
    assert numbers(judge(EACH, given_as(hidden))) == numbers(judge(EACH, unrun))
    assert judge(EACH, given_as(failed)).reasons == ("NONFINITE",), "a mask hides no run that failed"
    masked_k = np.ma.masked_equal(given_as(hidden)["k"], 4.0)
    with pytest.raises(Unreadable, match="k is masked in"):
        judge(EACH, {**given_as(hidden), "k": masked_k})


def test_a_mask_in_a_dataset_is_data_that_is_not_there():
    data = runs(families=("a",)).isel(problem=0, drop=True)
    hidden = np.ma.masked_less(data["gap"].to_numpy(), 1e-3)
    assert judge(EACH, data.assign(gap=(("instance", "k"), hidden))).reasons == ("NONFINITE",)


def test_a_boxed_letter_may_be_a_dim_or_a_column_without_instances(tmp_path):
    data = runs(families=("a",)).isel(problem=0, drop=True)
    columns = {name: values for name, values in rows_of(data).items() if name != "instance"}
    by_letter = data.drop_vars("instance").swap_dims(instance="L")
    assert numbers(judge(EACH, columns)) == numbers(judge(EACH, by_letter)) == numbers(judge(EACH, data))


# What the judge makes of them


def test_a_mean_is_supported_by_64_replicates_and_not_by_63():
    assert judge(MEAN, noisy(64)).verdict == "supported"
    few = judge(MEAN, noisy(63))
    assert (few.verdict, few.reasons) == ("inconclusive", ("NOISE",))
    assert "63 replicates, where a support takes 64 at least" in few.detail


@pytest.mark.parametrize("claim", [MEAN, ORDER], ids=["explicit", "trend"])
@pytest.mark.parametrize("replicates", [1, 2, 7])
def test_a_few_noisy_runs_decide_nothing(claim, replicates):
    for level, power in ((0.01, 0.5), (100.0, 0.0)):
        verdict = judge(claim, noisy(replicates, level, power))
        assert (verdict.verdict, "NOISE" in verdict.reasons) == ("inconclusive", True)
        assert f"{replicates} replicates" in verdict.detail


def test_seven_replicates_support_no_trend_however_little_they_vary():
    almost = lambda m: noisy(m).assign(gap=lambda data: data["gap"] ** 1e-3 * GRID[:, None, None] ** -0.4995)  # noqa: E731
    few = judge(ORDER, almost(7))
    assert (few.verdict, few.reasons) == ("inconclusive", ("NOISE",))
    assert judge(ORDER, almost(8)).verdict == "supported"


def test_both_halves_of_the_replicates_must_refute():
    data = noisy(64, level=0.5)
    assert judge(MEAN, noisy(64, level=2.0)).verdict == "refuted"
    data["gap"][:, :, ::2] *= 6
    verdict = judge(MEAN, data)
    assert (verdict.verdict, verdict.reasons) == ("inconclusive", ("UNCONFIRMED",))
    assert judge(MEAN, data * 6).verdict == "refuted"


def test_the_worst_of_many_cells_is_not_tested_on_what_chose_it():
    wrong = sum(judge(MEAN, noisy(32, level=1.0, seed=seed, instances=4)).verdict == "refuted" for seed in range(24))
    right = sum(judge(MEAN, noisy(32, level=2.0, seed=seed, instances=4)).verdict == "refuted" for seed in range(20))
    # At the boundary a half refutes by chance in one run of a hundred, both halves in one of ten thousand.
    assert wrong == 0
    assert right >= 15


def test_replicates_that_never_differ_support_no_expectation():
    data = noisy(64)
    frozen = data.assign(gap=data["gap"].isel(replicate=[0] * 64))
    assert judge(MEAN, frozen).reasons == ("NOISE",)
    assert judge(MEAN, data).verdict == "supported"


def test_a_violation_as_small_as_rounding_is_none():
    data = runs()
    level = lambda excess: data.assign(gap=data["gap"] / 0.9 * (1 + excess))  # noqa: E731
    assert judge(EACH, level(0.0)).verdict == "supported"
    assert judge(EACH, level(1e-5)).reasons == ("ROUNDING",)
    assert judge(EACH, level(1e-2)).verdict == "refuted"


def test_what_lies_where_rounding_stops_a_run_refutes_only_with_its_floor_known():
    data = runs(instances=1)
    stalled = data.assign(gap=np.maximum(data["gap"], 1e-12))
    unknown_floor = judge(EACH, stalled)
    assert (unknown_floor.verdict, unknown_floor.reasons) == ("inconclusive", ("FLOOR",))
    assert "floor unknown" in unknown_floor.flags
    assert judge(EACH, stalled.assign(floor=1e-12)).verdict == "supported"
    assert judge(EACH, stalled.assign(floor=1e-30)).verdict == "refuted", "far above its floor, the stall is real"
    plateau = data.assign(gap=np.maximum(data["gap"], 1e-3))
    assert judge(EACH, plateau.assign(floor=1e-3)).verdict == "refuted", "a floor is tiny or it is none"


def test_a_probability_is_tested_by_its_share_of_violations():
    assert judge(OFTEN, noisy(44, level=0.5)).verdict == "supported"
    assert judge(OFTEN, noisy(43, level=0.5)).reasons == ("NOISE",)
    assert judge(OFTEN, noisy(64, level=20.0)).verdict == "refuted"


def test_an_average_over_the_family_takes_instances_as_replicates():
    claim = replace(MEAN, holds=on_average)
    over = lambda data, **more: data.rename(instance="replicate", replicate="instance").assign_coords(**more)  # noqa: E731
    assert judge(claim, over(noisy(64))).verdict == "supported"
    assert judge(claim, over(noisy(64, level=2.0))).verdict == "refuted"
    assert judge(claim, noisy(64)).verdict == "supported", "without instances every replicate is a draw of the family"
    pooled = xr.concat([over(noisy(8, seed=s)) for s in range(40)], "replicate")
    assert judge(claim, pooled).reasons == ("NOISE",), "eight instances stay eight, however often each was run"


def test_a_rate_is_refuted_where_the_first_tenth_of_its_range_refutes_it_too():
    steps = np.unique(np.rint(np.concatenate([np.geomspace(1, 2000, 30), np.linspace(1, 2000, 24)])))
    of = lambda values: {"gap": values, "k": steps}  # noqa: E731
    assert judge(RATE, of(np.exp(-steps / 100))).verdict == "supported"
    false = judge(RATE, of(1 / (1 + steps)))
    assert (false.verdict, "range not extended" in false.flags) == ("refuted", True)
    modes = judge(RATE, of(np.exp(-4 * steps / 200) + 0.003 * np.exp(-steps / 200)))
    assert (modes.verdict, modes.reasons) == ("inconclusive", ("UNCONFIRMED",))


def test_infinity_up_to_a_limit_is_more_than_that_and_else_a_failed_run():
    where = {
        epsilon: along("accuracy", 0.1, 0.001),
        T: measured("steps", up_to=limit),
        limit: fixed("where runs give up", 1000),
    }
    claim = claim_of(T <= 100 * log(1 / epsilon), where)
    data = {"T": [100.0, 200.0, np.inf], "epsilon": [0.1, 0.01, 0.001]}
    assert judge(claim, data).verdict == "refuted"
    assert judge(claim_of(T <= 1000 * log(1 / epsilon), where), data).reasons == ("CENSORED",)
    unlimited = claim_of(T <= 1000 * log(1 / epsilon), {**where, T: measured("steps")})
    assert judge(unlimited, data).reasons == ("NONFINITE",)


def test_previous_assumptions_and_vacuity_read_the_data_too():
    steps = np.arange(0.0, 65)
    halving = {"gap": 2.0**-steps, "k": steps}
    where = {k: along("steps", 1, 64), gap: measured("gap"), L: measured("constant")}
    assert judge(claim_of(gap <= previous(gap) / 2, where), halving).verdict == "supported"
    assert judge(claim_of(gap <= previous(gap) / 3, where), halving).verdict == "refuted"
    tilted = {"gap": (("k", "instance"), np.stack([2.0**-steps, 1 + steps], 1)), "k": steps, "L": (("instance",), [1.0, 5.0])}
    assuming = claim_of(gap <= previous(gap) / 2, where, assuming=L <= 2)
    verdict = judge(assuming, tilted)
    assert (verdict.verdict, "outside assumptions" in verdict.flags) == ("supported", True)
    assert judge(replace(assuming, assuming=(L <= 9,)), tilted).verdict == "refuted"
    assert "vacuous" in judge(claim_of(gap <= 2 + k, where, trivially=1), halving).flags


def test_an_equality_and_a_lower_bound_have_their_own_sides():
    where = {n: grows("draws", 10, 1000), bias: measured("bias")}
    rng = np.random.default_rng(3)
    centred = {"bias": (("n", "replicate"), rng.normal(size=(12, 256))), "n": GRID}
    claim = claim_of(Eq(bias, 0), where, holds=in_expectation)
    assert judge(claim, centred).verdict != "refuted"
    assert judge(claim, {**centred, "bias": (("n", "replicate"), 1 + rng.normal(size=(12, 256)))}).verdict == "refuted"
    least = claim_of(gap >= 1 / (2 * n), {n: where[n], gap: measured("gap")})
    assert judge(least, {"gap": 1 / GRID, "n": GRID}).verdict == "supported"
    assert judge(least, {"gap": 1 / GRID**1.5, "n": GRID}).verdict == "refuted"


def test_controls_are_judged_on_the_same_data_or_on_their_own(tmp_path):
    alone = judge(EACH, runs())
    assert [c.title for c in alone.controls] == ["thirds"]
    assert "instances not probed" in alone.flags
    assert "'a short step'" in alone.detail
    for name in ("a short step", "a-short-step", "2", 2):
        probed = judge(EACH, runs(), {name: runs(base=1.5)})
        assert (probed.verdict, "instances not probed" in probed.flags, len(probed.controls)) == ("supported", False, 2)
    missed = judge(EACH, runs(), {2: runs()})
    assert (missed.verdict, missed.reasons) == ("inconclusive", ("CONTROL",))
    with pytest.raises(Unreadable, match=r"no control 'short'. Near: a short step"):
        judge(EACH, runs(), {"short": runs()})


@pytest.mark.parametrize("name", [1, "1", "thirds"])
def test_a_control_of_the_statement_alone_takes_no_data_of_its_own(name):
    with pytest.raises(Unreadable, match=r"'thirds' replaces only the statement.* Leave out what is given for control 1"):
        judge(EACH, runs(), {name: runs(base=1.5)})
    elsewhere = replace(EACH, controls=(Control("the start", statement=n <= start / 3**k, where={n: measured("another gap")}),))
    own = runs(base=2.0).rename(gap="n")
    assert [c.verdict for c in judge(elsewhere, runs(), {1: own}).controls] == ["refuted"], "what the claim's data lack is given"


@pytest.mark.parametrize("alpha", [0, 0.0, float("nan"), -1, 2, 0.2, 1e-7, "0.01", None, True])
def test_an_error_that_cannot_be_spent_is_refused(alpha):
    with pytest.raises(Slip, match=r"alpha=.* Write a number from 1e-06 to 0.1"):
        judge(EACH, runs(), alpha=alpha)


@pytest.mark.parametrize("alpha", [1e-6, 0.1, np.float32(0.01)])
def test_an_error_within_its_range_is_taken(alpha):
    assert judge(EACH, runs(), alpha=alpha).verdict == "supported"


def test_what_lies_outside_the_range_is_left_out_and_said():
    data = {"gap": [0.4, 0.2, 1.0], "start": [1.0, 1.0, 1.0], "k": [1, 2, 100], "L": [1.0, 1.0, 1.0]}
    verdict = judge(EACH, data)
    assert (verdict.verdict, "outside range" in verdict.flags) == ("supported", True)
    assert "k = 100" in verdict.detail
    assert judge(EACH, {**data, "k": [1, 2, 60]}).verdict == "refuted"
    with pytest.raises(Unreadable, match=r"L runs from 50 to 50, all outside the claim's 0.1 to 10"):
        judge(EACH, {**data, "L": [50.0, 50.0, 50.0]})


def test_a_part_of_the_named_families_is_said():
    claim = claim_of(gap <= start / 2**k, STEPS, problems=("shapes:a", "shapes:b"))
    claim = replace(claim, name="x.y")
    assert "no data of shapes:b" in judge(claim, runs(families=("shapes:a",))).detail
    assert "no data" not in judge(claim, runs(families=("shapes:a", "shapes:b"))).detail


# What is wrong with them

GOOD = ["k,instance,L,gap,start", "1,0,1,0.4,1", "2,0,1,0.2,1", "1,1,2,0.4,1", "2,1,2,0.2,1"]
BROKEN = {
    "a misspelt column": ("gap", "gpa", 0, ["column 'gpa'", "Near: gap", "the claim measures gap, start by k, instance, replicate"]),
    "a missing letter": (",start", "", None, ["measures start (first gap)", "Add a variable start"]),
    "a missing dim": ("k,", "replicate,", 0, ["is swept over k (steps)", "Add a coordinate k"]),
    "no number": ("0.2", "O.2", 2, ["x.csv:3: column gap holds 'O.2'", "nan for a run that failed"]),
    "an empty cell": ("0.2", "", 2, ["x.csv:3: column gap holds ''"]),
    "a fractional instance": (",0,", ",0.5,", 1, ["x.csv:2: instance is 0.5", "whole numbers from 0"]),
    "a negative instance": (",1,2", ",-1,2", 3, ["x.csv:4: instance is -1"]),
    "a cell twice": ("2,1,", "1,1,", 4, ["line 4 and line 5 both hold the cell k = 1, instance = 1", "column `replicate`"]),
    "a short line": (",0.2,1", ",0.2", 2, ["x.csv:3: 4 cells where the first line names 5 columns"]),
    "a column twice": ("start", "gap", 0, ["x.csv:1: column 5 is named 'gap', twice"]),
    "a nameless column": ("start", " ", 0, ["x.csv:1: column 5 is named ''"]),
    "two values of a boxed letter": ("2,1,2", "2,1,3", 4, ["line 5: L is 3 in instance 1, and 2 in line 4"]),
    "no k": ("2,0", "nan,0", 2, ["line 3: k is nan", "a number in every row"]),
    "semicolons": (",", ";", None, ["x.csv:1:", "are not separated by commas"]),
}


@pytest.mark.parametrize(("old", "new", "line", "wanted"), BROKEN.values(), ids=BROKEN)
def test_a_broken_table_is_refused_with_its_line(old, new, line, wanted, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("\n".join(GOOD))
    assert judge(EACH, path).verdict == "supported"
    lines = [text.replace(old, new) if line in (None, n) else text for n, text in enumerate(GOOD)]
    if new == "" and line is None:
        lines = [lines[0], *(text.rpartition(",")[0] for text in GOOD[1:])]
    path.write_text("\n".join(lines))
    with pytest.raises(Unreadable) as error:
        judge(EACH, path)
    for words in ("x.csv", *wanted):
        assert words in str(error.value)


def test_a_broken_data_frame_is_refused():
    frame = runs().to_dataframe().reset_index()
    doubled = frame.rename(columns={"start": "gap"})
    cases = [
        (frame.assign(gap="high"), "row 1: column gap holds 'high', which is no number"),
        (doubled, "has the column 'gap' twice"),
        (frame.iloc[:0], "is empty"),
        (frame.iloc[1:], "47 rows do not fill the 48 cells|23 rows do not fill the 24 cells"),
        (frame.rename(columns={"gap": "gpa"}), "column 'gpa' is no letter"),
    ]
    for wrong, words in cases:
        with pytest.raises(Unreadable, match=words):
            judge(EACH, wrong)


def test_a_ragged_table_names_the_cell_that_is_missing(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("\n".join(GOOD[:-1]))
    with pytest.raises(Unreadable, match=r"3 rows do not fill the 4 cells of k \(2\) x instance \(2\): none holds k = 2, instance = 1"):
        judge(EACH, path)
    path.write_text("\n".join([GOOD[0] + ",ran", *(line + ",1" for line in GOOD[1:-1]), "2,1,2,nan,1,0"]))
    assert judge(EACH, path).verdict == "supported"
    path.write_text("\n".join([*GOOD[:-1], "2,1,2,nan,1"]))
    assert judge(EACH, path).reasons == ("NONFINITE",)


def test_a_broken_file_is_refused(tmp_path):
    (tmp_path / "last.csv").write_bytes(b"k")
    bad = {
        "lost.csv": (None, "there is no such file. There are last.csv"),
        "empty.csv": (b"", "the file is empty"),
        "blank.csv": (b"\n\n", "the file is empty"),
        "head.csv": (b"k,gap,start,L\n", "columns and no rows"),
        "text.csv": (b"\xff\xfe\x00", "no text table"),
        "text.nc": (b"not a netCDF file", "not a netCDF file"),
        "text.npz": (b"not an npz file", "not an npz file"),
        "x.zarr": (b"x", "the suffix '.zarr' is none of .nc"),
    }
    for name, (content, wanted) in bad.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(Unreadable) as error:
            judge(EACH, tmp_path / name)
        assert name in str(error.value)
        assert wanted in str(error.value)
    with pytest.raises(Unreadable, match="not list"):
        judge(EACH, [1, 2, 3])


@pytest.mark.parametrize("model", ["NETCDF3_CLASSIC", "NETCDF3_64BIT", "NETCDF4_CLASSIC", "NETCDF4"])
def test_every_kind_of_netcdf_is_read_and_one_that_was_cut_short_is_refused(tmp_path, model):
    path = tmp_path / "x.nc"
    runs(families=("a",)).squeeze("problem", drop=True).to_netcdf(path, engine="netcdf4", format=model)
    assert judge(EACH, path).verdict == "supported"
    (tmp_path / "short.nc").write_bytes(path.read_bytes()[:300])
    with pytest.raises(Unreadable, match=r"short\.nc: not a netCDF file .* cut short"):
        judge(EACH, tmp_path / "short.nc")


@pytest.mark.parametrize("kind", ["f8", "f4", "i4"])
def test_numbers_of_netcdf_that_were_never_written_are_not_taken_for_measured(tmp_path, kind):
    path = tmp_path / "x.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("k", 8)
        file.createVariable("k", "f8", ("k",))[:] = 2.0 ** np.arange(8)
        file.createVariable("start", "f8", ())[...] = 1e40
        file.createVariable("gap", kind, ("k",))[:5] = 1e5 / 2.0 ** np.arange(5)
    with pytest.raises(Unreadable, match=r"x\.nc: gap was never written in 3 of 8 places"):
        judge(EACH, path)
    with netCDF4.Dataset(path, "a") as file:
        file["gap"][5:] = 1
    assert judge(EACH, path).verdict != "refuted"


def test_another_file_under_the_name_of_an_npz_is_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.ones(3))
    (tmp_path / "x.npy").rename(tmp_path / "x.npz")
    with pytest.raises(Unreadable, match=r"x\.npz: not an npz file of plain arrays \(it is another kind of file"):
        judge(EACH, tmp_path / "x.npz")


def test_a_dataset_that_is_not_the_claims_is_refused():
    data = runs()
    a_unit = replace(EACH, where={**STEPS, gap: measured("gap", unit="[x]"), start: measured("first gap", unit="[x]")})
    united = lambda unit: data.assign(gap=data["gap"].assign_attrs(units=unit))  # noqa: E731
    assert judge(a_unit, united("[x]")).verdict == "supported"
    cases = [
        (a_unit, united("[y]"), "gap has the units '\\[y\\]', in the claim \\[x\\]"),
        (a_unit, united("metres"), "gap has the units 'metres'"),
        (EACH, data.rename(k="step"), "has the dim 'step', which the claim does not know"),
        (EACH, data.assign(loss=data["gap"]), "variable 'loss' is no letter of the claim"),
        (EACH, data.drop_vars("k"), "the dim k has no values"),
        (EACH, data.assign_coords(k=[0, 1, 1, 4, 8, 16, 32, 64]), "the coordinate k has 1 2 times"),
        (EACH, data.assign_coords(instance=[0, 1, 1]), "the coordinate instance has 1 2 times"),
        (EACH, data.assign_coords(instance=[-1, 0, 1]), "instance is -1"),
        (EACH, data.assign_coords(problem=["a", "a"]), "problem has 'a' twice"),
        (EACH, data.assign_coords(L=("k", np.ones(8))), "A boxed letter has one value per instance"),
        (EACH, data.assign(gap=data["gap"].astype(str)), "gap holds <U"),
        (EACH, data.drop_vars("gap"), "the claim measures gap"),
        (EACH, data.isel(k=slice(0)), "has no cells"),
        (EACH, data.assign(gap=data["gap"].isel(k=0, drop=True), start=data["gap"]), "the claim compares gap with k, and gap has the dims"),
        (EACH, xr.Dataset(), "there are no measurements"),
        (EACH, {}, "is empty"),
        (EACH, {"dims_gap": ["k"], "k": [1.0]}, "tells the dims of 'gap', which is not there"),
        (EACH, {"gap": (("k", "instance"), np.ones(3)), "k": [1.0, 2, 3]}, r"gap has the shape \(3,\) and the dims \(k, instance\)"),
        (MEAN, noisy().assign(sigma=3.0), "sigma is 3.0 in the data, and fixed at 2.0"),
        (MEAN, noisy().assign_attrs(sigma=3.0), "sigma is 3.0 in the data, and fixed at 2.0"),
        (ORDER, noisy().assign(C=1.0), "C is an unknown constant of the claim"),
    ]
    for claim, wrong, words in cases:
        with pytest.raises(Unreadable, match=words):
            judge(claim, wrong)
    assert judge(MEAN, noisy().assign(sigma=2.0).assign_attrs(sigma=2.0)).verdict == "supported"


def test_a_claim_without_a_test_is_not_judged():
    equal = claim_of(Eq(gap, C / n), {**SIZES, C: unknown}, holds=with_probability(Rational(1, 2)))
    assert unjudged(equal)
    with pytest.raises(Slip, match="bounds no quantile"):
        judge(equal, noisy())
    with pytest.raises(Slip, match="theorylab judge"):
        Claim("A claim.", SOURCE, gap <= 1 / n, SIZES)


def test_a_control_measured_elsewhere_belongs_to_a_claim_measured_elsewhere():
    claim = replace(EACH, simulation="descent:steps", because="")
    project = find_project(Path(__file__).parent / "projects" / "decay")
    with pytest.raises(Slip, match="its claim runs descent:steps"):
        check(claim, project)
    check(EACH, project)


# Out, and back in


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Claims of the small projects, checked, with the simulators' own verdicts."""
    from theorylab.simulate import Simulator

    here = Path(__file__).parent / "projects"
    found = {}
    for name, claims in (("noisy", ("order", "halves", "constant")), ("decay", ("halves",))):
        project = find_project(here / name)
        simulator = Simulator(project)
        for claim in find_claims(project).claims:
            if claim.name.rpartition(".")[2] in claims:
                found[f"{name}.{claim.name.rpartition('.')[2]}"] = verify(claim, simulator)
    return found, tmp_path_factory.mktemp("exported")


@pytest.mark.parametrize("suffix", [".nc", ".npz", ".csv"])
def test_what_export_writes_judge_reads(exported, suffix):
    results, folder = exported
    for name, result in results.items():
        claim = result.claim
        file = write(result, folder / f"{name}{suffix}")
        controls = {}
        if suffix == ".csv":
            numbers_ = [n for n, control in enumerate(claim.controls, 1) if control.kind == "algorithm"]
            controls = {n: write(result, folder / f"{name}-{n}.csv", n) for n in numbers_}
        again = judge(claim, file, controls)
        assert again.verdict == result.verdict.verdict == "supported", (name, again)
        assert again.tightness == result.verdict.tightness
        assert [(c.title, c.verdict) for c in again.controls] == [(c.title, c.verdict) for c in result.verdict.controls]
        if "halves" in name:
            assert [replace(p, flags=()) for p in again.parts] == [replace(p, flags=()) for p in result.verdict.parts]


def test_instances_measured_at_sizes_of_their_own_as_found_ones_are_lie_on_a_grid_that_they_do_not_fill(tmp_path):
    claim = claim_of(gap <= sigma / n, SIZES)
    sizes = np.array([10.0, 40.0, 20.0])
    data = xr.Dataset({"gap": (("instance", "replicate"), 1.9 / sizes[:, None])}, {"n": ("instance", sizes), "instance": [0, 1, 2]})
    verdict = judge(claim, data)
    assert (verdict.verdict, verdict.parts[0].instances, round(verdict.tightness, 9)) == ("supported", 3, 0.95)
    grid = gridded(data, claim)
    assert (dict(grid.sizes), int(grid["ran"].sum())) == ({"n": 3, "instance": 3, "replicate": 1}, 3)
    table = tmp_path / "x.csv"
    grid.assign(ran=grid["ran"].astype(int)).to_dataframe().reset_index().to_csv(table, index=False, na_rep="nan")
    assert judge(claim, table).tightness == verdict.tightness


def test_a_control_is_not_its_claim(exported):
    results, folder = exported
    for name, result in results.items():
        number = next(n for n, control in enumerate(result.claim.controls, 1) if control.kind == "algorithm")
        file = write(result, folder / f"{name}-control.nc", number)
        assert judge(result.claim, file).verdict != "supported"


def test_a_claim_that_was_not_run_has_nothing_to_export(exported, tmp_path):
    results, _ = exported
    with pytest.raises(Unreadable, match="has no measurements"):
        write(replace(next(iter(results.values())), data={}, note="not run (full)"), tmp_path / "x.nc")
    assert not list(tmp_path.iterdir())


# The command line

CLAIM = """
mine = Claim("Ours.", source=paper.at("Theorem 1", basis="own"), statement=error <= sigma / sqrt(n), where=sampled, holds=in_expectation,
    because="measured elsewhere", controls=(
        Control("a third", statement=error <= sigma / (3 * sqrt(n))), Control("correlated", because="measured elsewhere")))
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """The command line on a project with one claim without a kernel."""
    from theorylab.cli import app

    monkeypatch.chdir(copy(tmp_path / "project", {"mine2024_data.py": CLAIM}))
    return lambda *arguments: CliRunner().invoke(app, list(map(str, arguments)))


def test_the_command_line_judges_and_says_what_it_does_not_show(run):
    columns = {name: values for name, values in rows_of(noisy().rename(gap="error")).items() if name != "instance"}
    save_csv(Path("good.csv"), columns)
    save_csv(Path("bad.csv"), {**columns, "error": columns["error"] * 5})
    save_csv(Path("few.csv"), {name: values[columns["replicate"] < 20] for name, values in columns.items()})
    good = run("judge", "mine", "--data", "good.csv", "--control", "2=bad.csv")
    assert good.exit_code == 0, good.stderr
    assert "supported (sampled)" in good.stdout
    assert "nothing was run again" in good.stdout
    bad = run("judge", "mine", "--data", "bad.csv", "--json")
    assert bad.exit_code == 1, bad.stderr
    document = json.loads(bad.stdout)
    (entry,) = document["claims"]
    assert set(document) == set(json_schema()["properties"])
    assert set(entry) == set(json_schema()["properties"]["claims"]["items"]["properties"])
    assert (entry["verdict"], entry["flags"]) == ("refuted", ["instances not probed"])
    assert entry["replay"] == "theorylab judge mine2024_data.mine --data bad.csv"
    told = run("judge", "mine", "--data", "bad.csv")
    assert "the other half too" in told.stdout
    few = run("judge", "mine", "--data", "few.csv")
    assert (few.exit_code, "a support takes 64 at least" in few.stdout) == (3, True)
    wrong = run("judge", "mine", "--data", "lost.csv")
    assert (wrong.exit_code, "no such file" in wrong.stderr) == (2, True)
    wrong = run("judge", "mine", "--data", "good.csv", "--control", "bad.csv")
    assert (wrong.exit_code, "is not NAME=FILE" in wrong.stderr) == (2, True)


def test_a_claim_without_a_kernel_is_listed_shown_and_not_checked(run):
    assert "not checked" in run("list").stdout
    shown = run("show", "mine").stdout
    for words in ("theorylab judge mine2024_data.mine --data FILE", "measured: error", "by: n", "--control correlated=FILE"):
        assert words in shown
    checked = run("verify")
    assert (checked.exit_code, "not checked: measured elsewhere" in checked.stdout) == (0, True)
    assert "measured elsewhere" in Path("reports/claims/mine2024_data.mine.html").read_text()
    replayed = run("replay", "mine")
    assert (replayed.exit_code, "has no kernel to run" in replayed.stderr) == (2, True)
    exported_ = run("export", "mine", "--to", "x.parquet")
    assert (exported_.exit_code, "none of .nc" in exported_.stderr) == (2, True)
    exported_ = run("export", "mine", "--to", "x.csv")
    assert (exported_.exit_code, "has no measurements" in exported_.stderr) == (2, True)


def test_the_example_of_the_readme_runs(run):
    text = (Path(__file__).parents[1] / "README.md").read_text().split("## Data from elsewhere")[1].split("\n## ")[0]
    blocks = [textwrap.dedent(part) for part in re.findall(r"\n\n((?:(?:    .*)?\n)+?)\n*(?=\S)", text)]
    code, table, commands = blocks[:3]
    Path("claims/mine2026_solver.py").write_text(code)
    for name, column in (("runs.csv", 0), ("plain.csv", 1)):
        Path(name).write_text("\n".join(line.split()[column] for line in table.splitlines() if line))
    words = commands.splitlines()[0].split()
    assert words[0] == "theorylab"
    told = run(*words[1:])
    assert told.exit_code == 0, told.stdout + told.stderr
    assert "supported (sampled) " in told.stdout
    assert "2/2" in told.stdout
    assert run("judge", "accelerated", "--data", "plain.csv").exit_code == 1


def test_judging_loads_no_jax():
    code = "import sys, theorylab; theorylab.judge; raise SystemExit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], check=False).returncode == 0


def test_a_result_in_memory_names_no_file():
    result = judged(EACH, runs())
    assert again(result) == ""
    assert any("nothing was run again" in note for note in unseen(result))
