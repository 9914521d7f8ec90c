"""`halpern.variance_reduced` once more, in plain NumPy with a minibatch of component numbers: the two must agree in law.

The kernel is called with a NumPy generator and the numbers of one instance; it runs as a loop in Python, so it is for short runs.
"""

import math

import numpy as np


def variance_reduced(rng, problem, *, k):
    """Anchor 2/(k + 4), step 1/(4 L) along the PAGE estimate; `residual` and `calls` at the checkpoints, `(len(k),)` each."""
    n, L, start = int(problem.n), float(problem.L), problem.start
    b = math.ceil(math.sqrt(n))
    everything = np.arange(n)
    estimate, u, before, calls = np.zeros_like(start), start, start, 0
    residual, spent = {}, {}
    for i in range(int(k[-1]) + 1):
        residual[i], spent[i] = np.linalg.norm(components(problem, everything, u).mean(0)), calls
        if i == 0 or rng.random() < 4 / (min(i, math.sqrt(n)) + 5):
            estimate, calls = components(problem, everything, u).mean(0), calls + n
        else:
            batch = rng.integers(n, size=b)
            estimate = estimate + (components(problem, batch, u) - components(problem, batch, before)).mean(0)
            calls += 2 * b
        pull = 2 / (i + 4)
        u, before = pull * start + (1 - pull) * u - estimate / (4 * L), u
    return {"residual": np.array([residual[int(i)] for i in k]), "calls": np.array([float(spent[int(i)]) for i in k])}


def components(problem, i, u):
    """F_i(u) for component numbers `i`, `(len(i), m, 2)`: the problem's definition written out with complex numbers."""
    sign = 2.0 * (i[:, None] >> np.arange(len(problem.angle)) & 1) - 1
    turn = (1 - np.exp(1j * (problem.angle + sign * problem.spread))) / 2
    value = problem.L * turn * _complex(u - problem.solution) + sign * _complex(problem.offset)
    return np.stack([value.real, value.imag], axis=-1)


def _complex(x):
    return x[..., 0] + 1j * x[..., 1]
