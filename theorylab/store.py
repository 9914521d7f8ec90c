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
        _machine(),
    ]
    for version in (claim, *(claim.under(control) for control in claim.controls)):
        parts += [wording(version), version.title, str(version.trivially), repr(version.expect)]
        closure = sorted({*sources(project, version)} | lent(project))
        parts += [_digest(path.read_bytes()) for path in closure]
        parts += [_outside(path) for path in closure]
    return _digest("\n".join(parts).encode())[:DIGEST]


def sources(project: Project, claim: Claim) -> list[Path]:
    """The files of a claim's kernels and families with all that they import from their own folders, controls apart."""
    names = [*claim.kernels, *(":".join(role.by.split(":")[:2]) for role in claim.where.values() if role.by)]
    files = {kernel_signature(project, name).file for name in names} | {family_signature(project, name).file for name in claim.problems}
    return sorted({path for file in files for path in source_closure(file)})


def load(project: Project, claim: Claim, name: str, tell: Callable[[str], None]) -> Result | None:
    """The stored result of that key, or None. A damaged file is set aside and said."""
    path = _path(project, claim, name)
    try:
        content = path.read_bytes()
    except OSError:
        return None
    body = content[64:]
    try:
        if content[:64].decode("ascii", "replace") != _digest(body):
            raise ValueError("its checksum differs")
        result = pickle.loads(body)
        if not isinstance(result, Result):
            raise ValueError("it holds something else")
        return result
    except Exception as error:
        tell(f"the stored result {path.name} is damaged ({error}); it is set aside and computed again")
        path.replace(path.with_suffix(".damaged"))
        return None


def save(project: Project, result: Result, name: str) -> None:
    """Stores a result: written to a temporary name, synced, renamed. Raises OSError where that fails."""
    path = _path(project, result.claim, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    body = pickle.dumps(result, protocol=pickle.HIGHEST_PROTOCOL)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.write(_digest(body).encode("ascii") + body)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise
    Path(file.name).replace(path)
    older = sorted(path.parent.glob(f"{result.claim.name}-*.pickle"), key=lambda p: p.stat().st_mtime)
    for old in older[:-KEPT]:
        old.unlink(missing_ok=True)


def _path(project: Project, claim: Claim, name: str) -> Path:
    return project.state / "results" / f"{claim.name}-{name}.pickle"


def lent(project: Project) -> set[Path]:
    """What a project's own modules may import from the shipped simulations/ beside their own."""
    shipped = project.roots[-1] / "simulations"
    return set() if project.root == project.roots[-1] else {*shipped.rglob("*.py")}


@cache
def _machine() -> str:
    """theorylab's own sources, the interpreter, every installed version, and the settings that JAX reads from the environment."""
    package = Path(__file__).parent
    installed = sorted(f"{d.name}=={d.version}" for d in importlib.metadata.distributions() if d.name != "theorylab")
    settings = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith(("JAX_", "XLA_")))
    return _digest("\n".join([sys.version, *installed, *settings, *_sources(package.rglob("*.py"))]).encode())


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
