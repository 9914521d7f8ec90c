"""Statements as MathML, LaTeX and one line of text, in the order in which a paper would write them; nothing is simplified."""

from __future__ import annotations

from typing import Any

import sympy

from ..claim import Claim, is_previous
from .notation import Box, mark, row, to_latex, to_mathml, to_text
from .symbols import name_latex

SIGNS = {sympy.Le: "<=", sympy.Lt: "<", sympy.Ge: ">=", sympy.Gt: ">", sympy.Eq: "=", sympy.Ne: "!="}
TURNED = {"<=": ">=", "<": ">", ">=": "<=", ">": "<"}
NAMES = {"Max": "max", "Min": "min", "asinh": "arsinh", "LambertW": "W"}
SUM, PRODUCT, POWER, ATOM = range(4)


def mathml(statement: Any, claim: Claim) -> str:
    """Presentation MathML of a statement or expression: what stands inside <math>."""
    return to_mathml(_Layout(claim).relation(statement))


def latex(statement: Any, claim: Claim) -> str:
    """LaTeX of a statement or expression, for inside a display."""
    return " ".join(to_latex(_Layout(claim).relation(statement)).split())


def text(statement: Any, claim: Claim) -> str:
    """One line for a terminal, in the claim file's own names: KL <= KL_0*(1 + 2*beta)^(-k)."""
    return " ".join(to_text(_Layout(claim, plain=True).relation(statement)).split())


def letter_latex(symbol: sympy.Symbol, claim: Claim) -> str:
    """How a letter prints: as its role says, else read off its name."""
    role = claim.where.get(symbol)
    return (role.symbol if role is not None else None) or name_latex(symbol.name)


