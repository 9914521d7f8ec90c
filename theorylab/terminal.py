"""What the command line says: progress, the table of verdicts, failures. Results go to standard output, all else to standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from .catalogue import Catalogue
    from .result import Result

SURPRISE, USAGE, UNDECIDED = 1, 2, 3
MOVED = 4


class Progress:
    """A bar on a terminal, plain lines elsewhere, both on standard error."""

    def __init__(self, total: int) -> None:
        from rich import progress
        from rich.console import Console

        self.total, self.count = total, 0
        self.console = Console(stderr=True)
        columns = (
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TimeElapsedColumn(),
        )
        self.bar = progress.Progress(*columns, console=self.console, transient=True) if self.console.is_terminal else None

    def __enter__(self) -> Any:
        if self.bar:
            self.bar.start()
            self.task = self.bar.add_task("checking", total=self.total)
        return self.advance

    def advance(self, result: Result) -> None:
        """One claim is finished."""
        self.count += 1
        if self.bar:
            self.bar.update(self.task, advance=1, description=result.claim.name)
        else:
            say(f"[{self.count}/{self.total}] {result.claim.name}: {outcome(result)} ({result.seconds:.1f} s)")

    def __exit__(self, *_: object) -> None:
        if self.bar:
            self.bar.stop()


def table(results: list[Result], catalogue: Catalogue) -> None:
    """One line for each claim, and how many came out as expected."""
    from rich.table import Table
    from rich.text import Text

    looked_up = any(result.against and result.against.state not in ("unrecorded", "not compared") for result in results)
    columns = ["claim", "verdict", "tightness", "controls", *(["record"] if looked_up else []), "time"]
    rows = Table(*columns, box=None, pad_edge=False)
    for result in results:
        verdict = result.verdict
        style = "green" if result.as_expected else "yellow" if result.undecided else "red"
        tight = f"{verdict.tightness:.4g}" if verdict and verdict.tightness is not None else ""
        caught = f"{sum(c.as_expected for c in verdict.controls)}/{len(verdict.controls)}" if verdict else ""
        cells = [result.claim.name, Text(outcome(result), style=style), tight, caught]
        if looked_up:
            cells.append(_against(result))
        rows.add_row(*cells, f"{result.seconds:.1f} s")
    console().print(rows)
    expected = sum(r.as_expected and r.verdict is not None for r in results)
    checked = sum(r.verdict is not None for r in results)
    controls = [c for r in results if r.verdict for c in r.verdict.controls]
    typer.echo(
        f"{expected} of {checked} claims as expected, {sum(c.as_expected for c in controls)} of {len(controls)} controls, "
        f"{len(results) - checked} not checked, {len(catalogue.failures) + sum(bool(r.fault) for r in results)} broken"
    )
    if looked_up:
        states = [r.against.state for r in results if r.against and r.verdict]
        typer.echo("record: " + ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states)))


def failures(results: list[Result]) -> None:
    """What is to be said of each claim that did not come out as expected."""
    from .outcome import deviation, failure

    for result in results:
        if not result.as_expected:
            typer.echo("\n" + failure(result))
        unlike = deviation(result)
        if unlike:
            typer.echo("\n" + unlike)


def notices(results: list[Result]) -> None:
    """What moved, and what could not be compared with a record, by its cause."""
    apart: dict[tuple[str, str], list[str]] = {}
    for result in results:
        found = result.against
        if found is None or result.verdict is None:
            continue
        if found.state == "moved":
            lines = [*found.lines[:MOVED], *([f"and {len(found.lines) - MOVED} more"] if len(found.lines) > MOVED else [])]
            typer.echo(f"moved: {result.claim.name}: {'; '.join(lines)}")
        elif found.state in ("unrecorded", "not compared"):
            apart.setdefault((found.state, found.lines[0]), []).append(result.claim.name)
    for (state, cause), names in apart.items():
        typer.echo(f"{state}: {', '.join(names)} ({cause})")


def outcome(result: Result) -> str:
    """A verdict in a few words, with its reasons and flags."""
    if result.verdict is None:
        return f"not checked: {result.note}"
    words = f"{result.verdict.verdict} ({result.verdict.evidence})" if result.verdict.verdict == "supported" else result.verdict.verdict
    if result.claim.expect.verdict == "refuted" and result.verdict.verdict == "refuted":
        words = "refuted as encoded"
    advisory = ["advisory"] if result.verdict.verdict == "supported" and not result.verdict.gating else []
    extra = [*result.verdict.reasons, *result.verdict.flags, *advisory]
    return words + (f" [{', '.join(extra)}]" if extra else "")


def _against(result: Result) -> Any:
    from rich.text import Text

    state = result.against.state if result.against and result.verdict else ""
    styles = {"same": "green", "changed": "red", "contradicted": "red", "lost": "yellow", "moved": "yellow"}
    return Text(state.upper() if styles.get(state) == "red" else state, style=styles.get(state, ""))


def console() -> Any:
    """Standard output; its lines are not broken where nobody looks at them."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160, soft_wrap=False)


def say(text: str) -> None:
    """A line on standard error."""
    typer.echo(text, err=True)


def usage(text: str) -> NoReturn:
    """Ends the command with what was wrong with its usage."""
    say(text)
    raise typer.Exit(USAGE)
