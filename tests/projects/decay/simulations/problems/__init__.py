"""Families of a small project."""

from typing import Any, NamedTuple


class Family(NamedTuple):
    """A random part and a deterministic part."""

    draw: Any
    build: Any
