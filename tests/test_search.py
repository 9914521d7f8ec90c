"""The worst instance of a claim is found where it is known: Huber's functions, of which gradient descent does worst at one slope."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from sympy import Rational

from theorylab import plan as planning
from theorylab import search
from theorylab.catalogue import find_claims
from theorylab.claim import previous
from theorylab.estimate import cells
from theorylab.kind import searched as searched_at
from theorylab.plan import SEARCH, plan
from theorylab.project import find_project
from theorylab.result import Options
from theorylab.search import Seen, Space, worst
from theorylab.simulate import KernelFault, Lanes, Run, Simulator
from theorylab.verify import Trial, takes, verify

PROJECT = find_project(Path(__file__).parent / "projects" / "descent")
CLAIMS = {claim.name.rpartition(".")[2]: claim for claim in find_claims(PROJECT).claims}
SIMULATOR = Simulator(PROJECT)
TIGHT, MEAN = CLAIMS["tight"], CLAIMS["in_the_mean"]
GAP, EXACT = TIGHT.statement.lhs, TIGHT.statement.rhs
CLAIMS["drawn"] = replace(TIGHT, problems=("valleys:drawn",))
CLAIMS["in Python"] = replace(TIGHT, simulation="descent:in_python")
CLAIMS["each step"] = replace(TIGHT, statement=GAP <= previous(GAP))


@cache
def trial_of(name, tier="quick"):
    """A claim's trial after its first look."""
    claim = CLAIMS[name]
    found = Trial(plan(claim, takes=takes(PROJECT, claim), tier=tier), SIMULATOR)
    found.advance(0)
    return found


@cache
def searched(name, budget=512, climbing=False):
    """What a search of so many runs finds, and the trial that it was made in."""
    trial, (family,) = trial_of(name), CLAIMS[name].problems
    return trial._worst(trial.run(family), family, trial._groups[family][1], budget, climbing), trial


def replayed(trial, found):
    """By how much the instance that was found breaks its bound, where it is run alone."""
    run = search.run_of(found, trial.run(found.family))
    data = trial.merged(run, Lanes((0,)))
    return search.excess(cells(trial.plan.claim, trial.plan.kind, found.family, run.kernel, data), trial._has_floor)[0]


def said(found):
    return "; ".join(found.said)


# What is found on kernels


def test_a_true_bound_is_supported_and_said_to_be_searched():
    verdict = verify(TIGHT, SIMULATOR).verdict
    assert (verdict.verdict, verdict.evidence) == ("supported", "searched")
    assert verdict.tightness > 0.999


def test_a_bound_two_hundredths_too_low_is_refuted_by_the_found_instance_alone():
    verdict = verify(replace(TIGHT, statement=GAP <= Rational(98, 100) * EXACT), SIMULATOR).verdict
    drawn, found = verdict.parts
    assert verdict.verdict == "refuted"
    assert (drawn.verdict, found.verdict) == ("supported", "refuted")
    assert found.worst["ratio"] > 1.01


def test_an_ascent_finds_the_worst_of_several_slopes_within_the_runs_allowed():
    found, _ = searched("of_many", 2048, True)
    sizes = dict(found.letters)
    assert -1e-4 < found.excess < 1e-9
    assert 1024 < found.evaluations <= 2048
    assert sizes["d"] in (2, 3)
    assert len(found.parameters) == sizes["d"]


@pytest.mark.parametrize("asked", [("tight",), ("of_many", 2048, True), ("at_the_horizon", 1024, True), ("drawn",)])
def test_the_instance_that_was_found_is_replayed_to_the_last_bit(asked):
    found, trial = searched(*asked)
    assert found.excess > -0.1
    assert replayed(trial, found) == found.excess


def test_whole_steps_are_numbers_of_python_where_a_gradient_is_taken():
    found, _ = searched("at_the_horizon", 1024, True)
    assert not any("gradient" in line for line in found.said)
    assert -1e-4 < found.excess < 1e-9


@pytest.mark.parametrize("climbing", [False, True])
def test_an_instance_that_cannot_be_moved_stays_the_worst_that_was_drawn(climbing):
    found, trial = searched("drawn", climbing=climbing)
    assert not found.parameters
    assert found.instance == int(trial._groups["valleys:drawn"][1].excess().max((1, 2)).argmax()) > 0
    assert "only letters moved" in said(found)


