"""The devices of this machine: how many share a block of lanes, and how much memory each has for it."""

from __future__ import annotations

import contextlib
import functools
import os
import platform
import sys
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, PartitionSpec

# Claims are checked by two threads a core, each of which may run a block at the same time.
AT_ONCE = 2 * (os.cpu_count() or 1)
UNKNOWN = 4 * 2**30
ON_CPU = 32
CPU = Path("/proc/cpuinfo")
LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def described() -> str:
    """What kernels run on: the kind of device, and how many there are where they are several."""
    here = jax.local_devices()
    return here[0].device_kind if len(here) == 1 else f"{len(here)} x {here[0].device_kind}"


def at_once() -> int:
    """The lanes to compute in one call: on a CPU few, which stay in its caches and are not divided among threads; on a GPU all."""
    return ON_CPU * jax.local_device_count() if jax.local_devices()[0].platform == "cpu" else sys.maxsize


@functools.cache
def processor() -> str:
    """What instructions this machine's CPU has, as far as the system tells: a function that was compiled for others may end the process."""
    with contextlib.suppress(OSError):
        told = {line for line in CPU.read_text().splitlines() if line.startswith(("flags", "Features"))}
        return f"{platform.machine()} {sorted(told)}"
    return f"{platform.machine()} {platform.processor()}"


def sharing(lanes: int) -> int:
    """How many devices share so many lanes: as many as leave each the same number."""
    return max(count for count in range(1, jax.local_device_count() + 1) if lanes % count == 0)


def shared(function: Any, count: int) -> Any:
    """The function of (lanes, what all lanes have) on so many devices, each with its own lanes; the same function for one.

    No device waits for another: a loop ends on each with the last of its own lanes.
    """
    if count == 1:
        return function
    mesh = Mesh(np.array(jax.local_devices()[:count]), ("lanes",))
    lanes, whole = PartitionSpec("lanes"), PartitionSpec()
    return jax.shard_map(function, mesh=mesh, in_specs=(lanes, whole), out_specs=lanes, check_vma=False)


def needs(compiled: Any) -> int:
    """The bytes that one call of a compiled function takes on each device; 0 where its compiler does not say."""
    found = compiled.memory_analysis()
    return found.argument_size_in_bytes + found.output_size_in_bytes + found.temp_size_in_bytes if found else 0


def room() -> int:
    """The bytes that one call may take on each device: a share of its memory; of this machine's on a CPU, half of which is left to others.

    It is of all the memory that there is, not of what is free: a run has the same pieces, and so the same bits, at any other time.
    """
    here = jax.local_devices()
    limit = (here[0].memory_stats() or {}).get("bytes_limit")
    return (limit or _memory() // 2 // len(here)) // AT_ONCE


def _memory() -> int:
    """The bytes of memory that this process may use."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")] if hasattr(os, "sysconf") else [UNKNOWN]
    found += [int(text) for file in LIMITS if file.is_file() and (text := file.read_text().strip()).isdigit()]
    return min(found)
