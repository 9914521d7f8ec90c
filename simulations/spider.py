"""Gradient descent under differential privacy: a noisy gradient now and then, and noisy differences of gradients in between.

R. Arora, R. Bassily, T. Gonzalez, C. Guzman, M. Menart and E. Ullah 2023, Algorithm 2, Private SpiderBoost, read in the ICML version.
A phase of q steps begins with a gradient under noise; each later step of it adds the difference from the gradient before, whose noise is
in proportion to how far the iterate has moved.  Batches are full.  What a record says is clipped where its constants bound it, as in
T. Murata and T. Suzuki 2023, DIFF2, which changes nothing where the assumptions hold.

The noise makes all T steps together mu-Gaussian differentially private, where neighbours replace one of n records: half of mu^2 for the
gradients, half for the differences, or all of it where one kind is missing.  mu = 0.268 is epsilon = 1 with delta = 1e-5.

Kernels show, over the iterates before each step, one of which, drawn evenly, is the output: `gradient`, the mean norm of the gradient,
and `squared`, the mean of its square, `()`.  Beside them stand `last`, the norm after all steps, `T`, `sigma_1`, the scale of the noise
of a phase's first gradient, and `drift`, by how much the noise of a phase's differences can amplify the squared steps it comes from, `()`.
"""

import jax
import jax.numpy as jnp

from .lockstep import at_end
from .noise import drawn, undrawn


def spiderboost(key, problem, *, n, mu):
    """The steps and the phases for which what is left of the descent and the noise of the phases' first gradients are alike."""
    return phases(key, problem, *balanced(problem, n, mu), n, mu)


def theorem(key, problem, *, n, mu):
    """The steps and the phases of Theorem B.3, which leaves constants aside."""
    return phases(key, problem, *prescribed(problem, n, mu), n, mu)


def theorem_calls(key, problem, *, n, mu):
    """How many `calls` of a record's gradient Theorem B.3 takes: all records begin a phase, batches of its size go on with it."""
    a, gap = noise_to_signal(problem, n, mu), problem.F_0 * problem.L_1
    batch = jnp.maximum(jnp.cbrt(problem.L_0**2 / (gap * a**2)), n * jnp.cbrt(problem.L_0 * a**2 / jnp.sqrt(gap)))
    return {"calls": _calls(*prescribed(problem, n, mu), n, jnp.ceil(batch))}


def full_batch_calls(key, problem, *, n, mu):
    """`theorem_calls` with all records in every step."""
    return {"calls": _calls(*prescribed(problem, n, mu), n, n)}


def anchors_only(key, problem, *, n, mu):
    """`spiderboost` with a fresh noisy gradient in each of its steps."""
    T, _ = balanced(problem, n, mu)
    return phases(key, problem, T, 1, n, mu)


def unrefreshed(key, problem, *, n, mu):
    """`spiderboost` in a single phase: the noise of all differences piles up."""
    T, _ = balanced(problem, n, mu)
    return phases(key, problem, T, T, n, mu)


def unscaled(key, problem, *, n, mu):
    """`spiderboost` whose differences get the noise of bounded gradients, however little the iterate moved."""
    return phases(key, problem, *balanced(problem, n, mu), n, mu, moved=jnp.inf)


def dimension_blind(key, problem, *, n, mu):
    """`spiderboost` with the steps and the phases for one dimension."""
    return phases(key, problem, *balanced(problem._replace(d=jnp.ones_like(problem.d)), n, mu), n, mu)


def gap_blind(key, problem, *, n, mu):
    """`spiderboost` with the steps and the phases for a gap of a hundredth of L_0^2 / L_1."""
    return phases(key, problem, *balanced(problem._replace(F_0=problem.L_0**2 / problem.L_1 / 100), n, mu), n, mu)


def gradient_descent(key, problem, *, n, mu):
    """DP-GD: a fresh noisy gradient in every step of the length 1 / L_1, as many steps as balance its bound."""
    return phases(key, problem, steps_of_descent(problem, n, mu), 1, n, mu, step=1.0)


def long_steps(key, problem, *, n, mu):
    """`gradient_descent` with steps of the length 2 / L_1."""
    return phases(key, problem, steps_of_descent(problem, n, mu), 1, n, mu, step=2.0)


