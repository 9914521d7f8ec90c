"""Claims, tests and verdicts in sentences: what `show` prints, and what a failure message answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import ndtri

from . import notes
from .budget import in_words
from .claim import Claim
from .columns import letters_of
from .flags import FLAGS
from .found import measured, moved
from .halving import missed, rounds
from .kind import equation
from .plan import SEARCH, TOP, Plan
from .portfolio import place_of
from .report.formula import text
from .rescale import free_bases
from .result import Against, Options, Result
from .verdict.axes import sign_of
from .verdict.expectation import COUNTS_FROM
from .verdict.identity import LUCK, UNITS
from .verdict.parts import REASONS, Part
from .verdict.slopes import LOST, RATE_TAU
from .verdict.terms import RULES
from .verdict.unbiased import MARGIN, SHARE
from .verdict.unseen import RARE

ON = "on this range, or where the whole bends on the last part of it, which is then named,"
SIDE = {"upper": "at most", "lower": "at least", "two": "equal to"}
MENDED = {
    "CONTROL": "name a broken algorithm that breaks the bound clearly, or run the one that is named where it does",
    "RANGE": "give the letter two decades and eight values at least",
    "CURVED": "go on to larger sizes, or begin where the bound describes what is measured",
    "COVERAGE": "widen the range until every letter and every term matters",
    "CENSORED": "raise the limit, or claim a quantile or what is reached after k",
    "NONFINITE": "find out where the runs fail: a run that gives up at its limit returns infinity, and no other run may return NaN",
    "FLOOR": "end the range before the floor, or give the bound a term for it",
    "ROUNDING": "run a kernel that loses fewer digits, or leave room for rounding in the statement",
    "UNCONFIRMED": "begin the range later, or go on to larger sizes",
    "CONSTANT": "let the kernel measure what moves with the bound",
    "ASSUMPTION": "choose ranges on which the assumptions hold",
}
# An estimate that lies so many standard errors away has none to speak of.
NOISELESS = 1e6
EXACT = "bets against the bound refute, whose error holds for every law of what is not negative"
NOMINAL = "Student's limit refutes, whose error is nominal: heavy tails exceed it"


def explain(claim: Claim, plan: Plan, budget: Mapping[str, Any] | None = None) -> list[tuple[str, list[str]]]:
    """Headed paragraphs on the test that a claim gets and on what its verdict will and will not mean.

    `budget` is its catalogue's error budget, where there is one.
    """
    return [
        ("Claim", [claim.title, said(claim)]),
        ("Source", [cite(claim)]),
        ("Letters", [f"{symbol.name}: {_role(role)}" for symbol, role in claim.where.items() if symbol.name in _used(claim)]),
        ("Test", _test(plan)),
        ("Data", _data(claim, plan, budget)),
        ("Controls", [*_controls(claim), *_made(plan)]),
        ("A verdict of supported means", [notes.meant(plan) + _meaning(plan)]),
        ("It does not show", beyond(claim, plan)),
        ("Expected", [f"{claim.expect.verdict}{': ' + claim.expect.why if claim.expect.why else ''}"]),
    ]


def said(claim: Claim) -> str:
    """The statement, and over what it holds."""
    return f"{text(claim.statement, claim)}    {_quantifier(claim)}"


def cite(claim: Claim) -> str:
    """The source on one line, with the place and with what the statement rests on."""
    source = claim.source
    where = ", ".join(part for part in (f"arXiv:{source.arxiv}" if source.arxiv else "", source.venue) if part)
    note = f"; {source.note}" if source.note else ""
    return f"{source.authors}: {source.title} ({source.year}). {where + '. ' if where else ''}{source.place} [{source.basis}{note}]"


def replay(claim: Claim, part: Part, control: int = 0, seed: int = 0) -> str:
    """The command that runs the worst point of a family again."""
    if not part.worst:
        return f"theorylab verify {claim.name}"
    kernel, family = place_of(claim, part.family)
    point = ",".join(f"{name}={float(value)!r}" for name, value in part.worst["letters"].items())
    replicate = part.worst["replicate"] + (SEARCH if claim.holds.name in ("in expectation, on every instance", "with probability") else 0)
    words = {"kernel": kernel, "problem": family, "point": point, "instance": part.worst["instance"]}
    words |= {"control": control, "replicate": replicate, "seed": seed}
    given = "".join(f" --{name} {value}" for name, value in words.items() if value or name == "instance")
    return f"theorylab replay {claim.name}{given}"


def again(result: Result) -> str:
    """The command that judges measurements made elsewhere again; nothing where they are in no file."""
    is_file = "." in result.origin
    return f"theorylab judge {result.claim.name or 'CLAIM'} --data {result.origin}" if is_file else ""


def unseen(result: Result) -> list[str]:
    """What the verdict on measurements made elsewhere does not show."""
    if result.plan is None or result.verdict is None:
        return []
    worst = result.verdict.worst
    lost = beyond(result.claim, result.plan, worst.replicates if worst else 0)
    lost.append("other instances, seeds and ranges: nothing was run again")
    if "instances not probed" in result.verdict.flags:
        lost.append("whether these instances could tell a broken algorithm from a right one")
    return lost


def awaited(claim: Claim) -> list[str]:
    """What measurements of a claim without a kernel must hold, and the command that judges them."""
    from .report.dataset import slug

    letters = letters_of(claim)
    lines = [f"theorylab judge {claim.name} --data FILE", f"measured: {', '.join(letters['measured'])}"]
    if letters["dims"]:
        lines.append(f"by: {', '.join(letters['dims'])}; and problem, instance, replicate, whichever exist")
    if letters["boxed"]:
        lines.append(f"one value per instance: {', '.join(letters['boxed'])}")
    theirs = [c for c in claim.controls if c.kind == "algorithm"]
    return lines + [f"--control {slug(c.title)}=FILE: measurements of {c.title!r}" for c in theirs]


def failure(result: Result) -> str:
    """What a verdict against expectation leaves to be asked, answered one question a line."""
    claim, verdict = result.claim, result.verdict
    if verdict is None or result.plan is None or verdict.worst is None:
        return f"{claim.name} ({claim.file}:{claim.line})\n  {result.fault or result.note or (verdict.detail if verdict else '')}"
    part = verdict.worst
    reasons = [f"{code}: {REASONS[code]}" for code in verdict.reasons]
    lines = [
        f"{claim.name}: {verdict.verdict}, expected {claim.expect.verdict}",
        f"claimed    {text(claim.statement, claim)}, {_quantifier(claim)}; {claim.source.place} ({claim.source.basis}); "
        f"{claim.file}:{claim.line}",
        f"measured   {measured(part, claim)}",
        f"how sure   {_sure(result, part)}",
        f"instance   {_instance(claim, part)}",
        f"cause      {_cause(result, part)}",
        f"more runs  {_more(result, part)}",
        f"not shown  {'; '.join(unseen(result) if result.origin else beyond(claim, result.plan, part.replicates))}",
        f"replay     {again(result) if result.origin else replay(claim, part, seed=result.plan.seed)}",
    ]
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


def beyond(claim: Claim, plan: Plan, replicates: int = 0) -> list[str]:
    """What no verdict on this claim can show; `replicates` are those that were taken, the most allowed where none were yet."""
    lost = notes.unshown(plan)
    if plan.kind.form in ("trend", "terms", "rate"):
        lost.append("what happens beyond the range, and factors of log that grow more slowly than the threshold")
    drawn = f"instances rarer than {missed(plan.instances):.1%} of a family's draws"
    if claim.holds.name == "for every instance":
        drawn = f"runs rarer than {missed(plan.instances):.1%}, where the kernel draws" if _lone(plan) else drawn
        lost.append(f"{drawn}, and families that are not named")
    else:
        if claim.holds.name != "on average over the family" and not _lone(plan):
            few = f", and bad ones that {rounds(plan.instances, SEARCH, plan.block)[0][1]} replicates do not tell from the others"
            lost.append(f"{drawn}{few if plan.instances > TOP else ''}")
        seen = replicates if replicates > 1 else plan.looks[-1]
        lost.append(f"events rarer than one in {seen} replicates, and families that are not named")
    if plan.kind.side == "lower":
        lost.append("algorithms that are not named")
    if plan.kind.form == "rate":
        lost.append("the value of the rate's constant")
    return lost


def _used(claim: Claim) -> set[str]:
    """The letters that matter to this claim of all in its where table."""
    relations = [claim.statement, *claim.assuming]
    names = {symbol.name for relation in relations for symbol in relation.free_symbols} | set(claim.taken)
    return names | {role.up_to for symbol, role in claim.where.items() if symbol.name in names and role.up_to}


def _controls(claim: Claim) -> list[str]:
    why = lambda c: f": {c.expect.why}" if c.expect.why else ""  # noqa: E731
    lines = [f"{c.title} ({c.kind}): must come out {c.expect.verdict}{why(c)}" for c in claim.controls] or ["none"]
    if claim.kernels and not any(c.kind == "algorithm" for c in claim.controls):
        lines.append("no broken algorithm is among them, so the verdict cannot be better than inconclusive")
    return lines


def _quantifier(claim: Claim) -> str:
    said = claim.holds.name
    if said == "with probability":
        probability = claim.holds.probability
        shown = f"{float(probability):g}" if probability.is_number else str(probability)
        said = f"with probability {shown} on every instance"
    return f"{said}, assuming {' and '.join(text(relation, claim) for relation in claim.assuming)}" if claim.assuming else said


def _role(role) -> str:
    unit = "" if role.unit == "1" else f", in {role.unit}"
    if role.kind == "fixed":
        return f"{role.meaning} = {role.value}{unit}"
    if role.kind == "measured":
        return f"{role.meaning} (measured{' by ' + role.by if role.by else ''}){unit}"
    if role.kind == "unknown":
        return f"{role.meaning} (unknown)"
    among = ", ".join(f"{v:g}" for v in role.among) if role.among else f"{role.low:g} to {role.high:g}"
    return f"{role.meaning}, {role.kind} {among}{unit}"


def _test(plan: Plan) -> list[str]:
    kind, holds = plan.kind, plan.claim.holds.name
    side = SIDE[kind.side]
    if equation(plan.claim, kind):
        lines = _equation(plan)
    elif kind.form == "explicit":
        what = f"{kind.quantity} - bound" if kind.difference else f"{kind.quantity} / bound"
        mean = "the mean of " if holds in ("in expectation, on every instance", "on average over the family") else ""
        lines = [f"explicit constant: {mean}{what} must be {side} {'0' if kind.difference else '1'} at every point"]
        if holds == "for every instance":
            units = "in 16 other choices of units"
            repeated = units if free_bases(plan.claim) else "at 16 values next to those of its letters, of which none has a unit"
            lines.append(
                "one violation by more than 1e-9 of the bound refutes, if it is still there with every input moved by one unit in the last "
                f"place, 16 times, and {repeated}"
            )
        elif holds == "with probability":
            lines.append(f"the share of runs that break it is compared with {_share(plan)} by exact binomial limits")
        else:
            refuting = EXACT if kind.side == "upper" and not kind.difference else NOMINAL
            lines.append(f"{refuting}; Student's limit at every point supports; it counts from {COUNTS_FROM} replicates on")
    elif kind.form == "trend":
        lines = [
            f"unknown constant: the slope of log({kind.quantity} / bound) in the logarithm of every letter must be {side} 0, "
            f"with tau = {plan.tau:.3g}: {_sides(plan)}",
            *_towards(plan),
            "supported on the widest range without curvature: the whole, or else its last 75% or 50%, which is then said",
            f"refuted only over {_wide(plan)}, if the upper half of the range and its extrapolation agree, "
            f"and if it is found again {_longer(plan)}",
        ]
    elif kind.form == "terms":
        names = ", ".join(str(constant) for constant, _ in kind.terms)
        lines = [
            f"unknown constants {names}, one for each term: they are fitted to every instance, not negative, by least squares of relative "
            f"errors; the slope of log({kind.quantity} / fitted bound) in the logarithm of every letter must be {side} 0, over all points "
            f"and over those where a term rules, which is to make up {RULES:.0%} of the bound, with tau = {plan.tau:.3g}: {_sides(plan)}",
            *_towards(plan),
            "a term that rules at too few points to tell its slope is named as untested, and the claim is then not supported",
            f"refuted only over {_wide(plan)}, if the upper half of those points and its extrapolation agree, "
            f"if the smallest constants that the first half needs do not suffice for the second, and if it is found again {_longer(plan)}",
        ]
    else:
        turn, limit = ("rise", RATE_TAU) if kind.side == "lower" else ("fall", -RATE_TAU)
        lines = [
            f"unknown rate: with h = {text(kind.per_step, plan.claim)}, the local rate in {kind.steps} must not {turn} as the decay goes "
            "on: over its stages of equal contraction, the first quarter left out, no faster than the depth of the decay to the power "
            f"{limit:g}",
        ]
        if others := [name for name in plan.sweep if name in plan.claim.taken]:
            ways = (f"{name} {'shrinks' if sign_of(plan.claim.role(name)) < 0 else 'grows'}" for name in others)
            lines.append(f"and rate / h must not {turn} as {', or as '.join(ways)}, with tau = {plan.tau:.3g}")
        far = "two decades and eight values of another letter, and if it is found again"
        lines.append(f"refuted only over a tenfold decay at eight points, or {far} {_longer(plan)}")
    if plan.together and kind.form != "explicit":
        names = ", ".join(plan.together)
        lines.append(
            f"{names} are swept together: the slope in each is that of a linear fit with the others held, and each must pass; one exponent "
            "cannot make up for another. Points on which two of them move together, or one has fewer than three values, decide nothing"
        )
    lines += notes.tested(plan)
    if kind.strict:
        lines.append("the strict inequality is tested as <= or >=: no measurement can tell them apart")
    if kind.unswept:
        names = ", ".join(symbol.name for symbol in kind.unswept)
        lines.append(f"how the bound depends on {names} is not tested: a box has no direction, and the constant is unknown")
    return lines


def _equation(plan: Plan) -> list[str]:
    """The test of an equation without unknown constants."""
    kind = plan.kind
    if equation(plan.claim, kind) == "identity":
        return [
            f"identity: {kind.quantity} - {kind.bound} in every run, relative to the size of their terms, in float64 and again in float32",
            f"refuted where it is more than {UNITS:g} units of rounding in float64, more than {UNITS:g} times what float32 says that the "
            f"terms' conditioning explains (at more than {LUCK:.0%} of the points that disagree), and stays there when every input is "
            "moved by one unit in the last place, 16 times",
            "supported where both sides agree at every point within that, and within 1e-9; what is larger and explained by conditioning is "
            "ROUNDING",
            "a kernel that does not run in float32 is judged by 1e-9 in float64 alone, with the flag one precision",
        ]
    vector = bool(plan.claim.where[kind.quantity].dims)
    entries = ", each entry of the vector by itself, and Hotelling's T^2 over the entries, with half of the error each" if vector else ""
    return [
        f"unbiasedness: the mean of {kind.quantity} - {kind.bound} over replicates is compared with 0 at every point{entries}",
        f"Student's t, mended for skewness, refutes, with {SHARE:g} of the error shared by all points, and again on {plan.looks[-1]} fresh "
        "replicates",
        f"supported where the interval of every point lies within {MARGIN:g} standard deviations of one replicate",
        f"a difference that never varies is decided by {plan.looks[-1]} replicates only: it is 0, or it is a bias",
    ]


def _made(plan: Plan) -> list[str]:
    """The controls that the judge makes itself, and what they decide."""
    kind, gap = plan.kind, f"{2 * plan.tau:.2g}"
    if kind.form == "explicit":
        what = "a constant a tenth sharper than the data need"
        if kind.side == "two":
            what = "the truth moved by three margins" if plan.noisy else "the truth moved by 3e-9 of itself"
        if plan.claim.holds.name == "with probability":
            what = "the bound scaled until four times as many runs break it as may"
        return [f"made from the statement: {what}; what is not caught is said, and decides nothing"]
    data = "in every letter data that break the bound by three times the threshold"
    sharper = {
        "trend": f", and the bound with an exponent sharper by {gap}",
        "rate": f", and a rate with {gap} more in the exponent of another letter" if _letters(plan) else "",
    }.get(kind.form, f"; each term left out; and each term with exponents sharper by {gap}")
    must = "the data, and a term left out," if kind.form == "terms" else "the data"
    may = "; a sharper bound that is not caught may hold too" if sharper else ""
    return [f"made from the statement: {data}{sharper}", f"{must} must be caught for a support{may}"]


def _data(claim: Claim, plan: Plan, budget: Mapping[str, Any] | None = None) -> list[str]:
    lines = [f"{', '.join(claim.kernels)} on {', '.join(claim.problems) or 'no family'}, seed {plan.seed}"]
    if plan.along:
        name, values = plan.along
        role = claim.role(name)
        low, high = sorted((role.low or 0.0, role.high or 0.0))
        # Predecessors that the plan adds lie outside the range that the claim speaks of.
        within = values[(values >= low) & (values <= high)]
        lines.append(f"{name} is read off each run at {len(within)} checkpoints from {within[0]:g} to {within[-1]:g}")
    together = [name for name in plan.together if name in claim.taken]
    spans = {name: f"{values.min():g} to {values.max():g}" for name, values in plan.sweep.items() if name in claim.taken}
    if together:
        where = ", ".join(f"{name} from {spans[name]}" for name in together)
        lines.append(f"{len(plan.sweep[together[0]])} points of a scrambled Sobol set over {', '.join(together)}, corners first: {where}")
    lines += [f"{name} takes {len(plan.sweep[name])} values from {span}" for name, span in spans.items() if name not in together]
    if plan.noisy:
        looks = ", ".join(map(str, plan.looks))
        lines.append(f"{_tried(plan)}; judged after {looks} replicates, until it is settled")
        lines += notes.looked(plan)
        lines.append(f"error {plan.alpha:g} a side in all, spent in proportion to the replicates of a look")
        lines.append("a refutation must be found again on other replicates" + (f": {in_words(budget)}" if budget else ""))
    else:
        lines.append(_tried_once(plan))
    return lines


def _tried(plan: Plan) -> str:
    """Which instances of a family a statement about means or probabilities is tested on, and how they are found."""
    if plan.claim.holds.name == "on average over the family":
        return "every replicate draws its own instance of a family"
    if _lone(plan):
        return "there is one instance, since there is no family and no letter varies"
    if plan.instances <= TOP:
        several = f"all of a family's instances are tested, {plan.instances} at most"
        return several if plan.instances > 1 else "the one instance of a family is tested"
    first, *later = rounds(plan.instances, SEARCH, plan.block)
    halves = "".join(f", the worst {count} of them on {replicates}" for count, replicates in later)
    alone = "" if plan.varies else ", or the only one where the family draws nothing"
    return f"up to {first[0]} instances of a family are searched on {first[1]} replicates{halves}, the {TOP} worst tested on others{alone}"


def _tried_once(plan: Plan) -> str:
    """Which instances a statement about every run is tested on."""
    if _lone(plan):
        return f"there is one instance, since there is no family and no letter varies; a random kernel runs on it {plan.instances} times"
    corners = ", the corners of the box of letters that vary first" if plan.varies else ""
    return f"up to {plan.instances} instances of a family{corners}"


def _lone(plan: Plan) -> bool:
    """Whether there can be but one instance."""
    return not plan.claim.problems and not any(name in plan.claim.taken or not plan.claim.taken for name in plan.varies)


def _letters(plan: Plan) -> list[str]:
    """The letters in which a slope is taken: those swept, and the one read along a run unless a rate takes it for its steps."""
    along = [plan.along[0]] if plan.along and plan.kind.form != "rate" else []
    return [name for name in (*plan.sweep, *along) if name in plan.claim.taken or not plan.claim.taken or name in along]


def _share(plan: Plan) -> str:
    """What share of the runs may break the claim."""
    allowed = 1 - plan.claim.holds.probability
    return f"{float(allowed):g}" if allowed.is_number else str(allowed)


def _sides(plan: Plan) -> str:
    """Which limit of a slope decides what."""
    limits = {"upper": ("below tau", "above it"), "lower": ("above -tau", "below it"), "two": ("within tau", "outside")}[plan.kind.side]
    return f"an interval {limits[0]} supports, one {limits[1]} refutes"


def _towards(plan: Plan) -> list[str]:
    """In which direction slopes are counted, where a letter is followed towards small values."""
    falling = [name for name in _letters(plan) if sign_of(plan.claim.role(name)) < 0]
    if not falling:
        return []
    are = "is" if len(falling) == 1 else "are"
    return [f"{', '.join(falling)} {are} followed to small values: slopes are those in 1/{', 1/'.join(falling)}"]


def _wide(plan: Plan) -> str:
    """How far a letter must reach for a refutation."""
    names = [name for name in _letters(plan) if plan.claim.letter(name) in plan.kind.geometric]
    decay = f" (of {', '.join(names)}, a tenfold decay of the bound)" if names else ""
    return f"two decades{decay} and eight values of the letter"


def _longer(plan: Plan) -> str:
    """Where a refutation of an unknown constant must be found again."""
    roles = {symbol.name: role for symbol, role in plan.claim.where.items()}
    taken = plan.claim.taken
    names = [*(name for name in plan.sweep if name in taken or not taken), *([plan.along[0]] if plan.along else [])]
    stretched = [name for name in names if _stretches(roles[name], plan.along is not None and name == plan.along[0])]
    seeds = "on fresh replicates" if plan.noisy else ""
    ranges = "on ranges" if len(stretched) > 1 else "on a range"
    range_ = f"{ranges} of {', '.join(stretched)} ten times as long" if stretched else ""
    return " and ".join(part for part in (seeds, range_) if part) or "by running it again"


def _stretches(role, along: bool) -> bool:
    """Whether a confirmation goes on beyond the letter's range: not beyond listed values, array sizes, or a run that is read downwards."""
    return role.kind != "sized" and not role.among and not (along and (role.high or 0) <= (role.low or 0))


