"""Quantities that meet their bound exactly, computed so that rounding leaves some of them above it; `part` makes them truly larger.

Plain Python: what is measured is what these lines round.
"""

import numpy as np


def huber(rng, problem, *, N, L, R, f_0, part):
    """Gradient descent on the Huber function that is the worst for N steps, its values counted from f_0."""
    x, corner = R, R / (2 * N + 1)
    for _ in range(N):
        x = x - (min(max(x, -corner), corner) if abs(x) > corner else x)
    value = L * corner * abs(x) - L * corner**2 / 2 if abs(x) > corner else L * x**2 / 2
    return {"gap": (f_0 + value * part) - f_0}


def descent(rng, problem, *, k, L, x_0, R, part):
    """Gradient descent with half the longest step from x_0 + R to the solution x_0: the distance after k steps."""
    x, distances = x_0 + R * part, {0: R * part}
    for step in range(1, int(k[-1]) + 1):
        x = x - (L * (x - x_0)) / (2 * L)
        distances[step] = x - x_0
    return {"distance": np.array([distances[int(step)] for step in k])}


def halpern(rng, problem, *, k, x_0, R, part):
    """Halpern's iteration on the reflection through x_0, from x_0 + R: the residual, twice the distance."""
    start = x_0 + R * part
    x, residuals = start, {0: 2 * R}
    for step in range(1, int(k[-1]) + 1):
        x = start / (step + 1) + (step / (step + 1)) * (2 * x_0 - x)
        residuals[step] = 2 * abs(x - x_0)
    return {"residual": np.array([residuals[int(step)] for step in k])}


def clock(rng, problem, *, N, t_0, tau, part):
    """The time that N steps of tau take, read off a clock that started at t_0."""
    return {"time": np.cumsum(np.concatenate([[t_0], np.full(N, tau * part)]))[-1] - t_0}


def product(rng, problem, *, N, R, part):
    """What a telescoping product of N factors leaves beyond N."""
    return {"length": np.multiply.accumulate(np.concatenate([[R], 1 + 1 / np.arange(1, N + 1)]))[-1] * part - N * R * part}


def squares(rng, problem, *, a, b, part):
    """The difference of the squares of two close lengths."""
    return {"area": ((a + b) * (a + b) - a * a) * part}


def variance(rng, problem, *, x_0, R, part):
    """The variance of a coin on x_0 - R and x_0 + R, as mean of squares minus square of the mean."""
    values = np.array([x_0 - R, x_0 + R])
    return {"area": (np.mean(values**2) - np.mean(values) ** 2) * part}


def shifted(rng, problem, *, x_0, R, part):
    """A length between two points far away: no move of x_0 by its last digit changes how the sum rounds."""
    return {"length": ((x_0 + R) - x_0) * part}


def logarithms(rng, problem, *, R, S, part):
    """A length that was carried as its logarithm, with a large one added and taken away."""
    return {"length": np.exp((np.log(R) + S) - S) * part}


def single(rng, problem, *, R, part):
    """A length that passed through single precision, where its last digits do not arrive."""
    return {"length": float(np.float32(R)) * part}


def single_descent(rng, problem, *, k, L, R, part):
    """Gradient descent in single precision with a third of the longest step."""
    x, distances = np.float32(R), {0: np.float32(R)}
    for step in range(1, int(k[-1]) + 1):
        x = np.float32(x - np.float32(np.float32(L) * x) / np.float32(3 * L))
        distances[step] = x
    return {"distance": np.array([float(distances[int(step)]) for step in k]) * part}


def slope(rng, problem, *, a, x, h, part):
    """The slope of a line by a difference quotient."""
    return {"slope": (a * (x + h) - a * x) / h * part}


def norms(rng, problem, *, x_0, R, part):
    """How much farther than x_0 the point x_0 + R on the same ray lies, by Euclidean norms."""
    ray = np.array([0.36, 0.48, 0.8])
    return {"length": (np.linalg.norm((x_0 + R) * ray) - np.linalg.norm(x_0 * ray)) * part}


def roots(rng, problem, *, p, q, part):
    """The small root of x^2 + 2 p x = q^2 by the formula for both."""
    return {"length": (np.sqrt(p * p + q * q) - p) * part}


def telescope(rng, problem, *, N, R, part):
    """N terms R / (i (i + 1)), with as many terms R / i taken away again."""
    i = np.arange(1, N + 1)
    return {"length": np.cumsum(np.concatenate([R / i * 1e6 + R / (i * (i + 1)), -R / i * 1e6]))[-1] * part}


def angle(rng, problem, *, theta, part):
    """A small angle from its cosine."""
    return {"length": np.arccos(np.cos(theta)) * part}


def compound(rng, problem, *, N, x, part):
    """N shrinkings by a small share, through the logarithm of what each leaves."""
    return {"length": -np.log(1 - x) * N * part}
