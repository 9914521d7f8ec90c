"""Finished results, kept under the hash of everything that determines them; what did not change is not computed again.

A killed run loses at most the claims that were in the making.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import importlib.util
import os
import pickle
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from .attempts import wording
from .claim import Claim
from .project import Project, family_signature, kernel_signature, source_closure
from .result import Options, Result
from .source import imports

KEPT = 4
DIGEST = 32


def key(project: Project, claim: Claim, options: Options) -> str:
    """The hash of what a result depends on: the claim with its controls, the sources of its kernels and families with all that they
    import outside installed packages, theorylab itself, the installed versions, JAX's settings, tier, alpha and seed."""
    parts = [
        repr(options),
        claim.name,
        repr(claim.expect),
        repr(claim.source),
        claim.title,
        str(claim.tier),
        str(claim.instances),
        machine(),
    ]
    for version in (claim, *(claim.under(control) for control in claim.controls)):
        parts += [wording(version), version.title, str(version.trivially), repr(version.expect)]
        parts += _digests(project, sources(project, version))
    return _digest("\n".join(parts).encode())[:DIGEST]


def sources(project: Project, claim: Claim) -> list[Path]:
    """The files of a claim's kernels and families with all that they import from their own folders, controls apart."""
    rivals = (":".join(role.by.split(":")[:2]) for role in claim.where.values() if role.by)
    return _files_of(project, [*claim.kernels, *rivals], claim.problems)


def code(project: Project, kernel: str, family: str | None) -> str:
    """The hash of all sources and versions that the program of a kernel and a family is traced from."""
    files = _files_of(project, [kernel], [family] if family else [])
    return _digest("\n".join([machine(), *_digests(project, files)]).encode())


def _files_of(project: Project, kernels: Iterable[str], families: Iterable[str]) -> list[Path]:
    files = {kernel_signature(project, name).file for name in kernels} | {family_signature(project, name).file for name in families}
    return sorted({path for file in files for path in source_closure(file)})


def _digests(project: Project, files: Iterable[Path]) -> list[str]:
    """What the files hold, with what they may import beside their own folders."""
    closure = sorted({*files} | lent(project))
    return [_digest(path.read_bytes()) for path in closure] + [_outside(path) for path in closure]


def load(project: Project, claim: Claim, name: str, tell: Callable[[str], None]) -> Result | None:
    """The stored result of that key, or None. A damaged file is set aside and said."""
    path = _path(project, claim, name)
    try:
        body = read(path)
        result = None if body is None else pickle.loads(body)
        if not isinstance(result, Result | None):
            raise ValueError("it holds something else")
        return result
    except Exception as error:
        tell(f"the stored result {path.name} is damaged ({error}); it is set aside and computed again")
        path.replace(path.with_suffix(".damaged"))
        return None


def save(project: Project, result: Result, name: str) -> None:
    """Stores a result: written to a temporary name, synced, renamed. Raises OSError where that fails."""
    path = _path(project, result.claim, name)
    write(path, pickle.dumps(result, protocol=pickle.HIGHEST_PROTOCOL))
    older = sorted(path.parent.glob(f"{result.claim.name}-*.pickle"), key=lambda p: p.stat().st_mtime)
    for old in older[:-KEPT]:
        old.unlink(missing_ok=True)


def read(path: Path) -> bytes | None:
    """What `write` wrote there, or None where there is nothing. Raises ValueError where it is not what was written."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if content[:64].decode("ascii", "replace") != _digest(content[64:]):
        raise ValueError("its checksum differs")
    return content[64:]


def write(path: Path, body: bytes) -> None:
    """Writes bytes with their checksum: under a temporary name, synced, renamed. Raises OSError where that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.write(_digest(body).encode("ascii") + body)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise
    Path(file.name).replace(path)


def _path(project: Project, claim: Claim, name: str) -> Path:
    return project.state / "results" / f"{claim.name}-{name}.pickle"


def lent(project: Project) -> set[Path]:
    """What a project's own modules may import from the shipped simulations/ beside their own."""
    shipped = project.roots[-1] / "simulations"
    return set() if project.root == project.roots[-1] else {*shipped.rglob("*.py")}


@cache
def machine() -> str:
    """theorylab's own sources, and what is installed."""
    return _digest("\n".join([installed(), *_sources(Path(__file__).parent.rglob("*.py"))]).encode())


@cache
def installed() -> str:
    """The interpreter, every installed version, and the settings that JAX reads from the environment."""
    versions = sorted(f"{d.name}=={d.version}" for d in importlib.metadata.distributions() if d.name != "theorylab")
    settings = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith(("JAX_", "XLA_")))
    return _digest("\n".join([sys.version, *versions, *settings]).encode())


def _outside(file: Path) -> str:
    """The sources of what a file imports by name that is neither installed nor the standard library: an editable or path install."""
    installed = tuple(Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib", "stdlib", "platstdlib"))
    names: set[str] = set()
    for node in imports(file):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module.split(".")[0])
    return "\n".join(_package(name, installed) for name in sorted(names - set(sys.stdlib_module_names)))


@cache
def _package(name: str, installed: tuple[Path, ...]) -> str:
    spec = importlib.util.find_spec(name)
    origin = Path(spec.origin).resolve() if spec and spec.origin else None
    if origin is None or any(origin.is_relative_to(folder) for folder in installed):
        return name
    return "\n".join(_sources(origin.parent.rglob("*.py") if origin.name == "__init__.py" else [origin]))


def _sources(files: Iterable[Path]) -> list[str]:
    return [_digest(path.read_bytes()) for path in sorted(files)]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
