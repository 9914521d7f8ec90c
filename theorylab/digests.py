"""Hashes of everything that numbers follow from: sources without comments and docstrings, what they import, and the versions of that."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import sys
import sysconfig
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from . import source
from .project import Project, family_signature, kernel_signature
from .slip import Slip

HERE = Path(__file__).parent
SETTINGS = ("JAX_", "XLA_", "CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")
SYSTEM = Path("/dev")
ACCELERATOR = re.compile(r"nvidia\d+|kfd|accel\d+|vfio")
# What lies in these folders is another's, or made from what lies beside them.
ASIDE = ("__pycache__", "node_modules", "site-packages")


def program(project: Project, kernel: str, family: str | None) -> str:
    """The hash of all that the numbers of a kernel on a family follow from, beside the letters: sources, versions, settings.

    Without a kernel, what the family's problems follow from.
    """
    return of_parts(lanes(project, sources(project, [kernel] if kernel else [], [family] if family else [])))


def lanes(project: Project, files: Iterable[Path]) -> dict[str, str]:
    """What the numbers of kernels and families in some files follow from, each part hashed under the name that a reader knows it by."""
    files = [*files]
    return of_files(project, files) | simulator() | outside([*files, *own("kernels.py")]) | environment() | devices()


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


def simulator() -> dict[str, str]:
    """A hash of theorylab's own modules that run kernels."""
    return {"theorylab's simulator": of(map(source.code, own("kernels.py")))}


def judge() -> dict[str, str]:
    """A hash of theorylab's own modules that plan runs and judge them."""
    return {"theorylab's judge": of(source.code(file) for file in own("verify.py") if file not in own("kernels.py"))}


@cache
def own(module: str) -> tuple[Path, ...]:
    """One of theorylab's own modules with all that it imports from it."""
    return source.closure(HERE / module)


def outside(files: Iterable[Path]) -> dict[str, str]:
    """What files import by name, and what that needs in turn: versions, or the sources themselves where an install is editable."""
    return _outside(_named(files))


def unversioned(files: Iterable[Path]) -> tuple[list[str], list[Path]]:
    """The modules that files import by name, and what those import in turn; and the places of the sources that no version stands for.

    theorylab itself is no such module, though a project may be where it is installed from.
    """
    named = _reached(_named(files) - {HERE.name})
    needed = {name: found for module in named for name, found in _required(module).items()}
    places = {place for found in named.values() for place in found}
    return sorted(named), sorted(places | {place for distribution in needed.values() for place in _origin(distribution)[1]})


def place_of(module: str) -> str:
    """Where Python would import a module from."""
    spec = _spec(module)
    return f"{module}: {spec and spec.origin} {[*(spec.submodule_search_locations or ())] if spec else ''}"


def files_of(place: Path, suffixes: Collection[str] = (".py",)) -> list[Path]:
    """The file itself, or all files of a folder that end so, through links, but for what is hidden or installed there."""
    if not place.is_dir():
        return [place] if place.is_file() else []
    found: list[Path] = []
    seen: set[str] = set()
    for folder, inside, names in os.walk(place, followlinks=True):
        if os.path.realpath(folder) in seen:
            inside.clear()
            continue
        seen.add(os.path.realpath(folder))
        inside[:] = [name for name in inside if not name.startswith(".") and name not in ASIDE]
        found += [Path(folder, name) for name in names if name.endswith(tuple(suffixes)) and not name.startswith(".")]
    return sorted(found)


def environment() -> dict[str, str]:
    """The interpreter, and the settings that JAX reads from the environment."""
    settings = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith(SETTINGS))
    return {"python": sys.version, "JAX's settings in the environment": " ".join(settings)}


@cache
def compiler() -> str:
    """The hash of what a program compiles to another function by: JAX's version with all that it needs, and settings."""
    return of_parts(outside(own("kernels.py")) | environment())


