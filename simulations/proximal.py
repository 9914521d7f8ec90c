"""The proximal point iteration with steps of length 1, and the explicit step in its place.

R. T. Rockafellar 1976, Monotone operators and the proximal point algorithm, SIAM Journal on Control and Optimization 14; recalled.

Kernels show `squared`, the squared distance of the iterate from the solution, at the checkpoints `k`, `(len(k),)`.
"""

import jax.numpy as jnp

from .record import record


def proximal_point(key, problem, *, k):
    """u = resolvent(u): the operator is taken where the step ends."""
    return _path(problem, lambda i, u: problem.resolvent(u), k)


def explicit_step(key, problem, *, k):
    """u = u - operator(u): the operator is taken where the step begins."""
    return _path(problem, lambda i, u: u - problem.operator(u), k)


def _path(problem, step, k):
    return record(step, problem.start, k, lambda u: {"squared": jnp.sum((u - problem.solution) ** 2)})
