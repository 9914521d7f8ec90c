"""Adversaries of a learner who spreads one unit of weight over K actions, round by round: what each action loses, from 0 to 1.

An adversary may draw the losses of a round, and it may look at the learner's weights before it chooses them.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from . import Family


class Coins(NamedTuple):
    """Every action loses 0 or 1 by a fair coin of its own."""

    start: Array
    """What each action has lost before the first round, `(K,)`."""

    def losses(self, key, t, weights):
        """What each action loses in round t, `(K,)`."""
        # Bytes, since a run spends most of its time on random bits.
        return (jax.random.bits(key, self.start.shape, jnp.uint8) % 2).astype(self.start.dtype)


class LeaderPays(NamedTuple):
    """The action that carries most weight loses 1, the first of several, and all others nothing."""

    start: Array
    """What each action has lost before the first round, `(K,)`."""

    def losses(self, key, t, weights):
        """What each action loses in round t, `(K,)`."""
        return _one(self.start, jnp.argmax(weights))


class Alternating(NamedTuple):
    """The first two actions lose 1 in turn, the first one first; all others lose 1 always."""

    start: Array
    """What each action has lost before the first round, `(K,)`."""

    def losses(self, key, t, weights):
        """What each action loses in round t, `(K,)`."""
        return 1 - _one(self.start, 1 - t % 2)


class Gap(NamedTuple):
    """The last action never loses, and all others lose 1 always."""

    start: Array
    """What each action has lost before the first round, `(K,)`."""

    def losses(self, key, t, weights):
        """What each action loses in round t, `(K,)`."""
        return 1 - _one(self.start, len(self.start) - 1)


def _one(like, index):
    return (jnp.arange(len(like)) == index).astype(like.dtype)


def _draw_nothing(key):
    return ()


coins = Family(_draw_nothing, lambda parameters, *, K: Coins(jnp.zeros(K)))
"""Benign: all weights lose the same on average, so nothing that a learner does wrong costs it more."""

leader_pays = Family(_draw_nothing, lambda parameters, *, K: LeaderPays(jnp.zeros(K)))
"""Learners who trust the leader too soon pay for it; slow ones are safe."""

alternating = Family(_draw_nothing, lambda parameters, *, K: Alternating(jnp.zeros(K)))
"""Learners must drop all actions but two soon, and then not run after the better of these."""

gap = Family(_draw_nothing, lambda parameters, *, K: Gap(jnp.zeros(K)))
"""Learners who are slow to leave bad actions pay for it; hasty ones are safe."""
