"""What did not change is printed again without being read again; whatever a verdict rests on is noticed; stale claims are named."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from project_copies import HERE, claim, copy, theorylab
from typer.testing import CliRunner

from theorylab import digests, disk, store, unchanged
from theorylab.catalogue import find_claims
from theorylab.cli import app
from theorylab.project import Project, find_project
from theorylab.result import Options, Result
from theorylab.stale import stale

RIGHT = claim(
    "right",
    'statement=error <= sigma / sqrt(n), holds=in_expectation, simulation="sampling:sample_mean", '
    'controls=(Control("half", statement=error <= sigma / (2 * sqrt(n))), slow)',
)
WRONG = (
    RIGHT.replace("right =", "wrong =")
    .replace("error <= sigma / sqrt(n)", "error <= sigma / (3 * sqrt(n))")
    .replace("(2 * sqrt", "(4 * sqrt")
)
APART = RIGHT.replace("right =", "apart =").replace("sampling:sample_mean", "others:mean").replace(", slow)", ",)")
OTHERS = '''
from .problems.boxes import halved

def mean(key, problem, *, n, sigma):
    """A mean."""
    return {"error": sigma / n}
'''
ASKED = {"command": "verify", "select": None}
HEAVY = "jax", "sympy", "xarray", "numpy", "scipy", "matplotlib", "pandas"


# The command line


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """A project with a claim that fails, checked once, and what that printed."""
    folder = copy(tmp_path_factory.mktemp("checked") / "project", {"a.py": WRONG})
    return folder, theorylab(folder, "verify")


def test_an_unchanged_run_prints_the_same_with_the_same_exit_code_and_says_so(checked):
    folder, first = checked
    assert first.returncode == 1, first.stderr
    assert "a.wrong" in first.stdout.split("broken")[1]
    before = (folder / ".theorylab" / "attempts.jsonl").read_text()
    again = theorylab(folder, "verify")
    assert (again.returncode, again.stdout) == (first.returncode, first.stdout)
    assert again.stderr.count("nothing that the verdicts rest on changed") == 1
    assert "there is no reports/record.json" in again.stderr
    assert "[1/1]" not in again.stderr
    assert (folder / ".theorylab" / "attempts.jsonl").read_text() == before


def test_an_unchanged_run_loads_nothing_heavy(checked):
    run = theorylab(checked[0], "verify", PYTHONPROFILEIMPORTTIME="1")
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in run.stderr.splitlines() if line.startswith("import time:")}
    assert "rich" in loaded
    assert not loaded & {*HEAVY}


def test_an_unchanged_document_says_that_all_is_stored_and_when_it_was_asked_for(checked):
    folder, _ = checked
    kept = json.loads((folder / "reports" / "verdicts.json").read_text())
    run = theorylab(folder, "verify", "--json")
    told = json.loads(run.stdout)
    assert run.returncode == 1
    assert all(entry["cached"] for entry in told["claims"])
    assert told["run"]["started"] > kept["run"]["started"]
    assert 0 < told["run"]["seconds"] < kept["run"]["seconds"]
    for document in (told, kept):
        document["run"].update(started="", seconds=0)
        for entry in document["claims"]:
            entry["cached"] = True
    assert told == kept


def test_a_run_on_a_broken_file_is_not_kept(tmp_path):
    folder = copy(tmp_path / "project", {"b.py": "x ="})
    run = theorylab(folder, "verify")
    assert run.returncode == 2
    assert "b.py" in run.stderr
    assert not (folder / ".theorylab" / "unchanged").exists()


def test_a_list_is_told_from_before_as_long_as_it_is_right(tmp_path):
    folder = copy(tmp_path / "project", {"a.py": RIGHT})
    first, again = theorylab(folder, "list"), theorylab(folder, "list", PYTHONPROFILEIMPORTTIME="1")
    assert again.stdout == first.stdout
    assert "sympy" not in again.stderr
    replaced(folder / "claims" / "a.py", "A title.", "A tally.")
    assert "A tally." in theorylab(folder, "list").stdout


# What is noticed


@pytest.fixture
def project(tmp_path):
    """A project of its own beside a shipped catalogue of its own."""
    shipped = tmp_path / "shipped"
    (shipped / "simulations" / "problems").mkdir(parents=True)
    (shipped / "simulations" / "problems" / "__init__.py").write_text("")
    (shipped / "simulations" / "sampling.py").write_text("x = 1\n")
    folder = copy(tmp_path / "own")
    (folder / "reports").mkdir()
    (folder / "reports" / "index.html").write_text("page")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "deep.py").write_text("x = 1\n")
    (folder / "simulations" / "linked").symlink_to(tmp_path / "linked")
    return Project(folder, (folder, shipped))


def hold(project: Project) -> None:
    files = [project.reports / "index.html"]
    unchanged.keep(project, ASKED, unchanged.ground(project), {"said": []}, files)
    assert unchanged.kept(project, ASKED) == {"said": []}


def replaced(path: Path, old: str, new: str) -> None:
    """An edit that leaves size and time as they were."""
    text, stat = path.read_text(), path.stat()
    assert old in text
    assert len(old) == len(new)
    path.write_text(text.replace(old, new))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize(
    "edit",
    [
        lambda own, _: replaced(own / "simulations" / "sampling.py", "jnp.sqrt", "jnp.cbrt"),
        lambda own, _: replaced(own / "simulations" / "problems" / "boxes.py", "import", "Import"),
        lambda own, _: replaced(own / "claims" / "mean2024_sampling.py", "2.0", "3.0"),
        lambda own, _: (own / "claims" / "mean2024_sampling.py").rename(own / "claims" / "mean2023_sampling.py"),
        lambda own, _: (own / "claims" / "new2024_other.py").write_text(""),
        lambda own, _: (own / "claims" / "mean2024_sampling.py").unlink(),
        lambda own, _: (own / "simulations" / "__init__.py").write_text(""),
        lambda own, _: (own / "simulations" / "weights.csv").write_text("1"),
        lambda own, _: replaced(own / "simulations" / "linked" / "deep.py", "1", "2"),
        lambda own, shipped: replaced(shipped / "simulations" / "sampling.py", "1", "2"),
        lambda own, shipped: (shipped / "simulations" / "problems" / "new.py").write_text(""),
        lambda own, _: (own / "reports" / "record.json").write_text("{}"),
        lambda own, _: (own / "reports" / "index.html").unlink(),
        lambda own, _: (own / "reports" / "index.html").write_text("another"),
    ],
)
def test_every_file_that_a_run_rests_on_is_noticed(project, edit):
    hold(project)
    edit(*project.roots)
    assert unchanged.kept(project, ASKED) is None


def test_what_a_run_does_not_rest_on_is_not_noticed(project):
    hold(project)
    (project.root / "README.md").write_text("new")
    (project.root / "simulations" / "__pycache__").mkdir()
    (project.root / "simulations" / "__pycache__" / "sampling.pyc").write_bytes(b"")
    (project.root / "claims" / ".mean2024_sampling.py.swp").write_bytes(b"")
    assert unchanged.kept(project, ASKED) is not None


def test_a_link_that_leads_nowhere_is_noticed_when_it_leads_somewhere(project, tmp_path):
    (project.root / "simulations" / "later.py").symlink_to(tmp_path / "later.py")
    hold(project)
    (tmp_path / "later.py").write_text("x = 1\n")
    assert unchanged.kept(project, ASKED) is None


def test_another_question_has_no_answer_yet(project):
    hold(project)
    assert unchanged.kept(project, ASKED | {"select": ["right"]}) is None


def test_theorylab_itself_the_environment_and_the_interpreter_are_noticed(project, tmp_path, monkeypatch):
    (tmp_path / "machine").mkdir()
    (tmp_path / "machine" / "page.html").write_text("1")
    monkeypatch.setattr(digests, "HERE", tmp_path / "machine")
    monkeypatch.setattr(unchanged.digests, "unversioned", lambda files: (["jax"], []))
    hold(project)
    with monkeypatch.context() as patch:
        patch.setenv("JAX_THEORYLAB_TEST", "1")
        assert unchanged.kept(project, ASKED) is None
    with monkeypatch.context() as patch:
        (tmp_path / "machine" / "nvidia0").mkdir()
        patch.setattr(digests, "SYSTEM", tmp_path / "machine")
        assert unchanged.kept(project, ASKED) is None
    with monkeypatch.context() as patch:
        patch.setattr(sys, "version", sys.version + " of another make")
        assert unchanged.kept(project, ASKED) is None
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/usr/bin/another")
        assert unchanged.kept(project, ASKED) is None
    assert unchanged.kept(project, ASKED) is not None
    replaced(tmp_path / "machine" / "page.html", "1", "2")
    assert unchanged.kept(project, ASKED) is None


def test_what_is_installed_is_noticed_and_so_is_the_source_of_what_is_installed_as_source(project, tmp_path, monkeypatch):
    place = tmp_path / "elsewhere"
    (place / "steps").mkdir(parents=True)
    (place / "steps" / "__init__.py").write_text("from deeper import x\n")
    (place / "deeper.py").write_text("x = 1\n")
    (place / "one-1.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(str(place))
    kernels = project.root / "simulations" / "sampling.py"
    kernels.write_text(kernels.read_text() + "import steps\n")
    for edit in (
        lambda: replaced(place / "deeper.py", "1", "2"),
        lambda: (place / "steps" / "new.py").write_text(""),
        lambda: (place / "one-1.0.dist-info").rename(place / "one-1.1.dist-info"),
        lambda: (place / "two-1.0.dist-info").mkdir(),
        lambda: (place / "deeper").mkdir() or (place / "deeper" / "__init__.py").write_text("x = 1\n"),
    ):
        for memo in (digests._reached, digests._required, digests._providers):
            memo.cache_clear()
        hold(project)
        edit()
        sys.path_importer_cache.clear()
        assert unchanged.kept(project, ASKED) is None


def test_nothing_is_kept_of_a_run_during_which_something_changed(project):
    ground = unchanged.ground(project)
    replaced(project.root / "simulations" / "sampling.py", "jnp.sqrt", "jnp.cbrt")
    unchanged.keep(project, ASKED, ground, {"said": []})
    assert unchanged.kept(project, ASKED) is None


@pytest.mark.parametrize(
    "harm",
    [
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: b"{}",
    ],
)
def test_a_kept_run_that_is_not_as_it_was_written_is_not_used(project, harm):
    hold(project)
    (file,) = (project.state / "unchanged").iterdir()
    file.write_bytes(harm(file.read_bytes()))
    assert unchanged.kept(project, ASKED) is None


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"ground": ["x", 1, 2], "files": 3}', b"nothing"])
def test_a_kept_run_of_another_shape_is_not_used(project, body):
    hold(project)
    (file,) = (project.state / "unchanged").iterdir()
    disk.write(file, body)
    assert unchanged.kept(project, ASKED) is None


# What is stale


@pytest.fixture
def stored(tmp_path):
    """A project with a stored result for each of its claims, on kernels that share one building block and on their own."""
    folder = copy(tmp_path / "project", {"a.py": RIGHT + APART})
    (folder / "simulations" / "others.py").write_text(OTHERS)
    (folder / "simulations" / "alone.py").write_text(OTHERS.replace("from .problems.boxes import halved", ""))
    alone = APART.replace("apart =", "alone =").replace("others:mean", "alone:mean")
    (folder / "claims" / "a.py").write_text((folder / "claims" / "a.py").read_text() + alone)
    project = find_project(folder)
    for found in find_claims(project).claims:
        store.save(project, Result(found, None, None, note="by hand"), store.parts(project, found, Options()))
    return project


def reasons(project: Project, options: Options = Options()) -> dict[str, str]:  # noqa: B008
    catalogue = find_claims(project)
    assert not catalogue.failures
    return {found.name: "; ".join(why) for found in catalogue.claims if (why := stale(project, found, options))}


def rewritten(project: Project, path: str, old: str, new: str) -> None:
    file = project.root / path
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_a_comment_a_docstring_or_a_blank_line_makes_nothing_stale(stored):
    assert reasons(stored) == {}
    rewritten(stored, "simulations/others.py", '"""A mean."""', '"""The mean\n\n    of nothing."""')
    rewritten(stored, "simulations/problems/boxes.py", "\n", "\n# A comment.\n\n")
    rewritten(stored, "claims/a.py", "paper =", "# A comment.\n\npaper =")
    assert reasons(stored) == {}


def test_a_shared_building_block_makes_exactly_its_dependants_stale_and_is_named(stored):
    rewritten(stored, "simulations/problems/boxes.py", "def halved(", "x = 1\ndef halved(")
    named = "simulations/problems/boxes.py changed"
    assert reasons(stored) == {"a.right": named, "a.apart": named}


def test_a_kernel_of_its_own_makes_only_its_claim_stale(stored):
    rewritten(stored, "simulations/alone.py", "sigma / n", "sigma / n / 2")
    assert reasons(stored) == {"a.alone": "simulations/alone.py changed"}


def test_what_is_only_judged_again_is_said(stored):
    rewritten(stored, "claims/a.py", 'Control("half", statement=error <= sigma / (2 * sqrt(n))), slow)', "slow,)")
    rewritten(stored, "claims/a.py", "slow,)", 'Control("a third", statement=error <= sigma / (3 * sqrt(n))), slow)')
    assert reasons(stored) == {"a.right": "the controls changed; only judged again, on the stored runs as far as they are the same"}


def test_versions_seeds_settings_and_devices_are_told_from_what_to_what(stored, tmp_path, monkeypatch):
    (right, *_) = find_claims(stored).claims
    for file in (stored.state / "results").glob("a.right-*"):
        file.unlink()
    parts = store.parts(stored, right, Options())
    assert reasons(stored) == {"a.right": "never computed"}
    # Of several results the one that is nearest tells what changed.
    store.save(stored, Result(right, None, None), parts | {"the seed": "9", "the tier": "full", "numpy's version": "0.0.1"})
    store.save(stored, Result(right, None, None), parts | {"jax's version": "0.0.1", "theorylab's judge": "0" * 32})
    (why,) = reasons(stored).values()
    now = parts["jax's version"]
    assert why == f"jax's version changed from 0.0.1 to {now}; theorylab's judge changed"
    assert "the seed changed from 0 to 3" in reasons(stored, replace(Options(), seed=3))["a.alone"]
    monkeypatch.setenv("JAX_THEORYLAB_TEST", "1")
    assert reasons(stored)["a.alone"] == "JAX's settings in the environment changed from none to JAX_THEORYLAB_TEST=1"
    monkeypatch.delenv("JAX_THEORYLAB_TEST")
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "nvidia0").touch()
    monkeypatch.setattr(digests, "SYSTEM", tmp_path / "dev")
    assert reasons(stored)["a.alone"] == "the devices changed from none to nvidia0"


def test_the_command_lists_what_is_stale(stored, monkeypatch):
    rewritten(stored, "simulations/alone.py", "sigma / n", "sigma / n / 2")
    monkeypatch.chdir(stored.root)
    told = CliRunner().invoke(app, ["list", "--stale"]).stdout
    assert "a.alone  simulations/alone.py changed" in told
    assert "1 of 3 claims are stale" in told
    assert "a.right" not in told


# What hashes are made of


def test_a_block_has_the_same_name_in_every_process():
    code = "from theorylab import digests, project as p; print(digests.program(p.find_project(), 'sampling:sample_mean', None))"
    names = set()
    for seed in ("0", "1", "2"):
        environment = {**os.environ, "PYTHONPATH": str(HERE.parent), "PYTHONHASHSEED": seed}
        folder = HERE / "projects" / "noisy"
        names.add(subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True).stdout)
    assert len(names) == 1
    assert "" not in names


def test_an_own_file_is_not_hidden_by_the_shipped_one_of_its_name(project):
    own, shipped = (root / "simulations" / "sampling.py" for root in project.roots)
    before = digests.of_files(project, [own])
    own.write_text("x = 2\n")
    between = digests.of_files(project, [own])
    shipped.write_text("x = 3\n")
    after = digests.of_files(project, [own])
    assert digests.changed(before, between) == ["simulations/sampling.py"]
    assert digests.changed(between, after) == ["theorylab's simulations/sampling.py"]


@pytest.mark.parametrize("editable", [True, False])
def test_what_was_installed_from_a_folder_counts_as_source_behind_an_installed_package_too(tmp_path, monkeypatch, editable):
    place, folder = tmp_path / "packages", tmp_path / "folder"
    source = (folder if editable else place) / "needed" / "__init__.py"
    source.parent.mkdir(parents=True)
    source.write_text("x = 1\n")
    origin = {"url": folder.as_uri(), "dir_info": {"editable": True} if editable else {}}
    installed(place, "front", "1.0", "Requires-Dist: needed", {}, ["front.py"])
    installed(place, "needed", "2.0", "", origin, [] if editable else ["needed/__init__.py"])
    (place / "front.py").write_text("")
    (tmp_path / "kernel.py").write_text("import front\n")
    monkeypatch.syspath_prepend(str(place))
    monkeypatch.setattr(digests, "_installed", lambda: (place.resolve(),))
    found = []
    for content in ("x = 1\n", "x = 1  # one\n", "x = 2\n"):
        source.write_text(content)
        for memo in (digests._outside, digests._reached, digests._required, digests._providers):
            memo.cache_clear()
        found.append(digests.outside([tmp_path / "kernel.py"]))
    assert found[0]["front's version"] == "1.0"
    assert found[0]["needed's version"].startswith("2.0, ")
    assert found[0] == found[1]
    assert digests.changed(found[1], found[2]) == ["needed's version"]


def installed(place: Path, name: str, version: str, more: str, origin: dict, files: list[str]) -> None:
    """The record of an installed distribution."""
    folder = place / f"{name}-{version}.dist-info"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}\n")
    (folder / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    (folder / "top_level.txt").write_text(f"{name}\n")
    if origin:
        (folder / "direct_url.json").write_text(json.dumps(origin))


def test_a_copy_is_where_it_lies(checked, tmp_path):
    shutil.copytree(checked[0], tmp_path / "copy", ignore=shutil.ignore_patterns(".theorylab"))
    shutil.copytree(checked[0] / ".theorylab" / "unchanged", tmp_path / "copy" / ".theorylab" / "unchanged")
    assert unchanged.kept(find_project(tmp_path / "copy"), ASKED | {"tier": None, "seed": None, "alpha": None}) is None
