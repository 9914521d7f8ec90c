"""What one family says of a claim: the nouns that the tests of each form share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..bound import evaluate
from ..cells import Cells
from .axes import WINDOWS
from .intervals import Trend

REASONS = {
    "NOISE": "the interval still straddles the threshold with the most replicates allowed; more seeds would settle it",
    "CURVED": "the ratio bends within the range; larger sizes would settle it",
    "RARE": "the mean is carried by too few replicates; a quantile claim, or many more seeds, would settle it",
    "RANGE": "the sweep is too short for this test; a wider range would settle it",
    "FLOOR": "the quantity lies at its numerical or statistical floor throughout",
    "COVERAGE": "a variable or a term of the bound was not exercised",
    "CENSORED": "runs stopped before they reached the accuracy, where the bound still allows it; a claim on a quantile, "
    "with_probability(p), or on what is reached after k, y <= C*k**(-1/p), would settle it",
    "CONTROL": "no broken algorithm is among the controls, or one that must be refuted was not: this test could not have failed",
    "NONFINITE": "runs gave NaN or infinity without having broken the bound first, or their bound is no number",
    "ROUNDING": "the only violations do not survive a change of units or of the last digit: they may be round-off",
    "ASSUMPTION": "no run met the theorem's assumptions",
    "UNCONFIRMED": "the refutation was not found again on other replicates, or on a range of another length",
    "CONSTANT": "the measured quantity is the same number everywhere although its bound moves",
    "BUDGET": "the most evaluations allowed were not enough",
    "BROKEN": "the kernel or family failed",
}


LOOSE = 0.1
NEGATIVE = "negative values: write signed()"


class Rule(NamedTuple):
    """How sharp to judge: the exponent threshold, the error spent at this look and in all, and whether a control is judged.

    `cap` is the most replicates that find a refutation once, `families` by how many families the error of a refutation is shared.
    `again` says that a refutation was found before, and is sought on fresh replicates.
    """

    tau: float
    alpha: float
    total: float
    control: bool = False
    cap: int | None = None
    families: int = 1
    again: bool = False

    def final(self, m: int) -> tuple[int, float]:
        """The replicates that find a refutation once, and the error spent on it; m are those of this look.

        A run goes on to its last look, and spends an error in proportion to a look's replicates.
        """
        most = self.cap or m
        return most, min(self.alpha * max(most / m, 1.0), self.total)


@dataclass(frozen=True)
class Part:
    """The verdict on one family, and the numbers that it rests on.

    `worst` is the point nearest to, or farthest beyond, the bound: its letters, `instance`, `replicate`, `measured`, `bound`, `ratio`.
    `trends` has one entry per axis. `beyond` is the probability, and the least size relative to the
    bound, of an unseen event that would overturn a support in expectation.
    `again` says how surely a rerun refutes a refuted control again, as `margin` says it of a support.
    `floor` is the level of a statistical floor that the worst instance has come down to.
    `terms` has, for each constant of a sum, the `constant` fitted to the worst instance and the most `cells` that its term rules.
    `said` is what was found, in words, of a kind that a ratio and its interval do not describe.
    """

    family: str
    verdict: str
    reasons: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    tightness: float | None = None
    worst: Mapping[str, Any] = field(default_factory=dict)
    trends: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    detectable: float | None = None
    interval: tuple[float, float] | None = None
    instances: int = 0
    replicates: int = 1
    margin: float | None = None
    again: float | None = None
    beyond: tuple[float, float] | None = None
    terms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    said: str = ""
    floor: float | None = None

    @property
    def steepest(self) -> str:
        """The axis whose slope is nearest to its threshold, or farthest beyond it; nothing without axes."""
        return max(self.trends, key=lambda name: float(self.trends[name]["high"]) - float(self.trends[name]["threshold"]), default="")


def obstacles(cells: Cells) -> list[str]:
    """Reasons against a support that hold before any number is looked at: nothing to count, failed or stopped runs, no movement."""
    if not cells.keep.any():
        causes = {"assumption": "ASSUMPTION", "not run": "ASSUMPTION", "floor": "FLOOR", "ceiling": "COVERAGE"}
        reasons = dict.fromkeys(reason for cause, reason in causes.items() if cells.dropped.get(cause))
        return list(reasons) or ["COVERAGE"]
    # A mean or a slope of stopped runs is not known; a single stopped run may still lie on one side of an explicit bound.
    stopped = cells.undecided() if cells.kind.form == "explicit" and not cells.averages else cells.censored
    found = {"NONFINITE": cells.nonfinite.any(), "CENSORED": stopped.any(), "CONSTANT": _constant(cells)}
    return [reason for reason, there in found.items() if there]


def told(verdict: str, reasons: list[str]) -> tuple[str, ...]:
    """The reasons that a verdict carries: all where it is open; where it is refuted, that other runs failed."""
    wanted = {"supported": [], "refuted": ["NONFINITE"], "inconclusive": reasons}[verdict]
    return tuple(dict.fromkeys(reason for reason in reasons if reason in wanted))


def _constant(cells: Cells) -> bool:
    """Whether a kernel seems to return one number, over all instances or in each of them, although the bound moves there."""
    kept = np.broadcast_to(cells.keep[:, None, :], cells.quantity.shape) & np.isfinite(cells.quantity)
    bounds = np.broadcast_to(cells.bound().log, kept.shape)

    def stuck(part: slice) -> bool:
        y, b = cells.quantity[part][kept[part]], bounds[part][kept[part]]
        if len(y) <= 3 or np.ptp(y) > 0 or y[0] == 0:
            return False
        return cells.kind.form == "rate" or bool(np.isfinite(b).all() and np.ptp(b) > 1e-6)

    if cells.kind.side == "two":
        return False
    return stuck(slice(None)) or all(stuck(slice(i, i + 1)) for i in range(len(kept)))


def flags_of(cells: Cells, tightness: float | None) -> list[str]:
    """Vacuous, loose, outside assumptions: what a supported claim must be read with."""
    flags = []
    kept = np.broadcast_to(cells.keep[:, None, :], cells.quantity.shape)
    if cells.kind.side == "upper" and kept.any():
        bound = np.broadcast_to(cells.bound().value, kept.shape).mean(1)
        beyond = cells.trivial is not None and cells.kind.form == "explicit" and (bound >= cells.trivial)[cells.keep].all()
        if beyond or (cells.quantity[kept] <= 0).all():
            flags.append("vacuous")
    if negative(cells):
        flags.append(NEGATIVE)
    if tightness is not None and tightness < LOOSE:
        flags.append("loose")
    if cells.dropped.get("assumption"):
        flags.append("outside assumptions")
    return flags


def negative(cells: Cells) -> bool:
    """Whether letters that the claim made as positive were measured below zero: what sympy simplified may not hold for them."""
    kept = np.broadcast_to(cells.keep[:, None, :], cells.quantity.shape)
    found = {cells.kind.quantity: cells.quantity} | dict(cells.letters)
    return any(symbol.is_positive and bool((np.broadcast_to(v, kept.shape)[kept] < 0).any()) for symbol, v in found.items())


def describe_mean(cells: Cells, instance: int, cell: int) -> dict[str, Any]:
    """One point of an expectation: the means over replicates of what was measured and of the letters of its bound."""
    y, letters = cells.at(instance)
    here = {symbol: np.broadcast_to(values, y.shape)[:, cell].mean() for symbol, values in letters.items()}
    bound = evaluate(cells.kind.scale, here)
    with np.errstate(all="ignore"):
        return describe(cells, instance, 0, cell) | {
            "measured": float(y[:, cell].mean()),
            "bound": float(bound.value),
            "log_bound": float(bound.log),
        }


def describe(cells: Cells, instance: int, replicate: int, cell: int) -> dict[str, Any]:
    """One point as plain numbers: where it is, what was measured there, and the bound."""
    measured = float(cells.quantity[instance, replicate, cell])
    bound = cells.bound(instance)
    at = lambda a: float(np.broadcast_to(a, cells.quantity.shape[1:])[replicate, cell])  # noqa: E731
    log_bound, sign = at(bound.log), at(bound.sign)
    with np.errstate(all="ignore"):
        value = sign * float(np.exp(log_bound))
        ratio = float(sign * np.sign(measured) * np.exp(np.log(abs(measured)) - log_bound)) if measured else 0.0
    return {
        "letters": cells.point(instance, cell),
        "instance": cells.instances[instance],
        "replicate": replicate,
        "measured": measured,
        "bound": value,
        "log_bound": log_bound,
        "ratio": ratio,
    }


def trend_entry(result: Trend, threshold: float, decades: float, sizes: int, since: float | None) -> dict[str, Any]:
    """A trend as the report and the JSON give it: `window` is the share of the range, counted from its end, on which it was read.

    `since` is the letter's first value there; None for the whole range.
    """
    return {
        "slope": result.slope,
        "low": result.low,
        "high": result.high,
        "threshold": threshold,
        "upper_half": result.upper_half,
        "extrapolated": result.extrapolated,
        "curved": result.curved,
        "decades": decades,
        "sizes": sizes,
        "window": WINDOWS[result.window],
        "since": since,
    }
