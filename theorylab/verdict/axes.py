"""The axes of a sweep: which cells lie on a line, and the slope functionals over them."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, stdtrit

from ..cells import Cells
from ..claim import Claim, Role

WINDOWS = (1.0, 0.75, 0.5)
DECADE = float(np.log(10))


class Axis(NamedTuple):
    """One axis of one instance: slope functionals (q, J) on its kept cells, how far it reaches, its coordinate and its lines.

    `fewest` sizes can support. `lengthens` is False where a confirmation can go no further. Where cells lie on no lines, `found` holds
    clouds of them and `columns` (J, p) are those of a smooth fit.
    """

    name: str
    weights: np.ndarray
    decades: float
    sizes: int
    geometric: bool
    least: float = 0.0
    x: np.ndarray = np.zeros(0)
    found: tuple[np.ndarray, ...] = ()
    fewest: int = 4
    columns: np.ndarray | None = None
    lengthens: bool = True

    @property
    def short(self) -> bool:
        """Below 2 decades (for a geometric rate, a tenfold contraction) or 8 sizes nothing is refuted."""
        return too_short(self.decades, self.sizes, self.geometric)


def too_short(decades: float, sizes: int, geometric: bool) -> bool:
    """The gate on ranges."""
    return sizes < 8 or decades < (1.0 if geometric else 2.0) - 1e-9


def axis_of(claim: Claim, cells: Cells, i: int, kept: np.ndarray, name: str, power: bool = False) -> Axis | None:
    """One axis over the kept cells (positions into J), or None where it has no line of two cells.

    Its coordinate is the letter's logarithm in the direction of the claim; for a geometric bound the bound's own decay.
    """
    role = claim.role(name)
    geometric = not power and claim.letter(name) in cells.kind.geometric
    if geometric:
        x = -np.broadcast_to(cells.bound(i).log, cells.quantity.shape[1:])[0][kept]
    else:
        with np.errstate(divide="ignore"):
            x = np.log(cells.axes[name][kept]) * sign_of(role)
    found = [line[np.isfinite(x[line])] for line in lines(cells, kept, name)]
    found = [line for line in found if len(line) >= 2]
    if not found:
        return None
    longest = max(len(line) for line in found)
    found = [line for line in found if len(line) >= min(4, longest)]
    decades = float(np.median([np.ptp(x[line]) for line in found])) / DECADE
    sizes = int(np.median([len(line) for line in found]))
    # A short range is judged as a whole: its parts say nothing by themselves.
    windows = (1.0,) if too_short(decades, sizes, geometric) else WINDOWS
    weights = _functionals(x.tobytes(), tuple(line.tobytes() for line in found), windows)
    return Axis(name, weights, decades, sizes, geometric, x=x, found=tuple(found), lengthens=role.lengthens)


def sign_of(role: Role) -> int:
    """-1 for a letter that falls in the direction of the claim."""
    return -1 if role.kind == "shrinks" or (role.kind == "along" and (role.low or 0) > (role.high or 0)) else 1


def scatter(axis: Axis, values: np.ndarray, among: int) -> np.ndarray:
    """Half of what jitter alone lets each functional (q,) reach, from what a parabola leaves of values (J,) on each line.

    A deterministic curve has no replicates, but it may jitter; its bend counts only where it stands out of that, by two standard errors
    for one curve and accordingly more for the worst `among` many.
    """
    left, spare = 0.0, 0
    for line in axis.found:
        columns = np.vander(axis.x[line] - axis.x[line].mean(), 3) if axis.columns is None else axis.columns[line]
        if len(line) > columns.shape[1] + 1:
            residual = values[line] - columns @ np.linalg.lstsq(columns, values[line])[0]
            left, spare = left + float(residual @ residual), spare + len(line) - columns.shape[1]
    if not spare:
        return np.zeros(len(axis.weights))
    reach = float(stdtrit(spare, 1 - (1 - ndtr(2)) / among)) / 2
    return reach * np.sqrt(left / spare) * np.linalg.norm(axis.weights, axis=1)


def lines(cells: Cells, kept: np.ndarray, name: str) -> list[np.ndarray]:
    """Positions into `kept` of the cells that differ in this axis alone, in the axis' order."""
    if not len(kept):
        return []
    others = np.stack([cells.entry[kept], *(cells.axes[other][kept] for other in cells.axes if other != name)])
    label = np.unique(others, axis=1, return_inverse=True)[1].ravel()
    return [np.flatnonzero(label == n) for n in range(label.max() + 1)]


def functionals(x: np.ndarray, found: list[np.ndarray], windows: tuple[float, ...]) -> np.ndarray:
    """(3 + 2 w, J): slopes of the lower half, the upper half and all of x, then slope and drift of each window; means over lines.

    Windows are parts of the range counted from its end, the whole first; narrower ones need a decade and six sizes.
    """
    usable = [f for f in windows if f == 1.0 or all(_wide(x[_top(x, line, f)]) for line in found)]
    rows = [_mean_slope(x, [_half(x, line, upper) for line in found]) for upper in (False, True)] + [_mean_slope(x, found)]
    for fraction in usable:
        parts = [_top(x, line, fraction) for line in found]
        drift = _mean_slope(x, [_half(x, p, True) for p in parts]) - _mean_slope(x, [_half(x, p, False) for p in parts])
        rows += [_mean_slope(x, parts), drift]
    return np.stack(rows)


@lru_cache(maxsize=256)
def _functionals(x: bytes, found: tuple[bytes, ...], windows: tuple[float, ...]) -> np.ndarray:
    """The same of the same coordinates: a claim's controls, its halves and its looks have one grid."""
    weights = functionals(np.frombuffer(x), [np.frombuffer(line, dtype=np.intp) for line in found], windows)
    weights.setflags(write=False)
    return weights


def _mean_slope(x: np.ndarray, found: list[np.ndarray]) -> np.ndarray:
    weights = np.zeros(len(x))
    usable = [line for line in found if len(line) >= 2 and np.ptp(x[line]) > 0]
    for line in usable:
        centred = x[line] - x[line].mean()
        weights[line] += centred / (centred @ centred) / len(usable)
    return weights


def _top(x: np.ndarray, line: np.ndarray, fraction: float) -> np.ndarray:
    return line[x[line] >= x[line].max() - fraction * np.ptp(x[line]) - 1e-12]


def _half(x: np.ndarray, line: np.ndarray, upper: bool) -> np.ndarray:
    middle = (x[line].max() + x[line].min()) / 2
    half = line[x[line] >= middle - 1e-12] if upper else line[x[line] <= middle + 1e-12]
    if len(half) >= 2 or len(line) < 3:
        return half
    order = line[np.argsort(x[line])]
    return order[len(order) // 2 :] if upper else order[: (len(order) + 1) // 2]


def _wide(x: np.ndarray) -> bool:
    return len(x) >= 6 and float(np.ptp(x)) >= DECADE - 1e-9
