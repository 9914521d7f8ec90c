"""Anchored (Halpern) iterations for a monotone inclusion with a finite sum: every step is pulled back to the start.

X. Cai, A. Alacaoglu and J. Diakonikolas 2024, arXiv:2310.02987v2, the cocoercive case without constraints; the parameters are
recalled, the theorems were not read.  An iterate moves against an estimate of F: exact, or refreshed with a probability that falls
like 4/(k + 5) down to order 1/sqrt(n) and corrected by minibatches of sqrt(n) differences in between (PAGE).

Kernels with `k` show at its checkpoints, `(len(k),)` each: `residual`, the norm of F at the iterate, by its closed form, which costs
nothing; `calls`, how many components were evaluated to get there.  Kernels named `_calls` show how many `calls` it takes until the
residual is `epsilon` L D, `(len(epsilon),)`, infinity where `limit` iterations are not enough.
"""

import jax
import jax.numpy as jnp

from .record import record, until


def variance_reduced(key, problem, *, k):
    """Anchor 2/(k + 4), step 1/(4 L) along the recursive estimate."""
    return _path(problem, _short_step(key, problem, _recursive(_refresh)), k)


def variance_reduced_calls(key, problem, *, epsilon, limit):
    """`variance_reduced`, until it is accurate."""
    return _calls(problem, _short_step(key, problem, _recursive(_refresh)), epsilon, limit)


def full_gradient(key, problem, *, k):
    """`variance_reduced` with F itself in every step: n evaluations each."""
    return _path(problem, _short_step(key, problem, _exact), k)


def full_gradient_calls(key, problem, *, epsilon, limit):
    """`full_gradient`, until it is accurate."""
    return _calls(problem, _short_step(key, problem, _exact), epsilon, limit)


def unrefreshed(key, problem, *, k):
    """`variance_reduced` never refreshed after the first step: the errors of all steps pile up."""
    return _path(problem, _short_step(key, problem, _recursive(lambda i, n: jnp.where(i == 0, 1, 0))), k)


def minibatch(key, problem, *, k):
    """`variance_reduced` without variance reduction: the estimate is a minibatch of its own."""

    def estimate(key, problem, i, u, before, last):
        b = _size(problem.n)
        words = jax.random.bits(key, (problem.words,), jnp.uint64)
        return problem.average(problem.minibatch(words, b), u), b

    return _path(problem, _short_step(key, problem, estimate), k)


def deterministic(key, problem, *, k):
    """The classical Halpern iteration, with anchor 1/(k + 2) and the longest step, 2 / L_F."""
    return _path(problem, _long_step(problem, lambda i: 1 / (i + 2)), k)


def half_step_calls(key, problem, *, epsilon, limit):
    """`deterministic` with the step 1 / L_F, until it is accurate: it settles, where the longest step may be early by luck."""
    return _calls(problem, _long_step(problem, lambda i: 1 / (i + 2), 1 / 2), epsilon, limit)


def slow_anchor(key, problem, *, k):
    """`deterministic` with the anchor 1/sqrt(k + 2), which pulls back too much."""
    return _path(problem, _long_step(problem, lambda i: 1 / jnp.sqrt(i + 2)), k)


def unanchored(key, problem, *, k):
    """`deterministic` without an anchor: the plain fixed point iteration."""
    return _path(problem, _long_step(problem, jnp.zeros_like), k)


def _short_step(key, problem, estimate):
    eta = 1 / (4 * problem.L)

    def step(i, state):
        u, before, last, calls = state
        value, cost = estimate(jax.random.fold_in(key, i), problem, i, u, before, last)
        pull = 2 / (i + 4).astype(u.dtype)
        return pull * problem.start + (1 - pull) * u - eta * value, u, value, calls + cost

    return step


def _long_step(problem, anchor, part=1.0):
    eta = part * 2 / problem.L_F

    def step(i, state):
        u, _, _, calls = state
        value = problem.operator(u)
        pull = anchor(i.astype(u.dtype))
        return pull * problem.start + (1 - pull) * (u - eta * value), u, value, calls + problem.n

    return step


def _exact(key, problem, i, u, before, last):
    return problem.operator(u), problem.n


def _recursive(refresh):
    """The PAGE estimate: F itself with probability `refresh(i, n)`, and else the last one plus a minibatch of differences."""

    def estimate(key, problem, i, u, before, last):
        # One call for the coin and the minibatch: on a CPU the calls take most of the time.
        words = jax.random.bits(key, (1 + problem.words,), jnp.uint64)
        b = _size(problem.n)
        batch = problem.minibatch(words[1:], b)
        fresh = words[0].astype(u.dtype) < 2.0**64 * refresh(i, problem.n)
        moved = last + problem.average(batch, u) - problem.average(batch, before)
        return jnp.where(fresh, problem.operator(u), moved), jnp.where(fresh, problem.n, 2 * b)

    return estimate


def _refresh(i, n):
    return jnp.where(i == 0, 1, 4 / (jnp.minimum(i, jnp.sqrt(n)) + 5))


def _size(n):
    return jnp.ceil(jnp.sqrt(n))


def _path(problem, step, k):
    def observe(state):
        return {"residual": _residual(problem, state), "calls": state[3]}

    return record(step, _start(problem), k, observe)


def _calls(problem, step, epsilon, limit):
    targets = epsilon * problem.L * problem.D
    return {"calls": until(step, _start(problem), targets, lambda state: _residual(problem, state), limit, spent=lambda s: s[3])}


def _start(problem):
    """The iterate and the one before, `(m, 2)` each, the estimate there, `(m, 2)`, and the calls so far, `()`."""
    zero = jnp.zeros_like(problem.start)
    return problem.start, problem.start, zero, jnp.zeros((), zero.dtype)


def _residual(problem, state):
    return jnp.linalg.norm(problem.operator(state[0]))
