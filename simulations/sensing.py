"""Gradient descent on the factors of a low-rank matrix that is known by linear measurements.

N. Xiong, L. Ding and S. S. Du, ICLR 2024, arXiv:2310.01769; the updates are those of the least squares loss (restated in
reviews), the step of `rescaled` is recalled.  All begin at `problem.start` and take steps of size `eta`.

Each shows at the checkpoints of `t`, `(len(t),)` each: `error`, the distance of the product of the factors from the matrix in
the Frobenius norm, and `error_squared`.
"""

import jax
import jax.numpy as jnp

from .record import record


def symmetric(key, problem, *, t, eta):
    """One factor X for the matrix X X', from the left factor of the start."""
    return record(_symmetric(problem, eta), problem.start[0], t, lambda X: _shown(problem, X, X))


def asymmetric(key, problem, *, t, eta):
    """Two factors F and G for the matrix F G', moved at once."""
    return record(_asymmetric(problem, eta), problem.start, t, lambda factors: _shown(problem, *factors))


def asymmetric_modes(key, problem, *, t, eta):
    """`asymmetric`, showing also `least`, the least eigenvalue of F'F, and `least_kept`, `(len(t),)` each.

    The latter is the squared length of F v, where v is the right singular vector of G with the least singular value: once the signal has
    settled, what G keeps of v is all that is left of the error.
    """
    return _modes(problem, _asymmetric(problem, eta), t)


def left_modes(key, problem, *, t, eta):
    """`asymmetric_modes` with the right factor held where it began."""
    step = _asymmetric(problem, eta)
    return _modes(problem, lambda i, factors: jnp.stack([step(i, factors)[0], factors[1]]), t)


def _modes(problem, step, t):
    def observe(factors):
        F, G = factors
        v = jnp.linalg.eigh(G.T @ G)[1][:, 0]
        gram = F.T @ F
        return _shown(problem, F, G) | {"least": jnp.linalg.eigvalsh(gram)[0], "least_kept": v @ gram @ v}

    return record(step, problem.start, t, observe)


def rescaled(key, problem, *, t, eta, beta, T_1):
    """`asymmetric`, with one step in between: after `T_1` steps all singular values of F become `beta`, at the same product.

    `t` counts the steps from there on.  F turns into its polar factor times `beta`; any rotation of the columns of F and G
    together would do as well.
    """
    step = _asymmetric(problem, eta)
    F, G = _after(step, problem.start, _at(T_1, t))
    U, S, V = jnp.linalg.svd(F, full_matrices=False)
    moved = jnp.stack([beta * U @ V, G @ (V.T * S[None, :]) @ V / beta])
    return record(step, moved, t, lambda factors: _shown(problem, *factors))


def rescaled_by_start(key, problem, *, t, eta, alpha, beta, T_1):
    """`rescaled` with a `beta` that grows with the fourth root of the scale of the start, from the scale 0.02 on."""
    return rescaled(key, problem, t=t, eta=eta, beta=beta * (alpha / 0.02) ** 0.25, T_1=T_1)


def unscaled(key, problem, *, t, eta, beta, T_1):
    """`rescaled` without its modified step."""
    step = _asymmetric(problem, eta)
    return record(step, _after(step, problem.start, _at(T_1, t)), t, lambda factors: _shown(problem, *factors))


def settled(key, problem, *, eta, T_0):
    """The least singular value `s_0`, `()`, of the factor of `symmetric` after `T_0` steps."""
    X = _after(_symmetric(problem, eta), problem.start[0], jnp.array([T_0]))
    return {"s_0": jnp.min(jnp.linalg.svd(X, compute_uv=False))}


def _symmetric(problem, eta):
    return lambda i, X: X - eta * problem.residual(X @ X.T) @ X


def _asymmetric(problem, eta):
    def step(i, factors):
        F, G = factors
        return factors - eta * problem.gradients(F, G)

    return step


def _at(count, t):
    """One checkpoint, traced where `t` is."""
    return jnp.array([count]) if isinstance(t, jax.Array) else (count,)


def _after(step, start, at):
    return record(step, start, at, lambda state: state)[0]


def _shown(problem, F, G):
    error = problem.error(F @ G.T)
    return {"error": error, "error_squared": error**2}
