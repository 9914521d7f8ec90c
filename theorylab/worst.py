"""One claim, searched on demand: the worst instance of each family that a search finds, the simplest that is as bad, and the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from . import exhibit, portfolio, shrink
from . import plan as planning
from .claim import Claim
from .instance import Found, with_worse
from .kind import equation, kind_of, searched, unjudged, untested
from .result import Result
from .search import Enough, run_of
from .simulate import Run, Simulator
from .verify import Trial, takes

BUDGET = planning.SEARCHED["full"][-1]
# At so few checkpoints, with such a share of the runs but so many at least, a search asks whether fewer steps are as bad.
SHORTER = 3
SHARE = 8
FEW = 512


@dataclass(frozen=True)
class Sought:
    """What a search came to on one family: how many were drawn and by how much the worst exceeds its bound; what was found, and the
    simplest that is as bad.

    `why` says why nothing was sought. `constants` are what is measured of the instance found, and of the simplest.
    """

    label: str
    drawn: tuple[int, float]
    found: Found | None = None
    simplest: Found | None = None
    constants: tuple[Mapping[str, float], Mapping[str, float]] = ({}, {})
    why: str = ""


def refused(claim: Claim) -> str:
    """Why no search applies to a claim, and what to do instead; nothing where one does."""
    name = claim.name
    if claim.simulation is None:
        return f"{name} is stated, not checked: {claim.because}. A search needs a kernel: give the claim simulation=... and problems=..."
    kind = kind_of(claim)
    if kind.unknowns:
        letters = ", ".join(map(str, kind.unknowns))
        return (
            f"{name} has the unknown {'constant' if len(kind.unknowns) == 1 else 'constants'} {letters}, so that no single instance breaks "
            f"it: theorylab verify {name} tests its trend. Write a number for {letters} to search for a counterexample"
        )
    if equation(claim, kind):
        return f"{name} is an equation, which an instance breaks as soon as another: theorylab verify {name} tests it"
    if not searched(claim, kind, _tier(claim)):
        return (
            f"{name} holds {claim.holds.name}, which few runs of an instance do not tell: theorylab verify {name} takes the worst of "
            "those drawn on some seeds and tests them on others. State it for every instance to search for a counterexample"
        )
    return untested(claim) or unjudged(claim)


def narrowed(claim: Claim, at: Mapping[str, float]) -> Claim:
    """The claim with these letters at one value each, which `exhibit.value_of` gave."""
    role = lambda symbol: replace(claim.where[symbol], low=at[symbol.name], high=at[symbol.name], among=(at[symbol.name],))  # noqa: E731
    return replace(claim, where={symbol: role(symbol) if symbol.name in at else given for symbol, given in claim.where.items()})


class Search:
    """A search on one claim, family by family; `stopped` ends it with what it has."""

    def __init__(
        self, claim: Claim, simulator: Simulator, at: Mapping[str, float], seed: int, budget: int, stopped: Callable[[], bool] = bool
    ) -> None:
        """Judges the instances that are drawn, as `verify` does. Raises KernelFault, and Slip for kept instances that do not fit."""
        self.claim, self.simulator, self.budget, self.stopped = claim, simulator, budget, stopped
        self.at = at
        self.kept = self._trial(claim, seed).remembered(exhibit.load(claim))
        self.trial = self._trial(narrowed(claim, at), seed)
        self.trial.advance(0)

    def families(self, only: str = "") -> Iterator[Sought]:
        """What comes of each family, or of one alone."""
        for kernel, family in self.trial.places:
            if not only or family == only:
                yield self._sought(kernel, family)

    def stored(self, sought: list[Sought]) -> str:
        """The text of the claim's file with what was found; what it had of these families stays where a narrower search found no worse."""
        found = dict(self.kept)
        for one in sought:
            if one.found is not None and one.simplest is not None:
                before = self.kept.get(one.label, ()) if self.at else ()
                found[one.label] = with_worse(before, one.found)
                if one.found in found[one.label] and one.simplest != one.found:
                    found[one.label] += (one.simplest,)
        return exhibit.written(self.claim, [one for label in found for one in found[label]])

    def judged(self, text: str) -> Result:
        """The verdict on the claim with the instances of a file's text beside the drawn ones, confirmed."""
        found = self.trial.remembered([one for one in exhibit.load(self.claim, text) if self._is_here(one.found)])
        self.trial.judge(found)
        verdict = self.trial.confirmed()
        judged = tuple(one for several in self.trial.found.values() for one in several)
        return Result(self.claim, self.trial.plan, verdict, found=judged)

    def _sought(self, kernel: str, family: str | None) -> Sought:
        trial, run = self.trial, replace(self.trial.run(family), kernel=kernel)
        label = portfolio.label(self.claim, kernel, family or "")
        drawn = trial.drawn(label)
        known = [one for one in self.kept.get(label, ()) if self._is_here(one)]
        found = trial.pursued(kernel, family, self.budget, known, True, self.stopped)
        if found is None:
            return Sought(label, drawn, why=self._unmoved(run))
        aside = Trial(trial.plan, self.simulator.passing())

        def excesses(several: Sequence[Found]) -> np.ndarray:
            if self.stopped():
                raise Enough
            return aside.excesses(kernel, family, several)

        least = shrink.enough(found.excess, trial.plan.kind.side)
        shorter = self._shorter(kernel, family, found, least)
        roles = {symbol.name: role for symbol, role in trial.plan.claim.where.items() if role.swept or role.kind == "varies"}
        room = shrink.Room(roles, run.along[1] if run.along else (), lambda one: self.simulator.shapes(run_of(bare(one), run)))
        simplest = shrink.simplest(shorter, excesses, room, least)
        if simplest != found:
            simplest = replace(simplest, excess=float(aside.excesses(kernel, family, [simplest])[0]))
        return Sought(label, drawn, found, simplest, (aside.constants(kernel, family, found), aside.constants(kernel, family, simplest)))

    def _shorter(self, kernel: str, family: str | None, found: Found, least: float) -> Found:
        """An instance as bad after fewer steps, which short searches find at few checkpoints, since it may have other numbers."""
        if self.trial.plan.along is None or self.trial.plan.along[0] in self.at:
            return found
        name, values = self.trial.plan.along
        low, high = sorted((self.claim.role(name).low or 0.0, self.claim.role(name).high or 0.0))
        inside = [value for value in values.tolist() if low <= value <= high]
        for value in inside[: len(inside) // 2 : max(1, len(inside) // (2 * SHORTER))]:
            at = {**self.at, name: value}
            trial = self._trial(narrowed(self.claim, at), self.trial.plan.seed, self.simulator.passing())
            trial.advance(0)
            known = [replace(found, letters=tuple({**dict(found.letters), name: value}.items()))]
            shorter = trial.pursued(kernel, family, max(FEW, self.budget // SHARE), known, None, self.stopped)
            if shorter is not None and shorter.excess >= least:
                letters = tuple({**dict(shorter.letters), name: value}.items())
                return replace(shorter, letters=letters, drawn=found.drawn, evaluations=found.evaluations)
        return found

    def _trial(self, claim: Claim, seed: int, simulator: Simulator | None = None) -> Trial:
        plan = planning.plan(claim, takes=takes(self.simulator.project, claim), tier=_tier(claim), seed=seed)
        if plan.along and not claim.role(plan.along[0]).integer:
            # A letter at one value has it many times over where it is no whole number.
            plan = replace(plan, along=(plan.along[0], np.array([*dict.fromkeys(plan.along[1].tolist())])))
        return Trial(plan, simulator or self.simulator)

    def _unmoved(self, run: Run) -> str:
        """Why nothing was found in a family."""
        if self.stopped():
            return "it was ended before it began"
        if self.simulator.shapes(run) or run.varies or any(name not in run.sized for name, _ in run.sweep):
            return "no run of it counts"
        return "nothing moves: it draws no numbers that a search could move (256 real ones of 64 bits at most), and no letter has a range"

    def _is_here(self, one: Found) -> bool:
        """Whether an instance has the values at which letters are told to stay."""
        letters = dict(one.letters)
        return all(letters.get(name, value) == value for name, value in self.at.items())


def _tier(claim: Claim) -> str:
    """The tier that draws the instances: expectations are searched in the full one alone."""
    return "quick" if claim.holds.name == "for every instance" else "full"


def bare(found: Found) -> Found:
    """The instance without its numbers, of which there may be others at its sizes."""
    return replace(found, parameters=(), shapes=())
