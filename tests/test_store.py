"""What is kept is what was written: anything else is set aside, said and made again."""

import errno
import os
import pickle
import random
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from theorylab import attempts, disk, programs, store
from theorylab.catalogue import find_claims
from theorylab.project import Project, find_project
from theorylab.result import Result

NOISY = Path(__file__).parent / "projects" / "noisy"
FLIPS = 100
MADE_FROM = {"the claim": "1", "python": "2"}
BODY = np.random.default_rng(0).bytes(3000)


@pytest.fixture(scope="module")
def claim():
    return find_claims(find_project(NOISY)).claims[0]


class Block:
    """A block of two letters."""

    name = "0123456789" * 4

    def __init__(self, project, claim, tell):
        self.made = {"x": np.random.default_rng(0).normal(size=(8, 5)), "y": np.arange(8.0)}
        self.blocks = store.Blocks(project, tell)

    def save(self):
        self.blocks.save(self.name, self.made)

    def load(self):
        return self.blocks.load(self.name, {"x"})

    def same(self, found):
        return found.keys() == self.made.keys() and all(np.array_equal(found[name], self.made[name]) for name in found)


class Stored:
    """The result of a claim."""

    def __init__(self, project, claim, tell):
        self.project, self.made, self.tell = project, Result(claim, None, None, note="a note" * 50), tell

    def save(self):
        store.save(self.project, self.made, MADE_FROM)

    def load(self):
        return store.load(self.project, self.made.claim, MADE_FROM, self.tell)

    def same(self, found):
        return (found.note, found.claim.name) == (self.made.note, self.made.claim.name)


class Compiled:
    """What a program was compiled to."""

    def __init__(self, project, claim, tell):
        self.file, self.tell = project.state / "compiled" / "a.compiled", tell

    def save(self):
        programs.save(self.file, BODY)

    def load(self):
        return programs.load(self.file, self.tell)

    def same(self, found):
        return found == BODY


@pytest.fixture(params=[Block, Stored, Compiled])
def kept(request, tmp_path, claim):
    """One thing that a store keeps, with what was said of it and its only file."""
    said = []
    found = request.param(Project(tmp_path, (tmp_path,)), claim, said.append)
    found.said = said
    found.save()
    (found.path,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert found.same(found.load())
    return found


def is_made_again(kept):
    """Checks that what lies there now is set aside, said once, and replaced by what is made again."""
    assert kept.load() is None
    (line,) = kept.said
    assert kept.path.name in line
    assert "damaged" in line
    assert not kept.path.exists()
    assert kept.load() is None
    kept.save()
    assert kept.same(kept.load())
    assert len(kept.said) == 1
    kept.said.clear()


def test_every_flipped_bit_is_found(kept):
    draw, whole = random.Random(6), kept.path.read_bytes()
    for _ in range(FLIPS):
        content = bytearray(kept.path.read_bytes())
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        kept.path.write_bytes(content)
        is_made_again(kept)
    assert len(kept.path.read_bytes()) == len(whole)


def test_a_file_that_ends_anywhere_is_found(kept):
    whole = len(kept.path.read_bytes())
    for length in (0, 1, disk.LENGTH - 1, disk.LENGTH, disk.LENGTH + 1, whole // 2, whole - 1, whole + 1):
        kept.path.write_bytes(kept.path.read_bytes()[:length] if length < whole else kept.path.read_bytes() + b"0")
        is_made_again(kept)


def test_what_is_not_ours_is_found(kept):
    for content in (b"", b"\0" * 200, b"<html>404</html>", "ä".encode("latin-1") * 100):
        kept.path.write_bytes(content)
        is_made_again(kept)


def test_a_file_under_another_name_is_found(kept):
    other = kept.path.with_name("f" + kept.path.name)
    disk.write(other, kept.path.read_bytes()[disk.LENGTH :])
    other.replace(kept.path)
    is_made_again(kept)


def test_a_folder_in_the_place_of_a_file_is_found(kept):
    kept.path.unlink()
    (kept.path / "inside").mkdir(parents=True)
    is_made_again(kept)


def test_a_file_that_may_not_be_read_is_found(kept):
    kept.path.chmod(0)
    if os.access(kept.path, os.R_OK):
        pytest.skip("this user may read everything")
    is_made_again(kept)


def test_a_file_that_goes_meanwhile_is_simply_not_there(kept):
    kept.path.unlink()
    assert kept.load() is None
    assert not kept.said


@pytest.mark.parametrize("body", [b"", b"no archive", pickle.dumps({"x": 1})])
def test_a_sound_file_that_holds_no_block_or_result_is_found(tmp_path, claim, body):
    for make in (Block, Stored):
        said = []
        kept = make(Project(tmp_path, (tmp_path,)), claim, said.append)
        kept.said = said
        kept.save()
        (kept.path,) = tmp_path.rglob("*.npz" if make is Block else "*.pickle")
        disk.write(kept.path, body)
        is_made_again(kept)


def test_a_result_whose_class_changed_is_found(tmp_path, claim):
    said = []
    kept = Stored(Project(tmp_path, (tmp_path,)), claim, said.append)
    kept.said = said
    kept.save()
    (kept.path,) = tmp_path.rglob("*.pickle")
    older = replace(kept.made)
    del older.__dict__["diagnostics"]
    gone = pickle.dumps(kept.made).replace(b"theorylab.result", b"theorylab.resold")
    for changed in (pickle.dumps(older), gone):
        disk.write(kept.path, b"{}\n" + changed)
        is_made_again(kept)


def test_results_that_go_while_they_are_listed_harm_nothing(tmp_path, claim, monkeypatch):
    project = Project(tmp_path, (tmp_path,))
    result = Result(claim, None, None)
    store.save(project, result, MADE_FROM)
    glob = Path.glob
    monkeypatch.setattr(Path, "glob", lambda self, pattern: [*glob(self, pattern), self / f"{claim.name}-gone.pickle"])
    assert store.before(project, claim) == [MADE_FROM]
    for n in range(store.KEPT + 2):
        store.save(project, result, {"python": str(n)})
    assert len(store.before(project, claim)) == store.KEPT


def test_damaged_results_tell_nothing_of_before(tmp_path, claim):
    project = Project(tmp_path, (tmp_path,))
    store.save(project, Result(claim, None, None), MADE_FROM)
    (path,) = tmp_path.rglob("*.pickle")
    path.write_bytes(path.read_bytes()[:-1])
    assert store.before(project, claim) == []
    assert path.exists()


@pytest.mark.parametrize(("module", "broken"), [(tempfile, "mkstemp"), (os, "replace")])
def test_a_full_disk_is_said_once_and_leaves_no_part(tmp_path, monkeypatch, module, broken, claim):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    said = []
    block = Block(Project(tmp_path, (tmp_path,)), claim, said.append)
    monkeypatch.setattr(module, broken, full)
    for _ in range(3):
        block.save()
    assert said == ["what is computed from here on is not kept: No space left on device. Make room, or run theorylab clean"]
    assert block.blocks.full
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_the_log_of_attempts_outlives_half_a_line(tmp_path, claim):
    project = Project(tmp_path, (tmp_path,))
    result = Result(claim, None, type("Verdict", (), {"verdict": "supported"}))
    attempts.append(project, [result])
    log = project.state / "attempts.jsonl"
    for torn in (log.read_bytes()[:-20], log.read_bytes() + b"\xff\xfe\n[]\n"):
        log.write_bytes(torn)
        before = attempts.history(project, claim)[1]
        attempts.append(project, [result, result])
        assert attempts.history(project, claim) == (1, before + 2)
