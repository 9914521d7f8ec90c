"""Smooth and Lipschitz losses on which private gradient methods do badly, made of Huber's function, whose slope stops growing.

The records of a data set are of a few kinds, equally many of each; their number n enters through the noise of private algorithms, so a
run costs as much for any n.  Neighbouring data sets replace one record.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.nn import sigmoid

from . import Family

WIDTH = 64
"""Coordinates of the families named `wide`, of which the first d are used: one compilation serves all d."""
LESS = 1 - 1e-12
"""Keeps what is built to meet a constant below it, whatever the last digit."""


class Valley(NamedTuple):
    """Huber's function of the first coordinate plus Huber's function of the norm of the others.  Units: f for values, x for points."""

    start: Array
    """Where algorithms begin, `(w,)`, 0 beyond the first d coordinates."""

    solution: Array
    """Where the loss is least, `(w,)`."""

    slopes: Array
    """The largest slope of each of the two parts, `(2,)`."""

    offset: Array
    """What half of the records add to their gradient, and the others take away, `(w,)`."""

    d: Array
    """The dimension, `()`, at most w."""

    L_0: Array
    """The Lipschitz constant that algorithms are told, `()`."""

    L_1: Array
    """The smoothness constant, which they are told, `()`."""

    F_0: Array
    """What they are told the loss at the start exceeds its least value by at most, `()`."""

    def gradients(self, w):
        """The gradient at w of each kind of records, `(2, w)`."""
        z = w - self.solution
        shrink = jnp.minimum(1, self.slopes / (self.L_1 * self._lengths(z)))
        mean = self.L_1 * z * jnp.where(jnp.arange(z.size) == 0, shrink[0], shrink[1])
        return mean[None, :] + jnp.stack([self.offset, -self.offset])

    @property
    def coordinates(self):
        """1 in the d coordinates that are used, 0 in the others, `(w,)`."""
        return (jnp.arange(self.start.size) < self.d).astype(self.start.dtype)

    @property
    def lipschitz(self):
        """A bound on the norm of every record's gradient anywhere, `()`."""
        return jnp.linalg.norm(self.slopes) + jnp.linalg.norm(self.offset)

    @property
    def gap(self):
        """By how much the loss at the start exceeds its least value, `()`."""
        length, bend = self._lengths(self.start - self.solution), self.slopes / self.L_1
        return jnp.sum(jnp.where(length <= bend, self.L_1 * length**2 / 2, self.slopes * (length - bend / 2)))

    def _lengths(self, z):
        """The norms of the two parts of z, `(2,)`, a little above 0 where they are 0."""
        return jnp.sqrt(jnp.stack([z[0] ** 2, jnp.sum(z[1:] ** 2)]) + 1e-200)


def _drawn(key, width):
    drawn = jax.random.normal(key, (2 * width,))
    return {"steepness": drawn[0], "direction": drawn[1:width], "offset": drawn[width:]}


def _draw(key, *, d):
    return _drawn(key, d)


def _draw_wide(key):
    return _drawn(key, WIDTH)


def _valley(parameters, slopes, gaps, d, L_0, L_1, F_0, unlike=0.0):
    """The loss whose parts have these slopes `(2,)`, and which are this high at the start `(2,)`; `unlike` is the norm of the offset."""
    slopes, gaps = LESS * slopes, LESS * gaps
    bend = slopes / L_1
    away = jnp.where(gaps <= slopes * bend / 2, jnp.sqrt(2 * gaps / L_1), gaps / slopes + bend / 2)
    used = jnp.arange(parameters["offset"].size) < d
    start = jnp.concatenate([away[:1], away[1] * _unit(parameters["direction"] * used[1:])])
    offset = LESS * unlike * _unit(parameters["offset"] * used)
    d, L_0, L_1, F_0 = (jnp.asarray(x, start.dtype) for x in (d, L_0, L_1, F_0))
    return Valley(start, jnp.zeros_like(start), slopes, offset, d, L_0, L_1, F_0)


def _unit(direction):
    return direction / jnp.sqrt(jnp.sum(direction**2) + 1e-30)


def _build_ramp(parameters, *, n, d, mu, L_0, L_1, F_0, P=1, unlike=0.0):
    least = (F_0 * L_1 * L_0 * d / (n * P * mu) ** 2) ** (1 / 3)
    steepest = (1 - unlike) * L_0 / jnp.sqrt(2.0)
    slope = jnp.minimum(least * 4.5 ** sigmoid(2 * parameters["steepness"]), steepest)
    return _valley(parameters, jnp.stack([slope, steepest]), jnp.stack([F_0, 0 * slope]), d, L_0, L_1, F_0, unlike * L_0)


