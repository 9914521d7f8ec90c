"""Laws of the noise that hides a record, of the algorithms that add it, of the data that they run on, and of attacks on them."""

import functools
from types import SimpleNamespace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array, lax
from scipy import integrate, optimize, stats

from simulations import audit, noise, privacy, projected, regularised, spider, tree
from simulations.problems import biased, canaries, glm, huber, streams

ROUNDING = 1e-10  # of numbers up to ten, after hundreds of steps
EPSILONS, DELTAS = np.array([0.01, 0.1, 0.5, 1.0]), np.array([1e-10, 1e-5, 0.02, 0.5])
KEY = 5


@pytest.fixture(autouse=True, scope="module")
def double_precision():
    with jax.enable_x64(True), jax.numpy_rank_promotion("raise"):
        yield


def excess(mu, epsilon):
    """What `privacy.excess` is, as an integral of how far one normal density is above exp(epsilon) times the other, `()`."""
    beyond = lambda x: np.exp(-((x - mu) ** 2) / 2) - np.exp(epsilon - x**2 / 2)  # noqa: E731
    least = mu / 2 + epsilon / mu  # where both densities are alike
    return integrate.quad(beyond, least, max(mu, least) + 12, epsabs=0, epsrel=1e-9, limit=200)[0] / np.sqrt(2 * np.pi)


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_what_a_distance_spends_is_an_integral_of_densities(epsilon):
    mus = np.array([0.02, 0.1, 0.5, 1.0, 3.0])
    mus = mus[mus > epsilon / 6]  # further apart than six deviations nothing but rounding is left
    found = np.asarray(jax.jit(privacy.excess)(mus, epsilon))
    np.testing.assert_allclose(found, [excess(mu, epsilon) for mu in mus], rtol=1e-6, atol=1e-15)


def test_the_distance_of_a_budget_spends_it():
    budgets = np.array([(epsilon, delta) for epsilon in EPSILONS for delta in DELTAS[1:]]).T
    mus = np.asarray(jax.jit(privacy.distance)(*budgets))
    np.testing.assert_allclose([excess(mu, epsilon) for mu, epsilon in zip(mus, budgets[0], strict=True)], budgets[1], rtol=1e-6)
    assert privacy.distance(jnp.asarray(1.0), jnp.asarray(1e-5)) == pytest.approx(0.268, abs=5e-4), "as the docstrings say"


@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize("delta", DELTAS)
def test_every_scale_of_noise_keeps_its_budget(epsilon, delta):
    moved, releases = 0.3, 7
    assert excess(moved / float(privacy.classical(moved, epsilon, delta)), epsilon) <= delta
    for c in (4.0, 8.0):
        assert excess(np.sqrt(releases) * moved / float(privacy.composed(moved, releases, epsilon, delta, c)), epsilon) <= delta * (c / 8)
    assert np.sqrt(releases) * moved / float(privacy.exact(moved, releases, 0.7)) == pytest.approx(0.7)


def test_replacing_one_record_moves_a_mean_of_clipped_vectors_by_the_sensitivity_at_most():
    random = np.random.default_rng(0)
    n, most = 6, 0.7
    vectors = random.normal(size=(n, 3)) * np.geomspace(0.01, 100, n)[:, None]
    mean = jax.jit(lambda vectors: jnp.mean(spider._clip(vectors, most), axis=0))
    worst = 0.0
    for record in range(n):
        for new in (-1e6 * vectors[record], *random.normal(size=(40, 3)) * 10.0 ** random.integers(-3, 6, size=(40, 1))):
            other = vectors.copy()
            other[record] = new
            worst = max(worst, np.linalg.norm(mean(vectors) - mean(other)))
    assert worst <= privacy.sensitivity(most, n) * (1 + ROUNDING)
    assert worst >= privacy.sensitivity(most, n) * (1 - 1e-3), "and a record that turns round moves it as far"
    np.testing.assert_array_equal(spider._clip(vectors[:2], 1.0), vectors[:2])


