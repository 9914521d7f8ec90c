"""The Halpern iteration of a resolvent that an inner loop finds: a monotone inclusion with a finite sum of Lipschitz operators.

X. Cai, A. Alacaoglu and J. Diakonikolas 2024, arXiv:2310.02987v2, Algorithm 2 without constraints, as their published code has it: an
outer iteration with anchor 1/(k + 2) on the resolvent of eta F, eta = sqrt(n) / L, and some n log(k + 2) steps of the forward reflected
method with variance reduction inside (VR-FoRB; A. Alacaoglu, Y. Malitsky and V. Cevher 2021), two calls each, for the operator
A = eta F + identity - iterate, which is strongly monotone with 1.  The steps' length is recalled, their number a letter, `M` times
n log(k + 2); the snapshot moves to the inner iterate, as in VR-FoRB (in the published code to where the inner loop began).

Kernels with `k` show at its checkpoints, of the outer iteration, `(len(k),)` each: `residual`, the norm of F at the exact resolvent
of the iterate, in closed form, which costs nothing; `calls`, how many components were evaluated to get the iterate; `error_squared`,
of the last inner loop's point from the resolvent that it looked for, and `length_squared`, of that one from where the loop began.
Kernels named `_calls` show how many `calls` it takes until the residual is `epsilon` L D, `(len(epsilon),)`, infinity where `limit`
outer iterations are not enough.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from .record import record, until

BLOCK = 32
"""Inner steps whose random words are drawn at once; their number is rounded up to a multiple."""


def variance_reduced(key, problem, *, k, M):
    """Inner steps along A at the snapshot, corrected by what a component of it changed since the snapshot before."""
    return _path(problem, _outer(key, problem, M), k)


def variance_reduced_calls(key, problem, *, epsilon, limit, M):
    """`variance_reduced`, until it is accurate."""
    targets, step = epsilon * problem.L * problem.D, _outer(key, problem, M)
    return {"calls": until(step, _start(problem), targets, lambda state: _residual(problem, state), limit, spent=lambda state: state.calls)}


def unreduced(key, problem, *, k, M):
    """`variance_reduced` without variance reduction: inner steps along a component of A at the inner iterate."""
    return _path(problem, _outer(key, problem, M, estimate=lambda A, A_i, state: (A_i(state.v), 1)), k)


def full_gradient(key, problem, *, k, M):
    """`variance_reduced` with A itself in every inner step: n evaluations each."""
    return _path(problem, _outer(key, problem, M, estimate=lambda A, A_i, state: (A(state.v), problem.n)), k)


def unrefreshed(key, problem, *, k, M):
    """`variance_reduced` with the snapshot left where the inner loop began."""
    return _path(problem, _outer(key, problem, M, refresh=0), k)


def unanchored(key, problem, *, k, M):
    """`variance_reduced` without the anchor: the inexact proximal point method."""
    return _path(problem, _outer(key, problem, M, anchor=jnp.zeros_like), k)


def _reduced(A, A_i, state):
    return A(state.w) + A_i(state.v) - A_i(state.last), 2


def _anchor(i):
    return 1 / (i + 2)


class Outer(NamedTuple):
    u: Array
    """The iterate, `(m, 2)`."""
    before: Array
    """The iterate before, `(m, 2)`."""
    found: Array
    """What the last inner loop found, `(m, 2)`."""
    calls: Array
    """The calls so far, `()`."""


class Inner(NamedTuple):
    v: Array
    """The inner iterate, `(m, 2)`."""
    w: Array
    """The snapshot, `(m, 2)`."""
    last: Array
    """The snapshot one step before, `(m, 2)`."""
    calls: Array
    """The calls so far, `()`."""


def _path(problem, step, k):
    eta = _eta(problem)

    def observe(state):
        sought = problem.resolvent(state.before, eta)
        return {
            "residual": _residual(problem, state),
            "calls": state.calls,
            "error_squared": jnp.sum((state.found - sought) ** 2),
            "length_squared": jnp.sum((state.before - sought) ** 2),
        }

    return record(step, _start(problem), k, observe)


def _outer(key, problem, M, estimate=_reduced, refresh=1, anchor=_anchor):
    def step(i, state):
        steps = M * problem.n * jnp.log(i + 2.0)
        found, calls = _resolvent(jax.random.fold_in(key, i), problem, state.u, steps, estimate, refresh)
        pull = anchor(i.astype(state.u.dtype))
        return Outer(pull * problem.start + (1 - pull) * found, state.u, found, state.calls + calls)

    return step


def _resolvent(key, problem, u, steps, estimate, refresh):
    """About the resolvent of eta F at u, and the calls spent on it."""
    n, eta = problem.n, _eta(problem)
    tau = 1 / (2 * jnp.sqrt(n) * (eta * problem.L + 1))

    def A(v, batch=0):
        return eta * problem.average(batch, v) + v - u

    def inner(state, word):
        value, cost = estimate(A, partial(A, batch=problem.component(word)), state)
        v = state.v + (state.w - state.v) / n - tau * value
        # The component is drawn by the last bits of the word, the coin by all of them.
        fresh = word.astype(u.dtype) < 2.0**32 * refresh / n
        w = jnp.where(fresh, v, state.w)
        return Inner(v, w, state.w, state.calls + cost + jnp.where(fresh, n, 0)), None

    def block(j, state):
        # For 64 bits the generator takes as long as for 32, which is enough for a step.
        words = jax.random.bits(jax.random.fold_in(key, j), (BLOCK // 2,), jnp.uint64)
        return lax.scan(inner, state, jnp.concatenate([words >> 32, words & 0xFFFFFFFF]), unroll=4)[0]

    last = lax.fori_loop(0, jnp.ceil(steps / BLOCK).astype(int), block, Inner(u, u, u, n))
    return last.v, last.calls


def _eta(problem):
    return jnp.sqrt(problem.n) / problem.L


def _start(problem):
    return Outer(problem.start, problem.start, problem.start, jnp.zeros((), problem.start.dtype))


def _residual(problem, state):
    return jnp.linalg.norm(problem.operator(problem.resolvent(state.u, _eta(problem))))
