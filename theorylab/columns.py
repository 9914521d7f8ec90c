"""What the columns of measurements made elsewhere may be called: the letters of their claim, and a few names that every claim has."""

from __future__ import annotations

from typing import Any

from .claim import Claim
from .design import POINT
from .kind import kind_of, needed
from .slip import near

COUNTS = ("instance", "replicate")
MARKS = ("ran", "floor")


class Unreadable(ValueError):
    """Measurements that cannot be read, or not be those of the claim; the text says where, and what to write instead."""


def letters_of(claim: Claim) -> dict[str, list[str]]:
    """What the columns of a table may be called: the letters to measure, the dims, and letters with one value per instance."""
    quantity = kind_of(claim).quantity.name
    used = [(name, role) for name, role in roles_of(claim).items() if name in {quantity, *needed(claim)}]
    return {
        "measured": [name for name, role in used if role.kind == "measured"],
        "dims": [name for name, role in used if role.swept],
        "boxed": [name for name, role in used if role.kind == "varies"],
    }


def roles_of(claim: Claim) -> dict[str, Any]:
    """The roles of the claim's letters, by name."""
    return {symbol.name: role for symbol, role in claim.where.items()}


def own_dims(claim: Claim) -> list[str]:
    """The axes of measured letters that are vectors."""
    return list(dict.fromkeys(dim for role in claim.where.values() for dim in role.dims))


def axes_of(claim: Claim) -> list[str]:
    """The names that a dim may have."""
    roles = roles_of(claim)
    swept = [name for name, role in roles.items() if role.swept or role.kind == "varies"]
    return [*swept, POINT, "problem", *COUNTS, *own_dims(claim)]


def wanted(claim: Claim) -> str:
    """In words: which letters are measured, by which dims."""
    found = letters_of(claim)
    return f"{', '.join(found['measured'])} by {', '.join([*found['dims'], *found['boxed'], *COUNTS])}"


def known(name: str, claim: Claim, origin: str, what: str) -> None:
    """Raises Unreadable for a name that the claim has no use for."""
    roles = roles_of(claim)
    names = [*(n for n, role in roles.items() if role.kind != "unknown"), POINT, "problem", *COUNTS, *MARKS, *own_dims(claim)]
    if name in roles and roles[name].kind == "unknown":
        raise Unreadable(f"{origin}: {name} is an unknown constant of the claim, so nobody measures it. Take it out.")
    if name not in names:
        raise Unreadable(
            f"{origin}: {what} {name!r} is no letter of the claim. Near: {near(name, names)}. Rename it, or take it out; "
            f"the claim measures {wanted(claim)}."
        )
