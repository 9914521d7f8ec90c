"""How near instances come to the bounds of the catalogue: the worst that is drawn, and the worst that is found.

Every inequality without unknown constants whose kernel is compiled, on every family that it names. Given is measured / bound, or for a
lower bound the inverse: of the worst of 96 random instances, and of the worst of all that were tried from there on, as many as in the
quick tier. Of expectations 4 seeds choose the instance and 64 others give the numbers. Numbers are what a family is built of, beside
which the letters with a range are moved; where there are none, it is the letters alone. A refutation is never read off here: `verify`
tests what is found, in other units and last digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatch

from theorylab.kind import equation, kind_of, untested
from theorylab.portfolio import apart
from theorylab.project import kernel_signature

from .searches import PROJECT, catalogue, searched

ORDER = 10
RUNS = 512
PAGE = "search-in-the-catalogue"
COLUMNS = ("claim", "family", "numbers", "drawn", "found", "tried", "seconds")
INSTANCES = ("for every instance", "in expectation, on every instance")


def measure(claims: str) -> Iterator[tuple[str, ...]]:
    """A row for each family of each claim, and of each kernel that is judged by itself."""
    for name, claim in catalogue().items():
        kind = kind_of(claim)
        explicit = kind.form == "explicit" and not equation(claim, kind) and claim.holds.name in INSTANCES and not untested(claim)
        if not explicit or kernel_signature(PROJECT, claim.kernels[0]).style == "python" or not fnmatch(name, claims or "*"):
            continue
        for kernel in claim.kernels if apart(claim) else (claim.simulation,):
            for family in claim.problems:
                found = searched(replace(claim, simulation=kernel), family, RUNS)
                what = f"{name}, {kernel}" if apart(claim) else name
                tried = f"{found.worst.evaluations}" if found.worst else "none"
                yield (what, family, f"{found.numbers}", f"{found.drawn:.6g}", f"{found.found:.6g}", tried, f"{found.seconds:.0f}")
