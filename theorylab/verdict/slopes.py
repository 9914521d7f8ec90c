"""Bounds with an unknown constant: the slope of log(quantity / bound) on every axis, and the part of a family that slopes make."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..bound import evaluate
from ..cells import Cells
from ..claim import Claim
from .axes import WINDOWS, Axis, scatter
from .intervals import Trend, enough, pseudo_values, trend
from .parts import Part, Rule, describe, flags_of, obstacles, told, trend_entry
from .scattered import axis_of, covered

RATE_TAU = 0.5
# Data that break a bound by so many thresholds must be told from it before a support counts.
DATA_GAP = 3
LOST = "lost in noise"


class Unit(NamedTuple):
    """What is tested by itself: the replicates of one instance; every single run where nothing is averaged.

    `kept` are its countable cells (positions into J), `level(weights)` is log(mean quantity) - log(bound of mean letters) there.
    `among` counts the units of the family. `steady` is False where a mean is not positive by chance: no logarithm says anything about
    it yet.
    """

    instance: int
    kept: np.ndarray
    replicates: int
    letters: Mapping[Any, np.ndarray]
    level: Callable[[np.ndarray], np.ndarray]
    enough: bool
    steady: bool
    among: int = 1


class Outcome(NamedTuple):
    """What one axis of one unit says on one side; `values` (J,) are the letter's own, where narrower windows are tried."""

    axis: Axis
    threshold: float
    result: Trend
    instance: int
    values: np.ndarray | None = None


def judge_trend(claim: Claim, cells: Cells, rule: Rule) -> Part:
    """Slopes of the log-ratio against tau on each axis that the data have; every instance on its own."""

    def outcomes(unit: Unit, parts: int) -> Iterator[Outcome]:
        axes = [axis_of(claim, cells, unit.instance, unit.kept, name) for name in cells.axes]
        axes = [axis for axis in axes if axis is not None]
        for axis in axes:
            pseudo = pseudo_values(lambda w, axis=axis: unit.level(w) @ axis.weights.T, unit.replicates)
            jitter = scatter(axis, unit.level(np.full((1, unit.replicates), 1 / unit.replicates))[0], unit.among)
            values = cells.axes[axis.name][unit.kept]
            yield from sides(cells, rule, axis, pseudo, rule.tau, unit.instance, parts * len(axes), jitter, values)

    return part_of(claim, cells, rule, outcomes, lambda units, outcome: _outgrows(cells, units, outcome))


def sides(
    cells: Cells,
    rule: Rule,
    axis: Axis,
    pseudo: np.ndarray,
    threshold: float,
    instance: int,
    parts: int,
    jitter: np.ndarray | None = None,
    values: np.ndarray | None = None,
) -> Iterator[Outcome]:
    """The one-sided rule on the bad side; on both for Eq."""
    for sign in {"upper": (1,), "lower": (-1,), "two": (1, -1)}[cells.kind.side]:
        result = trend(sign * pseudo, threshold, rule.alpha, parts, rule.cap, jitter, axis.lengthens or not rule.again)
        yield Outcome(axis, threshold, result, instance, values)


def part_of(
    claim: Claim,
    cells: Cells,
    rule: Rule,
    outcomes: Callable[[Unit, int], Iterator[Outcome]],
    outgrows: Callable[[list[Unit], Outcome], bool] = lambda units, outcome: True,
) -> Part:
    """All outcomes as one part: a refutation needs one axis of one unit that outgrows the constants of all, a support all of them."""
    return covered(_part_of(claim, cells, rule, outcomes, outgrows), cells)


