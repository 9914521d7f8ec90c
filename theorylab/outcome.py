"""What a run came to, in words: what failed, why, and what would change it; what differs from the record."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from .flags import FLAGS
from .found import measured
from .kind import equation
from .portfolio import drawn, is_found
from .report.formula import text
from .result import Against, Options, Result
from .verdict.parts import REASONS, Part
from .verdict.slopes import LOST
from .verdict.unseen import RARE
from .words import again, beyond, found_of, from_search, longer, quantifier, replay, simplest_of, unseen, used

MENDED = {
    "CONTROL": "name a broken algorithm that breaks the bound clearly, or run the one that is named where it does",
    "RANGE": "give the letter two decades and eight values at least",
    "CURVED": "go on to larger sizes, or begin where the bound describes what is measured",
    "COVERAGE": "widen the range until every letter and every term matters",
    "CENSORED": "raise the limit, or claim a quantile or what is reached after k",
    "NONFINITE": "find out where the runs fail: a run that gives up at its limit returns infinity, and no other run may return NaN; "
    "where the formula itself is no number, such as the root of k - 10 at k = 1, state the rest by assuming=(k >= 10,)",
    "FLOOR": "end the range before the floor, or give the bound a term for it",
    "ROUNDING": "run a kernel that loses fewer digits, or leave room for rounding in the statement",
    "UNCONFIRMED": "begin the range later, or go on to larger sizes",
    "CONSTANT": "let the kernel measure what moves with the bound",
    "ASSUMPTION": "choose ranges on which the assumptions hold",
}


# An estimate that lies so many standard errors away has none to speak of.
NOISELESS = 1e6


def failure(result: Result) -> str:
    """What a verdict against expectation leaves to be asked, answered one question a line."""
    claim, verdict = result.claim, result.verdict
    if verdict is None or result.plan is None or verdict.worst is None:
        return f"{claim.name} ({claim.file}:{claim.line})\n  {result.fault or result.note or (verdict.detail if verdict else '')}"
    part = verdict.worst
    reasons = [f"{code}: {REASONS[code]}" for code in verdict.reasons]
    lines = [
        f"{claim.name}: {verdict.verdict}, expected {claim.expect.verdict}",
        f"claimed    {text(claim.statement, claim)}, {quantifier(claim)}; {claim.source.place} ({claim.source.basis}); "
        f"{claim.file}:{claim.line}",
        f"measured   {measured(part, claim)}",
        f"how sure   {_sure(result, part)}",
        f"instance   {_instance(result, part)}",
        f"cause      {_cause(result, part)}",
        f"more runs  {_more(result, part)}",
        f"not shown  {'; '.join(unseen(result) if result.origin else beyond(claim, result.plan, part.replicates))}",
        f"replay     {again(result) if result.origin else replay(claim, part, seed=result.plan.seed)}",
    ]
    if is_found(part.family) and (simplest := simplest_of(result, part)):
        lines.insert(5, f"simplest   {simplest}")
    if part.terms:
        fitted = (f"{name} = {term['constant']:.4g}, whose term rules {term['cells']} points" for name, term in part.terms.items())
        lines.insert(3, f"constants  {'; '.join(fitted)}")
    if reasons:
        detail = f" ({verdict.detail})" if verdict.detail and verdict.detail != "; ".join(p.said for p in verdict.parts) else ""
        lines.insert(1, "reason     " + "; ".join(reasons) + detail)
    detail = f" ({verdict.detail})" if RARE in verdict.flags and not reasons and verdict.detail else ""
    lines += [f"flag       {flag}: {FLAGS[flag]}{detail if flag == RARE else ''}" for flag in verdict.flags if flag in FLAGS]
    missed = [c for c in verdict.controls if not c.as_expected]
    lines += [f"control    {c.title!r} came out {c.verdict}, must be {c.expected}{': ' + c.detail if c.detail else ''}" for c in missed]
    return "\n  ".join(lines)


def counterexample(result: Result) -> str:
    """What refutes a claim that is expected to be refuted: the numbers that it takes, and how to run it again."""
    claim, verdict = result.claim, result.verdict
    if verdict is None or result.plan is None or verdict.worst is None or not verdict.verdict == claim.expect.verdict == "refuted":
        return ""
    part = verdict.worst
    fixed = ", ".join(f"{s.name} = {role.value:.6g}" for s, role in claim.where.items() if role.kind == "fixed" and s.name in used(claim))
    lines = [
        f"{claim.name}: refuted as encoded",
        f"claimed    {text(claim.statement, claim)}, {quantifier(claim)}; {claim.source.place} ({claim.source.basis})",
        f"measured   {measured(part, claim)}",
        f"instance   {_instance(result, part)}{f'; {fixed}' if fixed else ''}",
        f"cause      {_cause(result, part)}",
        f"because    {claim.expect.why}",
        f"replay     {again(result) if result.origin else replay(claim, part, seed=result.plan.seed)}",
    ]
    if is_found(part.family) and (simplest := simplest_of(result, part)):
        lines.insert(4, f"simplest   {simplest}")
    return "\n  ".join(lines)


def against(found: Against) -> str:
    """What a claim's run is against its record, on one line."""
    with_seed = f"as recorded with seed {found.seed}"
    match found.state:
        case "same":
            return with_seed
        case "moved":
            return f"verdicts {with_seed}, but numbers moved"
        case "changed":
            return f"NOT {with_seed}{'' if found.gates else '; advisory, so it does not gate'}"
        case "contradicted":
            return f"CONTRADICTS the record, made with seed {found.seed}"
        case "lost":
            return f"the verdict recorded with seed {found.seed} was not reached again on a fresh seed"
        case _:
            return f"{found.state}: {found.lines[0]}"


