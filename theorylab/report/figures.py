"""The few figures that show why a verdict is what it is: measured against bound, their ratio, local slopes, families beside controls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..bound import evaluate
from ..found import between
from ..kind import kind_of
from ..verdict.axes import sign_of
from .curves import Lines, lines_of, place
from .formula import text
from .plot import Plot

if TYPE_CHECKING:
    from ..verdict.parts import Part
    from ..verify import Result

FAMILIES = 2
POINTS = 3
GUIDE = 0.5
BEYOND = 2.0
DEEP = 1e-4


@dataclass(frozen=True)
class Figure:
    """An inline SVG with the sentence that reads it, and the same in words for who cannot see it."""

    svg: str
    caption: str
    family: str = ""


def figures(result: Result) -> list[Figure]:
    """The figures of one claim, most telling first; none where the data do not suit."""
    verdict, plan = result.verdict, result.plan
    if verdict is None or plan is None or not verdict.parts:
        return []
    found = [overview(result)]
    rank = {"refuted": 0, "inconclusive": 1, "supported": 2}
    worst = verdict.worst
    for part in sorted(verdict.parts, key=lambda p: (rank[p.verdict], p is not worst))[:FAMILIES]:
        lines = lines_of(result, part)
        if lines is None:
            continue
        found.append(_measured(result, part, lines))
        if plan.kind.form == "rate":
            found.append(_local_rate(result, part, lines))
        elif np.isfinite(lines.bound[lines.keep]).all():
            found.append(_ratio(result, part, lines))
            if plan.kind.form == "trend" and part is worst:
                found.append(_local_slope(result, part, lines))
    return [figure for figure in found if figure is not None]


def overview(result: Result) -> Figure | None:
    """Every family and every control against the threshold that decides."""
    verdict = result.verdict
    if verdict is None:
        return None
    if kind_of(result.claim).side == "two" and kind_of(result.claim).form == "explicit":
        # The margin of an equation lies on both sides of 1.
        return None
    named = [(_short(p.family), p, "measured", result.claim) for p in verdict.parts]
    rivals = [result.claim.under(control) for control in result.claim.controls]
    named += [(f"control {n + 1}", c.part, "control", rivals[n]) for n, c in enumerate(verdict.controls) if c.part is not None]
    trends = any(p.trends for _, p, _, _ in named)
    rows: list[tuple[str, str, float, float, float]] = []
    for name, part, role, claim in named:
        if trends:
            entries = [(f"{name}, {axis}", t["slope"], t["low"], t["high"], t["threshold"]) for axis, t in part.trends.items()]
            if role == "control":
                entries = sorted(entries, key=lambda e: e[1] - e[4])[-1:]
            rows += [(label, role, *(v / limit for v in (slope, low, high))) for label, slope, low, high, limit in entries if limit]
        elif part.tightness is not None:
            low, high = between(part, claim) or (part.tightness,) * 2
            rows.append((name, role, part.tightness, low, high))
    if len(rows) < 2:
        return None
    edges = (-2.0, 5.0) if trends else (1e-3, 1e3)
    label = "trend / threshold" if trends else "largest measured / bound" if not _lower(result) else "largest bound / measured"
    plot = Plot(f"{result.claim.name} overview", height=0.62 + 0.21 * len(rows), left=1.35)
    plot.forest(rows, 1.0, edges, log=not trends, xlabel=label)
    caught = sum(c.as_expected for c in verdict.controls)
    caption = (
        f"Every family (dots) and every control (diamonds) against the threshold 1: left of it supports, right of it refutes. "
        f"{caught} of {len(verdict.controls)} controls came out as they must. An arrow lies beyond the frame."
    )
    return Figure(plot.svg(caption), caption)


def _measured(result: Result, part: Part, lines: Lines) -> Figure | None:
    """The worst instance's curve against its bound, with the band of the others at the same point."""
    row, here = lines.at_worst()
    y = lines.quantity[row, here]
    if len(here) < 3 or not np.isfinite(y).any():
        return None
    kind = lines.cells.kind
    claim = result.claim
    positive = bool((y[np.isfinite(y)] > 0).all())
    geometric = claim.letter(lines.name) in kind.geometric
    plot = Plot(f"{claim.name} {part.family} measured", xlog=not geometric, ylog=positive)
    mask = (lines.line == lines.worst[1])[None] & lines.keep
    near = lines.x <= BEYOND * lines.x[here].max()
    plot.band(lines.x, np.where(mask & near, lines.quantity, np.nan), "measured")
    _, faded = lines.at_worst(counted=False)
    faded = faded[near[faded]]
    plot.dots(lines.x[faded], lines.quantity[row, faded], "muted", "not counted")
    plot.line(lines.x[here], y, "measured", "measured", dots=True)
    with np.errstate(over="ignore"):
        bound = np.exp(lines.bound[row, here])
    if kind.form == "explicit" and np.isfinite(bound).all():
        plot.line(lines.x[here], bound, "bound", "bound", dashed=True)
        what = "its bound"
    elif kind.form == "rate":
        bound = _geometric(lines.x[here], y)
        plot.line(lines.x[here], bound, "bound", "geometric", dashed=True)
        what = "a geometric decay at its own rate over the second half"
    elif kind.form == "trend" and positive:
        plot.line(lines.x[here], bound * y[0] / bound[0], "bound", "bound, scaled", dashed=True)
        what = "the shape of the bound, scaled to the first point since its constant is unknown"
    else:
        value = lines.cells.bound(min(row, lines.cells.quantity.shape[0] - 1)).value
        plot.line(
            lines.x[here],
            np.broadcast_to(value, lines.cells.quantity.shape[1:]).mean(0)[here],
            "bound",
            "bound",
            dashed=True,
        )
        what = "the bound with the constants fitted to it" if kind.form == "terms" else "its bound"
    plot.labels(lines.name, kind.quantity.name)
    caption = f"{_title(part)}. {kind.quantity.name} along {lines.name}{place(lines, here)}: the worst instance found against {what}"
    caption += "; the band holds the other instances, each with a bound of its own." if mask.any(1).sum() > 1 else "."
    return Figure(plot.svg(caption), caption, part.family)


