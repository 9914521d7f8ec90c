"""Claim and cells -> Verdict: each family on its own, the worst of them, then the controls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from ..blocks import measured_in_blocks
from ..cells import Cells
from ..claim import Claim
from ..kind import equation
from . import expectation, explicit, identity, quantiles, rates, slopes, terms, unbiased, unseen
from .floors import with_floor
from .parts import Part, Rule

GATING_INDEX = 5.7


@dataclass(frozen=True)
class Verdict:
    """supported, refuted or inconclusive, with reason codes, flags, evidence, and the families it was read from."""

    verdict: str
    reasons: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    evidence: str = "sampled"
    parts: tuple[Part, ...] = ()
    controls: tuple[ControlVerdict, ...] = ()
    generated: tuple[Generated, ...] = ()
    tau: float | None = None
    detail: str = ""

    @property
    def worst(self) -> Part | None:
        """The family that decided: a refuted one, else an open one, else the tightest."""
        rank = {"refuted": 2, "inconclusive": 1, "supported": 0}
        return max(self.parts, key=lambda p: (rank[p.verdict], _closeness(p)), default=None)

    @property
    def tightness(self) -> float | None:
        """The largest measured / bound over the families."""
        return max((p.tightness for p in self.parts if p.tightness is not None), default=None)

    @property
    def detectable(self) -> float | None:
        """The deviation that would have been refuted in nine runs out of ten, on the family where it is easiest to see."""
        found = [p.detectable for p in self.parts if p.detectable is not None and np.isfinite(p.detectable)]
        if not found:
            return None
        # Without noise it is the smallest constant that the data leave to the bound, set by the tightest family.
        return max(found) if all(p.margin == np.inf and not p.trends for p in self.parts) else min(found)

    @property
    def gating(self) -> bool:
        """Whether a rerun on fresh seeds would change the verdict, or what became of any control, less often than once in a thousand."""
        if any(control.index is not None and control.index < GATING_INDEX for control in self.controls):
            return False
        if self.verdict == "supported":
            return all(p.margin is None or p.margin >= GATING_INDEX for p in self.parts if p.verdict == "supported")
        # A refutation was found twice, on replicates that have nothing in common.
        return self.verdict == "refuted"


@dataclass(frozen=True)
class ControlVerdict:
    """What became of one control: its title, kind, expected and found verdict, and the part that decided.

    `index` says how surely a rerun finds the same, in standard errors at the most replicates allowed; None where it was open.
    """

    title: str
    kind: str
    expected: str
    verdict: str
    part: Part | None = None
    detail: str = ""
    statement: Any = field(default=None, compare=False)
    index: float | None = None

    @property
    def as_expected(self) -> bool:
        """Whether the control came out as it must."""
        return self.verdict == self.expected


@dataclass(frozen=True)
class Generated:
    """A control that the judge made itself: what it says, whether it changes the claim, the data or a term, and whether it was caught.

    `detail` says why it was not, or what else it tells.
    """

    name: str
    kind: str
    caught: bool
    detail: str = ""


def judge_family(claim: Claim, cells: Cells, rule: Rule, search: Cells | None = None, twin: Cells | None = None) -> Part:
    """The part of one family. `search` holds other replicates of the same instances, on which the worst cell was chosen; `twin` the same
    runs in float32, where they are needed and can be had."""
    # Runs that diverge have squares that no number holds: an infinite scatter, which decides nothing.
    with np.errstate(over="ignore"):
        return with_floor(_tested(claim, cells, rule, search or cells, twin), cells)


def _tested(claim: Claim, cells: Cells, rule: Rule, search: Cells, twin: Cells | None) -> Part:
    match equation(claim, cells.kind):
        case "unbiasedness":
            return unbiased.unbiased(cells, search, rule)
        case "identity":
            return identity.identity(cells, twin)
    if cells.kind.form != "explicit":
        return _unknown(claim, cells)(claim, cells, rule)
    if claim.holds.name == "for every instance":
        return explicit.every_instance(cells, rule)
    if claim.holds.name == "with probability":
        return explicit.with_probability(cells, search, rule, quantiles.may_violate(claim, cells))
    return expectation.in_expectation(cells, search, rule)


def ranked(claim: Claim, cells: Cells, rule: Rule, top: int) -> tuple[int, ...]:
    """The numbers of the instances that come nearest to a refutation, to be tested on other seeds; rising, so that claims share runs."""
    nearness = unbiased.nearness if equation(claim, cells.kind) == "unbiasedness" else expectation.nearness
    explicit_ = cells.kind.form == "explicit"
    scores = nearness(cells) if explicit_ else slopes.steepness(_unknown(claim, cells), claim, cells, rule)
    order = np.argsort(-scores, kind="stable")[:top]
    return tuple(sorted(cells.instances[i] for i in order))


def _unknown(claim: Claim, cells: Cells) -> quantiles.Judge:
    """The test of a bound with an unknown constant: of means or single runs, and of quantiles where a probability is claimed."""
    judge = {"trend": slopes.judge_trend, "terms": terms.judge_terms, "rate": rates.judge_rate}[cells.kind.form]
    return partial(quantiles.judge_quantile, judge) if measured_in_blocks(claim, cells.kind.form) else judge


def combine(parts: Sequence[Part], tau: float | None = None) -> Verdict:
    """The verdict over families: one refutes, all must support. A vacuous family is shown and counts for nothing beside others.

    A term of a sum must rule enough cells of some family.
    """
    counting = [p for p in parts if "vacuous" not in p.flags] or list(parts)
    flags = tuple(dict.fromkeys(flag for part in counting for flag in part.flags))
    said = "; ".join(f"{part.family}: {part.said}" if len(parts) > 1 else part.said for part in parts if part.said)
    if not all("loose" in p.flags for p in counting):
        flags = tuple(f for f in flags if f != "loose")
    if any(p.verdict == "refuted" for p in parts):
        reasons = tuple(dict.fromkeys(reason for part in parts if part.verdict == "refuted" for reason in part.reasons))
        guilty = [p for p in parts if p.verdict == "refuted"]
        rests = unseen.said(guilty, "keep") if all("RARE" in p.flags for p in guilty) else ""
        return Verdict("refuted", reasons, flags, parts=tuple(parts), tau=tau, detail=_joined(said, rests))
    idle = [name for name in counting[0].terms if not any(p.terms.get(name, {}).get("cells") for p in counting)] if counting else []
    exercised = {f"{name} untested" for part in counting for name in part.terms if name not in idle}
    flags = tuple(flag for flag in flags if flag not in exercised)
    if counting and all(p.verdict == "supported" for p in counting):
        if idle:
            return Verdict("inconclusive", ("COVERAGE",), flags, parts=tuple(parts), tau=tau, detail=said)
        return Verdict("supported", (), flags, parts=tuple(parts), tau=tau, detail=_joined(said, unseen.said(counting)))
    reasons = tuple(dict.fromkeys(reason for part in counting for reason in part.reasons)) or ("COVERAGE",)
    return Verdict("inconclusive", reasons, flags, parts=tuple(parts), tau=tau, detail=said)


def _joined(*said: str) -> str:
    return "; ".join(text for text in said if text)


def with_controls(verdict: Verdict, controls: Sequence[ControlVerdict], needs_algorithm: bool) -> Verdict:
    """A support stands only if every control that must fail was caught, one of them an algorithm where an algorithm is claimed about."""
    verdict = replace(verdict, controls=tuple(controls))
    if verdict.verdict != "supported":
        return verdict
    missed = [c for c in controls if not c.as_expected]
    caught = any(c.kind == "algorithm" and c.as_expected for c in controls)
    if not missed and (caught or not needs_algorithm):
        return verdict
    why = f"not caught: {', '.join(c.title for c in missed)}" if missed else "the claim names no broken algorithm among its controls"
    return replace(verdict, verdict="inconclusive", reasons=("CONTROL",), detail=_joined(why, verdict.detail))


def found_again(verdict: Verdict) -> float | None:
    """How surely a rerun finds the verdict of a control again: one family refutes, all must support."""
    if verdict.verdict == "refuted":
        return max((part.again for part in verdict.parts if part.verdict == "refuted" and part.again is not None), default=None)
    if verdict.verdict == "supported":
        return min((part.margin for part in verdict.parts if part.verdict == "supported" and part.margin is not None), default=None)
    return None


def with_generated(verdict: Verdict, generated: Sequence[Generated]) -> Verdict:
    """A support stands only if data that break the bound would have been caught on every axis, and every term is needed.

    A sharper bound that is not caught takes nothing away: it may hold as well.
    """
    verdict = replace(verdict, generated=tuple(generated))
    missed = [control.name for control in generated if control.kind != "claim" and not control.caught]
    if verdict.verdict != "supported" or not missed:
        return verdict
    why = f"not caught: {', '.join(missed)}"
    return replace(verdict, verdict="inconclusive", reasons=("CONTROL",), detail=_joined(why, verdict.detail))


def _closeness(part: Part) -> float:
    if part.trends:
        return max(float(t["high"]) - float(t["threshold"]) for t in part.trends.values())
    return part.tightness or 0.0
