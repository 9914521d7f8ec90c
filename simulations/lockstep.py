"""The loop of `horizon` where lanes differ in how long they run: all go on to the longest, so that `i` is the same number in all of them.

What depends on `i` alone is then done once for all lanes, and what happens at some of its values, only there: noise is drawn so.
"""

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_batching import custom_vmap

from .noise import Block


def at_end(step, state, T, observe):
    """`horizon.at_end`; a lane stays where it is at its end."""
    if not isinstance(T, jax.core.Tracer):
        return observe(lax.fori_loop(0, int(T), step, state))

    def advance(i, state):
        return jax.tree.map(lambda new, old: _last(i < T, new, old), step(i, state), state, is_leaf=lambda x: isinstance(x, Block))

    return observe(lax.fori_loop(0, _longest(T), advance, state))


def _last(goes_on, new, old):
    # Nobody asks what noise a lane would have had after its end.
    return new if isinstance(new, Block) else jnp.where(goes_on, new, old)


@custom_vmap
def _longest(T):
    """The largest T of all lanes."""
    return T


@_longest.def_vmap
def _of_lanes(size, batched, T):
    return jnp.max(T), False
