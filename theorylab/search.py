"""The worst instance of a claim: what the theorem leaves free is moved to where measured / bound is largest.

Moved are the numbers that a family is built of, and the letters with a range that a run takes; the families keep all of it inside the
theorem's class. Differential evolution looks everywhere; where the kernel has gradients, an ascent from the best goes on. Nothing here
decides: the worst instance that is found is judged like any other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import differential_evolution

from .cells import NUMERICAL, Cells
from .claim import Claim
from .instance import Found
from .kind import Kind
from .simulate import KernelFault, Run

# Parameters are sought within so many times the size that they are drawn with: families bend them into their class, which ends there.
REACH = 10.0
FEWEST = 8
DRAWN = 96
# An ascent goes on from so many candidates at once. A gradient counts as the runs that it costs, the one that it is taken at included.
STARTS = 16
GRADIENT = 3
LEAST_STEPS = 8
MOST_STEPS = 48
# Runs of one instance that stand for its expectation.
REPLICATES = 16
# A population that no longer differs by more than this has found what it can.
ALIKE = 1e-9
LARGER = 3.0
# The first steps of an ascent, in the size that parameters are drawn with; letters go a quarter of their range for it.
PACE = 0.3
AT_THE_END = 1e-3
NOWHERE: Mapping[str, float] = MappingProxyType({})

Score = Callable[[Run, int], np.ndarray]
Slopes = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
# Candidates, and what is least where their score is largest.
Population = tuple[np.ndarray, np.ndarray]


class Seen(NamedTuple):
    """The worst counted cell of each instance: by how much it exceeds its bound, which cell it is, what quantity and bound are there."""

    excess: np.ndarray
    cell: np.ndarray
    quantity: np.ndarray
    bound: np.ndarray


class Enough(Exception):
    """Raised by a score that is to be asked no more: a search then gives the best that it has."""


def run_of(found: Found, run: Run) -> Run:
    """The run on this instance alone."""
    return run_on((found,), run)


def alike(found: Sequence[Found], run: Run) -> list[tuple[tuple[int, ...], Run]]:
    """Runs on these instances, which are numbered as they come: one for each choice of sizes, with the numbers of those that have it."""
    groups: dict[Any, list[int]] = {}
    for number, one in enumerate(found):
        sizes = tuple(dict(one.letters)[name] for name, _ in run.sweep if name in run.sized)
        groups.setdefault((sizes, one.instance), []).append(number)
    rows = lambda numbers: [found[n if n in numbers else numbers[0]] for n in range(len(found))]  # noqa: E731
    return [(tuple(numbers), run_on(rows(numbers), run)) for numbers in groups.values()]


def run_on(found: Sequence[Found], run: Run) -> Run:
    """The run whose instances are these, all of one size; it is also read where one of them names a checkpoint."""
    letters = [dict(one.letters) for one in found]
    along = run.along[0] if run.along else ""
    run = _read_at([at.pop(along) for at in letters if along in at], run)
    sizes = tuple((name, (letters[0][name],)) for name, _ in run.sweep if name in run.sized)
    other = tuple((name, values) for name, values in run.sweep if name not in run.sized)
    moved = {name: np.array([at[name] for at in letters]) for name in letters[0] if name not in run.sized}
    alone = replace(run, sweep=sizes + other, like=found[0].instance)
    return _moved(alone, np.array([one.parameters for one in found]), moved)


def excess(found: Cells, falls: bool) -> np.ndarray:
    """By how much each instance exceeds its bound at most (I,); -inf where nothing counts."""
    return seen(found, falls).excess


def seen(found: Cells, falls: bool, only: np.ndarray | None = None) -> Seen:
    """Where each instance exceeds its bound most, in its mean over the replicates where the claim is about that; in `only` these cells
    (I, J).

    -inf where nothing counts. Where the quantity `falls` along a run, what lies as low as rounding may leave it does not count.
    """
    found = _means(found) if found.averages else found
    counted = found.keep if only is None else found.keep & only
    over = np.where(counted[:, None, :] & ~found.nonfinite, np.nan_to_num(found.excess(), nan=-np.inf), -np.inf)
    if falls:
        level = np.abs(found.quantity)
        over = np.where(level > NUMERICAL * level.max(2, keepdims=True, initial=0.0), over, -np.inf)
    count, _, width = over.shape
    if not width:
        return Seen(np.full(count, -np.inf), np.zeros(count, int), np.zeros(count), np.zeros(count))
    replicate, cell = np.unravel_index(over.reshape(count, -1).argmax(1), over.shape[1:])
    at = np.arange(count), replicate, cell
    return Seen(over[at], cell, found.quantity[at], found.bound().value[at])


def nearest(found: Cells, sweep: Mapping[str, Sequence[float]], falls: bool) -> tuple[np.ndarray, list[dict[str, float]], tuple[int, ...]]:
    """The instances that come nearest to their bounds where the swept letters have these values: by how much they exceed it at most,
    nearest first, the letters there, and their numbers."""
    here = [np.isin(values, sweep[name]) for name, values in found.axes.items() if name in sweep]
    there = seen(replace(found, keep=found.keep & np.all(here, axis=0)) if here else found, falls)
    order = np.argsort(-there.excess, kind="stable")[:DRAWN]
    return there.excess[order], [found.point(int(i), int(there.cell[i])) for i in order], tuple(found.instances[i] for i in order)


def weights(there: Seen, kind: Kind) -> tuple[np.ndarray, np.ndarray]:
    """What quantity and bound are multiplied by, for the gradient of their difference to be that of the logarithm of their ratio.

    Where a difference is judged in its place, for that of the difference.
    """
    y, bound = (np.where(np.isfinite(v) & (np.isfinite(there.excess)), v, 0.0) for v in (there.quantity, there.bound))
    sizes = (np.maximum(np.abs(y), np.abs(bound)),) * 2 if kind.difference else (np.maximum(y, 0.0), np.maximum(bound, 0.0))
    return tuple(np.divide(1.0, size, out=np.zeros_like(size), where=size > 0) for size in sizes)  # type: ignore[return-value]


class Space:
    """What a search moves, as one row of numbers for each candidate: the family's parameters, then a place in [0, 1] for each letter.

    Sizes of arrays stay: the run has one value of each.
    """

    def __init__(
        self,
        claim: Claim,
        run: Run,
        drawn: np.ndarray,
        instances: Sequence[int],
        at: Mapping[str, float] = NOWHERE,
        points: Sequence[Mapping[str, float]] = (),
    ) -> None:
        """`drawn` are the parameters of these instances of the run, `(len(instances), parameters)`; the letters in `at` stay there.

        `points` are the letters that each instance begins at; without, its own, and of a swept letter one value after the other.
        """
        self._like, self._instances = run.like or 0, tuple(instances) if run.like is None else (run.like,) * len(instances)
        sizes = tuple((name, values) for name, values in run.sweep if name in run.sized)
        self._run = replace(run, sweep=sizes, together=frozenset(), like=self._like)
        self._roles = {name: claim.role(name) for name, _ in (*run.varies, *run.sweep) if name not in run.sized}
        self._roles |= {name: replace(self._roles[name], low=at[name], high=at[name], among=()) for name in at.keys() & self._roles.keys()}
        self.numbers = drawn.shape[1]
        boxed = dict(run.varies)
        places = np.full((len(drawn), len(self._roles)), np.nan)
        for column, (name, role) in enumerate(self._roles.items()):
            if name in boxed:
                values = [boxed[name][i % len(boxed[name])] for i in instances]
            else:
                swept = dict(run.sweep)[name]
                values = [swept[-1 - i % len(swept)] for i in instances]
            begun = [point.get(name, value) for point, value in zip(points, values, strict=True)] if points else values
            places[:, column] = [_place(role, value) for value in begun]
        self.starts = np.hstack([drawn, places])
        size = np.sqrt(np.mean(drawn**2, axis=0))
        size = np.where(size > 0, size, size.max(initial=0.0) or 1.0)
        self.units = np.concatenate([size, np.full(len(self._roles), 0.25)])
        self.bounds = [*zip(-REACH * size, REACH * size, strict=True), *[(0.0, 1.0)] * len(self._roles)]

    @property
    def is_smooth(self) -> bool:
        """Whether anything is moved that takes all the values between two."""
        return self.numbers > 0 or any(not _jumps(role) for role in self._roles.values())

    def begin(self, found: Sequence[Found]) -> None:
        """Has these instances, of the run's size, among the first candidates."""
        rows = [[*one.parameters, *(_place(role, dict(one.letters)[name]) for name, role in self._roles.items())] for one in found]
        self._instances = (*(one.instance for one in found), *self._instances)
        self.starts = np.clip(np.vstack([*rows, self.starts]), *np.transpose(self.bounds)) if rows else self.starts

    def run(self, candidates: np.ndarray) -> Run:
        """The run whose instances are these candidates, `(n, numbers)`."""
        return _moved(self._run, candidates[:, : self.numbers], self.letters(candidates))

    def held(self, candidates: np.ndarray) -> Run:
        """The same, with the whole letters as numbers of Python, which are the first candidate's for all of them: loops that they bound
        are then of known length, and have gradients."""
        letters = self.letters(candidates)
        whole = {name: int(letters.pop(name)[0]) for name, role in self._roles.items() if role.integer}
        run = replace(self._run, sweep=(*self._run.sweep, *((name, (value,)) for name, value in whole.items())))
        return _moved(replace(run, sized=run.sized | whole.keys()), candidates[:, : self.numbers], letters)

    def together(self, candidates: np.ndarray) -> np.ndarray:
        """The candidates with the letters that jump where the first one has them."""
        jumping = self.numbers + np.flatnonzero([_jumps(role) for role in self._roles.values()])
        candidates = candidates.copy()
        candidates[:, jumping] = candidates[:1, jumping]
        return candidates

    def uphill(self, candidates: np.ndarray, gradients: Mapping[str, np.ndarray]) -> np.ndarray:
        """The gradient in the candidates' own numbers, of one in parameters and letters; 0 where it is none."""
        columns = [gradients["parameters"] if self.numbers else np.zeros((len(candidates), 0))]
        for name, values in self.letters(candidates).items():
            role = self._roles[name]
            stretch = 0.0 if _jumps(role) or name not in gradients else _stretch(role)
            columns.append((stretch * values * gradients.get(name, 0.0))[:, None])
        return np.nan_to_num(np.hstack(columns), nan=0.0, posinf=0.0, neginf=0.0)

    def found(
        self,
        best: np.ndarray,
        family: str,
        excess: float,
        drawn: float,
        evaluations: int,
        said: tuple[str, ...] = (),
        start: int | None = None,
    ) -> Found:
        """A candidate by its numbers; where it is one of the starts, with the random keys of that instance."""
        letters = {name: values[0].item() for name, values in self.letters(best[None]).items()}
        letters |= {name: values[0] for name, values in self._run.sweep}
        said = (*said, *self._ends(best))
        numbers = tuple(best[: self.numbers].tolist())
        return Found(
            family,
            numbers,
            tuple(letters.items()),
            excess,
            drawn,
            evaluations,
            said,
            self._like if start is None else self._instances[start],
        )

    def letters(self, candidates: np.ndarray) -> dict[str, np.ndarray]:
        """The values of the letters that are moved."""
        return {name: _value(role, candidates[:, self.numbers + n]) for n, (name, role) in enumerate(self._roles.items())}

    def wide(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """So many candidates from everywhere that the search goes."""
        low, high = np.transpose(self.bounds)
        return low + (high - low) * rng.random((count, len(low)))

    def _ends(self, best: np.ndarray) -> list[str]:
        """What of a candidate lies at the end of what could be moved."""
        said = []
        for n, (name, role) in enumerate(self._roles.items()):
            place = best[self.numbers + n]
            if not role.among and role.low != role.high and not AT_THE_END < place < 1 - AT_THE_END:
                said.append(f"{name} at the {'lower' if (place < 0.5) == (_stretch(role) > 0) else 'upper'} end of its range")
        far = int((np.abs(best[: self.numbers]) > (1 - AT_THE_END) * REACH * self.units[: self.numbers]).sum())
        if far:
            said.append(f"{far} of {self.numbers} parameters as far out as the search goes")
        return said


class Best:
    """What a search has seen so far."""

    def __init__(self, space: Space) -> None:
        self.row, self.score, self.lowest = space.starts[0], -np.inf, np.inf
        self.evaluations = self.lost = 0

    def note(self, candidates: np.ndarray, scores: np.ndarray, runs: int = 1) -> np.ndarray:
        """The scores, noted: `runs` is what each of them cost."""
        self.evaluations += runs * len(candidates)
        self.lost += int(np.isneginf(scores).sum())
        self.lowest = min(self.lowest, float(scores[scores > -np.inf].min(initial=np.inf)))
        if scores.max() > self.score:
            self.row, self.score = candidates[int(scores.argmax())].copy(), float(scores.max())
        return scores

    @property
    def is_flat(self) -> bool:
        """Whether all that counted came out alike."""
        return not self.score - self.lowest > ALIKE * max(1.0, abs(self.score))


def worst(
    space: Space,
    score: Score,
    family: str,
    budget: int,
    lanes: int,
    seed: int,
    *,
    slopes: Slopes | None = None,
    known: np.ndarray | None = None,
    said: tuple[str, ...] = (),
) -> Found | None:
    """The worst candidate that at most `budget` runs find, `lanes` of them at a time; None where nothing can be moved, or counts.

    `slopes` tells scores and gradients of candidates: half of the runs then go into an ascent. `known` are the scores of the starts,
    where these have been run before. `said` is what is known of the search.
    """
    if not space.bounds:
        return None
    best = Best(space)
    starts, scores = space.starts, np.full(len(space.starts), -np.inf)
    with contextlib.suppress(Enough):
        if known is None or len(known) < FEWEST:
            starts = _filled(space, lanes)[: max(budget, 1)]
            scores = best.note(starts, score(space.run(starts), len(starts)))
        else:
            scores = known
            best.lowest = float(scores[scores > -np.inf].min(initial=np.inf))
        order = np.argsort(-scores, kind="stable")[:lanes]
        population = starts[order], _loss(scores[order])
        if slopes is not None:
            population = _evolved(space, score, best, population, budget // 2, seed)
            try:
                said += _climbed(space, slopes, best, population[0], budget, seed)
            except KernelFault as fault:
                said += (f"no gradients: {fault}",)
        _evolved(space, score, best, population, budget, seed)
    drawn = float(scores[: len(space.starts)].max())
    if max(best.score, drawn) == -np.inf:
        return None
    if best.is_flat:
        said += ("flat: nothing that was moved changes the ratio",)
    if best.lost:
        said += (f"{best.lost} candidates had nothing to count: no numbers, or outside the assumptions",)
    if best.score > drawn:
        return space.found(best.row, family, best.score, drawn, best.evaluations, said)
    start = int(scores[: len(space.starts)].argmax())
    said += ("no worse than the instances that were drawn",)
    return space.found(space.starts[start], family, drawn, drawn, best.evaluations, said, start)


def _filled(space: Space, lanes: int) -> np.ndarray:
    """The instances that were drawn, and as many as fill their last block of lanes, which runs whole anyway: built of larger numbers."""
    count = max(-len(space.starts) % lanes, FEWEST - len(space.starts))
    larger = np.resize(space.starts, (count, space.starts.shape[1]))
    larger[:, : space.numbers] *= LARGER
    if not space.numbers:
        larger = space.wide(count, np.random.default_rng(0))
    return np.clip(np.vstack([space.starts, larger]), *np.transpose(space.bounds))


def _evolved(space: Space, score: Score, best: Best, population: Population, budget: int, seed: int) -> Population:
    """The population after differential evolution, best first.

    Where it has become one point before the runs are spent, another begins everywhere.
    """
    rng, (members, losses), widened = np.random.default_rng(seed), population, False
    known = [losses]

    def loss(columns: np.ndarray) -> np.ndarray:
        candidates = np.atleast_2d(columns.T)
        return known.pop() if known else _loss(best.note(candidates, score(space.run(candidates), len(candidates))))

    while len(members) >= FEWEST and budget - best.evaluations >= len(members):
        generations = (budget - best.evaluations) // len(members)
        ended = differential_evolution(
            loss,
            space.bounds,
            init=members,
            maxiter=generations if known else max(generations - 1, 1),
            vectorized=True,
            polish=False,
            updating="deferred",
            tol=0,
            atol=ALIKE,
            rng=rng,
        )
        order = np.argsort(ended.population_energies, kind="stable")
        population = ended.population[order], ended.population_energies[order]
        if best.is_flat and widened:
            break
        members, widened = space.wide(len(members), rng), True
    return population


def _loss(scores: np.ndarray) -> np.ndarray:
    """What is least where the score is largest: only the order counts, and the square of no number overflows."""
    return -np.clip(np.arcsinh(scores), -1e3, 1e3)


def _climbed(space: Space, slopes: Slopes, best: Best, population: np.ndarray, budget: int, seed: int) -> tuple[str, ...]:
    """Climbs from the best of a population, and again from where that came to; what there is to say of the gradients."""
    from .ascent import ascend

    rng, bounds, moved = np.random.default_rng(seed), np.transpose(space.bounds), np.zeros(len(space.bounds), bool)

    def noted(candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        nonlocal moved
        scores, gradients = slopes(candidates)
        moved = moved | (np.abs(gradients * space.units) > ALIKE).any(0)
        return best.note(candidates, scores, GRADIENT), gradients

    count = int(np.clip((budget - best.evaluations) // (GRADIENT * 2 * LEAST_STEPS), 1, STARTS))
    starts = np.vstack([best.row[None], population]) if best.evaluations else population
    starts, size = space.together(starts[:count]), PACE
    noted(starts)
    while moved.any() and (steps := min(MOST_STEPS, (budget - best.evaluations) // (GRADIENT * len(starts)))) >= LEAST_STEPS:
        rows, scores = ascend(noted, starts, bounds, space.units, steps, size)
        rows = np.vstack([best.row, rows[np.argsort(-scores, kind="stable")]])[: len(starts)]
        # The better half goes on with smaller steps; around the best there may be a better way up.
        half, size = len(starts) // 2, size / 3
        beside = rows[:1] + PACE * space.units * rng.standard_normal((len(starts) - half, rows.shape[1]))
        starts = space.together(np.clip(np.vstack([rows[:half], beside]), *bounds))
    if space.numbers and not moved[: space.numbers].any():
        return ("flat: no gradient in the family's parameters",)
    return ()


def _read_at(checkpoints: Sequence[float], run: Run) -> Run:
    """The run, read at these checkpoints too, and at each one's predecessor where steps are counted."""
    if run.along is None or set(checkpoints) <= set(run.along[1]):
        return run
    name, values = run.along
    falls = values[0] > values[-1]
    before = [c + 1 if falls else c - 1 for c in checkpoints if isinstance(c, int) and (falls or c > 0)]
    return replace(run, along=(name, tuple(sorted({*values, *checkpoints, *before}, reverse=falls))))


def _moved(run: Run, parameters: np.ndarray, letters: dict[str, np.ndarray]) -> Run:
    varies = tuple((name, tuple(values.tolist())) for name, values in letters.items())
    sweep = tuple((name, values) for name, values in run.sweep if name not in letters)
    given = tuple(map(tuple, parameters.tolist())) if parameters.shape[1] else ()
    return replace(run, varies=varies, sweep=sweep, together=frozenset(), given=given)


def _means(found: Cells) -> Cells:
    """The cells of the means over the replicates."""
    mean = lambda values: values.mean(1, keepdims=True) if values.ndim == 3 and values.shape[1] > 1 else values  # noqa: E731
    return replace(
        found,
        quantity=mean(found.quantity),
        letters={symbol: mean(values) for symbol, values in found.letters.items()},
        nonfinite=found.nonfinite.any(1, keepdims=True),
        censored=found.censored.any(1, keepdims=True),
    )


def _jumps(role: Any) -> bool:
    """Whether a letter goes from one value to the next without those between, or stays."""
    return bool(role.integer or role.among or role.low == role.high)


def _stretch(role: Any) -> float:
    """How long a letter's range is in the logarithm; negative where it is written from its end."""
    return float(np.log(role.high / role.low))


def _place(role: Any, value: float) -> float:
    """Where a value lies in its letter's range, in the logarithm."""
    if role.among:
        return (role.among.index(value) + 0.5) / len(role.among)
    return float(np.clip(np.log(value / role.low) / _stretch(role), 0, 1)) if role.high != role.low else 0.5


def _value(role: Any, places: np.ndarray) -> np.ndarray:
    """The values at places in a letter's range."""
    if role.among:
        return np.asarray(role.among)[np.minimum((places * len(role.among)).astype(int), len(role.among) - 1)]
    values = role.low * (role.high / role.low) ** places
    low, high = sorted((role.low, role.high))
    return np.clip(np.rint(values).astype(int), int(low), int(high)) if role.integer else np.clip(values, low, high)
