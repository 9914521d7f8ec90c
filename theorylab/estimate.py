"""Data -> Cells: every measured letter beside its bound, cell by cell, with what may be counted and why the rest may not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy
import xarray as xr

from .blocks import measured_in_blocks
from .bound import SignedLog, evaluate, holds
from .cells import FLOOR_FACTOR, NUMERICAL, RELATIVE, Cells, compact, log_ratio, relative_gap
from .claim import Claim, Slip
from .design import POINT
from .kind import Kind
from .orders import order_of
from .role import is_previous

UNSEEN = 1e-12
# The attribute of a floor that says whether it is one of rounding, as it is taken to be where nothing else is known.
BY_ROUNDING = "by_rounding"
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
    measured = data.variables[quantity]
    lost = [d for d in ("instance", "replicate") if d not in measured.dims]
    if lost:
        raise Slip(f"{quantity} has the dims {', '.join(map(str, measured.dims))}. Give it the dim {lost[0]} too.")
    own = [str(d) for d in measured.dims if d == POINT or (d in roles and roles[str(d)].swept)]
    at = {name: d for d in own for name, role in roles.items() if role.swept and name in data.variables and data[name].dims == (d,)}
    others = [str(d) for d in measured.dims if d not in (*own, "instance", "replicate")]
    order = ("instance", "replicate", *own, *others)
    sizes = {d: int(data.sizes[d]) for d in order}
    grid = tuple(sizes.values())
    table = _letters(claim, data)
    flat = lambda values: _flatten(values, sizes)  # noqa: E731

    def values_in(expression: Any) -> dict[Any, np.ndarray]:
        return compact({symbol: flat(value) for symbol, value in table.items() if symbol.free_symbols & expression.free_symbols})

    needed = _symbols(kind, claim)
    for symbol, value in table.items():
        beyond = [str(d) for d in value.dims if d not in sizes] if symbol in needed else []
        if beyond:
            raise Slip(
                f"the claim bounds {quantity}, which has only the dims {', '.join(sizes)}, by {symbol}, which has the dim {beyond[0]} too. "
                f"Measure {quantity} over {beyond[0]}, or solve the statement for {symbol}."
            )
    letters = {symbol: flat(value) for symbol, value in table.items() if symbol in needed}
    y = flat(measured)
    count, _, width = y.shape
    censored = np.zeros(y.shape, dtype=bool)
    cap = roles[quantity].up_to
    if cap is not None:
        censored = np.isposinf(y)
        y = np.where(censored, float(np.asarray(table[claim.letter(cap)].values)), y)
    keep = np.ones((count, width), dtype=bool)
    dropped: dict[str, int] = {}

    def drop(reason: str, cells_: Any) -> None:
        gone = keep & cells_
        if gone.any():
            dropped[reason] = dropped.get(reason, 0) + int(gone.sum())
        keep[gone] = False

    for name in (name for name in at if roles[name].kind == "along"):
        first, last = (float(v) for v in (roles[name].low, roles[name].high))  # type: ignore[arg-type]
        here = flat(data.variables[name])[:, 0]
        drop("only a step before", here > first if first > last else here < first)
    if "ran" in data:
        drop("not run", ~flat(data.variables["ran"]).astype(bool).all(1))
    for relation in claim.assuming:
        inside = holds(relation, values_in(relation))
        # A condition on swept letters says where the theorem speaks; one on measured letters, whether a run met its assumptions.
        chosen = all(claim.where[symbol].kind != "measured" for symbol in relation.free_symbols)
        drop("not run" if chosen else "assumption", ~np.broadcast_to(inside, y.shape).all(1))
    bound = evaluate(kind.scale, compact(letters))
    for symbol in filter(is_previous, letters):
        drop("no step before", np.isnan(letters[symbol]).all(1))
    y, nonfinite = _diverged(kind, y, bound, grid, own, roles, claim.holds.name in AVERAGES)
    # A run without a bound is not known to hold: its rival failed, or the formula is no number there.
    nonfinite = nonfinite | np.isnan(np.broadcast_to(bound.log, y.shape)) & ~np.isposinf(y)
    with np.errstate(invalid="ignore"):
        level = np.where(nonfinite, 0.0, np.abs(y)).sum(1) / (~nonfinite).sum(1)
        if measured_in_blocks(claim, kind.form):
            # A quantile may have no mean beside it: one run that is far out says nothing of where the others end.
            level = np.median(np.where(nonfinite, 0.0, np.abs(y)), axis=1)
    largest = np.where(np.isfinite(level), level, 0.0).max(1, keepdims=True, initial=0.0)
    height = data.variables.get("floor")
    numerical = NUMERICAL
    if floor is not None and quantity in floor:
        height = height_of(claim, floor[quantity], data[quantity]).variable
        numerical = NUMERICAL if floor.attrs.get(BY_ROUNDING, True) else 0.0
    plateau = None
    if height is not None:
        ends = np.nan_to_num(flat(height)[:, 0, :])
        plateau = np.where(ends > numerical * largest, ends, 0.0)
        lowest = _floor(flat(height), numerical * largest)
        drop("floor", level <= FLOOR_FACTOR * lowest)
        if kind.form == "explicit" and kind.side != "lower" and not kind.difference:
            drop("floor", _by_rounding(kind, y, bound, lowest))
    elif kind.form == "rate" and kind.side == "lower":
        # The first value at rounding says how far a decay has fallen at least; the plateau behind says nothing of how fast it fell.
        unseen = level <= UNSEEN * largest
        first = unseen & _first(unseen, grid, order, next(iter(claim_along(claim) & set(own)), None))
        drop("floor", unseen & ~first)
    elif kind.form != "explicit" and kind.side != "lower":
        drop("floor", level <= UNSEEN * largest)
    trivial = None
    if claim.trivially is not None:
        trivially = sympy.sympify(claim.trivially)
        trivial = np.broadcast_to(evaluate(trivially, values_in(trivially)).value, y.shape).mean(1)
        if kind.form != "explicit" and kind.side != "lower":
            drop("ceiling", level >= CEILING * trivial)
    axes = {name: flat(data.variables[name])[0, 0] for name in at}
    boxed = {name: v for name in map(str, data.coords) if name in roles for v in [data.variables[name]] if v.dims == ("instance",)}
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
        entry=_entries([sizes[d] for d in others], width),
        instances=tuple(int(i) for i in data.variables["instance"].values),
        boxed={name: np.asarray(v.values, float) for name, v in boxed.items()},
        trivial=trivial,
        dropped=dropped,
        averages=claim.holds.name in AVERAGES,
        together=tuple(name for name, dim in at.items() if dim == POINT),
        plateau=plateau,
    )


def _letters(claim: Claim, data: xr.Dataset) -> dict[Any, xr.Variable]:
    """The values of every letter that the data or the claim give a value, and of previous() of the measured ones."""
    table: dict[Any, xr.Variable] = {}
    along = next((s.name for s, role in claim.where.items() if role.kind == "along" and s.name in data.dims), None)
    # A path that never rises does not rise between any two checkpoints; any other bound speaks of one step.
    monotone = order_of(claim) == "monotone path"
    for symbol, role in claim.where.items():
        if role.kind == "unknown":
            table[symbol] = xr.Variable((), 1.0)
        elif symbol.name in data.variables:
            table[symbol] = data.variables[symbol.name]
            if role.kind == "measured" and along is not None and along in table[symbol].dims:
                counted = claim.role(along).integer and not monotone
                steps = np.asarray(data.variables[along].values, float) if counted else None
                table[sympy.Function("previous", **_sign(symbol))(symbol)] = _before(table[symbol], along, steps)
        elif role.kind == "fixed":
            table[symbol] = xr.Variable((), float(role.value or 0.0))
    return table


def _before(values: xr.Variable, along: str, steps: np.ndarray | None) -> xr.Variable:
    """The values one step before: NaN at the first and, where steps are counted, wherever the step before was not recorded."""
    axis = values.dims.index(along)
    found = np.roll(np.asarray(values.values, float), 1, axis)
    gone = np.r_[True, np.abs(np.diff(steps)) != 1] if steps is not None else np.arange(values.shape[axis]) == 0
    np.moveaxis(found, axis, 0)[gone] = np.nan
    return xr.Variable(values.dims, found)


def _sign(symbol: sympy.Symbol) -> dict[str, bool]:
    return {"positive": True} if symbol.is_positive else {"real": True}


def _symbols(kind: Kind, claim: Claim) -> set[Any]:
    used = set(kind.scale.free_symbols) | {node for node in sympy.preorder_traversal(kind.scale) if node.is_Function}
    if kind.per_step is not None:
        used |= kind.per_step.free_symbols | {kind.steps}
    return used


def _entries(lengths: list[int], width: int) -> np.ndarray:
    """Which entry of a vector each of the J cells is; all 0 for a number."""
    count = int(np.prod(lengths))
    return np.tile(np.arange(count), width // count)


def _flatten(values: xr.Variable, sizes: Mapping[str, int]) -> np.ndarray:
    """As (I, M, J), broadcast by the names of dims; a view, and without steps along I or M where nothing differs there."""
    beyond = [str(d) for d in values.dims if d not in sizes]
    if beyond:
        raise Slip(
            f"a letter of an assumption has the dim {beyond[0]}, and the quantity has only {', '.join(sizes)}. Measure it over those."
        )
    there = [d for d in sizes if d in values.dims]
    array = np.asarray(values.values, dtype=float).transpose([values.dims.index(d) for d in there])
    array = array.reshape([sizes[d] if d in there else 1 for d in sizes])
    instances, replicates, *cells_ = sizes.values()
    array = np.broadcast_to(array, (*array.shape[:2], *cells_)).reshape(*array.shape[:2], -1)
    return np.broadcast_to(array, (instances, replicates, array.shape[2]))


def _diverged(
    kind: Kind, y: np.ndarray, bound: SignedLog, grid: tuple[int, ...], own: list[str], roles: Mapping[str, Any], averages: bool
) -> Any:
    """Non-finite values: beyond every bound where the run had broken it before, and otherwise a failure of the run.

    A bound with an unknown constant is broken where the ratio has grown a millionfold since the first checkpoint. Single runs lie
    beyond the bound of a mean all the time, so that there they must have been beyond it a millionfold as well.
    """
    bad = ~np.isfinite(y)
    along = [d for d in own if d in roles and roles[d].kind == "along"]
    if not bad.any() or not along or kind.side == "lower":
        return y, bad
    axis = 2 + own.index(along[0])
    far = None
    if kind.form == "explicit":
        over = (relative_gap(kind, y, bound) > RELATIVE) & ~bad
        if averages:
            finite = np.where(bad, 0.0, np.abs(y)).reshape(grid)
            size = np.maximum(np.broadcast_to(np.abs(bound.value), y.shape).reshape(grid), np.take(finite, [0], axis))
            far = over & (finite > DIVERGED * size).reshape(y.shape)
    else:
        ratio = np.where(bad, -np.inf, log_ratio(y, bound)).reshape(grid)
        over = (ratio > np.take(ratio, [0], axis) + np.log(DIVERGED)) & np.isfinite(np.take(ratio, [0], axis))
    since = lambda there: np.maximum.accumulate(there.reshape(grid), axis=axis).reshape(y.shape)  # noqa: E731
    broken = since(over)
    if far is not None:
        # A control, which has to fail, is caught by infinities of runs that only noise had taken beyond the bound.
        return np.where(bad & broken, np.inf, y), bad & ~since(far)
    return np.where(bad & broken, np.inf, y), bad & ~broken


def height_of(claim: Claim, floor: xr.DataArray, like: xr.DataArray) -> xr.DataArray:
    """Where runs started near the solution end, highest of several; of the family where not every instance of `like` was tried."""
    along = next(iter(claim_along(claim) & set(map(str, floor.dims))), None)
    height = (floor.isel({along: -1}, drop=True) if along else floor).max("replicate")
    return height.max("instance") if floor.sizes["instance"] < like.sizes["instance"] else height


def _floor(height: np.ndarray, most: np.ndarray) -> np.ndarray:
    """The numerical floor of each instance and cell, which is `most` (I, 1) at most.

    A numerical floor is tiny or it is none: a plateau of noise, or of a wrong fixed point, stays in the data and counts against the
    claim. It is the family's, since rounding may leave a single instance none by luck.
    """
    values = np.nan_to_num(height[:, 0, :])
    return np.broadcast_to(np.where(values <= most, values, 0.0).max(0, keepdims=True), values.shape)


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


def _first(cells: np.ndarray, grid: tuple[int, ...], order: tuple[str, ...], along: str | None) -> np.ndarray:
    """Which of the marked cells (I, J) come first along the run."""
    if along is None:
        return cells
    shaped = cells.reshape(grid[0], *grid[2:])
    return (np.cumsum(shaped, axis=order.index(along) - 1) == 1).reshape(cells.shape)


def claim_along(claim: Claim) -> set[str]:
    """The names of the letters that are read off one run."""
    return {symbol.name for symbol, role in claim.where.items() if role.kind == "along"}
