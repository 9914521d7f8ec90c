"""What the numbers were measured on, in words."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

import jax


def described() -> str:
    """Processor, cores, memory, devices, versions, and how busy the machine was just before."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    devices = jax.local_devices()
    accelerator = "no GPU" if devices[0].platform == "cpu" else f"{len(devices)} x {devices[0].device_kind}"
    versions = f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in ("jax", "jaxlib", "numpy"))
    load = f"load average {os.getloadavg()[0]:.1f} before"
    return f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {accelerator}; {platform.system()}; {versions}; {load}"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