def noiseless(key, problem, *, n, mu):
    """`gradient_descent` without noise, which is not private."""
    return phases(key, problem, steps_of_descent(problem, n, mu), 1, n, jnp.inf, step=1.0)


def output_perturbation(key, problem, *, n, mu):
    """The minimiser under noise in proportion to how far one record can move it; `last` is the norm of the gradient there."""
    w = problem.solution + problem.moves / (n * mu) * jax.random.normal(key, problem.start.shape).astype(problem.start.dtype)
    return {"last": jnp.linalg.norm(jnp.mean(problem.gradients(w), axis=0))}


def noise_to_signal(problem, n, mu):
    """sqrt(d) / (n mu), `()`."""
    return jnp.sqrt(problem.d) / (n * mu)


def balanced(problem, n, mu):
    """The numbers of steps and of steps in a phase for which the explicit bound is least, but for constants near 1."""
    a = noise_to_signal(problem, n, mu)
    T = jnp.ceil(jnp.maximum(jnp.cbrt(problem.F_0 * problem.L_1 / (problem.L_0**2 * a**4)), 1 / a) / 2)
    return T, 1 / (4 * a**2 * T)


def prescribed(problem, n, mu):
    """The numbers of steps and of steps in a phase in Theorem B.3, with 1 / mu for the root of log(1 / delta) over epsilon."""
    a = noise_to_signal(problem, n, mu)
    T = jnp.ceil(jnp.maximum(jnp.cbrt(problem.F_0 * problem.L_1 / (problem.L_0**2 * a**4)), 1 / a))
    return T, 1 / (a**2 * T)


def steps_of_descent(problem, n, mu):
    """The number of steps for which the bound of DP-GD is least."""
    return jnp.ceil(jnp.sqrt(problem.F_0 * problem.L_1 / 2) / (problem.L_0 * noise_to_signal(problem, n, mu)))


def phases(key, problem, T, q, n, mu, step=0.5, moved=None):
    """T steps of the length `step` / L_1 in phases of q, rounded down to a whole number from 1 on.

    `moved` replaces how far an iterate moved, in what is clipped and in the noise.
    """
    q = jnp.maximum(jnp.floor(q), 1)
    fresh = jnp.ceil(T / q)
    both = jnp.where(q > 1, 2, 1)
    z_1, z_2 = (2 / (n * mu) * jnp.sqrt(both * count) for count in (fresh, T - fresh))

    def advance(t, state):
        w, estimate, last, norms, squares, block = state
        gradients = problem.gradients(w)
        begins = jnp.floor(t / q) * q == t
        normal, block = drawn(key, t, block)
        length = jnp.linalg.norm(estimate) * step / problem.L_1 if moved is None else moved
        most = jnp.where(begins, problem.L_0, jnp.minimum(problem.L_1 * length, 2 * problem.L_0))
        noise = most * jnp.where(begins, z_1, z_2) * problem.coordinates * normal.astype(w.dtype)
        news = jnp.mean(_clip(gradients - jnp.where(begins, 0, last), most), axis=0)
        estimate = jnp.where(begins, 0, estimate) + news + noise
        square = jnp.sum(jnp.mean(gradients, axis=0) ** 2)
        return w - step / problem.L_1 * estimate, estimate, gradients, norms + jnp.sqrt(square), squares + square, block

    def observe(state):
        last = jnp.linalg.norm(jnp.mean(problem.gradients(state[0]), axis=0))
        return {"gradient": state[3] / T, "squared": state[4] / T, "last": last}

    w, zero = problem.start, jnp.zeros((), problem.start.dtype)
    state = w, jnp.zeros_like(w), jnp.zeros_like(problem.gradients(w)), zero, zero, undrawn(w.shape)
    shown = at_end(advance, state, T.astype(int), observe)
    return shown | {"T": T, "sigma_1": problem.L_0 * z_1, "drift": q * problem.d * z_2**2 / 2}


def _clip(vectors, most):
    """Each of the vectors `(k, d)`, shortened to the length `most` where it is longer."""
    lengths = jnp.sqrt(jnp.sum(vectors**2, axis=1, keepdims=True) + 1e-200)
    return vectors * jnp.minimum(1, most / lengths)


def _calls(T, q, first, later):
    fresh = jnp.ceil(T / jnp.maximum(jnp.floor(q), 1))
    return fresh * first + 2 * (T - fresh) * later
