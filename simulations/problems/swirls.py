"""Linear strongly monotone operators on planes: a pull to the solution of strength beta, and a swirl about it.

Points are m planes, `(m, 2)`.  The swirl is skew, so it adds nothing to the monotonicity, whose modulus is exactly beta.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from . import Family

PLANES = 3


class Swirl(NamedTuple):
    """One operator, which vanishes at the solution.  Units: u for points; values of the operator are in u too."""

    beta: Array
    """The modulus of strong monotonicity, `()`."""

    swirl: Array
    """How fast each plane turns, `(m,)`."""

    start: Array
    """Where algorithms begin, `(m, 2)`."""

    solution: Array
    """Where the operator vanishes, `(m, 2)`."""

    def operator(self, u):
        """The operator at u, `(m, 2)`."""
        away = u - self.solution
        return self.beta * away + self.swirl[:, None] * _quarter_turn(away)

    def resolvent(self, u):
        """The point v with v + operator(v) = u, `(m, 2)`."""
        away, one = u - self.solution, 1 + self.beta
        turned = one * away - self.swirl[:, None] * _quarter_turn(away)
        return self.solution + turned / (one**2 + self.swirl[:, None] ** 2)

    @property
    def distance(self):
        """The squared distance of the start from the solution, `()`."""
        return jnp.sum((self.start - self.solution) ** 2)


def _quarter_turn(u):
    return jnp.stack([-u[:, 1], u[:, 0]], axis=1)


def _draw(key):
    names = ("start", "solution", "swirl")
    shapes = ((PLANES, 2), (PLANES, 2), (PLANES,))
    return {name: jax.random.normal(k, shape) for name, k, shape in zip(names, jax.random.split(key, 3), shapes, strict=True)}


def _swirl(parameters, beta, swirl):
    start = parameters["start"]
    # Away from 0 in every plane, so that a start is never the solution.
    away = start + jnp.where(start < 0, -0.1, 0.1)
    return Swirl(jnp.asarray(beta, start.dtype), swirl, parameters["solution"] + away, parameters["solution"])


pull = Family(_draw, lambda parameters, *, beta: _swirl(parameters, beta, jnp.zeros_like(parameters["swirl"])))
"""No swirl: a proximal step attains its worst case, and an explicit one does better than that."""

swirl = Family(_draw, lambda parameters, *, beta: _swirl(parameters, beta, 1 + parameters["swirl"] ** 2))
"""A swirl of 1 at least in every plane: an explicit step of length 1 goes outwards."""
