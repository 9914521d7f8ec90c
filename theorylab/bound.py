"""A sympy expression as numbers: its sign and logarithm at arrays of letters, where the plain value would underflow; and its unit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache, reduce
from typing import Any, NamedTuple

import numpy as np
import sympy

from .claim import Slip, is_previous

Values = Mapping[sympy.Basic, Any]
Unit = dict[str, Fraction]


class SignedLog(NamedTuple):
    """Real numbers as sign (-1, 0, 1) and logarithm of the size: what (1 + 2 b)^-5000 needs."""

    sign: Any
    log: Any

    @property
    def value(self) -> Any:
        """The plain number, which may underflow to 0 or overflow to inf."""
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            return self.sign * np.exp(self.log)

    def __ge__(self, other: SignedLog) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        same = self.sign == other.sign
        return np.where(same, self.sign * self.log >= other.sign * other.log, self.sign > other.sign)


def signed_log(value: Any) -> SignedLog:
    """Plain numbers as sign and logarithm; NaN stays NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return SignedLog(np.sign(value), np.log(np.abs(value)))


def evaluate(expression: Any, values: Values) -> SignedLog:
    """The expression where letters, and previous(letter), have these values: numbers or NumPy arrays that broadcast.

    Raises KeyError for a letter without a value. NaN marks what is undefined, such as the root of a negative number.
    """
    if expression in values:
        return signed_log(np.asarray(values[expression], dtype=float))
    if isinstance(expression, sympy.Symbol) or is_previous(expression):
        raise KeyError(f"no value for {expression}")
    if isinstance(expression, sympy.Rational):
        p, q = int(expression.p), int(expression.q)
        return SignedLog(float(np.sign(p)), math.log(abs(p)) - math.log(q) if p else -np.inf)
    if expression.is_number:
        return signed_log(float(expression))
    with np.errstate(all="ignore"):
        match expression:
            case sympy.Piecewise():
                return _piecewise(expression, values)
            case sympy.Pow() | sympy.exp():
                base, exponent = expression.as_base_exp()
                return _power(base, exponent, values)
        parts = [evaluate(part, values) for part in expression.args]
        match expression:
            case sympy.Add():
                return _sum(parts)
            case sympy.Mul():
                return SignedLog(reduce(np.multiply, (p.sign for p in parts)), sum(p.log for p in parts))
            case sympy.log():
                return signed_log(_log(expression.args[0], values))
            case sympy.Max():
                return reduce(lambda a, b: _choose(a >= b, a, b), parts)
            case sympy.Min():
                return reduce(lambda a, b: _choose(a >= b, b, a), parts)
            case sympy.Abs():
                return SignedLog(np.abs(parts[0].sign), parts[0].log)
        return signed_log(_numeric(expression.func, len(parts))(*(p.value for p in parts)))


def holds(relation: Any, values: Values) -> Any:
    """Whether a relation, a conjunction or a disjunction of them holds, as booleans."""
    match relation:
        case sympy.And():
            return reduce(np.logical_and, (holds(part, values) for part in relation.args))
        case sympy.Or():
            return reduce(np.logical_or, (holds(part, values) for part in relation.args))
        case sympy.logic.boolalg.BooleanTrue():
            return np.asarray(True)
        case sympy.logic.boolalg.BooleanFalse():
            return np.asarray(False)
        case sympy.Rel():
            left, right = evaluate(relation.lhs, values), evaluate(relation.rhs, values)
    match relation:
        case sympy.Ge():
            return left >= right
        case sympy.Le():
            return right >= left
        case sympy.Gt():
            return np.logical_not(right >= left)
        case sympy.Lt():
            return np.logical_not(left >= right)
    close = np.abs(left.log - right.log) <= 1e-9
    equal = (left.sign == right.sign) & ((left.sign == 0) | close)
    return equal if isinstance(relation, sympy.Eq) else np.logical_not(equal)


def _log(expression: Any, values: Values) -> Any:
    """The logarithm, through log1p where the expression reads 1 + rest, so that log(1 + 2 b) keeps its digits; NaN below zero."""
    if isinstance(expression, sympy.Add) and sympy.S.One in expression.args:
        return np.log1p(evaluate(expression - 1, values).value)
    sign, log = evaluate(expression, values)
    return np.where(np.less(sign, 0), np.nan, log)


def _power(base: Any, exponent: Any, values: Values) -> SignedLog:
    power = evaluate(exponent, values)
    if base is sympy.E:
        return SignedLog(1.0, power.value)
    if exponent.is_Integer:
        sign, log = evaluate(base, values)
        if not np.any(np.less(sign, 0)):
            log = _log(base, values)
        return SignedLog(sign ** (2 if exponent % 2 == 0 else 1), float(exponent) * log)
    log = _log(base, values)
    return SignedLog(np.where(np.isneginf(log), 0.0, 1.0), power.value * log)