def _meaning(plan: Plan) -> str:
    match equation(plan.claim, plan.kind):
        case "unbiasedness":
            return (
                f"{_there(plan)} the bias is below {MARGIN:g} standard deviations of one replicate at confidence "
                f"{1 - plan.alpha:.0%}, up to events that no replicate saw; a smaller bias is not excluded"
            )
        case "identity":
            return "no run differs by more than rounding explains, in two precisions; an error below 1e-9 of the terms is not excluded"
    if plan.kind.form == "explicit" and not plan.noisy:
        falls = plan.along is not None and plan.kind.side != "lower" and plan.along[1][-1] > plan.along[1][0]
        return f"no violation on any instance tried, at any point{' above the numerical floor' if falls else ''}"
    if plan.kind.form == "explicit":
        often = f" in all but a share {_share(plan)} of the runs" if plan.claim.holds.probability is not None else ""
        there = "on the family" if plan.claim.holds.name == "on average over the family" else _there(plan)
        return f"{there} the bound holds{often} at confidence {1 - plan.alpha:.0%}{_resting(plan)}"
    sure = f", at confidence {1 - plan.alpha:.0%}" if plan.noisy else ""
    if plan.kind.form == "rate":
        lower = plan.kind.side == "lower"
        others = [_power(plan, name) for name in plan.sweep if name in plan.claim.taken]
        across = f", and the rate over h {'rises' if lower else 'falls'} at most like {' or '.join(others)}" if others else ""
        k = plan.kind.steps
        bend = f"speed up like exp(-{k}**3)" if lower else f"slow down like exp(-sqrt({k})) or a power"
        return f"on this range the decay does not {bend}{across}{sure}"
    powers = [_power(plan, name) for name in (*plan.sweep, *([plan.along[0]] if plan.along else []))]
    fastest = " or ".join(powers) or "a constant"
    where = ", also where each term rules" if plan.kind.form == "terms" else ""
    moves, change = {"upper": ("grows", "growth"), "lower": ("falls", "fall"), "two": ("moves", "move")}[plan.kind.side]
    place = "on this range" if plan.kind.form == "terms" else ON
    return f"{place} the ratio to the bound {moves} at most like {fastest}{where}{sure}; a faster {change} is not supported"


