"""A line of a table of the benchmarks."""

from typing import NamedTuple


class Row(NamedTuple):
    """What was measured, in words, beside its goal. `met` is None where there is no goal, or nothing to hold against it."""

    what: str
    measured: str
    goal: str = ""
    met: bool | None = None


def at_most(what: str, value: float, limit: float, unit: str = "", more: str = "") -> Row:
    """A row whose value has an upper limit."""
    return Row(what, f"{value:.3g}{unit}{more}", f"{limit:g}{unit} at most", value <= limit)


def at_least(what: str, value: float, limit: float, unit: str = "", more: str = "") -> Row:
    """A row whose value has a lower limit."""
    return Row(what, f"{value:.3g}{unit}{more}", f"{limit:g}{unit} at least", value >= limit)
