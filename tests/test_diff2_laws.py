"""Laws of the losses made of Huber's function, and of clients who hide their gradients' differences under one noise."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from scipy import integrate

from simulations import diff2, noise, spider
from simulations.problems import huber

# Kernels and families seldom change, and a change shows in the numbers of the record.
pytestmark = pytest.mark.panel

LETTERS = {"d": 3, "L_0": 2.0, "L_1": 0.6, "F_0": 1.5}
RECORDS = {
    "ramps": {"n": 400.0, "mu": 0.5},
    "wide_ramps": {"n": 400.0, "mu": 0.5},
    "shared_ramps": {"n": 100.0, "P": 4.0, "mu": 0.5},
    "bowls": {},
}
every_family = pytest.mark.parametrize("family", RECORDS)
ROUNDING = 1e-10  # of numbers up to ten, after hundreds of steps
KEY = 5


@pytest.fixture(autouse=True, scope="module")
def double_precision():
    with jax.enable_x64(True), jax.numpy_rank_promotion("raise"):
        yield


@functools.cache
def builder(family):
    return jax.jit(getattr(huber, family).build)


def problem_of(family, seed=0, steepness=None, **letters):
    """An instance, as NumPy arrays."""
    width = huber.WIDTH if family == "wide_ramps" else LETTERS["d"]
    normal = np.random.default_rng(seed).normal(size=2 * width)
    parameters = {"steepness": normal[0] if steepness is None else steepness, "direction": normal[1:width], "offset": normal[width:]}
    return jax.tree.map(np.asarray, builder(family)(parameters, **(LETTERS | RECORDS[family] | letters)))


@jax.jit
def gradients(problem, w):
    """The gradients at many points, `(k, 2, d)`."""
    return jax.vmap(problem.gradients)(w)


@jax.jit
def constants(problem):
    return problem.lipschitz, problem.gap


def anywhere(problem, count=4000, seed=1):
    """Points near the solution and far from it, in the coordinates that are used."""
    random = np.random.default_rng(seed)
    directions = random.normal(size=(count, problem.start.size)) * (np.arange(problem.start.size) < problem.d)
    directions[: count // 2, 1:] *= 1e-2  # along the first coordinate nearly
    return problem.solution + directions * 10.0 ** random.uniform(-3, 3, size=(count, 1))


@every_family
@pytest.mark.parametrize("steepness", [-8.0, 0.0, 8.0])
def test_a_valley_meets_the_constants_that_algorithms_are_told(family, steepness):
    problem = problem_of(family, steepness=steepness)
    lipschitz, gap = map(float, constants(problem))
    assert lipschitz <= LETTERS["L_0"]
    assert gap <= LETTERS["F_0"]
    assert gap == pytest.approx(LETTERS["F_0"]), "all of which is used"
    assert [problem.L_0, problem.L_1, problem.F_0] == [LETTERS[name] for name in ("L_0", "L_1", "F_0")]


@every_family
def test_no_record_is_steeper_or_bends_faster_than_the_constants_say(family):
    problem, (lipschitz, _) = problem_of(family), constants(problem_of(family))
    w = anywhere(problem)
    found = np.asarray(gradients(problem, w))
    lengths = np.linalg.norm(found, axis=2)
    assert np.max(lengths) <= lipschitz * (1 + ROUNDING)
    assert np.max(np.linalg.norm(found.mean(1), axis=1)) == pytest.approx(np.linalg.norm(problem.slopes), rel=1e-3), (
        "the mean is as steep as its parts"
    )
    other = w + anywhere(problem, seed=2) / 1e3
    changes = np.linalg.norm(np.asarray(gradients(problem, other)) - found, axis=2)[:, 0] / np.linalg.norm(w - other, axis=1)
    assert np.max(changes) == pytest.approx(LETTERS["L_1"], rel=1e-6)  # differences of points as near as a millionth


@every_family
def test_the_gap_is_the_integral_of_the_slope_from_the_start_to_the_solution(family):
    problem = problem_of(family)
    np.testing.assert_allclose(np.mean(gradients(problem, problem.solution[None, :]), axis=1), 0, atol=1e-14)
    way = problem.start - problem.solution
    at = np.linspace(0, 1, 20_001)
    slopes = np.mean(gradients(problem, problem.solution + at[:, None] * way), axis=1) @ way
    # A slope with one bend: the trapezoids' error is the square of their width.
    assert integrate.trapezoid(slopes, at) == pytest.approx(float(constants(problem)[1]), rel=1e-6)


@every_family
def test_only_the_coordinates_that_are_used_move(family):
    problem = problem_of(family)
    assert np.all(problem.coordinates[: LETTERS["d"]] == 1)
    for vector in (problem.start, problem.offset, problem.coordinates):
        assert np.all(vector[LETTERS["d"] :] == 0)


def test_half_of_the_clients_differ_from_the_others_by_three_tenths_of_the_constant_up_and_down():
    problem = problem_of("shared_ramps")
    found = np.asarray(gradients(problem, anywhere(problem, 5)))
    np.testing.assert_allclose(np.linalg.norm(found[:, 0] - found[:, 1], axis=1) / 2, 0.3 * LETTERS["L_0"])
    assert np.linalg.norm(problem_of("ramps").offset) == 0


def watched(monkeypatch, steps):
    """Lets the kernels show all points where they are, after 1, 2, ... of so many steps; they may ask for fewer."""

    def at_end(step, state, T, observe):
        states = lax.scan(lambda state, i: (step(i, state),) * 2, state, jnp.arange(steps))[1]
        return observe(jax.tree.map(lambda values: values[T - 1], states)) | {"path": states[0], "steps": T}

    monkeypatch.setattr(spider, "at_end", at_end)


def shown(kernel, problem, **letters):
    found = jax.jit(functools.partial(getattr(diff2, kernel)))(jax.random.key(KEY), problem, **letters)
    return jax.tree.map(np.asarray, found)


def clip(vector, most):
    return vector * min(1.0, most / np.linalg.norm(vector)) if np.any(vector) else vector


def rounds(problem, n, P, mu, T, q, local=False):
    """The server's points after every round in plain NumPy, with its clients one by one, and the two scales of the noise.

    Where privacy is local, every client hides one of its own n records, and a mean of P such noises is left.
    """
    d, L_0, L_1 = LETTERS["d"], LETTERS["L_0"], LETTERS["L_1"]
    block = lambda t: jax.random.normal(jax.random.fold_in(jax.random.key(KEY), t), (noise.STEPS, d), jnp.float32)  # noqa: E731
    drawn = np.concatenate(jax.vmap(block)(jnp.arange(0, T, noise.STEPS)))
    restarts = sum(t % q == 0 for t in range(T))
    # One record in place of another moves a mean by twice the length over their number; half of mu^2 is for either kind of message.
    moved = 2 / n / P**0.5 if local else 2 / (n * P)
    scale = {True: moved * np.sqrt(2 * restarts) / mu, False: moved * np.sqrt(2 * (T - restarts)) / mu}
    if q == 1:
        scale[True] /= 2**0.5
    w, estimate, before, path = problem.start, np.zeros(d), [np.zeros(d)] * int(P), []
    for t in range(T):
        restart = t % q == 0
        most = L_0 if restart else min(L_1 * np.linalg.norm(w - path[-2] if t > 1 else w - problem.start), 2 * L_0)
        mine = [client(problem, w, p) for p in range(int(P))]
        messages = [clip(new - (0 if restart else old), most) for new, old in zip(mine, before, strict=True)]
        estimate = (0 if restart else estimate) + np.mean(messages, axis=0) + most * scale[restart] * drawn[t]
        before, w = mine, w - estimate / (2 * L_1)
        path.append(w)
    return np.array(path), scale


def client(problem, w, p):
    """The gradient of client p, by Huber's derivative of either part."""
    z, L_1 = w - problem.solution, LETTERS["L_1"]
    parts = [clip(L_1 * part, slope) for part, slope in zip((z[:1], z[1:]), problem.slopes, strict=True)]
    return np.concatenate(parts) + (problem.offset if p % 2 == 0 else -problem.offset)


