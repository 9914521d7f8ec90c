"""One family's curves: measured and bound along one letter, what counted, and where the worst point lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ..bound import SignedLog, evaluate
from ..claim import Slip
from ..design import POINT
from ..estimate import Cells, cells
from ..kind import Kind

if TYPE_CHECKING:
    from ..verdict.parts import Part
    from ..verify import Result


@dataclass(frozen=True)
class Lines:
    """One family's curves along one letter: (n, J) of n runs, instances or means, with what the cells share.

    `line` labels the J cells that differ in `x` alone; `worst` is a row and a label.
    """

    name: str
    x: np.ndarray
    quantity: np.ndarray
    bound: np.ndarray
    keep: np.ndarray
    line: np.ndarray
    worst: tuple[int, int]
    cells: Cells

    @property
    def log_ratio(self) -> np.ndarray:
        """log(measured / bound), turned over for a lower bound, so that more is always worse."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.log(self.quantity) - self.bound
        return -ratio if self.cells.kind.side == "lower" else ratio

    def at_worst(self, counted: bool = True) -> tuple[int, np.ndarray]:
        """The worst row and the cells of its line, in the order of x; those that count, or the others."""
        row, label = self.worst
        here = np.flatnonzero((self.line == label) & (self.keep[row] == counted))
        return row, here[np.argsort(self.x[here])]


def lines_of(result: Result, part: Part) -> Lines | None:
    """A family's curves along the letter that a run is read along, else along the swept letter of the worst trend or the first."""
    plan, claim = result.plan, result.claim
    if plan is None:
        return None
    key = next((k for k in result.data if not k.startswith("control ") and part.family in (k, k.partition(" on ")[2])), None)
    if key is None:
        return None
    try:
        found = cells(claim, _fitted(plan.kind, part), part.family, key.partition(" on ")[0], result.data[key])
    except (Slip, KeyError):
        return None
    found = _counted(found, result.data[key])
    names = [name for name, values in found.axes.items() if len(np.unique(values)) >= 3]
    along = plan.along[0] if plan.along else ""
    name = along if along in names else next((n for n in part.trends if n in names), names[0] if names else "")
    if not name or not found.quantity.size:
        return None
    quantity, bound, keep = _rows(result, found)
    others = [found.entry, *(values for other, values in found.axes.items() if other != name)]
    line = np.unique(np.stack(others), axis=1, return_inverse=True)[1].ravel()
    return Lines(name, found.axes[name], quantity, bound, keep, line, _worst(part, found, len(quantity), line, keep), found)


def _fitted(kind: Kind, part: Part) -> Kind:
    """The kind of a sum of terms with the constants that were fitted to the part's worst instance; any other as it is."""
    if not part.terms:
        return kind
    return replace(kind, scale=kind.bound.subs({constant: part.terms[constant.name]["constant"] for constant, _ in kind.terms}))


def _counted(found: Cells, data: xr.Dataset) -> Cells:
    """The cells with `keep` as the judge had it, where the data say which cells counted (they may lie at the numerical floor)."""
    if "counted" not in data:
        return found
    counted = data["counted"].broadcast_like(data[found.kind.quantity.name].isel(replicate=0, drop=True))
    order = ["instance", *dict.fromkeys(POINT if name in found.together else name for name in found.axes)]
    flat = counted.transpose(*order, ...).values.reshape(len(found.keep), -1)
    return replace(found, keep=found.keep & flat) if flat.shape == found.keep.shape else found


def _rows(result: Result, found: Cells) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Quantity, log(bound) and keep as (n, J): means over replicates where the claim is about a mean, single runs otherwise."""
    holds = result.claim.holds.name
    over = {"in expectation, on every instance": 1, "on average over the family": (0, 1)}.get(holds)
    quantity = np.where(found.nonfinite, np.nan, found.quantity)
    if over is None:
        log = np.broadcast_to(_log(found.bound()), quantity.shape)
        keep = np.broadcast_to(found.keep[:, None, :], quantity.shape)
        return tuple(a.reshape(-1, quantity.shape[2]) for a in (quantity, log, keep))  # pyright: ignore[reportReturnType]
    mean = quantity.mean(over).reshape(-1, quantity.shape[2])
    full = {s: np.broadcast_to(v, quantity.shape).mean(over).reshape(mean.shape) for s, v in found.letters.items()}
    log = np.broadcast_to(_log(evaluate(found.kind.scale, full)), mean.shape)
    return mean, log, found.keep if over == 1 else np.asarray(found.keep.all(0, keepdims=True))


def _log(bound: SignedLog) -> np.ndarray:
    """The logarithm of a bound, NaN where it is not positive."""
    return np.where(np.greater(bound.sign, 0), bound.log, np.nan)


def _worst(part: Part, found: Cells, rows: int, line: np.ndarray, keep: np.ndarray) -> tuple[int, int]:
    """The row and the line of the part's worst point."""
    worst = part.worst
    if not worst:
        row = int(keep.sum(1).argmax())
        return row, int(line[keep[row].argmax()])
    instance = found.instances.index(worst["instance"]) if worst["instance"] in found.instances else 0
    row = instance if rows == len(found.instances) else instance * found.quantity.shape[1] + int(worst.get("replicate", 0))
    distance = np.zeros(len(line))
    for name, values in found.axes.items():
        if name in worst["letters"]:
            distance += np.abs(values - worst["letters"][name]) / (np.abs(values).max() or 1.0)
    return min(row, rows - 1), int(line[int(distance.argmin())])


def place(lines: Lines, here: Sequence[int] | np.ndarray) -> str:
    """Where a line lies on the other axes: " at beta = 0.01"."""
    others = [f"{name} = {values[here[0]]:.3g}" for name, values in lines.cells.axes.items() if name != lines.name]
    return f" at {', '.join(others)}" if others else ""
