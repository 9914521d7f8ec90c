"""Measurements made elsewhere -> one dataset per family in one normal form: by whatever door they come, the same numbers are the same data.

Dims are the swept letters in the order of the where table, `instance`, `replicate`, the letter read along a run, then a letter's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from .claim import Claim, Slip
from .columns import COUNTS, Unreadable, axes_of, known, own_dims, roles_of, wanted
from .design import FEWEST, POINT, together
from .doors import Groups, opened
from .kind import kind_of, needed
from .orders import by_steps
from .portfolio import label
from .report.dataset import DIAGNOSTICS, slug
from .slip import near
from .table import Table, gridded, pivoted, whole
from .unit import parse_unit, show_unit

SAME = 1e-9
PLAIN_UNITS = ("", "1", "dimensionless")


@dataclass(frozen=True)
class Measurements:
    """The datasets of a claim's families, and those of the controls that came with them, by number.

    `outside` says what lay outside the claim's ranges and was left out.
    """

    origin: str
    families: Mapping[str, xr.Dataset]
    outside: tuple[str, ...] = ()
    controls: Mapping[int, Measurements] | None = None


def read(data: Any, claim: Claim) -> Measurements:
    """The measurements of one claim, whatever holds them. Raises Unreadable, and Slip for a statement that has no test."""
    origin, groups = opened(data, axes_of(claim))
    own = {name: group for name, group in groups.items() if not name.startswith(("controls/", f"{DIAGNOSTICS}/"))}
    controls: dict[int, Measurements] = {}
    for number, control in enumerate(claim.controls, 1):
        his = {name: g for name, g in groups.items() if name.partition("/")[2].partition("/")[0].partition("-")[2] == slug(control.title)}
        if any(_holds_data(group) for group in his.values()):
            controls[number] = _measurements(f"{origin}, {control.title!r}", his, claim.under(control))
    found = _measurements(origin, own, claim)
    return Measurements(origin, found.families, found.outside, controls)


def _measurements(origin: str, groups: Groups, claim: Claim) -> Measurements:
    families: dict[str, xr.Dataset] = {}
    outside: dict[str, None] = {}
    for path, group in groups.items():
        if not _holds_data(group):
            continue
        place = f"{origin}, group {path}" if path else origin
        for named, dataset in pivoted(group, claim, place) if isinstance(group, Table) else _split(group, place):
            family = _family(path, dataset, claim) if named is None else named
            if family in families:
                raise Unreadable(f"{place}: the family {family or 'without a name'!r} is there twice. Give each its own `problem`.")
            families[family], left = _normal(dataset, claim, f"{place}, {family}" if named else place)
            outside |= dict.fromkeys(left)
    if not families:
        raise Unreadable(f"{origin}: there are no measurements. It holds one variable per measured letter: {wanted(claim)}.")
    return Measurements(origin, families, tuple(outside))


def _holds_data(group: xr.Dataset | Table) -> bool:
    return isinstance(group, Table) or bool(group.data_vars)


def _family(path: str, dataset: xr.Dataset, claim: Claim) -> str:
    """The family of a group: as our own reports name it, else its name in the tree, else the claim's only one."""
    if "measured" in dataset.attrs:
        kernel, _, family = str(dataset.attrs["measured"]).partition(" on ")
        return label(claim, kernel, family)
    return path.rpartition("/")[2] or (claim.problems[0] if len(claim.problems) == 1 else "")


def _split(data: xr.Dataset, origin: str) -> Iterator[tuple[str | None, xr.Dataset]]:
    """The datasets of each problem family; None where none is named."""
    if "problem" not in data.variables and "problem" not in data.dims:
        yield None, data
        return
    if "problem" not in data.dims:
        yield str(data["problem"].item()), data.drop_vars("problem")
        return
    labels = [str(name) for name in data["problem"].values]
    twice = next((name for name in labels if labels.count(name) > 1), None)
    if twice is not None:
        raise Unreadable(f"{origin}: problem has {twice!r} twice. Give each family one place.")
    for n, name in enumerate(labels):
        yield name, data.isel(problem=n, drop=True)


