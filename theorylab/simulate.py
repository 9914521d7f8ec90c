"""Runs kernels over grids: blocks of lanes, seeds that know no claim, data as an xarray dataset. It never sees a bound."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import xarray as xr

from . import devices
from .design import POINT
from .kernels import Inputs, KernelFault, Kernels, Program
from .machines import Machines
from .project import Project
from .store import Blocks

__all__ = ["KernelFault", "Lanes", "Run", "Simulator", "block_size"]

BLOCKS = (8, 128)
Block = dict[str, np.ndarray]


@dataclass(frozen=True)
class Run:
    """One kernel on one family, over a grid. Equal runs give equal data, whichever claim asks.

    `sweep` values are one axis each, those of the letters `together` one value each at every point of one axis; `varies` has a value per
    instance; `outputs` pairs a letter with the kernel's name for it and the names of its own axes; a letter that is not `needed` may be
    missing. `given` are the numbers that the family is built of, a row for each instance in turn; without, they are drawn. With `like`,
    all instances have the random keys of that one: they differ in their letters and in what is given alone. `sized` names are Python
    numbers inside kernels, as are whole `fixed` numbers; everything else is traced.

    `precision` is double; single for the float32 twin, whose problem and letters are cast while the kernel's noise is drawn as before;
    or only single, where no number inside the kernel is wider, for kernels that draw nothing. A kernel whose measurements come out wider
    than a twin's precision is a KernelFault.
    """

    kernel: str
    family: str | None
    sweep: tuple[tuple[str, tuple[float, ...]], ...]
    along: tuple[str, tuple[float, ...]] | None
    varies: tuple[tuple[str, tuple[float, ...]], ...]
    fixed: tuple[tuple[str, float], ...]
    sized: frozenset[str]
    outputs: tuple[tuple[str, str, tuple[str, ...]], ...]
    seed: int
    tier: str = "quick"
    block: int = 64
    precision: str = "double"
    needed: frozenset[str] = field(default=frozenset(), compare=False)
    together: frozenset[str] = frozenset()
    given: tuple[tuple[float, ...], ...] = ()
    like: int | None = None


@dataclass(frozen=True)
class Lanes:
    """Which lanes of a run to compute.

    `near_solution` starts them at eps^(3/4) of the solution, differently for each replicate: where they end is the floor. With `shaken`,
    the number of one replicate, that replicate is repeated with its inputs moved by one unit in the last place, differently for each
    entry of `replicates`.
    """

    instances: tuple[int, ...]
    replicates: tuple[int, ...] = (0,)
    near_solution: bool = False
    shaken: int | None = None


class Simulator:
    """Data of the kernels and families of a project; what the store has is not computed."""

    def __init__(self, project: Project, kept: Path | None = None, blocks: Blocks | None = None, machines: Machines | None = None) -> None:
        """`kept` is a folder for compiled functions, `blocks` holds what was computed; without them all is done anew.

        `machines` compute the blocks, in place of this process.
        """
        self.project = project
        self.kernels = Kernels(project, kept, *([blocks.tell] if blocks else []))
        self.device = machines.device if machines else devices.described()
        self._blocks = blocks
        self._compute = machines.compute if machines else self._here
        self._data: dict[Any, xr.Dataset] = {}
        self._locks: dict[Any, Lock] = {}
        self._lock = Lock()
        self._passing = False

    def passing(self) -> Simulator:
        """The same kernels and machines, whose data are kept nowhere: for runs that nobody asks for a second time."""
        other = copy.copy(self)
        other._blocks, other._data, other._locks, other._passing = None, {}, {}, True
        return other

    def data(self, run: Run, lanes: Lanes, keep: Any = None) -> xr.Dataset:
        """The measured letters on these lanes: dims are the swept letters, `instance`, `replicate`, the along letter, a letter's own.

        `keep(letters)` tells of arrays of letters, an entry for each cell, which cells are inside the assumptions; others are not run
        and read NaN, with `ran` False.
        Raises KernelFault.
        """
        if self._passing:
            return self._simulate(run, lanes, keep)
        key = (run, lanes)
        with self._lock:
            lock = self._locks.setdefault(key, Lock())
        with lock:
            if key not in self._data:
                self._data[key] = self._simulate(run, lanes, keep)
        return self._data[key]

    def forget(self, names: Collection[str]) -> None:
        """Lets go of what these kernels and families compiled to; it is compiled again, or found on disk, where it is asked for anew."""
        self.kernels.forget(names)

    def is_random(self, run: Run) -> bool:
        """Whether instances of the family differ by more than their boxed letters."""
        return self._facts(run)[0]

    def has_solution(self, run: Run) -> bool:
        """Whether the family's problems know their solution, so that a run can be started there."""
        return self._facts(run)[1]

    def is_noisy(self, run: Run) -> bool:
        """Whether replicates of one lane ever differ: whether the kernel draws random numbers that matter."""
        one = replace(run, sweep=tuple((name, values[:1]) for name, values in run.sweep))
        data = self.data(one, Lanes((0,), tuple(range(BLOCKS[0 if self.is_python(run) else 1]))))
        numbers = (values.transpose("replicate", ...).to_numpy() for values in data.data_vars.values())
        return any(not np.array_equal(values, np.broadcast_to(values[:1], values.shape), equal_nan=True) for values in numbers)

    def is_python(self, run: Run) -> bool:
        """Whether the kernel runs as a loop in Python, one run after the other."""
        return self.kernels.is_python(run.kernel)

    def takes(self, run: Run, name: str) -> bool:
        """Whether the kernel or the family takes the letter; one that neither takes is no dimension of the data."""
        return self.kernels.takes(run.kernel, run.family, name)

    def numbers(self, run: Run) -> int:
        """How many numbers the family is built of, at the run's first values; 0 where a search cannot move them."""
        static = self._statics(run)[0]
        point = {name: values[0] for name, values in run.sweep}
        return self.kernels.numbers(_program(run, static), self._letters(run, point, 0) | static)

    def drawn(self, run: Run, instances: tuple[int, ...]) -> np.ndarray:
        """The numbers that these instances are built of, at the run's first values, `(instances, numbers)`."""
        if not self.numbers(run):
            return np.zeros((len(instances), 0))
        static = self._statics(run)[0]
        point = {name: values[0] for name, values in run.sweep}
        letters = [(self._letters(run, point, i), (0, i, 0)) for i in instances]
        return self.kernels.drawn(_program(run, static), self._inputs(run, static, letters, Lanes(instances)))

    def shapes(self, run: Run) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """The arrays of numbers that a search can move, of which the family is built at the run's first sizes, each with its name and
        shape."""
        program, point = _program(run, self._statics(run)[0]), {name: values[0] for name, values in run.sweep}
        letters = self._letters(run, point, 0) | dict(program.static)
        return self.kernels.shapes(program, letters) if self.kernels.numbers(program, letters) else ()

    def scalars(self, run: Run, instance: int) -> dict[str, float]:
        """What the problem of an instance holds as single numbers, by name, at the run's first values."""
        if run.family is None:
            return {}
        static, point = self._statics(run)[0], {name: values[0] for name, values in run.sweep}
        lane = [(self._letters(run, point, instance), (0, instance, 0))]
        return self.kernels.scalars(_program(run, static), self._inputs(run, static, lane, Lanes((instance,))))

    def gradients(self, run: Run, weigh: Any, key: Any, weights: Mapping[str, np.ndarray], replicates: tuple[int, ...]) -> Block:
        """How what `weigh` makes of the runs of each instance, summed over the replicates, moves with its parameters and real letters.

        `weights` are what it reads beside the letters, `key` tells it from every other. A run of one value of each swept letter; raises
        KernelFault where the kernel has no gradient.
        """
        static = self._statics(run)[0]
        point, instances = {name: values[0] for name, values in run.sweep}, tuple(range(len(weights["cell"])))
        lanes = Lanes(instances, replicates)
        letters = [(self._letters(run, point, i), (0, i, r)) for i in instances for r in replicates]
        inputs = self._inputs(run, static, letters, lanes) | {name: np.repeat(w, len(replicates)) for name, w in weights.items()}
        unseen = letters[0][0].keys() - inputs.keys() - static.keys()
        inputs |= {name: np.array([float(values[name]) for values, _ in letters]) for name in unseen}
        # What is compiled for a few calls is not worth the longer optimisation.
        program = replace(_program(run, static), block=len(instances), tier="quick")
        found = self.kernels.gradients(program, inputs, weigh, key)
        return {name: v.reshape(len(instances), len(replicates), *v.shape[1:]).sum(1) for name, v in found.items()}

    def _facts(self, run: Run) -> tuple[bool, bool]:
        static = self._statics(run)[0]
        example = self._letters(run, {name: values[0] for name, values in run.sweep}, 0)
        return self.kernels.facts(_program(run, static), example | static)

    def _simulate(self, run: Run, lanes: Lanes, keep: Any) -> xr.Dataset:
        axes = _axes(run, [name for name, _ in run.sweep if self.takes(run, name)])
        points: list[dict[str, float]] = [{k: v for at in places for k, v in at.items()} for places in product(*axes.values())]
        grid = [(p, i, r) for p in range(len(points)) for i in lanes.instances for r in lanes.replicates]
        letters = [self._letters(run, points[p], i) for p, i, _ in grid]
        ran = np.ones(len(grid), dtype=bool)
        if keep is not None:
            ran &= keep({name: np.array([values[name] for values in letters]) for name in letters[0]})
        rows: dict[int, Block] = {}
        for static in self._statics(run):
            mine = [n for n in range(len(grid)) if ran[n] and all(letters[n][k] == v for k, v in static.items())]
            if not mine:
                continue
            inputs = self._inputs(run, static, [(letters[n], grid[n]) for n in mine], lanes)
            parts = [slice(begin, begin + run.block) for begin in range(0, len(mine), run.block)]
            blocks = self._computed(_program(run, static), [{name: v[part] for name, v in inputs.items()} for part in parts])
            for part, block in zip(parts, blocks, strict=True):
                rows |= {n: {letter: values[lane] for letter, values in block.items()} for lane, n in enumerate(mine[part])}
        return self._dataset(run, lanes, axes, [rows.get(n) for n in range(len(grid))], ran)

    def _computed(self, program: Program, blocks: Sequence[Inputs]) -> list[Block]:
        """The results of blocks in their order: those that are stored, and the others as they are finished, each stored at once."""
        if self._blocks is None:
            found = dict(self._compute(program, blocks))
            return [found[n] for n in range(len(blocks))]
        names = [self._blocks.name(program, inputs, self.device) for inputs in blocks]
        measured = program.needed & {letter for letter, _, _ in program.outputs}
        found = {n: block for n, name in enumerate(names) if (block := self._blocks.load(name, measured)) is not None}
        missing = [n for n in range(len(blocks)) if n not in found]
        for n, block in self._compute(program, [blocks[n] for n in missing]):
            self._blocks.save(names[missing[n]], block)
            found[missing[n]] = block
        return [found[n] for n in range(len(blocks))]

    def _here(self, program: Program, blocks: Sequence[Inputs]) -> Iterator[tuple[int, Block]]:
        return ((n, self.kernels.compute(program, inputs)) for n, inputs in enumerate(blocks))

    def _dataset(self, run: Run, lanes: Lanes, axes: Mapping[str, Any], rows: list[Any], ran: np.ndarray) -> xr.Dataset:
        lead = (*axes, "instance", "replicate")
        shape = (*(len(values) for values in axes.values()), len(lanes.instances), len(lanes.replicates))
        variables: dict[str, Any] = {"ran": (lead, ran.reshape(shape))}
        first = next((row for row in rows if row is not None), None)
        if first is not None:
            for letter, _, dims in run.outputs:
                if letter not in first:
                    continue
                like = np.full(first[letter].shape, np.nan)
                stacked = np.stack([like if row is None else row[letter] for row in rows]).reshape(*shape, *like.shape)
                own = (run.along[0],) if run.along and like.ndim > len(dims) else ()
                variables[letter] = ((*lead, *own, *dims), stacked)
        coords: dict[str, Any] = {name: (dim, [at[name] for at in places]) for dim, places in axes.items() for name in places[0]}
        coords |= {POINT: list(range(len(axes[POINT])))} if POINT in axes else {}
        coords |= {"instance": list(lanes.instances), "replicate": list(lanes.replicates)}
        if run.along:
            coords[run.along[0]] = list(run.along[1])
        for name, values in run.varies:
            coords[name] = ("instance", [values[i % len(values)] for i in lanes.instances])
        return xr.Dataset(variables, coords)

    def _letters(self, run: Run, point: Mapping[str, float], instance: int) -> dict[str, Any]:
        varied = {name: values[instance % len(values)] for name, values in run.varies}
        return {**dict(run.fixed), **varied, **point}

    def _inputs(self, run: Run, static: Mapping[str, Any], cells: Sequence[Any], lanes: Lanes) -> dict[str, np.ndarray]:
        count = len(cells)
        swept = {name for name, _ in run.sweep}
        point = [_hash(repr(sorted((n, float(v)) for n, v in letters.items() if n in swept))) for letters, _ in cells]
        instance, replicate = (np.array([cell[n] for _, cell in cells], np.uint64) for n in (1, 2))
        replicates = replicate if lanes.shaken is None else np.full(count, lanes.shaken, np.uint64)
        root = _mix(np.full(count, run.seed, np.uint64), _hash(run.family or ""))
        keyed = instance if run.like is None else np.full(count, run.like, np.uint64)
        inputs: dict[str, np.ndarray] = {
            "draw": _key(_mix(root, keyed)),
            "noise": _key(_mix(_mix(_mix(root, np.array(point, np.uint64)), keyed), replicates)),
            "nudge": np.zeros(count, np.uint32) if lanes.shaken is None else (replicate + np.uint64(1)).astype(np.uint32),
            "near_solution": (replicate + np.uint64(1)).astype(np.uint32) * np.uint32(lanes.near_solution),
        }
        if cells:
            numbers = self.kernels.numbers(_program(run, static), cells[0][0] | static)
            if run.given and len(run.given[0]) != numbers:
                raise KernelFault(f"{run.family} is built of {numbers} numbers at {static or 'these letters'}, not of {len(run.given[0])}")
            if numbers:
                rows = np.array(run.given) if run.given else np.full((1, numbers), np.nan)
                inputs["parameters"] = rows[instance.astype(int) % len(rows)]
            for name in cells[0][0]:
                if name not in static and self.takes(run, name):
                    values = np.array([letters[name] for letters, _ in cells])
                    inputs[name] = values.astype(np.int64 if values.dtype.kind in "iu" else np.float64)
        return inputs

    def _statics(self, run: Run) -> list[dict[str, Any]]:
        """The combinations of letters that are Python numbers inside kernels: one compilation each."""
        whole = {name: value for name, value in run.fixed if isinstance(value, int) and self.takes(run, name)}
        sized = {name: values for name, values in run.sweep if name in run.sized and self.takes(run, name)}
        return [{**whole, **dict(zip(sized, combination, strict=True))} for combination in product(*sized.values())]


