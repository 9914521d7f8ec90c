"""The record: every claim's verdict with its seed and numbers, committed, for the runs to come to be compared with."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import sympy

from . import digests, source, store
from .claim import Claim
from .kind import untested
from .project import Project
from .report.document import claim_entry, number, shown_file, used
from .result import Result
from .verdict.parts import Part

SCHEMA = 1
FILE = "record.json"
ENTRY = ("paper", "verdict", "evidence", "expected", "as_expected", "gating", "reasons", "flags", "range", "controls")
CONTROL = ("name", "verdict", "as_expected")
PAPER = ("authors", "title", "year", "arxiv")
# Comparable digits: a number with an interval to a hundredth of its half-width, others as far as rounding leaves them alike, which of
# slopes about zero is said by their threshold.
DIGITS = 8
SMALL = 1e-5
DEEP = 4
HASH = 10


class Unreadable(ValueError):
    """A record that cannot be used, with what to do about it."""


@dataclass(frozen=True)
class Damage:
    """An entry that was not written as it stands: its line in the file, and what to do."""

    line: int
    error: str


@dataclass(frozen=True)
class Record:
    """Entries by the claim's name, the machines that they were made on, and the entries that cannot be trusted."""

    entries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    machines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    damaged: Mapping[str, Damage] = field(default_factory=dict)


def load(project: Project) -> Record | None:
    """The project's record, None where it has none. Raises Unreadable for a file that is not one; a single bad entry is only set apart."""
    file = path(project)
    if not file.exists():
        return None
    mend = f"Restore it (git checkout -- {_shown(project)}), or write a new one: theorylab record"
    text = ""
    try:
        text = file.read_text(encoding="utf-8")
        found = json.loads(text)
    except OSError as error:
        raise Unreadable(f"{_shown(project)} cannot be read: {error.strerror or error}. {mend}.") from None
    except json.JSONDecodeError as error:
        if re.search("^(<{7}|={7}|>{7})", text, re.MULTILINE):
            mend = f"It holds the marks of a merge. Take one side (git checkout --ours -- {_shown(project)}), then theorylab record"
        raise Unreadable(f"{_shown(project)} is no JSON (line {error.lineno}, column {error.colno}: {error.msg}). {mend}.") from None
    except ValueError as error:
        raise Unreadable(f"{_shown(project)} is no text: {error}. {mend}.") from None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        schema = found.get("schema") if isinstance(found, dict) else None
        raise Unreadable(f"{_shown(project)} has schema {schema!r}; this theorylab reads and writes schema {SCHEMA}. {mend}.")
    claims, machines, papers = (found.get(table) for table in ("claims", "machines", "papers"))
    if not isinstance(claims, dict) or not isinstance(machines, dict) or not isinstance(papers, dict):
        raise Unreadable(f"{_shown(project)} lacks its table of claims, machines or papers. {mend}.")
    unfolded = {name: _unfolded(entry, machines, papers) for name, entry in claims.items()}
    damaged = {name: _damage(name, text) for name, entry in unfolded.items() if entry is None}
    return Record({name: entry for name, entry in unfolded.items() if entry is not None}, machines, damaged)


def save(project: Project, entries: Mapping[str, Mapping[str, Any]], machines: Mapping[str, Mapping[str, Any]]) -> None:
    """Writes the record, and the ledger from it. Raises OSError."""
    from .report import put
    from .report.ledger import ledger

    papers: dict[str, Any] = {}
    folded = {name: _folded(entry, papers) for name, entry in entries.items()}
    needed = {entry["machine"] for entry in entries.values()}
    whole = {"schema": SCHEMA, "claims": folded, "machines": {key: machines[key] for key in needed}, "papers": papers}
    put(path(project), _lines(whole, DEEP) + "\n")
    put(project.reports / "ledger.md", ledger(entries))


def writable(project: Project) -> None:
    """Raises OSError where a record could not be written: better before a long run than after it."""
    project.reports.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=project.reports):
        pass
    if path(project).is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path(project)))


def entry(project: Project, result: Result, machine: str) -> dict[str, Any]:
    """What is recorded of a claim: no times and no paths, numbers to the digits that are compared."""
    found, plan, verdict = claim_entry(result), result.plan, result.verdict
    made: dict[str, Any] = {name: found[name] for name in ENTRY} | {"code": code(project, result.claim), "machine": machine}
    made["controls"] = [{name: control[name] for name in CONTROL} for control in found["controls"]]
    if verdict is None:
        made["note"] = found["note"]
    else:
        made |= {"detectable": _digits(verdict.detectable), "families": {part.family: _numbers(part) for part in verdict.parts}}
    made |= {"seed": plan.seed, "tier": plan.tier, "alpha": plan.alpha} if plan else {"seed": None, "tier": None, "alpha": None}
    made = json.loads(json.dumps(made))
    return made | {"checksum": _checksum(made)}


def code(project: Project, claim: Claim) -> dict[str, Any]:
    """Hashes of what a verdict follows from: the claim's wording, its controls', and every file that its kernels and families consist of.

    Neither titles of the paper nor comments and docstrings are part of it.
    """
    versions = [claim, *(claim.under(control) for control in claim.controls)]
    files: dict[str, list[str]] = {}
    for file in store.sources(project, *versions) if not untested(claim) else ():
        files.setdefault(shown_file(file.as_posix()).removeprefix("simulations/"), []).append(source.code(file))
    return {
        "statement": _hash(_wording(claim)),
        "controls": _hash(part for version in versions[1:] for part in (version.title, version.expect.verdict, *_wording(version))),
        "files": {name: _hash(texts) for name, texts in files.items()},
    }