def _normal(data: xr.Dataset, claim: Claim, origin: str) -> tuple[xr.Dataset, list[str]]:
    """A family's dataset as the judge wants it, and what was left out of it because it lies outside the claim's ranges."""
    roles = roles_of(claim)
    names = {*axes_of(claim), *roles}
    strange = [name for name in data.variables if name == "counted" or (name in data.coords and name not in names)]
    data = data.drop_vars(strange) if strange else data
    for name in map(str, data.data_vars):
        known(name, claim, origin, "variable")
    for dim in map(str, data.dims):
        if dim not in axes_of(claim):
            owners = ", ".join(str(n) for n, v in data.data_vars.items() if dim in v.dims)
            raise Unreadable(
                f"{origin}: {owners} has the dim {dim!r}, which the claim does not know. Near: {near(dim, axes_of(claim))}. Rename it."
            )
    data = _numeric(data, roles, origin)
    _units(data, roles, origin)
    data = _without_fixed(data, roles, origin)
    data = _indexed(gridded(data, claim), roles, origin)
    _complete(data, claim, origin)
    data, outside = _inside(data, roles, origin)
    data = _at_points(data, roles)
    order = [POINT] + [n for n, role in roles.items() if role.swept and role.kind != "along"] + [*COUNTS]
    order += [n for n, role in roles.items() if role.kind == "along"] + own_dims(claim)
    _marks(data, origin)
    if "floor" in data:
        gone = [d for d in ("replicate", *(n for n, role in roles.items() if role.kind == "along")) if d in data["floor"].dims]
        data["floor"] = data["floor"].max(gone)
    if "ran" in data:
        data["ran"] = data["ran"] != 0
    return data.transpose(*(d for d in order if d in data.dims)), outside


def _numeric(data: xr.Dataset, roles: Mapping[str, Any], origin: str) -> xr.Dataset:
    """The data as float64."""
    found = {}
    for name, values in data.variables.items():
        if values.dtype.kind not in "fiub":
            raise Unreadable(
                f"{origin}: {name} holds {values.dtype} values such as {values.to_numpy().ravel()[:1].tolist()}. "
                "Write real numbers, as floats or integers: .astype(float) converts what can be."
            )
        found[name] = (values.dims, values.to_numpy().astype(float), values.attrs)
    names = [name for name in found if name in data.coords]
    plain = {name: values for name, values in found.items() if name not in names}
    return xr.Dataset(plain, {name: found[name] for name in names}, data.attrs)


def _marks(data: xr.Dataset, origin: str) -> None:
    """Raises Unreadable where `ran` is neither 0 nor 1, and where `floor` is no height."""
    rules = {
        "ran": (
            lambda v: (v == 0) | (v == 1),
            "Write 1 for a run, one that failed too, and 0 where there was none",
        ),
        "floor": (lambda v: np.isfinite(v) & (v >= 0), "Write where runs that start at the solution end, 0 or above, or take it out"),
    }
    for name, (right, write) in rules.items():
        values = data[name].to_numpy() if name in data.data_vars else np.zeros(0)
        wrong = values[~right(values)]
        if wrong.size:
            raise Unreadable(f"{origin}: {name} is {wrong[0]:g} in {wrong.size} of {values.size} places. {write}.")


def _units(data: xr.Dataset, roles: Mapping[str, Any], origin: str) -> None:
    for name, role in roles.items():
        if name not in data.variables:
            continue
        attrs, wanted = data[name].attrs, parse_unit(role.unit)
        unit = str(attrs.get("units", attrs.get("unit", role.unit))).strip()
        try:
            same = parse_unit("1" if unit in PLAIN_UNITS else unit) == wanted
        except Slip:
            same = False
        if not same:
            raise Unreadable(
                f"{origin}: {name} has the units {unit!r}, in the claim {show_unit(wanted)}. Convert the numbers and write "
                f'units="{role.unit}", or mend unit= in the where table.'
            )


