"""What nature does in the stochastically extended adversarial model: in round t it draws a loss f_t around a mean F_t of its choice.

S. Sachs, H. Hadiji, T. van Erven and C. Guzman 2022, arXiv:2202.07554, Section 2.1.  Points lie in the ball of a radius around 0.  Here
F_t(x) = curvature/2 |x|^2 + <slope_t, x>, with one curvature for all rounds: then the best fixed point in hindsight, sigma_t^2 (the
largest variance of a gradient) and Sigma_t^2 (the largest squared change of the mean gradient from round to round) are closed formulas.
The learner sees the gradient of F_t plus noise.  Rounds count from 1.
"""

import functools
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.nn import sigmoid, softmax

from ..words import reals, unit
from . import Family


class Coin(NamedTuple):
    """Plus or minus `level` with even chances, in a share of the rounds; 0 in the others."""

    level: Array
    share: Array

    def toss(self, word):
        """One value, `()`, by the bits of a random word: the last is the sign."""
        return jnp.where(unit(word) < self.share, jnp.where(word % 2, -self.level, self.level), 0.0)


class Wave(NamedTuple):
    """A vector of the plane whose angle in round t is speed t^power; in one dimension its first coordinate."""

    length: Array
    speed: Array
    power: Array

    def at(self, t, like):
        """The vector in round t, of the shape of `like`."""
        # Quotients of the half angle's tangent: XLA computes a quotient once, but a cosine once for each of its uses in a loop.
        tangent = jnp.tan(self.speed * t**self.power / 2)
        return self.length * jnp.stack([1 - tangent**2, 2 * tangent][: len(like)]) / (1 + tangent**2)


class Waves(NamedTuple):
    """A sum of vectors of the plane, of which each has its length and its angle in round t, speed t^power beyond a phase, `(w,)` each."""

    length: Array
    speed: Array
    power: Array
    phase: Array

    def at(self, t, like):
        """The vector in round t, of the shape of `like`, `(2,)`."""
        angle = self.phase + self.speed * t**self.power
        return jnp.stack([jnp.sum(self.length * jnp.cos(angle)), jnp.sum(self.length * jnp.sin(angle))])


class Nature(NamedTuple):
    """One sequence of rounds; a part that is None is absent.  Units: x for points, f for losses."""

    start: Array
    """Where algorithms begin, `(d,)`."""

    radius: Array
    """Half the diameter of the domain, `()`."""

    G: Array
    """No gradient of any f_t is longer in the domain, `()`."""

    curvature: Array
    """The second derivative of each F_t in every direction, `()`."""

    base: Array | None = None
    """A part of every slope, `(d,)`."""

    fade: Array | None = None
    """A part of the slopes that falls like one over the root of t, `(d,)`."""

    wave: Wave | Waves | None = None
    """A part of the slopes that turns."""

    block: Array | None = None
    """After how many rounds the sign of all slopes changes, `()`."""

    moves: Coin | None = None
    """A part of the slopes, in one dimension, that nature tosses: not noise, since F_t itself has it."""

    noise: Coin | None = None
    """The noise of a gradient, in the first coordinate."""

    honest: Array | None = None
    """All that is seen of a gradient in one dimension is plus or minus this, with chances that make its mean right, `()`."""

    quiet: Array | None = None
    """There is no noise after so many rounds, `()`."""

    frequency: Array | None = None
    """The noise is multiplied by cos(frequency x), `()`: then single losses are not convex."""

    rows: Array | None = None
    """A data set, `(n, d)`: f_t(x) = curvature/2 |x - row|^2 for a row that is drawn evenly."""

    scatter: Array | None = None
    """The mean squared distance of its rows from their mean, `()`."""

    axes: bool | None = None
    """f_t is the mean over one axis alone, drawn evenly, so that a gradient has one coordinate; the noise is on that axis."""

    @property
    def L(self):
        """How much the gradient of F_t changes with the point, `()`."""
        return self.curvature

    @property
    def beta(self):
        """Where a round has one axis: half the smaller of 1/(4 G D) and the largest alpha for which all f_t are exp-concave, `()`."""
        return jnp.minimum(1 / (8 * self.G * self.radius), len(self.start) * self.curvature / self.G**2) / 2

    def slope(self, word, t):
        """The linear part of F_t, `(d,)`; `word` are random bits."""
        slope = jnp.zeros_like(self.start)
        if self.base is not None:
            slope += self.base
        if self.fade is not None:
            slope += self.fade / jnp.sqrt(t)
        if self.wave is not None:
            slope += self.wave.at(t, self.start)
        if self.moves is not None:
            slope += self.moves.toss(word)[None]
        if self.block is not None:
            slope *= 1 - 2 * jnp.floor((t - 1) / self.block % 2)
        return slope

    def seen(self, word, t, x, slope):
        """What the gradient of f_t at x has beside that of F_t, whose slope is given, `(d,)`; `word` are random bits."""
        mean = self.curvature * x + slope
        if self.rows is not None:
            return self.curvature * (x - self.rows[word % len(self.rows)]) - mean
        if self.honest is not None:
            return jnp.where(unit(word) < (1 + mean / self.honest) / 2, self.honest, -self.honest) - mean
        if self.noise is None:
            return jnp.zeros_like(x)
        size = self.noise.toss(word) if self.quiet is None else jnp.where(t <= self.quiet, self.noise.toss(word), 0.0)
        if self.axes is not None:
            axis = (word >> 1) % len(x) == jnp.arange(len(x))
            return jnp.where(axis, len(x) * mean + size, 0.0) - mean
        first = jnp.zeros_like(x).at[0].set(size)
        return first if self.frequency is None else first * jnp.cos(self.frequency * x)

    def variance(self, t):
        """The largest variance of a gradient of f_t, `()`."""
        if self.rows is not None:
            return self.curvature**2 * self.scatter
        if self.honest is not None:
            return self.honest**2 - jnp.sum(self.base**2)
        if self.noise is None:
            return jnp.zeros_like(self.G)
        variance = self.noise.share * self.noise.level**2
        if self.axes is not None:
            far = self.curvature * self.radius + jnp.sqrt(jnp.sum(self.base**2))
            return variance + (len(self.start) - 1) * far**2
        return variance if self.quiet is None else jnp.where(t <= self.quiet, variance, 0.0)


