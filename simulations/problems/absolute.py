"""Absolute values of d coordinates, their slopes known through noise: the smallest convex functions with a kink.

f(x) is the sum over coordinates of `right` times what is positive and `left` times what is negative of x_i.  Even noise
of variance 1 is added to every coordinate of a subgradient.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from . import Family


class Kink(NamedTuple):
    """One function, with its minimum 0 at 0.  Units: x for points, f for values, f/x for slopes."""

    right: Array
    """The slope where a coordinate is positive, `()`."""

    left: Array
    """The slope where it is negative, without its sign, `()`."""

    start: Array
    """Where algorithms begin, `(d,)`."""

    solution: Array
    """Where the minimum is, `(d,)`."""

    def value(self, x):
        """f at x, `()`."""
        return jnp.sum(jnp.maximum(self.right * x, -self.left * x))

    def noisy_slope(self, key, x):
        """A subgradient of f at x plus noise, `(d,)`."""
        slope = jnp.where(x > 0, self.right, jnp.where(x < 0, -self.left, 0))
        # Short words, since a run spends most of its time on random bits.
        word = jax.random.bits(key, x.shape, jnp.uint16).astype(x.dtype)
        return slope + (word - (2**16 - 1) / 2) * (12 / (2**32 - 1)) ** 0.5

    @property
    def D(self):
        """The distance of the start from the solution, `()`."""
        return jnp.linalg.norm(self.start - self.solution)

    @property
    def G(self):
        """The root mean square of a noisy slope's length, at most, `()`."""
        return jnp.sqrt(len(self.start) * (jnp.maximum(self.right, self.left) ** 2 + 1))


def _draw_nothing(key):
    return ()


def _kink(right, left, d, D):
    start = jnp.full(d, D) / jnp.sqrt(d)
    return Kink(jnp.asarray(right, start.dtype), jnp.asarray(left, start.dtype), start, jnp.zeros(d))


asymmetric = Family(_draw_nothing, lambda parameters, *, D: _kink(0.25, 1.0, 1, D))
"""One coordinate with a slope of 1/4 to the right and 1 to the left: iterates stay to the right, in proportion to their step."""

symmetric = Family(_draw_nothing, lambda parameters, *, D: _kink(1.0, 1.0, 10, D))
"""Ten coordinates with equal slopes, benign: iterates scatter evenly about the minimum, and an average forgives any step."""
