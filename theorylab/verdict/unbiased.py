"""Equations between means: a bias refutes, an interval within a small part of the noise supports."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import sympy
from scipy.special import fdtrc

from ..bound import evaluate
from ..cells import Cells
from .expectation import countable, mean_tightness
from .intervals import effective, hall, skewness, student
from .parts import Part, Rule, describe_mean, flags_of, obstacles, told
from .power import errors_needed

# The largest bias that a support leaves, in standard deviations of one replicate.
MARGIN = 0.1
# An exact null has no room between truth and refutation, so that every claim that is true stands at its edge: refuting it takes a
# tenth of the error that a bound with slack spends.
SHARE = 0.1
# Rounding leaves this part of the terms: differences and spreads below it are none.
ROUNDING = 1e3 * float(np.finfo(float).eps)
# Replicates that never differ say little about those to come.
CONSTANT_FROM = 256
# Replicates that carry a mean, and its standard deviation, at least: with fewer the interval and the margin are luck.
CARRY_MEAN, CARRY_SPREAD = 8, 4


class Means(NamedTuple):
    """Differences (m, J) of an instance with their means and standard deviations (J,), and the size of what they are taken of (J,)."""

    d: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    size: np.ndarray

    @property
    def t(self) -> np.ndarray:
        """The mean in standard errors, mended for skewness (J,); infinite for a difference that never varies."""
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.sqrt(len(self.d)) * self.mean / self.spread
        return np.where(self.spread > 0, hall(t, skewness(self.d), len(self.d)), np.where(self.mean == 0, 0.0, np.copysign(np.inf, t)))


class Unit(NamedTuple):
    """What one instance says; `cell` is the position among the kept cells of the one that says it, `by` what saw a bias."""

    refuted: bool
    supported: bool
    carried: bool
    cell: int
    by: str
    margin: float


def unbiased(cells: Cells, search: Cells, rule: Rule) -> Part:
    """E quantity = bound, instance by instance.

    Refuted where Student's t at any cell, or Hotelling's T^2 over the entries of a vector at the cell that other seeds chose, excludes a
    mean difference of 0; supported where the interval of every cell lies within a tenth of the standard deviation of one replicate.
    """
    reasons = obstacles(cells)
    diverged = bool(cells.beyond(rule.control).any())
    if diverged:
        # Noise crosses its own mean all the time, so that a run has broken nothing before it overflows.
        reasons.append("NONFINITE")
    kept = countable(cells)
    units = [i for i in range(len(kept)) if len(kept[i])]
    m = cells.quantity.shape[1]
    if not units or m < 2:
        return Part(cells.family, "inconclusive", tuple(dict.fromkeys(reasons or ["COVERAGE" if not units else "NOISE"])))
    means = [differences(cells, i, kept[i]) for i in units]
    found = [_one(cells, search, i, kept[i], means[n], rule, len(units) * rule.families) for n, i in enumerate(units)]
    refuted = (diverged and rule.control) or any(u.refuted for u in found)
    if not all(u.carried for u in found):
        reasons.append("RARE")
    supported = all(u.supported for u in found) and not reasons and not refuted
    verdict = "refuted" if refuted else "supported" if supported else "inconclusive"
    n = max(range(len(found)), key=lambda n: (found[n].refuted, -found[n].margin))
    i, worst, there = units[n], found[n], means[n]
    limits = _limits(there, worst.cell, rule.alpha)
    seen = _within_reach(there.d[:, worst.cell], rule, len(units) * rule.families * len(kept[i]))
    q = float(np.log(1 / rule.alpha) / m)
    left = MARGIN - max(abs(limits[0]), abs(limits[1])) / there.spread[worst.cell] if there.spread[worst.cell] > 0 else np.inf
    scale = there.size[worst.cell] or 1.0
    point = describe_mean(cells, i, int(kept[i][worst.cell])) | {"cell": int(kept[i][worst.cell])}
    return Part(
        cells.family,
        verdict,
        told(verdict, reasons or ["NOISE"]),
        tuple(flags_of(cells, None)),
        tightness=mean_tightness(cells, units, kept),
        worst=point | {"ratio": np.inf if diverged and refuted else 1 + float(there.mean[worst.cell]) / scale},
        detectable=seen,
        interval=(1 + limits[0] / scale, 1 + limits[1] / scale),
        instances=len(units),
        replicates=m,
        margin=min(u.margin for u in found),
        beyond=(q, left / q),
        said=_said(there, worst, limits, seen, point["bound"], left / q, verdict, m),
    )


def nearness(cells: Cells) -> np.ndarray:
    """How many standard errors each instance's largest difference lies from 0 (I,), to choose which to test on other seeds."""
    scores = np.full(len(cells.keep), -np.inf)
    for i, kept in enumerate(countable(cells)):
        if len(kept) and cells.quantity.shape[1] > 1:
            scores[i] = np.nan_to_num(np.abs(differences(cells, i, kept).t), posinf=1e300).max()
    scores[cells.diverged.any((1, 2))] = np.inf
    return scores


