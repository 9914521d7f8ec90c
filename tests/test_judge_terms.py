"""Sums of terms with a constant each, and rates over another letter, on worlds of known truth; smaller versions of tests/exam."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from exam import paces, sums
from exam.play import outcome
from project_copies import HERE
from sympy import Eq, Rational, exp, sqrt
from worlds import C, c, cells_of, claim_of, k, n, y

from theorylab.catalogue import find_claims
from theorylab.check import _control
from theorylab.claim import Control, Slip, along, for_every_instance, in_expectation, shrinks, unknown
from theorylab.kind import kind_of
from theorylab.outcome import failure
from theorylab.plan import plan
from theorylab.project import find_project
from theorylab.report.document import document
from theorylab.report.figures import figures
from theorylab.report.page import claim_page
from theorylab.result import Options
from theorylab.simulate import Simulator
from theorylab.verdict import terms
from theorylab.verdict.judge import combine, judge_family
from theorylab.verdict.parts import Rule
from theorylab.verify import verify
from theorylab.words import explain

RULE = Rule(tau=0.1, alpha=0.01, total=0.01)
SIZES, ACCURACIES = np.geomspace(1e2, 1e6, 13), np.geomspace(1e-3, 1e-1, 13)
N, E = np.meshgrid(SIZES, ACCURACIES, indexing="ij")
SUM = claim_of(y <= sums.COST, sums.TERMS, holds=for_every_instance)
U = N / 1e2


def judged(values, claim=SUM, rule=RULE):
    """The part of one family: values (13, 13), (I, 13, 13) without noise, or (1, M, 13, 13)."""
    values = np.asarray(values, float)
    values = values[:, None] if values.ndim == 3 else np.broadcast_to(values, (1, 1, 13, 13)) if values.ndim == 2 else values
    return judge_family(claim, cells_of(claim, values, {"n": SIZES, "eps": ACCURACIES}), rule)


def cost(a=1.0, b=1.0):
    return a * N + b * np.sqrt(N) / E


def noisy(values, m, seed=0, sd=0.5):
    return values * np.exp(sd * np.random.default_rng(seed).standard_normal((1, m, 13, 13)) - sd**2 / 2)


@pytest.mark.parametrize(("a", "b"), [(1, 1), (1, 5), (5, 1)])
def test_a_true_sum_is_supported_whatever_its_constants(a, b):
    part = judged(cost(a, b))
    assert (part.verdict, part.flags) == ("supported", ())
    assert [term["constant"] for term in part.terms.values()] == pytest.approx([a, b])
    common = claim_of(y <= C * (n + sqrt(n) / sums.eps), sums.TERMS, holds=for_every_instance)
    assert (judged(cost(a, b), common).verdict == "supported") == (a == b), "the twin that must fail: one constant for both"


@pytest.mark.parametrize("name", ["n^1.25", "n^.75/eps", "eps^-1.5"])
def test_a_term_that_grows_faster_is_refuted(name):
    law = sums.COSTS[name][1]
    assert judged(law(N, E)).verdict == "refuted"
    assert judged(noisy(law(N, E), 128), replace(SUM, holds=in_expectation)).verdict == "refuted"


@pytest.mark.parametrize("name", sums.MUTANTS)
def test_a_sharper_sum_is_caught_as_a_control(name):
    sharper = claim_of(y <= sums.MUTANTS[name], sums.TERMS, holds=for_every_instance)
    assert judged(cost(), sharper, RULE._replace(control=True)).verdict == "refuted"
    assert judged(cost(), rule=RULE._replace(control=True)).verdict == "supported"


@pytest.mark.parametrize("name", ["the larger of n and sqrt(n)/eps", "the root of their squares", "1:1, n from linear to sqrt at 10 n_0"])
def test_what_a_sum_bounds_need_not_be_a_sum(name):
    assert judged(sums.COSTS[name][1](N, E)).verdict == "supported"


def test_the_larger_of_two_terms_is_supported_where_each_is_alone(monkeypatch):
    monkeypatch.setattr(terms, "PURE", terms.RULES)
    assert judged(np.maximum(N, np.sqrt(N) / E)).verdict == "inconclusive", "the twin that must fail"


def test_a_slow_start_is_no_refutation_since_the_few_lowest_cells_do_not_decide_the_fit(monkeypatch):
    values, claim = noisy(cost() * (1 - 0.9 * U**-0.5), 64), replace(SUM, holds=in_expectation)
    assert judged(values, claim).verdict == "inconclusive"
    monkeypatch.setattr(terms, "ROUNDS", 0)
    assert judged(values, claim).verdict == "refuted", "the twin that must fail: errors relative to the quantity"


def test_an_instance_refutes_only_where_it_outgrows_its_family():
    growing = cost() * U**0.3
    assert judged(growing).verdict == "refuted"
    assert judged(np.stack([growing, cost() * 1e3])).verdict == "inconclusive"
    assert judged(np.stack([growing * 1e3, cost() * 1e3])).verdict == "refuted"


def test_growth_that_has_ended_in_the_upper_half_is_no_refutation():
    assert judged(cost() * np.minimum(U, 100.0) ** 0.3).verdict == "inconclusive"


def test_a_term_that_rules_nowhere_is_named_and_takes_the_support_away():
    part = judged(cost(1, 1e-3))
    assert part.flags == ("C_2 untested",)
    verdict = combine([part])
    assert (verdict.verdict, verdict.reasons, verdict.flags) == ("inconclusive", ("COVERAGE",), ("C_2 untested",))
    other = judged(cost(1e-3, 1))
    verdict = combine([part, other])
    assert (verdict.verdict, verdict.flags) == ("supported", ()), "each term rules in one of the families"
    assert judged(np.stack([cost(1, 1e-3), cost(1e-3, 1)])).flags == ()
    assert combine([judged(N**1.3 + 0 * E)]).verdict == "refuted"


def test_lower_bounds_and_equalities_of_sums_have_their_sides():
    lower, exact = (replace(SUM, statement=relation) for relation in (y >= sums.COST, Eq(y, sums.COST)))
    for claim, wanted in ((lower, ("refuted", "supported")), (exact, ("refuted", "refuted"))):
        assert judged(cost(2, 3), claim).verdict == "supported"
        assert tuple(judged(cost() * U**power, claim).verdict for power in (-0.3, 0.3)) == wanted


def test_a_geometric_term_is_judged_in_its_own_decay():
    where = sums.TERMS | {k: along("steps", 1, 1000)}
    claim = claim_of(y <= sums.C_1 * exp(-k / 20) + sums.C_2 / n, where, holds=for_every_instance)
    steps = np.unique(np.geomspace(1, 1000, 24).round())
    for rate, verdict in ((20, "supported"), (40, "refuted")):
        values = 3 * np.exp(-steps / rate) + 0.1 / SIZES[:, None]
        part = judge_family(claim, cells_of(claim, values[None, None], {"n": SIZES, "k": steps}), RULE)
        assert part.verdict == verdict


def test_a_sum_is_compared_with_its_controls_where_each_term_rules():
    slightly = sums.C_1 * n + sums.C_2 * sqrt(n) / sums.eps ** Rational(9, 10)
    for bound, tau in ((sums.MUTANTS["C n"], 0.1), (sums.MUTANTS["n^.75"], 0.1), (slightly, 0.05)):
        assert plan(replace(SUM, controls=(Control("sharper", statement=y <= bound),))).tau == pytest.approx(tau)


def test_a_sum_of_fewer_terms_is_sharper_and_one_of_more_is_not():
    fewer, more = (Control("other", statement=y <= bound) for bound in (sums.C_1 * n, sums.COST + C / sums.eps))
    claim = replace(SUM, simulation=None, because="numbers")
    _control(claim, kind_of(claim), fewer, None)
    with pytest.raises(Slip, match="no sharper"):
        _control(claim, kind_of(claim), more, None)


def test_sums_go_through_looks_and_confirmation():
    for name, verdict in (("1:5", "supported"), ("n^.75/eps", "refuted")):
        world = sums.terms_worlds("iid")[name]
        assert [outcome(world, seed).get(verdict) for seed in range(2)] == [1, 1]


# The whole line


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("costs") / "p"
    shutil.copytree(HERE / "projects" / "costs", folder, ignore=shutil.ignore_patterns(".theorylab", "reports", "__pycache__"))
    catalogue = find_claims(find_project(folder))
    assert not catalogue.failures
    return verify(catalogue.claims[0], Simulator(find_project(folder)))


def test_a_project_with_a_sum_is_supported_and_its_controls_are_caught(result):
    assert (result.verdict.verdict, result.verdict.flags) == ("supported", ())
    assert all(control.as_expected for control in result.verdict.controls)


def test_words_page_figures_and_document_show_the_fitted_constants(result):
    assert "C_1, C_2, one for each term" in dict(explain(result.claim, result.plan))["Test"][0]
    assert "C_1 = 0." in failure(result)
    drawn = figures(result)
    assert any("the bound with the constants fitted to it" in figure.caption for figure in drawn)
    made = document([result], [], Options(), {})
    entry = made["claims"][0]
    assert 0.3 < entry["constants"]["C_1"] < 1.2
    page = claim_page(result, entry, made["run"], drawn)
    assert "C_1 fitted" in page
    idle = replace(result.verdict, verdict="inconclusive", flags=("C_2 untested",))
    entry = document([replace(result, verdict=idle)], [], Options(), {})["claims"][0]
    assert "its term rules too few cells" in claim_page(replace(result, verdict=idle), entry, made["run"], [])


# Rates over another letter


def paced(name, design="13 values, 2 decades", runs=2):
    """Per cent supported and refuted."""
    found = [outcome(paces.paces(*paces.DESIGNS[design])[name], seed) for seed in range(runs)]
    return tuple(100 * np.mean([one.get(verdict, 0) for one in found]) for verdict in ("supported", "refuted"))


@pytest.mark.parametrize("design", paces.DESIGNS)
def test_a_rate_in_expectation_does_not_jump_when_a_replicate_is_left_out(design):
    # The slowest line sets how far all are read; in most of these worlds it ends lower in some leave-one-out mean.
    assert paced("in expectation, y <= : 2, truly 2", design)[0] == 100
    assert paced("in expectation, 0, truly .25", design)[0] == 0


def test_a_rate_of_the_wrong_power_is_refuted_on_two_decades():
    assert paced("in expectation, 0, truly .25")[1] == 100
    assert paced("y >= : 2, truly 1.75", runs=1)[1] == 100
    assert paced("y >= : 2, truly 2", runs=1)[0] == 100


def test_an_instance_refutes_a_rate_only_where_it_falls_behind_the_slowest():
    claim = claim_of(
        y <= C * exp(-c * paces.alpha * k),
        {k: along("steps", 1, 3000), paces.alpha: shrinks("step", 0.01, 1), C: unknown} | {y: sums.TERMS[y], c: unknown},
        holds=for_every_instance,
    )
    steps, alphas = np.geomspace(1, 3e4, 60), np.geomspace(0.01, 1, 13)
    pace = 0.1 * alphas[:, None] * steps
    gains = np.stack([np.maximum(-2.0 * alphas[:, None] ** 0.3 * pace, -300), np.maximum(-0.3 * pace, -300)])
    for factor, verdict in ((1.0, "inconclusive"), (0.1, "refuted")):
        values = np.exp(gains * np.array([factor, 1.0])[:, None, None])
        part = judge_family(claim, cells_of(claim, values[:, None], {"alpha": alphas, "k": steps}), RULE)
        assert part.verdict == verdict
