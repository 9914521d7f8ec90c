"""What was measured last, and the page that shows it: docs/benchmarks.md."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import bench

from .row import Row

MEASURED = Path(__file__).parent / "measured.json"
PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
PREFACE = """Times are wall times; where two things are compared, they were run in turn and the number is the median of the pairs' ratios. A
busy machine moves all of them, ratios least. Every table says on what machine and with which command it was measured.
`nox -s bench` measures all of it (about half an hour on two cores), `nox -s bench -- ITEM... --keep` some of it and writes this page."""


def items() -> dict[str, ModuleType]:
    """The modules that measure something, by name."""
    modules = {m.name: import_module(f"bench.{m.name}") for m in pkgutil.iter_modules(bench.__path__) if not m.name.startswith("_")}
    found = {name: module for name, module in modules.items() if hasattr(module, "measure")}
    return dict(sorted(found.items(), key=lambda item: item[1].ORDER))


def measured() -> dict[str, Any]:
    """What was measured of each item the last time that it was kept."""
    return json.loads(MEASURED.read_text()) if MEASURED.exists() else {}


def keep(name: str, rows: Iterable[Row], where: str, command: str) -> None:
    """Writes the rows of an item, and the page with those of all items that still exist."""
    found = measured() | {name: {"rows": [list(row) for row in rows], "where": where, "command": command}}
    kept = {item: found[item] for item in items() if item in found}
    MEASURED.write_text(json.dumps(kept, indent=1) + "\n")
    PAGE.write_text(page(kept))


def page(found: Mapping[str, Any]) -> str:
    """The tables as Markdown."""
    text = ["# What theorylab costs", "", PREFACE]
    for name, module in items().items():
        title, _, how = (module.__doc__ or "").strip().partition("\n")
        text += ["", f"## {title.rstrip('.')}", ""]
        text += [how.strip(), ""] if how.strip() else []
        if name in found:
            rows = [Row(*row) for row in found[name]["rows"]]
            text += ["| what | measured | goal | met |", "|---|---|---|---|", *(line(row) for row in rows)]
            text += ["", f"`{found[name]['command']}` on {found[name]['where']}."]
        else:
            text += ["Not measured yet."]
    return "\n".join(text) + "\n"


def line(row: Row) -> str:
    """A row of a Markdown table."""
    met = {None: "", True: "yes", False: "**no**"}[row.met]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in (row.what, row.measured, row.goal, met))} |"