def _without_fixed(data: xr.Dataset, roles: Mapping[str, Any], origin: str) -> xr.Dataset:
    """The data without the letters that the claim fixes; they must agree."""
    for name, role in roles.items():
        if role.kind != "fixed":
            continue
        values = data[name].to_numpy().ravel() if name in data.variables else np.atleast_1d(data.attrs.get(name, role.value))
        try:
            differ = [v for v in values if not abs(float(v) - role.value) <= SAME * max(abs(role.value), 1e-300)]
        except (TypeError, ValueError):
            differ = list(values)
        if differ:
            raise Unreadable(
                f"{origin}: {name} is {differ[0]} in the data, and fixed at {role.value} in the claim. "
                f"Judge data with {name} = {role.value}, or mend the where table."
            )
        data = data.drop_vars(name, errors="ignore") if name in data.variables else data
    return data


def _indexed(data: xr.Dataset, roles: Mapping[str, Any], origin: str) -> xr.Dataset:
    """With coordinates on every dim, sorted and without doubles; boxed letters along `instance`; both counts there."""
    for name, role in roles.items():
        if role.swept and name in data.variables and name not in data.dims:
            if data[name].dims == (POINT,):
                data = data.set_coords(name)
                continue
            if data[name].ndim:
                dims = ", ".join(map(str, data[name].dims))
                raise Unreadable(f"{origin}: {name} is swept, so it is a dim of what was measured, not a variable by ({dims}).")
            value = float(data[name])
            data = data.drop_vars(name).expand_dims({name: [value]})
    boxed = [name for name, role in roles.items() if role.kind == "varies" and name in data.dims]
    if boxed:
        if data.sizes.get("instance", 1) > 1:
            raise Unreadable(
                f"{origin}: {boxed[0]} varies from instance to instance, so it is a coordinate along `instance`, not a dim beside it."
            )
        for name in boxed:
            data = _sorted(data, name, False, origin)
        data = data.drop_vars("instance", errors="ignore").squeeze("instance") if "instance" in data.dims else data
        data = data.stack(instance=boxed, create_index=False)
    data = _counted(data, "instance", origin)
    for name, role in roles.items():
        if role.kind == "varies" and name in data.variables:
            if set(data[name].dims) - {"instance"}:
                dims = ", ".join(map(str, data[name].dims))
                raise Unreadable(f"{origin}: {name} has the dims ({dims}). A boxed letter has one value per instance.")
            data = data.assign_coords({name: data[name].broadcast_like(data["instance"])})
    data = _counted(data, "replicate", origin)
    for dim in map(str, data.dims):
        if dim not in data.coords:
            if dim in roles:
                raise Unreadable(f"{origin}: the dim {dim} has no values. Give it a coordinate, an array named {dim}.")
            data = data.assign_coords({dim: np.arange(data.sizes[dim], dtype=float)})
        role = roles.get(dim)
        data = _sorted(data, dim, role is not None and role.kind == "along" and role.low > role.high, origin)
    return data.assign_coords({name: (data[name].dims, data[name].to_numpy().astype(int), data[name].attrs) for name in COUNTS})


def _at_points(data: xr.Dataset, roles: Mapping[str, Any]) -> xr.Dataset:
    """A grid of letters that a plan would sweep at points, as such points: the same numbers are judged in the same way."""
    names = [name for name in together(roles) if data.sizes.get(name, 1) > 1]
    if POINT in data.dims or len(names) < FEWEST:
        return data
    return data.stack({POINT: names}, create_index=False).assign_coords({POINT: np.arange(np.prod([data.sizes[n] for n in names]))})


def _counted(data: xr.Dataset, name: str, origin: str) -> xr.Dataset:
    """With a dim of instances or replicates, numbered."""
    if name in data.variables and name not in data.dims:
        data = data.drop_vars(name)
    if name not in data.dims:
        data = data.expand_dims({name: [0.0]})
    elif name not in data.coords:
        data = data.assign_coords({name: np.arange(data.sizes[name], dtype=float)})
    whole(data[name].to_numpy(), name, lambda _: origin)
    return data


def _sorted(data: xr.Dataset, dim: str, falls: bool, origin: str) -> xr.Dataset:
    values = data[dim].to_numpy()
    if not np.isfinite(values).all():
        raise Unreadable(f"{origin}: the coordinate {dim} holds {values[~np.isfinite(values)][0]:g}. Write a number.")
    unique, count = np.unique(values, return_counts=True)
    if (count > 1).any():
        raise Unreadable(f"{origin}: the coordinate {dim} has {unique[count > 1][0]:g} {count.max()} times. Each value stands once.")
    order = np.argsort(values)[::-1] if falls else np.argsort(values)
    return data if (order == np.arange(len(order))).all() else data.isel({dim: order})


