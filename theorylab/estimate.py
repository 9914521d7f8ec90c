"""Data -> Cells: every measured letter beside its bound, cell by cell, with what may be counted and why the rest may not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy
import xarray as xr

from .bound import SignedLog, evaluate, holds
from .cells import FLOOR_FACTOR, NUMERICAL, RELATIVE, Cells, log_ratio, relative_gap
from .claim import Claim, Slip
from .kind import Kind

UNSEEN = 1e-12
CEILING = 0.4
DIVERGED = 1e6
AVERAGES = ("in expectation, on every instance", "on average over the family")


def cells(claim: Claim, kind: Kind, family: str, kernel: str, data: xr.Dataset, floor: xr.Dataset | None = None) -> Cells:
    """The cells of one family's dataset. Raises Slip where a letter of the claim is not in the data.

    `floor` are runs started near the solution; where there are none, the data may tell in `floor` where such runs end.
    """
    quantity = kind.quantity.name
    if quantity not in data:
        raise Slip(f"the data hold {', '.join(map(str, data.data_vars)) or 'nothing'}, but the claim measures {quantity}.")
    roles = {symbol.name: role for symbol, role in claim.where.items()}
    own = [str(d) for d in data[quantity].dims if d in roles and roles[str(d)].swept]
    others = [str(d) for d in data[quantity].dims if d not in (*own, "instance", "replicate")]
    order = ("instance", "replicate", *own, *others)
    like = data[quantity].transpose(*order)
    table = _letters(claim, data)
    flat = lambda a: _flatten(a, like, order)  # noqa: E731
    needed = _symbols(kind, claim)
    letters = {symbol: flat(value) for symbol, value in table.items() if symbol in needed}
    y = flat(like)
    count, _, width = y.shape
    censored = np.zeros(y.shape, dtype=bool)
    cap = roles[quantity].up_to
    if cap is not None:
        censored = np.isposinf(y)
        y = np.where(censored, float(np.asarray(table[claim.letter(cap)])), y)
    keep = np.ones((count, width), dtype=bool)
    dropped: dict[str, int] = {}

    def drop(reason: str, cells_: Any) -> None:
        gone = keep & cells_
        if gone.any():
            dropped[reason] = dropped.get(reason, 0) + int(gone.sum())
        keep[gone] = False

    for name in own:
        low = min(v for v in (roles[name].low, roles[name].high) if v is not None)
        drop("only a step before", np.broadcast_to(flat(data[name] * xr.ones_like(like))[:, 0] < low, keep.shape))
    if "ran" in data:
        drop("not run", ~flat(data["ran"] * xr.ones_like(like)).astype(bool).all(1))
    for relation in claim.assuming:
        inside = holds(relation, {symbol: flat(value) for symbol, value in table.items()})
        # A condition on swept letters says where the theorem speaks; one on measured letters, whether a run met its assumptions.
        chosen = all(claim.where[symbol].kind != "measured" for symbol in relation.free_symbols)
        drop("not run" if chosen else "assumption", ~np.broadcast_to(inside, y.shape).all(1))
    bound = evaluate(kind.scale, letters)
    with np.errstate(invalid="ignore"):
        missing = np.isnan(np.broadcast_to(bound.log, y.shape)).all(1) if _uses_previous(kind) else np.zeros_like(keep)
    drop("no step before", missing)
    y, nonfinite = _diverged(kind, y, bound, like, own, roles)
    with np.errstate(invalid="ignore"):
        level = np.where(nonfinite, 0.0, np.abs(y)).sum(1) / (~nonfinite).sum(1)
    largest = np.where(np.isfinite(level), level, 0.0).max(1, keepdims=True, initial=0.0)
    height = data.get("floor")
    if floor is not None and quantity in floor:
        height = height_of(claim, floor[quantity], like)
    if height is not None:
        lowest = _floor(height, like, order, largest)
        drop("floor", level <= FLOOR_FACTOR * lowest)
        if kind.form == "explicit" and kind.side != "lower" and not kind.difference:
            drop("floor", _by_rounding(kind, y, bound, lowest))
    elif kind.form == "rate" and kind.side == "lower":
        # The first value at rounding says how far a decay has fallen at least; the plateau behind says nothing of how fast it fell.
        unseen = level <= UNSEEN * largest
        first = unseen & _first(unseen, like, next(iter(claim_along(claim) & set(own)), None))
        drop("floor", unseen & ~first)
    elif kind.form != "explicit" and kind.side != "lower":
        drop("floor", level <= UNSEEN * largest)
    trivial = None
    if claim.trivially is not None:
        trivial = np.broadcast_to(evaluate(sympy.sympify(claim.trivially), {s: flat(v) for s, v in table.items()}).value, y.shape).mean(1)
        if kind.form != "explicit" and kind.side != "lower":
            drop("ceiling", level >= CEILING * trivial)
    axes = {str(d): flat(data[d] * xr.ones_like(like))[0, 0] for d in own}
    boxed = {str(name): np.asarray(data[name].values, float) for name in data.coords if name in roles and data[name].dims == ("instance",)}
    return Cells(
        kind=kind,
        family=family,
        kernel=kernel,
        quantity=y,
        letters=letters,
        keep=keep,
        nonfinite=nonfinite & keep[:, None, :],
        censored=censored & keep[:, None, :],
        axes=axes,
        entry=_entries(like, others, width),
        instances=tuple(int(i) for i in data["instance"].values),
        boxed=boxed,
        trivial=trivial,
        dropped=dropped,
        averages=claim.holds.name in AVERAGES,
    )


def _letters(claim: Claim, data: xr.Dataset) -> dict[Any, Any]:
    """A DataArray or number for every letter that the data or the claim give a value, and for previous() of the measured ones."""
    table: dict[Any, Any] = {}
    along = next((s.name for s, role in claim.where.items() if role.kind == "along" and s.name in data.dims), None)
    for symbol, role in claim.where.items():
        if role.kind == "unknown":
            table[symbol] = xr.DataArray(1.0)
        elif symbol.name in data or symbol.name in data.coords:
            table[symbol] = data[symbol.name].astype(float)
            if role.kind == "measured" and along is not None and along in data[symbol.name].dims:
                before = data[symbol.name].astype(float).shift({along: 1})
                if claim.role(along).integer:
                    before = before.where(abs(data[along] - data[along].shift({along: 1})) == 1)
                table[sympy.Function("previous", **_sign(symbol))(symbol)] = before
        elif role.kind == "fixed":
            table[symbol] = xr.DataArray(float(role.value or 0.0))
    return table


def _sign(symbol: sympy.Symbol) -> dict[str, bool]:
    return {"positive": True} if symbol.is_positive else {"real": True}


def _symbols(kind: Kind, claim: Claim) -> set[Any]:
    used = set(kind.scale.free_symbols) | {node for node in sympy.preorder_traversal(kind.scale) if node.is_Function}
    if kind.per_step is not None:
        used |= kind.per_step.free_symbols | {kind.steps}
    return used


def _entries(like: xr.DataArray, others: list[str], width: int) -> np.ndarray:
    """Which entry of a vector each of the J cells is; all 0 for a number."""
    count = int(np.prod([like.sizes[d] for d in others])) if others else 1
    return np.tile(np.arange(count), width // count)


def _uses_previous(kind: Kind) -> bool:
    return any(getattr(node.func, "__name__", "") == "previous" for node in sympy.preorder_traversal(kind.scale))


def _flatten(array: Any, like: xr.DataArray, order: tuple[str, ...]) -> np.ndarray:
    """As (I, M, J), broadcast to the quantity's own dims."""
    full = xr.broadcast(xr.DataArray(array), like)[0].transpose(*order)
    return np.asarray(full.values, dtype=float).reshape(like.shape[0], like.shape[1], -1)


