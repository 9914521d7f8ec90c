"""Gaussian noise of algorithms: what they add to a release, or the luck of a query; drawn for a block of steps at once and in float32.

A number in float32 costs three fifths of one in float64 and its grain, 2^-23 of itself, is nothing beside what it hides; tails and
moments that a claim is about, and attacks on privacy, draw in float64.  A block is drawn where its first step is, which lanes that go in
step do together (`lockstep`): most of what a few numbers cost is the call of the generator.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

STEPS = 16
"""Steps whose noise is drawn at once."""


class Block(NamedTuple):
    """What is part of a loop's state, but shows nothing of where it is."""

    normals: Array
    """The numbers of as many steps, `(STEPS, *shape)`."""


def undrawn(shape):
    """The block before the first step."""
    return Block(jnp.zeros((STEPS, *shape), jnp.float32))


def drawn(key, i, block):
    """Step i's standard normal numbers, `(*shape)`, and the block that they stand in; steps are made in their order, from 0 on."""
    kept, row = block.normals, i % STEPS
    kept = lax.cond(row == 0, lambda: jax.random.normal(jax.random.fold_in(key, i), kept.shape, kept.dtype), lambda: kept)
    return kept[row], Block(kept)
