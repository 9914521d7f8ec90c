"""Real algorithms end to end: each as its theorem has it and broken, on instances that tell them apart and on benign ones.

A claim is tried on one family at a time. An algorithm's verdict is that of the statement on its runs; `the claim` is what the whole comes
to, since a support needs every broken algorithm caught. A row's name says where a first study of the same algorithms, by rules that
these grew out of, came to another verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from math import isfinite
from pathlib import Path

from sympy import Rational, log, sqrt

from theorylab.claim import (
    Claim,
    Control,
    Source,
    along,
    fixed,
    for_every_instance,
    grows,
    in_expectation,
    letters,
    measured,
    signed,
    unknown,
    varies,
)
from theorylab.project import find_project
from theorylab.result import Result
from theorylab.simulate import Run, Simulator
from theorylab.verdict.judge import combine
from theorylab.verify import verify

from .row import Row, at_least

ROOT = Path(__file__).parents[2]
K, T, C, D, G = letters("K T C D G")
gap = letters("gap")
regret = signed("regret")
k, n, L, L_F, residual = letters("k n L L_F residual")
beta, squared, distance = letters("beta squared distance")

BOOK = Source("Cesa-Bianchi & Lugosi", "Prediction, Learning, and Games", year=2006, venue="Cambridge University Press")
ROBUST = Source(
    "Nemirovski, Juditsky, Lan & Shapiro",
    "Robust stochastic approximation approach to stochastic programming",
    year=2009,
    venue="SIAM Journal on Optimization",
)
LIEDER = Source("Lieder", "On the convergence rate of the Halpern-iteration", year=2021, venue="Optimization Letters")
ROCKAFELLAR = Source(
    "Rockafellar",
    "Monotone operators and the proximal point algorithm",
    year=1976,
    venue="SIAM Journal on Control and Optimization",
)

RATES = {
    "eta = 2": "constant_rate",
    "follow the leader": "follow_the_leader",
    "eta ~ 1/T": "slow_rate",
    "eta ~ T^-1/4": "fast_rate",
    "eta / 4": "quarter_rate",
}
ADVERSARIES = {"coin losses": "coins", "leader-penalising": "leader_pays", "alternating": "alternating", "gap": "gap"}
STEPS = {"constant": "constant_step", "1/T": "shortest_step", "T^-1/4": "long_step", "T^-3/4": "short_step"}
ANCHORS = {"1/sqrt(k + 2)": "slow_anchor", "none": "unanchored"}


FORMS = ("exponent", "constant")
BLIND = "without starts at the solution"

# The verdicts by their initials: on the algorithm itself; on its broken versions, in their order; on the mutant of an exponent; on the
# whole claim.
SAYS = {
    "Hedge on coin losses, exponent": "s sssss r i",
    "Hedge on coin losses, constant": "s sssss i",
    "Hedge on leader-penalising, exponent": "s rrsrs r i",
    "Hedge on leader-penalising, constant": "s rrsrs i",
    "Hedge on alternating, exponent": "s rrrrs r i",
    "Hedge on alternating, constant": "s rrrrr s",
    "Hedge on gap, exponent": "s iirss r i",
    "Hedge on gap, constant": "s iirsr i",
    "Hedge on the last three, exponent": "s rrrrs r i",
    "Hedge on the last three, constant": "s rrrrr s",
    "SGD on asymmetric abs(x), exponent": "s rrrr r s",
    "SGD on asymmetric abs(x), constant": "s rrrr s",
    "SGD on symmetric abs(x), exponent": "s srsr r i",
    "SGD on symmetric abs(x), constant": "s srsr i",
    "Halpern on rotations, exponent": "s rr r s",
    "Halpern on rotations, constant": "s rr s",
    "proximal point on a pull, exponent": "s s r i",
    "proximal point on a pull, constant": "s s i",
    "proximal point on a pull and a swirl, exponent": "s r r s",
    "proximal point on a pull and a swirl, constant": "s r s",
    f"proximal point on a pull {BLIND}, exponent": "s s r i",
    f"proximal point on a pull {BLIND}, constant": "i i i",
}
# Where the first study came to another verdict: a regret of exactly 1 at every horizon is a number that never moves, which is taken for
# a kernel that measures nothing; and a trend is read down to 1e-12 of the start and no further, whether or not a floor is known.
ELSEWHERE = {
    ("Hedge on gap, exponent", "eta = 2"): "supported",
    ("Hedge on gap, exponent", "follow the leader"): "supported",
    ("Hedge on gap, constant", "eta = 2"): "supported",
    ("Hedge on gap, constant", "follow the leader"): "supported",
    (f"proximal point on a pull {BLIND}, exponent", "the algorithm"): "inconclusive",
}


def hedge(form: str, *families: str) -> Claim:
    """The regret of Hedge against adversaries, its broken rates as controls; form is "exponent" or "constant"."""
    exponent = form == "exponent"
    return Claim(
        "The regret of Hedge grows like the root of the horizon.",
        BOOK.at("Theorem 2.2", basis="recalled"),
        regret <= (C * sqrt(T) if exponent else sqrt(T * log(K) / 2)),
        {
            T: grows("rounds", 100, 6400),
            K: fixed("actions", 10),
            regret: measured("loss beyond that of the best action"),
            C: unknown,
        },
        # Coins are the only adversary that throws any.
        holds=in_expectation if "coin losses" in families else for_every_instance,
        simulation="hedge:hedge",
        problems=tuple(f"losses:{ADVERSARIES[family]}" for family in families),
        controls=(
            *(Control(name, simulation=f"hedge:{kernel}") for name, kernel in RATES.items()),
            *([Control("exponent -.25", statement=regret <= C * T ** Rational(1, 4))] if exponent else []),
        ),
    )


def subgradient(form: str, family: str) -> Claim:
    """The gap of averaged subgradient steps on a function with a kink, other powers of the horizon as controls."""
    exponent = form == "exponent"
    return Claim(
        "The gap of the average falls like one over the root of the horizon.",
        ROBUST.at("Section 2.2", basis="recalled"),
        gap <= (C if exponent else 1) * D * G / sqrt(T),
        {
            T: grows("steps", 100, 6400),
            D: fixed("distance from the start to the solution", 1.0),
            G: measured("root mean square of a subgradient"),
            gap: measured("f at the average beyond its minimum"),
            C: unknown,
        },
        holds=in_expectation,
        simulation="subgradient:averaged",
        problems=f"absolute:{family}",
        controls=(
            *(Control(name, simulation=f"subgradient:{kernel}") for name, kernel in STEPS.items()),
            *([Control("exponent -.25", statement=gap <= C * D * G * T ** Rational(-3, 4))] if exponent else []),
        ),
    )


def halpern(form: str) -> Claim:
    """The residual of the classical Halpern iteration on 64 rotations, other anchors as controls."""
    bound = L_F * D / (k + 1)
    exponent = form == "exponent"
    return Claim(
        "The residual falls like one over k.",
        LIEDER.at("the rate, as Yoon & Loizou restate it", basis="restated"),
        residual <= (C * bound if exponent else bound),
        {
            k: along("iterations", 1, 10_000),
            n: fixed("component operators", 64),
            L: fixed("cocoercivity constant of the components", 1.0),
            D: fixed("distance from the start to the solution", 1.0),
            L_F: measured("cocoercivity constant of F"),
            residual: measured("norm of F at the last iterate"),
            C: unknown,
        },
        simulation="halpern:deterministic",
        problems="monotone:rotations",
        instances=64,
        controls=(
            *(Control(name, simulation=f"halpern:{kernel}") for name, kernel in ANCHORS.items()),
            *([Control("exponent -.25", statement=residual <= C * bound / (k + 1) ** Rational(1, 4))] if exponent else []),
        ),
    )


def proximal(form: str, *families: str) -> Claim:
    """The squared distance of the proximal point iteration, the explicit step as a control."""
    bound = distance * (1 + beta) ** (-2 * k)
    exponent = form == "exponent"
    return Claim(
        "Each step contracts by one over one plus the modulus.",
        ROCKAFELLAR.at("the linear rate for strongly monotone operators", basis="recalled"),
        squared <= (C * bound if exponent else bound),
        {
            k: along("iterations", 1, 2000),
            beta: varies("modulus of strong monotonicity", 0.05, 0.5),
            distance: measured("squared distance of the start"),
            squared: measured("squared distance of the iterate"),
            C: unknown,
        },
        simulation="proximal:proximal_point",
        problems=tuple(f"swirls:{family}" for family in families),
        instances=16,
        controls=(
            Control("explicit step", simulation="proximal:explicit_step"),
            *([Control("rate +.25", statement=squared <= C * bound ** Rational(5, 4))] if exponent else []),
        ),
    )


def cases() -> dict[str, Claim]:
    """The claims of the table, by name."""
    claims: dict[str, Claim] = {}
    for form in FORMS:
        claims |= {f"Hedge on {family}, {form}": hedge(form, family) for family in ADVERSARIES}
        claims[f"Hedge on the last three, {form}"] = hedge(form, *list(ADVERSARIES)[1:])
        claims |= {f"SGD on {family} abs(x), {form}": subgradient(form, family) for family in ("asymmetric", "symmetric")}
        claims[f"Halpern on rotations, {form}"] = halpern(form)
        claims[f"proximal point on a pull, {form}"] = claims[f"proximal point on a pull {BLIND}, {form}"] = proximal(form, "pull")
        claims[f"proximal point on a pull and a swirl, {form}"] = proximal(form, "pull", "swirl")
    return claims


class Blind(Simulator):
    """A simulator whose problems do not know their solution."""

    def has_solution(self, run: Run) -> bool:
        """Never."""
        return False


@lru_cache(maxsize=2)
def simulator(blind: bool) -> Simulator:
    """The kernels of this project."""
    return (Blind if blind else Simulator)(find_project(ROOT))


@lru_cache(maxsize=64)
def result(case: str) -> Result:
    """What a run finds out about one of the claims."""
    found = verify(cases()[case], simulator(BLIND in case))
    if found.fault:
        raise RuntimeError(found.fault)
    return found


def verdicts(case: str) -> dict[str, tuple[str, float | None]]:
    """The verdict on the algorithm, on each control and on the whole claim, each with the largest measured / bound where that is known."""
    verdict = result(case).verdict
    assert verdict is not None
    own = {"the algorithm": (combine(verdict.parts).verdict, verdict.tightness)}
    controls = {c.title: (c.verdict, c.part.tightness if c.part else None) for c in verdict.controls}
    return own | controls | {"the claim": (verdict.verdict, None)}


def said(case: str) -> dict[str, str]:
    """What the verdicts of a case must be."""
    spelt = {"s": "supported", "r": "refuted", "i": "inconclusive"}
    names = ["the algorithm", *(control.title for control in cases()[case].controls), "the claim"]
    return {name: spelt[initial] for name, initial in zip(names, SAYS[case].replace(" ", ""), strict=True)}


def play(case: str, name: str, seed: int) -> Mapping[str, float]:
    """One verdict; the seed is the project's own, as for anybody who runs the claim."""
    verdict, ratio = verdicts(case)[name]
    return {verdict: 1} | ({"ratio": ratio} if ratio is not None and isfinite(ratio) else {})


def rows() -> list[Row]:
    """Every verdict of the table, once: none of them is left to chance that another seed would change."""
    return [
        Row("real algorithms", f"{case}: {name}{_elsewhere(case, name)}", partial(play, case, name), 1, (at_least(1, word),), quick=0)
        for case in SAYS
        for name, word in said(case).items()
    ]


def _elsewhere(case: str, name: str) -> str:
    other = ELSEWHERE.get((case, name))
    return f" ({other} in a first study)" if other else ""
