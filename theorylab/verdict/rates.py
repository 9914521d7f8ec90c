"""Geometric decay at an unknown rate: the local rate does not fall, and it depends on the other letters as claimed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..bound import evaluate
from ..cells import Cells
from ..claim import Claim
from .axes import DECADE, Axis, functionals, lines, scatter
from .intervals import pseudo_values
from .parts import Part, Rule
from .scattered import axis_of
from .slopes import RATE_TAU, Outcome, Unit, part_of, sides

LEVELS = 8
BURN_IN = 2
STALLED = 0.05
SHORTEST = 8
AHEAD = 0.85
STAGES = np.log((np.arange(LEVELS) + 0.5) / LEVELS)[BURN_IN:]


def judge_rate(claim: Claim, cells: Cells, rule: Rule) -> Part:
    """The local rate does not fall as the decay goes on, and the rate over h has no trend on any other axis."""
    steps = cells.kind.steps.name if cells.kind.steps is not None else ""
    others = [name for name in cells.axes if name != steps]
    sign = -1.0 if cells.kind.side == "lower" else 1.0
    seen: list[tuple[Axis, np.ndarray]] = []

    def outcomes(unit: Unit, parts: int) -> Iterator[Outcome]:
        found = [line for line in lines(cells, unit.kept, steps) if len(line) >= SHORTEST]
        if not found:
            return
        k = [cells.axes[steps][unit.kept][line] for line in found]
        means = unit.level(np.full((1, unit.replicates), 1 / unit.replicates))[0]
        tops = _envelope(means[None], found, cells)
        contraction = min(float(np.ptp(top[0, : _end(x, cells.kind.side)])) for top, x in zip(tops, k, strict=True)) / DECADE
        stages = np.tile(STAGES, len(found))
        owners = [np.arange(len(STAGES)) + n * len(STAGES) for n in range(len(found))]
        axis = Axis(steps, functionals(stages, owners, (1.0,)), contraction, min(map(len, found)), True, 1.0, x=stages, found=tuple(owners))

        def slowing(weights: np.ndarray) -> np.ndarray:
            curves = _envelope(unit.level(weights), found, cells)
            return -np.concatenate([_local_rates(curve, x, cells.kind.side) for curve, x in zip(curves, k, strict=True)], 1)

        parts *= 1 + len(others)
        pseudo = pseudo_values(lambda weights: slowing(weights) @ axis.weights.T, unit.replicates)
        jitter = scatter(axis, slowing(np.full((1, unit.replicates), 1 / unit.replicates))[0], unit.among)
        yield from sides(cells, rule, axis, pseudo, RATE_TAU, unit.instance, parts, jitter)
        first = unit.kept[[line[0] for line in found]]
        per_step = evaluate(cells.kind.per_step, {s: v[0][[line[0] for line in found]] for s, v in unit.letters.items()}).log
        for name in others:
            across = axis_of(claim, cells, unit.instance, first, name, power=True)
            if across is not None:

                def slower(weights: np.ndarray, across: Axis = across) -> np.ndarray:
                    rates = _line_rates(_envelope(unit.level(weights), found, cells), k)
                    return -(rates - per_step) @ across.weights.T

                rates = _line_rates(_envelope(means[None], found, cells), k)[0] - per_step
                seen.append((across, -sign * rates))
                jitter = scatter(across, rates, unit.among)
                pseudo, values = pseudo_values(slower, unit.replicates), cells.axes[name][first]
                yield from sides(cells, rule, across, pseudo, rule.tau, unit.instance, parts, jitter, values)

    def outgrows(units: list[Unit], outcome: Outcome) -> bool:
        """Whether the instance falls behind the slowest of its family in the first half of the axis: the constant c is one for all."""
        mine = next((slowness for axis, slowness in seen if axis is outcome.axis), None)
        if mine is None or len(units) == 1:
            return True
        x = outcome.axis.x
        middle = (x.max() + x.min()) / 2 + 1e-12
        early = [slowness[axis.x <= middle] for axis, slowness in seen if axis.name == outcome.axis.name]
        before = max(slowness.max(initial=-np.inf) for slowness in early)
        return bool(mine.max() > before + outcome.threshold * np.ptp(x) / 2)

    return part_of(claim, cells, rule, outcomes, outgrows)


def _envelope(curves: np.ndarray, found: list[np.ndarray], cells: Cells) -> list[np.ndarray]:
    """Per line, the least non-increasing curve above (for a lower bound, the greatest below): what a claimed rate bounds."""
    if cells.kind.side == "lower":
        return [np.minimum.accumulate(curves[:, line], axis=1) for line in found]
    return [np.maximum.accumulate(curves[:, line][:, ::-1], axis=1)[:, ::-1] for line in found]


def _local_rates(top: np.ndarray, k: np.ndarray, side: str) -> np.ndarray:
    """log of the decay per step at equal stages of the whole decay, the burn-in left out (n, stages).

    In a geometric decay every stage takes the same number of steps; in exp(-sqrt(k)) the steps grow with the stage, in a power of k they
    explode. A stall belongs to the stage at which it happens.
    """
    depth = (top[:, :1] - top)[:, : _end(k, side)]
    k = k[: _end(k, side)]
    rates = np.empty((len(top), len(STAGES)))
    for row, level in zip(rates, depth, strict=True):
        if not level[-1] >= STALLED:
            row[:] = -10.0 * np.arange(len(row))
            continue
        # Interpolation needs rising levels: an upper bound is tested on the last step at a level, a lower one on the first.
        rising = level + 1e-12 * np.arange(len(level))
        times = np.interp(level[-1] * np.arange(BURN_IN, LEVELS + 1) / LEVELS, rising, k)
        times[-1] = k[-1]
        row[:] = np.log(level[-1] / LEVELS / np.maximum(np.diff(times), 1e-9 * k[-1]))
    return rates


def _end(k: np.ndarray, side: str) -> int:
    """How many checkpoints to read: for an upper bound the last ones only tell what the quantity still reaches, if there are enough."""
    if side == "lower":
        return len(k)
    ahead = int((k > AHEAD * k[-1]).sum())
    return len(k) - ahead if ahead >= 3 else len(k)


def _line_rates(curves: list[np.ndarray], k: list[np.ndarray]) -> np.ndarray:
    """log of each line's rate (n, lines), between one half and the whole of the contraction that all lines reach, tenfold at least.

    At equal contraction a transient weighs the same on a fast line and on a slow one.
    """
    depth = [top[:, :1] - top for top in curves]
    common = max(DECADE, min(float(level[0, -1]) for level in depth))
    rates = np.empty((len(depth[0]), len(depth)))
    for n, (levels, x) in enumerate(zip(depth, k, strict=True)):
        for row, level in enumerate(levels):
            # A run that ends before goes as far as it gets: the estimate must not jump as a replicate is left out.
            reached = max(min(common, float(level[-1])), 1e-12)
            half, whole = np.interp([reached / 2, reached], level + 1e-12 * np.arange(len(level)), x)
            rates[row, n] = reached / 2 / max(whole - half, 1e-9 * x[-1])
    return np.log(rates)