def differences(cells: Cells, i: int, kept: np.ndarray) -> Means:
    """Quantity - bound at the kept cells of one instance, replicate by replicate.

    Letters stand for their means, so that of a bound which is not linear in what is measured each replicate has its jackknife
    pseudo-value.
    """
    y, letters = cells.at(i)
    y, letters, m = y[:, kept], {s: v[:, kept] for s, v in letters.items()}, len(y)
    value = lambda table: np.broadcast_to(evaluate(cells.kind.scale, table).value, y.shape)  # noqa: E731
    random = frozenset(s for s, v in letters.items() if len(v) > 1)
    size, tiny = np.maximum(np.abs(y), np.abs(value(letters))).mean(0), ROUNDING
    if m == 1 or linear(cells.kind.scale, random):
        d = y - value(letters)
    else:
        whole = {s: v.mean(0, keepdims=True) for s, v in letters.items()}
        without = {s: (v.sum(0) - v) / (m - 1) if s in random else v for s, v in letters.items()}
        d = m * (y.mean(0) - value(whole)) - (m - 1) * ((y.sum(0) - y) / (m - 1) - value(without))
        tiny = m * ROUNDING
    mean, spread = d.mean(0), d.std(0, ddof=1) if m > 1 else np.zeros(d.shape[1])
    return Means(d, np.where(np.abs(mean) <= tiny * size, 0.0, mean), np.where(spread <= tiny * size, 0.0, spread), size)


@lru_cache(maxsize=256)
def linear(bound: Any, random: frozenset[Any]) -> bool:
    """Whether a bound is linear in these letters, so that its mean is its value at their means."""
    plain = {letter: sympy.Dummy(real=True) for letter in random}
    expression = sympy.sympify(bound).xreplace(plain)
    return all(not expression.diff(letter).free_symbols & set(plain.values()) for letter in plain.values())


def hotelling(d: np.ndarray) -> tuple[float, int]:
    """The p-value of Hotelling's T^2 for a mean of 0 (m, entries), and how many dimensions the differences have.

    Entries that depend on each other linearly, such as those of a vector that sums to 0, count once.
    """
    spread = d.std(0, ddof=1)
    z = d[:, spread > 0] / spread[spread > 0]
    m = len(z)
    values, vectors = np.linalg.eigh(np.cov(z, rowvar=False).reshape(z.shape[1], z.shape[1])) if z.shape[1] else (np.zeros(0), z)
    there = values > 1e-10 * max(values.max(initial=0.0), 1.0)
    rank = int(there.sum())
    if not rank or m <= rank:
        return 1.0, rank
    t2 = m * float((((vectors[:, there].T @ z.mean(0)) ** 2) / values[there]).sum())
    return float(fdtrc(rank, m - rank, t2 * (m - rank) / (rank * (m - 1)))), rank


