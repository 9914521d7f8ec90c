"""Whatever ends a run, the next one goes on from there, and ends as an undisturbed one: the same verdicts, the same bits of data.

The lives of a small project, of about a second each, are forked from one process.
"""

import json
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from lives import Lives
from project_copies import contents, copy
from test_cli import RIGHT

HALVES = """
from sympy import Rational

walked = dict(where=halving, simulation="sampling:walk", problems=("boxes:points",), instances=512)
lazy = Control("two steps halve it once", simulation="sampling:lazy_walk")
halves = Claim(
    "Every step halves the distance.",
    source=paper.at("Lemma 3", basis="own"),
    statement=distance <= previous(distance) / 2,
    controls=(Control("every step divides it by three", statement=distance <= previous(distance) / 3), lazy),
    **walked,
)
twothirds = Claim(
    "Every step leaves two thirds of the distance at most.",
    source=paper.at("Lemma 4", basis="own"),
    statement=distance <= previous(distance) * Rational(2, 3),
    controls=(Control("every step leaves two fifths", statement=distance <= previous(distance) * Rational(2, 5)), lazy),
    **walked,
)
"""
ENDLESS = """
from jax import debug, lax
import os, signal

def endless(key, problem, *, n, sigma):
    debug.callback(lambda: os.kill(os.getpid(), signal.SIGINT))
    return {"error": lax.while_loop(lambda x: x >= 0, lambda x: x + sigma, n * 1.0)}
"""


@pytest.fixture(scope="module")
def claims(request):
    """The claim files of the project."""
    return {"a.py": HALVES} | ({"b.py": RIGHT} if request.config.getoption("thorough") else {})


@pytest.fixture(scope="module")
def kills(request):
    """How often a run is killed."""
    return 20 if request.config.getoption("thorough") else 8


@pytest.fixture(scope="module")
def lives(tmp_path_factory, claims):
    """Runs lives; `undisturbed` is a folder where one ran from a cold store to its end, `whole` that life."""
    folder = copy(tmp_path_factory.mktemp("undisturbed") / "p", claims)
    lives = Lives(folder)
    lives.undisturbed = folder
    assert lives(folder)[0]["code"] == 0
    shutil.rmtree(folder / ".theorylab" / "blocks")
    shutil.rmtree(folder / ".theorylab" / "results")
    (lives.whole,) = lives(folder)
    yield lives
    lives.close()


@pytest.fixture
def fresh(lives, tmp_path, claims):
    """Makes copies of the project in which nothing ran; what was compiled is there, since that takes longest."""

    def make(name="p", kept=("compiled",)):
        folder = copy(tmp_path / name, claims)
        for part in kept:
            shutil.copytree(lives.undisturbed / ".theorylab" / part, folder / ".theorylab" / part)
        return folder

    return make


def outcome(folder):
    """What a run found: its verdicts but for times, and all its data."""
    found = json.loads((folder / "reports" / "verdicts.json").read_text())
    for name in ("started", "seconds"):
        del found["run"][name]
    for claim in found["claims"]:
        del claim["seconds"], claim["cached"]
    return found, {file.name: contents(file) for file in (folder / "reports" / "data").glob("*.nc")}


def blocks(folder):
    """The blocks that are stored, each with what changes when it is written again."""
    return {file.name: (file.stat().st_ino, file.stat().st_mtime_ns) for file in (folder / ".theorylab" / "blocks").rglob("*.npz")}


def goes_on(lives, folder):
    """Checks that the next run computes what was not finished, that alone, and ends as an undisturbed one."""
    before = blocks(folder)
    (after,) = lives(folder)
    assert after["code"] == 0, after["said"]
    assert "damaged" not in after["said"]
    assert blocks(folder).items() >= before.items(), "what was finished was computed again"
    assert blocks(folder).keys() == blocks(lives.undisturbed).keys()
    assert outcome(folder) == outcome(lives.undisturbed)


def test_a_run_that_is_killed_goes_on_where_it_was(lives, fresh, kills):
    draw = random.Random(6)
    left = []
    while len(left) < kills:
        folder = fresh(str(len(left)), kept=("compiled",) if left else ())
        # At any moment of its CPU time; and the next run before any of its steps on files.
        for fate in {"cpu": draw.uniform(0, lives.whole["cpu"])}, {"step": draw.randint(1, lives.whole["steps"]), "then": "kill"}:
            before = blocks(folder)
            (killed,) = lives(folder, **fate)
            assert killed["code"] in (-signal.SIGKILL, -signal.SIGPROF, 0), killed
            assert blocks(folder).items() >= before.items()
            left += [sum(file.is_file() for file in folder.rglob("*.*"))] if killed["code"] else []
        goes_on(lives, folder)
    # The moments are spread over the run: so are the numbers of files that it had written.
    assert len(set(left)) >= kills / 4, left
    assert len(blocks(lives.undisturbed)) >= kills / 2


