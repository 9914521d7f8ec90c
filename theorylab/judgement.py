"""Measurements made elsewhere -> Verdict: one look at the full error, refutations found again on the other half of the replicates."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from numbers import Real
from typing import Any

import numpy as np
import xarray as xr

from . import check
from . import plan as planning
from .bound import evaluate
from .cells import NUMERICAL, Cells
from .claim import Claim, Control, Slip
from .columns import Unreadable, roles_of
from .design import POINT
from .diagnostics import diagnostics
from .estimate import cells
from .kind import equation, kind_of, needed, unjudged
from .measurements import SAME, Measurements, read
from .plan import LOOKS, Plan
from .portfolio import apart, family_of
from .project import find_project
from .report.dataset import slug
from .result import Result
from .slip import near
from .verdict.expectation import COUNTS_FROM, bets
from .verdict.judge import ControlVerdict, Verdict, combine, found_again, judge_family, with_controls, with_generated
from .verdict.mutants import generated
from .verdict.parts import Part, Rule
from .verdict.portfolios import attained

# A violation below this part of the bound may be rounding: nobody can move the last digits of a run that was made elsewhere.
CLEAR = 1e-3
FEWEST = LOOKS[0]
SHORTER = 10.0
ALPHAS = (1e-6, 0.1)
# Data that reach less of a range, in its logarithm, leave so much of the claim unsaid that it is told.
COVERED = 0.9


def judge(claim: Claim | str, data: Any, controls: Mapping[str | int, Any] | None = None, *, alpha: float = 0.01) -> Verdict:
    """The verdict on a claim from measurements made elsewhere: no kernel is run.

    `claim` is a Claim, or the name of one of the project's. `data` is an xarray Dataset or DataTree, a netCDF, CSV or npz file, a data
    frame or a dict of arrays: one variable per measured letter, whose dims are the swept letters, `problem`, `instance` and `replicate`,
    whichever exist. `controls` gives measurements of the claim's broken algorithms, each by its title, slug or number. `alpha` is the error
    spent on a side, from 1e-6 to 0.1. Raises Unreadable and Slip, which are ValueErrors.
    """
    found = judged(_claim(claim), data, controls, alpha).verdict
    return found if found is not None else Verdict("inconclusive")


def judged(claim: Claim, data: Any, controls: Mapping[str | int, Any] | None = None, alpha: float = 0.01) -> Result:
    """The same as a Result, for the terminal and the JSON document. Raises Unreadable and Slip."""
    began = time.perf_counter()
    if not isinstance(alpha, Real) or not ALPHAS[0] <= alpha <= ALPHAS[1]:
        raise Slip(
            f"alpha={alpha!r} is no error to spend on a side. Write a number from {ALPHAS[0]:g} to {ALPHAS[1]:g}, such as alpha=0.01."
        )
    note = unjudged(claim)
    if note:
        raise Slip(f"{claim.name or claim.title}: {note}")
    given: dict[int, str | int] = {}
    for name in controls or {}:
        number = control_number(claim, name)
        if number in given:
            raise Unreadable(
                f"the control {claim.controls[number - 1].title!r} is given twice, as {str(given[number])!r} and as {str(name)!r}. "
                "Give one file for each control; instances or families of one control stand in one file."
            )
        given[number] = name
    found = read(data, claim)
    plan = planned(claim, found.families, alpha)
    claim = plan.claim
    verdict, notes = _verdict(plan, found.families)
    rule = Rule(plan.tau, plan.alpha, plan.alpha, False, plan.looks[-1], len(found.families))
    measured = [(part, _cells(plan, part.family, found.families[part.family])) for part in verdict.parts]
    verdict = with_generated(replace(verdict, tau=plan.tau), generated(claim, measured, rule))
    judged_controls, unknown = [], []
    for number, control in enumerate(claim.controls, 1):
        theirs = _theirs(claim, control, number, found, controls[given[number]] if controls and number in given else None)
        if theirs is None:
            unknown.append(control.title)
            continue
        own = replace(planned(claim.under(control), theirs.families, alpha), tau=plan.tau)
        result, why = _verdict(own, theirs.families, control.expect.verdict == "refuted")
        text = ", ".join([*result.reasons, *why])
        judged_controls.append(
            ControlVerdict(
                control.title,
                control.kind,
                control.expect.verdict,
                result.verdict,
                result.worst,
                text,
                own.claim.statement,
                found_again(result),
            )
        )
    probed = any(c.kind == "algorithm" for c in judged_controls)
    flags = [*verdict.flags, *(["box untested"] if plan.kind.unswept else []), *([] if probed else ["instances not probed"])]
    if found.outside:
        flags.append("outside range")
        notes.append(f"left out, since the claim's ranges do not hold it: {'; '.join(found.outside)}")
    notes += [*_large_floors(plan, found.families), *_narrow(claim, found.families)]
    lost = [family for family in claim.problems if family not in map(family_of, found.families)]
    if lost and claim.problems:
        notes.append(f"no data of {', '.join(lost)}")
    if unknown:
        notes.append(f"controls without data, not judged: {', '.join(map(repr, unknown))}")
    verdict = with_controls(replace(verdict, flags=tuple(flags)), judged_controls, needs_algorithm=False)
    verdict = replace(verdict, detail="; ".join([*([verdict.detail] if verdict.detail else []), *notes]))
    shown = {p.family: diagnostics(claim, _cells(plan, p.family, found.families[p.family]), p.worst) for p in verdict.parts}
    shown = {family: one for family, one in shown.items() if one is not None}
    seconds = time.perf_counter() - began
    return Result(claim, plan, verdict, seconds=seconds, device="elsewhere", origin=found.origin, diagnostics=shown)


def control_number(claim: Claim, name: str | int) -> int:
    """The number of a control, from 1, by number, title or slug. Raises Unreadable with those that are near."""
    titles = [control.title for control in claim.controls]
    for number, title in enumerate(titles, 1):
        if str(name).strip() in (str(number), title, slug(title)):
            return number
    raise Unreadable(
        f"{claim.name or 'the claim'} has no control {str(name)!r}. Near: {near(str(name), titles)}. "
        f"Name one by its title, its slug or its number, 1 to {len(titles)}."
        if titles
        else f"{claim.name or 'the claim'} has no controls."
    )


def planned(claim: Claim, families: Mapping[str, xr.Dataset], alpha: float) -> Plan:
    """The plan that the data follow: their grid, instances and replicates, at one look."""
    roles = roles_of(claim)
    dims = {str(d) for data in families.values() for d in data.dims} | {n for data in families.values() for n in map(str, data.coords)}
    claim = replace(claim, taken=tuple(sorted(dims & set(roles))))
    plan = planning.plan(claim, takes=frozenset(dims), alpha=alpha)
    values = {}
    points = next((data[POINT].coords for data in families.values() if POINT in data.dims), {})
    shared = tuple(name for name in roles if name in points and roles[name].swept)
    for name in (n for n in roles if roles[n].swept and n in dims):
        if name in shared:
            values[name] = points[name].to_numpy()
            continue
        here = np.unique(np.concatenate([data[name].to_numpy() for data in families.values() if name in data.dims]))
        low, high = min(roles[name].low, roles[name].high), max(roles[name].low, roles[name].high)
        here = here[(here >= low * (1 - SAME)) & (here <= high * (1 + SAME))]
        values[name] = here[::-1] if roles[name].low > roles[name].high else here
    along = next((name for name in (plan.along[0] if plan.along else "", *values) if name in values and roles[name].kind == "along"), None)
    sweep = {name: v for name, v in values.items() if name != along}
    line = (along, values[along]) if along else None
    sizes = [data.sizes for data in families.values()]
    runs = max(_runs(claim, data) for data in families.values())
    return replace(
        plan,
        sweep=sweep,
        together=shared,
        along=line,
        varies={},
        instances=max(s["instance"] for s in sizes),
        looks=(runs,),
        tau=planning.resolution(claim, plan.kind, sweep, line),
    )


@lru_cache(maxsize=64)
def _check(claim: Claim) -> None:
    """Checks a claim that no catalogue has checked, once. Raises Slip."""
    check.check(claim, find_project())


def _claim(claim: Claim | str) -> Claim:
    if isinstance(claim, Claim):
        if not claim.name:
            _check(claim)
        return claim
    from .catalogue import find_claims

    catalogue = find_claims(find_project()).select([claim])
    if len(catalogue.claims) != 1:
        broken = "; ".join(f"{f.file}:{f.line}: {f.error}" for f in catalogue.failures)
        raise Slip(f"{claim!r} names {len(catalogue.claims)} claims: {', '.join(c.name for c in catalogue.claims)}{broken}. Name one.")
    return catalogue.claims[0]


def _theirs(claim: Claim, control: Control, number: int, found: Measurements, given: Any) -> Measurements | None:
    """The measurements that a control is judged on: those given, those that came with the claim's, or the claim's own where it may."""
    rival = claim.under(control)
    alone = set(control.replaced) <= {"statement", "assuming", "where"} and all(role.kind == "unknown" for role in control.where.values())
    measured = {s.name for s, role in rival.where.items() if role.kind == "measured"} & needed(rival)
    alone = alone and all(measured <= set(map(str, data.data_vars)) for data in found.families.values())
    if given is not None:
        if alone and "assuming" not in control.replaced:
            raise Unreadable(
                f"the control {control.title!r} replaces only the statement, so it is judged on the claim's own data: other data may fail "
                f"it however weak it is. Leave out what is given for control {number}; data of a broken algorithm belong to a control with "
                'because="measured elsewhere".'
            )
        return read(given, rival)
    if alone:
        return found
    return (found.controls or {}).get(number)


def _averaged(claim: Claim) -> bool:
    return claim.holds.name == "on average over the family"


def _runs(claim: Claim, data: xr.Dataset) -> int:
    return data.sizes["instance" if _averaged(claim) and data.sizes["instance"] > 1 else "replicate"]


def _verdict(plan: Plan, families: Mapping[str, xr.Dataset], control: bool = False) -> tuple[Verdict, list[str]]:
    """The verdict over the families before any control, and notes on what stopped it."""
    # Either half of the replicates must refute by itself.
    rule = Rule(plan.tau, plan.alpha, plan.alpha, control, plan.looks[-1] // (2 if plan.noisy else 1), len(families))
    found = [_family(plan, family, data, rule) for family, data in families.items()]
    verdict = combine([part for part, _ in found], plan.tau)
    if apart(plan.claim):
        verdict = attained(verdict)
    return verdict, list(dict.fromkeys(why for part, why in found if why and part.verdict == verdict.verdict))


def _family(plan: Plan, family: str, data: xr.Dataset, rule: Rule) -> tuple[Part, str]:
    found = _cells(plan, family, data)
    part, why = _tested(plan, found, rule)
    single = [name for name, values in plan.sweep.items() if name in needed(plan.claim) and len(np.unique(values)) == 1]
    if part.verdict == "supported" and plan.kind.form != "explicit" and single:
        # An axis of one value has no slope, so nothing above has looked at how the quantity depends on that letter.
        part = replace(part, verdict="inconclusive", reasons=("COVERAGE",))
        why = f"the claim says how {plan.kind.quantity} depends on {single[0]}, which has one value in the data: measure four or more"
    if found.dropped.get("no step before") and not found.keep.any() and plan.along:
        here = ", ".join(f"{value:g}" for value in plan.along[1][:3])
        why = (
            f"the claim speaks of one step of {plan.along[0]}, and of the data's {plan.along[0]} = {here}, ... no two are one step apart: "
            "write down the step before each as well"
        )
    if not _may_have_floor(plan) or "floor" in data:
        return _on_shorter(plan, family, data, rule, part, why)
    visible = found.above_floors()
    if part.verdict == "inconclusive" and (visible.keep != found.keep).any():
        part = replace(part, flags=(*part.flags, "floor unknown"))
    if part.verdict == "refuted" and _tested(plan, visible, rule)[0].verdict != "refuted":
        return replace(part, verdict="inconclusive", reasons=("FLOOR",), flags=(*part.flags, "floor unknown")), (
            "what refutes lies below 1e-6 of the largest value, where rounding may have stopped the run; "
            "start a run at the solution and give where it ends as the variable or column floor"
        )
    return _on_shorter(plan, family, data, rule, part, why)


def _cells(plan: Plan, family: str, data: xr.Dataset) -> Cells:
    """The cells; where the family's draw is part of the average, instances (each a mean over its replicates) are the replicates."""
    averaged = _averaged(plan.claim) and data.sizes["instance"] > 1
    if averaged and data.sizes["replicate"] > 1:
        means = {name: v.mean("replicate", skipna=False) for name, v in data.data_vars.items() if "replicate" in v.dims and name != "ran"}
        ran = {"ran": data["ran"].all("replicate")} if "ran" in data else {}
        data = data.assign({**means, **ran}).drop_vars("replicate").expand_dims(replicate=[0])
        data = data.transpose(..., "replicate")
    found = cells(plan.claim, kind_of(plan.claim), family, "measured elsewhere", data)
    return found.over_instances() if averaged else found


