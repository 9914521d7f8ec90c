"""The controls that a statement yields by itself: what they are, when they are caught, and what they decide."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Eq, Rational, exp, sqrt
from worlds import C, Worlds, b, c, cells_of, claim_of, k, letters, n, pseudo_of, sweep, verified, weights, y

from theorylab.claim import (
    Control,
    along,
    fixed,
    for_every_instance,
    grows,
    in_expectation,
    measured,
    shrinks,
    supported,
    unknown,
    with_probability,
)
from theorylab.report.document import claim_entry
from theorylab.verdict.intervals import LAMBDAS, betting, student
from theorylab.verdict.judge import ControlVerdict, Generated, Verdict, found_again, judge_family, with_generated
from theorylab.verdict.mutants import generated, powerless
from theorylab.verdict.parts import Part, Rule
from theorylab.verdict.reach import bets_again
from theorylab.words import explain

SIZES = 100 * sweep(2.0, 13)
RULE = Rule(0.1, 0.01, 0.01, cap=256)
WHERE = {n: grows("size", 100.0, 10_000.0), y: measured("cost"), C: unknown}
TREND = claim_of(y <= C * sqrt(n), WHERE, holds=in_expectation)
eps, C_1, C_2 = letters("eps C_1 C_2")


def made(claim, values, coords, rule=RULE):
    """The generated controls of a claim by name, on these measurements."""
    cells = cells_of(claim, values, coords)
    part = judge_family(claim, cells, rule)
    return {control.name: control for control in generated(claim, [(part, cells)], rule)}


def costs(seed, instances=1, m=16, sd=0.5, slope=0.0):
    rng = np.random.default_rng(seed)
    level = np.exp(rng.normal(0, 0.3, (instances, 1, 1)))
    return level * np.sqrt(SIZES) * (SIZES / 100) ** slope * np.exp(sd * rng.standard_normal((instances, m, len(SIZES))))


worlds = given(
    seed=st.integers(0, 10_000),
    m=st.sampled_from([2, 5, 8, 16, 32]),
    sd=st.floats(0.01, 1.0),
    slope=st.floats(-0.3, 0.3),
)


@worlds
@settings(max_examples=60)
def test_data_that_break_a_trend_are_caught_iff_the_half_width_is_below_twice_tau(seed, m, sd, slope):
    values = costs(seed, m=m, sd=sd, slope=slope)
    pseudo = pseudo_of(values / np.sqrt(SIZES), weights(sweep(2.0, 13)))[0]
    half = student(RULE.alpha, m) * pseudo[:, 2].std(ddof=1) / np.sqrt(m)
    assert made(TREND, values, {"n": SIZES})["data that grow by n^0.3"].caught == (half < 2 * RULE.tau)


@worlds
@settings(max_examples=30)
def test_data_moved_to_three_thresholds_are_what_the_mutant_of_the_data_says(seed, m, sd, slope):
    values = costs(seed, m=m, sd=sd, slope=slope)
    mean = pseudo_of(values / np.sqrt(SIZES), weights(sweep(2.0, 13)))[0][:, 2].mean()
    moved = values * (SIZES / 100) ** (3 * RULE.tau - mean)
    refuted = judge_family(TREND, cells_of(TREND, moved, {"n": SIZES}), RULE._replace(control=True)).verdict == "refuted"
    assert made(TREND, values, {"n": SIZES})["data that grow by n^0.3"].caught == refuted


@worlds
@settings(max_examples=30)
def test_a_mutant_of_the_claim_fares_as_a_control_of_that_wording(seed, m, sd, slope):
    values = costs(seed, instances=3, m=m, sd=sd, slope=slope)
    sharper = replace(TREND, statement=y <= C * sqrt(n) * n ** Rational(-1, 5))
    named = judge_family(sharper, cells_of(sharper, values, {"n": SIZES}), RULE._replace(control=True)).verdict
    assert made(TREND, values, {"n": SIZES})["the bound times n^-0.2"].caught == (named == "refuted")


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        (y <= C * sqrt(n), ["data that grow by n^0.3", "the bound times n^-0.2"]),
        (y >= C * sqrt(n), ["data that fall by n^-0.3", "the bound times n^0.2"]),
        (Eq(y, C * sqrt(n)), ["data that grow by n^0.3", "the bound times n^-0.2", "the bound times n^0.2"]),
    ],
)
def test_each_side_has_mutants_of_its_own_and_tight_data_catch_all(statement, names):
    found = made(replace(TREND, statement=statement), costs(1, m=64, sd=0.1), {"n": SIZES})
    assert list(found) == names
    assert all(control.caught for control in found.values())


def test_a_letter_that_shrinks_has_its_powers_the_other_way_round():
    claim = claim_of(y <= C / eps, {eps: shrinks("accuracy", 0.001, 0.1), y: measured("cost"), C: unknown})
    places = np.geomspace(0.001, 0.1, 13)
    found = made(claim, (1 / places)[None, None, :] * np.ones((1, 8, 1)), {"eps": places})
    assert list(found) == ["data that grow by eps^-0.3", "the bound times eps^0.2"]
    assert all(control.caught for control in found.values())


def test_a_geometric_bound_is_sharpened_in_its_exponent():
    claim = claim_of(y <= C * exp(-k / 10), {k: along("steps", 1, 100), y: measured("gap"), C: unknown}, holds=for_every_instance)
    steps = np.arange(1.0, 101.0)
    tight, slow = (made(claim, np.exp(-rate * steps / 10)[None, None, :], {"k": steps}) for rate in (1.0, 1.5))
    assert list(tight) == ["data with 0.7 of the bound's exponent in k", "the bound's exponent in k times 1.2"]
    assert all(control.caught for control in tight.values())
    assert not slow["the bound's exponent in k times 1.2"].caught, "these data decay faster than that too"


def test_a_loose_bound_leaves_its_sharper_mutant_alone_and_says_its_slack():
    found = made(TREND, costs(3, m=64, sd=0.1, slope=-0.5), {"n": SIZES})
    assert found["data that grow by n^0.3"].caught
    sharper = found["the bound times n^-0.2"]
    assert not sharper.caught
    assert "slope -0.5" in sharper.detail


# Sums of terms

TERMS = {n: grows("size", 100.0, 1e6), eps: shrinks("accuracy", 1e-3, 1e-1), y: measured("cost"), C_1: unknown, C_2: unknown}
GRID = {"n": np.geomspace(100, 1e6, 9), "eps": np.geomspace(1e-3, 1e-1, 9)}


def on_grid(law):
    return law(*np.meshgrid(*GRID.values(), indexing="ij"))[None, None]


def test_every_term_is_left_out_once_and_loses_a_power_of_each_of_its_letters():
    claim = claim_of(y <= C_1 * n + C_2 * sqrt(n) / eps, TERMS, holds=for_every_instance)
    found = made(claim, on_grid(lambda n, e: n + 5 * n**0.5 / e), GRID)
    kinds = [control.kind for control in found.values()]
    assert kinds.count("term") == 2
    assert {name for name, control in found.items() if control.kind == "term"} == {
        "without the term C_1*n",
        "without the term C_2*sqrt(n)/eps",
    }
    assert {name for name, control in found.items() if control.kind == "claim"} == {
        "the term of C_1 times n^-0.2",
        "the term of C_2 times n^-0.2",
        "the term of C_2 times eps^0.2",
    }
    assert all(control.caught for control in found.values())


def test_one_constant_for_the_sum_would_have_refuted_what_its_own_constants_allow():
    # With one constant the ratio moves from one term's to the other's: a true cost would read as a caught mutant.
    values = on_grid(lambda n, e: n + 25 * n**0.5 / e)
    shared = claim_of(y <= C * (n + sqrt(n) / eps), TERMS | {C: unknown}, holds=for_every_instance)
    own = claim_of(y <= C_1 * n + C_2 * sqrt(n) / eps, TERMS, holds=for_every_instance)
    verdicts = [judge_family(claim, cells_of(claim, values, GRID), RULE._replace(control=True)).verdict for claim in (shared, own)]
    assert verdicts == ["refuted", "supported"]


def test_a_term_that_the_data_do_not_need_is_named_and_leaves_a_support_open():
    where = TERMS | {n: grows("size", 100.0, 1e6)}
    claim = claim_of(y <= C_1 * n + C_2 * n ** Rational(19, 20), where, holds=for_every_instance)
    values = (GRID["n"] + 20 * GRID["n"] ** 0.95)[None, None, :]
    cells = cells_of(claim, values, {"n": GRID["n"]})
    part = judge_family(claim, cells, RULE)
    missed = [control for control in generated(claim, [(part, cells)], RULE) if control.kind == "term" and not control.caught]
    assert missed
    verdict = with_generated(Verdict("supported", parts=(part,)), missed)
    assert (verdict.verdict, verdict.reasons) == ("inconclusive", ("CONTROL",))
    assert missed[0].name in verdict.detail


# Unknown rates


def test_a_rate_is_tried_by_slower_decays_and_by_another_power_of_the_other_letter():
    alpha = letters("alpha")
    where = {k: along("steps", 1, 2000), alpha: shrinks("scale", 0.01, 1.0), y: measured("gap"), C: unknown, c: unknown}
    claim = claim_of(y <= C * exp(-c * alpha * k), where, holds=for_every_instance)
    steps, scales = np.arange(1.0, 2001.0, 10), np.geomspace(0.01, 1.0, 9)
    values = np.exp(-np.minimum(scales[:, None] * steps, 30))[None, None]
    found = made(claim, values, {"alpha": scales, "k": steps})
    assert list(found) == ["data that decay like exp(-sqrt(k))", "data with the rate times alpha^0.3", "the rate times alpha^-0.2"]
    assert all(control.caught for control in found.values())


# Explicit constants

EXPLICIT = claim_of(y <= 1 / k, {k: along("steps", 1, 100), y: measured("gap")}, holds=for_every_instance)
STEPS = np.arange(1.0, 101.0)


def test_the_constant_that_the_data_need_is_refuted_when_a_tenth_is_taken_off():
    found = made(EXPLICIT, np.array([0.5, 0.8])[:, None, None] / STEPS, {"k": STEPS})
    assert list(found) == ["0.72 of the bound"]
    assert found["0.72 of the bound"].caught
    assert found["0.72 of the bound"].detail == "every constant below 0.8 is refuted"
    below = made(replace(EXPLICIT, statement=y >= 1 / (4 * k)), 0.5 / STEPS[None, None], {"k": STEPS})
    assert list(below) == ["2.2 of the bound"]
    assert below["2.2 of the bound"].caught


def test_a_mean_that_is_hardly_known_leaves_a_tenth_less_open():
    claim = claim_of(y <= b, {b: fixed("bound", 1.0), y: measured("quantity")}, holds=in_expectation)
    rng = np.random.default_rng(4)
    for sd, caught in ((0.1, True), (1.0, False)):
        values = 0.5 * np.exp(sd * rng.standard_normal((1, 64)) - sd**2 / 2)
        (control,) = made(claim, values, {}).values()
        assert control.caught == caught, sd
        assert control.detail
    assert made(claim, -values, {}) == {}, "a bound that nothing comes near yields no constant"


def test_a_bound_that_four_times_as_many_runs_break_as_may_is_caught_where_runs_suffice():
    claim = claim_of(y <= b, {b: fixed("bound", 10.0), y: measured("quantity")}, holds=with_probability(Rational(9, 10)))
    values = np.random.default_rng(5).exponential(size=(1, 200))
    for runs, caught in ((200, True), (4, False)):
        (control,) = made(claim, values[:, :runs], {}).values()
        assert control.caught == caught
        assert "of the runs break" in control.name


def test_an_equation_is_moved_by_three_margins():
    claim = claim_of(Eq(y, b), {b: fixed("truth", 2.0), y: measured("quantity")}, holds=in_expectation)
    values = 2 + np.random.default_rng(6).standard_normal((1, 256))
    for m, caught in ((256, True), (16, False)):
        (control,) = made(claim, values[:, :m], {}).values()
        assert control.caught == caught
    exact = claim_of(Eq(y, 1 / k), {k: along("steps", 1, 100), y: measured("gap")}, holds=for_every_instance)
    (control,) = made(exact, 1 / STEPS[None, None], {"k": STEPS}).values()
    assert control.caught


# What they decide


def test_data_that_pass_take_a_support_away_and_a_sharper_claim_does_not():
    support = Verdict("supported")
    assert with_generated(support, [Generated("the bound times n^-0.2", "claim", False)]).verdict == "supported"
    assert with_generated(support, [Generated("data that grow by n^0.3", "data", True)]).verdict == "supported"
    missed = with_generated(support, [Generated("data that grow by n^0.3", "data", False)])
    assert (missed.verdict, missed.reasons, missed.detail) == ("inconclusive", ("CONTROL",), "not caught: data that grow by n^0.3")
    assert with_generated(Verdict("refuted"), [Generated("data", "data", False)]).verdict == "refuted"


def test_a_support_waits_for_replicates_until_data_that_break_the_bound_would_be_caught(monkeypatch):
    law = lambda rng, i, at, lane: np.exp(0.5 * rng.standard_normal(at["n"].shape))  # noqa: E731
    waited = verified(TREND, Worlds({"truth:kernel": law}, random=False), seed=2).verdict
    assert not powerless(waited.parts)
    monkeypatch.setattr("theorylab.verify.powerless", lambda parts: [])
    hasty = verified(TREND, Worlds({"truth:kernel": law}, random=False), seed=2).verdict
    assert hasty.detail == "not caught: data that grow by n^0.3", "a loose bound is supported before anything could have failed"
    assert max(p.replicates for p in waited.parts) > max(p.replicates for p in hasty.parts)


def test_the_document_counts_named_and_generated_kills_apart():
    half = Control("a tenth of the bound", statement=y <= 1 / (10 * k))
    law = lambda rng, i, at, lane: 0.8 / np.maximum(at["k"], 0.5)  # noqa: E731
    result = verified(replace(EXPLICIT, controls=(half,)), Worlds({"truth:kernel": law}, random=False))
    assert not result.fault
    entry = claim_entry(result)
    assert entry["kill_rate"] == {"named": [1, 1], "generated": [1, 1]}
    assert entry["generated"][0] | {"detail": ""} == {"name": "0.72 of the bound", "kind": "claim", "caught": True, "detail": ""}
    assert entry["controls"][0]["index"] == "Infinity"


def test_an_algorithm_that_is_equivalent_here_is_said_with_its_reason_and_is_no_kill():
    same = Control("half the step", simulation="truth:half", expect=supported("on these problems the step does not matter"))
    tenth = Control("a tenth of the bound", statement=y <= 1 / (10 * k))
    law = lambda rng, i, at, lane: 0.8 / np.maximum(at["k"], 0.5)  # noqa: E731
    claim = replace(EXPLICIT, controls=(same, tenth))
    result = verified(claim, Worlds({"truth:kernel": law, "truth:half": law}, random=False))
    words = dict(explain(claim, result.plan))["Controls"]
    assert words[0] == "half the step (positive): must come out supported: on these problems the step does not matter"
    assert result.verdict.controls[0].as_expected
    assert claim_entry(result)["kill_rate"]["named"] == [1, 1], "the equivalent one is not counted"
    assert result.verdict.detail == "the claim names no broken algorithm among its controls"


# Gating


def test_a_claim_whose_control_is_caught_narrowly_does_not_gate():
    sure = Part("f", "supported", margin=9.0)
    for index, gates in ((5.8, True), (5.6, False), (None, True), (np.inf, True)):
        control = ControlVerdict("a", "statement", "refuted", "refuted", index=index)
        assert Verdict("supported", parts=(sure,), controls=(control,)).gating == gates, index
        assert Verdict("refuted", parts=(sure,), controls=(control,)).gating == gates, index


def test_one_family_finds_a_control_refuted_again():
    parts = (Part("f", "refuted", again=3.0), Part("g", "refuted", again=8.0), Part("h", "supported", margin=1.0))
    assert found_again(Verdict("refuted", parts=parts)) == 8.0
    assert found_again(Verdict("supported", parts=parts[2:])) == 1.0
    assert found_again(Verdict("inconclusive", parts=parts)) is None


def test_the_index_of_bets_tells_how_often_a_rerun_refutes():
    rng, needed = np.random.default_rng(7), float(np.log(100) + np.log(len(LAMBDAS) / 2))
    draw = lambda mean, m: mean * np.exp(0.5 * rng.standard_normal(m) - 0.125)  # noqa: E731
    for mean, least, most in ((1.25, 0.98, 1.0), (1.08, 0.0, 0.6)):
        index = bets_again(draw(mean, 20_000), needed, 256)
        assert (index >= 5.7) == (least > 0.9)
        share = np.mean([betting(draw(mean, 256)) * np.log(10) >= np.log(100) for _ in range(200)])
        assert least <= share <= most


def test_the_index_of_a_caught_trend_counts_errors_at_the_most_replicates():
    values = costs(8, m=64, slope=0.3)
    cells = cells_of(TREND, values, {"n": SIZES})
    part = judge_family(TREND, cells, RULE._replace(control=True))
    pseudo = pseudo_of(values / np.sqrt(SIZES), weights(sweep(2.0, 13)))[0][:, 2]
    assert part.again == pytest.approx((pseudo.mean() - 0.1) / (pseudo.std(ddof=1) / np.sqrt(256)))
