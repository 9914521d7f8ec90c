"""Finds the claim files; one that fails to load is reported with its line and a mend, and the others go on."""

from __future__ import annotations

import ast
import difflib
import fnmatch
import importlib.util
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from . import check
from .claim import Claim, Slip
from .project import Project


@dataclass(frozen=True)
class Failure:
    """A claim file, or a claim of it, that cannot be tested: where, and what to write instead."""

    file: str
    line: int
    error: str


@dataclass(frozen=True)
class Catalogue:
    """The claims of a project, in the order of files and lines, and what failed to load."""

    claims: tuple[Claim, ...]
    failures: tuple[Failure, ...]

    def select(self, selectors: Sequence[str]) -> Catalogue:
        """The claims that any selector names: `cai2024*`, `last_iterate`, `file.claim` or a path. Raises Slip for one that matches nothing."""
        if not selectors:
            return self
        chosen: set[str] = set()
        files: set[str] = set()
        for selector in selectors:
            claims = {c.name for c in self.claims if _matches(c, selector)}
            broken = {f.file for f in self.failures if Path(f.file).stem == Path(selector.split("*")[0]).stem or fnmatch.fnmatch(Path(f.file).stem, selector)}
            if not claims and not broken:
                names = [c.name for c in self.claims] + [c.name.split(".")[1] for c in self.claims] + [c.name.split(".")[0] for c in self.claims]
                near = list(dict.fromkeys(difflib.get_close_matches(selector.strip("*"), names, 6, 0.3)))[:4] or [c.name for c in self.claims][:6]
                raise Slip(f"no claim matches {selector!r}. Near: {', '.join(near) or 'none, there are no claims'}.")
            chosen |= claims
            files |= broken
        return Catalogue(tuple(c for c in self.claims if c.name in chosen), tuple(f for f in self.failures if f.file in files))


def find_claims(project: Project) -> Catalogue:
    """Every claim under the project's claims/ folder, or the shipped ones where it has none."""
    own = project.root / "claims"
    folder = own if own.is_dir() else project.roots[-1] / "claims"
    claims: list[Claim] = []
    failures: list[Failure] = []
    for file in sorted(folder.glob("*.py")):
        if file.stem.startswith("_"):
            continue
        found, broken = read_file(file, project)
        claims += found
        failures += broken
    return Catalogue(tuple(claims), tuple(failures))


def read_file(file: Path, project: Project) -> tuple[list[Claim], list[Failure]]:
    """The claims of one file, checked; and the failures, each at its line."""
    shown = str(file.relative_to(project.root)) if file.is_relative_to(project.root) else str(file)
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
    except (SyntaxError, UnicodeDecodeError) as error:
        return [], [Failure(shown, getattr(error, "lineno", 1) or 1, f"syntax error: {getattr(error, 'msg', error)}.")]
    repeated = _repeated(tree)
    if repeated:
        line, name, first = repeated
        return [], [Failure(shown, line, f"two claims are named {name!r}, at lines {first} and {line}; the first would be lost. Rename one.")]
    spec = importlib.util.spec_from_file_location(f"theorylab_claims.{file.stem}", file)
    module = importlib.util.module_from_spec(spec)  # pyright: ignore[reportArgumentType]
    try:
        spec.loader.exec_module(module)  # pyright: ignore[reportOptionalMemberAccess]
    except (Exception, SystemExit) as error:
        return [], [Failure(shown, _line(error, file), _mend(error))]
    claims, failures = [], []
    for name, value in vars(module).items():
        if isinstance(value, Claim) and not name.startswith("_") and value.file == str(file):
            claim = replace(value, name=f"{file.stem}.{name}")
            try:
                check.check(claim, project)
                claims.append(claim)
            except Slip as slip:
                failures.append(Failure(shown, claim.line, f"{claim.name}: {slip}"))
    if claims or failures:
        failures += [Failure(shown, 1, text) for text in check.idle_letters(claims, failures)]
    else:
        failures.append(Failure(shown, 1, "no claim in this file. Assign one to a name: my_claim = Claim(...)."))
    return sorted(claims, key=lambda c: c.line), failures


def _matches(claim: Claim, selector: str) -> bool:
    if selector.endswith(".py") or "/" in selector:
        return Path(selector).resolve() == Path(claim.file).resolve()
    file, name = claim.name.split(".")
    return any(fnmatch.fnmatch(text, selector) for text in (claim.name, file, name))


def _repeated(tree: ast.Module) -> tuple[int, str, int] | None:
    lines: dict[str, int] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == "Claim":
            for target in node.targets:
                if isinstance(target, ast.Name):
                    if target.id in lines:
                        return node.lineno, target.id, lines[target.id]
                    lines[target.id] = node.lineno
    return None


def _line(error: BaseException, file: Path) -> int:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return lines[-1] if lines and lines[-1] else 1


def _mend(error: BaseException) -> str:
    text = str(error)
    if isinstance(error, Slip):
        return text
    if isinstance(error, TypeError) and "truth value of Relational" in text:
        return (
            "a comparison of letters was asked for its truth value: a chain a <= b <= c, or an if, and, or not on letters. "
            "Write two claims, or one relation and an assumption in assuming=(...)."
        )
    if isinstance(error, TypeError) and ("Cannot convert expression to float" in text or "must be real number" in text):
        return f"a function of math was called on a letter ({text}). Write sympy's: from sympy import sqrt, log, exp."
    if "no callable" in text or "ufunc" in text:
        return f"a function of NumPy was called on a letter ({text}). Write sympy's: from sympy import sqrt, log, exp."
    if isinstance(error, ImportError):
        return f"{text}. A claim file imports theorylab and sympy only."
    return f"{type(error).__name__}: {text}"
