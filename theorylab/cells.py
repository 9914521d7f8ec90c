"""Cells: every measured letter beside its bound, cell by cell, with what may be counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from .bound import SignedLog, evaluate
from .kind import Kind

RELATIVE = 1e-9
FLOOR_FACTOR = 100.0
NUMERICAL = 1e-8


@dataclass(frozen=True)
class Cells:
    """One family's measurements. I instances, M replicates, J cells: all combinations of swept letters, checkpoints and own axes.

    `quantity` is (I, M, J); `letters` holds what the bound needs, each broadcastable to that. `keep` (I, J) marks the cells that
    count, `plateau` (I, J) is where runs started near the solution end, 0 where that is rounding or unknown. `axes` gives each axis'
    values at the J cells; those of the letters `together` change from point to point, all at once. `dropped` counts cells by reason.
    `averages` says that the claim is about means over the replicates.
    """

    kind: Kind
    family: str
    kernel: str
    quantity: np.ndarray
    letters: Mapping[Any, np.ndarray]
    keep: np.ndarray
    nonfinite: np.ndarray
    censored: np.ndarray
    axes: Mapping[str, np.ndarray]
    entry: np.ndarray
    instances: tuple[int, ...]
    boxed: Mapping[str, np.ndarray]
    trivial: np.ndarray | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)
    averages: bool = False
    together: tuple[str, ...] = ()
    plateau: np.ndarray | None = None

    def at(self, instance: int) -> tuple[np.ndarray, dict[Any, np.ndarray]]:
        """Quantity (M, J) and letters of one instance, by position."""
        pick = lambda a: a[min(instance, a.shape[0] - 1)] if a.ndim == 3 else a  # noqa: E731
        return self.quantity[instance], {symbol: pick(values) for symbol, values in self.letters.items()}

    def only(self, instance: int) -> Cells:
        """The cells of one instance, by position."""
        part = slice(instance, instance + 1)
        cut = lambda a: a[part] if a.ndim == 3 and a.shape[0] > 1 else a  # noqa: E731
        return replace(
            self,
            quantity=self.quantity[part],
            letters={symbol: cut(values) for symbol, values in self.letters.items()},
            keep=self.keep[part],
            nonfinite=self.nonfinite[part],
            censored=self.censored[part],
            instances=self.instances[part],
            boxed={name: values[part] for name, values in self.boxed.items()},
            trivial=None if self.trivial is None else self.trivial[part],
            plateau=None if self.plateau is None else self.plateau[part],
        )

    def replicate(self, number: int) -> Cells:
        """The cells of one replicate, by position."""
        return self.replicates(slice(number, number + 1))

    def replicates(self, part: slice) -> Cells:
        """The cells of some replicates, by position."""
        cut = lambda a: a[:, part] if a.ndim == 3 and a.shape[1] > 1 else a  # noqa: E731
        letters = {symbol: cut(values) for symbol, values in self.letters.items()}
        return replace(self, quantity=cut(self.quantity), letters=letters, nonfinite=cut(self.nonfinite), censored=cut(self.censored))

    def bound(self, instance: int | None = None) -> SignedLog:
        """The bound without its unknown constants at every cell, of one instance (M, J) or of all (I, M, J)."""
        full = self._bounds
        return full if instance is None else SignedLog(*(part[instance] for part in full))

    @cached_property
    def _bounds(self) -> SignedLog:
        found = evaluate(self.kind.scale, compact(self.letters))
        return SignedLog(*(np.broadcast_to(part, self.quantity.shape) for part in found))

    def log_ratio(self) -> np.ndarray:
        """log(quantity / bound) of every run at every cell (I, M, J); for lower bounds log(bound / quantity)."""
        value = log_ratio(self.quantity, self.bound())
        return -value if self.kind.side == "lower" else value

    def excess(self) -> np.ndarray:
        """How far beyond its bound each run is, relative to it (I, M, J): positive is a violation.

        A censored value is only known to be at least what it reads: it violates where that does, and can break no lower bound.
        """
        gap = relative_gap(self.kind, self.quantity, self.bound())
        match self.kind.side:
            case "upper":
                return gap
            case "lower":
                return np.where(self.censored, np.minimum(-gap, 0.0), -gap)
            case _:
                return np.where(self.censored, gap, np.abs(gap))

    def undecided(self) -> np.ndarray:
        """The censored values (I, M, J) that leave open whether the bound holds."""
        gap = relative_gap(self.kind, self.quantity, self.bound())
        return self.censored & (gap < 0 if self.kind.side == "lower" else gap <= RELATIVE)

    def over_instances(self) -> Cells:
        """Instances as replicates: what an average over the family is taken over."""
        swap = lambda a: a.transpose(1, 0, 2) if a.ndim == 3 else a  # noqa: E731
        return replace(
            self,
            quantity=swap(self.quantity),
            letters={symbol: swap(values) for symbol, values in self.letters.items()},
            keep=self.keep.all(0, keepdims=True),
            nonfinite=swap(self.nonfinite),
            censored=swap(self.censored),
            boxed={name: values[:1] for name, values in self.boxed.items()},
            instances=(0,),
            trivial=None if self.trivial is None else self.trivial.mean(0, keepdims=True),
            plateau=None if self.plateau is None else self.plateau.mean(0, keepdims=True),
        )

    def above_floors(self) -> Cells:
        """The cells that no numerical floor could reach: what is refuted on them needs no floor of every instance."""
        size = np.abs(self.quantity).max(1)
        largest = np.where(np.isfinite(size), size, 0.0).max(1, keepdims=True)
        return replace(self, keep=self.keep & (size > FLOOR_FACTOR * NUMERICAL * largest))

    @property
    def identical(self) -> bool:
        """Whether an instance's replicates do not differ at all: what was never seen to vary may still vary in the runs to come."""
        spread = np.where(self.keep, np.ptp(self.quantity, axis=1), 0.0)
        return bool((spread.max(1) == 0).any())

    @property
    def diverged(self) -> np.ndarray:
        """The counted values (I, M, J) that are beyond every bound: a run that broke it and then overflowed.

        Infinity out of nothing is a run that failed, and no infinity lies below a lower bound.
        """
        return np.isposinf(self.quantity) & self.keep[:, None, :] & ~self.nonfinite

    def beyond(self, control: bool) -> np.ndarray:
        """The values (I, M, J) that refute by being infinite: those that diverged; of a control, which has to fail, all of them."""
        if not control or self.kind.side == "lower":
            return self.diverged
        return np.isposinf(self.quantity) & self.keep[:, None, :]

    def point(self, instance: int, cell: int) -> dict[str, float]:
        """The letters' values at one cell of one instance, by name."""
        swept = {name: values[cell] for name, values in self.axes.items()}
        return {**{name: values[instance] for name, values in self.boxed.items()}, **swept}


def compact(letters: Mapping[Any, np.ndarray]) -> dict[Any, np.ndarray]:
    """The letters without the repetitions that broadcasting made: what is computed of them broadcasts to the same numbers."""
    once = lambda a: a[tuple(slice(0, 1) if step == 0 else slice(None) for step in a.strides)]  # noqa: E731
    return {symbol: once(values) for symbol, values in letters.items()}


def log_ratio(y: np.ndarray, bound: SignedLog) -> np.ndarray:
    """log(y / bound), which is -inf where y is not positive; NaN for 0 / 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(np.maximum(y, 0.0)) - np.broadcast_to(bound.log, y.shape)


def relative_gap(kind: Kind, y: np.ndarray, bound: SignedLog) -> np.ndarray:
    """By how much y lies above its bound, relative to it; where either may be negative, relative to the larger of the two."""
    with np.errstate(over="ignore", invalid="ignore"):
        if not kind.difference:
            return np.expm1(log_ratio(y, bound))
        value = np.broadcast_to(bound.value, y.shape)
        gap = (y - value) / np.maximum(np.maximum(np.abs(y), np.abs(value)), 1e-300)
    return np.where(np.isposinf(y), np.inf, np.where(np.isposinf(value), -1.0, gap))