def watched(monkeypatch, module, steps):
    """Lets a module's kernels show all their `states`, after 1, 2, ... of `steps` steps, which is how many they must ask for."""

    def at_end(step, state, T, observe):
        states = lax.scan(lambda state, i: (step(i, state),) * 2, state, jnp.arange(steps))[1]
        return observe(jax.tree.map(lambda values: values[-1], states)) | {"states": states, "steps": T}

    monkeypatch.setattr(module, "at_end", at_end)


def shown(kernel, *arguments, steps, key=KEY, **letters):
    found = jax.jit(functools.partial(kernel, **letters))(jax.random.key(key), *arguments)
    assert found["steps"] == steps
    return jax.tree.map(np.asarray, found)


def normals(shape, steps, key=KEY, first=0, dtype=float):
    """The normal numbers that step i draws from the key folded with i, `(steps, *shape)`."""
    return np.asarray(
        jax.jit(jax.vmap(lambda i: jax.random.normal(jax.random.fold_in(jax.random.key(key), i), shape, dtype)))(first + jnp.arange(steps))
    )


def in_blocks(shape, steps):
    """The normal numbers that steps draw a block at once, `(steps, *shape)`."""
    blocks = normals((noise.STEPS, *shape), steps, dtype=jnp.float32)[:: noise.STEPS]
    return np.concatenate(blocks)[:steps]


class Records(NamedTuple):
    """Records whose gradients are linear, one of which is longer and bends faster than their constants say."""

    start: Array
    slopes: Array
    bends: Array
    L_0: Array
    L_1: Array
    F_0: Array
    d: Array

    def gradients(self, w):
        return self.slopes + self.bends @ w

    @property
    def coordinates(self):
        return jnp.ones_like(self.start)


def records(n=8, d=3, last=1e6):
    random = np.random.default_rng(1)
    bends = random.normal(size=(n, d, d)) / 4
    slopes = random.normal(size=(n, d))
    bends[-1], slopes[-1] = last * np.eye(d), 0
    return Records(np.ones(d), slopes, bends, *(np.asarray(x) for x in (1.5, 0.8, 1.0, 1.0 * d)))


def clipped(vectors, most):
    return np.stack([v * min(1.0, most / np.linalg.norm(v)) if np.any(v) else v for v in vectors])


T = 12


@pytest.fixture(scope="module")
def phases():
    with pytest.MonkeyPatch.context() as monkeypatch:
        watched(monkeypatch, spider, T)
        yield jax.jit(lambda problem, *sizes, step: spider.phases(jax.random.key(KEY), problem, jnp.asarray(T), *sizes, step=step))