def _draw(d=1):
    return lambda key: dict(zip(("a", "b"), reals(key, (2, d)), strict=True))


def _between(low, high, x):
    """A number between low and high for any real x, even in the logarithm."""
    return low * (high / low) ** sigmoid(x)


def _signed(x, size):
    return jnp.where(x < 0, -size, size)


def _nature(parameters, D, G, curvature=0.0, start=None, **parts):
    zero = jnp.zeros_like(parameters["a"])
    scalar = functools.partial(jnp.asarray, dtype=zero.dtype)
    return Nature(zero if start is None else start, scalar(D) / 2, scalar(G), scalar(curvature), **parts)


def _build_fading(parameters, *, D, level, share, c):
    level, share = jnp.asarray(level, float), jnp.asarray(share, float)
    drift = _signed(parameters["a"], c * level * jnp.sqrt(share))
    return _nature(parameters, D, level * (1 + c), fade=drift, noise=Coin(level, share))


fading = Family(_draw(), _build_fading)
"""Linear losses in one dimension, whose mean fades behind the noise: at every horizon as hard as if the mean were tuned to it.

`level` is the size of the noise, `share` the share of rounds that have it, `c` the mean gradient of round 1 over the root of its variance.
"""


def _build_wavy(parameters, *, D, level, curvature, c):
    level = jnp.asarray(level, float)
    drift = _signed(parameters["a"], c * level)
    G, frequency = level * (1 + c) + curvature * D / 2, _between(1.0, 30.0, parameters["b"][0]) / D
    return _nature(parameters, D, G, curvature, fade=drift, noise=Coin(level, jnp.ones_like(level)), frequency=frequency)


wavy = Family(_draw(), _build_wavy)
"""`fading` with a quadratic, and noise that changes with the point so fast that single losses are not convex."""


def _build_coins(parameters, *, D, level, share):
    return _nature(parameters, D, level, moves=Coin(jnp.asarray(level, float), jnp.asarray(share, float)))


coins = Family(_draw(), _build_coins)
"""Linear losses without noise: an adversary tosses a coin for the sign of the slope in a share of the rounds."""


def _build_chirp(parameters, *, D, level):
    wave = Wave(jnp.asarray(level, float), 2 * _between(2.0, 8.0, parameters["a"][0]), jnp.asarray(0.5))
    return _nature(parameters, D, level, wave=wave)


def _build_biased(parameters, *, D, level, c, T):
    level = jnp.asarray(level, float)
    return _nature(parameters, D, level, base=_signed(parameters["a"], c * level / jnp.sqrt(T)), honest=level)


biased = Family(_draw(), _build_biased)
"""Linear losses whose slope is plus or minus `level`, one of them more likely by c/sqrt(T): nobody can tell which in T rounds."""


def _build_few(parameters, *, D, level, n, T):
    return _build_coins(parameters, D=D, level=level, share=n / T)


few = Family(_draw(), _build_few)
"""`coins` with `n` slopes on average in `T` rounds that are not 0."""


def _build_steady(parameters, *, D, level):
    return _nature(parameters, D, level, base=_signed(parameters["a"], jnp.asarray(level, float)))


steady = Family(_draw(), _build_steady)
"""The same linear loss in every round."""


