"""From a statement to its test: the form follows from where the unknown constants stand, the side from the relation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy

from .bound import parse_unit, show_unit, unit_of
from .claim import Claim, Slip, is_previous

SIDES = {sympy.Le: "upper", sympy.Lt: "upper", sympy.Ge: "lower", sympy.Gt: "lower", sympy.Eq: "two"}


@dataclass(frozen=True)
class Kind:
    """The test that a claim gets.

    `scale` is the bound with its unknown constants taken out: the bound itself (explicit), the bound without C (trend), the prefactor
    without C (rate). A rate claim is about `scale * exp(-c * per_step * steps)`.
    """

    form: str
    side: str
    quantity: sympy.Symbol
    bound: Any
    scale: Any
    unknowns: tuple[sympy.Symbol, ...] = ()
    steps: sympy.Symbol | None = None
    per_step: Any = None
    geometric: frozenset[sympy.Symbol] = frozenset()
    difference: bool = False


@lru_cache(maxsize=1024)
def kind_of(claim: Claim) -> Kind:
    """The kind of a claim. Raises Slip for a statement that has no test, with what to write instead."""
    relation = claim.statement
    decided(relation, "statement")
    if type(relation) not in SIDES:
        raise Slip(f"the statement {relation} is no <=, >= or Eq. Write one relation, such as gap <= C/k.")
    quantity, bound, side = _oriented(claim, relation)
    floats = sorted(relation.atoms(sympy.Float), key=str)
    if floats:
        exact = sympy.nsimplify(floats[0], rational=True)
        raise Slip(f"the statement holds the float {floats[0]}, which Python made before sympy saw it. Write Rational({exact.p}, {exact.q}), or L/2 instead of 1/2*L.")
    for letter in sorted(relation.free_symbols, key=str):
        if letter not in claim.where:
            raise Slip(
                f"the statement uses {letter} but its where table has {', '.join(sorted(s.name for s in claim.where))}. "
                f'Add a line such as  {letter}: varies("meaning", low, high).'
            )
    if quantity in _without_previous(bound).free_symbols:
        raise Slip(f"the measured letter {quantity} stands on both sides. Bring it to the left, or write previous({quantity}).")
    _units(claim, quantity, bound)
    unknowns = tuple(s for s in sorted(bound.free_symbols, key=str) if claim.where[s].kind == "unknown")
    exponents = [u for u in unknowns if _in_exponent(bound, u)]
    geometric = frozenset(s for s in bound.free_symbols if claim.where[s].swept and _in_exponent(bound, s))
    random_bound = any(claim.where[s].kind == "measured" for s in bound.free_symbols)
    over_replicates = claim.holds.name != "for every instance"
    negative = not (quantity.is_positive and bound.is_positive)
    common = {"side": side, "quantity": quantity, "bound": bound, "unknowns": unknowns, "geometric": geometric}
    if not unknowns:
        return Kind("explicit", scale=bound, difference=negative or (random_bound and over_replicates), **common)
    if exponents:
        return _rate(claim, common, exponents)
    if len(unknowns) == 1:
        scale = sympy.cancel(bound / unknowns[0]) if isinstance(bound, sympy.Add) else bound / unknowns[0]
        if unknowns[0] in scale.free_symbols:
            raise Slip(f"{unknowns[0]} is not a factor of the bound {bound}. Write {unknowns[0]}*(a + b), one constant per term, or a number.")
        return Kind("trend", scale=scale, **common)
    terms = sympy.Add.make_args(bound)
    owned = [[u for u in unknowns if u in term.free_symbols] for term in terms]
    if len(terms) == len(unknowns) and all(
        len(own) == 1 and own[0] not in (term / own[0]).free_symbols for own, term in zip(owned, terms, strict=True)
    ):
        return Kind("terms", scale=bound.subs(dict.fromkeys(unknowns, 1)), **common)
    raise Slip(f"the constants {', '.join(map(str, unknowns))} are neither one factor, one per term, nor a rate in {bound}. Write C*a, C_1*a + C_2*b or C*exp(-c*k).")


def untested(claim: Claim) -> str:
    """Why this version has no test for the claim, or nothing where it has one; such a claim is listed as stated, not checked."""
    if claim.simulation is None:
        return claim.because
    form, holds = kind_of(claim).form, claim.holds.name
    if form == "terms":
        return "there is no test yet for sums of terms with a constant each; one constant for the sum, C*(a + b), is tested as a trend"
    if holds == "with probability" and form != "explicit":
        return "there is no test yet for a probability with an unknown constant; an explicit bound has one"
    return ""


def decided(relation: Any, what: str) -> None:
    """Raises Slip for a relation that Python or sympy has already turned into True or False."""
    if isinstance(relation, bool):
        raise Slip(f"the {what} is Python's {relation}. Two sympy expressions are compared with <=, >= or Eq(a, b), not with ==.")
    if relation in (sympy.true, sympy.false):
        raise Slip(
            f"sympy decided the {what} by itself ({relation}), since letters() are positive. Make letters that may be negative with signed()."
        )


def _oriented(claim: Claim, relation: Any) -> tuple[sympy.Symbol, Any, str]:
    side = SIDES[type(relation)]
    left, right = relation.lhs, relation.rhs
    is_measured = lambda e: isinstance(e, sympy.Symbol) and e in claim.where and claim.where[e].kind == "measured"  # noqa: E731
    if is_measured(left):
        return left, right, side
    if is_measured(right):
        return right, left, {"upper": "lower", "lower": "upper", "two": "two"}[side]
    raise Slip(
        f"the left side {left} is no measured letter. Write one measured letter alone on the left, and give it the role "
        f'{left if isinstance(left, sympy.Symbol) else "x"}: measured("meaning").'
    )


def _without_previous(expression: Any) -> Any:
    return expression.replace(is_previous, lambda e: sympy.Dummy(positive=True))


def _in_exponent(expression: Any, letter: sympy.Symbol) -> bool:
    powers = expression.atoms(sympy.Pow, sympy.exp)
    return any(letter in power.as_base_exp()[1].free_symbols for power in powers)


def _rate(claim: Claim, common: dict[str, Any], exponents: list[sympy.Symbol]) -> Kind:
    bound, unknowns = common["bound"], common["unknowns"]
    factors = [u for u in unknowns if u not in exponents]
    if len(exponents) > 1 or len(factors) > 1:
        raise Slip(f"a rate has one constant in its exponent and at most one in front; {bound} has {', '.join(map(str, unknowns))}.")
    log = sympy.expand_log(sympy.log(bound), force=True)
    c = exponents[0]
    decay = sympy.simplify(-sympy.diff(log, c))
    if c in decay.free_symbols:
        raise Slip(f"the rate {c} must stand linearly in the exponent of {bound}. Write C*exp(-{c}*h*k).")
    steps = [s for s in sorted(decay.free_symbols, key=str) if claim.where[s].kind == "along"]
    if len(steps) != 1 or steps[0] in sympy.simplify(decay / steps[0]).free_symbols:
        raise Slip(f"the exponent of {bound} must be {c}*h*k with one letter k of the role along, and h free of it.")
    prefactor = bound.subs(c, 0)
    scale = prefactor / factors[0] if factors else prefactor
    if factors and factors[0] in scale.free_symbols:
        raise Slip(f"{factors[0]} is not a factor of {bound}. Write {factors[0]}*exp(-{c}*h*k).")
    if common["side"] == "two":
        raise Slip("a rate with an unknown exponent is an upper or a lower bound. Write <= or >=.")
    return Kind("rate", scale=scale, steps=steps[0], per_step=sympy.simplify(decay / steps[0]), **common)


def _units(claim: Claim, quantity: sympy.Symbol, bound: Any) -> None:
    units = {s: None if role.kind == "unknown" else parse_unit(role.unit) for s, role in claim.where.items()}
    left, right = unit_of(quantity, units), unit_of(bound, units)
    if right is not None and left is not None and left != right:
        raise Slip(
            f"{quantity} has the unit {show_unit(left)} and its bound {bound} the unit {show_unit(right)}. Mend unit= in the where table, or the formula."
        )