@pytest.mark.parametrize(("q", "step"), [(4, 0.5), (1, 1.0)])
def test_private_spiderboost_is_the_one_that_numpy_makes_and_spends_its_budget_exactly(phases, q, step):
    mu, problem, other = 3.0, records(), records(last=-1e6)
    n, d = problem.slopes.shape
    found = jax.tree.map(np.asarray, phases(problem, q, 1.0 * n, mu, step=step))
    drawn, fresh = in_blocks((d,), T), -(-T // q)
    scales = 2 / (n * mu) * np.sqrt(np.array([fresh, T - fresh]) * (2 if q > 1 else 1))
    w, estimate, spent, norms = problem.start, np.zeros(d), 0.0, []
    before = [np.zeros((n, d)), np.zeros((n, d))]
    for t in range(T):
        anchor = t % q == 0
        most = 1.5 if anchor else min(np.linalg.norm(estimate) * step, 2 * 1.5)
        gradients = [data.slopes + data.bends @ w for data in (problem, other)]
        news = [clipped(g - (0 if anchor else last), most).mean(0) for g, last in zip(gradients, before, strict=True)]
        noise = most * scales[0 if anchor else 1] * drawn[t]
        released = found["states"][1][t] - (0 if anchor else estimate)
        # How far apart the two data sets are here, to somebody who knows all that was released before.
        spent += np.sum((news[0] - news[1]) ** 2) / np.mean(((released - news[0]) / drawn[t]) ** 2)
        norms.append(np.linalg.norm(gradients[0].mean(0)))
        estimate, before = (0 if anchor else estimate) + news[0] + noise, gradients
        w = w - step / 0.8 * estimate
        np.testing.assert_allclose(found["states"][0][t], w, rtol=1e-7)
    assert np.sqrt(spent) == pytest.approx(mu, rel=1e-5), "a record that turns round in every release is the worst there is"
    assert found["gradient"] == pytest.approx(np.mean(norms))
    assert found["squared"] == pytest.approx(np.mean(np.square(norms)))
    assert found["sigma_1"] == pytest.approx(1.5 * scales[0])
    assert found["drift"] == pytest.approx(q * d * scales[1] ** 2 / 2)


def said(n=1000.0, d=4.0, mu=0.25, **constants):
    return SimpleNamespace(**{"L_0": 3.0, "L_1": 0.7, "F_0": 2.0, "d": d} | constants), n, mu


@pytest.mark.parametrize("n", [300.0, 3000.0, 1e5])
def test_the_steps_of_descent_make_its_bound_least(n):
    problem, n, mu = said(n)
    bound = lambda T: 2 * problem.L_1 * problem.F_0 / T + problem.d * (2 * problem.L_0 / (n * mu)) ** 2 * T  # noqa: E731
    best = min(bound(T) for T in np.arange(1.0, 4 * np.ceil(np.sqrt(n)) + 200))
    assert bound(float(spider.steps_of_descent(problem, n, mu))) <= best * (1 + 1 / n**0.5)


@pytest.mark.parametrize("n", [300.0, 3000.0, 1e5])
def test_the_phases_are_as_long_as_the_drift_allows(n):
    problem, n, mu = said(n)
    T, q = map(float, spider.balanced(problem, n, mu))
    q = max(np.floor(q), 1)
    fresh = np.ceil(T / q)
    drift = q * problem.d * (2 / (n * mu)) ** 2 * 2 * (T - fresh) / 2
    assert drift <= 1
    assert (q + 1) / q * drift * T / max(T - fresh, 1) > 0.9


def test_calls_are_those_that_a_run_makes():
    for T, q, batch in ((17, 5, 30), (12, 4, 7), (9, 1, 50)):
        calls = sum(1000 if t % q == 0 else 2 * batch for t in range(T))
        assert spider._calls(jnp.asarray(1.0 * T), jnp.asarray(q + 0.7), 1000, batch) == calls


def test_another_record_moves_the_mean_of_a_cloud_by_what_output_perturbation_hides():
    drawn = {"middle": np.ones(3), "around": np.random.default_rng(2).normal(size=(4, 3))}
    cloud = jax.tree.map(np.asarray, jax.jit(lambda drawn: huber.clouds.build(drawn, L_0=2.0, L_1=0.5))(drawn))
    turned = cloud.points.copy()
    turned[0] *= -1
    assert np.linalg.norm(turned.mean(0) - cloud.points.mean(0)) == pytest.approx(2.0 / (2 * 0.5) / 4)
    assert cloud.moves == pytest.approx(2.0 / (2 * 0.5))
    best = optimize.minimize(lambda w: np.sum((w - cloud.points) ** 2), np.zeros(3)).x
    np.testing.assert_allclose(cloud.solution, best, atol=1e-6)
    # Huber's functions are quadratic as far as here.
    assert np.max(np.linalg.norm(cloud.solution - cloud.points, axis=1)) <= 2.0 / 0.5


SHOWN = np.array([1e-3, -2e-3])
"""What a batch's mean slope gets for each of its records, so that its size shows."""


class Stream(NamedTuple):
    """A quadratic in the plane."""

    start: Array
    L_0: Array
    L_1: Array
    F_0: Array

    def grad(self, w):
        return self.L_1 * w

    def mean_grad(self, key, w, m):
        return self.grad(w) + SHOWN * m

    def mean_change(self, key, w, v, m):
        return self.grad(w) - self.grad(v) + SHOWN * m


N, BUDGET = 2100, {"epsilon": 2.0, "delta": 0.1}


def sizes(d=2):
    """Theorem 3.2's batch, depth and length of a step times L_1, and for how many steps N records are enough, with L_0 = 1."""
    b = max(N ** (2 / 3), np.sqrt(N) * d**0.25 / np.sqrt(BUDGET["epsilon"]))
    D = max(D for D in range(1, 15) if D * 2 ** (D + 1) <= b)
    alpha = np.sqrt(2) * max(N ** (-1 / 3), np.sqrt(np.sqrt(d) / (N * BUDGET["epsilon"])))
    length = alpha * min(1, np.sqrt(b) * BUDGET["epsilon"] / np.sqrt(d)) / 2 ** (D / 2)
    b, steps, left = b // 2**D * 2**D, 0, N
    while True:
        j = steps % 2**D
        halvings = 0 if j == 0 else next(depth for depth in range(1, D + 1) if j % 2 ** (D - depth) == 0)
        left -= b / 2**halvings
        if left < 0:
            return b, D, length, steps
        steps += 1


def test_every_leaf_of_a_tree_is_below_as_many_new_nodes_as_its_number_has_ones(monkeypatch):
    b, D, length, steps = sizes()
    watched(monkeypatch, tree, steps)
    quadratic = Stream(np.array([3.0, 1.0]), *(np.asarray(x) for x in (1.0, 1.0, 5.0)))
    found = shown(functools.partial(tree.spider, n=N, **BUDGET), quadratic, steps=steps)
    drawn = in_blocks((2,), steps)
    logs = np.sqrt(2 * np.log(1.25 / BUDGET["delta"])) / BUDGET["epsilon"]
    noise = [2 / b * logs, 2 * length * 2**D / b * logs]
    path, nodes, used = [quadratic.start], [], []

    def visit(depth, estimate, point, error):
        """Walks the leaves below a node whose estimate was made at this point, with this error in each of the nodes above."""
        if depth == D and len(nodes) < steps:
            nodes.append(len(error))
            np.testing.assert_allclose(estimate - path[-1], sum(error), atol=ROUNDING)
            path.append(path[-1] - length * estimate / np.linalg.norm(estimate))
        elif len(nodes) < steps:
            visit(depth + 1, estimate, point, error)
            descend(depth + 1, estimate, point, error)

    def descend(depth, estimate, point, error):
        """Goes to a right child, which is new, unless there was a last leaf."""
        if len(nodes) < steps:
            w = path[-1]
            used.append(b / 2**depth)
            more = noise[1] * drawn[len(nodes)] + SHOWN * used[-1]
            # Another record in the batch moves the estimate by twice what a slope changes, over the batch: never more than is hidden.
            assert 2 * np.linalg.norm(w - point) / used[-1] <= 2 * length * 2**D / b * (1 + ROUNDING)
            visit(depth, estimate + w - point + more, w, [*error, more])

    while len(nodes) < steps:
        used.append(b)
        root = noise[0] * drawn[len(nodes)] + SHOWN * b
        visit(0, path[-1] + root, path[-1], [root])
    np.testing.assert_allclose(found["states"][0], path[1:], rtol=1e-8)
    assert found["gradient"] == pytest.approx(np.mean(np.linalg.norm(path[:-1], axis=1)))
    assert found["depth"] == D
    assert nodes == [1 + (i % 2**D).bit_count() for i in range(steps)]
    assert sum(used) <= N, "no record is in two batches"


class Slopes(NamedTuple):
    """A quadratic whose records are all alike."""

    start: Array
    centre: Array
    L_0: Array
    L_1: Array
    R: Array

    def slope(self, w, mean):
        return self.L_1 * (w - self.centre) + mean

    def grad(self, w):
        return self.slope(w, 0.1)

    def batch(self, key, m):
        return 0.1 + 0 * m


def test_recursive_regularisation_is_the_one_that_numpy_makes():
    n, epsilon, delta = 20.0, 5.0, 0.1
    problem = Slopes(np.zeros(1), np.ones(1), *(np.asarray(x) for x in (1.0, 1.0, 1.0)))
    found = jax.jit(functools.partial(regularised.noisy_descent, n=n, epsilon=epsilon, delta=delta))(jax.random.key(KEY), problem)
    least = max(1 / n, 1 / (n * epsilon) ** 2)
    T = int(np.log2(1 / least))
    drawn = normals((1,), 400, first=regularised.ROUNDS + 1)
    centres, i = [(least, np.zeros(1))], 0
    for t in range(1, T + 1):
        weight = least * 2**t
        kappa = 2 + 1 / weight
        K = int(np.ceil(max(kappa * np.log(kappa), n)))
        eta, share = np.log(K) / (weight * K), n // T
        noise = 8 * (2 / share) / 2 * np.sqrt(K * np.log(1 / delta)) / epsilon
        assert excess(np.sqrt(K) * 2 / share / noise, epsilon) <= delta
        w, points = np.zeros(1), []
        for _ in range(K):
            points.append(w)
            w = w - eta * (w - 1 + 0.1 + sum(c * (w - x) for c, x in centres) + noise * drawn[i])
            w = w * min(1, 2 ** (t / 2) / np.linalg.norm(w))
            i += 1
        average = np.average(points, axis=0, weights=(1 - eta * weight) ** -np.arange(K))
        centres.append((weight, average))
    assert found["rounds"] == T
    assert found["gradient"] == pytest.approx(np.linalg.norm(average - 1 + 0.1), rel=1e-7)


@functools.cache
def model(rank=2, d=30):
    random = np.random.default_rng(3)
    drawn = {name: random.normal(size=shape) for name, shape in (("records", (32, rank)), ("labels", (32,)), ("basis", (glm.MOST, rank)))}
    return jax.tree.map(np.asarray, jax.jit(functools.partial(glm.low_rank.build, d=d, rank=rank))(drawn))


def test_a_models_slopes_are_derivatives_and_its_constants_are_the_largest():
    problem = model()
    loss = lambda t: t**2 / (2 * (1 + t**2))  # noqa: E731
    values = jax.jit(
        lambda w: (problem.slopes(w, problem.records), jax.grad(lambda w: jnp.mean(loss(problem.records @ w - problem.labels)))(w))
    )
    np.testing.assert_allclose(*values(np.array([0.7, -1.3])), atol=1e-12)
    t = np.linspace(-6, 6, 200_001)
    slope = np.gradient(loss(t), t)
    longest = np.max(np.linalg.norm(problem.records, axis=1))
    L_0, L_1, F_0 = jax.jit(lambda problem: (problem.L_0, problem.L_1, problem.F_0))(problem)
    assert L_0 == pytest.approx(longest * np.max(np.abs(slope)), rel=1e-6)
    assert L_1 == pytest.approx(longest**2 * np.max(np.abs(np.gradient(slope, t))), rel=1e-6)
    assert F_0 == pytest.approx(np.mean(loss(problem.labels)))
    np.testing.assert_allclose(problem.basis @ problem.basis.T, np.eye(2), atol=ROUNDING)
    assert np.all(problem.basis[:, int(problem.d) :] == 0)


def test_projected_spiderboost_spends_its_budget_and_no_more(monkeypatch):
    problem, n, mu, k = model(), 100.0, 1.5, 38
    L_0, L_1 = 2 * 3 * 3**0.5 / 16, 2.0
    a = np.sqrt(k) / (n * mu)
    F_0 = np.mean(problem.labels**2 / (2 * (1 + problem.labels**2)))
    T = int(np.ceil((L_1 * F_0 / (8 * L_0**2 * a**4)) ** (1 / 3)))
    q = int(1 / (4 * a**2 * T))
    assert 1 < q < T
    watched(monkeypatch, projected, T)
    found = shown(functools.partial(projected.spiderboost, n=n, mu=mu, k=k), problem, steps=T)
    matrix = np.asarray(jax.random.normal(jax.random.fold_in(jax.random.key(KEY), 0), (len(problem.start), k))) / np.sqrt(k)
    records, drawn = problem.records @ problem.basis @ matrix, normals((k,), T, first=1)
    # Constants twice as large are right as long as no record grows longer than a root of 2.
    assert np.max(np.linalg.norm(records, axis=1)) <= 2**0.5

    def slope(w):
        t = records @ w - problem.labels
        return (t / (1 + t**2) ** 2) @ records / len(t)

    w, last, estimate, spent, norms = np.zeros(k), np.zeros(k), np.zeros(k), 0.0, []
    for t in range(T):
        news = slope(w) - (0 if t % q == 0 else slope(last))
        shift = found["states"][2][t] - (0 if t % q == 0 else estimate) - news
        np.testing.assert_allclose(shift / drawn[t], np.mean(shift / drawn[t]), rtol=1e-5)
        moves = 2 / n * (L_0 if t % q == 0 else min(L_1 * np.linalg.norm(w - last), 2 * L_0))
        spent += (moves / np.mean(shift / drawn[t])) ** 2
        norms.append(np.linalg.norm(slope(w)))
        estimate, last = found["states"][2][t], w
        w = w - estimate / (2 * L_1)
        np.testing.assert_allclose(found["states"][0][t], w, atol=ROUNDING)
    assert 0.9 * mu <= np.sqrt(spent) <= mu * (1 + ROUNDING)
    assert found["seen"] == pytest.approx(np.mean(norms))


def canary(L_0=1.5, L_1=0.5):
    return canaries.Canary(L_0, L_1, 0.0)


def test_the_canarys_slope_and_its_changes_are_as_long_as_they_may_be():
    pair, n = canary(), 10
    w = np.linspace(-9, 9, 361)
    assert np.max(np.abs(pair.slope(w, 1, n) - pair.slope(w, -1, n))) == pytest.approx(privacy.sensitivity(1.5, n))
    own = n * (pair.bent_slope(w, 1, n) - pair.bent_slope(w, -1, n)) / 2
    assert np.max(np.abs(own)) == pytest.approx(1.5)
    assert np.max(np.abs(np.diff(own))) == pytest.approx(0.5 * (w[1] - w[0]))
    assert np.all(np.diff(own) >= 0)
    np.testing.assert_allclose((n * pair.slope(w, 1, n) - 1.5) / (n - 1), pair.crowd(w), rtol=ROUNDING)


@pytest.mark.parametrize(("epsilon", "delta"), [(1.0, 1e-5), (0.1, 0.02)])
def test_what_kernels_say_is_spent_is_what_their_noise_lets_a_canary_show(epsilon, delta):
    n, T, q, c = 50, 24, 4, 3.0
    spent = lambda name, **letters: float(getattr(privacy, name)(None, canary(), epsilon=epsilon, delta=delta, **letters)["spent"])  # noqa: E731
    unit = np.sqrt(np.log(1 / delta)) / epsilon
    classical = np.sqrt(2 * np.log(1.25 / delta)) / epsilon
    assert spent("tree_spent", b=n, part=0.5) == pytest.approx(excess(1 / (0.5 * classical), epsilon), rel=1e-6, abs=1e-15)
    assert spent("convex_spent", n=n, T=T, part=0.5) == pytest.approx(excess(2 / (0.5 * 8 * unit), epsilon), rel=1e-6, abs=1e-15)
    # T / q releases of the slope, and T - T / q of its change whose noise is for T.
    ratio = 2 / (c * unit) * np.sqrt(1 + (T - T / q) / T)
    assert spent("descent_spent", n=n, T=T, q=q, c=c) == pytest.approx(excess(ratio, epsilon), rel=1e-6, abs=1e-15)


@pytest.mark.parametrize(("mu", "threshold"), [(0.3, 0.0), (1.0, 0.5), (1.0, 2.0), (2.5, 1.0)])
def test_what_an_attack_shows_at_least_is_too_much_as_seldom_as_it_says(mu, threshold):
    runs = 60
    counts = np.arange(runs + 1)
    hits, alarms = (stats.binom.pmf(counts, runs, stats.norm.sf(threshold - shift)) for shift in (mu, 0.0))
    likely = [np.flatnonzero(law > 1e-9) for law in (hits, alarms)]
    wrong = near = 0.0
    for k in likely[0]:
        for m in likely[1]:
            found = audit._least_distance(counts[1:] <= k, counts[1:] <= m)
            wrong += hits[k] * alarms[m] * (found > mu)
            near = max(near, found)
    assert wrong <= 2 * audit.ERROR
    assert near > 0.3 * mu, "and it is not always far below"


@pytest.mark.parametrize(("k", "m"), [(0, 0), (7, 3), (30, 29), (60, 0), (60, 60)])
def test_what_an_attack_shows_at_least_lies_between_exact_binomial_limits(k, m):
    level = 1 - 2 * audit.ERROR
    low, high = (stats.binomtest(count, 60).proportion_ci(level, "exact") for count in (k, m))
    low, high = stats.norm.ppf(np.clip([low.low, high.high], 1e-9, 1 - 1e-9))
    assert audit._least_distance(np.arange(60) < k, np.arange(60) < m) == pytest.approx(low - high)


def test_attacks_are_right_as_often_as_the_likelihood_ratio_allows():
    random, runs = np.random.default_rng(4), 40_000
    for part in (1.0, 0.5):
        found = audit.tree(random, canary(1.0, 1.0), epsilon=1.0, delta=0.02, b=1000, part=part, runs=runs)
        # The right child has half of the batch, and one step's length of the way.
        mu = 1 / (part * np.sqrt(2 * np.log(1.25 / 0.02)))
        for name, law in (("hits", stats.norm.cdf(mu / 2 - 1 / mu)), ("false_alarms", stats.norm.cdf(-mu / 2 - 1 / mu))):
            assert stats.binomtest(round(found[name] * runs), runs, law).pvalue > 1e-4
        told = audit.descent(random, canary(1.0, 1.0), mu=1.0, n=50, T=8, part=part, runs=runs)["told_apart"]
        assert 0.9 / part <= told <= 1 / part


@pytest.mark.parametrize("family", ["alike", "steep"])
def test_a_stream_is_the_slope_of_hubers_function(family):
    problem = jax.jit(functools.partial(getattr(streams, family).build, d=2, L_0=1.5, L_1=0.5, r=0.8))(np.array([3.0, 4.0]))
    steep = 1e6 if family == "steep" else 1.0

    def huber_function(w):
        far = jnp.sqrt(jnp.sum(w**2))
        return steep * jnp.where(far <= 3.0, far**2 / 4, 1.5 * far - 2.25)

    grads = jax.jit(jax.vmap(lambda w: (problem.grad(w), jax.grad(huber_function)(w))))
    found, expected = grads(np.random.default_rng(0).normal(size=(20, 2)) * 4)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(problem.start), 0.8 * 3.0)
    assert problem.F_0 * steep == pytest.approx(float(huber_function(problem.start)))


