"""A new record from the one before and a run: what is replaced, kept and dropped, and what changed by that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from . import record
from .catalogue import Catalogue
from .comparison import differences
from .project import Project
from .record import Record
from .result import Result


class Revision(NamedTuple):
    """The entries and machines of the new record, and what is to be said of it, changed verdicts first."""

    entries: dict[str, Mapping[str, Any]]
    machines: dict[str, Mapping[str, Any]]
    news: list[str]


def revise(project: Project, before: Record, catalogue: Catalogue, results: Sequence[Result], versions: Mapping[str, str]) -> Revision:
    """The record after a run of some claims. Others keep their entries, unless the whole `catalogue` has no such claim."""
    dropped = gone(before, catalogue)
    entries = {name: entry for name, entry in before.entries.items() if name not in dropped}
    machines = dict(before.machines)
    changed, new, moved, other, left = [], [], [], [], []
    for result in results:
        name, old = result.claim.name, before.entries.get(result.claim.name)
        if result.fault:
            left.append(f"{name} is not recorded, since it failed to run: {result.fault}")
            continue
        if result.verdict is None and old is not None and old["tier"] == result.claim.tier == "full":
            left.append(f"{name} keeps its entry of the full tier, which this run was not")
            continue
        made_on = record.machine(project, result.device, versions)
        key = record.shared_key(made_on)
        machines[key] = made_on
        entries[name] = record.entry(project, result, key)
        if old is None:
            new.append(f"{name}: {entries[name]['verdict']}")
            continue
        verdicts, numbers = differences(old, entries[name])
        changed += [f"{name}: {words}" for words in verdicts]
        moved += [f"{name}: {words}" for words in numbers]
        if old["code"] != entries[name]["code"] and not verdicts and not numbers:
            other.append(name)
    return Revision(
        entries,
        machines,
        [
            *_headed("verdicts that changed against the record before", changed),
            *_headed("not recorded", left),
            *_headed("dropped, since no claim has the name", sorted(dropped)),
            *_headed("new", new),
            *_headed("numbers that moved", moved),
            *_headed("other code, the same verdicts and numbers", other),
        ],
    )


def gone(known: Record, catalogue: Catalogue) -> set[str]:
    """The names in a record that no claim of the whole catalogue has; what a broken file may still hold is not gone."""
    names = {claim.name for claim in catalogue.claims} | {name for failure in catalogue.failures for name in failure.claims}
    broken = {Path(failure.file).stem for failure in catalogue.failures}
    return {name for name in (*known.entries, *known.damaged) if name not in names and name.partition(".")[0] not in broken}


def _headed(heading: str, lines: list[str]) -> list[str]:
    return [f"{heading}:", *(f"  {line}" for line in lines)] if lines else []
