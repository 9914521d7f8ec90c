"""Letters that were swept at points, all at once: slopes with the others held, and whether the points tell one letter from another."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import combinations

import numpy as np

from ..bound import evaluate
from ..cells import Cells
from ..claim import Claim
from . import axes
from .axes import DECADE, WINDOWS, Axis, sign_of, too_short
from .gradient import SPARE, bent, halves, partial, spans
from .parts import Part

CORRELATED = 0.3
LEVELS = 3
APART = 1 / 16


def axis_of(claim: Claim, cells: Cells, i: int, kept: np.ndarray, name: str, power: bool = False) -> Axis | None:
    """One axis over the kept cells of an instance: along its lines, or where its letter was swept at points along no line.

    Cells that share all else, such as the checkpoint, are fitted together; their slopes are averaged as those of lines are.
    """
    if name not in cells.together:
        return axes.axis_of(claim, cells, i, kept, name, power)
    places = np.stack([_place(claim, cells, i, kept, letter, power) for letter in cells.together])
    q = cells.together.index(name)
    clouds = [here for here in _clouds(cells, kept) if spans(places[:, here])]
    if name in confounded(cells, i) or not clouds:
        return None
    x = places[q]
    geometric = not power and claim.letter(name) in cells.kind.geometric
    decades = float(np.median([np.ptp(x[here]) for here in clouds])) / DECADE
    sizes = int(np.median([levels(x[here]) for here in clouds]))
    windows = (1.0,) if too_short(decades, sizes, geometric) else WINDOWS
    found = [_functionals(places[:, here].tobytes(), len(places), q, windows) for here in clouds]
    weights = np.zeros((min(map(len, found)), len(kept)))
    for here, rows in zip(clouds, found, strict=True):
        weights[:, here] += rows[: len(weights)] / len(clouds)
    return Axis(name, weights, decades, sizes, geometric, x=x, found=tuple(clouds), fewest=LEVELS, columns=bent(places))


def confounded(cells: Cells, i: int | None = None) -> dict[str, str]:
    """The letters whose slope the points of an instance, or of any, do not tell, each with why.

    Letters that move together share their slopes, and a letter with two values shows no bend.
    """
    if i is None:
        found: dict[str, str] = {}
        for keep in {row.tobytes(): n for n, row in enumerate(cells.keep)}.values():
            found |= confounded(cells, keep)
        return found
    here = np.log(np.stack([cells.axes[name][cells.keep[i]] for name in cells.together])) if cells.together else np.zeros((0, 0))
    return dict(_confounded(cells.together, here.tobytes()))


@lru_cache(maxsize=256)
def _confounded(names: tuple[str, ...], buffer: bytes) -> dict[str, str]:
    places = np.unique(np.frombuffer(buffer).reshape(len(names), -1), axis=1) if names else np.zeros((0, 0))
    if not names or places.shape[1] < len(names) + SPARE:
        return {}
    x = dict(zip(names, places, strict=True))
    few = {name: f"{name} has fewer than {LEVELS} values" for name, values in x.items() if levels(values) < LEVELS}
    for one, other in combinations([name for name in names if np.ptp(x[name]) > 0], 2):
        shared = abs(float(np.corrcoef(x[one], x[other])[0, 1]))
        if shared >= CORRELATED:
            few |= dict.fromkeys((one, other), f"{one} and {other} move together")
    return few


def covered(part: Part, cells: Cells) -> Part:
    """The part, open where the points do not tell the slope of some letter from another's, or see no bend in it.

    What is refuted on another axis, or diverges, stays so; the gradient of a sum of terms is one of all letters.
    """
    unknown = confounded(cells)
    if not unknown or (part.verdict == "refuted" and (cells.kind.form != "terms" or cells.diverged.any())):
        return part
    reasons = dict.fromkeys(("COVERAGE", *(reason for reason in part.reasons if reason != "RANGE")))
    return replace(part, verdict="inconclusive", reasons=tuple(reasons), flags=tuple(dict.fromkeys((*part.flags, *unknown.values()))))


def levels(x: np.ndarray) -> int:
    """How many places along a coordinate the cells take, those nearer than a sixteenth of its range counted as one."""
    last, count, apart = -np.inf, 0, max(APART * np.ptp(x), 1e-12)
    for value in np.sort(x):
        if value > last + apart:
            last, count = value, count + 1
    return count


def _place(claim: Claim, cells: Cells, i: int, kept: np.ndarray, name: str, power: bool) -> np.ndarray:
    """The cells' coordinate in the direction of the claim: the letter's logarithm, or the decay of a bound that is geometric in it.

    That decay is the letter's own: the others of its points are held at their middle.
    """
    if power or claim.letter(name) not in cells.kind.geometric:
        return sign_of(claim.role(name)) * np.log(cells.axes[name][kept])
    letters = {symbol: np.broadcast_to(v, cells.quantity.shape[1:])[:, kept].mean(0) for symbol, v in cells.at(i)[1].items()}
    held = {claim.letter(other): np.exp(np.log(cells.axes[other][kept]).mean()) for other in cells.together if other != name}
    return -np.broadcast_to(evaluate(cells.kind.scale, letters | held).log, kept.shape)


def _clouds(cells: Cells, kept: np.ndarray) -> list[np.ndarray]:
    """Positions into `kept` of the cells that differ in the letters of the points alone."""
    if not len(kept):
        return []
    others = np.stack([cells.entry[kept], *(values[kept] for name, values in cells.axes.items() if name not in cells.together)])
    label = np.unique(others, axis=1, return_inverse=True)[1].ravel()
    return [np.flatnonzero(label == n) for n in range(label.max() + 1)]


@lru_cache(maxsize=256)
def _functionals(buffer: bytes, count: int, q: int, windows: tuple[float, ...]) -> np.ndarray:
    """(3 + 2 w, J) of one cloud: partial slopes of the lower half, the upper half and all, then slope and drift of each window.

    Windows are parts of the range counted from its end; narrower ones need a decade, and cells to spare in both halves.
    """
    places = np.frombuffer(buffer).reshape(count, -1)
    x = places[q]
    everywhere = np.arange(len(x))
    lower, upper, _ = halves(places, everywhere, q)
    rows = [lower, upper, partial(places, everywhere, q)]
    for share in windows:
        here = everywhere[x >= x.max() - share * np.ptp(x) - 1e-12]
        early, late, split = halves(places, here, q)
        if share < 1.0 and not (split and len(here) >= 2 * (count + SPARE) and np.ptp(x[here]) >= DECADE - 1e-9):
            break
        rows += [partial(places, here, q), late - early]
    return np.stack(rows)
