"""The ledger: the record in markdown, a row for every claim; the same record gives the same text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .document import state

HEAD = ("claim", "verdict", "evidence", "expected", "reasons and flags", "controls caught", "basis", "range", "recorded at")


def ledger(entries: Mapping[str, Mapping[str, Any]]) -> str:
    """The ledger of a record: no times and no machine in it, so that a change is a change of a verdict or of what was claimed."""
    claims = [{"name": name, **entries[name]} for name in sorted(entries)]
    states = [state(claim) for claim in claims]
    controls = [control for claim in claims for control in claim["controls"]]
    lines = [
        "# Ledger",
        "",
        f"{len(claims)} claims: {states.count('as_expected')} as expected, {states.count('surprising')} surprising, "
        f"{states.count('undecided')} undecided, {states.count('not_checked')} stated and not checked. "
        f"{sum(control['verdict'] == 'refuted' for control in controls)} of {len(controls)} controls refuted.",
        "",
        "Written by `theorylab record` beside record.json, which has the numbers. Recorded at: tier, error per side, root seed.",
        "A verdict holds on the range beside it; it is no proof. An advisory one may differ on other seeds more than once in a thousand.",
    ]
    papers: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for claim in claims:
        paper, file = claim["paper"], f"claims/{claim['name'].split('.')[0]}.py"
        papers.setdefault((file, paper["authors"], paper["title"], str(paper["year"]), paper["arxiv"]), []).append(claim)
    for (file, authors, title, year, arxiv), rows in papers.items():
        place = f" arXiv:{arxiv}." if arxiv else ""
        lines += ["", f"## {_cell(title)}", "", f"{_cell(authors)} ({year}).{place} `{file}`", ""]
        lines += [_row(HEAD), _row(("---",) * len(HEAD)), *(_row(_fields(claim)) for claim in rows)]
    return "\n".join(lines) + "\n"


def _fields(claim: Mapping[str, Any]) -> tuple[str, ...]:
    controls, checked = claim["controls"], claim["verdict"] != "not checked"
    caught = f"{sum(c['as_expected'] for c in controls)}/{len(controls)}" if controls else "none"
    span = ", ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in claim["range"].items())
    advisory = ["advisory"] if claim["verdict"] == "supported" and not claim["gating"] else []
    return (
        f"`{claim['name'].split('.')[-1]}`",
        claim["verdict"],
        claim["evidence"] or "",
        claim["expected"] if checked else "",
        ", ".join([*claim["reasons"], *claim["flags"], *advisory]) if checked else claim["note"],
        caught if checked else "",
        f"{claim['paper']['basis']}, {claim['paper']['place']}",
        span,
        f"{claim['tier']}, {claim['alpha']:g}, seed {claim['seed']}" if checked else "",
    )


def _row(fields: tuple[str, ...]) -> str:
    return "| " + " | ".join(map(_cell, fields)) + " |"


def _cell(text: str) -> str:
    """Text that cannot end its cell or begin markup."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
