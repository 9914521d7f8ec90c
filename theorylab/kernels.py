"""Compiles kernels and runs them on blocks of lanes: what one machine does at once. It never sees a claim nor a bound.

The only module, with devices and ascent, that imports JAX.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import os
import pickle
import threading
import warnings
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.experimental import serialize_executable
from jax.flatten_util import ravel_pytree

from . import devices, digests, programs
from .project import Project, load
from .slip import Slip

NEAR = 0.75
COMPILER = {
    "quick": {"xla_backend_optimization_level": 1},
    "full": {},
    "unfused": {"xla_disable_hlo_passes": "fusion"},
    # Problems are built once, which takes less time than the compiler.
    "building": {"xla_backend_optimization_level": 0},
}
# What every lane has beside its letters: the keys of its instance and of its noise, how its inputs are moved, and, where a family is drawn
# of few enough numbers for a search to move, these: NaN for those that are to be drawn.
LANE = ("draw", "noise", "nudge", "near_solution", "parameters")
MOVABLE = 256
# What only the problem of a lane follows from, and how the arrays that it consists of are called where they were built before.
OF_PROBLEM = ("draw", "near_solution", "parameters")
PART = "problem "
PROBLEMS = "problems"
# Problems of more bytes a block are built where they are used.
APART = 2**26
# What the numbers of a family are called that draws one array, without a name.
ALONE = "numbers"
# What a lane has beside that where its gradient is taken: the cell that is weighed, and the weights of quantity and bound there.
WEIGHED = ("cell", "above", "below")
# The devices of a CPU have one pool of threads, where LAPACK would wait for itself for ever (see _alone); callbacks to Python take turns,
# and on the threads of several devices they do not find float64 switched on.
ON_ONE_DEVICE = ("lapack", "callback")
# A compiler takes hundreds of megabytes, and no more of them than cores do any better.
COMPILING = threading.BoundedSemaphore(os.cpu_count() or 1)

Inputs = Mapping[str, np.ndarray]


class KernelFault(Exception):
    """A kernel or family that raises, lacks a letter or returns the wrong shape; the text names it and what to mend."""


@dataclass(frozen=True)
class Program:
    """What a block of lanes is computed by: one kernel on one family, with the letters that are Python numbers inside them.

    `outputs` pairs a letter with the kernel's name for it and the names of its own axes; a letter that is not `needed` may be missing.
    `along` is a letter and its checkpoints. `precision` is double; single for the float32 twin, whose problem and letters are cast while
    the kernel's noise is drawn as before; or only single, where no number inside the kernel is wider, for kernels that draw nothing.
    """

    kernel: str
    family: str | None
    outputs: tuple[tuple[str, str, tuple[str, ...]], ...]
    static: tuple[tuple[str, Any], ...]
    along: tuple[str, tuple[float, ...]] | None
    tier: str
    block: int
    precision: str = "double"
    needed: frozenset[str] = field(default=frozenset(), compare=False, repr=False)


class Building(NamedTuple):
    """What the problems of a block of lanes are built by and of."""

    program: Program
    inputs: Inputs


@dataclass(frozen=True)
class Pieces:
    """A compiled function of so many lanes, called for more of them piece by piece, the last one padded."""

    compiled: Any
    lanes: int

    def __call__(self, inputs: Inputs, along: np.ndarray) -> Any:
        count = len(inputs["nudge"])
        pieces = [{name: v[first : first + self.lanes] for name, v in inputs.items()} for first in range(0, count, self.lanes)]
        found = [jax.tree.map(np.asarray, self.compiled(_padded(piece, self.lanes), along)) for piece in pieces]
        return jax.tree.map(lambda *parts: np.concatenate(parts)[:count], *found)


class Executable(NamedTuple):
    """A compiled function, whether it calls LAPACK, and how many devices share its lanes."""

    compiled: Any
    is_lapack: bool
    devices: int

    def packed(self) -> bytes:
        """The bytes that another process makes it of, with the same JAX on such a machine."""
        return pickle.dumps((serialize_executable.serialize(self.compiled), self.is_lapack, self.devices))

    @classmethod
    def unpacked(cls, body: bytes) -> Executable:
        """What such bytes were made of."""
        executable, is_lapack, count = pickle.loads(body)
        if is_lapack:
            _find_lapack()
        compiled = serialize_executable.deserialize_and_load(*executable, execution_devices=jax.local_devices()[:count])
        return cls(compiled, is_lapack, count)


class Structure(NamedTuple):
    """A problem taken to pieces: what holds them, those that are no arrays, None in the places of the others, and the arrays."""

    tree: Any
    other: tuple[Any, ...]
    arrays: list[Any]

    def holding(self, arrays: Sequence[Any]) -> Any:
        """The problem with these arrays."""
        rest = iter(arrays)
        return jax.tree.unflatten(self.tree, [next(rest) if leaf is None else leaf for leaf in self.other])


class Kernels:
    """The kernels and families of a project, each compiled once per shape."""

    def __init__(self, project: Project, kept: Path | None = None, tell: Callable[[str], None] = lambda _: None) -> None:
        """`kept` is a folder for compiled functions, of which `tell` hears what is damaged; without one, all are compiled anew."""
        self.project = project
        self.kept = kept
        self._tell = tell
        if kept is not None:
            # What JAX takes from a cache of its own cannot be kept a second time: it loads, and lacks some of its functions.
            jax.config.update("jax_enable_compilation_cache", False)
        self.compilations = 0
        self._compiled: dict[Any, Any] = {}
        self._faults: dict[Any, str] = {}
        self._facts: dict[Any, Any] = {}
        self._locks: dict[Any, threading.Lock] = {}
        self._lock = threading.Lock()

    def compute(self, program: Program, inputs: Inputs) -> dict[str, np.ndarray]:
        """The measured letters of a block of lanes, at most `program.block` of them: by letter, lanes first. Raises KernelFault.

        `inputs` holds a row for each lane: its keys, how its inputs are moved, and the letters that are traced.
        """
        with _double():
            return self._run_python(program, inputs) if self.is_python(program.kernel) else self._run_compiled(program, inputs)

    def is_python(self, kernel: str) -> bool:
        """Whether a kernel runs as a loop in Python, which is said by `rng` as its first parameter."""
        return next(iter(inspect.signature(self._load(kernel, "simulations")).parameters), "") == "rng"

    def forget(self, names: Collection[str]) -> None:
        """Lets go of what these kernels and families compiled to, a few megabytes each."""
        for key in list(self._compiled):
            if key[0] in names or (key[0] == PROBLEMS and key[1] in names):
                del self._compiled[key]

    def facts(self, program: Program, letters: Mapping[str, Any]) -> tuple[bool, bool]:
        """Whether draws of the family have parameters, and whether its problems have a solution; read off shapes alone."""
        if program.family is None:
            return False, False
        drawn, solved = self._once(program, program.family, lambda: self._found_facts(program, letters))
        return drawn, solved

    def numbers(self, program: Program, letters: Mapping[str, Any]) -> int:
        """How many real numbers a draw of the family is made of, which a search may move; 0 where they are not real, or too many."""
        if program.family is None:
            return 0
        return int(self._once(program, (program.family, program.static), lambda: self._found_numbers(program, letters)))

    def shapes(self, program: Program, letters: Mapping[str, Any]) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """The arrays that a draw of the family is made of, each with its name and shape, in the order of the numbers."""
        if program.family is None:
            return ()
        found = self._once(program, ("shapes", program.family, program.static), lambda: self._found_shapes(program, letters))
        return tuple((name, tuple(shape)) for name, shape in found)

    def scalars(self, program: Program, inputs: Inputs) -> dict[str, float]:
        """What is a single number among the fields of the first lane's problem, by name."""

        def built(values: Any, _: Any) -> dict[str, Any]:
            letters = dict(program.static) | {name: values[name] for name in values if name not in LANE}
            letters |= {program.along[0]: jnp.asarray(_checkpoints(program))} if program.along else {}
            problem = self._problem(program, letters, jax.random.wrap_key_data(values["draw"]), given=values.get("parameters"))
            fields = problem._asdict() if hasattr(problem, "_asdict") else {}
            return {name: jnp.asarray(value) for name, value in fields.items() if _is_number(value)}

        key = ("scalars", program.family, program.static, program.along)
        with _double():
            found = self._function(program, built, inputs, np.zeros(0), key, self.kept)(inputs, np.zeros(0))
        return {name: float(values[0]) for name, values in found.items()}

    def drawn(self, program: Program, inputs: Inputs) -> np.ndarray:
        """The numbers that a block of lanes is drawn of, `(lanes, numbers)`."""
        family = self._family(program)

        def flat(values: Any, _: Any) -> Any:
            letters = dict(program.static) | {name: values[name] for name in values if name not in LANE}
            return ravel_pytree(family.draw(jax.random.wrap_key_data(values["draw"]), **_pick(family.draw, letters)))[0]

        drawing = {name: values for name, values in inputs.items() if name != "parameters"}
        with _double():
            key = ("drawn", program.family, program.static)
            return self._function(program, flat, drawing, np.zeros(0), key, self.kept)(drawing, np.zeros(0))

    def gradients(self, program: Program, inputs: Inputs, weigh: Any, key: Any) -> dict[str, np.ndarray]:
        """How `weigh(measured letters, all letters)` of each lane moves with the numbers that it is built of, and with its real letters.

        By `parameters` and letter, lanes first. What else `weigh` reads are `inputs` as well, and `key` tells it from every other.
        Raises KernelFault where the kernel has no gradient.
        """
        checkpoints = _checkpoints(program)
        built = {name for name, values in inputs.items() if values.dtype == np.float64 and name not in WEIGHED}

        def lane(values: Any, _: Any) -> Any:
            def weighed(moved: Any) -> Any:
                here = values | moved
                letters = {name: here[name] for name in here if name not in WEIGHED}
                return weigh(self._lane(program, letters, checkpoints), {**dict(program.static), **here})

            return jax.grad(weighed)({name: values[name] for name in built})

        inputs = {name: values for name, values in inputs.items() if name != "near_solution"}
        with _double():
            return self._function(program, lane, inputs, np.zeros(0), ("gradients", program, key), None)(inputs, np.zeros(0))

    def _once(self, program: Program, key: Any, find: Callable[[], Any]) -> Any:
        """What is true of a family, as an earlier run found it, since tracing it takes longer than many a run; found now and kept."""
        with self._lock:
            known = self._facts.get(key)
        if known is None:
            file = self.kept and (self.kept / programs.name(self._code(program), key)).with_suffix(".facts")
            kept = programs.load(file, self._tell) if file else None
            known = json.loads(kept) if kept else find()
            if file and not kept:
                programs.save(file, json.dumps(known).encode())
            with self._lock:
                self._facts[key] = known
        return known

    def _found_facts(self, program: Program, letters: Mapping[str, Any]) -> tuple[bool, bool]:
        family = self._family(program)
        try:
            with _double():
                drawn = jax.eval_shape(lambda: family.draw(jax.random.key(0), **_pick(family.draw, letters)))
                problem = jax.eval_shape(lambda: self._problem(program, letters))
        except (KernelFault, Slip):
            raise
        except Exception as error:
            raise KernelFault(self._blame(program, error)) from error
        return bool(jax.tree.leaves(drawn)), getattr(problem, "solution", None) is not None

    def _found_numbers(self, program: Program, letters: Mapping[str, Any]) -> int:
        family = self._family(program)
        try:
            with _double():
                drawn = jax.tree.leaves(jax.eval_shape(lambda: family.draw(jax.random.key(0), **_pick(family.draw, letters))))
        except Exception as error:
            raise KernelFault(self._blame(program, error)) from error
        count = sum(leaf.size for leaf in drawn)
        return count if count <= MOVABLE and all(leaf.dtype == jnp.float64 for leaf in drawn) else 0

    def _found_shapes(self, program: Program, letters: Mapping[str, Any]) -> list[tuple[str, tuple[int, ...]]]:
        family = self._family(program)
        with _double():
            drawn = jax.eval_shape(lambda: family.draw(jax.random.key(0), **_pick(family.draw, letters)))
        leaves = jax.tree_util.tree_flatten_with_path(drawn)[0]
        return [(jax.tree_util.keystr(path, simple=True, separator=".") or ALONE, leaf.shape) for path, leaf in leaves]

    def takes(self, kernel: str, family: str | None, name: str) -> bool:
        """Whether the kernel or the family takes the letter; one that neither takes is no dimension of the data."""
        pair = self._load(family, "simulations/problems") if family else None
        functions = [self._load(kernel, "simulations"), *((pair.draw, pair.build) if pair else ())]
        return any(name in inspect.signature(function).parameters for function in functions)

    def _run_compiled(self, program: Program, inputs: Inputs) -> dict[str, np.ndarray]:
        along = _checkpoints(program, padded=True)
        key = (program.kernel, program.family, program.outputs, program.static, program.along and program.along[0])
        key += () if program.precision == "double" else (program.precision,)
        lane = lambda values, checkpoints: self._lane(program, values, checkpoints)  # noqa: E731
        if program.family is not None and self._are_small(building := self._building(program, inputs)):
            parts = self._parts(building)
            inputs = {name: v for name, v in inputs.items() if name not in OF_PROBLEM} | {f"{PART}{n}": v for n, v in enumerate(parts)}
            lane = lambda values, checkpoints: self._lane(program, values, checkpoints, self._structure(building))  # noqa: E731
        out = self._function(program, lane, inputs, along, key, self.kept)(inputs, along)
        steps = len(_checkpoints(program))
        return {letter: values[:, :steps] if _has_steps(program, letter, values.ndim - 1) else values for letter, values in out.items()}

    def _building(self, program: Program, inputs: Inputs) -> Building:
        """What the problems of a block are built of: the letters that the family takes, so that all kernels on it share them."""
        family = self._family(program)
        takes = {name for function in (family.draw, family.build) for name in inspect.signature(function).parameters}
        alone = replace(
            program,
            kernel="",
            outputs=(),
            static=tuple((name, value) for name, value in program.static if name in takes),
            along=program.along if program.along and program.along[0] in takes else None,
            tier="unfused" if program.tier == "unfused" else "building",
            precision="double",
        )
        return Building(alone, {name: v for name, v in inputs.items() if name in takes or (name in LANE and name != "noise")})

    def _are_small(self, building: Building) -> bool:
        """Whether problems are few enough numbers to be built by a function of their own, which all kernels share."""
        program = building.program
        bytes_ = self._once(program, ("bytes", program.family, program.static), lambda: _bytes(self._structure(building).arrays))
        return bool(int(bytes_) * program.block <= APART)

    def _parts(self, building: Building) -> list[np.ndarray]:
        """The arrays that the problems of a block of lanes consist of, lanes first."""
        program, inputs = building
        build = lambda values, checkpoints: _taken(self._built(program, values, checkpoints)).arrays  # noqa: E731
        along, key = _checkpoints(program, padded=True), (PROBLEMS, program.family, program.static, program.along and program.along[0])
        return self._function(program, build, inputs, along, key, self.kept)(inputs, along)

    def _structure(self, building: Building) -> Structure:
        """How the problem of a lane is made up, with the shapes of its arrays; traced once."""
        program, inputs = building
        key = ("structure", program.family, program.static, program.along and program.along[0], tuple(sorted(inputs)))
        if key not in self._compiled:
            found: list[Structure] = []

            def build(values: Any, checkpoints: Any) -> Any:
                found.append(_taken(self._built(program, values, checkpoints)))
                return found[0].arrays

            try:
                shapes = jax.eval_shape(build, {name: v[0] for name, v in inputs.items()}, _checkpoints(program, padded=True))
            except (KernelFault, Slip):
                raise
            except Exception as error:
                raise KernelFault(self._blame(program, error)) from error
            self._compiled[key] = found[0]._replace(arrays=shapes)
        return self._compiled[key]

    def _function(self, program: Program, lane: Any, inputs: Inputs, along: np.ndarray, parts: Any, kept: Path | None) -> Pieces:
        shapes = tuple((name, v.shape[1:], str(v.dtype)) for name, v in sorted({**inputs, "along": along[None]}.items()))
        key = (*parts, shapes, program.block, program.tier)
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key in self._faults:
                raise KernelFault(self._faults[key])
            if key not in self._compiled:
                try:
                    self._compiled[key] = self._made(program, jax.vmap(lane, in_axes=(0, None)), inputs, along, key, kept)
                except KernelFault as fault:
                    self._faults[key] = str(fault)
                    raise
        return self._compiled[key]

    def _made(self, program: Program, function: Any, inputs: Inputs, along: np.ndarray, key: Any, kept: Path | None) -> Pieces:
        """The function compiled for as many lanes as a device does well at once; where its memory is short of that, for the largest power
        of two that fits."""
        lanes = min(program.block, devices.at_once())
        while True:
            try:
                with COMPILING:
                    found = self._piece(program, function, _padded(inputs, lanes), along, key, kept)
            except (KernelFault, Slip):
                raise
            except Exception as error:
                raise KernelFault(self._blame(program, error)) from error
            self.compilations += 1
            needs, room = devices.needs(found.compiled), devices.room()
            if needs <= room:
                return Pieces(_alone(found.compiled) if found.is_lapack else found.compiled, lanes)
            if lanes == 1:
                raise KernelFault(
                    f"{program.kernel} on {program.family or 'no family'} needs {needs:,} bytes for one run, and each run has {room:,} of "
                    "this machine's memory. Keep less along the run, or take a smaller size."
                )
            fitting = max(1, min(lanes - 1, lanes * room // needs))
            lanes = 2 ** (fitting.bit_length() - 1)

    def _piece(self, program: Program, function: Any, inputs: Inputs, along: np.ndarray, key: Any, kept: Path | None) -> Executable:
        """The function compiled for as many lanes as the inputs have, on the devices that share them: as an earlier run kept it, else now.

        `kept` is where the sources and the key lead to what was kept, so that nothing is traced; otherwise what is traced leads there.
        """
        lanes = len(inputs["nudge"])
        count = devices.sharing(lanes)
        pointer = kept and kept / programs.name(self._code(program), (key, lanes, count, devices.described(), devices.processor()))
        name = programs.load(pointer, self._tell) if pointer else None
        found = self._loaded(name.decode()) if name else None
        if found is not None:
            return found
        lowered = jax.jit(devices.shared(function, count)).lower(inputs, along)
        text = lowered.as_text()
        if count > 1 and any(word in text for word in ON_ONE_DEVICE):
            lowered, count = jax.jit(function).lower(inputs, along), 1
            text = lowered.as_text()
        called = str(lowered.in_tree), str(lowered.out_tree)
        made = programs.made(text, (called, COMPILER[program.tier], devices.described(), devices.processor(), digests.compiler()))
        found = self._loaded(made)
        if found is None:
            found = Executable(lowered.compile(compiler_options=COMPILER[program.tier] or None), "lapack" in text, count)
            # A callback is an address in this process; what else JAX cannot write down is compiled anew.
            if self.kept and "callback" not in text:
                with contextlib.suppress(Exception):
                    programs.save(self.kept / made, found.packed())
        if pointer and "callback" not in text:
            programs.save(pointer, made.encode())
        return found

    def _loaded(self, name: str) -> Executable | None:
        """What a compiled function was kept as; None where nothing was that this JAX can load."""
        body = programs.load(self.kept / name, self._tell) if self.kept else None
        try:
            return Executable.unpacked(body) if body else None
        except Exception:
            return None

    def _lane(self, program: Program, values: Mapping[str, Any], checkpoints: Any, structure: Structure | None = None) -> dict[str, Any]:
        """What is measured of a lane, on a problem of this structure where its arrays were built before."""
        letters = self._letters(program, values, checkpoints)
        if structure is None:
            problem = self._built(program, values, checkpoints)
        else:
            problem = structure.holding([values[f"{PART}{n}"] for n in range(len(structure.arrays))])
        if program.precision != "double":
            problem, letters = _narrowed((problem, letters), program.precision == "only single")
        with _single() if program.precision == "only single" else contextlib.nullcontext():
            noise = jax.random.wrap_key_data(values["noise"])
            out = self._kernel(program)(noise, problem, **_pick(self._kernel(program), letters))
        return self._collect(program, out, problem, checkpoints)

    def _letters(self, program: Program, values: Mapping[str, Any], checkpoints: Any) -> dict[str, Any]:
        """All letters of a lane, moved as it is."""
        traced = {name: values[name] for name in values if name not in LANE and not name.startswith(PART)}
        return {**dict(program.static), **_moved(traced, values["nudge"])} | ({program.along[0]: checkpoints} if program.along else {})

    def _built(self, program: Program, values: Mapping[str, Any], checkpoints: Any) -> Any:
        """The problem of a lane."""
        letters, draw = self._letters(program, values, checkpoints), jax.random.wrap_key_data(values["draw"])
        return self._problem(program, letters, draw, values["nudge"], values.get("near_solution"), values.get("parameters"))

    def _problem(
        self, program: Program, letters: Mapping[str, Any], key: Any = None, nudge: Any = 0, near_solution: Any = 0, given: Any = None
    ) -> Any:
        if program.family is None:
            return None
        family = self._family(program)
        key = jax.random.key(0) if key is None else key
        parameters = family.draw(key, **_pick(family.draw, letters))
        if given is not None:
            numbers, shaped = ravel_pytree(parameters)
            parameters = shaped(jnp.where(jnp.isnan(given), numbers, given))
        parameters = _move(parameters, nudge, 2)
        problem = family.build(parameters, **_pick(family.build, letters))
        if hasattr(problem, "start"):
            start = _move(problem.start, nudge, 3)
            if near_solution is not None and getattr(problem, "solution", None) is not None:
                there = _move(problem.solution, near_solution, 4, NEAR)
                start = jax.tree.map(lambda away, home: jnp.where(near_solution > 0, home, away), start, there)
            problem = problem._replace(start=start)
        return problem

    def _collect(self, program: Program, out: Any, problem: Any, checkpoints: Any) -> dict[str, Any]:
        if not isinstance(out, Mapping):
            raise KernelFault(
                f"the kernel {program.kernel} returns {type(out).__name__}; it must return a dict of arrays, one per measured letter."
            )
        collected = {}
        for letter, name, dims in program.outputs:
            if name in out:
                value = jnp.asarray(out[name])
            elif problem is not None and hasattr(problem, name):
                value = jnp.asarray(getattr(problem, name))
            elif letter not in program.needed:
                continue
            else:
                have = ", ".join(sorted(map(str, out)))
                raise KernelFault(
                    f"the kernel {program.kernel} returns {have}, and neither it nor the problem has {name!r}. "
                    "Return it, or mend the where table."
                )
            if jnp.iscomplexobj(value):
                raise KernelFault(
                    f"the kernel {program.kernel} measures {name} as complex numbers, which no bound compares. "
                    f"Return its real part or its size, such as {name}.real or jnp.abs({name})."
                )
            steps = len(checkpoints)
            own = value.ndim - len(dims)
            if not (own == 0 or (own == 1 and value.shape[0] == steps)):
                wanted = f"({', '.join([f'{steps} checkpoints of {program.along[0]}' if program.along else '', *dims]).strip(', ')})"
                raise KernelFault(f"the kernel {program.kernel} returns {name} of shape {value.shape}; it must be one number or {wanted}.")
            if program.precision != "double" and value.dtype == jnp.float64:
                raise KernelFault(
                    f"the kernel {program.kernel} computes {name} in float64 although its problem and letters are float32. "
                    "Begin at problem.start in its dtype, and cast noise to it."
                )
            collected[letter] = value.astype(jnp.float64)
        return collected

    def _run_python(self, program: Program, inputs: Inputs) -> dict[str, np.ndarray]:
        kernel = self._kernel(program)
        names, problems = [name for name in inputs if name not in LANE], None
        if program.family:
            try:
                building = self._building(program, inputs)
                problems = self._structure(building), self._parts(building)
            except Exception as error:
                raise KernelFault(self._blame(program, error)) from error
        rows = []
        for lane in range(len(inputs["nudge"])):
            problem = problems and problems[0].holding([part[lane] for part in problems[1]])
            rng = np.random.default_rng(inputs["noise"][lane])
            letters = dict(program.static) | {name: inputs[name][lane].item() for name in names} | _nudged(inputs, names, lane)
            letters |= {program.along[0]: np.asarray(program.along[1])} if program.along else {}
            if program.precision != "double":
                problem, letters = _narrowed((problem, letters), False)
            try:
                found = self._collect(program, kernel(rng, problem, **_pick(kernel, letters)), problem, _checkpoints(program))
                rows.append({letter: np.asarray(value) for letter, value in found.items()})
            except KernelFault:
                raise
            except (Exception, SystemExit) as error:
                raise KernelFault(self._blame(program, error)) from error
        return {letter: np.stack([row[letter] for row in rows]) for letter in rows[0]}

    def _code(self, program: Program) -> str:
        """The hash of all that the numbers of a program follow from, beside the letters; made once."""
        pair = program.kernel, program.family
        if ("code", pair) not in self._compiled:
            self._compiled["code", pair] = digests.program(self.project, *pair)
        return self._compiled["code", pair]

    def _kernel(self, program: Program) -> Any:
        return self._load(program.kernel, "simulations")

    def _family(self, program: Program) -> Any:
        return self._load(program.family or "", "simulations/problems")

    def _load(self, name: str, folder: str) -> Any:
        key = (folder, name)
        if key not in self._compiled:
            try:
                self._compiled[key] = load(self.project, name, folder)
            except Slip:
                raise
            except Exception as error:
                text = f"{folder}/{name.split(':')[0]}.py does not load: {type(error).__name__}: {error}"
                raise KernelFault(text + _to_install(error)) from error
        return self._compiled[key]

    def _blame(self, program: Program, error: BaseException) -> str:
        """What failed, at the last line of the project's own simulations/ that the error passed through, or of theorylab's."""
        places: dict[Path, str] = {}
        trace = error.__traceback__
        while trace is not None:
            file = Path(trace.tb_frame.f_code.co_filename)
            for folder in (root / "simulations" for root in self.project.roots):
                if file.is_relative_to(folder):
                    places[folder] = f" at simulations/{file.relative_to(folder)}, line {trace.tb_lineno}"
            trace = trace.tb_next
        place = next((places[root / "simulations"] for root in self.project.roots if root / "simulations" in places), "")
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        text = " ".join(lines[: 2 if lines and lines[0].endswith(":") else 1])
        what = f"{program.kernel} on {program.family or 'no family'}" if program.kernel else program.family
        nowhere = ""
        if program.family is None and isinstance(error, AttributeError) and "'NoneType'" in text:
            nowhere = '. The claim names no problems, so that the kernel has none: write problems="module:family".'
        return f"{what} failed{place}: {type(error).__name__}: {text}{_to_install(error)}{_to_trace(error)}{nowhere}"


def _to_install(error: BaseException) -> str:
    """What to do about a package that a kernel imports and that is not there."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    package = error.name.partition(".")[0]
    return f". Install it: python -m pip install {package}; for claims that come with theorylab, 'theorylab[catalogue]'"


def _to_trace(error: BaseException) -> str:
    """What to write in a kernel that takes its letters, which have no value while it is compiled, for plain numbers."""
    untold = jax.errors.ConcretizationTypeError, jax.errors.TracerArrayConversionError, jax.errors.TracerIntegerConversionError
    if isinstance(error, untold):
        return " A kernel is compiled: write jnp.where for if, and jnp for np; or call its first argument rng, for plain NumPy."
    return ""


def _checkpoints(program: Program, padded: bool = False) -> np.ndarray:
    """The checkpoints; padded by repeating the last to one of few lengths, so that claims with other grids share compilations."""
    if program.along is None:
        return np.zeros(0)
    values = np.asarray(program.along[1])
    if padded:
        values = np.pad(values, (0, max(64, 2 ** int(np.ceil(np.log2(len(values))))) - len(values)), mode="edge")
    return values.astype(np.int64 if values.dtype.kind in "iu" else np.float64)


def _padded(inputs: Inputs, lanes: int) -> dict[str, np.ndarray]:
    """The first lanes of a block, as many as asked for; the first of them again where it has fewer."""
    return {name: np.concatenate([v[:lanes], v[:1].repeat(max(lanes - len(v), 0), axis=0)]) for name, v in inputs.items()}


def _has_steps(program: Program, letter: str, dims: int) -> bool:
    """Whether the numbers of a lane, with so many dimensions, have an axis of checkpoints."""
    own = next(own for name, _, own in program.outputs if name == letter)
    return program.along is not None and dims > len(own)


def _nudged(inputs: Inputs, names: Sequence[str], lane: int) -> dict[str, float]:
    """The letters of a shaken lane that are no whole numbers, moved as a compiled kernel's are; none of any other lane."""
    if not inputs["nudge"][lane]:
        return {}
    real = {name: inputs[name][lane] for name in names if inputs[name].dtype.kind == "f"}
    return {name: float(value) for name, value in _moved(real, inputs["nudge"][lane]).items()}


def _alone(function: Any) -> Any:
    """A function that waits until no other of its kind runs in this process.

    XLA's calls into LAPACK wait for tasks of the thread pool that they run in: four at once on two cores wait for ever (jaxlib 0.10).
    """

    def call(*arguments: Any) -> Any:
        with _lapack:
            return jax.block_until_ready(function(*arguments))

    return call


_lapack = threading.Lock()


@functools.cache
def _find_lapack() -> None:
    """Has JAX look up LAPACK's functions, which it does when it first lowers a call of one."""
    jax.jit(jnp.linalg.cholesky).lower(np.eye(1))


@contextlib.contextmanager
def _double() -> Any:
    """float64, no silent rank promotion and full-precision products, for this block only."""
    with jax.enable_x64(True), jax.numpy_rank_promotion("raise"), jax.default_matmul_precision("highest"):
        yield


@contextlib.contextmanager
def _single() -> Any:
    """float32 for everything, also where a kernel asks for float64, for this block only."""
    with warnings.catch_warnings(), jax.enable_x64(False):
        warnings.filterwarnings("ignore", "Explicitly requested dtype")
        yield


def _pick(function: Any, letters: Mapping[str, Any]) -> dict[str, Any]:
    """The letters that a function takes by name. Raises KernelFault for one that no letter fills."""
    picked = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY:
            if name in letters:
                picked[name] = letters[name]
            elif parameter.default is parameter.empty:
                raise KernelFault(
                    f"{function.__module__.rpartition('.')[2]}.{function.__name__} takes {name}, which no letter of the claim fills (one "
                    "that is read along a run fills none of a family's). "
                    f'Take it out, or add  {name}: fixed("meaning", value)  to the where table.'
                )
    return picked


def _taken(problem: Any) -> Structure:
    """A problem taken to pieces while it is traced."""
    leaves, tree = jax.tree.flatten(problem)
    traced = [isinstance(leaf, Tracer) for leaf in leaves]
    other = tuple(None if is_array else leaf for leaf, is_array in zip(leaves, traced, strict=True))
    return Structure(tree, other, [leaf for leaf, is_array in zip(leaves, traced, strict=True) if is_array])


def _bytes(arrays: Sequence[Any]) -> int:
    """The size of arrays by their shapes; more than any for random keys, which stay where they are."""
    return sum(array.size * (8 if jnp.issubdtype(array.dtype, jnp.number) or array.dtype == bool else APART) for array in arrays)


def _is_number(value: Any) -> bool:
    """Whether a field of a problem holds one real number."""
    if isinstance(value, (int, float)):
        return True
    return getattr(value, "shape", None) == () and value.dtype.kind in "iuf"


def _narrowed(tree: Any, whole: bool) -> Any:
    """Numbers of 64 bits cast to 32: floating-point ones, and with `whole` integers too; Python's own stay as they are."""
    kinds = {"float64": np.float32} | ({"int64": np.int32, "uint64": np.uint32} if whole else {})

    def narrow(leaf: Any) -> Any:
        if type(leaf) is float:
            return np.float32(leaf)
        narrower = kinds.get(str(getattr(leaf, "dtype", "")))
        return leaf.astype(narrower) if narrower else leaf

    return jax.tree.map(narrow, tree)


def _moved(letters: Mapping[str, Any], nudge: Any) -> dict[str, Any]:
    """Letters moved by one unit in the last place, each by its name, so that a problem and a kernel see the same."""
    return {name: _move(value, nudge, 5 + zlib.crc32(name.encode()) % 1_000_000) for name, value in letters.items()}


def _move(tree: Any, nudge: Any, salt: int, power: float = 1.0) -> Any:
    """Floating-point leaves moved up or down by a part eps^power of themselves where nudge is not 0; whole numbers stay."""
    leaves, structure = jax.tree.flatten(tree)
    moved = []
    for index, leaf in enumerate(leaves):
        leaf = jnp.asarray(leaf)
        if jnp.issubdtype(leaf.dtype, jnp.floating):
            step = jnp.where(jnp.asarray(nudge) > 0, jnp.finfo(leaf.dtype).eps ** power, 0.0).astype(leaf.dtype)
            leaf = leaf * (1 + _signs(leaf, nudge, 1000 * salt + index) * jnp.broadcast_to(step, leaf.shape))
        moved.append(leaf)
    return jax.tree.unflatten(structure, moved)


def _signs(leaf: Any, nudge: Any, salt: int) -> Any:
    """-1 or 1 for every entry, another pattern for every nudge; a hash, which compiles sooner than a random generator."""
    x = (
        jnp.arange(leaf.size, dtype=jnp.uint32) * np.uint32(2654435761)
        + jnp.asarray(nudge, jnp.uint32) * np.uint32(2246822519)
        + np.uint32(salt)
    )
    for shift, factor in ((16, 2146121005), (15, 2221713035)):
        x = (x ^ (x >> shift)) * np.uint32(factor)
    return (1.0 - 2.0 * ((x >> 16) & 1).astype(leaf.dtype)).reshape(leaf.shape)