@pytest.mark.parametrize("share", [0.0, 0.6])
def test_a_full_disk_costs_what_is_not_kept_and_no_verdict(lives, fresh, share):
    folder = fresh()
    (full,) = lives(folder, step=1 + int(share * lives.whole["steps"]), then="full")
    assert full["code"] == lives.whole["code"] == 0, full["said"]
    assert "2 of 2 claims as expected" in full["said"] or "3 of 3 claims as expected" in full["said"]
    assert "No space left on device" in full["said"]
    assert full["said"].count("not kept: No space left") <= 3, full["said"]  # blocks, results, the log: each once
    assert "Traceback" not in full["said"]
    goes_on(lives, folder)


def test_files_that_end_in_the_middle_are_never_believed(lives, fresh):
    folder = fresh()
    (full,) = lives(folder, largest=3000)
    assert full["code"] == 0, full["said"]
    assert "File too large" in full["said"]
    goes_on(lives, folder)


def test_two_runs_at_once_do_not_harm_each_other(lives, fresh):
    folder = fresh(kept=())
    for life in lives(folder, times=2):
        assert life["code"] == 0, life["said"]
        assert not [word for word in ("damaged", "not kept", "Traceback", "Warning") if word in life["said"]], life["said"]
        assert outcome(folder) == outcome(lives.undisturbed)
    goes_on(lives, folder)


def test_every_damaged_file_of_a_store_is_set_aside_and_made_again(lives, fresh):
    draw = random.Random(6)
    folder = fresh(kept=("compiled", "blocks", "results"))
    files = [file for file in (folder / ".theorylab").rglob("*.*") if file.is_file()]
    for file in files:
        content = bytearray(file.read_bytes())
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        file.write_bytes(content)
    (life,) = lives(folder)
    assert life["code"] == 0, life["said"]
    assert outcome(folder) == outcome(lives.undisturbed)
    assert all(f"{file.parent.name}/{file.name} is damaged" in life["said"] for file in files), life["said"]
    assert all(file.with_suffix(".damaged").is_file() for file in files)


@pytest.mark.parametrize("share", [0.0, 0.6])
def test_an_interrupted_run_ends_at_once_and_says_what_is_kept(lives, fresh, share):
    folder = fresh()
    (life,) = lives(folder, step=1 + int(share * lives.whole["steps"]), then="interrupt")
    assert life["code"] == 130
    assert "Traceback" not in life["said"]
    (last,) = [line for line in life["said"].splitlines() if line.startswith("interrupted; ")]
    # More may be finished while the last words are said.
    assert int(last.split()[1]) <= len(list((folder / ".theorylab").glob("results/*.pickle")))
    assert last.endswith("The same command goes on from there")
    goes_on(lives, folder)


def test_a_long_block_is_interrupted(lives, fresh):
    folder = fresh()
    (folder / "claims" / "a.py").unlink()
    copy(folder / "other", {"c.py": RIGHT.replace("sampling:sample_mean", "endless:endless")})
    shutil.copy(folder / "other" / "claims" / "c.py", folder / "claims")
    (folder / "simulations" / "endless.py").write_text(ENDLESS)
    (life,) = lives(folder, "c*")
    assert life["code"] == 130, life["said"]
    assert "interrupted; 0 of 1 claims are finished" in life["said"]


@pytest.mark.parametrize(("name", "code", "word"), [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated")])
@pytest.mark.parametrize("module", ["typer", "sympy"])
def test_imports_are_interrupted(tmp_path, module, name, code, word):
    program = f"""
import os, runpy, signal, sys
def hook(event, told):
    if event == "import" and told[0] == "{module}":
        os.kill(os.getpid(), signal.{name})
sys.addaudithook(hook)
sys.argv = ["theorylab", "list"]
runpy.run_module("theorylab", run_name="__main__")
"""
    environment = {"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": ""}
    run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (code, "")
    assert run.stderr == f"{word}; what earlier runs kept is as it was\n"
