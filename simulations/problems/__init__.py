"""Families of problem instances, one module per kind of problem."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Family(NamedTuple):
    """A set of instances that a theorem speaks about, as a random part and a deterministic part.

    Both take only the letters that they need, by parameter name.  A search moves the parameters, so `build` maps any
    reals into the assumptions of the theorem.
    """

    draw: Callable[..., Any]
    """`draw(key, *, letters) -> parameters`: a pytree of unconstrained real arrays, `()` when nothing is random."""

    build: Callable[..., Any]
    """`build(parameters, *, letters) -> problem`: a pytree with `start`, `solution` and the operations it offers."""