def _there(plan: Plan) -> str:
    """The instance that a support is read on."""
    return "on the one instance" if _lone(plan) or plan.instances == 1 else "on the worst instance found"


def _power(plan: Plan, name: str) -> str:
    """tau as a power of a letter, in the direction in which the claim can break; of an equation, in both."""
    if plan.claim.letter(name) in plan.kind.geometric and plan.kind.form != "rate":
        return f"(the bound)^{moved(plan.claim, name, plan.tau):.2g}"
    sign = "±" if plan.kind.side == "two" else ""
    return f"{name}^{sign}{moved(plan.claim, name, plan.tau):.2g}"


def _resting(plan: Plan) -> str:
    """What a support in expectation needs beside the replicates; a probability needs nothing."""
    if plan.claim.holds.probability is not None:
        return ""
    lower = plan.kind.side == "lower" and not plan.kind.difference
    bounds = "the quantity is not negative" if lower else "trivially=(...) bounds the quantity" if plan.claim.trivially is not None else ""
    known = f"since {bounds}, it is left out where that excludes them" if bounds else "nothing is known that excludes them, so it stands"
    return (
        ", up to events so rare that no replicate saw one: the flag RARE says that they could overturn the verdict, and its note how rare "
        f"and how large they would have to be; {known}"
    )


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


