"""The panel of guards: with any of them taken out of the judge, a test turns red."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
GUARDS = tomllib.loads((ROOT / "tests" / "guards.toml").read_text())["guard"]
GREEN, RED = 0, 1
FAILED = re.compile(r"^E +(AssertionError|assert )", re.MULTILINE)


def copied(folder: Path, old: str = "", new: str = "", file: str = "", **_: object) -> str:
    """A copy of the machine and its tests, with an edit in place; one that fits nowhere or in two places is a fault of the panel."""
    for part in ("theorylab", "tests"):
        # With what Python compiled, so that only the edited file is compiled again.
        shutil.copytree(ROOT / part, folder / part)
    shutil.copy(ROOT / "pyproject.toml", folder)
    if file:
        edited = folder / "theorylab" / file
        text = edited.read_text()
        assert text.count(old) == 1, f"{text.count(old)} places of {file} read {old!r}"
        edited.write_text(text.replace(old, new))
    return str(folder)


@pytest.fixture(scope="module")
def panel(tmp_path_factory):
    """The exit code and the output of every guard's tests without it, by name; of all of them on the judge as it is, by None."""
    top = tmp_path_factory.mktemp("guards").resolve()
    jobs: dict[str | None, tuple[str, list[str]]] = {
        guard["name"]: (copied(top / str(n), **guard), guard["tests"]) for n, guard in enumerate(GUARDS)
    }
    jobs[None] = copied(top / "whole"), sorted({test for guard in GUARDS for test in guard["tests"]})
    (top / "jobs.json").write_text(json.dumps(list(jobs.values())))
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "unguarded.py", top / "jobs.json"], capture_output=True, text=True, check=True, cwd=top
    )
    codes = json.loads(done.stdout)
    yield {name: (codes[folder], (Path(folder) / "output.txt").read_text()) for name, (folder, _) in jobs.items()}
    shutil.rmtree(top)


def test_every_test_of_the_panel_is_green_with_all_guards_in_place(panel):
    code, output = panel[None]
    assert code == GREEN, output[-3000:]


@pytest.mark.parametrize("name", [guard["name"] for guard in GUARDS])
def test_a_guard_taken_out_turns_a_test_red(panel, name):
    code, output = panel[name]
    assert code == RED, f"pytest ended with {code}, where {RED} says that a test failed:\n{output[-3000:]}"
    assert FAILED.search(output), f"what failed is no assertion, so that the edit broke more than the guard:\n{output[-3000:]}"


def test_the_panel_is_whole():
    assert len({guard["name"] for guard in GUARDS}) == len(GUARDS) >= 90
    assert all(guard["old"] != guard["new"] and guard["tests"] for guard in GUARDS)