def _program(run: Run, static: Mapping[str, Any]) -> Program:
    fixed = tuple(sorted(static.items()))
    return Program(run.kernel, run.family, run.outputs, fixed, run.along, run.tier, run.block, run.precision, run.needed)


def _axes(run: Run, names: Sequence[str]) -> dict[str, list[dict[str, float]]]:
    """The axes that these swept letters span, each with the letters' values at its places; those that go together share one."""
    sweep = dict(run.sweep)
    shared = [name for name in names if name in run.together]
    axes = {POINT: [dict(zip(shared, at, strict=True)) for at in zip(*(sweep[n] for n in shared), strict=True)]} if shared else {}
    return axes | {name: [{name: value} for value in sweep[name]] for name in names if name not in shared}


def _mix(state: np.ndarray, part: Any) -> np.ndarray:
    """64-bit states mixed with another number each: splitmix64, a bijection with full avalanche."""
    with np.errstate(over="ignore"):
        x = state + np.uint64(0x9E3779B97F4A7C15) * (np.asarray(part, np.uint64) + np.uint64(1))
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def _key(state: np.ndarray) -> np.ndarray:
    """64-bit states (n,) as the data of JAX keys (n, 2)."""
    return np.stack([state >> np.uint64(32), state & np.uint64(0xFFFFFFFF)], axis=1).astype(np.uint32)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def block_size(lanes: int) -> int:
    """Lanes per compiled block, from the first look's lanes: one of two sizes, so that claims share compilations; later looks keep it."""
    return BLOCKS[0] if lanes <= BLOCKS[0] else BLOCKS[1]