def _tested(plan: Plan, found: Cells, rule: Rule) -> tuple[Part, str]:
    return _by_halves(plan, found, rule) if plan.noisy else _by_runs(plan, found, rule)


def _by_runs(plan: Plan, found: Cells, rule: Rule) -> tuple[Part, str]:
    """A statement about every run: a violation stands unless it is as small as rounding."""
    part = judge_family(plan.claim, found, rule)
    if part.verdict == "refuted" and plan.kind.form == "explicit":
        counted = found.keep[:, None, :] & ~found.nonfinite
        largest = np.nanmax(np.where(counted, found.excess(), -np.inf))
        if largest <= CLEAR:
            return replace(part, verdict="inconclusive", reasons=("ROUNDING",)), (
                f"the largest violation is {largest:.2g} of the bound; below {CLEAR:g} it may be rounding, which only a kernel can shake"
            )
    return part, ""


def _by_halves(plan: Plan, found: Cells, rule: Rule) -> tuple[Part, str]:
    """A statement about replicates: all of them support it; each half must refute it, at the cell that the other half chose.

    A control is caught by all of them at once, its cells sharing the error: confirmation protects claims.
    """
    m, needs = found.quantity.shape[1], _needs(plan, found, rule)
    few = f"{m} replicates, where a support takes {needs[0]} at least and a refutation {needs[1]}" if m < max(needs) else ""
    whole = judge_family(plan.claim, found, rule)
    if whole.verdict == "supported":
        if m < needs[0] or (found.identical and m < LOOKS[-1]):
            return replace(whole, verdict="inconclusive", reasons=("NOISE",)), few or f"its {m} replicates never differ"
        return whole, ""
    if rule.control and m >= needs[1]:
        cells_ = found.keep.shape[1] if plan.kind.form == "explicit" else 1
        shared = rule._replace(alpha=rule.alpha / cells_, total=rule.total / cells_)
        caught = whole if shared == rule else judge_family(plan.claim, found, shared)
        if caught.verdict == "refuted":
            return caught, ""
    elif m >= needs[1]:
        halves = found.replicates(slice(0, None, 2)), found.replicates(slice(1, None, 2))
        tested = [judge_family(plan.claim, one, rule, other) for one, other in (halves[::-1], halves)]
        if all(part.verdict == "refuted" for part in tested):
            return tested[0], ""
        if any(part.verdict == "refuted" for part in tested):
            return replace(
                whole, verdict="inconclusive", reasons=("UNCONFIRMED",)
            ), "one half of the replicates refutes, the other does not"
    reasons = () if whole.verdict == "refuted" else whole.reasons
    noise = ("NOISE",) if few or not reasons else ()
    return replace(whole, verdict="inconclusive", reasons=tuple(dict.fromkeys((*reasons, *noise)))), few