def _ratio(result: Result, part: Part, lines: Lines) -> Figure | None:
    """All runs' ratios as a band, the worst line in it, and the threshold: 1, or the steepest trend that would pass."""
    row, here = lines.at_worst()
    with np.errstate(over="ignore"):
        ratio = np.exp(np.where(lines.keep, lines.log_ratio, np.nan))
    if len(here) < 3 or not (ratio[row, here] > 0).any():
        return None
    kind, claim = lines.cells.kind, result.claim
    plot = Plot(f"{claim.name} {part.family} ratio", xlog=True, ylog=True)
    ratio = np.where(ratio >= DEEP * np.nanmin([1.0, np.nanmax(ratio)]), ratio, np.nan)
    plot.band(lines.x, ratio, "measured")
    plot.line(lines.x[here], ratio[row, here], "measured", "worst line", dots=True)
    over = "bound / measured" if _lower(result) else "measured / bound"
    if kind.form == "explicit":
        plot.level(1.0, "bad", "threshold 1")
        shares = claim.holds.probability is not None
        caption = (
            f"{_title(part)}. {over} over all instances and all points (band), and along the worst line; "
            f"beyond 1 {'a run breaks the bound, as a share of them may' if shares else 'the statement is violated'}. "
            "Far smaller ratios are cut off."
        )
    else:
        trend = part.trends.get(lines.name)
        if trend is not None and claim.letter(lines.name) not in kind.geometric:
            rising = sign_of(claim.role(lines.name))
            start = lines.x[here[0 if rising > 0 else -1]]
            first = ratio[row, here[0 if rising > 0 else -1]]
            guide = first * (lines.x[here] / start) ** (rising * trend["threshold"])
            plot.line(lines.x[here], guide, "bad", "threshold", dashed=True)
        constants = "with the constants fitted to the worst instance" if kind.form == "terms" else "without its constant"
        caption = (
            f"{_title(part)}. {over} {constants}, over all instances (band) and along the worst line: "
            "it must not rise faster than the threshold."
        )
    plot.labels(lines.name, over)
    return Figure(plot.svg(caption), caption, part.family)


