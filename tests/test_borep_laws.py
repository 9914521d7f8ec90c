"""Laws of the bilevel problems, of their coins, and of the algorithm that solves them."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from simulations import borep, coins, words
from simulations.problems import bilevel, ridge

# Kernels and families seldom change, and a change shows in the numbers of the record.
pytestmark = pytest.mark.panel

LAW = {
    "Delta": 4.0,
    "eta_0": 0.5,
    "b_0": 1.0,
    "nu_0": 0.5,
    "gamma_0": 0.3,
    "R_0": 2.0,
    "I_0": 1.0,
    "N_0": 3.0,
    "S_0": 0.0,
    "p": 2.0,
    "q": 2.0,
    "power": 1.0,
    "way": 1.0,
}
ROUNDING = 1e-11  # thousands of roundings of 2e-16, of numbers up to ten
FAMILIES = {"even": (bilevel.rippled, {"odds": 2}), "skewed": (bilevel.rippled, {"odds": 8}), "diabetes": (ridge.diabetes, {})}
every_family = pytest.mark.parametrize("family", FAMILIES)
WORDS = jnp.arange(2**14)


@pytest.fixture(autouse=True, scope="module")
def double_precision():
    with jax.enable_x64(True), jax.numpy_rank_promotion("raise"):
        yield


@functools.cache
def problem_of(family, seed=3):
    pair, noise = FAMILIES[family]
    return pair.build(pair.draw(jax.random.key(seed)), away=1.0, **noise)


def drawn_words(seed=7):
    return jax.vmap(lambda i: words.word(coins.seeds(jax.random.key(seed), 1)[0], i))(WORDS)


def test_words_are_those_of_the_published_generator():
    # The first three outputs of SplitMix64 for the seed 1234567, as in its reference implementation's tests.
    found = [int(words.word(jnp.uint64(1234567), i)) for i in range(3)]
    assert found == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_every_coin_is_fair_and_no_two_neighbours_agree_more_often_than_chance():
    drawn = np.asarray(jax.vmap(lambda w: coins.signs(w, 0, 64))(drawn_words()))
    error = 1 / np.sqrt(len(drawn))
    assert np.abs(drawn.mean(0)).max() < 5 * error
    assert np.abs((drawn[:, 1:] * drawn[:, :-1]).mean(0)).max() < 5 * error
    assert np.abs((drawn[1:] * drawn[:-1]).mean(0)).max() < 5 * error


@pytest.mark.parametrize("odds", [2, 4, 8])
def test_rare_numbers_have_mean_zero_and_variance_one_and_are_as_skewed_as_rare(odds):
    drawn = np.asarray(jax.vmap(lambda w: coins.rare(w, 0, 8, odds))(drawn_words()))
    error = 1 / np.sqrt(drawn.size)
    assert abs(drawn.mean()) < 5 * error
    assert abs((drawn**2).mean() - 1) < 15 * error
    assert abs((drawn**3).mean() - (odds - 2) / (odds - 1) ** 0.5) < 50 * error


@every_family
def test_the_hypergradient_is_the_derivative_of_the_hyperobjective(family):
    problem = problem_of(family)
    x = problem.start + 0.3
    np.testing.assert_allclose(problem.hypergradient(x), jax.grad(problem.value)(x), atol=ROUNDING)


@every_family
def test_oracles_are_right_in_the_mean_and_agree_with_the_hypergradient_at_the_lower_solution(family):
    problem = problem_of(family)
    x, y = problem.start, problem.answer(problem.start)
    mean = lambda oracle: jax.tree.map(lambda a: np.asarray(a.mean(0)), jax.vmap(oracle)(drawn_words()))  # noqa: E731
    within = 6 * 4 / np.sqrt(len(WORDS))  # six standard errors of noise whose deviation is below 4
    np.testing.assert_allclose(mean(lambda w: problem.lower(w, x, y)), 0, atol=within)
    slope, pull = mean(lambda w: problem.upper(w, x, y))
    curve = jnp.stack([mean(lambda w, e=e: problem.second(w, x, e)[0]) for e in np.eye(len(y))], axis=1)
    z = jnp.linalg.solve(curve, pull)
    across = mean(lambda w: problem.second(w, x, z)[1])
    np.testing.assert_allclose(slope - across, problem.hypergradient(x), atol=2 * within)


def test_the_study_is_ridge_regression_on_corrected_labels():
    problem, data = problem_of("diabetes"), ridge._data()
    patients, labels, group = np.split(data.fitted, [10, 11], axis=1)
    judges, verdicts = data.judged[:, :10], data.judged[:, 10]

    def judged(x):
        inner = patients.T @ (labels[:, 0] + group @ x)
        y = jnp.linalg.solve(patients.T @ patients + ridge.FITTED * ridge.RIDGE * jnp.eye(10), inner)
        penalty = ridge.PENALTY * jnp.sum(jnp.cosh(x) + problem.ripple * jnp.cos(bilevel.FREQUENCY * x))
        return jnp.mean((judges @ y - verdicts) ** 2) / 2 + penalty

    np.testing.assert_allclose(jax.grad(judged)(problem.start), problem.hypergradient(problem.start), atol=ROUNDING)


def test_curvatures_stay_within_their_constants():
    assert all(problem_of(family).roughness <= 1 for family in FAMILIES)
    steeper = 2 * jnp.linspace(-4, 4, 101)
    flat, steep = bilevel._constants(jnp.zeros(()))
    assert (4 * jnp.cosh(steeper) > flat + steep * 2 * jnp.abs(jnp.sinh(steeper))).any()


def test_a_run_is_the_one_that_numpy_makes():
    problem, T, key = problem_of("even"), 200, jax.random.key(5)
    seeds = [int(seed) for seed in jax.random.bits(key, (3,), jnp.uint64)]
    word = lambda n, i: int(words.word(jnp.uint64(seeds[n]), i))  # noqa: E731
    thirds = lambda w: np.array([1.0 if (w >> 3 * n & 7) < 4 else -1.0 for n in range(4)])  # noqa: E731
    signs = lambda w, first, count: np.array([2.0 * (w >> n & 1) - 1 for n in range(first, first + count)])  # noqa: E731
    H, B, centre, target, ripple = (np.asarray(getattr(problem, n)) for n in ("H", "B", "centre", "target", "ripple"))
    slope = lambda x: np.sinh(x - centre) - 3 * ripple * np.sin(3 * (x - centre))  # noqa: E731
    epsilon = (4 * LAW["Delta"] / (LAW["eta_0"] * T)) ** 0.25
    I, N = int(np.ceil(1 / epsilon**2)), int(np.ceil(3 / epsilon**2))
    x, y, z, m, total, calls = np.asarray(problem.start), np.asarray(problem.guess), np.zeros(6), np.zeros(4), 0.0, 0
    for t in range(T // I * I):
        if t % I == 0:
            first = y
            for i in range(N):
                y = y - 0.3 * epsilon**2 * (H * (y - B @ x) + signs(word(1, t // I * N + i), 0, 6))
                away = y - first
                y = first + away * min(1, 2 * epsilon / np.linalg.norm(away))
                calls += 1
        w = word(2, t)
        total += np.linalg.norm(slope(x) + B.T @ np.tanh(B @ x - target))
        g = slope(x) + thirds(w) + B.T @ (H * z)
        z = z - 0.5 * epsilon**2 * ((H + 0.5 * signs(w, 32, 6)) * z - np.tanh(y - target) - signs(w, 16, 6))
        m = (1 - epsilon**2) * m + epsilon**2 * g
        x = x - 0.5 * epsilon**3 * m / np.linalg.norm(m)
        calls += 4
    found = jax.jit(lambda T: borep.rep(key, problem, T=T, **LAW))(T)
    np.testing.assert_allclose(found["stationarity"], total / (T // I * I), rtol=ROUNDING)
    assert found["calls"] == calls


def test_epoch_descent_comes_nearer_than_the_guess():
    problem = problem_of("even")
    refined = borep._refined(jnp.uint64(1), problem, 200, 0.3)
    assert jnp.linalg.norm(refined - problem.answer(problem.start)) < problem.reach / 5
