"""The controls that a statement yields by itself: a sharper bound, a term left out, data that break the bound, on the claim's own data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import sympy

from ..cells import RELATIVE, Cells
from ..claim import Claim
from .axes import sign_of
from .intervals import clopper_pearson
from .judge import Generated, judge_family
from .parts import Part, Rule
from .quantiles import may_violate
from .slopes import DATA_GAP

SHARPER = 0.9
MARGINS, MARGIN = 3.0, 0.1
FAR = 4.0
SIGNS = {"upper": (1,), "lower": (-1,), "two": (1, -1)}

Judged = Sequence[tuple[Part, Cells]]


def generated(claim: Claim, judged: Judged, rule: Rule) -> tuple[Generated, ...]:
    """What becomes of the mutants of a claim, on each family's part and the cells that it was read from.

    Nothing is simulated: a mutant of the claim is judged by the rule of controls on the same cells, at this look; a mutant of the data
    moves every estimate to three times its threshold and leaves the noise as it is. One family that catches a mutant is enough, as for any
    control.
    """
    judged = [(part, cells) for part, cells in judged if cells.keep.any()]
    if not judged:
        return ()
    form = judged[0][1].kind.form
    if form != "explicit":
        sharper = {"trend": _steeper, "terms": _terms, "rate": _faster}[form]
        return (*_centred(claim, judged), *sharper(claim, judged, rule._replace(control=True)))
    if claim.holds.name == "with probability":
        return tuple(_quantile(claim, judged, rule))
    return tuple((_moved if judged[0][1].kind.side == "two" else _constant)(claim, judged, rule._replace(control=True)))


def powerless(parts: Sequence[Part]) -> list[str]:
    """The axes on which data with three times the threshold as their slope would have passed, on every family."""
    names = dict.fromkeys(name for part in parts for name in part.trends)
    return [name for name in names if not any(part.trends[name]["powered"] for part in parts if name in part.trends)]


def _centred(claim: Claim, judged: Judged) -> Iterator[Generated]:
    """Data whose slope is three thresholds: caught where the half-width of an interval is below two."""
    parts, kind = [part for part, _ in judged], judged[0][1].kind
    missed = powerless(parts)
    for name, trend in {name: trend for part in parts for name, trend in part.trends.items()}.items():
        letter, _, constant = name.partition(", ")
        gap, sign = DATA_GAP * trend["threshold"], -1 if kind.side == "lower" else 1
        symbol = claim.letter(letter)
        if kind.form == "rate" and symbol == kind.steps:
            words = "data whose decay speeds up as it goes on" if sign < 0 else f"data that decay like exp(-sqrt({letter}))"
        elif kind.form == "rate":
            words = f"data with the rate times {_power(claim, letter, -sign * gap)}"
        elif kind.form == "trend" and symbol in kind.geometric:
            words = f"data with {1 - sign * gap:.3g} of the bound's exponent in {letter}"
        else:
            words = f"data that {'fall' if sign < 0 else 'grow'} by {_power(claim, letter, sign * gap)}"
        words += f", where the term of {constant} rules" if constant else ""
        why = "the interval of the slope is wider than two thresholds on either side, so that data which break the bound would pass"
        yield Generated(words, "data", name not in missed, why if name in missed else "")


def _steeper(claim: Claim, judged: Judged, rule: Rule) -> Iterator[Generated]:
    """The bound with two thresholds taken off its exponent, axis by axis: the same as data with that much more."""
    kind, gap = judged[0][1].kind, 2 * rule.tau
    for name in dict.fromkeys(name for part, _ in judged for name in part.trends):
        geometric = claim.letter(name) in kind.geometric
        for sign in SIGNS[kind.side]:
            words = f"the bound times {_power(claim, name, -sign * gap)}"
            if geometric:
                words = f"the bound's exponent in {name} times {1 + sign * gap:.3g}"
            mutants = [replace(c, quantity=c.quantity * np.exp(sign * gap * _coordinate(claim, c, name, geometric))) for _, c in judged]
            yield _judged_again(claim, mutants, rule, words, "claim", _slack([p for p, _ in judged], name))


def _faster(claim: Claim, judged: Judged, rule: Rule) -> Iterator[Generated]:
    """A rate that depends by two thresholds more on another letter; its constant is unknown, so a multiple of it is the same claim."""
    kind, gap = judged[0][1].kind, 2 * rule.tau
    sign = SIGNS[kind.side][0]
    for name in dict.fromkeys(name for part, _ in judged for name in part.trends if kind.steps is None or name != kind.steps.name):
        factor = _factor(claim, name, sign * gap)
        mutants = [_with(cells, name, claim, per_step=cells.kind.per_step * factor) for _, cells in judged]
        words = f"the rate times {_power(claim, name, sign * gap)}"
        yield _judged_again(claim, mutants, rule, words, "claim", _slack([p for p, _ in judged], name))


def _terms(claim: Claim, judged: Judged, rule: Rule) -> Iterator[Generated]:
    """Each term left out, and each with two thresholds taken off the exponents of its own letters; the constants are fitted anew.

    A term that rules nowhere is left as it is: nothing was tested of it, which the verdict says.
    """
    kind, gap = judged[0][1].kind, 2 * rule.tau
    axes = [name for name in judged[0][1].axes if any(name in part.trends for part, _ in judged)]
    for constant, term in kind.terms:
        if not any(part.terms.get(constant.name, {}).get("cells") for part, _ in judged):
            continue
        rest = tuple((c, t) for c, t in kind.terms if c != constant)
        mutants = [replace(cells, kind=replace(kind, terms=rest, scale=sympy.Add(*(t for _, t in rest)))) for _, cells in judged]
        yield _judged_again(claim, mutants, rule, f"without the term {constant * term}", "term", "")
        for name in (name for name in axes if claim.letter(name) in term.free_symbols):
            for sign in SIGNS[kind.side]:
                changed = tuple((c, t * _factor(claim, name, -sign * gap) if c == constant else t) for c, t in kind.terms)
                scale = sympy.Add(*(t for _, t in changed))
                mutants = [_with(cells, name, claim, terms=changed, scale=scale) for _, cells in judged]
                words = f"the term of {constant} times {_power(claim, name, -sign * gap)}"
                slack = _slack([p for p, _ in judged], f"{name}, {constant}")
                yield _judged_again(claim, mutants, rule, words, "claim", slack)


def _constant(claim: Claim, judged: Judged, rule: Rule) -> Iterator[Generated]:
    """A constant nine tenths as large as the data need; for a lower bound, as much larger. Student's limit is enough to catch it."""
    part, cells = max(judged, key=lambda pair: pair[0].tightness or 0.0)
    if not part.tightness or not np.isfinite(part.tightness):
        return
    lower = cells.kind.side == "lower"
    constant = (2 - SHARPER) / part.tightness if lower else SHARPER * part.tightness
    again = judge_family(claim, replace(cells, quantity=cells.quantity / constant), rule)
    low = again.interval[0] if again.interval else np.nan
    caught = again.verdict == "refuted" or (again.replicates > 1 and low > 1)
    detail = "" if caught else f"what is measured lies between {low:.3g} and {again.interval[1]:.3g} of it" if again.interval else ""
    if cells.quantity.shape[1] == 1:
        detail = f"every constant {'above' if lower else 'below'} {1 / part.tightness if lower else part.tightness:.4g} is refuted"
    elif not cells.kind.difference and part.interval and np.isfinite(part.interval[0]):
        limit = 2 - part.interval[0] if lower else part.interval[0]
        detail = f"every constant {'above' if lower else 'below'} {limit:.4g} is refuted"
    yield Generated(f"{constant:.3g} of the bound", "claim", caught, detail)


