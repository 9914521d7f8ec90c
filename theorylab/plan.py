"""Claim -> Plan: the grid of the swept letters, the instances, the replicates at each look, and how sharp the test must be."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import sympy

from .blocks import measured_in_blocks, quantile_block
from .bound import evaluate, holds
from .claim import Claim
from .design import ends, points, together
from .kind import Kind, equation, kind_of
from .orders import by_steps

LOOKS = (8, 16, 32, 64, 128, 256)
# A bias of a tenth of a standard deviation takes thousands of replicates to see.
EQUATION_LOOKS = (64, 256, 1024, 4096)
SEARCH = 16
TOP = 5
SIZES = 13
EVEN = 24
EVERY = 40
INSTANCES = {
    "quick": {"for every instance": 96, "on average over the family": 8},
    "full": {"for every instance": 459, "on average over the family": 8},
}
NOISY_INSTANCES = {"quick": 96, "full": 459}
# Runs that a search for the worst instance takes on each family: so many for each instance of the claim, not fewer and not more than these.
SEARCHED = {"quick": (2, 16, 512), "full": (32, 256, 8192)}
TAU = 0.1


@dataclass(frozen=True)
class Plan:
    """What is to be measured for a claim.

    `sweep` holds the values of grows, shrinks and sized letters, in all combinations but for those that are swept `together`: one value
    of each at every point. `along` the name and checkpoints of the letter read off one run,
    `varies` one value of each boxed letter per instance. A look takes that many replicates; `alphas` is the error spent at each.
    """

    claim: Claim
    kind: Kind
    sweep: Mapping[str, np.ndarray]
    along: tuple[str, np.ndarray] | None
    varies: Mapping[str, np.ndarray]
    fixed: Mapping[str, float]
    instances: int
    looks: tuple[int, ...]
    tau: float
    alpha: float
    seed: int
    tier: str
    together: tuple[str, ...] = ()

    @property
    def alphas(self) -> tuple[float, ...]:
        """Error spent at each look, in proportion to its replicates, so that the errors of all looks add up to alpha."""
        return tuple(self.alpha * m / sum(self.looks) for m in self.looks)

    @property
    def noisy(self) -> bool:
        """Whether the claim is about an expectation or a probability, so that replicates carry the test."""
        return self.claim.holds.name != "for every instance"

    @property
    def block(self) -> int:
        """How many runs make one replicate of a quantile; 0 where each run is one by itself."""
        return quantile_block(self.claim) if measured_in_blocks(self.claim, self.kind.form) else 0


def searched(tier: str, instances: int) -> int:
    """How many runs a search for the worst of a family takes, where the claim has so many instances."""
    each, least, most = SEARCHED[tier]
    return min(max(each * instances, least), most)


def plan(
    claim: Claim,
    *,
    takes: frozenset[str] | None = None,
    tier: str = "quick",
    alpha: float = 0.01,
    seed: int = 0,
    tau: float | None = None,
) -> Plan:
    """The plan of a claim. `takes` are the letters that its kernels take; `tau` is given for a control, which is judged by its claim's."""
    kind = kind_of(claim)
    where = {symbol.name: role for symbol, role in claim.where.items()}
    sweep = swept(where, seed)
    name = _along(claim, takes)
    consecutive = kind.form == "explicit" or by_steps(kind)
    along = (name, checkpoints(where[name], consecutive, kind.form == "rate", by_steps(kind))) if name else None
    noisy = claim.holds.name in ("in expectation, on every instance", "with probability")
    instances = claim.instances or (NOISY_INSTANCES[tier] if noisy else INSTANCES[tier][claim.holds.name])
    boxed = {name: role for name, role in where.items() if role.kind == "varies"}
    return Plan(
        claim=claim,
        kind=kind,
        sweep=sweep,
        along=along,
        varies=boxes(boxed, instances, seed),
        fixed={name: role.value for name, role in where.items() if role.kind == "fixed" and role.value is not None},
        instances=instances,
        looks=looks(claim, sweep, along, alpha),
        tau=resolution(claim, kind, sweep, along) if tau is None else tau,
        alpha=alpha,
        seed=seed,
        tier=tier,
        together=together(where),
    )