def _local_slope(result: Result, part: Part, lines: Lines) -> Figure | None:
    """The slope of log(ratio) from one stretch of the range to the next."""
    row, here = lines.at_worst()
    trend = part.trends.get(lines.name)
    if len(here) < 4 or trend is None or result.claim.letter(lines.name) in lines.cells.kind.geometric:
        return None
    sign = sign_of(result.claim.role(lines.name))
    x, y = np.log(lines.x[here]), lines.log_ratio[row, here]
    middle, slopes = _stretches(x, y)
    plot = Plot(f"{result.claim.name} {part.family} slope", xlog=True)
    plot.line(np.exp(middle), sign * slopes, "measured", "local slope", dots=True)
    plot.level(trend["threshold"], "bad", "threshold")
    plot.level(0.0, "muted", "")
    over = "bound / measured" if _lower(result) else "measured / bound"
    plot.labels(lines.name, f"slope of log({over})")
    whole = f"{trend['slope']:+.3f} in [{trend['low']:+.3f}, {trend['high']:+.3f}]"
    letter = lines.name if sign > 0 else f"1/{lines.name}"
    caption = f"{_title(part)}. Local slopes of {over} in {letter} on the worst line; the part of the range that decides has {whole}."
    return Figure(plot.svg(caption), caption, part.family)


def _local_rate(result: Result, part: Part, lines: Lines) -> Figure | None:
    """The decay per step over h, at a few points: level for a geometric decay of the claimed form, falling for a slower one."""
    kind = lines.cells.kind
    row, worst = lines.worst
    labels = np.unique(lines.line)
    chosen = list(dict.fromkeys([worst, *labels[np.linspace(0, len(labels) - 1, POINTS).astype(int)]]))[:POINTS]
    plot = Plot(f"{result.claim.name} {part.family} rate", xlog=True, ylog=True)
    drawn = False
    for label in chosen:
        here = np.flatnonzero((lines.line == label) & lines.keep[row])
        here = here[np.argsort(lines.x[here])]
        with np.errstate(divide="ignore", invalid="ignore"):
            level = np.log(lines.quantity[row, here]) - lines.bound[row, here]
        if len(here) < 5:
            continue
        _, letters = lines.cells.at(min(row, lines.cells.quantity.shape[0] - 1))
        h = np.broadcast_to(evaluate(kind.per_step, {s: v[0] for s, v in letters.items()}).value, lines.x.shape)[here[0]]
        middle, slopes = _stretches(lines.x[here], level)
        rate = np.where(slopes < 0, -slopes, np.nan) / h
        if np.isfinite(rate).sum() < 3:
            continue
        name = place(lines, here).removeprefix(" at ")
        plot.line(middle, rate, "measured" if label == worst else "muted", name or "worst line", dots=label == worst)
        if label == worst:
            start = np.flatnonzero(np.isfinite(rate))[len(rate) // 4 : len(rate) // 4 + 1]
            if len(start):
                plot.line(
                    middle[start[0] :],
                    rate[start[0]] * (middle[start[0] :] / middle[start[0]]) ** -GUIDE,
                    "bad",
                    "threshold",
                    dashed=True,
                )
        drawn = True
    if not drawn:
        return None
    plot.labels(lines.name, f"local rate / ({text(kind.per_step, result.claim)})")
    caption = (
        f"{_title(part)}. Decay of log {kind.quantity.name} per step, over {text(kind.per_step, result.claim)}: level where the decay is "
        "geometric as claimed; the dashed line falls as fast as the threshold allows at equal decay."
    )
    return Figure(plot.svg(caption), caption, part.family)


def _geometric(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A straight line in log(y), fitted to the second half of the decay."""
    level = np.log(np.where(y > 0, y, np.nan))
    half = np.isfinite(level) & (level <= np.nanmin(level) / 2 + np.nanmax(level) / 2)
    if half.sum() < 2:
        return np.full(len(x), np.nan)
    slope, offset = np.polyfit(x[half], level[half], 1)
    with np.errstate(over="ignore"):
        return np.exp(offset + slope * x)


def _stretches(x: np.ndarray, y: np.ndarray, width: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Middles and least-squares slopes of every `width` neighbouring points."""
    windows = [slice(n, n + width) for n in range(len(x) - width + 1)]
    centred = [x[w] - x[w].mean() for w in windows]
    slopes = [float(c @ y[w] / (c @ c)) if np.isfinite(y[w]).all() else np.nan for w, c in zip(windows, centred, strict=True)]
    return np.array([x[w].mean() for w in windows]), np.array(slopes)


def _short(label: str) -> str:
    """The family without its module; of a portfolio, the kernel and the family."""
    return ", ".join(name.split(":")[-1] for name in label.split(" on ")) or "all"


def _title(part: Part) -> str:
    return part.family or "All runs"


def _lower(result: Result) -> bool:
    return result.plan is not None and result.plan.kind.side == "lower"
