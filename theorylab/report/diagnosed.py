"""Diagnostics as people and other programs read them: a table of a page, a group of a netCDF file."""

from __future__ import annotations

from typing import Any

import xarray as xr

from ..diagnostics import LAWS, METHODS, UNDECIDED, Diagnostics


def diagnosed(found: Diagnostics) -> xr.Dataset:
    """The diagnostics of one family as a dataset: local exponents by pair of neighbouring sizes, the others by method and by law."""
    data = xr.Dataset(attrs={"title": "diagnostics, which decide nothing", "letter": found.letter, "comment": UNDECIDED, **_at(found)})
    pairs = {"local_exponent": found.slopes, "standard_error": found.errors, "claimed_exponent": found.claimed}
    data = data.assign({name: ("pair", list(values), {"long_name": PAIRS[name]}) for name, values in pairs.items() if values})
    if found.slopes:
        data = data.assign_coords(
            first=("pair", list(found.sizes[:-1]), {"long_name": f"smaller {found.letter} of the pair, as the limit is approached"}),
            second=("pair", list(found.sizes[1:]), {"long_name": f"next {found.letter}"}),
        )
    tables = (("extrapolated_exponent", "extrapolation", found.exponents), ("bic_above_best", "law", found.laws))
    for name, dim, values in tables:
        if values:
            data = data.assign({name: (dim, list(values.values()), {"long_name": TABLES[name]})}).assign_coords({dim: list(values)})
    if found.lack_of_fit is not None:
        data = data.assign(lack_of_fit=((), found.lack_of_fit[0], {"long_name": FIT, "chance_of_larger": found.lack_of_fit[1]}))
    return data


def shown(family: str, found: Diagnostics) -> dict[str, Any]:
    """What the page's table holds: rows of local exponents, of methods with when each is right, of laws, and sentences."""
    errors = found.errors or (None,) * len(found.slopes)
    claimed = found.claimed or (None,) * len(found.slopes)
    rows = zip(found.sizes[:-1], found.sizes[1:], found.slopes, errors, claimed, strict=True) if found.slopes else ()
    return {
        "family": family or "what was measured",
        "letter": found.letter,
        "at": ", ".join(f"{name} = {value:.4g}" for name, value in found.place.items()),
        "slopes": list(rows),
        "errors": bool(found.errors),
        "methods": [(name, value, METHODS[name]) for name, value in found.exponents.items()],
        "laws": [(name, LAWS[name].format(n=found.letter), bic) for name, bic in found.laws.items()],
        "fit": found.lack_of_fit,
        "about_fit": FIT,
        "undecided": UNDECIDED,
    }


PAIRS = {
    "local_exponent": "exponent of the measured quantity between two neighbouring sizes",
    "standard_error": "jackknife standard error of the local exponent, over the replicates",
    "claimed_exponent": "exponent of the bound between the same sizes",
}
TABLES = {
    "extrapolated_exponent": "exponent of the measured quantity, by method of extrapolation",
    "bic_above_best": "Bayesian information criterion above that of the best law",
}
FIT = "F of the points about one power law in all letters, each by its own variance; far above 1 where they do not collapse onto one"


def _at(found: Diagnostics) -> dict[str, float]:
    return {f"at {name}": value for name, value in found.place.items()}
