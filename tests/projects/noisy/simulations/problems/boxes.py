"""Points in a box, to be halved towards its centre."""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Family(NamedTuple):
    """A pair: draw(key) -> parameters, build(parameters) -> Point."""

    draw: object
    build: object


class Point(NamedTuple):
    """A start and the centre."""

    start: jax.Array
    solution: jax.Array


def halved(problem, k):
    return (problem.start - problem.solution) * jnp.exp2(-jnp.asarray(k, jnp.float64))


def _draw(key):
    return jax.random.normal(key, dtype=jnp.float64)


def _build(parameters):
    return Point(2.0 + jnp.tanh(parameters), jnp.asarray(1.0))


def _draw_of_steps(key, *, k):
    return _draw(key) * k


points = Family(_draw, _build)
points_of_steps = Family(_draw_of_steps, _build)