def _needs(plan: Plan, found: Cells, rule: Rule) -> tuple[int, int]:
    """The fewest replicates that can support, and that may refute."""
    halves = 1 if rule.control else 2
    if plan.block:
        return FEWEST * plan.block, halves * FEWEST * plan.block
    if plan.claim.holds.probability is not None:
        axes = dict(plan.sweep) | ({plan.along[0]: plan.along[1]} if plan.along else {})
        allowed = 1 - evaluate(plan.claim.holds.probability, planning.sample(plan.claim, axes)).value
        return int(np.ceil(np.log(plan.alpha) / np.log1p(-float(np.clip(np.min(allowed), 1e-6, 0.999))))), 2
    if plan.kind.form != "explicit":
        return FEWEST, halves * FEWEST
    return COUNTS_FROM, halves * (FEWEST if equation(plan.claim, plan.kind) or bets(found) else COUNTS_FROM)


def _may_have_floor(plan: Plan) -> bool:
    """Whether the quantity falls along a run: only then may rounding stop it."""
    return plan.along is not None and plan.kind.side != "lower" and bool(plan.along[1][-1] > plan.along[1][0])


def _large_floors(plan: Plan, families: Mapping[str, xr.Dataset]) -> list[str]:
    """What is said of floors that came with the data and are no rounding of double precision: they excuse nothing."""
    name, notes = plan.kind.quantity.name, []
    for family, data in families.items():
        if "floor" not in data:
            continue
        values, floor = np.abs(data[name].to_numpy()), float(data["floor"].max())
        largest = float(values[np.isfinite(values)].max(initial=0.0))
        if floor > NUMERICAL * largest:
            notes.append(
                f"the floor of {floor:.3g}{f' on {family}' if family else ''} is more than {NUMERICAL:g} of the largest {name}, so it is "
                "no rounding of double precision: the cells that reached it count against the claim. "
                "Give the bound a term for it, run in double precision, or end the range before"
            )
    return notes