def deviation(result: Result) -> str:
    """What a run that is not as its record leaves to be asked: what changed, the command that repeats it, and what to do."""
    found, claim = result.against, result.claim
    if found is None or found.state not in ("changed", "contradicted", "lost"):
        return ""
    lines = [f"{claim.name}: {against(found)}", *found.lines]
    if found.state == "changed":
        lines.append(f"repeat     theorylab verify {claim.name}")
        lines.append(f"accept     theorylab record {claim.name}, once the cause is known")
    elif result.plan:
        extra = "" if result.plan.tier == "quick" else f" --tier {result.plan.tier}"
        extra += "" if result.plan.alpha == Options().alpha else f" --alpha {result.plan.alpha:g}"
        lines.append(f"repeat     theorylab verify {claim.name} --seed {result.plan.seed}{extra}")
        lines.append(f"recorded   theorylab verify {claim.name}")
    return "\n  ".join(lines)


def _sure(result: Result, part: Part) -> str:
    plan = result.plan
    if plan is None or not plan.noisy:
        again_the_same = "" if result.origin else "the same numbers come out every time, "
        return f"deterministic: {again_the_same}on the instances that were tried"
    if not part.worst:
        return "not at all: no run gave a number that counts"
    index = ""
    if part.margin is not None and np.isfinite(part.margin) and abs(part.margin) < NOISELESS:
        side = "beyond" if part.margin < 0 else "within"
        index = f"; the estimate lies {abs(part.margin):.1f} standard errors (of {plan.looks[-1]} replicates) {side} the threshold"
    if result.origin and part.verdict == "refuted":
        return f"{part.replicates} replicates refute at error {plan.alpha:g}, and the other half too, each where the other chose{index}"
    return f"{part.replicates} replicates, error {plan.alpha:g} a side {'at one look' if result.origin else 'over all looks'}{index}"


def _instance(result: Result, part: Part) -> str:
    if not part.worst:
        return "none"
    claim, found = result.claim, found_of(result, part)
    letters = ", ".join(f"{name} = {value:.6g}" for name, value in part.worst["letters"].items())
    if found is not None:
        return f"{from_search(claim, found)}; on {drawn(part.family) or 'no family'} at {letters or 'its only point'}"
    family = f" of {part.family}" if claim.problems else f" under {part.family}" if part.family else ""
    return f"number {part.worst['instance']}{family} at {letters or 'its only point'}"