def _instance(claim: Claim, part: Part) -> str:
    if not part.worst:
        return "none"
    letters = ", ".join(f"{name} = {value:.6g}" for name, value in part.worst["letters"].items())
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
        trend = max(part.trends.values(), key=lambda t: t["high"] - t["threshold"])
        if verdict is not None and "UNCONFIRMED" in verdict.reasons:
            return "a transient or chance: the refutation was not found again on other replicates or a longer range"
        halves = f"the slope is {trend['upper_half']:+.3f} in the upper half, counted towards breaking the bound"
        if part.verdict == "refuted":
            found = "" if result.origin or result.plan is None else f", and it was found again {_longer(result.plan)}"
            return f"not a transient: {halves}, and {trend['extrapolated']:+.3f} extrapolated{found}"
        if trend["slope"] > trend["threshold"]:
            return f"perhaps a transient: {halves}, after {trend['slope']:+.3f} on the whole"
    if part.verdict != "refuted":
        return "no violation was established"
    if part.replicates > 1:
        return "not round-off: the replicates refute it at the stated error, and others confirmed it"
    if part.worst and part.worst["ratio"] > 1:
        ruled_out = "more than rounding leaves" if result.origin else "and rounding was ruled out"
        return f"not round-off: the violation is {part.worst['ratio'] - 1:.2g} of the bound, {ruled_out}"
    return "no violation was seen"


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
