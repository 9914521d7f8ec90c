"""The ledger: every claim with its verdict, in markdown; the same run gives the same text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HEAD = ("claim", "verdict", "evidence", "expected", "reasons and flags", "controls caught", "basis", "range", "seed")


def ledger(document: Mapping[str, Any]) -> str:
    """The ledger of a run: no times and no machine in it, so that a change is a change of a verdict."""
    summary, run = document["summary"], document["run"]
    lines = [
        "# Ledger",
        "",
        f"{summary['claims']} claims: {summary['as_expected']} as expected, {summary['surprising']} surprising, "
        f"{summary['undecided']} undecided, "
        f"{summary['not_checked']} stated and not checked, {summary['broken']} broken. "
        f"{summary['controls_refuted']} of {summary['controls']} controls refuted.",
        "",
        f"Tier {run['tier']}, error {run['alpha']:g} per side of each claim. A verdict holds on the range beside it; it is no proof.",
    ]
    papers: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for claim in document["claims"]:
        paper = claim["paper"]
        papers.setdefault((claim["file"], paper["authors"], paper["title"], str(paper["year"]), paper["arxiv"]), []).append(claim)
    for (file, authors, title, year, arxiv), claims in papers.items():
        place = f" arXiv:{arxiv}." if arxiv else ""
        lines += ["", f"## {_cell(title)}", "", f"{_cell(authors)} ({year}).{place} `{file}`", ""]
        lines += [_row(HEAD), _row(("---",) * len(HEAD))]
        lines += [_row(_fields(claim, run["seed"])) for claim in claims]
    if document["failures"]:
        lines += ["", "## Failures", ""]
        lines += [f"- `{f['file']}`, line {f['line']}: {_cell(f['error'])}" for f in document["failures"]]
    return "\n".join(lines) + "\n"


def _fields(claim: Mapping[str, Any], seed: int) -> tuple[str, ...]:
    controls = claim["controls"]
    caught = f"{sum(c['as_expected'] for c in controls)}/{len(controls)}" if controls else "none"
    span = ", ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in claim["range"].items())
    why = ", ".join([*claim["reasons"], *claim["flags"]]) or (claim["note"] if claim["verdict"] == "not checked" else "")
    basis = f"{claim['paper']['basis']}, {claim['paper']['place']}"
    checked = claim["verdict"] != "not checked"
    return (
        f"`{claim['name'].split('.')[-1]}`",
        claim["verdict"],
        claim["evidence"] or "",
        claim["expected"] if checked else "",
        why,
        caught if checked else "",
        basis,
        span,
        str(seed) if checked else "",
    )


def _row(fields: tuple[str, ...]) -> str:
    return "| " + " | ".join(map(_cell, fields)) + " |"


def _cell(text: str) -> str:
    """Text that cannot end its cell or begin markup."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
