"""Claim files and the modules that they name: what a broken one leaves standing, how claims are selected, what sources say unrun."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from theorylab import reading
from theorylab.catalogue import find_claims, read_file
from theorylab.claim import Slip
from theorylab.project import Project, family_signature, find_project, kernel_signature, load, source_closure

DECAY = Path(__file__).parent / "projects" / "decay"
GOOD = (DECAY / "claims" / "author2020_descent.py").read_text(encoding="utf-8")
HEADER = GOOD.split("halves = Claim(")[0]
CLAIM = (
    HEADER + "mine = Claim('A title.', paper.at('1', basis='own'), gap <= D, where, simulation='descent:steps', problems='bowls:bowl')\n"
)


@pytest.fixture
def project(tmp_path):
    """A copy of the small project, to break on purpose."""
    shutil.copytree(DECAY, tmp_path / "decay", ignore=shutil.ignore_patterns("__pycache__"))
    return Project(tmp_path / "decay", (tmp_path / "decay",))


def add(project, name, text):
    file = project.root / "claims" / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def read(project, text, name="author2021_title.py"):
    claims, failures = read_file(add(project, name, text), project)
    return [claim.name.partition(".")[2] for claim in claims], failures


def test_the_small_project_loads_whole():
    catalogue = find_claims(Project(DECAY, (DECAY,)))
    assert [claim.name for claim in catalogue.claims] == ["author2020_descent.halves", "author2020_descent.each_step"]
    assert [claim.line for claim in catalogue.claims] == [GOOD[: GOOD.index(name)].count("\n") + 1 for name in ("halves =", "each_step =")]
    assert catalogue.failures == ()


def test_a_bare_family_and_a_single_control_count_as_one():
    (_, claim), _ = read_file(DECAY / "claims" / "author2020_descent.py", Project(DECAY, (DECAY,)))
    assert claim.problems == ("bowls:bowl",)
    assert [control.title for control in claim.controls] == ["a third in every step"]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, ["no claim in this file", "my_claim = Claim(...)"]),
        ('"""Only words."""\n', 1, ["no claim in this file"]),
        (b"# \xff\n", 1, ["0xff", "UTF-8"]),
        (b"\n\n'caf\xe9'\n", 3, ["0xe9", "Save the file as UTF-8"]),
        ("x = 1\0", 1, ["null bytes"]),
        ("if True:\n\tx = 1\n        y = 2\n", 3, ["tabs and spaces", "Indent with spaces"]),
        ("x = (\n", 1, ["never closed"]),
        ("x = 1\n  y = 2\n", 2, ["unexpected indent"]),
    ],
    ids=["empty", "words", "latin", "latin on line 3", "null", "tab", "bracket", "indent"],
)
def test_a_file_that_is_no_claim_file_is_a_failure_and_the_others_load(project, text, line, words):
    add(project, "author2021_title.py", text)
    catalogue = find_claims(project)
    assert len(catalogue.claims) == 2
    (failure,) = catalogue.failures
    assert (failure.file, failure.line) == ("claims/author2021_title.py", line)
    assert all(word in failure.error for word in words), failure.error


def test_a_byte_order_mark_is_let_pass(project):
    assert read(project, b"\xef\xbb\xbf" + CLAIM.encode()) == (["mine"], [])


def test_a_broken_claim_leaves_the_other_claims_of_its_file(project):
    broken = GOOD.replace("statement=gap <= previous(gap) / 2", "statement=gap <= max(D, previous(gap)) / 2")
    names, (failure,) = read(project, broken)
    assert names == ["halves"]
    assert failure.line == broken[: broken.index("max(D")].count("\n") + 1
    assert failure.claims == ("author2021_title.each_step",)


def test_what_depends_on_a_broken_line_is_named_once_with_it(project):
    names, (failure,) = read(project, GOOD.replace('along("steps", 1, 64)', 'along("steps", 1, 1)'))
    assert names == []
    assert "one point" in failure.error
    assert failure.error.endswith("Not read because of it: halves, each_step.")
    assert failure.line == GOOD[: GOOD.index("k: along(")].count("\n") + 1


def test_a_slip_in_a_where_table_is_at_its_own_line(project):
    _, (failure,) = read(project, GOOD.replace("0.1, 10, unit", "0, 10, unit"))
    assert failure.line == GOOD[: GOOD.index("D: varies")].count("\n") + 1


def test_an_idle_letter_is_at_its_line_in_the_where_table(project):
    names, (failure,) = read(
        project,
        CLAIM.replace("where = {", 'where = {\n    L: varies("curvature", 1, 2),')
        .replace('"gap k D"', '"gap k D L"')
        .replace("gap, k, D =", "gap, k, D, L ="),
    )
    assert names == ["mine"]
    assert "the letter L has a role" in failure.error
    assert failure.line == HEADER[: HEADER.index("where = {")].count("\n") + 2


@pytest.mark.parametrize(
    ("claims", "idle"),
    [
        ("statement=gap <= D", True),
        ("statement=gap <= D * n", True),
        ("statement=gap <= D, assuming=n > 4", False),
        ("statement=gap <= D, trivially=n", False),
        ("statement=gap <= D, holds=with_probability(1 - 1 / n)", False),
        ("statement=gap <= D, problems='bowls:made'", False),
        ("statement=gap <= D, controls=Control('wide', problems='bowls:wide')", False),
        ("statement=gap <= D, controls=Control('smaller', statement=gap <= D / n, problems='bowls:wide')", False),
    ],
    ids=["idle", "in the bound", "assumed", "trivial", "probability", "maybe taken", "taken by a control", "in a control"],
)
def test_a_letter_is_idle_where_neither_a_formula_nor_a_source_has_it(project, claims, idle):
    lines = (
        HEADER.replace('"gap k D"', '"gap k D n"')
        .replace("gap, k, D =", "gap, k, D, n =")
        .replace("where = {", "where = {n: grows('size', 2, 64),")
    )
    lines = lines.replace("previous, varies", "grows, varies, with_probability")
    fields = {"problems": "'bowls:bowl'"} if "problems='bowls:made'" not in claims else {}
    extra = "".join(f", {name}={value}" for name, value in fields.items())
    _, failures = read(
        project, lines + f"mine = Claim('A title.', paper.at('1', basis='own'), where=where, simulation='descent:steps', {claims}{extra})"
    )
    found = " ".join(failure.error for failure in failures)
    assert ("the letter n has a role" in found or "depends on n" in found) == idle, found


@pytest.mark.parametrize(
    ("text", "names", "words"),
    [
        (CLAIM + CLAIM.splitlines()[-1], [], ["two claims are named 'mine'", "Rename one"]),
        (CLAIM.replace("mine = Claim", "mine = [Claim").rstrip() + "]\n", [], ["has no name of its own", "my_claim = Claim(...)"]),
        (CLAIM.replace("mine = Claim", "Claim"), [], ["has no name of its own"]),
        (
            CLAIM + "for n in range(3):\n    other = " + CLAIM.splitlines()[-1].partition("= ")[2],
            ["mine", "other"],
            ["has no name", "outside of any list or loop"],
        ),
        (CLAIM.replace("mine = ", "def make():\n    return ") + "make()\n", [], ["has no name"]),
    ],
    ids=["twice", "in a list", "alone", "in a loop", "made and dropped"],
)
def test_a_claim_that_no_name_holds_is_a_slip(project, text, names, words):
    found, failures = read(project, text)
    assert found == names
    assert failures
    assert all(word in failures[0].error for word in words), failures[0].error


@pytest.mark.parametrize(
    "text",
    [
        CLAIM + "both = (mine, mine)\n",
        CLAIM + "again = mine\n",
        CLAIM + "_draft = " + CLAIM.splitlines()[-1].partition("= ")[2],
        "from dataclasses import replace\n" + CLAIM + "mine = replace(mine, tier='full')\n",
        CLAIM.replace("mine = ", "def make():\n    return ") + "mine = make()\n",
        "from __future__ import annotations\n" + CLAIM,
    ],
    ids=["a tuple of names", "an alias", "a private one", "replaced", "made by a function", "future"],
)
def test_a_claim_that_a_name_holds_is_read_once(project, text):
    assert read(project, text) == (["mine"], [])


def test_an_imported_claim_belongs_to_the_file_that_made_it(project):
    add(project, "author2020_first.py", CLAIM)
    second = CLAIM.replace("mine =", "yours =").replace('"""Halv', 'from .author2020_first import mine as base, where as table\n"""Halv', 1)
    assert read(project, second)[0] == ["yours"]
    assert read(project, "from .author2020_first import mine\n" + CLAIM.replace("mine =", "yours =")) == (["yours"], [])


def test_files_that_import_each_other_or_themselves_are_failures(project):
    add(project, "author2020_first.py", "from .author2020_second import other\n" + CLAIM)
    add(project, "author2020_second.py", "from .author2020_first import mine\nother = mine\n")
    add(project, "author2020_third.py", "from .author2020_third import mine\n" + CLAIM)
    failed = {failure.file: failure.error for failure in find_claims(project).failures}
    assert "author2020_first" in failed["claims/author2020_first.py"]
    assert "claims/author2020_third.py" in failed


def test_what_a_file_prints_does_not_reach_standard_output(project, capsys):
    assert read(project, "print('hello')\n" + CLAIM)[0] == ["mine"]
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "hello\n")


@pytest.mark.skipif(not hasattr(__import__("signal"), "SIGALRM"), reason="no alarm on this system")
def test_a_file_that_does_not_end_is_stopped(project, monkeypatch):
    monkeypatch.setattr(reading, "SECONDS", 0.2)
    _, (failure,) = read(project, "while True:\n    try:\n        import missing_module\n    except Exception:\n        pass\n")
    assert "not read in 0.2 s" in failure.error


def test_a_file_leaves_no_module_behind(project):
    before = set(sys.modules)
    read(project, CLAIM)
    assert {name for name in set(sys.modules) - before if "author2021" in name} == set()


def test_claims_load_without_jax_and_xarray():
    code = (
        "import sys; from pathlib import Path; from theorylab.catalogue import find_claims; from theorylab.project import find_project;"
        f"found = find_claims(find_project(Path({str(DECAY)!r}))); assert len(found.claims) == 2, found;"
        "assert not {'jax', 'xarray', 'matplotlib'} & set(sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=DECAY.parents[2], check=False)
    assert run.returncode == 0, run.stderr


# Selecting


@pytest.fixture
def catalogue(project):
    add(project, "other2021_title.py", CLAIM + CLAIM.splitlines()[-1].replace("mine", "halves"))
    add(project, "broken2022_title.py", "x = (\n")
    add(project, "half2023_title.py", CLAIM + CLAIM.splitlines()[-1].replace("mine", "lame").replace("gap <= D", "gap >= 0"))
    return find_claims(project)


@pytest.mark.parametrize(
    ("selector", "claims", "failures"),
    [
        ("author2020*", ["author2020_descent.halves", "author2020_descent.each_step"], 0),
        ("author2020_descent", ["author2020_descent.halves", "author2020_descent.each_step"], 0),
        ("each_step", ["author2020_descent.each_step"], 0),
        ("halves", ["author2020_descent.halves", "other2021_title.halves"], 0),
        ("author2020_descent.halves", ["author2020_descent.halves"], 0),
        ("*.halves", ["author2020_descent.halves", "other2021_title.halves"], 0),
        ("claims/author2020_descent.py", ["author2020_descent.halves", "author2020_descent.each_step"], 0),
        ("claims/broken2022_title.py", [], 1),
        ("broken2022_title", [], 1),
        ("broken2022*", [], 1),
        ("broken2022_title.anything", [], 1),
        ("half2023_title.mine", ["half2023_title.mine"], 0),
        ("lame", [], 1),
        ("half2023_title", ["half2023_title.mine"], 1),
        (
            "claims/",
            [
                "author2020_descent.halves",
                "author2020_descent.each_step",
                "half2023_title.mine",
                "other2021_title.mine",
                "other2021_title.halves",
            ],
            2,
        ),
    ],
)
def test_a_selector_names_claims_and_what_is_broken_of_them(project, catalogue, monkeypatch, selector, claims, failures):
    monkeypatch.chdir(project.root)
    found = catalogue.select([selector])
    assert [claim.name for claim in found.claims] == claims
    assert len(found.failures) == failures


def test_a_path_is_meant_from_where_the_user_stands(project, catalogue, monkeypatch):
    monkeypatch.chdir(project.root / "claims")
    assert len(catalogue.select(["author2020_descent.py"]).claims) == 2
    assert len(catalogue.select([str(project.root / "claims" / "broken2022_title.py")]).failures) == 1
    assert len(catalogue.select([os.path.join("..", "claims", "broken2022_title.py")]).failures) == 1


def test_several_selectors_are_joined_and_none_selects_all(catalogue):
    assert len(catalogue.select(["each_step", "mine"]).claims) == 3
    assert catalogue.select([]) is catalogue


@pytest.mark.parametrize(
    ("selector", "near"),
    [
        ("halvs", "halves"),
        ("author2021_descent", "author2020_descent"),
        ("claims/author2020_desc.py", "author2020_descent"),
        ("x*", "Near: "),
    ],
)
def test_a_selector_that_matches_nothing_names_what_is_near(catalogue, selector, near):
    with pytest.raises(Slip, match=near) as slip:
        catalogue.select([selector])
    assert repr(selector) in str(slip.value)


# Kernels and families


@pytest.mark.parametrize(
    ("name", "style", "takes", "optional", "whole"),
    [
        ("descent:steps", "jax", ("k",), (), True),
        ("descent:slow", "python", ("k",), ("step",), True),
        ("descent:again", "jax", ("k",), (), True),
        ("imported:slowly", "python", ("k",), ("step",), True),
        ("imported:steps", "jax", ("k",), (), True),
        ("descent:partial", "jax", (), (), False),
    ],
)
def test_a_kernels_letters_are_read_off_its_source(name, style, takes, optional, whole):
    found = kernel_signature(Project(DECAY, (DECAY,)), name)
    assert (found.style, found.takes, found.optional, found.whole) == (style, takes, optional, whole)
    assert found.file.name == "descent.py"


@pytest.mark.parametrize(
    ("name", "takes", "optional", "whole", "file"),
    [
        ("bowls:bowl", ("D",), (), True, "bowls.py"),
        ("bowls:keyword", ("D",), (), True, "bowls.py"),
        ("bowls:made", ("D",), (), False, "bowls.py"),
        ("bowls:borrowed", ("D",), ("n",), True, "bowls.py"),
        ("bowls:dotted", ("n", "D"), ("n",), True, "bowls.py"),
        ("bowls:small", (), ("D",), True, "bowls.py"),
        ("bowls:alias", ("D",), (), True, "bowls.py"),
        ("bowls:wide", ("n", "D"), ("n",), True, "shapes.py"),
    ],
)
def test_a_familys_letters_are_read_off_its_source(name, takes, optional, whole, file):
    found = family_signature(Project(DECAY, (DECAY,)), name)
    assert (found.takes, found.optional, found.whole, found.file.name) == (takes, optional, whole, file)


def test_a_name_resolves_in_the_own_project_first_and_then_in_the_shipped_one(project):
    own = Project(project.root, (project.root, DECAY))
    (project.root / "simulations" / "descent.py").write_text("def mine(key, problem, *, k):\n    return {}\n", encoding="utf-8")
    assert kernel_signature(own, "descent:mine").file.is_relative_to(project.root)
    assert kernel_signature(own, "descent:steps").file.is_relative_to(DECAY)
    assert load(own, "descent:mine", "simulations")(None, None, k=1) == {}
    assert load(own, "descent:steps", "simulations").__name__ == "steps"


def test_a_broken_simulation_is_named_with_its_line(project):
    (project.root / "simulations" / "descent.py").write_text("x = 1\ndef steps(:\n", encoding="utf-8")
    failures = find_claims(project).failures
    assert len(failures) == 2
    assert all("descent.py, line 2" in failure.error for failure in failures)


def test_the_project_is_the_nearest_folder_with_content(project):
    assert find_project(project.root / "claims").root == project.root
    assert find_project(project.root / "simulations" / "problems").root == project.root


@pytest.mark.parametrize(
    ("line", "adds"),
    [
        ("from . import other", {"other.py"}),
        ("from .other import x", {"other.py"}),
        ("from . import other as o, third", {"other.py", "third.py"}),
        ("from .problems import bowls", {"bowls.py", "shapes.py"}),
        ("from .problems.shapes import build", {"shapes.py"}),
        ("from .problems import *", set()),
        ("def f():\n    from .other import x", {"other.py"}),
        ("from .package import inner", {"package/__init__.py", "inner.py", "third.py"}),
        ("from .package.inner import y", {"package/__init__.py", "inner.py", "third.py"}),
        ("import numpy", set()),
        ("from .missing import x", set()),
        ("from .... import far", set()),
    ],
)
def test_a_source_closure_follows_every_relative_import(project, line, adds):
    folder = project.root / "simulations"
    (folder / "package").mkdir()
    for name, text in {
        "other.py": "x = 1",
        "third.py": "",
        "package/__init__.py": "",
        "package/inner.py": "from ..third import z",
        "start.py": line,
    }.items():
        (folder / name).write_text(text, encoding="utf-8")
    found = {path.relative_to(folder).as_posix() for path in source_closure(folder / "start.py")}
    wanted = {"start.py", *adds}
    assert {name for name in found if not name.endswith("__init__.py")} == {
        path.relative_to(folder).as_posix() for path in folder.rglob("*.py") if path.name in wanted and path.name != "__init__.py"
    }
    assert ("package/__init__.py" in found) == ("package/__init__.py" in adds)
    assert ("problems/__init__.py" in found) == ("problems" in line)
