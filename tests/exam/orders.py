"""Comparisons of two measured quantities: portfolios of algorithms under a lower bound, separations, orderings, and paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial

import numpy as np
from sympy import Rational
from worlds import C, Worlds, claim_of, letters, n, verified, y

from theorylab.claim import (
    Claim,
    Control,
    along,
    fixed,
    for_every_instance,
    grows,
    measured,
    previous,
    unknown,
)

from .play import World, outcome
from .row import Row, at_least, at_most

gap, R, L, K, slow, fast, a, b, loss, k = letters("gap R L K slow fast a b loss k")

# Lower bounds: the chain that makes first-order methods slow, one for every number of iterations

CHAIN = {
    K: grows("iterations, on the chain that is made for them", 4, 400),
    L: fixed("smoothness", 2.0),
    R: measured("distance from the start to the solution"),
    gap: measured("gap of the last iterate"),
    C: unknown,
}
CONSTANT = 3 * L * R**2 / (32 * (K + 1) ** 2)


@lru_cache(maxsize=256)
def _chain(method: str, steps: int) -> tuple[float, float]:
    """Gap after these steps, and distance of the start, on Nesterov's chain of 2 steps + 1 variables with smoothness 2."""
    size = 2 * steps + 1
    solution = 1 - np.arange(1, size + 1) / (size + 1)

    def grad(x):
        out = 2 * x
        out[1:] -= x[:-1]
        out[:-1] -= x[1:]
        out[0] -= 1
        return out / 2

    x, z = np.zeros(size), np.zeros(size)
    if method == "told":
        x = (1 - 1 / steps) * solution
    residual = -grad(x)
    direction = residual.copy()
    for step in range(steps):
        match method:
            case "gradient descent" | "told":
                x = x - grad(x) / 2
            case "accelerated":
                forward = z - grad(z) / 2
                z, x = forward + step / (step + 3) * (forward - x), forward
            case "conjugate gradients":
                ahead = grad(direction) - grad(np.zeros(size))
                length = residual @ residual / (direction @ ahead)
                x, before = x + length * direction, residual
                residual = residual - length * ahead
                direction = residual + residual @ residual / (before @ before) * direction
    off = x - solution
    return float(off @ (grad(off) - grad(np.zeros(size))) / 2), float(np.sqrt(solution @ solution))


def _method(method: str, rng, instance, at, lane):
    found = np.array([_chain(method, int(steps)) for steps in at["K"].ravel()]).reshape(*at["K"].shape, 2)
    return {"gap": found[..., 0], "R": found[..., 1]}


KERNELS = {"chain:gd": "gradient descent", "chain:agd": "accelerated", "chain:cg": "conjugate gradients", "chain:told": "told"}
ALL = ("chain:gd", "chain:agd", "chain:cg")


def lower_bound(statement, methods: tuple[str, ...] = ALL) -> Claim:
    """A lower bound over methods on the chain: one that is told where to begin beats it, and of those named one beats it doubled."""
    doubled = (Control("twice the constant", statement=gap >= 2 * CONSTANT),) if not statement.has(C) else ()
    told = Control("a method that is told the solution", simulation="chain:told")
    return claim_of(statement, CHAIN, holds=for_every_instance, simulation=methods, controls=(told, *doubled))


def whole(claim: Claim, laws: Mapping[str, Callable], seed: int) -> Mapping[str, float]:
    """The verdict with its controls, and whether the reason was that no algorithm comes near."""
    result = verified(claim, Worlds(laws, random=False), seed=seed)
    if result.fault or result.verdict is None:
        raise RuntimeError(result.fault)
    return {result.verdict.verdict: 1, "far": "COVERAGE" in result.verdict.reasons}


def _lucky(mean: float, offset: int, rng, instance, at, lane):
    own = np.random.default_rng([lane.seed, lane.replicate, instance, offset])
    return mean * np.sqrt(at["n"]) * np.exp(0.5 * own.standard_normal(at["n"].shape) - 0.125)


def _lower_bounds() -> list[Row]:
    chain = {name: partial(_method, method) for name, method in KERNELS.items()}
    rate, table = C * L * R**2 / (K + 1) ** 2, "lower bounds"
    cases = {
        "the constant, three methods": (lower_bound(gap >= CONSTANT), "supported"),
        "the constant, without conjugate gradients": (lower_bound(gap >= CONSTANT, ALL[:2]), "inconclusive"),
        "the constant, gradient descent alone": (lower_bound(gap >= CONSTANT, (ALL[0], ALL[0])), "inconclusive"),
        "twice the constant": (lower_bound(gap >= 2 * CONSTANT), "refuted"),
        "C/k^2, three methods": (lower_bound(gap >= rate), "supported"),
        "C/k^2, gradient descent alone": (lower_bound(gap >= rate, (ALL[0], ALL[0])), "far"),
        "C/k": (lower_bound(gap >= C * L * R**2 / (K + 1)), "refuted"),
    }
    found = [Row(table, name, partial(whole, claim, chain), 1, (at_least(1, count),), 1) for name, (claim, count) in cases.items()]
    where = {n: grows("size", 100.0, 10_000.0), y: measured("cost")}
    laws = lambda mean: {f"lucky:{i}": partial(_lucky, mean, i) for i in range(4)}  # noqa: E731
    low = claim_of(y >= n ** Rational(1, 2), where, simulation=tuple(laws(1)))
    high = claim_of(y <= n ** Rational(1, 2), where, simulation=tuple(laws(1)))
    lucky = lambda claim, mean, seed: whole(claim, laws(mean), seed)  # noqa: E731
    beaten = (at_most(0.01, "refuted"), at_least(0.97, "inconclusive"))  # without a control that fails nothing is supported
    found.append(Row(table, "four noisy methods, each 1.15 of the bound", partial(lucky, low, 1.15), 100, beaten, 1))
    found.append(
        Row(table, "y <=, the best of four, each 1.4 of the bound", partial(lucky, high, 1.4), 100, (at_least(0.97, "refuted"),), 2)
    )
    return found


