"""Quadratics at a point, and lists of numbers."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp


class Family(NamedTuple):
    """A draw of parameters and what builds a problem from them."""

    draw: Any
    build: Any


class Quadratic(NamedTuple):
    """A quadratic `x' A x / 2` with a diagonal A `(d,)`, at the point `start` `(d,)`."""

    curvature: Any
    start: Any

    def value(self, x):
        """Its value at a point, `()`."""
        return jnp.sum(self.curvature * x**2) / 2

    @property
    def gradient(self):
        """Its gradient at the start, `(d,)`."""
        return self.curvature * self.start


class Numbers(NamedTuple):
    """A list of numbers, `(n,)`."""

    start: Any


def _draw_quadratic(key, *, d):
    a, b = jax.random.split(key)
    return {"curvature": jax.random.normal(a, (d,), jnp.float64), "start": jax.random.normal(b, (d,), jnp.float64)}


def _build_quadratic(parameters):
    return Quadratic(jnp.exp(parameters["curvature"] / 2), 1 + parameters["start"] / 2)


quadratics = Family(_draw_quadratic, _build_quadratic)
scores = Family(lambda key, *, n: jax.random.normal(key, (n,), jnp.float64), Numbers)
