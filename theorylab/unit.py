"""Units in a claim's own quantities, such as [f]/[x]^2: read, written, and carried through an expression."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy

from .slip import Slip

Unit = dict[str, Fraction]
_TOKEN = re.compile(r"\s*(?:(?P<sign>[*/])|(?P<one>1)(?![\d.])|\[(?P<name>[^][]+)\](?:\^(?P<power>\(?-?[\d.]+(?:/\d+)?\)?))?)")


def parse_unit(text: str) -> Unit:
    """ "[f]/[x]^2" as {"f": 1, "x": -2}; "1" as {}. Raises Slip."""
    unit: Unit = {}
    sign, at = 1, 0
    whole = text.rstrip() if isinstance(text, str) else ""
    while at < len(whole):
        found = _TOKEN.match(whole, at)
        if found is None:
            break
        if found["name"]:
            unit[found["name"]] = unit.get(found["name"], Fraction(0)) + sign * _power(text, found["power"])
        sign = -1 if found["sign"] == "/" else 1
        at = found.end()
    if not whole or at < len(whole):
        where = f" at {whole[at:]!r}" if at else ""
        raise Slip(f"the unit {text!r} is not readable{where}. Write bases in brackets, such as [f]/[x]^2, or 1 for a number.")
    return {name: power for name, power in unit.items() if power}


def show_unit(unit: Unit) -> str:
    """A unit as text, such as [f] [x]^-2, or 1."""
    return " ".join(f"[{name}]" + ("" if power == 1 else f"^{power}") for name, power in sorted(unit.items())) or "1"


def unit_of(expression: Any, units: Mapping[sympy.Symbol, Unit | None]) -> Unit | None:
    """The unit of an expression, or None where an unknown constant (whose unit is None) may carry any.

    Raises Slip where terms differ, or where a function or an exponent is given anything but a pure number.
    """
    match expression:
        case sympy.Symbol():
            return units.get(expression, {})
        case sympy.Mul():
            return _product([unit_of(part, units) for part in expression.args])
        case sympy.exp():
            return _pure(expression.args[0], units, f"the exponent {expression.args[0]}")
        case sympy.Pow():
            return _raised(expression, units)
        case sympy.Add() | sympy.Max() | sympy.Min():
            return _same(expression.args, units)
        case sympy.Piecewise():
            for _, condition in expression.args:
                for relation in condition.atoms(sympy.Rel):
                    _same(relation.args, units)
            return _same([value for value, _ in expression.args], units)
        case sympy.Abs() | sympy.floor() | sympy.ceiling():
            return unit_of(expression.args[0], units)
    if getattr(expression.func, "__name__", "") == "previous":
        return unit_of(expression.args[0], units)
    if expression.is_zero or expression.is_infinite:
        return None
    for part in expression.args:
        _pure(part, units, f"{part}, which {expression.func.__name__} is taken of,")
    return {}


def _power(text: str, power: str | None) -> Fraction:
    try:
        return Fraction((power or "1").strip("()"))
    except (ValueError, ZeroDivisionError):
        raise Slip(f"the unit {text!r} has the power {power!r}. Write a number, such as [x]^2 or [x]^1/2.") from None


def _product(found: Sequence[Unit | None]) -> Unit | None:
    total: Unit = {}
    for unit in found:
        if unit is None:
            return None
        total = {name: total.get(name, Fraction(0)) + unit.get(name, Fraction(0)) for name in {*total, *unit}}
    return {name: power for name, power in total.items() if power}


def _pure(expression: Any, units: Mapping[sympy.Symbol, Unit | None], what: str) -> Unit:
    unit = unit_of(expression, units)
    if unit:
        raise Slip(
            f"{what} has the unit {show_unit(unit)}; it must be a pure number. "
            "Divide it by a letter of that unit, or mend unit= in the where table."
        )
    return {}


def _raised(power: Any, units: Mapping[sympy.Symbol, Unit | None]) -> Unit | None:
    base, exponent = power.base, power.exp
    _pure(exponent, units, f"the exponent {exponent}")
    unit = unit_of(base, units)
    if not unit:
        return unit
    if not exponent.is_Rational:
        raise Slip(
            f"{base} has the unit {show_unit(unit)} and the exponent {exponent}, so the unit of {power} would depend on "
            f"{exponent}. Divide {base} by a letter of its unit first, or mend unit= in the where table."
        )
    return {name: p * Fraction(int(exponent.p), int(exponent.q)) for name, p in unit.items()}


def _same(parts: Sequence[Any], units: Mapping[sympy.Symbol, Unit | None]) -> Unit | None:
    found = [(part, unit_of(part, units)) for part in parts]
    known = [(part, unit) for part, unit in found if unit is not None]
    for part, unit in known[1:]:
        if unit != known[0][1]:
            first, other = known[0]
            raise Slip(
                f"{first} has the unit {show_unit(other)} and {part} the unit {show_unit(unit)}; "
                "they cannot be added or compared. Mend unit= in the where table, or the formula."
            )
    return known[0][1] if known else None
