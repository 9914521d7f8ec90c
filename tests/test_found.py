"""Numbers in words: each in the claim's own direction, and each command that is printed runs what it says."""

import re
import shlex
from dataclasses import replace

import numpy as np
import pytest
from project_copies import called, claim, copy
from sympy import Eq, Rational, exp
from worlds import C, c, claim_of, k, n, y

from theorylab.budget import in_words
from theorylab.catalogue import find_claims
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
    varies,
    with_probability,
)
from theorylab.flags import FLAGS
from theorylab.found import between, moved, to_bound
from theorylab.found import measured as measured_words
from theorylab.judgement import judged
from theorylab.outcome import failure
from theorylab.plan import plan
from theorylab.portfolio import place_of
from theorylab.project import find_project
from theorylab.replay import NoSuchPoint, rows
from theorylab.report.figures import overview
from theorylab.report.page import _family, _worst
from theorylab.result import Result
from theorylab.simulate import Simulator
from theorylab.verdict.judge import ControlVerdict, Verdict
from theorylab.verdict.parts import Part
from theorylab.verify import verify
from theorylab.words import explain, replay

z, eps = letters("z eps")
s, t = signed("s t")
WHERE = {
    n: grows("size", 100.0, 10_000.0),
    eps: shrinks("accuracy", 0.001, 0.1),
    y: measured("cost"),
    z: measured("other cost"),
    s: measured("estimate"),
    t: measured("truth"),
    C: unknown,
    c: unknown,
}
STEPS = WHERE | {k: along("steps", 1, 1000)}


def said(statement, where=WHERE, **more):
    """What `show` says of a claim, by heading, each as one text."""
    asked = replace(claim_of(statement, where, **more), taken=tuple(letter.name for letter in where))
    return {head: "; ".join(lines) for head, lines in explain(asked, plan(asked, takes=frozenset(s.name for s in where)))}


def trend(slope, letter, threshold=0.1):
    """A part with one slope as the judge gives it: what breaks the claim is positive."""
    numbers = {"slope": slope, "low": slope - 0.1, "high": slope + 0.1, "threshold": threshold}
    return Part("", "refuted", trends={letter: numbers | {"window": 1.0, "since": None, "upper_half": slope, "extrapolated": slope}})


@pytest.mark.parametrize(
    ("statement", "letter", "exponent", "words"),
    [
        (y <= C * n, "n", 0.3, "the ratio to the bound changes like n^+0.300, between +0.200 and +0.400; the threshold is +0.100"),
        (y <= C / eps, "eps", -0.3, "the ratio to the bound changes like eps^-0.300, between -0.400 and -0.200; the threshold is -0.100"),
        (y >= C * n, "n", -0.3, "the ratio to the bound changes like n^-0.300"),
        (y >= C / eps, "eps", 0.3, "the ratio to the bound changes like eps^+0.300"),
        (Eq(y, C * n), "n", 0.3, "the ratio to the bound moves, up or down, like n^+0.300"),
        (y <= C * Rational(1, 2) ** k, "k", -0.3, "the ratio to the bound changes like (the bound)^-0.300"),
        (y <= C * exp(-c * k / n), "n", -0.3, "the rate over h changes like n^-0.300"),
        (y <= C * exp(-c * k * eps), "eps", 0.3, "the rate over h changes like eps^+0.300"),
        (y >= C * exp(-c * k / n), "n", 0.3, "the rate over h changes like n^+0.300"),
        (y <= C * exp(-c * k), "k", -0.3, "the local rate of the decay changes like (depth of the decay)^-0.300"),
    ],
)
def test_a_slope_is_said_in_the_letter_s_own_direction(statement, letter, exponent, words):
    asked = claim_of(statement, STEPS, holds=for_every_instance)
    assert moved(asked, letter, 0.3) == pytest.approx(exponent)
    assert words in measured_words(trend(0.3, letter), asked)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (y <= C * n / eps, "grows at most like n^0.1 or eps^-0.1"),
        (y >= C * n / eps, "falls at most like n^-0.1 or eps^0.1"),
        (Eq(y, C * n / eps), "moves at most like n^±0.1 or eps^±0.1"),
        (y <= C * exp(-c * k * eps / n), "the rate over h falls at most like n^-0.1 or eps^0.1"),
        (y >= C * exp(-c * k * eps / n), "the rate over h rises at most like n^0.1 or eps^-0.1"),
    ],
)
def test_show_gives_tau_as_a_power_in_the_direction_in_which_a_claim_breaks(statement, words):
    where = STEPS if statement.has(k) else WHERE
    asked = replace(claim_of(statement, where, holds=for_every_instance), taken=("n", "eps", "k"))
    meaning = dict(explain(asked, plan(asked)))["A verdict of supported means"][0]
    assert words in meaning
    assert "would have been refuted" not in meaning