def _part_of(
    claim: Claim,
    cells: Cells,
    rule: Rule,
    outcomes: Callable[[Unit, int], Iterator[Outcome]],
    outgrows: Callable[[list[Unit], Outcome], bool],
) -> Part:
    reasons = obstacles(cells)
    each = not cells.averages
    units = list(_units(cells, each))
    units = [unit._replace(among=len(units)) for unit in units]
    parts = rule.families * (1 if each else max(len(units), 1))
    found = [outcome for unit in units for outcome in outcomes(unit, parts)]
    beyond = cells.beyond(rule.control)
    diverged = beyond.any((1, 2))
    silent = bool(cells.averages and not reasons and len(units) < cells.keep.any(1).sum())
    steady = all(unit.steady for unit in units) and not silent
    lost = [] if steady else [LOST]
    if not found and not diverged.any():
        flags = (*flags_of(cells, None), *lost)
        return Part(cells.family, "inconclusive", tuple(dict.fromkeys([*reasons, "NOISE" if lost else "RANGE"])), flags)
    gate = each or all(unit.enough for unit in units)
    short = [o for o in found if o.axis.short]
    refutes = _caught if rule.control else lambda o: o.result.refuted and not o.axis.short and gate
    suspects = sorted((o for o in found if refutes(o)), key=lambda o: o.threshold - o.result.high)
    guilty = next(([o] for o in suspects if outgrows(units, o)), [])
    refuted = bool(guilty) or bool(diverged.any())
    open_ = [o for o in found if not _supports(o)]
    supported = bool(found) and gate and steady and not reasons and not open_ and not refuted
    if not gate:
        reasons.append("RARE")
    if any(o.axis.sizes < o.axis.fewest or (o.axis.short and o.result.refuted) for o in open_):
        reasons.append("RANGE")
    elif any(o.result.curved or each for o in open_):
        reasons.append("CURVED")
    elif open_:
        reasons.append("NOISE")
    if not steady:
        reasons.append("NOISE")
    verdict = "refuted" if refuted else "supported" if supported else "inconclusive"
    common = {
        "reasons": told(verdict, reasons),
        "instances": len({unit.instance for unit in units}),
        "replicates": cells.quantity.shape[1],
    }
    if diverged.any():
        i = int(diverged.argmax())
        r, j = (int(p) for p in np.argwhere(beyond[i])[0])
        return Part(cells.family, verdict, worst=describe(cells, i, r, j), margin=np.inf, again=np.inf, trends=_entries(found), **common)
    worst = max(guilty or found, key=lambda o: o.result.high - o.threshold)
    flags = [*flags_of(cells, None), *lost, *(["short range"] if short else []), *(["loose"] if _loose(found, rule.tau) else [])]
    return Part(
        cells.family,
        verdict,
        flags=tuple(flags),
        worst=_nearest(cells, worst.instance),
        trends=_entries(found),
        detectable=max(o.result.detectable for o in found),
        interval=(worst.result.low, worst.result.high),
        margin=min(o.result.margin for o in found),
        again=max((o.result.beyond for o in suspects), default=None),
        **common,
    )


def steepness(judge: Callable[[Claim, Cells, Rule], Part], claim: Claim, cells: Cells, rule: Rule) -> np.ndarray:
    """How near each instance comes to a refutation (I,), to choose which to test on other seeds."""
    scores = np.full(len(cells.keep), -np.inf)
    for i in range(len(scores)):
        if cells.only(i).diverged.any():
            scores[i] = np.inf
            continue
        part = judge(claim, cells.only(i), rule)
        scores[i] = max((t["slope"] - t["threshold"] for t in part.trends.values()), default=-np.inf)
    return scores


def _outgrows(cells: Cells, units: list[Unit], outcome: Outcome) -> bool:
    """Whether the instance ends above what any of the family reached in the first half of the axis, by the slope that is at stake.

    The constant is one for all instances: one that grows up to what another needs all along has not outgrown it.
    """
    if len(units) == 1 or cells.kind.side == "two":
        return True
    sign = -1.0 if cells.kind.side == "lower" else 1.0
    place = np.log(np.maximum(cells.axes[outcome.axis.name], 1e-300))
    mine = next(unit for unit in units if unit.instance == outcome.instance)
    along = place[mine.kept]
    rising = 1.0 if along[np.argmax(outcome.axis.x)] >= along[np.argmin(outcome.axis.x)] else -1.0
    early = rising * (place - (along.max() + along.min()) / 2) <= 1e-12
    before, end = -np.inf, -np.inf
    for unit in units:
        level = sign * unit.level(np.full((1, unit.replicates), 1 / unit.replicates))[0]
        before = max(before, level[early[unit.kept]].max(initial=-np.inf))
        end = max(end, level.max()) if unit.instance == outcome.instance else end
    return bool(end > before + outcome.threshold * np.ptp(outcome.axis.x) / 2)


def _supports(outcome: Outcome) -> bool:
    """A short range supports only with the power to refute a gap of two thresholds on that very range."""
    result, axis = outcome.result, outcome.axis
    enough_range = not axis.short or (result.half_width < outcome.threshold and axis.decades >= axis.least)
    return result.supported and axis.sizes >= axis.fewest and enough_range


def _caught(outcome: Outcome) -> bool:
    """A control needs the lower limit of the whole range only; R3, the range gate and the gate on means protect claims."""
    return outcome.result.caught


