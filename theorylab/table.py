"""A table of measurements, one row per cell, as datasets: every cell once, and none left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from .claim import Claim
from .columns import COUNTS, Unreadable, known, own_dims, roles_of
from .design import POINT


@dataclass(frozen=True)
class Table:
    """One row per cell: columns of one length. `lines` are the rows' line numbers in their file; where there is none, rows count from 1."""

    columns: Mapping[str, np.ndarray]
    lines: np.ndarray
    word: str = "line"

    def place(self, row: int) -> str:
        """Where a row is found."""
        return f"{self.word} {int(self.lines[row])}"

    def at(self, row: int, origin: str) -> str:
        """Where a row is found, with the file as editors take it."""
        return f"{origin}:{self.lines[row]}" if self.word == "line" else f"{origin}, {self.place(row)}"


def pivoted(table: Table, claim: Claim, origin: str) -> Iterator[tuple[str | None, xr.Dataset]]:
    """A table as datasets, one for each value of its column `problem`: every cell once, and none left out."""
    for name in table.columns:
        known(name, claim, origin, "column")
    roles, columns = roles_of(claim), dict(table.columns)
    _are_numbers(table, origin)
    named = "problem" in columns
    problems = columns.pop("problem", np.full(len(table.lines), ""))
    for name in (n for n in (*COUNTS, POINT) if n in columns):
        whole(columns[name], name, lambda row: table.at(row, origin))
    boxed = [name for name in roles if roles[name].kind == "varies" and name in columns]
    for label in sorted(set(problems.tolist())):
        here = np.flatnonzero(problems == label)
        part = {name: values[here] for name, values in columns.items()}
        if "instance" not in part and boxed:
            part["instance"] = np.unique(np.stack([part[n] for n in boxed]), axis=1, return_inverse=True)[1].ravel().astype(float)
        swept = [n for n in part if n in roles and roles[n].swept and roles[n].kind != "along"]
        scattered = _scattered(part, swept)
        if scattered:
            part.setdefault(POINT, np.unique(np.stack([part[n] for n in swept]), axis=1, return_inverse=True)[1].ravel().astype(float))
        lanes = [POINT] if scattered else swept
        dims = [*lanes, *(n for n in part if n in COUNTS or n in own_dims(claim) or (n in roles and roles[n].kind == "along"))]
        owners = {POINT: swept if scattered else [], "instance": boxed}
        yield str(label) if named else None, _dense(part, dims, owners, Table(part, table.lines[here], table.word), origin)


def gridded(data: xr.Dataset, claim: Claim) -> xr.Dataset:
    """Instances that were each measured at values of their own of swept letters, as found ones are, on the grid of these values.

    The cells of the grid where an instance was not measured have `ran` = 0.
    """
    roles = roles_of(claim)
    own = [name for name, role in roles.items() if role.swept and name in data.variables and data[name].dims == ("instance",)]
    if not own:
        return data
    data = data if "ran" in data else data.assign(ran=xr.ones_like(next(iter(data.data_vars.values())), dtype=bool))
    alone = [data.isel(instance=[i]) for i in range(data.sizes["instance"])]
    placed = [one.drop_vars(own).expand_dims({name: one[name].to_numpy() for name in own}) for one in alone]
    return xr.concat(placed, "instance", join="outer", fill_value={"ran": False}, data_vars="all", coords="different", compat="equals")


def _are_numbers(table: Table, origin: str) -> None:
    """Raises Unreadable with the first cell of a column that is no number."""
    for name, values in table.columns.items():
        if name == "problem" or values.dtype.kind in "fiub":
            continue
        row = next((row for row, text in enumerate(values.tolist()) if not _is_number(text)), None)
        if row is None:
            raise Unreadable(f"{origin}: column {name} holds numbers as {values.dtype}, such as {values[0]!r}. Convert it: .astype(float).")
        what = "Number them 0, 1, 2" if name in COUNTS else "Write a number, inf, or nan for a run that failed"
        raise Unreadable(f"{table.at(row, origin)}: column {name} holds {str(values[row])!r}, which is no number. {what}.")


def _is_number(text: object) -> bool:
    try:
        float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True


def _scattered(part: Mapping[str, np.ndarray], swept: list[str]) -> bool:
    """Whether rows lie at points of the swept letters rather than on a grid: they are numbered so, or fill no half of the grid.

    A grid of which some rows are missing is none of points: a run that failed is not left out.
    """
    if len(swept) < 2:
        return False
    letters = np.stack([part[n] for n in swept])
    cells = np.prod([float(len(np.unique(values))) for values in letters])
    return POINT in part or bool(np.isfinite(letters).all() and 2 * np.unique(letters, axis=1).shape[1] <= cells)


