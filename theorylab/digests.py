"""Hashes of everything that numbers follow from: sources without comments and docstrings, what they import, and the versions of that."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from . import source
from .project import Project, family_signature, kernel_signature

HERE = Path(__file__).parent
SETTINGS = ("JAX_", "XLA_")


def program(project: Project, kernel: str, family: str | None) -> str:
    """The hash of all that the numbers of a kernel on a family follow from, beside the letters: sources, versions, settings."""
    found = _program(project, kernel, family)
    return of(f"{name}: {found[name]}" for name in sorted(found))


def _program(project: Project, kernel: str, family: str | None) -> dict[str, str]:
    files = sources(project, [kernel], [family] if family else [])
    return of_files(project, files) | own("kernels.py") | outside([*files, *source.closure(HERE / "kernels.py")]) | environment()


def sources(project: Project, kernels: Iterable[str], families: Iterable[str]) -> list[Path]:
    """The files of kernels and families with all that they import from their own folders."""
    files = {kernel_signature(project, name).file for name in kernels} | {family_signature(project, name).file for name in families}
    return sorted({path for file in files for path in source.closure(file)})


def lent(project: Project) -> set[Path]:
    """What a project's own modules may import from the shipped simulations/ beside their own."""
    shipped = project.roots[-1] / "simulations"
    return set() if project.root == project.roots[-1] else {*shipped.rglob("*.py")}


def of_files(project: Project, files: Iterable[Path]) -> dict[str, str]:
    """A hash of each file, and of what a project's own files may borrow, by the name that a reader knows it under."""
    return {_shown(project, path): of([source.code(path)]) for path in sorted({*files} | lent(project))}


def own(*modules: str) -> dict[str, str]:
    """A hash of theorylab's own modules, with all that they import from it."""
    files = sorted({file for module in modules for file in source.closure(HERE / module)})
    return {"theorylab": of(source.code(file) for file in files)}


def outside(files: Iterable[Path]) -> dict[str, str]:
    """What files import by name, and what that needs in turn: versions, or the sources themselves where an install is editable."""
    return _outside(frozenset(name for file in files for name in _imported(file)))


def environment() -> dict[str, str]:
    """The interpreter, and the settings that JAX reads from the environment."""
    settings = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith(SETTINGS))
    return {"python": sys.version, "JAX's settings in the environment": " ".join(settings)}


def of(texts: Iterable[str]) -> str:
    """One hash of many texts."""
    hashed = hashlib.sha256()
    for text in texts:
        hashed.update(text.encode() + b"\0")
    return hashed.hexdigest()[:32]


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The names under which two sets of hashes differ."""
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def _shown(project: Project, path: Path) -> str:
    root = next((root for root in project.roots if path.is_relative_to(root)), path.parent)
    return path.relative_to(root).as_posix()


def _imported(file: Path) -> set[str]:
    """The top-level names that a file imports from outside its own folder and the standard library."""
    names: set[str] = set()
    for node in source.imports(file):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names)


@cache
def _outside(names: frozenset[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    waiting, seen = [*names], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        files = _editable(name)
        if files:
            found[name] = of(source.code(file) for file in files)
            waiting += [other for file in files for other in _imported(file)]
        else:
            found |= {f"{distribution}'s version": version for distribution, version in _versions(name).items()}
    return found


def _editable(name: str) -> list[Path]:
    """The sources of a module that lies outside the folders of installed packages; none for any other."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return []
    if spec is None:
        return []
    packages = [Path(folder).resolve() for folder in spec.submodule_search_locations or ()]
    places = packages or ([Path(spec.origin).resolve()] if spec.has_location and spec.origin else [])
    if any(place.is_relative_to(folder) for place in places for folder in _installed()):
        return []
    return sorted({file for place in places for file in ([place] if place.is_file() else place.rglob("*.py"))})


@cache
def _installed() -> tuple[Path, ...]:
    return tuple(Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib", "stdlib", "platstdlib"))


@cache
def _versions(module: str) -> dict[str, str]:
    """The distributions that give a module, and all that they require, with their versions."""
    found: dict[str, str] = {}
    waiting = [*_providers().get(module, ())]
    while waiting:
        name = waiting.pop()
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        name = distribution.name.lower()
        if name in found:
            continue
        found[name] = distribution.version
        # JAX's extras are the plugins of its devices.
        needs = [need for need in distribution.requires or () if "extra ==" not in need or name == "jax"]
        waiting += [re.split(r"[^A-Za-z0-9._-]", need.strip(), maxsplit=1)[0] for need in needs]
    return found


@cache
def _providers() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()