chirp = Family(_draw(2), _build_chirp)
"""Linear losses without noise whose slope turns by an angle like the root of t: each is almost the one before, all over the circle."""


def _build_waves(parameters, *, D, level):
    share, speed, power, phase = parameters
    level = jnp.asarray(level, float)
    waves = Waves(level * softmax(3 * share), _between(0.01, 100.0, 2 * speed), _between(0.1, 1.0, power), jnp.pi * phase)
    return _nature({"a": jnp.zeros(2)}, D, level, wave=waves)


waves = Family(lambda key: reals(key, (4, 3)), _build_waves)
"""Linear losses without noise, the sum of three vectors that turn, each at its own speed: `chirp` is among them, and jumps to and fro."""


def _centre(parameters, D):
    """Somewhere in the middle half of the domain, `(d,)`."""
    a = parameters["a"]
    return D / 4 * jnp.tanh(a) / jnp.sqrt(len(a))


def _build_noisy(parameters, *, D, level, lam, share=1.0):
    c, level = _centre(parameters, D), jnp.asarray(level, float)
    return _nature(parameters, D, 3 * lam * D / 4 + level, lam, base=-lam * c, noise=Coin(level, jnp.asarray(share, float)))


noisy = Family(_draw(), _build_noisy)
"""One parabola in one dimension, seen through noise of the size `level` in a share of the rounds."""


def _build_early(parameters, *, D, level, lam, S):
    return _build_noisy(parameters, D=D, level=level, lam=lam)._replace(quiet=jnp.asarray(S, float))


early = Family(_draw(), _build_early)
"""`noisy` without noise after `S` rounds."""


def _build_alternating(parameters, *, D, lam, omega):
    omega = jnp.asarray(omega, float) * D
    wave = Wave(lam * omega / 2, jnp.asarray(jnp.pi), jnp.ones_like(omega))
    return _nature(parameters, D, lam * (D + omega) / 2, lam, wave=wave)


alternating = Family(_draw(), _build_alternating)
"""Parabolas without noise whose centre jumps to and fro by `omega` D around 0: each is unlike the one before."""


def _build_turning(parameters, *, D, lam):
    length, speed = jnp.asarray(lam * D / 4, float), _between(2.5, 4.0, parameters["a"][0])
    return _nature(parameters, D, 3 * lam * D / 4, lam, wave=Wave(length, speed, jnp.asarray(0.3)))


turning = Family(_draw(2), _build_turning)
"""Parabolas without noise in the plane whose centre goes round at D/4 from 0, ever more slowly: each is almost the one before."""


def _build_axes(parameters, *, D, level, lam, d):
    c, level = _centre(parameters, D), jnp.asarray(level, float)
    noise = Coin(level, jnp.ones_like(level))
    return _nature(parameters, D, 3 * lam * D / 4 + level, lam / d, base=-lam / d * c, noise=noise, axes=True)


axes = Family(lambda key, *, d: _draw(d)(key), _build_axes)
"""Squared losses (lam x_i - y)^2 / (2 lam) for one coordinate i out of d in every round, with a target y that is noisy by `level`."""


@functools.cache
def _patients():
    """The ten features of scikit-learn's 442 diabetes patients, `(442, 10)`, of which the longest has the length 1."""
    from sklearn.datasets import load_diabetes

    rows = load_diabetes().data
    return rows / np.sqrt((rows**2).sum(1).max())


def _build_patients(parameters, *, D, lam):
    rows = jnp.asarray(D / 2 * _patients())
    mean = rows.mean(0)
    scatter = jnp.mean(jnp.sum((rows - mean[None, :]) ** 2, axis=1))
    radius, G, curvature = (jnp.asarray(value, float) for value in (D / 2, lam * D, lam))
    return Nature(jnp.zeros_like(mean), radius, G, curvature, base=-lam * mean, rows=rows, scatter=scatter)


patients = Family(_draw(), _build_patients)
"""The squared distance from the features of a patient who is drawn from a data set in every round."""


def _build_clean(parameters, *, D, gap, T, S):
    slope = jnp.asarray(gap, float) * jnp.ones_like(parameters["a"])
    return _nature(parameters, D, gap, base=slope, block=jnp.ceil(jnp.asarray(T, float) / S))


clean_segments = Family(_draw(), _build_clean)
"""Linear losses of slope plus or minus `gap`, whose sign changes after each of `S` parts of `T` rounds: the best point jumps by D."""


def _build_segments(parameters, *, D, level, gap, T, S):
    level = jnp.asarray(level, float)
    return _build_clean(parameters, D=D, gap=gap, T=T, S=S)._replace(G=gap + level, noise=Coin(level, jnp.ones_like(level)))


segments = Family(_draw(), _build_segments)
"""`clean_segments` behind noise of the size `level`."""
