"""A loop whose length differs from lane to lane, and a plain Python kernel on a family."""

import jax
import jax.numpy as jnp


def passage(key, problem, *, n):
    """The steps of a random walk until it is sqrt(n) away from 0, and where it is then."""

    def step(state):
        steps, place = state
        return steps + 1, place + jax.random.normal(jax.random.fold_in(key, steps), dtype=jnp.float64)

    steps, place = jax.lax.while_loop(lambda state: jnp.abs(state[1]) < jnp.sqrt(n), step, (0, jnp.zeros((), jnp.float64)))
    return {"steps": steps, "error": jnp.abs(place)}


def plain(rng, problem, *, k):
    """A contraction from the start of the problem, which comes from a compiled family."""
    return {"distance": abs(float(problem.start)) * 0.5**k, "first": float(problem.start) + rng.normal()}
