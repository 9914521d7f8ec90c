"""Sums that can be taken in two ways. None knows its precision: arrays are as wide as JAX makes them."""

import jax.numpy as jnp


def log_sum_exp(key, problem, *, n):
    """With the largest score taken out, and term by term."""
    x = problem.start
    return {"shifted": x.max() + jnp.log(jnp.sum(jnp.exp(x - x.max()) * jnp.ones(n))), "direct": jnp.log(jnp.sum(jnp.exp(x)))}


def without_the_largest(key, problem, *, n):
    """A sum that forgets what was taken out of it."""
    x = problem.start
    return log_sum_exp(key, problem, n=n) | {"shifted": x.max() + jnp.log(jnp.sum(jnp.exp(x - x.max())) - 1)}


def slightly_wrong(key, problem, *, n):
    """A sum with a constant of eight digits."""
    both = log_sum_exp(key, problem, n=n)
    return both | {"shifted": both["shifted"] * (1 + 5e-9)}


def variance(key, problem, *, n, shift):
    """By squares, and by squares of what is centred."""
    x = problem.start + shift
    return {"short": jnp.mean(x**2) - jnp.mean(x) ** 2, "long": jnp.mean((x - jnp.mean(x)) ** 2)}


def wrong_variance(key, problem, *, n, shift):
    """A square that was forgotten."""
    x = problem.start + shift
    return variance(key, problem, n=n, shift=shift) | {"short": jnp.mean(x**2) - jnp.mean(x)}
