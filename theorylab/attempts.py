"""Every judged wording of a claim, kept so that nobody, its author first, mistakes the tenth wording for the first."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

import sympy

from .claim import Claim
from .project import Project
from .result import Result


def wording(claim: Claim) -> str:
    """A short hash of what is claimed and over which ranges; titles, sources and controls are not part of it."""
    roles = sorted(f"{symbol.name}: {role}" for symbol, role in claim.where.items())
    quantifier = f"{claim.holds.name} {claim.holds.probability}"
    said = [sympy.srepr(claim.statement), *roles, quantifier, *map(str, claim.assuming), *claim.kernels, *claim.problems]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:12]


def append(project: Project, results: Sequence[Result]) -> None:
    """Adds the verdicts of a run to the project's log. Raises OSError where it cannot be written."""
    lines = [
        json.dumps(
            {
                "claim": result.claim.name,
                "wording": wording(result.claim),
                "statement": str(result.claim.statement),
                "verdict": result.verdict.verdict,
                "seed": result.plan.seed if result.plan else None,
                "tier": result.plan.tier if result.plan else None,
                "at": time.strftime("%Y-%m-%dT%H:%M:%S"),
            }
        )
        for result in results
        if result.verdict is not None
    ]
    _log(project).parent.mkdir(parents=True, exist_ok=True)
    with _log(project).open("ab+", buffering=0) as log:
        # A run that was killed may have left half a line; lines of two runs at once do not mix where each writes all of its own in one go.
        log.seek(-1 if log.tell() else 0, os.SEEK_END)
        torn = log.read(1) not in (b"", b"\n")
        log.write(("\n" * torn + "".join(line + "\n" for line in lines)).encode("utf-8"))


def history(project: Project, claim: Claim) -> tuple[int, int]:
    """How many wordings of the claim were judged here, and how often the present one."""
    log = _log(project)
    if not log.is_file():
        return 0, 0
    found = []
    for line in log.read_bytes().splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("claim") == claim.name:
            found.append(entry.get("wording"))
    return len(set(found)), found.count(wording(claim))


def _log(project: Project) -> Path:
    return project.state / "attempts.jsonl"