def _cause(result: Result, part: Part) -> str:
    verdict = result.verdict
    if part.floor is not None:
        return (
            f"the quantity ends where runs started at the solution end: a statistical floor of {part.floor:.3g} that the bound has no term "
            "for. Write one, such as C_1*rho**k + C_2*eta, or end the range before; more runs do not lower it"
        )
    if LOST in part.flags and part.verdict != "refuted":
        return (
            "a Monte Carlo floor: somewhere the mean over the replicates is less than three standard errors from zero, so that its "
            "logarithm would be noise; such cells decide no trend. Four times the replicates halve the error"
        )
    if result.plan is not None and equation(result.claim, result.plan.kind) == "identity" and part.verdict != "supported":
        if part.verdict == "refuted" and (verdict is None or verdict.verdict == "refuted"):
            return "not round-off: neither a narrower precision nor the last digit of the inputs explains the difference"
        return "perhaps round-off: a narrower precision, or the last digit of the inputs, moves the difference as far as it is large"
    if verdict is not None and "ROUNDING" in verdict.reasons:
        return (
            "perhaps round-off"
            if result.origin
            else "round-off: no violation survives other last digits and other units, or letters next to its own where there are none"
        )
    if part.trends:
        trend = part.trends[part.steepest]
        if verdict is not None and "UNCONFIRMED" in verdict.reasons:
            return "a transient or chance: the refutation was not found again on other replicates or a longer range"
        halves = f"the slope is {trend['upper_half']:+.3f} in the upper half, counted towards breaking the bound"
        if part.verdict == "refuted":
            found = "" if result.origin or result.plan is None else f", and it was found again {longer(result.plan)}"
            return f"not a transient: {halves}, and {trend['extrapolated']:+.3f} extrapolated{found}"
        if trend["slope"] > trend["threshold"]:
            return f"perhaps a transient: {halves}, after {trend['slope']:+.3f} on the whole"
    if part.verdict != "refuted":
        return "no violation was established"
    if part.replicates > 1:
        return "not round-off: the replicates refute it at the stated error, and others confirmed it"
    if not part.worst:
        return "no violation was seen"
    ruled_out = "more than rounding leaves" if result.origin else "and rounding was ruled out"
    if part.worst["ratio"] > 1 or part.worst["bound"] > 0:
        return f"not round-off: the violation is {abs(part.worst['ratio'] - 1):.2g} of the bound, {ruled_out}"
    return f"not round-off: the violation is {abs(part.worst['measured'] - part.worst['bound']):.2g}, {ruled_out}"


def _more(result: Result, part: Part) -> str:
    plan = result.plan
    verdict = result.verdict
    refuted = verdict is not None and verdict.verdict == "refuted"
    if plan is None or not plan.noisy:
        if refuted:
            return "none would change it: the violation comes back every time"
        mended = _mended(result)
        return "none would change it: nothing is random but the choice of instances; " + (mended or "a wider range or more instances would")
    if verdict is None or verdict.verdict != "inconclusive":
        return "none are needed: it is settled at the stated error"
    if "RARE" in verdict.reasons:
        return "many more: the mean is carried by a few of them; a claim about a quantile or a probability needs fewer"
    others = ", ".join(code for code in verdict.reasons if code != "NOISE")
    if "NOISE" not in verdict.reasons:
        mended = _mended(result)
        return f"none would settle it: replicates do not mend {others}" + (f"; {mended}" if mended else "")
    noisy = [p for p in verdict.parts if "NOISE" in p.reasons] or [part]
    if not all(p.margin and np.isfinite(p.margin) for p in noisy):
        return "unknown"
    error = float(ndtri(1 - plan.alphas[-1]) + ndtri(0.9))
    most = plan.looks[-1]
    needed = max(max(int(np.ceil(most * (error / abs(p.margin or 1.0)) ** 2)), p.replicates) for p in noisy)
    settled = f"the noise, not {others}," if others else "it"
    return f"about {needed} replicates would settle {settled} in nine runs out of ten"


def _mended(result: Result) -> str:
    """What would settle an open claim, by its reasons."""
    verdict = result.verdict
    found = [] if verdict is None else [MENDED[code] for code in verdict.reasons if code in MENDED]
    return "; ".join(found)