def swept(roles: Mapping[str, Any], seed: int, stretch: float = 1.0) -> dict[str, np.ndarray]:
    """The values of the letters that one lane each is run for, at points or on a grid; every range that has an end is lengthened."""
    scattered = points({name: roles[name] for name in together(roles)}, seed, stretch) if together(roles) else {}
    single = [name for name, role in roles.items() if role.swept and role.kind != "along"]
    return {name: scattered[name] if name in scattered else grid(roles[name], stretch) for name in single}


def looks(claim: Claim, sweep: Mapping[str, np.ndarray], along: Any, alpha: float) -> tuple[int, ...]:
    """Replicates at each look, by kind. A probability's first look is where no violation at all supports it."""
    if claim.holds.name == "for every instance":
        return (1,)
    if claim.holds.probability is None:
        return EQUATION_LOOKS if equation(claim, kind_of(claim)) else LOOKS
    if measured_in_blocks(claim, kind_of(claim).form):
        return tuple(blocks * quantile_block(claim) for blocks in LOOKS)
    allowed = 1 - evaluate(claim.holds.probability, sample(claim, dict(sweep) | ({along[0]: along[1]} if along else {}))).value
    first = int(np.ceil(np.log(alpha / 15) / np.log1p(-float(np.clip(np.min(allowed), 1e-3, 0.5)))))
    return tuple(first * 2**n for n in range(4))


def grid(role: Any, stretch: float = 1.0) -> np.ndarray:
    """The values of a swept letter, log-spaced; whole numbers where its range is. The length of an array is not stretched."""
    if role.among:
        return np.asarray(role.among)
    values = np.geomspace(*ends(role, stretch if role.kind != "sized" else 1.0), SIZES)
    return np.unique(np.rint(values).astype(int)) if role.integer else values


def checkpoints(role: Any, consecutive: bool = False, even: bool = False, steps: bool = False) -> np.ndarray:
    """Where a run is read: log-spaced from the first value to the last; `consecutive` adds each one's predecessor.

    Statements with previous() need those, and explicit ones take them too, so that a paper's claims share their runs. `steps` reads a
    short path at every step, since a rise may be at any of them.
    """
    decades = abs(np.log10(role.high / role.low))
    values = np.geomspace(role.low, role.high, int(np.clip(8 * decades, 12, 40)))
    if not role.integer:
        return values
    if even:
        # A geometric decay is as long at its end as at its start, and a cycle is seen only by several points in it.
        values = np.concatenate([values, np.linspace(role.low, role.high, EVEN)])
    if steps and abs(role.high - role.low) < EVERY:
        values = np.arange(min(role.low, role.high), max(role.low, role.high) + 1)
    values = np.unique(np.rint(values).astype(int))
    falls = role.low > role.high
    if consecutive:
        # The step before, in the order in which the run meets them.
        values = np.unique(np.concatenate([values, values + 1 if falls else values[values > 0] - 1]))
    return values[::-1] if falls else values


