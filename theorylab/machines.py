"""What a run asks of the processes that compute its blocks, where that is not done here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np

    from .kernels import Inputs, Program


class Where(NamedTuple):
    """Where blocks are computed: here, unless there is a number of local workers, or a cluster.

    `cluster` is the address of a scheduler, or a class "module:Class" that starts one with so many workers.
    """

    workers: int | None = None
    cluster: str | None = None


class Unusable(Exception):
    """Machines that cannot be used, or not any more; the text says why and what to do."""


class Machines(Protocol):
    """Processes that compute blocks, all on one kind of device, so many at a time."""

    @property
    def device(self) -> str: ...

    @property
    def threads(self) -> int: ...

    def compute(self, program: Program, blocks: Sequence[Inputs]) -> Iterable[tuple[int, dict[str, np.ndarray]]]:
        """The results of several blocks of a program with their positions, in any order. Raises KernelFault, Slip, Unusable."""
        ...

    def leave(self) -> None:
        """Ends at once what was started for this run."""
        ...
