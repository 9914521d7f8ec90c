"""Diagnostics on curves whose exponents are known, and that they decide nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from sympy import sqrt
from test_report import fits
from worlds import C, Worlds, claim_of, k, n, verified, y

import theorylab.verify as verifying
from theorylab import judge
from theorylab.claim import along, for_every_instance, grows, in_expectation, measured, shrinks, unknown
from theorylab.diagnostics import LAWS, METHODS, curve, exponents, lack_of_fit, laws
from theorylab.report.dataset import write
from theorylab.report.diagnosed import diagnosed, shown
from theorylab.report.document import claim_entry, document
from theorylab.report.page import claim_page
from theorylab.report.schema import json_schema
from theorylab.result import Options

# Two decades, nine sizes; the exponent is 0 in the limit.
SIZES = np.geomspace(1e2, 1e4, 9)
U = SIZES / 1e2
CURVES = {"1 - .9 u^-1/2": 1 - 0.9 * U**-0.5, "linear to sqrt": (1 + 10 / U) ** -0.5, "log n": np.log(SIZES)}
KNOWN = {
    "least squares, whole range": (0.38, 0.25, 0.15),
    "least squares, upper half": (0.10, 0.13, 0.13),
    "last pair (observed order, EOC)": (0.06, 0.06, 0.11),
    "end slope of a parabola": (-0.37, 0.01, 0.10),
    "Richardson, correction n^-1/2": (-0.01, -0.05, 0.09),
    "regression on 1/ln n, upper half": (-0.39, -0.60, 0.00),
    "Aitken, last three local slopes": (0.01, -0.03, 0.06),
}


@pytest.mark.parametrize("method", METHODS)
def test_each_method_gives_what_is_known_of_it_on_three_transients(method):
    found = [exponents(SIZES, np.log(values))[method] for values in CURVES.values()]
    # Known to two digits.
    assert np.allclose(found, KNOWN[method], atol=0.0101)


@given(
    power=st.floats(-3, 3),
    constant=st.floats(1e-6, 1e6),
    first=st.floats(2, 1e4),
    decades=st.floats(0.5, 4),
    sizes=st.integers(4, 30),
    falls=st.booleans(),
)
def test_a_pure_power_has_its_exponent_by_every_method(power, constant, first, decades, sizes, falls):
    x = np.geomspace(first, first * 10**decades, sizes)
    x = 1 / x if falls else x
    found = curve(x, constant * x**power)
    # Differences of logarithms lose what the steps are smaller than one by.
    spacing = decades * np.log(10) / sizes
    assert np.allclose([*found.slopes, *found.exponents.values()], power, atol=1e-10 / spacing**2)
    assert not found.laws or found.laws["power"] <= min(found.laws.values()) + 2 * np.log(sizes) or abs(power) < 0.01


@pytest.mark.parametrize(
    ("law", "values"),
    [
        ("power", SIZES**-0.5),
        ("power times log", SIZES**-0.5 * np.log(SIZES)),
        ("exponential", np.exp(-SIZES / 2e3)),
        ("power plus floor", SIZES**-0.5 + 0.003),
    ],
)
def test_each_law_is_the_best_of_its_own_data(law, values):
    noise = np.exp(0.003 * np.random.default_rng(0).standard_normal(len(SIZES)))
    assert min(laws(SIZES, np.log(values * noise)).items(), key=lambda item: item[1])[0] == law


def test_noise_of_three_per_cent_hides_a_log_on_one_decade():
    rng, right = np.random.default_rng(0), 0
    sizes = np.geomspace(1e2, 1e3, 13)
    for _ in range(100):
        for law, factor in (("power", np.ones(13)), ("power times log", np.log(sizes))):
            found = laws(sizes, np.log(factor) + 0.03 * rng.standard_normal(13))
            right += min(("power", "power times log"), key=found.__getitem__) == law
    assert 100 < right < 160


def test_errors_of_local_slopes_are_those_of_the_means():
    rng = np.random.default_rng(0)
    runs = np.exp(0.5 * rng.standard_normal((400, 9)))
    found = curve(SIZES, runs)
    expected = np.sqrt(2 * np.expm1(0.25) / 400) / np.diff(np.log(SIZES))
    assert np.allclose(found.errors, expected, rtol=0.25)
    assert found.exponents == {}
    assert curve(SIZES, runs[0]).errors == ()


@pytest.mark.parametrize(("interaction", "least", "most"), [(0.0, 0.4, 1.9), (0.3, 3.0, np.inf)])
def test_lack_of_fit_is_one_where_points_collapse_and_large_where_letters_interact(interaction, least, most):
    rng = np.random.default_rng(0)
    places = rng.uniform(0, np.log(100), (3, 64))
    mean = np.exp(places.T @ [0.5, -1.0, -1.0]) * (1 + interaction * np.exp(places[0] - places[1] / 2))
    y = mean * np.exp(0.5 * rng.standard_normal((64, 64)))
    fit, chance = lack_of_fit(places, y, np.zeros(64))
    assert least < fit < most
    assert chance > 0.01 if not interaction else chance < 1e-6


@pytest.mark.parametrize("holds", [for_every_instance, in_expectation])
def test_a_result_carries_the_diagnostics_of_its_worst_line(holds):
    claim = claim_of(y <= C * sqrt(n), {n: grows("size", 1e2, 1e4), y: measured("cost"), C: unknown}, holds=holds)
    noise = 0.0 if holds is for_every_instance else 0.3
    law = lambda rng, i, at, lane: np.sqrt(at["n"]) * np.exp(noise * rng.standard_normal(at["n"].shape))  # noqa: E731
    found = verified(claim, Worlds({"truth:kernel": law}, random=False)).diagnostics["worlds:family"]
    assert found.letter == "n"
    assert np.allclose(found.claimed, 0.5)
    assert bool(found.errors) == (holds is in_expectation)
    assert len(found.slopes) == len(found.sizes) - 1 == 12
    assert set(found.laws) == set(LAWS)
    assert set(found.exponents) == (set() if found.errors else set(METHODS))


def test_a_letter_that_shrinks_keeps_its_own_exponent():
    claim = claim_of(y <= C / k, {k: shrinks("accuracy", 1e-3, 1e-1), y: measured("cost"), C: unknown}, holds=for_every_instance)
    found = verified(claim, Worlds({"truth:kernel": lambda rng, i, at, lane: 1 / at["k"]}, random=False)).diagnostics["worlds:family"]
    assert found.sizes[0] > found.sizes[-1]
    assert np.allclose([*found.slopes, *found.claimed, *found.exponents.values()], -1.0)


def test_a_step_and_the_one_before_it_are_no_pair():
    claim = claim_of(y <= 1 / k, {k: along("steps", 1, 1000), y: measured("gap")}, holds=for_every_instance)
    world = Worlds({"truth:kernel": lambda rng, i, at, lane: 1 / np.maximum(2 * at["k"], 1)}, random=False)
    found = verified(claim, world).diagnostics["worlds:family"]
    assert len(found.sizes) > 15
    assert found.sizes[-1] == 1000
    assert np.diff(np.log(found.sizes)).min() > 0.05
    assert np.allclose(found.slopes, -1.0)


def test_zero_negative_and_infinite_values_never_stop_a_verdict():
    where = {k: along("steps", 1, 1000), y: measured("gap"), C: unknown}
    for law in (
        lambda rng, i, at, lane: 0.0 * at["k"],
        lambda rng, i, at, lane: np.where(at["k"] > 30, np.inf, 1.0 / at["k"]),
        lambda rng, i, at, lane: np.exp(-at["k"] * 1.0) * 1e300,
        lambda rng, i, at, lane: np.where(at["k"] > 5, np.nan, 1e-300),
    ):
        result = verified(claim_of(y <= C / k, where, holds=for_every_instance), Worlds({"truth:kernel": law}, random=False))
        assert not result.fault


def test_a_table_and_a_dataset_say_what_each_number_is():
    found = curve(SIZES, CURVES["log n"], np.zeros(9))
    table = shown("worlds:family", found)
    assert [name for name, _, _ in table["methods"]] == list(METHODS)
    assert "decides the verdict" in table["undecided"]
    data = diagnosed(found)
    assert all(values.attrs["long_name"] for values in data.data_vars.values())
    assert float(data["extrapolated_exponent"].sel(extrapolation="least squares, whole range")) == pytest.approx(0.15, abs=0.01)


def test_page_document_and_netcdf_show_the_diagnostics_and_the_schema_knows_them(tmp_path):
    claim = claim_of(y <= C * sqrt(n), {n: grows("size", 1e2, 1e4), y: measured("cost"), C: unknown}, holds=for_every_instance)
    claim = replace(claim, name="worlds.cost", file="claims/worlds.py", line=1)
    result = verified(claim, Worlds({"truth:kernel": lambda rng, i, at, lane: np.sqrt(at["n"])}, random=False))
    found = document([result], [], Options(), {})
    assert fits(json.loads(json.dumps(found, allow_nan=False)), json_schema())
    entry = found["claims"][0]
    assert entry["diagnostics"]["worlds:family"]["extrapolated"]["last pair (observed order, EOC)"] == pytest.approx(0.5)
    del entry["diagnostics"]
    assert fits(found, json_schema())
    assert not fits(found | {"claims": [entry | {"diagnostics": {"worlds:family": {"slope": 1}}}]}, json_schema())
    html = claim_page(result, claim_entry(result), found["run"], [])
    assert html.count("<details>") == 1
    assert "observed order, EOC" in html
    assert "None of this decides the verdict" in html
    with xr.open_datatree(write(result, tmp_path), engine="netcdf4") as tree:
        (group,) = tree["diagnostics"].children.values()
        assert np.allclose(group["local_exponent"], 0.5)
        assert judge(claim, tree.load()).verdict == judge(claim, tmp_path / "worlds.cost.nc").verdict


def test_diagnostics_change_no_verdict(monkeypatch):
    claim = claim_of(y <= C * sqrt(n), {n: grows("size", 1e2, 1e4), y: measured("cost"), C: unknown}, holds=for_every_instance)
    world = Worlds({"truth:kernel": lambda rng, i, at, lane: np.sqrt(at["n"])}, random=False)
    before = verified(claim, world).verdict
    monkeypatch.setattr(verifying, "diagnostics", lambda *given: None)
    after = verified(claim, world)
    assert after.verdict == before
    assert after.diagnostics == {}
