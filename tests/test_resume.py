"""Whatever ends a run, the next one goes on from there, and ends as an undisturbed one: the same verdicts, the same bits of data.

The lives of a small project, of about a second each, are forked from one process.
"""

import json
import random
import shutil
import signal

import pytest
from lives import Lives
from project_copies import copy
from test_cli import RIGHT

HALVES = """
halves = Claim(
    "Every step halves the distance.",
    source=paper.at("Lemma 3", basis="own"),
    statement=distance <= previous(distance) / 2,
    where=halving,
    simulation="sampling:walk",
    problems=("boxes:points",),
    controls=(
        Control("every step divides it by three", statement=distance <= previous(distance) / 3),
        Control("two steps halve it once", simulation="sampling:lazy_walk"),
    ),
)
"""
KILLS = 20


@pytest.fixture(scope="module")
def lives(tmp_path_factory):
    """Runs lives; `undisturbed` is a folder where one ran from a cold store to its end."""
    folder = copy(tmp_path_factory.mktemp("undisturbed") / "p", {"a.py": RIGHT, "b.py": HALVES})
    found = Lives(folder)
    found.undisturbed = folder
    (found.last,) = found(folder)
    yield found
    found.close()


@pytest.fixture
def fresh(lives, tmp_path):
    """Makes copies of the project as it was before its first run, but with what was compiled."""

    def make(name, compiled=True):
        folder = copy(tmp_path / name, {"a.py": RIGHT, "b.py": HALVES})
        if compiled:
            shutil.copytree(lives.undisturbed / ".theorylab" / "compiled", folder / ".theorylab" / "compiled")
        return folder

    return make


def outcome(folder):
    """What a run found: its verdicts but for times, and the bytes of all its data."""
    found = json.loads((folder / "reports" / "verdicts.json").read_text())
    for name in ("started", "seconds"):
        del found["run"][name]
    for claim in found["claims"]:
        del claim["seconds"], claim["cached"]
    return found, {file.name: file.read_bytes() for file in (folder / "reports" / "data").glob("[!.]*")}


def blocks(folder):
    """The blocks that are stored, each with what changes when it is written again."""
    return {file.name: file.stat().st_ino for file in (folder / ".theorylab" / "blocks").rglob("*.npz")}


def test_a_run_that_is_killed_goes_on_where_it_was(lives, fresh):
    (whole,) = lives(fresh("whole"))
    print(whole, lives.last)
    (cold,) = lives(fresh("cold", compiled=False))
    print(cold)
    draw = random.Random(6)
    wanted, everything = outcome(lives.undisturbed), blocks(lives.undisturbed)
    left = []
    for n in range(KILLS):
        folder = fresh(str(n))
        fate = {"step": draw.randint(1, whole["steps"]), "then": "kill"} if n % 2 else {"cpu": draw.uniform(0, whole["cpu"])}
        (killed,) = lives(folder, **fate)
        before = blocks(folder)
        (after,) = lives(folder)
        print(n, fate, killed["code"], killed["cpu"], after["cpu"], len(before), len(everything))
        assert after["code"] == 0, after["said"]
        assert "damaged" not in after["said"]
        assert outcome(folder) == wanted
        assert blocks(folder).items() >= before.items()
        assert blocks(folder).keys() == everything.keys()
        assert killed["code"] in (-signal.SIGKILL, -signal.SIGPROF, 0)
        left.append(len(before))
    # The moments are spread: some runs had next to nothing, some next to all of it, most a part.
    assert len(set(left)) > 3
