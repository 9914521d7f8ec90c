"""Finite sums of affine operators that only turn: monotone, with nothing to spare, so that no method settles by itself.

Points are m planes, `(m, 2)`.  The sum turns the distance of each plane from the solution by a quarter and stretches it by a speed;
component i is faster or slower by a share of it, the sign being bit j of i for plane j, and adds an offset of that sign.  So the
components are 2^m different operators, each n / 2^m times, n is a multiple of 2^m, and one compilation serves all n.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.nn import sigmoid

from . import Family


class Skew(NamedTuple):
    """One problem: find where the mean of n operators vanishes.  Units: u for points, F for values, F/u for L."""

    speed: Array
    """How much the sum stretches each plane, `(m,)`, in F/u."""

    spread: Array
    """By which share of it the components differ from that, `(m,)`."""

    offset: Array
    """What half of the components add in each plane, and the others take away, `(m, 2)`."""

    n: Array
    """The number of components, `()`."""

    start: Array
    """Where algorithms begin, `(m, 2)`."""

    solution: Array
    """Where the mean vanishes, `(m, 2)`."""

    def operator(self, u):
        """F at u, `(m, 2)`: n evaluations of components."""
        return self.average(0, u)

    def component(self, word):
        """One component, drawn by the last bits of a random word of 64, as its sign in every plane, `(m,)`."""
        bits = word >> jnp.arange(len(self.speed), dtype=jnp.uint64) & jnp.uint64(1)
        return 2 * bits.astype(self.speed.dtype) - 1

    def average(self, batch, u):
        """The mean of F_i(u) over components whose signs have the means `batch`, `(m,)` or 0 for F itself, `(m, 2)`."""
        batch = jnp.broadcast_to(batch, self.speed.shape)[:, None]
        return (self.speed[:, None] * (1 + batch * self.spread[:, None])) * _quarter(u - self.solution) + self.offset * batch

    def resolvent(self, u, eta):
        """The point from which a step of eta along F leads to u backwards: v with v + eta F(v) = u, `(m, 2)`."""
        turn, away = (eta * self.speed)[:, None], u - self.solution
        return self.solution + (away - turn * _quarter(away)) / (1 + turn**2)

    @property
    def D(self):
        """The distance of the start from the solution, `()`."""
        return jnp.linalg.norm(self.start - self.solution)

    @property
    def L_F(self):
        """The Lipschitz constant of F itself, `()`."""
        return jnp.max(self.speed)

    @property
    def L(self):
        """The components' Lipschitz constant in the mean square, `()`."""
        return jnp.max(self.speed * jnp.sqrt(1 + self.spread**2))

    @property
    def kappa(self):
        """L / L_F, at least 1, `()`: how much worse the components are than their mean."""
        return self.L / self.L_F


def _quarter(u):
    """Each plane turned by a quarter, `(m, 2)`."""
    return u[:, ::-1] * jnp.array([-1.0, 1.0], u.dtype)[None, :]


def _draw(planes):
    """Eight numbers for each plane in one array, since every call of the generator takes a while to compile."""
    return lambda key: jax.random.normal(key, (planes, 8))


def _skew(parameters, speed, spread, *, n, L, D):
    """The problem whose speeds are in proportion to `speed`, and whose constant is L; from the last six numbers of each plane."""
    direction, solution, offset = jnp.split(parameters[:, 2:], 3, axis=1)
    away = D * direction / jnp.sqrt(jnp.sum(direction**2) + 1e-30)
    scaled = L * speed / jnp.max(speed * jnp.sqrt(1 + spread**2))
    count = jnp.asarray(n, direction.dtype)
    return Skew(scaled, spread, L * D * jnp.tanh(offset), count, start=D * solution + away, solution=D * solution)


def _between(low, high, x):
    """A number between low and high for any real x, even in the logarithm."""
    return low * (high / low) ** sigmoid(x)


def _build_plane(parameters, *, n, L, D):
    speed = jnp.ones(len(parameters))
    return _skew(parameters, speed, jnp.zeros_like(speed), n=n, L=L, D=D)


plane = Family(_draw(1), _build_plane)
"""One plane, the same in all components: an extragradient step as long as it may be turns the distance and does not shorten it."""


def _build_planes(parameters, *, n, L, D):
    slow = _between(0.003, 1.0, 2 * parameters[:, 0])
    speed = jnp.where(jnp.arange(len(slow)) == 0, 1.0, slow)
    return _skew(parameters, speed, _between(0.1, 1.0, parameters[:, 1]), n=n, L=L, D=D)


planes = Family(_draw(2), _build_planes)
"""A fast plane, which limits the steps, and one up to 300 times slower, where iterates run in circles."""


def _build_cancelling(parameters, *, n, L, D):
    speed = jnp.ones(len(parameters))
    return _skew(parameters, speed, _between(10.0, 1000.0, 2 * parameters[:, 1]), n=n, L=L, D=D)


cancelling = Family(_draw(1), _build_cancelling)
"""One plane that half of the components turn the other way: the sum is 10 to 1,000 times slower than they are."""
