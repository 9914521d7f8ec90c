"""Bilevel problems whose upper level is unbounded smooth: a ripple on a hyperbolic cosine in x, and a strongly convex quadratic below.

Points are x, `(4,)`, above and y, `(r,)`, below.  The lower level is a quadratic in y whose solution y*(x) is affine in x, so that the
hypergradient is known in closed form, whatever the algorithm does.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.nn import sigmoid

from .. import coins
from . import Family

FREQUENCY = 3.0
LOW, SPAN = 0.4, 0.2
CURVATURE_NOISE = 0.5
GRID = 501
WIDTH = 13.0
TINY = 1e-30
APART = 1.33
"""By how much constants of the curvature grow in a definition by points a distance d apart: (exp(L_1 d) - 1) / (L_1 d), by Groenwall."""


class Saturating(NamedTuple):
    """f(x, y) = a rippled cosh of x about `centre`, and a log cosh of y about `target`; g(x, y) = (y - B x)' H (y - B x) / 2."""

    centre: Array
    """Where the cosh in x is least, `(4,)`."""

    ripple: Array
    """The height of the ripple on it, `()`: f is not convex in x."""

    target: Array
    """Where the upper level wants y, `(r,)`."""

    B: Array
    """How the lower solution follows x, `(r, 4)`."""

    H: Array
    """The lower level's curvatures, on the axes, `(r,)`."""

    odds: Array
    """In one of how many draws the noise of the gradient in x is above 0, `()`: 2 is even noise, 8 is skewed."""

    start: Array
    """Where algorithms begin above, `(4,)`."""

    guess: Array
    """What they know of the lower solution there, `(r,)`."""

    reach: Array
    """How far that is from the lower solution, `()`."""

    def lower(self, word, x, y):
        """The gradient of g in y, with a sign of noise in every coordinate, `(r,)`."""
        return self.H * (y - self.answer(x)) + coins.signs(word, 0, len(y))

    def upper(self, word, x, y):
        """The gradients of f in x, `(4,)`, and in y, `(r,)`, with noise of variance 1 in every coordinate."""
        return self.slope(x) + coins.rare(word, 0, len(x), self.odds), jnp.tanh(y - self.target) + coins.signs(word, 16, len(y))

    def second(self, word, x, z):
        """The Hessian of g in y times z, `(r,)`, with noise on its diagonal, and its mixed derivative times z, `(4,)`."""
        noisy = self.H + CURVATURE_NOISE * coins.signs(word, 32, len(z))
        return noisy * z, -jnp.sum(self.B * (self.H * z)[:, None], axis=0)

    def slope(self, x):
        """The gradient of f in x, `(4,)`."""
        return rippled_slope(x - self.centre, self.ripple)

    def answer(self, x):
        """The lower solution, `(r,)`."""
        # As a sum, here and below: XLA fuses it with what it is for, where a product of small matrices is a loop of its own.
        return jnp.sum(self.B * x[None, :], axis=1)

    def hypergradient(self, x):
        """The gradient of f(x, y*(x)), `(4,)`."""
        return self.slope(x) + jnp.sum(self.B * jnp.tanh(self.answer(x) - self.target)[:, None], axis=0)

    def value(self, x):
        """f(x, y*(x)), `()`."""
        away = self.answer(x) - self.target
        return jnp.sum(rippled_height(x - self.centre, self.ripple)) + jnp.sum(jnp.logaddexp(away, -away))

    @property
    def L_x0(self):
        """The part of the relaxed smoothness of f in x that does not grow with the gradient, `()`."""
        return APART * _constants(self.ripple)[0]

    @property
    def L_x1(self):
        """The part that grows with it, `()`; for points not further apart than `radius`."""
        return APART * _constants(self.ripple)[1]

    @property
    def K_0(self):
        """The part of the curvature of f(x, y*(x)) that does not grow with its gradient, `()`, for steps within `radius`."""
        size = jnp.linalg.norm(self.B)
        return self.L_x0 + APART * (size**2 + _constants(self.ripple)[1] * size * len(self.target) ** 0.5)

    @property
    def radius(self):
        """How far apart points may be in the definition of relaxed smoothness, `()`; the gradient in y is Lipschitz."""
        return 1 / jnp.sqrt(2 * self.L_x1**2)

    @property
    def roughness(self):
        """The curvature of f in x over what the constants allow it, at its largest on a grid, `()`."""
        return roughness_of(self.ripple)

    @property
    def mu(self):
        """The lower level's least curvature, `()`."""
        return jnp.min(self.H)


def rippled_height(u, ripple):
    return jnp.cosh(u) + ripple * jnp.cos(FREQUENCY * u)


def rippled_slope(u, ripple):
    # sinh u - FREQUENCY ripple sin(FREQUENCY u) as one quotient: XLA computes that once, but sums and sines once for each of their uses.
    grown = jnp.exp(u) / (2 * FREQUENCY)
    return (grown * (grown - ripple * jnp.sin(FREQUENCY * u)) - 0.25 / FREQUENCY**2) / (grown / FREQUENCY)


def _bend(u, ripple):
    return jnp.cosh(u) - FREQUENCY**2 * ripple * jnp.cos(FREQUENCY * u)


def _constants(ripple):
    """L_0 and L_1 with |f''| <= L_0 + L_1 |f'| in every coordinate: cosh u is at most 1 + |sinh u|, and the ripple adds its own."""
    return 1 + (FREQUENCY**2 + FREQUENCY) * ripple, jnp.ones_like(ripple)


def roughness_of(ripple):
    u = jnp.linspace(-WIDTH, WIDTH, GRID)
    flat, steep = _constants(ripple)
    return jnp.max(jnp.abs(_bend(u, ripple)) / (flat + steep * jnp.abs(rippled_slope(u, ripple))))


SHAPES = {"centre": (4,), "target": (6,), "B": (6, 4), "H": (6,), "ripple": (), "side": (4,), "off": (6,)}


def _draw(key):
    # One draw for all: a draw for each takes most of the time that it takes to compile a run.
    ends = np.cumsum([math.prod(shape) for shape in SHAPES.values()])
    parts = jnp.split(jax.random.normal(key, (int(ends[-1]),)), ends[:-1])
    return {name: part.reshape(shape) for part, (name, shape) in zip(parts, SHAPES.items(), strict=True)}


def _build(parameters, *, away, odds):
    B = 2 * _direction(parameters["B"])
    off = 3 * _direction(parameters["off"])
    start = parameters["centre"] + away * jnp.where(parameters["side"] < 0, -1, 1)
    return Saturating(
        centre=parameters["centre"],
        ripple=LOW + SPAN * sigmoid(parameters["ripple"]),
        target=parameters["target"],
        B=B,
        H=1 + 2 * sigmoid(parameters["H"]),
        odds=jnp.asarray(odds),
        start=start,
        guess=B @ start + off,
        reach=jnp.linalg.norm(off),
    )


def _direction(a):
    return a / jnp.sqrt(jnp.sum(a**2) + TINY)


rippled = Family(_draw, _build)
"""Random problems. Under skewed noise a step of one length has a bias, unless the noise is averaged before."""