def _sum(parts: list[SignedLog]) -> SignedLog:
    top = reduce(np.maximum, (p.log for p in parts))
    scale = np.where(np.isinf(top), 0.0, top)
    total = signed_log(sum(p.sign * np.exp(p.log - scale) for p in parts))
    return SignedLog(total.sign, total.log + scale)


def _choose(first: Any, a: SignedLog, b: SignedLog) -> SignedLog:
    return SignedLog(np.where(first, a.sign, b.sign), np.where(first, a.log, b.log))


def _piecewise(expression: sympy.Piecewise, values: Values) -> SignedLog:
    result = SignedLog(np.nan, np.nan)
    for value, condition in reversed(expression.args):
        result = _choose(holds(condition, values), evaluate(value, values), result)
    return result


@lru_cache
def _numeric(function: Any, arity: int) -> Any:
    slots = sympy.symbols(f"slot:{arity}", real=True)
    return sympy.lambdify(slots, function(*slots), ["scipy", "numpy"])


# Units


def parse_unit(text: str) -> Unit:
    """ "[f]/[x]^2" as {"f": 1, "x": -2}; "1" as {}."""
    unit: Unit = {}
    sign = 1
    for token in text.replace("*", " ").replace("/", " / ").split():
        if token == "/":
            sign = -1
            continue
        name, _, power = token.partition("^")
        if name != "1":
            if not (name.startswith("[") and name.endswith("]")):
                raise Slip(f"the unit {text!r} is not readable at {token!r}. Write bases in brackets, such as [f]/[x]^2, or 1.")
            try:
                unit[name[1:-1]] = unit.get(name[1:-1], Fraction(0)) + sign * Fraction(power or 1)
            except ValueError:
                raise Slip(f"the unit {text!r} has the power {power!r}. Write a number, such as [x]^2 or [x]^1/2.") from None
        sign = 1
    return {name: power for name, power in unit.items() if power}


def show_unit(unit: Unit) -> str:
    """A unit as text, such as [f]/[x]^2."""
    factors = [f"[{name}]" + ("" if power == 1 else f"^{power}") for name, power in sorted(unit.items())]
    return " ".join(factors) or "1"


def unit_of(expression: Any, units: Mapping[sympy.Symbol, Unit | None]) -> Unit | None:
    """The unit of an expression, or None where an unknown constant (whose unit is None) may carry any. Raises Slip where terms differ."""
    match expression:
        case sympy.Symbol():
            return units.get(expression, {})
        case sympy.Mul():
            total: Unit = {}
            for part in expression.args:
                unit = unit_of(part, units)
                if unit is None:
                    return None
                total = {n: total.get(n, Fraction(0)) + unit.get(n, Fraction(0)) for n in {*total, *unit}}
            return {n: p for n, p in total.items() if p}
        case sympy.Pow():
            base = unit_of(expression.base, units)
            exponent = unit_of(expression.exp, units)
            if exponent:
                raise Slip(f"the exponent {expression.exp} has the unit {show_unit(exponent)}; an exponent is a pure number.")
            if not base:
                return base
            if not expression.exp.is_Rational:
                raise Slip(f"{expression.base} with the unit {show_unit(base)} has the exponent {expression.exp}, which is no number.")
            return {n: p * Fraction(int(expression.exp.p), int(expression.exp.q)) for n, p in base.items()}
        case sympy.Add() | sympy.Max() | sympy.Min():
            found = [(part, unit_of(part, units)) for part in expression.args]
            known = [(part, unit) for part, unit in found if unit is not None]
            for part, unit in known[1:]:
                if unit != known[0][1]:
                    raise Slip(
                        f"{known[0][0]} has the unit {show_unit(known[0][1])} and {part} the unit {show_unit(unit)}; "
                        "they cannot be added or compared. Mend unit= in the where table, or the formula."
                    )
            return known[0][1] if len(known) == len(found) else None
        case sympy.Piecewise():
            return unit_of(sympy.Max(*(value for value, _ in expression.args), evaluate=False), units)
    if is_previous(expression) or isinstance(expression, sympy.Abs):
        return unit_of(expression.args[0], units)
    for part in expression.args:
        unit = unit_of(part, units)
        if unit:
            raise Slip(f"{expression.func.__name__}({part}) takes a pure number, and {part} has the unit {show_unit(unit)}.")
    return {}
