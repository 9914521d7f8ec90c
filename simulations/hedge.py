"""Hedge, the exponentially weighted forecaster, and what becomes of it at other learning rates.

N. Cesa-Bianchi and G. Lugosi 2006, Prediction, Learning, and Games, Section 2.2; recalled.  In each of T rounds the K actions carry
weights in proportion to exp(-eta times what they have lost so far), and the learner loses the weighted mean of what they lose.  The
learning rate is sqrt(8 ln K / T), so a run belongs to one horizon.

Every kernel shows `regret`, `()`: what the learner lost in T rounds beyond the action that lost least.  It is negative where the
learner does better than any single action.
"""

import math

import jax
import jax.numpy as jnp
from jax.nn import one_hot, softmax

from .horizon import at_end


def hedge(key, problem, *, T):
    """The learning rate that is best for T rounds."""
    return _play(key, problem, T, _exponential(_tuned(problem) / jnp.sqrt(T)))


def constant_rate(key, problem, *, T):
    """`hedge` with eta = 2 at every horizon: too hasty at long ones."""
    return _play(key, problem, T, _exponential(2.0))


def slow_rate(key, problem, *, T):
    """`hedge` with eta in proportion to 1 / T: its weights hardly move."""
    return _play(key, problem, T, _exponential(_tuned(problem) / T))


def fast_rate(key, problem, *, T):
    """`hedge` with eta in proportion to T^(-1/4)."""
    return _play(key, problem, T, _exponential(_tuned(problem) / jnp.sqrt(jnp.sqrt(T))))


def quarter_rate(key, problem, *, T):
    """`hedge` with a quarter of its learning rate: the right power of T and a wrong constant."""
    return _play(key, problem, T, _exponential(_tuned(problem) / (4 * jnp.sqrt(T))))


def follow_the_leader(key, problem, *, T):
    """All weight on the action that lost least so far, the first of several: an infinite learning rate."""
    return _play(key, problem, T, lambda lost: one_hot(jnp.argmin(lost), len(lost), dtype=lost.dtype))


def _tuned(problem):
    """The learning rate for one round."""
    return math.sqrt(8 * math.log(len(problem.start)))


def _exponential(eta):
    return lambda lost: softmax(-eta * lost)


def _play(key, problem, T, weigh):
    def step(t, state):
        lost, own = state
        weights = weigh(lost)
        losses = problem.losses(jax.random.fold_in(key, t), t, weights)
        return lost + losses, own + weights @ losses

    state = problem.start, jnp.zeros((), problem.start.dtype)
    return at_end(step, state, T, lambda state: {"regret": state[1] - jnp.min(state[0])})
