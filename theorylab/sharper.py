"""Whether a control says no more than its claim: then it could be refuted only if the claim were."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy

from .bound import SignedLog, evaluate
from .box import Points, inside, lines, points
from .claim import Claim, Control, Role
from .kind import Kind

SAME = 1e-9
# Half the smallest difference of slopes that the plan's resolution takes notice of.
SLOPE = 0.01
HEAVY = 10**9
SIDES = {"upper": (1,), "lower": (-1,), "two": (1, -1)}


def says_no_more(claim: Claim, kind: Kind, control: Control, rival: Claim, rival_kind: Kind) -> bool:
    """Whether everything that a control replaces is the claim's own, or a part of it, or follows from it.

    A control that is sharper anywhere in the box, on another quantity, or of a form that cannot be compared says more.
    """
    parts = {
        "simulation": lambda: rival.kernels == claim.kernels,
        "problems": lambda: rival.problems == claim.problems or (set() < set(rival.problems) <= set(claim.problems)),
        "assuming": lambda: set(rival.assuming) >= set(claim.assuming),
        "where": lambda: all(_within(claim.where.get(s), role, kind.form) for s, role in control.where.items()),
        "because": lambda: False,
        "statement": lambda: rival.statement == claim.statement or _follows(claim, kind, rival, rival_kind),
    }
    return all(parts[name]() for name in control.replaced)


def identical(claim: Claim, control: Control, rival: Claim) -> bool:
    """Whether everything that a control replaces reads as it does in the claim."""
    return all(getattr(rival, name) == getattr(claim, name) for name in control.replaced)


def _within(outer: Role | None, inner: Role, form: str) -> bool:
    """Whether a letter's new range is a part of its old one; a trend may well be another on another range."""
    if outer == inner:
        return True
    if outer is None or form != "explicit" or outer.low is None or outer.high is None:
        return False
    low, high = min(outer.low, outer.high), max(outer.low, outer.high)
    if inner.kind == "fixed" and inner.value is not None:
        return inner.value in outer.among if outer.among else low <= inner.value <= high
    if inner.kind != outer.kind or inner.low is None or inner.high is None:
        return False
    if outer.among:
        return bool(inner.among) and set(inner.among) <= set(outer.among)
    return low <= min(inner.low, inner.high) and max(inner.low, inner.high) <= high


def _follows(claim: Claim, kind: Kind, rival: Claim, rival_kind: Kind) -> bool:
    """Whether the rival's bound is nowhere sharper than the claim's, on each side that the rival bounds."""
    if rival_kind.quantity != kind.quantity or not set(SIDES[rival_kind.side]) <= set(SIDES[kind.side]):
        return False
    match kind.form, rival_kind.form:
        case "explicit", "explicit":
            return all(_nowhere_beyond(rival, kind.bound, rival_kind.bound, side) for side in SIDES[rival_kind.side])
        case ("explicit" | "trend" | "terms", "trend" | "terms"):
            pairs = [(_heavy(kind, heavy), _heavy(rival_kind, heavy)) for heavy in kind.unknowns or (None,)]
            return all(not _outgrown(rival, *pair, side) for pair in pairs for side in SIDES[rival_kind.side])
        case "rate", "rate":
            same = kind.steps == rival_kind.steps and _constant_ratio(rival, kind.scale, rival_kind.scale)
            # The faster rate is the smaller bound, so rates are compared by their inverses.
            slow, fast = 1 / kind.per_step, 1 / rival_kind.per_step
            return same and all(not _outgrown(rival, slow, fast, side) for side in SIDES[rival_kind.side])
    return False


def _heavy(kind: Kind, heavy: Any) -> Any:
    """The bound with one constant so large that its term rules, the others 1: a sum says something of each of its terms."""
    if kind.form != "terms":
        return kind.scale
    return sympy.Add(*((HEAVY if constant == heavy else 1) * term for constant, term in kind.terms))


def _nowhere_beyond(rival: Claim, bound: Any, other: Any, side: int) -> bool:
    """Whether an explicit bound lies on the claim's safe side at every point."""
    table = points(rival.where)
    mine, its = evaluate(bound, table), evaluate(other, table)
    here = inside(rival.assuming, table, rival.where)
    return not (here & _less(its, mine, side)).any()


def _less(a: SignedLog, b: SignedLog, side: int) -> Any:
    """Whether a is less than b by more than rounding (greater, where side is -1)."""
    far = np.where(np.equal(a.sign, b.sign), np.abs(_difference(a.log, b.log)) > SAME, True)
    return far & np.logical_not(a >= b if side > 0 else b >= a)


def _outgrown(rival: Claim, scale: Any, other: Any, side: int) -> bool:
    """Whether the rival's scale grows more slowly than the claim's (faster, where side is -1) towards the end of some axis.

    What the constant takes up, and what differs on the first half of an axis only, no test of a trend would tell. A measured
    letter, whose values no range says, may move along any axis, and either way.
    """
    for symbol, role in rival.where.items():
        if (role.swept or role.kind == "measured") and symbol in scale.free_symbols | other.free_symbols:
            table = lines(rival.where, symbol)
            gap = _gap(scale, other, table)
            x = np.log(table[symbol][0])
            here = inside(rival.assuming, table, rival.where)
            # Nobody knows which way what is measured tends, nor how far.
            for end, before in ((-1, -2), (0, 1)) if role.kind == "measured" else ((-1, len(x) // 2),):
                fall = _difference(gap[:, end], gap[:, before]) / abs(x[end] - x[before])
                both = (here[:, end] & here[:, before]) if here.shape[1] > 1 else here[:, 0]
                if (both & (side * fall < -SLOPE)).any():
                    return True
    return False


def _constant_ratio(rival: Claim, scale: Any, other: Any) -> bool:
    gap = _gap(scale, other, {s: v[:, None] for s, v in points(rival.where).items()})
    gap = gap[~np.isnan(gap)]
    return gap.size > 0 and bool(np.isfinite(gap).all() and np.ptp(gap) < SAME)


def _gap(scale: Any, other: Any, table: Points) -> np.ndarray:
    gap = _difference(evaluate(sympy.sympify(other), table).log, evaluate(sympy.sympify(scale), table).log)
    return np.broadcast_to(gap, np.broadcast_shapes(np.shape(gap), *(v.shape for v in table.values())))


def _difference(a: Any, b: Any) -> np.ndarray:
    """The difference of two logarithms; NaN, which nothing is beyond, where both numbers are 0 or both are infinite."""
    with np.errstate(invalid="ignore"):
        return np.subtract(a, b)
