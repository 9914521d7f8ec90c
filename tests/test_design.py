"""Several letters at once: the points of a plan, slopes with the others held, designs that tell too little, points that others measured."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from exam.designs import BOUND, MUTANTS, TRUE, WHERE, _law, d, designs, eps, measured_at
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational, exp, log, sqrt
from worlds import C, Worlds, c, cells_of, claim_of, k, letters, n, verified, y

from theorylab import judge
from theorylab.claim import Control, along, for_every_instance, grows, in_expectation, measured, shrinks, sized, unknown
from theorylab.columns import Unreadable
from theorylab.design import POINTS, points, together
from theorylab.estimate import cells
from theorylab.export import write
from theorylab.judgement import judged
from theorylab.kernels import Kernels
from theorylab.kind import kind_of
from theorylab.plan import plan
from theorylab.replay import NoSuchPoint, _sweep
from theorylab.simulate import Lanes, Run, Simulator
from theorylab.verdict.gradient import partial
from theorylab.verdict.scattered import axis_of, confounded, levels
from theorylab.words import explain

CLAIM = claim_of(y <= C * BOUND, WHERE, problems=(), simulation=None, because="measured elsewhere")
BOX = {"d": grows("dimension", 10, 1000), "n": grows("samples", 1e2, 1e4), "eps": shrinks("privacy", 1e-2, 1.0)}


def scattered(design, claim=CLAIM, replicates=64, seed=0):
    """The verdict on points (p, 3), in log10 of d / 10, n / 100 and 1 / eps, of a true claim."""
    rng = np.random.default_rng(seed)
    return judge(claim, measured_at(10.0 ** np.asarray(design), rng, replicates))


def table(count=64, replicates=64, seed=0):
    """Scattered measurements as a data frame, without numbers of points."""
    rng = np.random.default_rng(seed)
    data = measured_at(10 ** rng.uniform(0, 2, (count, 3)), rng, replicates)
    return data.to_dataframe().reset_index().drop(columns="point")


# The plan


def test_a_bound_that_is_zero_somewhere_has_its_slopes_beside_its_controls_elsewhere():
    where = {k: along("steps", 2, 64), y: measured("gap")}
    flatter = Control("a tenth less in the exponent", statement=y <= log(k) / k ** Rational(1, 10))
    claim = replace(claim_of(y <= log(k), where), controls=(flatter,))
    assert plan(claim).tau == pytest.approx(0.1 / 2)


@given(
    low=st.integers(1, 50),
    decades=st.floats(0.5, 4),
    others=st.integers(2, 4),
    seed=st.integers(0, 2**31),
)
def test_points_fill_the_box_up_to_its_ends_and_no_letter_follows_another(low, decades, others, seed):
    roles = {"whole": grows("size", low, int(np.ceil(low * 10**decades)) + 1)}
    roles |= {f"x_{i}": shrinks("accuracy", 1e-3, 1.0) for i in range(others)}
    found = points(roles, seed)
    assert list(found) == list(roles)
    assert found["whole"].dtype.kind == "i"
    for name, role in roles.items():
        assert found[name].min() == pytest.approx(role.low)
        assert found[name].max() == pytest.approx(role.high)
    assert 27 <= len(found["whole"]) <= 2 * POINTS
    assert len(np.unique(np.stack(list(found.values())), axis=1).T) == len(found["whole"])
    assert np.abs(np.corrcoef(np.log(np.stack(list(found.values())))) - np.eye(others + 1)).max() < 0.3


def test_points_know_the_seed_and_no_order_of_the_letters():
    turned = points(dict(reversed(BOX.items())), 0)
    assert all(np.array_equal(values, turned[name]) for name, values in points(BOX, 0).items())
    assert not np.array_equal(points(BOX, 0)["n"], points(BOX, 1)["n"])


def test_a_longer_range_is_lengthened_in_the_direction_of_each_letter():
    found = points(BOX, 0, 10.0)
    assert {name: (values.min(), values.max()) for name, values in found.items()} == {
        "d": (10, 10_000),
        "n": (pytest.approx(1e2), pytest.approx(1e5)),
        "eps": (pytest.approx(1e-3), pytest.approx(1.0)),
    }


def test_two_letters_and_listed_values_keep_their_grid():
    two = claim_of(y <= C * sqrt(d) / n, {d: WHERE[d], n: WHERE[n], y: WHERE[y], C: unknown})
    assert plan(two).together == ()
    assert [len(values) for values in plan(two).sweep.values()] == [13, 13]
    listed = BOX | {"n": grows("samples", among=(100, 1000, 10_000))}
    assert together(listed) == ()
    assert together(BOX | {"m": sized("actions", 3, 300), "k": along("steps", 1, 100)}) == ("d", "n", "eps")
    three = plan(claim_of(y <= C * BOUND, WHERE))
    assert set(three.together) == {"d", "n", "eps"}
    assert {len(values) for values in three.sweep.values()} == {POINTS}


def test_show_says_the_design():
    claim = replace(claim_of(y <= C * BOUND, WHERE), taken=("d", "n", "eps"))
    said = dict(explain(claim, plan(claim)))
    assert any("64 points of a scrambled Sobol set over d, n, eps" in line for line in said["Data"])
    assert any("one exponent cannot make up for another" in line for line in said["Test"])
    two = replace(claim_of(y <= C * sqrt(d) / n, WHERE), where={s: role for s, role in WHERE.items() if s is not eps}, taken=("d", "n"))
    said = dict(explain(two, plan(two)))
    assert not any("Sobol" in line for line in said["Data"])


# Simulation


def kernel(key, problem, *, d, n, eps):
    import jax

    return {"y": d * n * eps * (1 + jax.random.normal(key) / 10)}


def test_a_run_at_points_gives_the_numbers_of_the_grid_at_those_points(monkeypatch):
    monkeypatch.setattr(Kernels, "_load", lambda self, name, folder: kernel)
    simulator = Simulator(SimpleNamespace(root=None, roots=()))  # pyright: ignore[reportArgumentType]
    grid = (("d", (1, 2)), ("n", (3.0, 4.0)), ("eps", (0.5, 1.0)))
    run = Run("truth:kernel", None, grid, None, (), (), frozenset(), (("y", "y", ()),), 0, block=8, needed=frozenset("y"))
    whole = simulator.data(run, Lanes((0,), (0, 1)))
    some = replace(run, sweep=(("d", (2, 1, 2)), ("n", (3.0, 4.0, 4.0)), ("eps", (1.0, 0.5, 1.0))), together=frozenset(("d", "n", "eps")))
    found = simulator.data(some, Lanes((0,), (0, 1)))
    assert found["y"].dims == ("point", "instance", "replicate")
    assert found["d"].dims == ("point",)
    for p in range(3):
        at = {name: found[name].values[p] for name in ("d", "n", "eps")}
        np.testing.assert_array_equal(found["y"].isel(point=p), whole["y"].sel(at))
    beside = simulator.data(replace(some, together=frozenset(("d", "n")), sweep=(*some.sweep[:2], grid[2])), Lanes((0,), (0, 1)))
    assert beside["y"].dims == ("point", "eps", "instance", "replicate")
    assert simulator.kernels.compilations == 1


def test_replay_takes_a_point_whole_or_one_of_the_design():
    drawn = plan(claim_of(y <= C * BOUND, WHERE))
    assert [len(v) for v in _sweep(drawn, {"d": 20.0, "n": 200.0, "eps": 0.1}).values()] == [1, 1, 1]
    some = _sweep(drawn, {"d": float(drawn.sweep["d"][20])})
    assert some["n"].tolist() == [drawn.sweep["n"][20]]
    assert len(_sweep(drawn, {})["d"]) == POINTS
    with pytest.raises(NoSuchPoint, match="Give all of d, n, eps"):
        _sweep(drawn, {"d": 20.0})


def test_confirmation_counts_the_cells_beyond_a_range_that_shrinks():
    world = Worlds({"truth:kernel": lambda rng, i, at, lane: at["eps"] ** -1.25}, random=False)
    where = {eps: WHERE[eps], y: WHERE[y], C: unknown}
    assert verified(claim_of(y <= C / eps, where, holds=for_every_instance), world).verdict.verdict == "refuted"
    longest = min((run for run, _ in world.asked), key=lambda run: min(dict(run.sweep)["eps"]))
    data = world.data(longest, Lanes((0,)))
    assert float(data["eps"].min()) == pytest.approx(1e-3)
    claim = claim_of(y <= C / eps, where, holds=for_every_instance)
    assert cells(claim, kind_of(claim), "worlds:family", "truth:kernel", data).keep.all()


# Slopes


@settings(max_examples=30)
@given(powers=st.tuples(*[st.floats(-2, 2)] * 3), seed=st.integers(0, 1000))
def test_a_power_law_has_its_exponents_as_partial_slopes(powers, seed):
    places = np.random.default_rng(seed).uniform(0, 5, (3, 40))
    level = 1.0 + np.array(powers) @ places
    everywhere = np.arange(40)
    assert np.allclose([partial(places, everywhere, q) @ level for q in range(3)], powers, atol=1e-9)


def test_what_shares_a_checkpoint_is_fitted_together():
    drawn = points(BOX, 0)
    claim = claim_of(y <= C * BOUND / k, WHERE | {k: along("steps", 1.0, 100.0)}, holds=for_every_instance)
    steps = np.geomspace(1, 100, 16)
    # The constant changes from checkpoint to checkpoint, and a slope in d does not.
    values = (np.sqrt(drawn["d"]) / (drawn["n"] * drawn["eps"]))[:, None] * drawn["d"][:, None] ** 0.2 * np.sin(np.arange(16)) ** 2
    data = xr.Dataset(
        {"y": (("point", "instance", "replicate", "k"), values[:, None, None])}, {"k": steps, "instance": [0], "replicate": [0]}
    )
    data = data.assign_coords({name: ("point", v) for name, v in drawn.items()})
    found = cells(claim, kind_of(claim), "", "", data)
    kept = np.flatnonzero(found.keep[0] & (found.quantity[0, 0] > 0))
    ratio = found.log_ratio()[0, 0, kept]
    slopes = {name: axis_of(claim, found, 0, kept, name).weights @ ratio for name in ("d", "n", "eps")}
    assert np.allclose(slopes["d"][:3], 0.2)
    assert np.allclose([slopes["n"][:3], slopes["eps"][:3]], 0.0, atol=1e-9)


def test_a_letter_in_an_exponent_is_measured_by_its_own_decay():
    where = {d: grows("dimension", 10.0, 1e3), n: grows("samples", 1.0, 100.0), eps: WHERE[eps], y: measured("error"), C: unknown}
    claim = claim_of(y <= C * sqrt(d) * Rational(9, 10) ** n / eps, where, holds=for_every_instance)
    true = lambda rng, i, at, lane: np.sqrt(at["d"]) * 0.9 ** at["n"] / at["eps"]  # noqa: E731
    slower = lambda rng, i, at, lane: np.sqrt(at["d"]) * 0.9 ** (at["n"] / 2) / at["eps"]  # noqa: E731
    assert verified(claim, Worlds({"truth:kernel": true}, random=False)).verdict.parts[0].verdict == "supported"
    found = verified(claim, Worlds({"truth:kernel": slower}, random=False)).verdict
    assert found.verdict == "refuted"
    trends = found.parts[0].trends
    assert trends["n"]["slope"] == pytest.approx(0.5, abs=0.02)
    assert abs(trends["d"]["slope"]) < 1e-6


def test_a_sum_of_terms_is_judged_at_points():
    C_1, C_2 = letters("C_1 C_2")
    where = {s: role for s, role in WHERE.items() if s is not C} | {C_1: unknown, C_2: unknown}
    claim = claim_of(y <= C_1 * sqrt(d) / (n * eps) + C_2 * d / n, where, holds=for_every_instance)
    true = lambda rng, i, at, lane: np.sqrt(at["d"]) / at["n"] / at["eps"] + at["d"] / at["n"]  # noqa: E731
    false = lambda rng, i, at, lane: true(rng, i, at, lane) * (at["n"] / 100) ** 0.3  # noqa: E731
    assert verified(claim, Worlds({"truth:kernel": true}, random=False)).verdict.parts[0].verdict == "supported"
    assert verified(claim, Worlds({"truth:kernel": false}, random=False)).verdict.verdict == "refuted"


# Designs that tell too little


@pytest.mark.parametrize("world", [name for name, design in designs().items() if design.reach.count == "COVERAGE"])
def test_a_design_that_cannot_tell_supports_nothing(world):
    design = designs()[world]
    claim = replace(CLAIM, statement=y <= C * design.bound)
    found = scattered(np.log10(10.0 ** design.points(np.random.default_rng(1))), claim)
    assert found.reasons == ("COVERAGE",)
    assert any("move together" in flag or "fewer than 3 values" in flag for flag in found.flags)


def test_jitter_makes_no_levels_of_corners():
    rng = np.random.default_rng(0)
    corners = np.array([*product((0.0, 2.0), repeat=3)] * 3)
    near = np.clip(corners + 0.01 * rng.standard_normal(corners.shape), 0, 2)
    assert scattered(near).reasons == ("COVERAGE",)
    assert scattered([*near, *rng.uniform(0, 2, (24, 3))]).verdict == "supported"


@given(count=st.integers(2, 16))
def test_levels_count_places_and_not_points(count):
    values = np.repeat(np.linspace(0, 5, count), 3)
    assert levels(values + 1e-4 * np.arange(len(values))) == count


def test_a_refutation_on_the_letter_along_a_run_stands_on_any_design():
    where = WHERE | {k: along("steps", 1.0, 1e3)}
    claim = claim_of(y <= C * BOUND / k, where, holds=for_every_instance, problems=(), simulation=None, because="elsewhere")
    u, steps = np.linspace(0, 2, 20), np.geomspace(1, 1e3, 20)
    at = {"d": 10 ** (1 + u), "n": 10 ** (2 + u), "eps": 10**-u}
    values = (np.sqrt(at["d"]) / (at["n"] * at["eps"]))[:, None] / steps**0.5
    data = xr.Dataset({"y": (("point", "k"), values)}, {"k": steps, **{name: ("point", v) for name, v in at.items()}})
    assert judge(claim, data).verdict == "refuted"
    open_ = judge(claim, data.assign(y=data["y"] / data["k"] ** 0.5))
    assert open_.reasons == ("COVERAGE",)


# Points that others measured


def test_three_levels_of_each_letter_support_and_do_not_refute():
    factorial = np.array([*product((0.0, 1.0, 2.0), repeat=3)])
    found = scattered(factorial)
    assert (found.verdict, "short range" in found.flags) == ("supported", True)
    assert scattered(factorial, replace(CLAIM, statement=y <= C * MUTANTS["n"])).reasons == ("RANGE",)


def test_a_grid_and_its_rows_are_judged_alike():
    rng = np.random.default_rng(0)
    axes = {"d": np.geomspace(10, 1e3, 5), "n": np.geomspace(1e2, 1e4, 5), "eps": np.geomspace(1e-2, 1, 5)}
    at = dict(zip(axes, np.meshgrid(*axes.values(), indexing="ij"), strict=True))
    runs = np.stack([_law(TRUE, 0.5, rng, 0, at, None) for _ in range(64)], -1)
    grid = xr.Dataset({"y": ((*axes, "replicate"), runs)}, axes)
    rows = grid.to_dataframe().reset_index()
    found = [judge(CLAIM, data) for data in (grid, rows, rows.sample(frac=1, random_state=0))]
    assert found[0].verdict == "supported"
    slopes = [{name: trend["slope"] for name, trend in verdict.parts[0].trends.items()} for verdict in found]
    assert all(s == pytest.approx(slopes[0]) for s in slopes)


def test_scattered_rows_are_points_and_a_grid_with_a_hole_is_not():
    frame = table()
    assert judge(CLAIM, frame).verdict == "supported"
    grid = xr.Dataset({"y": (("d", "n", "eps"), np.ones((3, 3, 3)))}, {"d": [10, 100, 1000], "n": [100, 1e3, 1e4], "eps": [0.01, 0.1, 1]})
    rows = grid.to_dataframe().reset_index().iloc[1:]
    with pytest.raises(Unreadable, match=r"26 rows do not fill the 27 cells.*numbered in a column `point`"):
        judge(CLAIM, rows)
    assert judge(CLAIM, rows.assign(point=range(26))).reasons != ("BROKEN",)


def test_a_point_has_one_value_of_each_letter(tmp_path):
    frame = table(4, 2)
    numbered = frame.assign(point=np.repeat([0, 1, 2, 2], 2), replicate=np.tile([0, 1, 0, 1], 2))
    with pytest.raises(Unreadable, match=r"row|both hold the cell"):
        judge(CLAIM, numbered)
    numbered = frame.assign(point=np.repeat([0, 1, 2, 3], 2))
    numbered.loc[7, "d"] *= 2
    with pytest.raises(Unreadable, match=r"in point 3, and .*one value per point"):
        judge(CLAIM, numbered)
    with pytest.raises(Unreadable, match=r"point is 0.5"):
        judge(CLAIM, frame.assign(point=0.5))


def test_points_outside_the_range_are_left_out_and_said():
    rng = np.random.default_rng(0)
    result = judged(CLAIM, measured_at(10 ** rng.uniform(0, 2.2, (100, 3)), rng, 64))
    assert "outside range" in result.verdict.flags
    assert result.verdict.verdict == "supported"
    far = measured_at(10 ** np.stack([rng.uniform(*span, 40) for span in ((0, 2), (0, 2), (2.1, 3))], 1), rng, 8)
    with pytest.raises(Unreadable, match=r"eps runs from .* all outside"):
        judge(CLAIM, far)


@pytest.mark.parametrize("suffix", [".nc", ".csv", ".npz"])
def test_what_was_run_at_points_is_judged_again_from_its_file(tmp_path, suffix):
    claim = replace(claim_of(y <= C * BOUND, WHERE, holds=in_expectation, problems=("worlds:family",)), name="worlds.points")
    law = lambda rng, i, at, lane: _law(TRUE, 0.5, rng, 0, at, lane)  # noqa: E731
    result = verified(claim, Worlds({"truth:kernel": law}, random=False))
    assert result.data["truth:kernel on worlds:family"].sizes["point"] == POINTS
    again = judged(claim, write(result, tmp_path / f"points{suffix}"))
    assert again.verdict.parts[0].trends.keys() == result.verdict.parts[0].trends.keys()
    for name, trend in again.verdict.parts[0].trends.items():
        assert trend["slope"] == pytest.approx(result.verdict.parts[0].trends[name]["slope"])


def test_an_explicit_bound_is_judged_at_points():
    claim = claim_of(y <= 2 * BOUND, WHERE, holds=in_expectation)
    law = lambda factor: lambda rng, i, at, lane: factor * _law(TRUE, 0.5, rng, 0, at, lane)  # noqa: E731
    assert verified(claim, Worlds({"truth:kernel": law(1.0)}, random=False)).verdict.parts[0].verdict == "supported"
    assert verified(claim, Worlds({"truth:kernel": law(3.0)}, random=False)).verdict.verdict == "refuted"


def test_a_rate_over_points_is_read_along_its_runs():
    where = {k: along("steps", 1, 400)} | {s: WHERE[s] for s in (n, eps)} | {d: grows("dimension", 1.0, 100.0), y: measured("gap")}
    claim = claim_of(y <= C * exp(-c * k / d), where | {C: unknown, c: unknown}, holds=for_every_instance)
    law = lambda p: lambda rng, i, at, lane: np.exp(-20 * at["k"] / at["d"] ** p)  # noqa: E731
    assert verified(claim, Worlds({"truth:kernel": law(1.0)}, random=False)).verdict.parts[0].verdict == "supported"
    assert "n" in verified(claim, Worlds({"truth:kernel": law(1.0)}, random=False)).verdict.parts[0].trends
    assert verified(claim, Worlds({"truth:kernel": law(1.5)}, random=False)).verdict.verdict != "supported"


def test_cells_on_a_grid_of_two_letters_are_confounded_with_nothing():
    claim = claim_of(y <= C * sqrt(d) / n, {d: WHERE[d], n: WHERE[n], y: WHERE[y], C: unknown})
    found = cells_of(claim, np.ones((1, 8, 5, 5)), {"d": np.geomspace(10, 1e3, 5), "n": np.geomspace(1e2, 1e4, 5)})
    assert confounded(found) == {}
