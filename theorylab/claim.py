"""The claim language: letters and their roles, sources, controls, and the claim itself."""

from __future__ import annotations

import keyword
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

BASES = ("theorem", "restated", "abstract", "recalled", "derived", "own")
TIERS = ("quick", "full")


class Slip(ValueError):
    """A claim that cannot be what its author meant; the text says what to write instead."""


# Letters


def letters(names: str) -> Any:
    """Positive symbols, one per blank-separated name; a single symbol for a single name."""
    return _symbols(names, positive=True)


def signed(names: str) -> Any:
    """Real symbols that may be negative (regret, bias), one per blank-separated name; a single symbol for a single name."""
    return _symbols(names, real=True)


def previous(letter: sympy.Symbol) -> sympy.Expr:
    """The value of a measured letter at the checkpoint before; with integer checkpoints, one step before."""
    if not isinstance(letter, sympy.Symbol):
        raise Slip(f"previous() takes one letter, not {letter!r}. Write previous(x) with x from letters(...).")
    assumption: dict[str, bool] = {"positive": True} if letter.is_positive else {"real": True}
    return sympy.Function("previous", **assumption)(letter)


def is_previous(expression: sympy.Basic) -> bool:
    """Whether the expression is previous(letter)."""
    return isinstance(expression, AppliedUndef) and expression.func.__name__ == "previous"


def _symbols(names: str, **assumption: bool) -> Any:
    for name in names.replace(",", " ").split():
        if keyword.iskeyword(name):
            raise Slip(
                f"the letter {name!r} is a Python keyword, which no kernel can take. Write {name}_ and give its role symbol=r'\\{name}'."
            )
        if not name.isidentifier():
            raise Slip(f"the letter {name!r} is not a Python name. Write letters and digits, such as L, mu or L_0.")
    if not names.strip():
        raise Slip("letters() got no names. Write letters('k L D').")
    return sympy.symbols(names, **assumption)


# Roles

SWEPT = ("along", "grows", "shrinks", "sized")


@dataclass(frozen=True)
class Role:
    """What a letter of a claim stands for. Made by along, grows, shrinks, sized, varies, fixed, measured and unknown."""

    kind: str
    meaning: str
    low: float | None = None
    high: float | None = None
    among: tuple[float, ...] = ()
    value: float | None = None
    unit: str = "1"
    symbol: str | None = None
    by: str | None = None
    dims: tuple[str, ...] = ()
    up_to: str | None = None

    @property
    def swept(self) -> bool:
        """Whether the letter has an axis of its own."""
        return self.kind in SWEPT

    @property
    def integer(self) -> bool:
        """Whether the letter takes whole numbers only, read off from how its range was written."""
        return all(isinstance(v, int) for v in (self.low, self.high, *self.among, self.value) if v is not None)

    def __call__(self, meaning: str, *, symbol: str | None = None) -> Role:
        """`unknown` is a role by itself, and `unknown("meaning")` says more."""
        if self.kind != "unknown":
            raise Slip(f"the role {self.kind}({self.meaning!r}) is not a function.")
        return replace(self, meaning=meaning, symbol=symbol)


def along(meaning: str, low: float, high: float, *, unit: str = "1", symbol: str | None = None) -> Role:
    """A letter read off one run, in the order the run meets it: iterations 1 to 8192, accuracies 0.1 to 0.001."""
    _positive("along", meaning, low, high)
    if low == high:
        raise Slip(f'along("{meaning}", {low}, {high}) is a single point. Write the first and the last value that a run meets.')
    return Role("along", meaning, low, high, unit=unit, symbol=symbol)


def grows(meaning: str, low: float | None = None, high: float | None = None, **options: Any) -> Role:
    """A size that tends to infinity; one lane per value."""
    return _range("grows", meaning, low, high, **options)


def shrinks(meaning: str, low: float | None = None, high: float | None = None, **options: Any) -> Role:
    """A size that tends to zero; one lane per value. Arguments are low, high."""
    return _range("shrinks", meaning, low, high, **options)


def sized(meaning: str, low: int | None = None, high: int | None = None, **options: Any) -> Role:
    """A size that grows and changes array shapes: one compilation per value, the last resort."""
    role = _range("sized", meaning, low, high, **options)
    if not role.integer:
        raise Slip(f'sized("{meaning}", ...) takes whole numbers, since it is the length of an array; use grows for {low}, {high}.')
    return role


def varies(meaning: str, low: float | None = None, high: float | None = None, **options: Any) -> Role:
    """A letter that may lie anywhere in the box [low, high], or among=(1, 2, 4); the verdict is the worst over it."""
    return _range("varies", meaning, low, high, **options)


