"""Finite sums of affine operators that turn the plane: F = (1/n) sum F_i, cocoercive on average with equality.

Points are m planes, `(m, 2)`.  F_i turns the distance of each plane from the solution by a half of (identity minus a rotation)
and adds an offset; the offsets of all components add up to zero, so no F_i vanishes at the solution.  Component i turns plane j
by an angle plus or minus a spread, the sign being bit j of i: 2^m different operators, each n / 2^m times, so n is a multiple of
2^m.  Everything that a run needs is then closed in n, and one compilation serves all n.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.nn import sigmoid

from . import Family

WORDS = 2
"""A minibatch has at most 64 * WORDS components: as many bits for the sign in every plane."""


class Sum(NamedTuple):
    """One problem: find where the mean of n operators vanishes.  Units: u for points, F for values, F/u for L."""

    angle: Array
    """By how much each plane is turned, `(m,)`, in radians."""

    spread: Array
    """How far the components are from that, `(m,)`, in radians."""

    offset: Array
    """What half of the components add in each plane, and the others take away, `(m, 2)`."""

    L: Array
    """The largest value of each component's turn, `()`."""

    n: Array
    """The number of components, `()`."""

    start: Array
    """Where algorithms begin, `(m, 2)`."""

    solution: Array
    """Where the mean vanishes, `(m, 2)`."""

    def operator(self, u):
        """F at u, `(m, 2)`: n evaluations of components."""
        return self.average(jnp.zeros_like(self.angle), u)

    @property
    def words(self):
        """How many random words of 64 bits a minibatch takes."""
        return WORDS * len(self.angle)

    def minibatch(self, words, size):
        """`size` components, each drawn from all n by the bits of `words`, as the mean of their signs in every plane, `(m,)`.

        All signs of a component drawn evenly are fair coins, since n is a multiple of 2^m.  A size above 64 * WORDS gives NaN.
        """
        wanted = jnp.clip(size - 64 * jnp.arange(WORDS), 0, 64).astype(jnp.uint64)
        mask = lax.shift_right_logical(~jnp.zeros_like(wanted), 64 - wanted)
        drawn = words.reshape(len(self.angle), WORDS) & mask[None, :]
        ones = jnp.sum(lax.population_count(drawn), axis=1).astype(self.angle.dtype)
        return jnp.where(size <= 64 * WORDS, 2 * ones / size - 1, jnp.nan)

    def average(self, batch, u):
        """The mean of F_i(u) over a minibatch, `(m, 2)`: one evaluation for each of its components."""
        return _times(self.L * _turn(self.angle, self.spread, batch), u - self.solution) + self.offset * batch[:, None]

    @property
    def D(self):
        """The distance of the start from the solution, `()`."""
        return jnp.linalg.norm(self.start - self.solution)

    @property
    def L_F(self):
        """The constant of cocoercivity of F itself, `()`."""
        turn = _turn(self.angle, self.spread, jnp.zeros_like(self.angle))
        return self.L * jnp.max(jnp.sum(turn**2, axis=1) / turn[:, 0])

    @property
    def kappa(self):
        """L / L_F, at least 1, `()`: how much worse the components are than their mean."""
        return self.L / self.L_F


def _turn(angle, spread, batch):
    """(1 - rotation) / 2 in each plane as a complex number `(m, 2)`, its rotation the mean over a batch of signs `(m,)`."""
    even, odd = jnp.cos(spread), batch * jnp.sin(spread)
    # 1 - cos(angle) cos(spread) without cancellation: the real part of a small turn is of second order.
    real = jnp.sin(angle / 2) ** 2 + jnp.cos(angle) * jnp.sin(spread / 2) ** 2 + jnp.sin(angle) * odd / 2
    return jnp.stack([real, -(jnp.sin(angle) * even + jnp.cos(angle) * odd) / 2], axis=1)


def _times(a, b):
    """The products of complex numbers `(m, 2)`."""
    return jnp.stack([a[:, 0] * b[:, 0] - a[:, 1] * b[:, 1], a[:, 0] * b[:, 1] + a[:, 1] * b[:, 0]], axis=1)


def _draw(planes):
    def draw(key):
        names = ("angle", "spread", "offset", "direction", "solution")
        shapes = ((planes,), (planes,), (planes, 2), (planes, 2), (planes, 2))
        keys = jax.random.split(key, len(names))
        return {name: jax.random.normal(k, shape) for name, k, shape in zip(names, keys, shapes, strict=True)}

    return draw


def _sum(parameters, angle, spread, *, n, L, D):
    direction = parameters["direction"]
    away = D * direction / jnp.sqrt(jnp.sum(direction**2) + 1e-30)
    solution = D * parameters["solution"]
    offset = L * D * jnp.tanh(parameters["offset"])
    count = jnp.asarray(n, direction.dtype)
    return Sum(angle, spread, offset, jnp.asarray(L, direction.dtype), count, start=solution + away, solution=solution)


def _between(low, high, x):
    """A number between low and high for any real x, even in the logarithm."""
    return low * (high / low) ** sigmoid(x)


def _build_rotations(parameters, *, n, L, D):
    angle, spread = _between(1.0, jnp.pi, parameters["angle"]), _between(0.5, 1.5, parameters["spread"])
    return _sum(parameters, angle, spread, n=n, L=L, D=D)


rotations = Family(_draw(2), _build_rotations)
"""Two planes turned by large angles, by components that differ much: minibatches are noisy, and residuals settle soon."""


def _build_near_singular(parameters, *, n, L, D):
    angle = _between(1e-3, 0.3, 2 * parameters["angle"])
    return _sum(parameters, angle, angle * _between(0.01, 1.0, parameters["spread"]), n=n, L=L, D=D)


near_singular = Family(_draw(1), _build_near_singular)
"""One plane turned by a small angle, by components that differ little: F is almost skew, so iterates run in circles.

The residual of an anchored method swings beyond where it settles: nearer to the worst case than `rotations`.
"""


def _build_rotation(parameters, *, n, L, D):
    angle = _between(3e-4, jnp.pi, 2 * parameters["angle"])
    return _sum(parameters, angle, jnp.zeros_like(angle), n=n, L=L, D=D)


rotation = Family(_draw(1), _build_rotation)
"""One plane turned by an angle, the same by all components: a fixed point iteration with the longest step is an isometry.

An anchored one attains its worst case wherever it has gone half around.
"""