# Separations


def _pair(gap_: float, correlation: float, rng, instance, at, lane):
    u = at["n"] / 100.0
    common, one, two = rng.standard_normal((3, *u.shape))
    noise = lambda own: np.exp(0.5 * (correlation**0.5 * common + (1 - correlation) ** 0.5 * own) - 0.125)  # noqa: E731
    return {"slow": u ** (0.5 + gap_) * noise(one), "fast": u**0.5 * noise(two)}


def separation() -> Claim:
    """The slow quantity loses a factor n^(1/4) to the fast one."""
    where = {n: grows("size", 100.0, 10_000.0), slow: measured("cost"), fast: measured("cost of the other", by="truth:fast"), C: unknown}
    return claim_of(slow >= C * fast * n ** Rational(1, 4), where)


def within(true: float, correlation: float, most: int, seed: int) -> Mapping[str, float]:
    """The verdict before controls, and whether it was there after so many replicates."""
    law = partial(_pair, true, correlation)
    verdict = verified(separation(), Worlds({"truth:kernel": law, "truth:fast": law}, random=False), seed=seed).verdict
    if verdict is None or not verdict.parts:
        raise RuntimeError("no verdict")
    found = "supported" if verdict.reasons == ("CONTROL",) else verdict.verdict
    seeds = max(part.replicates for part in verdict.parts)
    return {found: 1, f"{found} at {most}": seeds <= most, "seeds": seeds}


def _separations() -> list[Row]:
    found = []
    for correlation in (0.0, 0.9):
        # A refutation must hold in the upper half and beyond as well, where half of the sizes and of the range are left to see it.
        for true, count, most in ((0.25, "supported", 64), (0.0, "refuted", 64 if correlation else 256)):
            wrong = "refuted" if count == "supported" else "supported"
            reach = (at_least(0.97, f"{count} at {most}"), at_most(0.01, wrong))
            name = f"claimed n^(1/4), truly n^{true:g}, correlation {correlation:g}"
            found.append(Row("separations", name, partial(within, true, correlation, most), 200, reach, 3))
    return found


# Orderings and paths

ORDER = {n: grows("size", 100.0, 10_000.0), a: measured("one variance"), b: measured("the other variance")}
PATH = {k: along("steps", 1, 24), loss: measured("loss")}


def _means(apart: float, correlation: float, rng, instance, at, lane):
    """Two estimates of standard deviation 1 about 10, drawn with a common part; their means lie `apart` from each other."""
    common, one, two = rng.standard_normal((3, *at["n"].shape))
    values = lambda own: 10 + correlation**0.5 * common + (1 - correlation) ** 0.5 * own  # noqa: E731
    return {"a": values(one), "b": values(two) + apart}


def _falls(rises: float, share: float, rng, instance, at, lane):
    """A loss of noise 1 at every step that falls by 2 a step, and once by chance rises by `rises`, on this share of the instances."""
    steps = np.asarray(at["k"], dtype=float)
    own = np.random.default_rng([lane.seed, instance])
    step = own.integers(2, 24)
    level = 100 - 2 * steps
    if instance % round(1 / share) == 0:
        level = level + np.where(steps >= step, 2 + rises, 0.0)
    return level + rng.standard_normal(steps.shape)


def _orders() -> list[Row]:
    found = []
    claim = claim_of(a <= b, ORDER)
    cases = {
        "0.2 sd apart, correlation 0.9": (0.2, 0.9, (at_least(0.97, "supported"), at_most(0.01, "refuted"))),
        "0.2 sd apart, correlation 0": (0.2, 0.0, (at_most(0.01, "refuted"),)),
        "equal, correlation 0.9": (0.0, 0.9, (at_most(0.02, "supported"), at_most(0.01, "refuted"))),
        "equal, correlation 0": (0.0, 0.0, (at_most(0.02, "supported"), at_most(0.01, "refuted"))),
        "reversed by 0.2 sd, correlation 0.9": (-0.2, 0.9, (at_least(0.97, "refuted"), at_most(0.01, "supported"))),
        "reversed by 0.2 sd, correlation 0": (-0.2, 0.0, (at_most(0.01, "supported"),)),
    }
    for name, (apart, correlation, reach) in cases.items():
        world = World(claim, partial(_means, apart, correlation))
        found.append(Row("orderings", f"means {name}", partial(outcome, world), 200, reach, 1))
    paths = {
        "falls under noise": (-2.0, 1.0, (at_least(0.97, "supported"), at_most(0.01, "refuted"))),
        "rises once by 1 sd": (1.0, 1.0, (at_least(0.97, "refuted"), at_most(0.01, "supported"))),
        "rises once, on 10 % of the instances": (1.0, 0.1, (at_least(0.97, "refuted"), at_most(0.01, "supported"))),
        "rests once": (0.0, 1.0, (at_most(0.02, "supported"), at_most(0.01, "refuted"))),
    }
    falling = claim_of(loss <= previous(loss), PATH)
    for name, (rises, share, reach) in paths.items():
        world = World(falling, partial(_falls, rises, share), True)
        found.append(Row("orderings", f"a path that {name}", partial(outcome, world), 100, reach, 1))
    return found


def rows() -> list[Row]:
    """Portfolios, separations, orderings and paths."""
    return [*_lower_bounds(), *_separations(), *_orders()]
