"""A sympy expression as numbers: its sign, logarithm and plain value at arrays of letters, also where the value would underflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, reduce
from typing import Any, NamedTuple

import numpy as np
import sympy

from .role import is_previous
from .slip import Slip

Values = Mapping[sympy.Basic, Any]
# Between these a plain number has all its digits, and so have the sums and comparisons of such numbers.
LEAST, MOST = 1e-290, 1e290


class SignedLog(NamedTuple):
    """Real numbers as sign (-1, 0, 1), logarithm of the size, and plain value, which may underflow to 0 or overflow to inf."""

    sign: Any
    log: Any
    value: Any

    def __ge__(self, other: SignedLog) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        plain = _plain(self) & _plain(other)
        if np.all(plain):
            return np.greater_equal(self.value, other.value)
        with np.errstate(invalid="ignore"):
            same = np.equal(self.sign, other.sign)
            by_log = np.where(same, self.sign * self.log >= other.sign * other.log, np.greater(self.sign, other.sign))
        return np.where(plain, np.greater_equal(self.value, other.value), by_log)


def signed_log(value: Any) -> SignedLog:
    """Plain numbers as sign and logarithm; NaN stays NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return SignedLog(np.sign(value), np.log(np.abs(value)), value)


def evaluate(expression: Any, values: Values) -> SignedLog:
    """The expression where letters, and previous(letter), have these values: numbers or NumPy arrays that broadcast.

    Raises KeyError for a letter without a value. NaN marks what is undefined, such as the root of a negative number, and
    whatever is computed from it.
    """
    if expression in values:
        return signed_log(np.asarray(values[expression], dtype=float))
    if isinstance(expression, sympy.Symbol) or is_previous(expression):
        raise KeyError(f"no value for {expression}")
    if expression.is_number:
        return _constant(expression)
    with np.errstate(all="ignore"):
        match expression:
            case sympy.Piecewise():
                return _piecewise(expression, values)
            case sympy.Pow() | sympy.exp():
                base, exponent = expression.as_base_exp()
                return _power(base, exponent, values)
            case sympy.log():
                return _logarithm(expression.args[0], values)
        parts = [evaluate(part, values) for part in expression.args]
        match expression:
            case sympy.Add():
                return _sum(parts)
            case sympy.Mul():
                return _product(parts)
            case sympy.Max():
                return reduce(lambda a, b: _choose(a >= b, a, b), parts)
            case sympy.Min():
                return reduce(lambda a, b: _choose(a >= b, b, a), parts)
            case sympy.Abs():
                return SignedLog(np.abs(parts[0].sign), parts[0].log, np.abs(parts[0].value))
            case sympy.gamma() | sympy.factorial():
                shift = 1.0 if isinstance(expression, sympy.factorial) else 0.0
                return _gamma(np.asarray(parts[0].value) + shift)
        return signed_log(_numeric(expression.func, len(parts))(*(part.value for part in parts)))


def holds(relation: Any, values: Values) -> Any:
    """Whether a relation holds, or what And, Or and Not make of relations, as booleans; one with NaN does not hold."""
    match relation:
        case sympy.And():
            return reduce(np.logical_and, (holds(part, values) for part in relation.args))
        case sympy.Or():
            return reduce(np.logical_or, (holds(part, values) for part in relation.args))
        case sympy.Not():
            return np.logical_not(holds(relation.args[0], values)) & ~_undefined(relation, values)
        case sympy.logic.boolalg.BooleanTrue():
            return np.asarray(True)
        case sympy.logic.boolalg.BooleanFalse():
            return np.asarray(False)
        case sympy.logic.boolalg.BooleanFunction():
            return holds(relation.to_nnf(), values)
        case sympy.Rel():
            left, right = evaluate(relation.lhs, values), evaluate(relation.rhs, values)
        case _:
            raise Slip(f"{relation} is no relation. Write one with <=, >=, <, > or Eq, joined by & and |.")
    match relation:
        case sympy.Ge():
            return left >= right
        case sympy.Le():
            return right >= left
        case sympy.Gt():
            return np.logical_not(right >= left) & ~_undefined(relation, values)
        case sympy.Lt():
            return np.logical_not(left >= right) & ~_undefined(relation, values)
    with np.errstate(invalid="ignore"):
        close = np.less_equal(np.abs(left.log - right.log), 1e-9) | (np.asarray(left.log) == right.log)
    equal = (left.sign == right.sign) & ((left.sign == 0) | close)
    return equal if isinstance(relation, sympy.Eq) else ~equal & ~_undefined(relation, values)


def _undefined(condition: Any, values: Values) -> Any:
    """Whether any side of any relation in a condition is NaN."""
    sides = [side for relation in condition.atoms(sympy.Rel) for side in relation.args]
    return reduce(np.logical_or, (np.isnan(evaluate(side, values).log) for side in sides), np.asarray(False))


def _plain(number: SignedLog) -> Any:
    size = np.abs(number.value)
    return (size == 0) & (np.asarray(number.sign) == 0) | (size > LEAST) & (size < MOST)


@lru_cache(maxsize=4096)
def _constant(number: Any) -> SignedLog:
    """A number without letters, to full precision whatever its size."""
    exact = sympy.N(number, 30)
    if (not (exact.is_extended_real and exact.is_comparable) and not exact.is_infinite) or exact is sympy.zoo:
        return SignedLog(np.nan, np.nan, np.nan)
    if exact == 0:
        return SignedLog(0.0, -np.inf, 0.0)
    return SignedLog(float(sympy.sign(exact)), float(sympy.log(abs(exact))), float(number if number.is_Rational else exact))