def mean(statement, low, high, ratio, y_=5.0, b=10.0, verdict="inconclusive", holds=in_expectation):
    worst = {"letters": {}, "instance": 0, "replicate": 0, "measured": y_, "bound": b, "ratio": ratio}
    part = Part("", verdict, worst=worst, interval=(low, high), replicates=64, tightness=b / y_)
    return part, claim_of(statement, WHERE, holds=holds)


def test_the_ratio_of_a_mean_to_a_lower_bound_is_that_of_the_numbers_beside_it():
    # The judge tests 2 - measured / bound.
    part, asked = mean(y >= n, 1.4, 1.6, 1.5)
    assert measured_words(part, asked) == "a mean of 5 where the bound is 10: ratio 0.5, between 0.4 and 0.6"
    assert between(part, asked) == pytest.approx((1 / 0.6, 1 / 0.4))
    assert _worst(part, asked)["ratio"] == "0.5"


def test_a_mean_difference_is_said_as_one():
    part, asked = mean(y <= z, 0.4, 0.6, 0.5)
    assert "-0.5 of the larger beyond it, between -0.6 and -0.4" in measured_words(part, asked)
    assert between(part, asked) == pytest.approx((0.4, 0.6))
    assert to_bound(part, asked) == ("-0.5", "-0.6 to -0.4")
    beyond, _ = mean(y <= z, 1.4, 1.6, 1.5, 10.0, 5.0)
    assert between(beyond, asked) == pytest.approx((1 / 0.6, 1 / 0.4))
    assert _worst(beyond, asked)["ratio"] == "2"


def test_an_interval_of_student_s_beside_a_refutation_by_bets_is_named():
    refuted, asked = mean(y <= n, 0.5, 4.0, 2.0, verdict="refuted")
    assert "what refutes are bets" in measured_words(refuted, asked)
    assert "bets" not in measured_words(replace(refuted, verdict="inconclusive"), asked)


def test_a_share_of_runs_stands_in_its_table_as_one():
    part, asked = mean(y <= n, 0.5, 3.0, 2.0, holds=with_probability(Rational(9, 10)))
    part = replace(part, worst=part.worst | {"failures": 27, "runs": 70, "allowed": 0.1}, tightness=None)
    row = _family(part, asked, frozenset())
    assert row["ratio"] == "broken in 27 of 70 runs, 0.1 of them may"
    assert row["interval"] == "0.05 to 0.3 of the runs"


def test_the_figure_of_families_puts_the_dot_into_its_interval():
    part, asked = mean(y >= n, 1.4, 1.6, 1.5)
    control = ControlVerdict("a control", "statement", "refuted", "refuted", part)
    result = Result(asked, None, Verdict("refuted", parts=(part,), controls=(control,)))
    assert between(part, asked)[0] <= part.tightness <= between(part, asked)[1]
    assert overview(replace(result, claim=claim_of(Eq(s, t), WHERE))) is None


def test_an_equation_is_no_ordering():
    for holds in (in_expectation, for_every_instance):
        assert "ordering" not in said(Eq(s, t), holds=holds)["Test"]
    assert "an ordering" in said(y <= z)["Test"]


@pytest.mark.parametrize(
    ("statement", "more", "words"),
    [
        (y <= n, {"holds": with_probability(Rational(9, 10))}, "holds in all but a share 0.1 of the runs at confidence 99%"),
        (y <= n, {"holds": in_expectation, "problems": ()}, "on the one instance the bound holds at confidence 99%"),
    ],
)
def test_a_support_says_how_often_and_where(statement, more, words):
    assert words in said(statement, **more)["A verdict of supported means"]


