"""Stochastic subgradient steps of one length for T steps, and the average of where they were taken.

A. Nemirovski, A. Juditsky, G. Lan and A. Shapiro 2009, Robust stochastic approximation approach to stochastic programming, Section 2.2;
recalled.  The step is D / (G sqrt(T)) with D the distance of the start from the solution and G the root mean square of a subgradient, so
a run belongs to one horizon.  The broken ones have other powers of T, with the same constant.

Every kernel shows `gap`, `()`: f at the average of its T points beyond the minimum.
"""

import jax
import jax.numpy as jnp

from .horizon import at_end


def averaged(key, problem, *, T):
    """The step that is best for T steps."""
    return _average(key, problem, T, 1 / 2)


def constant_step(key, problem, *, T):
    """`averaged` with the same step at every horizon."""
    return _average(key, problem, T, 0)


def long_step(key, problem, *, T):
    """`averaged` with steps in proportion to T^(-1/4)."""
    return _average(key, problem, T, 1 / 4)


def short_step(key, problem, *, T):
    """`averaged` with steps in proportion to T^(-3/4)."""
    return _average(key, problem, T, 3 / 4)


def shortest_step(key, problem, *, T):
    """`averaged` with steps in proportion to 1 / T: all of them together hardly reach the solution."""
    return _average(key, problem, T, 1)


def _average(key, problem, T, power):
    length = problem.D / problem.G * jnp.asarray(T, problem.start.dtype) ** -power

    def step(i, state):
        x, total = state
        return x - length * problem.noisy_slope(jax.random.fold_in(key, i), x), total + x

    def observe(state):
        return {"gap": problem.value(state[1] / T) - problem.value(problem.solution)}

    return at_end(step, (problem.start, jnp.zeros_like(problem.start)), T, observe)
