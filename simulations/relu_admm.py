"""The alternating direction method of multipliers for convex training of networks with one hidden layer of ReLUs.

Y. Bai, T. Gautam and S. Sojoudi 2023, arXiv:2201.01965: Algorithm 3.1, as a third party implemented it (zachary-shah/admmNN).  For every
activation pattern D_i there are two neurons u, held in the pattern's cone by (2 D_i - I) X u >= 0, one with each sign of its output; u is
split from v, which the group norm shrinks, and from s, the cone's slacks.  The matrix of the step in u is factorised once.
"""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import cho_solve

from .record import record, until

STILL = 1e-15
"""The residual at which a run has ended."""

NEAR = 0.01
"""How far from its end a run is when its steps begin to count."""


def admm(key, problem, *, k, beta, rho, gamma, fade, P_s, most, T):
    """`P_s` of `most` patterns of random neurons and steps of `gamma` in the duals, which `fade` as that power of the iterations.

    A run ends after `T` steps if it is not still before.  At the checkpoints `k`, `(len(k),)`, counted from when it is `NEAR` its end: how
    far it is from there, together with how far its end is from the conditions of optimality, `distance`.
    """
    patterns = _patterns(problem.inputs, jax.random.normal(key, (most, problem.inputs.shape[1]), problem.targets.dtype))
    F, G, b = _matrices(problem.inputs, problem.targets, patterns, jnp.arange(most) < P_s, rho)
    inverse = jnp.linalg.inv(_system(F, G, rho))
    step = lambda i, state: _step(state, F, G, b, lambda right: inverse @ right, beta / rho, gamma * (i + 1.0) ** -fade)  # noqa: E731
    begin = _begin(F, G)
    first = lambda criterion, target: until(step, begin, jnp.full(1, target), criterion, T)[0]  # noqa: E731
    last = jnp.minimum(first(lambda state: _residual(state, G), STILL), T).astype(k.dtype)
    end = jax.tree.map(lambda states: states[0], record(step, begin, last[None], lambda state: state))
    away = lambda state: jnp.sqrt(sum(jnp.sum((now - then) ** 2) for now, then in zip(state[1:5], end[1:5], strict=True)))  # noqa: E731
    near = jnp.minimum(first(away, NEAR), T).astype(k.dtype)
    missed = _missed(end, F, G, problem.targets, beta, rho)
    return record(step, begin, near + k, lambda state: {"distance": away(state) + missed})


def _residual(state, G):
    """How far the last step moved the state, `()`: the primal and the dual residual of the method."""
    u, v, s, _, _, moved = state
    return jnp.sqrt(jnp.sum((u - v) ** 2) + jnp.sum((_cones(G, u) - s) ** 2) + moved)


def _missed(state, F, G, y, beta, rho):
    """How far a state is from the conditions of optimality, `()`."""
    u, v, s, lam, nu, _ = state
    slope = jnp.einsum("npd,n->pd", F, jnp.einsum("npd,pd->n", F, v) - y) / rho + lam + jnp.einsum("pnd,pn->pd", G, nu)
    size, pull = jnp.sum(v**2, axis=1), jnp.sum(lam**2, axis=1)
    held = jnp.sum(v * lam, axis=1) - beta / rho * jnp.sqrt(size)
    beyond = jnp.maximum(jnp.sqrt(pull) - beta / rho, 0)
    parts = (u - v, _cones(G, v) - s, jnp.minimum(s, 0), jnp.maximum(nu, 0), s * nu, slope, held, beyond)
    return jnp.sqrt(sum(jnp.sum(part**2) for part in parts))


def count(rng, problem, *, d, n):
    """The multiplications and additions of one step, `operations`, for n data in d dimensions and as many activation patterns."""
    return {"operations": _counted(d, n, _once_factorised)}


def count_afresh(rng, problem, *, d, n):
    """`count`, where every step factorises its matrix again."""
    return {"operations": _counted(d, n, _factorised_again)}


def _once_factorised(A, right):
    return cho_solve((A, True), right)


