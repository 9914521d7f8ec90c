"""How much room `.theorylab` takes, and what goes where it is too much: first what was of no use for longest.

Each folder of it is a kind: blocks, results, compiled, ... A file beside them, such as the log of attempts, is never touched.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import time
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import NamedTuple

from . import disk
from .project import Project

DAY = 86_400.0
DAYS = 30.0
BYTES = 4 * 10**9
UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}
BROKEN = "damaged or abandoned"


class File(NamedTuple):
    """One kept file: of which kind, how many bytes, and when it was of use for the last time."""

    path: Path
    kind: str
    size: int
    used: float


class Cleaned(NamedTuple):
    """What was removed and what is left."""

    removed: Sequence[File]
    left: Sequence[File]


def clean(project: Project, older: float, larger: float) -> Cleaned:
    """Removes what is damaged or was left by runs that died, what was of no use for so many days, and what is above so many bytes."""
    now, found = time.time(), list(_files(project.state))
    gone = {file for file in found if file.kind == BROKEN or file.used < now - older * DAY}
    return _without(found, {*gone, *_above([file for file in found if file not in gone], larger)})


def bound(project: Project, larger: float = BYTES, since: float = math.inf) -> Cleaned:
    """Removes what is above so many bytes, but nothing that was of use `since` then."""
    found = list(_files(project.state))
    return _without(found, {file for file in _above(found, larger) if file.used < since})


def size(text: str) -> int:
    """A number of bytes: 2000000, 500MB, 1.5GiB. Raises ValueError for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*([KMGT]I?)?B?", text.strip().upper(), re.ASCII)
    if found is None:
        raise ValueError(f"{text!r} is no size. Write bytes, or a number with KB, MB, GB or TB (KiB, MiB, GiB, TiB), such as 2GB")
    return int(float(found[1]) * UNITS[found[2] or ""])


def in_words(files: Sequence[File]) -> str:
    """How many files and how many bytes."""
    total = float(sum(file.size for file in files))
    unit = next((name for name in ("T", "G", "M", "K") if total >= UNITS[name]), "")
    return f"{len(files):,} ({total / UNITS[unit]:.{1 if unit else 0}f} {unit}B)"


def _files(state: Path) -> Iterator[File]:
    for folder, _, names in os.walk(state):
        for path in (Path(folder, name) for name in names):
            with contextlib.suppress(OSError):
                stat, used = path.stat(), disk.last_used(path)
                abandoned = path.suffix == ".part" and stat.st_mtime < time.time() - DAY
                if abandoned or path.suffix == ".damaged":
                    yield File(path, BROKEN, stat.st_size, used)
                elif path.parent != state and path.suffix != ".part":
                    yield File(path, path.relative_to(state).parts[0], stat.st_size, used)


def _above(files: Sequence[File], larger: float) -> list[File]:
    """The files that go, the least recently used first, until the others take no more than so many bytes."""
    total, found = sum(file.size for file in files), []
    for file in sorted(files, key=lambda file: file.used):
        if total <= larger:
            break
        found.append(file)
        total -= file.size
    return found


def _without(found: Sequence[File], gone: Set[File]) -> Cleaned:
    """Removes files; one that cannot be removed is left."""
    removed: set[File] = set()
    for file in gone:
        with contextlib.suppress(OSError):
            file.path.unlink(missing_ok=True)
            removed.add(file)
    return Cleaned([file for file in found if file in removed], [file for file in found if file not in removed])