def _one(cells: Cells, search: Cells, i: int, kept: np.ndarray, here: Means, rule: Rule, parts: int) -> Unit:
    m = len(here.d)
    final = m >= max(rule.cap or 0, CONSTANT_FROM)
    varies = here.spread > 0
    positions = kept // (int(cells.entry.max(initial=0)) + 1)
    vector = bool((np.bincount(positions) > 1).any())
    error = _error(rule) / (parts * (2 if vector else 1))
    heavy = effective(np.abs(here.d))
    few = min(CARRY_MEAN, 0.6 * m)
    t = here.t
    seen = np.where(varies, (np.abs(t) > student(error / (2 * len(kept)), m)) & (heavy >= few), (here.mean != 0) & final)
    by, cell = "", int(np.argmax(np.where(seen, np.abs(t), -1.0)))
    if seen.any():
        by = f"entry {cells.entry[kept[cell]]}" if vector else "t" if varies[cell] else "constant"
    elif vector:
        earlier = differences(search, search.instances.index(cells.instances[i]), kept).t
        together = {p: float((np.nan_to_num(earlier[positions == p], posinf=1e6, neginf=-1e6) ** 2).sum()) for p in np.unique(positions)}
        chosen = positions == max(together, key=lambda p: together[p])
        p_value, rank = hotelling(here.d[:, chosen & varies])
        if m > 2 * rank and p_value < error and (heavy[chosen] >= few).all():
            by, cell = "all entries together", int(np.argmax(np.where(chosen, np.abs(t), -1.0)))
    width = student(rule.alpha, m) * here.spread / np.sqrt(m)
    within = np.where(varies, np.abs(here.mean) + width <= MARGIN * here.spread, (here.mean == 0) & final)
    carried = bool(((heavy >= few) & (effective(here.d**2) >= CARRY_SPREAD))[varies].all())
    distance = np.where(varies, MARGIN - np.abs(here.mean) / np.where(varies, here.spread, 1.0), np.where(here.mean == 0, np.inf, -np.inf))
    if not by:
        cell = int(np.argmin(distance))
    index = float(distance.min() * np.sqrt(max(rule.cap or m, m)))
    return Unit(bool(by), bool(within.all()), carried, cell, by, index)


def _within_reach(d: np.ndarray, rule: Rule, parts: int) -> float:
    """The bias, in standard deviations of one replicate, that nine runs of ten refute by their last look, on either side."""
    most, alpha = rule.final(len(d))
    critical = student(_error(rule._replace(alpha=alpha)) / (2 * parts), most)
    return max(errors_needed(sign * d, critical, most) for sign in (1, -1)) / float(np.sqrt(most))


def _error(rule: Rule) -> float:
    """What a refutation spends at this look, on both sides together; a control is caught with the whole error of a look."""
    return rule.alpha if rule.control else SHARE * rule.alpha


def _limits(here: Means, cell: int, alpha: float) -> tuple[float, float]:
    width = student(alpha, len(here.d)) * float(here.spread[cell]) / np.sqrt(len(here.d))
    return float(here.mean[cell]) - width, float(here.mean[cell]) + width


def _said(here: Means, worst: Unit, limits: tuple[float, float], seen: float, truth: float, unseen: float, verdict: str, m: int) -> str:
    """The bias with its interval, the margin, and the bias that would have been seen, also relative to the truth."""
    mean, spread = float(here.mean[worst.cell]), float(here.spread[worst.cell])
    share = lambda value: f", {100 * value / abs(truth):.3g} % of it" if truth else ""  # noqa: E731
    if spread == 0:
        what = f"{mean:+.4g} off the truth {truth:.6g}{share(mean)}," if mean else f"exactly at the truth {truth:.6g}"
        return f"the difference never varies in {m} replicates: it is {what} beyond doubt only if no rarer event moves it"
    place = f" (seen in {worst.by})" if worst.by.startswith(("entry", "all")) else ""
    text = (
        f"the mean lies {mean:+.4g} from the truth {truth:.6g}{share(mean)}{place}, between {limits[0]:+.4g} and {limits[1]:+.4g}; "
        f"the margin is {MARGIN * spread:.4g}{share(MARGIN * spread)} ({MARGIN:g} standard deviations of one replicate); "
        f"a bias of {seen * spread:.4g}{share(seen * spread)} ({seen:.3g} deviations) would have been refuted in nine runs of ten"
    )
    if verdict == "supported" and np.isfinite(unseen):
        text += f"; an event rarer than one in {m / np.log(100):.0f} runs would have to move it by {unseen:.3g} deviations to hide a bias"
    return text
