"""Means of truncated draws."""

import jax
import jax.numpy as jnp


def mean(key, problem, *, k, n):
    """The error of a mean of n draws, each with a bias that k steps leave it, through its exact law."""
    return {"error": jnp.abs(1 / k + jax.random.normal(key, dtype=jnp.float64) / jnp.sqrt(n))}


def correlated_mean(key, problem, *, k, n):
    """Draws whose correlation leaves the mean an effective size sqrt(n)."""
    return {"error": jnp.abs(1 / k + jax.random.normal(key, dtype=jnp.float64) / n**0.25)}
