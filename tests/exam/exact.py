"""Statements with an equals sign: means that are equal, and formulas that agree to the last digits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
import xarray as xr
from sympy import Eq
from worlds import Worlds, cells_of, claim_of, n, verified

from theorylab import plan as planning
from theorylab.cells import Cells
from theorylab.claim import Claim, for_every_instance, grows, in_expectation, letters, measured, signed
from theorylab.plan import SEARCH
from theorylab.verdict.parts import Rule
from theorylab.verdict.unbiased import unbiased
from theorylab.verify import FRESH

from .play import World, outcome
from .row import Row, at_least, at_most

BLOCK = 8192
ENTRIES = 50
bias, slope, other = signed("bias slope other")
estimate, truth = letters("estimate truth")

# Unbiasedness: laws (rng, runs, at) -> values of mean zero and deviation one, (runs, ...)

NOISES: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "exponential": lambda rng, shape: rng.exponential(size=shape) - 1,
    "lognormal 1": lambda rng, shape: (rng.lognormal(size=shape) - np.exp(0.5)) / np.sqrt((np.e - 1) * np.e),
    "lognormal 1, falling": lambda rng, shape: -(rng.lognormal(size=shape) - np.exp(0.5)) / np.sqrt((np.e - 1) * np.e),
    "Pareto 3": lambda rng, shape: (rng.random(shape) ** (-1 / 3) - 1.5) / 0.75**0.5,
    "1 % of runs 100 times as large": lambda rng, shape: (
        (np.where(rng.random(shape) < 0.01, 100.0, 1.0) - 1.99 + 0.1 * rng.standard_normal(shape)) / 9.85
    ),
}


@dataclass
class Blocks(Worlds):
    """Worlds whose laws draw many replicates at once: law(rng, count, at) -> the letters, each (count, sizes, own axes)."""

    def data(self, run, lanes, keep=None) -> xr.Dataset:
        """What Worlds.data gives, for a kernel of replicates with at most one swept letter and none along a run."""
        self.asked.append((run, lanes))
        at = {name: np.asarray(values) for name, values in run.sweep}
        rows: dict[str, list[np.ndarray]] = {}
        for i in lanes.instances:
            for name, values in _drawn(self.laws[run.kernel], run.seed, i, np.asarray(lanes.replicates), at).items():
                rows.setdefault(name, []).append(values)
        own = {name: dims for name, _, dims in run.outputs}
        variables = {name: (("instance", "replicate", *at, *own[name]), np.stack(values)) for name, values in rows.items()}
        return xr.Dataset(variables, {"instance": list(lanes.instances), "replicate": list(lanes.replicates), **at})


def _drawn(law: Callable, seed: int, instance: int, replicates: np.ndarray, at: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    blocks = replicates // BLOCK
    drawn = [law(np.random.default_rng([seed, instance, int(b)]), BLOCK, at) for b in np.unique(blocks)]
    places = np.searchsorted(np.unique(blocks), blocks) * BLOCK + replicates % BLOCK
    return {name: np.concatenate([d[name] for d in drawn])[places] for name in drawn[0]}


def tried(claim: Claim, law: Callable, seed: int) -> Mapping[str, float]:
    """What one run counts, as play.outcome does, on a law that draws many replicates at once."""
    result = verified(claim, Blocks({"truth:kernel": law}, random=False), seed=seed)  # type: ignore[arg-type]
    if result.fault or result.verdict is None:
        raise RuntimeError(result.fault or result.note)
    verdict = result.verdict
    found = "supported" if verdict.reasons == ("CONTROL",) else verdict.verdict
    before = found == "refuted" or verdict.reasons == ("UNCONFIRMED",)
    return {found: 1, "refuted before confirmation": before, "seeds": max(p.replicates for p in verdict.parts)}


def at_once(law: Callable, seed: int) -> Mapping[str, float]:
    """What `tried` counts of the scalar claim, a hundred times as fast: the same looks and confirmation without datasets."""
    alphas = planning.plan(SCALAR).alphas
    before, m = _judged(law, seed, 0, range(len(alphas)), alphas)
    verdict = before
    if before == "refuted":
        verdict = "refuted" if _judged(law, seed, FRESH, [len(alphas) - 1], alphas)[0] == "refuted" else "inconclusive"
    return {verdict: 1, "refuted before confirmation": before == "refuted", "seeds": m}


def _judged(law: Callable, seed: int, first: int, looks: Any, alphas: Any) -> tuple[str, int]:
    counts = planning.EQUATION_LOOKS
    drawn = _drawn(law, seed, 0, np.arange(first, first + SEARCH + counts[-1]), {})["bias"]
    verdict, m = "inconclusive", 0
    for look in looks:
        m = counts[look]
        rule = Rule(0.1, alphas[look], sum(alphas), cap=counts[-1])
        verdict = unbiased(_cells(drawn[SEARCH : SEARCH + m]), _cells(drawn[:SEARCH]), rule).verdict
        if verdict != "inconclusive":
            break
    return verdict, m


def _cells(values: np.ndarray) -> Cells:
    none = np.zeros((1, len(values), 1), dtype=bool)
    return replace(_template(), quantity=values[None, :, None], nonfinite=none, censored=none)


@lru_cache(maxsize=1)
def _template() -> Cells:
    return cells_of(SCALAR, np.zeros((1, 2)), {})


def _scalar(noise: str, shift: float, rng, count, at):
    return {"bias": shift + NOISES[noise](rng, (count,))}


def _constant(shift: float, rng, count, at):
    return {"bias": np.full(count, shift)}


def _paired(factor: float, rng, count, at):
    there = rng.exponential(size=count)
    return {"truth": there, "estimate": factor * there * (1 + 0.2 * rng.standard_normal(count))}


def _product(rng, count, at):
    # The square of a mean, estimated by two independent halves: the mean of squares would be 1.25.
    return {"truth": 1 + 0.5 * rng.standard_normal(count), "estimate": np.prod(1 + 0.5 * rng.standard_normal((2, count)), axis=0)}


def _vector(noise: str, shifts: np.ndarray, rng, count, at):
    return {"slope": shifts + NOISES[noise](rng, (count, len(shifts)))}


def _sizes(shift: float, rng, count, at):
    return {"bias": NOISES["normal"](rng, (count, len(at["n"]))) + shift * (np.arange(len(at["n"])) == 3)}


SCALAR = claim_of(Eq(bias, 0), {bias: measured("bias")}, holds=in_expectation)
VECTOR = claim_of(Eq(slope, 0), {slope: measured("bias", dims=("entry",))}, holds=in_expectation)
SWEPT = claim_of(Eq(bias, 0), {n: grows("size", 10.0, 1000.0), bias: measured("bias")}, holds=in_expectation)
PAIRED = claim_of(Eq(estimate, truth), {estimate: measured("estimate"), truth: measured("truth")}, holds=in_expectation)
SQUARED = claim_of(Eq(estimate, truth**2), {estimate: measured("estimate"), truth: measured("mean")}, holds=in_expectation)
ONE = np.eye(ENTRIES)[7]
ALL = np.ones(ENTRIES)


def _unbiasedness() -> list[Row]:
    true = (at_least(0.98, "supported"), at_most(0.001, "refuted"))
    false = (at_least(0.97, "refuted"), at_most(0.01, "supported"))
    # One of fifty standard deviations carried by too few replicates leaves a vector open, and T^2 knows nothing of skewness.
    skew = (at_least(0.85, "supported"), at_most(0.01, "refuted"))
    row = lambda world, claim, law, reach=(), runs=1000, quick=2: Row(  # noqa: E731
        "unbiasedness", world, partial(at_once, law) if claim is SCALAR else partial(tried, claim, law), runs, reach, quick
    )
    found = []
    for noise in ("normal", "lognormal 1", "lognormal 1, falling"):
        for shift in (0.0, 0.02, 0.05, 0.1, 0.2):
            reach = {0.0: true, 0.02: (at_least(0.95, "supported"),), 0.1: false, 0.2: false}.get(shift, ())
            if (noise, shift) == ("normal", 0.2):
                reach = (*reach, at_most(1100, "seeds"))
            if "falling" in noise and shift == 0.1:
                # The bias points away from the long tail, which hides it the longest.
                reach = (at_least(0.94, "refuted"), at_most(0.03, "supported"))
            found.append(row(f"{noise}, bias {shift:g} sd", SCALAR, partial(_scalar, noise, shift), reach))
    for noise in ("exponential", "Pareto 3", "1 % of runs 100 times as large"):
        found.append(row(f"{noise}, no bias", SCALAR, partial(_scalar, noise, 0.0), (at_most(0.001, "refuted"),)))
    found += [
        row("never varies, no bias", SCALAR, partial(_constant, 0.0), (at_least(1.0, "supported"),), 1),
        row("never varies, a bias", SCALAR, partial(_constant, 1e-6), (at_least(1.0, "refuted"),), 1),
        row("truth measured in each run, no bias", PAIRED, partial(_paired, 1.0), true),
        row("truth measured in each run, 5 % too much", PAIRED, partial(_paired, 1.05), false),
        row("square of a measured mean, no bias", SQUARED, _product, true),
        row("13 sizes, no bias", SWEPT, partial(_sizes, 0.0), true, 200),
        row("13 sizes, bias 0.1 sd at one", SWEPT, partial(_sizes, 0.1), false, 200),
        row("50 entries, no bias", VECTOR, partial(_vector, "normal", 0 * ALL), true, 200, 1),
        row("50 entries, lognormal 1, no bias", VECTOR, partial(_vector, "lognormal 1", 0 * ALL), skew, 200, 0),
        row("50 entries, bias 0.3 sd in one", VECTOR, partial(_vector, "normal", 0.3 * ONE), false, 200, 1),
        row("50 entries, bias 0.06 sd in all", VECTOR, partial(_vector, "normal", 0.06 * ALL), false, 200, 1),
    ]
    for noise in ("normal", "lognormal 1"):
        play = partial(at_once, partial(_scalar, noise, 0.0))
        found.append(Row("exact nulls", noise, play, 40_000, (at_most(9 / 40_000, "refuted"),)))
    return found


# Identities: both sides computed in the precision of the run, from inputs that a shake moves by one unit in the last place

Pair = tuple[Any, Any]


def _log_sum(x: np.ndarray, rate: float) -> Pair:
    return x.max() + np.log(np.sum(np.exp(x - x.max()))), np.log(np.sum(np.exp(x)))


def _there_and_back(x: np.ndarray, rate: float) -> Pair:
    return (x[0] + x.dtype.type(rate)) - x.dtype.type(rate), x[0]


def _variance(x: np.ndarray, rate: float) -> Pair:
    moved = x + x.dtype.type(rate**0.5)
    return np.mean(moved**2) - np.mean(moved) ** 2, np.mean((moved - np.mean(moved)) ** 2)


FORMULAS = {"log-sum-exp": _log_sum, "(x + a) - a": _there_and_back, "a variance by squares": _variance}


def _formula(name: str, rate: float, wrong: float, rng, instance, at, lane):
    own = np.random.default_rng([lane.seed, instance])
    x = 1 + own.random(12)
    x = x * (1 + np.finfo(float).eps * np.random.default_rng([lane.nudge]).choice([-1.0, 1.0], 12) * (lane.nudge > 0))
    left, right = FORMULAS[name](x.astype(np.float32 if lane.single else np.float64), rate)
    return {"slope": float(left) * (1 + wrong), "other": float(right)}


IDENTITY = claim_of(Eq(slope, other), {slope: measured("one side"), other: measured("other side")}, holds=for_every_instance)


def _identities() -> list[Row]:
    holds, wrong = (at_least(1.0, "supported"),), (at_least(1.0, "refuted"),)
    open_ = (at_most(0.0, "refuted"), at_most(0.0, "supported"))
    cases = (
        ("log-sum-exp", 1.0, 0.0, holds),
        ("log-sum-exp", 1.0, 1e-11, wrong),
        ("log-sum-exp", 1.0, 5e-9, wrong),
        ("log-sum-exp", 1.0, 0.1, wrong),
        ("(x + a) - a", 1e4, 0.0, holds),
        ("(x + a) - a", 1e4, 1e-6, wrong),
        *(("(x + a) - a", rate, 0.0, open_) for rate in (1e9, 1e12, 1e14)),
        ("a variance by squares", 1e3, 0.0, holds),
        ("a variance by squares", 1e3, 1e-6, wrong),
        *(("a variance by squares", rate, 0.0, open_) for rate in (1e9, 1e12)),
    )
    return [
        Row(
            "identities",
            f"{name}, conditioning {rate:g}, " + (f"wrong by {off:g}" if off else "true"),
            partial(outcome, World(IDENTITY, partial(_formula, name, rate, off), random=True)),
            100,
            reach,
            1,
        )
        for name, rate, off, reach in cases
    ]


def rows() -> list[Row]:
    """Both kinds of equations."""
    return [*_unbiasedness(), *_identities()]
