"""Traced programs and what they compile to, kept between runs: the same sources are neither traced nor compiled again."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import disk


def name(code: str, parts: Any) -> str:
    """The file name of the program that the code of a kernel and a family is traced to; `parts` says for which letters and shapes."""
    return f"{hashlib.sha256(f'{parts!r} {code}'.encode()).hexdigest()[:32]}.program"


def load(file: Path, tell: Callable[[str], None]) -> bytes | None:
    """What was saved there; None where nothing was. A damaged file is set aside and said."""
    body = disk.kept(file, tell)
    if body is not None:
        with contextlib.suppress(OSError):
            os.utime(file)
    return body


def save(file: Path, body: bytes) -> None:
    """Keeps a program; what cannot be written is made again the next time."""
    with contextlib.suppress(OSError):
        disk.write(file, body)
