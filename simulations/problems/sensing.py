"""Low-rank matrices to be recovered from linear measurements, with a small random start of the factors.

The unknown symmetric `(n, n)` matrix has rank 2 and the eigenvalues 1 and 1/kappa; its eigenvectors are the first two axes,
which the isotropic measurements and starts here cannot tell from any others.  Everything is in units of 1.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.nn import sigmoid

from ..mirrors import mirrored
from . import Family


class Sensing(NamedTuple):
    """One matrix, how it is measured, and where its factors begin."""

    target: Array
    """The matrix, `(n, n)`."""

    normal: Array | None
    """The measurements followed by their adjoint, on matrices written as vectors, `(n n, n n)`; None for the identity."""

    start: Array
    """The left and the right factor where algorithms begin, `(2, n, k)`; symmetric ones take the left."""

    def residual(self, product):
        """What the measurements tell of the distance of a product of factors `(n, n)` from the matrix, `(n, n)`."""
        difference = product - self.target
        return difference if self.normal is None else (self.normal @ difference.ravel()).reshape(difference.shape)

    def gradients(self, F, G):
        """What `residual` at the product of F and G' moves them by, `(2, n, k)`: it times G, and its transpose times F."""
        if self.normal is None:
            # By Gram matrices and the diagonal, outside of which the matrix is zero: nothing n wide and n high is formed.
            eigenvalues = jnp.diag(self.target)[:, None]
            return jnp.stack([F @ (G.T @ G) - eigenvalues * G, G @ (F.T @ F) - eigenvalues * F])
        residual = self.residual(F @ G.T)
        return jnp.stack([residual @ G, residual.T @ F])

    def error(self, product):
        """The distance of a product of factors from the matrix in the Frobenius norm, `()`."""
        return jnp.sqrt(jnp.sum((product - self.target) ** 2))

    @property
    def delta(self):
        """An upper bound on the relative error of a squared length by the measurements, over matrices of every rank, `()`.

        The restricted isometry constant of any order is at most that.  It is the Schatten norm of order 16 of what the measurements
        and their adjoint differ from the identity by, at most a fifth above the largest eigenvalue for a few hundred of them.
        """
        power = self.normal - jnp.eye(len(self.normal), dtype=self.normal.dtype)
        for _ in range(3):
            power = power @ power
        return jnp.sum(power**2) ** (1 / 16)

    @property
    def imbalance(self):
        """The least eigenvalue of what the Gram matrix of the left factor has more than the right one's at the start, `()`."""
        F, G = self.start
        return jnp.linalg.eigvalsh(F.T @ F - G.T @ G)[0]


def _problem(factors, kappa, normal=None):
    n = factors.shape[1]
    target = jnp.zeros((n, n), factors.dtype).at[0, 0].set(1).at[1, 1].set(1 / kappa)
    return Sensing(target, normal, factors)


def _draw_population(key, *, n, k):
    return {"factors": jax.random.normal(key, (2, n, k)) / jnp.sqrt(1.0 * n)}


def _reduced(factors):
    """Both factors `(2, n, k)` with all rows but the first two rotated into at most 2 k.

    Nothing but the identity measures them, so products, errors and singular values stay what they are.  Of a Gaussian matrix the
    rotation leaves the entries above the diagonal, and on it the lengths of what is below (M. S. Bartlett 1933): no QR is needed.
    """
    k = factors.shape[2]
    rows = jnp.concatenate([factors[0, 2:], factors[1, 2:]], axis=1)
    size = min(rows.shape)
    lengths = jnp.sqrt(jnp.sum(jnp.tril(rows) ** 2, axis=0))
    triangle = jnp.triu(rows[:size], 1) + jnp.eye(size, 2 * k, dtype=rows.dtype) * lengths[None, :]
    return jnp.concatenate([factors[:, :2], jnp.stack([triangle[:, :k], triangle[:, k:]])], axis=1)


def _imbalanced(factors, alpha):
    return alpha * factors * jnp.array([1, 1 / 3], factors.dtype)[:, None, None]


def _build_population(parameters, *, alpha, kappa):
    return _problem(_imbalanced(_reduced(parameters["factors"]), alpha), kappa)


population = Family(_draw_population, _build_population)
"""Every entry measured: the limit of many measurements.  The right factor begins at a third of the left one's scale."""


def _build_balanced(parameters, *, alpha, kappa):
    left = _reduced(parameters["factors"])[0]
    return _problem(alpha * jnp.stack([left, left]), kappa)


balanced = Family(_draw_population, _build_balanced)
"""`population` with both factors equal at the start."""


def _draw_bounded(key, *, k):
    drawn = jax.random.normal(key, (4 * k * (k + 1) + 6,))
    sizes, angles, mirrors, rest = jnp.split(drawn, (4, 6, 6 + 4 * k))
    return {"sizes": sizes.reshape(2, 2), "angles": angles, "mirrors": mirrors.reshape(2, 2, k), "rest": rest.reshape(2 * k, 2 * k)}


def _build_bounded(parameters, *, n, alpha, kappa):
    sizes, rest = 0.6 * 2.5 ** sigmoid(parameters["sizes"]), parameters["rest"]
    signal = jax.vmap(_rows)(parameters["mirrors"], sizes, parameters["angles"]) / jnp.sqrt(1.0 * n)
    beside = jnp.eye(len(rest), dtype=rest.dtype) + 0.35 * rest / jnp.sqrt(1 + jnp.sum(rest**2))
    left, right = jnp.split(beside, 2, axis=1)
    return _problem(_imbalanced(jnp.concatenate([signal, jnp.stack([left, right])], axis=1), alpha), kappa)


def _rows(mirrors, sizes, angle):
    """Two rows `(2, k)` with the singular values `sizes`."""
    cos, sin = jnp.cos(jnp.pi * angle), jnp.sin(jnp.pi * angle)
    turn = jnp.stack([jnp.stack([cos, -sin]), jnp.stack([sin, cos])])
    return turn @ (sizes[:, None] * mirrored(jnp.eye(2, mirrors.shape[1], dtype=mirrors.dtype), mirrors))


bounded = Family(_draw_bounded, _build_bounded)
"""`population` in few enough numbers for a search, without the starts that are rare.

Along the signal the singular values of the left factor are 0.6 to 1.5 over the root of n, and a third of that those of the right one, so
that they cannot cancel; what lies beside the signal, in at most 2 k rows, is within 0.35 of orthonormal columns for both factors together.
"""


def _draw_gaussian(key, *, n, k, m):
    a, b = jax.random.split(key)
    return _draw_population(a, n=n, k=k) | {"measurements": jax.random.normal(b, (m, n * n))}


def _build_gaussian(parameters, *, alpha, kappa):
    measurements = parameters["measurements"]
    normal = measurements.T @ measurements / len(measurements)
    return _problem(_imbalanced(parameters["factors"], alpha), kappa, normal)


gaussian = Family(_draw_gaussian, _build_gaussian)
"""`population` seen through m inner products with Gaussian matrices."""
