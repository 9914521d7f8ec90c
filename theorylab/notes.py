"""What `show` adds on a quantile, on hitting times, on several algorithms, and on quantities that are compared with each other."""

from __future__ import annotations

from .claim import Claim
from .kind import equation
from .orders import order_of
from .plan import LOOKS, Plan
from .portfolio import apart


def tested(plan: Plan) -> list[str]:
    """How the test of a claim differs from that of its form."""
    return [*_quantile(plan), *_comparison(plan), *_portfolio(plan), *_hitting(plan.claim)]


def looked(plan: Plan) -> list[str]:
    """How the runs are dealt out, where they are no replicates by themselves."""
    if not plan.block:
        return []
    return [f"runs are dealt into blocks of {plan.block}, so that a look has {', '.join(map(str, LOOKS))} blocks"]


def meant(plan: Plan) -> str:
    """What a support means where several algorithms are judged, or nothing."""
    if not apart(plan.claim):
        return ""
    return f"no algorithm in {{{', '.join(plan.claim.kernels)}}} beats the bound on these families, and one of them comes near it; "


def unshown(plan: Plan) -> list[str]:
    """What no verdict on such a claim shows."""
    notes = []
    if plan.block:
        side = "below" if plan.kind.side == "lower" else "beyond"
        notes.append(f"the mean, and how far the runs {side} the quantile go")
    if order_of(plan.claim) in ("path", "monotone path"):
        notes.append("what happens between the checkpoints that are compared")
    return notes


def _quantile(plan: Plan) -> list[str]:
    claim, kind = plan.claim, plan.kind
    if not plan.block:
        return []
    p = claim.holds.probability
    rank = 1 - p if kind.side == "lower" else p
    shown = f"{float(rank):g}-quantile" if rank.is_number else f"quantile at {rank}, point by point,"
    return [
        f"the ratio is read at its {shown} over the runs, which is what the probability bounds: each block of {plan.block} runs "
        "gives one, and those of the blocks are the replicates, averaged by their logarithms",
        "a point at which runs that stopped early, or diverged, hide the quantile of a block is left out; "
        "blocks are first made twice as long, as long as eight of them remain",
    ]


def _comparison(plan: Plan) -> list[str]:
    kind, claim = plan.kind, plan.claim
    if equation(claim, kind):
        return []
    averaged = claim.holds.name != "for every instance" and claim.holds.probability is None
    equal = (
        "where both means are equal the statement holds, but no number of replicates tells that from a violation: it stays inconclusive, "
        "NOISE; what agrees to 1e-9 in every replicate counts as equal, and holds"
    )
    match order_of(claim):
        case "ordering" if averaged:
            return ["an ordering: the two are measured in the same runs, and their difference is taken in each, never two intervals", equal]
        case "ordering":
            return ["an ordering: the two are compared in every run; what agrees to 1e-9 counts as equal, and holds"]
        case "monotone path":
            lines = ["a monotone path: each checkpoint is compared with the one before, in the same run; every pair must support"]
        case "path":
            lines = ["a path: each checkpoint is compared with the step before it, in the same run; every pair must support"]
        case "separation":
            return [
                f"a separation: {kind.quantity} and what its bound measures come from the same instances and seeds, and the slope is that "
                "of the ratio of their means, leaving one seed out of both at a time"
            ]
        case _:
            return []
    if averaged:
        lines.append("any pair refutes: half of the error is for the pair that looked worst on other replicates, half is shared by all")
        lines.append(f"{equal}; a path that comes to rest in its noise is claimed up to where it rests")
    return lines


def _portfolio(plan: Plan) -> list[str]:
    claim = plan.claim
    names = ", ".join(claim.kernels)
    if len(claim.kernels) < 2:
        return []
    if apart(claim):
        return [
            f"each of {names} is judged by itself: one that beats the bound refutes; a support takes all of them, and one that comes near: "
            f"{'to within tau of its growth' if plan.kind.unknowns else 'to within a factor of ten'}, else COVERAGE"
        ]
    how = {
        "for every instance": "the least value of each run",
        "with probability": "the one with the least quantile over the replicates, at every point of each instance",
    }.get(claim.holds.name, "the one with the least mean over the replicates, at every point of each instance")
    shared = "" if claim.holds.name == "for every instance" else f"; they share the error, {plan.alpha:g} / {len(claim.kernels)} a side"
    return [f"of {names}, it is about the best: {how}{shared}"]


def _hitting(claim: Claim) -> list[str]:
    names = [s.name for s, role in claim.where.items() if role.up_to and s in claim.statement.free_symbols]
    if not names:
        return []
    lines = [
        f"{', '.join(names)} must count until the exact criterion is met: a noisy estimate of it is small too early, "
        "and fakes a smaller exponent"
    ]
    if claim.holds.name in ("in expectation, on every instance", "on average over the family"):
        lines.append(
            "one run that gives up leaves the mean unknown (CENSORED): claim a quantile, or what is reached after k, y <= C*k**(-1/p)"
        )
    return lines
