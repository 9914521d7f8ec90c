"""The error budget of a catalogue: how often any true claim of it may be refuted, and what that leaves to each confirmation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from .claim import Claim
from .kind import untested

# Catalogues up to this size confirm at the error of a single claim: 100 true claims at their boundary, each refuted twice at one per
# cent, are refuted in one catalogue of a hundred.
SHARED = 100


def shared_by(claims: Iterable[Claim]) -> int:
    """By how many claims the budget is shared: those judged with replicates, rounded up to 100, 1000, 10000, ...

    A claim about every run spends nothing. The whole catalogue counts, not what was selected of it, so that a selection gives the same
    verdicts; rounded, so that a claim more hardly ever changes another's.
    """
    return rounded(spending(claims))


def spending(claims: Iterable[Claim]) -> int:
    """How many claims are judged with replicates, whichever tier runs them."""
    return sum(claim.holds.name != "for every instance" and not untested(claim) for claim in claims)


def rounded(count: int) -> int:
    """A number of claims rounded up to the next power of ten, 100 at least."""
    return max(SHARED, 10 ** math.ceil(math.log10(count) - 1e-9)) if count else SHARED


def confirming(alpha: float, shared: int) -> float:
    """The error of a confirmation on fresh replicates, such that any true claim is refuted in at most a share alpha of catalogues."""
    return min(alpha, 1 / rounded(shared))


def error_budget(claims: Iterable[Claim], alpha: float) -> dict[str, Any]:
    """The budget as the JSON document gives it: `each` and `any` bound how often a true claim is refuted, per side, and any of all."""
    count = spending(claims)
    confirm = confirming(alpha, count)
    each = alpha * confirm
    return {
        "claims": count,
        "shared_by": rounded(count),
        "alpha": alpha,
        "alpha_confirm": confirm,
        "each": each,
        "any": min(1.0, count * each),
    }


def in_words(budget: Mapping[str, Any]) -> str:
    """The budget on one line."""
    many = budget["claims"]
    if not many:
        return "no claim is judged with replicates, so chance refutes none"
    one = many == 1
    return (
        f"a true claim at its very boundary is refuted in at most {_share(budget['each'])} runs, and "
        f"{'the one claim' if one else f'any of the {many} claims'} of this catalogue that replicates judge in at most "
        f"{_share(budget['any'])}"
    )


def briefly(budget: Mapping[str, Any]) -> str:
    """The budget in a few words, for the end of a run."""
    if not budget["claims"]:
        return in_words(budget)
    many = budget["claims"]
    return f"{many} claims judged with replicates; a true one among them is refuted in at most {_share(budget['any'])} runs (nominal)"


def _share(chance: float) -> str:
    """A chance as 1 in so many, rounded down."""
    return f"1 in {math.floor(float(f'{1 / chance:.3g}')):,}"
