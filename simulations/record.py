"""The loops of every kernel: what a run shows at its checkpoints, and how long it takes to meet a target.

Step i, counted from 0, draws its noise from `jax.random.fold_in(key, i)`: then runs to K and to 2K agree where they
have a checkpoint in common.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


def record(step, state, at, observe):
    """`observe(state)` after each of `at` iterations of `state = step(i, state)`, stacked along a leading `(len(at),)`.

    `at` increases, and 0 is the start.  As a JAX array it may be traced: one compilation then serves every horizon and
    memory does not depend on it, but reverse differentiation stops at the traced bounds.  As integers known to Python
    (a tuple, a list, a NumPy array) it gives a scan that `jax.grad` passes through and that keeps every state.

    Raises ValueError where known checkpoints are negative or do not increase.
    """
    return _traced(step, state, at, observe) if isinstance(at, jax.Array) else _known(step, state, at, observe)


def _traced(step, state, at, observe):
    def advance(carry, stop):
        start, state = carry
        state = lax.fori_loop(start, stop, step, state)
        return (stop, state), observe(state)

    return lax.scan(advance, (jnp.zeros((), at.dtype), state), at)[1]


def _known(step, state, at, observe):
    at = np.asarray(at)
    if np.any(np.diff(at, prepend=-1) <= 0):
        raise ValueError(f"checkpoints count iterations from 0 and increase; got {at.tolist()}")
    last, earlier = lax.scan(lambda state, i: (step(i, state), state), state, jnp.arange(at[-1]))
    states = jax.tree.map(lambda early, late: jnp.concatenate([early, late[None]])[at], earlier, last)
    return lax.map(observe, states)


def until(step, state, targets, criterion, limit, spent=None):
    """The number of iterations after which `criterion(state) <= target` first holds, or `spent(state)` then, `(len(targets),)`.

    `targets` decrease, so they are met in their order; 0 says that the start meets it, infinity that `limit` iterations
    do not.  A NaN meets no target.
    """

    def advance(carry):
        i, state, _ = carry
        state = step(i, state)
        return i + 1, state, criterion(state)

    def reach(carry, target):
        i, state, reached = lax.while_loop(lambda carry: (carry[0] < limit) & ~(carry[2] <= target), advance, carry)
        cost = i if spent is None else spent(state)
        return (i, state, reached), jnp.where(reached <= target, cost.astype(targets.dtype), jnp.inf)

    return lax.scan(reach, (jnp.zeros((), int), state, criterion(state)), targets)[1]
