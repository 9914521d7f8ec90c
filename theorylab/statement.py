"""A statement taken apart: its measured letter, its bound and its side; what it can hold, and what sympy or Python made of it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import sympy
from sympy.core.function import AppliedUndef

from .claim import Claim, Slip, is_previous
from .unit import parse_unit, show_unit, unit_of

SIDES = {sympy.Le: "upper", sympy.Lt: "upper", sympy.Ge: "lower", sympy.Gt: "lower", sympy.Eq: "two"}
NOT_NUMBERS = (sympy.Sum, sympy.Product, sympy.Integral, sympy.Derivative, sympy.Limit, sympy.Order)


def relation_of(claim: Claim) -> tuple[sympy.Symbol, Any, str]:
    """The measured letter, its bound, and on which side that bounds it. Raises Slip for a statement that cannot be read so."""
    relation = claim.statement
    decided(relation, "statement")
    if type(relation) not in SIDES:
        raise Slip(_no_relation(relation))
    quantity, bound, side = _oriented(claim, relation)
    _readable(claim, relation, quantity, bound)
    _units(claim, quantity, bound)
    return quantity, bound, side


def decided(relation: Any, what: str) -> None:
    """Raises Slip for a relation that Python or sympy has already turned into True or False, and for what is none."""
    if isinstance(relation, (bool, np.bool_)):
        raise Slip(f"the {what} is Python's {relation}. Two expressions are compared with <=, >= or Eq(a, b), not with ==.")
    if relation in (sympy.true, sympy.false):
        leave = " What always holds is left out." if what == "assumption" else ""
        raise Slip(
            f"sympy finds the {what} {relation} whatever its letters are, since letters() are positive. "
            f"Make those that may be negative with signed().{leave}"
        )
    if not isinstance(relation, (sympy.Rel, sympy.logic.boolalg.BooleanFunction)):
        raise Slip(f"the {what} is {relation!r}, which is no relation of letters. Write one with <=, >= or Eq, unquoted.")


def known(claim: Claim, symbols: set[Any], what: str, role: str = 'varies("meaning", low, high)') -> None:
    """Raises Slip for a letter without a role."""
    for symbol in sorted(symbols - set(claim.where), key=str):
        twin = next((s for s in claim.where if s.name == symbol.name), None)
        if twin is not None:
            makers = ["letters" if s.is_positive else "signed" if s.is_real else "Symbol" for s in (symbol, twin)]
            raise Slip(
                f"{what} uses {symbol} from {makers[0]}({symbol.name!r}), the where table another from "
                f"{makers[1]}({symbol.name!r}). Make the letter once."
            )
        names = ", ".join(sorted(s.name for s in claim.where))
        constant = f"  (or  {symbol}: unknown  for an absolute constant)" if role.startswith("varies") else ""
        raise Slip(f"{what} uses {symbol} but the where table has {names or 'nothing'}. Add a line such as  {symbol}: {role}{constant}.")


def _no_relation(relation: Any) -> str:
    if isinstance(relation, sympy.And):
        return f"the statement {relation} is several relations. Write one claim for each, or put conditions in assuming=."
    return f"the statement {relation} is no <=, >= or Eq. Write one relation, such as gap <= C/k."


def _oriented(claim: Claim, relation: Any) -> tuple[sympy.Symbol, Any, str]:
    side = SIDES[type(relation)]
    left, right = relation.lhs, relation.rhs
    is_measured = lambda e: isinstance(e, sympy.Symbol) and e in claim.where and claim.where[e].kind == "measured"  # noqa: E731
    if is_measured(left):
        return left, right, side
    if is_measured(right):
        return right, left, {"upper": "lower", "lower": "upper", "two": "two"}[side]
    for letter in (left, right):
        if isinstance(letter, sympy.Symbol) and letter not in claim.where:
            known(claim, {letter}, "the statement", 'measured("meaning")')
    first = lambda s: (s not in left.free_symbols, str(s))  # noqa: E731
    inner = [s for s in sorted(relation.free_symbols, key=first) if s in claim.where and claim.where[s].kind == "measured"]
    solve = f"Solve it for {inner[0]}" if inner else f'Give the letter on the left the role {left}: measured("meaning")'
    raise Slip(f"neither side of {relation} is a measured letter by itself. {solve}, such as gap <= C/k.")


def _readable(claim: Claim, relation: Any, quantity: sympy.Symbol, bound: Any) -> None:
    known(claim, relation.free_symbols, "the statement")
    for number in sorted(relation.atoms(sympy.Float), key=str):
        raise Slip(
            f"the statement holds the float {float(number):g}, which Python made before sympy saw it. "
            f"Write {_exactly(float(number))}; a formula takes L/2 or Rational(1, 2)*L, never 1/2*L or 0.5*L."
        )
    strange = [e for e in relation.atoms(AppliedUndef) if not is_previous(e)] + list(relation.atoms(*NOT_NUMBERS))
    if strange:
        raise Slip(f"{strange[0]} has no value that a computer can take. Write a closed form, such as harmonic(k).")
    if quantity in bound.replace(is_previous, lambda e: sympy.Dummy(positive=True)).free_symbols:
        raise Slip(
            f"the measured letter {quantity} stands on both sides. Bring it to the left alone, "
            f"or write previous({quantity}) for its value one step before."
        )
    for before in (e for e in relation.atoms(AppliedUndef) if is_previous(e)):
        if claim.where[before.args[0]].kind != "measured":
            raise Slip(f"{before} is no measurement one step before. Write {before.args[0]} itself, such as {before.args[0]} - 1.")
        if all(role.kind != "along" for role in claim.where.values()):
            raise Slip(f'{before} needs a letter that is read along a run. Add  k: along("iterations", 1, 1000).')
        paths = {symbol: role for symbol, role in claim.where.items() if role.kind == "along"}
        if not any(role.integer for role in paths.values()) and (not is_previous(bound) or bound.args[0] != quantity):
            one, role = next(iter(paths.items()))
            raise Slip(
                f"{before} is the value at the checkpoint before, and {one} takes values between whole numbers, so how far back that lies "
                f'is nobody\'s claim. Write {one}: along("{role.meaning}", 1, 1000) with whole numbers for a bound on each step, or '
                f"{quantity} <= previous({quantity}) for a path that never rises."
            )


def _exactly(value: float) -> str:
    """A float as the sympy expression that was meant."""
    constants = {"": 1.0, "pi": np.pi, "E": np.e, "sqrt(2)": 2**0.5, "sqrt(3)": 3**0.5, "log(2)": np.log(2)}
    for name, constant in constants.items():
        ratio = Fraction(value / constant).limit_denominator(1000)
        if ratio and abs(float(ratio) * constant / value - 1) < 1e-12:
            number = str(ratio) if ratio.denominator == 1 else f"Rational({ratio.numerator}, {ratio.denominator})"
            return f"{number}*{name}" if name and ratio != 1 else name or number
    exact = Fraction(repr(value))
    return f"Rational({exact.numerator}, {exact.denominator})"


def _units(claim: Claim, quantity: sympy.Symbol, bound: Any) -> None:
    units = {s: None if role.kind == "unknown" else parse_unit(role.unit) for s, role in claim.where.items()}
    left, right = unit_of(quantity, units), unit_of(bound, units)
    if right is not None and left is not None and left != right:
        raise Slip(
            f"{quantity} has the unit {show_unit(left)} and its bound {bound} the unit {show_unit(right)}. "
            "Mend unit= in the where table, or the formula."
        )