def devices() -> dict[str, str]:
    """The accelerators that the system shows, and JAX's plugins for them; known without JAX, which takes a second to tell."""
    plugins = sorted(name for folder in sys.path for name in _listed(Path(folder or ".", "jax_plugins")) if not name.startswith("__"))
    return {"the devices": " ".join([*sorted(name for name in _listed(SYSTEM) if ACCELERATOR.fullmatch(name)), *plugins])}


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def of(texts: Iterable[str]) -> str:
    """One hash of many texts."""
    hashed = hashlib.sha256()
    for text in texts:
        hashed.update(text.encode() + b"\0")
    return hashed.hexdigest()[:32]


def of_parts(parts: Mapping[str, str]) -> str:
    """One hash of named parts, in whichever order they come."""
    return of(f"{name}: {parts[name]}" for name in sorted(parts))


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The names under which two sets of hashes differ."""
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def _shown(project: Project, path: Path) -> str:
    root = next((root for root in project.roots if path.is_relative_to(root)), path.parent)
    # The own project may have a file of the same name.
    return ("theorylab's " if root != project.root and root == project.roots[-1] else "") + path.relative_to(root).as_posix()


def _named(files: Iterable[Path]) -> frozenset[str]:
    return frozenset(name for file in files for name in _imported(file))


def _imported(file: Path) -> set[str]:
    """The top-level names that a file imports from outside its own folder and the standard library."""
    names: set[str] = set()
    try:
        nodes = source.imports(file)
    except (Slip, OSError):
        return names
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names)


@cache
def _outside(names: frozenset[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, places in _reached(names).items():
        if places:
            found[f"the source of {name}"] = of(_code(file) for place in places for file in files_of(place))
        else:
            found |= {f"{needed}'s version": _version(distribution) for needed, distribution in _required(name).items()}
    return found


@cache
def _reached(names: frozenset[str]) -> dict[str, list[Path]]:
    """Modules and what they import in turn, each with the places of its sources where no version stands for them."""
    found: dict[str, list[Path]] = {}
    waiting = [*names]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _editable(name)
            waiting += _named(file for place in found[name] for file in files_of(place))
    return found


def _spec(module: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None


def _editable(name: str) -> list[Path]:
    """The folders or the file of a module that lies outside the folders of installed packages; none for any other."""
    spec = _spec(name)
    if spec is None:
        return []
    packages = [Path(folder).resolve() for folder in spec.submodule_search_locations or ()]
    places = packages or ([Path(spec.origin).resolve()] if spec.has_location and spec.origin else [])
    return [] if any(place.is_relative_to(folder) for place in places for folder in _installed()) else places


def _code(file: Path) -> str:
    """A file without comments; as it stands where it is no Python of this version."""
    try:
        return source.code(file)
    except Slip:
        return file.read_bytes().decode(errors="replace")


@cache
def _installed() -> tuple[Path, ...]:
    return tuple(Path(sysconfig.get_path(name)).resolve() for name in ("purelib", "platlib", "stdlib", "platstdlib"))


@cache
def _required(module: str) -> dict[str, importlib.metadata.Distribution]:
    """The distributions that give a module, and all that they require, by name."""
    found: dict[str, importlib.metadata.Distribution] = {}
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
        found[name] = distribution
        # JAX's extras are the plugins of its devices.
        needs = [need for need in distribution.requires or () if "extra ==" not in need or name == "jax"]
        waiting += [re.split(r"[^A-Za-z0-9._-]", need.strip(), maxsplit=1)[0] for need in needs]
    return found


def _version(distribution: importlib.metadata.Distribution) -> str:
    """A version; with the commit, or a hash of the sources, of what was installed from a repository or a folder."""
    commit, places = _origin(distribution)
    files = [file for place in places for file in files_of(place)]
    return ", ".join((distribution.version, *([commit] if commit else []), *([of(map(_code, files))] if files else [])))


def _origin(distribution: importlib.metadata.Distribution) -> tuple[str, list[Path]]:
    """The commit that a distribution was installed at, and the places of its sources if it was installed from a folder."""
    told = json.loads(distribution.read_text("direct_url.json") or "{}")
    commit = told.get("vcs_info", {}).get("commit_id", "")
    if "dir_info" not in told:
        return commit, []
    if told["dir_info"].get("editable"):
        return commit, [Path(url2pathname(urlsplit(told["url"]).path))]
    return commit, sorted(Path(str(file.locate())) for file in distribution.files or () if file.suffix == ".py")


@cache
def _providers() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()