def _diverged(kind: Kind, y: np.ndarray, bound: SignedLog, like: xr.DataArray, own: list[str], roles: Mapping[str, Any]) -> Any:
    """Non-finite values: beyond every bound where the run had broken it before, and otherwise a failure of the run.

    A bound with an unknown constant is broken where the ratio has grown a millionfold since the first checkpoint.
    """
    bad = ~np.isfinite(y)
    along = [d for d in own if roles[d].kind == "along"]
    if not bad.any() or not along or kind.side == "lower":
        return y, bad
    axis = like.dims.index(along[0])
    if kind.form == "explicit":
        over = (relative_gap(kind, y, bound) > RELATIVE) & ~bad
    else:
        ratio = np.where(bad, -np.inf, log_ratio(y, bound)).reshape(like.shape)
        over = (ratio > np.take(ratio, [0], axis) + np.log(DIVERGED)) & np.isfinite(np.take(ratio, [0], axis))
    broken = np.maximum.accumulate(over.reshape(like.shape), axis=axis).reshape(y.shape)
    return np.where(bad & broken, np.inf, y), bad & ~broken


def height_of(claim: Claim, floor: xr.DataArray, like: xr.DataArray) -> xr.DataArray:
    """Where runs started near the solution end, highest of several; of the family where not every instance of `like` was tried."""
    along = next(iter(claim_along(claim) & set(map(str, floor.dims))), None)
    height = (floor.isel({along: -1}, drop=True) if along else floor).max("replicate")
    return height.max("instance") if floor.sizes["instance"] < like.sizes["instance"] else height


def _floor(height: xr.DataArray, like: xr.DataArray, order: tuple[str, ...], largest: np.ndarray) -> np.ndarray:
    """The floor of each instance and cell.

    A numerical floor is tiny or it is none: a plateau of noise, or of a wrong fixed point, stays in the data and counts against the
    claim. It is the family's, since rounding may leave a single instance none by luck.
    """
    values = np.nan_to_num(_flatten(height, like, order)[:, 0, :])
    return np.broadcast_to(np.where(values <= NUMERICAL * largest, values, 0.0).max(0, keepdims=True), values.shape)


def _by_rounding(kind: Kind, y: np.ndarray, bound: SignedLog, lowest: np.ndarray) -> np.ndarray:
    """The cells (I, J) of which no violation is larger than rounding makes it.

    A hundred floors up, rounding still moves a squared distance by a fifth: (d + e)^2 exceeds d^2 by 2 d e. Inputs moved by one unit in the
    last place need not show it, since runs from all of them end on the same numbers.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        gap = relative_gap(kind, y, bound)
        over = np.abs(gap) if kind.side == "two" else gap
        violated = over > RELATIVE
        small = over * np.broadcast_to(bound.value, y.shape) <= 2 * np.sqrt(np.maximum(y, 0.0) * lowest[:, None, :])
    return np.asarray((violated & small).any(1) & ~(violated & ~small).any(1))


def _first(cells: np.ndarray, like: xr.DataArray, along: str | None) -> np.ndarray:
    """Which of the marked cells (I, J) come first along the run."""
    if along is None:
        return cells
    shaped = cells.reshape(like.shape[0], *like.shape[2:])
    return (np.cumsum(shaped, axis=like.dims.index(along) - 1) == 1).reshape(cells.shape)


def claim_along(claim: Claim) -> set[str]:
    """The names of the letters that are read off one run."""
    return {symbol.name for symbol, role in claim.where.items() if role.kind == "along"}