class _Layout:
    """Expressions as boxes, for one claim: its roles give the order of factors and how letters print."""

    def __init__(self, claim: Claim, plain: bool = False) -> None:
        self.claim, self.plain = claim, plain
        self.place = {symbol: n for n, symbol in enumerate(claim.where)}

    def relation(self, statement: Any) -> Box:
        """A relation with the measured letter on the left; any other expression as it is."""
        if type(statement) not in SIGNS:
            return self.box(sympy.sympify(statement))
        sign, left, right = SIGNS[type(statement)], statement.lhs, statement.rhs
        if not self._measured(left) and self._measured(right):
            sign, left, right = TURNED.get(sign, sign), right, left
        return row(self.box(left), mark(sign), self.box(right))

    def box(self, expression: Any, within: int = SUM) -> Box:
        """The box of an expression, in brackets where its place binds more tightly."""
        box, strength = self._parts(expression)
        return box if strength >= within else Box("fence", "()", (box,))

    def _parts(self, e: Any) -> tuple[Box, int]:
        if isinstance(e, sympy.Symbol):
            return Box("letter", str(e), latex=letter_latex(e, self.claim)), ATOM
        if is_previous(e):
            return Box("letter", f"previous({e.args[0]})", latex=self._before(e.args[0])), ATOM
        if e.is_Rational or e.is_Float:
            return self._number(e)
        if e is sympy.pi or e is sympy.E or e is sympy.oo:
            name = {sympy.pi: "pi", sympy.E: "e", sympy.oo: "oo"}[e]
            return Box("letter", name, latex={"pi": r"\pi", "e": r"\mathrm{e}", "oo": r"\infty"}[name]), ATOM
        if isinstance(e, sympy.Add):
            return self._sum(e), SUM
        if isinstance(e, sympy.Mul):
            return self._product(e)
        if isinstance(e, sympy.Pow) and not isinstance(e, sympy.exp):
            return self._power(e)
        if isinstance(e, sympy.Piecewise):
            return self._cases(e), ATOM
        if isinstance(e, (sympy.Abs, sympy.floor, sympy.ceiling)):
            fence = {sympy.Abs: "||", sympy.floor: "⌊⌋", sympy.ceiling: "⌈⌉"}[e.func]
            return Box("fence", fence, (self.box(e.args[0]),)), ATOM
        if isinstance(e, (sympy.And, sympy.Or)):
            word = Box("words", " and " if isinstance(e, sympy.And) else " or ")
            pieces = [self.box(part) for part in e.args]
            return row(*_between(word, pieces)), SUM
        if type(e) in SIGNS:
            return self.relation(e), SUM
        if isinstance(e, (sympy.Function, sympy.Max, sympy.Min)):
            name = NAMES.get(str(e.func), str(e.func))
            inside = row(*_between(mark(","), [self.box(a) for a in self._ordered(e)]))
            return row(Box("name", name), Box("fence", "()", (inside,))), ATOM
        return Box("words", str(e)), ATOM

    def _number(self, e: Any) -> tuple[Box, int]:
        if e.is_Rational and e.q != 1:
            whole = Box("fraction", parts=(Box("number", str(abs(e.p))), Box("number", str(e.q))))
            return (row(mark("-"), whole), SUM) if e < 0 else (whole, PRODUCT)
        number = Box("number", str(abs(e)) if e.is_Integer else f"{float(abs(e)):g}")
        return (row(mark("-"), number), SUM) if e < 0 else (number, ATOM)

    def _sum(self, e: sympy.Add) -> Box:
        pieces: list[Box] = []
        for term in self._terms(e):
            negative = term.could_extract_minus_sign()
            if pieces or negative:
                pieces.append(mark("-" if negative else "+"))
            pieces.append(self.box(-term if negative else term, PRODUCT))
        return row(*pieces)

    def _terms(self, e: sympy.Add) -> list[Any]:
        """Positive terms first; a number last in k + 4 and n - 1, first in 1 + 2 beta."""
        terms = sorted(e.args, key=lambda t: (t.could_extract_minus_sign(), self._first_place(t)))
        numbers = [t for t in terms if t.is_number]
        others = [t for t in terms if not t.is_number]
        counts = any(self._counts(t) for t in others)
        ahead = [] if counts else [n for n in numbers if n.is_positive]
        return ahead + others + [n for n in numbers if n not in ahead]

    def _counts(self, term: Any) -> bool:
        """Whether a term is a multiple of a letter that is counted up, such as k or T."""
        rest = term.as_coeff_Mul()[1]
        role = self.claim.where.get(rest) if isinstance(rest, sympy.Symbol) else None
        return role is not None and role.kind in ("along", "grows", "sized") and term.as_coeff_Mul()[0].is_positive

    def _product(self, e: sympy.Mul) -> tuple[Box, int]:
        coefficient, rest = e.as_coeff_Mul()
        if coefficient.is_negative:
            return row(
                mark("-"),
                self.box(sympy.Mul(-coefficient, rest, evaluate=False) if coefficient != -1 else rest, PRODUCT),
            ), SUM
        factors = self._ordered(rest) if isinstance(rest, sympy.Mul) else [rest]
        below = [f for f in factors if isinstance(f, sympy.Pow) and f.exp.is_Rational and f.exp.is_negative]
        above = [f for f in factors if f not in below]
        top = [sympy.Integer(coefficient.p)] if coefficient.is_Rational and (coefficient.p != 1 or not above) else []
        top += [] if coefficient.is_Rational else [coefficient]
        bottom = [sympy.Integer(coefficient.q)] if coefficient.is_Rational and coefficient.q != 1 else []
        bottom += [sympy.Pow(f.base, -f.exp) for f in below]
        if not bottom:
            return self._times([*top, *above]), PRODUCT
        return Box("fraction", parts=(self._times([*top, *above]), self._times(bottom))), PRODUCT

    def _times(self, factors: list[Any]) -> Box:
        return row(*_between(mark("*"), [self.box(f, POWER if len(factors) > 1 else SUM) for f in factors]))

    def _power(self, e: sympy.Pow) -> tuple[Box, int]:
        base, exponent = e.base, e.exp
        if exponent.is_Rational and exponent.is_negative:
            return Box("fraction", parts=(Box("number", "1"), self.box(sympy.Pow(base, -exponent)))), PRODUCT
        if exponent.is_Rational and exponent.p == 1 and exponent.q == 2:
            return Box("root", parts=(self.box(base),)), ATOM
        inner = self.box(base, ATOM)
        if isinstance(base, sympy.Function) and not is_previous(base) and not self.plain:
            inner = Box("fence", "()", (self.box(base),))
        if exponent.is_Rational and not exponent.is_Integer:
            return Box("power", parts=(inner, row(Box("number", str(exponent.p)), mark("/"), Box("number", str(exponent.q))))), POWER
        return Box("power", parts=(inner, self.box(exponent))), POWER

    def _cases(self, e: sympy.Piecewise) -> Box:
        cells: list[Box] = []
        for value, condition in e.args:
            last = condition is sympy.true
            cells += [
                self.box(value),
                Box("words", "otherwise") if last else row(Box("words", "if "), self.box(condition)),
            ]
        return Box("cases", parts=tuple(cells))

    def _ordered(self, e: Any) -> list[Any]:
        """Factors as papers write them: unknown constants, letters in the order of the where table, roots and functions, sums, powers."""

        def rank(factor: Any) -> tuple[int, int]:
            return self._kind(factor), self._first_place(factor)

        if isinstance(e, sympy.Mul):
            return sorted(e.args, key=rank)
        return sorted(e.args, key=self._first_place) if isinstance(e, (sympy.Max, sympy.Min)) else list(e.args)

    def _kind(self, factor: Any) -> int:
        base, exponent = (factor, sympy.S.One) if isinstance(factor, sympy.exp) else factor.as_base_exp()
        if isinstance(base, sympy.Symbol) and exponent.is_Integer:
            role = self.claim.where.get(base)
            return 0 if role is not None and role.kind == "unknown" else 1
        if is_previous(base):
            return 2
        return 5 if isinstance(factor, sympy.exp) else 3 if exponent.is_number else 4

    def _first_place(self, e: Any) -> int:
        return min((self.place.get(s, len(self.place)) for s in e.free_symbols), default=len(self.place))

    def _before(self, letter: sympy.Symbol) -> str:
        """The value one step before: x_{k-1} where the letter carries the index k and k is counted, else x with the mark prev."""
        shown = letter_latex(letter, self.claim)
        counted = [letter_latex(s, self.claim) for s, role in self.claim.where.items() if role.kind == "along" and role.integer]
        for index in counted:
            for ending in (f"_{index}", f"_{{{index}}}"):
                if shown.endswith(ending):
                    return f"{shown.removesuffix(ending)}_{{{index}-1}}"
        return rf"{shown}_{{\mathrm{{prev}}}}" if "_" not in shown else rf"{{{shown}}}_{{\mathrm{{prev}}}}"

    def _measured(self, e: Any) -> bool:
        return isinstance(e, sympy.Symbol) and e in self.claim.where and self.claim.where[e].kind == "measured"


def _between(sign: Box, pieces: list[Box]) -> list[Box]:
    """The pieces with the sign between each two."""
    return [part for n, piece in enumerate(pieces) for part in ((sign, piece) if n else (piece,))]
