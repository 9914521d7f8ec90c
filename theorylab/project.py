"""Where content lies: the own project's claims/ and simulations/, then the shipped catalogue's; modules and their signatures by name."""

from __future__ import annotations

import ast
import difflib
import hashlib
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from .claim import Slip


@dataclass(frozen=True)
class Project:
    """The folders that names are resolved in, the own one first."""

    root: Path
    roots: tuple[Path, ...]

    @property
    def state(self) -> Path:
        """What the machine keeps between runs: compilations and results. Ignored by git."""
        return self.root / ".theorylab"

    @property
    def reports(self) -> Path:
        """What people read after a run."""
        return self.root / "reports"


def find_project(start: Path | None = None) -> Project:
    """The project of a directory: the nearest parent with claims/ or simulations/, as a noxfile is found; else the shipped catalogue."""
    start = (start or Path.cwd()).resolve()
    shipped = _shipped()
    for folder in (start, *start.parents):
        if (folder / "claims").is_dir() or (folder / "simulations").is_dir():
            return Project(folder, tuple(dict.fromkeys((folder, shipped))))
    return Project(start, (shipped,))


def _shipped() -> Path:
    package = Path(__file__).resolve().parent
    inside = package / "shipped"
    return inside if inside.is_dir() else package.parent


@dataclass(frozen=True)
class Signature:
    """What the source of a kernel or a family says without being run: its file, line and the letters that it takes."""

    name: str
    file: Path
    line: int
    style: str
    takes: tuple[str, ...] | None
    optional: tuple[str, ...] = ()


def kernel_signature(project: Project, name: str) -> Signature:
    """The signature of kernel "module:function". Raises Slip where there is none, with the names that are near."""
    file, function = _locate(project, name, "simulations", "kernel")
    found = _functions(file).get(function)
    if found is None:
        raise Slip(_near("kernel", name, file, [f for f in _functions(file) if not f.startswith("_")]))
    required, optional, positional = found[1]
    style = "python" if positional and positional[0] == "rng" else "jax"
    return Signature(name, file, found[0], style, required, optional)


def family_signature(project: Project, name: str) -> Signature:
    """The signature of family "module:name", a module-level pair draw and build."""
    file, family = _locate(project, name, "simulations/problems", "family")
    pairs = _pairs(file)
    if family not in pairs:
        raise Slip(_near("family", name, file, [p for p in pairs if not p.startswith("_")]))
    line, parts = pairs[family]
    functions = _functions(file)
    if not all(part in functions for part in parts):
        return Signature(name, file, line, "jax", None)
    required = tuple(dict.fromkeys(letter for part in parts for letter in functions[part][1][0]))
    optional = tuple(dict.fromkeys(letter for part in parts for letter in functions[part][1][1]))
    return Signature(name, file, line, "jax", required, optional)


def load(project: Project, name: str, folder: str) -> Any:
    """The object "module:attribute" under a folder of the project that has it."""
    file, attribute = _locate(project, name, folder, "kernel" if folder == "simulations" else "family")
    root = next(root for root in project.roots if file.is_relative_to(root / "simulations"))
    module = _import(root, file)
    return getattr(module, attribute)


def source_closure(file: Path) -> tuple[Path, ...]:
    """The file and every file of its simulations/ folder that it imports, directly or not: what its results depend on."""
    base = next(parent for parent in file.parents if parent.name == "simulations")
    seen: dict[Path, None] = {}
    waiting = [file]
    while waiting:
        current = waiting.pop()
        if current in seen or not current.is_file():
            continue
        seen[current] = None
        for node in ast.walk(_tree(current, current.stat().st_mtime_ns)):
            if isinstance(node, ast.ImportFrom) and node.level:
                folder = current.parents[node.level - 1]
                stem = folder / Path(*(node.module or "").split(".")) if node.module else folder
                waiting += [stem.with_suffix(".py"), stem / "__init__.py"]
                waiting += [stem / f"{alias.name}.py" for alias in node.names]
    return tuple(sorted(path for path in seen if path.is_relative_to(base)))


def _import(root: Path, file: Path) -> ModuleType:
    """A module of a simulations/ folder under a package name of its own, so that two projects' modules never meet."""
    package = f"theorylab_simulations_{hashlib.sha256(str(root).encode()).hexdigest()[:8]}"
    if package not in sys.modules:
        holder = ModuleType(package)
        holder.__path__ = [str(root / "simulations")]
        sys.modules[package] = holder
    parts = file.relative_to(root / "simulations").with_suffix("").parts
    return import_module(".".join((package, *parts)))


def _locate(project: Project, name: str, folder: str, what: str) -> tuple[Path, str]:
    module, colon, attribute = name.partition(":")
    attribute = attribute.partition(":")[0]
    if not colon or not attribute:
        raise Slip(f'the {what} {name!r} has no colon. Write "module:{what}", such as "{name or "module"}:{what}".')
    for root in project.roots:
        file = root / folder / Path(*module.split("."))
        if file.with_suffix(".py").is_file():
            return file.with_suffix(".py"), attribute
    known = sorted({path.stem for root in project.roots for path in (root / folder).glob("*.py") if path.stem != "__init__"})
    near = difflib.get_close_matches(module, known, 3, 0.4) or known
    raise Slip(f"there is no file {folder}/{module}.py for the {what} {name!r}. Near: {', '.join(near) or 'none'}.")


def _near(what: str, name: str, file: Path, known: list[str]) -> str:
    wanted = name.split(":")[1]
    near = difflib.get_close_matches(wanted, known, 3, 0.4) or sorted(known)
    return f"{file.name} has no {what} {wanted!r} ({name!r}). Near: {', '.join(near) or 'none'}."


@lru_cache(maxsize=512)
def _tree(file: Path, stamp: int) -> ast.Module:
    try:
        return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
    except SyntaxError as error:
        raise Slip(f"{file.name}, line {error.lineno}: {error.msg}.") from None


def _functions(file: Path) -> dict[str, tuple[int, tuple[tuple[str, ...], tuple[str, ...], list[str]]]]:
    """Functions and plain assignments of a module: name -> (line, (letters without default, with default, positional names))."""
    result = {}
    for node in _tree(file, file.stat().st_mtime_ns).body:
        if isinstance(node, ast.FunctionDef):
            arguments = node.args
            required = tuple(a.arg for a, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None)
            optional = tuple(a.arg for a, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is not None)
            result[node.name] = (node.lineno, (required, optional, [a.arg for a in arguments.args]))
    return result


def _pairs(file: Path) -> dict[str, tuple[int, list[str]]]:
    """Module-level families: name -> (line, [name of draw, name of build])."""
    result = {}
    for node in _tree(file, file.stat().st_mtime_ns).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Name):
            function = node.value.func
            if (function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")) == "Family":
                arguments = {k.arg: k.value for k in node.value.keywords}
                parts = [*node.value.args, *(arguments[a] for a in ("draw", "build") if a in arguments)]
                result[node.targets[0].id] = (node.lineno, [part.id if isinstance(part, ast.Name) else "?" for part in parts])
    return result
