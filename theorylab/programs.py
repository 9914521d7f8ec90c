"""Traced programs, kept between runs: the same sources are not traced again. JAX keeps what programs compile to beside them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from pathlib import Path
from typing import Any

from . import disk

UNUSED = 30 * 86_400.0


def name(code: str, parts: Any) -> str:
    """The file name of the program that the code of a kernel and a family is traced to; `parts` says for which letters and shapes."""
    return f"{hashlib.sha256(f'{parts!r} {code}'.encode()).hexdigest()[:32]}.program"


def load(file: Path) -> bytes | None:
    """What was saved there; None where nothing was, or where it is damaged."""
    with contextlib.suppress(OSError, ValueError):
        body = disk.read(file)
        if body is not None:
            os.utime(file)
        return body


def save(file: Path, body: bytes) -> None:
    """Keeps a program; what cannot be written is traced again the next time."""
    with contextlib.suppress(OSError):
        disk.write(file, body)


def forget_unused(folder: Path) -> None:
    """Removes what no run has used for a month."""
    for file in folder.glob("*"):
        with contextlib.suppress(OSError):
            if file.is_file() and file.stat().st_mtime < time.time() - UNUSED:
                file.unlink()
