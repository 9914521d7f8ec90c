"""Quadratics on a line, made in every way that a family may be made."""

from typing import Any, NamedTuple

from . import Family, shapes
from .shapes import build as build_shape
from .shapes import wide


class Bowl(NamedTuple):
    """A quadratic."""

    start: Any
    D: Any


def _draw(key):
    return ()


def _draw_many(count):
    def draw(key, *, n):
        return ()

    return draw


def _build(parameters, *, D):
    return Bowl(D, D)


bowl = Family(_draw, _build)
keyword = Family(draw=_draw, build=_build)
made = Family(_draw_many(8), _build)
borrowed = Family(_draw, build_shape)
dotted: Family = Family(shapes.draw, shapes.build)
small = Family(lambda key: (), lambda parameters, *, D=1.0: Bowl(D, D))
alias = bowl
positional = Family(_draw, lambda parameters, D: Bowl(D, D))
families = [bowl, wide]