def test_one_instance_is_called_one():
    alone = said(y <= n, problems=())
    assert "there is one instance" in alone["Data"]
    assert "instances rarer" not in alone["It does not show"]
    boxed = said(y <= n, WHERE | {z: varies("scale", 0.1, 10.0)}, holds=for_every_instance)
    assert "corners of the box" in boxed["Data"]
    assert "instances rarer than 4.7%" in boxed["It does not show"]


def test_a_trend_says_what_a_refutation_takes():
    words = said(y <= C / eps)["Test"]
    assert "eps is followed to small values: slopes are those in 1/eps" in words
    assert "two decades and eight values" in words
    assert "found again on fresh replicates and on ranges of n, eps ten times as long" in words
    listed = said(y <= C / eps, WHERE | {eps: shrinks("accuracy", among=(0.001, 0.01, 0.1))}, holds=for_every_instance)["Test"]
    assert "found again on a range of n ten times as long" in listed


def test_a_rate_is_followed_to_where_its_letters_go():
    words = said(y <= C * exp(-c * k * eps / n), STEPS, holds=for_every_instance)["Test"]
    assert "rate / h must not fall as n grows, or as eps shrinks" in words
    assert "no faster than the depth of the decay to the power -0.5" in words


def test_terms_left_out_are_named_of_sums_only():
    assert "a term left out" not in said(y <= C * n)["Controls"]
    assert "a term left out" in said(y <= C * n + c / eps)["Controls"]


def test_student_s_limit_is_called_nominal_and_bets_are_not():
    assert "heavy tails exceed it" in said(y >= n)["Test"]
    assert "holds for every law" in said(y <= n)["Test"]


def test_the_budget_is_a_sentence():
    words = in_words({"claims": 4, "each": 1e-4, "any": 4e-4})
    assert words.endswith("any of the 4 claims of this catalogue that replicates judge in at most 1 in 2,500")