def fixed(meaning: str, value: float, *, unit: str = "1", symbol: str | None = None) -> Role:
    """One number. A whole number written without a point is a Python number inside kernels, any other is traced."""
    if not isinstance(value, (int, float)):
        raise Slip(f'fixed("{meaning}", {value!r}) takes a number.')
    return Role("fixed", meaning, value=value, unit=unit, symbol=symbol)


def measured(
    meaning: str,
    *,
    unit: str = "1",
    symbol: str | None = None,
    by: str | None = None,
    dims: tuple[str, ...] = (),
    up_to: Any = None,
) -> Role:
    """A quantity that the kernel returns, or else an attribute of the problem.

    `by="module:kernel"` (or "module:kernel:output") takes it from a rival kernel on the same instances and seeds. `dims` names the axes
    of a vector. `up_to` is the letter that says where a kernel stops looking: an infinite value then means "more than that".
    """
    if isinstance(dims, str):
        raise Slip(f'measured("{meaning}", dims={dims!r}) takes a tuple of names. Write dims=({dims!r},).')
    return Role("measured", meaning, unit=unit, symbol=symbol, by=by, dims=dims, up_to=None if up_to is None else str(up_to))


unknown = Role("unknown", "an absolute constant")


def _positive(kind: str, meaning: str, *values: float) -> None:
    for value in values:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Slip(f'{kind}("{meaning}", ...) takes numbers, not {value!r}.')
        if not 0 < value < float("inf"):
            raise Slip(f'{kind}("{meaning}", ...) takes positive finite numbers, since it is swept in its logarithm; it got {value}.')


def _range(kind: str, meaning: str, low: float | None, high: float | None, *, among=(), unit="1", symbol=None) -> Role:
    if among:
        if low is not None or high is not None:
            raise Slip(f'{kind}("{meaning}", ...) takes either low, high or among=..., not both.')
        _positive(kind, meaning, *among)
        if list(among) != sorted(set(among)):
            raise Slip(f'{kind}("{meaning}", among={tuple(among)}) must rise without repeats. Write among={tuple(sorted(set(among)))}.')
        if kind != "varies" and len(among) < 2:
            raise Slip(f'{kind}("{meaning}", among={tuple(among)}) needs at least two values. Use fixed for one.')
        return Role(kind, meaning, among[0], among[-1], among=tuple(among), unit=unit, symbol=symbol)
    if low is None or high is None:
        raise Slip(f'{kind}("{meaning}") has no range. Write {kind}("{meaning}", low, high).')
    _positive(kind, meaning, low, high)
    if low >= high:
        raise Slip(f'{kind}("{meaning}", {low}, {high}) is an empty range. Write {kind}("{meaning}", {min(low, high)}, {max(low, high)}).')
    return Role(kind, meaning, low, high, unit=unit, symbol=symbol)


# Quantifiers and expectations


@dataclass(frozen=True)
class Quantifier:
    """Over what a claim holds: every instance, the expectation or the probability over replicates, the average over instances."""

    name: str
    probability: Any = None


for_every_instance = Quantifier("for every instance")
in_expectation = Quantifier("in expectation, on every instance")
on_average = Quantifier("on average over the family")


def with_probability(probability: Any) -> Quantifier:
    """With at least this probability over the replicates, on every instance; the probability may use letters."""
    return Quantifier("with probability", sympy.sympify(probability))


@dataclass(frozen=True)
class Expectation:
    """The verdict that a claim's author expects; called with words, the reason for it."""

    verdict: str
    reasons: tuple[str, ...] = ()
    why: str = ""

    def __call__(self, *words: str) -> Expectation:
        """`refuted("why")`, `inconclusive("RANGE", "why")`."""
        return replace(self, reasons=tuple(words[:-1]), why=words[-1] if words else "")


supported = Expectation("supported")
refuted = Expectation("refuted")
inconclusive = Expectation("inconclusive")


# Sources, controls, claims


@dataclass(frozen=True)
class Source:
    """Where a statement comes from: authors, title, year, arXiv number with version, venue; `place` and `basis` say what was read."""

    authors: str
    title: str
    year: int
    arxiv: str = ""
    venue: str = ""
    place: str = ""
    basis: str = ""
    note: str = ""

    def at(self, place: str, *, basis: str, note: str = "") -> Source:
        """The same paper at one place ("Theorem 3.1", "abstract"), with what the statement rests on."""
        if basis not in BASES:
            raise Slip(f"basis={basis!r} is none of {', '.join(BASES)}.")
        if basis not in ("own", "derived") and not (self.arxiv or self.venue):
            raise Slip(f"the source {self.title!r} has basis {basis!r} but neither arxiv= nor venue=. Add one, or write basis='own'.")
        return replace(self, place=place, basis=basis, note=note)