@pytest.mark.parametrize("kernel", ["gradient_routine", "local_noise", "fresh_gradients"])
def test_the_server_goes_where_it_goes_in_plain_numpy(monkeypatch, kernel):
    letters = {"n": 20.0, "P": 4.0, "mu": 1.0}
    problem = problem_of("shared_ramps", **letters)
    records = 20 * (2 if kernel == "local_noise" else 4)
    a = 3**0.5 / records
    T = int(np.ceil(max((LETTERS["F_0"] * LETTERS["L_1"] / (LETTERS["L_0"] ** 2 * a**4)) ** (1 / 3), 1 / a) / 2))
    q = 1 if kernel == "fresh_gradients" else int(1 / (4 * a**2 * T))
    watched(monkeypatch, T)
    found = shown(kernel, problem, **letters)
    assert found["steps"] == T
    path, scale = rounds(problem, **letters, T=T, q=q, local=kernel == "local_noise")
    np.testing.assert_allclose(found["path"], path, rtol=1e-8, atol=ROUNDING)
    assert found["sigma_1"] == pytest.approx(LETTERS["L_0"] * scale[True])
    means = [np.linalg.norm(np.mean([client(problem, w, p) for p in range(4)], axis=0)) for w in (problem.start, *path)]
    assert found["gradient"] == pytest.approx(np.mean(means[:-1]))
    assert found["squared"] == pytest.approx(np.mean(np.square(means[:-1])))
    assert found["last"] == pytest.approx(means[-1])