PORTFOLIO = claim(
    "best",
    'statement=error >= sigma / (4 * sqrt(n)), holds=in_expectation, simulation=("sampling:correlated_mean", "sampling:tenth"), '
    'controls=(Control("nothing", simulation="sampling:none"),)',
)
KERNELS = '''

def tenth(key, problem, *, n, sigma):
    """A tenth of what is possible."""
    return {"error": 0.1 * jnp.abs(jax.random.normal(key, dtype=jnp.float64)) * sigma / jnp.sqrt(n)}


def none(key, problem, *, n, sigma):
    """A hundredth of it."""
    return {"error": 0.01 * jnp.abs(jax.random.normal(key, dtype=jnp.float64)) * sigma / jnp.sqrt(n)}
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = copy(tmp_path_factory.mktemp("found") / "p", {"a.py": PORTFOLIO})
    kernels = folder / "simulations" / "sampling.py"
    kernels.write_text(kernels.read_text() + KERNELS)
    return find_project(folder)


def test_the_command_for_a_kernel_of_a_lower_bound_replays_that_kernel(project):
    (found,) = find_claims(project).claims
    simulator = Simulator(project)
    result = verify(found, simulator)
    assert result.verdict.verdict == "refuted"
    assert result.verdict.worst.family == "sampling:tenth"
    command = replay(found, result.verdict.worst)
    assert "--kernel sampling:tenth" in command
    assert "--problem" not in command
    printed = called(project.root, *shlex.split(command)[1:])
    assert printed.returncode == 0, printed.stderr
    point = re.search(r"--point (\S+)", command)[1]
    number = int(re.search(r"--replicate (\d+)", command)[1])
    at = {"point": point, "replicate": number}
    head, ((_, _, _, ratio),) = rows(found, simulator, kernel="sampling:tenth", **at)
    assert ratio in printed.stdout
    dear = rows(found, simulator, kernel="sampling:correlated_mean", **at)[1][0]
    # The same draw, with the error of the other kernel; and measured / bound, as everywhere else.
    assert float(dear[1]) > 10 * float(head and rows(found, simulator, kernel="sampling:tenth", **at)[1][0][1])
    assert float(ratio) == pytest.approx(float(rows(found, simulator, kernel="sampling:tenth", **at)[1][0][1]) / float(dear[2]))
    both = rows(found, simulator, **at)
    assert both[0][0] == "kernel"
    assert [row[0] for row in both[1]] == ["sampling:correlated_mean", "sampling:tenth"]
    with pytest.raises(NoSuchPoint, match="has the kernels"):
        rows(found, simulator, kernel="sampling:other", **at)


def test_a_command_without_letters_or_family_has_no_empty_options():
    part, asked = mean(Eq(s, t), 1.0, 1.0, 1.0)
    assert replay(replace(asked, name="a.b"), part) == "theorylab replay a.b --instance 0 --replicate 16"


def test_the_label_of_a_part_has_its_kernel_and_its_family():
    asked = replace(claim_of(y >= n, WHERE), simulation=("a:b", "a:bc"))
    assert place_of(asked, "a:bc on f:g") == ("a:bc", "f:g")
    assert place_of(asked, "a:b") == ("a:b", "")
    assert place_of(claim_of(y <= n, WHERE), "f:g") == ("", "f:g")


def test_a_refuted_trend_is_no_transient_and_an_open_one_may_be():
    asked = claim_of(y <= C * n, WHERE)
    part = trend(0.3, "n")
    part = replace(part, trends={"n": part.trends["n"] | {"upper_half": 0.29}}, worst={"letters": {}, "instance": 0, "replicate": 0})
    result = Result(asked, plan(asked), Verdict("refuted", parts=(part,)))
    assert "not a transient" in failure(result)
    assert "range of n, eps ten times as long" in failure(result) or "ranges of n, eps ten times as long" in failure(result)
    assert "the violation comes back every time" in failure(
        replace(result, plan=plan(replace(asked, holds=for_every_instance)), claim=replace(asked, holds=for_every_instance))
    )
    open_ = replace(part, verdict="inconclusive", reasons=("CURVED",))
    words = failure(replace(result, verdict=Verdict("inconclusive", ("CURVED",), parts=(open_,))))
    assert "perhaps a transient" in words
    assert "go on to larger sizes" in words


def test_a_flag_is_explained_where_its_claim_fails():
    part, asked = mean(y >= n, 1.4, 1.6, 1.5, verdict="refuted")
    found = Verdict("refuted", flags=("RARE",), parts=(replace(part, flags=("RARE",)),), detail="unless events rarer than one in 9 runs")
    words = failure(Result(asked, plan(asked), found))
    assert f"RARE: {FLAGS['RARE']} (unless events" in words
    assert "standard errors" not in words
    near = replace(found, parts=(replace(part, margin=-3.0),))
    assert "3.0 standard errors (of 256 replicates) beyond the threshold" in failure(Result(asked, plan(asked), near))


@pytest.mark.parametrize(("statement", "words"), [(y >= n, "0.5 of the bound"), (y <= n / 2 - 300, "3e+02, more than rounding leaves")])
def test_a_violation_of_a_lower_bound_or_of_a_negative_one_is_said_as_one(statement, words):
    elsewhere = {"holds": for_every_instance, "simulation": None, "problems": (), "because": "measured elsewhere"}
    sizes = np.geomspace(100, 500, 8)
    found = judged(claim_of(statement, WHERE, **elsewhere), {"y": ("n", sizes / 2), "n": sizes})
    assert found.verdict.verdict == "refuted"
    assert f"not round-off: the violation is {words}" in failure(found)


def test_a_claim_of_which_nothing_counted_names_no_replicate():
    asked = claim_of(y <= C * n, WHERE)
    words = failure(Result(asked, plan(asked), Verdict("inconclusive", ("NONFINITE",), parts=(Part("", "inconclusive", ("NONFINITE",)),))))
    assert "not at all" in words
    assert "one in 1 replicates" not in words
    assert "find out where the runs fail" in words


def test_paths_are_said_once():
    words = said(y <= previous(y), STEPS)["Test"]
    assert "a monotone path" in words
    assert "the mean of y - bound must be at most 0 at every point" in words
