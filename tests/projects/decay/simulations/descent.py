"""Gradient descent on a quadratic, in JAX and in plain Python."""

import numpy as np

from .problems import bowls as families


def steps(key, problem, *, k):
    """The distance from the minimum after k steps of half the inverse of the curvature."""
    return {"gap": problem.start * 0.5**k, "start": problem.start}


def slow(rng, problem, *, k, step=0.1):
    """The same in plain Python with a step of its own."""
    return {"gap": np.asarray(problem.start) * (1 - step) ** k, "start": problem.start}


def hungry(key, problem, *, k, appetite):
    """Takes a letter that few claims have."""
    return {"gap": problem.start / (1 + appetite * k)}


def still(key, problem):
    """Reads nothing along the way."""
    return {"gap": problem.start}


def backwards(problem, *, k):
    """A kernel without its key."""
    return {"gap": problem.start / k}


both = families.bowl
again = steps
partial = (lambda n: steps)(3)
