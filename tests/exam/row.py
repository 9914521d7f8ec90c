"""A row of the exam: a world of known truth, how often it is run, what is counted, and what the counts must reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from scipy.special import bdtr, bdtrc

CHANCE = 1e-3


class Reach(NamedTuple):
    """What the mean of a count over the runs must reach: at most or at least `share`."""

    count: str
    side: str
    share: float

    def met(self, total: float, runs: int) -> bool:
        """Whether this many of these runs reach it."""
        return total <= self.share * runs + 1e-9 if self.side == "at most" else total >= self.share * runs - 1e-9

    def plausible(self, total: float, runs: int) -> bool:
        """Whether so few runs could come out so if the exact share is reached: what a test of a few runs can ask."""
        if self.share > 1:
            return self.met(total, 2 * runs) if self.side == "at most" else True
        chance = bdtrc(total - 1, runs, self.share) if self.side == "at most" else bdtr(total, runs, self.share)
        return total == 0 if self.share == 0 else bool(chance >= CHANCE)

    def __str__(self) -> str:
        return f"{self.count} {self.side} {self.share:.4g}" if self.share > 1 else f"{self.count} {self.side} {100 * self.share:.3g} %"


def at_most(share: float, count: str) -> Reach:
    """At most this share of runs."""
    return Reach(count, "at most", share)


def at_least(share: float, count: str) -> Reach:
    """At least this share of runs."""
    return Reach(count, "at least", share)


@dataclass(frozen=True)
class Row:
    """One world of one table.

    `play(seed)` runs it once and gives what is counted, such as {"supported": 1, "seeds": 32}; what is absent counts as 0. `runs` is how
    many runs the exam takes, `quick` how many the tests take.
    """

    table: str
    world: str
    play: Callable[[int], Mapping[str, float]]
    runs: int
    reach: tuple[Reach, ...] = ()
    quick: int = 2

    @property
    def name(self) -> str:
        """How the row is asked for and kept."""
        return f"{self.table}: {self.world}"

    def counts(self, seeds: Iterable[int]) -> Counter[str]:
        """What is counted, summed over seeds; `runs` counts them."""
        total: Counter[str] = Counter()
        for seed in seeds:
            # The sum of two truths of numpy is a truth.
            total.update({name: float(count) for name, count in self.play(seed).items()})
            total["runs"] += 1
        return total
