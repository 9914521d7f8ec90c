"""Which claims a command is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .. import terminal

if TYPE_CHECKING:
    from ..catalogue import Catalogue
    from ..claim import Claim
    from ..project import Project

Select = Annotated[
    list[str] | None, typer.Argument(metavar="SELECT...", help="Claims by name, file or pattern: cai2024*, last_iterate, claims/x.py.")
]


def everything() -> tuple[Project, Catalogue]:
    """The project of the working directory with all its claims."""
    from ..catalogue import find_claims
    from ..project import find_project

    project = find_project()
    return project, find_claims(project)


def selected(catalogue: Catalogue, select: list[str] | None) -> Catalogue:
    """The claims that a command names; none that it names ends it with what is near."""
    from ..claim import Slip

    try:
        return catalogue.select(select or [])
    except Slip as slip:
        terminal.usage(str(slip))


def one(name: str) -> tuple[Project, Claim]:
    """The project and its only claim of that name."""
    project, whole = everything()
    catalogue = selected(whole, [name])
    tell(catalogue)
    if len(catalogue.claims) != 1:
        terminal.usage(f"{name!r} names {len(catalogue.claims)} claims: {', '.join(c.name for c in catalogue.claims)}. Name one.")
    return project, catalogue.claims[0]


def tell(catalogue: Catalogue) -> None:
    """What failed to load, a line each."""
    for failure in catalogue.failures:
        terminal.say(f"{failure.file}:{failure.line}: {failure.error}")


def known_tier(tier: str | None) -> None:
    """Ends a command that names a tier which there is not."""
    from ..claim import TIERS

    if tier not in (None, *TIERS):
        terminal.usage(f"--tier {tier!r} is none of {', '.join(TIERS)}.")