def test_a_gradient_is_that_of_the_logarithm_of_measured_by_bound():
    trial = trial_of("of_many")
    run = replace(trial.run("valleys:several"), sweep=(("d", (2,)),))
    space = Space(trial.plan.claim, run, np.array([[-3.0, -4.0]]), (5,))

    def seen(run, count):
        return search.seen(cells(trial.plan.claim, trial.plan.kind, "", run.kernel, trial.merged(run, Lanes(tuple(range(count))))), True)

    slopes, why = trial._slopes(space, run, seen, (0,))
    assert not why
    _, (gradient,) = slopes(space.starts)
    moved = np.log1p(seen(space.run(space.starts + 1e-6 * np.vstack([np.eye(4), -np.eye(4)])), 8).excess)
    np.testing.assert_allclose(gradient, (moved[:4] - moved[4:]) / 2e-6, rtol=1e-5, atol=1e-8)
    assert np.abs(gradient[:2]).min() > 1e-3


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("hit", "no gradient in the family's parameters"),
        ("in Python", "no gradients: the kernel is plain Python"),
        ("each step", "no gradients: the bound takes the step before"),
    ],
)
def test_what_has_no_gradient_is_evolved_and_said(name, why):
    found, _ = searched(name, 1024 if name == "hit" else 128, True)
    assert why in said(found)
    assert found.evaluations > 90


# Expectations


def test_an_expectation_is_sought_and_tested_on_different_replicates(monkeypatch):
    asked = {"sought": set(), "tested": set()}
    simulate = Simulator._simulate

    def listen(self, run, lanes, keep):
        asked["sought" if self._passing else "tested"] |= set(lanes.replicates)
        return simulate(self, run, lanes, keep)

    monkeypatch.setattr(Simulator, "_simulate", listen)
    monkeypatch.setitem(planning.SEARCHED, "full", (512, 0, 8192))
    result = verify(replace(MEAN, instances=16), Simulator(PROJECT), Options(tier="full"))
    (found,) = result.found
    assert len(asked["sought"]) == search.REPLICATES
    assert len(asked["tested"]) > SEARCH
    assert not asked["sought"] & asked["tested"]
    assert found.excess > found.drawn
    assert result.verdict.verdict != "refuted"


def test_an_expectation_is_sought_in_the_full_tier_alone():
    assert searched_at(MEAN, plan(MEAN).kind, "full")
    assert not searched_at(MEAN, plan(MEAN).kind)
    assert searched_at(TIGHT, plan(TIGHT).kind)


def test_candidates_of_an_expectation_all_see_the_same_noise():
    trial = trial_of("in_the_mean")
    space = Space(MEAN, trial.run("valleys:gentle"), np.array([[0.5], [0.5]]), (3, 3))
    first, second = trial.merged(space.run(space.starts), Lanes((0, 1), (3, 4)))["gap"].transpose("instance", ...).to_numpy()
    np.testing.assert_array_equal(first, second)
    assert first[0, 0] != first[1, 0]


# What is found on functions that are known


RUN = Run("a:kernel", "a:family", (), None, (("L", (0.5, 1.0, 2.0)), ("R", (1.0,))), (), frozenset(), (), 0)


def space_of(drawn, seed=0):
    """What a family of normal numbers can be moved in, beside L and R between 0.1 and 10."""
    return Space(TIGHT, RUN, np.random.default_rng(seed).normal(size=(96, drawn)), tuple(range(96)))


def scored(height):
    """The score of every candidate by its parameters, `(n, p)`, and L."""
    return lambda run, count: height(np.array(run.given).reshape(count, -1), np.array(dict(run.varies)["L"]))


def slopes_of(space, height, step=1e-6):
    """The same with its gradient, by differences."""

    def slopes(rows):
        count, numbers = rows.shape
        beside = np.concatenate([rows[None], *(rows[None] + side * step * np.eye(numbers)[:, None] for side in (1, -1))])
        here, ahead, behind = np.split(
            scored(height)(space.run(beside.reshape(-1, numbers)), beside.shape[0] * count), [count, -numbers * count]
        )
        gradients = np.nan_to_num(ahead) - np.nan_to_num(behind)
        return here, gradients.reshape(numbers, count).T / (2 * step)

    return slopes


def bump(parameters, length):
    """1 where the parameters are 3, 4, 5, ..., and less elsewhere, whatever L."""
    return np.exp(-np.sum((parameters - 3 - np.arange(parameters.shape[1])) ** 2, axis=1))


