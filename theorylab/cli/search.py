"""The command that looks for the instance that breaks a claim: search."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from .. import terminal
from .choose import one

if TYPE_CHECKING:
    from ..claim import Claim
    from ..worst import Search, Sought


def search(
    name: Annotated[str, typer.Argument(metavar="CLAIM", help="One claim by name.")],
    budget: Annotated[
        int | None, typer.Option(metavar="EVALUATIONS", min=1, help="Runs on each family; as many as in the full tier if not given.")
    ] = None,
    family: Annotated[str, typer.Option(help="Search this problem family alone.")] = "",
    at: Annotated[str, typer.Option(help="Letters that stay at a value: N=25,beta=0.1. Of one read along a run, the one checkpoint.")] = "",
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="Root seed of what is drawn, and of the search.")] = 0,
) -> None:
    """Search each family for the instance that breaks the claim, and shrink it to the simplest that is as bad.

    What was found is printed and written to claims/found/CLAIM.toml, where verify finds it. Ctrl-C ends the search with the worst so far.

    Exit code 0: nothing surprising was found. 1: a claim that is expected to be supported is refuted. 2: wrong usage, or no search applies.
    3: it stays undecided, such as whether a violation is more than round-off.
    """
    project, claim = one(name)
    from .. import exhibit, stop, worst
    from ..claim import Slip
    from ..kernels import KernelFault
    from ..simulate import Simulator

    if why := worst.refused(claim):
        terminal.usage(f"{why}.")
    if family and family not in claim.problems:
        terminal.usage(f"{claim.name} has the families {', '.join(claim.problems) or 'none'}, not {family}.")
    try:
        letters = _letters(claim, at)
        stopped = stop.noted()
        begun = worst.Search(claim, Simulator(project, project.state / "compiled"), letters, seed, budget or worst.BUDGET, stopped)
        found = [_told(claim, sought) for sought in begun.families(family)]
        if all(sought.found is None for sought in found):
            if stopped():
                raise typer.Exit(terminal.INTERRUPTED)
            terminal.usage(f"no family of {claim.name} can be searched, so that nothing was.")
        _end(claim, begun, found, exhibit.shown(claim))
    except (Slip, KernelFault) as error:
        terminal.usage(str(error))


def _told(claim: Claim, sought: Sought) -> Sought:
    """What came of one family, printed."""
    from ..words import sought as lines

    for line in lines(claim, sought):
        typer.echo(line)
    return sought


def _end(claim: Claim, begun: Search, found: Iterable[Sought], file: str) -> None:
    """Stores what was found, judges it as it stands in the file, and ends the command."""
    from .. import exhibit
    from ..outcome import failure
    from ..portfolio import is_found
    from ..verify import ROUNDED
    from ..words import replay

    text = begun.stored([*found])
    result = begun.judged(text)
    verdict = result.verdict
    worst = next((part for part in verdict.parts if is_found(part.family)), None) if verdict else None
    try:
        exhibit.save(claim, text)
        typer.echo(f"stored in {file}" + (f"; run again by  {replay(claim, worst)}" if worst else ""))
    except OSError as error:
        terminal.say(f"{file} cannot be written: {error.strerror or error}. This is what it would hold:")
        typer.echo(text)
    if verdict is None or verdict.worst is None:
        return
    if verdict.verdict != "supported":
        typer.echo("\n" + failure(result))
    elif any(ROUNDED in one.said for one in result.found):
        typer.echo(f"{claim.name} stays supported: no violation survives other last digits and other units, so it is {ROUNDED}")
    if claim.expect.verdict == "supported" and verdict.verdict != "supported":
        raise typer.Exit(terminal.SURPRISE if verdict.verdict == "refuted" else terminal.UNDECIDED)


def _letters(claim: Claim, at: str) -> dict[str, float]:
    """The letters of --at. Raises Slip."""
    from ..claim import Slip
    from ..exhibit import value_of

    values = {}
    for item in filter(None, at.replace(" ", "").split(",")):
        name, _, given = item.partition("=")
        try:
            value = float(given)
        except ValueError:
            raise Slip(f"--at {item!r} has no number. Write --at {name or 'N'}=25.") from None
        try:
            values[name] = value_of(claim, name, value)
        except Slip as slip:
            raise Slip(f"--at {item!r}: {slip}") from None
    return values
