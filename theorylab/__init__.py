"""Numerical tests for theorems, with known error rates.

The names that a claim file uses. They are resolved on first use, so that importing theorylab loads neither JAX, xarray nor sympy.
"""

from importlib import import_module

__version__ = "0.1.0"

_HOMES = {
    "theorylab.claim": (
        "Claim",
        "Control",
        "Slip",
        "Source",
        "along",
        "fixed",
        "for_every_instance",
        "grows",
        "in_expectation",
        "inconclusive",
        "letters",
        "measured",
        "on_average",
        "previous",
        "refuted",
        "shrinks",
        "signed",
        "sized",
        "supported",
        "unknown",
        "varies",
        "with_probability",
    ),
    "theorylab.columns": ("Unreadable",),
    "theorylab.judgement": ("judge",),
    "theorylab.report.dataset": ("open_dataset",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}
# What a claim file does not use is left out: `from theorylab import *` there shall not load xarray.
_HEAVY = ("Unreadable", "judge", "open_dataset")
__all__ = ["__version__", *sorted(set(_HOME) - set(_HEAVY))]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'theorylab' has no attribute {name!r}; it has {', '.join(sorted(_HOME))}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__, *_HEAVY]
