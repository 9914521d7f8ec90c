"""What is kept between runs stays within bounds: what was of use last stays longest, and the log of attempts always."""

import os
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from theorylab import disk, room, store
from theorylab.cli import app
from theorylab.project import Project

DAY = room.DAY


@pytest.fixture
def project(tmp_path):
    (tmp_path / "claims").mkdir()
    return Project(tmp_path, (tmp_path,))


def kept(project: Project, name: str, size: int, days: float) -> Path:
    """A file of that size, written and used so many days ago."""
    path = project.state / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (time.time() - days * DAY,) * 2)
    return path


def names(files) -> list[str]:
    return sorted(file.path.name for file in files)


def test_what_no_run_has_used_for_long_goes_and_what_was_used_stays(project):
    kept(project, "blocks/aa/old.npz", 10, 31)
    kept(project, "results/young.pickle", 10, 29)
    disk.mark_used(kept(project, "blocks/aa/used.npz", 10, 300))
    cleaned = room.clean(project, older=30, larger=1e9)
    assert names(cleaned.removed) == ["old.npz"]
    assert names(cleaned.left) == ["used.npz", "young.pickle"]
    assert not (project.state / "blocks" / "aa" / "old.npz").exists()


def test_above_the_size_the_least_recently_used_goes_first_whatever_it_is(project):
    for name, days in (("blocks/aa/1.npz", 4), ("results/2.pickle", 3), ("compiled/3.program", 2), ("blocks/bb/4.npz", 1)):
        kept(project, name, 100, days)
    assert names(room.clean(project, older=30, larger=250).removed) == ["1.npz", "2.pickle"]
    assert names(room.clean(project, older=30, larger=200).removed) == []
    assert names(room.clean(project, older=30, larger=0).removed) == ["3.program", "4.npz"]


def test_a_run_leaves_what_it_used_however_much_that_is(project):
    began = time.time() - 2.5 * DAY
    for name, days in (("blocks/aa/1.npz", 4), ("results/2.pickle", 3), ("compiled/3.program", 2), ("blocks/bb/4.npz", 1)):
        kept(project, name, 100, days)
    assert names(room.bound(project, larger=10, since=began).removed) == ["1.npz", "2.pickle"]


def test_what_is_damaged_or_was_left_by_a_run_that_died_goes_and_what_is_being_written_stays(project):
    kept(project, "results/x.damaged", 10, 0)
    kept(project, "blocks/aa/.dead.part", 10, 2)
    kept(project, "blocks/aa/.alive.part", 10, 0)
    kept(project, "blocks/aa/1.npz", 10, 0)
    assert names(room.clean(project, older=30, larger=1e9).removed) == [".dead.part", "x.damaged"]
    assert names(room.clean(project, older=30, larger=0).removed) == ["1.npz"]
    assert (project.state / "blocks" / "aa" / ".alive.part").exists()


def test_the_log_of_attempts_is_never_touched(project):
    kept(project, "attempts.jsonl", 1000, 900)
    assert room.clean(project, older=0, larger=0).removed == []
    assert (project.state / "attempts.jsonl").exists()


def test_reading_a_file_counts_as_use(project, monkeypatch):
    path, marked = project.state / "results" / "a.pickle", []
    disk.write(path, b"body")
    monkeypatch.setattr(disk, "mark_used", marked.append)
    assert disk.kept(path, pytest.fail) == b"body"
    assert disk.kept(path.with_name("none.pickle"), pytest.fail) is None
    assert marked == [path]


def test_a_file_of_use_keeps_its_time_of_writing(project):
    path = kept(project, "results/a.pickle", 10, 99)
    disk.mark_used(path)
    assert disk.last_used(path) > time.time() - DAY
    assert path.stat().st_mtime == pytest.approx(time.time() - 99 * DAY, abs=DAY)


def test_what_was_removed_is_not_there_for_the_next_run_and_that_is_no_damage(project):
    blocks = store.Blocks(project, pytest.fail)
    blocks.save("ab" * 20, {})
    assert blocks.load("ab" * 20, ()) == {}
    room.clean(project, older=30, larger=0)
    assert blocks.load("ab" * 20, ()) is None


def test_a_folder_without_anything_kept_is_clean(project):
    assert room.clean(project, older=0, larger=0) == ([], [])


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("2000000", 2_000_000), ("500MB", 5 * 10**8), ("1.5 GiB", 3 * 2**29), ("2gb", 2 * 10**9), ("4k", 4000)]
)
def test_sizes_are_read_as_people_write_them(text, size):
    assert room.size(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1", "1e9", "nan", "inf", "2XB", "1,5GB", "2 G B", "٣GB"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError, match="is no size"):
        room.size(text)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--older", "-1"], "no number of days"),
        (["--older", "nan"], "no number of days"),
        (["--older", "inf"], "no number of days"),
        (["--larger", "much"], "is no size"),
        (["--all", "--older", "3"], "one or the other"),
        (["--all", "--larger", "3"], "one or the other"),
    ],
)
def test_nonsense_removes_nothing_and_says_what_to_write(project, monkeypatch, arguments, words):
    path = kept(project, "blocks/aa/1.npz", 10, 300)
    monkeypatch.chdir(project.root)
    run = CliRunner().invoke(app, ["clean", *arguments])
    assert run.exit_code == 2
    assert words in run.stderr
    assert path.exists()


def test_the_command_says_what_it_removed_and_what_is_left_of_each_kind(project, monkeypatch):
    kept(project, "blocks/aa/1.npz", 3000, 40)
    kept(project, "blocks/aa/2.npz", 500, 4)
    kept(project, "results/3.pickle", 2_000_000, 4)
    kept(project, "attempts.jsonl", 10, 4)
    monkeypatch.chdir(project.root)
    lines = [line.split("  ") for line in CliRunner().invoke(app, ["clean"]).stdout.splitlines()]
    told = [[part.strip() for part in line if part.strip()] for line in lines]
    assert told[1:4] == [
        ["blocks", "1 (3.0 KB)", "1 (500 B)"],
        ["results", "0 (0 B)", "1 (2.0 MB)"],
        ["together", "1 (3.0 KB)", "2 (2.0 MB)"],
    ]
    assert CliRunner().invoke(app, ["clean", "--all"]).exit_code == 0
    assert [path.name for path in project.state.rglob("*") if path.is_file()] == ["attempts.jsonl"]