def _logarithm(argument: Any, values: Values) -> SignedLog:
    """The logarithm as a number; that of 1 + tiny is tiny, also where 1 + tiny is 1."""
    found = signed_log(_log(argument, evaluate(argument, values), values))
    beyond = _beyond_one(argument)
    if beyond is None:
        return found
    tiny = evaluate(beyond, values)
    return SignedLog(*(np.where(np.less(np.abs(tiny.value), 1e-17), x, y) for x, y in zip(tiny, found, strict=True)))


def _log(expression: Any, number: SignedLog, values: Values) -> Any:
    """The logarithm of an expression that is this number; through log1p where it reads 1 + little, so that log(1 + 2 b) keeps its digits;
    NaN below zero."""
    log = np.where(np.less(number.sign, 0), np.nan, number.log)
    beyond = _beyond_one(expression)
    if beyond is not None:
        little = evaluate(beyond, values).value
        return np.where(np.less(np.abs(little), 0.5), np.log1p(little), log)  # a larger one may overflow
    return log


@lru_cache(maxsize=4096)
def _beyond_one(expression: Any) -> Any:
    """What a sum has beside 1, where 1 is one of its terms."""
    return expression - 1 if isinstance(expression, sympy.Add) and sympy.S.One in expression.args else None


def _power(base: Any, exponent: Any, values: Values) -> SignedLog:
    power = np.asarray(evaluate(exponent, values).value)
    if base is sympy.E:
        return _sized(1.0, power)
    number = evaluate(base, values)
    sign, log, value = number
    negative = np.less(sign, 0)
    log = log if negative.any() else _log(base, number, values)
    size = power * log
    if np.any(power == 0):
        size = np.where((power == 0) & ~np.isnan(log), 0.0, size)
    if negative.any():
        odd = np.where(power % 2 == 0, 1.0, np.where(power % 2 == 1, -1.0, np.nan))
        return _sized(np.where(negative, odd, 1.0), size)
    found = _sized(1.0, size)
    exact = (exponent.is_Integer and abs(exponent) <= 4) or exponent == sympy.S.Half
    return found._replace(value=np.power(np.asarray(value, dtype=float), float(exponent))) if exact else found


def _sized(sign: Any, log: Any) -> SignedLog:
    """A number of this sign, 0 and NaN excepted, and this logarithm of its size."""
    log = log + 0 * sign
    sign = np.where(np.isneginf(log), 0.0, sign)
    sign = np.where(np.isnan(log), np.nan, sign) if np.isnan(log).any() else sign
    return SignedLog(sign, log, sign * np.exp(log))


def _product(parts: Sequence[SignedLog]) -> SignedLog:
    found = _sized(reduce(np.multiply, (p.sign for p in parts)), sum(p.log for p in parts))
    usual = reduce(np.logical_and, (_plain(p) for p in parts))
    whole = reduce(np.multiply, (p.value for p in parts))
    return found._replace(value=np.where(usual, whole, found.value))


def _sum(parts: Sequence[SignedLog]) -> SignedLog:
    """Plain addition where the largest of its numbers is plain, and else of their shares of the largest."""
    plain = signed_log(sum(p.value for p in parts))
    largest = reduce(np.maximum, (np.abs(p.value) for p in parts))
    usual = (largest > LEAST) & (largest < MOST)
    if np.all(usual):
        return plain
    top = reduce(np.maximum, (p.log for p in parts))
    share = sum(p.sign * np.where(p.log == top, 1.0, np.exp(p.log - top)) for p in parts)
    by_share = _sized(np.sign(share), np.log(np.abs(share)) + top)
    return SignedLog(*(np.where(usual, x, y) for x, y in zip(plain, by_share, strict=True)))


def _choose(first: Any, a: SignedLog, b: SignedLog) -> SignedLog:
    """The first where it is asked for, else the second; NaN where either is."""
    lost = np.isnan(a.log) | np.isnan(b.log)
    chosen = (np.where(first, x, y) for x, y in zip(a, b, strict=True))
    return SignedLog(*(np.where(lost, np.nan, x) for x in chosen) if np.any(lost) else chosen)


def _piecewise(expression: sympy.Piecewise, values: Values) -> SignedLog:
    result = SignedLog(np.nan, np.nan, np.nan)
    for value, condition in reversed(expression.args):
        piece, here, lost = evaluate(value, values), holds(condition, values), _undefined(condition, values)
        chosen = (np.where(here, x, y) for x, y in zip(piece, result, strict=True))
        result = SignedLog(*(np.where(lost, np.nan, x) for x in chosen))
    return result


def _gamma(x: Any) -> SignedLog:
    from scipy.special import gamma, gammaln, gammasgn

    log = np.where(np.isnan(x), np.nan, gammaln(x))
    return SignedLog(np.where(np.isnan(log), np.nan, gammasgn(x)), log, gamma(x))


@lru_cache
def _numeric(function: Any, arity: int) -> Any:
    """A function on arrays: SciPy's where it has one, else sympy's number by number; NaN where the value is not real."""
    slots = sympy.symbols(f"slot:{arity}", real=True)
    one = lambda *x: complex(sympy.N(function(*map(sympy.Float, x))))  # noqa: E731
    each = np.vectorize(lambda *x: np.nan if np.isnan(x).any() else one(*x), otypes=[complex])
    fast = sympy.lambdify(slots, function(*slots), ["scipy", "numpy"])

    def compute(*values: Any) -> Any:
        try:
            found = fast(*values)
        except (NameError, TypeError):
            found = each(*values)
        real = np.abs(np.imag(found)) <= 1e-12 * np.abs(found)
        return np.where(real, np.real(found), np.nan) if np.iscomplexobj(found) else np.asarray(found)

    return compute
