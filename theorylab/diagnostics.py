"""How a measured curve grows, by the methods of the field: local and extrapolated exponents, laws compared, lack of fit.

Nothing here decides anything: each number is right for some curves and wrong for others, which its sentence says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import chdtrc

from .cells import Cells
from .claim import Claim

METHODS = {
    "least squares, whole range": "right for a pure power; a transient at the small sizes pulls it",
    "least squares, upper half": "right for a power after a transient that ends before the middle of the range",
    "last pair (observed order, EOC)": "right where the error is asymptotic and free of noise; noise enters in full",
    "end slope of a parabola": "right where the slope drifts evenly in the logarithm; overshoots where a transient dies out",
    "Richardson, correction n^-1/2": "right where the slope nears its limit like n^(-1/2), without noise",
    "regression on 1/ln n, upper half": "right where only a factor of log n is undeclared; far off for any other transient",
    "Aitken, last three local slopes": "right where the slope nears its limit geometrically, without noise",
}
LAWS = {
    "power": "C {n}^p",
    "power times log": "C {n}^p ln {n}",
    "exponential": "C exp(c {n})",
    "power plus floor": "C {n}^p + f",
}
UNDECIDED = (
    "None of this decides the verdict. A difference in BIC below 2 tells nothing apart, and factors of log n are not decided by it: with "
    "3 % noise over one decade it tells a power from a power times log in six runs of ten, where a coin is right in five."
)
FEWEST = 3
REPLICATES = 64
ROUNDING = 1e-12
POWERS = np.linspace(-4.0, 4.0, 161)


@dataclass(frozen=True)
class Diagnostics:
    """What one curve of J sizes shows, in the direction of its letter. Exponents are those of the letter.

    `slopes` (J - 1) are local exponents between neighbouring `sizes`, with jackknife standard `errors` where there are replicates, beside
    the bound's own, `claimed`. `exponents` are extrapolated, by method. `laws` are BIC above the best law's. `lack_of_fit` is F, with
    the probability of a larger one, of a power law in several letters at once.
    """

    letter: str = ""
    place: Mapping[str, float] = field(default_factory=dict)
    sizes: tuple[float, ...] = ()
    slopes: tuple[float, ...] = ()
    errors: tuple[float, ...] = ()
    claimed: tuple[float, ...] = ()
    exponents: Mapping[str, float] = field(default_factory=dict)
    laws: Mapping[str, float] = field(default_factory=dict)
    lack_of_fit: tuple[float, float] | None = None


def diagnostics(claim: Claim, cells: Cells, worst: Mapping[str, object]) -> Diagnostics | None:
    """The diagnostics of a family at its worst point: of the line through it, and of its points; None where there is neither."""
    i = cells.instances.index(int(worst["instance"])) if worst.get("instance") in cells.instances else 0  # pyright: ignore[reportArgumentType]
    runs = slice(None) if cells.averages else slice(r := int(worst.get("replicate", 0) or 0), r + 1)  # pyright: ignore[reportArgumentType]
    y = cells.quantity[i][runs]
    with np.errstate(invalid="ignore", over="ignore"):
        counted = cells.keep[i] & np.isfinite(y).all(0) & (y.mean(0) > 0)
    found = cells.bound(i)
    with np.errstate(invalid="ignore"):
        positive = np.where(np.greater(found.sign, 0) & np.isfinite(found.log), found.log, np.nan)
    bound = np.broadcast_to(positive, cells.quantity.shape[1:])[runs].mean(0)
    fit = None
    compared = counted & np.isfinite(bound)
    if cells.together and len(y) >= REPLICATES and compared.sum() > len(cells.together) + 1:
        places = np.log(np.stack([cells.axes[name][compared] for name in cells.together]))
        fit = lack_of_fit(places, y[:, compared], bound[compared])
    at: Mapping[str, float] = worst.get("letters", {})  # pyright: ignore[reportAssignmentType]
    name, line = _line(claim, cells, counted, at)
    if not name:
        return None if fit is None else Diagnostics(lack_of_fit=fit)
    x = cells.axes[name][line]
    order = np.argsort(x) if _rises(claim, name) else np.argsort(-x)
    order = order[_apart(np.log(x[order]))]
    place = {other: float(values[line[0]]) for other, values in cells.axes.items() if other != name}
    shown = curve(x[order], y[:, line[order]], bound[line[order]] if np.isfinite(bound[line]).all() else None)
    return replace(shown, letter=name, place=place, lack_of_fit=fit)


def curve(x: np.ndarray, y: np.ndarray, log_bound: np.ndarray | None = None) -> Diagnostics:
    """The diagnostics of positive measurements (m replicates, J sizes) at sizes x (J,), which rise or fall to where the limit is."""
    y = np.atleast_2d(y)
    # What falls to zero is seen as its inverse rising: the exponent of the letter has the other sign.
    sign = 1.0 if x[-1] > x[0] else -1.0
    u = x.astype(float) ** sign
    level = np.log(y.mean(0))
    slopes = np.diff(level) / np.diff(np.log(u))
    one_run = len(y) == 1
    return Diagnostics(
        sizes=tuple(x.astype(float).tolist()),
        slopes=tuple((sign * slopes).tolist()),
        errors=() if one_run else tuple(_errors(np.log(u), y).tolist()),
        claimed=() if log_bound is None else tuple((np.diff(log_bound) / np.diff(np.log(x))).tolist()),
        exponents={name: sign * value for name, value in exponents(u, level).items()} if one_run else {},
        laws=laws(u, level),
    )


def exponents(u: np.ndarray, level: np.ndarray) -> dict[str, float]:
    """The exponent of a curve log(y) = level at rising sizes u, by each method; NaN where there are too few sizes for it."""
    x = np.log(u)
    slopes, middle = np.diff(level) / np.diff(x), (x[1:] + x[:-1]) / 2
    upper = x >= (x[0] + x[-1]) / 2 - 1e-12
    found = {"least squares, whole range": _slope(x, level), "least squares, upper half": _slope(x[upper], level[upper])}
    found["last pair (observed order, EOC)"] = float(slopes[-1])
    found["end slope of a parabola"] = _end_slope(x, level)
    if len(slopes) >= 3:
        shrinks = np.exp(-0.5 * (middle[-1] - middle[-2]))
        found["Richardson, correction n^-1/2"] = float((slopes[-1] - shrinks * slopes[-2]) / (1 - shrinks))
        late = middle >= (x[0] + x[-1]) / 2 - 1e-12
        found["regression on 1/ln n, upper half"] = _intercept(middle[late], slopes[late])
        bend = slopes[-1] - 2 * slopes[-2] + slopes[-3]
        still = abs(bend) <= 1e-9 * max(np.abs(slopes).max(), 1.0)
        found["Aitken, last three local slopes"] = float(slopes[-1] if still else slopes[-1] - (slopes[-1] - slopes[-2]) ** 2 / bend)
    return {name: found.get(name, float("nan")) for name in METHODS}


def laws(u: np.ndarray, level: np.ndarray) -> dict[str, float]:
    """BIC of each law above the best, by least squares of log(y) = level at rising sizes u; none with fewer than five sizes."""
    count = len(u)
    if count < 5:
        return {}
    one, x = np.ones(count), np.log(u)
    log = np.log(np.maximum(x, 1e-300)) if x[0] > 0 else None
    left = {"power": (_left(np.stack([one, x], 1), level), 2), "exponential": (_left(np.stack([one, u / u[-1]], 1), level), 2)}
    if log is not None:
        left["power times log"] = _left(np.stack([one, x], 1), level - log), 2
    left["power plus floor"] = _left_above_floor(u / u[-1], level - level.mean()), 3
    left = {name: (squares, k) for name, (squares, k) in left.items() if np.isfinite(squares)}
    bic = {name: count * np.log(max(squares / count, ROUNDING**2)) + k * np.log(count) for name, (squares, k) in left.items()}
    best = min(bic.values())
    return {name: float(bic[name] - best) for name in LAWS if name in bic}


def lack_of_fit(places: np.ndarray, y: np.ndarray, log_bound: np.ndarray) -> tuple[float, float]:
    """F of log(mean y) - log_bound about a linear fit in places (q, J), each cell by its own variance, and the chance of a larger F.

    From y (m, J); far above 1 where the points do not collapse onto one power law. It wants 64 replicates: with 8 it is false in one of
    eight at a level of one in a hundred.
    """
    mean = y.mean(0)
    error = y.std(0, ddof=1) / (np.sqrt(len(y)) * mean)
    columns = np.vstack([np.ones(places.shape[1]), places]).T
    weights = 1 / np.maximum(error, ROUNDING)
    level = np.log(mean) - log_bound
    fitted = np.linalg.lstsq(columns * weights[:, None], level * weights, rcond=None)[0]
    freedom = len(mean) - columns.shape[1]
    squares = float((((level - columns @ fitted) * weights) ** 2).sum())
    return squares / freedom, float(chdtrc(freedom, squares))


def _line(claim: Claim, cells: Cells, counted: np.ndarray, at: Mapping[str, float]) -> tuple[str, np.ndarray]:
    """The letter to follow, read along a run before others, and the counted cells of its line through a point."""
    names = sorted((n for n in cells.axes if n not in cells.together), key=lambda n: claim.role(n).kind != "along")
    distance = np.where(counted, 0.0, np.inf)
    for name, values in cells.axes.items():
        if name in at:
            distance = distance + np.abs(np.log(np.maximum(values, 1e-300)) - np.log(max(at[name], 1e-300)))
    for name in names if counted.any() else ():
        others = [cells.entry, *(values for other, values in cells.axes.items() if other != name)]
        nearest = int(distance.argmin())
        line = np.flatnonzero(counted & np.logical_and.reduce([values == values[nearest] for values in others]))
        if len(line) >= FEWEST and (cells.axes[name][line] > 0).all():
            return name, line
    return "", np.zeros(0, int)


def _apart(x: np.ndarray) -> np.ndarray:
    """Positions of places at least half the mean spacing apart, from the last on: between a step and the next, rounding is all there is."""
    least, kept = np.ptp(x) / (len(x) - 1) / 2, [len(x) - 1]
    for position in range(len(x) - 2, -1, -1):
        if abs(x[position] - x[kept[-1]]) >= least:
            kept.append(position)
    return np.array(kept[::-1])


def _rises(claim: Claim, name: str) -> bool:
    role = claim.role(name)
    return role.kind != "shrinks" and (role.low or 0) <= (role.high or 0)


def _errors(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Jackknife standard errors of the local slopes of log(mean y)."""
    m = len(y)
    with np.errstate(invalid="ignore", divide="ignore"):
        left_out = np.diff(np.log((y.sum(0) - y) / (m - 1)), axis=1) / np.diff(x)
    return np.sqrt((m - 1) / m * ((left_out - left_out.mean(0)) ** 2).sum(0))


