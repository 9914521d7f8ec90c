"""Points of a claim's ranges at which its bounds are looked at before there are any data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import islice, product
from typing import Any

import numpy as np
import sympy

from .bound import holds
from .role import Role

CORNERS, CLOUD = 256, 512
LINES, STEPS = 96, 9
MEASURED = (1e-6, 1e6)
Points = dict[Any, np.ndarray]


def points(where: Mapping[sympy.Symbol, Role]) -> Points:
    """A value of every letter, and of previous(letter), at each of many points (points,), to be read only.

    The corners of the ranges come first, then a cloud, in logarithm, that often touches the ends. Measured letters may have
    any size and, where they are signed, any sign; unknown constants are 1.
    """
    return dict(_points(tuple((symbol, role, role.integer) for symbol, role in where.items())))


# A claim, its kind and its controls are looked at on the same letters, one after the other.
@lru_cache(maxsize=64)
def _points(where: tuple[tuple[sympy.Symbol, Role, bool], ...]) -> Points:
    rng = np.random.default_rng(0)
    spans: dict[Any, tuple[Role, float, float]] = {symbol: (role, *_span(role)) for symbol, role, _ in where}
    for symbol, role, _ in where:
        if role.kind == "measured":
            for assumption in ({"positive": True}, {"real": True}):
                spans[sympy.Function("previous", **assumption)(symbol)] = spans[symbol]
    free = [letter for letter, (_, low, high) in spans.items() if low != high]
    corners = np.array(list(islice(product((0.0, 1.0), repeat=len(free)), CORNERS))).reshape(-1, len(free))
    cloud = np.clip(rng.uniform(-0.5, 1.5, (CLOUD, len(free))), 0.0, 1.0)
    unit = dict(zip(free, np.concatenate([corners, cloud]).T, strict=True))
    table = {}
    for letter, (role, low, high) in spans.items():
        values = _values(role, low, high, unit.get(letter, np.zeros(len(corners) + CLOUD)))
        signs = rng.choice((-1.0, 1.0), len(values)) if role.kind == "measured" and not letter.is_positive else 1.0
        table[letter] = values * signs
        table[letter].flags.writeable = False
    return table


def lines(where: Mapping[sympy.Symbol, Role], axis: sympy.Symbol) -> Points:
    """Points (lines, steps) that move along one swept letter in the direction in which it tends, the others where they may be."""
    role = where[axis]
    low, high = _span(role)
    down = role.kind == "shrinks" or (role.low or low) > (role.high or high)
    table = points(where)
    every = max(len(table[axis]) // LINES, 1)
    steps = np.geomspace(high, low, STEPS) if down else np.geomspace(low, high, STEPS)
    return {letter: values[::every, None] for letter, values in table.items()} | {axis: steps[None, :]}


def inside(relations: Sequence[Any], table: Points, where: Mapping[sympy.Symbol, Role]) -> np.ndarray:
    """Whether the assumptions hold that no measurement decides, at each point; the others may hold anywhere."""
    kept = np.ones(np.broadcast_shapes(*(values.shape for values in table.values())), dtype=bool)
    for relation in relations:
        if all(symbol in where and where[symbol].kind != "measured" for symbol in relation.free_symbols):
            kept = kept & np.asarray(holds(relation, table))
    return kept


def _span(role: Role) -> tuple[float, float]:
    match role.kind:
        case "measured":
            return MEASURED
        case "unknown":
            return 1.0, 1.0
        case "fixed":
            return float(role.value or 0), float(role.value or 0)
    ends = float(role.low or 1), float(role.high or 1)
    return min(ends), max(ends)


def _values(role: Role, low: float, high: float, unit: np.ndarray) -> np.ndarray:
    if low == high:
        return np.full(len(unit), low)
    if role.among:
        return np.asarray(role.among, dtype=float)[np.minimum(unit * len(role.among), len(role.among) - 1).astype(int)]
    values = np.clip(low * (high / low) ** unit, low, high)
    return np.rint(values) if role.integer and role.kind != "measured" else values