def _complete(data: xr.Dataset, claim: Claim, origin: str) -> None:
    """Raises Unreadable where a letter that the judge needs is missing, or where the quantity lacks a dim that its bound has."""
    roles, quantity = roles_of(claim), kind_of(claim).quantity.name
    for name in sorted({quantity, *needed(claim)}, key=lambda n: (n != quantity, n)):
        kind = roles[name].kind
        if kind in ("unknown", "fixed") or (name in data.variables and (kind != "measured" or name in data.data_vars)):
            continue
        have = ", ".join(map(str, [*data.data_vars, *(d for d in data.dims if d not in COUNTS)])) or "nothing"
        what = {"measured": f"measures {name}", "varies": f"has a value of {name} per instance"}.get(kind, f"is swept over {name}")
        where = "a variable" if kind == "measured" else "a coordinate"
        raise Unreadable(f"{origin}: the claim {what} ({roles[name].meaning}), and the data hold {have}. Add {where} {name}.")
    steps = [name for name, role in roles.items() if role.kind == "along"]
    if by_steps(kind_of(claim)) and not any(name in data.dims for name in steps):
        raise Unreadable(
            f"{origin}: the claim compares each {quantity} with the one before it, and the data have no axis along the run. "
            f"Add a coordinate {' or '.join(steps) or 'of the steps'}."
        )
    for name in sorted(needed(claim)):
        lost = [dim for dim in roles[name].dims if name in data.variables and dim not in data[name].dims]
        if lost:
            raise Unreadable(
                f"{origin}: {name} has the axis {lost[0]} in the claim, and in the data only the dims "
                f"({', '.join(map(str, data[name].dims))}). Give every entry: a dim or a column {lost[0]}."
            )
    if not data[quantity].size:
        raise Unreadable(f"{origin}: {quantity} has no cells, {dict(data[quantity].sizes)}. It has one value per cell.")
    for name in sorted(needed(claim) - {quantity}):
        lost = [str(d) for d in data[name].dims if d not in data[quantity].dims] if name in data.variables else []
        lost = [d for d in lost if data.sizes[d] > 1]
        if lost:
            depends = f"{name}, which depends on {lost[0]}" if name != lost[0] else name
            raise Unreadable(
                f"{origin}: the claim compares {quantity} with {depends}, and {quantity} has the dims "
                f"({', '.join(map(str, data[quantity].dims))}). It is measured in every cell: give it the dim {lost[0]}."
            )


def _inside(data: xr.Dataset, roles: Mapping[str, Any], origin: str) -> tuple[xr.Dataset, list[str]]:
    """What lies within the claim's ranges, and what was left out: a verdict is about the claim as it is written.

    Of a letter that rises along a run, values before the range are kept: previous() needs the last, and no test counts them.
    """
    outside = []
    for name, role in roles.items():
        if name not in data.coords or role.low is None or role.high is None:
            continue
        low, high = sorted((float(role.low), float(role.high)))
        values = data[name].to_numpy()
        if not len(values):
            break
        small, large = values < low * (1 - SAME), values > high * (1 + SAME)
        kept_before = small if role.kind == "along" and role.low < role.high else np.zeros_like(small)
        if large.any() or (small & ~kept_before).any() or kept_before.sum() > 1:
            strange = values[small | large]
            outside.append(f"{name} = {strange.min():g} to {strange.max():g}" if len(strange) > 1 else f"{name} = {strange[0]:g}")
        if (small | large).all():
            raise Unreadable(
                f"{origin}: {name} runs from {values.min():g} to {values.max():g}, all outside the claim's {low:g} to {high:g}. "
                f"Measure inside, or mend the where table."
            )
        inside = ~large & (~small | kept_before)
        if not inside.all():
            data = data.isel({data[name].dims[0]: np.flatnonzero(inside)})
    return data, outside
