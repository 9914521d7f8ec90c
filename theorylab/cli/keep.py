"""Commands for what is kept between runs: clean."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from .. import terminal

if TYPE_CHECKING:
    from ..project import Project


def clean(
    older: Annotated[float | None, typer.Option(metavar="DAYS", help="Remove what no run has used for so long; 30 if not given.")] = None,
    larger: Annotated[
        str | None, typer.Option(metavar="BYTES", help="Remove what is above, the least recently used first: 500MB; 4GB if not given.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Remove all that can be computed again.")] = False,
) -> None:
    """Make room: remove stored results, blocks and compiled programs that were not used for long, and what is damaged.

    The log of attempts stays. What is removed is computed again when it is needed.
    """
    from .. import room
    from ..project import find_project

    if everything and (older is not None or larger is not None):
        terminal.usage("--all removes everything, --older and --larger a part of it. Write one or the other.")
    if older is not None and not (math.isfinite(older) and older >= 0):
        terminal.usage(f"--older {older:g} is no number of days. Write such as --older 7.")
    try:
        most = room.BYTES if larger is None else room.size(larger)
    except ValueError as error:
        terminal.usage(f"--larger {error}.")
    project = find_project()
    cleaned = room.clean(project, room.DAYS if older is None else older, 0 if everything else most)
    kinds = sorted({file.kind for files in cleaned for file in files})
    parts = [[[file for file in files if file.kind == kind] for files in cleaned] for kind in kinds]
    rows = [(kind, *map(room.in_words, part)) for kind, part in zip(kinds, parts, strict=True)]
    terminal.listed(("", "removed", "left"), [*rows, ("together", *map(room.in_words, cleaned))])
    typer.echo(f"in {project.state}, where the log of attempts stays")


def bounded(project: Project, began: float) -> None:
    """Keeps the store within its bound after a run, and says what that took; nothing that the run used goes."""
    from .. import room

    removed = room.bound(project, since=began).removed
    if removed:
        terminal.say(
            f"{project.state} had grown above {room.BYTES // 10**9} GB: removed what was not used for longest, {room.in_words(removed)}"
        )