def _moved(claim: Claim, judged: Judged, rule: Rule) -> Iterator[Generated]:
    """An equation whose truth lies three margins away: three tenths of a standard deviation of one run, or of rounding where none vary."""
    mutants, noisy = [], judged[0][1].quantity.shape[1] > 1 and judged[0][1].averages
    for _, cells in judged:
        bound = np.broadcast_to(cells.bound().value, cells.quantity.shape)
        far = MARGINS * RELATIVE * np.maximum(np.abs(cells.quantity), np.abs(bound))
        with np.errstate(invalid="ignore"):
            if noisy:
                spread = (cells.quantity - bound).std(1, ddof=1, keepdims=True)
                far = np.where(spread > 0, MARGINS * MARGIN * spread, far)
            mutants.append(replace(cells, quantity=cells.quantity + far))
    words = f"the truth moved by {MARGINS * MARGIN:.2g} standard deviations of one run" if noisy else f"the truth times 1 - {MARGINS:g}e-9"
    yield _judged_again(claim, mutants, rule, words, "claim", "so small a difference would not have been seen")


def _quantile(claim: Claim, judged: Judged, rule: Rule) -> Iterator[Generated]:
    """The bound scaled so that four times as many runs break it as may: caught where the binomial limit of their share says so."""
    found = []
    for _, cells in judged:
        allowed = may_violate(claim, cells)
        ratio, m = np.nan_to_num(cells.log_ratio(), nan=-np.inf), cells.quantity.shape[1]
        for i, j in np.argwhere(cells.keep):
            many = int(np.clip(np.floor(FAR * allowed[i, j] * m), 1, m))
            bound = float(np.sort(ratio[i, :, j])[-many])
            broken = int((ratio[i, :, j] > bound - RELATIVE).sum())
            low = clopper_pearson(broken, m, rule.alpha / (len(cells.keep) * rule.families))[0]
            found.append((bound, float(allowed[i, j]), low))
    bound, allowed, low = max(found, key=lambda f: (np.isfinite(f[0]), f[0] if np.isfinite(f[0]) else 0.0))
    if not np.isfinite(bound):
        return
    side = -1.0 if judged[0][1].kind.side == "lower" else 1.0
    words = f"{np.exp(side * bound):.3g} of the bound, which {min(FAR * allowed, 1):.3g} of the runs break"
    yield Generated(words, "claim", low > allowed, f"the share of runs that break it is at least {low:.3g}, where {allowed:.3g} may")


