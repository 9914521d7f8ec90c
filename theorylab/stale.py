"""Which claims have no stored result that still holds, and what changed since the last one was made."""

from __future__ import annotations

import re
from collections.abc import Mapping

from . import digests, store
from .claim import Claim
from .kind import untested
from .project import Project
from .result import Options

HASH = re.compile("[0-9a-f]{32}")
ASKED = ("the tier", "the error per side", "the seed", "the number of claims that share the error")
NEVER = "never computed"


def stale(project: Project, claim: Claim, options: Options) -> list[str]:
    """Why a claim would be computed again under these options, a change each; nothing where its result is stored."""
    if untested(claim):
        return []
    now, stored = store.parts(project, claim, options), store.before(project, claim)
    if not stored:
        return [NEVER]
    nearest = min(stored, key=lambda then: len(digests.changed(then, now)))
    changed = digests.changed(nearest, now)
    found = [_words(name, nearest, now) for name in changed]
    # What is gone may have been part of what its runs followed from.
    if changed and {*changed} <= now.keys() and not {*changed} & {*ASKED, *store.lanes(project, claim)}:
        found.append("only judged again, on the stored runs as far as they are the same")
    return found


def _words(name: str, then: Mapping[str, str], now: Mapping[str, str]) -> str:
    old, new = then.get(name), now.get(name)
    if old is None or new is None:
        return f"{name} is {'new' if old is None else 'gone'}"
    return f"{name} changed" if HASH.fullmatch(new) else f"{name} changed from {old or 'none'} to {new or 'none'}"
