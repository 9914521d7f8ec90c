"""A family that another module borrows."""

from . import Family


def draw(key, *, n):
    """Nothing is random."""
    return ()


def build(parameters, *, D, n=2):
    """A start."""
    return D


wide = Family(draw, build)
