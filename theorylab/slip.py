"""The author's mistake as an exception, and the names that its text offers instead of a misspelt one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class Slip(ValueError):
    """A claim that cannot be what its author meant; the text says what to write instead.

    `line` is that of the claim file where a part of the claim is meant, such as one of its controls, and else 0.
    """

    def __init__(self, text: str, line: int = 0) -> None:
        super().__init__(text)
        self.line = line


def said(value: object) -> str:
    """A value as its author would write it: a function by its name."""
    return getattr(value, "__name__", None) or repr(value)


def near(word: str, known: Iterable[str], count: int = 3) -> str:
    """The known names that resemble a word, best first, or else all of them (twelve at most), in one line."""
    names = sorted(set(known))
    folded = {name.lower(): name for name in reversed(names)}
    found = [folded[name] for name in difflib.get_close_matches(word.lower(), folded, count, 0.5)]
    return ", ".join(found or names[:12]) or "none"
