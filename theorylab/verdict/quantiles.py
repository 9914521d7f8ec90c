"""A probability with an unknown constant: the trend of a quantile, whose replicates are the quantiles of blocks of runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..blocks import allowed, quantile_block
from ..bound import evaluate
from ..cells import Cells, log_ratio
from ..claim import Claim
from .intervals import clopper_pearson
from .parts import NEGATIVE, Part, Rule, describe, negative

# The fewest blocks of which Student's limits are taken, as of any replicates.
FEWEST = 8
# A quantile is sought where the share of runs without a value stays this far below what lies beyond it.
SEEN = 0.8

Judge = Callable[[Claim, Cells, Rule], Part]


class Blocks(NamedTuple):
    """The cells whose replicates are block quantiles, what stands against a support, and log(quantile / bound) at every cell (I, J)."""

    cells: Cells
    reasons: tuple[str, ...]
    size: int
    level: np.ndarray


def judge_quantile(judge: Judge, claim: Claim, cells: Cells, rule: Rule) -> Part:
    """What a test of means says when each replicate is the quantile of a block: P(quantity <= C bound) >= p, for some C.

    That is a bound on the p-quantile of quantity / bound; of a lower bound on its (1 - p)-quantile.
    """
    blocks = in_blocks(claim, cells, rule)
    cap = None if rule.cap is None else max(rule.cap // blocks.size, 1)
    with np.errstate(over="ignore"):
        part = judge(claim, blocks.cells, rule._replace(cap=cap))
    reasons = part.reasons if part.verdict == "refuted" else tuple(dict.fromkeys((*blocks.reasons, *part.reasons)))
    if part.verdict == "supported" and blocks.reasons:
        part = replace(part, verdict="inconclusive")
    short = part.verdict == "inconclusive" and ({"RANGE", "short range"} & {*reasons, *part.flags} or not blocks.cells.keep.any())
    if short and blocks.cells.dropped.get("censored"):
        reasons = tuple(dict.fromkeys(("CENSORED", *reasons)))
    # What stands in a block's place is no measurement: it may lie below zero.
    flags = (*(flag for flag in part.flags if flag != NEGATIVE), *([NEGATIVE] if negative(cells) else []))
    return replace(part, reasons=reasons, flags=flags, replicates=cells.quantity.shape[1], worst=_typical(cells, blocks, part))


def in_blocks(claim: Claim, cells: Cells, rule: Rule) -> Blocks:
    """Blocks of runs in the place of runs. What their mean's logarithm is: the mean of the logarithms of their quantiles.

    Blocks are doubled, while eight are left, where a run that stopped early hides the quantile of one of them; cells where it stays
    hidden are left out, never read at the value at which the runs stopped.
    """
    runs = cells.quantity.shape[1]
    may = may_violate(claim, cells)
    rank = may if cells.kind.side == "lower" else 1 - may
    unbounded = cells.censored | np.isposinf(cells.quantity)
    ratio = np.where(unbounded, np.inf, log_ratio(cells.quantity, cells.bound()))
    seen = unbounded.mean(1) < SEEN * (1 - rank)
    size = quantile_block(claim)
    level = _quantiles(ratio, rank, max(runs // size, 1))
    while (cells.keep & seen & np.isposinf(level).any(1)).any() and runs // (2 * size) >= FEWEST:
        size *= 2
        level = _quantiles(ratio, rank, runs // size)
    hidden, below = (np.asarray(end(level).any(1)) for end in (np.isposinf, np.isneginf))
    lost = _lost(cells, may, rule) if cells.kind.side == "upper" else np.zeros_like(hidden)
    keep = cells.keep & (lost | ~(hidden | below))
    level = np.where(keep[:, None, :] & ~lost[:, None, :], level, 0.0)
    mean = level.mean(1, keepdims=True)
    letters = {symbol: values.mean(1, keepdims=True) if values.ndim == 3 else values for symbol, values in cells.letters.items()}
    with np.errstate(over="ignore", invalid="ignore"):
        # One plus the deviation: the logarithm of the mean of these, over all blocks or over all but one, is the mean of logarithms.
        y = np.exp(mean + evaluate(cells.kind.scale, letters).log) * (1 + level - mean)
    y = np.where(lost[:, None, :], np.inf, np.where(keep[:, None, :], y, 1.0))
    spoilt = np.broadcast_to((cells.nonfinite.any(1) & keep)[:, None, :], y.shape)
    gone = int((cells.keep & hidden & ~lost & cells.censored.any(1)).sum())
    inside = replace(
        cells,
        quantity=y,
        letters=letters,
        keep=keep,
        nonfinite=spoilt,
        censored=np.zeros_like(spoilt),
        averages=True,
        dropped={**cells.dropped, **({"censored": gone} if gone else {})},
    )
    return Blocks(inside, _open(cells, hidden & ~lost, below), size, mean[:, 0])


def _open(cells: Cells, hidden: np.ndarray, below: np.ndarray) -> tuple[str, ...]:
    """Why the blocks leave the quantile open: runs that diverged, perhaps too many; blocks with a quantile that has no logarithm."""
    diverged = hidden & np.isposinf(cells.quantity).any(1) & ~cells.censored.any(1)
    signs = (cells.quantity > 0).any(1) if cells.kind.side == "upper" else np.ones_like(below)
    reasons = {"NONFINITE": cells.nonfinite.any(), "NOISE": (cells.keep & (diverged | (below & signs))).any()}
    return tuple(reason for reason, there in reasons.items() if there)


def may_violate(claim: Claim, cells: Cells) -> np.ndarray:
    """The share of runs that may violate at every cell of each instance (I, J)."""
    table = {symbol: float(role.value) for symbol, role in claim.where.items() if role.kind == "fixed" and role.value is not None}
    table |= {claim.letter(name): values[:, None] for name, values in cells.boxed.items()}
    table |= {claim.letter(name): values for name, values in cells.axes.items()}
    return np.broadcast_to(allowed(claim, table), cells.keep.shape)


def _quantiles(ratio: np.ndarray, rank: np.ndarray, count: int) -> np.ndarray:
    """The quantile of each of `count` blocks (I, count, J) at rank (I, J) of values (I, M, J).

    Hyndman and Fan's eighth, between two values of a block, whose median is the quantile's whatever the distribution.
    """
    instances, runs, width = ratio.shape
    size = runs // count
    ordered = np.sort(ratio[:, : count * size].reshape(instances, count, size, width), axis=2)
    place = np.clip(rank * (size + 1 / 3) + 1 / 3, 1, size)[:, None, None, :] - 1
    low = np.floor(place + 1e-9).astype(int)
    share = np.maximum(place - low, 0.0)
    below = np.take_along_axis(ordered, np.broadcast_to(low, (instances, count, 1, width)), axis=2)
    above = np.take_along_axis(ordered, np.broadcast_to(np.minimum(low + 1, size - 1), (instances, count, 1, width)), axis=2)
    with np.errstate(invalid="ignore"):
        between = (1 - share) * below + share * above
    # An infinite neighbour that has no share in the quantile leaves it known.
    return np.where(share < 1e-9, below, np.where(np.isnan(between), np.inf, between))[:, :, 0]


def _lost(cells: Cells, may: np.ndarray, rule: Rule) -> np.ndarray:
    """Where more runs diverged than may violate (I, J), for certain: their quantile is beyond every bound."""
    over = (np.isposinf(cells.quantity) & ~cells.censored).sum(1)
    runs = cells.quantity.shape[1]
    error = rule.alpha / (rule.families * max(int(cells.keep.sum()), 1))
    lost = np.zeros(over.shape, dtype=bool)
    for i, j in np.argwhere(cells.keep & (over > may * runs)):
        lost[i, j] = clopper_pearson(int(over[i, j]), runs, error)[0] > may[i, j]
    return lost


def _typical(cells: Cells, blocks: Blocks, part: Part) -> dict:
    """The run nearest to the quantile where that is farthest up (for a lower bound, down), of the instance that decided."""
    if not part.worst:
        return {}
    i = cells.instances.index(part.worst["instance"])
    sign = -1.0 if cells.kind.side == "lower" else 1.0
    lost = np.isposinf(blocks.cells.quantity[i]).any(0)
    j = int(lost.argmax()) if lost.any() else int(np.where(blocks.cells.keep[i], sign * blocks.level[i], -np.inf).argmax())
    with np.errstate(invalid="ignore"):
        far = -cells.quantity[i][:, j] if lost.any() else np.abs(log_ratio(cells.quantity, cells.bound())[i][:, j] - blocks.level[i, j])
    return describe(cells, i, int(np.nan_to_num(far, nan=np.inf).argmin()), j)