def machine(project: Project, device: str, versions: Mapping[str, str]) -> dict[str, Any]:
    """What a run was made with beside the claim's own code: device, versions, and theorylab's sources that verdicts rest on."""
    return {"device": device, "versions": {**versions}, "judge": _judge(project)}


def shared_key(found: Mapping[str, Any]) -> str:
    """The name under which entries share a machine, or a paper, in the record."""
    return _hash([json.dumps(found, sort_keys=True)])


def path(project: Project) -> Path:
    """Where a project's record lies."""
    return project.reports / FILE


def _shown(project: Project) -> str:
    return path(project).relative_to(project.root).as_posix()


def _wording(claim: Claim) -> list[str]:
    """What a version of a claim says, and which numbers its plan is made from: meanings, and idle letters of the table, apart."""
    names = {symbol.name for symbol, _ in used(claim)}
    roles = [
        f"{s.name} {r.kind} {r.low} {r.high} {r.among} {r.value} {r.by} {r.dims} {r.integer} {r.up_to} {r.unit}"
        for s, r in claim.where.items()
        # Every boxed letter moves the points at which the others are drawn.
        if s.name in names or r.kind == "varies"
    ]
    rest = (claim.holds.name, claim.holds.probability, claim.trivially, claim.instances, claim.tier, claim.kernels, claim.problems)
    return [sympy.srepr(claim.statement), *sorted(roles), *map(str, claim.assuming), *map(str, rest)]


def _numbers(part: Part) -> dict[str, Any]:
    """One family's estimates with their intervals."""
    given: dict[str, Any] = {"verdict": part.verdict, "instances": int(part.instances), "replicates": int(part.replicates)}
    noisy = part.interval is not None and part.replicates > 1 and not part.trends
    half = (part.interval[1] - part.interval[0]) / 2 if noisy and part.interval else 0.0
    given["ratio"] = _digits(part.tightness, half)
    if noisy and part.interval:
        given["interval"] = [_digits(value, half) for value in part.interval]
    for axis, trend in part.trends.items():
        half = (float(trend["high"]) - float(trend["low"])) / 2
        names = ("slope", *(("low", "high") if half else ()), "upper_half", "extrapolated")
        slopes = {name: _digits(trend[name], half or SMALL * abs(float(trend["threshold"]))) for name in names}
        given.setdefault("slopes", {})[axis] = slopes | {"threshold": _digits(trend["threshold"])}
    if part.margin is not None and math.isfinite(part.margin):
        given["margin"] = float(f"{part.margin:.3g}")
    return given


def _digits(value: Any, half: float = 0.0) -> Any:
    """A number to a hundredth of its half-width, or to eight digits where it has none."""
    if value is None or not math.isfinite(value):
        return number(value)
    if 0 < half < math.inf:
        return round(float(value), 2 - math.floor(math.log10(half))) + 0.0
    return float(f"{value:.{DIGITS}g}") + 0.0


def _folded(entry: Mapping[str, Any], papers: dict[str, Any]) -> dict[str, Any]:
    """An entry with what many claims share, the paper, moved to a table of its own."""
    shared = {name: entry["paper"][name] for name in PAPER}
    key = shared_key(shared)
    papers[key] = shared
    return {**entry, "paper": {"source": key} | {name: value for name, value in entry["paper"].items() if name not in PAPER}}


def _unfolded(entry: Any, machines: Mapping[str, Any], papers: Mapping[str, Any]) -> dict[str, Any] | None:
    """The entry as it was made; None where it is not that any more."""
    try:
        place = {name: value for name, value in entry["paper"].items() if name != "source"}
        whole = {**entry, "paper": place | papers[entry["paper"]["source"]]}
        same = whole["checksum"] == _checksum({name: value for name, value in whole.items() if name != "checksum"})
        same = same and whole["machine"] == shared_key(machines[whole["machine"]])
    except (KeyError, TypeError, AttributeError):
        return None
    return whole if same else None


def _damage(name: str, text: str) -> Damage:
    before, found, _ = text.partition(f"{json.dumps(name)}: {{")
    why = f"the entry of {name} was changed by hand or cut. Restore it, or write it anew: theorylab record {name}"
    return Damage(before.count("\n") + 1 if found else 1, why)


def _checksum(entry: Mapping[str, Any]) -> str:
    return _hash([json.dumps(entry, sort_keys=True)])


def _lines(value: Any, deep: int, indent: int = 0) -> str:
    """JSON with one line for each thing that changes by itself: keys sorted, what lies deeper on one line."""
    if not deep or not value or not isinstance(value, (dict, list)):
        return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
    pad = "\n" + " " * (indent + 1)
    named = isinstance(value, dict)
    items = [(f"{json.dumps(key, ensure_ascii=False)}: ", value[key]) for key in sorted(value)] if named else [("", item) for item in value]
    body = ",".join(pad + key + _lines(item, deep - 1, indent + 1) for key, item in items)
    return ("{" if named else "[") + body + "\n" + " " * indent + ("}" if named else "]")


@cache
def _judge(project: Project) -> str:
    """theorylab's own sources that a verdict rests on; for a project of its own, the building blocks that it may import too."""
    files = [*source.closure(Path(__file__).parent / "verify.py"), *sorted(digests.lent(project))]
    return _hash(file.read_text(encoding="utf-8") for file in files)


def _hash(texts: Iterable[str]) -> str:
    hashed = hashlib.sha256()
    for text in texts:
        hashed.update(text.encode() + b"\0")
    return hashed.hexdigest()[:HASH]
