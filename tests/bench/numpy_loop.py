"""Through simulate against a loop over seeds in plain NumPy.

The same algorithm for as many iterations, written with NumPy's vector operations and run seed by seed, with its problem given; simulate
draws and solves the problem too. The times are per run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np

from theorylab.project import Project, find_project, load
from theorylab.simulate import Run

from .by_hand import run_of, through_simulate
from .row import Row, at_least
from .timing import ROOT, paired

ORDER = 2
SEEDS = 4


AVERAGED = Run(
    kernel="subgradient:averaged",
    family="absolute:symmetric",
    sweep=(("T", (4096,)),),
    along=None,
    varies=(),
    fixed=(("D", 1.0),),
    sized=frozenset(),
    outputs=(("gap", "gap", ()),),
    seed=0,
    block=128,
)


def measure(claims: str) -> Iterator[Row]:
    """The ratio of the times for a stochastic and a deterministic kernel."""
    project = find_project(ROOT)
    exact = run_of(project, "tiapkin2025_nash.last_iterate", "games:random_skew")
    for run, loop, steps in ((AVERAGED, subgradient, 4096), (exact, mirror_prox, max(exact.along[1] if exact.along else ()))):
        simulate, lanes = through_simulate(project, run)
        ratio, plain, mine = paired(loop(project, run), simulate)
        shown = f" ({plain / SEEDS * 1e3:.3g} ms and {mine / lanes * 1e3:.3g} ms a run)"
        yield at_least(f"{run.kernel} on {run.family}, {steps} steps", ratio * lanes / SEEDS, 20, " x", shown)


def subgradient(project: Project, run: Run) -> Callable[[], Any]:
    """Subgradient steps on the sum of absolute values of ten coordinates, all noise of a run drawn at once."""
    f, T = _problem(project, run), int(run.sweep[0][1][0])
    length = f.D / f.G / T**0.5

    def one(seed: int) -> float:
        words = np.random.default_rng(seed).integers(2**16, size=(T, len(f.start)), dtype=np.uint16)
        noise = (words - (2**16 - 1) / 2) * (12 / (2**32 - 1)) ** 0.5
        x, total = f.start, np.zeros_like(f.start)
        for i in range(T):
            total = total + x
            x = x - length * (np.where(x > 0, f.right, np.where(x < 0, -f.left, 0.0)) + noise[i])
        mean = total / T
        return float(np.maximum(f.right * mean, -f.left * mean).sum())

    return lambda: [one(seed) for seed in range(SEEDS)]


def mirror_prox(project: Project, run: Run) -> Callable[[], Any]:
    """Two answers a step on log-policies, and what the kernel shows of them at its checkpoints."""
    game, checkpoints = _problem(project, run), np.asarray(run.along[1] if run.along else ())
    gamma = dict(run.fixed).get("gamma", 2.0)

    def normal(z: np.ndarray) -> np.ndarray:
        z = z - z.max()
        return z - np.log(np.exp(z).sum())

    def answer(policy: np.ndarray, opponent: np.ndarray) -> np.ndarray:
        weight = gamma * game.beta
        anchor = normal((policy + weight * game.log_reference) / (1 + weight))
        return normal(anchor + game.payoff @ np.exp(opponent) / (game.beta + 1 / gamma))

    def kl(p: np.ndarray, q: np.ndarray) -> float:
        return float(np.sum(np.exp(p) * (p - q)))

    def one() -> list[Any]:
        policy, shown, wanted = game.start, [], {int(k) for k in checkpoints}
        for i in range(int(checkpoints[-1]) + 1):
            if i in wanted:
                shown.append((kl(game.solution, policy), kl(policy, game.solution)))
            policy = answer(policy, answer(policy, policy))
        return shown

    return lambda: [one() for _ in range(SEEDS)]


def _problem(project: Project, run: Run) -> Any:
    """The first instance with NumPy arrays and Python numbers, as a NumPy loop would have it."""
    given = dict(run.fixed) | {name: values[0] for name, values in (*run.varies, *run.sweep)}
    pair = load(project, run.family or "", "simulations/problems")
    take = lambda function: {n: given[n] for n in function.__code__.co_varnames[: _parameters(function)] if n in given}  # noqa: E731
    with jax.enable_x64(True):
        built = pair.build(pair.draw(jax.random.key(0), **take(pair.draw)), **take(pair.build))
        names = [name for name in dir(built) if not name.startswith("_") and not callable(getattr(built, name))]
        values = {name: np.asarray(getattr(built, name)) for name in names}
    return SimpleNamespace(**{name: value.item() if value.ndim == 0 else value for name, value in values.items()})


def _parameters(function: Any) -> int:
    return function.__code__.co_argcount + function.__code__.co_kwonlyargcount