def _factorised_again(A, right):
    return cho_solve((jnp.linalg.cholesky(A), True), right)


@cache
def _counted(d, n, solver):
    shape = lambda *sizes: jax.ShapeDtypeStruct(sizes, np.float64)  # noqa: E731
    m = 2 * n * d
    F, G = shape(n, 2 * n, d), shape(2 * n, n, d)
    state = (shape(m // d, d), shape(m // d, d), shape(2 * n, n), shape(m // d, d), shape(2 * n, n), shape())

    def one(state, F, G, b, A):
        return _step(state, F, G, b, lambda right: solver(A, right), 0.1, 1.0)

    return float(_operations(jax.make_jaxpr(one)(state, F, G, shape(m), shape(m, m)).jaxpr))


def _operations(jaxpr):
    """The multiplications and additions of a traced function: of products and of triangular systems exactly, of the rest an entry each."""
    total = 0
    for line in jaxpr.eqns:
        inner = [value for value in line.params.values() if hasattr(value, "jaxpr")]
        out, sizes = line.outvars[0].aval, [getattr(v.aval, "shape", ()) for v in line.invars]
        if inner:
            total += sum(_operations(value.jaxpr) for value in inner)
        elif line.primitive.name == "dot_general":
            (contracted, _), _ = line.params["dimension_numbers"]
            total += 2 * out.size * int(np.prod([sizes[0][axis] for axis in contracted]))
        elif line.primitive.name == "triangular_solve":
            total += out.size * sizes[0][-1]
        elif line.primitive.name == "cholesky":
            total += sizes[0][-1] ** 3 // 3
        else:
            total += out.size
    return total


def _patterns(X, hidden):
    """Which data each neuron sees, `(P, n)`, as 0 and 1."""
    return (hidden @ X.T >= 0).astype(X.dtype)


def _matrices(X, y, patterns, used, rho):
    """The outputs F, `(n, 2 P, d)`, of neurons of both signs; the cones G, `(2 P, n, d)`; and F'y / rho, `(2 P d,)`."""
    seen = (used[:, None] * patterns).T[:, :, None] * X[:, None, :]
    F = jnp.concatenate([seen, -seen], axis=1)
    G = jnp.tile((used[:, None] * (2 * patterns - 1))[:, :, None] * X[None, :, :], (2, 1, 1))
    return F, G, jnp.einsum("npd,n->pd", F, y).ravel() / rho


def _system(F, G, rho):
    n, P, d = F.shape
    flat = F.reshape(n, P * d)
    own = jnp.einsum("pnd,pne->pde", G, G)
    blocks = jnp.einsum("pq,pde->pdqe", jnp.eye(P, dtype=F.dtype), own).reshape(P * d, P * d)
    return jnp.eye(P * d, dtype=F.dtype) + flat.T @ flat / rho + blocks


def _begin(F, G):
    zero, slack = jnp.zeros(F.shape[1:], F.dtype), jnp.zeros(G.shape[:2], F.dtype)
    return zero, zero, slack, zero, slack, jnp.ones((), F.dtype)


def _step(state, F, G, b, solve, threshold, gamma):
    _, v, s, lam, nu, _ = state
    right = b + (v - lam).ravel() + jnp.einsum("pnd,pn->pd", G, s - nu).ravel()
    u = solve(right).reshape(v.shape)
    reached = u + lam
    length = jnp.sqrt(jnp.maximum(jnp.sum(reached**2, axis=1), 1e-300))
    after = jnp.maximum(1 - threshold / length, 0)[:, None] * reached
    seen = _cones(G, u)
    slack = jnp.maximum(seen + nu, 0)
    moved = jnp.sum((after - v) ** 2) + jnp.sum((slack - s) ** 2)
    return u, after, slack, lam + gamma * (u - after), nu + gamma * (seen - slack), moved


def _cones(G, u):
    """(2 D_i - I) X u_i of every neuron, `(2 P, n)`."""
    return jnp.einsum("pnd,pd->pn", G, u)