@pytest.mark.parametrize(("numbers", "budget"), [(1, 512), (2, 2048), (3, 4096)])
def test_a_family_of_few_numbers_is_searched_to_the_last_hundredth(numbers, budget):
    found = worst(space_of(numbers), scored(bump), "family", budget, 128, 0)
    assert found.excess > 0.99
    assert found.evaluations <= budget
    assert found.drawn < 0.9


def test_an_ascent_finds_in_many_dimensions_what_evolution_does_not():
    space, scales = space_of(12), np.geomspace(1, 100, 12)
    ridge = lambda parameters, length: -np.sum((parameters - 1) ** 2 * scales, axis=1)  # noqa: E731
    evolved = worst(space, scored(ridge), "family", 4096, 128, 0)
    climbed = worst(space, scored(ridge), "family", 4096, 128, 0, slopes=slopes_of(space, ridge))
    assert evolved.excess < 10 * climbed.excess < 0
    assert climbed.evaluations <= 4096


def test_where_gradients_fail_evolution_has_the_other_half_of_the_runs():
    def slopes(rows):
        raise KernelFault("a loop of unknown length")

    found = worst(space_of(2), scored(bump), "family", 2048, 128, 0, slopes=slopes)
    assert said(found) == "no gradients: a loop of unknown length"
    assert found.evaluations > 1900


@pytest.mark.parametrize("climbing", [False, True])
def test_where_nothing_moves_the_ratio_it_is_flat(climbing):
    level = lambda parameters, length: np.full(len(parameters), -0.3)  # noqa: E731
    space = space_of(2)
    found = worst(space, scored(level), "family", 2048, 128, 0, slopes=slopes_of(space, level) if climbing else None)
    assert found.excess == found.drawn == -0.3
    assert "flat: nothing that was moved changes the ratio" in found.said
    assert found.evaluations < 1024


def test_parameters_that_move_nothing_are_told_from_letters_that_do():
    space, height = space_of(2), lambda parameters, length: -np.abs(np.log(length / 3))
    found = worst(space, scored(height), "family", 2048, 128, 0, slopes=slopes_of(space, height))
    assert said(found) == "flat: no gradient in the family's parameters"
    assert dict(found.letters)["L"] == pytest.approx(3, rel=1e-2)


@pytest.mark.parametrize(("sign", "end"), [(1, "upper"), (-1, "lower")])
def test_a_letter_at_an_end_of_its_range_is_said(sign, end):
    found = worst(space_of(1), scored(lambda parameters, length: sign * np.log(length)), "family", 1024, 128, 0)
    assert f"L at the {end} end of its range" in found.said
    assert not any(line.startswith("R") for line in found.said)


def test_a_worst_case_at_infinity_is_approached_and_said():
    found = worst(space_of(1), scored(lambda parameters, length: -1 / (1 + np.exp(parameters[:, 0]))), "family", 1024, 128, 0)
    assert -0.01 < found.excess < 0
    assert "1 of 1 parameters as far out as the search goes" in found.said


def test_what_is_no_number_counts_for_nothing():
    half = lambda parameters, length: np.where(parameters[:, 0] > 0, bump(parameters, length), -np.inf)  # noqa: E731
    found = worst(space_of(1), scored(half), "family", 512, 128, 0)
    assert found.excess > 0.99
    assert any(line.endswith("candidates had nothing to count: no numbers, or outside the assumptions") for line in found.said)


def test_where_nothing_counts_or_nothing_moves_nothing_is_found():
    lost = lambda parameters, length: np.full(len(parameters), -np.inf)  # noqa: E731
    space = space_of(1)
    assert worst(space, scored(lost), "family", 512, 128, 0, slopes=slopes_of(space, lost)) is None
    alone = Space(TIGHT, replace(RUN, varies=()), np.zeros((96, 0)), tuple(range(96)))
    assert worst(alone, scored(bump), "family", 512, 128, 0) is None


def test_a_number_that_is_always_drawn_as_0_is_moved_too():
    space = Space(TIGHT, RUN, np.zeros((96, 1)), tuple(range(96)))
    assert worst(space, scored(bump), "family", 1024, 128, 0).excess > 0.99


def test_what_diverged_is_worse_than_any_number_and_is_climbed_no_further():
    high = lambda parameters, length: np.where(parameters[:, 0] > 2, np.inf, parameters[:, 0])  # noqa: E731
    assert worst(space_of(1), scored(high), "family", 512, 128, 0).excess == np.inf
    there = Seen(np.array([np.inf]), np.array([0]), np.array([np.inf]), np.array([1.0]))
    assert search.weights(there, plan(TIGHT).kind) == (0.0, 0.0)
