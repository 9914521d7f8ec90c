"""Files that a killed run, a full disk or a flipped bit cannot leave half true: renamed when they are whole, and checksummed or synced."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

LENGTH = 64


def read(path: Path) -> bytes | None:
    """What `write` wrote there, or None where there is nothing. Raises ValueError where it is not what was written under that name."""
    try:
        content = path.read_bytes()
    except (IsADirectoryError, PermissionError) as error:
        raise ValueError(error.strerror) from error
    except OSError:
        return None
    if content[:LENGTH].decode("ascii", "replace") != _checksum(path, content[LENGTH:]):
        raise ValueError("its checksum differs")
    return content[LENGTH:]


def write(path: Path, body: bytes) -> None:
    """Writes bytes with their checksum, whole or not at all. Raises OSError where that fails.

    They are not synced: what a power failure leaves of them is told by the checksum, and made again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    put(path, _checksum(path, body).encode("ascii") + body, synced=False)


def put(path: Path, content: bytes, synced: bool = True) -> None:
    """Writes a file whole or not at all: under a temporary name, synced, renamed. Raises OSError where that fails."""
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.absolute().parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if synced:
                file.flush()
                os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def kept(path: Path, tell: Callable[[str], None]) -> bytes | None:
    """What `write` wrote there, marked as used; a damaged file is set aside and said, and reads as nothing."""
    try:
        body = read(path)
        if body is not None:
            mark_used(path)
        return body
    except ValueError as error:
        set_aside(path, str(error), tell)
        return None


def set_aside(path: Path, why: str, tell: Callable[[str], None]) -> None:
    """Takes a file that cannot be used out of the way, under a name that shows it, and says so."""
    try:
        path.replace(path.with_suffix(".damaged"))
    except FileNotFoundError:
        # Another run was quicker: it has said so, or there is something newer.
        return
    except OSError as error:
        tell(f"the stored {path} is damaged ({why}) and cannot be set aside: {error.strerror or error}")
        return
    tell(f"the stored {path.parent.name}/{path.name} is damaged ({why}); it is set aside and computed again")


def mark_used(path: Path) -> None:
    """Notes that a file was of use now: in its time of access, whether the system keeps those or not."""
    with contextlib.suppress(OSError):
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))


def last_used(path: Path) -> float:
    """When a file was written or of use for the last time, in seconds. Raises OSError."""
    stat = path.stat()
    return max(stat.st_atime, stat.st_mtime)


def _checksum(path: Path, body: bytes) -> str:
    """Of the name too: a file under another's name is not what was written there."""
    return hashlib.sha256(path.name.encode() + b"\0" + body).hexdigest()
