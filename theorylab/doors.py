"""Whatever holds measurements - a file, an xarray object, a data frame, a dict of arrays - opened as named groups of datasets and tables.

Nothing here knows a claim. A group's name is "" for measurements by themselves, else its path in a tree.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import xarray as xr

from .columns import MARKS, Unreadable
from .table import Table

NETCDF = (".nc", ".nc4", ".netcdf", ".h5", ".hdf5")
SUFFIXES = (*NETCDF, ".csv", ".npz")
TEXTS = frozenset(["problem"])
DIMS = "dims_"


Groups = dict[str, xr.Dataset | Table]


def opened(data: Any, dims: Sequence[str] = ()) -> tuple[str, Groups]:
    """What the measurements are called in messages, and their groups; `dims` are the names that axes may have. Raises Unreadable."""
    match data:
        case str() | Path():
            return str(data), _file(Path(data), dims)
        case xr.DataTree():
            return "the tree", {node.path.strip("/"): node.to_dataset(inherit=True) for node in data.subtree if node.has_data or node.attrs}
        case xr.Dataset():
            return "the dataset", {"": data}
        case xr.DataArray() if data.name is not None:
            return "the array", {"": data.to_dataset()}
        case Mapping():
            return "the dict", {"": _arrays(data, dims, "the dict")}
    if hasattr(data, "columns") and hasattr(data, "to_dict"):
        return "the data frame", {"": _frame(data)}
    raise Unreadable(
        f"measurements are a file ({', '.join(SUFFIXES)}), an xarray Dataset or DataTree, a data frame or a dict of arrays, "
        f"not {type(data).__name__}."
    )


def _file(path: Path, dims: Sequence[str]) -> Groups:
    suffix = path.suffix.lower()
    if path.is_dir():
        raise Unreadable(f"{path}: this is a folder. Give one file in it, whose suffix is one of {', '.join(SUFFIXES)}.")
    if suffix not in SUFFIXES:
        raise Unreadable(f"{path}: the suffix {path.suffix!r} is none of {', '.join(SUFFIXES)}. Save the measurements as one of these.")
    if not path.is_file():
        others = path.parent.glob("*") if path.parent.is_dir() else ()
        near = sorted(p.name for p in others if p.suffix.lower() in SUFFIXES and p.is_file())[:6]
        raise Unreadable(f"{path}: there is no such file. {'There are ' + ', '.join(near) if near else 'Give its whole path'}.")
    if not path.stat().st_size:
        raise Unreadable(f"{path}: the file is empty. It holds one variable per measured letter of the claim.")
    if suffix == ".csv":
        return {"": _csv(path)}
    return _npz(path, dims) if suffix == ".npz" else _netcdf(path)


def _netcdf(path: Path) -> Groups:
    try:
        with xr.open_datatree(path, engine="netcdf4") as tree:
            tree.load()
    except Exception as error:
        raise Unreadable(
            f"{path}: not a netCDF file that can be read ({type(error).__name__}: {error}). It is another kind of file, it was cut short, "
            "or a program still has it open for writing. Close it there, or write it anew."
        ) from None
    for node in tree.subtree:
        for name, values in node.variables.items():
            lost = _unwritten(values)
            if lost:
                group = node.path.strip("/")
                raise Unreadable(
                    f"{path}{f', group {group}' if group else ''}: {name} was never written in {lost} of {values.size} places. "
                    "Write nan where a run failed, and ran = 0 where there was none."
                )
    return opened(tree)[1]


def _unwritten(values: xr.Variable) -> int:
    """How many numbers are those that netCDF puts where nothing was written, in a variable without a number of its own for that."""
    kind = values.dtype.str[1:]
    if "_FillValue" in values.encoding or values.dtype.itemsize < 2 or kind not in netCDF4.default_fillvals:
        return 0
    return int((values == values.dtype.type(netCDF4.default_fillvals[kind])).sum())


def _csv(path: Path) -> Table:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unreadable(f"{path}: no text table ({error}). Save it as comma-separated UTF-8.") from None
    if not rows:
        raise Unreadable(f"{path}: the file is empty. Its first line names the columns.")
    (top, first), body = rows[0], rows[1:]
    names = [name.strip() for name in first]
    if len(names) == 1 and any(mark in names[0] for mark in ";\t| "):
        raise Unreadable(f"{path}:{top}: the columns {names[0]!r} are not separated by commas. Write k,instance,gap.")
    if all(_is_number(name) for name in names):
        raise Unreadable(f"{path}:{top}: the first line holds numbers, {','.join(names)}. Write the names of the columns above it.")
    for n, name in enumerate(names):
        if not name or name in names[:n]:
            what = "twice" if name else "which is no name"
            raise Unreadable(f"{path}:{top}: column {n + 1} is named {name!r}, {what}. Name each one, or take the column out.")
    if not body:
        raise Unreadable(f"{path}:{top}: there are columns and no rows. Write one row per cell.")
    for line, row in body:
        if len(row) != len(names):
            raise Unreadable(f"{path}:{line}: {len(row)} cells where the first line names {len(names)} columns: {', '.join(names)}.")
    columns: dict[str, np.ndarray] = {}
    for n, name in enumerate(names):
        texts = [row[n].strip() for _, row in body]
        columns[name] = np.array(texts) if name in TEXTS else _numbers(texts)
    return Table(columns, np.array([line for line, _ in body]))


def _frame(frame: Any) -> Table:
    """A data frame of pandas, or one like it, as the table that it would be as a file; an index with names is columns."""
    if any(name is not None for name in getattr(getattr(frame, "index", None), "names", ())):
        frame = frame.reset_index()
    names = [str(name) for name in frame.columns]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Unreadable(f"the data frame has the column {twice!r} twice. Name each one.")
    if not names or not len(frame):
        raise Unreadable("the data frame is empty. Write one row per cell.")
    columns: dict[str, np.ndarray] = {}
    for name, label in zip(names, frame.columns, strict=True):
        try:
            columns[name] = np.asarray(frame[label]).astype(str) if name in TEXTS else np.asarray(frame[label], dtype=float)
        except (TypeError, ValueError):
            columns[name] = np.asarray(frame[label]).astype(str)
    return Table(columns, np.arange(1, len(frame) + 1), "row")


def _numbers(texts: list[str]) -> np.ndarray:
    """A column as numbers, or as the texts that it holds where one is none: whether it may, a claim knows."""
    try:
        return np.array([float(text) for text in texts])
    except ValueError:
        return np.array(texts)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _npz(path: Path, dims: Sequence[str]) -> Groups:
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("it is another kind of file, or was cut short")
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except Exception as error:
        raise Unreadable(f"{path}: not an npz file of plain arrays ({error}). Write it with numpy.savez(file, gap=..., k=...).") from None
    groups: dict[str, dict[str, np.ndarray]] = {}
    for name, array in arrays.items():
        group, _, short = name.rpartition("/")
        groups.setdefault(group, {})[short] = array
    if not groups:
        raise Unreadable(f"{path}: the file is empty. Write it with numpy.savez(file, gap=..., k=...).")
    return {group: _arrays(values, dims, f"{path}{f', group {group}' if group else ''}") for group, values in groups.items()}


def _arrays(given: Mapping[Any, Any], dims: Sequence[str], origin: str) -> xr.Dataset | Table:
    """Arrays by name. Their dims are told, by a pair (dims, array) or an entry dims_<name>, or found by `_matched`.

    Bare arrays of one axis and one length, with no dims told, are the columns of a table.
    """
    told: dict[str, tuple[str, ...]] = {}
    values: dict[str, Any] = {}
    absent: dict[str, np.ndarray] = {}
    for name, value in given.items():
        name = str(name)
        if name.startswith(DIMS):
            told[name.removeprefix(DIMS)] = tuple(str(d) for d in np.atleast_1d(np.asarray(value)))
        elif isinstance(value, (xr.DataArray, xr.Variable)):
            told[name], values[name] = tuple(map(str, value.dims)), value.to_numpy()
        elif isinstance(value, tuple) and len(value) in (2, 3) and _are_names(value[0]):
            told[name], values[name] = (value[0],) if isinstance(value[0], str) else tuple(value[0]), value[1]
        else:
            values[name] = value
    for name, value in values.items():
        values[name], hidden = _unmasked(value)
        if hidden.any() and (name in dims or name in MARKS or values[name].dtype.kind != "f"):
            raise Unreadable(f"{origin}: {name} is masked in {int(hidden.sum())} places. Only what is measured may be: write its values.")
        if hidden.any():
            absent[name] = hidden
    stray = sorted(set(told) - set(values))
    if stray:
        raise Unreadable(
            f"{origin}: {DIMS}{stray[0]} tells the dims of {stray[0]!r}, which is not there; there are {', '.join(values) or 'none'}."
        )
    if not values:
        raise Unreadable(f"{origin} is empty. It holds one array per measured letter of the claim.")
    lengths = {len(v) for v in values.values() if v.ndim == 1}
    if not told and len(lengths) == 1 and all(v.ndim <= 1 for v in values.values()):
        rows = lengths.pop()
        for hidden in absent.values():
            values["ran"] = np.where(hidden, 0.0, values.get("ran", 1.0))
        return Table({name: np.broadcast_to(v, rows) for name, v in values.items()}, np.arange(1, rows + 1), "row")
    axes = {name: v for name, v in values.items() if v.ndim == 1 and name in dims and told.get(name, (name,)) == (name,)}
    variables = {name: (told[name] if name in told else _matched(name, v, axes, origin), v) for name, v in values.items()}
    for name, (own, array) in variables.items():
        if len(own) != array.ndim or len(set(own)) != len(own):
            raise Unreadable(f"{origin}: {name} has the shape {array.shape} and the dims ({', '.join(own)}). Give every axis one name.")
    try:
        found = xr.Dataset(variables)
        for name, hidden in absent.items():
            found["ran"] = xr.DataArray(~hidden, dims=variables[name][0]) * found.get("ran", 1)
        return found
    except ValueError as error:
        raise Unreadable(f"{origin}: the arrays do not fit together: {error}.") from None


def _unmasked(value: Any) -> tuple[np.ndarray, np.ndarray]:
    """A value as an array with NaN where it is masked, and which of its cells were not run.

    Those are masked numbers. NaN and infinity under a mask are a run that failed: masking it must not hide it.
    """
    if isinstance(value, (list, tuple)) and any(isinstance(part, np.ma.MaskedArray) for part in value):
        value = np.ma.array(value)
    if not isinstance(value, np.ma.MaskedArray):
        array = np.asarray(value)
        return array, np.zeros(array.shape, dtype=bool)
    mask = np.ma.getmaskarray(value)
    if not mask.any() or value.dtype.kind not in "fiub":
        return value.data, mask
    array = value.data.astype(float)
    return np.where(mask, np.nan, array), mask & np.isfinite(array)


def _are_names(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, (tuple, list)) and all(isinstance(name, str) for name in value))


def _matched(name: str, array: np.ndarray, axes: Mapping[str, np.ndarray], origin: str) -> tuple[str, ...]:
    """The dims of an array of which nobody told them: each axis is that of the one array in `axes` that has its length.

    A wrong guess would judge other numbers than were measured: where two have one length, dims must be told.
    """
    if name in axes:
        return (name,)
    dims = []
    for length in array.shape:
        fitting = [other for other, values in axes.items() if len(values) == length and other not in dims]
        if len(fitting) != 1:
            have = f"{' and '.join(fitting)} have" if fitting else "no array that is named like a dim has"
            write = f'{DIMS}{name}=["k", "instance"] in the file, or {name}=(("k", "instance"), array) in a dict'
            raise Unreadable(f"{origin}: {name} has the shape {array.shape}, and {have} the length {length}. Tell its dims: {write}.")
        dims.append(fitting[0])
    return tuple(dims)
