"""What was measured of a claim, in words, in the claim's own direction: the judge folds every side into one that breaks upwards."""

from __future__ import annotations

import numpy as np

from .claim import Claim
from .kind import Kind, equation, kind_of
from .report.document import read_on
from .verdict.axes import sign_of
from .verdict.parts import Part


def measured(part: Part, claim: Claim | None = None) -> str:
    """The number that decided a family, with its interval. Without the claim an upper bound is assumed, in letters that grow."""
    family = f" ({part.family})" if part.family else ""
    if part.trends:
        return _slope(part, claim) + family
    if not part.worst:
        return "nothing that counts"
    if part.said:
        return part.said + family
    worst = part.worst
    if "runs" in worst:
        return f"the bound is broken in {worst['failures']} of {worst['runs']} runs, where {worst['allowed']:.3g} of them may{family}"
    if part.replicates > 1 and claim is not None and claim.holds.name != "for every instance":
        return f"a mean of {worst['measured']:.6g} where the bound is {worst['bound']:.6g}: {_mean(part, kind_of(claim))}{family}"
    return f"{worst['measured']:.6g} where the bound is {worst['bound']:.6g}: ratio {worst['ratio']:.6g}{family}"


def moved(claim: Claim, name: str, slope: float) -> float:
    """The exponent of the letter itself in what a slope along it stands for: the ratio to the bound, or a rate over its h.

    A slope counts what breaks the claim as positive, in the direction in which the letter goes. Of an equation, whose two sides are
    folded into one, it gives the size.
    """
    kind = kind_of(claim)
    if kind.side == "two":
        return abs(slope)
    turned = (-1 if kind.side == "lower" else 1) * (-1 if kind.form == "rate" else 1)
    if kind.form == "rate" and kind.steps is not None and name == kind.steps.name:
        return turned * slope
    if kind.form != "rate" and claim.letter(name) in kind.geometric:
        return -turned * slope
    return turned * sign_of(claim.role(name)) * slope


def subject(claim: Claim, name: str) -> tuple[str, str]:
    """What a slope along this letter is of, and what it is a power of."""
    kind = kind_of(claim)
    if kind.form == "rate":
        along = kind.steps is not None and name == kind.steps.name
        return ("the local rate of the decay", "(depth of the decay)") if along else ("the rate over h", name)
    ratio = "the ratio to the fitted bound" if kind.form == "terms" else "the ratio to the bound"
    return ratio, "(the bound)" if claim.letter(name) in kind.geometric else name


def of_runs(part: Part) -> str:
    """How many runs break the bound, where a probability is claimed; nothing elsewhere."""
    worst = part.worst
    return f"broken in {worst['failures']} of {worst['runs']} runs, {worst['allowed']:.3g} of them may" if "runs" in worst else ""


def to_bound(part: Part, claim: Claim) -> tuple[str, str]:
    """The number that a family stands with in a table, where it is no ratio, and its interval in the same terms."""
    if part.interval is None or any(np.isnan(part.interval)):
        return "", ""
    kind, (low, high) = kind_of(claim), part.interval
    if "runs" in part.worst:
        return "", f"{low * part.worst['allowed']:.3g} to {high * part.worst['allowed']:.3g} of the runs"
    if equation(claim, kind) or (kind.difference and claim.holds.name != "for every instance"):
        return "" if not part.worst else f"{float(part.worst['ratio']) - 1:+.3g}", f"{low - 1:+.3g} to {high - 1:+.3g}"
    low, high = between(part, claim) or (low, high)
    return "", f"{low:.4g} to {high:.4g}"


def between(part: Part, claim: Claim) -> tuple[float, float] | None:
    """The interval of a mean in terms of the largest measured / bound, or of bound / measured for a lower bound; None without one.

    The judge tests 2 - measured / bound of a lower bound, and 1 + difference / (the larger of the two) where it takes differences.
    """
    if part.interval is None or part.replicates < 2 or any(np.isnan(part.interval)):
        return None
    kind, averaged = kind_of(claim), claim.holds.name != "for every instance"
    if not averaged or not (kind.difference or kind.side == "lower"):
        return part.interval
    if kind.difference:
        low, high = (x if x <= 1 else 1 / (2 - x) if x < 2 else np.inf for x in part.interval)
    else:
        low, high = (1 / (2 - x) if x < 2 else np.inf for x in part.interval)
    return low, high


def _slope(part: Part, claim: Claim | None) -> str:
    name, trend = part.steepest, part.trends[part.steepest]
    letter, _, constant = name.partition(", ")
    where = f"along {letter}, where the term of {constant} rules," if constant else f"along {letter}"
    what, base, verb = "the ratio to the bound", letter, "changes"
    slope, low, high, threshold = (float(trend[n]) for n in ("slope", "low", "high", "threshold"))
    decays: frozenset[str] = frozenset()
    if claim is not None:
        what, base = subject(claim, letter)
        verb = "moves, up or down," if kind_of(claim).side == "two" else "changes"
        decays = frozenset(s.name for s in kind_of(claim).geometric)
        if kind_of(claim).side != "two":
            slope, threshold = moved(claim, letter, slope), moved(claim, letter, threshold)
            low, high = sorted((moved(claim, letter, low), moved(claim, letter, high)))
    window = read_on(name, trend, decays)
    window = f", {window}" if window else ""
    return f"{where} {what} {verb} like {base}^{slope:+.3f}, between {low:+.3f} and {high:+.3f}; the threshold is {threshold:+.3f}{window}"


def _mean(part: Part, kind: Kind) -> str:
    """How a mean lies to its bound, from the scale that the judge tests, on which 1 is the bound and more breaks it."""
    low, high = part.interval or (np.nan, np.nan)
    ratio = float(part.worst["ratio"])
    if kind.difference:
        away = "short of" if kind.side == "lower" else "beyond"
        return f"{ratio - 1:+.4g} of the larger {away} it, between {low - 1:+.4g} and {high - 1:+.4g}"
    if kind.side == "lower":
        ratio, low, high = 2 - ratio, 2 - high, 2 - low
    bets = part.verdict == "refuted" and kind.side == "upper" and low <= 1
    by = " by Student's limits, which support; what refutes are bets" if bets else ""
    return f"ratio {ratio:.6g}, between {low:.4g} and {high:.4g}{by}"
