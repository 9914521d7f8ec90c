"""A mechanism taken out of its kernel turns red exactly the claims that rest on it.

Each file of tests/removals/ is about one paper; an entry is a one-line edit of a kernel. Its `claims` must be refuted, those `undecided`
become inconclusive (a short range refutes nothing), and every other claim of the paper comes out as before. A claim whose programs read
the same with the edit has the same data, and is not run. Without --thorough, one claim that must be refuted is run, and one mechanism of
each paper is seen to reach the programs of a claim that it names.
"""

import functools
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from panels import part
from tracing import programs

from theorylab.kind import untested
from theorylab.project import Project, find_project
from theorylab.reading import read
from theorylab.simulate import Simulator
from theorylab.verify import verify

ROOT = Path(__file__).resolve().parents[1]
PROJECT = find_project(ROOT)
PANEL = {
    file.stem: [removal | {"paper": file.stem} for removal in tomllib.loads(file.read_text())["removal"]]
    for file in sorted((ROOT / "tests" / "removals").glob("*.toml"))
}
REMOVALS = [removal for removals in PANEL.values() for removal in removals]


@functools.cache
def claims_of(paper):
    """The claims of a paper that the quick tier checks."""
    found = read(ROOT / "claims" / f"{paper}.py").claims
    return {name: replace(claim, name=f"{paper}.{name}") for name, claim in found.items() if not untested(claim) and claim.tier != "full"}


def removed(removal):
    """The text of the kernel's file without the mechanism."""
    text = (ROOT / removal["file"]).read_text()
    assert text.count(removal["old"]) == 1, f"{text.count(removal['old'])} places of {removal['file']} read {removal['old']!r}"
    return text.replace(removal["old"], removal["new"])


@pytest.fixture(scope="module")
def without(tmp_path_factory):
    """The project without a mechanism, by the removal's paper and title."""
    made = {}

    def project(removal):
        key = removal["paper"], removal["title"]
        if key not in made:
            folder = tmp_path_factory.mktemp("removed")
            for part in ("claims", "simulations"):
                shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            (folder / removal["file"]).write_text(removed(removal))
            made[key] = Project(folder, (folder,))
        return made[key]

    return project


def named(removal):
    """The claims that a removal must change: those that it must refute come first."""
    return (*removal["claims"], *removal.get("undecided", ()))


def titled(taken):
    return f"{taken[0]['title']}: {taken[1]}"


def pytest_generate_tests(metafunc):
    config = metafunc.config
    if "taken" in metafunc.fixturenames:
        pairs = part(config, [(removal, named(removal)[0]) for removal in REMOVALS], 1, titled)
        if config.getoption("thorough"):
            pairs = [(removal, name) for removal in REMOVALS for name in claims_of(removal["paper"])]
        metafunc.parametrize("taken", pairs, ids=titled)
    if "reached" in metafunc.fixturenames:
        removals = [removal for paper in PANEL.values() for removal in part(config, paper, 1, lambda removal: removal["title"])]
        metafunc.parametrize("reached", removals, ids=lambda removal: removal["title"])


def test_exactly_the_claims_that_rest_on_a_mechanism_turn_red_without_it(taken, without, tmp_path_factory):
    removal, name = taken
    project, claim = without(removal), claims_of(removal["paper"])[name]
    changes = name in named(removal)
    if programs(PROJECT, claim) == programs(project, claim):
        assert not changes, "the edit does not reach this claim's kernels"
        return
    # With the edit a broken algorithm may be what the claim is about; without such controls a support is open for that alone.
    alone = replace(claim, controls=tuple(control for control in claim.controls if control.kind == "statement"))
    result = verify(alone, Simulator(project, tmp_path_factory.getbasetemp().parent / "compiled"))
    assert not result.fault
    found = "supported" if result.verdict.reasons == ("CONTROL",) else result.verdict.verdict
    expected = "refuted" if name in removal["claims"] else "inconclusive" if changes else claim.expect.verdict
    assert found == expected, (result.verdict.verdict, result.verdict.reasons)


def test_a_mechanism_taken_out_changes_the_programs_of_a_claim_that_rests_on_it(reached, without):
    claim = claims_of(reached["paper"])[named(reached)[0]]
    assert programs(PROJECT, claim) != programs(without(reached), claim)


@pytest.mark.parametrize("removal", REMOVALS, ids=lambda removal: removal["title"])
def test_a_mechanism_stands_in_one_place_and_what_is_left_is_python(removal):
    compile(removed(removal), removal["file"], "exec")


def test_every_removal_names_claims_of_its_paper():
    for removal in REMOVALS:
        assert named(removal)
        assert removal["why"]
        assert not set(named(removal)) - set(claims_of(removal["paper"]))