def boxes(roles: Mapping[str, Any], instances: int, seed: int) -> dict[str, np.ndarray]:
    """A value of each boxed letter for every instance: the corners of the box first, then a low-discrepancy sequence in its logarithm.

    Letters with few admissible values run through all combinations. An instance's values do not depend on how many instances there are.
    """
    values: dict[str, np.ndarray] = {}
    listed = {name: role.among for name, role in roles.items() if role.among}
    combinations = list(product(*listed.values()))
    for position, name in enumerate(listed):
        values[name] = np.asarray([combinations[i % len(combinations)][position] for i in range(instances)])
    ranged = [name for name, role in roles.items() if not role.among]
    corners = list(product((0.0, 1.0), repeat=len(ranged)))[: instances // 4] if len(ranged) <= 3 else []
    for position, name in enumerate(ranged):
        role = roles[name]
        ratio = 1 / (1.0 + 1 / (len(ranged) + 1)) ** (position + 1) if len(ranged) > 1 else (5**0.5 - 1) / 2
        unit = (_hash01(f"{seed}/{name}") + ratio * np.arange(instances)) % 1.0
        for index, corner in enumerate(corners):
            unit[index] = corner[position]
        points = role.low * (role.high / role.low) ** unit
        values[name] = np.clip(np.rint(points).astype(int), int(role.low), int(role.high)) if role.integer else points
    return values


def admissible(claim: Claim, values: Mapping[str, Any]) -> Any:
    """Whether cells lie inside the assumptions on letters that the plan supplies; cells outside are never run."""
    table = {claim.letter(name): value for name, value in values.items()}
    inside: Any = True
    for relation in claim.assuming:
        if relation.free_symbols <= set(table):
            inside = inside & holds(relation, table)
    return inside


def resolution(claim: Claim, kind: Kind, sweep: Mapping[str, np.ndarray], along: Any) -> float:
    """tau: half the smallest slope gap between the bound and its controls' statements on the plan's own axes, and at most 0.1."""
    gaps = []
    for control in claim.controls:
        if "statement" in control.replaced and control.expect.verdict == "refuted":
            rival = claim.under(control)
            gaps += [abs(gap) for gap in slope_gaps(claim, kind, rival, kind_of(rival), sweep, along).values() if abs(gap) > 0.02]
    return min([TAU, *(gap / 2 for gap in gaps)])


def slope_gaps(claim: Claim, kind: Kind, rival: Claim, rival_kind: Kind, sweep: Mapping[str, np.ndarray], along: Any) -> dict[str, float]:
    """By how much the rival's bound grows faster (or slower) than the claim's on each axis, as a slope in the axis' own coordinate.

    In a sum of terms, where the term rules for which that is most.
    """
    axes = dict(sweep) | ({along[0]: along[1]} if along else {})
    gaps: dict[str, float] = {}
    for name, values in axes.items():
        letter = claim.letter(name)
        if name not in {s.name for s in kind.bound.free_symbols | rival_kind.bound.free_symbols} or np.min(values) <= 0:
            continue
        table = sample(claim, {name: values})
        rivals = table | sample(rival, {name: values})
        for mine, other in ((growth(a, table), growth(b, rivals)) for a, b in shapes(kind, rival_kind)):
            x = -mine if letter in kind.geometric else np.log(values) * (-1 if claim.where[letter].kind == "shrinks" else 1)
            # Where a bound is 0 or infinite it has no slope.
            known = np.broadcast_to(np.isfinite(mine) & np.isfinite(other), values.shape)
            x, mine, other = (np.broadcast_to(part, values.shape)[known] for part in (x, mine, other))
            spread = x - np.mean(x) if known.any() else x
            if not np.allclose(spread, 0):
                gaps[name] = max(gaps.get(name, 0.0), float(spread @ (other - mine) / (spread @ spread)), key=abs)
    return gaps


def shapes(kind: Kind, rival: Kind) -> list[tuple[Any, Any]]:
    """What fixes the shape of a bound, beside its rival's: the bound without its constants; of a rate what multiplies them; each term."""
    whole = rival.per_step if rival.form == "rate" else rival.scale
    if kind.form != "terms":
        return [(kind.per_step if kind.form == "rate" else kind.scale, whole)]
    return [(term, dict(rival.terms).get(constant, whole)) for constant, term in kind.terms]


def growth(expression: Any, table: Mapping[Any, Any]) -> np.ndarray:
    """The logarithm of an expression."""
    return np.asarray(evaluate(expression, table).log, dtype=float)


def sample(claim: Claim, axes: Mapping[str, np.ndarray]) -> dict[Any, Any]:
    """Values for every letter of a bound, to evaluate it without data: along the given axes, the others in the middle of their ranges."""
    table: dict[Any, Any] = {}
    for symbol, role in claim.where.items():
        if symbol.name in axes:
            table[symbol] = np.asarray(axes[symbol.name], dtype=float)
        elif role.kind == "fixed":
            table[symbol] = role.value
        elif role.low is not None and role.high is not None:
            table[symbol] = float(np.sqrt(role.low * role.high))
        else:
            table[symbol] = 1.0
            table[sympy.Function("previous", positive=True)(symbol)] = 1.0
            table[sympy.Function("previous", real=True)(symbol)] = 1.0
    return table


def _along(claim: Claim, takes: frozenset[str] | None) -> str | None:
    """The along letter of this claim: the one that its kernels take, or else the one in its statement, or the only one."""
    names = [symbol.name for symbol, role in claim.where.items() if role.kind == "along"]
    stated = {s.name for s in claim.statement.free_symbols}
    for candidates in ([n for n in names if takes and n in takes], [n for n in names if n in stated], names):
        if len(candidates) == 1:
            return candidates[0]
    return None


def _hash01(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48
