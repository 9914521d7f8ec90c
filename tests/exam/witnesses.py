"""Bounds that are attained exactly, measured with rounding: no false witness may be left, and those beyond by 1e-6 must be kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from sympy import Rational, log, sqrt
from worlds import SOURCE

from theorylab.claim import Claim, along, fixed, for_every_instance, letters, measured, varies
from theorylab.project import find_project
from theorylab.simulate import Simulator
from theorylab.verify import Options, verify

from .row import Row, at_least, at_most

gap, distance, residual, time, length, area, slope = letters("gap distance residual time length area slope")
k, N, L, R, f_0, x_0, t_0, tau, a, b, S, x, h, p, q, theta, part = letters("k N L R f_0 x_0 t_0 tau a b S x h p q theta part")
PROJECT = Path(__file__).parents[1] / "projects" / "rounding"
BEYOND = 1e-6
QUICK = ("a difference of close numbers", "single precision", "logarithms of large numbers")


def _long(name: str, low: float = 0.1, high: float = 10.0) -> Any:
    return varies(name, low, high, unit="[x]")


FAR = _long("distance from the origin", 1e7, 1e9)
# Each has the kernel, the statement with the bound that the exact quantity attains, and its letters.
ATTAINED: dict[str, tuple[str, Any, Mapping[Any, Any]]] = {
    "gradient descent on Huber's function": (
        "huber",
        gap <= L * R**2 / (4 * N + 2),
        {
            N: varies("steps", 5, 50),
            L: varies("smoothness", 0.1, 10.0, unit="[f]/[x]^2"),
            R: _long("start"),
            f_0: varies("level", 1e6, 1e7, unit="[f]"),
            gap: measured("value", unit="[f]"),
        },
    ),
    "gradient descent far from the origin": (
        "descent",
        distance <= R * Rational(1, 2) ** k,
        {
            k: along("steps", 1, 8),
            L: varies("smoothness", 0.1, 10.0, unit="[f]/[x]^2"),
            x_0: _long("solution", 1e6, 1e8),
            R: _long("start"),
            distance: measured("distance", unit="[x]"),
        },
    ),
    "Halpern on a reflection": (
        "halpern",
        residual <= 2 * R / (k + 1),
        {k: along("steps", 1, 16), x_0: _long("solution", 1e6, 1e7), R: _long("start"), residual: measured("residual", unit="[x]")},
    ),
    "a long sum": (
        "clock",
        time <= N * tau,
        {
            N: varies("steps", 1000, 10_000),
            t_0: varies("start", 1e6, 1e8, unit="[s]"),
            tau: varies("step", 0.1, 10.0, unit="[s]"),
            time: measured("time", unit="[s]"),
        },
    ),
    "a long product": (
        "product",
        length <= R,
        {N: varies("factors", 10_000, 100_000), R: _long("length"), length: measured("rest", unit="[x]")},
    ),
    "a difference of squares": (
        "squares",
        area <= b * (2 * a + b),
        {a: _long("length", 1e6, 1e7), b: _long("difference"), area: measured("area", unit="[x]^2")},
    ),
    "a variance by means of squares": (
        "variance",
        area <= R**2,
        {x_0: _long("mean", 1e3, 1e4), R: _long("deviation"), area: measured("variance", unit="[x]^2")},
    ),
    "a difference of close numbers": ("shifted", length <= R, {x_0: FAR, R: _long("length"), length: measured("length", unit="[x]")}),
    "logarithms of large numbers": (
        "logarithms",
        length <= R,
        {R: _long("length"), S: varies("shift", 1e6, 1e8), length: measured("length", unit="[x]")},
    ),
    "single precision": ("single", length <= R, {R: _long("length"), length: measured("length", unit="[x]")}),
    "gradient descent in single precision": (
        "single_descent",
        distance <= R * Rational(2, 3) ** k,
        {
            k: along("steps", 1, 8),
            L: varies("smoothness", 0.1, 10.0, unit="[f]/[x]^2"),
            R: _long("start"),
            distance: measured("distance", unit="[x]"),
        },
    ),
    "a difference quotient": (
        "slope",
        slope <= a,
        {
            a: varies("slope", 0.1, 10.0, unit="[f]/[x]"),
            x: _long("place", 1e2, 1e3),
            h: _long("step", 1e-5, 1e-4),
            slope: measured("quotient", unit="[f]/[x]"),
        },
    ),
    "a difference of norms": (
        "norms",
        length <= R,
        {x_0: _long("far", 1e7, 1e8), R: _long("length"), length: measured("length", unit="[x]")},
    ),
    "the small root of a quadratic": (
        "roots",
        length <= q**2 / (p + sqrt(p**2 + q**2)),
        {p: _long("half the sum", 1e3, 1e4), q: _long("product's root"), length: measured("root", unit="[x]")},
    ),
    "a telescoping sum": (
        "telescope",
        length <= R * N / (N + 1),
        {N: varies("terms", 1000, 10_000), R: _long("length"), length: measured("sum", unit="[x]")},
    ),
}
# Pure numbers beside a singularity: no unit changes how they round, nor does a last digit.
WITHOUT_UNITS: dict[str, tuple[str, Any, Mapping[Any, Any]]] = {
    "a small angle from its cosine": ("angle", length <= theta, {theta: varies("angle", 1e-4, 1e-3), length: measured("angle")}),
    "log(1 - x) of a small x": (
        "compound",
        length <= N * -log(1 - x),
        {N: varies("times", 100, 1000), x: varies("share", 1e-8, 1e-7), length: measured("logarithm")},
    ),
}


@lru_cache(maxsize=1)
def _simulator() -> Simulator:
    return Simulator(find_project(PROJECT))


def witness(world: tuple[str, Any, Mapping[Any, Any]], beyond: float, seed: int) -> Mapping[str, float]:
    """Whether a violation was found on any of 96 instances, and whether it was left."""
    kernel, statement, where = world
    factor = fixed("what the quantity is multiplied by", 1.0 + beyond)
    claim = Claim("Attained.", SOURCE, statement, {**where, part: factor}, holds=for_every_instance, simulation=f"rounding:{kernel}")
    result = verify(claim, _simulator(), Options(seed=seed))
    if result.fault or result.verdict is None:
        raise RuntimeError(result.fault or result.note)
    refuted = result.verdict.verdict == "refuted"
    return {"refuted": refuted, "violations found": refuted or "ROUNDING" in result.verdict.reasons}


def rows() -> list[Row]:
    """Every bound attained, and broken by 1e-6, with units and without; the tests play three of them."""

    def row(table: str, name: str, world: Any, beyond: float) -> Row:
        reach = at_least(0.95, "refuted") if beyond else at_most(0.0, "refuted")
        reached = () if table == "witnesses without units" and not beyond else (reach,)
        said = f"{name}, {f'beyond by {beyond:g}' if beyond else 'attained'}"
        return Row(table, said, partial(witness, world, beyond), 20, reached, quick=int(name in QUICK and table == "witnesses"))

    plain = {name: (kernel, statement, _without_units(where)) for name, (kernel, statement, where) in (ATTAINED | WITHOUT_UNITS).items()}
    tables = {"witnesses": ATTAINED, "witnesses without units": plain}
    return [row(table, *world, beyond) for table, worlds in tables.items() for beyond in (0.0, BEYOND) for world in worlds.items()]


def _without_units(where: Mapping[Any, Any]) -> dict[Any, Any]:
    return {symbol: replace(role, unit="1") for symbol, role in where.items()}