@dataclass(frozen=True)
class Control:
    """A claim with some fields replaced that the same test must refute (or, with expect=supported, must support)."""

    title: str
    simulation: Any = None
    statement: Any = None
    where: Mapping[Any, Role] = field(default_factory=dict)
    problems: tuple[str, ...] | str | None = None
    assuming: Any = None
    expect: Expectation = refuted

    def __post_init__(self) -> None:
        if not self.replaced:
            raise Slip(f"the control {self.title!r} replaces nothing, so it is its claim. Give statement=, simulation=, where= or problems=.")

    @property
    def replaced(self) -> dict[str, Any]:
        """The fields that the control replaces, with their values."""
        given = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("title", "expect")}
        return {name: value for name, value in given.items() if value is not None and value != {}}

    @property
    def kind(self) -> str:
        """positive, algorithm (another kernel or another step), or statement."""
        if self.expect.verdict == "supported":
            return "positive"
        return "algorithm" if "simulation" in self.replaced or "statement" not in self.replaced else "statement"


@dataclass(frozen=True, eq=False)
class Claim:
    """One statement of a paper, with a role for every letter, the simulations that measure it and the controls that must fail.

    `simulation` is "module:kernel" (a tuple of them takes the least value on each instance), or None with `because`: stated, not
    checked. `problems` are families "module:family". `trivially` is the value that any method attains. `tier="full"` is for claims
    that only a long run can settle, `instances` for families whose instances are dear: how many of each to draw.
    """

    title: str
    source: Source
    statement: Any
    where: Mapping[Any, Role]
    holds: Quantifier = for_every_instance
    simulation: Any = None
    problems: tuple[str, ...] | str = ()
    assuming: tuple[Any, ...] | Any = ()
    controls: tuple[Control, ...] | Control = ()
    trivially: Any = None
    expect: Expectation = supported
    because: str = ""
    tier: str = "quick"
    instances: int | None = None
    file: str = ""
    line: int = 0
    name: str = ""
    taken: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731 - a frozen dataclass normalises itself once
        for name in ("problems", "assuming", "controls"):
            value = getattr(self, name)
            put(name, tuple(value) if isinstance(value, (tuple, list)) else (value,))
        if not self.file:
            file, line = _caller()
            put("file", file)
            put("line", line)
        if self.instances is not None and not (isinstance(self.instances, int) and self.instances > 0):
            raise Slip(f"instances={self.instances!r} is no positive whole number.")
        if self.tier not in TIERS:
            raise Slip(f"tier={self.tier!r} is none of {', '.join(TIERS)}.")
        if self.simulation is None and not self.because:
            raise Slip(
                "the claim has no simulation. Write simulation='module:kernel', or because='why it is stated and not checked' beside simulation=None."
            )

    @property
    def kernels(self) -> tuple[str, ...]:
        """The names of the kernels whose least value is the measured quantity; usually one."""
        if self.simulation is None:
            return ()
        return (self.simulation,) if isinstance(self.simulation, str) else tuple(self.simulation)

    def letter(self, name: str) -> sympy.Symbol:
        """The symbol of that name in the where table."""
        for symbol in self.where:
            if symbol.name == name:
                return symbol
        raise Slip(f"no letter {name!r}; the where table has {', '.join(sorted(s.name for s in self.where))}.")

    def role(self, name: str) -> Role:
        """The role of the letter of that name."""
        return self.where[self.letter(name)]

    def under(self, control: Control) -> Claim:
        """The claim that a control makes: this one with the control's fields in place, itself without controls."""
        new = dict(control.replaced)
        if "where" in new:
            new["where"] = {**self.where, **new["where"]}
        slug = control.title.replace(" ", "_")
        return replace(self, **new, title=control.title, controls=(), expect=control.expect, name=f"{self.name}/{slug}")


def _caller() -> tuple[str, int]:
    """File and line of the nearest frame outside this package: the claim file that is being read."""
    frame = sys._getframe(1)
    while frame is not None and (frame.f_globals.get("__name__") or "").split(".")[0] in ("theorylab", "dataclasses"):
        frame = frame.f_back
    return ("<unknown>", 0) if frame is None else (frame.f_code.co_filename, frame.f_lineno)
