"""Claims that compare measured quantities with each other: an ordering, a path from step to step, a separation of two algorithms."""

from __future__ import annotations

import sympy

from .claim import Claim, is_previous
from .kind import Kind, kind_of


def order_of(claim: Claim) -> str:
    """What a claim compares: `ordering`, `monotone path`, `path` (any other bound by the step before), `separation`, or nothing."""
    kind = kind_of(claim)
    if by_steps(kind):
        return "monotone path" if is_previous(kind.bound) and kind.bound.args[0] == kind.quantity else "path"
    compared = [s for s in kind.bound.free_symbols if s in claim.where and claim.where[s].kind == "measured"]
    if kind.form == "trend" and any(claim.where[s].by or claim.where[kind.quantity].by for s in compared):
        return "separation"
    factors = sympy.Mul.make_args(kind.bound)
    ordering = kind.form == "explicit" and len(compared) == 1 and all(f.is_number or f == compared[0] for f in factors)
    return "ordering" if ordering else ""


def by_steps(kind: Kind) -> bool:
    """Whether the bound uses the value one step, or one checkpoint, before."""
    return any(is_previous(part) for part in sympy.preorder_traversal(kind.bound))