def _judged_again(claim: Claim, mutants: Sequence[Cells], rule: Rule, words: str, kind: str, slack: str) -> Generated:
    caught = any(judge_family(claim, cells, rule).verdict == "refuted" for cells in mutants)
    return Generated(words, kind, caught, "" if caught else slack)


def _slack(parts: Sequence[Part], name: str) -> str:
    """By how much the claim is loose along an axis, as its slope says, which is why a sharper one may hold too."""
    trends = [part.trends[name] for part in parts if name in part.trends]
    if not trends:
        return "its term rules too few cells"
    worst = max(trends, key=lambda t: t["high"] - t["threshold"])
    return f"the ratio to the bound has the slope {worst['slope']:+.3f} there, and may have {2 * worst['slope'] - worst['high']:+.3f}"


def _coordinate(claim: Claim, cells: Cells, name: str, geometric: bool) -> np.ndarray:
    """An axis in the direction of the claim, from 0 on: (J,), or (I, 1, J) where the bound itself is the coordinate."""
    if geometric:
        bounds = [np.broadcast_to(cells.bound(i).log, cells.quantity.shape[1:])[:1] for i in range(len(cells.keep))]
        x = -np.stack(bounds)
    else:
        x = sign_of(claim.role(name)) * np.log(np.maximum(cells.axes[name], 1e-300))
    return x - np.min(x[np.isfinite(x)], initial=0.0 if not np.isfinite(x).any() else np.inf)


def _factor(claim: Claim, name: str, power: float) -> Any:
    return claim.letter(name) ** sympy.Float(sign_of(claim.role(name)) * power)


def _with(cells: Cells, name: str, claim: Claim, **changed: Any) -> Cells:
    """The cells under another bound, in which this axis' letter may stand too."""
    letters = {claim.letter(name): np.asarray(cells.axes[name], float)[None, None, :], **cells.letters}
    return replace(cells, letters=letters, kind=replace(cells.kind, **changed))


def _power(claim: Claim, name: str, power: float) -> str:
    """A power of a letter in the direction of the claim."""
    return f"{name}^{sign_of(claim.role(name)) * power:.2g}"
