"""Convex programs for networks with one hidden layer of ReLUs: with all neurons, or with some whose hidden weights are drawn.

Y. Bai, T. Gautam and S. Sojoudi 2023, arXiv:2201.01965.  With hidden weights u_1, ..., u_P of length one, the network sum_j a_j relu(X u_j)
is linear in a, and weight decay of both layers is beta times the sum of |a_j|.  The dual program projects y onto the v that have
|v' relu(X u_j)| <= beta for all j; a further neuron lowers the optimum where it breaks that.  The plane has so few directions that all
of them can be looked at.
"""

import jax
import jax.numpy as jnp

STEPS = 100
"""Newton steps of the barrier method."""

ACCURACY = 1e-11
"""The last weight of the barrier, over the first."""

DIRECTIONS = 1024
"""Directions of the circle at which `violated` is measured."""

ALL = 128
"""Directions that stand for all where the least of all losses is bounded: the bound is lower than that by half a per cent."""

MARGIN = 1e-7
"""By how much of beta a neuron has to break its constraint to count: what the barrier leaves is less."""


def sampled(key, problem, *, P_s, beta, arc, nested, most):
    """The program with `P_s` of `most` neurons, of directions that are uniform on `arc` of the circle: the share `violated` of all
    directions whose neuron lowers the optimum, the optimum `value`, and that of half as many neurons, `value_of_half`, of the same ones
    where `nested` is 1, of others where it is 0; `()` each."""
    place = jnp.arange(most)
    angles = 2 * jnp.pi * arc * jax.random.uniform(key, (most,), problem.targets.dtype)
    neurons = _neurons(problem.inputs, angles)
    begin = (1 - nested) * P_s
    first = (place >= begin) & (2 * (place - begin) < P_s)
    v = _dual(jnp.where((place < P_s)[:, None], neurons, 0), problem.targets, beta)
    half = _dual(jnp.where(first[:, None], neurons, 0), problem.targets, beta)
    around = 2 * jnp.pi * (jnp.arange(DIRECTIONS) + 0.5) / DIRECTIONS
    broken = jnp.abs(_neurons(problem.inputs, around) @ v) > (1 + MARGIN) * beta
    y = problem.targets
    return {
        "violated": jnp.mean(broken.astype(y.dtype)),
        "value": _value(v, y),
        "value_of_half": _value(half, y),
    }


def network(key, problem, *, beta, decay):
    """The least `loss` of networks with the problem's hidden neurons, of any lengths, with `decay` times its weight decay; and the
    optimum of the convex program with all neurons, `least`; `()` each."""
    v = _dual(_neurons(problem.inputs, jnp.arctan2(problem.start[:, 1], problem.start[:, 0])), problem.targets, beta)
    misfit = v @ v / 2
    return {"loss": misfit + decay * (_value(v, problem.targets) - misfit), "least": _least(problem, beta)}


def _least(problem, beta):
    """A lower bound of every network's loss, `()`, and nearly their least: the dual value at a v that no direction breaks."""
    X = problem.inputs
    around = 2 * jnp.pi * jnp.arange(ALL) / ALL
    v = _dual(_neurons(X, around), problem.targets, beta)
    return _value(v * beta / jnp.maximum(beta, _steepest(X, v)), problem.targets)


def _steepest(X, v):
    """The largest |v' relu(X u)| over all u of length one, `()`, exactly: u lies along the gradient of its activation pattern, or on a
    border of that."""
    turned = jnp.stack([-X[:, 1], X[:, 0]], axis=1)
    borders = jnp.concatenate([turned, -turned])
    length = jnp.sqrt(jnp.sum(borders**2, axis=1))
    borders = borders / jnp.where(length > 0, length, 1)[:, None]
    # On both sides of each border, which inputs are seen; the border's own input is on one side only.
    own = jnp.tile(jnp.eye(X.shape[0], dtype=bool), (2, 1))
    seen = jnp.where(own, False, borders @ X.T > 0)
    slopes = jnp.concatenate([(seen * v[None, :]) @ X, ((seen | own) * v[None, :]) @ X])
    inner = slopes / jnp.sqrt(jnp.maximum(jnp.sum(slopes**2, axis=1), 1e-300))[:, None]
    u = jnp.concatenate([borders, inner, -inner])
    return jnp.max(jnp.abs(jnp.maximum(u @ X.T, 0) @ v))


def _dual(neurons, y, beta):
    """The projection v of y, `(n,)`, onto |neurons v| <= beta, by Newton steps on a barrier that fades, from 0 on."""
    n = y.shape[0]
    eye = jnp.eye(n, dtype=y.dtype)
    pairs = (neurons.T[:, None, :] * neurons.T[None, :, :]).reshape(n * n, -1)

    def step(i, v):
        weight = ACCURACY ** (i / (STEPS - 10)) * (beta**2 + jnp.sum(y**2))
        weight = jnp.maximum(weight, ACCURACY * (beta**2 + jnp.sum(y**2)))
        s = neurons @ v
        room = beta**2 - s**2
        slope = v - y + weight * (2 * s / room) @ neurons
        bend = eye + weight * (pairs @ (2 * (beta**2 + s**2) / room**2)).reshape(n, n)
        move = _solved(bend, slope)
        return v - move / (1 + jnp.sqrt(jnp.maximum(slope @ move, 0) / weight))

    return jax.lax.fori_loop(0, STEPS, step, jnp.zeros_like(y))


def _solved(A, b):
    """A^-1 b, `(n,)`, for a few unknowns and a positive definite A, by elimination, which runs on many lanes at once as LAPACK does not."""
    rows = [*jnp.concatenate([A, b[:, None]], axis=1)]
    for i in range(len(rows)):
        rows[i] = rows[i] / rows[i][i]
        rows = [row if j == i else row - row[i] * rows[i] for j, row in enumerate(rows)]
    return jnp.stack([row[-1] for row in rows])


def _neurons(X, angles):
    """The outputs of neurons for all inputs, `(angles, n)`."""
    return jnp.maximum(jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=1) @ X.T, 0)


def _value(v, y):
    return v @ y - v @ v / 2
