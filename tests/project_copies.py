"""Copies of the small project under tests/projects, to break on purpose."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import xarray as xr
from typer.testing import CliRunner

HERE = Path(__file__).parent
HEADER = (HERE / "projects" / "noisy" / "claims" / "mean2024_sampling.py").read_text().split("constant = Claim(")[0]


def copy(folder: Path, claims: dict[str, str] | None = None) -> Path:
    """A copy of the project; `claims` replaces its claim files, each given after the usual imports and letters."""
    shutil.copytree(HERE / "projects" / "noisy", folder, ignore=shutil.ignore_patterns(".theorylab", "reports", "__pycache__"))
    if claims is not None:
        (folder / "claims" / "mean2024_sampling.py").unlink()
        for name, body in claims.items():
            (folder / "claims" / name).write_text(HEADER + body)
    return folder


def contents(file: Path) -> dict[str, str]:
    """All that a netCDF file holds, by group. Its bytes hold the time when it was written too."""
    with xr.open_datatree(file, engine="netcdf4") as tree:
        return {node.path: repr(node.to_dataset(inherit=False).load().to_dict()) for node in tree.subtree}


def theorylab(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """The command line in a process of its own, as a user runs it."""
    return subprocess.run(
        [sys.executable, "-m", "theorylab", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(HERE.parent), "NO_COLOR": "1", "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@contextlib.contextmanager
def undrawn() -> Iterator[None]:
    """Reports without figures, which take more time than all the rest of a run of a small project."""
    with mock.patch("theorylab.report.figures.figures", return_value=[]):
        yield


def called(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """The command line in this process, which pays for the imports once; it draws no figures.

    The kernels of a folder are imported once, too: a project whose kernels changed since must lie in another.
    """
    from theorylab.cli import app

    with contextlib.chdir(folder), undrawn():
        run = CliRunner(env={"NO_COLOR": "1", "COLUMNS": "200"}).invoke(app, arguments)
    if run.exception and not isinstance(run.exception, SystemExit):
        raise run.exception
    return subprocess.CompletedProcess(arguments, run.exit_code, run.stdout, run.stderr)


def claim(name: str, body: str) -> str:
    """The source of one claim on sampled means; `body` holds the fields beyond title and source."""
    return f'{name} = Claim("A title.", source=paper.at("Theorem 1", basis="own"), where=sampled, {body})\n'