def _narrow(claim: Claim, families: Mapping[str, xr.Dataset]) -> list[str]:
    """What is said of ranges that the data of a family do not reach: a verdict speaks of what was measured."""
    notes = []
    for family, data in families.items():
        on = f" on {family}" if family and len(families) > 1 else ""
        for name, role in roles_of(claim).items():
            if not role.swept or role.low is None or role.high is None:
                continue
            low, high = sorted((float(role.low), float(role.high)))
            values = data[name].to_numpy() if name in data.coords else np.zeros(0)
            values = values[values >= low * (1 - SAME)]
            if not values.size:
                notes.append(f"the data{on} do not say at which {name} they were measured, and the claim speaks of {low:g} to {high:g}")
            elif np.log(values.max() / values.min()) < COVERED * np.log(high / low):
                where = f"{values.min():g} to {values.max():g}" if values.max() > values.min() else f"{values.min():g} alone"
                notes.append(
                    f"the data{on} hold {name} = {where}; the claim speaks of {low:g} to {high:g}, and nothing is said of the rest"
                )
    return notes


def _on_shorter(plan: Plan, family: str, data: xr.Dataset, rule: Rule, part: Part, why: str) -> tuple[Part, str]:
    """A refuted rate is refuted on the first tenth of its range too: a run of a kernel would have gone on ten times as far."""
    if part.verdict != "refuted" or plan.kind.form == "explicit":
        return part, why
    part = replace(part, flags=(*part.flags, "range not extended"))
    if plan.kind.form != "rate" or rule.control or plan.kind.steps is None:
        return part, why
    steps = plan.kind.steps.name
    first = data.isel({steps: np.flatnonzero(data[steps].to_numpy() <= float(data[steps].max()) / SHORTER)})
    if first.sizes[steps] and _tested(plan, _cells(plan, family, first), rule)[0].verdict == "refuted":
        return part, why
    return replace(part, verdict="inconclusive", reasons=("UNCONFIRMED",)), (
        f"the decay slows down on the whole range and not on its first tenth, up to {steps} = {float(data[steps].max()) / SHORTER:g}: "
        "a run ten times as long would tell a transient from a slower decay"
    )
