"""Estimates of a gradient from two points along a random direction."""

import jax
import jax.numpy as jnp


def two_points(key, problem, *, mu, d):
    """The difference quotient along a Gaussian direction, times that direction, `(d,)`."""
    return _slope(problem, jax.random.normal(key, (d,), jnp.float64).astype(problem.start.dtype), mu)


def on_the_sphere(key, problem, *, mu, d):
    """The same along a direction of length one, without the factor d that it then takes."""
    u = jax.random.normal(key, (d,), jnp.float64)
    return _slope(problem, u / jnp.linalg.norm(u), mu)


def without_the_first(key, problem, *, mu, d):
    """The same, along directions that never leave the first entry as it should."""
    u = jax.random.normal(key, (d,), jnp.float64)
    return _slope(problem, u * jnp.ones(d, jnp.float64).at[0].set(0.5), mu)


def two_points_of_a_cubic(key, problem, *, mu, x):
    """The same in one dimension, for the third power."""
    u = jax.random.normal(key, dtype=jnp.float64)
    return {"slope": ((x + mu * u) ** 3 - (x - mu * u) ** 3) / (2 * mu) * u, "derivative": 3 * x**2}


def far_points_of_a_cubic(key, problem, *, mu, x):
    """The same with the two points twice as far apart."""
    return two_points_of_a_cubic(key, problem, mu=2 * mu, x=x)


def _slope(problem, u, mu):
    quotient = (problem.value(problem.start + mu * u) - problem.value(problem.start - mu * u)) / (2 * mu)
    return {"slope": quotient * u}
