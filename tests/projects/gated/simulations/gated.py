"""Means, one of which waits at a gate: for a file in a folder, in which it leaves the number of its process."""

import os
import time
from pathlib import Path

import jax
import jax.numpy as jnp


def mean(key, problem, *, n, sigma):
    """The error of the mean of n normal draws."""
    return {"error": jnp.abs(jax.random.normal(key, dtype=jnp.float64)) * sigma / jnp.sqrt(n)}


def correlated(rng, problem, *, n, sigma):
    """Draws whose correlation leaves the mean an effective size sqrt(n); each waits for the gate."""
    gate = Path(os.environ["GATE"])
    if not (gate / "open").exists():
        (gate / str(os.getpid())).touch()
        while not (gate / "open").exists():
            time.sleep(0.01)
    return {"error": abs(rng.normal()) * sigma / n**0.25}


def fails_at_length(key, problem, *, n, sigma):
    """Fails with more to say than Dask lets an exception say."""
    raise ValueError("too long, " * 2000)
