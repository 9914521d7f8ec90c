"""The same claim at other numbers: in other base units, and at letters next to its own."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from .claim import Claim
from .kind import needed
from .unit import parse_unit

if TYPE_CHECKING:
    from .simulate import Run

GIVEN = ("along", "grows", "shrinks", "varies", "fixed")
WIDEST = 4.0
POWER_OF_TWO = 16.0


def free_bases(claim: Claim) -> tuple[str, ...]:
    """The base units that may be chosen anew: those of the numbers that a run is given. A whole number holds its own still."""
    roles = {symbol.name: role for symbol, role in claim.where.items() if role.kind in (*GIVEN, "sized")}
    used = needed(claim) | set(claim.taken)
    held = {base for name, role in roles.items() if role.integer and name in used for base in parse_unit(role.unit)}
    return tuple(sorted({base for role in roles.values() if not role.integer for base in parse_unit(role.unit)} - held))


def choice(bases: tuple[str, ...], number: int) -> dict[str, float]:
    """What each base unit is worth in one of the fixed choices: log-uniform in [1/4, 4], and no power of two."""
    return {base: WIDEST ** (2 * _hash01(f"{number}/{base}") - 1) for base in bases}


def exact_choice(bases: tuple[str, ...], number: int) -> dict[str, float]:
    """The same by powers of two, which a floating-point number is multiplied by without rounding."""
    return {base: POWER_OF_TWO ** (-1 if number % 2 and place % 2 else 1) for place, base in enumerate(bases)}


def rescaled(claim: Claim, run: Run, worth: Mapping[str, float]) -> tuple[Claim, Run]:
    """The claim and the run with their letters in a choice of units; whole numbers and letters without a unit stay."""
    factors = {
        symbol.name: math.prod(worth.get(base, 1.0) ** float(power) for base, power in parse_unit(role.unit).items())
        for symbol, role in claim.where.items()
        if role.kind in GIVEN and not role.integer
    }
    return _multiplied(claim, run, factors)


def beside(claim: Claim, run: Run, size: float, number: int, side: int) -> tuple[Claim, Run]:
    """The claim and the run with boxed and fixed letters moved by one to four times this part of themselves; whole numbers stay.

    Every number is another pattern, and `side` says how far, negative against positive. The theorem knows no box, so that the letters may
    leave theirs.
    """
    step = lambda name: WIDEST ** _hash01(f"{number}/by/{name}") * (1 if _hash01(f"{number}/to/{name}") < 0.5 else -1)  # noqa: E731
    movable = [symbol.name for symbol, role in claim.where.items() if role.kind in ("varies", "fixed") and not role.integer]
    return _multiplied(claim, run, {name: 1 + side * size * step(name) for name in movable})


def _multiplied(claim: Claim, run: Run, factors: Mapping[str, float]) -> tuple[Claim, Run]:
    line = lambda name, values: tuple(v * factors[name] for v in values) if name in factors else values  # noqa: E731
    scale = lambda name, value: value * factors[name] if name in factors and value is not None else value  # noqa: E731
    where = {
        symbol: replace(
            role,
            low=scale(symbol.name, role.low),
            high=scale(symbol.name, role.high),
            among=line(symbol.name, role.among),
            value=scale(symbol.name, role.value),
        )
        for symbol, role in claim.where.items()
    }
    moved = replace(
        run,
        sweep=tuple((name, line(name, values)) for name, values in run.sweep),
        along=(run.along[0], line(*run.along)) if run.along else None,
        varies=tuple((name, line(name, values)) for name, values in run.varies),
        fixed=tuple((name, scale(name, value)) for name, value in run.fixed),
    )
    return replace(claim, where=where), moved


def _hash01(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48
