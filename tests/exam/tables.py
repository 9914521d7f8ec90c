"""All rows of the exam, found by where they lie, and what was measured of them, as docs/exam.md shows it."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import import_module
from pathlib import Path

import exam

from .row import Row

MEASURED = Path(__file__).parent / "measured.json"
PAGE = Path(__file__).parents[2] / "docs" / "exam.md"


@lru_cache(maxsize=1)
def rows() -> dict[str, Row]:
    """Every row by its name, in the order of the modules and of their tables."""
    modules = [import_module(f"exam.{found.name}") for found in pkgutil.iter_modules(exam.__path__) if not found.name.startswith("_")]
    found = [row for module in modules if hasattr(module, "rows") and module.__name__ != __name__ for row in module.rows()]
    return {row.name: row for row in found}


def measured() -> dict[str, dict[str, float]]:
    """What was counted of each row the last time that it was run in full."""
    return json.loads(MEASURED.read_text()) if MEASURED.exists() else {}


def keep(counts: Mapping[str, Mapping[str, float]]) -> None:
    """Writes the counts of all rows that still exist, and the page that shows them."""
    kept = {name: dict(sorted(counts[name].items())) for name in rows() if name in counts}
    MEASURED.write_text(json.dumps(kept, indent=1) + "\n")
    PAGE.write_text(page(kept))


def page(counts: Mapping[str, Mapping[str, float]]) -> str:
    """The tables as Markdown."""
    text = ["# What the judge was measured to do", "", PREFACE]
    for table in dict.fromkeys(row.table for row in rows().values()):
        text += ["", f"## {table}", "", *lines([row for row in rows().values() if row.table == table], counts)]
    return "\n".join(text) + "\n"


def lines(shown: Iterable[Row], counts: Mapping[str, Mapping[str, float]]) -> list[str]:
    """One table: per cent of the runs, or the mean for what is counted more than once a run."""
    shown = list(shown)
    if all(row.runs == 1 for row in shown):
        return _once(shown, counts)
    names = list(dict.fromkeys(name for row in shown for name in ORDER if name in counts.get(row.name, {})))
    names += sorted({name for row in shown for name in counts.get(row.name, {})} - {*names, "runs"})
    found = [f"| world | {' | '.join(names)} | runs | to reach | |", f"|{'---|' * (len(names) + 4)}"]
    for row in shown:
        here = counts.get(row.name, {})
        runs = int(here.get("runs", 0))
        cells = [_cell(here.get(name, 0.0), runs, name) if runs else "" for name in names]
        met = "" if not row.reach or not runs else "yes" if all(r.met(here.get(r.count, 0.0), runs) for r in row.reach) else "**no**"
        reach = "; ".join(map(str, row.reach))
        found.append(f"| {row.world} | {' | '.join(cells)} | {runs or 'not run'} | {reach} | {met} |")
    return found


def _once(shown: Iterable[Row], counts: Mapping[str, Mapping[str, float]]) -> list[str]:
    """A table of single runs, in words: what came out beside what must."""
    found = ["| world | came out | must | |", "|---|---|---|---|"]
    for row in shown:
        here = counts.get(row.name, {})
        out = ", ".join(f"{name} {here[name]:.4g}" if name in MEANS else name for name in sorted(here, key=MEANS.count) if name != "runs")
        met = "" if not row.reach or not here else "yes" if all(r.met(here.get(r.count, 0.0), 1) for r in row.reach) else "**no**"
        found.append(f"| {row.world} | {out or 'not run'} | {', '.join(r.count for r in row.reach)} | {met} |")
    return found


def said(row: Row, counts: Mapping[str, Mapping[str, float]]) -> str:
    """One row on one line of a terminal."""
    here = counts[row.name]
    runs = int(here["runs"])
    shown = ", ".join(f"{name} {_cell(value, runs, name)}" for name, value in sorted(here.items()) if name != "runs" and value)
    short = [str(reach) for reach in row.reach if not reach.met(here.get(reach.count, 0.0), runs)]
    return f"{row.world}: {shown} of {runs} runs" + (f"  SHORT OF {'; '.join(short)}" if short else "")


def _cell(total: float, runs: int, name: str) -> str:
    return f"{total / runs:.4g}" if name in MEANS else f"{100 * total / runs:.3g} %"


ORDER = ("supported", "refuted", "refuted before confirmation", "inconclusive")
MEANS = ("seeds", "milliseconds", "width", "ratio")
PREFACE = """Synthetic worlds of known truth (tests/exam), played to the judge as a run plays them: looks, confirmation, gates.
Shares are per cent of the runs, seeds are means. Every run has a seed of its own, so the numbers come out the same again.
`nox -s exam -- TABLE --keep` runs a table and writes it here."""