def _slope(x: np.ndarray, level: np.ndarray) -> float:
    centred = x - x.mean()
    return float(centred @ level / (centred @ centred)) if len(x) > 1 else float("nan")


def _end_slope(x: np.ndarray, level: np.ndarray) -> float:
    if len(x) < 4:
        return float("nan")
    return float(np.polyfit(x - x[-1], level, 2)[1])


def _intercept(middle: np.ndarray, slopes: np.ndarray) -> float:
    """Where the local slopes go as 1 / ln n goes to zero."""
    if len(middle) < 2 or middle[0] <= 0:
        return float("nan")
    inverse = 1 / middle
    return float(slopes.mean() - _slope(inverse, slopes) * inverse.mean())


def _left(columns: np.ndarray, level: np.ndarray) -> float:
    """The sum of squares that a linear fit leaves."""
    return float(((level - columns @ np.linalg.lstsq(columns, level, rcond=None)[0]) ** 2).sum())


def _left_above_floor(u: np.ndarray, level: np.ndarray) -> float:
    """The sum of squares of logarithms that C u^p + f leaves, C and f not negative: p on a grid, then finer about the best."""
    powers, step, squares = POWERS, POWERS[1] - POWERS[0], np.array([np.inf])
    with np.errstate(over="ignore"):
        y = np.exp(level)
    for _ in range(3):
        with np.errstate(all="ignore"):
            a, b = u ** powers[:, None] / y, 1 / y
            aa, ab, bb, a1, b1 = (a * a).sum(1), (a * b).sum(1), float(b @ b), a.sum(1), float(b.sum())
            c = np.nan_to_num((a1 * bb - b1 * ab) / (aa * bb - ab**2), nan=0.0, posinf=0.0, neginf=0.0)
            floor = (b1 - c * ab) / bb
            alone = (floor < 0) | (c < 0)
            c, floor = np.where(alone, a1 / aa, c), np.where(alone, 0.0, floor)
            squares = np.nan_to_num((np.log(c[:, None] * a + floor[:, None] * b) ** 2).sum(1), nan=np.inf)
        best = int(squares.argmin())
        powers, step = powers[best] + step * np.linspace(-1, 1, 41), step / 20
    return float(squares.min())
