"""Finds the claim files; what fails to load is reported with its line and a mend, and the others go on."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from . import check
from .claim import Claim, Slip
from .project import Project
from .reading import read, where_line
from .slip import near


@dataclass(frozen=True)
class Failure:
    """A claim file, or a claim of it, that cannot be tested: where, and what to write instead."""

    file: str
    line: int
    error: str
    claims: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """The claims of a project, in the order of files and lines, and what failed to load."""

    claims: tuple[Claim, ...]
    failures: tuple[Failure, ...]
    root: Path = Path()

    def select(self, selectors: Sequence[str]) -> Catalogue:
        """The claims that any selector names: `cai2024*`, `last_iterate`, `file.claim` or a path.

        Raises Slip for one that matches neither a claim nor what failed to load.
        """
        if not selectors:
            return self
        chosen: set[int] = set()
        for selector in selectors:
            claims = {id(c) for c in self.claims if _matches(selector, Path(c.file), c.name)}
            broken = {id(f) for f in self.failures if self._broken(selector, f)}
            if not claims and not broken:
                raise Slip(f"no claim matches {selector!r}. Near: {self._near(selector)}.")
            chosen |= claims | broken
        return replace(
            self,
            claims=tuple(c for c in self.claims if id(c) in chosen),
            failures=tuple(f for f in self.failures if id(f) in chosen),
        )

    def _broken(self, selector: str, failure: Failure) -> bool:
        return any(_matches(selector, self.root / failure.file, name) for name in failure.claims or ("",))

    def _near(self, selector: str) -> str:
        stems = [Path(item.file).stem for item in (*self.claims, *self.failures)]
        names = [claim.name for claim in self.claims]
        word = Path(selector).stem if _is_path(selector) else selector.strip("*")
        return near(word, [*stems, *names, *(name.rpartition(".")[2] for name in names)], 4)


def find_claims(project: Project) -> Catalogue:
    """Every claim under the project's claims/ folder, or the shipped ones where it has none."""
    own = project.root / "claims"
    folder = own if own.is_dir() else project.roots[-1] / "claims"
    claims: list[Claim] = []
    failures: list[Failure] = []
    for file in sorted(folder.glob("*.py")):
        if file.is_file() and not file.stem.startswith("_"):
            found, broken = read_file(file, project)
            claims += found
            failures += broken
    return Catalogue(tuple(claims), tuple(failures), project.root)


def read_file(file: Path, project: Project) -> tuple[list[Claim], list[Failure]]:
    """The claims of one file, checked; and the failures, each at its line."""
    shown = file.relative_to(project.root).as_posix() if file.is_relative_to(project.root) else str(file)
    reading = read(file)
    failures = [Failure(shown, fault.line, fault.text, tuple(_full(file, n) for n in fault.lost)) for fault in reading.faults]
    claims: list[Claim] = []
    for name, value in reading.claims.items():
        claim = replace(value, name=_full(file, name))
        try:
            check.check(claim, project)
            claims.append(claim)
        except Slip as slip:
            failures.append(Failure(shown, slip.line or claim.line, f"{claim.name}: {slip}", (claim.name,)))
        except Exception as error:
            text = f"{claim.name}: its check failed with {type(error).__name__}: {error}. Write the statement more simply."
            failures.append(Failure(shown, claim.line, text, (claim.name,)))
    if not failures:
        for name in check.idle_letters(claims, project):
            text = f"the letter {name} has a role but no claim of this file, and none of their kernels, uses it. Take it out."
            failures.append(Failure(shown, where_line(file, name), text))
    return sorted(claims, key=lambda c: c.line), sorted(failures, key=lambda f: f.line)


def _full(file: Path, name: str) -> str:
    return f"{file.stem}.{name}"


def _is_path(selector: str) -> bool:
    return selector.endswith(".py") or "/" in selector or "\\" in selector


def _matches(selector: str, file: Path, name: str) -> bool:
    """Whether a selector names a claim or its file; in a file that failed as a whole, any claim of it."""
    if _is_path(selector):
        return file.resolve().is_relative_to(Path(selector).resolve())
    claim = name.rpartition(".")[2]
    texts = (name, file.stem, claim) if name else (file.stem,)
    patterns = (selector,) if name else (selector, selector.partition(".")[0].strip("*") and selector.partition(".")[0])
    return any(fnmatch.fnmatchcase(text, pattern) for text in texts for pattern in patterns)
