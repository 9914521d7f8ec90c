"""A claim's measurements as one netCDF file: a tree with a group per kernel and family, units and meanings beside the numbers."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xarray as xr

from .. import __version__, disk
from ..claim import Claim
from ..project import find_project
from .diagnosed import diagnosed
from .formula import text

if TYPE_CHECKING:
    from ..verify import Result

ROLES = {
    "instance": "instance of the problem family",
    "replicate": "replicate: seed of the noise",
    "point": "point of the letters that are swept together",
    "ran": "whether the cell was run",
}
ROLES |= {"counted": "whether the cell counted in the verdict", "floor": "where a run ends that was started near the solution"}
DIAGNOSTICS = "diagnostics"
DEFLATE = {"zlib": True, "complevel": 1, "shuffle": True}
# Below so many bytes, what compressing needs beside the numbers is more than it saves.
SMALL = 4096


class NoSuchData(KeyError):
    """There is no data file of that claim; the text names those that are near."""

    def __str__(self) -> str:
        return str(self.args[0])


def open_dataset(name: str, folder: str | Path | None = None) -> xr.DataTree:
    """The measurements of one claim as its last report left them, of the project of the working directory or in `folder`.

    Groups are claim/<kernel>.<family> and controls/<n>-<title>/<kernel>.<family>. Raises NoSuchData with the names that are near.
    """
    folder = Path(folder) if folder is not None else find_project().reports / "data"
    file = folder / f"{name}.nc"
    if not file.is_file():
        known = sorted(path.stem for path in folder.glob("*.nc"))
        near = difflib.get_close_matches(name, known, 4, 0.4) or [k for k in known if k.endswith(f".{name}")] or known[:4]
        mend = f"Near: {', '.join(near)}." if near else "There are none yet: run theorylab verify."
        raise NoSuchData(f"{folder} has no data of {name!r}. {mend}")
    return xr.open_datatree(file, engine="netcdf4")


def tree(result: Result, run: Mapping[str, Any] | None = None) -> xr.DataTree:
    """The measurements of a result as a tree. `run` gives the versions and the device.

    A control of the statement alone judges its claim's own data: its group then holds no numbers but the name of theirs, in `data`.
    """
    claim = result.claim
    nodes: dict[str, xr.Dataset] = {"/": xr.Dataset(attrs=_about(result, run or {}))}
    for key, data in result.data.items():
        number, group = _split(key)
        if number is None:
            nodes[f"claim/{_plain(group)}"] = _labelled(data, claim).assign_attrs(measured=group)
            found = result.diagnostics.get(group.partition(" on ")[2])
            if found is not None:
                nodes[f"{DIAGNOSTICS}/{_plain(group)}"] = diagnosed(found)
            continue
        control = tuple(claim.controls)[number - 1]
        holder = f"controls/{number}-{slug(control.title)}"
        nodes.setdefault(holder, xr.Dataset(attrs=_about_control(result, number - 1)))
        same = result.data.get(group)
        if same is not None and _measurements(same).identical(_measurements(data)):
            nodes[f"{holder}/{_plain(group)}"] = xr.Dataset(attrs={"measured": group, "data": f"claim/{_plain(group)}"})
        else:
            nodes[f"{holder}/{_plain(group)}"] = _labelled(data, claim.under(control)).assign_attrs(measured=group)
    return xr.DataTree.from_dict(nodes, name=claim.name)


def write(result: Result, folder: Path, run: Mapping[str, Any] | None = None) -> Path:
    """Writes <folder>/<claim>.nc, whole or not at all, and returns its path. Raises OSError."""
    return put(tree(result, run), folder / f"{result.claim.name}.nc")


def put(measured: xr.DataTree, file: Path) -> Path:
    """Writes a tree, whole or not at all. Raises OSError."""
    encoding = {node.path: {name: DEFLATE for name, v in node.data_vars.items() if v.nbytes >= SMALL} for node in measured.subtree}
    # In memory first: on a full disk HDF5 ends the process.
    disk.put(file, bytes(measured.to_netcdf(engine="netcdf4", encoding=encoding)))
    return file


def slug(title: str) -> str:
    """A title as a name: lower-case letters and digits, with hyphens between."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "untitled"


def _split(key: str) -> tuple[int | None, str]:
    """ "control 2/kernel on family" as its control's number, from 1, and its group; no number for the claim's own."""
    found = re.fullmatch(r"control (\d+)/(.*)", key)
    return (int(found[1]), found[2]) if found else (None, key)


def _measurements(data: xr.Dataset) -> xr.Dataset:
    """The data without what the judging of a statement adds to them."""
    return data.drop_vars(["counted", "floor"], errors="ignore")


def _plain(group: str) -> str:
    return re.sub(r"[^\w.]+", "_", group.replace(" on ", ".").replace(":", ".")).strip("_")


def _labelled(data: xr.Dataset, claim: Claim) -> xr.Dataset:
    """The data with long_name and units from the where table on every variable and coordinate."""
    roles = {symbol.name: role for symbol, role in claim.where.items()}
    labelled = data.copy()
    for name in labelled.variables:
        role = roles.get(str(name))
        if role is not None:
            labelled[name].attrs |= {"long_name": role.meaning, "units": role.unit, "role": role.kind}
        elif name in ROLES:
            labelled[name].attrs["long_name"] = ROLES[str(name)]
    return labelled


def _about(result: Result, run: Mapping[str, Any]) -> dict[str, Any]:
    claim, verdict = result.claim, result.verdict
    versions = {"theorylab": __version__, **run.get("versions", {}), "device": run.get("device", "")}
    return {
        "title": claim.title,
        "claim": claim.name,
        "statement": text(claim.statement, claim),
        "holds": claim.holds.name,
        "source": f"{claim.source.authors}: {claim.source.title} ({claim.source.year}), {claim.source.place} [{claim.source.basis}]",
        "arxiv": claim.source.arxiv,
        "verdict": verdict.verdict if verdict else "not checked",
        "reasons": ", ".join(verdict.reasons) if verdict else result.note,
        "expected": claim.expect.verdict,
        "seed": result.plan.seed if result.plan else -1,
        "tier": result.plan.tier if result.plan else "",
        "versions": json.dumps({name: value for name, value in versions.items() if value}),
        "theorylab": __version__,
    }


def _about_control(result: Result, position: int) -> dict[str, Any]:
    claim = result.claim
    control = tuple(claim.controls)[position]
    rival = claim.under(control)
    found = result.verdict.controls[position].verdict if result.verdict and position < len(result.verdict.controls) else "not checked"
    return {
        "title": control.title,
        "kind": control.kind,
        "statement": text(rival.statement, rival),
        "verdict": found,
        "expected": control.expect.verdict,
    }
