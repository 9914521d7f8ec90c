"""Runs tests on copies of the machine, each with one edit in place: `python unguarded.py JOBS`, two at a time.

JOBS is a JSON file of jobs, each a folder and the tests to run in it. What takes long to load, and is no part of the machine, is loaded
once and inherited; every job is a process of its own. Prints the exit codes of pytest as JSON; a job's output lies in its folder.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from pathlib import Path

import hypothesis  # noqa: F401 - loaded for the jobs
import jax  # noqa: F401
import pytest
import sympy  # noqa: F401
import xarray  # noqa: F401
from scipy import optimize, special  # noqa: F401

AT_ONCE = 2
NO_CODE = 70


def run(folder: str, tests: list[str]) -> int:
    """Pytest's exit code on the tests of a copy, in this process."""
    os.chdir(folder)
    with open("output.txt", "w") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        sys.path[:0] = [folder, f"{folder}/tests"]
        import theorylab

        if not Path(theorylab.__file__).is_relative_to(folder):
            raise RuntimeError(f"theorylab was loaded from {theorylab.__file__}, not from {folder}")
        # Rewriting a module's assertions takes as long as all the rest.
        options = ["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist"]
        return int(pytest.main([*options, *(f"tests/{test}" for test in tests)]))


def started(folder: str, tests: list[str]) -> int:
    """The number of a process that runs them."""
    number = os.fork()
    if number:
        return number
    code = NO_CODE
    try:
        code = run(folder, tests)
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
    os._exit(code)


def main(jobs: list[tuple[str, list[str]]]) -> dict[str, int]:
    """The exit codes by folder."""
    gc.freeze()  # what is loaded stays, and no job need look through it
    waiting, running, codes = list(jobs), {}, {}
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            folder, tests = waiting.pop(0)
            running[started(folder, tests)] = folder
        number, status = os.wait()
        codes[running.pop(number)] = os.waitstatus_to_exitcode(status)
    return codes


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text()))))
