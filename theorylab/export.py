"""A claim's measurements as a file that other programs, and `theorylab judge`, read."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from . import disk
from .columns import Unreadable
from .doors import DIMS, NETCDF, SUFFIXES
from .report import dataset
from .result import Result
from .table import gridded


def checked(to: str) -> Path:
    """The file to write. Raises Unreadable for a suffix that has no meaning here, or a folder that is not there."""
    file = Path(to)
    if file.suffix not in SUFFIXES:
        raise Unreadable(f"{to}: the suffix {file.suffix!r} is none of {', '.join(SUFFIXES)}.")
    if not file.absolute().parent.is_dir():
        raise Unreadable(f"{to}: there is no folder {file.parent}. Make it first.")
    return file


def write(result: Result, file: Path, control: int = 0) -> Path:
    """Writes the measurements, whole or not at all. Raises Unreadable where there are none, and OSError.

    netCDF and npz hold the claim's and its controls', each in its group; with the number of a control, that one's as a claim's by
    themselves. A table holds one or the other.
    """
    if not result.data:
        raise Unreadable(f"{result.claim.name} has no measurements: {result.fault or result.note or 'it was not run'}.")
    tree = _control(result, control) if control else dataset.tree(result)
    measured = (node for node in tree.subtree if not node.path.startswith(f"/{dataset.DIAGNOSTICS}"))
    groups = {node.path.strip("/"): node.to_dataset() for node in measured if node.data_vars}
    if file.suffix in NETCDF:
        return dataset.put(tree, file)
    if file.suffix == ".npz":
        content = io.BytesIO()
        np.savez_compressed(content, allow_pickle=False, **_arrays(groups))
        disk.put(file, content.getvalue())
    else:
        table = _table({name: gridded(data, result.claim) for name, data in groups.items() if name.startswith("claim/")})
        disk.put(file, table.to_csv(index=False, na_rep="nan").encode("utf-8"))
    return file


def _control(result: Result, number: int) -> xr.DataTree:
    """The measurements of one control, in the place of its claim's."""
    whole = {node.path.strip("/"): node for node in dataset.tree(result).subtree}
    holder = f"controls/{number}-{dataset.slug(result.claim.controls[number - 1].title)}"
    nodes = {"/": whole[holder].to_dataset() if holder in whole else xr.Dataset()}
    for path, node in whole.items():
        if path.startswith(f"{holder}/"):
            # A control of the statement alone has its claim's measurements.
            nodes[f"claim/{node.name}"] = whole[node.attrs.get("data", path)].to_dataset()
    return xr.DataTree.from_dict(nodes)


def _family(name: str, groups: dict[str, xr.Dataset]) -> str:
    """The family of a group; with its kernel before it, where another group beside it has the same family."""
    beside = [group for path, group in groups.items() if path.rpartition("/")[0] == name.rpartition("/")[0]]
    families = [str(group.attrs.get("measured", "")).partition(" on ")[2] for group in beside]
    measured = str(groups[name].attrs.get("measured", ""))
    family = measured.partition(" on ")[2]
    return measured if families.count(family) > 1 else family


def _arrays(groups: dict[str, xr.Dataset]) -> dict[str, np.ndarray]:
    """Every array as GROUP/NAME, with its dims as GROUP/dims_NAME and the family as GROUP/problem."""
    found: dict[str, np.ndarray] = {}
    for group, data in groups.items():
        found[f"{group}/problem"] = np.array(_family(group, groups))
        for name, values in data.variables.items():
            found[f"{group}/{name}"] = values.to_numpy()
            found[f"{group}/{DIMS}{name}"] = np.array(list(map(str, values.dims)), dtype=str)
    return found


def _table(groups: dict[str, xr.Dataset]) -> pd.DataFrame:
    """One row per cell, with the column `problem` where there are families."""
    tables = []
    for group, data in groups.items():
        kept = data.drop_vars("counted", errors="ignore")
        if "ran" in kept:
            kept = kept.drop_vars("ran") if bool(kept["ran"].all()) else kept.assign(ran=kept["ran"].astype(int))
        table = kept.to_dataframe().reset_index()
        if _family(group, groups):
            table.insert(0, "problem", _family(group, groups))
        tables.append(table)
    for table in tables:
        if any("ran" in other for other in tables) and "ran" not in table:
            table["ran"] = 1
    shared = [name for name in tables[0] if all(name in table for table in tables)]
    return pd.concat([table[shared] for table in tables], ignore_index=True)