def _dense(part: Mapping[str, np.ndarray], dims: list[str], owners: Mapping[str, list[str]], table: Table, origin: str) -> xr.Dataset:
    """The rows on their dims; `owners` are the dims along which other columns are coordinates."""
    rows = len(table.lines)
    for name in dims:
        if not np.isfinite(part[name]).all():
            row = int(np.flatnonzero(~np.isfinite(part[name]))[0])
            raise Unreadable(f"{origin}, {table.place(row)}: {name} is {part[name][row]:g}. A dim has a number in every row: write it.")
    values, index = {}, np.zeros(rows, int)
    for name in dims:
        values[name], position = np.unique(part[name], return_inverse=True)
        index = index * len(values[name]) + position.ravel()
    order = np.argsort(index, kind="stable")
    same = np.flatnonzero(np.diff(index[order]) == 0)
    cell = lambda at: ", ".join(f"{n} = {v:g}" for n, v in at.items()) or "the only cell"  # noqa: E731
    if len(same):
        first, second = int(order[same[0]]), int(order[same[0] + 1])
        at = cell({n: part[n][first] for n in dims})
        raise Unreadable(
            f"{origin}, {table.place(first)} and {table.place(second)} both hold the cell {at}. "
            "Keep one, or number repeated runs in a column `replicate`."
        )
    shape = tuple(len(v) for v in values.values())
    size = int(np.prod(shape))
    if size != rows:
        lost = np.unravel_index(int(np.setdiff1d(np.arange(size), index)[0]), shape)
        at = cell({n: values[n][p] for n, p in zip(dims, lost, strict=True)})
        at += _lonely(part, values, dims, table)
        raise Unreadable(
            f"{origin}: {rows} rows do not fill the {size} cells of {' x '.join(f'{n} ({len(v)})' for n, v in values.items())}: "
            f"none holds {at}. Write that row, with nan where the run failed, or with ran = 0 beside it where there was none"
            f"{_or_points(dims)}."
        )
    coordinates = [(name, owner) for owner, names in owners.items() for name in names]
    data = {name: (dims, v[order].reshape(shape)) for name, v in part.items() if name not in (*dims, *(name for name, _ in coordinates))}
    found = xr.Dataset(data, values)
    for name, owner in coordinates:
        by_owner = xr.DataArray(part[name][order].reshape(shape), dims=dims).transpose(owner, ...).to_numpy()
        by_owner = by_owner.reshape(len(by_owner), -1)
        spread = (by_owner != by_owner[:, :1]).any(1)
        if spread.any():
            number = values[owner][int(spread.argmax())]
            rows_of = np.flatnonzero(part[owner] == number)
            row = int(rows_of[np.flatnonzero(part[name][rows_of] != part[name][rows_of[0]])[0]])
            first = table.place(int(rows_of[0]))
            what = "boxed" if owner == "instance" else "swept"
            raise Unreadable(
                f"{origin}, {table.place(row)}: {name} is {part[name][row]:g} in {owner} {number:g}, and {part[name][rows_of[0]]:g} in "
                f"{first}. A {what} letter has one value per {owner}: number the {owner}s anew, or leave that column out."
            )
        found = found.assign_coords({name: (owner, by_owner[:, 0])})
    return found


def _lonely(part: Mapping[str, np.ndarray], values: Mapping[str, np.ndarray], dims: list[str], table: Table) -> str:
    """A value that stands in one row alone, where others stand in many: a slip of the pen, more likely than a row that is missing."""
    for name in dims:
        found, count = np.unique(part[name], return_counts=True)
        if (count == 1).sum() == 1 and len(found) > 1 and np.median(count) > 1:
            row = int(np.flatnonzero(part[name] == found[count.argmin()])[0])
            return f" ({table.place(row)} alone has {name} = {part[name][row]:.10g})"
    return ""


def _or_points(dims: list[str]) -> str:
    return "" if POINT in dims or len(set(dims) - {*COUNTS}) < 2 else f"; rows that lie on no grid are numbered in a column `{POINT}`"


def whole(values: np.ndarray, name: str, place: Callable[[int], str]) -> None:
    bad = np.flatnonzero(~((values >= 0) & (values == np.rint(values)) & np.isfinite(values)))
    if len(bad):
        raise Unreadable(f"{place(int(bad[0]))}: {name} is {values[bad[0]]:g}. It numbers runs: write whole numbers from 0.")