def test_biased_records_are_no_steeper_than_they_say_and_as_often_up_as_the_theorem_has_it():
    n = 400
    problem = jax.jit(functools.partial(biased.coins.build, d=2, n=n, L_0=1.5, L_1=0.5))(np.array([3.0, 4.0]))
    slopes = jax.jit(jax.vmap(lambda w: (problem.slope(w, 1.0), problem.slope(w, -1.0), problem.grad(w))))
    up, down, mean = map(np.asarray, slopes(np.random.default_rng(0).normal(size=(500, 2)) * 40))
    assert 1.5 * 0.99 <= np.max(np.linalg.norm([up, down], axis=2)) <= 1.5
    chance = 1 / 2 + 1 / (8 * np.sqrt(n))
    np.testing.assert_allclose(chance * up + (1 - chance) * down, mean, atol=1e-12)
    means = np.asarray(jax.jit(jax.vmap(lambda key: problem.batch(key, 50.0)))(jax.random.split(jax.random.key(0), 4000)))
    np.testing.assert_allclose((means + 1) * 25, np.rint((means + 1) * 25), atol=1e-9)
    assert stats.binomtest(int(np.rint((means + 1) * 25).sum()), 4000 * 50, chance).pvalue > 1e-4
    # A variance of 4,000 draws is known to 2.3 %.
    assert means.var() == pytest.approx((1 - 1 / (4 * np.sqrt(n)) ** 2) / 50, rel=0.12)
