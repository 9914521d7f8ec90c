"""Compilations, and their time against the time of runs.

Every claim is checked by itself, one after the other, with nothing stored and no compile cache, so that a second of compiling is not one
of waiting for another claim's. A shape is a kernel on a family in one precision with its whole numbers; it may be compiled for a block of
8 and one of 128 lanes. Tracing includes writing the program down for the next run; the table names what compiles longest.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from theorylab.catalogue import find_claims
from theorylab.kernels import Kernels
from theorylab.project import find_project
from theorylab.simulate import Simulator
from theorylab.verify import verify

from .row import Row, at_most
from .timing import ROOT, apart

ORDER = 3
SHOWN = 8


def measure(claims: str) -> Iterator[Row]:
    """Counts and times over the claims asked for, of a process of their own with a cold compile cache and one with a warm one."""
    with tempfile.TemporaryDirectory() as folder:
        cold = apart("bench.compiling", folder, claims)
        warm = apart("bench.compiling", folder, claims)
    shapes: Counter[str] = Counter()
    seconds: defaultdict[str, float] = defaultdict(float)
    for made in cold["made"]:
        shapes[made["shape"]] += 1
        seconds[made["kernel"]] += made["seconds"]
    most, times = shapes.most_common(1)[0]
    over = sum(count > 2 for count in shapes.values())
    yield at_most(f"compilations of one shape, the most of {len(shapes)}", times, 2, "", f" ({most}); {over} shapes have more than two")
    for name, found in (("cold", cold), ("warm", warm)):
        compiling = sum(made["seconds"] for made in found["made"])
        yield Row(
            f"{name} compile cache, {found['claims']} claims",
            f"{len(found['made'])} compilations {compiling:.3g} s, running {found['running']:.3g} s, all else "
            f"{found['seconds'] - compiling - found['running']:.3g} s",
        )
    for kernel, took in sorted(seconds.items(), key=lambda item: -item[1])[:SHOWN]:
        count = sum(made["kernel"] == kernel for made in cold["made"])
        yield Row(f"{kernel}, cold", f"{count} compilations {took:.3g} s, running {cold['kernels'].get(kernel, 0.0):.3g} s")


def watched(folder: Path, claims: str) -> dict[str, Any]:
    """Checks the claims one by one and tells what was compiled, in how many seconds, and how long kernels ran."""
    project = find_project(ROOT)
    made, running, inside = [], defaultdict(float), threading.local()
    compile_one, compute = Kernels._made, Kernels.compute

    def compiled(self: Kernels, program: Any, *rest: Any) -> Any:
        began = time.perf_counter()
        found = compile_one(self, program, *rest)
        inside.compiling = took = time.perf_counter() - began
        what = "problems" if rest[3][0] == "problems" else program.kernel
        kernel = f"{what} on {program.family}" if program.family else what
        letters = "".join(f", {name} = {value}" for name, value in program.static)
        made.append({"kernel": kernel, "shape": f"{kernel}{letters}, {program.precision}", "seconds": took})
        return found

    def computed(self: Kernels, program: Any, inputs: Any) -> Any:
        inside.compiling, began = 0.0, time.perf_counter()
        found = compute(self, program, inputs)
        kernel = f"{program.kernel} on {program.family}" if program.family else program.kernel
        running[kernel] += time.perf_counter() - began - inside.compiling
        return found

    Kernels._made, Kernels.compute = compiled, computed
    chosen = find_claims(project).select([claims] if claims else []).claims
    began, simulators = time.perf_counter(), {}
    for claim in chosen:
        if claim.file not in simulators:
            simulators = {claim.file: Simulator(project, folder)}
        verify(claim, simulators[claim.file])
    took = time.perf_counter() - began
    return {"claims": len(chosen), "seconds": took, "made": made, "running": sum(running.values()), "kernels": dict(running)}


if __name__ == "__main__":
    print(json.dumps(watched(Path(sys.argv[1]), sys.argv[2])))