def _build_ramps(parameters, *, n, d, mu, L_0, L_1, F_0):
    return _build_ramp(parameters, n=n, d=d, mu=mu, L_0=L_0, L_1=L_1, F_0=F_0)


ramps = Family(_draw, _build_ramps)
"""All of the gap on a ramp, so long that many steps find its slope as it was; across it a bowl, which noise stirs up.

The slope of a ramp that is walked down just once falls with the number of steps, and differs between algorithms: it is drawn.
"""

wide_ramps = Family(_draw_wide, _build_ramps)
"""`ramps` of any dimension up to WIDTH."""


def _build_shared_ramps(parameters, *, n, P, d, mu, L_0, L_1, F_0):
    return _build_ramp(parameters, n=n, d=d, mu=mu, L_0=L_0, L_1=L_1, F_0=F_0, P=P, unlike=0.3)


shared_ramps = Family(_draw, _build_shared_ramps)
"""`ramps` for the n P records of P clients, half of whom have other gradients than the rest, by three tenths of L_0 up and down."""


def _build_bowls(parameters, *, d, L_0, L_1, F_0):
    share = sigmoid(parameters["steepness"])
    slopes = jnp.full(2, 0.7 * L_0 / jnp.sqrt(2.0))
    return _valley(parameters, slopes, F_0 * jnp.stack([share, 1 - share]), d, L_0, L_1, F_0, 0.3 * L_0)


bowls = Family(_draw, _build_bowls)
"""Curvature L_1 in every direction where a run ends: what is left there is noise.  Half of the records have other gradients."""


def _draw_valley(key, *, d):
    drawn = jax.random.normal(key, (d + 2,))
    return {"slopes": drawn[:2], "share": drawn[2], "direction": drawn[3:]}


def _build_valleys(parameters, *, d, L_0, L_1, F_0):
    share, alike = sigmoid(2 * parameters["share"]), jnp.zeros(d, parameters["slopes"].dtype)
    slopes = L_0 / jnp.sqrt(2.0) * 1e-3 ** sigmoid(2 * parameters["slopes"])
    return _valley(parameters | {"offset": alike}, slopes, F_0 * jnp.stack([share, 1 - share]), d, L_0, L_1, F_0)


valleys = Family(_draw_valley, _build_valleys)
"""Slopes and heights of both parts as they may be: `ramps` are among them, and bowls."""


class Cloud(NamedTuple):
    """The mean of Huber's functions of the distances from a few points, so near each other that it is least at their mean."""

    start: Array
    """Where algorithms begin, `(d,)`."""

    solution: Array
    """The mean of the points, `(d,)`."""

    points: Array
    """The kinds of records, `(k, d)`, all within L_0 / (4 L_1) of the start."""

    L_0: Array
    """The largest slope, `()`."""

    L_1: Array
    """The curvature near the points, `()`."""

    def gradients(self, w):
        """The gradient at w of each kind of records, `(k, d)`."""
        z = w[None, :] - self.points
        return self.L_1 * z * jnp.minimum(1, self.L_0 / (self.L_1 * jnp.sqrt(jnp.sum(z**2, axis=1, keepdims=True) + 1e-200)))

    @property
    def coordinates(self):
        """1 in all coordinates, `(d,)`."""
        return jnp.ones_like(self.start)

    @property
    def d(self):
        """The dimension."""
        return self.start.size

    @property
    def F_0(self):
        """By how much the loss at the start exceeds its least value, `()`."""
        return self.L_1 * jnp.sum((self.start - self.solution) ** 2) / 2

    @property
    def moves(self):
        """By how much another record in place of one of n moves the solution, times n, `()`."""
        return self.L_0 / (2 * self.L_1)


def _draw_cloud(key, *, d):
    drawn = jax.random.normal(key, (5, d))
    return {"middle": drawn[0], "around": drawn[1:]}


def _build_cloud(parameters, *, L_0, L_1):
    away = parameters["middle"][None, :] + parameters["around"]
    points = L_0 / (4 * L_1) * jax.vmap(_unit)(away)
    solution = jnp.mean(points, axis=0)
    return Cloud(jnp.zeros_like(solution), solution, points, jnp.asarray(L_0, points.dtype), jnp.asarray(L_1, points.dtype))


clouds = Family(_draw_cloud, _build_cloud)
"""R. Arora et al. 2023, the proof of Theorem 4.3: a gradient as small as this finds the mean of the points as well."""
