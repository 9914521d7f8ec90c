"""Compiled functions, and what was read off traces, kept between runs: the same sources are neither traced nor compiled again."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import disk


def name(code: str, parts: Any) -> str:
    """The file that tells what the code of a kernel and a family was compiled to; `parts` says for which letters and shapes."""
    return f"{hashlib.sha256(f'{parts!r} {code}'.encode()).hexdigest()[:32]}.program"


def made(text: str, parts: Any) -> str:
    """The file name of what a program's text is compiled to; `parts` says how and for which machine."""
    return f"{hashlib.sha256(f'{parts!r} {text}'.encode()).hexdigest()[:32]}.compiled"


def load(file: Path, tell: Callable[[str], None]) -> bytes | None:
    """What was saved there; None where nothing was. A damaged file is set aside and said."""
    body = disk.kept(file, tell)
    if body is not None:
        with contextlib.suppress(OSError):
            os.utime(file)
    return body


def save(file: Path, body: bytes) -> None:
    """Keeps what was made; what cannot be written is made again the next time."""
    with contextlib.suppress(OSError):
        disk.write(file, body)