def _units(cells: Cells, each: bool) -> Iterator[Unit]:
    for i in range(len(cells.keep)):
        y, letters = cells.at(i)
        bad = cells.nonfinite[i] | ~np.isfinite(y)
        if cells.kind.side != "upper":
            bad = bad | cells.censored[i]
        for runs in [slice(r, r + 1) for r in range(len(y))] if each else [slice(None)]:
            kept = np.flatnonzero(cells.keep[i] & ~bad[runs].any(0))
            part = {s: np.broadcast_to(v, y.shape)[runs] for s, v in letters.items()}
            positive, steady = _positive(cells, y[runs], kept)
            kept = kept[positive]
            if not len(kept):
                continue
            here = {s: v[:, kept] for s, v in part.items()}
            carried = each or (enough(y[:, kept]) and all(enough(v) for v in here.values() if np.ptp(v, axis=0).any()))
            yield Unit(i, kept, len(y[runs]), here, _log_ratio(cells, y[runs][:, kept], here), carried, steady)


def _positive(cells: Cells, y: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, bool]:
    """Which kept cells have a logarithm in every leave-one-out mean, and whether the others are below any positive bound for certain."""
    m, values = len(y), y[:, kept]
    if m == 1:
        return values[0] > 0, cells.kind.side == "upper" or bool((values[0] > 0).all())
    least = (values.sum(0) - values.max(0)) / (m - 1)
    error = 3 * values.std(0, ddof=1) / np.sqrt(m)
    # The logarithm of a mean of both signs is its own noise where the mean is not: kept where positive by chance, it would make a plateau.
    positive = (least > 0) & (values.mean(0) > 0) & ((values.min(0) >= 0) | (values.mean(0) > error))
    clearly = values.mean(0) + error <= 0
    return positive, bool((positive | (clearly & (cells.kind.side == "upper"))).all())


def _log_ratio(cells: Cells, y: np.ndarray, letters: Mapping[Any, np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    same = {symbol: v[:1] for symbol, v in letters.items() if (v == v[0]).all()}
    once = evaluate(cells.kind.scale, same).log if len(same) == len(letters) else None

    def level(weights: np.ndarray) -> np.ndarray:
        if once is not None:
            return np.log(weights @ y) - once
        means = {symbol: weights @ v for symbol, v in letters.items() if symbol not in same}
        return np.log(weights @ y) - evaluate(cells.kind.scale, same | means).log

    return level


def _loose(found: list[Outcome], tau: float) -> bool:
    """Whether the ratio falls on some axis in every unit, so that no instance is as bad as the bound."""
    highest = {o.axis.name: max(p.result.high for p in found if p.axis.name == o.axis.name) for o in found}
    return any(high < -tau for high in highest.values())


def _entries(found: list[Outcome]) -> dict[str, dict[str, Any]]:
    """The worst outcome of each axis, as the report and the JSON give it."""
    ordered = sorted(found, key=lambda o: o.result.high - o.threshold)
    powered = {o.axis.name for o in found if o.result.half_width < (DATA_GAP - 1) * o.threshold}
    return {
        o.axis.name: trend_entry(o.result, o.threshold, o.axis.decades, o.axis.sizes, _since(o)) | {"powered": o.axis.name in powered}
        for o in ordered
    }


def _since(outcome: Outcome) -> float | None:
    """The first value of the letter, over all lines, in the window on which its trend was read; None for the whole range."""
    if not outcome.result.window or outcome.values is None:
        return None
    x, values, share = outcome.axis.x, outcome.values, WINDOWS[outcome.result.window]
    starts = []
    for line in outcome.axis.found:
        inside = line[x[line] >= x[line].max() - share * np.ptp(x[line]) - 1e-12]
        starts.append(values[inside[np.argmin(x[inside])]])
    rising = values[np.argmax(x)] >= values[np.argmin(x)]
    return float(min(starts) if rising else max(starts))


def _nearest(cells: Cells, i: int) -> dict[str, Any]:
    """The cell of an instance at which its ratio is largest."""
    with np.errstate(invalid="ignore"):
        ratio = np.where(cells.nonfinite[i], -np.inf, np.nan_to_num(cells.log_ratio()[i], nan=-np.inf))
    replicate, cell = np.unravel_index(int(np.where(cells.keep[i], ratio, -np.inf).argmax()), ratio.shape)
    return describe(cells, i, int(replicate), int(cell))
